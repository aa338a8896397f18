// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a session derives from the key of its first link, besides the ratchet:
// peer/auth/session_secrets.h in JavaScript.

import { concat, toBase64Url } from '../auth-bytes.js';
import { derive } from './key-ratchet.js';

export const CONTRIBUTION_BYTES = 32;

/** @param {Uint8Array} first k0 @returns {{id: Uint8Array, meet: Uint8Array, remember: Uint8Array}} */
export const deriveSessionSecrets = (first) => ({
  id: derive(first, 'pairwire session/1', 16),
  meet: derive(first, 'pairwire meet-secret/1'),
  remember: derive(first, 'pairwire remember-secret/1'),
});

function join(display, controller) {
  if (display.length !== CONTRIBUTION_BYTES || controller.length !== CONTRIBUTION_BYTES) throw new RangeError('no contribution');
  return concat(display, controller);
}

/** k0 of a session that was paired without letters: trust on first connect, no more. */
export const plainFirstKey = (display, controller) => derive(join(display, controller), 'pairwire plain/1');

/** The key of a pairing that both ends want to remember. */
export const rememberedSecret = (secrets, display, controller) =>
  derive(secrets.remember, 'pairwire remember/1', 64, join(display, controller));

/** Which names the pairing, and is no secret: 32 hexadecimal digits. */
export const rememberedId = (remembered) =>
  Array.from(derive(remembered, 'pairwire pairing-id/1', 16), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** From `meet` or a remembered secret: the name to ask the relay for, 43 characters. */
export const meetName = (secret) => toBase64Url(derive(secret, 'pairwire meet/1', 32));

/** And CPace's password for that meeting. */
export const meetPassword = (secret) => toBase64Url(derive(secret, 'pairwire prs/1', 16));
