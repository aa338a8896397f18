// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One try of the two ends of a living session to meet at the relay, from the first call to its end: the proof, offers,
// answers and candidates, and the boxes by which the relay carries the session where both ends and the relay allow it.
// In the meeting the display offers: a restart of the connection that both still have, or a new one. One offer is out at
// a time: what comes up meanwhile waits for its answer. Not here: when to try (session-machine.js), and what is in
// the boxes that carry the session (relay-boxes.js).

import { ControllerExchange, DisplayExchange } from '../pairing-exchange.js';
import { SealedController, SealedDisplay } from '../pairing-signals.js';
import { fromUtf8, utf8 } from '../auth-bytes.js';
import { onlyFingerprint } from '../pairing-messages.js';
import { EventFeed } from './event-feed.js';
import { PeerLink } from './link.js';
import { RELAY_FEATURE, SESSION_FEATURE } from './open-session.js';
import { RelaySocket } from './relay.js';

// From the knock, or the relay's answer to ours, until both are proven; and from a later offer to its answer.
const PROOF_MS = 10_000;
const ANSWER_MS = 10_000;
// A new connection gets so long before the next one takes its place.
const NEW_LINK_MS = 4_000;
// The second is for a controller that begins anew while the relay still keeps the place of its last try.
const PLACES = 2;
// What was sealed before the end may take so long to go out.
const FLUSH_MS = 500;
const RENEW = 'renew';
// A controller's word in its hello: it has no connection that could be restarted.
const NEEDS_NEW = 'session.new';

const now = () => performance.now();
const noBytes = new Uint8Array(32);
// Two descriptions are of one connection when both agree.
const identityOf = (sdp) => {
  const origin = /^o=\S+ (\d+) /m.exec(sdp)?.[1] ?? '';
  return `${origin} ${onlyFingerprint(sdp) ?? ''}`;
};

/** What an end says in its hello. Ascending. */
export function meetingFeatures({ hasConnection, allowRelay }) {
  return [SESSION_FEATURE, ...(hasConnection ? [] : [NEEDS_NEW]), ...(allowRelay ? [RELAY_FEATURE] : [])];
}

/**
 * What stands in the HELLOs of a link over the relay in place of certificates, once both ends have proved themselves
 * and both said that the relay may carry the session; else null.
 */
export function relayNamesOf(exchange) {
  return exchange.state === 'established' && exchange.features.includes(RELAY_FEATURE) ? exchange.relayNames() : null;
}

export class Meeting {
  #session;
  #api;
  #options;
  #stop = new AbortController();
  #feed = null;
  #socket = null;
  #token = ''; // of #room at the relay
  #room = '';
  #wsUrl = '';
  #peerId; // the controller's at the relay
  #signals = null;
  #met = false;
  #offered = false;
  #described = null; // the link that the last two descriptions are of
  #offering = null; // display: the link whose offer is out
  #next = null; // display: {link, options}, to be offered after that
  #deaf = false; // display: until the answer, candidates are about the time before
  #fresh = null; // {link, since}: a new connection that is not up yet
  #deadline = 0;
  #held = [];
  #relayCarries = false; // the relay says that messages may go through it
  #carries = false; // and both ends are proven and agree
  #receiving = Promise.resolve();
  #sending = Promise.resolve();

  /**
   * @param {object} options
   * @param {import('./session.js').Session} options.session @param {import('./relay.js').RelayApi} options.api
   * @param {string} options.name this end's @param {string} options.meet @param {{kind: 'url', text: string}} options.secret
   * @param {boolean} options.allowRelay boxes may carry the session, where the relay does that
   * @param {{sessionId: string, token: string} | null} options.leftBehind a display's session of an earlier meeting, which the relay may
   *   have still
   * @param {(failure: {why: 'relayAway' | 'refused' | 'peerMoved', retryAfterMs: number}, left: {sessionId: string, token: string} | null) => void}
   *   options.onFailed once, and then nothing more; `left`: what could not be ended, as the relay is away
   * @param {() => void} options.onCarries boxes of this meeting may carry the session's frames; once at most
   * @param {(text: Uint8Array) => void} options.onCarried such a box's text came
   */
  constructor({ session, api, ...options }) {
    this.#session = session;
    this.#api = api;
    this.#options = options;
  }

