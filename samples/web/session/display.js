// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display in a page: registers at the relay, shows a code, lets one controller in that proves it knows the code,
// and shows a new code when that has left. One controller at a time; peer/session/display.h in JavaScript.
//
//   idle -> registering -> waiting -> pairing -> connected -> registering -> …
//               ^             ^          | a run that failed: the same code, until it is burnt
//               `-------------+----------'

import { PairwireError, explained, notConfirmed } from '../pairwire-error.js';
import { CodeGuard, RUNS_PER_CODE } from '../code-guard.js';
import { formatPairingCode, makePairingUrl } from '../pairing-code.js';
import { PlainDisplay } from '../plain-signals.js';
import { EventFeed } from './event-feed.js';
import { PeerLink } from './link.js';
import { SESSION_FEATURE, formOf, loadSession, openSession } from './open-session.js';
import { RelayApi, RelaySocket } from './relay.js';
import { SignalSender } from './signal-sender.js';

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
// From the knock to the open channel.
const RUN_TIMEOUT_MS = 30_000;
// Both ends may still be telling candidates when the channel opens.
const RELAY_GRACE_MS = 2_000;
// The relay ends an expired code and says so; this is for when that does not arrive.
const EXPIRY_GRACE_MS = 2_000;

const now = () => performance.now();
const fullJitter = (bound) => Math.random() * bound;

/**
 * Events, each a CustomEvent: `code` (detail: code, url, failedAttempts; each replaces the one before),
 * `paired` (name), `session` (session), `trouble` (code, message: for people; the display goes on by itself).
 */
export class Display extends EventTarget {
  #api;
  #options;
  #guard;
  #stop = new AbortController();
  #retry = RETRY_FIRST_MS;
  #registered = null;

  /** @param {{relay: string | URL, name?: string, letters?: 5 | 6 | 8, secret?: boolean, pageUrl?: string}} options
   *  `secret: false` pairs by digits alone; `pageUrl`: the controller page, for the QR code's address */
  constructor({ relay, name = '', letters = 5, secret = true, pageUrl = '' }) {
    super();
    this.#api = new RelayApi(relay);
    this.#options = { name, secret, pageUrl };
    this.#guard = new CodeGuard({ letters });
  }

  /** Until stop(). Rejects when this page can not do it at all (no letters without its packages). */
  async run() {
    const exchange = this.#options.secret ? await loadExchange() : null;
    const features = await loadSession() ? [SESSION_FEATURE] : [];
    while (!this.#stop.signal.aborted) {
      let registration;
      try {
        registration = await this.#register();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#tell('trouble', { code: error.code, message: error.message });
        await this.#pause(Math.max(fullJitter(this.#retry), error.retryAfterMs ?? 0));
        this.#retry = Math.min(2 * this.#retry, RETRY_MAX_MS);
        continue;
      }
      this.#retry = RETRY_FIRST_MS;
      this.#registered = new Registration(this.#api, registration, this.#guard, {
        exchange, features, name: this.#options.name,
        tell: (type, detail) => this.#tell(type, detail),
        showCode: () => this.#showCode(registration),
      });
      const session = await this.#registered.over;
      this.#registered = null;
      if (session) {
        const closed = new Promise((resolve) => session.addEventListener('close', resolve));
        this.#tell('session', { session });
        await closed;
      }
    }
  }

  stop() {
    this.#stop.abort();
    this.#registered?.end();
  }

  async #register() {
    const { name, secret } = this.#options;
    const request = secret ? { name, maxControllers: RUNS_PER_CODE } : { name, plain: true };
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

  #pause(time) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.#stop.signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }
}

async function loadExchange() {
  try {
    return { ...await import('../pairing-exchange.js'), ...await import('../pairing-signals.js') };
  } catch (error) {
    throw new PairwireError('not_installed',
      'This page is not installed whole, and can not show letters. Whoever runs the server has to run samples/web-packages/install.sh.',
      { cause: error });
  }
}

