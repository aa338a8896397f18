// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The session's small modules: vectors of C++, each cut and each wrong byte of each frame, buffers and their
// bounds, and the ratchet over every loss. As tests/peer/delivery/*_test.cc.
import { vectors as authVectors } from './testing.mjs'; // and WebCrypto for old Node.js

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  Channel, FrameType, HEADER_BYTES, Lane, MAX_COMMAND_BYTES, MAX_HELLO_BYTES, MAX_STATE_KEY_BYTES, MAX_STREAM_BYTES, ValueKind, isData,
  isStream, makeFrame, parseClose, parseFrame, parseNegotiation, parsePing, parsePong, parseRemember, parseReset, parseStateAck, parseStateKey,
  parseStateValue, pingPayload, pongPayload, rememberPayload, stateAckPayload, stateKeyPayload, stateValuePayload,
} from '../../../samples/web/session/frames.js';
import { HelloKeeper } from '../../../samples/web/session/hello-keeper.js';
import { ID_BYTES, judge, noEpoch, parseHello } from '../../../samples/web/session/hello.js';
import { checkHelloTag } from '../../../samples/web/session/hello-tag.js';
import { ACK_BYTES, ACK_DELAY_MS, ACK_MESSAGES, Inbox } from '../../../samples/web/session/inbox.js';
import { KeyRatchet } from '../../../samples/web/session/key-ratchet.js';
import { Outbox } from '../../../samples/web/session/outbox.js';
import { MAX_STATE_KEYS, MIN_RESEND_MS, StateReceiver, StateSender } from '../../../samples/web/session/state-table.js';
import { MAX_STREAM_FRAMES, StreamReceiver, StreamSender } from '../../../samples/web/session/stream-queue.js';
import { EXPECTED_READ, readSessionVectors, sessionVectors } from './session-vectors.mjs';
import { fromHex, root, seededRandom } from './testing.mjs';

const vectors = JSON.parse(readFileSync(new URL('tests/peer/delivery/vectors.json', root), 'utf8'));
const utf8 = (text) => new TextEncoder().encode(text);
const refused = (code, work) => assert.throws(work, { name: 'SessionError', code });
const MOST = Number.MAX_SAFE_INTEGER;

test('the vectors of C++, made and read', () => {
  assert.ok(authVectors);
  assert.deepEqual(sessionVectors(), vectors);
  assert.deepEqual(readSessionVectors(vectors), EXPECTED_READ);
});

// --- Frames

const one = Uint8Array.of(1);
const control = (type, payload) => ({ lane: Lane.CONTROL, header: { type, chan: Channel.NONE, seq: 0, ack: 0 }, payload });
const counted = (lane, type, chan, seq, ack, payload) => ({ lane, header: { type, chan, seq, ack }, payload });
// One of each type, as small as it may be.
const samples = [
  control(FrameType.BIND, new Uint8Array(64)), control(FrameType.HELLO, one), control(FrameType.RESET, one), control(FrameType.CLOSE, one),
  control(FrameType.PING, pingPayload({ id: 1, t0: 2 })), control(FrameType.PONG, pongPayload({ id: 1, t0: 2, t1: 3, t2: 4 })),
  counted(Lane.CONTROL, FrameType.ACK, Channel.COMMAND, 0, 7, new Uint8Array(0)), control(FrameType.NEGOTIATE, one),
  counted(Lane.CONTROL, FrameType.STATE_ACK, Channel.STATE, 0, 0, stateAckPayload([5])),
  control(FrameType.REMEMBER, rememberPayload({ kind: 'offer', contribution: new Uint8Array(32), name: '' })),
  counted(Lane.CONTROL, FrameType.DATA_BINARY, Channel.COMMAND, 1, 7, new Uint8Array(0)),
  counted(Lane.CONTROL, FrameType.DATA_TEXT, Channel.COMMAND, MOST, MOST, one),
  counted(Lane.CONTROL, FrameType.DATA_EVENT, Channel.COMMAND, 1, 0, one),
  counted(Lane.STATE, FrameType.STATE_SET, Channel.STATE, 1, 0, Uint8Array.of(1, 0x6b, 0)),
  counted(Lane.STATE, FrameType.STATE_DELETE, Channel.STATE, 1, 0, Uint8Array.of(1, 0x6b)),
  counted(Lane.STREAM, FrameType.STREAM_BINARY, Channel.STREAM, 1, 0, new Uint8Array(0)),
  counted(Lane.STREAM, FrameType.STREAM_TEXT, Channel.STREAM, 1, 0, one),
  counted(Lane.STREAM, FrameType.STREAM_EVENT, Channel.STREAM, 1, 0, one),
];
const framed = ({ header, payload }) => makeFrame(header, payload);
const parses = (lane, bytes) => parseFrame(lane, bytes) !== null;
const changed = (bytes, change) => {
  const copy = bytes.slice();
  change(copy);
  return copy;
};

