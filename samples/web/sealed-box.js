// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// peer/auth/sealed_box.h in JavaScript: AES-256-GCM, one key for each direction, the box's number as nonce. By
// WebCrypto, which answers later; browsers keep it from pages of plain http addresses (localhost excepted), and
// there @noble/ciphers does it. Numbers are given out when a method is called, so boxes keep the order of the calls.

import { AuthError, authFailed, utf8 } from './auth-bytes.js';
import { gcm } from './vendor/noble.js';

export const MAX_BOX_TEXT_BYTES = 40 * 1024;
export const BOX_TAG_BYTES = 16;
export const MAX_BOXES = 2 ** 16;

/** AES-256-GCM under one key; `open` rejects for what was not sealed so. */
class Cipher {
  #bytes = null;
  #key = null;

  /** @param {Uint8Array} bytes 32 of its own */
  constructor(bytes) {
    if (!globalThis.crypto.subtle) {
      this.#bytes = bytes;
      return;
    }
    this.#key = globalThis.crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
    // Whoever uses the key sees the error; until then nobody may miss it.
    this.#key.catch(() => {});
  }

  async seal({ iv, additionalData }, text) {
    if (this.#bytes) return gcm(this.#bytes, iv, additionalData).encrypt(text);
    return new Uint8Array(await globalThis.crypto.subtle.encrypt(webCrypto(iv, additionalData), await this.#key, text));
  }

  async open({ iv, additionalData }, box) {
    if (this.#bytes) return gcm(this.#bytes, iv, additionalData).decrypt(box);
    return new Uint8Array(await globalThis.crypto.subtle.decrypt(webCrypto(iv, additionalData), await this.#key, box));
  }

  wipe() {
    this.#bytes?.fill(0);
  }
}

const webCrypto = (iv, additionalData) => ({ name: 'AES-GCM', iv, additionalData, tagLength: BOX_TAG_BYTES * 8 });

function parametersOf(number, kind) {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, BigInt(number));
  return { iv, additionalData: utf8(kind) };
}

export class BoxSealer {
  #key;
  #next = 0;

  /** @param {Uint8Array} key 32 bytes, copied */
  constructor(key) {
    this.#key = new Cipher(key.slice());
  }

  /** @param {string} kind authenticated, not sent @param {Uint8Array} text @returns {Promise<Uint8Array>} */
  async seal(kind, text) {
    if (text.length > MAX_BOX_TEXT_BYTES) {
      throw new AuthError('message_too_large', 'This does not fit into one message of the pairing.');
    }
    if (this.#next === MAX_BOXES) throw new AuthError('limit_exceeded', 'The pairing has said too much.');
    return this.#key.seal(parametersOf(this.#next++, kind), text);
  }
}

export class BoxOpener {
  #key;
  #next = 0;
  #last = Promise.resolve();

  /** @param {Uint8Array} key 32 bytes, copied */
  constructor(key) {
    this.#key = new Cipher(key.slice());
  }

  /**
   * One after the other, in the order of the calls. Rejects with auth_failed, then and ever after: not the
   * next box of this kind from who has the key.
   * @param {string} kind @param {Uint8Array} box @returns {Promise<Uint8Array>}
   */
  open(kind, box) {
    const opened = this.#last.then(() => this.#openNow(kind, box));
    this.#last = opened.then(() => {}, () => {});
    return opened;
  }

  async #openNow(kind, box) {
    if (!this.#key) throw authFailed();
    if (box.length >= BOX_TAG_BYTES && box.length <= MAX_BOX_TEXT_BYTES + BOX_TAG_BYTES && this.#next < MAX_BOXES) {
      try {
        const text = await this.#key.open(parametersOf(this.#next++, kind), box);
        // Killed meanwhile.
        if (this.#key) return text;
      } catch {
        // One error for all reasons.
      }
    }
    this.kill();
    throw authFailed();
  }

  kill() {
    this.#key?.wipe();
    this.#key = null;
  }

  get dead() {
    return this.#key === null;
  }
}
