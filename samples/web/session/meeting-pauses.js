// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How long an end waits from one try to meet at the relay to the next: full jitter below a bound that doubles, which
// begins small again when there is news, and never less than the relay asked for. Pure; times are milliseconds.

/** Uniform in 0..bound-1, bound at most 2^40. @param {(size: number) => Uint8Array} random */
export function randomBelow(random, bound) {
  const most = 2 ** 48 - (2 ** 48 % bound);
  for (;;) {
    const value = random(6).reduce((sum, byte) => sum * 256 + byte, 0);
    if (value < most) return value % bound;
  }
}

export class MeetingPauses {
  #random;
  #times;
  #attempt = 0; // failed tries since the last health, or since there was news
  #relayAway = false; // the last try did not reach it
  #newsAt = -Infinity; // when news made pauses short last
  #refusedUntil = -Infinity;

  /** @param {(bytes: number) => Uint8Array} random @param {typeof import('./session-times.js').SESSION_TIMES} times */
  constructor(random, times) {
    this.#random = random;
    this.#times = times;
  }

  /** Connected for long enough, or on another network. */
  begin() {
    this.#attempt = 0;
  }

  onMet() {
    this.#relayAway = false;
  }

  /**
   * @param {number} now @param {'relayAway' | 'refused' | 'peerMoved'} why the relay could not be reached; it answered: nobody there, or
   *   not now; the other end was there just now, and has left or begun anew
   * @param {number} retryAfterMs the relay asked to be left alone for so long
   */
  onFailed(now, why, retryAfterMs) {
    const wasAway = this.#relayAway;
    this.#relayAway = why === 'relayAway';
    const news = why === 'peerMoved' || (wasAway && !this.#relayAway);
    // Whatever the relay plays at, it gains no more than that many tries.
    if (news && now - this.#newsAt >= this.#times.news) {
      this.#newsAt = now;
      this.#attempt = 0;
    }
    const asked = retryAfterMs > 0 ? Math.min(retryAfterMs, this.#times.retryAfterMax) : 0;
    this.#refusedUntil = now + asked;
  }

  /** The pause behind a failed try. @param {boolean} late the outage has lasted long */
  next(now, late) {
    const most = late ? this.#times.retryMaxLate : this.#times.retryMax;
    const bound = Math.min(most, this.#times.retryFirst * 2 ** Math.min(this.#attempt, 30));
    ++this.#attempt;
    return Math.max(this.draw(bound), this.asked(now));
  }

  /** What is left of the time that the relay asked for. */
  asked(now) {
    return Math.max(0, this.#refusedUntil - now);
  }

  /** Drawn in microseconds: anything up to `most`, both included. */
  draw(most) {
    return randomBelow(this.#random, Math.round(most * 1000) + 1) / 1000;
  }
}
