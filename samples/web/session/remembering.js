// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One end of a session on its way into the list of remembered pairings, and the watch over the entry from then on
// (docs/session.md, Remembering): peer/session/remembering.h in JavaScript. It says what to send and takes what came;
// the session owns it and carries both. Not here: the list itself (pairing-store.js).
//
//   once the visitor agreed, on each new link:   REMEMBER offer (own contribution, own name)
//   on the other's offer:                        key of both contributions -> list, then REMEMBER accept
//   on the other's accept:                       both have it: remembered
//
// What differs from C++: the list answers later, so that a frame is dealt with when the one before it is; and the
// visitor may agree in the middle of a session, for which an offer of the other end is kept until then.

import { systemRandom, utf8 } from '../auth-bytes.js';
import { MAX_REMEMBER_NAME_BYTES, parseRemember, rememberPayload } from './frames.js';
import { CONTRIBUTION_BYTES, rememberedId, rememberedSecret } from './session-secrets.js';

const NOTHING = new Uint8Array(CONTRIBUTION_BYTES);

/** At most so many bytes, and no half of a character. */
function shortened(name) {
  let short = '';
  let bytes = 0;
  for (const character of name) {
    bytes += utf8(character).length;
    if (bytes > MAX_REMEMBER_NAME_BYTES) break;
    short += character;
  }
  return short;
}

