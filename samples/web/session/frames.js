// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The frames of a session and the payloads of the small ones: peer/delivery/frame.h and
// control_frames.h in JavaScript; docs/session.md has the tables. Not here: HELLO (hello.js), and what
// frames mean.
//
// Numbers on the wire have 64 bits, numbers here are exact up to 2^53 - 1. A session counts from 1, so
// none ever gets there: a header with a larger one is no frame. In payloads a larger one reads as
// Infinity, which compares as what it is.

import { concat, utf8 } from '../auth-bytes.js';

export const FRAME_VERSION = 1;
export const HEADER_BYTES = 20;
/** With its header it is what every browser takes in one message. */
export const MAX_COMMAND_BYTES = 256 * 1024 - HEADER_BYTES;
export const MAX_STATE_KEY_BYTES = 64;
export const MAX_STATE_VALUE_BYTES = 16 * 1024;
export const MAX_STREAM_BYTES = 60 * 1024;
export const MAX_NEGOTIATION_BYTES = 32 * 1024;
export const MAX_HELLO_BYTES = 1024;
export const MAX_STATE_ACKS = 32;
export const MAX_REMEMBER_NAME_BYTES = 63;

export const Lane = Object.freeze({ CONTROL: 0, STATE: 1, STREAM: 2 });

export const FrameType = Object.freeze({
  BIND: 0x01, HELLO: 0x02, RESET: 0x03, CLOSE: 0x04, PING: 0x05, PONG: 0x06, ACK: 0x07, NEGOTIATE: 0x08, STATE_ACK: 0x09, REMEMBER: 0x0a,
  DATA_BINARY: 0x10, DATA_TEXT: 0x11, DATA_EVENT: 0x12,
  STATE_SET: 0x20, STATE_DELETE: 0x21,
  STREAM_BINARY: 0x30, STREAM_TEXT: 0x31, STREAM_EVENT: 0x32,
});

export const Channel = Object.freeze({ NONE: 0, COMMAND: 1, STATE: 2, STREAM: 3 });
export const ValueKind = Object.freeze({ BINARY: 0, TEXT: 1, EVENT: 2 });

export const isData = (type) => type >= FrameType.DATA_BINARY && type <= FrameType.DATA_EVENT;
export const isStream = (type) => type >= FrameType.STREAM_BINARY && type <= FrameType.STREAM_EVENT;

// Which of the header's numbers a type has; the others are zero.
const NONE = { seq: false, ack: false };
const SEQ = { seq: true, ack: false };
const ACK = { seq: false, ack: true };
const BOTH = { seq: true, ack: true };
const form = (lane, chan, numbers, min, max) => ({ lane, chan, numbers, min, max });
const MAX_STATE = 1 + MAX_STATE_KEY_BYTES + 1 + MAX_STATE_VALUE_BYTES;
const data = form(Lane.CONTROL, Channel.COMMAND, BOTH, 0, MAX_COMMAND_BYTES);
const stream = form(Lane.STREAM, Channel.STREAM, SEQ, 0, MAX_STREAM_BYTES);
const control = (min, max) => form(Lane.CONTROL, Channel.NONE, NONE, min, max);

const FORMS = new Map([
  [FrameType.BIND, control(64, 64)],
  [FrameType.HELLO, control(1, MAX_HELLO_BYTES)],
  [FrameType.RESET, control(1, 1)],
  [FrameType.CLOSE, control(1, 1)],
  [FrameType.PING, control(12, 12)],
  [FrameType.PONG, control(28, 28)],
  [FrameType.ACK, form(Lane.CONTROL, Channel.COMMAND, ACK, 0, 0)],
  [FrameType.NEGOTIATE, control(1, 1 + MAX_NEGOTIATION_BYTES)],
  [FrameType.STATE_ACK, form(Lane.CONTROL, Channel.STATE, NONE, 9, 1 + MAX_STATE_ACKS * 8)],
  [FrameType.REMEMBER, control(34, 34 + 64)],
  [FrameType.DATA_BINARY, data],
  [FrameType.DATA_TEXT, data],
  [FrameType.DATA_EVENT, data],
  [FrameType.STATE_SET, form(Lane.STATE, Channel.STATE, SEQ, 3, MAX_STATE)],
  [FrameType.STATE_DELETE, form(Lane.STATE, Channel.STATE, SEQ, 2, 1 + MAX_STATE_KEY_BYTES)],
  [FrameType.STREAM_BINARY, stream],
  [FrameType.STREAM_TEXT, stream],
  [FrameType.STREAM_EVENT, stream],
]);

