// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The messages of one channel and direction, kept until the other end acknowledges them, so that a new
// link can go on where the old one broke off: peer/delivery/outbox.h in JavaScript. Pure, no clock.
//
//   acknowledged | handed to the link, unacknowledged | waiting for the link
//             acked                               sent                  last

import { Channel, HEADER_BYTES, MAX_COMMAND_BYTES, makeFrame } from './frames.js';
import { SessionError } from './session-error.js';

export const OUTBOX_LIMITS = Object.freeze({ bytes: 4 * 1024 * 1024, messages: 4096 });

export class Outbox {
  #limits;
  #items = []; // from #first on: acked + 1 and following
  #first = 0;
  #next = 0;
  #bytes = 0;
  #acked;
  #sent;

  /** @param {{bytes: number, messages: number}} limits with the headers */
  constructor(limits = OUTBOX_LIMITS, firstSeq = 1) {
    this.#limits = limits;
    this.#acked = this.#sent = firstSeq - 1;
  }

  get messages() { return this.#items.length - this.#first; }
  get bytes() { return this.#bytes; }
  get acked() { return this.#acked; }
  /** The highest number that a link ever took. */
  get sent() { return this.#sent; }

  hasRoomFor(bytes) {
    return this.messages < this.#limits.messages && this.#bytes + bytes + HEADER_BYTES <= this.#limits.bytes;
  }

  /**
   * The message's number, one more than the last. `ack` is said beside it. Throws message_too_large,
   * buffer_full, limit_exceeded (the numbers are used up): nothing is queued. Copies.
   * @param {number} type @param {Uint8Array} message
   */
  push(type, message, ack) {
    const size = message.length;
    if (size > MAX_COMMAND_BYTES || size + HEADER_BYTES > this.#limits.bytes) {
      throw new SessionError('message_too_large', 'A message has at most 262,124 bytes.');
    }
    if (!this.hasRoomFor(size)) throw new SessionError('buffer_full', 'Too much is waiting for its acknowledgement.');
    const seq = this.#acked + this.messages + 1;
    if (seq > Number.MAX_SAFE_INTEGER) {
      throw new SessionError('limit_exceeded', 'The numbers of this session are used up.');
    }
    const framed = makeFrame({ type, chan: Channel.COMMAND, seq, ack }, message);
    this.#bytes += framed.length;
    this.#items.push({ seq, type, framed });
    return seq;
  }

  /** The oldest that waits for the link, or null. */
  next() { return this.#items[this.#first + this.#next] ?? null; }

  /** The link has taken next(). */
  handedOver() {
    ++this.#next;
    this.#sent = Math.max(this.#sent, this.#acked + this.#next);
  }

  /** All up to this one have been delivered: how many that newly are. null: it was never sent. */
  onAck(upTo) {
    if (upTo > this.#sent) return null;
    let newly = 0;
    for (; this.#acked < upTo; ++this.#acked, ++newly) {
      this.#bytes -= this.#items[this.#first].framed.length;
      this.#items[this.#first++] = undefined;
      if (this.#next > 0) --this.#next;
    }
    // Now and then, so that a message costs no copy of the whole list.
    if (this.#first > 64 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return newly;
  }

  /**
   * A new link to an end that said it had delivered up to `peerLast`: onAck, and all that is not
   * acknowledged waits again. Less than what is acknowledged is no contradiction: while that was on its
   * way here, the old link may have brought newer acknowledgements.
   */
  rewind(peerLast) {
    const newly = this.onAck(peerLast);
    if (newly !== null) this.#next = 0;
    return newly;
  }

  /** What may or may not have been delivered, or never will be; zeros: none. */
  unacked() {
    if (this.messages === 0) return { first: 0, last: 0 };
    return { first: this.#acked + 1, last: this.#acked + this.messages };
  }
}
