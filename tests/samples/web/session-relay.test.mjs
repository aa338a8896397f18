// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Links over the relay in JavaScript: what is in their boxes, how fast they go and how many are on their way, two links in
// memory whose other end does what it should not, and who begins and ends one. On virtual time: the cases of
// tests/peer/session/relay_session_link_test.cc and, for their boxes, of meeting_signals_test.cc.
import { codeOf, fingerprintOfByte, sdpWith, seededRandom } from './testing.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { utf8 } from '../../../samples/web/auth-bytes.js';
import { ControllerExchange, DisplayExchange } from '../../../samples/web/pairing-exchange.js';
import { Channel, FrameType, MAX_COMMAND_BYTES, MAX_STATE_VALUE_BYTES, makeFrame } from '../../../samples/web/session/frames.js';
import { meetingFeatures, relayNamesOf } from '../../../samples/web/session/meeting.js';
import {
  BYTES_PER_SECOND, BYTE_BURST, COMMAND_WINDOW, CONFIRM_EVERY, IN_FLIGHT, MAX_COMMAND_FRAME, MAX_CONTROL, MAX_CONTROL_FRAME,
  MAX_STATE_FRAME, RELAY_BOX_BYTES, RelayInbox, RelayOutbox, costOf, parseRelayBox,
} from '../../../samples/web/session/relay-boxes.js';
import { OFFER_PAUSE_MS, RelayCarrier } from '../../../samples/web/session/relay-carrier.js';
import { DRAIN_MS, MAX_HELD, RelayLink } from '../../../samples/web/session/relay-link.js';
import { ManualLoop } from './session-sim.mjs';

const data = (seq, size) => makeFrame({ type: FrameType.DATA_BINARY, chan: Channel.COMMAND, seq }, new Uint8Array(size).fill(7));
const ack = (number) => makeFrame({ type: FrameType.ACK, chan: Channel.COMMAND, ack: number }, new Uint8Array(0));
const ping = () => makeFrame({ type: FrameType.PING }, new Uint8Array(12));
const state = (version, size) => makeFrame({ type: FrameType.STATE_SET, chan: Channel.STATE, seq: version }, new Uint8Array(size).fill(1));
const goodbye = () => makeFrame({ type: FrameType.CLOSE }, new Uint8Array(1));

// --- Boxes

class Boxes {
  now = 1_000_000;
  out = new RelayOutbox(1, this.now);
  inbox = new RelayInbox();
  boxes = 0;

  queue(lane, frame) { assert.ok(this.out.queue(lane, frame)); }

  /** Everything that may go at this moment, taken and confirmed. */
  pass() {
    const got = [];
    for (let box; (box = this.out.next(this.now));) {
      assert.ok(box.length <= RELAY_BOX_BYTES);
      ++this.boxes;
      assert.ok(this.inbox.take(parseRelayBox(box).parts, (lane, frame) => got.push([lane, frame.slice()]) > 0));
      assert.ok(this.out.onConfirmed(this.boxes));
    }
    return got;
  }

  /** For this long, at each moment that the outbox asks for. */
  passFor(ms) {
    const got = [];
    const end = this.now + ms;
    for (;;) {
      got.push(...this.pass());
      const next = this.out.deadline(this.now);
      if (next === null || next > end) break;
      assert.ok(next > this.now, 'it would spin');
      this.now = next;
    }
    this.now = end;
    return got;
  }
}

test('small frames share a box', () => {
  const rig = new Boxes();
  for (let i = 1; i <= 20; ++i) rig.queue('control', data(i, 50));
  rig.queue('control', ping());
  rig.queue('state', state(1, 10));
  const got = rig.pass();
  assert.deepEqual([rig.boxes, got.length, rig.out.waiting], [1, 22, 0]);
  assert.deepEqual(got[0], ['control', ping()], 'it does not wait behind commands');
  for (let i = 1; i <= 20; ++i) assert.deepEqual(got[i], ['control', data(i, 50)]);
  assert.equal(got[21][0], 'state');
});

test('the largest frames go in several; commands and states take turns', () => {
  const rig = new Boxes();
  rig.queue('control', data(1, MAX_COMMAND_BYTES));
  rig.queue('state', state(1, MAX_STATE_VALUE_BYTES));
  rig.queue('control', ack(5));
  const got = [...rig.pass()];
  assert.deepEqual(got[0][1], ack(5));
  got.push(...rig.passFor(10_000));
  assert.deepEqual(got.map(([lane]) => lane), ['control', 'state', 'control']);
  assert.deepEqual(got[2][1], data(1, MAX_COMMAND_BYTES));
  assert.ok(rig.boxes >= MAX_COMMAND_BYTES / RELAY_BOX_BYTES);
});

