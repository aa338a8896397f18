// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How the two ends of a living session meet at the relay again (docs/session.md): by a name that only they know, proved
// by an exchange whose password only they know. One meeting after the other; each is meeting.js's.
//
//   idle -- start() --> dialling -- the other end proves itself --> met -- stop() --> idle
//                           `-- whatever fails, then or later: rejoinFailed, idle --'

import { Meeting } from './meeting.js';
import { meetName, meetPassword } from './session-secrets.js';

export class Rejoin {
  #session;
  #api;
  #name;
  #allowRelay;
  #meet = '';
  #password = '';
  #meeting = null;
  #leftBehind = null; // at the relay, by a meeting before

  /**
   * @param {import('./session.js').Session} session @param {import('./relay.js').RelayApi} api @param {string} name this end's
   * @param {{allowRelay?: boolean}} [options] boxes over the relay may carry the session, where the relay does that
   */
  constructor(session, api, name, { allowRelay = false } = {}) {
    this.#session = session;
    this.#api = api;
    this.#name = name;
    this.#allowRelay = allowRelay;
  }

  /** relayMet or rejoinFailed follows, not from within. */
  start() {
    this.stop();
    // Taken while they are there: the session wipes them at its end.
    if (this.#meet === '') {
      const { meet } = this.#session.secrets;
      this.#meet = meetName(meet);
      this.#password = meetPassword(meet);
    }
    const current = (work) => (...args) => {
      if (this.#meeting === meeting) work(...args);
    };
    const meeting = new Meeting({
      session: this.#session, api: this.#api, name: this.#name, meet: this.#meet, secret: { kind: 'url', text: this.#password },
      allowRelay: this.#allowRelay, leftBehind: this.#leftBehind,
      onCarries: current(() => this.#session.relay.onReady()),
      onCarried: current((text) => this.#session.relay.onBox(text)),
      onFailed: current((failure, left) => {
        this.#meeting = null;
        // Until a meeting reaches the relay it is still there.
        if (failure.why !== 'relayAway' || left) this.#leftBehind = left;
        this.#session.give({ type: 'rejoinFailed', ...failure });
        this.#session.relay.abandon();
      }),
    });
    this.#meeting = meeting;
    queueMicrotask(() => meeting.dial());
  }

  /** `atOnce`: nothing more is said, as the page goes. */
  stop({ atOnce = false } = {}) {
    const meeting = this.#meeting;
    this.#meeting = null;
    meeting?.end({ flush: !atOnce });
  }

  restartIce() {
    this.#meeting?.restartIce();
  }

  newConnection() {
    this.#meeting?.newConnection();
  }

  /** A candidate of the connection in use, which can not tell it by itself now. False: no meeting stands. */
  takeCandidate(candidate) {
    return this.#meeting?.takeCandidate(candidate) ?? false;
  }

  /** While the meeting may carry boxes: what stands in HELLOs in place of certificates; else null. */
  relayNames() {
    return this.#meeting?.relayNames() ?? null;
  }

  /** A box's text for the other end; without a meeting it is dropped. @param {Uint8Array} text */
  carry(text) {
    this.#meeting?.carry(text);
  }
}
