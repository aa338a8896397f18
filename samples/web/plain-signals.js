// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How descriptions and candidates travel without letters: in the clear. Whoever runs the relay can read and
// change all of it. With letters: pairing-signals.js.

import { PairwireError } from './pairwire-error.js';

const MAX_FEATURES = 16;
const featuresOf = (value, own) =>
  (Array.isArray(value) && value.length <= MAX_FEATURES ? own.filter((feature) => value.includes(feature)) : []);

class PlainSignals {
  authenticated = false;
  exchange = null;
  isSettled = true;
  /** What both ends can do, as far as this one heard. @type {string[]} */
  features = [];

  async sealCandidate(candidate) {
    return candidate;
  }

  async openCandidate(data) {
    return data;
  }

  abandon() {}

  sdpOf(data) {
    if (typeof data.sdp === 'string' && data.sdp !== '') return data.sdp;
    throw new PairwireError('negotiation_failed', 'The other end asks for a code with letters.');
  }
}

export class PlainController extends PlainSignals {
  #own;

  /** @param {string[]} own features; none: an end that knows the plain form only */
  constructor(own) {
    super();
    this.#own = own;
    this.hello = own.length > 0 ? { plain: 1, features: own } : undefined;
  }

  async openDescription(room, data) {
    this.features = featuresOf(data.features, this.#own);
    return this.sdpOf(data);
  }

  async sealDescription(room, sdp) {
    return { sdp };
  }
}

export class PlainDisplay extends PlainSignals {
  constructor(own, hello) {
    super();
    if (hello?.plain === 1) this.features = featuresOf(hello.features, own);
  }

  async openDescription(room, data) {
    return this.sdpOf(data);
  }

  async sealDescription(room, sdp) {
    return this.features.length > 0 ? { sdp, features: this.features } : { sdp };
  }
}
