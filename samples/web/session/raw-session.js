// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A session with an end that knows no session layer: one raw channel, which lives as long as its connection.

import { sendFile } from '../file-transfer.js';

/**
 * A direct connection to the other end. Events: `message` (MessageEvent: string or ArrayBuffer), `channel` (detail:
 * an RTCDataChannel that the other end opened; without a listener it is closed), `close` (detail: code, reason).
 * Messages that came before the first `message` listener are delivered to it.
 */
export class RawSession extends EventTarget {
  #link;
  #listening = false;
  #takesChannels = false;
  #closed = false;

  /** @param {import('./link.js').PeerLink} link @param {{name: string, authenticated: boolean}} peer */
  constructor(link, peer) {
    super();
    this.#link = link;
    this.peer = peer;
    link.onChannel = (channel) => {
      if (this.#takesChannels) this.dispatchEvent(new CustomEvent('channel', { detail: { channel } }));
      else channel.close();
    };
  }

  addEventListener(type, ...rest) {
    super.addEventListener(type, ...rest);
    if (type === 'channel') this.#takesChannels = true;
    if (type !== 'message' || this.#listening) return;
    this.#listening = true;
    queueMicrotask(() => {
      this.#link.listen((lane, data) => this.dispatchEvent(new MessageEvent('message', { data })));
    });
  }

  /** Throws as RTCDataChannel.send does. @param {string | ArrayBuffer | ArrayBufferView | Blob} data */
  send(data) {
    this.#link.send('control', data);
  }

  get bufferedAmount() {
    return this.#link.buffered('control');
  }

  /**
   * Sends one file on a channel of its own (docs/file-transfer.md).
   * @param {File} file
   * @param {(sent: number, size: number) => void} [onProgress]
   * @returns {Promise<{sha256: string, size: number}>} once the other end has stored it
   */
  sendFile(file, onProgress = () => {}) {
    return sendFile(this.#link, file, onProgress);
  }

  /** @returns {Promise<'direct' | 'relayed'>} */
  path() {
    return this.#link.path();
  }

  /** The page goes. */
  leave() {
    this.close();
  }

  close() {
    this.end('closed', 'Closed.');
  }

  /** For whoever made the session: its link ended. */
  end(code, reason) {
    if (this.#closed) return;
    this.#closed = true;
    this.#link.close();
    this.dispatchEvent(new CustomEvent('close', { detail: { code, reason } }));
  }
}
