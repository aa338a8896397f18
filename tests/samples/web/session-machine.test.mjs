// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionMachine in JavaScript: what it says to what it is told, as tests/peer/delivery/session_machine_test.cc.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { randomBelow } from '../../../samples/web/session/meeting-pauses.js';
import { INPUTS, SessionMachine } from '../../../samples/web/session/session-machine.js';
import { seededRandom } from './testing.mjs';

const STATES = ['signalling', 'connected', 'recovering', 'reconnecting', 'closing', 'closed'];
const WORDS = {
  sendBind: 'bind', sendHello: 'hello', sendReset: 'reset', sendClose: 'close', sendPing: 'ping', endLink: 'end', useLink: 'use',
  rewindOutbox: 'rewind', startRejoin: 'rejoin', stopRejoin: 'stop-rejoin', leaveRelay: 'leave', newConnection: 'new', renegotiate: 'offer',
  rollBack: 'roll-back', applyRemote: 'apply', showCode: 'show-code', hideCode: 'hide-code', wipeKeys: 'wipe',
};
const describe = ({ type, link, reason, inBand, state }) => {
  if (type === 'tellState') return `->${state}`;
  if (type === 'tellClosed') return `closed:${reason}`;
  if (type === 'restartIce') return inBand ? 'restart-in-band' : 'restart';
  return `${WORDS[type]}${link ?? ''}${reason ? `:${reason}` : ''}`;
};
const count = (words, word) => words.filter((each) => each === word).length;

class Rig {
  now = 1_000_000;

  constructor(role = 'display', plain = false, random = seededRandom(1)) {
    this.machine = new SessionMachine(role, plain, {}, random);
  }

  give(type, fields = {}) { return this.machine.handle(this.now, { type, ...fields }).map(describe); }

  /** Gives the timer at each deadline until this time has passed, and all that happens. */
  wait(ms) {
    const words = [];
    const end = this.now + ms;
    while (this.machine.deadline !== null && this.machine.deadline <= end) {
      this.now = this.machine.deadline;
      words.push(...this.give('timerFired'));
    }
    this.now = end;
    return words;
  }

  bring(link, verdict = 'resume') {
    this.give('linkUp', { link });
    this.give('bindSeen', { link, right: true });
    return this.give('helloSeen', { link, verdict });
  }

  static at(state, role = 'display') {
    const rig = new Rig(role);
    if (state === 'signalling') return rig;
    rig.bring(1, 'first');
    rig.wait(3_000);
    if (state === 'recovering') rig.give('pathQuiet', { link: 1 });
    if (state === 'reconnecting') rig.give('linkEnded', { link: 1 });
    if (state === 'closing' || state === 'closed') rig.give('closeAsked');
    if (state === 'closed') rig.give('drained');
    assert.equal(rig.machine.state, state);
    return rig;
  }
}

test('from the first link to the goodbye', () => {
  const rig = new Rig();
  assert.deepEqual(rig.give('linkUp', { link: 1 }), ['bind1', 'hello1']);
  assert.ok(rig.machine.isWaiting(1));
  assert.deepEqual(rig.give('bindSeen', { link: 1, right: true }), []);
  assert.deepEqual(rig.give('helloSeen', { link: 1, verdict: 'first' }), ['use1', 'rewind', '->connected']);
  assert.deepEqual(rig.wait(4_000), ['leave']);
  assert.deepEqual(rig.wait(2_000), ['ping1']);
  assert.deepEqual(rig.give('frameSeen', { link: 1 }), []);
  assert.deepEqual(rig.give('closeAsked'), ['->closing']);
  assert.deepEqual(rig.give('drained'), ['close1:bye', 'end1', 'leave', 'wipe', '->closed', 'closed:asked']);
  assert.equal(rig.machine.deadline, null);
});

test('who does not prove itself gets nothing', () => {
  for (const [type, fields] of [['bindSeen', { right: false }], ['helloSeen', { verdict: 'first' }], ['helloSeen', { verdict: 'wrong-tag' }]]) {
    const rig = new Rig('controller');
    rig.give('linkUp', { link: 1 });
    assert.deepEqual(rig.give(type, { link: 1, ...fields }), ['end1', 'leave', 'wipe', '->closed', 'closed:auth-failed']);
  }
  // A session that lives is not hurt by it.
  const rig = Rig.at('reconnecting');
  let link = 2;
  for (const verdict of ['wrong-tag', 'refuse', 'malformed']) assert.equal(rig.bring(++link, verdict).at(-1), `end${link}`);
  for (const [type, fields] of [['resetSeen', { reason: 'state-lost' }], ['closeSeen', { reason: 'bye' }], ['frameSeen', {}], ['violation', {}]]) {
    rig.give('linkUp', { link: ++link });
    assert.deepEqual(rig.give(type, { link, ...fields }), [`end${link}`]);
    assert.equal(rig.machine.state, 'reconnecting');
  }
});

