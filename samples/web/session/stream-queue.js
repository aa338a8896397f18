// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Frames of which the newest matter: peer/delivery/stream_queue.h in JavaScript. What waits for room is
// bounded, and the oldest makes place. No promise but the order. Pure.

import { Channel, MAX_STREAM_BYTES, makeFrame } from './frames.js';
import { SessionError } from './session-error.js';

export const MAX_STREAM_FRAMES = 16;
export const MAX_STREAM_WAITING_BYTES = 256 * 1024;

export class StreamSender {
  #waiting = [];
  #bytes = 0;
  #lastSeq = 0;
  #dropped = 0;

  get bytes() { return this.#bytes; }
  get frames() { return this.#waiting.length; }
  get dropped() { return this.#dropped; }

  #dropOldest() {
    this.#bytes -= this.#waiting.shift().length;
    ++this.#dropped;
  }

  /** Copies. Throws message_too_large. */
  push(type, message) {
    if (message.length > MAX_STREAM_BYTES) {
      throw new SessionError('message_too_large', 'A frame of a stream has at most 60 KiB.');
    }
    const framed = makeFrame({ type, chan: Channel.STREAM, seq: ++this.#lastSeq }, message);
    while (this.#waiting.length > 0 &&
           (this.#waiting.length === MAX_STREAM_FRAMES || this.#bytes + framed.length > MAX_STREAM_WAITING_BYTES)) {
      this.#dropOldest();
    }
    this.#bytes += framed.length;
    this.#waiting.push(framed);
  }

  /** The next frame when the lane has room for `room` bytes; always the newest at least. null: none waits. */
  next(room) {
    if (this.#waiting.length === 0) return null;
    while (this.#waiting.length > 1 && this.#bytes > room) this.#dropOldest();
    const frame = this.#waiting.shift();
    this.#bytes -= frame.length;
    return frame;
  }

  /** A new link: what waits is old. */
  dropAll() {
    while (this.#waiting.length > 0) this.#dropOldest();
  }
}

export class StreamReceiver {
  #last = 0;

  /** Whether to deliver it. */
  accept(seq) {
    if (seq <= this.#last) return false;
    this.#last = seq;
    return true;
  }
}
