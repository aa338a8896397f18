// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A session's links over boxes that the relay carries: who begins one, which box is for which, and when the two ends
// leave the relay: peer/session/session_core_relay.cc in JavaScript. The display begins them, as it makes the offers;
// the controller's begins with the display's first box. Pure: time and what the session does for it are handed in. Not
// here: when such a link is used (session-machine.js), and the meeting that carries the boxes (rejoin.js).

import { parseRelayBox } from './relay-boxes.js';
import { RelayLink } from './relay-link.js';

/** From one link over the relay that the display offers to the next. */
export const OFFER_PAUSE_MS = 1_000;

/**
 * @typedef {object} CarrierOwner
 * @property {() => boolean} wanted the session has no path
 * @property {() => {own: Uint8Array, peer: Uint8Array} | null} names of the meeting, while it may carry boxes
 * @property {(text: Uint8Array) => void} write a box's text into the meeting
 * @property {(link: RelayLink) => void} add a new link, for the session to hold
 * @property {(link: RelayLink) => void} drop it ended: the session closes and forgets it
 * @property {() => void} leave the meeting ends
 */

export class RelayCarrier {
  #isDisplay;
  #owner;
  #timing;
  #ready = false; // boxes of this meeting may carry frames
  #number = 0; // of the meeting's last link
  #link = null; // it may be closing
  #closing = false; // it is
  #leaves = false; // the meeting ends when it has closed
  #nextOffer = -Infinity;
  #stopTimer = null;

  /** @param {'display' | 'controller'} role @param {CarrierOwner} owner @param {import('./relay-link.js').Timing} timing */
  constructor(role, owner, timing) {
    this.#isDisplay = role === 'display';
    this.#owner = owner;
    this.#timing = timing;
  }

  /** A new try to meet begins. */
  begin() {
    this.#leaves = this.#ready = false;
  }

  /** From now on the meeting may carry boxes. */
  onReady() {
    this.#ready = true;
    this.#number = 0;
    this.offer();
  }

  /** The session's state may have changed: the display offers a link when one is wanted. */
  offer() {
    if (!this.#wants || this.#stopTimer) return;
    const wait = Math.max(0, this.#nextOffer - this.#timing.now());
    this.#stopTimer = this.#timing.after(wait, () => {
      this.#stopTimer = null;
      if (!this.#wants) return;
      this.#nextOffer = this.#timing.now() + OFFER_PAUSE_MS;
      this.#add(this.#number + 1);
    });
  }

  get #wants() {
    return this.#isDisplay && this.#ready && this.#link === null && this.#owner.wanted();
  }

  #add(number) {
    const names = this.#owner.names();
    if (!names) return;
    this.#number = number;
    const link = new RelayLink({
      number, names, timing: this.#timing,
      write: (text) => {
        if (this.#ready && number === this.#number) this.#owner.write(text);
      },
      closed: () => this.#forget(link),
    });
    this.#link = link;
    this.#closing = false;
    this.#owner.add(link);
  }

  /** A box's text came. @param {Uint8Array} text */
  onBox(text) {
    if (!this.#ready) return;
    const box = parseRelayBox(text);
    if (!box) {
      this.#drop();
      return;
    }
    if (!this.#isDisplay && box.link > this.#number && !box.over) {
      this.#drop(); // the display has begun anew
      this.#add(box.link);
    }
    if (box.link === this.#link?.number) this.#link.onBox(box);
  }

  #drop() {
    if (this.#link) this.#owner.drop(this.#link);
  }

  /** The session closes this link. */
  onClosing(link) {
    if (link === this.#link) this.#closing = true;
  }

  /** The meeting is over, and with it what carried the boxes. */
  abandon() {
    this.#ready = false;
    this.#stop();
    const link = this.#link;
    if (!link) return;
    link.abandon();
    this.#owner.drop(link);
  }

  /** The session needs the relay no more. */
  leave() {
    // Its last box has the goodbye, and the end of the relay's session may not overtake it.
    if (this.#link && this.#closing && this.#ready) {
      this.#leaves = true;
      return;
    }
    this.#ready = false;
    this.#stop();
    this.#owner.leave();
  }

  #stop() {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #forget(link) {
    if (link !== this.#link) return;
    this.#link = null;
    if (this.#leaves) {
      this.#leaves = false;
      this.leave();
    } else {
      this.offer();
    }
  }
}
