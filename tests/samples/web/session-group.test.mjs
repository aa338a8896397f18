// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Shared time, presentation, groups and typed events of the session's modules, as tests/peer/sync and
// tests/peer/group.
import './testing.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventError } from '../../../samples/web/event-fields.js';
import { ClockEstimate, MAX_SAMPLES, MAX_TIME_US } from '../../../samples/web/session/clock-estimate.js';
import { FanOut } from '../../../samples/web/session/fan-out.js';
import { FrameType, ValueKind } from '../../../samples/web/session/frames.js';
import { Group } from '../../../samples/web/session/group.js';
import { LEAD_MARGIN_US, MAX_LEAD_US, presentationLeadUs } from '../../../samples/web/session/presentation-lead.js';
import { LATE_US, MAX_AHEAD_US, MAX_FRAMES, PresentationQueue } from '../../../samples/web/session/presentation-queue.js';
import { SessionError } from '../../../samples/web/session/session-error.js';
import { readTyped, sendEvent } from '../../../samples/web/session/typed-events.js';
import { SimRandom } from './session-sim.mjs';

const SECOND = 1_000_000;
const refused = (code, work) => assert.throws(work, { name: 'SessionError', code });

// --- The clock

/** Pings over a path of `oneWay` + jitter each way; their clock = ours · (1 + ppm) + offset. */
function pings(estimate, random, { from, count, every, oneWay, jitter, offset, ppm = 0 }) {
  const theirs = (ours) => Math.round(ours * (1 + ppm * 1e-6) + offset);
  for (let i = 0, t0 = from; i < count; ++i, t0 += every) {
    const arrives = t0 + oneWay + random.below(jitter + 1);
    const t3 = arrives + oneWay + random.below(jitter + 1);
    assert.ok(estimate.add({ t0, t1: theirs(arrives), t2: theirs(arrives), t3 }));
  }
}

test('within two milliseconds under jitter, and the error holds the truth', () => {
  for (let seed = 1; seed <= 300; ++seed) {
    const random = new SimRandom(seed);
    const estimate = new ClockEstimate();
    const offset = random.between(-1000, 1000) * SECOND + random.below(SECOND);
    const from = 2_000 * SECOND;
    pings(estimate, random, { from, count: 60, every: SECOND / 2, oneWay: random.between(1_000, 50_000), jitter: 5_000, offset });
    const { offsetUs, errorUs } = estimate.at(from + 30 * SECOND);
    assert.ok(Math.abs(offsetUs - offset) <= 2_000, `seed ${seed}: ${offsetUs - offset}`);
    assert.ok(Math.abs(offsetUs - offset) <= errorUs + 1, `seed ${seed}`);
  }
});

test('the clock follows drift and survives a step', () => {
  const random = new SimRandom(5);
  const estimate = new ClockEstimate();
  const path = { count: 120, every: SECOND / 2, oneWay: 10_000, jitter: 2_000 };
  pings(estimate, random, { ...path, from: 100 * SECOND, offset: 7 * SECOND, ppm: 80 });
  const now = 160 * SECOND;
  const clock = estimate.at(now);
  assert.ok(Math.abs(clock.driftPpm - 80) < 30, `${clock.driftPpm}`);
  assert.ok(Math.abs(clock.offsetUs - (7 * SECOND + now * 80e-6)) < 2_000);
  pings(estimate, random, { ...path, from: now, count: 3, offset: -50 * SECOND });
  assert.ok(Math.abs(estimate.at(now + SECOND).offsetUs + 50 * SECOND) < 5_000);
  assert.equal(estimate.samples, 3, 'the older ones went');
});

test('impossible samples change nothing', () => {
  const estimate = new ClockEstimate();
  assert.equal(estimate.at(5), null);
  assert.equal(estimate.roundTripUs, null);
  for (const sample of [
    { t0: -1, t1: 1, t2: 1, t3: 2 }, { t0: 1, t1: 5, t2: 4, t3: 9 }, { t0: 9, t1: 1, t2: 1, t3: 8 }, { t0: 1, t1: 1, t2: 9, t3: 2 },
    { t0: 0, t1: 1, t2: 1, t3: 5 * SECOND + 1 }, { t0: 0, t1: MAX_TIME_US + 1, t2: MAX_TIME_US + 1, t3: 2 },
    { t0: 0, t1: Infinity, t2: Infinity, t3: 2 }, { t0: NaN, t1: 1, t2: 1, t3: 2 },
  ]) {
    assert.equal(estimate.add(sample), false);
  }
  assert.equal(estimate.samples, 0);
  for (let i = 0; i < 2 * MAX_SAMPLES; ++i) assert.ok(estimate.add({ t0: i * 100, t1: i * 100 + 10, t2: i * 100 + 10, t3: i * 100 + 20 }));
  assert.equal(estimate.samples, MAX_SAMPLES);
  assert.equal(estimate.roundTripUs, 20);
  assert.equal(estimate.at(-1), null);
});

