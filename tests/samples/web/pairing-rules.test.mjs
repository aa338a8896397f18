// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The parts of the pairing's modules that need no other end: codes, attempt rules, boxes, bytes. The
// cases are those of tests/peer/auth.
import assert from 'node:assert/strict';
import test from 'node:test';

import { codeOf, fingerprintOfByte, fingerprintText, fromHex, sdpWith, seededRandom, toHex } from './testing.mjs';
import { LengthValueReader, fromBase64Url, lvCat, toBase64Url, utf8 } from '../../../samples/web/auth-bytes.js';
import { CODE_LIFETIME_MS, CodeGuard, RUN_TIMEOUT_MS } from '../../../samples/web/code-guard.js';
import {
  CODE_LETTERS, drawLetters, drawUrlSecret, formatPairingCode, makePairingUrl, parsePairingCode, parsePairingUrl,
} from '../../../samples/web/pairing-code.js';
import { checkOwnDescription, decodeAssociatedData, decodeDescription, encodeDescription, onlyFingerprint } from '../../../samples/web/pairing-messages.js';
import { BoxOpener, BoxSealer, MAX_BOX_TEXT_BYTES } from '../../../samples/web/sealed-box.js';

test('codes as people type them', () => {
  for (const [typed, lookup, letters] of [
    ['4821-KMRTW', '4821', 'KMRTW'], [' 4821 - kMrTw ', '4821', 'KMRTW'], ['4821 KMRTW', '4821', 'KMRTW'],
    ['4821.KMRTW', '4821', 'KMRTW'], ['48217-KMR TWX', '48217', 'KMRTWX'], ['482 193-KMRT WXZB', '482193', 'KMRTWXZB'],
    ['48-21-KM-RT-W', '4821', 'KMRTW'], ['0000\tBBBBB', '0000', 'BBBBB'],
  ]) {
    assert.deepEqual(parsePairingCode(typed), { lookup, secret: { kind: 'letters', text: letters } }, typed);
  }
  for (const [typed, why] of [
    ['', /Type the code/], [' - ', /Type the code/], ['4821KMRTW', /hyphen/], ['KMRTW', /begins with digits/],
    ['KMRTW-4821', /begins with digits/], ['4821', /letters behind/], ['4821-', /letters behind/], ['482-KMRTW', /4 to 6 digits/],
    ['4821931-KMRTW', /4 to 6 digits/], ['4821-KMRT', /5, 6 or 8/], ['4821-KMRTWXZ', /5, 6 or 8/], ['4821-KMRTWXZBC', /5, 6 or 8/],
    ['4821-KMRT4', /No digit stands/], ['4821-KMRTO', /A, E, I/], ['4821-KMRTY', /A, E, I/], ['4821-KMRT\u00c4', /digits, a hyphen/],
    ['4821/KMRTW', /digits, a hyphen/], ['4821-KMRTW\0', /digits, a hyphen/], ['4821-kmrt\u017f', /digits, a hyphen/],
    [`4821-KMRTW${' '.repeat(60)}`, /too long/],
  ]) {
    assert.throws(() => parsePairingCode(typed), (error) =>
      error.code === 'invalid_argument' && why.test(error.message) && !error.message.includes('KMRT'), typed);
  }
});

test('boxes without WebCrypto are the same boxes', async () => {
  const key = seededRandom(7)(32);
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  const makeWithout = (make) => {
    Object.defineProperty(globalThis, 'crypto', { value: { getRandomValues: () => assert.fail() }, configurable: true });
    try {
      return make();
    } finally {
      Object.defineProperty(globalThis, 'crypto', own);
    }
  };
  const sealers = [new BoxSealer(key), makeWithout(() => new BoxSealer(key))];
  const openers = [new BoxOpener(key), makeWithout(() => new BoxOpener(key))];
  for (const [kind, size] of [['offer', 3000], ['candidate', 0], ['candidate', 1]]) {
    const text = seededRandom(size)(size);
    const boxes = [await sealers[0].seal(kind, text), await sealers[1].seal(kind, text)];
    assert.deepEqual(boxes[0], boxes[1]);
    for (const opener of openers) assert.deepEqual(await opener.open(kind, boxes[0]), text);
  }
  const box = await sealers[1].seal('candidate', utf8('x'));
  box[0] ^= 1;
  for (const opener of openers) assert.equal(await codeOf(() => opener.open('candidate', box)), 'auth_failed');
});

test('shown codes are read, and letters are drawn evenly', () => {
  const random = seededRandom(5);
  for (const length of [5, 6, 8]) {
    for (const lookup of ['0042', '48213', '482193']) {
      const secret = drawLetters(length, random);
      assert.deepEqual(parsePairingCode(formatPairingCode(lookup, secret)), { lookup, secret });
    }
  }
  const counts = new Map([...CODE_LETTERS].map((letter) => [letter, 0]));
  for (let i = 0; i < 4000; ++i) for (const letter of drawLetters(5, random).text) counts.set(letter, counts.get(letter) + 1);
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquared < 63, `chi-squared ${chiSquared}`);
});