test("many boxes are below the relay's rate", () => {
  const rig = new Boxes();
  let most = 0;
  for (let second = 0; second < 10; ++second) {
    const before = rig.boxes;
    for (let i = 0; i < 100; ++i) {
      rig.queue('control', ping());
      rig.passFor(10);
    }
    most = Math.max(most, rig.boxes - before);
  }
  assert.ok(most <= 50, `the relay takes 50 a second: ${most}`);
  assert.ok(rig.boxes <= 410 && rig.boxes >= 390, `${rig.boxes}`);
});

test("bytes are below the relay's rate", () => {
  const rig = new Boxes();
  let bytes = 0;
  let seq = 0;
  const until = rig.now + 20_000;
  while (rig.now < until) {
    while (rig.out.room('control') > 0) rig.queue('control', data(++seq, 3_000));
    for (let box; (box = rig.out.next(rig.now));) {
      bytes += costOf(box.length);
      assert.ok(rig.out.onConfirmed(++rig.boxes));
    }
    rig.now = Math.max(rig.now + 1, rig.out.deadline(rig.now));
  }
  assert.ok(bytes <= 20 * BYTES_PER_SECOND + BYTE_BURST + 12_000, `${bytes}`);
  assert.ok(bytes >= 19 * BYTES_PER_SECOND, `${bytes}`);
});

test('what is not confirmed is bounded', () => {
  const rig = new Boxes();
  for (let i = 1; i <= 40; ++i) rig.queue('control', data(i, 8_000));
  let sent = 0;
  const sendFor = (seconds) => {
    for (let i = 0; i < seconds; ++i, rig.now += 1_000) while (rig.out.next(rig.now)) ++sent;
  };
  sendFor(60);
  assert.equal(sent, IN_FLIGHT);
  assert.equal(rig.out.deadline(rig.now), null, 'time alone changes nothing');
  assert.ok(rig.out.onConfirmed(3));
  sendFor(1);
  assert.equal(sent, IN_FLIGHT + 3);
  assert.equal(rig.out.onConfirmed(2), false, 'less than before');
  assert.equal(rig.out.onConfirmed(sent + 1), false, 'more than was sent');
});

test('a confirmation goes by itself, once', () => {
  const { out, now } = new Boxes();
  for (let i = 1; i < CONFIRM_EVERY; ++i) out.onReceived();
  assert.equal(out.next(now), null);
  out.onReceived();
  const box = parseRelayBox(out.next(now));
  assert.deepEqual([box.got, box.parts.length], [CONFIRM_EVERY, 0]);
  assert.equal(out.next(now), null);
});

test('room is what the windows say', () => {
  const rig = new Boxes();
  assert.deepEqual([rig.out.room('control'), rig.out.room('stream')], [COMMAND_WINDOW, 0]);
  rig.queue('control', data(1, 200_000));
  assert.equal(rig.out.room('control'), 0);
  assert.ok(rig.out.room('state') > 0);
  rig.queue('state', state(1, 10));
  assert.equal(rig.out.room('state'), 0, 'the next one waits for its turn, and may be newer');
  rig.queue('stream', data(2, 10));
  rig.passFor(10_000);
  assert.equal(rig.out.room('control'), COMMAND_WINDOW);
  assert.ok(rig.out.room('state') > 0);
});

test('answers that nobody takes are bounded; of acknowledgements that wait the newest counts', () => {
  const { out } = new Boxes();
  let queued = 1;
  while (out.queue('control', ping()) && queued < 10_000) ++queued;
  assert.ok(queued * ping().length <= MAX_CONTROL + ping().length, `${queued}`);
  const rig = new Boxes();
  for (let i = 1; i <= 10_000; ++i) rig.queue('control', ack(i));
  assert.ok(rig.out.waiting <= 2 * ack(1).length);
  assert.deepEqual(rig.pass().at(-1)[1], ack(10_000));
});

test('each cut and each wrong box is seen', () => {
  const rig = new Boxes();
  rig.queue('control', data(1, 100));
  rig.queue('state', state(1, 10));
  const box = rig.out.next(rig.now);
  for (let size = 0; size < 9; ++size) assert.equal(parseRelayBox(box.subarray(0, size)), null);
  assert.equal(parseRelayBox(new Uint8Array(RELAY_BOX_BYTES + 1).fill(1)), null);
  assert.equal(parseRelayBox(Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 0, 0)), null, 'a kind of a later version');
  assert.equal(parseRelayBox(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0)), null, 'links are counted from 1');
  const take = (parts) => new RelayInbox().take(parts, () => true);
  const { parts } = parseRelayBox(box);
  const first = 3 + data(1, 100).length;
  for (let size = 0; size < parts.length; ++size) assert.equal(take(parts.subarray(0, size)), size === 0 || size === first, `${size}`);
  assert.ok(take(parts));
  assert.equal(take(Uint8Array.of(3, 0, 1, 0)), false, 'a lane that there is not');
  assert.equal(take(Uint8Array.of(0, 0, 0)), false, 'a part of nothing');
});

