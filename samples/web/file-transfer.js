// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sending half of pairwire.file.v1 (docs/file-transfer.md): one DataChannel per file; offer, accept,
// chunks, end with the hash, done with the hash.

import { Sha256 } from './sha256.js';

const PROTOCOL = 'pairwire.file.v1';
const READ_BYTES = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
// Enough to keep a fast path busy, little enough for a phone.
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const LOW_BUFFERED_BYTES = 1024 * 1024;

/**
 * @param {import('./session/link.js').PeerLink} link
 * @param {File} file
 * @param {(sent: number, size: number) => void} onProgress called with what has left the send buffer
 * @returns {Promise<{sha256: string, size: number}>}
 */
export async function sendFile(link, file, onProgress) {
  const channel = link.openChannel('file', { protocol: PROTOCOL });
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = LOW_BUFFERED_BYTES;
  const answers = new Answers(channel);
  try {
    await answers.opened;
    channel.send(JSON.stringify({ type: 'offer', name: file.name, size: file.size }));
    await answers.next('accept');
    const sha256 = await sendChunks(link, channel, file, answers, onProgress);
    channel.send(JSON.stringify({ type: 'end', sha256 }));
    const done = await answers.next('done');
    if (done.sha256 !== sha256) throw new Error('The display stored something else: the hashes differ.');
    onProgress(file.size, file.size);
    return { sha256, size: file.size };
  } finally {
    channel.close();
  }
}

async function sendChunks(link, channel, file, answers, onProgress) {
  const limit = Math.min(CHUNK_BYTES, link.maxMessageSize);
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += READ_BYTES) {
    const piece = new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer());
    hash.update(piece);
    for (let from = 0; from < piece.length; from += limit) {
      if (channel.bufferedAmount > MAX_BUFFERED_BYTES) await answers.room();
      channel.send(piece.subarray(from, from + limit));
    }
    onProgress(Math.max(0, at + piece.length - channel.bufferedAmount), file.size);
  }
  return hash.hex();
}

/** What the receiver says, one at a time; an error, a refusal or a close rejects whoever waits. */
class Answers {
  #channel;
  #queue = [];
  #failure = null;
  #wake = () => {};

  constructor(channel) {
    this.#channel = channel;
    channel.onmessage = ({ data }) => this.#onMessage(data);
    channel.onclose = () => this.#fail(new Error('The display closed the transfer.'));
    channel.onerror = () => this.#fail(new Error('The connection failed during the transfer.'));
    channel.onbufferedamountlow = () => this.#wake();
    this.opened = new Promise((resolve, reject) => {
      channel.onopen = () => resolve();
      if (channel.readyState === 'open') resolve();
      this.rejectOpen = reject;
    });
  }

  async next(type) {
    while (this.#queue.length === 0) await this.#change();
    const answer = this.#queue.shift();
    if (answer.type !== type) throw new Error(`Expected '${type}' from the display, got '${answer.type}'.`);
    return answer;
  }

  async room() {
    while (this.#channel.bufferedAmount > LOW_BUFFERED_BYTES) await this.#change();
  }

  #onMessage(data) {
    let answer;
    try {
      answer = JSON.parse(data);
    } catch {
      this.#fail(new Error('The display sent something that is not JSON.'));
      return;
    }
    if (answer?.type === 'refuse' || answer?.type === 'error') {
      this.#fail(new Error(answer.message || answer.code || 'The display refused the file.'));
      return;
    }
    // A receiver says at most 'accept' and 'done'.
    if (this.#queue.length < 2) this.#queue.push(answer ?? {});
    this.#wake();
  }

  #fail(error) {
    this.#failure ??= error;
    this.rejectOpen(this.#failure);
    this.#wake();
  }

  async #change() {
    if (!this.#failure) await new Promise((resolve) => { this.#wake = resolve; });
    if (this.#failure) throw this.#failure;
  }
}
