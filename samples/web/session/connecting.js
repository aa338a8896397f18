// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A controller from the relay's answer to a session: offer, answer and candidates through the relay, then the open
// channels. One try. Not here: what it pairs by (../pairwire.js, pair-again.js).

import { PairwireError, cancelled, explained, notConfirmed } from '../pairwire-error.js';
import { PeerLink } from './link.js';
import { DIRECT_MS, formOf, mayGoWithoutPath, openSession } from './open-session.js';
import { RelaySocket } from './relay.js';
import { SignalSender } from './signal-sender.js';

export const CONNECT_TIMEOUT_MS = 30_000;
const MAX_EARLY_CANDIDATES = 64;

/**
 * One promise (`result`), and everything it needs to clean up. It rejects with PairwireError; with `early` set, the
 * display had not said anything yet, so that it may well be there the next time.
 */
export class Connecting {
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
  #offered = false;
  #mode; // of the relay's welcome
  #direct = 0; // the direct path's time
  #begun = false; // the session has: what becomes of the pairing does not matter any more, but for the deadline
  #given = new AbortController(); // up
  #resolve;
  #reject;
  #receiving = Promise.resolve();

  /**
   * @param {import('./relay.js').RelayApi} api @param {object} paired the relay's answer @param {object} signals of the pairing
   * @param {{name?: string, signal?: AbortSignal, remember?: object | null, allowRelay?: boolean, timeoutMs?: number}} options `remember`,
   *   `allowRelay`: as openSession's
   */
  constructor(api, paired, signals, { name = '', signal, remember = null, allowRelay = true, timeoutMs = CONNECT_TIMEOUT_MS }) {
    this.#own = { api, ownName: name, remember, allowRelay };
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#room = paired.sessionId;
    this.#display = paired.display ?? { displayId: '', name: '' };
    this.#signals = signals;
    this.#socket = new RelaySocket(api.url(paired.wsUrl), paired.controllerToken, {
      onMessage: (message) => this.#onMessage(message),
      onClosed: () => {
        if (!this.#begun) this.#fail(new PairwireError('relay_unreachable', 'The server closed the connection. Try again.'));
      },
    });
    this.#sender = new SignalSender(signals, (type, data) => {
      if (!this.#settled) this.#socket.send(type, data);
    });
    this.#deadline = setTimeout(() => this.#lost('timed_out', 'The display did not connect in time.'), timeoutMs);
    signal?.addEventListener('abort', () => this.#fail(cancelled()), { once: true });
  }

  #makeLink() {
    this.#link = new PeerLink('controller', formOf(this.#signals.features), {
      onCandidate: (candidate) => this.#sender.candidate(candidate),
      onUp: () => this.#begin(this.#link),
      onEnded: (code, message) => {
        if (this.#mayGoWithoutPath) this.#begin(null);
        else this.#fail(new PairwireError(code, message));
      },
    });
  }

  get #mayGoWithoutPath() {
    return !this.#begun && mayGoWithoutPath({ signals: this.#signals, mode: this.#mode });
  }

  // Both ends have what a session begins with, and a path is to come.
  #awaitDirect() {
    this.#direct = setTimeout(() => {
      if (this.#settled || !this.#mayGoWithoutPath) return;
      this.#link.close();
      this.#begin(null);
    }, DIRECT_MS);
  }

  // One after the other: a candidate must not overtake its description.
  #onMessage({ type, data }) {
    this.#receiving = this.#receiving.then(() => this.#handle(type, data))
      .catch((error) => this.#fail(explained(error, 'negotiation_failed')));
  }

  async #handle(type, data) {
    if (this.#settled || this.#begun) return;
    switch (type) {
      case 'welcome':
        this.#mode = data.mode;
        break;
      case 'webrtc:offer': {
        if (data.failed !== undefined) throw notConfirmed();
        this.#offered = true;
        const sdp = await this.#signals.openDescription(this.#room, data);
        if (this.#settled) return;
        if (this.#link) throw new PairwireError('negotiation_failed', 'The display offered twice.');
        this.#makeLink();
        await this.#sender.description('webrtc:answer', this.#room, await this.#link.answer(sdp));
        this.#awaitDirect();
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
      default: // user_joined, ack and what later relays say
    }
  }

  // In the clear they may come before their offer.
  async #addCandidate(candidate) {
    if (this.#link) await this.#link.addCandidate(candidate);
    else if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(candidate);
  }

  // `link`: up, or null when there is no path.
  async #begin(link) {
    if (this.#settled || this.#begun) return;
    this.#begun = true;
    clearTimeout(this.#direct);
    const { name = '' } = this.#display;
    try {
      const session = await openSession({ role: 'controller', link, signals: this.#signals, name, ...this.#own, signal: this.#given.signal });
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
    this.#given.abort();
    this.#link?.close();
    error.early = !this.#offered;
    this.#reject(error);
  }

  #stop() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#direct);
    // The last candidates are out: connected means that a pair works at both ends.
    this.#socket.close();
  }
}
