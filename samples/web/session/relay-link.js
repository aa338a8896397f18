// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A session's link over boxes that the signaling relay carries, between two ends that are met there:
// peer/session/relay_session_link.h in JavaScript, with the face of a PeerLink (link.js). Commands and states, no
// streams, no channels of the application. Time and the way out are handed in. Not here: what is in a box
// (relay-boxes.js), its key and its way (meeting.js), and when a session goes this way (session-machine.js).
//
// Both ends begin at moments of their own. What arrives waits until the first frame of this end, its HELLO, has gone
// out: before it the session does not listen.

import { HEADER_BYTES, MAX_HELLO_BYTES } from './frames.js';
import { COMMAND_WINDOW, RelayInbox, RelayOutbox } from './relay-boxes.js';

/** close() waits so long for the other end's word that the link is over. */
export const DRAIN_MS = 2_000;
/** Before the session listens, the other end says HELLO and waits for ours. */
export const MAX_HELD = 4;

/**
 * @typedef {object} Timing
 * @property {() => number} now milliseconds
 * @property {(ms: number, work: () => void) => (() => void)} after a timer; what it returns stops it
 * @property {(work: () => void) => void} defer behind what is being done, and before any timer
 */

export class RelayLink {
  #write;
  #closed;
  #timing;
  #outbox;
  #inbox = new RelayInbox();
  #sink = null;
  #held = [];
  #speaks = false; // this end's first frame was given to us
  #listens = false; // and what came before it has been given to the session
  #ended = false; // onLate.ended was or will be called
  #closing = false;
  #peerOver = false; // nothing comes from there any more
  #pumping = false;
  #stopPace = () => {};
  #stopDrain = () => {};

  /**
   * @param {object} options
   * @param {number} options.number the display's count of links in this meeting
   * @param {{own: Uint8Array, peer: Uint8Array}} options.names in place of certificates (relayNames of the exchange)
   * @param {(text: Uint8Array) => void} options.write a box's text, for the other end, in order; may not call the link
   * @param {() => void} options.closed close() has come to its end, once; not from within a call of the owner's
   * @param {Timing} options.timing
   */
  constructor({ number, names, write, closed, timing }) {
    this.number = number;
    this.names = names;
    this.#write = write;
    this.#closed = closed;
    this.#timing = timing;
    this.#outbox = new RelayOutbox(number, timing.now());
  }

  /** As PeerLink: who hears of the end. @type {{ended: (code: string, message: string) => void} | null} */
  onLate = null;

  /** As PeerLink: a lane has room again. @type {((lane: string) => void) | null} */
  onRoom = null;

  localSdp = '';
  remoteSdp = '';

  async path() {
    return 'relayed';
  }

  // --- In ----------------------------------------------------------------------------------------

  /** @param {(lane: string, frame: Uint8Array) => void} sink frames are valid during the call */
  listen(sink) {
    this.#sink = sink;
    if (this.#speaks && !this.#listens) this.#timing.defer(() => this.#giveHeld());
  }

  /** A box of the other end that names this link. @param {ReturnType<typeof import('./relay-boxes.js').parseRelayBox>} box */
  onBox(box) {
    if (this.#peerOver) return;
    this.#peerOver = box.over;
    if (this.#closing) {
      if (this.#peerOver) this.#tellClosed();
      return;
    }
    if (this.#ended) return;
    if (!this.#outbox.onConfirmed(box.got)) {
      this.#endLater('protocol', 'The other end has got what was not sent.');
      return;
    }
    if (box.parts.length > 0) this.#outbox.onReceived();
    const good = this.#inbox.take(box.parts, (lane, frame) => this.#onFrame(lane, frame) && !this.#ended && !this.#closing);
    if (!good) this.#endLater('protocol', 'What came over the relay is no frame.');
    else if (this.#peerOver) this.#endLater('peer_left', 'The other end left the link.');
    else this.#pump();
  }

  #onFrame(lane, frame) {
    if (this.#listens) {
      this.#sink(lane, frame);
      return true;
    }
    if (this.#held.length === MAX_HELD || frame.length > HEADER_BYTES + MAX_HELLO_BYTES) {
      this.#endLater('protocol', 'The other end did not wait for our hello.');
      return false;
    }
    this.#held.push([lane, frame.slice()]);
    return true;
  }

  // In the order in which they came: what arrives meanwhile goes behind.
  #giveHeld() {
    if (!this.#sink) return;
    while (this.#held.length > 0) {
      const [lane, frame] = this.#held.shift();
      if (!this.#closing && !this.#ended) this.#sink(lane, frame);
    }
    this.#listens = true;
  }

  // --- Out ---------------------------------------------------------------------------------------

  /** Takes it in any case. @param {string} lane @param {Uint8Array} frame kept */
  send(lane, frame) {
    if (this.#ended || this.#closing) return;
    if (!this.#outbox.queue(lane, frame)) {
      this.#endLater('limit_exceeded', 'The other end takes nothing.');
      return;
    }
    if (!this.#speaks) {
      this.#speaks = true;
      if (this.#sink) this.#timing.defer(() => this.#giveHeld());
    }
    // Later, so that what is sent together goes in one box.
    if (this.#pumping) return;
    this.#pumping = true;
    this.#timing.defer(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** How many bytes the lane should get now. */
  room(lane) {
    return this.#ended || this.#closing ? 0 : this.#outbox.room(lane);
  }

  buffered() {
    return this.#outbox.waiting;
  }

  #pump() {
    if (this.#ended || this.#closing) return;
    const { now, after } = this.#timing;
    const outbox = this.#outbox;
    const statesWaited = outbox.room('state') === 0;
    const commandsWaited = outbox.room('control') < COMMAND_WINDOW;
    for (let box; (box = outbox.next(now()));) this.#write(box);
    this.#stopPace();
    const at = now();
    const due = outbox.deadline(at);
    this.#stopPace = due === null ? () => {} : after(due - at, () => this.#pump());
    const room = (statesWaited && outbox.room('state') > 0) || (commandsWaited && outbox.room('control') > COMMAND_WINDOW / 2);
    if (room) this.onRoom?.('control');
  }

  // --- The end -----------------------------------------------------------------------------------

  #endLater(code, message) {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopPace();
    this.#timing.defer(() => {
      if (!this.#closing) this.onLate?.ended(code, message);
    });
  }

  /** There is no way to the other end any more: nothing is waited for. */
  abandon() {
    this.#peerOver = true;
    if (this.#closing) this.#tellClosed();
  }

  /** Control frames that wait go out at once, the rest does not; `closed` when the other end has answered, or after DRAIN_MS. */
  close() {
    if (this.#closing) return;
    this.#closing = true;
    this.#stopPace();
    this.#write(this.#outbox.last());
    if (this.#peerOver) this.#timing.defer(() => this.#tellClosed());
    else this.#stopDrain = this.#timing.after(DRAIN_MS, () => this.#tellClosed());
  }

  #tellClosed() {
    this.#stopDrain();
    const closed = this.#closed;
    this.#closed = () => {};
    closed();
  }
}
