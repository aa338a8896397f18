// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pairwire in a browser as an ES module, without a build step: pairs by the code on a display's screen, connects to
// it directly, and leaves the relay once connected. A display in a browser is session/display.js.
//
//   const session = await pair('4821-KMRTW', { relay: location.origin, name: 'Phone' });
//   session.addEventListener('message', (event) => console.log(event.data));
//   session.send('hello');
//
// The letters never leave this page: with them both ends prove to each other that no relay sits in the middle
// (docs/security.md). `plain: true` takes codes of digits alone; then whoever runs the relay could.

import { PairwireError, explained } from './pairwire-error.js';
import { parsePairingCode, parsePairingUrl } from './pairing-code.js';
import { PlainController } from './plain-signals.js';
import { Connecting } from './session/connecting.js';
import { SESSION_FEATURE, loadExchange, loadSession, pairingFeatures } from './session/open-session.js';
import { RelayApi } from './session/relay.js';

export { PairwireError };

/**
 * Enters a code and connects.
 * @param {string} code as typed (blanks and hyphens do not matter), or the URL of a QR code
 * @param {{relay?: string | URL, name?: string, plain?: boolean, signal?: AbortSignal,
 *   pairings?: import('./session/pairing-store.js').PairingStore, remember?: boolean, allowRelay?: boolean,
 *   onPaired?: (display: {displayId: string, name: string}) => void}} [options] `plain`: the code has no letters;
 *   `pairings`: where remembered pairings are kept; `remember`: the visitor wants this display to be, and agrees before
 *   the session begins (later: Session.remember()). Once it is, pair-again.js connects without a code;
 *   `allowRelay` (true if not given): where no direct path is found the session may go in encrypted boxes through the relay, if the
 *   other end and the relay's operator allow it, too (Session.overRelay)
 * @returns {Promise<import('./session/session.js').Session | import('./session/raw-session.js').RawSession>} rejects with PairwireError: invalid_code, code_not_found, auth_failed, rate_limited,
 *   relay_unreachable, session_terminated, ice_failed, timed_out, cancelled…
 */
export async function pair(code, options = {}) {
  const { name = '', signal, onPaired } = options;
  const api = new RelayApi(new URL(options.relay ?? location.href));
  const { lookup, hello, signals } = await (options.plain ? plainEnd(code) : secretEnd(code, options));
  const paired = await api.pair({ code: lookup, name, hello }, signal);
  onPaired?.(paired.display);
  const remember = options.pairings ? { store: options.pairings, willing: options.remember === true } : null;
  return new Connecting(api, paired, signals, { ...options, remember }).result;
}

/** Whether this is what a display without letters shows. */
export const isPlainCode = (code) => /^[0-9]{7,12}$/.test(code.replace(/[\s.-]/g, ''));

async function plainEnd(code) {
  const lookup = code.replace(/[\s.-]/g, '');
  if (!/^[0-9]{4,12}$/.test(lookup)) throw new PairwireError('invalid_code', 'A code without letters has 4 to 12 digits.');
  const signals = new PlainController(await loadSession() ? [SESSION_FEATURE] : []);
  return { lookup, hello: signals.hello, signals };
}

async function secretEnd(code, { allowRelay = true }) {
  let parsed;
  try {
    parsed = code.includes('#') ? parsePairingUrl(code) : parsePairingCode(code);
  } catch (error) {
    throw new PairwireError('invalid_code', error.message, { cause: error });
  }
  const { ControllerExchange, SealedController } = await loadExchange();
  try {
    const exchange = new ControllerExchange(parsed, { features: pairingFeatures({ allowRelay }) });
    return { lookup: parsed.lookup, hello: exchange.hello(), signals: new SealedController(exchange) };
  } catch (error) {
    throw explained(error, 'internal');
  }
}
