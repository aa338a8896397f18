// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Solves the relay's proof of work (docs/relay.md): an answer for which SHA-256(challenge.answer) begins
// with `bits` zero bits. In slices, so that the page stays alive, and without WebCrypto, which is slower for
// many short texts and absent from pages that came over plain HTTP from another machine.

import { compress, INITIAL_STATE } from './sha256.js';

// What a relay asks for at most; more than this is no honest relay's.
const MAX_BITS = 24;
const SLICE_MS = 10;
const TRIES_BETWEEN_LOOKS = 512;

/** A text of at most 55 bytes as the one block that SHA-256 makes of it. */
class OneBlock {
  #bytes = new Uint8Array(64);
  #state = new Int32Array(8);
  #schedule = new Int32Array(64);
  #prefix;

  constructor(prefix) {
    this.#prefix = prefix.length;
    for (let i = 0; i < prefix.length; ++i) this.#bytes[i] = prefix.charCodeAt(i);
  }

  /** The number of zero bits that the digest of the prefix and `answer` begins with, up to 32. */
  zeroBits(answer) {
    const digits = String(answer);
    const length = this.#prefix + digits.length;
    this.#bytes.fill(0, this.#prefix);
    for (let i = 0; i < digits.length; ++i) this.#bytes[this.#prefix + i] = digits.charCodeAt(i);
    this.#bytes[length] = 0x80;
    this.#bytes[62] = (length * 8) >>> 8;
    this.#bytes[63] = (length * 8) & 0xff;
    this.#state.set(INITIAL_STATE);
    compress(this.#state, this.#schedule, this.#bytes, 0);
    return Math.clz32(this.#state[0]);
  }
}

// Lets everything else on the page run; a timer would rest for 4 ms each time.
function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * @param {{challenge: string, bits: number}} proofOfWork as the relay asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<{challenge: string, answer: string} | null>} null when it is not worth trying, or aborted
 */
export async function solveProofOfWork({ challenge, bits }, signal) {
  const fits = typeof challenge === 'string' && /^[\x21-\x7e]{1,40}$/.test(challenge);
  if (!fits || !Number.isInteger(bits) || bits < 1 || bits > MAX_BITS) return null;
  const block = new OneBlock(`${challenge}.`);
  for (let answer = 0; !signal?.aborted;) {
    const until = performance.now() + SLICE_MS;
    do {
      for (let i = 0; i < TRIES_BETWEEN_LOOKS; ++i, ++answer) {
        if (block.zeroBits(answer) >= bits) return { challenge, answer: String(answer) };
      }
    } while (performance.now() < until);
    await breathe();
  }
  return null;
}
