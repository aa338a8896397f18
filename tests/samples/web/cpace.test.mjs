// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CPace and the key schedule in JavaScript against the vectors that the C++ is tested with.
import assert from 'node:assert/strict';
import test from 'node:test';

import { fromHex, seededRandom, toHex, vectors } from './testing.mjs';
import { concat, lvCat, utf8 } from '../../../samples/web/auth-bytes.js';
import * as cpace from '../../../samples/web/cpace.js';
import { sha512 } from '../../../samples/web/vendor/noble.js';

const v = Object.fromEntries(Object.entries(vectors).filter(([, value]) => typeof value === 'string' && /^[0-9a-f]+$/.test(value))
  .map(([name, hex]) => [name, fromHex(hex)]));
const scalarAsRandom = (scalar) => () => concat(scalar, new Uint8Array(32));

test('generator', () => {
  const text = cpace.generatorString(v.password, v.channel, v.sid);
  assert.equal(text.length, vectors.generatorStringBytes);
  assert.equal(toHex(sha512(text)), vectors.generatorHash);
  assert.equal(toHex(cpace.generator(v.password, v.channel, v.sid)), vectors.generator);
});

test('shares, the shared point and the keys', () => {
  assert.equal(toHex(cpace.multiply(v.scalarA, v.generator)), vectors.shareA);
  assert.equal(toHex(cpace.multiply(v.scalarB, v.generator)), vectors.shareB);
  assert.equal(toHex(cpace.multiply(v.scalarA, v.shareB)), vectors.shared);
  assert.equal(toHex(cpace.multiply(v.scalarB, v.shareA)), vectors.shared);
  const transcript = cpace.transcript(v.shareA, v.dataA, v.shareB, v.dataB);
  assert.equal(transcript.length, 74);
  assert.equal(toHex(cpace.sessionKey(v.sid, v.shared, transcript)), vectors.isk);
  assert.equal(toHex(sha512(concat(utf8('CPaceSidOutput'), transcript))), vectors.sidOutput);
  const sides = [lvCat(v.shareA, v.dataA), lvCat(v.shareB, v.dataB)].sort((a, b) => Buffer.compare(b, a));
  assert.equal(toHex(cpace.sessionKey(v.sid, v.shared, concat(utf8('oc'), ...sides))), vectors.iskSymmetric);
});

test('a whole run with confirmation', () => {
  const a = new cpace.CpaceRun('initiator', v.password, v.channel, v.sid, v.dataA, scalarAsRandom(v.scalarA));
  const b = new cpace.CpaceRun('responder', v.password, v.channel, v.sid, v.dataB, scalarAsRandom(v.scalarB));
  assert.equal(toHex(a.share), vectors.shareA);
  assert.equal(toHex(b.share), vectors.shareB);
  const atA = a.finish(b.share, v.dataB);
  const atB = b.finish(a.share, v.dataA);
  for (const end of [atA, atB]) assert.equal(toHex(end.key), vectors.isk);
  assert.equal(toHex(atA.ownTag), vectors.tagA);
  assert.equal(toHex(atA.peerTag), vectors.tagB);
  assert.equal(toHex(atB.ownTag), vectors.tagB);
  assert.equal(toHex(atB.peerTag), vectors.tagA);
  assert.equal(a.finish(b.share, v.dataB), null, 'a scalar serves once');
});

test('scalar multiplication, and points that must abort', () => {
  const { scalar, point, product } = vectors.multiply;
  assert.equal(toHex(cpace.multiply(fromHex(scalar), fromHex(point))), product);
  const highBit = fromHex(point);
  highBit[31] |= 0x80;
  for (const bad of [...vectors.invalidPoints.map(fromHex), highBit, new Uint8Array(31), new Uint8Array(33), new Uint8Array(32).fill(255)]) {
    assert.equal(cpace.multiply(fromHex(scalar), bad), null, toHex(bad));
    assert.equal(cpace.isShare(bad), false, toHex(bad));
  }
});

test('each flipped bit of each input changes the key', () => {
  const inputs = { password: utf8('BCDFG'), channel: fromHex('0b41'), sid: v.sid.slice(0, 4), dataA: fromHex('41'), dataB: fromHex('42') };
  const peer = new cpace.CpaceRun('initiator', inputs.password, inputs.channel, inputs.sid, inputs.dataA, seededRandom(1));
  const keyOf = ({ password, channel, sid, dataA, dataB }) => {
    const run = new cpace.CpaceRun('responder', password, channel, sid, dataB, scalarAsRandom(v.scalarB));
    return toHex(run.finish(peer.share, dataA).key);
  };
  const keys = new Set([keyOf(inputs)]);
  let flips = 0;
  for (const [name, bytes] of Object.entries(inputs)) {
    for (let bit = 0; bit < bytes.length * 8; ++bit) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      keys.add(keyOf({ ...inputs, [name]: flipped }));
      flips += 1;
    }
  }
  assert.equal(keyOf(inputs), keyOf(inputs));
  assert.equal(keys.size, flips + 1);
});

test('randomness of zeros is refused', () => {
  assert.throws(() => cpace.drawScalar((size) => new Uint8Array(size)), { code: 'invalid_argument' });
});

test('HKDF and HMAC are those of RFC 5869 and RFC 4231', () => {
  assert.equal(toHex(cpace.hmacSha512(utf8('Jefe'), utf8('what do ya want for nothing?'))),
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737');
  const keys = cpace.deriveSessionKeys(new Uint8Array(64), v.sid, v.sid);
  assert.equal(new Set(Object.values(keys).map((key) => toHex(key).slice(0, 64))).size, 4);
});
