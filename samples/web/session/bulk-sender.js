// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The sending side of pairwire.file.v2 (docs/file-transfer.md): peer/bulk/bulk_sender.h in JavaScript,
// where the states are drawn. Reading a File takes time, so pieces are awaited; else it is a machine over a
// channel and a source. A lost channel parks it, and a new one lets it go on. v1 is ../file-transfer.js.

import { Sha256 } from '../sha256.js';
import { FileProblem, isFileId, parseFileMessage } from './bulk-messages.js';

/** Every WebRTC peer takes messages of 64 KiB (RFC 8841 section 6.1). */
export const CHUNK_BYTES = 64 * 1024;
/** So much is read at a time: a browser takes long for each piece, however small. */
export const READ_BYTES = 1024 * 1024;
export const HIGH_WATER = 1024 * 1024;
/** The channel's bufferedAmountLowThreshold. */
export const LOW_WATER = 512 * 1024;

/**
 * @typedef {object} FileChannel as RTCDataChannel
 * @property {(data: string | Uint8Array) => void} send throws when it is not open
 * @property {number} bufferedAmount @property {() => void} close sends what waits first
 *
 * @typedef {object} FileSource
 * @property {(offset: number, size: number) => Promise<Uint8Array>} read as many bytes as there are, at most `size`
 * @property {() => number} changed when it was changed last, in any unit
 *
 * @typedef {object} SenderEvents
 * @property {(sent: number) => void} [onProgress] @property {(stored: number) => void} [onStored] so much is on its disk
 * @property {() => void} [onParked] the channel is gone; resume() goes on
 * @property {(problem: FileProblem | null, file: {size: number, sha256: string} | null) => void} onFinished once, last
 */

/** A File or Blob as a FileSource. */
export const blobSource = (file) => ({
  read: async (offset, size) => new Uint8Array(await file.slice(offset, offset + size).arrayBuffer()),
  changed: () => file.lastModified ?? 0,
});

export class FileSender {
  #channel;
  #source;
  #offer;
  #events;
  #maxChunk;
  #changed;
  #state = 'connecting'; // offered, checking, sending, finishing, parked, done, failed
  #turn = 0; // what was awaited for an older one is forgotten
  #pumping = false;
  #piece = new Uint8Array(0); // read, not yet sent
  #sent = 0;
  #stored = 0;
  #digest = new Sha256();
  #sha256 = ''; // of the whole file, once it was read to its end

  /**
   * @param {FileChannel} channel @param {FileSource} source
   * @param {{name: string, size: number, id: string, mediaType?: string}} offer @param {SenderEvents} events
   * @param {number} [maxMessageSize] the other end's
   */
  constructor(channel, source, offer, events, maxMessageSize = CHUNK_BYTES) {
    if (!isFileId(offer.id)) throw new RangeError('the offer has no id');
    this.#channel = channel;
    this.#source = source;
    this.#offer = offer;
    this.#events = events;
    this.#maxChunk = Math.max(1, Math.min(CHUNK_BYTES, maxMessageSize));
    this.#changed = source.changed();
  }

