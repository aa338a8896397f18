// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One end of a session, whole but for the world: frames come in and go out, links come and go, messages,
// states and streams are delivered and acknowledged as docs/session.md promises:
// peer/delivery/session_end.h in JavaScript. Pure: the owner has the links, the clock and the relay.
// Not here: bulk transfers, typed events (typed-events.js), groups.

import {
  Channel, FrameType, Lane, closePayload, isData, makeFrame, parseClose, parseFrame, parseNegotiation, parsePing, parsePong,
  parseReset, parseStateAck, parseStateKey, parseStateValue, pingPayload, pongPayload, resetPayload, stateAckPayload,
} from './frames.js';
import { Inbox } from './inbox.js';
import { OUTBOX_LIMITS, Outbox } from './outbox.js';
import { SessionError } from './session-error.js';
import { SessionMachine } from './session-machine.js';
import { StateReceiver, StateSender } from './state-table.js';
import { StreamReceiver, StreamSender } from './stream-queue.js';

/** NEGOTIATE frames of the other end: so many at once, in the long run one in the second. */
export const MAX_NEGOTIATIONS = 256;
export const NEGOTIATION_COST_MS = 50;

/** Pings that may wait for their answers; of more the oldest is forgotten. */
export const MAX_PINGS = 32;
/** For states while the relay carries the session, at least: they are sent again after one and a half of these. */
export const RELAY_ROUND_TRIP_MS = 1_000;

const toMicroseconds = (ms) => Math.round(ms * 1000);

/**
 * What the owner does for its end. The on… calls reach the application; they may call the end again.
 * What they are given as bytes is valid during the call.
 * @typedef {object} SessionOwner
 * @property {(link: number, lane: number, frame: Uint8Array) => void} sendFrame takes it in any case
 * @property {(link: number, lane: number) => number} room how many bytes of messages, states and streams the lane
 *     should get now; 0: none, and onRoom() follows
 * @property {(link: number) => {own: Uint8Array, peer: Uint8Array}} fingerprintsOf
 * @property {(link: number) => Uint8Array | null} ownBindTag
 * @property {(link: number, tag: Uint8Array) => boolean} checkBindTag
 * @property {(action: object) => void} do the machine's actions that are not about frames, endLink among them
 * @property {(seq: number, type: number, message: Uint8Array) => void} onMessage a command
 * @property {(state: {key: string, kind: number, value: Uint8Array}) => void} onStateValue
 * @property {(key: string) => void} onStateCleared
 * @property {(type: number, frame: Uint8Array) => void} onStream
 * @property {(upTo: number) => void} onAcked
 * @property {(frame: object) => void} onControl NEGOTIATE, REMEMBER and PONG
 * @property {(report: {reason: string, unacknowledged: {first: number, last: number}, lastDelivered: number}) => void} onClosed
 */

export class SessionEnd {
  #owner;
  #manualAck;
  #keeper;
  #machine;
  #outbox;
  #inbox;
  #states = new StateSender();
  #remoteStates = new StateReceiver();
  #streams = new StreamSender();
  #remoteStreams = new StreamReceiver();
  #peerLast = 0; // as the HELLO said that made the link in use
  #lastPing = 0;
  #pings = []; // {id, t0} on the link in use, not answered yet
  #negotiatedUntil = -Infinity;
  #roundTrip = 0;

  /**
   * @param {object} options
   * @param {'display' | 'controller'} options.role
   * @param {import('./hello-keeper.js').HelloKeeper} options.keeper
   * @param {(size: number) => Uint8Array} options.random
   * @param {SessionOwner} options.owner
   * @param {object} [options.times] what differs from SESSION_TIMES
   * @param {{bytes: number, messages: number}} [options.outbox]
   * @param {boolean} [options.manualAck] a command counts as delivered at acknowledge(), not when onMessage returns
   * @param {number} [options.firstSeq] tests only, the same at both ends
   */
  constructor({ role, keeper, random, owner, times = {}, outbox = OUTBOX_LIMITS, manualAck = false, firstSeq = 1 }) {
    this.#owner = owner;
    this.#manualAck = manualAck;
    this.#keeper = keeper;
    this.#machine = new SessionMachine(role, keeper.plain, times, random);
    this.#outbox = new Outbox(outbox, firstSeq);
    this.#inbox = new Inbox(firstSeq);
  }

