// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sends one file over a session: on a channel of the connection in use, and when that is lost on one of the next, from
// where the other end has it (pairwire.file.v2). While the signaling relay carries the session it waits: files go over
// connections alone. What each message means: bulk-sender.js.

import { sendFile } from '../file-transfer.js';
import { FILE_LABEL, FileProblem, RESUMABLE_FILE_PROTOCOL, fileIdOf } from './bulk-messages.js';
import { CHUNK_BYTES, FileSender, LOW_WATER, blobSource } from './bulk-sender.js';

const SAMPLE_BYTES = 64 * 1024;
const NS_A_MS = 1e6;

/**
 * @param {import('./session.js').Session} session @param {File} file
 * @param {(sent: number, size: number) => void} onProgress what has left this page
 * @param {(waits: boolean) => void} [onWaiting] it waits for a direct path, or goes on
 * @returns {Promise<{sha256: string, size: number}>} rejects with FileProblem
 */
export async function sendFileOver(session, file, onProgress, onWaiting = () => {}) {
  const beginning = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer());
  const { name, size, type } = file;
  const id = fileIdOf({ name, size }, (file.lastModified ?? 0) * NS_A_MS, beginning);
  return new Promise((resolve, reject) => new Transfer(session, file, { name, size, id, mediaType: type }, { resolve, reject, onProgress, onWaiting }));
}

class Transfer {
  #session;
  #file;
  #events;
  #link = null;
  #channel = null;
  #sender = null; // once there has been a path
  #offer;
  #heard = false;
  #waits = false;
  #look = () => this.#follow();
  #closed = () => this.#end(new FileProblem('connection_lost', 'The connection was lost, and did not come back.'));

  constructor(session, file, offer, events) {
    this.#session = session;
    this.#file = file;
    this.#offer = offer;
    this.#events = events;
    session.addEventListener('state', this.#look);
    session.addEventListener('path', this.#look);
    session.addEventListener('close', this.#closed);
    if (session.link || session.overRelay) this.#follow();
    else this.#end(new FileProblem('connection_lost', 'There is no connection right now. Try again when it is back.'));
  }

  #begin() {
    this.#sender = new FileSender(this.#open(), blobSource(this.#file), this.#offer, {
      onProgress: (sent) => this.#events.onProgress(Math.max(0, sent - (this.#channel?.bufferedAmount ?? 0)), this.#offer.size),
      onParked: () => this.#onParked(),
      onFinished: (problem, sent) => this.#end(problem, sent),
    }, Math.min(CHUNK_BYTES, this.#link.maxMessageSize));
  }

  #open() {
    this.#link = this.#session.link;
    const channel = this.#link.openChannel(FILE_LABEL, { protocol: RESUMABLE_FILE_PROTOCOL });
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_WATER;
    const isCurrent = () => this.#channel === channel;
    channel.onopen = () => isCurrent() && this.#sender.onOpen();
    channel.onmessage = ({ data }) => {
      if (!isCurrent()) return;
      this.#heard = true;
      this.#sender.onMessage(data);
    };
    channel.onclose = () => isCurrent() && this.#sender.onClosed();
    channel.onbufferedamountlow = () => isCurrent() && this.#sender.onBufferedAmountLow();
    this.#channel = channel;
    return channel;
  }

  // The session has another connection, or none; a channel of one that was closed here does not always say so.
  #follow() {
    const { link, state, overRelay } = this.#session;
    if (this.#sender && link !== this.#link) this.#sender.onClosed();
    if (link && !this.#sender) this.#begin();
    else if (link && state === 'connected' && this.#sender.state === 'parked') this.#sender.resume(this.#open());
    // While a path is being looked for the last word stands.
    if (overRelay) this.#setWaits(true);
    else if (link) this.#setWaits(false);
  }

  #setWaits(waits) {
    if (waits === this.#waits) return;
    this.#waits = waits;
    this.#events.onWaiting(waits);
  }

  #onParked() {
    this.#channel = null;
    if (this.#heard || this.#session.link !== this.#link || this.#session.state !== 'connected') return;
    // An end that takes no v2 closes the channel without a word.
    const { resolve, reject, onProgress } = this.#events;
    this.#stop();
    sendFile(this.#link, this.#file, onProgress).then(resolve, reject);
  }

  #end(problem, sent) {
    this.#stop();
    if (problem) this.#events.reject(problem);
    else this.#events.resolve(sent);
  }

  #stop() {
    this.#session.removeEventListener('state', this.#look);
    this.#session.removeEventListener('path', this.#look);
    this.#session.removeEventListener('close', this.#closed);
    this.#look = this.#closed = () => {};
  }
}
