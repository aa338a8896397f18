// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Our description and candidates on their way to the other end: the description first, the candidates behind it and
// in order, as boxes have numbers.

export class SignalSender {
  #signals;
  #send;
  #held = [];
  #last = Promise.resolve();

  /** @param {object} signals plain-signals.js or pairing-signals.js @param {(type: string, data: object) => void} send */
  constructor(signals, send) {
    this.#signals = signals;
    this.#send = send;
  }

  /** @param {'webrtc:offer' | 'webrtc:answer'} type */
  async description(type, room, sdp) {
    this.#send(type, await this.#signals.sealDescription(room, sdp));
    const held = this.#held;
    this.#held = null;
    for (const candidate of held ?? []) this.candidate(candidate);
  }

  candidate(candidate) {
    if (this.#held) {
      this.#held.push(candidate);
      return;
    }
    this.#last = this.#last
      .then(async () => this.#send('webrtc:ice-candidate', await this.#signals.sealCandidate(candidate)))
      .catch(() => {}); // A pairing that failed meanwhile is told elsewhere.
  }
}
