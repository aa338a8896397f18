// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The authenticated pairing as two machines, messages in, messages out: peer/auth/pairing_exchange.h in
// JavaScript, with the same states; the drawing is there. No socket and no clock. As WebCrypto answers
// later, methods that seal or open return promises. They may be called one behind the other without
// waiting: a state changes when the method is called, or when the promise before it is done.

import { AuthError, authFailed, equalInConstantTime, fromBase64Url, lvCat, systemRandom, toBase64Url, utf8 } from './auth-bytes.js';
import { CpaceRun, deriveSessionKeys, hmacSha512 } from './cpace.js';
import {
  areFeatures, checkOwnDescription, commonFeatures, decodeAssociatedData, decodeConfirmation, decodeDescription, decodeHello,
  decodeReply, encodeAssociatedData, encodeConfirmation, encodeDescription, encodeHello, encodeReply,
} from './pairing-messages.js';
import { BOX_TAG_BYTES, BoxOpener, BoxSealer, MAX_BOX_TEXT_BYTES } from './sealed-box.js';

const other = (role) => (role === 'controller' ? 'display' : 'controller');
const channelIdentifier = (lookup) => lvCat(...['pair/1', 'controller', 'display', lookup].map(utf8));

/** @typedef {{pake: string, box: string}} PakeMessage the fields of webrtc:offer and webrtc:answer */
/** @typedef {'offer' | 'answer' | 'candidate' | 'bye' | 'frame'} BoxKind */

/** What both ends do alike. Every failure that comes from outside is authFailed() and final. */
class PairingEnd {
  #sealer = null;
  #opener = null;
  #bind = null;
  #resume = null;
  #ownFingerprint = null;
  #peerFingerprint = null;

  /** What both ends can do; empty until the other end's words are authenticated. */
  features = [];

  constructor(role, features, random, state) {
    if (!areFeatures(features)) {
      throw new AuthError('invalid_argument', 'Features are up to 16 words of a-z, 0-9, "." and "-", ascending, each once.');
    }
    this.role = role;
    this.ownFeatures = features;
    this.random = random;
    this.state = state;
  }

