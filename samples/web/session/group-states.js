// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The states of a group, kept for members that come later: what group_core.h keeps of them. Pure. Not here: who has
// them (group.js).

import { utf8 } from '../auth-bytes.js';
import { MAX_STATE_KEY_BYTES, MAX_STATE_VALUE_BYTES } from './frames.js';
import { SessionError } from './session-error.js';
import { MAX_STATE_BYTES, MAX_STATE_KEYS } from './state-table.js';

/** @typedef {{value: Uint8Array, give: (session: object) => void}} GroupState how a session gets it */

function sizeOf(key) {
  const size = typeof key === 'string' ? utf8(key).length : 0;
  if (size < 1 || size > MAX_STATE_KEY_BYTES) throw new SessionError('invalid_argument', "A state's key has 1 to 64 bytes.");
  return size;
}

export class GroupStates {
  #states = new Map(); // {bytes, state} by key
  #bytes = 0; // keys and values

  /** @returns {IterableIterator<GroupState>} in the order in which their keys were set first */
  *[Symbol.iterator]() {
    for (const { state } of this.#states.values()) yield state;
  }

  /** Throws SessionError: invalid_argument, message_too_large, limit_exceeded; then nothing changes. @param {GroupState} state */
  set(key, state) {
    const bytes = sizeOf(key) + state.value.length;
    if (state.value.length > MAX_STATE_VALUE_BYTES) throw new SessionError('message_too_large', "A state's value has at most 16 KiB.");
    const old = this.#states.get(key);
    if (!old && this.#states.size === MAX_STATE_KEYS) throw new SessionError('limit_exceeded', 'A group has at most 1024 keys of states.');
    const all = this.#bytes - (old?.bytes ?? 0) + bytes;
    if (all > MAX_STATE_BYTES) throw new SessionError('limit_exceeded', 'The states of a group have at most 1 MiB.');
    this.#bytes = all;
    this.#states.set(key, { bytes, state });
  }

  /** A key that is not there: nothing to do. Throws SessionError: invalid_argument. */
  clear(key) {
    sizeOf(key);
    this.#bytes -= this.#states.get(key)?.bytes ?? 0;
    this.#states.delete(key);
  }
}
