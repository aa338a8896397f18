// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A controller that has been remembered connects without a code (docs/security.md, Remembered pairings): by a name
// that only the two know, and a password of 128 bits in place of the letters. What controller_machine.h does with a
// remembered pairing: while the display is not there, or the relay asks to come later, it is tried again.

import { PairwireError, cancelled } from '../pairwire-error.js';
import { CONNECT_TIMEOUT_MS, Connecting } from './connecting.js';
import { loadExchange, pairingFeatures } from './open-session.js';
import { RelayApi } from './relay.js';
import { meetName, meetPassword } from './session-secrets.js';

// Full jitter below a bound that doubles from the first to the last.
const MIN_PAUSE_MS = 100;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 2_000;

const now = () => performance.now();

const notFound = () => new PairwireError('timed_out',
  'The display was not found in time: it is off or in use, or it has forgotten this device.');
const notTheOne = (cause) => new PairwireError('auth_failed',
  'The display did not prove to be the one that was remembered. Somebody may be interfering with the connection.', { cause });

/**
 * @param {string} id of a pairing in the list in which this end is the controller
 * @param {{pairings: import('./pairing-store.js').PairingStore, relay?: string | URL, name?: string, signal?: AbortSignal,
 *   allowRelay?: boolean, timeoutMs?: number, random?: () => number}} options `allowRelay`: as pair()'s;
 *   `timeoutMs`: for all tries together; `random`: as Math.random
 * @returns {Promise<import('./session.js').Session>} rejects with PairwireError as pair() does, and: revoked (it is not in the list
 *   any more), timed_out (the display was not found: it is off, in use, or has forgotten this end, which nobody can tell apart)
 */
export async function pairAgain(id, { pairings, relay, name = '', signal, allowRelay = true, timeoutMs = CONNECT_TIMEOUT_MS, random = Math.random }) {
  const api = new RelayApi(new URL(relay ?? location.href));
  const { ControllerExchange, SealedController } = await loadExchange();
  const deadline = now() + timeoutMs;
  for (let bound = FIRST_PAUSE_MS; ; bound = Math.min(2 * bound, MAX_PAUSE_MS)) {
    // Read each time: it may be forgotten by now.
    const entry = await pairings.get(id, 'controller');
    if (!entry) throw new PairwireError('revoked', 'This display is not remembered any more.');
    const meet = meetName(entry.key);
    const exchange = new ControllerExchange({ lookup: meet, secret: { kind: 'url', text: meetPassword(entry.key) } },
      { features: pairingFeatures({ allowRelay }) });
    let atLeast = MIN_PAUSE_MS;
    let why;
    try {
      const paired = await api.pair({ meet, name, hello: exchange.hello() }, signal);
      const remember = { store: pairings, pairingId: id };
      return await new Connecting(api, paired, new SealedController(exchange), {
        name, signal, remember, allowRelay, timeoutMs: Math.max(0, deadline - now()),
      }).result;
    } catch (error) {
      const putOff = error.code === 'rate_limited' || error.code === 'not_ready';
      const away = error.early || error.code === 'code_not_found' || putOff;
      if (error.code === 'cancelled' || !away) throw error.code === 'auth_failed' ? notTheOne(error) : error;
      atLeast = Math.max(atLeast, error.retryAfterMs ?? 0);
      why = putOff ? error : notFound();
    }
    const pause = Math.max(atLeast, random() * bound);
    if (now() + pause >= deadline) throw why;
    await sleep(pause, signal);
  }
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}