  /** @param {BoxKind} kind @param {Uint8Array} text @returns {Promise<string>} */
  async seal(kind, text) {
    if (!this.maySeal) throw this.wrongState();
    return toBase64Url(await this.#sealer.seal(kind, text));
  }

  /** @param {BoxKind} kind @param {string} box @returns {Promise<Uint8Array>} */
  async open(kind, box) {
    if (!this.mayOpen) throw this.fail();
    return this.openBox(kind, box);
  }

  /** For the first message after DTLS, with the certificate that the other end showed there. */
  ownBindTag(peerAsSeen) {
    if (this.state !== 'established') throw this.wrongState();
    if (!equalInConstantTime(peerAsSeen, this.#peerFingerprint)) throw this.fail();
    return this.#tag(this.role, this.#ownFingerprint, peerAsSeen);
  }

  checkBindTag(tag, peerAsSeen) {
    if (this.state !== 'established') throw this.wrongState();
    if (!equalInConstantTime(peerAsSeen, this.#peerFingerprint) ||
        !equalInConstantTime(tag, this.#tag(other(this.role), peerAsSeen, this.#ownFingerprint))) {
      throw this.fail();
    }
  }

  /**
   * What stands in the HELLOs of a link over the relay in place of both certificates; this exchange's alone.
   * @returns {{own: Uint8Array, peer: Uint8Array}}
   */
  relayNames() {
    if (this.state !== 'established') throw this.wrongState();
    return { own: this.#relayName(this.role), peer: this.#relayName(other(this.role)) };
  }

  /** The start of the key ratchet of later connections; once. */
  takeResumeKey() {
    if (this.state !== 'established' || !this.#resume) throw this.wrongState();
    const key = this.#resume;
    this.#resume = null;
    return key;
  }

  // For the two machines.

  get maySeal() {
    return this.state === 'established';
  }

  get mayOpen() {
    return this.state === 'established';
  }

  /** To 'failed'; returns what to throw. */
  fail() {
    this.state = 'failed';
    this.#opener?.kill();
    this.#bind?.fill(0);
    this.#resume?.fill(0);
    this.#sealer = this.#opener = this.#bind = this.#resume = null;
    this.features = [];
    return authFailed();
  }

  wrongState() {
    return this.state === 'failed' ? authFailed() : new AuthError('invalid_state', 'The pairing is not at this point.');
  }

  /** Runs `work`, which throws for what came from outside. */
  guarded(work) {
    try {
      return work();
    } catch {
      throw this.fail();
    }
  }

  setKeys(key, sessionId, transcript) {
    const keys = deriveSessionKeys(key, sessionId, transcript);
    const controller = this.role === 'controller';
    this.#sealer = new BoxSealer(controller ? keys.controllerToDisplay : keys.displayToController);
    this.#opener = new BoxOpener(controller ? keys.displayToController : keys.controllerToDisplay);
    this.#bind = keys.bind;
    this.#resume = keys.resume;
    for (const used of [key, keys.controllerToDisplay, keys.displayToController]) used.fill(0);
  }

  async openBox(kind, box) {
    const bytes = this.guarded(() => fromBase64Url(box, MAX_BOX_TEXT_BYTES + BOX_TAG_BYTES));
    const opener = this.#opener;
    try {
      return await opener.open(kind, bytes);
    } catch {
      throw this.fail();
    }
  }

  async sealDescription(kind, description) {
    this.#ownFingerprint = description.fingerprint.slice();
    return toBase64Url(await this.#sealer.seal(kind, encodeDescription(this.role, description)));
  }

  async openDescription(kind, room, box) {
    const text = await this.openBox(kind, box);
    const description = this.guarded(() => decodeDescription(other(this.role), text));
    if (this.state === 'failed' || description.room !== room) throw this.fail();
    this.#peerFingerprint = description.fingerprint.slice();
    return description;
  }

  // Two items: none of the bind tags, which have three.
  #relayName(role) {
    return hmacSha512(this.#bind, lvCat(utf8('relay'), utf8(role))).slice(0, 32);
  }

  #tag(role, own, peer) {
    return hmacSha512(this.#bind, lvCat(utf8(role), own, peer));
  }
}

/**
 * The initiator: 'start' → hello() → 'awaiting_offer' → handleOffer() → 'checking', then 'answering' → answer()
 * → 'established'; 'failed' from everywhere. One for one typed code; nothing tries by itself again.
 */
export class ControllerExchange extends PairingEnd {
  #secret;
  #run = null;
  #sessionId;
  #ownTag = null;
  #room = '';

  /** @param {{lookup: string, secret: import('./pairing-code.js').PairingSecret}} code */
  constructor(code, { features = [], random = systemRandom } = {}) {
    super('controller', features, random, 'start');
    this.lookup = code.lookup;
    this.#secret = code.secret;
  }

  get mayOpen() {
    return this.state === 'checking' || this.state === 'answering' || this.state === 'established';
  }

  fail() {
    this.#run = this.#secret = this.#ownTag = null;
    return super.fail();
  }

  /** `hello` of the pair request. @returns {string} */
  hello() {
    if (this.state !== 'start') throw this.wrongState();
    this.#sessionId = this.random(16);
    const data = encodeAssociatedData({ role: this.role, features: this.ownFeatures, secret: this.#secret.kind });
    const password = utf8(this.#secret.text);
    this.#run = new CpaceRun('initiator', password, channelIdentifier(this.lookup), this.#sessionId, data, this.random);
    password.fill(0);
    this.#secret = null;
    this.state = 'awaiting_offer';
    return encodeHello({ sessionId: this.#sessionId, share: this.#run.share, data });
  }

  /**
   * The display knows the code: what it offers.
   * @param {string} room the session's id as the relay told this end @param {PakeMessage} offer
   * @returns {Promise<import('./pairing-messages.js').PairingDescription>}
   */
  async handleOffer(room, offer) {
    if (this.state === 'start') throw this.wrongState();
    if (this.state !== 'awaiting_offer') throw this.fail();
    const features = this.guarded(() => {
      const reply = decodeReply(offer.pake);
      const data = decodeAssociatedData(reply.data);
      const outcome = this.#run.finish(reply.share, reply.data);
      this.#run = null;
      if (data.role !== 'display' || !outcome || !equalInConstantTime(outcome.peerTag, reply.tag)) throw authFailed();
      this.#ownTag = outcome.ownTag;
      this.setKeys(outcome.key, this.#sessionId, outcome.transcript);
      return commonFeatures(this.ownFeatures, data.features);
    });
    // From here on a candidate may stand in line behind the description.
    this.state = 'checking';
    const description = await this.openDescription('offer', room, offer.box);
    this.state = 'answering';
    this.#room = room;
    this.features = features;
    return description;
  }

  /** @param {string} sdp promises `fingerprint` and no other @param {Uint8Array} fingerprint @returns {Promise<PakeMessage>} */
  async answer(sdp, fingerprint) {
    if (this.state !== 'answering') throw this.wrongState();
    const description = { fingerprint, room: this.#room, sdp };
    checkOwnDescription(description);
    const pake = encodeConfirmation(this.#ownTag);
    const box = this.sealDescription('answer', description);
    this.#ownTag = null;
    this.state = 'established';
    return { pake, box: await box };
  }
}

/**
 * The responder, one for each controller that knocks: 'waiting' → handleHello() → 'offering' → offer() →
 * 'awaiting_answer' → handleAnswer() → 'confirming', then 'established'; 'failed' from everywhere.
 */
export class DisplayExchange extends PairingEnd {
  #guard;
  #run = 0;
  #reply = null;
  #expectedTag = null;
  #peerFeatures = [];
  #room = '';

  /** @param {import('./code-guard.js').CodeGuard} guard */
  constructor(guard, { features = [], random = systemRandom } = {}) {
    super('display', features, random, 'waiting');
    this.#guard = guard;
  }

  /** What the hello says that the other end can do; nothing proves it before 'established'. */
  get peerSaid() {
    return this.#peerFeatures;
  }

  get maySeal() {
    return this.state === 'awaiting_answer' || this.state === 'confirming' || this.state === 'established';
  }

  get mayOpen() {
    return this.state === 'confirming' || this.state === 'established';
  }

  fail() {
    this.#guard.failRun(this.#run);
    this.#run = 0;
    this.#reply = this.#expectedTag = null;
    return super.fail();
  }

  /** The run is given up: the controller has gone. It counts as failed. */
  abandon() {
    if (this.state !== 'established') this.fail();
  }

  /** The controller's hello; when it is well-formed and the guard lets it run, an attempt is charged. */
  handleHello(now, text) {
    if (this.state !== 'waiting') throw this.fail();
    this.guarded(() => {
      const hello = decodeHello(text);
      const data = decodeAssociatedData(hello.data);
      if (data.role !== 'controller') throw authFailed();
      // Paid before there is anything that a guess could be tried on.
      this.#run = this.#guard.charge(now, hello.sessionId);
      const secret = data.secret === 'url' ? this.#guard.urlSecret : this.#guard.letters;
      const password = utf8(secret.text);
      const ownData = encodeAssociatedData({ role: this.role, features: this.ownFeatures });
      const cpace = new CpaceRun(
        'responder', password, channelIdentifier(this.#guard.lookup), hello.sessionId, ownData, this.random);
      password.fill(0);
      const outcome = cpace.finish(hello.share, hello.data);
      if (!outcome) throw authFailed();
      this.#expectedTag = outcome.peerTag;
      this.#peerFeatures = data.features;
      this.#reply = encodeReply({ share: cpace.share, data: ownData, tag: outcome.ownTag });
      this.setKeys(outcome.key, hello.sessionId, outcome.transcript);
    });
    this.state = 'offering';
  }

  /** @param {string} room @param {string} sdp @param {Uint8Array} fingerprint @returns {Promise<PakeMessage>} */
  async offer(room, sdp, fingerprint) {
    if (this.state !== 'offering') throw this.wrongState();
    const description = { fingerprint, room, sdp };
    checkOwnDescription(description);
    const pake = this.#reply;
    const box = this.sealDescription('offer', description);
    this.#reply = null;
    this.#room = room;
    this.state = 'awaiting_answer';
    return { pake, box: await box };
  }

  /** The controller knows the code: what it answers. @param {PakeMessage} answer */
  async handleAnswer(now, answer) {
    if (this.state !== 'awaiting_answer') throw this.fail();
    this.guarded(() => {
      if (!equalInConstantTime(decodeConfirmation(answer.pake), this.#expectedTag)) throw authFailed();
    });
    // A second answer does not get in while this one is being opened.
    this.state = 'confirming';
    const description = await this.openDescription('answer', this.#room, answer.box);
    if (!this.#guard.succeed(now, this.#run)) throw this.fail();
    this.#run = 0;
    this.#expectedTag = null;
    this.features = commonFeatures(this.ownFeatures, this.#peerFeatures);
    this.state = 'established';
    return description;
  }
}