  get state() { return this.#state; }
  get #over() { return this.#state === 'done' || this.#state === 'failed'; }

  // --- What the channel tells. Nothing of an old channel after resume().

  onOpen() {
    if (this.#state !== 'connecting') return;
    if (this.#source.changed() !== this.#changed) return this.#fail('source_changed', 'the file changed before it was sent', true);
    this.#state = 'offered';
    const { name, size, id, mediaType } = this.#offer;
    this.#send({
      type: 'offer', name, size, id, ...(mediaType ? { mediaType } : {}), ...(this.#sha256 ? { complete: true } : {}),
    });
  }

  /** @param {string | ArrayBuffer | Uint8Array} data */
  onMessage(data) {
    if (this.#over || this.#state === 'parked') return;
    if (typeof data !== 'string') return this.#fail('unexpected', 'the receiver sent binary data', true);
    let message;
    try {
      message = parseFileMessage(data);
    } catch (problem) {
      return this.#fail('bad_message', `the receiver sent something unexpected: ${problem.message}`, true);
    }
    const state = this.#state;
    const { type } = message;
    if (type === 'error' || (type === 'refuse' && state === 'offered')) {
      this.#fail(message.code, message.message, false);
    } else if (type === 'accept' && state === 'offered') {
      this.#takeAccept(message);
    } else if (type === 'have' && (state === 'sending' || state === 'finishing')) {
      this.#takeHave(message);
    } else if (type === 'done' && (state === 'finishing' || (state === 'offered' && this.#sha256))) {
      this.#takeDone(message);
    } else {
      this.#fail('unexpected', 'the receiver sent a message out of turn', true);
    }
  }

  onBufferedAmountLow() { this.#pump(); }

  onClosed() {
    if (!this.#over && this.#state !== 'parked') this.#park();
  }

  /** 'parked' only: the file is offered again once `channel` is open. */
  resume(channel) {
    if (this.#state !== 'parked') throw new RangeError('the transfer is not parked');
    this.#channel = channel;
    this.#state = 'connecting';
  }

  /** Gives up and tells the other end. */
  cancel() {
    if (!this.#over) this.#fail('cancelled', 'the sender gave up', true);
  }

  // --- The steps

  async #takeAccept({ offset, prefixSha256 }) {
    if (offset > this.#offer.size) return this.#fail('resume_refused', 'the receiver says that it has more than there is', true);
    this.#sha256 = '';
    this.#digest = new Sha256();
    if (offset === 0) return this.#sendFrom(0);
    this.#state = 'checking';
    const turn = ++this.#turn;
    const digest = new Sha256();
    for (let at = 0; at < offset;) {
      const piece = await this.#read(at, Math.min(READ_BYTES, offset - at), turn);
      if (!piece) return;
      if (piece.length === 0) return this.#sendFrom(0);
      digest.update(piece);
      at += piece.length;
    }
    // The receiver's part is ours only if it begins as our file does.
    if (digest.hexSoFar() !== prefixSha256) return this.#sendFrom(0);
    this.#digest = digest;
    this.#sendFrom(offset);
  }

  #sendFrom(offset) {
    this.#piece = new Uint8Array(0);
    this.#sent = this.#stored = offset;
    this.#state = 'sending';
    ++this.#turn;
    this.#pumping = false;
    if (!this.#send({ type: 'from', offset })) return;
    this.#events.onProgress?.(offset);
    this.#pump();
  }

  // null: it was too late, or the sender has failed.
  async #read(offset, size, turn) {
    try {
      const piece = await this.#source.read(offset, size);
      return turn === this.#turn ? piece : null;
    } catch (error) {
      if (turn === this.#turn) this.#fail('not_readable', `the file can not be read: ${error.message}`, true);
      return null;
    }
  }

  async #pump() {
    if (this.#pumping || this.#state !== 'sending') return;
    const turn = this.#turn;
    this.#pumping = true;
    while (turn === this.#turn && this.#sent < this.#offer.size && this.#channel.bufferedAmount < HIGH_WATER) {
      if (this.#piece.length === 0) {
        const piece = await this.#read(this.#sent, Math.min(READ_BYTES, this.#offer.size - this.#sent), turn);
        if (!piece) return;
        if (piece.length === 0) return this.#fail('source_changed', 'the file became shorter while it was being sent', true);
        this.#digest.update(piece);
        this.#piece = piece;
      }
      const chunk = this.#piece.subarray(0, this.#maxChunk);
      try {
        this.#channel.send(chunk);
      } catch {
        return this.#park();
      }
      this.#piece = this.#piece.subarray(chunk.length);
      this.#sent += chunk.length;
      this.#events.onProgress?.(this.#sent);
    }
    if (turn !== this.#turn) return;
    this.#pumping = false;
    if (this.#sent === this.#offer.size) this.#sendEnd();
  }

  #sendEnd() {
    if (this.#source.changed() !== this.#changed) return this.#fail('source_changed', 'the file changed while it was being sent', true);
    this.#sha256 = this.#digest.hex();
    this.#state = 'finishing';
    this.#send({ type: 'end', sha256: this.#sha256 });
  }

  #takeHave({ offset }) {
    if (offset < this.#stored || offset > this.#sent) {
      return this.#fail('unexpected', 'the receiver says that it has what was not sent', true);
    }
    this.#stored = offset;
    this.#events.onStored?.(offset);
  }

  #takeDone({ sha256, size }) {
    if (sha256 !== this.#sha256 || size !== this.#offer.size) {
      return this.#fail('hash_mismatch', 'the receiver stored something else than what was sent', true);
    }
    this.#state = 'done';
    this.#channel.close();
    this.#finish(null, { size, sha256 });
  }

  // False when it could not be queued; the sender is parked then.
  #send(message) {
    try {
      this.#channel.send(JSON.stringify(message));
      return true;
    } catch {
      this.#park();
      return false;
    }
  }

  #park() {
    ++this.#turn;
    this.#pumping = false;
    this.#piece = new Uint8Array(0);
    this.#channel.close();
    this.#channel = null;
    this.#state = 'parked';
    this.#events.onParked?.();
  }

  #fail(code, message, tell) {
    ++this.#turn;
    try {
      // Best effort: when it can not be queued, the closing channel says the same.
      if (tell) this.#channel?.send(JSON.stringify({ type: 'error', code, message }));
    } catch {
      // As said.
    }
    this.#channel?.close();
    this.#state = 'failed';
    this.#finish(new FileProblem(code, message), null);
  }

  #finish(problem, file) {
    const { onFinished } = this.#events;
    this.#events = {};
    onFinished(problem, file);
  }
}