/** One code at the relay, from its first showing to its end. `over` resolves with the session, or null: show another. */
class Registration {
  #api;
  #registration;
  #guard;
  #options;
  #feed;
  #socket = null;
  #run = null;
  #knocks = new Set();
  #timer;
  #finish;
  #gone = false;
  #ended = false;

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
    if (!session) this.#run?.fail(notConfirmed());
    this.#finish(session);
  }

  // The relay forgot the code, or it expired. Whoever is connecting right now may come to an end first.
  #onGone() {
    this.#gone = true;
    if (!this.#run) this.end();
  }

  #onEvent(type, data) {
    if (type === 'pairing:ready') this.#onKnock(data);
    if (type === 'session:terminated') this.#onGone();
  }

  // On the event stream, and on the socket when there is one.
  #onKnock({ controllerId, name = '', hello }) {
    if (this.#ended || typeof controllerId !== 'string' || this.#knocks.has(controllerId)) return;
    this.#knocks.add(controllerId);
    this.#openSocket();
    if (this.#run) {
      this.#refuse(controllerId);
      return;
    }
    const { exchange, features } = this.#options;
    let signals;
    try {
      signals = exchange ? this.#answerTo(hello) : new PlainDisplay(features, hello);
    } catch {
      const error = notConfirmed();
      this.#refuse(controllerId);
      this.#afterFailure();
      this.#options.tell('trouble', { code: error.code, message: error.message });
      return;
    }
    const own = { api: this.#api, ownName: this.#options.name };
    this.#run = new Run(this.#registration.sessionId, { controllerId, name, own }, signals, {
      send: (type, data) => this.#socket?.send(type, data, controllerId),
      onLinked: (session) => this.end(session),
      onSettled: () => this.#options.tell('paired', { name }),
      onFailed: (error) => this.#onRunFailed(error, controllerId),
    });
  }

  #answerTo(hello) {
    const { DisplayExchange, SealedDisplay } = this.#options.exchange;
    if (typeof hello !== 'string') throw notConfirmed();
    const end = new DisplayExchange(this.#guard, { features: this.#options.features });
    end.handleHello(now(), hello);
    return new SealedDisplay(end, now);
  }

  #refuse(controllerId) {
    this.#socket.send('webrtc:offer', { failed: 'auth_failed' }, controllerId);
  }

  #onRunFailed(error, controllerId) {
    this.#run = null;
    if (error.code === 'auth_failed') this.#refuse(controllerId);
    this.#options.tell('trouble', { code: error.code, message: error.message });
    this.#afterFailure();
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
        if (type === 'pairing:ready' || type === 'session:terminated') this.#onEvent(type, data);
        else this.#run?.handle(type, from ?? data.memberId, data);
      },
      onClosed: () => {
        this.#socket = null;
        this.#run?.fail(new PairwireError('relay_unreachable', 'The server closed the connection.'));
      },
    });
  }
}

/** One controller that knocked: from its hello to the open channel, or to its failure. */
class Run {
  #room;
  #controller;
  #signals;
  #events;
  #sender;
  #link;
  #deadline;
  #over = false;
  #receiving = Promise.resolve();

  constructor(room, controller, signals, events) {
    this.#room = room;
    this.#controller = controller;
    this.#signals = signals;
    this.#events = events;
    this.#sender = new SignalSender(signals, (type, data) => {
      if (!this.#over) events.send(type, data);
    });
    this.#link = new PeerLink('display', formOf(signals.features), {
      onCandidate: (candidate) => this.#sender.candidate(candidate),
      onUp: () => this.#onUp(),
      onEnded: (code, message) => this.fail(new PairwireError(code, message)),
    });
    this.#deadline = setTimeout(() => this.#lost('timed_out', 'The other end did not connect in time.'), RUN_TIMEOUT_MS);
    this.#do(async () => this.#sender.description('webrtc:offer', room, await this.#link.offer()));
  }

  handle(type, from, data) {
    if (from === this.#controller.controllerId) this.#do(() => this.#handle(type, data));
  }

  fail(error) {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#signals.abandon();
    this.#link.close();
    this.#events.onFailed(error);
  }

  // One after the other.
  #do(work) {
    this.#receiving = this.#receiving.then(() => (this.#over ? undefined : work()))
      .catch((error) => this.fail(explained(error, 'negotiation_failed')));
  }

  async #handle(type, data) {
    switch (type) {
      case 'webrtc:answer': {
        if (data.failed !== undefined) throw notConfirmed();
        const sdp = await this.#signals.openDescription(this.#room, data);
        this.#events.onSettled();
        await this.#link.accept(sdp);
        break;
      }
      case 'webrtc:ice-candidate':
        await this.#link.addCandidate(await this.#signals.openCandidate(data));
        break;
      case 'user_left':
        this.#lost('peer_left', 'The other end went away.');
        break;
      default: // user_joined and what later relays say
    }
  }

  #lost(code, message) {
    this.fail(this.#signals.isSettled ? new PairwireError(code, message) : notConfirmed());
  }

  async #onUp() {
    try {
      const { name, own } = this.#controller;
      const session = await openSession({ role: 'display', link: this.#link, signals: this.#signals, name, ...own });
      if (this.#over) return;
      this.#over = true;
      clearTimeout(this.#deadline);
      this.#events.onLinked(session);
    } catch (error) {
      this.fail(explained(error, 'negotiation_failed'));
    }
  }
}