  get state() { return this.#machine.state; }
  get link() { return this.#machine.link; }
  get overRelay() { return this.#machine.overRelay; }
  get keeper() { return this.#keeper; }
  get outboxBytes() { return this.#outbox.bytes; }
  get outboxMessages() { return this.#outbox.messages; }
  get unacked() { return this.#outbox.unacked(); }
  get stateBytes() { return this.#states.bytes; }
  get lastDelivered() { return this.#inbox.lastDelivered; }
  get streamsDropped() { return this.#streams.dropped; }
  /** Milliseconds, smoothed over the last answers; 0 before the first. */
  get roundTrip() { return this.#roundTrip; }
  hasRoomFor(bytes) { return this.#outbox.hasRoomFor(bytes); }

  // --- The machine -------------------------------------------------------------------------------

  /** Everything that happens besides frames and time; inputs of session-machine.js. */
  give(now, input) {
    this.#run(now, input);
    this.#drainedIfSo(now);
  }

  #drainedIfSo(now) {
    if (this.state === 'closing' && this.#outbox.messages === 0) this.#run(now, { type: 'drained' });
  }

  #run(now, input) {
    for (const action of this.#machine.handle(now, input)) this.#execute(now, action);
  }

  #execute(now, action) {
    const { link } = action;
    switch (action.type) {
      case 'sendBind': {
        const tag = this.#owner.ownBindTag(link);
        if (tag) this.#sendOn(link, FrameType.BIND, tag);
        return;
      }
      case 'sendHello': {
        const hello = this.#keeper.make(link, this.#owner.fingerprintsOf(link), this.#inbox.lastDelivered);
        if (hello) this.#sendOn(link, FrameType.HELLO, hello);
        return;
      }
      case 'sendReset': return this.#sendOn(link, FrameType.RESET, resetPayload(action.reason));
      case 'sendClose': return this.#sendOn(link, FrameType.CLOSE, closePayload(action.reason));
      case 'sendPing':
        this.#lastPing = (this.#lastPing + 1) >>> 0;
        if (this.#pings.length >= MAX_PINGS) this.#pings.shift();
        this.#pings.push({ id: this.#lastPing, t0: toMicroseconds(now) });
        return this.#sendOn(link, FrameType.PING, pingPayload(this.#pings.at(-1)));
      case 'endLink':
        this.#keeper.forget(link);
        return this.#owner.do(action);
      case 'rewindOutbox': return this.#rewind(now);
      case 'wipeKeys':
        this.#keeper.wipe();
        return this.#owner.do(action);
      case 'tellClosed':
        return this.#owner.onClosed({
          reason: action.reason, unacknowledged: this.#outbox.unacked(), lastDelivered: this.#inbox.lastDelivered,
        });
      default: return this.#owner.do(action);
    }
  }

  #rewind(now) {
    const newly = this.#outbox.rewind(this.#peerLast);
    this.#setStateRoundTrip();
    this.#pings = [];
    this.#states.markAllDirty();
    this.#streams.dropAll();
    if (newly) this.#owner.onAcked(this.#outbox.acked);
    this.#pump(now);
  }

  // --- From the application. They throw a SessionError; 'closed' when the session is or is closing. --

  #checkOpen() {
    if (this.state === 'closing' || this.state === 'closed') throw new SessionError('closed', 'The session is closed or closing.');
  }

  /** The message's number. buffer_full, message_too_large, limit_exceeded. Copies, as all of these. */
  send(now, type, message) {
    this.#checkOpen();
    // Beside a message that leaves at once an acknowledgement costs nothing; one that waits would hold it back.
    const atOnce = this.link !== 0 && this.#outbox.next() === null && this.#owner.room(this.link, Lane.CONTROL) > 0;
    const seq = this.#outbox.push(type, message, atOnce ? this.#inbox.lastDelivered : this.#inbox.lastAcked);
    if (atOnce) this.#inbox.ackToSend(now, true);
    this.#pump(now);
    return seq;
  }

  /** @param {string} key @param {number} kind a ValueKind @param {Uint8Array} value */
  setState(now, key, kind, value) {
    this.#checkOpen();
    this.#states.set(key, kind, value);
    this.#pump(now);
  }

  clearState(now, key) {
    this.#checkOpen();
    this.#states.clear(key);
    this.#pump(now);
  }

  /** 'unsupported' while the relay carries the session. */
  sendStream(now, type, frame) {
    this.#checkOpen();
    if (this.#machine.overRelay) throw new SessionError('unsupported', 'The relay carries no streams.');
    this.#streams.push(type, frame);
    this.#pump(now);
  }

  /** All up to this one are delivered (manualAck); `bytes` is what that adds. */
  acknowledge(now, seq, bytes = 0) {
    this.#inbox.delivered(seq, bytes, now);
    this.#sendAcks(now);
  }

  /** NEGOTIATE and REMEMBER; 'invalid_state': no link. */
  sendControl(type, payload) {
    if (this.link === 0) throw new SessionError('invalid_state', 'The session has no link.');
    this.#sendOn(this.link, type, payload);
  }

  /** Besides those of the machine, for the sake of a clock: the answer comes to onControl. Nothing without a link. */
  ping(now) {
    if (this.link !== 0) this.#execute(now, { type: 'sendPing', link: this.link });
  }

  close(now) { this.give(now, { type: 'closeAsked' }); }

  // --- From the link -----------------------------------------------------------------------------

  /** A frame of a link that was made known by linkUp or fallbackUp. @param {Uint8Array} bytes */
  onFrame(now, link, lane, bytes) {
    // These lanes may overtake the HELLO on the control lane. A state is sent again.
    if (lane !== Lane.CONTROL && link !== this.link) return;
    const frame = parseFrame(lane, bytes);
    if (!frame) return this.#run(now, { type: 'violation', link });
    if (frame.type <= FrameType.CLOSE) return this.#onOpening(now, link, frame);
    // What follows a HELLO is sent only by who has verified ours.
    if (link === this.link) this.#keeper.settle(link);
    this.#run(now, { type: 'frameSeen', link });
    // The one place where it is decided which link delivers.
    if (link !== this.link) return;
    this.#onCounted(now, frame);
    this.#drainedIfSo(now);
  }

  // Frames that may come on a link that is not in use.
  #onOpening(now, link, frame) {
    switch (frame.type) {
      case FrameType.BIND:
        return this.#run(now, { type: 'bindSeen', link, right: this.#owner.checkBindTag(link, frame.payload) });
      case FrameType.HELLO: return this.#onHello(now, link, frame.payload);
      case FrameType.RESET: {
        const reason = parseReset(frame.payload);
        return this.#run(now, reason ? { type: 'resetSeen', link, reason } : { type: 'violation', link });
      }
      default: {
        const reason = parseClose(frame.payload);
        return this.#run(now, reason ? { type: 'closeSeen', link, reason } : { type: 'violation', link });
      }
    }
  }

  #onHello(now, link, payload) {
    if (!this.#machine.isWaiting(link)) {
      // A link in use, or one that has ended: the keys do not move for it.
      return this.#run(now, { type: 'helloSeen', link, verdict: 'refuse' });
    }
    if (!this.#machine.isBound(link)) {
      // Nor for one that is not the link which the two have agreed on.
      return this.#run(now, { type: 'helloSeen', link, verdict: 'wrong-tag' });
    }
    const { verdict, peerLast } = this.#keeper.see(this.#owner.fingerprintsOf(link), payload, this.#outbox.sent);
    this.#peerLast = peerLast;
    this.#run(now, { type: 'helloSeen', link, verdict });
  }

  #onCounted(now, frame) {
    const { type, payload } = frame;
    switch (type) {
      case FrameType.PING: {
        const ping = parsePing(payload);
        if (!ping) return this.#break(now);
        const at = toMicroseconds(now);
        return this.#sendOn(this.link, FrameType.PONG, pongPayload({ ...ping, t1: at, t2: at }));
      }
      case FrameType.PONG: return this.#onPong(now, frame);
      case FrameType.ACK: return this.#onAckNumber(now, frame.ack);
      case FrameType.NEGOTIATE: {
        if (!this.#takesNegotiation(now)) return this.#break(now);
        const negotiation = parseNegotiation(payload);
        if (!negotiation) return this.#break(now);
        this.#owner.onControl(frame);
        return this.#run(now, { type: 'remoteNegotiation', kind: negotiation.kind });
      }
      case FrameType.REMEMBER: return this.#owner.onControl(frame);
      case FrameType.STATE_ACK: {
        const versions = parseStateAck(payload);
        if (!versions) return this.#break(now);
        for (const version of versions) this.#states.onAcked(version);
        return;
      }
      case FrameType.STATE_SET: return this.#onState(now, frame.seq, parseStateValue(payload), true);
      case FrameType.STATE_DELETE: {
        const key = parseStateKey(payload);
        return this.#onState(now, frame.seq, key === null ? null : { key }, false);
      }
    }
    if (isData(type)) {
      this.#onData(now, frame);
    } else if (this.#remoteStreams.accept(frame.seq)) {
      this.#owner.onStream(type, payload);
    }
  }

  // Each costs descriptions, offers also sockets.
  #takesNegotiation(now) {
    this.#negotiatedUntil = Math.max(this.#negotiatedUntil, now) + NEGOTIATION_COST_MS;
    return this.#negotiatedUntil - now <= MAX_NEGOTIATIONS * NEGOTIATION_COST_MS;
  }

  #onData(now, { type, seq, ack, payload }) {
    this.#onAckNumber(now, ack);
    if (this.link === 0) return;
    const verdict = this.#inbox.onFrame(seq);
    if (verdict === 'violation') return this.#break(now);
    if (verdict === 'duplicate') return;
    this.#owner.onMessage(seq, type, payload);
    if (!this.#manualAck) this.#inbox.delivered(seq, payload.length, now);
    this.#sendAcks(now);
  }

  #onState(now, version, state, set) {
    const verdict = state ? this.#remoteStates.onVersion(state.key, version) : 'violation';
    if (verdict === 'violation') return this.#break(now);
    if (verdict === 'deliver') {
      if (set) this.#owner.onStateValue(state);
      else this.#owner.onStateCleared(state.key);
    }
    this.#sendAcks(now);
  }

  #onPong(now, frame) {
    const pong = parsePong(frame.payload);
    // Only what answers a question of ours, once: its time is what we remember.
    const asked = pong ? this.#pings.findIndex(({ id, t0 }) => id === pong.id && t0 === pong.t0) : -1;
    if (asked < 0) return;
    // The lane keeps the order: what was asked before is not answered any more.
    this.#pings.splice(0, asked + 1);
    const sample = now - pong.t0 / 1000;
    this.#roundTrip = this.#roundTrip === 0 ? sample : (this.#roundTrip * 7 + sample) / 8;
    this.#setStateRoundTrip();
    this.#owner.onControl(frame);
  }

  // The relay loses nothing while its link lives, but it is paced: what was sent may still wait here.
  #setStateRoundTrip() {
    this.#states.setRoundTrip(this.overRelay ? Math.max(this.#roundTrip, RELAY_ROUND_TRIP_MS) : this.#roundTrip);
  }

  #onAckNumber(now, upTo) {
    const newly = this.#outbox.onAck(upTo);
    if (newly === null) return this.#break(now);
    if (newly === 0) return;
    this.#owner.onAcked(this.#outbox.acked);
    this.#pump(now);
  }

  #break(now) { this.#run(now, { type: 'violation', link: this.link }); }

  // --- To the link -------------------------------------------------------------------------------

  /** The lane of the link in use takes more. */
  onRoom(now) { this.#pump(now); }

  #sendOn(link, type, payload) {
    this.#owner.sendFrame(link, Lane.CONTROL, makeFrame({ type }, payload));
  }

  #sendAcks(now) {
    if (this.link === 0) return;
    const ack = this.#inbox.ackToSend(now, false);
    if (ack !== null) this.#owner.sendFrame(this.link, Lane.CONTROL, makeFrame({ type: FrameType.ACK, chan: Channel.COMMAND, ack }));
    while (this.#remoteStates.hasAcks) {
      const payload = stateAckPayload(this.#remoteStates.takeAcks());
      this.#owner.sendFrame(this.link, Lane.CONTROL, makeFrame({ type: FrameType.STATE_ACK, chan: Channel.STATE }, payload));
    }
  }

  #pump(now) {
    const { link } = this;
    if (link === 0) return;
    for (let item; (item = this.#outbox.next()) && this.#owner.room(link, Lane.CONTROL) > 0;) {
      this.#outbox.handedOver();
      this.#owner.sendFrame(link, Lane.CONTROL, item.framed);
    }
    while (this.#owner.room(link, Lane.STATE) > 0) {
      const frame = this.#states.nextToSend(now);
      if (!frame) break;
      this.#owner.sendFrame(link, Lane.STATE, frame);
    }
    if (this.#machine.overRelay) return;
    for (let room; (room = this.#owner.room(link, Lane.STREAM)) > 0;) {
      const frame = this.#streams.next(room);
      if (!frame) break;
      this.#owner.sendFrame(link, Lane.STREAM, frame);
    }
  }

  // --- Time --------------------------------------------------------------------------------------

  /** When to call onTimer next, or null; earlier does no harm. */
  get deadline() {
    let first = this.#machine.deadline;
    const consider = (time) => {
      if (time !== null && (first === null || time < first)) first = time;
    };
    if (this.link !== 0) {
      consider(this.#inbox.ackDue);
      if (this.#owner.room(this.link, Lane.STATE) > 0) consider(this.#states.deadline);
    }
    return first;
  }

  onTimer(now) {
    this.give(now, { type: 'timerFired' });
    this.#sendAcks(now);
    this.#pump(now);
  }
}
