// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display in a page: registers at the relay, shows a code, lets one controller in that proves it knows the code, or
// that is remembered, and shows a new code when that has left. One controller at a time; peer/session/display.h in
// JavaScript.
//
//   idle -> registering -> waiting -> pairing -> connected -> registering -> …
//               ^  ^          ^          |           |
//               |  `----------+----------'           | its controller has been away for 10 s: the place is on offer,
//               |     a run that failed: the same    | until it is back, or somebody else has come
//               |     code, until it is burnt        v
//               `------------------------------- connected, waiting

import { CodeGuard, RUNS_PER_CODE } from '../code-guard.js';
import { formatPairingCode, makePairingUrl } from '../pairing-code.js';
import { Registration } from './display-registration.js';
import { SESSION_FEATURE, loadExchange, loadSession, pairingFeatures } from './open-session.js';
import { RelayApi } from './relay.js';

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;

const now = () => performance.now();
const fullJitter = (bound) => Math.random() * bound;

/**
 * Events, each a CustomEvent: `code` (detail: code, url, failedAttempts; each replaces the one before),
 * `codevoid` (no code is valid, as the controller that was away is back), `paired` (name), `session` (session; the one
 * before has closed, or closes with `replaced`), `trouble` (code, message: for people; the display goes on by itself).
 */
export class Display extends EventTarget {
  #api;
  #options;
  #guard;
  #stop = new AbortController();
  #retry = RETRY_FIRST_MS;
  #exchange = null;
  #features = [];
  #meetings = null;
  #place = null; // being offered
  #current = null; // the session that was handed out

  /**
   * @param {object} options
   * @param {string | URL} options.relay @param {string} [options.name] @param {5 | 6 | 8} [options.letters]
   * @param {boolean} [options.secret] false: pairs by digits alone
   * @param {string} [options.pageUrl] the controller page, for the QR code's address
   * @param {import('./pairing-store.js').PairingStore | null} [options.pairings] where remembered pairings are kept; those in it
   *   connect without a code
   * @param {() => boolean} [options.remember] asked at the beginning of each session by a code: whether whoever it is with is
   *   remembered without more ado (later: Session.remember())
   * @param {boolean} [options.allowRelay] false: sessions never go in encrypted boxes through the relay where no direct path is
   *   found, also where the relay would do that (Session.overRelay)
   */
  constructor({ relay, name = '', letters = 5, secret = true, pageUrl = '', pairings = null, remember = () => false, allowRelay = true }) {
    super();
    this.#api = new RelayApi(relay);
    this.#options = { name, secret, pageUrl, pairings: secret ? pairings : null, remember, allowRelay };
    this.#guard = new CodeGuard({ letters });
  }

  /** Until stop(). Rejects when this page can not do it at all (no letters without its packages). */
  async run() {
    const { secret, pairings } = this.#options;
    this.#exchange = secret ? await loadExchange() : null;
    if (await loadSession()) this.#features = secret ? pairingFeatures(this.#options) : [SESSION_FEATURE];
    if (pairings && this.#features.length > 0) {
      const { RememberedMeetings } = await import('./remembered-meetings.js');
      this.#meetings = new RememberedMeetings(pairings);
    }
    while (!this.#stop.signal.aborted) {
      const next = await this.#offerPlace();
      if (next) this.#handOut(next);
      if (this.#current) await this.#untilPlaceIsFree(this.#current);
    }
  }

  stop() {
    this.#stop.abort();
    this.#place?.end();
  }

  // --- The session that was handed out -----------------------------------------------------------

  #handOut(session) {
    const before = this.#current;
    this.#current = session;
    before?.replaced();
    session.addEventListener('close', () => {
      if (this.#current === session) this.#current = null;
    });
    this.#tell('session', { session });
  }

  // It is over, or its controller has been away for long.
  #untilPlaceIsFree(session) {
    const listening = new AbortController();
    const { signal } = listening;
    return new Promise((resolve) => {
      session.addEventListener('close', resolve, { signal });
      session.addEventListener('waiting', ({ detail }) => detail.waits && resolve(), { signal });
      // stop() leaves the session to the application; nothing is offered behind it.
      this.#stop.signal.addEventListener('abort', resolve, { signal });
    }).finally(() => listening.abort());
  }

