// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which messages of one channel and direction to deliver, and when to acknowledge them:
// peer/delivery/inbox.h in JavaScript. Each link is ordered and a new one begins behind what we said we
// had, so nothing is held and a gap is a violation. Pure; times are milliseconds.
//
//   delivered: the callback returned, or the application acknowledged | taken, not yet delivered

export const ACK_MESSAGES = 32;
export const ACK_BYTES = 512 * 1024;
export const ACK_DELAY_MS = 20;

export class Inbox {
  #taken;
  #delivered;
  #acked;
  #bytes = 0;
  #ackDue = null;

  constructor(firstSeq = 1) {
    this.#taken = this.#delivered = this.#acked = firstSeq - 1;
  }

  /** 'deliver': it is the next one, and is taken, given to the application exactly now. */
  onFrame(seq) {
    if (seq <= this.#taken) return 'duplicate';
    if (seq - this.#taken !== 1) return 'violation';
    this.#taken = seq;
    return 'deliver';
  }

  /** All up to `seq`; `bytes` is what that adds. What was not taken, or said before, changes nothing. */
  delivered(seq, bytes, now) {
    if (!(seq > this.#delivered) || seq > this.#taken) return;
    this.#delivered = seq;
    this.#bytes += bytes;
    this.#ackDue ??= now + ACK_DELAY_MS;
  }

  /** What to acknowledge now, which counts as said; null: nothing that is new, or it is not due. */
  ackToSend(now, force) {
    if (this.#acked === this.#delivered) return null;
    const due = this.#delivered - this.#acked >= ACK_MESSAGES || this.#bytes >= ACK_BYTES ||
      (this.#ackDue !== null && now >= this.#ackDue);
    if (!due && !force) return null;
    this.#acked = this.#delivered;
    this.#bytes = 0;
    this.#ackDue = null;
    return this.#acked;
  }

  /** When an acknowledgement is due by time, or null. */
  get ackDue() { return this.#ackDue; }
  get lastDelivered() { return this.#delivered; }
  get lastTaken() { return this.#taken; }
  get lastAcked() { return this.#acked; }
}
