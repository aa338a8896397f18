// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Files over channels that break off: sender and receiver of pairwire.file.v2 in JavaScript, against each other.
import './testing.mjs';

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { FileProblem, fileIdOf, parseFileMessage } from '../../../samples/web/session/bulk-messages.js';
import { FileReceiver, FileSlots, SYNC_BYTES } from '../../../samples/web/session/bulk-receiver.js';
import { CHUNK_BYTES, FileSender, HIGH_WATER } from '../../../samples/web/session/bulk-sender.js';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const contentOf = (size) => {
  let state = size + 1;
  return Uint8Array.from({ length: size }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16);
};

/** What a display has on its disk: one partial and what it stored. */
class Disk {
  partial = null;
  files = [];
  calls = [];

  sink() {
    const disk = this;
    let bytes = [];
    let id = '';
    const joined = () => new Uint8Array(Buffer.concat(bytes));
    return {
      open: async (offer) => {
        id = offer.id;
        bytes = disk.partial?.id === id ? [disk.partial.bytes] : [];
        return bytes.reduce((sum, part) => sum + part.length, 0);
      },
      readBack: async (offset, size) => joined().slice(offset, offset + size),
      restart: async () => void (bytes = [], disk.calls.push('restart')),
      write: async (data) => void bytes.push(data.slice()),
      sync: async () => void disk.calls.push('sync'),
      commit: async () => {
        const all = joined();
        disk.partial = null;
        disk.files.push({ id, sha256: sha256(all), size: all.length });
        return all;
      },
      discard: () => void (disk.partial = null, disk.calls.push('discard')),
      keep: () => void (disk.partial = { id, bytes: joined() }, disk.calls.push('keep')),
      stored: (offer) => disk.files.find((file) => file.id === offer.id) ?? null,
    };
  }
}

class Source {
  version = 1;
  reads = 0;
  constructor(bytes) { this.bytes = bytes; }
  changed() { return this.version; }
  async read(offset, size) {
    ++this.reads;
    return this.bytes.slice(offset, offset + size);
  }
}

/** Two ends of a channel; after `cutAfter` messages in all nothing gets through, and both are told. */
class Wire {
  messages = 0;
  log = [];
  #open = true;

