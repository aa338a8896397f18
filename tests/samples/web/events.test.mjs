// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Typed events in JavaScript: the same texts are taken, refused and complained about as in C++.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { EVENTS, eventToJson, parseEvent, readEvent } from '../../../samples/web/events.js';
import { EventError } from '../../../samples/web/event-fields.js';

// SplitMix64 cut to 32 bits: the same seed draws the same events everywhere.
const seeded = (seed) => {
  let state = BigInt(seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return Number((z ^ (z >> 31n)) >> 32n) / 2 ** 32;
  };
};

const drawValue = (random, field) => {
  const below = (bound) => Math.floor(random() * bound);
  switch (field.rule) {
    case 'bool': return random() < 0.5;
    case 'whole': return Math.min(field.high, field.low + Math.floor(random() * (field.high - field.low + 1)));
    case 'number': return field.low + random() * (field.high - field.low);
    case 'text': {
      const alphabet = ['a', 'Z', '"', '\\', '\n', 'ü', '漢', '😀'];
      let text = 'x'.repeat(field.low);
      for (let i = below(20); i > 0; --i) text += alphabet[below(alphabet.length)];
      return text;
    }
    case 'enum': return field.values[below(field.values.length)];
    case 'numbers': return Array.from({ length: below(field.count + 1) % 9 }, () => field.low + random() * (field.high - field.low));
    default: return drawData(random, field.fields);
  }
};

const drawData = (random, fields) => {
  const data = {};
  for (const field of fields) {
    if (!field.optional || random() < 0.6) data[field.name] = drawValue(random, field);
  }
  return data;
};

const ODD = [null, true, false, 0, 1, -1, 1.5, 2 ** 53, 2 ** 53 - 1, -(2 ** 60), 1e300, '', 'x', 'x'.repeat(70), 'x'.repeat(5000), 'ü'.repeat(33),
  [], [1], [1, 'x'], [null], {}, { a: 1 }, 'constructor', '__proto__', Array.from({ length: 257 }, () => 1)];

// Puts something odd somewhere.
const spoil = (random, event) => {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const spoilIn = (object) => {
    const keys = Object.keys(object);
    const key = random() < 0.1 || keys.length === 0 ? pick(['more', 'constructor', 'toString']) : pick(keys);
    const inner = object[key];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner) && random() < 0.5) {
      spoilIn(inner);
    } else if (random() < 0.2) {
      delete object[key];
    } else {
      object[key] = pick(ODD);
    }
  };
  if (random() < 0.05) {
    spoilIn(event);
  } else {
    spoilIn(event.data);
  }
};

test('C++ and JavaScript agree on ten thousand drawn events', () => {
  const random = seeded(20261121);
  const names = Object.keys(EVENTS).filter((name) => EVENTS[name].by !== 'relay');
  assert.equal(names.length, 15);
  const texts = [];
  for (let i = 0; i < 10_000; ++i) {
    const type = names[i % names.length];
    const event = { type, data: drawData(random, EVENTS[type].fields) };
    if (random() < 0.7) spoil(random, event);
    texts.push(JSON.stringify(event));
  }
  const peer = spawnSync(path.join(process.env.PAIRWIRE_BIN, 'pairwire-events-peer'), {
    input: `${texts.join('\n')}\n`, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 60_000,
  });
  assert.equal(peer.status, 0, peer.stderr);
  const answers = peer.stdout.trimEnd().split('\n');
  assert.equal(answers.length, texts.length);
  let refused = 0;
  texts.forEach((text, i) => {
    let ours;
    try {
      ours = eventToJson(parseEvent(text));
    } catch (error) {
      assert.ok(error instanceof EventError, `${error.stack}\n${text}`);
      ++refused;
      assert.equal(answers[i], `! ${error.message}`, text);
      return;
    }
    assert.ok(!answers[i].startsWith('! '), `${answers[i]}\n${text}`);
    assert.deepEqual(JSON.parse(answers[i]), JSON.parse(ours), text);
  });
  // Neither all nor nothing.
  assert.ok(refused > 2_000 && refused < 8_000, `${refused} were refused`);
});

test("the relay's events are read by the same tables", () => {
  assert.deepEqual(readEvent('user_left', { memberId: 'm', role: 'display', name: null, more: 1 }), { memberId: 'm', role: 'display' });
  assert.deepEqual(readEvent('participants_update', { participants: [{ memberId: 'm', x: 1 }] }), { participants: [{ memberId: 'm' }] });
  assert.throws(() => readEvent('participants_update', { participants: [{ memberId: 'm' }, {}] }),
    { message: 'participants_update.participants[1].memberId: text of 1 to 64 bytes is missing' });
  assert.throws(() => readEvent('session:terminated', {}), { message: 'session:terminated.reason: text of 1 to 64 bytes is missing' });
});

test('what the other end would refuse is not written', () => {
  assert.throws(() => eventToJson({ type: 'chat:message', data: { text: '' } }),
    { name: 'EventError', message: 'chat:message.text: this is not text of 1 to 4096 bytes' });
  assert.throws(() => eventToJson({ type: 'chat:message', data: { text: '\ud800' } }), EventError);
  assert.throws(() => eventToJson({ type: 'toString', data: {} }), { message: "the event's name is unknown" });
  assert.equal(eventToJson({ type: 'sync:mark', data: { mark: 'a', at: 5, more: 1 } }), '{"type":"sync:mark","data":{"mark":"a","at":5}}');
});
