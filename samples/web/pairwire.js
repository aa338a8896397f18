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

import { PairwireError, cancelled, explained, notConfirmed } from './pairwire-error.js';
import { parsePairingCode, parsePairingUrl } from './pairing-code.js';
import { PlainController } from './plain-signals.js';
import { PeerLink } from './session/link.js';
import { SESSION_FEATURE, formOf, loadSession, openSession } from './session/open-session.js';
import { RelayApi, RelaySocket } from './session/relay.js';
import { SignalSender } from './session/signal-sender.js';

export { PairwireError };

const CONNECT_TIMEOUT_MS = 30_000;
const MAX_EARLY_CANDIDATES = 64;

/**
 * Enters a code and connects.
 * @param {string} code as typed (blanks and hyphens do not matter), or the URL of a QR code
 * @param {{relay?: string | URL, name?: string, plain?: boolean, signal?: AbortSignal,
 *   onPaired?: (display: {displayId: string, name: string}) => void}} [options] `plain`: the code has no letters
 * @returns {Promise<import('./session/session.js').Session | import('./session/raw-session.js').RawSession>} rejects with PairwireError: invalid_code, code_not_found, auth_failed, rate_limited,
 *   relay_unreachable, session_terminated, ice_failed, timed_out, cancelled…
 */
export async function pair(code, options = {}) {
  const { name = '', signal, onPaired } = options;
  const api = new RelayApi(new URL(options.relay ?? location.href));
  const { lookup, hello, signals } = await (options.plain ? plainEnd(code) : secretEnd(code));
  const paired = await api.pair({ code: lookup, name, hello }, signal);
  onPaired?.(paired.display);
  return new Connecting(api, paired, signals, options).result;
}

/** Whether this is what a display without letters shows. */
export const isPlainCode = (code) => /^[0-9]{7,12}$/.test(code.replace(/[\s.-]/g, ''));

async function plainEnd(code) {
  const lookup = code.replace(/[\s.-]/g, '');
  if (!/^[0-9]{4,12}$/.test(lookup)) throw new PairwireError('invalid_code', 'A code without letters has 4 to 12 digits.');
  const signals = new PlainController(await loadSession() ? [SESSION_FEATURE] : []);
  return { lookup, hello: signals.hello, signals };
}

async function secretEnd(code) {
  let parsed;
  try {
    parsed = code.includes('#') ? parsePairingUrl(code) : parsePairingCode(code);
  } catch (error) {
    throw new PairwireError('invalid_code', error.message, { cause: error });
  }
  const { ControllerExchange, SealedController } = await loadExchange();
  try {
    const exchange = new ControllerExchange(parsed, { features: [SESSION_FEATURE] });
    return { lookup: parsed.lookup, hello: exchange.hello(), signals: new SealedController(exchange) };
  } catch (error) {
    throw explained(error, 'internal');
  }
}

/** Letters need the bundle of samples/web-packages; a page without it still does without letters. */
export async function loadExchange() {
  try {
    return { ...await import('./pairing-exchange.js'), ...await import('./pairing-signals.js') };
  } catch (error) {
    throw new PairwireError('not_installed',
      'This page is not installed whole, and can not use letters. Whoever runs the server has to run samples/web-packages/install.sh.',
      { cause: error });
  }
}

/** From the pairing to the open channel: one promise, and everything it needs to clean up. */
class Connecting {
  #own;
  #link = null;
  #early = [];
  #socket;
  #signals;
  #sender;
  #room;
  #display;
  #deadline;
  #settled = false;
  #resolve;
  #reject;
  #receiving = Promise.resolve();

  constructor(api, paired, signals, { name = '', signal }) {
    this.#own = { api, ownName: name };
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#room = paired.sessionId;
    this.#display = paired.display ?? { displayId: '', name: '' };
    this.#signals = signals;
    this.#socket = new RelaySocket(api.url(paired.wsUrl), paired.controllerToken, {
      onMessage: (message) => this.#onMessage(message),
      onClosed: () => this.#fail(new PairwireError('relay_unreachable', 'The server closed the connection. Try again.')),
    });
    this.#sender = new SignalSender(signals, (type, data) => {
      if (!this.#settled) this.#socket.send(type, data);
    });
    this.#deadline = setTimeout(() => this.#lost('timed_out', 'The display did not connect in time.'), CONNECT_TIMEOUT_MS);
    signal?.addEventListener('abort', () => this.#fail(cancelled()), { once: true });
  }

  #makeLink() {
    this.#link = new PeerLink('controller', formOf(this.#signals.features), {
      onCandidate: (candidate) => this.#sender.candidate(candidate),
      onUp: () => this.#onUp(),
      onEnded: (code, message) => this.#fail(new PairwireError(code, message)),
    });
  }

  // One after the other: a candidate must not overtake its description.
  #onMessage({ type, data }) {
    this.#receiving = this.#receiving.then(() => this.#handle(type, data))
      .catch((error) => this.#fail(explained(error, 'negotiation_failed')));
  }

  async #handle(type, data) {
    if (this.#settled) return;
    switch (type) {
      case 'webrtc:offer': {
        if (data.failed !== undefined) throw notConfirmed();
        const sdp = await this.#signals.openDescription(this.#room, data);
        if (this.#settled) return;
        if (this.#link) throw new PairwireError('negotiation_failed', 'The display offered twice.');
        this.#makeLink();
        await this.#sender.description('webrtc:answer', this.#room, await this.#link.answer(sdp));
        for (const candidate of this.#early.splice(0)) await this.#link.addCandidate(candidate);
        break;
      }
      case 'webrtc:ice-candidate':
        await this.#addCandidate(await this.#signals.openCandidate(data));
        break;
      case 'session:terminated':
        this.#lost('session_terminated', 'The display ended the session.');
        break;
      case 'user_left':
        this.#lost('peer_left', 'The display went away.');
        break;
      case 'error':
        this.#fail(new PairwireError(data.code ?? 'relay_protocol', data.message ?? 'The server reported an error.'));
        break;
      default: // welcome, user_joined, ack and what later relays say
    }
  }

  // In the clear they may come before their offer.
  async #addCandidate(candidate) {
    if (this.#link) await this.#link.addCandidate(candidate);
    else if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
  }

  async #onUp() {
    const { name = '' } = this.#display;
    try {
      const session = await openSession({ role: 'controller', link: this.#link, signals: this.#signals, name, ...this.#own });
      if (this.#settled) return;
      this.#settled = true;
      session.display = this.#display;
      this.#stop();
      this.#resolve(session);
    } catch (error) {
      this.#fail(explained(error, 'negotiation_failed'));
    }
  }

  // Who pairs with letters and is left before they were confirmed can not tell a guesser from an accident.
  #lost(code, message) {
    this.#fail(this.#signals.isSettled ? new PairwireError(code, message) : notConfirmed());
  }

  #fail(error) {
    if (this.#settled) return;
    this.#settled = true;
    if (error.code === 'auth_failed') this.#socket.send('webrtc:answer', { failed: 'auth_failed' });
    this.#signals.abandon();
    this.#stop();
    this.#link?.close();
    this.#reject(error);
  }

  #stop() {
    clearTimeout(this.#deadline);
    // The last candidates are out: connected means that a pair works at both ends.
    this.#socket.close();
  }
}
