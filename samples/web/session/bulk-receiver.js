// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The receiving side of pairwire.file.v1 and v2 (docs/file-transfer.md): peer/bulk/bulk_receiver.h in
// JavaScript, for pages that are displays. Storing takes time in a browser, so messages wait in a line for
// the one before; the sender's own bound (1 MiB in the channel) bounds the line in practice, and
// MAX_WAITING_BYTES for a sender that does not keep it.

import { Sha256 } from '../sha256.js';
import { FileProblem, parseFileMessage } from './bulk-messages.js';

export const SYNC_BYTES = 4 * 1024 * 1024;
export const MAX_CHUNK_BYTES = 256 * 1024;
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;
export const FILE_SLOTS = 4;

/** Places for files that come in at the same time; shared by the receivers of one page. */
export class FileSlots {
  constructor(slots = FILE_SLOTS) { this.free = slots; }

  take() {
    if (this.free === 0) return false;
    --this.free;
    return true;
  }

  give() { ++this.free; }
}

/**
 * @typedef {object} FileSink one file being stored; each may throw a FileProblem, or reject with one
 * @property {(offer: object) => Promise<number>} open how many bytes of an earlier try are there, in v1 always 0
 * @property {(offset: number, size: number) => Promise<Uint8Array>} readBack empty at its end
 * @property {() => Promise<void>} restart forgets what an earlier try left
 * @property {(data: Uint8Array) => Promise<void>} write behind what is there
 * @property {() => Promise<void>} sync @property {() => Promise<any>} commit gives what `onFinished` tells
 * @property {() => void} discard @property {() => void} keep the transfer broke off: the next try may go on from here
 * @property {(offer: object) => {sha256: string, size: number} | null} [stored] the file of this id, stored a while ago
 */

const READ_BACK_BYTES = 1024 * 1024;

export class FileReceiver {
  #channel;
  #sink;
  #slots;
  #events;
  #resumable;
  #state = 'waiting'; // accepted, receiving, done, failed
  #holdsSlot = false;
  #holdsFile = false;
  #offer = null;
  #received = 0;
  #synced = 0;
  #digest = new Sha256();
  #line = Promise.resolve();
  #waiting = 0;

  /**
   * @param {import('./bulk-sender.js').FileChannel} channel @param {FileSink} sink @param {FileSlots} slots
   * @param {{onAccepted?: (offer: object) => void, onProgress?: (received: number) => void,
   *   onFinished: (problem: FileProblem | null, stored: any) => void}} events onFinished once, last; not for a file that
   *   was stored, and told, before
   * @param {boolean} resumable the channel's protocol is pairwire.file.v2
   */
  constructor(channel, sink, slots, events, resumable) {
    this.#channel = channel;
    this.#sink = sink;
    this.#slots = slots;
    this.#events = events;
    this.#resumable = resumable;
  }