  // --- The place ---------------------------------------------------------------------------------

  // Codes until somebody links (its session), or the controller that was away is back (null).
  async #offerPlace() {
    const away = this.#current;
    const place = new Place();
    this.#place = place;
    const back = ({ detail }) => {
      if (detail.waits) return;
      place.end();
      this.#tell('codevoid', {});
    };
    away?.addEventListener('waiting', back);
    try {
      while (!place.isOver && !this.#stop.signal.aborted) {
        const registration = await this.#registerOrPause(place);
        if (!registration) continue;
        const session = await place.offer(new Registration(this.#api, registration, this.#guard, {
          exchange: this.#exchange, features: this.#features, name: this.#options.name, meetings: this.#meetings,
          allowRelay: this.#options.allowRelay,
          remember: (pairingId) => this.#rememberOf(pairingId),
          tell: (type, detail) => this.#tell(type, detail),
          showCode: () => this.#showCode(registration),
        }));
        if (session) return session;
      }
      return null;
    } finally {
      away?.removeEventListener('waiting', back);
      this.#place = null;
    }
  }

  #rememberOf(pairingId) {
    const { pairings, remember } = this.#options;
    if (!pairings) return null;
    return pairingId === '' ? { store: pairings, willing: remember() === true } : { store: pairings, pairingId };
  }

  // null: not now. What comes when it is not wanted any more is given back.
  async #registerOrPause(place) {
    try {
      const registration = await this.#register();
      this.#retry = RETRY_FIRST_MS;
      if (!place.isOver) return registration;
      this.#api.end(registration.sessionId, registration.displayToken);
    } catch (error) {
      if (this.#stop.signal.aborted || place.isOver) return null;
      this.#tell('trouble', { code: error.code, message: error.message });
      const pause = Math.max(fullJitter(this.#retry), error.retryAfterMs ?? 0);
      this.#retry = Math.min(2 * this.#retry, RETRY_MAX_MS);
      await place.pause(pause);
    }
    return null;
  }

  async #register() {
    const { name, secret } = this.#options;
    const meets = await this.#meetings?.names() ?? [];
    const request = secret ? { name, maxControllers: RUNS_PER_CODE, ...(meets.length > 0 && { meets }) } : { name, plain: true };
    const registration = await this.#api.register(request, this.#stop.signal);
    if (secret) this.#guard.newCode(now(), registration.code);
    return registration;
  }

  #showCode({ code, expiresIn }) {
    const { secret, pageUrl } = this.#options;
    if (!secret) {
      this.#tell('code', { code: code.replace(/(\d{3})(?=\d)/g, '$1 '), url: '', failedAttempts: 0, expiresIn });
      return;
    }
    const { letters, urlSecret, failedRuns } = this.#guard;
    const url = pageUrl ? makePairingUrl(pageUrl, code, urlSecret) : '';
    this.#tell('code', { code: formatPairingCode(code, letters), url, failedAttempts: failedRuns, expiresIn });
  }

  #tell(type, detail) {
    if (!this.#stop.signal.aborted) this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The place for a controller while it is on offer. */
class Place {
  #registration = null;
  #wake = () => {};

  isOver = false;

  /** @param {Registration} registration @returns {Promise<object | null>} its session */
  async offer(registration) {
    this.#registration = registration;
    if (this.isOver) registration.end();
    const session = await registration.over;
    this.#registration = null;
    return session;
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => { clearTimeout(timer); resolve(); };
      if (this.isOver) this.#wake();
    });
  }

  /** It is not on offer any more: its code is given back. */
  end() {
    this.isOver = true;
    this.#registration?.end();
    this.#wake();
  }
}
