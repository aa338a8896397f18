// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One end in a simulated session: tests/peer/delivery/session_sim_end.cc in JavaScript. The session, its
// application, which records what it sees, and the process, which can freeze, die, or have its timers
// throttled as a hidden page's are.
import { FrameType, ValueKind } from '../../../samples/web/session/frames.js';
import { HelloKeeper } from '../../../samples/web/session/hello-keeper.js';
import { SessionEnd } from '../../../samples/web/session/session-end.js';
import { SessionError } from '../../../samples/web/session/session-error.js';

// As What and End of tests/peer/delivery/session_history.h.
const WHAT = Object.fromEntries(['send', 'deliver', 'acked', 'lost', 'pending', 'linkOpen', 'linkClose', 'bytes', 'stateSet', 'stateShown',
  'outage', 'outageOver', 'ended', 'killed', 'restored', 'appClosed'].map((word, i) => [word, i]));
export const WHAT_WORDS = Object.keys(WHAT);
const ENDS = { asked: 0, 'peer-left': 1, 'session-lost': 2, 'peer-restarted': 3 };
const OTHER_END = 4;

const KEYS = 6;
const utf8 = (text) => new TextEncoder().encode(text);
const hashOf = (bytes) => bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

/** A session in this process. */
export function scriptSession({ role, first, drawn, random, owner, before }) {
  const keeper = before?.keeper ?? new HelloKeeper({ role, first, features: ['session.1'], random });
  if (before) keeper.loseMemory();
  return new SessionEnd({
    role, keeper, random, owner, times: { window: drawn.window }, outbox: drawn.outbox, manualAck: drawn.manualAck, firstSeq: drawn.firstSeq,
  });
}

export class SimEnd {
  #which;
  #case;
  #make;
  #loop;
  #random;
  #events;
  #world;
  #session = null;
  #timer = null;
  #timerWasDue = false;
  #backlog = [];
  #taken = []; // manualAck: not acknowledged yet
  #messages = 0;
  #values = 0;
  #openLink = 0;
  #over = false;

  frozen = false;
  throttled = false;
  /** Which link the next frame is from, whatever the session thinks. */
  carrying = 0;

  constructor(which, drawn, make, loop, random, events, world) {
    Object.assign(this, { canLoseMemory: make === scriptSession });
    this.#which = which;
    this.#case = drawn;
    this.#make = make;
    this.#loop = loop;
    this.#random = random;
    this.#events = events;
    this.#world = world;
  }