test('pairing URLs', () => {
  const secret = drawUrlSecret(seededRandom(6));
  const url = makePairingUrl('https://example.org/pair?x=1', '4821', secret);
  assert.equal(url, `https://example.org/pair?x=1#pair=4821.${secret.text}`);
  assert.deepEqual(parsePairingUrl(url), { lookup: '4821', secret });
  assert.deepEqual(parsePairingUrl(url.slice(url.indexOf('#'))), { lookup: '4821', secret });
  const good = `#pair=4821.${'A'.repeat(22)}`;
  parsePairingUrl(good);
  for (let cut = 0; cut < good.length; ++cut) assert.throws(() => parsePairingUrl(good.slice(0, cut)), { code: 'invalid_argument' });
  for (const bad of [`${good}A`, `${good}&x`, `${good.slice(0, -1)}B`, good.slice(1), '#pair=482.AAAAAAAAAAAAAAAAAAAAAA', good.toUpperCase()]) {
    assert.throws(() => parsePairingUrl(bad), { code: 'invalid_argument' }, bad);
  }
  for (const page of ['ftp://example.org', 'https://example.org/#a', `https://example.org/${'x'.repeat(2048)}`]) {
    assert.throws(() => makePairingUrl(page, '4821', secret), { code: 'invalid_argument' });
  }
});

test('base64url and length-values have one form', () => {
  for (let size = 0; size < 70; ++size) {
    const bytes = new Uint8Array(size).fill(size * 3 + 1);
    assert.equal(toBase64Url(bytes), Buffer.from(bytes).toString('base64url'));
    assert.deepEqual(fromBase64Url(toBase64Url(bytes), size), bytes);
    if (size > 0) assert.throws(() => fromBase64Url(toBase64Url(bytes), size - 1), { code: 'auth_failed' });
  }
  for (const bad of ['-_9', '-_8=', '-_+', 'A', '-_8 ', '-/8A', 'AAAAA', undefined, 7]) {
    assert.throws(() => fromBase64Url(bad, 100), { code: 'auth_failed' }, String(bad));
  }
  for (const size of [0, 1, 127, 128, 16383, 16384, 40000]) {
    const reader = new LengthValueReader(lvCat(new Uint8Array(size).fill(7), utf8('x')));
    assert.equal(reader.readExactly(size).length, size);
    reader.expect('x');
    reader.end();
  }
  for (const bad of ['8000', '81000a', 'ffffffff0f', '05aa', '']) {
    assert.throws(() => new LengthValueReader(fromHex(bad)).read(2 ** 30), { code: 'auth_failed' }, bad);
  }
});

test('associated data and fingerprints as in C++', () => {
  const decode = (...items) => decodeAssociatedData(lvCat(...items.map(utf8)));
  const version = 'pair/1 CPACE-RISTR255-SHA512';
  assert.deepEqual(decode('controller', version, 'a b', 'url'), { role: 'controller', features: ['a', 'b'], secret: 'url' });
  for (const bad of [
    ['controller', 'pair/2 CPACE-RISTR255-SHA512', '', 'url'], ['viewer', version, ''], ['display', version, '', 'url'],
    ['controller', version, '', 'none'], ['controller', version, ''],
    ...['b a', 'a a', ' a', 'a ', 'a  b', 'A', 'a,b'].map((features) => ['controller', version, features, 'url']),
  ]) {
    assert.throws(() => decode(...bad), { code: 'auth_failed' }, bad.join());
  }
  const a = fingerprintOfByte(0xa1);
  const line = (fingerprint) => `a=fingerprint:${fingerprintText(fingerprint)}`;
  const [lineA, lineB] = [line(a), line(fingerprintOfByte(0xb2))];
  for (const good of [sdpWith(a), `${sdpWith(a)}${lineA}\r\n`, lineA, lineA.toLowerCase(), lineA.toUpperCase()]) {
    assert.deepEqual(onlyFingerprint(good), a, good);
  }
  for (const bad of ['', 'v=0\r\n', `${sdpWith(a)}${lineB}\r\n`, `${lineB}\r${lineA}`, `${sdpWith(a)}a=fingerprint:sha-1 AB\r\n`,
    `${lineA}\na=fingerprint:`, `${lineA}:00`, lineA.slice(0, -1), `${lineA} `, lineA.replace('256', '512')]) {
    assert.equal(onlyFingerprint(bad), null, bad);
  }
});

test('descriptions say whose they are and mean one certificate', () => {
  const fingerprint = fingerprintOfByte(0xab);
  const description = { fingerprint, room: 'room-1', sdp: sdpWith(fingerprint) };
  const bytes = encodeDescription('display', description);
  assert.deepEqual(decodeDescription('display', bytes), description);
  assert.throws(() => decodeDescription('controller', bytes), { code: 'auth_failed' });
  for (let cut = 0; cut < bytes.length; ++cut) {
    assert.throws(() => decodeDescription('display', bytes.subarray(0, cut)), { code: 'auth_failed' }, String(cut));
  }
  for (const [change, own] of [
    [{ fingerprint: fingerprintOfByte(0xac) }, 'invalid_argument'], [{ sdp: 'v=0\r\n' }, 'invalid_argument'],
    [{ room: 'r'.repeat(65) }, 'limit_exceeded'], [{ sdp: description.sdp + 'x'.repeat(32 * 1024) }, 'limit_exceeded'],
  ]) {
    const bad = { ...description, ...change };
    assert.throws(() => decodeDescription('display', encodeDescription('display', bad)), { code: 'auth_failed' });
    assert.throws(() => checkOwnDescription(bad), { code: own });
  }
});

