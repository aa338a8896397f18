// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What holds for each pair of ends: with an honest relay, with wrong letters, and with a relay that changes,
// swaps, replays and reflects.
import assert from 'node:assert/strict';
import test from 'node:test';

import { codeOf, fingerprintOfByte, sdpWith, toHex } from './testing.mjs';
import { fromBase64Url, lvCat, toBase64Url, utf8 } from '../../../samples/web/auth-bytes.js';
import {
  decodeAssociatedData, decodeHello, decodeReply, encodeAssociatedData, encodeConfirmation, encodeDescription, encodeHello, encodeReply,
} from '../../../samples/web/pairing-messages.js';

const displayFp = fingerprintOfByte(0xd1);
const controllerFp = fingerprintOfByte(0xc2);
const own = (fingerprint) => ({ sdp: sdpWith(fingerprint), fingerprint: toHex(fingerprint) });
const room = 'session-1';

/** Runs `work(display, controller)` with two new ends, and closes them. */
async function withEnds([makeDisplay, makeController], work) {
  const display = makeDisplay();
  const controller = makeController();
  try {
    await work(display, controller);
  } finally {
    display.close();
    controller.close();
  }
}

/** To the end with everything delivered as the relay's functions leave it. */
async function pair(display, controller, { relay = {}, code = (shown) => shown.code, displayRoom = room } = {}) {
  const seen = {};
  const through = (name, message) => (seen[name] = relay[name]?.(message, seen) ?? message);
  const shown = await display.call('display', { lookup: '4821', features: ['a', 'b'] });
  await controller.call('controller', { code: code(shown), features: ['b', 'c'] });
  seen.sentHello = (await controller.call('hello')).hello;
  seen.displayFailed = await codeOf(async () => display.call('handleHello', { hello: through('hello', seen.sentHello) }));
  if (seen.displayFailed !== 'ok') return seen;
  seen.sentOffer = await display.call('offer', { room: displayRoom, ...own(displayFp) });
  seen.controllerFailed = await codeOf(async () => {
    seen.atController = await controller.call('handleOffer', { room, ...through('offer', seen.sentOffer) });
  });
  if (seen.controllerFailed !== 'ok') return seen;
  seen.sentAnswer = await controller.call('answer', own(controllerFp));
  seen.displayFailed = await codeOf(async () => {
    seen.atDisplay = await display.call('handleAnswer', through('answer', seen.sentAnswer));
  });
  if (seen.displayFailed !== 'ok') return seen;
  const candidate = (await controller.call('seal', { kind: 'candidate', text: 'candidate:1' })).box;
  seen.displayFailed = await codeOf(async () => {
    seen.candidate = (await display.call('open', { kind: 'candidate', box: through('candidate', candidate) })).text;
  });
  return seen;
}

// What an evil relay does, and who sees it. `old` is a pairing of before.
const flip = (text, bit) => {
  const bytes = fromBase64Url(text, 70_000);
  bytes[(bit >> 3) % bytes.length] ^= 1 << (bit & 7);
  return toBase64Url(bytes);
};
const hello = (change) => ({ hello: (text) => encodeHello(change(decodeHello(text))) });
const reply = (change) => ({ offer: ({ pake, box }, seen) => ({ pake: encodeReply(change(decodeReply(pake), seen)), box }) });
const evil = fingerprintOfByte(0xee);
const forged = (role) => toBase64Url(encodeDescription(role, { fingerprint: evil, room, sdp: sdpWith(evil) }));
const withoutFeatures = (message) => ({
  ...message, data: encodeAssociatedData({ ...decodeAssociatedData(message.data), features: [] }),
});
const variants = (old) => [
  ["another share", 'controller', hello((h) => ({ ...h, share: decodeHello(old.sentHello).share }))],
  ['an old hello', 'controller', { hello: () => old.sentHello }],
  ['another session id', 'controller', hello((h) => ({ ...h, sessionId: h.sessionId.map((b) => b ^ 1) }))],
  ["the controller's features taken away", 'controller', hello(withoutFeatures)],
  ["letters said to be the URL's", 'controller',
    hello((h) => ({ ...h, data: encodeAssociatedData({ ...decodeAssociatedData(h.data), secret: 'url' }) }))],
  ['the controller called a display', 'display', hello((h) => ({ ...h, data: encodeAssociatedData({ role: 'display', features: [] }) }))],
  ['another version', 'display', hello((h) => ({ ...h, data: lvCat(...['controller', 'pair/0', '', 'letters'].map(utf8)) }))],
  ['the identity', 'display', hello((h) => ({ ...h, share: new Uint8Array(32) }))],
  ['a share with the highest bit set', 'display', hello((h) => ({ ...h, share: h.share.map((b, i) => (i === 31 ? b | 0x80 : b)) }))],
  ['an old offer', 'controller', { offer: () => old.sentOffer }],
  ["the hello's share reflected", 'controller', reply((r, seen) => ({ ...r, share: decodeHello(seen.sentHello).share }))],
  ['another tag', 'controller', reply((r) => ({ ...r, tag: r.tag.map((b, i) => (i === 63 ? b ^ 1 : b)) }))],
  ["the display's features taken away", 'controller', reply(withoutFeatures)],
  ["the relay's fingerprint and SDP", 'controller', { offer: ({ pake }) => ({ pake, box: forged('display') }) }],
  ["a bit of the offer's box", 'controller', { offer: ({ pake, box }) => ({ pake, box: flip(box, 100) }) }],
  ["an old box", 'controller', { offer: ({ pake }) => ({ pake, box: old.sentOffer.box }) }],
  ["the display's tag reflected", 'display',
    { answer: ({ box }, seen) => ({ pake: encodeConfirmation(decodeReply(seen.sentOffer.pake).tag), box }) }],
  ["the display's box reflected", 'display', { answer: ({ pake }, seen) => ({ pake, box: seen.sentOffer.box }) }],
  ['an old answer', 'display', { answer: () => old.sentAnswer }],
  ["the relay's fingerprint and SDP in the answer", 'display', { answer: ({ pake }) => ({ pake, box: forged('controller') }) }],
  ["a bit of the answer's tag", 'display', { answer: ({ pake, box }) => ({ pake: flip(pake, 77), box }) }],
  ["a bit of the answer's box", 'display', { answer: ({ pake, box }) => ({ pake, box: flip(box, 5000) }) }],
  ["the answer's box as a candidate", 'display', { candidate: (_, seen) => seen.sentAnswer.box }],
  ['a bit of a candidate', 'display', { candidate: (box) => flip(box, 3) }],
];

