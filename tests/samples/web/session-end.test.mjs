// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What one end of a session (session-end.js) refuses: as tests/peer/delivery/session_end_test.cc. What two ends do over bad links is
// session-sim.test.mjs's.
import { seededRandom } from './testing.mjs'; // and WebCrypto for old Node.js

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Channel, FrameType, Lane, ValueKind, makeFrame, negotiationPayload, parseFrame, parsePing, pongPayload } from '../../../samples/web/session/frames.js';
import { HelloKeeper } from '../../../samples/web/session/hello-keeper.js';
import { parseHello } from '../../../samples/web/session/hello.js';
import { MAX_NEGOTIATIONS, MAX_PINGS, NEGOTIATION_COST_MS, RELAY_ROUND_TRIP_MS, SessionEnd } from '../../../samples/web/session/session-end.js';

const NOW = 1_000_000;

function makeEnd(role, random) {
  const end = { sent: [], ended: [], applied: 0, pongs: 0, report: null };
  const fingerprints = { own: new Uint8Array(32), peer: new Uint8Array(32) };
  const owner = {
    sendFrame: (link, lane, frame) => end.sent.push({ link, lane, frame: frame.slice() }),
    room: () => 10_000,
    fingerprintsOf: () => fingerprints,
    ownBindTag: () => new Uint8Array(64),
    checkBindTag: () => true,
    do: (action) => {
      if (action.type === 'endLink') end.ended.push(action.link);
      if (action.type === 'applyRemote') ++end.applied;
    },
    onMessage() {}, onStateValue() {}, onStateCleared() {}, onStream() {}, onAcked() {},
    onControl: ({ type }) => { if (type === FrameType.PONG) ++end.pongs; },
    onClosed: (report) => { end.report = report; },
  };
  const keeper = new HelloKeeper({ role, first: new Uint8Array(64).fill(7), features: ['session.1'], random });
  end.session = new SessionEnd({ role, keeper, random, owner });
  return end;
}

function carry(from, to, skipped = []) {
  for (const { link, lane, frame } of from.sent.splice(0)) {
    if (!skipped.includes(frame[1])) to.session.onFrame(NOW, link, lane, frame);
  }
}

function connect(display, controller, link) {
  for (const end of [display, controller]) end.session.give(NOW, { type: 'linkUp', link });
  while (display.sent.length + controller.sent.length > 0) {
    carry(display, controller);
    carry(controller, display);
  }
  assert.deepEqual([display.session.link, controller.session.link], [link, link]);
}

function makePair() {
  const random = seededRandom(1);
  return [makeEnd('display', random), makeEnd('controller', random)];
}

test('a hello moves no keys before its link is bound', () => {
  const [display, controller] = makePair();
  connect(display, controller, 1);
  const generationSaidOn = (link) => {
    controller.session.give(NOW, { type: 'linkUp', link });
    const said = controller.sent.splice(0).find(({ frame }) => frame[1] === FrameType.HELLO);
    return parseHello(parseFrame(Lane.CONTROL, said.frame).payload).hello.generation;
  };
  const before = generationSaidOn(2);
  display.session.give(NOW, { type: 'linkUp', link: 2 });
  carry(display, controller, [FrameType.BIND]);
  assert.deepEqual(controller.ended, [2]);
  assert.equal(controller.session.link, 1);
  assert.equal(generationSaidOn(3), before);
  connect(display, controller, 4);
});

test('negotiations are bounded', () => {
  const [display, controller] = makePair();
  connect(display, controller, 1);
  const offer = makeFrame({ type: FrameType.NEGOTIATE, chan: Channel.NONE, seq: 0, ack: 0 }, negotiationPayload({ kind: 'offer', text: 'v=0' }));
  let now = NOW;
  const give = (count) => {
    for (let i = 0; i < count; ++i) controller.session.onFrame(now, 1, Lane.CONTROL, offer);
  };
  give(MAX_NEGOTIATIONS);
  for (let i = 0; i < 100; ++i) {
    now += NEGOTIATION_COST_MS;
    give(1);
  }
  assert.equal(controller.report, null);
  assert.equal(controller.applied, MAX_NEGOTIATIONS + 100);
  give(1);
  assert.equal(controller.report.reason, 'protocol');
  assert.equal(controller.applied, MAX_NEGOTIATIONS + 100);
});

test('each ping that waits for its answer counts once; the oldest of too many is forgotten', () => {
  const [display, controller] = makePair();
  connect(display, controller, 1);
  const asked = [];
  for (let i = 0; i <= MAX_PINGS; ++i) {
    controller.session.ping(NOW + i);
    asked.push(parsePing(parseFrame(Lane.CONTROL, controller.sent.splice(0)[0].frame).payload));
  }
  const answer = (ping, fields = {}) => {
    const payload = pongPayload({ ...ping, t1: 1, t2: 1, ...fields });
    controller.session.onFrame(NOW + 100, 1, Lane.CONTROL, makeFrame({ type: FrameType.PONG }, payload));
    return controller.pongs;
  };
  assert.equal(answer(asked[0]), 0, 'forgotten');
  assert.equal(answer(asked[1]), 1);
  assert.equal(answer(asked[1]), 1, 'once');
  assert.equal(answer(asked[2], { t0: asked[2].t0 + 1 }), 1, 'with another time');
  assert.equal(answer(asked[5]), 2);
  assert.equal(answer(asked[4]), 2, 'the lane keeps the order');
  assert.equal(answer(asked.at(-1)), 3);
  assert.equal(controller.report, null);
});

test('while the relay carries the session states are sent again after 1.5 s at the earliest, and streams are refused', () => {
  const [display, controller] = makePair();
  connect(display, controller, 1);
  for (const end of [display, controller]) {
    end.session.give(NOW, { type: 'linkEnded', link: 1 });
    end.session.give(NOW, { type: 'relayMet' });
    end.session.give(NOW, { type: 'fallbackUp', link: 2 });
    end.session.onTimer(NOW + 3_000);
  }
  while (display.sent.length + controller.sent.length > 0) {
    carry(display, controller);
    carry(controller, display);
  }
  assert.ok(controller.session.overRelay && display.session.overRelay);
  assert.throws(() => controller.session.sendStream(NOW, FrameType.STREAM_TEXT, new Uint8Array(1)), { code: 'unsupported' });
  const setAt = NOW + 3_000;
  controller.session.setState(setAt, 'k', ValueKind.TEXT, new Uint8Array(1));
  const states = () => controller.sent.splice(0).filter(({ lane }) => lane === Lane.STATE).length;
  assert.equal(states(), 1);
  controller.session.onTimer(setAt + 1.5 * RELAY_ROUND_TRIP_MS - 1);
  assert.equal(states(), 0);
  controller.session.onTimer(setAt + 1.5 * RELAY_ROUND_TRIP_MS);
  assert.equal(states(), 1);
});
