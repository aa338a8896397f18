// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two ends of a session on a virtual clock over bad links, by seed: tests/peer/delivery/session_sim.cc
// in JavaScript, with the same faults. What happened is recorded for pairwire-session-judge; it alone says
// whether the promises were kept. Not here: the ends themselves, which are handed in (session-sim-end.mjs).
import { FrameType, Lane, makeFrame } from '../../../samples/web/session/frames.js';
import { SESSION_TIMES } from '../../../samples/web/session/session-times.js';
import { MAX_STATE_BYTES } from '../../../samples/web/session/state-table.js';
import { SimEnd } from './session-sim-end.mjs';

/** SplitMix64 on two 32-bit halves would be faster; this is mulberry32: weather, not secrets. */
export class SimRandom {
  #state;

  constructor(seed) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  unit() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(bound) { return Math.floor(this.unit() * bound); }
  between(low, high) { return low + this.below(high - low + 1); }
  chance(probability) { return probability > 0 && (probability >= 1 || this.unit() < probability); }
  bytes(size) { return Uint8Array.from({ length: size }, () => this.below(256)); }
}

/** A clock that jumps from timer to timer, in whole microseconds. */
export class ManualLoop {
  #heap = [];
  #order = 0;
  now = 1_000_000; // milliseconds

  at(when, work) {
    let due = Math.ceil(when * 1000) / 1000;
    // Never before, not even by what a sum of such numbers is off: the work would look and start anew.
    if (due < when) due += 0.001;
    const entry = { when: Math.max(this.now, due), order: ++this.#order, work };
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
    return entry;
  }

  after(delay, work) { return this.at(this.now + delay, work); }

  cancel(entry) { if (entry) entry.work = null; }

  #before(a, b) { return a.when < b.when || (a.when === b.when && a.order < b.order); }

  #pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && this.#before(heap[child + 1], heap[child])) ++child;
        if (!this.#before(heap[child], last)) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = last;
    }
    return first;
  }

  advance(ms) {
    const end = this.now + ms;
    while (this.#heap.length > 0 && this.#heap[0].when <= end) {
      const { when, work } = this.#pop();
      this.now = Math.max(this.now, when);
      work?.();
    }
    this.now = end;
  }
}

/** What one simulated session is like, as DrawSession of session_case.cc. */
export function drawSession(seed) {
  const random = new SimRandom(seed * 2654435761 + 11);
  const storm = random.chance(0.2) ? 0 : random.unit();
  const small = random.chance(0.3);
  return {
    seed,
    chaos: random.between(5_000, 90_000),
    window: random.chance(0.3) ? random.between(10_000, 60_000) : SESSION_TIMES.window,
    firstSeq: random.chance(0.15) ? Number.MAX_SAFE_INTEGER - random.between(0, 200) : 1,
    outbox: small ? { bytes: random.between(500, 20_000), messages: random.between(2, 100) } : { bytes: 4 * 1024 * 1024, messages: 4096 },
    manualAck: random.chance(0.4),
    plain: random.chance(0.2),
    sameCertificate: random.chance(0.4),
    delay: random.chance(0.2) ? random.between(200, 3_000) : random.between(0, 150),
    jitter: random.between(0, 60),
    laneLoss: random.chance(0.6) ? random.unit() * 0.5 : 0,
    laneFrames: random.chance(0.3) ? random.between(1, 8) : 64,
    sendChance: random.unit() * 0.6,
    burst: random.between(1, random.chance(0.1) ? 100 : 4),
    stateChance: random.unit() * 0.2,
    cut: 0.15 * storm,
    stall: 0.1 * storm * random.unit(),
    freeze: 0.05 * storm * random.unit(),
    throttle: random.chance(0.2) ? random.unit() : 0, // a hidden page: timers come late, frames do not
    relayOutage: 0.05 * storm * random.unit(),
    networkChange: 0.05 * random.unit(),
    kill: 0.04,
    restore: 0.06,
    close: 0.1,
    refuse: 0.5 * random.unit(),
    linkFails: 0.6 * random.unit(),
    replay: random.chance(0.3) ? 0.5 : 0,
    fallback: random.chance(0.3) ? random.unit() : 0,
    lostHello: random.chance(0.5) ? 0.6 * random.unit() : 0,
  };
}

const bindOf = (id) => {
  const tag = new Uint8Array(64);
  tag[0] = id & 0xff;
  return tag;
};

export class Sim {
  #case;
  #random;
  #loop = new ManualLoop();
  #events = [];
  #ends;
  #links = new Map();
  #lastLink = 0;
  #calm = false;
  #relayUp = true;
  #met = false;
  #dialing = [false, false];
  #present = [false, false];
  #attempt = [0, 0];
  #heard = [[], []]; // HELLOs, by the end that heard them

