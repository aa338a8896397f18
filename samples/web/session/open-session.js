// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// From a connection that is up to a session that both ends have agreed on, in the form that their features say.

import { PairwireError } from '../pairwire-error.js';
import { RawSession } from './raw-session.js';

export const SESSION_FEATURE = 'session.1';

/** And this: boxes over the relay may carry the session, as far as this end is concerned, where the relay does that. */
export const RELAY_FEATURE = 'session.relay';

/** What an end says in a pairing under a secret; in the open nothing would hide the text. Ascending. */
export const pairingFeatures = ({ allowRelay }) => [SESSION_FEATURE, ...(allowRelay ? [RELAY_FEATURE] : [])];

/** Which channels a connection needs. @param {string[]} features what both ends can do @returns {'raw' | 'lanes'} */
export const formOf = (features) => (features.includes(SESSION_FEATURE) ? 'lanes' : 'raw');

/**
 * A direct path has so long from the proof on before the session begins without one, and is carried by the relay until
 * it finds one, where both ends and the relay's operator allow it.
 */
export const DIRECT_MS = 4_000;

/**
 * Whether the session may begin without a path. Not where nothing would hide the text from the relay, or one end does not
 * want that: then it is the direct path or none.
 * @param {{signals: object, mode?: string}} options `mode`: of the relay's welcome
 */
export const mayGoWithoutPath = ({ signals, mode }) => mode === 'both' && signals.authenticated && signals.isSettled &&
  formOf(signals.features) === 'lanes' && signals.features.includes(RELAY_FEATURE);

/** The session layer, or null: it needs the bundle of samples/web-packages. */
export async function loadSession() {
  try {
    return await import('./session.js');
  } catch {
    return null;
  }
}

/** The pairing's modules; letters need the bundle of samples/web-packages, and a page without it still does without letters. */
export async function loadExchange() {
  try {
    return { ...await import('../pairing-exchange.js'), ...await import('../pairing-signals.js') };
  } catch (error) {
    throw new PairwireError('not_installed',
      'This page is not installed whole, and can not use letters. Whoever runs the server has to run samples/web-packages/install.sh.',
      { cause: error });
  }
}

/**
 * @param {object} options
 * @param {'display' | 'controller'} options.role
 * @param {import('./link.js').PeerLink | null} options.link up; null: no path was found (mayGoWithoutPath), and the session looks
 *   for one itself, at the relay
 * @param {object} options.signals of the pairing, settled @param {string} options.name the other end's
 * @param {import('./relay.js').RelayApi} options.api where the ends meet again @param {string} options.ownName
 * @param {object | null} [options.remember] as the session's, without the name
 * @param {boolean} [options.allowRelay] boxes over the relay may carry the session, where there is no path and the relay does that
 * @param {AbortSignal} [options.signal] the run was given up meanwhile: what has begun is left
 * @returns {Promise<RawSession | import('./session.js').Session>} connected; rejects with PairwireError
 */
export async function openSession({ role, link, signals, name, api, ownName, remember = null, allowRelay = true, signal }) {
  const peer = { name, authenticated: signals.authenticated };
  if (formOf(signals.features) === 'raw') {
    const session = new RawSession(link, peer);
    link.onLate = { candidate: () => {}, ended: (code, message) => session.end(code, message) };
    return session;
  }
  const [{ Session }, { Rejoin }] = await Promise.all([import('./session.js'), import('./rejoin.js')]);
  // What nobody has proved would be the relay's to read.
  const makeRejoin = (made) => new Rejoin(made, api, ownName, { allowRelay: allowRelay && signals.authenticated });
  const session = new Session({ role, link, exchange: signals.exchange, peer, makeRejoin, remember: remember && { ...remember, ownName } });
  const leave = () => session.leave();
  signal?.addEventListener('abort', leave);
  await new Promise((resolve, reject) => {
    const look = () => {
      if (session.state === 'connected') resolve();
    };
    session.addEventListener('state', look);
    session.addEventListener('close', ({ detail }) => reject(new PairwireError(detail.code, detail.reason)));
    look();
    if (signal?.aborted) leave();
  }).finally(() => signal?.removeEventListener('abort', leave));
  return session;
}