test('a takeover ends the old link first', () => {
  const rig = Rig.at('connected');
  assert.deepEqual(rig.bring(2), ['end1', 'use2', 'rewind']);
  assert.equal(rig.machine.link, 2);
  assert.deepEqual(rig.give('linkEnded', { link: 1 }), [], 'it is none of ours any more');
  assert.deepEqual(rig.give('frameSeen', { link: 1 }), []);
  rig.give('linkUp', { link: 3 });
  assert.deepEqual(rig.give('linkUp', { link: 4 }), ['end3', 'bind4', 'hello4'], 'at most one waits');
});

test('a link that ends is replaced; offers in a meeting are the display\'s', () => {
  const rig = Rig.at('connected');
  assert.deepEqual(rig.give('linkEnded', { link: 1 }), ['rejoin', '->reconnecting']);
  assert.deepEqual(rig.give('relayMet'), ['new']);
  const made = count(rig.wait(5_000), 'new');
  assert.ok(made >= 2 && made <= 5, `${made}`);
  rig.bring(2);
  assert.equal(rig.machine.state, 'connected');
  assert.deepEqual(rig.wait(4_000), ['leave'], 'and no window is open');
  for (const state of ['reconnecting', 'recovering']) {
    const controller = Rig.at(state, 'controller');
    assert.deepEqual(controller.give('relayMet'), []);
    assert.equal(count(controller.wait(9_000), 'new'), 0);
  }
});

test('a path that comes back', () => {
  const rig = Rig.at('connected');
  assert.deepEqual(rig.give('pathQuiet', { link: 1 }), ['rejoin', 'restart-in-band', '->recovering']);
  assert.deepEqual(rig.give('pathBack', { link: 1 }), ['stop-rejoin', '->connected']);
  rig.give('pathQuiet', { link: 1 });
  assert.deepEqual(rig.give('relayMet'), ['restart']);
  assert.deepEqual(rig.give('frameSeen', { link: 1 }), ['->connected'], 'a frame is as good');
  assert.equal(count(rig.wait(3_000), 'leave'), 1);
  assert.equal(count(Rig.at('connected').wait(16_000), '->recovering'), 1, 'silence alone does it, too');
});

test('restarts in vain end the connection', () => {
  const rig = Rig.at('recovering');
  rig.give('relayMet');
  const waited = rig.wait(10_100);
  assert.ok(count(waited, 'restart') >= 4);
  assert.deepEqual([count(waited, 'end1'), count(waited, 'new')], [1, 1]);
  assert.equal(rig.machine.state, 'reconnecting');
  const renewed = Rig.at('recovering');
  renewed.give('relayMet');
  assert.deepEqual(renewed.give('renewAsked'), ['end1', 'new', '->reconnecting']);
});

test('the window ends the session, Close does not wait for ever', () => {
  for (const state of ['recovering', 'reconnecting']) {
    const rig = Rig.at(state);
    assert.equal(count(rig.wait(119_000), 'closed:session-lost'), 0);
    const waited = rig.wait(2_000);
    assert.equal(waited.at(-1), 'closed:session-lost');
    assert.equal(count(waited, 'wipe'), 1);
    assert.equal(rig.machine.deadline, null);
  }
  assert.equal(Rig.at('closing').wait(5_000).at(-1), 'closed:asked');
  assert.equal(Rig.at('closing').give('linkEnded', { link: 1 }).at(-1), 'closed:asked');
  assert.equal(Rig.at('reconnecting').give('closeAsked').at(-1), 'closed:asked');
  assert.deepEqual(Rig.at('closing').give('linkUp', { link: 2 }), ['end2']);
});

test('a first link that fails', () => {
  for (const fail of [(rig) => rig.give('linkEnded', { link: 1 }), (rig) => rig.wait(10_000)]) {
    const rig = new Rig('controller');
    rig.give('linkUp', { link: 1 });
    assert.deepEqual(fail(rig), ['end1', 'rejoin', '->reconnecting']);
  }
  const plain = new Rig('controller', true);
  assert.deepEqual(plain.give('linkUp', { link: 1 }), ['hello1']);
  assert.equal(plain.give('linkEnded', { link: 1 }).at(-1), 'closed:link-failed');
});

