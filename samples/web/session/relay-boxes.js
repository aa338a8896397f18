// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is in the boxes by which a signaling relay carries a session's frames when no direct path is there, how many may
// be on their way and how fast they go: peer/session/relay_boxes.h in JavaScript, where the layout is drawn. Pure: the
// owner has the keys, the clock and the socket (relay-link.js). Times are milliseconds. Not here: order, loss and
// forgery, which the boxes see to (../sealed-box.js), and what the frames mean.

import { FrameType, HEADER_BYTES, MAX_COMMAND_BYTES, MAX_STATE_KEY_BYTES, MAX_STATE_VALUE_BYTES, isData } from './frames.js';

/** As data of a message some 11 KiB: an acknowledgement waits for one of them at most. */
export const RELAY_BOX_BYTES = 8 * 1024;

/**
 * Of the long run, and what may go at once: below what the relay takes of one socket (50 messages and 64 KiB a second),
 * as signals need room, too. Bytes are what the relay sees.
 */
export const BOXES_PER_SECOND = 40;
export const BOX_BURST = 10;
export const BYTES_PER_SECOND = 48 * 1024;
export const BYTE_BURST = 24 * 1024;
/** What a box costs besides its text: base64url takes four thirds, and then JSON around it. */
export const ENVELOPE_BYTES = 128;
/** Boxes with parts that the other end has not confirmed. */
export const IN_FLIGHT = 16;
/** A confirmation goes out by itself after so many boxes. */
export const CONFIRM_EVERY = 4;
/** Commands that wait here, so much at most and then one; the others stay in the session's outbox. */
export const COMMAND_WINDOW = 64 * 1024;
/** Answers to what the other end says, while it takes none of them. More ends the link. */
export const MAX_CONTROL = 64 * 1024;

/** The largest frames of each lane that come in; HELLO is the largest of control. */
export const MAX_CONTROL_FRAME = 4 * 1024;
export const MAX_COMMAND_FRAME = HEADER_BYTES + MAX_COMMAND_BYTES;
export const MAX_STATE_FRAME = HEADER_BYTES + 2 + MAX_STATE_KEY_BYTES + MAX_STATE_VALUE_BYTES;

const FRAMES = 1;
const OVER = 2;
const BOX_HEADER = 9;
const PART_HEADER = 3;
const MORE = 0x80;
// Lanes as the boxes name them.
const CONTROL = 0;
const COMMANDS = 1;
const STATES = 2;
const MOST = [MAX_CONTROL_FRAME, MAX_COMMAND_FRAME, MAX_STATE_FRAME];

const BOX_TAG = 16;
/** What the relay sees of a box with so much text. */
export const costOf = (bytes) => Math.floor((bytes + BOX_TAG + 2) / 3) * 4 + ENVELOPE_BYTES;

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * `over`: the link is; `link`: the display's count of links in this meeting; `got`: boxes with parts that the sender of
 * this one has received on it; `parts`: for RelayInbox, which checks them. null: not one.
 * @param {Uint8Array} text
 * @returns {{over: boolean, link: number, got: number, parts: Uint8Array} | null}
 */
export function parseRelayBox(text) {
  if (text.length < BOX_HEADER || text.length > RELAY_BOX_BYTES || (text[0] !== FRAMES && text[0] !== OVER)) return null;
  const view = viewOf(text);
  const link = view.getUint32(1);
  if (link === 0) return null;
  return { over: text[0] === OVER, link, got: view.getUint32(5), parts: text.subarray(BOX_HEADER) };
}

/** Frames of one lane on their way out. */
class Waiting {
  frames = [];
  bytes = 0; // not yet in boxes
  sent = 0; // of the first frame
}

/** Frames on their way out. */
export class RelayOutbox {
  #link;
  #control = new Waiting();
  #commands = new Waiting();
  #states = new Waiting();
  #statesFirst = false; // the two take turns
  #sent = 0;
  #confirmed = 0;
  #received = 0;
  #told = 0;
  // Budgets, which may go below zero by one box.
  #filledAt;
  #boxes = BOX_BURST;
  #bytes = BYTE_BURST;

  /** @param {number} link @param {number} now */
  constructor(link, now) {
    this.#link = link;
    this.#filledAt = now;
  }

  /** @param {'control' | 'state' | 'stream'} lane @param {Uint8Array} frame kept @returns {boolean} false: too much control waits */
  queue(lane, frame) {
    if (lane === 'stream') return true; // the relay carries none
    let to = this.#control;
    if (lane === 'state') to = this.#states;
    else if (isData(frame[1])) to = this.#commands;
    // Acknowledgements are cumulative: of two that wait the newer one says it all.
    if (to === this.#control && frame[1] === FrameType.ACK && to.frames.length > 1 && to.frames.at(-1)[1] === FrameType.ACK) {
      to.frames[to.frames.length - 1] = frame;
      return true;
    }
    to.bytes += frame.length;
    to.frames.push(frame);
    return this.#control.bytes <= MAX_CONTROL;
  }