test('a frame goes there and back, on its lane alone', () => {
  assert.equal(samples.length, Object.keys(FrameType).length);
  for (const sample of samples) {
    for (const lane of Object.values(Lane)) {
      const frame = parseFrame(lane, framed(sample));
      if (lane !== sample.lane) {
        assert.equal(frame, null);
        continue;
      }
      const { payload, ...header } = frame;
      assert.deepEqual(header, sample.header);
      assert.deepEqual([...payload], [...sample.payload]);
    }
  }
});

test('each frame cut anywhere is none', () => {
  for (const sample of samples) {
    const bytes = framed(sample);
    const freeSize = isData(sample.header.type) || isStream(sample.header.type);
    for (let cut = 0; cut < bytes.length; ++cut) {
      if (cut >= HEADER_BYTES && freeSize) continue;
      assert.ok(!parses(sample.lane, bytes.subarray(0, cut)), `${sample.header.type} ${cut}`);
    }
  }
});

test('each wrong byte of each header', () => {
  for (const sample of samples) {
    const { header, lane } = sample;
    const bytes = framed(sample);
    for (let value = 0; value < 256; ++value) {
      assert.equal(parses(lane, changed(bytes, (copy) => { copy[0] = value; })), value === 1);
      for (const at of [2, 3]) {
        assert.equal(parses(lane, changed(bytes, (copy) => { copy[at] = value; })), value === bytes[at], `${header.type} ${at} ${value}`);
      }
      // A number that the type has not is zero, and none is beyond 2^53 - 1.
      for (let at = 4; at < HEADER_BYTES; ++at) {
        const copy = changed(bytes, (all) => { all[at] = value; });
        const number = new DataView(copy.buffer).getBigUint64(at < 12 ? 4 : 12);
        const has = at < 12 ? header.seq !== 0 : isData(header.type) || header.type === FrameType.ACK;
        const right = has ? number <= BigInt(MOST) && (at >= 12 || number > 0n) : number === 0n;
        assert.equal(parses(lane, copy), right, `${header.type} ${at} ${value}`);
      }
    }
  }
});

test('other types are none', () => {
  const known = new Set(Object.values(FrameType));
  for (let type = 0; type < 256; ++type) {
    if (known.has(type)) continue;
    for (let chan = 0; chan < 4; ++chan) {
      for (const size of [0, 1, 12, 64]) {
        for (const lane of Object.values(Lane)) assert.ok(!parses(lane, makeFrame({ type, chan }, new Uint8Array(size))));
      }
    }
  }
});

test('the sizes of frames are bounded', () => {
  const takes = (lane, header, size) => parses(lane, makeFrame(header, new Uint8Array(size)));
  for (const [lane, header, most] of [
    [Lane.CONTROL, { type: FrameType.DATA_BINARY, chan: Channel.COMMAND, seq: 1 }, MAX_COMMAND_BYTES],
    [Lane.STREAM, { type: FrameType.STREAM_BINARY, chan: Channel.STREAM, seq: 1 }, MAX_STREAM_BYTES],
    [Lane.CONTROL, { type: FrameType.HELLO }, MAX_HELLO_BYTES],
    [Lane.CONTROL, { type: FrameType.BIND }, 64],
    [Lane.CONTROL, { type: FrameType.PING }, 12],
    [Lane.CONTROL, { type: FrameType.NEGOTIATE }, 32 * 1024 + 1],
  ]) {
    assert.ok(takes(lane, header, most));
    assert.ok(!takes(lane, header, most + 1));
  }
});

