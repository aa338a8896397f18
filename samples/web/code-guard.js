// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display's codes and who may guess how often: peer/auth/code_guard.h in JavaScript, for a display that
// is a page; the drawing and the reasons are there. Times are milliseconds of one monotonic clock
// (performance.now()), handed in.

import { authFailed, systemRandom, toBase64Url } from './auth-bytes.js';
import { drawLetters, drawUrlSecret } from './pairing-code.js';

export const RUNS_PER_CODE = 3;
export const CODE_LIFETIME_MS = 10 * 60_000;
export const RUN_TIMEOUT_MS = 30_000;
const MEMORY_MS = 60 * 60_000;
const BURNT_CODES_TO_GROW = 2;
const FAILED_RUNS_TO_GROW = RUNS_PER_CODE * BURNT_CODES_TO_GROW;
const LONG = 8;

export class CodeGuard {
  #letterCount;
  #random;
  #madeAt = 0;
  #charged = 0;
  #seen = new Set();
  #run = 0;
  #runSince = 0;
  // When the runs that failed had begun, and the last runs of burnt codes; the newest at the end.
  #failures = [];
  #burnt = [];

  /** 'none' | 'open' | 'running' | 'used' | 'burnt' */
  state = 'none';
  lookup = '';
  /** @type {import('./pairing-code.js').PairingSecret | null} */
  letters = null;
  urlSecret = null;
  /** Failed runs since the last pairing that succeeded, for the screen. */
  failedRuns = 0;

  /** @param {{letters?: 5 | 6 | 8, random?: (size: number) => Uint8Array}} [options] */
  constructor({ letters = 5, random = systemRandom } = {}) {
    this.#letterCount = letters;
    this.#random = random;
  }

  /** A new code behind these digits of the relay's. A run of the old code is over, as failed. */
  newCode(now, lookup) {
    if (this.state === 'running') this.failRun(this.#run);
    this.lookup = lookup;
    this.letters = drawLetters(this.nextLength(now), this.#random);
    this.urlSecret = drawUrlSecret(this.#random);
    this.#madeAt = now;
    this.#charged = 0;
    this.#seen.clear();
    this.state = 'open';
  }

  needsNewCode(now) {
    this.#endStaleRun(now);
    return this.state === 'open' ? this.#expired(now) : this.state !== 'running';
  }

  /** @returns {5 | 6 | 8} */
  nextLength(now) {
    const lastHour = (times, count) => times.length === count && times[0] > now - MEMORY_MS;
    const attacked = lastHour(this.#burnt, BURNT_CODES_TO_GROW) || lastHour(this.#failures, FAILED_RUNS_TO_GROW);
    return attacked ? LONG : this.#letterCount;
  }

  get runsLeft() {
    return RUNS_PER_CODE - this.#charged;
  }

  /** One run begins and is paid for; its number. Throws authFailed(), and charges nothing, when it may not. */
  charge(now, sessionId) {
    this.#endStaleRun(now);
    const id = toBase64Url(sessionId);
    if (this.state !== 'open' || this.#expired(now) || this.#seen.has(id)) throw authFailed();
    this.#seen.add(id);
    this.#charged += 1;
    this.#run += 1;
    this.#runSince = now;
    this.state = 'running';
    return this.#run;
  }

  /** Refunds the run and uses the code up. False: the run is not the current one, or took too long. */
  succeed(now, run) {
    this.#endStaleRun(now);
    if (this.state !== 'running' || run !== this.#run) return false;
    this.#charged -= 1;
    this.failedRuns = 0;
    this.#forget('used');
    return true;
  }

  /** Failed or given up. Nothing happens when it is not the current run. */
  failRun(run) {
    if (this.state !== 'running' || run !== this.#run) return;
    this.failedRuns += 1;
    this.#failures = [...this.#failures, this.#runSince].slice(-FAILED_RUNS_TO_GROW);
    if (this.#charged < RUNS_PER_CODE) {
      this.state = 'open';
      return;
    }
    this.#burnt = [...this.#burnt, this.#runSince].slice(-BURNT_CODES_TO_GROW);
    this.#forget('burnt');
  }

  #forget(state) {
    this.letters = null;
    this.urlSecret = null;
    this.state = state;
  }

  #expired(now) {
    return now >= this.#madeAt + CODE_LIFETIME_MS;
  }

  #endStaleRun(now) {
    if (this.state === 'running' && now >= this.#runSince + RUN_TIMEOUT_MS) this.failRun(this.#run);
  }
}
