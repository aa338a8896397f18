// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The code on the screen, NNNN-LLLLL, and the same as a URL: peer/auth/pairing_code.h in JavaScript. The
// letters never go to the relay: what is typed without a separator is refused.

import { AuthError, fromBase64Url, systemRandom, toBase64Url } from './auth-bytes.js';

export const CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const SECRET_LENGTHS = [5, 6, 8];
const FRAGMENT = '#pair=';
const URL_SECRET_BYTES = 16;
const MAX_TYPED = 64;
const MAX_URL = 2048;

const refused = (message) => new AuthError('invalid_argument', message);
const isLookup = (text) => /^[0-9]{4,6}$/.test(text);

/** @typedef {{kind: 'letters' | 'url', text: string}} PairingSecret */

/** @param {5 | 6 | 8} length @returns {PairingSecret} */
export function drawLetters(length, random = systemRandom) {
  if (!SECRET_LENGTHS.includes(length)) throw refused('A code has 5, 6 or 8 letters.');
  // The most whole alphabets that fit into a byte; what is above would favour the first letters.
  const accepted = Math.floor(256 / CODE_LETTERS.length) * CODE_LETTERS.length;
  let text = '';
  while (text.length < length) {
    const [value] = random(1);
    if (value < accepted) text += CODE_LETTERS[value % CODE_LETTERS.length];
  }
  return { kind: 'letters', text };
}

/** @returns {PairingSecret} */
export const drawUrlSecret = (random = systemRandom) => ({ kind: 'url', text: toBase64Url(random(URL_SECRET_BYTES)) });

/**
 * Takes "4821-kmrtw", "482 193 - KMRT WXZB", "4821.KMRTW", "4821 KMRTW". Throws 'invalid_argument' with a
 * sentence for the person who types; it never repeats what was typed.
 * @param {string} typed
 * @returns {{lookup: string, secret: PairingSecret}} `lookup` is digits only: the one part for the relay
 */
export function parsePairingCode(typed) {
  if (typed.length > MAX_TYPED) throw refused('This is too long for a code.');
  const text = typed.replace(/[ \t.-]+/g, '-').replace(/^-|-$/g, '').replace(/[a-z]/g, (c) => c.toUpperCase());
  if (text === '') throw refused('Type the code that the display shows: 1234-BCDFG.');
  if (/[^0-9A-Z-]/.test(text)) throw refused('A code has digits, a hyphen and letters.');
  if (!/^[0-9]/.test(text)) throw refused('A code begins with digits: type all of it.');
  if (/[A-Z].*[0-9]/.test(text)) throw refused('No digit stands among the letters: look whether it is a letter.');
  if (/[AEIOUY]/.test(text)) throw refused('A, E, I, O, U and Y are in no code: look again.');
  if (/[0-9][A-Z]/.test(text)) throw refused('Type a hyphen between the digits and the letters.');
  const lookup = text.replace(/[^0-9]/g, '');
  const letters = text.replace(/[^A-Z]/g, '');
  if (!isLookup(lookup)) throw refused('A code has 4 to 6 digits.');
  if (letters === '') throw refused('The letters behind the digits are missing.');
  if (!SECRET_LENGTHS.includes(letters.length)) throw refused('A code has 5, 6 or 8 letters.');
  return { lookup, secret: { kind: 'letters', text: letters } };
}

const grouped = (text) => (text.length < 6 ? text : `${text.slice(0, text.length / 2)} ${text.slice(text.length / 2)}`);

/** "4821-KMRTW"; two groups from six characters on. */
export const formatPairingCode = (lookup, letters) => `${grouped(lookup)}-${grouped(letters.text)}`;

/** `page` with the secret in the fragment, which browsers do not send to the server. */
export function makePairingUrl(page, lookup, secret) {
  if (!/^https?:\/\//.test(page) || page.includes('#') || page.length + 64 > MAX_URL || !isLookup(lookup) || secret.kind !== 'url') {
    throw refused('A pairing URL takes an http or https address without a fragment, 4 to 6 digits and a secret made for it.');
  }
  return `${page}${FRAGMENT}${lookup}.${secret.text}`;
}

/** From a whole URL or its fragment (`location.hash`; take it out of the address bar afterwards). */
export function parsePairingUrl(url) {
  if (url.length > MAX_URL) throw refused('This is too long for a pairing URL.');
  const at = url.indexOf('#');
  const fragment = at < 0 ? '' : url.slice(at);
  if (!fragment.startsWith(FRAGMENT)) throw refused('This address has no pairing code in it.');
  const match = /^([0-9]{4,6})\.([A-Za-z0-9_-]{22})$/.exec(fragment.slice(FRAGMENT.length));
  try {
    if (!match) throw refused('');
    fromBase64Url(match[2], URL_SECRET_BYTES).fill(0);
  } catch {
    throw refused('The pairing code in this address is damaged: scan it again.');
  }
  return { lookup: match[1], secret: { kind: 'url', text: match[2] } };
}