test('small payloads, and nothing else', () => {
  const ping = { id: 0x01020304, t0: MOST };
  const pong = { id: 1, t0: 2, t1: 3, t2: MOST };
  const remember = { kind: 'accept', contribution: new Uint8Array(32).fill(7), name: 'the kitchen' };
  assert.deepEqual(parsePing(pingPayload(ping)), ping);
  assert.deepEqual(parsePong(pongPayload(pong)), pong);
  assert.deepEqual(parseStateAck(stateAckPayload([1, 2n ** 64n - 1n, 3])), [1, Infinity, 3]);
  assert.deepEqual(parseRemember(rememberPayload(remember)), remember);
  assert.equal(parsePing(pingPayload({ id: 1, t0: 2n ** 53n })), null, 'could not be said again exactly');
  for (let byte = 0; byte < 256; ++byte) {
    const payload = Uint8Array.of(byte);
    assert.equal(parseReset(payload) !== null, byte >= 1 && byte <= 4);
    assert.equal(parseClose(payload) !== null, byte <= 2);
    assert.equal(parseNegotiation(payload) !== null, byte >= 1 && byte <= 5);
  }
  for (const payload of [pingPayload(ping), pongPayload(pong), stateAckPayload([1, 2]), rememberPayload(remember)]) {
    for (const bytes of [payload.subarray(0, -1), Uint8Array.of(...payload, 0)]) {
      for (const parse of [parsePing, parsePong, parseStateAck, parseRemember, parseReset]) assert.equal(parse(bytes), null);
    }
  }
  assert.equal(parseStateAck(new Uint8Array(9)), null);
  assert.equal(parseStateAck(changed(new Uint8Array(1 + 33 * 8), (bytes) => { bytes[0] = 33; })), null);
});

test('the payloads of states', () => {
  const payload = stateValuePayload({ key: 'key', kind: ValueKind.EVENT, value: Uint8Array.of(1, 2, 3) });
  const { key, kind, value } = parseStateValue(payload);
  assert.deepEqual([key, kind, ...value], ['key', ValueKind.EVENT, 1, 2, 3]);
  for (let cut = 0; cut <= 4; ++cut) assert.equal(parseStateValue(payload.subarray(0, cut)), null);
  assert.equal(parseStateValue(changed(payload, (bytes) => { bytes[4] = 3; })), null, 'a kind that is none');
  const longest = 'k'.repeat(MAX_STATE_KEY_BYTES);
  assert.equal(parseStateKey(stateKeyPayload(longest)), longest);
  assert.equal(parseStateKey(Uint8Array.of(...stateKeyPayload(longest), 0)), null);
  assert.equal(parseStateKey(Uint8Array.of(0)), null);
  assert.equal(parseStateKey(stateKeyPayload(`${longest}k`)), null);
  assert.equal(typeof parseStateKey(Uint8Array.of(2, 0xff, 0xfe)), 'string', 'not UTF-8 is no violation');
});

// --- Outbox and inbox

const push = (outbox, size = 0) => outbox.push(FrameType.DATA_BINARY, new Uint8Array(size), 0);
const handOver = (outbox) => {
  const numbers = [];
  for (let item; (item = outbox.next()); outbox.handedOver()) numbers.push(item.seq);
  return numbers;
};