test('what the other end may leave unfinished is bounded, however small its parts', () => {
  for (const [lane, most] of [MAX_CONTROL_FRAME, MAX_COMMAND_FRAME, MAX_STATE_FRAME].entries()) {
    for (const size of [1, 0x400]) {
      const inbox = new RelayInbox();
      const part = new Uint8Array(3 + size);
      part.set([0x80 | lane, size >> 8, size & 0xff]);
      let taken = 0;
      while (taken <= most && inbox.take(part, () => true)) taken += size;
      assert.ok(taken <= most && taken + size > most, `lane ${lane}: ${taken}`);
    }
  }
});

// --- Links

class Pair {
  loop = new ManualLoop();
  passes = true;
  #turn = [];

  constructor() {
    const timing = this.timing();
    const names = { own: fingerprintOfByte(1), peer: fingerprintOfByte(2) };
    this.ends = [0, 1].map(() => ({ frames: [], ended: null, rooms: 0, closed: 0, written: [] }));
    this.ends.forEach((end, i) => {
      const other = this.ends[1 - i];
      end.link = new RelayLink({
        number: 1, names, timing,
        write: (text) => {
          end.written.push(text);
          if (this.passes) this.loop.after(20, () => this.box(other, text));
        },
        closed: () => { ++end.closed; },
      });
      end.link.onRoom = () => { ++end.rooms; };
      end.link.onLate = { ended: (code) => { end.ended = code; } };
      end.link.listen((lane, frame) => end.frames.push([lane, frame.slice()]));
    });
  }

  timing() {
    return {
      now: () => this.loop.now,
      after: (ms, work) => {
        const entry = this.loop.after(ms, () => { work(); this.idle(); });
        return () => this.loop.cancel(entry);
      },
      defer: (work) => this.#turn.push(work),
    };
  }

  idle() { for (let work; (work = this.#turn.shift());) work(); }

  advance(ms) {
    this.idle();
    this.loop.advance(ms);
  }

  box(end, text) {
    end.link.onBox(parseRelayBox(text));
    this.idle();
  }

  bothSpeak() {
    for (const { link } of this.ends) link.send('control', ping());
    this.advance(50);
    for (const { frames } of this.ends) assert.equal(frames.length, 1);
  }
}

const fill = (link, size) => {
  let sent = 0;
  while (link.room('control') > 0) link.send('control', data(++sent, size));
  return sent;
};

test('what comes before our hello waits', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  a.link.send('control', ping());
  pair.advance(5_000);
  assert.equal(b.frames.length, 0);
  b.link.send('control', ping());
  assert.equal(b.frames.length, 0, "not inside a call of the owner's");
  pair.advance(50);
  assert.deepEqual([a.frames.length, b.frames.length], [1, 1]);
});

test('who does not wait for our hello loses the link', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  for (let i = 0; i <= MAX_HELD; ++i) a.link.send('control', ping());
  pair.advance(50);
  assert.deepEqual([b.ended, b.frames.length], ['protocol', 0]);
});

test('commands arrive in order, and room is told', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  pair.bothSpeak();
  const sent = fill(a.link, 5_000);
  pair.advance(5_000);
  assert.ok(a.rooms > 0);
  assert.deepEqual(b.frames.slice(1), Array.from({ length: sent }, (_, i) => ['control', data(i + 1, 5_000)]));
  assert.deepEqual([a.ended, b.ended], [null, null]);
});

test('an end that takes nothing holds the other up, and nothing piles up at the relay', () => {
  const pair = new Pair();
  const [a] = pair.ends;
  pair.bothSpeak();
  pair.passes = false;
  a.written.length = 0;
  fill(a.link, 250_000);
  pair.advance(60_000);
  assert.equal(a.written.length, IN_FLIGHT - 1, 'and the first, which is not confirmed yet');
  assert.equal(a.ended, null);
  for (let i = 0; i < 10_000; ++i) a.link.send('control', ping());
  assert.ok(a.link.buffered() < 2 * MAX_CONTROL + 250_020, 'answers are bounded, too');
  pair.advance(1);
  assert.equal(a.ended, 'limit_exceeded');
});

