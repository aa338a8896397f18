// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How descriptions and candidates travel in the boxes of an exchange (docs/security.md); `data` is that of webrtc:*.
// The same methods as plain-signals.js. What comes from outside and is wrong throws 'auth_failed', and is final.

import { authFailed, fromUtf8, utf8 } from './auth-bytes.js';
import { commonFeatures, onlyFingerprint } from './pairing-messages.js';

const isText = (value) => typeof value === 'string' && value !== '';

class SealedSignals {
  authenticated = true;

  constructor(exchange) {
    this.exchange = exchange;
  }

  /** Both ends have proved themselves, as far as this one can know. */
  get isSettled() {
    return this.exchange.state === 'established';
  }

  async sealCandidate(candidate) {
    return { box: await this.exchange.seal('candidate', utf8(JSON.stringify(candidate))) };
  }

  async openCandidate(data) {
    const text = await this.exchange.open('candidate', data.box);
    try {
      const candidate = JSON.parse(fromUtf8(text));
      if (typeof candidate !== 'object' || candidate === null) throw authFailed();
      return candidate;
    } catch {
      throw this.exchange.fail();
    }
  }

  /** The pairing is over without having come to its end. */
  abandon() {
    if (this.exchange.state !== 'established') this.exchange.fail();
  }

  requireBoxes(data) {
    // No way down: an end with letters takes nothing but boxes.
    if (!isText(data.pake) || !isText(data.box)) throw this.exchange.fail();
    return { pake: data.pake, box: data.box };
  }
}

export class SealedController extends SealedSignals {
  /** What both ends can do; none before the offer. */
  get features() {
    return this.exchange.features;
  }

  async openDescription(room, data) {
    return (await this.exchange.handleOffer(room, this.requireBoxes(data))).sdp;
  }

  async sealDescription(room, sdp) {
    return this.exchange.answer(sdp, onlyFingerprint(sdp) ?? new Uint8Array(32));
  }
}

export class SealedDisplay extends SealedSignals {
  #now;

  /** @param {() => number} now the guard's clock, ms */
  constructor(exchange, now) {
    super(exchange);
    this.#now = now;
  }

  /** What both ends can do; proved with the answer. */
  get features() {
    return commonFeatures(this.exchange.ownFeatures, this.exchange.peerSaid);
  }

  async sealDescription(room, sdp) {
    return this.exchange.offer(room, sdp, onlyFingerprint(sdp) ?? new Uint8Array(32));
  }

  async openDescription(room, data) {
    return (await this.exchange.handleAnswer(this.#now(), this.requireBoxes(data))).sdp;
  }
}
