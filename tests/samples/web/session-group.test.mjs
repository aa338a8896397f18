// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Shared time, presentation, groups and typed events of the session's modules, as tests/peer/sync and
// tests/peer/group.
import './testing.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventError } from '../../../samples/web/event-fields.js';
import { FrameShow, LAST_REPORTS_MS, WARM_UP_MS } from '../../../samples/web/frame-show.js';
import { ClockEstimate, MAX_SAMPLES, MAX_TIME_US } from '../../../samples/web/session/clock-estimate.js';
import { FanOut } from '../../../samples/web/session/fan-out.js';
import { FrameType, ValueKind } from '../../../samples/web/session/frames.js';
import { Group } from '../../../samples/web/session/group.js';
import { MAX_STATE_BYTES, MAX_STATE_KEYS } from '../../../samples/web/session/state-table.js';
import { LEAD_FALLS, LEAD_MARGIN_US, MAX_JITTER_US, MAX_LEAD_US, PresentationLead, presentationLeadUs } from '../../../samples/web/session/presentation-lead.js';
import { LATE_US, MAX_AHEAD_US, MAX_FRAMES, PresentationQueue } from '../../../samples/web/session/presentation-queue.js';
import { SessionClock } from '../../../samples/web/session/session-clock.js';
import { SessionError } from '../../../samples/web/session/session-error.js';
import { readTyped, sendEvent } from '../../../samples/web/session/typed-events.js';
import { ManualLoop, SimRandom } from './session-sim.mjs';

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

test('a lead that is needed comes at once, one that is not goes slowly; moments never go back', () => {
  const lead = new PresentationLead();
  const path = (usualUs, fastestUs = usualUs) => [{ usualUs, fastestUs, clockErrorUs: 0 }];
  let now = 100 * SECOND;
  assert.equal(lead.next(now, path(10_000)), 10_000 + LEAD_MARGIN_US);
  assert.equal(lead.next(now, path(100_000)), 100_000 + LEAD_MARGIN_US, 'at once');
  now += 80_000;
  assert.equal(lead.next(now, path(10_000)), 100_000 + LEAD_MARGIN_US - 80_000 / LEAD_FALLS);
  now += 10 * SECOND;
  assert.equal(lead.next(now, path(10_000)), 10_000 + LEAD_MARGIN_US);
  // One that stood still does not make the others' frames late.
  assert.equal(lead.next(now, path(8 * SECOND, 20_000)), 20_000 + MAX_JITTER_US + LEAD_MARGIN_US);
  assert.equal(new PresentationLead().next(now, path(8 * SECOND, null)), MAX_LEAD_US);
  const random = new SimRandom(4);
  for (let last = 0, i = 0; i < 2_000; ++i) {
    now += random.below(40_000);
    const moment = now + lead.next(now, path(random.below(600_000), random.below(100_000)));
    assert.ok(moment >= last, `${i}`);
    last = moment;
  }
});

