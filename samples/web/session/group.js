// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Several displays of one controller page: one message to all of them, and who has it. Joins sessions to fan-out.js, as
// peer/session/group_core.h does; without states for later members and without frames.

import { fromUtf8, utf8 } from '../auth-bytes.js';
import { FAN_OUT_LIMITS, FanOut } from './fan-out.js';
import { MAX_COMMAND_BYTES } from './frames.js';
import { SessionError } from './session-error.js';

/**
 * Events, each a CustomEvent and none from within a call: `acked` (detail: id, missing: members that do not have it;
 * once for each message, in order), `missed` (detail: member, first, last: these messages were not sent to it),
 * `lagging` (detail: member, lagging: it does not keep up, and messages pass it over).
 */
export class Group extends EventTarget {
  #fanOut;
  #members = new Map(); // {session, full: bytes that had no room, or 0}

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
   * It gets what is sent from now on, and leaves when it closes. Throws SessionError: limit_exceeded, closed.
   * @param {import('./session.js').Session | import('./raw-session.js').RawSession} session open; a raw one acknowledges
   *   nothing: there a message counts as acknowledged once the browser has taken it
   * @returns {number} the member's id, never used again
   */
  add(session) {
    if (session.state === 'closing' || session.state === 'closed') throw new SessionError('closed', 'The session is closed or closing.');
    const member = { session, full: 0 };
    const id = this.#fanOut.add(session.state === undefined ? this.#rawSink(member) : this.#sink(member));
    member.id = id;
    this.#members.set(id, member);
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
    const text = typeof data === 'string';
    const bytes = text ? utf8(data) : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    if (bytes.length > MAX_COMMAND_BYTES) throw new SessionError('message_too_large', 'A message has at most 262,124 bytes.');
    return this.#fanOut.send(text ? 'text' : 'binary', bytes);
  }

  /** @returns {{id: number, session: object, lagging: boolean, messages: number, bytes: number}[]} the last two: not acknowledged */
  get members() {
    return this.#fanOut.members().map(({ id, lagging, messages, bytes }) => ({ id, session: this.#members.get(id).session, lagging, messages, bytes }));
  }

  #sink(member) {
    return {
      send: (kind, payload) => {
        try {
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
          member.session.send(kind === 'text' ? fromUtf8(payload) : payload);
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
