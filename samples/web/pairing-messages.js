// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The messages of an authenticated pairing as values and as text: peer/auth/pairing_messages.h in
// JavaScript; the table of their fields is there. Every decode… throws authFailed() for what is wrong.

import { AuthError, LengthValueReader, authFailed, equalInConstantTime, fromBase64Url, lvCat, toBase64Url, utf8 } from './auth-bytes.js';
import { isShare } from './cpace.js';

export const PAIRING_VERSION = 'pair/1 CPACE-RISTR255-SHA512';
const MAX_FEATURES = 16;
const MAX_FEATURE_LIST = MAX_FEATURES * 33;
const MAX_DATA = 64 + MAX_FEATURE_LIST;
const MAX_MESSAGE = MAX_DATA + 256;
export const MAX_ROOM_BYTES = 64;
export const MAX_SDP_BYTES = 32 * 1024;

/** Whether these are words of a-z, 0-9, '.' and '-', ascending, each once, no more than 16. */
export function areFeatures(features) {
  return features.length <= MAX_FEATURES &&
    features.every((word, i) => /^[a-z0-9.-]{1,32}$/.test(word) && (i === 0 || features[i - 1] < word));
}

export const commonFeatures = (a, b) => a.filter((feature) => b.includes(feature));

/** @param {{role: 'controller' | 'display', features: string[], secret?: 'letters' | 'url'}} data */
export function encodeAssociatedData({ role, features, secret }) {
  const items = [role, PAIRING_VERSION, features.join(' ')];
  if (role === 'controller') items.push(secret);
  return lvCat(...items.map(utf8));
}

export function decodeAssociatedData(bytes) {
  const reader = new LengthValueReader(bytes);
  const role = reader.readText(16);
  if (role !== 'controller' && role !== 'display') throw authFailed();
  reader.expect(PAIRING_VERSION);
  const list = reader.readText(MAX_FEATURE_LIST);
  const features = list === '' ? [] : list.split(' ');
  if (!areFeatures(features)) throw authFailed();
  if (role === 'display') {
    reader.end();
    return { role, features };
  }
  const secret = reader.readText(16);
  reader.end();
  if (secret !== 'letters' && secret !== 'url') throw authFailed();
  return { role, features, secret };
}

function readShare(reader) {
  const share = reader.readExactly(32);
  if (!isShare(share)) throw authFailed();
  return share;
}

export const encodeHello = ({ sessionId, share, data }) => toBase64Url(lvCat(sessionId, share, data));

export function decodeHello(text) {
  const reader = new LengthValueReader(fromBase64Url(text, MAX_MESSAGE));
  const hello = { sessionId: reader.readExactly(16), share: readShare(reader), data: reader.read(MAX_DATA) };
  reader.end();
  return hello;
}

export const encodeReply = ({ share, data, tag }) => toBase64Url(lvCat(share, data, tag));

export function decodeReply(text) {
  const reader = new LengthValueReader(fromBase64Url(text, MAX_MESSAGE));
  const reply = { share: readShare(reader), data: reader.read(MAX_DATA), tag: reader.readExactly(64) };
  reader.end();
  return reply;
}

export const encodeConfirmation = (tag) => toBase64Url(lvCat(tag));

export function decodeConfirmation(text) {
  const reader = new LengthValueReader(fromBase64Url(text, MAX_MESSAGE));
  const tag = reader.readExactly(64);
  reader.end();
  return tag;
}

/** @typedef {{fingerprint: Uint8Array, room: string, sdp: string}} PairingDescription */

/** @param {'controller' | 'display'} role @param {PairingDescription} description */
export const encodeDescription = (role, { fingerprint, room, sdp }) =>
  lvCat(utf8(role), fingerprint, utf8(room), utf8(sdp));

/** @returns {PairingDescription} whose SDP promises its fingerprint and no other */
export function decodeDescription(role, bytes) {
  const reader = new LengthValueReader(bytes);
  reader.expect(role);
  const fingerprint = reader.readExactly(32);
  const room = reader.readText(MAX_ROOM_BYTES);
  const sdp = reader.readText(MAX_SDP_BYTES);
  reader.end();
  const only = onlyFingerprint(sdp);
  if (!only || !equalInConstantTime(only, fingerprint)) throw authFailed();
  return { fingerprint, room, sdp };
}

/** The one certificate that an SDP promises, or null: no line, a different one, or another hash than sha-256. */
export function onlyFingerprint(sdp) {
  let only = null;
  for (const line of sdp.split(/[\r\n]/)) {
    if (!/^a=fingerprint:/i.test(line)) continue;
    const match = /^a=fingerprint:sha-256 ((?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/i.exec(line);
    if (!match) return null;
    const value = Uint8Array.from(match[1].split(':'), (byte) => parseInt(byte, 16));
    if (only && !equalInConstantTime(only, value)) return null;
    only = value;
  }
  return only;
}

/** What we say ourselves has to be true: throws 'invalid_argument' or 'limit_exceeded'. */
export function checkOwnDescription({ fingerprint, room, sdp }) {
  if (utf8(room).length > MAX_ROOM_BYTES || utf8(sdp).length > MAX_SDP_BYTES) {
    throw new AuthError('limit_exceeded', "The description or the room's id is too long.");
  }
  const only = onlyFingerprint(sdp);
  if (!only || !equalInConstantTime(only, fingerprint)) {
    throw new AuthError('invalid_argument', 'The description does not promise this certificate and no other.');
  }
}
