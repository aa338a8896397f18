// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Several displays of one controller page: one message to all of them and who has it, states that those get, too, which
// come later, and frames that all show at the same moment. Joins sessions to fan-out.js, as peer/session/group_core.h
// does. Not here: files, and what displays say, which is their sessions'.

import { fromUtf8 } from '../auth-bytes.js';
import { FAN_OUT_LIMITS, FanOut } from './fan-out.js';
import { MAX_COMMAND_BYTES, MAX_STREAM_BYTES } from './frames.js';
import { GroupStates } from './group-states.js';
import { bytesOf } from './message-data.js';
import { PresentationLead } from './presentation-lead.js';
import { SessionError } from './session-error.js';
import { encodeEvent } from './typed-events.js';

const nowUs = () => Math.round(performance.now() * 1000);

/**
 * Events, each a CustomEvent and none from within a call: `acked` (detail: id, missing: members that do not have it;
 * once for each message, in order), `missed` (detail: member, first, last: these messages were not sent to it),
 * `lagging` (detail: member, lagging: it does not keep up, and messages pass it over).
 */
export class Group extends EventTarget {
  #fanOut;
  #members = new Map(); // {session, raw, full: bytes that had no room, or 0}
  #states = new GroupStates();
  #lead = new PresentationLead();

  /** @param {{limits?: Partial<typeof FAN_OUT_LIMITS>}} [options] */
  constructor({ limits = FAN_OUT_LIMITS } = {}) {
    super();
    const tell = (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail }));
    this.#fanOut = new FanOut((work) => queueMicrotask(work), limits, {
      onAckedByAll: (id, missing) => tell('acked', { id, missing }),
      onMissed: (member, { first, last }) => tell('missed', { member, first, last }),
      onLagging: (member, lagging) => tell('lagging', { member, lagging }),
    });
  }

  /**
   * It gets the states that were set and what is sent from now on, and leaves when it closes. Throws SessionError: limit_exceeded, closed.
   * @param {import('./session.js').Session | import('./raw-session.js').RawSession} session open; a raw one acknowledges
   *   nothing: there a message counts as acknowledged once the browser has taken it; typed events go as their JSON, states, streams
   *   and frames not at all
   * @returns {number} the member's id, never used again
   */
  add(session) {
    if (session.state === 'closing' || session.state === 'closed') throw new SessionError('closed', 'The session is closed or closing.');
    const raw = session.state === undefined;
    const member = { session, raw, full: 0 };
    const id = this.#fanOut.add(raw ? this.#rawSink(member) : this.#sink(member));
    member.id = id;
    this.#members.set(id, member);
    for (const state of this.#states) this.#give(member, (each) => state.give(each));
    session.addEventListener('acked', ({ detail }) => this.#onAcked(member, detail.id));
    session.addEventListener('close', () => this.remove(id));
    return id;
  }

  /** What it has not acknowledged no longer counts; the session lives on. */
  remove(id) {
    if (this.#members.delete(id)) this.#fanOut.remove(id);
  }

  /** To all members. Throws SessionError: message_too_large. @param {string | ArrayBuffer | ArrayBufferView} data @returns {number} its id in the group */
  send(data) {
    return this.#sendCommand(typeof data === 'string' ? 'text' : 'binary', bytesOf(data));
  }

  #sendCommand(kind, message) {
    if (message.length > MAX_COMMAND_BYTES) throw new SessionError('message_too_large', 'A message has at most 262,124 bytes.');
    return this.#fanOut.send(kind, message);
  }

  /**
   * As its class says: a command to all; a state also to members that come later; a stream to whom it reaches.
   * Throws EventError, and what send() and setState() throw.
   * @param {{type: string, data: object}} event @returns {number} its id; 0: not a command
   */
  sendEvent(event) {
    const encoded = encodeEvent(event);
    if (encoded.class === 'command') return this.#sendCommand('event', encoded.message);
    const give = (session) => session.sendEncoded(encoded);
    if (encoded.class === 'state') this.#keepAndGive(encoded.type, { value: encoded.message, give });
    else this.#toAll(give);
    return 0;
  }

  /**
   * The newest value of `key` reaches all members, also those that are added later. Throws SessionError as Session.setState, with
   * limit_exceeded also when a member's session has no room for one more key: it goes without, the others have it.
   * @param {string} key @param {string | ArrayBuffer | ArrayBufferView} value
   */
  setState(key, value) {
    const bytes = bytesOf(value).slice();
    const kept = typeof value === 'string' ? value : bytes;
    this.#keepAndGive(key, { value: bytes, give: (session) => session.setState(key, kept) });
  }

  clearState(key) {
    this.#states.clear(key);
    this.#toAll((session) => session.clearState(key));
  }

  #keepAndGive(key, state) {
    this.#states.set(key, state);
    const problems = this.#toAll(state.give);
    const full = problems.find(({ code }) => code === 'limit_exceeded');
    if (full) throw full;
  }

  /** One frame of at most 60 KiB (else message_too_large) that any member may lose. @param {string | ArrayBuffer | ArrayBufferView} data */
  sendStream(data) {
    if (bytesOf(data).length > MAX_STREAM_BYTES) throw new SessionError('message_too_large', 'A frame has at most 60 KiB.');
    this.#toAll((session) => session.sendStream(data));
  }

  /**
   * A frame that all members show at the same moment, which is chosen here: now, and as long as the slowest path takes, at
   * least 5 ms and at most 0.5 s. Moments never go back. Throws EventError.
   * @param {object} frame data of animation:frame; presentAt is overwritten
   * @returns {number} that moment, in microseconds of performance.now()
   */
  present(frame) {
    const now = nowUs();
    const members = [...this.#members.values()].filter(({ session, raw }) => !raw && session.state === 'connected' && !session.overRelay);
    const presentAt = now + this.#lead.next(now, members.map(({ session }) => ({
      usualUs: session.roundTrip * 1000, fastestUs: session.fastestRoundTripUs, clockErrorUs: session.peerClock()?.errorUs ?? 0,
    })));
    const encoded = encodeEvent({ type: 'animation:frame', data: { ...frame, presentAt } });
    this.#toAll((session) => session.sendEncoded(encoded));
    return presentAt;
  }

  /** Whom it does not reach goes without. @returns {SessionError[]} why */
  #toAll(give) {
    return [...this.#members.values()].map((member) => this.#give(member, give)).filter((problem) => problem !== null);
  }

  #give({ session, raw }, give) {
    if (raw) return null;
    try {
      give(session);
      return null;
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return error;
    }
  }

  /** @returns {{id: number, session: object, lagging: boolean, messages: number, bytes: number}[]} the last two: not acknowledged */
  get members() {
    return this.#fanOut.members().map(({ id, lagging, messages, bytes }) => ({ id, session: this.#members.get(id).session, lagging, messages, bytes }));
  }

  #sink(member) {
    return {
      send: (kind, payload) => {
        try {
          if (kind === 'event') return member.session.sendEncoded({ class: 'command', message: payload, presents: false });
          return member.session.send(kind === 'text' ? fromUtf8(payload) : payload);
        } catch (error) {
          if (error.code === 'buffer_full') member.full = payload.length;
          throw error;
        }
      },
    };
  }

  #rawSink(member) {
    let sent = 0;
    return {
      send: (kind, payload) => {
        try {
          member.session.send(kind === 'binary' ? payload : fromUtf8(payload));
        } catch (error) {
          throw new SessionError('closed', error.message);
        }
        const id = ++sent;
        queueMicrotask(() => this.#onAcked(member, id));
        return id;
      },
    };
  }

  #onAcked(member, id) {
    this.#fanOut.onAcked(member.id, id);
    if (member.full === 0 || !member.session.hasRoomFor(member.full)) return;
    member.full = 0;
    this.#fanOut.onRoom(member.id);
  }
}
