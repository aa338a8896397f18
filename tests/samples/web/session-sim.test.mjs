// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions of JavaScript ends, and of one in C++ with one in JavaScript, over bad links by seed. The checker
// of the C++ simulation judges them (pairwire-session-judge).
//
//   PAIRWIRE_SESSION_RUNS=5000    so many runs of JavaScript ends instead of the usual few, and a sixth of that with C++
//   PAIRWIRE_SESSION_FIRST=501    beginning with this seed instead of 1
//   PAIRWIRE_TEST_SEED=123        this one run alone, with its case and its history
import './testing.mjs';

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { nativeSession } from './native-session.mjs';
import { WHAT_WORDS, scriptSession } from './session-sim-end.mjs';
import { Sim, drawSession } from './session-sim.mjs';

const usual = (name, value) => Number(process.env[name] ?? value);
const only = usual('PAIRWIRE_TEST_SEED', 0);
const first = only || usual('PAIRWIRE_SESSION_FIRST', 1);
const runs = only ? 1 : usual('PAIRWIRE_SESSION_RUNS', 60);
const crossRuns = only ? 1 : Math.ceil(runs / 6);

function judge(histories) {
  const judged = spawnSync(path.join(process.env.PAIRWIRE_BIN ?? 'build/release/bin', 'pairwire-session-judge'), {
    input: histories.map((history) => `${JSON.stringify(history)}\n`).join(''), encoding: 'utf8', maxBuffer: 2 ** 28,
  });
  assert.equal(judged.status, 0, judged.stderr);
  return judged.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
}

const count = (histories, word) =>
  histories.reduce((sum, { events }) => sum + events.filter(([what]) => WHAT_WORDS[what] === word).length, 0);

function runAll(t, makers, howMany) {
  const histories = [];
  for (let seed = first; seed < first + howMany; ++seed) {
    const drawn = drawSession(seed);
    // The end of the numbers is not the same in both languages.
    if (makers.includes(nativeSession)) drawn.firstSeq = 1;
    try {
      histories.push(new Sim(drawn, makers).run());
    } catch (error) {
      throw new Error(`PAIRWIRE_TEST_SEED=${seed} ${JSON.stringify(drawn)}`, { cause: error });
    }
    if (only) {
      console.log(JSON.stringify(drawn));
      const [start] = histories[0].events[0].slice(2);
      for (const [what, end, at, ...rest] of histories[0].events) {
        if (WHAT_WORDS[what] !== 'bytes') console.log(at - start, end, WHAT_WORDS[what], ...rest);
      }
    }
  }
  const breaches = judge(histories).flatMap((found, i) => found.map(([, line]) => `PAIRWIRE_TEST_SEED=${first + i}: ${line}`));
  assert.deepEqual(breaches.slice(0, 10), []);
  const [delivered, links, states] = ['deliver', 'linkOpen', 'stateShown'].map((word) => count(histories, word));
  t.diagnostic(`${howMany} sessions, ${delivered} messages, ${states} states, ${links} links`);
  // Weather that prevented everything would break nothing either.
  if (!only) assert.ok(delivered > 50 * howMany && links > 2 * howMany && states > 5 * howMany);
  return histories;
}

test('JavaScript ends keep the promises over bad links', (t) => {
  const histories = runAll(t, [scriptSession, scriptSession], runs);
  if (only) return;
  assert.ok(count(histories, 'restored') > 0 && count(histories, 'killed') > 0 && count(histories, 'outage') > runs);
});

test('a C++ display and a JavaScript controller do', (t) => {
  runAll(t, [nativeSession, scriptSession], crossRuns);
});

test('a JavaScript display and a C++ controller do', (t) => {
  runAll(t, [scriptSession, nativeSession], crossRuns);
});

test('the checker sees what JavaScript ends could do wrong', () => {
  const drawn = { ...drawSession(3), kill: 0, restore: 0, close: 0, manualAck: false, cut: 0, freeze: 0, throttle: 0, stall: 0, sendChance: 0.5 };
  const good = new Sim(drawn, [scriptSession, scriptSession]).run();
  const spoilt = (change) => {
    const history = structuredClone(good);
    change(history.events, history.events.findLastIndex(([what]) => WHAT_WORDS[what] === 'deliver'));
    return history;
  };
  const found = judge([
    good,
    spoilt((events, last) => events.splice(last, 0, [...events[last]])),
    spoilt((events, last) => events.splice(last, 1)),
    spoilt((events, last) => { events[last][5] ^= 1; }),
  ]).map((breaches) => breaches.map(([invariant]) => invariant));
  assert.deepEqual(found[0], []);
  assert.ok(found[1].includes(2), 'delivered twice');
  assert.ok(found[2].includes(4), 'acknowledged and not delivered');
  assert.ok(found[3].includes(1), 'changed on its way');
});