// --- Presentation

test('frames wait for their moments, late ones are shown at once and counted', () => {
  const queue = new PresentationQueue();
  queue.push('b', 200, 0);
  queue.push('a', 100, 0);
  queue.push('c', 200, 0);
  assert.equal(queue.nextDue, 100);
  assert.equal(queue.take(99), null);
  assert.deepEqual(queue.take(100), { id: 'a', lateUs: 0 });
  assert.deepEqual([queue.take(200).id, queue.take(200).id, queue.take(200)], ['b', 'c', null]);
  queue.push('late', 0, LATE_US + 1);
  assert.deepEqual(queue.take(LATE_US + 1), { id: 'late', lateUs: LATE_US + 1 });
  assert.deepEqual(queue.stats, { shown: 4, late: 1, dropped: 0, worstLateUs: LATE_US + 1 });
});

test('the presentation queue is bounded, also when the clock is set back', () => {
  const queue = new PresentationQueue();
  refused('invalid_argument', () => queue.push(1, -1, 0));
  refused('invalid_argument', () => queue.push(1, NaN, 0));
  refused('limit_exceeded', () => queue.push(1, MAX_AHEAD_US + 1, 0));
  for (let i = 0; i < MAX_FRAMES; ++i) queue.push(i, 20 * SECOND + i, 15 * SECOND);
  refused('limit_exceeded', () => queue.push(1, 0, 0));
  assert.equal(queue.stats.dropped, 4);
  assert.equal(queue.takeUnreachable(15 * SECOND), null);
  assert.deepEqual(queue.takeUnreachable(10 * SECOND), { id: MAX_FRAMES - 1 });
  while (queue.takeUnreachable(SECOND));
  assert.equal(queue.size, 0);
});

test('the lead is that of the slowest member', () => {
  assert.equal(presentationLeadUs([]), LEAD_MARGIN_US);
  assert.equal(presentationLeadUs([{ roundTripUs: 10_000, clockErrorUs: 500 }, { roundTripUs: -5, clockErrorUs: 0 }]), 15_500);
  assert.equal(presentationLeadUs([{ roundTripUs: 1e12, clockErrorUs: 0 }]), MAX_LEAD_US);
});

// --- Groups

class Member {
  sent = [];
  error = null;
  #next = 10;

  send(kind, payload) {
    if (this.error) throw new SessionError(this.error, this.error);
    this.sent.push([kind, payload.length]);
    return ++this.#next;
  }
}

function groupOf(members, limits = {}) {
  const tasks = [];
  const told = [];
  const tell = (event) => (...values) => told.push([event, ...values]);
  const group = new FanOut((work) => tasks.push(work), limits, {
    onAcked: tell('acked'), onAckedByAll: tell('all'), onMissed: tell('missed'), onLagging: tell('lagging'),
  });
  const sinks = Array.from({ length: members }, () => new Member());
  const ids = sinks.map((sink) => group.add(sink));
  return {
    group, sinks, ids,
    turn: () => {
      for (const work of tasks.splice(0)) work();
      return told.splice(0);
    },
  };
}
const bytes = (size) => new Uint8Array(size);

test('joint acknowledgements', () => {
  const { group, sinks, ids, turn } = groupOf(2);
  assert.equal(group.send('text', bytes(3)), 1);
  assert.equal(group.send('text', bytes(3)), 2);
  assert.deepEqual(sinks[0].sent, [['text', 3], ['text', 3]]);
  assert.deepEqual(turn(), []);
  group.onAcked(ids[0], 12);
  group.onAcked(ids[1], 11);
  assert.deepEqual(turn(), [['acked', 2, 1], ['acked', 1, 2], ['all', 1, []]]);
  group.onAcked(99, 12);
  group.remove(ids[1]);
  assert.deepEqual(turn(), [['all', 2, [2]]]);
  assert.equal(groupOf(0).group.send('text', bytes(1)), 1);
  const nobody = groupOf(0);
  nobody.group.send('text', bytes(1));
  assert.deepEqual(nobody.turn(), [['all', 1, []]], 'nobody was there');
});

