// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A session that outlives its connections (docs/session.md): carries out what SessionEnd decides, over PeerLinks, and over
// boxes that the relay carries where there is no path (relay-carrier.js says when). Not here: how the two ends meet again
// at the relay (rejoin.js).

import { systemRandom } from '../auth-bytes.js';
import { onlyFingerprint } from '../pairing-messages.js';
import { describeEnd } from './end-reasons.js';
import { sendFileOver } from './file-over-links.js';
import { FrameType, ValueKind, negotiationPayload, parseNegotiation, parsePong, textOf } from './frames.js';
import { HelloKeeper } from './hello-keeper.js';
import { bytesOf, dataOf } from './message-data.js';
import { SESSION_FEATURE } from './open-session.js';
import { RelayCarrier } from './relay-carrier.js';
import { Remembering } from './remembering.js';
import { MAX_WAITING_BYTES, SessionClock } from './session-clock.js';
import { SessionEnd } from './session-end.js';
import { encodeEvent, hasMoment, readTyped, sendEncoded } from './typed-events.js';

const LANES = ['control', 'state', 'stream'];
// What came before the first `message` listener waits; the sender's bound is the same.
const MAX_EARLY_MESSAGES = 4096;

// A browser that takes longer to store a pairing keeps acknowledgements back no more.
const STORING_MS = 2_000;

// Connections that the other end may still want to restart.
const MAX_LOST = 4;

const now = () => performance.now();
const localUs = () => Math.round(now() * 1000);
const noBytes = new Uint8Array(32);
const TIMING = {
  now,
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  defer: (work) => queueMicrotask(work),
};

/**
 * Events: `message` (MessageEvent: string or ArrayBuffer, once and in order; acknowledged when its listeners returned),
 * `event` (detail: {type, data} of docs/events.md), `statevalue` (detail: key, value; undefined: deleted), `stream`
 * (MessageEvent), `acked` (detail: id; all up to it), `channel` (detail: an RTCDataChannel of the other end; without a
 * listener it is closed), `state` (detail: state, why), `path` (detail: overRelay; another link carries the session from now on), `remembered` (detail: pairingId; both ends have it stored),
 * `waiting` (detail: waits; a display's controller has been away for so long that somebody else may come, or is back), `close` (detail: code, reason, unacknowledged {first, last}: those
 * may or may not have been delivered, lastDelivered).
 */
export class Session extends EventTarget {
  #end;
  #proofs = new Map(); // by link: the exchange that made it; null: paired without letters
  #links = new Map();
  #lastLink = 0;
  #timer = 0;
  #timerAt = null;
  #listening = new Set();
  #early = [];
  #rejoin = null;
  #steps = Promise.resolve();
  #iceRestart = false;
  #lost = [];
  #clock = new SessionClock();
  #clockTimer = 0;
  #remote = null; // the negotiation that is being looked at
  #remembering = null;
  #storing = 0; // pairings on their way to the disk
  #delivered = { id: 0, bytes: 0 }; // meanwhile; not acknowledged yet

