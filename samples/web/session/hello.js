// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HELLO, the first word of a session on a link: its bytes, and what an end that remembers the session
// thinks of it. peer/delivery/hello.h in JavaScript.
//
//   session 16 | mine 16 | yours 16 | counter u64 | generation u32 | flags u8 |
//   n u8, n x (chan u16, last_delivered u64) | lv(features) | lv(plain secret) | tag 64

import { LengthValueReader, concat, lvCat, utf8 } from '../auth-bytes.js';
import { areFeatures } from '../pairing-messages.js';
import { ByteReader, ByteWriter, Channel, MAX_HELLO_BYTES } from './frames.js';
import { makeHelloTag } from './hello-tag.js';
import { CONTRIBUTION_BYTES } from './session-secrets.js';

export const ID_BYTES = 16;
export const TAG_BYTES = 64;
export const MAX_HELLO_CHANNELS = 8;
export const HELLO_FIRST = 1; // the sender knows no epoch of the receiver
export const HELLO_PLAIN = 2; // paired without letters
const KNOWN_FLAGS = HELLO_FIRST | HELLO_PLAIN;
const MAX_FEATURES_TEXT = 16 * 33;

export const noEpoch = () => new Uint8Array(ID_BYTES);
export const isNone = (epoch) => epoch.every((byte) => byte === 0);
export const sameBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * @typedef {object} Hello
 * @property {Uint8Array} session @property {Uint8Array} mine @property {Uint8Array} yours epochs; zeros: none
 * @property {number} counter of the sender's HELLOs, from 1 @property {number} generation @property {number} flags
 * @property {[number, number][]} lastDelivered by channel, ascending @property {string[]} features
 * @property {Uint8Array} plainSecret CONTRIBUTION_BYTES or none
 */

/** What the tag covers. @param {Hello} hello */
export function encodeHello(hello) {
  const writer = new ByteWriter().bytes(hello.session).bytes(hello.mine).bytes(hello.yours)
    .u64(hello.counter).u32(hello.generation).u8(hello.flags).u8(hello.lastDelivered.length);
  for (const [chan, last] of hello.lastDelivered) writer.u16(chan).u64(last);
  return writer.bytes(lvCat(utf8(hello.features.join(' ')), hello.plainSecret)).done();
}

/** With its tag; `ratchet` null: zeros, for the first HELLO of a plain session. */
export function encodeHelloWithTag(hello, ratchet, role, link) {
  const bytes = encodeHello(hello);
  return concat(bytes, ratchet ? makeHelloTag(ratchet, role, link, bytes) : new Uint8Array(TAG_BYTES));
}

function readItems(bytes) {
  try {
    const reader = new LengthValueReader(bytes);
    const list = reader.readText(MAX_FEATURES_TEXT);
    const plainSecret = reader.read(CONTRIBUTION_BYTES);
    reader.end();
    const features = list === '' ? [] : list.split(' ');
    if (!areFeatures(features) || (plainSecret.length !== 0 && plainSecret.length !== CONTRIBUTION_BYTES)) return null;
    return { features, plainSecret };
  } catch {
    return null;
  }
}

/** The form only. null: not such bytes. @returns {{hello: Hello, covered: Uint8Array, tag: Uint8Array} | null} */
export function parseHello(payload) {
  if (payload.length < TAG_BYTES || payload.length > MAX_HELLO_BYTES) return null;
  const covered = payload.subarray(0, payload.length - TAG_BYTES);
  const reader = new ByteReader(covered);
  const id = () => reader.bytes(ID_BYTES).slice();
  const hello = {
    session: id(), mine: id(), yours: id(), counter: reader.u64(), generation: reader.u32(), flags: reader.u8(), lastDelivered: [],
  };
  const count = reader.u8();
  if (!reader.ok || (hello.flags & ~KNOWN_FLAGS) !== 0 || count > MAX_HELLO_CHANNELS) return null;
  for (let i = 0; i < count; ++i) {
    const chan = reader.u16();
    const last = reader.u64();
    if (i > 0 && chan <= hello.lastDelivered[i - 1][0]) return null;
    hello.lastDelivered.push([chan, last]);
  }
  const items = reader.ok ? readItems(reader.rest()) : null;
  if (!items) return null;
  return { hello: { ...hello, ...items }, covered, tag: payload.subarray(payload.length - TAG_BYTES) };
}

/** What this HELLO says of a channel, or null. */
export const lastDeliveredOf = (hello, chan) => hello.lastDelivered.find(([known]) => known === chan)?.[1] ?? null;

/**
 * Of a HELLO whose tag is right: 'first' the other end's first word, 'resume' the session goes on,
 * 'state-lost' one of the two has lost its memory of it, 'corrupt' it has what was never sent, 'refuse' of
 * another session, or said before. `sent` is the own outbox's.
 * @param {{session: Uint8Array, mine: Uint8Array, theirs: Uint8Array, theirCounter: number}} remembered
 */
export function judge(remembered, hello, sent) {
  if (!sameBytes(hello.session, remembered.session) || isNone(hello.mine)) return 'refuse';
  if (hello.counter <= remembered.theirCounter) return 'refuse';
  if (!isNone(hello.yours) && !sameBytes(hello.yours, remembered.mine)) return 'state-lost';
  const known = !isNone(remembered.theirs);
  if (known && !sameBytes(hello.mine, remembered.theirs)) return 'state-lost';
  const last = lastDeliveredOf(hello, Channel.COMMAND);
  if (last === null || last > sent) return 'corrupt';
  return known ? 'resume' : 'first';
}