test('resets and goodbyes', () => {
  for (const [type, fields, last] of [
    ['resetSeen', { reason: 'corrupt' }, 'closed:corrupt'], ['resetSeen', { reason: 'state-lost' }, 'closed:session-lost'],
    ['resetSeen', { reason: 'protocol' }, 'closed:protocol'], ['resetSeen', { reason: 'refused' }, '->reconnecting'],
    ['closeSeen', { reason: 'bye' }, 'closed:peer-left'], ['closeSeen', { reason: 'replaced' }, 'closed:replaced'],
    ['closeSeen', { reason: 'revoked' }, 'closed:revoked'], ['violation', {}, 'closed:protocol'],
    ['replaced', {}, 'closed:replaced'], ['revokeAsked', {}, 'closed:revoked'], ['helloSeen', { verdict: 'refuse' }, '->reconnecting'],
  ]) {
    assert.equal(Rig.at('connected').give(type, { link: 1, ...fields }).at(-1), last);
  }
  assert.deepEqual(Rig.at('reconnecting').bring(2, 'state-lost'),
    ['reset2:state-lost', 'end2', 'stop-rejoin', 'leave', 'wipe', '->closed', 'closed:peer-restarted']);
  assert.equal(Rig.at('reconnecting').bring(2, 'corrupt')[0], 'reset2:corrupt');
});

test('pauses are full jitter below a bound that doubles', () => {
  const longest = new Array(8).fill(0);
  const shortest = new Array(8).fill(Infinity);
  const rig = Rig.at('connected');
  let link = 1;
  for (let run = 0; run < 300; ++run) {
    rig.give('linkEnded', { link });
    for (let attempt = 0; attempt < 8; ++attempt) {
      const failed = rig.now;
      rig.give('rejoinFailed');
      for (let words = []; count(words, 'rejoin') === 0;) {
        rig.now = rig.machine.deadline;
        words = rig.give('timerFired');
      }
      longest[attempt] = Math.max(longest[attempt], rig.now - failed);
      shortest[attempt] = Math.min(shortest[attempt], rig.now - failed);
    }
    rig.bring(++link);
    // Healthy for long: from the start again.
    for (let i = 0; i < 4; ++i) {
      rig.wait(9_000);
      rig.give('frameSeen', { link });
    }
  }
  [250, 500, 1000, 2000, 2000, 2000, 2000, 2000].forEach((bound, attempt) => {
    assert.ok(longest[attempt] <= bound && longest[attempt] >= bound * 0.9, `${attempt}: ${longest[attempt]}`);
    assert.ok(shortest[attempt] <= bound * 0.1, `${attempt}: ${shortest[attempt]}`);
  });
  const changed = Rig.at('reconnecting');
  for (let i = 0; i < 6; ++i) {
    changed.give('rejoinFailed');
    assert.deepEqual(changed.give('networkChanged'), ['rejoin'], 'a changed network is a reason not to wait');
  }
});

test('pauses begin short again when there is news at the relay', () => {
  const longest = (failures) => {
    let most = 0;
    for (let run = 0; run < 200; ++run) {
      const rig = new Rig('display', false, seededRandom(run + 1));
      rig.bring(1, 'first');
      rig.give('linkEnded', { link: 1 });
      let failed = 0;
      for (const why of failures) {
        failed = rig.now;
        rig.give('rejoinFailed', { why });
        for (let words = []; count(words, 'rejoin') === 0;) {
          rig.now = rig.machine.deadline;
          words = rig.give('timerFired');
        }
      }
      most = Math.max(most, rig.now - failed);
    }
    return most;
  };
  const away = new Array(4).fill('relayAway');
  const refused = new Array(4).fill('refused');
  assert.ok(longest([...away, 'refused']) <= 250, 'it answers again');
  assert.ok(longest([...refused, 'peerMoved']) <= 250, 'the other end is about');
  assert.ok(longest([...away, 'relayAway']) >= 1000, 'still away');
  assert.ok(longest([...refused, 'refused']) >= 1000, 'nothing new');
  assert.ok(longest([...away, 'peerMoved', 'peerMoved', 'peerMoved']) >= 750, 'no more than once in a while');
});

test('the relay is left alone for as long as it asked for', () => {
  const rig = Rig.at('reconnecting');
  rig.give('rejoinFailed', { retryAfterMs: 7_000 });
  assert.equal(count(rig.wait(6_999), 'rejoin'), 0);
  assert.deepEqual(rig.give('networkChanged'), [], 'it may be the reason why that changes again and again');
  assert.equal(count(rig.wait(1), 'rejoin'), 1);
  rig.give('rejoinFailed');
  assert.equal(count(rig.wait(2_000), 'rejoin'), 1, 'of that which is gone nothing is left');
  rig.give('rejoinFailed', { retryAfterMs: 3_600_000 });
  assert.equal(count(rig.wait(60_000), 'rejoin'), 1, 'not for ever');
  const later = Rig.at('recovering');
  later.give('rejoinFailed', { retryAfterMs: 20_000 });
  later.give('pathBack', { link: 1 });
  later.now += 3_000;
  assert.equal(count(later.give('pathQuiet', { link: 1 }), 'rejoin'), 0, 'also in another outage soon after');
  assert.equal(count(later.wait(16_999), 'rejoin'), 0);
  assert.equal(count(later.wait(1), 'rejoin'), 1);
});