// Lossy: a name or a text of the other end is shown, never compared.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
export const textOf = (bytes) => decoder.decode(bytes);

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Writes big-endian numbers and bytes one behind the other. */
export class ByteWriter {
  #parts = [];

  #number(size, write) {
    const bytes = new Uint8Array(size);
    write(viewOf(bytes));
    this.#parts.push(bytes);
    return this;
  }

  u8(value) { return this.#number(1, (view) => view.setUint8(0, value)); }
  u16(value) { return this.#number(2, (view) => view.setUint16(0, value)); }
  u32(value) { return this.#number(4, (view) => view.setUint32(0, value)); }
  /** @param {number | bigint} value */
  u64(value) { return this.#number(8, (view) => view.setBigUint64(0, BigInt(value))); }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    this.#parts.push(bytes);
    return this;
  }

  /** @returns {Uint8Array} */
  done() { return concat(...this.#parts); }
}

/** Reads hostile bytes. What is not there reads as 0, and `ok` is false from then on. */
export class ByteReader {
  #bytes;
  #view;
  #at = 0;
  ok = true;

  /** @param {Uint8Array} bytes not copied */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  get remaining() { return this.#bytes.length - this.#at; }

  #take(size) {
    if (!this.ok || this.remaining < size) {
      this.ok = false;
      return -1;
    }
    this.#at += size;
    return this.#at - size;
  }

  #number(size, read) {
    const at = this.#take(size);
    return at < 0 ? 0 : read(at);
  }

  u8() { return this.#number(1, (at) => this.#view.getUint8(at)); }
  u16() { return this.#number(2, (at) => this.#view.getUint16(at)); }
  u32() { return this.#number(4, (at) => this.#view.getUint32(at)); }

  /** Infinity above 2^53 - 1. */
  u64() {
    return this.#number(8, (at) => {
      const value = this.#view.getBigUint64(at);
      return value > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(value);
    });
  }

  bytes(size) {
    const at = this.#take(size);
    return at < 0 ? new Uint8Array(0) : this.#bytes.subarray(at, at + size);
  }

  rest() { return this.bytes(this.remaining); }
}

/** Into the first HEADER_BYTES of `out`. seq and ack: whole numbers or BigInts. */
export function writeHeader(out, { type, chan = Channel.NONE, seq = 0, ack = 0 }) {
  const view = viewOf(out);
  view.setUint8(0, FRAME_VERSION);
  view.setUint8(1, type);
  view.setUint16(2, chan);
  view.setBigUint64(4, BigInt(seq));
  view.setBigUint64(12, BigInt(ack));
}

/** A whole frame. @returns {Uint8Array} */
export function makeFrame(header, payload = new Uint8Array(0)) {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  writeHeader(bytes, header);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/**
 * null: not a frame of this version that belongs on this lane, of an allowed size and with the numbers
 * that its type has. The payload is a view of `bytes`.
 * @param {number} lane @param {Uint8Array} bytes
 */
export function parseFrame(lane, bytes) {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const type = reader.u8();
  const chan = reader.u16();
  const seq = reader.u64();
  const ack = reader.u64();
  const found = reader.ok && version === FRAME_VERSION ? FORMS.get(type) : undefined;
  if (!found || found.lane !== lane || found.chan !== chan || seq === Infinity || ack === Infinity) return null;
  const { numbers } = found;
  if ((numbers.seq ? seq === 0 : seq !== 0) || (!numbers.ack && ack !== 0)) return null;
  if (reader.remaining < found.min || reader.remaining > found.max) return null;
  return { type, chan, seq, ack, payload: reader.rest() };
}

// --- Payloads. A parse… gives null when the bytes are not exactly such a payload. -----------------

const byteParser = (names) => (payload) => (payload.length === 1 ? names[payload[0]] ?? null : null);
const byteWriter = (names) => (name) => Uint8Array.of(names.indexOf(name));

const RESET_REASONS = [undefined, 'corrupt', 'state-lost', 'protocol', 'refused'];
export const resetPayload = byteWriter(RESET_REASONS);
export const parseReset = byteParser(RESET_REASONS);

const CLOSE_REASONS = ['bye', 'replaced', 'revoked'];
export const closePayload = byteWriter(CLOSE_REASONS);
export const parseClose = byteParser(CLOSE_REASONS);

/** Times are whole microseconds of a monotonic clock. */
export const pingPayload = ({ id, t0 }) => new ByteWriter().u32(id).u64(t0).done();

export function parsePing(payload) {
  const reader = new ByteReader(payload);
  const ping = { id: reader.u32(), t0: reader.u64() };
  // What can not be said again exactly is no time.
  return reader.ok && reader.remaining === 0 && ping.t0 !== Infinity ? ping : null;
}

export const pongPayload = ({ id, t0, t1, t2 }) => new ByteWriter().u32(id).u64(t0).u64(t1).u64(t2).done();

export function parsePong(payload) {
  const reader = new ByteReader(payload);
  const pong = { id: reader.u32(), t0: reader.u64(), t1: reader.u64(), t2: reader.u64() };
  return reader.ok && reader.remaining === 0 ? pong : null;
}

const NEGOTIATIONS = [undefined, 'offer', 'answer', 'candidate', 'want-restart', 'rollback'];
export const negotiationPayload = ({ kind, text = '' }) =>
  new ByteWriter().u8(NEGOTIATIONS.indexOf(kind)).bytes(utf8(text)).done();

export function parseNegotiation(payload) {
  const reader = new ByteReader(payload);
  const kind = NEGOTIATIONS[reader.u8()];
  if (!reader.ok || !kind || reader.remaining > MAX_NEGOTIATION_BYTES) return null;
  return { kind, text: textOf(reader.rest()) };
}

/** 1 to MAX_STATE_ACKS versions. */
export function stateAckPayload(versions) {
  const writer = new ByteWriter().u8(versions.length);
  for (const version of versions) writer.u64(version);
  return writer.done();
}

export function parseStateAck(payload) {
  const reader = new ByteReader(payload);
  const count = reader.u8();
  if (!reader.ok || count === 0 || count > MAX_STATE_ACKS || reader.remaining !== count * 8) return null;
  return Array.from({ length: count }, () => reader.u64());
}

const REMEMBER_KINDS = [undefined, 'offer', 'accept', 'refuse', 'forget'];
/** `contribution`: 32 bytes; `name`: at most MAX_REMEMBER_NAME_BYTES of UTF-8. */
export function rememberPayload({ kind, contribution, name }) {
  const bytes = utf8(name);
  if (bytes.length > MAX_REMEMBER_NAME_BYTES || contribution.length !== 32) throw new RangeError('no such REMEMBER');
  return new ByteWriter().u8(REMEMBER_KINDS.indexOf(kind)).bytes(contribution).u8(bytes.length).bytes(bytes).done();
}

export function parseRemember(payload) {
  const reader = new ByteReader(payload);
  const kind = REMEMBER_KINDS[reader.u8()];
  const contribution = reader.bytes(32).slice();
  const size = reader.u8();
  if (!reader.ok || !kind || size > MAX_REMEMBER_NAME_BYTES || reader.remaining !== size) return null;
  return { kind, contribution, name: textOf(reader.rest()) };
}

/** Keys are text here; one that is not UTF-8 is shown as well as it can be. */
export const stateKeyPayload = (key) => new ByteWriter().u8(utf8(key).length).bytes(utf8(key)).done();

export const stateValuePayload = ({ key, kind, value }) =>
  new ByteWriter().bytes(stateKeyPayload(key)).u8(kind).bytes(value).done();

function readKey(reader) {
  const size = reader.u8();
  if (size === 0 || size > MAX_STATE_KEY_BYTES) return null;
  const bytes = reader.bytes(size);
  return reader.ok ? textOf(bytes) : null;
}

export function parseStateValue(payload) {
  const reader = new ByteReader(payload);
  const key = readKey(reader);
  const kind = reader.u8();
  if (key === null || !reader.ok || kind > ValueKind.EVENT || reader.remaining > MAX_STATE_VALUE_BYTES) return null;
  return { key, kind, value: reader.rest() };
}

export function parseStateKey(payload) {
  const reader = new ByteReader(payload);
  const key = readKey(reader);
  return key !== null && reader.remaining === 0 ? key : null;
}