test('the outbox bounds bytes and messages', () => {
  const few = new Outbox({ bytes: 1000, messages: 3 });
  for (let i = 0; i < 3; ++i) push(few);
  refused('buffer_full', () => push(few));
  assert.equal(few.messages, 3);
  const small = new Outbox({ bytes: 100, messages: 100 });
  push(small, 40);
  assert.equal(small.bytes, 60);
  assert.ok(!small.hasRoomFor(21));
  refused('buffer_full', () => push(small, 21));
  assert.equal(small.bytes, 60);
  push(small, 20);
  refused('message_too_large', () => push(small, 81));
  // What is handed over still counts; what is acknowledged does not.
  handOver(small);
  assert.equal(small.bytes, 100);
  assert.equal(small.onAck(1), 1);
  assert.equal(small.bytes, 40);
  push(small, 40);
  const usual = new Outbox();
  refused('message_too_large', () => push(usual, MAX_COMMAND_BYTES + 1));
  for (let i = 0; i < 16; ++i) push(usual, MAX_COMMAND_BYTES);
  refused('buffer_full', () => push(usual, MAX_COMMAND_BYTES));
});

test('what was never sent is not acknowledged', () => {
  const outbox = new Outbox();
  for (let i = 0; i < 3; ++i) push(outbox);
  assert.equal(outbox.onAck(1), null, 'not handed over yet');
  outbox.handedOver();
  outbox.handedOver();
  assert.equal(outbox.onAck(3), null);
  assert.equal(outbox.onAck(Infinity), null);
  assert.equal(outbox.onAck(2), 2);
  assert.equal(outbox.onAck(1), 0, 'an old one says nothing');
  assert.deepEqual(outbox.unacked(), { first: 3, last: 3 });
  assert.equal(outbox.next().seq, 3);
});

test('a new link gets exactly what is missing, the same bytes', () => {
  const outbox = new Outbox();
  for (let i = 0; i < 5; ++i) push(outbox);
  assert.deepEqual(handOver(outbox), [1, 2, 3, 4, 5]);
  assert.equal(outbox.onAck(1), 1);
  assert.equal(outbox.rewind(3), 2, 'what it delivered counts as acknowledged');
  const bytes = outbox.next().framed;
  assert.deepEqual(handOver(outbox), [4, 5]);
  push(outbox);
  assert.equal(outbox.rewind(3), 0);
  assert.equal(outbox.next().framed, bytes, 'no copy');
  assert.deepEqual(handOver(outbox), [4, 5, 6]);
  assert.equal(outbox.rewind(2), 0, 'said before the last acknowledgement');
  assert.deepEqual(handOver(outbox), [4, 5, 6]);
  assert.equal(outbox.rewind(7), null);
  assert.deepEqual(handOver(outbox), []);
  // Sent once is sent: an acknowledgement may come by a HELLO before the resending.
  assert.equal(outbox.rewind(3), 0);
  assert.equal(outbox.sent, 6);
  assert.equal(outbox.onAck(6), 3);
  assert.equal(outbox.next(), null);
  assert.deepEqual(outbox.unacked(), { first: 0, last: 0 });
  assert.equal(outbox.bytes, 0);
});

test('the outbox near the end of the numbers, and over many messages', () => {
  const outbox = new Outbox(undefined, MOST - 2);
  for (let seq = MOST - 2; seq <= MOST; ++seq) assert.equal(push(outbox), seq);
  refused('limit_exceeded', () => push(outbox));
  assert.deepEqual(handOver(outbox), [MOST - 2, MOST - 1, MOST]);
  assert.equal(outbox.rewind(MOST - 1), 2);
  assert.deepEqual(handOver(outbox), [MOST]);
  assert.equal(outbox.onAck(MOST), 1);
  refused('limit_exceeded', () => push(outbox));
  const long = new Outbox();
  for (let i = 1; i <= 2000; ++i) {
    assert.equal(push(long, i % 7), i);
    handOver(long);
    if (i % 3 === 0) assert.equal(long.onAck(i - 1), i === 3 ? 2 : 3);
  }
  assert.deepEqual(long.unacked(), { first: 1998, last: 2000 });
  assert.equal(long.rewind(1998), 1);
  assert.deepEqual(handOver(long), [1999, 2000]);
});