test('pings for the clock: often at first, then seldom; twice a second while frames go', () => {
  const pingsIn = (clock, rig, ms) => {
    const end = rig.now + ms;
    let pings = 0;
    while (clock.due !== null && clock.due < end) {
      rig.now = Math.max(rig.now, clock.due);
      if (clock.onDue(rig.now)) ++pings;
    }
    rig.now = end;
    return pings;
  };
  const rig = { now: 3_600_000 };
  const clock = new SessionClock();
  assert.deepEqual([clock.due, clock.onDue(rig.now)], [null, false]);
  clock.setConnected(rig.now, true);
  assert.equal(pingsIn(clock, rig, 951), 20);
  assert.equal(pingsIn(clock, rig, 60_000), 12);
  let pings = 0;
  for (let i = 0; i < 100; ++i) {
    clock.onPresenting(rig.now);
    pings += pingsIn(clock, rig, 100);
  }
  assert.ok(pings >= 37 && pings <= 39, `20 in the first second, then two in each of nine: ${pings}`);
  pingsIn(clock, rig, 11_000);
  assert.ok(pingsIn(clock, rig, 60_000) <= 12, 'ten seconds after the last frame it is over');
  clock.setConnected(rig.now, false);
  clock.onPresenting(rig.now);
  assert.equal(pingsIn(clock, rig, 60_000), 0, 'frames without a link ping nobody');
  clock.setConnected(rig.now, true);
  assert.equal(pingsIn(clock, rig, 951), 20);
  // There in 400 us, back in 600 us; theirs is 5 s ahead.
  const t = rig.now * 1000;
  assert.equal(clock.onPong(rig.now, { t0: t - 1000, t1: 2, t2: 1 }), false);
  assert.deepEqual([clock.at(rig.now), clock.roundTripUs], [null, null]);
  assert.ok(clock.onPong(rig.now, { t0: t - 1000, t1: t - 600 + 5 * SECOND, t2: t - 600 + 5 * SECOND }));
  assert.deepEqual([clock.at(rig.now).offsetUs, clock.at(rig.now).errorUs, clock.roundTripUs], [5 * SECOND - 100, 500, 1000]);
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

  roundTrip = 10;
  fastestRoundTripUs = 8_000;
  overRelay = false;
  states = new Map();
  streams = [];
  full = false; // of states
  peerClock() { return { nowUs: 0, errorUs: 500 }; }

  setState(key, value) {
    if (this.full) throw new SessionError('limit_exceeded', 'full');
    this.states.set(key, value);
  }
  clearState(key) { this.states.delete(key); }
  sendStream(data) {
    if (this.overRelay) throw new SessionError('unsupported', 'streams');
    this.streams.push(data);
  }
  sendEncoded({ class: carriedAs, type, message, presents }) {
    if (carriedAs === 'command') return this.sent.push(message);
    if (carriedAs === 'state') this.setState(type, message);
    else this.sendStream([presents, JSON.parse(new TextDecoder().decode(message)).data]);
    return 0;
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

test('each class of a typed event goes its way', async () => {
  const [one, two] = [new FakeSession(), new FakeSession()];
  const { group } = sessionsIn(one, two);
  assert.equal(group.send('first'), 1);
  assert.equal(group.sendEvent({ type: 'chat:message', data: { text: 'hi' } }), 2);
  assert.equal(group.sendEvent({ type: 'input:value', data: { input: 'fader', value: 1 } }), 0);
  assert.equal(group.sendEvent({ type: 'animation:frame', data: { frame: 7 } }), 0);
  group.sendStream('stream');
  for (const session of [one, two]) {
    assert.equal(session.sent.length, 2);
    assert.match(new TextDecoder().decode(session.sent[1]), /"hi"/);
    assert.deepEqual([...session.states.keys()], ['input:value']);
    assert.deepEqual(session.streams, [[false, { frame: 7 }], 'stream']);
  }
  assert.equal(one.sent[1], two.sent[1], 'encoded once');
  assert.throws(() => group.sendEvent({ type: 'chat:message', data: {} }), EventError);
  refused('message_too_large', () => group.sendStream(new Uint8Array(60 * 1024 + 1)));
  assert.equal(one.streams.length, 2);
});

test('later members get the states, and not what was taken back', () => {
  const [one, two] = [new FakeSession(), new FakeSession()];
  const { group } = sessionsIn(one);
  group.setState('colour', 'red');
  group.setState('colour', 'blue');
  group.setState('gone', 'soon');
  group.setState('bytes', Uint8Array.of(7));
  group.clearState('gone');
  group.clearState('never');
  group.sendEvent({ type: 'input:value', data: { input: 'fader', value: 1 } });
  group.send('before');
  group.add(two);
  assert.deepEqual([...two.states].slice(0, 2), [['colour', 'blue'], ['bytes', Uint8Array.of(7)]]);
  assert.deepEqual([...two.states.keys()], ['colour', 'bytes', 'input:value']);
  assert.deepEqual(two.sent, []);
  assert.deepEqual(one.states, two.states);
  group.clearState('colour');
  assert.deepEqual([...two.states.keys()], ['bytes', 'input:value']);
  // A raw session has none.
  const raw = new FakeSession();
  raw.state = undefined;
  group.add(raw);
  group.setState('colour', 'red');
  assert.equal(raw.states.size, 0);
});

test('states of a group are bounded; a member without room goes without', () => {
  const [one, two] = [new FakeSession(), new FakeSession()];
  const { group } = sessionsIn(one, two);
  for (const key of ['', 'k'.repeat(65), 7]) refused('invalid_argument', () => group.setState(key, 'x'));
  refused('invalid_argument', () => group.clearState(''));
  refused('message_too_large', () => group.setState('k', 'x'.repeat(16 * 1024 + 1)));
  for (let i = 0; i < MAX_STATE_KEYS; ++i) group.setState(String(i), 'x');
  refused('limit_exceeded', () => group.setState('more', 'x'));
  group.setState('7', 'another value of a key that is there');
  group.clearState('7');
  group.setState('more', 'x');
  let whole = 0;
  refused('limit_exceeded', () => { for (let i = 8; i < 200; ++i, ++whole) group.setState(String(i), 'x'.repeat(16 * 1024)); });
  assert.ok(whole > 60 && whole <= MAX_STATE_BYTES / (16 * 1024), `${whole}`);
  assert.equal(one.states.get(String(8 + whole)), 'x', 'what was refused changed nothing');
  // What is taken back makes room.
  group.clearState('8');
  group.setState(String(8 + whole), 'x'.repeat(16 * 1024));
  two.full = true;
  refused('limit_exceeded', () => group.setState('more', 'y'));
  assert.deepEqual([one.states.get('more'), two.states.get('more')], ['y', 'x'], 'the others have it');
  two.close();
  group.setState('more', 'z');
});

test('frames have one moment for all, as far ahead as the slowest path takes', () => {
  const [one, two, away, carried] = [new FakeSession(), new FakeSession(), new FakeSession(), new FakeSession()];
  const { group } = sessionsIn(one, two, away, carried);
  two.roundTrip = 40;
  two.fastestRoundTripUs = 30_000;
  away.state = 'reconnecting';
  away.roundTrip = 300;
  carried.overRelay = true;
  carried.roundTrip = 400;
  const before = Math.round(performance.now() * 1000);
  const moment = group.present({ frame: 1, presentAt: 5 });
  const lead = 40_000 + 500 + LEAD_MARGIN_US;
  assert.ok(moment >= before + lead && moment <= Math.round(performance.now() * 1000) + lead, `${moment - before}`);
  assert.deepEqual(one.streams, [[true, { frame: 1, presentAt: moment }]]);
  assert.deepEqual(two.streams, one.streams);
  assert.deepEqual(away.streams, one.streams, 'it is for its session to drop');
  assert.deepEqual(carried.streams, [], 'the relay carries no streams');
  assert.ok(group.present({ frame: 2 }) >= moment);
  assert.throws(() => group.present({ frame: -1 }), EventError);
});

// --- Frames to all

test('frames go at a steady rate; a beat that was missed is left out; marks say how far apart they were shown', async () => {
  const loop = new ManualLoop();
  const presented = [];
  const group = { present: (frame) => presented.push([loop.now, frame.frame]), members: [{}, {}] };
  const timing = { now: () => loop.now, after: (ms, work) => { const entry = loop.after(ms, work); return () => loop.cancel(entry); } };
  const from = loop.now;
  const show = new FrameShow(group, { fps: 10, seconds: 1 }, timing);
  loop.advance(WARM_UP_MS - 1);
  assert.deepEqual(presented, []);
  loop.advance(301);
  assert.deepEqual(presented, [[0, 1], [100, 2], [200, 3], [300, 4]].map(([at, frame]) => [from + WARM_UP_MS + at, frame]));
  for (const [mark, at] of [['shown 1', 5_000], ['shown 1', 9_000], ['shown 2', 7], ['shown 4', 1], ['shown 4', 3], ['shown 99', 1], ['other', 1]]) show.onMark({ mark, at });
  loop.advance(600);
  assert.deepEqual(presented.at(-1)[1], 10);
  loop.advance(100 + LAST_REPORTS_MS);
  assert.deepEqual(await show.over, {
    frames: 10, displays: 2, reports: 5, compared: 2, spreadP50Us: 2, spreadP99Us: 2, spreadMaxUs: 4_000,
  });
  // The page stood still from the second beat to the sixth.
  presented.length = 0;
  let still = false;
  const late = { ...timing, now: () => (still ? from2 + WARM_UP_MS + 550 : loop.now) };
  const from2 = loop.now;
  const slow = new FrameShow(group, { fps: 10, seconds: 1 }, late);
  loop.advance(WARM_UP_MS + 50);
  still = true;
  loop.advance(50);
  still = false;
  assert.deepEqual(presented.map(([, frame]) => frame), [1, 6]);
  slow.stop();
  assert.equal((await slow.over).frames, 2);
  loop.advance(5_000);
  assert.equal(presented.length, 2);
});
