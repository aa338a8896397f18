// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What these tests share: hex, SDP with a fingerprint, and a seeded randomness (SplitMix64).
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';

// Node.js 18 keeps it in a module; browsers and later versions have it.
globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail = null } = {}) {
    super(type);
    this.detail = detail;
  }
};

export const root = new URL('../../../', import.meta.url);
export const vectors = JSON.parse(readFileSync(new URL('tests/peer/auth/vectors.json', root), 'utf8'));

export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
export const toHex = (bytes) => Buffer.from(bytes).toString('hex');

export const fingerprintOfByte = (byte) => new Uint8Array(32).fill(byte);
export const fingerprintText = (fingerprint) => `sha-256 ${toHex(fingerprint).toUpperCase().match(/../g).join(':')}`;
export const sdpWith = (fingerprint) =>
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n' +
  `c=IN IP4 0.0.0.0\r\na=fingerprint:${fingerprintText(fingerprint)}\r\na=setup:actpass\r\na=mid:0\r\n`;

export function seededRandom(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  const word = () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
  return (size) => Uint8Array.from({ length: size }, () => Number(word() & 0xffn));
}

/** Asserts-like: the code of what `work` throws or rejects with, or 'ok'. */
export async function codeOf(work) {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return error.code ?? String(error);
  }
}