test('wrong words end the link', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  pair.bothSpeak();
  pair.box(a, Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 99)); // it has got 99
  assert.equal(a.ended, 'protocol');
  pair.box(b, Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9));
  assert.deepEqual([b.ended, b.frames.length], ['protocol', 1]);
});

test("close says goodbye at once and waits for the other end's", () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  pair.bothSpeak();
  fill(a.link, 5_000); // whatever the pace: there is no later
  pair.advance(100);
  a.link.send('control', goodbye());
  a.link.close();
  pair.advance(30);
  assert.deepEqual([b.frames.at(-1), b.ended, a.closed], [['control', goodbye()], 'peer_left', 0]);
  b.link.close();
  pair.advance(30);
  assert.deepEqual([a.closed, b.closed, a.ended], [1, 1, null], 'who closes is not told');
});

test('close does not wait for ever', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  pair.bothSpeak();
  pair.passes = false;
  a.link.close();
  pair.advance(DRAIN_MS - 1);
  assert.equal(a.closed, 0);
  pair.advance(2);
  assert.equal(a.closed, 1);
  b.link.close();
  b.link.abandon();
  assert.equal(b.closed, 1, 'there is nobody to wait for');
  pair.advance(10_000);
  assert.deepEqual([a.closed, b.closed], [1, 1], 'once');
});

test('it may be closed inside its own events', () => {
  const pair = new Pair();
  const [a, b] = pair.ends;
  pair.bothSpeak();
  b.link.listen((lane, frame) => {
    b.frames.push([lane, frame.slice()]);
    b.link.close();
  });
  for (let i = 0; i < 3; ++i) a.link.send('control', ping());
  pair.advance(50);
  assert.equal(b.frames.length, 2);
});

// --- Who begins one

class Carrier {
  pair = new Pair();
  links = [];
  told = [];
  wanted = true;
  names = { own: fingerprintOfByte(1), peer: fingerprintOfByte(2) };

  constructor(role) {
    this.carrier = new RelayCarrier(role, {
      wanted: () => this.wanted,
      names: () => this.names,
      write: (text) => this.told.push(['write', ...text.subarray(0, 1), parseRelayBox(text).link]),
      add: (link) => {
        this.links.push(link);
        link.onLate = { ended: () => this.drop(link) };
        link.listen(() => {});
      },
      drop: (link) => this.drop(link),
      leave: () => this.told.push(['leave']),
    }, this.pair.timing());
  }

  /** As Session does. */
  drop(link) {
    const at = this.links.indexOf(link);
    if (at < 0) return;
    this.links.splice(at, 1);
    this.told.push(['dropped', link.number]);
    this.carrier.onClosing(link);
    link.close();
  }

  advance(ms) { this.pair.advance(ms); }
  box(...bytes) { this.carrier.onBox(Uint8Array.from(bytes)); this.pair.idle(); }
  take() { return this.told.splice(0); }
}
const frames = (link) => [1, 0, 0, 0, link, 0, 0, 0, 0];
const over = (link) => [2, 0, 0, 0, link, 0, 0, 0, 0];

test('the display offers a link when one is wanted, and not more than one a second', () => {
  const rig = new Carrier('display');
  rig.carrier.offer();
  rig.advance(5_000);
  assert.equal(rig.links.length, 0, 'nothing carries boxes yet');
  rig.carrier.onReady();
  rig.advance(0);
  assert.deepEqual(rig.links.map(({ number }) => number), [1]);
  rig.box(...over(1));
  rig.carrier.offer();
  assert.deepEqual([rig.links.length, rig.take()], [0, [['dropped', 1], ['write', 2, 1]]]);
  rig.advance(OFFER_PAUSE_MS - 1);
  assert.equal(rig.links.length, 0);
  rig.advance(1);
  assert.deepEqual(rig.links.map(({ number }) => number), [2]);
  // Boxes of the old one are dropped.
  rig.box(...over(1));
  assert.equal(rig.links.length, 1);
  // A path is there.
  rig.wanted = false;
  rig.box(...over(2));
  rig.advance(5_000);
  assert.equal(rig.links.length, 0);
});

