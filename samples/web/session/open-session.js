// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// From a connection that is up to a session that both ends have agreed on, in the form that their features say.

import { PairwireError } from '../pairwire-error.js';
import { RawSession } from './raw-session.js';

export const SESSION_FEATURE = 'session.1';

/** Which channels a connection needs. @param {string[]} features what both ends can do @returns {'raw' | 'lanes'} */
export const formOf = (features) => (features.includes(SESSION_FEATURE) ? 'lanes' : 'raw');

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
 * @param {'display' | 'controller'} options.role @param {import('./link.js').PeerLink} options.link up
 * @param {object} options.signals of the pairing, settled @param {string} options.name the other end's
 * @param {import('./relay.js').RelayApi} options.api where the ends meet again @param {string} options.ownName
 * @param {object | null} [options.remember] as the session's, without the name
 * @param {AbortSignal} [options.signal] the run was given up meanwhile: what has begun is left
 * @returns {Promise<RawSession | import('./session.js').Session>} connected; rejects with PairwireError
 */
export async function openSession({ role, link, signals, name, api, ownName, remember = null, signal }) {
  const peer = { name, authenticated: signals.authenticated };
  if (formOf(signals.features) === 'raw') {
    const session = new RawSession(link, peer);
    link.onLate = { candidate: () => {}, ended: (code, message) => session.end(code, message) };
    return session;
  }
  const [{ Session }, { Rejoin }] = await Promise.all([import('./session.js'), import('./rejoin.js')]);
  const makeRejoin = (made) => new Rejoin(made, api, ownName);
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