// It is for screens.
const plainText = (name) => (/\p{Cc}/u.test(name) ? '' : name);
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Remembering {
  #options;
  #events;
  #own;
  #theirs = null;
  #storing = null; // of the other end's contribution: true when it is in the list
  #id; // in the list of this end
  #willing;
  #linked = false;
  #held = null; // an offer that came before the visitor agreed, of the link in use
  #agreed; // in that of the other end, too
  #givenUp = false; // one of the two can not, or will not
  #answered = false; // on this link
  #link = 0;
  #stopped = false;
  #unwatch = () => {};
  #looking = Promise.resolve();

  /**
   * @param {object} options
   * @param {'display' | 'controller'} options.role
   * @param {import('./pairing-store.js').PairingStore} options.store
   * @param {string} options.ownName shortened to what a frame takes
   * @param {string} [options.pairingId] the session began as this remembered pairing
   * @param {boolean} [options.willing] the visitor has agreed already
   * @param {(size: number) => Uint8Array} [options.random] @param {() => number} [options.clock] as Date.now
   * @param {object} events
   * @param {(payload: Uint8Array) => void} events.send a REMEMBER frame on the link in use
   * @param {(id: string) => void} events.onRemembered both ends have it; once, and not for a session that began as one
   * @param {() => void} events.onRevoked the entry went from this end's list; once
   */
  constructor({ role, store, ownName, pairingId = '', willing = false, random = systemRandom, clock = Date.now }, events) {
    this.#options = { role, store, ownName, pairingId, clock };
    this.#events = events;
    this.#own = random(CONTRIBUTION_BYTES);
    this.#id = pairingId;
    this.#agreed = pairingId !== '';
    this.#willing = willing || pairingId !== '';
  }

  /** Which entry it is; empty: none (yet). */
  get pairingId() {
    return this.#agreed ? this.#id : '';
  }

  /** The visitor agreed, and nobody has taken that back. */
  get willing() {
    return this.#willing && !this.#givenUp;
  }

  /** A link is in use: what is not agreed on yet is said on it. */
  onLink() {
    if (this.#stopped) return;
    this.#linked = true;
    this.#answered = false;
    this.#held = null;
    ++this.#link;
    if (this.#willing && !this.#agreed && !this.#givenUp) this.#send('offer');
    if (this.#options.pairingId !== '') this.#use();
  }

  /** The link ended; onLink follows, or stop. */
  onUnlinked() {
    this.#linked = false;
    this.#held = null;
  }

  /** The visitor agrees to remember the other end. */
  begin() {
    if (this.#willing || this.#stopped) return;
    this.#willing = true;
    if (this.#linked) this.#send('offer');
    const held = this.#held;
    this.#held = null;
    if (held) this.#onOffer(held.secrets, held.offer);
  }

  /** The visitor takes it back: the entry goes here, and there. When it was there already, onRevoked follows. */
  async forget() {
    if (this.#stopped || this.#givenUp || !this.#willing) return;
    if (this.#linked) this.#send('forget');
    const { store, role } = this.#options;
    if (!this.#agreed) this.#givenUp = true;
    await this.#storing;
    if (this.#id === '') return;
    await store.remove(this.#id, role);
    await this.#look();
  }

  /**
   * @param {object} secrets of the session @param {Uint8Array} payload
   * @returns {Promise<void> | null} null: no such frame. Else when what it asks for is done; never rejects
   */
  onFrame(secrets, payload) {
    const frame = parseRemember(payload);
    if (!frame) return null;
    // A session of a pairing that is remembered has nothing to agree on.
    if (this.#stopped || this.#options.pairingId !== '') return Promise.resolve();
    switch (frame.kind) {
      case 'offer':
        return this.#onOffer(secrets, frame);
      case 'accept':
        return this.#onAccept();
      default: // refuse, and forget
        return this.#onRefused();
    }
  }

  /** The session is over. Nothing is told any more; what is being stored is stored. */
  stop() {
    this.#stopped = true;
    this.#held = null;
    this.#unwatch();
  }

  /** The same, and the other end has revoked the pairing: this end forgets it, too. */
  async onRevokedByOther() {
    this.stop();
    await this.#storing;
    await this.#removeOwn();
  }

  async #onOffer(secrets, offer) {
    if (!this.#willing) {
      this.#held = { secrets, offer };
      return;
    }
    if (this.#answered) return;
    this.#answered = true;
    const link = this.#link;
    if (!this.#givenUp && !this.#theirs) {
      this.#theirs = offer.contribution;
      this.#storing = this.#store(secrets, offer);
    }
    // One end has one session key, so one contribution: another one would make another pairing.
    const right = this.#theirs !== null && same(this.#theirs, offer.contribution);
    if (right) await this.#storing;
    if (this.#stopped || link !== this.#link || !this.#linked) return;
    this.#send(right && !this.#givenUp ? 'accept' : 'refuse');
  }

  // The key is made before anything is waited for: the session wipes what it comes of.
  async #store(secrets, { contribution, name }) {
    const { role, store, clock } = this.#options;
    const own = this.#own;
    const key = role === 'display' ? rememberedSecret(secrets, own, contribution) : rememberedSecret(secrets, contribution, own);
    const id = rememberedId(key);
    const time = clock();
    try {
      await store.put({ id, role, name: plainText(name), made: time, lastUsed: time, key });
    } catch {
      this.#givenUp = true;
      return;
    } finally {
      key.fill(0);
    }
    this.#id = id;
    // Refused, or taken back, while it was being stored.
    if (this.#givenUp) await this.#removeOwn();
    else this.#tellIfAgreed();
  }

  async #onAccept() {
    // Nobody accepts what was not offered. It may come before the other end's offer.
    if (!this.#willing || this.#givenUp || this.#agreed) return;
    this.#agreed = true;
    this.#tellIfAgreed();
  }

  async #onRefused() {
    if (this.#agreed || this.#givenUp) return;
    this.#held = null;
    if (!this.#willing) return;
    this.#givenUp = true;
    await this.#storing;
    await this.#removeOwn();
  }

  #tellIfAgreed() {
    if (this.#stopped || !this.#agreed || this.#id === '') return;
    this.#watch();
    this.#events.onRemembered(this.#id);
  }

  async #removeOwn() {
    if (this.#id === '') return;
    const id = this.#id;
    this.#id = '';
    // An entry that can not be removed is one of a pairing that the other end has not.
    await this.#options.store.remove(id, this.#options.role).catch(() => {});
  }

  #send(kind) {
    const offers = kind === 'offer';
    this.#events.send(rememberPayload({
      kind, contribution: offers ? this.#own : NOTHING, name: offers ? shortened(this.#options.ownName) : '',
    }));
  }

  // --- An entry that is in use -------------------------------------------------------------------

  #use() {
    const { store, role, clock } = this.#options;
    this.#watch();
    // Gone already: the look says so.
    store.touch(this.#id, role, clock()).catch(() => {}).then(() => this.#look());
  }

  #watch() {
    this.#unwatch();
    this.#unwatch = this.#options.store.watch(() => this.#look());
  }

  // One after the other; a list that can not be read says nothing about any entry.
  #look() {
    this.#looking = this.#looking.then(async () => {
      if (this.#stopped || this.#id === '') return;
      const entry = await this.#options.store.get(this.#id, this.#options.role);
      if (entry || this.#stopped || this.#id === '') return;
      this.#id = '';
      this.#unwatch();
      this.#events.onRevoked();
    }).catch(() => {});
    return this.#looking;
  }
}