test('a standstill, or the late timers of a hidden page, move the deadlines', () => {
  const rig = Rig.at('connected');
  rig.now += 100_000;
  assert.deepEqual(rig.give('timerFired'), ['ping1'], 'nobody was silent');
  assert.equal(rig.machine.state, 'connected');
  assert.equal(count(rig.wait(16_000), '->recovering'), 1, 'now somebody is');
  const waiting = Rig.at('reconnecting');
  waiting.wait(60_000);
  waiting.now += 300_000;
  waiting.give('timerFired');
  assert.equal(waiting.machine.state, 'reconnecting');
  assert.equal(count(waiting.wait(50_000), 'closed:session-lost'), 0);
  assert.equal(count(waiting.wait(20_000), 'closed:session-lost'), 1, 'what was left of the window');
  // One timer a minute, and an answer to each PING: connected for an hour.
  const hidden = Rig.at('connected');
  for (let minute = 0; minute < 60; ++minute) {
    hidden.now += 60_000;
    assert.equal(count(hidden.give('timerFired'), 'ping1'), 1);
    hidden.give('frameSeen', { link: 1 });
    assert.equal(hidden.machine.state, 'connected');
  }
});

test('the screen is given back and taken again', () => {
  const rig = Rig.at('reconnecting');
  assert.equal(count(rig.wait(9_000), 'show-code'), 0);
  assert.equal(count(rig.wait(2_000), 'show-code'), 1);
  assert.equal(count(rig.bring(2), 'hide-code'), 1);
  // From the first silence, not from when ICE gives the connection up.
  const silent = Rig.at('recovering');
  silent.wait(6_000);
  silent.give('linkEnded', { link: 1 });
  assert.equal(count(silent.wait(5_000), 'show-code'), 1);
  assert.equal(count(Rig.at('reconnecting', 'controller').wait(100_000), 'show-code'), 0);
});

test('the relay carries only when nothing else does', () => {
  const rig = Rig.at('reconnecting');
  rig.give('relayMet');
  assert.deepEqual(rig.give('fallbackUp', { link: 2 }), []);
  let waited = rig.wait(3_000);
  assert.deepEqual([count(waited, 'hello2'), count(waited, 'bind2')], [1, 0], 'the meeting has bound it');
  assert.deepEqual(rig.give('helloSeen', { link: 2, verdict: 'resume' }), ['use2', 'rewind', '->connected']);
  assert.ok(rig.machine.overRelay);
  waited = rig.wait(4_500);
  assert.deepEqual([count(waited, 'leave'), count(waited, 'new')], [0, 1], 'the way back');
  assert.deepEqual(rig.give('networkChanged'), ['new']);
  assert.deepEqual(rig.bring(3), ['end2', 'use3', 'rewind']);
  assert.ok(!rig.machine.overRelay);
  assert.equal(count(rig.wait(3_000), 'leave'), 1);
  // Not where nothing is encrypted, and not unasked.
  assert.deepEqual(new Rig('display', true).give('fallbackUp', { link: 9 }), ['end9']);
  assert.deepEqual(Rig.at('connected').give('fallbackUp', { link: 9 }), ['end9']);
});

// Who made the link that never came up has waited for it.
test('a first meeting need not wait for the relay', () => {
  const rig = new Rig('display');
  rig.give('linkEnded', { link: 1 });
  rig.give('relayMet');
  assert.deepEqual(rig.give('fallbackUp', { link: 2 }), ['hello2']);
  rig.give('helloSeen', { link: 2, verdict: 'first' });
  assert.ok(rig.machine.overRelay);
  // The next one gives the direct path its time.
  rig.give('rejoinFailed');
  rig.give('linkEnded', { link: 2 });
  rig.wait(1_000);
  rig.give('relayMet');
  assert.deepEqual(rig.give('fallbackUp', { link: 3 }), []);
  assert.equal(count(rig.wait(3_000), 'hello3'), 1);
  // A link that came up, and whose hello did not.
  const other = new Rig('controller');
  other.give('linkUp', { link: 1 });
  other.give('linkEnded', { link: 1 });
  other.give('relayMet');
  assert.deepEqual(other.give('fallbackUp', { link: 2 }), []);
});

