// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One controller that knocked at a display: from its hello to the session, or to its failure. Not here: who may knock
// (display-registration.js).

import { PairwireError, explained, notConfirmed } from '../pairwire-error.js';
import { PeerLink } from './link.js';
import { DIRECT_MS, formOf, mayGoWithoutPath, openSession } from './open-session.js';
import { SignalSender } from './signal-sender.js';

// From the knock to the open channel.
const RUN_TIMEOUT_MS = 30_000;

export class Run {
  #room;
  #controller;
  #signals;
  #events;
  #sender;
  #link;
  #deadline;
  #over = false;
  #direct = 0; // the direct path's time
  #begun = false; // the session has: what becomes of the pairing does not matter any more, but for the deadline
  #given = new AbortController(); // up
  #receiving = Promise.resolve();

  /**
   * @param {string} room the relay's session @param {object} signals of the pairing, its hello taken
   * @param {{controllerId: string, name: string, own: object}} controller `own`: api, ownName, remember,
   *   allowRelay of openSession
   * @param {object} events
   * @param {(type: string, data: object) => void} events.send to the controller
   * @param {() => string | undefined} events.mode of the relay's welcome, as far as it has come
   * @param {() => void} events.onSettled both have proved themselves
   * @param {(session: object) => void} events.onLinked @param {(error: PairwireError) => void} events.onFailed one of the two, once
   */
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
      onUp: () => this.#begin(this.#link),
      onEnded: (code, message) => {
        if (this.#mayGoWithoutPath) this.#begin(null);
        else this.fail(new PairwireError(code, message));
      },
    });
    this.#deadline = setTimeout(() => this.#lost('timed_out', 'The other end did not connect in time.'), RUN_TIMEOUT_MS);
    this.#do(async () => this.#sender.description('webrtc:offer', room, await this.#link.offer()));
  }

  get #mayGoWithoutPath() {
    return !this.#begun && mayGoWithoutPath({ signals: this.#signals, mode: this.#events.mode() });
  }

  // Both ends have what a session begins with, and a path is to come.
  #awaitDirect() {
    this.#direct = setTimeout(() => {
      if (this.#over || !this.#mayGoWithoutPath) return;
      this.#link.close();
      this.#begin(null);
    }, DIRECT_MS);
  }

  /** The relay's socket has closed. */
  onRelayLost() {
    if (!this.#begun) this.fail(new PairwireError('relay_unreachable', 'The server closed the connection.'));
  }

  handle(type, from, data) {
    if (from === this.#controller.controllerId) this.#do(() => this.#handle(type, data));
  }

  fail(error) {
    if (this.#over) return;
    this.drop();
    this.#events.onFailed(error);
  }

  /** It is not wanted any more; nothing is told. */
  drop() {
    this.#over = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#direct);
    this.#signals.abandon();
    this.#given.abort();
    this.#link.close();
  }

  // One after the other.
  #do(work) {
    this.#receiving = this.#receiving.then(() => (this.#over || this.#begun ? undefined : work()))
      .catch((error) => this.fail(explained(error, 'negotiation_failed')));
  }

  async #handle(type, data) {
    switch (type) {
      case 'webrtc:answer': {
        if (data.failed !== undefined) throw notConfirmed();
        const sdp = await this.#signals.openDescription(this.#room, data);
        this.#events.onSettled();
        this.#awaitDirect();
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

  // `link`: up, or null when there is no path.
  async #begin(link) {
    if (this.#over || this.#begun) return;
    this.#begun = true;
    clearTimeout(this.#direct);
    try {
      const { name, own } = this.#controller;
      const session = await openSession({ role: 'display', link, signals: this.#signals, name, ...own, signal: this.#given.signal });
      if (this.#over) return;
      this.#over = true;
      clearTimeout(this.#deadline);
      this.#events.onLinked(session);
    } catch (error) {
      this.fail(explained(error, 'negotiation_failed'));
    }
  }
}