test("the controller's begins with the display's first box, and anew when the display's does", () => {
  const rig = new Carrier('controller');
  rig.box(...frames(1));
  assert.equal(rig.links.length, 0, 'nothing carries boxes yet');
  rig.carrier.onReady();
  rig.advance(5_000);
  assert.equal(rig.links.length, 0, 'offers are the display\'s');
  rig.box(...frames(1));
  rig.box(...frames(3));
  assert.deepEqual([rig.links.map(({ number }) => number), rig.take()], [[3], [['dropped', 1], ['write', 2, 1]]]);
  rig.box(...frames(2));
  rig.box(...over(5));
  assert.deepEqual(rig.links.map(({ number }) => number), [3]);
  rig.box(7, 7, 7);
  assert.equal(rig.links.length, 0, 'what is no box ends it');
});

test('the relay is left when the last link has said goodbye, and at once when there is none', () => {
  const rig = new Carrier('display');
  rig.carrier.onReady();
  rig.advance(0);
  const [link] = rig.links;
  rig.wanted = false;
  rig.drop(link);
  rig.carrier.leave();
  assert.deepEqual(rig.take(), [['dropped', 1], ['write', 2, 1]]);
  rig.box(...over(1));
  assert.deepEqual(rig.take(), [['leave']]);
  rig.carrier.leave();
  assert.deepEqual(rig.take(), [['leave']]);
});

test('a meeting that ends takes its link with it; the next one counts from 1 again', () => {
  const rig = new Carrier('display');
  rig.carrier.onReady();
  rig.advance(0);
  rig.carrier.abandon();
  rig.pair.idle();
  assert.deepEqual([rig.links.length, rig.take()], [0, [['dropped', 1]]]);
  rig.advance(5_000);
  assert.equal(rig.links.length, 0);
  rig.carrier.begin();
  rig.carrier.onReady();
  rig.advance(0);
  assert.deepEqual(rig.links.map(({ number }) => number), [1]);
});

// --- The exchange that carries them

const ROOM = 'room';
const random = seededRandom(3);

async function meet({ display: ofDisplay = true, controller: ofController = true } = {}) {
  const secret = { kind: 'url', text: 'AAAAAAAAAAAAAAAAAAAAAA' };
  const guard = { lookup: 'meet', letters: secret, urlSecret: secret, charge: () => 1, succeed: () => true, failRun: () => {} };
  const display = new DisplayExchange(guard, { features: meetingFeatures({ hasConnection: true, allowRelay: ofDisplay }), random });
  const controller = new ControllerExchange({ lookup: 'meet', secret }, { features: meetingFeatures({ hasConnection: false, allowRelay: ofController }), random });
  display.handleHello(0, controller.hello());
  const [d, c] = [fingerprintOfByte(1), fingerprintOfByte(2)];
  await controller.handleOffer(ROOM, await display.offer(ROOM, sdpWith(d), d));
  assert.equal(relayNamesOf(display), null, 'nothing is proven yet');
  await display.handleAnswer(0, await controller.answer(sdpWith(c), c));
  return { display, controller };
}

test('boxes of frames are of the same exchange, and both ends have to allow them', async () => {
  const { display, controller } = await meet();
  const [ours, theirs] = [relayNamesOf(display), relayNamesOf(controller)];
  assert.deepEqual([ours.own, ours.peer], [theirs.peer, theirs.own]);
  assert.notDeepEqual(ours.own, ours.peer);
  assert.equal(ours.own.length, 32);
  for (const [from, to] of [[display, controller], [controller, display]]) {
    assert.deepEqual(await to.open('frame', await from.seal('frame', utf8('a\0b'))), utf8('a\0b'));
  }
  assert.deepEqual(await display.open('candidate', await controller.seal('candidate', utf8('c'))), utf8('c'));
  // A hello of one meeting is none of the next.
  assert.notDeepEqual(relayNamesOf((await meet()).display).own, ours.own);
  for (const allowed of [{ display: false }, { controller: false }]) {
    const ends = await meet(allowed);
    assert.deepEqual([relayNamesOf(ends.display), relayNamesOf(ends.controller)], [null, null]);
  }
});

test('whatever the relay does to frames ends the meeting', async () => {
  for (const harm of ['lost', 'repeated', 'moved', 'said back', 'as a candidate', 'forged']) {
    const { display, controller } = await meet();
    const [first, second] = [await display.seal('frame', utf8('f1')), await display.seal('frame', utf8('f2'))];
    const hears = harm === 'said back' ? display : controller;
    if (harm === 'repeated') await hears.open('frame', first);
    const forged = first.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
    const box = { lost: second, moved: second, forged }[harm] ?? first;
    assert.equal(await codeOf(() => hears.open(harm === 'as a candidate' ? 'candidate' : 'frame', box)), 'auth_failed', harm);
    assert.equal(await codeOf(() => hears.open('frame', second)), 'auth_failed', `${harm}: and nothing after it`);
  }
});