test('one that lags delays nobody, and what it misses is named', () => {
  const { group, sinks, ids, turn } = groupOf(3);
  group.send('binary', bytes(1));
  sinks[1].error = 'buffer_full';
  group.send('binary', bytes(1));
  group.send('binary', bytes(1));
  for (const id of [ids[0], ids[2]]) group.onAcked(id, 13);
  assert.deepEqual(turn(), [
    ['acked', 3, 1], ['acked', 3, 3], ['all', 1, [2]], ['all', 2, [2]], ['all', 3, [2]], ['lagging', 2, true],
  ]);
  assert.deepEqual(group.members()[1], { id: 2, lagging: true, gone: false, acked: 0, missed: { first: 2, last: 3 }, messages: 1, bytes: 1 });
  sinks[1].error = null;
  group.onRoom(ids[1]);
  assert.deepEqual(turn(), [['missed', 2, { first: 2, last: 3 }], ['lagging', 2, false]]);
  sinks[1].error = 'closed';
  group.send('binary', bytes(1));
  assert.ok(group.members()[1].gone);
  group.remove(ids[1]);
  assert.deepEqual(turn(), [['missed', 2, { first: 4, last: 4 }]]);
  sinks[0].error = 'message_too_large';
  group.send('binary', bytes(1));
  sinks[0].error = null;
  group.send('binary', bytes(1));
  assert.deepEqual(turn(), [['missed', 1, { first: 5, last: 5 }]], 'others may fit');
  assert.ok(!group.members()[0].lagging);
});

test('what a member may have unacknowledged is bounded, and so is what the group waits for', () => {
  const { group, ids, turn } = groupOf(2, { outboxBytes: 10 });
  for (let i = 0; i < 4; ++i) {
    group.send('binary', bytes(4));
    group.onAcked(ids[0], 11 + i);
  }
  turn();
  const [first, second] = group.members();
  assert.deepEqual([first.lagging, second.lagging, second.bytes], [false, true, 8]);
  assert.deepEqual(second.missed, { first: 3, last: 4 });
  group.onAcked(ids[1], 11);
  assert.ok(!group.members()[1].lagging, 'half of the room is free');
  turn();
  const slow = groupOf(2, { outstanding: 3 });
  for (let i = 0; i < 4; ++i) {
    slow.group.send('binary', bytes(0));
    slow.group.onAcked(slow.ids[0], 11 + i);
  }
  assert.ok(slow.group.members()[1].lagging);
  assert.deepEqual(slow.turn().filter(([event]) => event === 'all').map(([, message]) => message), [1, 2, 3, 4]);
  const full = groupOf(64);
  refused('limit_exceeded', () => full.group.add(new Member()));
  full.group.send('text', bytes(1));
  assert.ok(full.sinks.every((sink) => sink.sent.length === 1));
  full.group.remove(1);
  full.group.close();
  assert.deepEqual(full.turn(), []);
});

// --- Typed events

test('a typed event goes as its class says, and comes back checked', () => {
  const calls = [];
  const end = {
    send: (...args) => (calls.push(['send', ...args]), 7),
    setState: (...args) => void calls.push(['setState', ...args]),
    sendStream: (...args) => void calls.push(['sendStream', ...args]),
  };
  const mark = { type: 'sync:mark', data: { mark: 'a', at: 5 } };
  const status = { type: 'display:status', data: { status: 'online' } };
  const frame = { type: 'animation:frame', data: { frame: 1 } };
  assert.equal(sendEvent(end, 1, mark), 7);
  assert.equal(sendEvent(end, 2, status), 0);
  assert.deepEqual(calls[0].slice(0, 3), ['send', 1, FrameType.DATA_EVENT]);
  assert.deepEqual(calls[1].slice(0, 4), ['setState', 2, 'display:status', ValueKind.EVENT]);
  assert.deepEqual(readTyped('command', calls[0][3]), mark);
  assert.deepEqual(readTyped('state', calls[1][4], 'display:status'), status);
  assert.equal(readTyped('state', calls[1][4], 'display:health'), null, 'under another key');
  assert.equal(readTyped('command', calls[1][4]), null, 'of another class');
  assert.equal(readTyped('command', new TextEncoder().encode('{')), null);
  assert.equal(readTyped('command', new TextEncoder().encode('{"type":"user_left","data":{"memberId":"m","role":"display"}}')), null);
  assert.equal(readTyped('command', Uint8Array.of(0xff)), null);
  assert.throws(() => sendEvent(end, 1, { type: 'chat:message', data: { text: '' } }), EventError);
  assert.throws(() => sendEvent(end, 1, { type: 'toString', data: {} }), EventError);
  assert.throws(() => sendEvent(end, 1, { type: 'user_left', data: { memberId: 'm', role: 'display' } }), TypeError);
  sendEvent(end, 3, frame);
  assert.deepEqual(calls[2].slice(0, 3), ['sendStream', 3, FrameType.STREAM_EVENT]);
  assert.deepEqual(readTyped('stream', calls[2][3]), frame);
});