test('the inbox drops duplicates and refuses gaps', () => {
  const inbox = new Inbox();
  assert.equal(inbox.onFrame(1), 'deliver');
  assert.equal(inbox.onFrame(1), 'duplicate');
  assert.equal(inbox.onFrame(3), 'violation');
  assert.equal(inbox.onFrame(Infinity), 'violation');
  assert.equal(inbox.onFrame(2), 'deliver');
  assert.deepEqual([inbox.lastTaken, inbox.lastDelivered], [2, 0]);
  inbox.delivered(3, 1, 0);
  assert.equal(inbox.lastDelivered, 0, 'what was not taken is not delivered');
});

test('acknowledgements by count, bytes and time, none before the callback returned', () => {
  const inbox = new Inbox();
  for (let seq = 1; seq <= ACK_MESSAGES; ++seq) {
    inbox.onFrame(seq);
    if (seq === 1) assert.equal(inbox.ackToSend(0, true), null, 'taken, not delivered');
    inbox.delivered(seq, 1, 0);
    assert.equal(inbox.ackToSend(0, false), seq < ACK_MESSAGES ? null : seq);
  }
  assert.equal(inbox.ackDue, null);
  inbox.onFrame(33);
  inbox.delivered(33, ACK_BYTES, 100);
  assert.equal(inbox.ackToSend(100, false), 33);
  inbox.onFrame(34);
  inbox.delivered(34, 1, 200);
  assert.equal(inbox.ackDue, 200 + ACK_DELAY_MS);
  assert.equal(inbox.ackToSend(200 + ACK_DELAY_MS - 1, false), null);
  assert.equal(inbox.ackToSend(200 + ACK_DELAY_MS, false), 34);
  inbox.onFrame(35);
  inbox.delivered(35, 1, 300);
  assert.equal(inbox.ackToSend(300, true), 35);
  assert.equal(inbox.ackToSend(300, true), null);
});

// --- States and streams

const versionOf = (frame) => frame && parseFrame(Lane.STATE, frame).seq;
const set = (sender, key, text = 'v') => sender.set(key, ValueKind.TEXT, utf8(text));

test('the newest state wins, resent until acknowledged, never backwards', () => {
  const sender = new StateSender();
  set(sender, 'a', 'old');
  set(sender, 'b');
  set(sender, 'a', 'new');
  const first = parseFrame(Lane.STATE, sender.nextToSend(0));
  assert.equal(new TextDecoder().decode(parseStateValue(first.payload).value), 'new');
  assert.equal(first.seq, 3, 'and it kept its place before b');
  assert.equal(versionOf(sender.nextToSend(0)), 2);
  assert.equal(sender.nextToSend(0), null);
  assert.equal(sender.deadline, MIN_RESEND_MS);
  sender.onAcked(1);
  assert.equal(sender.deadline, MIN_RESEND_MS, 'an old version is none');
  sender.onAcked(3);
  assert.equal(sender.nextToSend(MIN_RESEND_MS - 1), null);
  assert.equal(versionOf(sender.nextToSend(MIN_RESEND_MS)), 2);
  sender.setRoundTrip(1000);
  assert.equal(versionOf(sender.nextToSend(2 * MIN_RESEND_MS)), 2);
  assert.equal(sender.deadline, 2 * MIN_RESEND_MS + 1500);
  sender.markAllDirty();
  assert.equal(versionOf(sender.nextToSend(2 * MIN_RESEND_MS)), 2, 'a new link: at once');
  sender.onAcked(2);
  sender.markAllDirty();
  assert.equal(sender.nextToSend(1e9), null, 'what is acknowledged stays so');
  assert.equal(sender.deadline, null);
  sender.clear('a');
  const cleared = parseFrame(Lane.STATE, sender.nextToSend(0));
  assert.deepEqual([cleared.type, cleared.seq, parseStateKey(cleared.payload)], [FrameType.STATE_DELETE, 4, 'a']);
  sender.clear('a');
  sender.clear('never');
  assert.equal(sender.nextToSend(0), null);

  const receiver = new StateReceiver();
  assert.equal(receiver.onVersion('a', 3), 'deliver');
  assert.equal(receiver.onVersion('a', 1), 'old');
  assert.equal(receiver.onVersion('a', 3), 'old');
  assert.equal(receiver.onVersion('b', 2), 'deliver');
  assert.deepEqual(receiver.takeAcks().sort(), [2, 3]);
  assert.deepEqual(receiver.takeAcks(), []);
  receiver.onVersion('a', 3);
  assert.deepEqual(receiver.takeAcks(), [3], 'the acknowledgement was lost: again');
});

