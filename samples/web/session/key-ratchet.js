// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The keys that authenticate the HELLOs of a session's links, one generation after the other:
// peer/auth/key_ratchet.h in JavaScript; why it is right is said there. Pure and synchronous: WebCrypto
// is missing on pages that came over plain HTTP.

import { equalInConstantTime, utf8 } from '../auth-bytes.js';
import { hkdf, hmac, sha512 } from '../vendor/noble.js';

const EMPTY = new Uint8Array(0);

/** HKDF-SHA512. @param {string} label */
export const derive = (key, label, size = 64, salt = EMPTY) => hkdf(sha512, key, salt, utf8(label), size);

// The last number is never reached: each step costs a handshake of both ends.
const MAX_GENERATION = 0xffffffff;

export class KeyRatchet {
  #own = 0;
  #peerSent = 0;
  #current;
  #previous = null;

  /** @param {Uint8Array} start 64 bytes, copied */
  constructor(start) {
    this.#current = start.slice();
  }

  /** The generation that we send under. */
  get own() { return this.#own; }

  /** Whether a tag of this generation can be checked. */
  knows(generation) {
    if (!this.#current || generation === MAX_GENERATION) return false;
    if (generation === this.#own || generation === this.#own + 1) return true;
    return this.#previous !== null && generation + 1 === this.#own;
  }

  /** HMAC-SHA512 under a key of that generation; null: not known, or wiped. */
  tag(generation, data) {
    if (!this.knows(generation)) return null;
    const ahead = generation > this.#own ? derive(this.#current, 'next') : null;
    const key = derive(ahead ?? (generation < this.#own ? this.#previous : this.#current), 'hello');
    const tag = hmac(sha512, key, data);
    key.fill(0);
    ahead?.fill(0);
    return tag;
  }

  check(generation, data, tag) {
    const expected = this.tag(generation, data);
    return expected !== null && equalInConstantTime(expected, tag);
  }

  #advance() {
    const next = derive(this.#current, 'next');
    this.#previous?.fill(0);
    this.#previous = this.#current;
    this.#current = next;
    ++this.#own;
  }

  /** A HELLO of the other end under `peerSent`, which is known, was verified: we move on behind it. */
  agree(peerSent) {
    if (!this.knows(peerSent)) throw new RangeError('no such generation');
    this.#peerSent = peerSent;
    while (this.#own < peerSent + 1) this.#advance();
  }

  /**
   * The other end has proved that it verified our HELLO under `ownSent`. We catch up with it, and the
   * keys that neither end needs are wiped.
   */
  settle(ownSent) {
    if (!this.#current || ownSent > this.#own) return;
    if (this.#own === ownSent) this.#advance();
    if (Math.max(this.#peerSent, ownSent + 1) >= this.#own) {
      this.#previous?.fill(0);
      this.#previous = null;
    }
  }

  wipe() {
    this.#current?.fill(0);
    this.#previous?.fill(0);
    this.#current = this.#previous = null;
  }
}
