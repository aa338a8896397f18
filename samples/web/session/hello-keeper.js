// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What an end remembers of its session from link to link: keys, epochs, counters. It says this end's
// HELLOs and judges the other's: peer/delivery/hello_keeper.h in JavaScript. Pure.

import { commonFeatures } from '../pairing-messages.js';
import { Channel } from './frames.js';
import {
  HELLO_FIRST, HELLO_PLAIN, ID_BYTES, encodeHelloWithTag, isNone, judge, lastDeliveredOf, noEpoch, parseHello,
} from './hello.js';
import { checkHelloTag } from './hello-tag.js';
import { KeyRatchet } from './key-ratchet.js';
import { CONTRIBUTION_BYTES, deriveSessionSecrets, plainFirstKey } from './session-secrets.js';

export class HelloKeeper {
  #role;
  #ownFeatures;
  #random;
  #ratchet = null;
  #plainSecret = null;
  #remembered;
  #counter = 0;
  #sentUnder = new Map(); // by link; bounded by the links that SessionMachine lets live
  #wiped = false;

  /** Once there is a key: SessionSecrets, else null. */
  secrets = null;
  /** What both ends can do; empty until the first HELLO was verified. */
  features = [];

  /**
   * @param {object} options
   * @param {'display' | 'controller'} options.role
   * @param {Uint8Array} [options.first] the pairing's resume key, copied; without it the session is plain,
   *     and its key comes of what the first HELLOs of both ends carry
   * @param {string[]} options.features ascending words
   * @param {(size: number) => Uint8Array} options.random
   */
  constructor({ role, first = null, features, random }) {
    this.#role = role;
    this.#ownFeatures = features;
    this.#random = random;
    this.plain = first === null;
    this.#remembered = { session: noEpoch(), mine: random(ID_BYTES), theirs: noEpoch(), theirCounter: 0 };
    if (first) {
      this.#startRatchet(first);
    } else {
      this.#plainSecret = random(CONTRIBUTION_BYTES);
    }
  }

  get epoch() { return this.#remembered.mine; }

  #startRatchet(first) {
    this.secrets = deriveSessionSecrets(first);
    this.#remembered.session = this.secrets.id;
    this.#ratchet = new KeyRatchet(first);
  }

  /** This end's HELLO for a link; null: wiped. */
  make(link, fingerprints, lastDelivered) {
    if (this.#wiped) return null;
    const { session, mine, theirs } = this.#remembered;
    const hello = {
      session, mine, yours: theirs, counter: ++this.#counter, generation: this.#ratchet?.own ?? 0,
      flags: (isNone(theirs) ? HELLO_FIRST : 0) | (this.plain ? HELLO_PLAIN : 0),
      lastDelivered: [[Channel.COMMAND, lastDelivered]],
      features: this.#ownFeatures,
      plainSecret: this.#ratchet ? new Uint8Array(0) : this.#plainSecret,
    };
    this.#sentUnder.set(link, hello.generation);
    return encodeHelloWithTag(hello, this.#ratchet, this.#role, fingerprints);
  }

  #takePlainSecret(hello) {
    // Nothing proves what this HELLO says; there is but one generation it can speak of.
    if (!isNone(hello.session) || (hello.flags & HELLO_FIRST) === 0 || hello.generation !== 0 ||
        hello.plainSecret.length !== CONTRIBUTION_BYTES) {
      return false;
    }
    const [own, theirs] = [this.#plainSecret, hello.plainSecret];
    const first = this.#role === 'display' ? plainFirstKey(own, theirs) : plainFirstKey(theirs, own);
    this.#startRatchet(first);
    first.fill(0);
    this.#plainSecret.fill(0);
    return true;
  }

  /**
   * The other end's HELLO. 'first' and 'resume' are remembered: the keys move on.
   * @returns {{verdict: string, peerLast: number}} verdicts of judge(), 'wrong-tag' and 'malformed'
   */
  see(fingerprints, payload, sent) {
    const only = (verdict) => ({ verdict, peerLast: 0 });
    if (this.#wiped) return only('refuse');
    const parsed = parseHello(payload);
    if (!parsed) return only('malformed');
    const { hello } = parsed;
    if (((hello.flags & HELLO_PLAIN) !== 0) !== this.plain) return only('wrong-tag');
    if (this.#ratchet) {
      if (!checkHelloTag(this.#ratchet, hello.generation, this.#role, fingerprints, parsed.covered, parsed.tag)) return only('wrong-tag');
    } else {
      if (!this.#takePlainSecret(hello)) return only('wrong-tag');
      hello.session = this.#remembered.session;
    }
    const verdict = judge(this.#remembered, hello, sent);
    if (verdict !== 'first' && verdict !== 'resume') return only(verdict);
    this.#remembered.theirs = hello.mine;
    this.#remembered.theirCounter = hello.counter;
    this.features = commonFeatures(this.#ownFeatures, hello.features);
    this.#ratchet.agree(hello.generation);
    return { verdict, peerLast: lastDeliveredOf(hello, Channel.COMMAND) };
  }

  /** The other end has verified our HELLO on this link: it sent what comes only after that. */
  settle(link) {
    const sent = this.#sentUnder.get(link);
    if (sent === undefined || !this.#ratchet) return;
    this.#ratchet.settle(sent);
    this.#sentUnder.delete(link);
  }

  forget(link) { this.#sentUnder.delete(link); }

  wipe() {
    this.#wiped = true;
    this.#ratchet?.wipe();
    this.secrets?.meet.fill(0);
    this.secrets?.remember.fill(0);
    this.secrets = null;
    this.#plainSecret?.fill(0);
  }

  /** As a process that kept its keys and lost all else. Tests only: the other end has to notice. */
  loseMemory() {
    this.#remembered.mine = this.#random(ID_BYTES);
    this.#remembered.theirs = noEpoch();
    this.#remembered.theirCounter = 0;
    this.#sentUnder.clear();
  }
}
