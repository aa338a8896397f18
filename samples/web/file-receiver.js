// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Where a display page keeps files that come in (docs/file-transfer.md): as Blobs, which the browser keeps where it has
// room. Nothing that is not whole, and of the right hash, is given out. What each message means: session/bulk-receiver.js.

import { FILE_LABEL, FILE_PROTOCOL, FileProblem, RESUMABLE_FILE_PROTOCOL } from './session/bulk-messages.js';
import { FileReceiver, FileSlots } from './session/bulk-receiver.js';

// A page can not ask how much room there is; what is larger belongs to a program.
export const MAX_FILE_BYTES = 1024 ** 3;
// Of unfinished files, so that the next try goes on; and of stored ones, of whose end the sender has not heard.
const MAX_KEPT = 4;
const MAX_STORED = 20;
// Bytes in memory until they are handed to the browser as a Blob.
const FOLD_BYTES = 8 * 1024 * 1024;
const TICK_MS = 1_000;

/** Takes the part behind the last slash, without control characters, leading dots and blanks. */
export function plainName(name) {
  const last = name.split(/[/\\]/).at(-1).replace(/[\p{Cc}\p{Cf}]/gu, '').replace(/^[. ]+/, '').trim();
  return last.slice(0, 120) || 'file';
}

function putBounded(map, key, value, most) {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value);
}

/** Up to four files at a time, each on a channel of its own. */
export class IncomingFiles {
  #slots = new FileSlots();
  #kept = new Map();
  #stored = new Map();
  #events;

  /** @param {{onProgress?: (name: string, got: number, size: number) => void, onFile: (file: {name: string, blob: Blob, sha256: string}) => void}} events */
  constructor(events) {
    this.#events = events;
  }

  /** @param {RTCDataChannel} channel that the other end opened; what is no file is closed */
  take(channel) {
    const resumable = channel.protocol === RESUMABLE_FILE_PROTOCOL;
    if (channel.label !== FILE_LABEL || (!resumable && channel.protocol !== FILE_PROTOCOL)) {
      channel.close();
      return;
    }
    channel.binaryType = 'arraybuffer';
    let offered = null;
    let sha256 = '';
    const sink = new BlobSink(this.#kept, this.#stored);
    const receiver = new FileReceiver(channel, sink, this.#slots, {
      onAccepted: (offer) => { offered = offer; },
      onProgress: (got) => this.#events.onProgress?.(plainName(offered.name), got, offered.size),
      onFinished: (problem, file) => {
        clearInterval(tick);
        if (!problem) this.#onStored(offered, { ...file, sha256 });
      },
    }, resumable);
    const tick = setInterval(() => receiver.onTick(), TICK_MS);
    channel.onmessage = ({ data }) => {
      // The receiver holds what comes against it.
      sha256 = saidHash(data) ?? sha256;
      receiver.onMessage(data);
    };
    channel.onclose = () => {
      clearInterval(tick);
      receiver.onClosed();
    };
  }

  #onStored({ id, size }, file) {
    if (id) putBounded(this.#stored, id, { sha256: file.sha256, size }, MAX_STORED);
    this.#events.onFile(file);
  }
}

function saidHash(data) {
  if (typeof data !== 'string') return null;
  try {
    const message = JSON.parse(data);
    return message.type === 'end' ? message.sha256 : null;
  } catch {
    return null;
  }
}

/** A FileSink of session/bulk-receiver.js. */
class BlobSink {
  #kept;
  #stored;
  #offer = null;
  #parts = [];
  #folded = [];
  #unfolded = 0;

  constructor(kept, stored) {
    this.#kept = kept;
    this.#stored = stored;
  }

  stored({ id }) {
    return this.#stored.get(id) ?? null;
  }

  async open(offer) {
    if (offer.size > MAX_FILE_BYTES) throw new FileProblem('disk_full', 'a page takes files of at most 1 GiB');
    this.#offer = offer;
    const there = this.#kept.get(offer.id);
    this.#kept.delete(offer.id);
    this.#folded = there ? [there] : [];
    return there?.size ?? 0;
  }

  async readBack(offset, size) {
    return new Uint8Array(await new Blob(this.#folded).slice(offset, offset + size).arrayBuffer());
  }

  async restart() {
    this.discard();
  }

  async write(data) {
    this.#parts.push(data);
    this.#unfolded += data.length;
    if (this.#unfolded >= FOLD_BYTES) this.#fold();
  }

  async sync() {}

  async commit() {
    this.#fold();
    return { name: plainName(this.#offer.name), blob: new Blob(this.#folded) };
  }

  discard() {
    this.#parts = this.#folded = [];
    this.#unfolded = 0;
  }

  keep() {
    this.#fold();
    const blob = new Blob(this.#folded);
    if (blob.size > 0) putBounded(this.#kept, this.#offer.id, blob, MAX_KEPT);
  }

  #fold() {
    this.#folded = [...this.#folded, new Blob(this.#parts)];
    this.#parts = [];
    this.#unfolded = 0;
  }
}