  /**
   * @param {object} options
   * @param {'display' | 'controller'} options.role
   * @param {import('./link.js').PeerLink | null} options.link up, of form 'lanes'; null: no path was found, and the two ends meet
   *   at the relay at once
   * @param {object | null} options.exchange established; null: plain, and never without a link
   * @param {{name: string, authenticated: boolean}} options.peer
   * @param {(session: Session) => object} [options.makeRejoin] see rejoin.js; without it the session ends with its link
   * @param {{store: import('./pairing-store.js').PairingStore, ownName: string, pairingId?: string, willing?: boolean} | null}
   *   [options.remember] see remembering.js; null: nobody is remembered, whatever the other end says
   * @param {object} [options.times] other than SESSION_TIMES
   */
  constructor({ role, link, exchange, peer, makeRejoin = null, remember = null, times = {} }) {
    super();
    this.peer = peer;
    this.role = role;
    const keeper = new HelloKeeper({
      role, first: exchange?.takeResumeKey() ?? null, features: [SESSION_FEATURE], random: systemRandom,
    });
    // Nobody would be found at the relay: then there is nothing to wait for either.
    const ownTimes = makeRejoin ? times : { window: 15_000, ...times };
    this.#end = new SessionEnd({ role, keeper, random: systemRandom, owner: this.#owner(), times: ownTimes, manualAck: true });
    // Who was not authenticated could be anybody.
    if (remember && exchange) this.#remembering = this.#makeRemembering(remember);
    this.#rejoin = makeRejoin?.(this) ?? null;
    /** Links over the relay; for rejoin.js. */
    this.relay = new RelayCarrier(role, this.#carrierOwner(), TIMING);
    if (link) this.addLink(link, exchange);
    else this.give({ type: 'linkEnded', link: ++this.#lastLink }); // the one that the pairing was about
  }

  // --- The application ---------------------------------------------------------------------------

  addEventListener(type, ...rest) {
    super.addEventListener(type, ...rest);
    if (this.#listening.has(type)) return;
    this.#listening.add(type);
    if (type === 'message') queueMicrotask(() => { for (const early of this.#early.splice(0)) early(); });
  }

  /** Throws SessionError: buffer_full, message_too_large, closed. @param {string | ArrayBuffer | ArrayBufferView} data @returns {number} its id */
  send(data) {
    return this.#act(() => this.#end.send(now(), typeof data === 'string' ? FrameType.DATA_TEXT : FrameType.DATA_BINARY, bytesOf(data)));
  }

  /** A typed event, as its class says. @param {{type: string, data: object}} event @returns {number} its id; 0: not a command */
  sendEvent(event) {
    return this.sendEncoded(encodeEvent(event));
  }

  /** The same of encodeEvent (typed-events.js): a group encodes once for all. @param {import('./typed-events.js').EncodedEvent} event */
  sendEncoded(event) {
    return this.#act(() => {
      const id = sendEncoded(this.#end, now(), event);
      if (event.presents) this.#onPresenting();
      return id;
    });
  }

  /** The newest value of a key arrives while the session lives. @param {string | ArrayBuffer | ArrayBufferView} value */
  setState(key, value) {
    this.#act(() => this.#end.setState(now(), key, typeof value === 'string' ? ValueKind.TEXT : ValueKind.BINARY, bytesOf(value)));
  }

  clearState(key) {
    this.#act(() => this.#end.clearState(now(), key));
  }

  /** Newest first, and may be lost. Throws SessionError `unsupported` while the relay carries the session. @param {string | ArrayBuffer | ArrayBufferView} data */
  sendStream(data) {
    this.#act(() => this.#end.sendStream(now(), typeof data === 'string' ? FrameType.STREAM_TEXT : FrameType.STREAM_BINARY, bytesOf(data)));
  }

  /**
   * The other end's clock, in microseconds as `presentAt` of typed events; its own is performance.now(). null: not known yet.
   * @returns {{nowUs: number, errorUs: number} | null}
   */
  peerClock() {
    const estimate = this.#clock.at(now());
    return estimate && { nowUs: localUs() + estimate.offsetUs, errorUs: estimate.errorUs };
  }

  /** Of the fastest recent ping, in microseconds; null: not known yet. */
  get fastestRoundTripUs() {
    return this.#clock.roundTripUs;
  }

  /** 'impossible' | 'no' | 'asked' (the other end has not agreed, or does not keep pairings) | 'yes' */
  get remembered() {
    if (!this.#remembering) return 'impossible';
    if (this.#remembering.pairingId !== '') return 'yes';
    return this.#remembering.willing ? 'asked' : 'no';
  }

  /** The remembered pairing that this session is, or has become; empty: none. */
  get pairingId() {
    return this.#remembering?.pairingId ?? '';
  }

  /** The visitor wants this end to remember the other one. `remembered` follows when both have it; perhaps never. */
  remember() {
    this.#act(() => this.#remembering?.begin());
  }

  /** The visitor takes that back. A session that was remembered ends with `revoked`, at both ends. Rejects when it can not be removed. */
  async forget() {
    await this.#remembering?.forget();
  }

  /** Bytes that the other end has not acknowledged. */
  get bufferedAmount() {
    return this.#end.outboxBytes;
  }

  /** Whether send() takes so many bytes now. */
  hasRoomFor(bytes) {
    return this.#end.hasRoomFor(bytes);
  }

  /** 'signalling' | 'connected' | 'recovering' | 'reconnecting' | 'closing' | 'closed' */
  get state() {
    return this.#end.state;
  }

  /** Milliseconds; 0: not known yet. */
  get roundTrip() {
    return this.#end.roundTrip;
  }

  /**
   * One file on a channel of its own (docs/file-transfer.md); goes on over the next connection. Rejects with FileProblem.
   * @param {(waits: boolean) => void} [onWaiting] it waits for a direct path, as files do not go over the relay; it goes on
   */
  async sendFile(file, onProgress = () => {}, onWaiting = () => {}) {
    return sendFileOver(this, file, onProgress, onWaiting);
  }

  /**
   * The signaling relay carries the session, in boxes that it can not open: no direct path was found so far. Messages and
   * states go, slowly; streams do not (sendStream throws), files wait for a direct path. `path` tells when that changes.
   */
  get overRelay() {
    return this.#end.overRelay;
  }

  /** 'relayed' by a TURN server or, while overRelay, by the signaling relay. @returns {Promise<'direct' | 'relayed'>} */
  async path() {
    return (await this.#links.get(this.#end.link)?.path()) ?? 'direct';
  }

  /** This device has another network, as the page's `online` says: what waits to be tried again is tried at once. */
  networkChanged() {
    this.give({ type: 'networkChanged' });
  }

  /** What was sent is delivered first, for up to 5 s. */
  close() {
    this.#act(() => this.#end.close(now()));
  }

  /** The page goes: the other end hears of it, as far as it can. */
  leave() {
    this.#act(() => this.#end.close(now()));
    for (const link of this.#links.values()) link.close();
    this.#rejoin?.stop({ atOnce: true });
  }

  // --- For rejoin.js, file-over-links.js and display.js ------------------------------------------------------------

  get secrets() {
    return this.#end.keeper.secrets;
  }

  /** Another controller has taken the place of the one that was away. */
  replaced() {
    this.give({ type: 'replaced' });
  }

  /** What happened besides links; inputs of session-machine.js. */
  give(input) {
    this.#act(() => this.#end.give(now(), input));
  }

  /** A new connection is up. @param {object | null} exchange that of the meeting that made it */
  addLink(link, exchange) {
    const id = this.#hold(link, exchange);
    link.onQuiet = (quiet) => this.give({ type: quiet ? 'pathQuiet' : 'pathBack', link: id });
    link.onRoom = () => this.#act(() => this.#end.onRoom(now()));
    link.onChannel = (channel) => {
      if (this.#listening.has('channel')) this.dispatchEvent(new CustomEvent('channel', { detail: { channel } }));
      else channel.close();
    };
    link.onLate = {
      candidate: (candidate) => {
        if (!this.#rejoin?.takeCandidate(candidate)) this.#negotiate('candidate', JSON.stringify(candidate));
      },
      ended: () => this.#linkEnded(id),
    };
    this.give({ type: 'linkUp', link: id });
    link.listen((lane, data) => {
      if (typeof data === 'string') this.give({ type: 'violation', link: id });
      else this.#act(() => this.#end.onFrame(now(), id, LANES.indexOf(lane), new Uint8Array(data)));
    });
  }

  #hold(link, exchange) {
    const id = ++this.#lastLink;
    this.#links.set(id, link);
    this.#proofs.set(id, exchange);
    return id;
  }

  #linkEnded(id) {
    if (!this.#links.has(id)) return;
    this.#drop(id);
    this.give({ type: 'linkEnded', link: id });
  }

  #drop(id) {
    const link = this.#links.get(id);
    this.#links.delete(id);
    this.#proofs.delete(id);
    if (!link) return;
    if (link.remoteSdp !== '') this.#lost = [...this.#lost, link.remoteSdp].slice(-MAX_LOST);
    this.relay.onClosing(link);
    link.close({ drain: true });
  }

  // What relay-carrier.js asks for.
  #carrierOwner() {
    return {
      wanted: () => this.state === 'recovering' || this.state === 'reconnecting',
      names: () => this.#rejoin?.relayNames() ?? null,
      write: (text) => this.#rejoin?.carry(text),
      leave: () => this.#rejoin?.stop(),
      drop: (link) => {
        for (const [id, held] of this.#links) if (held === link) this.#linkEnded(id);
      },
      add: (link) => {
        const id = this.#hold(link, null);
        link.onRoom = () => this.#act(() => this.#end.onRoom(now()));
        link.onLate = { ended: () => this.#linkEnded(id) };
        link.listen((lane, frame) => this.#act(() => this.#end.onFrame(now(), id, LANES.indexOf(lane), frame)));
        this.give({ type: 'fallbackUp', link: id });
      },
    };
  }

  /** The other end's descriptions of connections that this end has given up. */
  get lostRemotes() {
    return this.#lost;
  }

  /** The connection in use, for a restart of it at the relay and for channels; null: none, or the relay carries the session. */
  get link() {
    return this.#end.overRelay ? null : this.#links.get(this.#end.link) ?? null;
  }

  // --- What the end asks for ---------------------------------------------------------------------

  #act(work) {
    try {
      return work();
    } finally {
      this.#setTimer();
      this.relay?.offer();
    }
  }

  #setTimer() {
    const { deadline } = this.#end;
    if (deadline === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === null) return;
    this.#timer = setTimeout(() => {
      this.#timerAt = null;
      this.#act(() => this.#end.onTimer(now()));
    }, Math.max(0, deadline - now()));
  }

  #owner() {
    return {
      sendFrame: (id, lane, frame) => {
        try {
          this.#links.get(id)?.send(LANES[lane], frame);
        } catch {
          // A channel that is closing: its link's end is told soon.
        }
      },
      room: (id, lane) => this.#links.get(id)?.room(LANES[lane]) ?? 0,
      fingerprintsOf: (id) => this.#fingerprintsOf(id),
      ownBindTag: (id) => this.#proofs.get(id)?.ownBindTag(this.#fingerprintsOf(id).peer) ?? null,
      checkBindTag: (id, tag) => {
        try {
          this.#proofs.get(id).checkBindTag(tag, this.#fingerprintsOf(id).peer);
          return true;
        } catch {
          return false;
        }
      },
      do: (action) => this.#do(action),
      onMessage: (id, type, message) => {
        this.#onMessage(id, type, message.slice());
        this.#acknowledge(id, message.length);
      },
      onStateValue: ({ key, kind, value }) => {
        const event = kind === ValueKind.EVENT ? readTyped('state', value, key) : null;
        if (event) this.#dispatch('event', event);
        if (kind !== ValueKind.EVENT) this.#dispatch('statevalue', { key, value: kind === ValueKind.TEXT ? textOf(value) : value.slice() });
      },
      onStateCleared: (key) => this.#dispatch('statevalue', { key }),
      onStream: (type, frame) => {
        const event = type === FrameType.STREAM_EVENT ? readTyped('stream', frame) : null;
        if (event && hasMoment(event)) this.#onPresenting();
        if (event) this.#dispatch('event', event);
        if (type !== FrameType.STREAM_EVENT) this.dispatchEvent(new MessageEvent('stream', { data: dataOf(type === FrameType.STREAM_TEXT, frame.slice()) }));
      },
      onAcked: (id) => this.#dispatch('acked', { id }),
      onControl: (frame) => {
        if (frame.type === FrameType.NEGOTIATE) this.#remote = parseNegotiation(frame.payload);
        if (frame.type === FrameType.REMEMBER) this.#onRemember(frame.payload);
        if (frame.type === FrameType.PONG) this.#clock.onPong(now(), parsePong(frame.payload));
      },
      onClosed: ({ reason, unacknowledged, lastDelivered }) => {
        const [code, text] = describeEnd(reason);
        if (reason === 'revoked') this.#remembering?.onRevokedByOther();
        else this.#remembering?.stop();
        this.#dispatch('close', { code, reason: text, unacknowledged, lastDelivered });
      },
    };
  }

  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #onMessage(id, type, message) {
    const event = type === FrameType.DATA_EVENT ? readTyped('command', message) : null;
    const tell = () => {
      if (event) this.#dispatch('event', event);
      else if (type !== FrameType.DATA_EVENT) this.dispatchEvent(new MessageEvent('message', { data: dataOf(type === FrameType.DATA_TEXT, message) }));
    };
    if (this.#listening.has('message') && this.#early.length === 0) tell();
    else if (this.#early.length < MAX_EARLY_MESSAGES) this.#early.push(tell);
  }

  // What is acknowledged came after a pairing that was agreed on before it had been stored.
  #acknowledge(id, bytes) {
    this.#delivered = { id, bytes: this.#delivered.bytes + bytes };
    if (this.#storing > 0) return;
    this.#end.acknowledge(now(), id, this.#delivered.bytes);
    this.#delivered.bytes = 0;
  }

  #makeRemembering({ store, ownName, pairingId = '', willing = false }) {
    return new Remembering({ role: this.role, store, ownName, pairingId, willing }, {
      send: (payload) => this.#act(() => this.#end.link && this.#end.sendControl(FrameType.REMEMBER, payload)),
      onRemembered: (id) => this.#dispatch('remembered', { pairingId: id }),
      onRevoked: () => this.give({ type: 'revokeAsked' }),
    });
  }

  // An end that keeps no pairings does not look at it.
  #onRemember(payload) {
    const { secrets } = this;
    if (!this.#remembering || !secrets) return;
    const done = this.#remembering.onFrame(secrets, payload);
    if (!done) {
      this.#soon({ type: 'violation', link: this.#end.link });
      return;
    }
    let waits = true;
    const stored = () => {
      if (!waits) return;
      waits = false;
      clearTimeout(timer);
      --this.#storing;
      if (this.#storing === 0) this.#act(() => this.#acknowledge(this.#delivered.id, 0));
    };
    const timer = setTimeout(stored, STORING_MS);
    ++this.#storing;
    done.then(stored);
  }

  #fingerprintsOf(id) {
    const link = this.#links.get(id);
    if (link?.names) return link.names;
    return {
      own: onlyFingerprint(link?.localSdp ?? '') ?? noBytes,
      // DTLS takes no other certificate than this one.
      peer: onlyFingerprint(link?.remoteSdp ?? '') ?? noBytes,
    };
  }

  #do(action) {
    switch (action.type) {
      case 'endLink':
        this.#drop(action.link);
        break;
      case 'tellState':
        if (this.#end.link === 0) this.#setClockRunning(false);
        if (this.#end.link === 0) this.#remembering?.onUnlinked();
        this.#dispatch('state', { state: action.state, why: action.why });
        break;
      case 'restartIce':
        if (!action.inBand) {
          this.#rejoin?.restartIce();
          break;
        }
        this.#iceRestart = true;
        this.#soon({ type: 'negotiationNeeded' });
        break;
      case 'renegotiate':
        this.#step(async (link) => {
          const iceRestart = this.#iceRestart;
          this.#iceRestart = false;
          this.#negotiate('offer', await link.offer({ iceRestart }));
        });
        break;
      case 'rollBack':
        this.#step((link) => link.rollBack());
        break;
      case 'applyRemote':
        this.#applyRemote(this.#remote);
        break;
      case 'startRejoin':
        this.relay?.begin();
        if (this.#rejoin) this.#rejoin.start();
        else this.#soon({ type: 'rejoinFailed' });
        break;
      case 'stopRejoin':
      case 'leaveRelay':
        this.relay.leave();
        break;
      case 'newConnection':
        this.#rejoin?.newConnection();
        break;
      case 'wipeKeys':
        this.#setClockRunning(false);
        this.relay.leave();
        break;
      case 'useLink':
        this.#setClockRunning(true);
        this.#remembering?.onLink();
        this.#tellPath(action.link);
        break;
      case 'showCode':
      case 'hideCode':
        // Not from within: whoever hears it may end this session.
        queueMicrotask(() => {
          if (this.state !== 'closed') this.#dispatch('waiting', { waits: action.type === 'showCode' });
        });
        break;
      default:
    }
  }

  // Not from within, and not what is over by then.
  #tellPath(id) {
    queueMicrotask(() => {
      if (this.#end.link === id) this.#dispatch('path', { overRelay: this.overRelay });
    });
  }

  // --- The other end's clock ---------------------------------------------------------------------

  #setClockRunning(connected) {
    this.#clock.setConnected(now(), connected);
    this.#armClock();
  }

  #armClock() {
    clearTimeout(this.#clockTimer);
    const { due } = this.#clock;
    if (due !== null) this.#clockTimer = setTimeout(() => this.#onClockTimer(), Math.max(0, due - now()));
  }

  #onClockTimer() {
    // Boxes over the relay are few and slow, and carry no frames.
    const useful = this.link !== null && this.link.buffered('control') <= MAX_WAITING_BYTES;
    if (this.#clock.onDue(now()) && useful) this.#act(() => this.#end.ping(now()));
    this.#armClock();
  }

  // A frame with a moment goes or comes.
  #onPresenting() {
    this.#clock.onPresenting(now());
    this.#armClock();
  }

  // The machine does not take an input while it gives out actions.
  #soon(input) {
    queueMicrotask(() => this.give(input));
  }

  // --- Negotiation in band: one step after the other ---------------------------------------------

  #step(work) {
    const { link } = this;
    this.#steps = this.#steps.then(() => (link ? work(link) : undefined)).catch(() => {});
  }

  #negotiate(kind, text) {
    if (this.#end.link === 0) return;
    this.#act(() => this.#end.sendControl(FrameType.NEGOTIATE, negotiationPayload({ kind, text })));
  }

  #applyRemote({ kind, text }) {
    this.#step(async (link) => {
      if (kind === 'offer') this.#negotiate('answer', await link.answer(text));
      else if (kind === 'answer') await link.accept(text);
      else if (kind === 'candidate') await link.addCandidate(JSON.parse(text));
      else if (kind === 'rollback') await link.rollBack();
    });
  }
}
