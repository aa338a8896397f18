// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A controller's side of docs/relay.md, written from the document and not from our own client: pairs, opens
// the WebSocket, hands offers and candidates to `stack` and sends its answers back.

import WebSocket from 'ws';

/**
 * @param {string} relay
 * @param {string} code
 * @param {{onOffer: (sdp: string) => Promise<void>, onCandidate: (data: object) => Promise<void>}} stack
 */
export async function join(relay, code, stack, signal) {
  const response = await fetch(new URL('/api/sessions/pair', relay), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, name: 'interop' }),
    signal,
  });
  const body = await response.json();
  if (response.status !== 200) throw new Error(`pair answered ${response.status} ${JSON.stringify(body)}`);
  const url = new URL(body.wsUrl, relay);
  url.protocol = 'ws:';
  const socket = new WebSocket(url, ['pairwire.v1'], {
    headers: { authorization: `Bearer ${body.controllerToken}` },
  });
  const giveUp = () => socket.terminate();
  signal.addEventListener('abort', giveUp);
  socket.on('close', () => signal.removeEventListener('abort', giveUp));
  let steps = Promise.resolve();
  const failed = new Promise((_, reject) => {
    socket.on('error', reject);
    socket.on('message', (text) => {
      const { type, data } = JSON.parse(text);
      if (type === 'error') reject(new Error(`the relay says ${data.code}: ${data.message}`));
      // In order: a candidate must not overtake its offer.
      if (type === 'webrtc:offer') steps = steps.then(() => stack.onOffer(data.sdp)).catch(reject);
      if (type === 'webrtc:ice-candidate') steps = steps.then(() => stack.onCandidate(data)).catch(reject);
    });
  });
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    failed.catch(reject);
  });
  return {
    failed,
    answer: (sdp) => socket.send(JSON.stringify({ type: 'webrtc:answer', data: { sdp } })),
    candidate: (data) => socket.send(JSON.stringify({ type: 'webrtc:ice-candidate', data })),
    close: () => socket.close(),
  };
}

/** Messages of a channel, waited for one at a time. */
export class Inbox {
  #messages = [];
  #waiting = [];

  push(message) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter(message);
    else this.#messages.push(message);
  }

  next() {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Bytes that are not all alike, so that a swap of pieces shows. */
export function pattern(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; ++i) bytes[i] = (i * 31 + (i >> 8) * 7) & 0xff;
  return bytes;
}

export function assertEqual(actual, expected, what) {
  const same = Buffer.isBuffer(expected) ? Buffer.compare(Buffer.from(actual), expected) === 0 : actual === expected;
  if (!same) throw new Error(`${what} differs: got ${String(actual).slice(0, 80)}`);
}
