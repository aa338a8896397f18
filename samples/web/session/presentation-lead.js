// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How far ahead a frame must be sent so that it is there when all displays show it:
// peer/group/presentation_lead.h in JavaScript, and what group_core.cc makes of it from frame to frame. Pure. Not here:
// the clock (session-clock.js), and the sending (group.js).

/** Timers of displays, and the message's way through their loops. */
export const LEAD_MARGIN_US = 5_000;
/** One far display does not make all others wait for longer: it shows its frames late. */
export const MAX_LEAD_US = 500_000;
/** What a path's usual way may take beyond its fastest: a member that stood still does not make everybody else's frames late. */
export const MAX_JITTER_US = 50_000;
/** A lead that is not needed any more goes by so much less than the time, so that frames keep about their distances. */
export const LEAD_FALLS = 8;

const bounded = (us) => Math.min(Math.max(us, 0), MAX_LEAD_US);

/**
 * The slowest member's way there, taken for a round trip, and how wrong its clock may be.
 * @param {{roundTripUs: number, clockErrorUs: number}[]} members
 */
export function presentationLeadUs(members) {
  const slowest = Math.max(0, ...members.map((member) => bounded(member.roundTripUs) + bounded(member.clockErrorUs)));
  return Math.min(slowest + LEAD_MARGIN_US, MAX_LEAD_US);
}

/** The lead of one frame after the other: one that is needed comes at once. Moments never go back. */
export class PresentationLead {
  #leadUs = 0;
  #atUs = 0;

  /**
   * @param {number} nowUs @param {{usualUs: number, fastestUs: number | null, clockErrorUs: number}[]} members those that are
   *   connected: their round trips, smoothed, and of the fastest recent ping
   * @returns {number} whole microseconds from now
   */
  next(nowUs, members) {
    const wanted = presentationLeadUs(members.map(({ usualUs, fastestUs, clockErrorUs }) => ({
      roundTripUs: fastestUs === null ? usualUs : Math.min(usualUs, fastestUs + MAX_JITTER_US), clockErrorUs,
    })));
    this.#leadUs = Math.max(wanted, this.#leadUs - Math.floor((nowUs - this.#atUs) / LEAD_FALLS));
    this.#atUs = nowUs;
    return Math.ceil(this.#leadUs);
  }
}
