// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CPace, suite CPACE-RISTR255-SHA512, initiator/responder mode (draft-irtf-cfrg-cpace-21), and the keys
// derived from it: peer/auth/cpace.h and key_schedule.h in JavaScript, tested with the same vectors. The
// group is @noble/curves'. Its arithmetic is on BigInts, so it is not constant-time to the last cycle; a
// pairing computes with a secret twice, and who could measure that to nanoseconds already runs in the browser.

import { AuthError, concat, lvCat, systemRandom, utf8 } from './auth-bytes.js';
import { hkdf, hmac, ristretto255, ristretto255_hasher, sha512 } from './vendor/noble.js';

const { Point } = ristretto255;
const DSI = utf8('CPaceRistretto255');
const DSI_ISK = utf8('CPaceRistretto255_ISK');
const MAC_LABEL = utf8('CPaceMac');
const HASH_BLOCK = 128;

export function generatorString(password, channel, sessionId) {
  const taken = lvCat(password).length + lvCat(DSI).length + 1;
  const padding = new Uint8Array(Math.max(0, HASH_BLOCK - taken));
  return lvCat(DSI, password, padding, channel, sessionId);
}

/** The password's point, as bytes; as secret as the password. */
export function generator(password, channel, sessionId) {
  const text = generatorString(password, channel, sessionId);
  const hash = sha512(text);
  const point = ristretto255_hasher.deriveToCurve(hash).toBytes();
  text.fill(0);
  hash.fill(0);
  return point;
}

/** Uniform below the group's order and not zero, as 32 bytes, little-endian. */
export function drawScalar(random = systemRandom) {
  for (let tries = 0; tries < 3; ++tries) {
    const wide = random(64);
    let value = 0n;
    for (let i = 63; i >= 0; --i) value = (value << 8n) | BigInt(wide[i]);
    wide.fill(0);
    value %= Point.Fn.ORDER;
    if (value !== 0n) return Point.Fn.toBytes(value);
  }
  throw new AuthError('invalid_argument', 'the randomness handed in is nothing but zeros');
}

/** scalar_mult_vfy; null: not canonical, or the identity, which the library takes for a point like others. */
export function multiply(scalar, pointBytes) {
  if (pointBytes.length !== 32) return null;
  let point;
  try {
    point = Point.fromBytes(pointBytes);
  } catch {
    return null;
  }
  if (point.equals(Point.ZERO)) return null;
  const product = point.multiply(Point.Fn.fromBytes(scalar));
  return product.equals(Point.ZERO) ? null : product.toBytes();
}

/** Whether these bytes are a point that may be a share. */
export function isShare(pointBytes) {
  if (pointBytes.length !== 32) return false;
  try {
    return !Point.fromBytes(pointBytes).equals(Point.ZERO);
  } catch {
    return false;
  }
}

export const transcript = (shareA, dataA, shareB, dataB) => concat(lvCat(shareA, dataA), lvCat(shareB, dataB));

export function sessionKey(sessionId, shared, wholeTranscript) {
  const input = concat(lvCat(DSI_ISK, sessionId, shared), wholeTranscript);
  const key = sha512(input);
  input.fill(0);
  return key;
}

/** What the end with this share and data shows, to prove that it has the key. */
export function confirmation(key, sessionId, share, data) {
  const input = concat(MAC_LABEL, sessionId, key);
  const macKey = sha512(input);
  const tag = hmac(sha512, macKey, lvCat(share, data));
  input.fill(0);
  macKey.fill(0);
  return tag;
}

/** One end's half of a run; its scalar serves once. */
export class CpaceRun {
  #initiator;
  #sessionId;
  #ownData;
  #scalar;

  /**
   * @param {'initiator' | 'responder'} role
   * @param {(size: number) => Uint8Array} [random]
   */
  constructor(role, password, channel, sessionId, ownData, random = systemRandom) {
    this.#initiator = role === 'initiator';
    this.#sessionId = sessionId.slice();
    this.#ownData = ownData.slice();
    this.#scalar = drawScalar(random);
    const base = generator(password, channel, sessionId);
    this.share = multiply(this.#scalar, base);
    base.fill(0);
  }

  /**
   * Null: the other end's share is no point or leads to the identity, or the run is used up.
   * @returns {{key: Uint8Array, transcript: Uint8Array, ownTag: Uint8Array, peerTag: Uint8Array} | null}
   */
  finish(peerShare, peerData) {
    if (!this.#scalar) return null;
    const shared = multiply(this.#scalar, peerShare);
    this.#scalar.fill(0);
    this.#scalar = null;
    if (!shared) return null;
    const whole = this.#initiator
      ? transcript(this.share, this.#ownData, peerShare, peerData)
      : transcript(peerShare, peerData, this.share, this.#ownData);
    const key = sessionKey(this.#sessionId, shared, whole);
    shared.fill(0);
    return {
      key,
      transcript: whole,
      ownTag: confirmation(key, this.#sessionId, this.share, this.#ownData),
      peerTag: confirmation(key, this.#sessionId, peerShare, peerData),
    };
  }
}

export const hmacSha512 = (key, data) => hmac(sha512, key, data);

/** HKDF-SHA512(key, salt = session id, info = label || SHA-512(transcript)), a label for each. */
export function deriveSessionKeys(key, sessionId, wholeTranscript) {
  const digest = sha512(wholeTranscript);
  const derive = (label, size) => hkdf(sha512, key, sessionId, concat(utf8(label), digest), size);
  return {
    controllerToDisplay: derive('c2d', 32),
    displayToController: derive('d2c', 32),
    bind: derive('bind', 64),
    resume: derive('resume', 64),
  };
}