test('negotiation in band', () => {
  const remote = (rig, kind) => rig.give('remoteNegotiation', { kind });
  const display = Rig.at('connected');
  assert.deepEqual(display.give('negotiationNeeded'), ['offer']);
  assert.deepEqual(display.give('negotiationNeeded'), []);
  assert.deepEqual(remote(display, 'offer'), [], "the display's offer counts");
  assert.deepEqual(remote(display, 'candidate'), []);
  assert.deepEqual(remote(display, 'answer'), ['apply', 'offer']);
  assert.deepEqual(remote(display, 'candidate'), ['apply'], "these are the answer's");
  assert.deepEqual(remote(display, 'answer'), ['apply']);
  assert.deepEqual(remote(display, 'answer'), []);
  assert.deepEqual(remote(display, 'offer'), ['apply']);
  assert.deepEqual(remote(display, 'candidate'), ['apply']);
  assert.deepEqual(remote(display, 'want-restart'), ['restart-in-band']);
  const controller = Rig.at('connected', 'controller');
  controller.give('negotiationNeeded');
  assert.deepEqual(remote(controller, 'offer'), ['roll-back', 'apply']);
  assert.deepEqual(remote(controller, 'want-restart'), []);
  // The path dies under an offer: the meeting's offer finds a stable connection.
  controller.give('negotiationNeeded');
  controller.give('pathQuiet', { link: 1 });
  assert.deepEqual(controller.give('relayMet'), ['roll-back']);
  // It waited for the path, and is answered when that is back: the other end has changed over.
  controller.give('pathBack', { link: 1 });
  assert.deepEqual(remote(controller, 'answer'), ['restart-in-band']);
  assert.deepEqual(remote(controller, 'answer'), [], 'once');
  for (const met of [false, true]) {
    const quiet = Rig.at('recovering', 'controller');
    assert.deepEqual(quiet.give('negotiationNeeded'), []);
    if (met) quiet.give('relayMet');
    assert.equal(count(quiet.give('pathBack', { link: 1 }), 'offer'), met ? 0 : 1, 'when the path is back, if nobody met');
  }
});

test('every state with every input, twice', () => {
  const variants = {
    bindSeen: [{ right: true }, { right: false }],
    helloSeen: ['first', 'resume', 'state-lost', 'corrupt', 'refuse', 'wrong-tag', 'malformed'].map((verdict) => ({ verdict })),
    resetSeen: ['corrupt', 'state-lost', 'protocol', 'refused'].map((reason) => ({ reason })),
    closeSeen: ['bye', 'replaced', 'revoked'].map((reason) => ({ reason })),
    remoteNegotiation: ['offer', 'answer', 'candidate', 'want-restart', 'rollback'].map((kind) => ({ kind })),
  };
  const inputs = INPUTS.flatMap((type) => (variants[type] ?? [{}]).map((fields) => [type, fields]));
  for (const role of ['display', 'controller']) {
    for (const state of STATES) {
      for (const link of [0, 1, 2]) {
        for (const [type, fields] of inputs) {
          const rig = Rig.at(state, role);
          rig.give(type, { link, ...fields });
          for (const [second, more] of inputs) {
            rig.give(second, { link: 2, ...more });
            const { machine } = rig;
            if (machine.state === 'closed') {
              assert.deepEqual([machine.link, machine.deadline], [0, null]);
            } else if (machine.state !== 'signalling') {
              assert.notEqual(machine.deadline, null, 'each state but the first waits for something');
            }
            if (machine.state === 'connected' || machine.state === 'recovering') assert.notEqual(machine.link, 0);
            if (machine.state === 'reconnecting') assert.equal(machine.link, 0);
          }
          // Whatever it was, time alone ends it or finds it healthy.
          rig.wait(700_000);
          assert.ok(['closed', 'signalling'].includes(rig.machine.state), '700 s without a word');
        }
      }
    }
  }
  assert.throws(() => new Rig().give('noSuchInput'), RangeError);
});

test('drawn numbers are uniform below any bound', () => {
  const random = seededRandom(7);
  for (const bound of [1, 2, 3, 1000, 2 ** 40]) {
    let most = 0;
    for (let i = 0; i < 2000; ++i) {
      const value = randomBelow(random, bound);
      assert.ok(Number.isInteger(value) && value >= 0 && value < bound);
      most = Math.max(most, value / bound);
    }
    assert.ok(bound === 1 || most >= Math.min(0.99, 1 - 1 / bound - 1e-9));
  }
});
