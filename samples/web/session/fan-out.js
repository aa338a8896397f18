// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One message to every member of a group, and who of them has it: peer/group/fan_out.h in JavaScript,
// where the states of a member are drawn. Nobody waits for anybody: a member whose room is used up is
// lagging, is passed over, and what it misses is named.
//
// No event is called from inside a method: all of a turn come in one later task.

import { SessionError } from './session-error.js';

export const FAN_OUT_LIMITS = Object.freeze({
  members: 64,
  outboxBytes: 1024 * 1024, // what a member may have unacknowledged
  outboxMessages: 4096,
  outstanding: 4096, // messages of the group that wait for the acknowledgement of all
});

const noRange = () => ({ first: 0, last: 0 });

/**
 * @typedef {object} MemberSink a session; tests give fakes
 * @property {(kind: string, payload: Uint8Array) => number} send the member's own number of the message, each larger than
 *     the one before. Throws SessionError 'buffer_full': not taken, FanOut.onRoom follows; 'message_too_large': not taken,
 *     others may be; any other: the member is gone. Must not call the FanOut.
 *
 * @typedef {object} FanOutEvents
 * @property {(message: number, member: number) => void} [onAcked] the member has all up to this one, but those it missed
 * @property {(message: number, missing: number[]) => void} [onAckedByAll] all but `missing`; once each, in order
 * @property {(member: number, range: {first: number, last: number}) => void} [onMissed] these were not sent to it
 * @property {(member: number, lagging: boolean) => void} [onLagging]
 */

export class FanOut {
  #defer;
  #limits;
  #events;
  #members = new Map();
  #lastMember = 0;
  #lastSent = 0;
  #outstanding = []; // {waitsFor, missing}; the last is #lastSent
  #missed = []; // to be told
  #lagging = [];
  #telling = false;
  #closed = false;

  /**
   * @param {(work: () => void) => void} defer runs it in a later task of this turn; queueMicrotask
   * @param {typeof FAN_OUT_LIMITS} limits @param {FanOutEvents} events
   */
  constructor(defer, limits, events) {
    this.#defer = defer;
    this.#limits = { ...FAN_OUT_LIMITS, ...limits };
    this.#events = events;
  }

  get memberCount() { return this.#members.size; }
  get lastSent() { return this.#lastSent; }

  /** It gets what is sent from now on. Its id is never used again. limit_exceeded. @param {MemberSink} sink */
  add(sink) {
    if (this.#members.size >= this.#limits.members) {
      throw new SessionError('limit_exceeded', `A group has at most ${this.#limits.members} members.`);
    }
    const id = ++this.#lastMember;
    this.#members.set(id, {
      id, sink, lagging: false, sessionFull: false, gone: false, acked: 0, ackedTold: 0, missed: noRange(), waiting: [], bytes: 0,
    });
    return id;
  }

  /** What it has not acknowledged no longer counts. Unknown ids are ignored, here and below. */
  remove(id) {
    const member = this.#members.get(id);
    if (!member) return;
    this.#stopWaitingFor(member);
    if (member.missed.first !== 0) this.#tellMissed(id, member.missed);
    this.#members.delete(id);
    this.#tellLater();
  }

  /** Nothing is told any more. */
  close() { this.#closed = true; }

  /** To all members, in the order in which they were added. @returns {number} the message's number in the group */
  send(kind, payload) {
    this.#boundOutstanding();
    const ours = ++this.#lastSent;
    this.#outstanding.push({ waitsFor: 0, missing: [] });
    for (const member of this.#members.values()) this.#sendTo(member, kind, payload);
    if (this.#outstanding.at(-1).waitsFor === 0) this.#tellLater();
    return ours;
  }

  #hasRoom({ waiting, bytes }, more) {
    if (waiting.length === 0) return true; // one message of any size
    return waiting.length < this.#limits.outboxMessages && bytes + more <= this.#limits.outboxBytes;
  }

  #sendTo(member, kind, payload) {
    if (member.lagging || member.gone) return this.#miss(member);
    if (!this.#hasRoom(member, payload.length)) {
      this.#startLagging(member);
      return this.#miss(member);
    }
    let theirs;
    try {
      theirs = member.sink.send(kind, payload);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return this.#notTaken(member, error.code);
    }
    member.waiting.push({ theirs, ours: this.#lastSent, bytes: payload.length, counts: true });
    member.bytes += payload.length;
    ++this.#outstanding.at(-1).waitsFor;
  }

  #notTaken(member, code) {
    if (code === 'message_too_large') {
      this.#outstanding.at(-1).missing.push(member.id);
      return this.#tellMissed(member.id, { first: this.#lastSent, last: this.#lastSent });
    }
    if (code === 'buffer_full') {
      member.sessionFull = true;
      this.#startLagging(member);
    } else {
      this.#stopWaitingFor(member);
      member.gone = true;
    }
    this.#miss(member);
  }

  // The newest message passes this member over.
  #miss(member) {
    this.#outstanding.at(-1).missing.push(member.id);
    if (member.missed.first === 0) member.missed.first = this.#lastSent;
    member.missed.last = this.#lastSent;
  }

  #startLagging(member) {
    member.lagging = true;
    this.#stopWaitingFor(member);
    this.#lagging.push([member.id, true]);
    this.#tellLater();
  }