  get state() { return this.#state; }
  get #over() { return this.#state === 'done' || this.#state === 'failed'; }

  /** What the channel tells. @param {string | ArrayBuffer} data */
  onMessage(data) {
    if (this.#over) return;
    const size = data.byteLength ?? data.length;
    this.#waiting += size;
    if (this.#waiting > MAX_WAITING_BYTES) return this.#fail('unexpected', 'the sender sends more than can be stored in time', true);
    this.#enqueue(async () => {
      this.#waiting -= size;
      if (typeof data === 'string') await this.#onText(data);
      else await this.#onData(new Uint8Array(data));
    });
  }

  /** Behind what came before; the one way out after which the next try goes on from here. */
  onClosed() {
    this.#enqueue(async () => {
      const problem = new FileProblem('connection_lost', 'the sender closed the transfer before its end');
      if (this.#holdsFile && this.#resumable) {
        this.#holdsFile = false;
        this.#sink.keep();
      }
      this.#end(problem);
    });
  }

  /** A second of time has passed: what came is put on the disk and said so. */
  onTick() {
    this.#enqueue(async () => {
      if (this.#state === 'receiving' && this.#resumable && this.#received > this.#synced) await this.#sync();
    });
  }

  cancel() {
    if (!this.#over) this.#fail('cancelled', 'the receiver gave up', true);
  }

  /** Resolves when all that came so far is dealt with. */
  settled() { return this.#line; }

  #enqueue(work) {
    this.#line = this.#line.then(async () => {
      if (this.#over) return;
      try {
        await work();
      } catch (error) {
        if (this.#over) return;
        if (error instanceof FileProblem) this.#fail(error.code, error.message, true);
        else this.#fail('cannot_store', `the file can not be stored: ${error.message}`, true);
      }
    });
  }

  async #onText(text) {
    let message;
    try {
      message = parseFileMessage(text);
    } catch (problem) {
      throw new FileProblem('bad_message', `the sender sent something unexpected: ${problem.message}`);
    }
    const { type } = message;
    if (type === 'error') return this.#fail(message.code, message.message, false);
    if (type === 'offer' && this.#state === 'waiting') return this.#takeOffer(message);
    if (type === 'from' && this.#state === 'accepted') return this.#takeFrom(message);
    if (type === 'end' && this.#state === 'receiving') return this.#takeEnd(message);
    throw new FileProblem('unexpected', 'the sender sent a message out of turn');
  }

  async #takeOffer(offer) {
    if (this.#resumable && offer.id === '') throw new FileProblem('bad_message', 'the offer has no id');
    this.#offer = offer;
    const stored = this.#resumable && offer.complete ? this.#sink.stored?.(offer) : null;
    if (stored) {
      this.#state = 'done';
      return this.#send({ type: 'done', sha256: stored.sha256, size: stored.size });
    }
    this.#holdsSlot = this.#slots.take();
    if (!this.#holdsSlot) return this.#refuse('too_many_files', 'too many files are coming in already');
    try {
      this.#holdsFile = true;
      const there = await this.#sink.open(offer);
      if (this.#over) return;
      if (this.#resumable) return await this.#accept(there);
    } catch (error) {
      return this.#over ? undefined : this.#refuse(error.code ?? 'cannot_store', error.message);
    }
    this.#state = 'receiving';
    this.#send({ type: 'accept' });
    this.#events.onAccepted?.(offer);
  }

  async #accept(there) {
    if (there > 0 && there <= this.#offer.size) {
      while (this.#received < there) {
        const piece = await this.#sink.readBack(this.#received, Math.min(READ_BACK_BYTES, there - this.#received));
        if (this.#over) return;
        if (piece.length === 0) break;
        this.#digest.update(piece);
        this.#received += piece.length;
      }
    }
    // What can not be read back, or is more than the file, is worth nothing: it begins anew.
    if (there !== this.#received) await this.#restart();
    if (this.#over) return;
    this.#synced = this.#received;
    this.#state = 'accepted';
    this.#send({
      type: 'accept', offset: this.#received, ...(this.#received > 0 ? { prefixSha256: this.#digest.hexSoFar() } : {}),
    });
    this.#events.onAccepted?.(this.#offer);
  }

  async #restart() {
    await this.#sink.restart();
    this.#digest = new Sha256();
    this.#received = this.#synced = 0;
  }

  async #takeFrom({ offset }) {
    if (offset === 0 && this.#received > 0) await this.#restart();
    if (offset !== this.#received) throw new FileProblem('resume_refused', 'the sender begins where nobody asked it to');
    this.#state = 'receiving';
    this.#events.onProgress?.(this.#received);
  }

  async #onData(data) {
    if (this.#state !== 'receiving') throw new FileProblem('unexpected', 'the sender sent data before its offer was accepted');
    if (data.length > this.#offer.size - this.#received) {
      throw new FileProblem('size_mismatch', 'the sender sent more than it announced');
    }
    await this.#sink.write(data);
    if (this.#over) return;
    this.#digest.update(data);
    this.#received += data.length;
    if (this.#resumable && this.#received - this.#synced >= SYNC_BYTES) await this.#sync();
    if (!this.#over) this.#events.onProgress?.(this.#received);
  }

  async #sync() {
    await this.#sink.sync();
    if (this.#over) return;
    this.#synced = this.#received;
    this.#send({ type: 'have', offset: this.#synced });
  }

  async #takeEnd({ sha256 }) {
    if (this.#received !== this.#offer.size) throw new FileProblem('size_mismatch', 'the sender sent less than it announced');
    if (this.#digest.hex() !== sha256) {
      throw new FileProblem('hash_mismatch', 'what arrived is not what was sent: the hashes differ');
    }
    const stored = await this.#sink.commit();
    if (this.#over) return;
    this.#holdsFile = false;
    this.#state = 'done';
    // When this can not be queued the connection is gone; the file is stored all the same.
    this.#send({ type: 'done', sha256, size: this.#received });
    this.#finish(null, stored);
  }

  #send(message) {
    try {
      this.#channel.send(JSON.stringify(message));
    } catch {
      // The channel is gone, and says so itself.
    }
  }

  #refuse(code, message) {
    this.#send({ type: 'refuse', code, message });
    this.#end(new FileProblem(code, message));
  }

  #fail(code, message, tell) {
    if (tell) this.#send({ type: 'error', code, message });
    this.#end(new FileProblem(code, message));
  }

  #end(problem) {
    this.#state = 'failed';
    if (this.#holdsFile) this.#sink.discard();
    this.#holdsFile = false;
    this.#channel.close();
    this.#finish(problem, null);
  }

  #finish(problem, stored) {
    if (this.#holdsSlot) this.#slots.give();
    this.#holdsSlot = false;
    const { onFinished } = this.#events;
    this.#events = {};
    onFinished(problem, stored);
  }
}