/**
 * Registers the tests of this pair of ends.
 * @param {string} name @param {[() => object, () => object]} ends make the display and the controller
 */
export function testPairing(name, ends) {
  test(`${name}: letters`, () => withEnds(ends, async (display, controller) => {
    const seen = await pair(display, controller);
    assert.equal(seen.displayFailed, 'ok');
    assert.deepEqual({ ...seen.atController }, { ...own(displayFp), room });
    assert.deepEqual({ ...seen.atDisplay }, { ...own(controllerFp), room });
    assert.equal(seen.candidate, 'candidate:1');
    for (const end of [display, controller]) assert.deepEqual((await end.call('features')).features, ['b']);
    const back = await display.call('seal', { kind: 'bye', text: 'grüße' });
    assert.equal((await controller.call('open', { kind: 'bye', box: back.box })).text, 'grüße');
    const tagD = (await display.call('ownBindTag', { peer: toHex(controllerFp) })).tag;
    const tagC = (await controller.call('ownBindTag', { peer: toHex(displayFp) })).tag;
    await display.call('checkBindTag', { tag: tagC, peer: toHex(controllerFp) });
    await controller.call('checkBindTag', { tag: tagD, peer: toHex(displayFp) });
    assert.equal((await display.call('takeResumeKey')).key, (await controller.call('takeResumeKey')).key);
    assert.equal(await codeOf(() => controller.call('checkBindTag', { tag: tagC, peer: toHex(displayFp) })), 'auth_failed');
  }));

  test(`${name}: the URL's secret`, () => withEnds(ends, async (display, controller) => {
    const seen = await pair(display, controller, { code: (shown) => shown.url });
    assert.equal(seen.displayFailed, 'ok');
  }));

  test(`${name}: wrong letters`, () => withEnds(ends, async (display, controller) => {
    const wrong = ({ code }) => code.slice(0, -1) + (code.endsWith('B') ? 'C' : 'B');
    const seen = await pair(display, controller, { code: wrong });
    assert.equal(seen.controllerFailed, 'auth_failed');
    assert.equal(await codeOf(() => display.call('handleAnswer', { pake: encodeConfirmation(new Uint8Array(64)), box: 'AAAA' })), 'auth_failed');
  }));
  test(`${name}: a description is for one room`, () => withEnds(ends, async (display, controller) => {
    const seen = await pair(display, controller, { displayRoom: 'session-2' });
    assert.equal(seen.controllerFailed, 'auth_failed');
  }));

  test(`${name}: an evil relay`, async () => {
    let old;
    await withEnds(ends, async (...ends) => {
      old = await pair(...ends);
      assert.equal(old.displayFailed, 'ok');
    });
    for (const [variant, sees, relay] of variants(old)) {
      await withEnds(ends, async (display, controller) => {
        const seen = await pair(display, controller, { relay });
        assert.equal(seen.displayFailed, sees === 'display' ? 'auth_failed' : 'ok', variant);
        if (sees === 'controller') assert.equal(seen.controllerFailed, 'auth_failed', variant);
        // Neither end ever has the other's proof.
        const tags = [];
        for (const [end, peer] of [[display, controllerFp], [controller, displayFp]]) {
          await codeOf(async () => tags.push((await end.call('ownBindTag', { peer: toHex(peer) })).tag));
        }
        assert.ok(tags.length < 2, variant);
        for (const tag of [...tags, '00'.repeat(64)]) {
          for (const [end, peer] of [[display, controllerFp], [controller, displayFp]]) {
            assert.notEqual(await codeOf(() => end.call('checkBindTag', { tag, peer: toHex(peer) })), 'ok', variant);
          }
        }
      });
    }
  });
}
