// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Bytes of the authenticated pairing: lv_cat of draft-irtf-cfrg-cpace-21 and its reader, base64url, and
// the one error. The same as peer/auth/length_values.h, base64url.h and auth_failed.h. JavaScript can
// not wipe strings; what is in typed arrays is overwritten when it is no longer needed.

/** `code`: 'auth_failed' for all that came from outside; 'invalid_argument', 'invalid_state'… for the caller's. */
export class AuthError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'AuthError';
    this.code = code;
  }
}

/** The text is constant: it does not tell a guesser which check it failed. */
export function authFailed() {
  return new AuthError('auth_failed', 'the other end did not prove that it knows the code');
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param {string} text */
export const utf8 = (text) => encoder.encode(text);

/** Throws a TypeError for what is not UTF-8. @param {Uint8Array} bytes */
export const fromUtf8 = (bytes) => decoder.decode(bytes);

/** @param {number} size */
export const systemRandom = (size) => globalThis.crypto.getRandomValues(new Uint8Array(size));

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Takes as long for equal as for different bytes of one size. */
export function equalInConstantTime(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; ++i) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** Each item behind its length in LEB128. @param {...Uint8Array} items */
export function lvCat(...items) {
  return concat(...items.flatMap((item) => {
    const length = [];
    let rest = item.length;
    for (; rest >= 0x80; rest >>>= 7) length.push(0x80 | (rest & 0x7f));
    return [Uint8Array.of(...length, rest), item];
  }));
}

/** Reads hostile bytes; every method throws authFailed() when they do not go on as asked for. */
export class LengthValueReader {
  #rest;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#rest = bytes;
  }

  /** An item of at most `maxSize` bytes; its length in its shortest form, of at most three bytes. */
  read(maxSize) {
    let length = 0;
    for (let i = 0; ; ++i) {
      if (i === 3 || i >= this.#rest.length) throw authFailed();
      const byte = this.#rest[i];
      length |= (byte & 0x7f) << (7 * i);
      if ((byte & 0x80) !== 0) continue;
      if (byte === 0 && i > 0) throw authFailed();
      this.#rest = this.#rest.subarray(i + 1);
      break;
    }
    if (length > maxSize || length > this.#rest.length) throw authFailed();
    const item = this.#rest.slice(0, length);
    this.#rest = this.#rest.subarray(length);
    return item;
  }

  readExactly(size) {
    const item = this.read(size);
    if (item.length !== size) throw authFailed();
    return item;
  }

  readText(maxSize) {
    try {
      return fromUtf8(this.read(maxSize));
    } catch {
      throw authFailed();
    }
  }

  expect(text) {
    if (this.readText(text.length) !== text) throw authFailed();
  }

  end() {
    if (this.#rest.length !== 0) throw authFailed();
  }
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @param {Uint8Array} bytes */
export function toBase64Url(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const digits = [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63];
    for (const digit of digits.slice(0, Math.min(bytes.length - i, 3) + 1)) text += BASE64URL[digit];
  }
  return text;
}

/** One text for each bytes: throws authFailed() for anything else, and above `maxBytes`. */
export function fromBase64Url(text, maxBytes) {
  if (typeof text !== 'string' || text.length > Math.floor((maxBytes * 4 + 2) / 3) || text.length % 4 === 1) {
    throw authFailed();
  }
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const character of text) {
    const digit = BASE64URL.indexOf(character);
    if (digit < 0) throw authFailed();
    bits = ((bits << 6) | digit) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = (bits >> count) & 0xff;
    }
  }
  if ((bits & ((1 << count) - 1)) !== 0) throw authFailed();
  return bytes;
}
