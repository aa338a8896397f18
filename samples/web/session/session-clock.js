// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the other end's clock shows, for one session: when to ping, and what the answers say:
// peer/session/session_clock.h in JavaScript. Pure: the owner sends the pings and has the timer; times are milliseconds,
// but for what is named in microseconds. Not here: the estimate itself (clock-estimate.js).
//
//   connected, or the first frame for some while -- 20 pings, 50 ms apart -- then 2/s as long as
//   frames come or go, else one each 5 s

import { ClockEstimate } from './clock-estimate.js';

export const BURST = 20;
export const BURST_EVERY_MS = 50;
export const PRESENTING_EVERY_MS = 500;
export const IDLE_EVERY_MS = 5_000;
/** So long after the last frame nothing is presented any more. */
export const PRESENTING_FOR_MS = 10_000;
/** A ping behind more than this measures the queue. */
export const MAX_WAITING_BYTES = 16 * 1024;

const microseconds = (ms) => Math.round(ms * 1000);

export class SessionClock {
  #due = null;
  #burstLeft = 0;
  #presented = null;
  #estimate = new ClockEstimate();

  /** When onDue is due; null: no link. */
  get due() {
    return this.#due;
  }

  /** A link is in use, or none any more. */
  setConnected(now, connected) {
    if (!connected) {
      this.#due = null;
      this.#burstLeft = 0;
    } else if (this.#due === null) {
      this.#due = now;
      this.#burstLeft = BURST;
    }
  }

  /** A frame with a moment was sent or arrived. */
  onPresenting(now) {
    const first = !this.#isPresenting(now);
    this.#presented = now;
    // Without a link the next one begins with a burst.
    if (!first || this.#due === null || this.#burstLeft > 0) return;
    this.#due = now;
    this.#burstLeft = BURST;
  }

  #isPresenting(now) {
    return this.#presented !== null && now - this.#presented < PRESENTING_FOR_MS;
  }

  /** Whether a ping goes out now; the next due time is set in any case. */
  onDue(now) {
    if (this.#due === null || now < this.#due) return false;
    if (this.#burstLeft > 0) --this.#burstLeft;
    const usual = this.#isPresenting(now) ? PRESENTING_EVERY_MS : IDLE_EVERY_MS;
    this.#due = now + (this.#burstLeft > 0 ? BURST_EVERY_MS : usual);
    return true;
  }

  /** The answer to a ping of ours, whose t0 is ours. False: impossible times, nothing changed. */
  onPong(now, { t0, t1, t2 }) {
    return this.#estimate.add({ t0, t1, t2, t3: microseconds(now) });
  }

  /** As ClockEstimate.at; null: nothing measured yet. */
  at(now) {
    return this.#estimate.at(microseconds(now));
  }

  /** Of the fastest recent ping, in microseconds, or null. */
  get roundTripUs() {
    return this.#estimate.roundTripUs;
  }
}