test('states are bounded at both ends', () => {
  const sender = new StateSender();
  refused('invalid_argument', () => set(sender, ''));
  refused('invalid_argument', () => set(sender, 'ü'.repeat(33)));
  refused('message_too_large', () => sender.set('k', ValueKind.BINARY, new Uint8Array(16 * 1024 + 1)));
  for (let i = 0; i < 63; ++i) sender.set(`big${i}`, ValueKind.BINARY, new Uint8Array(16 * 1024));
  const before = sender.bytes;
  sender.set('big0', ValueKind.BINARY, new Uint8Array(16 * 1024));
  assert.equal(sender.bytes, before);
  sender.set('more', ValueKind.BINARY, new Uint8Array(15 * 1024));
  refused('limit_exceeded', () => sender.set('evenMore', ValueKind.BINARY, new Uint8Array(16 * 1024)));
  assert.equal(sender.keys, 64);
  const many = new StateSender();
  const receiver = new StateReceiver();
  for (let i = 0; i < MAX_STATE_KEYS; ++i) {
    set(many, `${i}`);
    assert.equal(receiver.onVersion(`${i}`, i + 1), 'deliver');
  }
  many.clear('0');
  refused('limit_exceeded', () => set(many, 'one more'));
  set(many, '5');
  assert.equal(receiver.onVersion('one more', 5000), 'violation');
  let acks = 0;
  for (let some; (some = receiver.takeAcks()).length > 0; acks += some.length) assert.ok(some.length <= 32);
  assert.equal(acks, MAX_STATE_KEYS);
});

test('of a stream the newest go, in order', () => {
  const sender = new StreamSender();
  refused('message_too_large', () => sender.push(FrameType.STREAM_BINARY, new Uint8Array(MAX_STREAM_BYTES + 1)));
  for (let i = 0; i < 20; ++i) sender.push(FrameType.STREAM_BINARY, Uint8Array.of(i));
  assert.deepEqual([sender.frames, sender.dropped], [MAX_STREAM_FRAMES, 4]);
  const next = (room) => parseFrame(Lane.STREAM, sender.next(room))?.payload[0];
  assert.equal(next(3 * 21), 17);
  assert.equal(next(1), 19, 'the newest at least');
  assert.equal(sender.next(1), null);
  for (let i = 0; i < 6; ++i) sender.push(FrameType.STREAM_BINARY, new Uint8Array(MAX_STREAM_BYTES));
  assert.equal(sender.frames, 4, '256 KiB');
  sender.dropAll();
  assert.equal(sender.bytes, 0);
  const receiver = new StreamReceiver();
  assert.deepEqual([5, 5, 4, 6].map((seq) => receiver.accept(seq)), [true, false, false, true]);
});

// --- Keys

const start = () => new Uint8Array(64).fill(9);
const data = utf8('data');

test('old keys are gone', () => {
  const [a, b] = [new KeyRatchet(start()), new KeyRatchet(start())];
  const old = a.tag(0, data);
  a.agree(0);
  b.agree(0);
  assert.ok(a.check(0, data, old), 'the other end may not have moved');
  assert.ok(!a.check(0, data, changed(old, (bytes) => { bytes[63] ^= 1; })));
  assert.ok(!a.check(0, data, old.subarray(0, 63)));
  a.settle(0);
  assert.ok(!a.knows(0) && !a.check(0, data, old));
  assert.ok(a.check(1, data, b.tag(1, data)));
  a.settle(5);
  assert.equal(a.own, 1, 'never sent');
  a.wipe();
  for (let generation = 0; generation < 4; ++generation) assert.ok(!a.knows(generation) && a.tag(generation, data) === null);
  a.settle(1);
  assert.throws(() => b.agree(3), RangeError);
  assert.ok(!b.knows(0xffffffff));
});

