// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Frames that wait for the moment at which all displays show them: peer/sync/presentation_queue.h in
// JavaScript. It knows ids and times only, microseconds of the reference clock, which may be set while
// frames wait. The frames, and requestAnimationFrame, are its owner's.

import { MAX_TIME_US } from './clock-estimate.js';
import { SessionError } from './session-error.js';

export const MAX_FRAMES = 64;
export const MAX_AHEAD_US = 10_000_000;
/** Later than this is late: one refresh of a screen at 60 Hz, and a little. */
export const LATE_US = 20_000;

export class PresentationQueue {
  #frames = []; // by their moments, then by push

  /** dropped: refused by push, or given up because the clock was set back under them. */
  stats = { shown: 0, late: 0, dropped: 0, worstLateUs: 0 };

  get size() { return this.#frames.length; }

  #refuse(code, message) {
    ++this.stats.dropped;
    throw new SessionError(code, message);
  }

  /** A frame whose moment has passed is taken, to be shown at once. Throws limit_exceeded, invalid_argument. */
  push(id, atUs, nowUs) {
    if (!Number.isFinite(atUs) || atUs < 0 || atUs > MAX_TIME_US) this.#refuse('invalid_argument', "The frame's time is none.");
    if (atUs - nowUs > MAX_AHEAD_US) this.#refuse('limit_exceeded', 'The frame is to be shown more than 10 s from now.');
    if (this.#frames.length >= MAX_FRAMES) this.#refuse('limit_exceeded', '64 frames wait already.');
    const behind = this.#frames.findIndex((frame) => frame.atUs > atUs);
    this.#frames.splice(behind < 0 ? this.#frames.length : behind, 0, { id, atUs });
  }

  /** The moment of the next frame, which may have passed, or null. */
  get nextDue() { return this.#frames[0]?.atUs ?? null; }

  /** The earliest frame that is due; null: none. Call it until then. @returns {{id: any, lateUs: number} | null} */
  take(nowUs) {
    if (this.#frames.length === 0 || this.#frames[0].atUs > nowUs) return null;
    const { id, atUs } = this.#frames.shift();
    const lateUs = nowUs - atUs;
    ++this.stats.shown;
    if (lateUs > LATE_US) ++this.stats.late;
    this.stats.worstLateUs = Math.max(this.stats.worstLateUs, lateUs);
    return { id, lateUs };
  }

  /** The clock was set back, and this frame is too far ahead now: {id}, or null. Call it until then, after take. */
  takeUnreachable(nowUs) {
    const last = this.#frames.at(-1);
    if (!last || last.atUs - nowUs <= MAX_AHEAD_US) return null;
    this.#frames.pop();
    ++this.stats.dropped;
    return { id: last.id };
  }

  clear() { this.#frames = []; }
}