  /** How many bytes the lane should get now. Of states one frame at a time. */
  room(lane) {
    if (lane === 'control') return Math.max(0, COMMAND_WINDOW - this.#commands.bytes);
    return lane === 'state' && this.#states.bytes === 0 ? MAX_STATE_FRAME : 0;
  }

  get waiting() {
    return this.#control.bytes + this.#commands.bytes + this.#states.bytes;
  }

  /** A box with parts came in, for `got`. */
  onReceived() {
    this.#received += 1;
  }

  /** What the other end got. False: more than was sent, or less than before. */
  onConfirmed(got) {
    if (got < this.#confirmed || got > this.#sent) return false;
    this.#confirmed = got;
    return true;
  }

  get #hasParts() {
    return this.waiting > 0 && this.#sent - this.#confirmed < IN_FLIGHT;
  }

  get #owes() {
    return this.#received - this.#told >= CONFIRM_EVERY;
  }

  /** The next box's text, if one may go now, else null. */
  next(now) {
    if (!this.#hasParts && !this.#owes) return null;
    this.#refill(now);
    if (this.#readyAt > now) return null;
    const box = new BoxWriter(false, this.#link, this.#confirm());
    if (this.#hasParts) {
      box.fill(CONTROL, this.#control);
      for (const states of [this.#statesFirst, !this.#statesFirst]) {
        box.fill(states ? STATES : COMMANDS, states ? this.#states : this.#commands);
      }
      this.#statesFirst = !this.#statesFirst;
      this.#sent += 1;
    }
    const text = box.text;
    this.#boxes -= 1;
    this.#bytes -= costOf(text.length);
    return text;
  }

  /** When to ask again; null: when something was queued, received or confirmed. */
  deadline(now) {
    return this.#hasParts || this.#owes ? Math.max(now, this.#readyAt) : null;
  }

  /** The last box: the link is over. Control frames that wait go with it, at once, whatever may be on its way; nothing else does. */
  last() {
    const box = new BoxWriter(true, this.#link, this.#confirm());
    box.fill(CONTROL, this.#control);
    return box.text;
  }

  #confirm() {
    this.#told = this.#received;
    return this.#received;
  }

  #refill(now) {
    const passed = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = Math.max(now, this.#filledAt);
    this.#boxes = Math.min(BOX_BURST, this.#boxes + passed * BOXES_PER_SECOND);
    this.#bytes = Math.min(BYTE_BURST, this.#bytes + passed * BYTES_PER_SECOND);
  }

  // When both budgets are above zero. Whole milliseconds, rounded up: not a moment too early.
  get #readyAt() {
    const wait = Math.max((1 - this.#boxes) / BOXES_PER_SECOND, (1 - this.#bytes) / BYTES_PER_SECOND);
    return wait <= 0 ? this.#filledAt : this.#filledAt + Math.ceil(wait * 1000);
  }
}

/** One box being filled. */
class BoxWriter {
  #bytes = new Uint8Array(RELAY_BOX_BYTES);
  #size = BOX_HEADER;

  constructor(over, link, got) {
    const view = viewOf(this.#bytes);
    this.#bytes[0] = over ? OVER : FRAMES;
    view.setUint32(1, link);
    view.setUint32(5, got);
  }

  get text() {
    return this.#bytes.slice(0, this.#size);
  }

  /** @param {Waiting} from */
  fill(lane, from) {
    let whole = 0;
    while (whole < from.frames.length && this.#size + PART_HEADER < RELAY_BOX_BYTES) {
      const frame = from.frames[whole];
      const left = frame.length - from.sent;
      const length = Math.min(left, RELAY_BOX_BYTES - this.#size - PART_HEADER);
      const more = length < left;
      this.#bytes.set([more ? lane | MORE : lane, length >> 8, length & 0xff], this.#size);
      this.#bytes.set(frame.subarray(from.sent, from.sent + length), this.#size + PART_HEADER);
      this.#size += PART_HEADER + length;
      from.bytes -= length;
      from.sent = more ? from.sent + length : 0;
      if (more) break;
      whole += 1;
    }
    from.frames.splice(0, whole);
  }
}

/** A frame of which more follows; what it takes grows with what has come. */
class Partial {
  #bytes = new Uint8Array(0);
  size = 0;

  add(bytes) {
    if (this.size + bytes.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.size + bytes.length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.size));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  take() {
    const whole = this.#bytes.subarray(0, this.size);
    this.#bytes = new Uint8Array(0);
    this.size = 0;
    return whole;
  }
}

/** Frames on their way in. What the other end may make us hold is one frame of each lane. */
export class RelayInbox {
  #partial = [new Partial(), new Partial(), new Partial()];

  /**
   * Gives whole frames to `onFrame`, which says whether to go on; they are valid during the call.
   * @param {Uint8Array} parts @param {(lane: 'control' | 'state', frame: Uint8Array) => boolean} onFrame
   * @returns {boolean} false: the other end breaks the rules, and what follows is not to be listened to
   */
  take(parts, onFrame) {
    let rest = parts;
    while (rest.length > 0) {
      if (rest.length < PART_HEADER) return false;
      const lane = rest[0] & ~MORE;
      const more = (rest[0] & MORE) !== 0;
      const length = rest[1] * 256 + rest[2];
      if (lane > STATES || length === 0 || length > rest.length - PART_HEADER) return false;
      const bytes = rest.subarray(PART_HEADER, PART_HEADER + length);
      rest = rest.subarray(PART_HEADER + length);
      const partial = this.#partial[lane];
      if (partial.size + length > MOST[lane]) return false;
      if (more || partial.size > 0) partial.add(bytes);
      if (more) continue;
      if (!onFrame(lane === STATES ? 'state' : 'control', partial.size > 0 ? partial.take() : bytes)) return true;
    }
    return true;
  }
}
