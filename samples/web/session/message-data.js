// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What an application gives and gets as a message, and its bytes.

import { fromUtf8, utf8 } from '../auth-bytes.js';

/** @param {string | ArrayBuffer | ArrayBufferView} data @returns {Uint8Array} */
export function bytesOf(data) {
  if (typeof data === 'string') return utf8(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Text that is none is shown as far as it is. @param {Uint8Array} bytes of its own @returns {string | ArrayBuffer} */
export function dataOf(isText, bytes) {
  if (!isText) return bytes.buffer;
  try {
    return fromUtf8(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