test('any loss keeps two ends within one generation, to depth 12', () => {
  const rounds = Array.from({ length: 16 }, (_, bits) => [1, 2, 4, 8].map((bit) => (bits & bit) !== 0))
    .filter(([aArrives, bArrives, aSettles, bSettles]) => (aArrives && bArrives) || !(aSettles || bSettles));
  const play = ({ a, b }, [aArrives, bArrives, aSettles, bSettles]) => {
    const [aSent, bSent] = [a.own, b.own];
    const [aTag, bTag] = [a.tag(aSent, data), b.tag(bSent, data)];
    if (aArrives) {
      assert.ok(b.check(aSent, data, aTag), `${aSent} at ${b.own}`);
      b.agree(aSent);
    }
    if (bArrives) {
      assert.ok(a.check(bSent, data, bTag), `${bSent} at ${a.own}`);
      a.agree(bSent);
    }
    if (aSettles) a.settle(aSent);
    if (bSettles) b.settle(bSent);
    assert.ok(Math.abs(a.own - b.own) <= 1);
  };
  const keeps = (end) => end.own > 0 && end.knows(end.own - 1);
  let frontier = [[]];
  const known = new Set();
  for (let depth = 0; depth < 12; ++depth) {
    const next = new Map();
    for (const history of frontier) {
      for (const round of rounds) {
        const ends = { a: new KeyRatchet(start()), b: new KeyRatchet(start()) };
        for (const past of [...history, round]) play(ends, past);
        const key = `${ends.a.own - ends.b.own} ${keeps(ends.a)} ${keeps(ends.b)}`;
        if (!next.has(key)) next.set(key, [...history, round]);
      }
    }
    frontier = [...next.values()];
    for (const key of next.keys()) known.add(key);
  }
  assert.ok(known.size >= 6 && known.size <= 12, `${known.size}`);
});

// --- HELLO

const prints = (byte) => new Uint8Array(32).fill(byte);
const displaySees = { own: prints(1), peer: prints(2) };
const controllerSees = { own: prints(2), peer: prints(1) };
const keeperOf = (role, first = start(), seed = 1) =>
  new HelloKeeper({ role, first, features: ['files.2', 'session.1'], random: seededRandom(role.length * 100 + seed) });

test('each flipped bit and each cut of a HELLO is refused', () => {
  const payload = fromHex(vectors.hello.payload);
  for (let cut = 0; cut < payload.length; ++cut) {
    const parsed = parseHello(payload.subarray(0, cut));
    assert.ok(parsed === null, `cut at ${cut}`);
  }
  const hello = keeperOf('display').make(1, displaySees, 0);
  for (let bit = 0; bit < hello.length * 8; ++bit) {
    const flipped = changed(hello, (bytes) => { bytes[bit >> 3] ^= 1 << (bit & 7); });
    const { verdict } = keeperOf('controller').see(controllerSees, flipped, 0);
    assert.ok(['wrong-tag', 'malformed'].includes(verdict), `bit ${bit}: ${verdict}`);
  }
  assert.equal(keeperOf('controller').see(controllerSees, hello, 0).verdict, 'first');
});

