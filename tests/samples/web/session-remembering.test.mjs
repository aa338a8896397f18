// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two ends that remember each other, or do not, over a link that may lose what is said: the cases of
// tests/peer/session/remembering_test.cc, and what a page has besides: a visitor who agrees later, and a list that
// answers later.
import { seededRandom } from './testing.mjs';

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseRemember, rememberPayload } from '../../../samples/web/session/frames.js';
import { MEETING_PAUSE_MS, RememberedMeetings } from '../../../samples/web/session/remembered-meetings.js';
import { Remembering } from '../../../samples/web/session/remembering.js';
import { meetName } from '../../../samples/web/session/session-secrets.js';

const NAMES = { display: 'Hall', controller: 'Ann' };

// The list of one page, in memory. `broken`: it keeps nothing; `slow`: its answers wait for release().
class FakeStore {
  entries = [];
  broken = false;
  unreadable = false;
  slow = false;
  #watchers = new Set();
  #waiting = [];

  release() {
    this.slow = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async #answer() {
    if (this.slow) await new Promise((resolve) => { this.#waiting.push(resolve); });
    if (this.unreadable) throw new Error('no answer');
  }

  async list() { await this.#answer(); return this.entries.map((entry) => ({ ...entry })); }
  async get(id, role) { await this.#answer(); return this.entries.find((entry) => entry.id === id && entry.role === role) ?? null; }
  async put(pairing) {
    await this.#answer();
    if (this.broken) throw new Error('full');
    this.entries = [...this.entries.filter(({ id, role }) => id !== pairing.id || role !== pairing.role), { ...pairing, key: pairing.key.slice() }];
    this.#tell();
  }

  async remove(id, role) {
    await this.#answer();
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => entry.id !== id || entry.role !== role);
    if (this.entries.length === before) return false;
    this.#tell();
    return true;
  }

  async touch(id, role, lastUsed) {
    const entry = this.entries.find((each) => each.id === id && each.role === role);
    if (entry) entry.lastUsed = lastUsed;
    return entry !== undefined;
  }

  watch(changed) {
    const watcher = { changed };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell() { for (const { changed } of [...this.#watchers]) changed(); }
}

// Everything that is under way without a clock.
const settle = () => new Promise((resolve) => { setImmediate(resolve); });

class Pair {
  random = seededRandom(1);
  secrets = { remember: this.random(64) };
  second = 0;
  display = { role: 'display', store: new FakeStore(), sent: [], remembered: [], revoked: 0 };
  controller = { role: 'controller', store: new FakeStore(), sent: [], remembered: [], revoked: 0 };

  get ends() { return [this.display, this.controller]; }

  make(end, { pairingId = '', willing = true, ownName = NAMES[end.role] } = {}) {
    end.remembering?.stop();
    end.remembering = new Remembering(
      { role: end.role, store: end.store, ownName, pairingId, willing, random: this.random, clock: () => this.second },
      {
        send: (payload) => end.sent.push(payload.slice()),
        onRemembered: (id) => end.remembered.push(id),
        onRevoked: () => { ++end.revoked; },
      });
    return this;
  }

  makeBoth(options) { return this.make(this.display, options).make(this.controller, options); }

  // A new link; what the old one had not delivered is lost.
  link() {
    for (const end of this.ends) {
      end.sent = [];
      end.remembering?.onUnlinked();
      end.remembering?.onLink();
    }
  }

  async deliverOne(from, to) {
    if (from.sent.length === 0) return;
    const payload = from.sent.shift();
    assert.notEqual(to.remembering?.onFrame(this.secrets, payload), null);
    await settle();
  }

  async deliverAll() {
    await settle();
    while (this.ends.some(({ sent }) => sent.length > 0)) {
      await this.deliverOne(this.display, this.controller);
      await this.deliverOne(this.controller, this.display);
    }
  }

  async agree() {
    this.makeBoth();
    this.link();
    await this.deliverAll();
    return this.expectRemembered();
  }

  expectRemembered() {
    assert.equal(this.display.remembered.length, 1);
    assert.deepEqual(this.controller.remembered, this.display.remembered);
    const [[there], [here]] = this.ends.map(({ store }) => store.entries);
    const [id] = this.display.remembered;
    assert.deepEqual([there.id, here.id], [id, id]);
    assert.equal(meetName(there.key), meetName(here.key));
    assert.deepEqual([there.role, here.role], ['display', 'controller']);
    assert.deepEqual([there.name, here.name], ['Ann', 'Hall']);
    assert.deepEqual(this.ends.map(({ store }) => store.entries.length), [1, 1]);
    assert.deepEqual(this.ends.map(({ remembering }) => remembering.pairingId), [id, id]);
    return id;
  }

  expectNothing() {
    assert.deepEqual(this.ends.map(({ store }) => store.entries), [[], []]);
    assert.deepEqual(this.ends.map(({ remembered }) => remembered), [[], []]);
  }
}

test('both ends keep the same', async () => {
  const pair = new Pair();
  await pair.agree();
  // Later links have nothing to say.
  pair.link();
  assert.deepEqual(pair.ends.map(({ sent }) => sent), [[], []]);
});

test('what a link lost is said again', async () => {
  // After each number of deliveries the link breaks.
  for (let delivered = 0; delivered <= 4; ++delivered) {
    const pair = new Pair().makeBoth();
    pair.link();
    for (let i = 0; i < delivered; ++i) {
      await (i % 2 === 0 ? pair.deliverOne(pair.display, pair.controller) : pair.deliverOne(pair.controller, pair.display));
    }
    pair.link();
    await pair.deliverAll();
    pair.expectRemembered();
  }
});

// The two links of one connection are not in use at the same moment.
test('an accept may come before the offer', async () => {
  const pair = new Pair().makeBoth();
  pair.link();
  const offer = pair.controller.sent.shift();
  await pair.deliverOne(pair.display, pair.controller);
  await pair.deliverOne(pair.controller, pair.display); // the accept
  assert.deepEqual(pair.display.remembered, []);
  pair.controller.sent.unshift(offer);
  await pair.deliverAll();
  pair.expectRemembered();
});

test('both must agree', async () => {
  for (const silent of ['display', 'controller']) {
    const pair = new Pair().makeBoth();
    pair.make(pair[silent], { willing: false });
    for (let i = 0; i < 2; ++i) {
      pair.link();
      await pair.deliverAll();
    }
    pair.expectNothing();
    assert.deepEqual(pair[silent].remembering.willing, false);
  }
});

test('the visitor may agree in the middle of a session, and on a later link', async () => {
  for (const late of ['display', 'controller']) {
    for (const links of [1, 3]) {
      const pair = new Pair().makeBoth();
      pair.make(pair[late], { willing: false });
      for (let i = 0; i < links; ++i) {
        pair.link();
        await pair.deliverAll();
      }
      pair.expectNothing();
      pair[late].remembering.begin();
      await pair.deliverAll();
      pair.expectRemembered();
    }
  }
});

test('agreeing while there is no link is said on the next one', async () => {
  const pair = new Pair().makeBoth({ willing: false });
  pair.link();
  for (const end of pair.ends) {
    end.remembering.onUnlinked();
    end.remembering.begin();
    assert.deepEqual(end.sent, []);
  }
  pair.link();
  await pair.deliverAll();
  pair.expectRemembered();
});

test('an end that can not store refuses', async () => {
  for (const broken of ['display', 'controller']) {
    const pair = new Pair().makeBoth();
    pair[broken].store.broken = true;
    for (let i = 0; i < 2; ++i) {
      pair.link();
      await pair.deliverAll();
    }
    pair.expectNothing(); // nobody would ever come by it
    assert.ok(pair.ends.every(({ remembering }) => !remembering.willing));
  }
});

test('one offer is answered a link, and only when it is stored', async () => {
  const pair = new Pair().makeBoth();
  pair.link();
  const [offer] = pair.display.sent;
  pair.controller.sent = [];
  pair.controller.store.slow = true;
  for (let i = 0; i < 10; ++i) pair.controller.remembering.onFrame(pair.secrets, offer);
  await settle();
  assert.deepEqual(pair.controller.sent, []);
  pair.controller.store.release();
  await settle();
  assert.deepEqual(pair.controller.sent.map((payload) => parseRemember(payload).kind), ['accept']);
  // Another contribution makes no second pairing.
  pair.controller.remembering.onLink();
  const other = offer.slice();
  other[1] ^= 1;
  await pair.controller.remembering.onFrame(pair.secrets, other);
  assert.equal(parseRemember(pair.controller.sent.at(-1)).kind, 'refuse');
  assert.equal(pair.controller.store.entries.length, 1);
});

test('what is being stored while the link goes is answered on the next one', async () => {
  const pair = new Pair().makeBoth();
  pair.link();
  pair.controller.store.slow = true;
  await pair.deliverOne(pair.display, pair.controller);
  pair.link();
  pair.controller.store.release();
  await pair.deliverAll();
  pair.expectRemembered();
});

test('what is no frame is refused', () => {
  const pair = new Pair().makeBoth();
  const payload = rememberPayload({ kind: 'offer', contribution: new Uint8Array(32), name: '' });
  payload[0] = 9;
  assert.equal(pair.display.remembering.onFrame(pair.secrets, payload), null);
});

test('names are made fit for screens and frames', async () => {
  for (const [name, kept] of [['bell\x07', ''], ['\x85next', ''], ['Küche', 'Küche'], ['<b>', '<b>']]) {
    const pair = new Pair().makeBoth();
    pair.link();
    await pair.display.remembering.onFrame(pair.secrets, rememberPayload({ kind: 'offer', contribution: new Uint8Array(32), name }));
    assert.equal(pair.display.store.entries[0].name, kept);
  }
  for (const [name, said] of [['é'.repeat(40), 'é'.repeat(31)], [`${'x'.repeat(60)}😀`, 'x'.repeat(60)], ['x'.repeat(63), 'x'.repeat(63)]]) {
    const pair = new Pair();
    pair.make(pair.display, { ownName: name });
    pair.display.remembering.onLink();
    assert.equal(parseRemember(pair.display.sent[0]).name, said);
  }
});

test('what is forgotten ends the session here, and is forgotten there', async () => {
  const pair = new Pair();
  const id = await pair.agree();
  await pair.display.store.remove('a'.repeat(32), 'display'); // another one says nothing
  await settle();
  assert.equal(pair.display.revoked, 0);
  await pair.display.remembering.forget();
  assert.equal(pair.display.revoked, 1);
  assert.equal(pair.display.remembering.pairingId, '');
  assert.equal(parseRemember(pair.display.sent.at(-1)).kind, 'forget');
  await pair.deliverAll();
  // The other end is told by the session, and forgets it.
  assert.equal(pair.controller.store.entries[0].id, id);
  await pair.controller.remembering.onRevokedByOther();
  assert.deepEqual(pair.controller.store.entries, []);
  assert.deepEqual(pair.ends.map(({ revoked }) => revoked), [1, 0]);
});

test('an entry that somebody else removes is noticed; other entries and a list without an answer revoke nothing', async () => {
  const pair = new Pair();
  const id = await pair.agree();
  const { store } = pair.controller;
  await store.put({ id: 'a'.repeat(32), role: 'controller', name: 'Bob', made: 0, lastUsed: 0, key: new Uint8Array(64) });
  await store.put({ ...store.entries[0], role: 'display' });
  await store.remove('a'.repeat(32), 'controller');
  await store.remove(id, 'display');
  await settle();
  assert.equal(pair.controller.revoked, 0);
  store.unreadable = true;
  store.entries = [];
  pair.controller.remembering.onLink();
  await settle();
  assert.equal(pair.controller.revoked, 0);
  store.unreadable = false;
  await store.put({ id: 'b'.repeat(32), role: 'controller', name: 'Bob', made: 0, lastUsed: 0, key: new Uint8Array(64) });
  await settle();
  assert.equal(pair.controller.revoked, 1);
});

test('taken back before the other end agreed: the session lives on, and both have nothing', async () => {
  const pair = new Pair().makeBoth();
  pair.make(pair.display, { willing: false });
  pair.link();
  await pair.deliverAll();
  await pair.controller.remembering.forget();
  await pair.deliverAll();
  pair.display.remembering.begin();
  await pair.deliverAll();
  pair.expectNothing();
  assert.deepEqual(pair.ends.map(({ revoked }) => revoked), [0, 0]);
});

test('a remembered one is used and watched', async () => {
  const pair = new Pair();
  const id = await pair.agree();
  pair.second = 500;
  pair.makeBoth({ pairingId: id });
  pair.link();
  assert.deepEqual(pair.ends.map(({ sent }) => sent), [[], []], 'nothing to agree on');
  await settle();
  const [{ made, lastUsed }] = pair.display.store.entries;
  assert.deepEqual([made, lastUsed], [0, 500]);
  await pair.controller.store.remove(id, 'controller');
  await settle();
  assert.deepEqual(pair.ends.map(({ revoked }) => revoked), [0, 1]);
  assert.equal(pair.display.remembered.length, 1, 'of the first session');
  // One that was forgotten before its link came up.
  pair.make(pair.controller, { pairingId: id });
  pair.controller.remembering.onLink();
  await settle();
  assert.equal(pair.controller.revoked, 2);
});

test('nothing after the session; what is being stored is stored', async () => {
  const pair = new Pair();
  const id = await pair.agree();
  pair.display.remembering.stop();
  await pair.display.store.remove(id, 'display');
  pair.display.remembering.onLink();
  await settle();
  assert.equal(pair.display.revoked, 0);

  const late = new Pair().makeBoth();
  late.link();
  late.controller.store.slow = true;
  await late.deliverOne(late.display, late.controller);
  late.controller.remembering.stop();
  late.secrets.remember.fill(0);
  late.controller.store.release();
  await settle();
  assert.equal(late.controller.store.entries.length, 1);
  assert.deepEqual(late.controller.remembered, []);
});

// --- A display's names at the relay

const entry = (digit, role, lastUsed) => ({ id: digit.repeat(32), role, name: '', made: 0, lastUsed, key: new Uint8Array(64).fill(lastUsed) });

test('a display registers the 16 controllers that it saw last', async () => {
  const store = new FakeStore();
  const meetings = new RememberedMeetings(store);
  assert.deepEqual(await meetings.names(), []);
  assert.throws(() => meetings.open(0, 0), { code: 'auth_failed' });
  for (let i = 20; i > 0; --i) store.entries.push({ ...entry('0', 'display', i), id: i.toString(16).padStart(32, '0') });
  store.entries.push(entry('f', 'controller', 99));
  const names = await meetings.names();
  assert.deepEqual(names, store.entries.slice(0, 16).map(({ key }) => meetName(key)));
  const { pairingId, guard } = meetings.open(3, 0);
  assert.deepEqual([pairingId, guard.lookup], [store.entries[3].id, names[3]]);
  for (const index of [16, -1, 0.5, '0', null]) assert.throws(() => meetings.open(index, 10_000), { code: 'auth_failed' });
});

test('what was revoked is not let in; after a run that failed the next one waits; once the names are left out', async () => {
  const store = new FakeStore();
  const meetings = new RememberedMeetings(store);
  store.entries = [entry('a', 'display', 2), entry('b', 'display', 1)];
  await meetings.names();
  const first = meetings.open(0, 0);
  assert.throws(() => meetings.open(1, MEETING_PAUSE_MS - 1), { code: 'auth_failed' });
  meetings.open(1, MEETING_PAUSE_MS);
  first.guard.succeed();
  meetings.open(1, MEETING_PAUSE_MS + 1).guard.succeed();
  await store.remove('a'.repeat(32), 'display');
  await settle();
  assert.throws(() => meetings.open(0, MEETING_PAUSE_MS + 2), { code: 'auth_failed' });
  assert.equal(meetings.open(1, MEETING_PAUSE_MS + 2).pairingId, 'b'.repeat(32));
  meetings.leaveOutOnce();
  assert.deepEqual(await meetings.names(), []);
  assert.equal((await meetings.names()).length, 1);
  store.unreadable = true;
  assert.deepEqual(await meetings.names(), []);
});