  get alive() { return this.#session !== null; }

  start(restored) {
    const before = restored ? this.#session : null;
    if (restored) {
      this.#record('restored');
      this.#over = false;
      this.#taken = [];
      this.#backlog = [];
    }
    this.#session = this.#make({
      role: this.#which === 0 ? 'display' : 'controller',
      first: this.#case.plain ? null : new Uint8Array(64).fill(42),
      drawn: this.#case,
      random: (size) => this.#random.bytes(size),
      owner: this.#owner(),
      before,
    });
  }

  /** An end in another process leaves it. */
  dispose() {
    this.#session?.dispose?.();
    this.#session = null;
  }

  kill() {
    this.#record('killed');
    this.dispose();
    this.#backlog = [];
    this.#loop.cancel(this.#timer);
    this.frozen = false;
  }

  // --- The process

  /** Runs `work` in the process: now, when it thaws, or never if it dies before. */
  run(work) {
    if (!this.#session) return;
    if (this.frozen) return void this.#backlog.push(work);
    work(this.#session);
    this.#rearm();
  }

  freeze(ms) {
    if (!this.#session || this.frozen) return;
    this.frozen = true;
    this.#loop.after(ms, () => this.#thaw());
  }

  #thaw() {
    if (!this.frozen) return;
    this.frozen = false;
    // Timers or what waits in the sockets, as it happens.
    if (this.#random.chance(0.5)) this.#lateTimer();
    for (const work of this.#backlog.splice(0)) {
      if (this.#session) work(this.#session);
    }
    if (!this.#session) return;
    this.#lateTimer();
    this.#rearm();
  }

  #lateTimer() {
    if (this.#timerWasDue) this.#onTimer();
  }

  #rearm() {
    this.#loop.cancel(this.#timer);
    let { deadline } = this.#session;
    if (deadline === null) return;
    // Once a minute, at the full minute.
    if (this.throttled) deadline = Math.max(this.#loop.now, Math.ceil(deadline / 60_000) * 60_000);
    this.#timer = this.#loop.at(deadline, () => this.#onTimer());
  }

  #onTimer() {
    this.#timerWasDue = this.frozen;
    if (this.frozen || !this.#session) return;
    this.#session.onTimer(this.#loop.now);
    this.#rearm();
  }

  // --- The application

  #record(what, number = 0, last = 0, hash = 0, link = 0) {
    this.#events.push([WHAT[what], this.#which, Math.floor(this.#loop.now), number, last, hash, link]);
  }

  #recordBytes() {
    this.#record('bytes', this.#session.outboxBytes, this.#session.outboxMessages, this.#session.stateBytes);
  }

  // What the session refuses is not recorded; anything else is a defect.
  #try(work) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return null;
    }
  }

  sendSome(messages) {
    this.run((session) => {
      for (let i = 0; i < messages; ++i) {
        // Numbered, so that no two are alike; some are longer.
        let text = `${this.#which}:${++this.#messages}`;
        if (this.#random.chance(0.1)) text += 'x'.repeat(this.#random.below(2_000));
        const message = utf8(text);
        // Recorded before, as what it causes is recorded meanwhile; undone when it is refused.
        const at = this.#events.length;
        this.#record('send', 0, 0, hashOf(message));
        const seq = this.#try(() => session.send(this.#loop.now, FrameType.DATA_TEXT, message));
        if (seq === null) {
          this.#events.splice(at, 1);
          break;
        }
        this.#events[at][3] = seq;
      }
      this.#recordBytes();
    });
  }

  changeState() {
    this.run((session) => {
      const key = this.#random.below(KEYS);
      const value = utf8(`${this.#which}=${++this.#values}`);
      const now = this.#loop.now;
      const set = this.#try(() => {
        session.setState(now, String.fromCharCode(97 + key), ValueKind.TEXT, value);
        return true;
      });
      if (!set) return;
      this.#record('stateSet', key, 0, hashOf(value));
      if (this.#random.chance(0.3)) this.#try(() => session.sendStream(now, FrameType.STREAM_BINARY, value));
      this.#recordBytes();
    });
  }

  acknowledgeAll() {
    this.run((session) => {
      if (this.#over || this.#taken.length === 0) return;
      const some = this.#taken.splice(0, 1 + this.#random.below(this.#taken.length));
      for (const { seq, hash } of some) this.#record('deliver', seq, 0, hash);
      session.acknowledge(this.#loop.now, some.at(-1).seq);
    });
  }

  closeByApplication() {
    this.run((session) => {
      if (this.#over) return;
      this.#record('appClosed');
      session.close(this.#loop.now);
    });
  }

  recordPending() {
    if (!this.#session || this.#over) return;
    const { first, last } = this.#session.unacked;
    this.#record('pending', first, last);
  }

  #owner() {
    const which = this.#which;
    const world = this.#world;
    return {
      sendFrame: (link, lane, frame) => world.carry(which, link, lane, frame),
      room: (link, lane) => world.roomOf(which, link, lane),
      fingerprintsOf: (link) => world.certificates(which, link),
      ownBindTag: (link) => world.bindTag(link),
      checkBindTag: (link, tag) => tag[0] === world.bindTag(link)[0],
      do: (action) => this.#do(action),
      onMessage: (seq, type, message) => {
        if (this.#case.manualAck) this.#taken.push({ seq, hash: hashOf(message) });
        else this.#record('deliver', seq, 0, hashOf(message), this.carrying);
      },
      onStateValue: ({ key, value }) => this.#record('stateShown', key.charCodeAt(0) - 97, 0, hashOf(value)),
      onStateCleared: () => {},
      onStream: () => {},
      onAcked: (upTo) => this.#record('acked', upTo),
      onControl: () => {},
      onClosed: ({ reason, unacknowledged }) => {
        this.#over = true;
        this.#taken = [];
        this.#record('lost', unacknowledged.first, unacknowledged.last);
        this.#record('ended', ENDS[reason] ?? OTHER_END);
      },
    };
  }

  #do(action) {
    if (action.type === 'useLink') {
      this.#openLink = action.link;
      this.#record('linkOpen', 0, 0, 0, action.link);
    } else if (action.type === 'endLink') {
      this.#record('linkClose', 0, 0, 0, action.link);
    } else if (action.type === 'tellState') {
      if (action.state === 'connected') this.#record('outageOver');
      if (action.state === 'recovering' || action.state === 'reconnecting') this.#record('outage');
      // A link that ended by itself.
      if (action.state === 'reconnecting') this.#record('linkClose', 0, 0, 0, this.#openLink);
    }
    this.#world.act(this.#which, action);
  }
}