  // Half of the room, so that it does not go to and fro with each message.
  #maybeStopLagging(member) {
    if (!member.lagging || member.sessionFull || member.gone) return;
    if (member.bytes > this.#limits.outboxBytes / 2 || member.waiting.length > this.#limits.outboxMessages / 2) return;
    member.lagging = false;
    if (member.missed.first !== 0) this.#tellMissed(member.id, member.missed);
    member.missed = noRange();
    this.#lagging.push([member.id, false]);
    this.#tellLater();
  }

  #stopWaitingFor(member) {
    for (const waiting of member.waiting) {
      if (!waiting.counts) continue;
      waiting.counts = false;
      const outstanding = this.#outstandingOf(waiting.ours);
      outstanding.missing.push(member.id);
      if (--outstanding.waitsFor === 0) this.#tellLater();
    }
  }

  get #oldest() { return this.#lastSent - this.#outstanding.length + 1; }
  #outstandingOf(message) { return this.#outstanding[message - this.#oldest]; }

  // Whoever has not acknowledged the oldest message by now is lagging, however little it was.
  #boundOutstanding() {
    if (this.#outstanding.length < this.#limits.outstanding) return;
    const oldest = this.#oldest;
    for (const member of this.#members.values()) {
      if (member.lagging || member.gone) continue;
      if (member.waiting.find(({ counts }) => counts)?.ours === oldest) this.#startLagging(member);
    }
  }

  /** The member's own number: it has all of its messages up to and with this one. */
  onAcked(id, theirs) {
    const member = this.#members.get(id);
    if (!member) return;
    let done = 0;
    for (const waiting of member.waiting) {
      if (waiting.theirs > theirs) break;
      ++done;
      member.bytes -= waiting.bytes;
      member.acked = waiting.ours;
      if (waiting.counts) --this.#outstandingOf(waiting.ours).waitsFor;
    }
    if (done > 0) {
      member.waiting.splice(0, done);
      this.#tellLater();
    }
    this.#maybeStopLagging(member);
  }

  /** There is room again after 'buffer_full'. */
  onRoom(id) {
    const member = this.#members.get(id);
    if (!member) return;
    member.sessionFull = false;
    this.#maybeStopLagging(member);
  }

  members() {
    return [...this.#members.values()].map(({ id, lagging, gone, acked, missed, waiting, bytes }) =>
      ({ id, lagging, gone, acked, missed: { ...missed }, messages: waiting.length, bytes }));
  }

  #tellMissed(member, range) {
    // One range of what follows one another.
    const last = this.#missed.at(-1);
    if (last && last[0] === member && last[1].last + 1 === range.first) {
      last[1].last = range.last;
    } else {
      this.#missed.push([member, { ...range }]);
    }
    this.#tellLater();
  }

  #tellLater() {
    if (this.#telling) return;
    this.#telling = true;
    this.#defer(() => this.#tell());
  }

  // Everything is taken out before the first call: what an event causes is told in the next turn.
  #tell() {
    this.#telling = false;
    const calls = [];
    for (const member of this.#members.values()) {
      if (member.ackedTold === member.acked) continue;
      member.ackedTold = member.acked;
      calls.push(['onAcked', member.acked, member.id]);
    }
    const oldest = this.#oldest;
    const waits = this.#outstanding.findIndex(({ waitsFor }) => waitsFor > 0);
    const done = this.#outstanding.splice(0, waits < 0 ? this.#outstanding.length : waits);
    done.forEach(({ missing }, i) => calls.push(['onAckedByAll', oldest + i, missing]));
    for (const each of this.#missed.splice(0)) calls.push(['onMissed', ...each]);
    for (const each of this.#lagging.splice(0)) calls.push(['onLagging', ...each]);
    for (const [event, ...values] of calls) {
      if (this.#closed) return;
      this.#events[event]?.(...values);
    }
  }
}