  constructor(cutAfter = Infinity) {
    this.cutAfter = cutAfter;
    this.sides = [0, 1].map((side) => ({
      bufferedAmount: 0,
      send: (data) => {
        if (!this.#open) throw new Error('closed');
        if (this.messages++ >= this.cutAfter) return this.cut();
        this.log.push([side, typeof data === 'string' ? JSON.parse(data).type : data.length]);
        const copy = typeof data === 'string' ? data : data.slice().buffer;
        queueMicrotask(() => this.ends[1 - side].onMessage(copy));
      },
      close: () => this.cut(),
    }));
  }

  cut() {
    if (!this.#open) return;
    this.#open = false;
    queueMicrotask(() => this.ends.forEach((end) => end.onClosed()));
  }
}

class Transfer {
  results = [];
  received = [];
  parked = 0;
  slots = new FileSlots();

  constructor(bytes, disk = new Disk()) {
    this.disk = disk;
    this.source = new Source(bytes);
    this.offer = { name: 'a.bin', size: bytes.length, id: fileIdOf({ name: 'a.bin', size: bytes.length }, 1, bytes) };
  }

  /** One try over a wire; gives it when both ends have come to rest. */
  async attempt(cutAfter, spoil = () => {}) {
    const wire = new Wire(cutAfter);
    const [ours, theirs] = wire.sides;
    if (this.sender?.state === 'parked') {
      this.sender.resume(ours);
    } else {
      this.sender = new FileSender(ours, this.source, this.offer, {
        onParked: () => ++this.parked, onFinished: (problem, file) => this.results.push(problem ? problem.code : file.sha256),
      });
    }
    this.receiver = new FileReceiver(theirs, this.disk.sink(), this.slots, {
      onFinished: (problem, stored) => this.received.push(problem ? problem.code : sha256(stored)),
    }, true);
    wire.ends = [this.sender, this.receiver];
    spoil(wire);
    this.sender.onOpen();
    for (let quiet = 0, last = -1; quiet < 3;) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.receiver.settled();
      const now = wire.messages + this.source.reads;
      quiet = now === last ? quiet + 1 : 0;
      last = now;
    }
    return wire;
  }
}

test('a whole file, and an empty one', async () => {
  for (const size of [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 5]) {
    const bytes = contentOf(size);
    const transfer = new Transfer(bytes);
    const wire = await transfer.attempt();
    assert.deepEqual([transfer.results, transfer.received], [[sha256(bytes)], [sha256(bytes)]]);
    assert.deepEqual(wire.log.slice(0, 3).map(([, type]) => type), ['offer', 'accept', 'from']);
    assert.equal(transfer.slots.free, 4);
  }
});

test('cut behind every message, it goes on where it was', async () => {
  const bytes = contentOf(5 * CHUNK_BYTES + 17);
  const whole = (await new Transfer(bytes).attempt()).messages;
  assert.ok(whole >= 10);
  for (let cut = 0; cut < whole; ++cut) {
    const transfer = new Transfer(bytes);
    await transfer.attempt(cut);
    assert.deepEqual(transfer.results, [], `cut at ${cut}`);
    assert.equal(transfer.sender.state, 'parked');
    const kept = transfer.disk.partial?.bytes.length ?? 0;
    const wire = await transfer.attempt();
    assert.deepEqual(transfer.results, [sha256(bytes)], `cut at ${cut}`);
    assert.equal(transfer.disk.files.length, 1, 'stored once, also when only the receipt was lost');
    const again = wire.log.reduce((sum, [, size]) => sum + (typeof size === 'number' ? size : 0), 0);
    assert.equal(again, transfer.disk.files.length === 1 && wire.log[1][1] === 'done' ? 0 : bytes.length - kept, 'nothing twice');
    assert.equal(transfer.slots.free, 4);
  }
});

test('a sender that was started anew goes on, too; a changed file is another one', async () => {
  const bytes = contentOf(4 * CHUNK_BYTES);
  const first = new Transfer(bytes);
  await first.attempt(6);
  const kept = first.disk.partial.bytes.length;
  assert.ok(kept > 0);
  const second = new Transfer(bytes, first.disk);
  assert.equal(second.offer.id, first.offer.id);
  const wire = await second.attempt();
  assert.deepEqual(second.results, [sha256(bytes)]);
  assert.ok(wire.log.filter(([, size]) => typeof size === 'number').length < 4);
  assert.notEqual(fileIdOf(first.offer, 2, bytes), first.offer.id);
  // Changed while it was parked.
  const third = new Transfer(bytes);
  await third.attempt(6);
  third.source.version = 2;
  await third.attempt();
  assert.deepEqual(third.results, ['source_changed']);
  assert.equal(third.disk.files.length, 0);
});

test('a prefix that is not ours is thrown away', async () => {
  const bytes = contentOf(2 * CHUNK_BYTES);
  const transfer = new Transfer(bytes);
  for (const forged of [bytes.slice(0, 100).fill(1), new Uint8Array(bytes.length + 1)]) {
    transfer.disk.partial = { id: transfer.offer.id, bytes: forged };
    const next = new Transfer(bytes, transfer.disk);
    await next.attempt();
    assert.deepEqual(next.results, [sha256(bytes)]);
    assert.ok(next.disk.calls.includes('restart'));
    next.disk.files.length = 0;
  }
});

test('the channel never holds more than the bound', async () => {
  const bytes = contentOf(3 * HIGH_WATER);
  const transfer = new Transfer(bytes);
  let most = 0;
  await transfer.attempt(Infinity, (wire) => {
    const [ours] = wire.sides;
    const { send } = ours;
    ours.send = (data) => {
      if (typeof data !== 'string') ours.bufferedAmount += data.length;
      most = Math.max(most, ours.bufferedAmount);
      send(data);
      if (ours.bufferedAmount >= HIGH_WATER) {
        setImmediate(() => {
          ours.bufferedAmount = 0;
          transfer.sender.onBufferedAmountLow();
        });
      }
    };
  });
  assert.deepEqual(transfer.results, [sha256(bytes)]);
  assert.ok(most >= HIGH_WATER && most < HIGH_WATER + CHUNK_BYTES, `${most}`);
  assert.ok(SYNC_BYTES > bytes.length);
});

test('who does not keep the protocol ends the transfer, and nothing stays', async () => {
  const bytes = contentOf(3 * CHUNK_BYTES);
  const say = (message) => JSON.stringify(message);
  for (const [to, message, code] of [
    [1, 'no json', 'bad_message'], [1, say({ type: 'offer', name: 'b', size: 1, id: 'x' }), 'bad_message'],
    [1, say({ type: 'from', offset: 3 }), 'unexpected'], [1, new ArrayBuffer(1), 'unexpected'],
    [0, new ArrayBuffer(1), 'unexpected'], [0, say({ type: 'done', sha256: '0'.repeat(64), size: 1 }), 'unexpected'],
    [0, say({ type: 'accept', offset: bytes.length + 1, prefixSha256: '0'.repeat(64) }), 'resume_refused'],
    [0, say({ type: 'refuse', code: 'disk_full', message: 'no room' }), 'disk_full'],
  ]) {
    const transfer = new Transfer(bytes);
    await transfer.attempt(Infinity, (wire) => queueMicrotask(() => wire.ends[to].onMessage(message)));
    const results = to === 0 ? transfer.results : transfer.received;
    assert.deepEqual(results, [code], `${code} ${typeof message === 'string' ? message : ''}`);
    // Who refuses has ended it by itself: to a receiver that did not, the channel just closes.
    if (code !== 'disk_full') assert.equal(transfer.disk.partial, null);
    assert.deepEqual([transfer.disk.files.length, transfer.slots.free], [0, 4]);
  }
  // A byte changed on its way: found by the hash of the whole.
  const changed = new Transfer(bytes);
  await changed.attempt(Infinity, (wire) => {
    const { send } = wire.sides[0];
    wire.sides[0].send = (data) => send(typeof data === 'string' ? data : data.map((byte, i) => (i === 0 ? byte ^ 1 : byte)));
  });
  assert.deepEqual([changed.results, changed.received], [['hash_mismatch'], ['hash_mismatch']]);
  assert.equal(changed.disk.partial, null);
  // No room for a fifth.
  const full = new Transfer(bytes);
  full.slots = new FileSlots(0);
  await full.attempt();
  assert.deepEqual(full.results, ['too_many_files']);
  assert.equal(full.slots.free, 0);
  // Given up: what came is thrown away at both ends.
  const given = new Transfer(bytes);
  await given.attempt(6);
  given.sender.cancel();
  assert.deepEqual(given.results, ['cancelled']);
});

test('messages are read within their bounds', () => {
  for (const text of ['', '[]', 'null', '{"type":"constructor"}', '{"type":1}', '{"type":"offer","name":"a","size":1.5}',
    '{"type":"offer","name":"a","size":-1}', '{"type":"offer","name":"a","size":9007199254740992}', '{"type":"accept","offset":1}',
    '{"type":"end","sha256":"AA"}', '{"type":"have"}', '{"type":"error","code":"x"}', `{"type":"end","x":"${'x'.repeat(4096)}"}`,
    JSON.stringify({ type: 'offer', name: 'x'.repeat(1025), size: 1 })]) {
    assert.throws(() => parseFileMessage(text), (error) => error instanceof FileProblem && error.code === 'bad_message', text.slice(0, 60));
  }
  assert.deepEqual(parseFileMessage('{"type":"accept"}'), { type: 'accept', offset: 0, prefixSha256: '' });
  assert.deepEqual(parseFileMessage('{"type":"from","offset":7,"more":1}'), { type: 'from', offset: 7 });
});

test('the id is the hash of the list that docs/file-transfer.md names', () => {
  const bytes = contentOf(70_000);
  const number = (value) => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64BE(BigInt(value));
    return out;
  };
  const items = [Buffer.from('pairwire file/2'), Buffer.from('ä.bin'), number(70_000), number(5), Buffer.from(bytes.subarray(0, 65_536))];
  const list = Buffer.concat(items.flatMap((item) => [
    // 65,536 in groups of seven bits, the lowest first.
    item.length === 65_536 ? Buffer.from([0x80, 0x80, 0x04]) : Buffer.from([item.length]), item]));
  assert.equal(fileIdOf({ name: 'ä.bin', size: 70_000 }, 5, bytes), sha256(list).slice(0, 32));
});