// --- A group of sessions

class FakeSession extends EventTarget {
  state = 'connected';
  sent = [];
  room = Infinity;
  bufferedAmount = 0;

  hasRoomFor(bytes) { return bytes <= this.room; }
  send(data) {
    if (this.state === 'closed') throw new SessionError('closed', 'closed');
    if (!this.hasRoomFor(data.length)) throw new SessionError('buffer_full', 'full');
    return this.sent.push(data);
  }

  acknowledge(id) { this.dispatchEvent(new CustomEvent('acked', { detail: { id } })); }
  close() {
    this.state = 'closed';
    this.dispatchEvent(new CustomEvent('close', { detail: { code: 'closed' } }));
  }
}

const turn = () => new Promise((resolve) => { setImmediate(resolve); });

function sessionsIn(...sessions) {
  const group = new Group();
  const told = [];
  for (const type of ['acked', 'missed', 'lagging']) group.addEventListener(type, ({ detail }) => told.push([type, detail]));
  return { group, told, ids: sessions.map((session) => group.add(session)) };
}

test('a group sends one message to all its sessions, and says when all have it', async () => {
  const [one, two] = [new FakeSession(), new FakeSession()];
  const { group, told, ids } = sessionsIn(one, two);
  assert.equal(group.send('text'), 1);
  assert.equal(group.send(Uint8Array.of(7)), 2);
  assert.deepEqual(one.sent, ['text', Uint8Array.of(7)]);
  assert.deepEqual(two.sent, one.sent);
  one.acknowledge(2);
  await turn();
  assert.deepEqual(told, []);
  assert.deepEqual(group.members.map(({ id, messages }) => [id, messages]), [[ids[0], 0], [ids[1], 2]]);
  two.close();
  await turn();
  assert.deepEqual(told, [['acked', { id: 1, missing: [ids[1]] }], ['acked', { id: 2, missing: [ids[1]] }]]);
  assert.deepEqual(group.members.map(({ session }) => session), [one]);
  refused('closed', () => group.add(two));
  refused('message_too_large', () => group.send('x'.repeat(262_125)));
  assert.equal(one.sent.length, 2);
});

test('a session that is full is passed over until it has room again', async () => {
  const [one, two] = [new FakeSession(), new FakeSession()];
  const { group, told, ids } = sessionsIn(one, two);
  group.send('first');
  two.room = 3;
  group.send('second');
  await turn();
  assert.deepEqual(told, [['lagging', { member: ids[1], lagging: true }]]);
  // An acknowledgement that makes too little room changes nothing.
  two.acknowledge(1);
  group.send('abc');
  await turn();
  assert.deepEqual(two.sent, ['first']);
  two.room = 100;
  two.acknowledge(1);
  await turn();
  assert.deepEqual(told.filter(([type]) => type !== 'acked').slice(1),
    [['missed', { member: ids[1], first: 2, last: 3 }], ['lagging', { member: ids[1], lagging: false }]]);
  group.send('again');
  assert.deepEqual(two.sent, ['first', 'again']);
  assert.deepEqual(one.sent, ['first', 'second', 'abc', 'again']);
});

test('a raw session counts as acknowledged once the browser has taken the message', async () => {
  const raw = new FakeSession();
  raw.state = undefined;
  const { group, told } = sessionsIn(raw);
  group.send('text');
  await turn();
  assert.deepEqual(raw.sent, ['text']);
  assert.deepEqual(told, [['acked', { id: 1, missing: [] }]]);
  raw.send = () => { throw new DOMException('gone', 'InvalidStateError'); };
  group.send('more');
  await turn();
  assert.equal(told.length, 2);
  assert.equal(told[1][1].missing.length, 1);
});