test('boxes open in order; all else is one error and the end of the direction', async () => {
  const key = new Uint8Array(32).fill(1);
  // NIST's AES-256-GCM test case 13.
  assert.equal(toHex(await new BoxSealer(new Uint8Array(32)).seal('', new Uint8Array())), '530f8afbc74536b9a963b4f1c4cb738b');
  const sealer = new BoxSealer(key);
  // Both sealed and opened without waiting for one another.
  const [first, second, third] = await Promise.all(['1', '2', '3'].map((text) => sealer.seal('offer', utf8(text))));
  const opener = new BoxOpener(key);
  const texts = await Promise.all([first, second, third].map((box) => opener.open('offer', box)));
  assert.deepEqual(texts, ['1', '2', '3'].map(utf8));
  assert.equal(await codeOf(() => sealer.seal('offer', new Uint8Array(MAX_BOX_TEXT_BYTES + 1))), 'message_too_large');
  const changed = first.slice();
  changed[0] ^= 1;
  const strange = await new BoxSealer(new Uint8Array(32).fill(2)).seal('offer', utf8('1'));
  for (const [name, kind, box] of [
    ['gap', 'offer', second], ['another kind', 'answer', first], ['a bit', 'offer', changed], ['another key', 'offer', strange],
    ['nothing', 'offer', new Uint8Array()], ['too long', 'offer', new Uint8Array(MAX_BOX_TEXT_BYTES + 17)],
  ]) {
    const victim = new BoxOpener(key);
    const results = await Promise.all([codeOf(() => victim.open(kind, box)), codeOf(() => victim.open('offer', first))]);
    assert.deepEqual(results, ['auth_failed', 'auth_failed'], name);
    assert.ok(victim.dead);
  }
  const repeated = new BoxOpener(key);
  await repeated.open('offer', first);
  assert.equal(await codeOf(() => repeated.open('offer', first)), 'auth_failed');
});

test('attempt rules', () => {
  const random = seededRandom(1);
  const guard = new CodeGuard({ random });
  const MINUTE = 60_000;
  let now = 100 * MINUTE;
  const failOnce = () => guard.failRun(guard.charge(now, random(16)));
  const burn = () => {
    guard.newCode(now, '4821');
    for (let i = 0; i < 3; ++i) failOnce();
    assert.equal(guard.state, 'burnt');
  };
  const lettersOfNewCode = () => {
    guard.newCode(now, '4821');
    return guard.letters.text.length;
  };
  assert.throws(() => guard.charge(now, random(16)), { code: 'auth_failed' });
  guard.newCode(now, '4821');
  const sid = random(16);
  const run = guard.charge(now, sid);
  assert.equal(guard.runsLeft, 2, 'charged at the start');
  assert.throws(() => guard.charge(now, random(16)), { code: 'auth_failed' }, 'one at a time');
  guard.failRun(run);
  assert.throws(() => guard.charge(now, sid), { code: 'auth_failed' }, 'a repeated session id');
  const hanging = guard.charge(now, random(16));
  now += RUN_TIMEOUT_MS;
  const next = guard.charge(now, random(16));
  assert.equal(guard.succeed(now, hanging), false);
  assert.equal(guard.succeed(now, next), true);
  assert.equal(guard.state, 'used');
  assert.equal(guard.failedRuns, 0);
  assert.throws(() => guard.charge(now, random(16)), { code: 'auth_failed' });
  guard.newCode(now, '4821');
  now += CODE_LIFETIME_MS;
  assert.ok(guard.needsNewCode(now));
  assert.throws(() => guard.charge(now, random(16)), { code: 'auth_failed' });

  now += 600 * MINUTE;
  burn();
  assert.equal(lettersOfNewCode(), 5);
  now += 59 * MINUTE;
  burn();
  assert.equal(lettersOfNewCode(), 8);
  now += MINUTE;
  assert.equal(lettersOfNewCode(), 5, 'the first of the two is an hour old');
  now += 600 * MINUTE;
  guard.newCode(now, '4821');
  failOnce();
  now += 9 * MINUTE;
  failOnce();
  failOnce();
  now += 58 * MINUTE;
  burn();
  assert.equal(lettersOfNewCode(), 8, 'two burnt, though the first of the six runs is 67 minutes old');
  now += 600 * MINUTE;
  for (let code = 0; code < 3; ++code) {
    assert.equal(lettersOfNewCode(), 5);
    failOnce();
    failOnce();
    now += 10 * MINUTE;
  }
  assert.equal(lettersOfNewCode(), 8, 'six failed runs in an hour, and no code burnt');
});