  /** @param {[(options: object) => object, (options: object) => object]} makers of the ends' sessions */
  constructor(drawn, makers) {
    this.#case = drawn;
    this.#random = new SimRandom(drawn.seed * 7919 + 5);
    this.#ends = [0, 1].map((which) => new SimEnd(which, drawn, makers[which], this.#loop, this.#random, this.#events, this));
  }

  /** The history. */
  run() {
    const drawn = this.#case;
    const random = this.#random;
    for (const end of this.#ends) end.start(false);
    this.#makeLink(false);
    const chaosEnd = this.#loop.now + drawn.chaos;
    // A plain session does not outlive a first link that never came up.
    const calmUntil = this.#loop.now + (drawn.plain ? 8_000 : 0);
    const mayDie = random.chance(drawn.kill + drawn.restore);
    const death = this.#loop.now + random.below(drawn.chaos);
    let dead = false;
    const mayClose = random.chance(drawn.close);
    while (this.#loop.now < chaosEnd) {
      this.#turn();
      if (random.chance(0.1) && this.#loop.now >= calmUntil) this.#fault();
      if (mayDie && !dead && this.#loop.now >= death) {
        dead = true;
        this.#die();
      }
    }
    this.#calmDown();
    for (let i = 0; i < 600; ++i) this.#rest(i < 300);
    if (mayClose) {
      this.#ends[random.below(2)].closeByApplication();
      for (let i = 0; i < 100; ++i) this.#rest(false);
    }
    for (const end of this.#ends) {
      end.recordPending();
      end.dispose();
    }
    return {
      firstSeq: drawn.firstSeq, windowMs: drawn.window, outboxBytes: drawn.outbox.bytes, outboxMessages: drawn.outbox.messages,
      stateBytes: MAX_STATE_BYTES, rested: !mayClose, events: this.#events,
    };
  }

  // --- What the ends ask of the world

  carry(which, id, lane, frame) {
    const link = this.#links.get(id);
    const side = link.side[which];
    if (side.ended) return;
    ++side.underWay[lane];
    if (link.framesLeft !== null) {
      if (link.framesLeft === 0) this.#cut(id);
      else --link.framesLeft;
    }
    if (!link.dead) this.#launch(which, id, lane, frame);
  }

  roomOf(which, id, lane) {
    const link = this.#links.get(id);
    return link && link.side[which].underWay[lane] < (this.#calm ? 1_000 : this.#case.laneFrames) ? 16_384 : 0;
  }

  certificates(which, id) {
    const number = this.#case.sameCertificate ? 0 : id;
    const print = (end) => new Uint8Array(32).fill((number * 2 + end) & 0xff);
    return { own: print(which), peer: print(1 - which) };
  }

  bindTag(id) { return bindOf(id); }

  act(which, action) {
    const random = this.#random;
    switch (action.type) {
      case 'startRejoin': {
        this.#dialing[which] = true;
        const attempt = ++this.#attempt[which];
        this.#loop.after(random.below(400), () => this.#dial(which, attempt));
        return;
      }
      case 'stopRejoin':
      case 'leaveRelay': return this.#leave(which);
      case 'endLink': return this.#endOf(which, action.link);
      case 'newConnection':
        if (this.#met && !random.chance(this.#calm ? 0 : this.#case.linkFails)) {
          this.#loop.after(random.below(1_000), () => this.#makeLink(false));
        }
        return;
      case 'restartIce':
        if (!action.inBand && this.#met && random.chance(0.6)) this.#loop.after(random.below(300), () => this.#heal());
    }
  }

  #give(which, input) { this.#ends[which].run((session) => session.give(this.#loop.now, input)); }

  // --- Time

  #turn() {
    const drawn = this.#case;
    for (const end of this.#ends) {
      if (this.#random.chance(drawn.sendChance)) end.sendSome(1 + this.#random.below(drawn.burst));
      if (this.#random.chance(drawn.stateChance)) end.changeState();
      if (this.#random.chance(0.3)) end.acknowledgeAll();
    }
    this.#loop.advance(100);
  }

  // Fair weather; at first there is still something said.
  #rest(talk) {
    for (const end of this.#ends) {
      if (talk && this.#random.chance(0.05)) end.sendSome(1);
      if (talk && this.#random.chance(0.05)) end.changeState();
      end.acknowledgeAll();
    }
    this.#loop.advance(100);
  }

  #calmDown() {
    this.#calm = true;
    this.#relayUp = true;
    for (const [id, link] of this.#links) {
      link.framesLeft = null;
      if (link.stalled) this.#unstall(id);
    }
    for (const end of this.#ends) {
      end.throttled = false;
      end.run((session) => session.onRoom(this.#loop.now));
    }
    while (this.#ends.some((end) => end.frozen)) this.#loop.advance(100);
    // The other one notices by time alone.
    if (!this.#ends.every((end) => end.alive)) this.#loop.advance(this.#case.window + 60_000);
    // A quiet path takes its time to be noticed, and a hidden page's last late timer to come.
    this.#loop.advance(105_000);
  }

  #fault() {
    const drawn = this.#case;
    const random = this.#random;
    const newest = [...this.#links.keys()].at(-1);
    if (random.chance(drawn.cut) && newest) this.#links.get(newest).framesLeft = random.below(12);
    if (random.chance(drawn.stall) && newest) {
      this.#links.get(newest).stalled = true;
      this.#loop.after(random.below(20_000), () => this.#unstall(newest));
    }
    if (random.chance(drawn.freeze)) this.#ends[random.below(2)].freeze(random.below(random.chance(0.2) ? 200_000 : 10_000));
    if (random.chance(drawn.throttle * 0.1)) {
      const end = this.#ends[random.below(2)];
      end.throttled = !end.throttled;
    }
    if (random.chance(drawn.relayOutage)) {
      this.#relayDown();
      this.#loop.after(random.below(15_000), () => { this.#relayUp = true; });
    }
    if (random.chance(drawn.networkChange)) this.#give(random.below(2), { type: 'networkChanged' });
  }

  #die() {
    const which = this.#random.below(2);
    if (this.#ends.some((end) => end.frozen)) return;
    const restored = this.#ends[which].canLoseMemory && !this.#case.plain &&
      this.#random.chance(this.#case.restore / (this.#case.kill + this.#case.restore));
    for (const [id, link] of this.#links) {
      link.dead = true;
      link.side[which].ended = true;
      this.#noticeLater(1 - which, id, 20_000);
    }
    this.#heard[which] = [];
    this.#leave(which);
    if (!restored) return this.#ends[which].kill();
    this.#ends[which].start(true);
    const none = ++this.#lastLink;
    this.#links.set(none, { ...this.#newLink(), dead: true });
    this.#give(which, { type: 'linkUp', link: none });
    this.#give(which, { type: 'linkEnded', link: none });
  }

  // --- Links

  #newLink() {
    const side = () => ({ up: false, ended: false, underWay: [0, 0, 0], lastArrival: 0, held: [], early: [] });
    return { fallback: false, dead: false, stalled: false, delay: 0, framesLeft: null, side: [side(), side()] };
  }

  #makeLink(fallback) {
    if (!this.#ends.every((end) => end.alive)) return;
    const id = ++this.#lastLink;
    const link = this.#newLink();
    this.#links.set(id, link);
    link.fallback = fallback;
    // Each has a way of its own: a later one may be faster.
    link.delay = this.#case.delay / 2 + this.#random.below(this.#case.delay + 1);
    if (!this.#calm && (id > 1 || !this.#case.plain) && this.#random.chance(this.#case.lostHello)) link.framesLeft = this.#random.below(5);
    for (const which of [0, 1]) this.#loop.after(this.#random.below(100), () => this.#bringUp(which, id));
  }

  #bringUp(which, id) {
    const link = this.#links.get(id);
    const side = link.side[which];
    if (side.ended || !this.#ends[which].alive) return;
    side.up = true;
    this.#give(which, { type: link.fallback ? 'fallbackUp' : 'linkUp', link: id });
    // Somebody in between says again what this end has heard before.
    const old = this.#heard[which];
    if (!this.#calm && old.length > 0 && this.#random.chance(this.#case.replay)) {
      const hello = old[this.#random.below(old.length)];
      this.#arrive(which, id, Lane.CONTROL, makeFrame({ type: FrameType.BIND }, bindOf(id)));
      this.#arrive(which, id, Lane.CONTROL, hello);
    }
    for (const [lane, frame] of side.early.splice(0)) {
      if (!link.dead) this.#arrive(which, id, lane, frame);
    }
  }

  #launch(from, id, lane, frame) {
    const link = this.#links.get(id);
    const side = link.side[from];
    let when = this.#loop.now + link.delay + this.#random.below(this.#case.jitter + 1);
    if (lane === Lane.CONTROL) {
      when = side.lastArrival = Math.max(when, side.lastArrival);
    } else if (this.#random.chance(this.#calm ? 0 : this.#case.laneLoss)) {
      --side.underWay[lane];
      return;
    }
    this.#loop.at(when, () => {
      if (link.dead) return;
      if (link.stalled) side.held.push([lane, frame]);
      else this.#pass(from, id, lane, frame);
    });
  }

  #pass(from, id, lane, frame) {
    const side = this.#links.get(id).side[from];
    --side.underWay[lane];
    this.#arrive(1 - from, id, lane, frame);
    if (side.ended || !side.up) return;
    this.#ends[from].run((session) => {
      if (!side.ended) session.onRoom(this.#loop.now);
    });
  }

  #arrive(to, id, lane, frame) {
    const side = this.#links.get(id).side[to];
    if (side.ended) return;
    // The peer was faster; the lane keeps it.
    if (!side.up) return void side.early.push([lane, frame]);
    this.#ends[to].run((session) => {
      if (side.ended) return;
      if (frame[1] === FrameType.HELLO) this.#heard[to] = [...this.#heard[to].slice(-7), frame];
      this.#ends[to].carrying = id;
      session.onFrame(this.#loop.now, id, lane, frame);
    });
  }

  #cut(id) {
    const link = this.#links.get(id);
    if (link.dead) return;
    link.dead = true;
    for (const which of [0, 1]) {
      link.side[which].held = [];
      if (this.#random.chance(0.3)) {
        this.#loop.after(5_000, () => this.#give(which, { type: 'pathQuiet', link: id }));
        this.#noticeLater(which, id, 30_000);
      } else {
        this.#noticeLater(which, id, 25_000);
      }
    }
  }

  #unstall(id) {
    const link = this.#links.get(id);
    if (!link.stalled) return;
    link.stalled = false;
    for (const which of [0, 1]) {
      for (const [lane, frame] of link.side[which].held.splice(0)) {
        if (!link.dead) this.#pass(which, id, lane, frame);
      }
    }
  }

  // A restart of ICE found a path again.
  #heal() {
    for (const [id, link] of this.#links) {
      if (!link.stalled || link.dead) continue;
      this.#unstall(id);
      for (const which of [0, 1]) this.#give(which, { type: 'pathBack', link: id });
    }
  }

  #noticeLater(which, id, most) {
    this.#loop.after(this.#random.below(most + 1), () => {
      this.#ends[which].run((session) => {
        const side = this.#links.get(id).side[which];
        if (side.ended) return;
        side.ended = true;
        session.give(this.#loop.now, { type: 'linkEnded', link: id });
      });
    });
  }

  #endOf(which, id) {
    const side = this.#links.get(id).side[which];
    if (side.ended) return;
    side.ended = true;
    // The other end hears of it behind what is still under way, or by silence.
    const behind = Math.max(side.lastArrival - this.#loop.now, 0);
    this.#loop.after(behind + (this.#random.chance(0.3) ? 20_000 : 1), () => this.#noticeLater(1 - which, id, 1));
  }

  // --- The relay

  #dial(which, attempt) {
    if (!this.#dialing[which] || attempt !== this.#attempt[which] || !this.#ends[which].alive) return;
    if (!this.#relayUp || this.#random.chance(this.#calm ? 0 : this.#case.refuse)) return this.#notMet(which);
    // A display waits there; a controller finds it, or hears that nobody is.
    this.#present[which] = true;
    if (which === 1 && !this.#present[0]) return this.#notMet(1);
    if (!this.#present[0] || !this.#present[1]) return;
    this.#met = true;
    for (const end of [0, 1]) {
      this.#loop.after(this.#random.below(200), () => {
        if (this.#met) this.#give(end, { type: 'relayMet' });
      });
    }
    if (this.#random.chance(this.#case.fallback)) {
      this.#loop.after(this.#random.below(2_000), () => {
        if (this.#met) this.#makeLink(true);
      });
    }
  }

  #notMet(which) {
    this.#dialing[which] = this.#present[which] = false;
    this.#give(which, { type: 'rejoinFailed' });
  }

  #leave(which) {
    this.#dialing[which] = this.#present[which] = false;
    if (!this.#met) return;
    this.#met = false;
    this.#endFallbacks();
    this.#loop.after(this.#random.below(500), () => {
      if (this.#present[1 - which] && !this.#met) this.#notMet(1 - which);
    });
  }

  #relayDown() {
    this.#relayUp = this.#met = false;
    this.#endFallbacks();
    for (const which of [0, 1]) {
      if (this.#present[which]) this.#notMet(which);
    }
  }

  #endFallbacks() {
    for (const [id, link] of this.#links) {
      if (!link.fallback || link.dead) continue;
      link.dead = true;
      for (const which of [0, 1]) this.#noticeLater(which, id, 100);
    }
  }
}
