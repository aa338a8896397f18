// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// States: for each key the newest value reaches the other end, and none goes back to an older one:
// peer/delivery/state_table.h in JavaScript. The lane loses and reorders; versions, which rise over all
// keys, and acknowledgements of single versions mend that. Pure; times are milliseconds.

import { utf8 } from '../auth-bytes.js';
import {
  Channel, FrameType, MAX_STATE_ACKS, MAX_STATE_KEY_BYTES, MAX_STATE_VALUE_BYTES, makeFrame, stateKeyPayload, stateValuePayload,
} from './frames.js';
import { SessionError } from './session-error.js';

/** Keys that were deleted count: both ends remember their versions as long as the session lives. */
export const MAX_STATE_KEYS = 1024;
/** Keys and values together, at the sender. The receiver keeps no values. */
export const MAX_STATE_BYTES = 1024 * 1024;
/** A version is sent again after one and a half round trips, but not sooner. */
export const MIN_RESEND_MS = 50;

function checkKey(key) {
  const size = typeof key === 'string' ? utf8(key).length : 0;
  if (size < 1 || size > MAX_STATE_KEY_BYTES) throw new SessionError('invalid_argument', "A state's key has 1 to 64 bytes.");
  return size;
}

export class StateSender {
  #entries = new Map(); // by key; each is in #dirty or in #sent, or in neither when acknowledged
  #dirty = new Set(); // in the order in which they became dirty
  #sent = new Map(); // entry -> when to send it again
  #byVersion = new Map(); // of the unacknowledged
  #lastVersion = 0;
  #bytes = 0;
  #resendAfter = MIN_RESEND_MS;
  #deadline; // undefined: to be found anew

  get bytes() { return this.#bytes; }
  get keys() { return this.#entries.size; }
  get hasDirty() { return this.#dirty.size > 0; }

  /** Copies. Throws invalid_argument, message_too_large, limit_exceeded; then nothing changes. */
  set(key, kind, value) {
    const keyBytes = checkKey(key);
    if (value.length > MAX_STATE_VALUE_BYTES) throw new SessionError('message_too_large', "A state's value has at most 16 KiB.");
    const old = this.#entries.get(key);
    if (!old && this.#entries.size === MAX_STATE_KEYS) {
      throw new SessionError('limit_exceeded', 'A session has at most 1024 keys of states.');
    }
    const bytes = this.#bytes + value.length - (old ? old.value.length : -keyBytes);
    if (bytes > MAX_STATE_BYTES) throw new SessionError('limit_exceeded', 'The states of a session have at most 1 MiB.');
    const entry = old ?? { key };
    this.#entries.set(key, entry);
    this.#bytes = bytes;
    Object.assign(entry, { kind, value: value.slice(), deleted: false });
    this.#renew(entry);
  }

  /** A key that was never set: nothing to do. */
  clear(key) {
    checkKey(key);
    const entry = this.#entries.get(key);
    if (!entry || entry.deleted) return;
    this.#bytes -= entry.value.length;
    Object.assign(entry, { value: new Uint8Array(0), deleted: true });
    this.#renew(entry);
  }

  #renew(entry) {
    this.#byVersion.delete(entry.version);
    entry.version = ++this.#lastVersion;
    this.#byVersion.set(entry.version, entry);
    entry.acked = false;
    this.#markDirty(entry);
  }

  #markDirty(entry) {
    // What waits already keeps its place: a key that changes all the time must not starve.
    if (this.#dirty.has(entry)) return;
    this.#unschedule(entry);
    this.#dirty.add(entry);
  }

  #unschedule(entry) {
    this.#dirty.delete(entry);
    this.#deadline = undefined;
    this.#sent.delete(entry);
  }

  /** The next frame to send, the longest waiting first, which counts as sent now; null: none. */
  nextToSend(now) {
    if ((this.deadline ?? Infinity) <= now) {
      const due = [...this.#sent].filter(([, at]) => at <= now).sort(([, a], [, b]) => a - b);
      for (const [entry] of due) this.#markDirty(entry);
    }
    const entry = this.#dirty.values().next().value;
    if (!entry) return null;
    const frame = makeFrame(
      { type: entry.deleted ? FrameType.STATE_DELETE : FrameType.STATE_SET, chan: Channel.STATE, seq: entry.version },
      entry.deleted ? stateKeyPayload(entry.key) : stateValuePayload(entry));
    this.#unschedule(entry);
    this.#sent.set(entry, now + this.#resendAfter);
    return frame;
  }

  /** For the resending that follows. */
  setRoundTrip(ms) {
    this.#resendAfter = Math.max(MIN_RESEND_MS, ms * 1.5);
  }

  /** When something has to be sent again, if nothing else happens, or null. */
  get deadline() {
    if (this.#deadline === undefined) {
      this.#deadline = null;
      for (const at of this.#sent.values()) this.#deadline = Math.min(this.#deadline ?? at, at);
    }
    return this.#deadline;
  }

  /** The other end has this version. */
  onAcked(version) {
    const entry = this.#byVersion.get(version);
    if (!entry) return; // there is a newer one, or it is a repetition
    entry.acked = true;
    this.#unschedule(entry);
    this.#byVersion.delete(version);
  }

  /** A new link: what of the old one arrived nobody knows. */
  markAllDirty() {
    for (const entry of this.#entries.values()) {
      if (!entry.acked) this.#markDirty(entry);
    }
  }
}

export class StateReceiver {
  #versions = new Map();
  #acks = new Map(); // at most one a key: the newest

  get hasAcks() { return this.#acks.size > 0; }

  /** 'deliver', 'old', or 'violation': more keys than there may be. Each but that is acknowledged by takeAcks. */
  onVersion(key, version) {
    const known = this.#versions.get(key);
    if (known === undefined && this.#versions.size === MAX_STATE_KEYS) return 'violation';
    const newer = version > (known ?? 0);
    if (newer) this.#versions.set(key, version);
    // An older one needs no answer: who sent it has long gone on to the newer one.
    if (newer || version === known) this.#acks.set(key, version);
    return newer ? 'deliver' : 'old';
  }

  /** Up to MAX_STATE_ACKS versions to acknowledge; empty: none. */
  takeAcks() {
    const versions = [];
    for (const [key, version] of this.#acks) {
      if (versions.length === MAX_STATE_ACKS) break;
      versions.push(version);
      this.#acks.delete(key);
    }
    return versions;
  }
}
