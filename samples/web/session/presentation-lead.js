// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How far ahead a frame must be sent so that it is there when all displays show it:
// peer/group/presentation_lead.h in JavaScript.

/** Timers of displays, and the message's way through their loops. */
export const LEAD_MARGIN_US = 5_000;
/** One far display does not make all others wait for longer: it shows its frames late. */
export const MAX_LEAD_US = 500_000;

const bounded = (us) => Math.min(Math.max(us, 0), MAX_LEAD_US);

/**
 * The slowest member's way there, taken for a round trip, and how wrong its clock may be.
 * @param {{roundTripUs: number, clockErrorUs: number}[]} members
 */
export function presentationLeadUs(members) {
  const slowest = Math.max(0, ...members.map((member) => bounded(member.roundTripUs) + bounded(member.clockErrorUs)));
  return Math.min(slowest + LEAD_MARGIN_US, MAX_LEAD_US);
}