  async dial() {
    try {
      if (this.#session.role === 'display') await this.#wait();
      else await this.#knock();
    } catch (error) {
      this.#fail(error.code === 'relay_unreachable' ? 'relayAway' : 'refused', error.retryAfterMs);
    }
  }

  /** `flush`: what was sealed to carry the session goes out before the relay is left. */
  end({ flush = false } = {}) {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    clearTimeout(this.#deadline);
    this.#feed?.close();
    this.#fresh?.link.close();
    const leave = () => {
      this.#socket?.close();
      if (this.#token !== '') this.#api.end(this.#room, this.#token);
    };
    if (flush && this.#carries) Promise.race([this.#sending, new Promise((over) => { setTimeout(over, FLUSH_MS); })]).then(leave);
    else leave();
  }

  #fail(why = 'refused', retryAfterMs = 0) {
    if (this.#stop.signal.aborted) return;
    this.end();
    const left = why === 'relayAway' && this.#session.role === 'display' && this.#token !== '';
    this.#options.onFailed({ why, retryAfterMs: retryAfterMs > 0 ? retryAfterMs : 0 }, left ? { sessionId: this.#room, token: this.#token } : null);
  }

  async #wait() {
    const { meet, name } = this.#options;
    const registration = await this.#api.register({ name, meets: [meet], codeless: true, maxControllers: PLACES }, this.#stop.signal);
    // The relay answers: our session of before it was away may have outlived that, with a place where the other end would wait in vain.
    const { leftBehind } = this.#options;
    if (leftBehind) this.#api.end(leftBehind.sessionId, leftBehind.token);
    if (this.#stop.signal.aborted) {
      this.#api.end(registration.sessionId, registration.displayToken);
      return;
    }
    this.#room = registration.sessionId;
    this.#token = registration.displayToken;
    this.#wsUrl = registration.wsUrl;
    this.#feed = new EventFeed(this.#api, registration, {
      onEvent: (type, data) => {
        if (type === 'pairing:ready') this.#onKnock(data);
        if (type === 'session:terminated') this.#onTerminated();
      },
      onGone: () => this.#fail('peerMoved'),
    });
  }

  // There is nothing to leave any more.
  #onTerminated() {
    this.#token = '';
    this.#fail('peerMoved');
  }

  #onKnock({ controllerId, hello }) {
    if (this.#signals) {
      // It has begun anew, so it is not where this try believes it to be.
      if (controllerId !== this.#peerId) this.#fail('peerMoved');
      return;
    }
    this.#peerId = controllerId;
    const { meet, secret } = this.#options;
    // 128 bits are not guessed: one run, no budget.
    const guard = { lookup: meet, letters: secret, urlSecret: secret, charge: () => 1, succeed: () => true, failRun: () => {} };
    const exchange = new DisplayExchange(guard, { features: meetingFeatures({ hasConnection: true, allowRelay: this.#options.allowRelay }) });
    try {
      exchange.handleHello(now(), String(hello));
    } catch {
      this.#fail();
      return;
    }
    this.#signals = new SealedDisplay(exchange, now);
    this.#openSocket();
    if (exchange.peerSaid.includes(NEEDS_NEW)) this.#session.give({ type: 'renewAsked' });
    this.#tellMet();
  }

  async #knock() {
    const { meet, secret, name } = this.#options;
    // A restart offered first could not be refused: the first answer has to prove this end.
    const features = meetingFeatures({ hasConnection: this.#session.link !== null, allowRelay: this.#options.allowRelay });
    const exchange = new ControllerExchange({ lookup: meet, secret }, { features });
    const paired = await this.#api.pair({ meet, name, hello: exchange.hello() }, this.#stop.signal);
    this.#room = paired.sessionId;
    this.#token = paired.controllerToken;
    this.#wsUrl = paired.wsUrl;
    if (this.#stop.signal.aborted) {
      this.#api.end(this.#room, this.#token);
      return;
    }
    this.#signals = new SealedController(exchange);
    this.#openSocket();
  }

  #setDeadline(after) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#fail(), after);
  }

  #openSocket() {
    this.#setDeadline(PROOF_MS);
    this.#socket = new RelaySocket(this.#api.url(this.#wsUrl), this.#token, {
      onMessage: ({ type, from, data }) => this.#onMessage(type, from ?? data.memberId, data),
      onClosed: () => this.#fail('relayAway'),
    });
  }

  #tellMet() {
    this.#met = true;
    this.#session.give({ type: 'relayMet' });
  }