test('a HELLO is good on its own link, from its own role, once', () => {
  const [display, controller] = [keeperOf('display'), keeperOf('controller')];
  const hello = display.make(1, displaySees, 0);
  assert.equal(keeperOf('controller').see({ ...controllerSees, peer: prints(3) }, hello, 0).verdict, 'wrong-tag');
  assert.equal(keeperOf('controller').see({ ...controllerSees, own: prints(3) }, hello, 0).verdict, 'wrong-tag');
  assert.equal(keeperOf('display', start(), 2).see(controllerSees, hello, 0).verdict, 'wrong-tag', 'reflected');
  assert.equal(keeperOf('controller', new Uint8Array(64)).see(controllerSees, hello, 0).verdict, 'wrong-tag');
  assert.deepEqual(controller.see(controllerSees, hello, 0), { verdict: 'first', peerLast: 0 });
  assert.deepEqual(controller.features, ['files.2', 'session.1']);
  assert.equal(controller.see(controllerSees, hello, 0).verdict, 'refuse', 'replayed');
  assert.equal(display.see(displaySees, controller.make(1, controllerSees, 0), 0).verdict, 'first');
  // The next link: both know each other.
  assert.deepEqual(controller.see(controllerSees, display.make(2, displaySees, 4), 4), { verdict: 'resume', peerLast: 4 });
  assert.equal(controller.see(controllerSees, display.make(3, displaySees, 5), 4).verdict, 'corrupt');
  display.loseMemory();
  assert.equal(controller.see(controllerSees, display.make(4, displaySees, 0), 4).verdict, 'state-lost');
  display.wipe();
  assert.equal(display.make(5, displaySees, 0), null);
  assert.equal(display.secrets, null);
});

test('a plain session takes its key of the first HELLOs, and of nothing else', () => {
  const [display, controller] = [keeperOf('display', null), keeperOf('controller', null)];
  const [fromDisplay, fromController] = [display.make(1, displaySees, 0), controller.make(1, controllerSees, 0)];
  assert.equal(controller.see(controllerSees, keeperOf('display').make(1, displaySees, 0), 0).verdict, 'wrong-tag', 'not plain');
  const generationAt = 16 * 3 + 8 + 3;
  const other = changed(fromDisplay, (bytes) => { bytes[generationAt] = 2; });
  assert.equal(parseHello(other).hello.generation, 2);
  assert.equal(keeperOf('controller', null).see(controllerSees, other, 0).verdict, 'wrong-tag', 'there is no such generation');
  assert.equal(controller.see(controllerSees, fromDisplay, 0).verdict, 'first');
  assert.equal(display.see(displaySees, fromController, 0).verdict, 'first');
  assert.deepEqual(display.secrets, controller.secrets);
  assert.equal(display.see(displaySees, controller.make(2, controllerSees, 0), 0).verdict, 'resume', 'from here on with a tag');
});

test('every verdict on a HELLO whose tag is right', () => {
  const id = (byte) => new Uint8Array(ID_BYTES).fill(byte);
  const remembered = { session: id(1), mine: id(2), theirs: id(3), theirCounter: 5 };
  const hello = { session: id(1), mine: id(3), yours: id(2), counter: 6, lastDelivered: [[Channel.COMMAND, 7]] };
  const verdict = (change, memory = {}, sent = 7) => judge({ ...remembered, ...memory }, { ...hello, ...change }, sent);
  assert.equal(verdict({}), 'resume');
  assert.equal(verdict({}, { theirs: noEpoch() }), 'first');
  assert.equal(verdict({ session: id(9) }), 'refuse');
  assert.equal(verdict({ mine: noEpoch() }), 'refuse');
  assert.equal(verdict({ counter: 5 }), 'refuse');
  assert.equal(verdict({ counter: 4 }), 'refuse');
  assert.equal(verdict({ mine: id(9) }), 'state-lost');
  assert.equal(verdict({ yours: id(9) }), 'state-lost');
  assert.equal(verdict({ yours: noEpoch() }), 'resume', 'it never heard our first word');
  assert.equal(verdict({}, {}, 6), 'corrupt');
  assert.equal(verdict({ lastDelivered: [[Channel.COMMAND, Infinity]] }), 'corrupt');
  assert.equal(verdict({ lastDelivered: [] }), 'corrupt');
  assert.ok(!checkHelloTag(new KeyRatchet(start()), 7, 'display', displaySees, data, new Uint8Array(64)), 'no such generation');
});
