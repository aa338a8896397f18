// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One registration of a display at the relay, with its code, from its first showing to its end: who may knock, one at
// a time, by the code or by a remembered pairing. Not here: what follows a knock (display-run.js), and when a
// display registers (display.js).

import { notConfirmed } from '../pairwire-error.js';
import { RUNS_PER_CODE } from '../code-guard.js';
import { PlainDisplay } from '../plain-signals.js';
import { Run } from './display-run.js';
import { EventFeed } from './event-feed.js';
import { RelaySocket } from './relay.js';

// Both ends may still be telling candidates when the channel opens.
const RELAY_GRACE_MS = 2_000;
// The relay ends an expired code and says so; this is for when that does not arrive.
const EXPIRY_GRACE_MS = 2_000;

const now = () => performance.now();

/** `over` resolves with the session, or null: show another code. */
export class Registration {
  #api;
  #registration;
  #guard;
  #options;
  #feed;
  #socket = null;
  #mode; // of its welcome
  #run = null;
  #knocks = new Set();
  #timer;
  #finish;
  #gone = false;
  #ended = false;

  /**
   * @param {import('./relay.js').RelayApi} api @param {object} registration the relay's answer
   * @param {import('../code-guard.js').CodeGuard} guard which has its code
   * @param {object} options
   * @param {object | null} options.exchange the pairing's modules; null: digits alone
   * @param {string[]} options.features @param {string} options.name
   * @param {import('./remembered-meetings.js').RememberedMeetings | null} options.meetings whose names it was registered with
   * @param {boolean} options.allowRelay as openSession's
   * @param {(pairingId: string) => object | null} options.remember openSession's, for a session of this pairing or of a code ('')
   * @param {(type: string, detail: object) => void} options.tell @param {() => void} options.showCode
   */
  constructor(api, registration, guard, options) {
    this.#api = api;
    this.#registration = registration;
    this.#guard = guard;
    this.#options = options;
    this.over = new Promise((resolve) => { this.#finish = resolve; });
    this.#feed = new EventFeed(api, registration, {
      onEvent: (type, data) => this.#onEvent(type, data),
      onGone: () => this.#onGone(),
    });
    this.#timer = setTimeout(() => this.#onGone(), 1000 * registration.expiresIn + EXPIRY_GRACE_MS);
    options.showCode();
  }

  /** Gives the code up. */
  end(session = null) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#feed.close();
    const leave = () => {
      this.#socket?.close();
      this.#api.end(this.#registration.sessionId, this.#registration.displayToken);
    };
    if (session) setTimeout(leave, RELAY_GRACE_MS);
    else leave();
    // It is that of another controller, who has come back.
    if (!session) this.#run?.drop();
    this.#finish(session);
  }

  // The relay forgot the code, or it expired. Whoever is connecting right now may come to an end first.
  #onGone() {
    this.#gone = true;
    if (!this.#run) this.end();
  }

  #onEvent(type, data) {
    if (type === 'pairing:ready') this.#onKnock(data);
    if (type !== 'session:terminated') return;
    if (data.reason === 'replaced') this.#options.meetings?.leaveOutOnce();
    this.#onGone();
  }

  // On the event stream, and on the socket when there is one.
  #onKnock({ controllerId, name = '', hello, meet }) {
    if (this.#ended || typeof controllerId !== 'string' || this.#knocks.has(controllerId)) return;
    this.#knocks.add(controllerId);
    this.#openSocket();
    if (this.#run) {
      this.#refuse(controllerId);
      return;
    }
    const { exchange, features, meetings, remember } = this.#options;
    let signals;
    let pairingId = '';
    try {
      if (meet !== undefined && !meetings) throw notConfirmed();
      const meeting = meet === undefined ? null : meetings.open(meet, now());
      pairingId = meeting?.pairingId ?? '';
      signals = exchange ? this.#answerTo(hello, meeting?.guard ?? this.#guard) : new PlainDisplay(features, hello);
    } catch {
      const error = notConfirmed();
      this.#refuse(controllerId);
      this.#afterFailure();
      this.#options.tell('trouble', { code: error.code, message: error.message });
      return;
    }
    const own = { api: this.#api, ownName: this.#options.name, remember: remember(pairingId), allowRelay: this.#options.allowRelay };
    this.#run = new Run(this.#registration.sessionId, { controllerId, name, own }, signals, {
      send: (type, data) => this.#socket?.send(type, data, controllerId),
      mode: () => this.#mode,
      onLinked: (session) => this.end(session),
      onSettled: () => this.#options.tell('paired', { name }),
      onFailed: (error) => this.#onRunFailed(error, controllerId),
    });
  }

  #answerTo(hello, guard) {
    const { DisplayExchange, SealedDisplay } = this.#options.exchange;
    if (typeof hello !== 'string') throw notConfirmed();
    const end = new DisplayExchange(guard, { features: this.#options.features });
    end.handleHello(now(), hello);
    return new SealedDisplay(end, now);
  }

  #refuse(controllerId) {
    this.#socket.send('webrtc:offer', { failed: 'auth_failed' }, controllerId);
  }

  #onRunFailed(error, controllerId) {
    this.#run = null;
    if (error.code === 'auth_failed') this.#refuse(controllerId);
    // The code first, which says how often it was tried: this may be about a run that was none of those.
    this.#afterFailure();
    this.#options.tell('trouble', { code: error.code, message: error.message });
  }

  // The code stays as long as it may be tried again; the relay lets in as many controllers as there are runs.
  #afterFailure() {
    if (this.#ended) return;
    const usedUp = this.#gone || this.#knocks.size >= RUNS_PER_CODE || !this.#options.exchange;
    if (usedUp || this.#guard.needsNewCode(now())) this.end();
    else this.#options.showCode();
  }

  #openSocket() {
    if (this.#socket) return;
    const { wsUrl, displayToken } = this.#registration;
    this.#socket = new RelaySocket(this.#api.url(wsUrl), displayToken, {
      onMessage: ({ type, from, data }) => {
        if (type === 'welcome') this.#mode = data.mode;
        else if (type === 'pairing:ready' || type === 'session:terminated') this.#onEvent(type, data);
        else this.#run?.handle(type, from ?? data.memberId, data);
      },
      onClosed: () => {
        this.#socket = null;
        this.#run?.onRelayLost();
      },
    });
  }
}