  #onMessage(type, from, data) {
    if (type === 'welcome') {
      this.#relayCarries = data.mode === 'both';
      this.#lookWhetherItCarries();
      return;
    }
    // The event stream says so, too.
    if (type === 'pairing:ready' && this.#session.role === 'display') this.#onKnock(data);
    if (this.#peerId !== undefined && from !== undefined && from !== this.#peerId) return;
    this.#receiving = this.#receiving.then(() => (this.#stop.signal.aborted ? undefined : this.#handle(type, data)))
      .catch(() => this.#fail());
  }

  async #handle(type, data) {
    switch (type) {
      case 'webrtc:offer':
        if (this.#session.role === 'controller') await this.#onOffer(data);
        break;
      case 'webrtc:answer':
        if (this.#session.role === 'display') await this.#onAnswer(data);
        break;
      case 'webrtc:ice-candidate': {
        const candidate = await this.#signals.openCandidate(data);
        if (!this.#deaf) await this.#described?.addCandidate(candidate);
        break;
      }
      case 'message:received': {
        const text = await this.#signals.exchange.open('frame', data.box);
        if (this.#carries && !this.#stop.signal.aborted) this.#options.onCarried(text);
        break;
      }
      case 'session:terminated':
        this.#onTerminated();
        break;
      case 'user_left':
        this.#fail('peerMoved');
        break;
      case 'error':
        this.#fail('refused', 1000 * Number(data.retryAfter ?? 0));
        break;
      default: // user_joined, and what later relays say
    }
  }

  // In order, as boxes have numbers. `late`: also when the meeting has ended meanwhile.
  #send(type, makeData, { late = false } = {}) {
    this.#sending = this.#sending.then(async () => {
      if (this.#stop.signal.aborted && !late) return;
      const data = await makeData();
      if (!this.#stop.signal.aborted || late) this.#socket.send(type, data, this.#peerId);
    }).catch(() => this.#fail());
    return this.#sending;
  }

  // --- Boxes that carry the session --------------------------------------------------------------

  #lookWhetherItCarries() {
    if (this.#carries || !this.#relayCarries || this.#stop.signal.aborted || this.relayNames() === null) return;
    this.#carries = true;
    this.#options.onCarries();
  }

  /** What stands in HELLOs over its boxes in place of certificates; null: it carries none. */
  relayNames() {
    return this.#relayCarries && this.#signals ? relayNamesOf(this.#signals.exchange) : null;
  }

  /** @param {Uint8Array} text a box's */
  carry(text) {
    if (!this.#carries || this.#stop.signal.aborted) return;
    this.#send('message:send', async () => ({ box: await this.#signals.exchange.seal('frame', text) }), { late: true });
  }

  takeCandidate(candidate) {
    if (!this.#met || this.#stop.signal.aborted) return false;
    if (this.#signals.isSettled) this.#send('webrtc:ice-candidate', () => this.#signals.sealCandidate(candidate));
    else this.#held.push(candidate);
    return true;
  }

  // Candidates wait for the end of the exchange, which is theirs to follow.
  #releaseCandidates() {
    for (const candidate of this.#held.splice(0)) this.takeCandidate(candidate);
  }

  // --- The display offers ------------------------------------------------------------------------

  restartIce() {
    const { link } = this.#session;
    if (link) this.#offer(link, { iceRestart: true });
  }

  newConnection() {
    if (this.#fresh && now() - this.#fresh.since < NEW_LINK_MS) return;
    this.#offer(this.#newLink(), {});
  }

  #offer(link, options) {
    if (this.#offering) {
      this.#next = { link, options };
      return;
    }
    const first = !this.#offered;
    this.#offered = this.#deaf = true;
    this.#offering = link;
    if (!first) this.#setDeadline(ANSWER_MS);
    this.#send('webrtc:offer', async () => {
      const sdp = await link.offer(options);
      return first ? this.#signals.sealDescription(this.#room, sdp) : this.#sealLater('offer', sdp);
    });
  }

  async #onAnswer(data) {
    if (data.failed !== undefined) throw new Error('The other end refused.');
    if (!this.#offering) throw new Error('An answer without an offer.');
    const renew = this.#signals.isSettled && data.kind === 'bye';
    let sdp = '';
    if (!this.#signals.isSettled) {
      sdp = await this.#signals.openDescription(this.#room, data);
    } else if (renew) {
      if (fromUtf8(await this.#signals.exchange.open('bye', data.box)) !== RENEW) return;
    } else {
      ({ sdp } = await this.#signals.exchange.openDescription('answer', this.#room, data.box));
    }
    clearTimeout(this.#deadline);
    this.#lookWhetherItCarries();
    const answered = this.#offering;
    const next = this.#next;
    this.#offering = this.#next = null;
    if (next && next.link !== answered) {
      // The answer is about a connection of the past.
      this.#offer(next.link, next.options);
      return;
    }
    this.#deaf = false;
    this.#described = answered;
    if (renew) this.#session.give({ type: 'renewAsked' });
    else await answered.accept(sdp);
    this.#releaseCandidates();
  }

  // --- The controller answers --------------------------------------------------------------------

  async #onOffer(data) {
    if (data.failed !== undefined) throw new Error('The other end refused.');
    const first = !this.#met;
    const sdp = first ? await this.#signals.openDescription(this.#room, data)
      : (await this.#signals.exchange.openDescription('offer', this.#room, data.box)).sdp;
    if (first) this.#tellMet();
    const identity = identityOf(sdp);
    const { link } = this.#session;
    let answering = null;
    if (link && identityOf(link.remoteSdp) === identity) {
      answering = link;
    } else if (this.#session.lostRemotes.some((lost) => identityOf(lost) === identity)) {
      // A restart of a connection that this end has given up. The first answer has to prove this end all the same.
      if (!first) {
        this.#send('webrtc:answer', async () => ({ kind: 'bye', box: await this.#signals.exchange.seal('bye', utf8(RENEW)) }));
        return;
      }
      this.#fail('peerMoved');
      return;
    } else {
      answering = this.#newLink();
    }
    this.#described = answering;
    await this.#send('webrtc:answer', async () => {
      const answer = await answering.answer(sdp);
      return first ? this.#signals.sealDescription(this.#room, answer) : this.#sealLater('answer', answer);
    });
    clearTimeout(this.#deadline);
    this.#lookWhetherItCarries();
    this.#releaseCandidates();
  }

  // --- Both --------------------------------------------------------------------------------------

  async #sealLater(kind, sdp) {
    const fingerprint = onlyFingerprint(sdp) ?? noBytes;
    return { box: await this.#signals.exchange.sealDescription(kind, { fingerprint, room: this.#room, sdp }) };
  }

  #newLink() {
    this.#fresh?.link.close();
    const link = new PeerLink(this.#session.role, 'lanes', {
      onCandidate: (candidate) => this.takeCandidate(candidate),
      onUp: () => {
        if (this.#fresh?.link !== link) return;
        this.#fresh = null;
        this.#session.addLink(link, this.#signals.exchange);
      },
      onEnded: () => {
        if (this.#fresh?.link === link) this.#fresh = null;
      },
    });
    this.#fresh = { link, since: now() };
    return link;
  }
}
