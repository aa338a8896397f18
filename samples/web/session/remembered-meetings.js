// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display's side of remembered pairings: the names by which those controllers find it at the relay, and what a run
// by one of them is checked with. What display.cc and pairing_signals.h do with them in C++.

import { authFailed } from '../auth-bytes.js';
import { meetName, meetPassword } from './session-secrets.js';

/** The relay takes so many names of one display: the controllers that it saw last. */
export const MAX_MEETS = 16;
/** After a run that failed the next one has to wait: it costs the code nothing, but work. */
export const MEETING_PAUSE_MS = 1_000;

export class RememberedMeetings {
  #store;
  #offered = []; // {id, key}, in the order of the registration's meets; null: forgotten since
  #leaveOut = false;
  #restsUntil = -Infinity;

  /** @param {import('./pairing-store.js').PairingStore} store */
  constructor(store) {
    this.#store = store;
    // What was revoked is not let in, whatever is registered. A list that can not be read revokes nothing.
    store.watch(() => this.#drop().catch(() => {}));
  }

  /** For the next registration; read each time. @returns {Promise<string[]>} */
  async names() {
    this.#offered = [];
    const leaveOut = this.#leaveOut;
    this.#leaveOut = false;
    if (leaveOut) return [];
    try {
      const entries = (await this.#store.list()).filter(({ role }) => role === 'display').slice(0, MAX_MEETS);
      this.#offered = entries.map(({ id, key }) => ({ id, key }));
    } catch {
      // It goes on with its code alone.
    }
    return this.#offered.map(({ key }) => meetName(key));
  }

  /** Another page with the same list has registered: one of the two has to stand back, or they would take turns for ever. */
  leaveOutOnce() {
    this.#leaveOut = true;
  }

  /**
   * A controller knocks by the name of this index. Throws authFailed() when it may not try (again, yet).
   * @param {number} now milliseconds @returns {{pairingId: string, guard: object}} what a DisplayExchange takes in place of its CodeGuard
   */
  open(index, now) {
    const found = Number.isInteger(index) ? this.#offered[index] : null;
    if (!found || now < this.#restsUntil) throw authFailed();
    this.#restsUntil = now + MEETING_PAUSE_MS;
    const secret = { kind: 'url', text: meetPassword(found.key) };
    const succeed = () => {
      this.#restsUntil = -Infinity;
      return true;
    };
    // 128 bits are not guessed: no budget.
    const guard = { lookup: meetName(found.key), letters: secret, urlSecret: secret, charge: () => 1, succeed, failRun: () => {} };
    return { pairingId: found.id, guard };
  }

  async #drop() {
    const there = new Set((await this.#store.list()).filter(({ role }) => role === 'display').map(({ id }) => id));
    this.#offered = this.#offered.map((entry) => (entry && there.has(entry.id) ? entry : null));
  }
}
