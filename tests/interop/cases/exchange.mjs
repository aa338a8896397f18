// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The cases that every stack goes through against `pairwire-display --no-secret --echo`. A stack is
// `connect(programs, signal, options) -> {send, inbox, close, closed}`.

import { assertEqual, pattern } from '../lib/signaling.mjs';

const MIB = 1024 * 1024;

export function casesFor(connect, { largest }) {
  return {
    async 'text both ways'(programs, signal) {
      const peer = await connect(programs, signal);
      for (const text of ['hello', 'Grüße, 世界 🌍', '', 'x'.repeat(16_384)]) {
        peer.send(text);
        assertEqual(await peer.inbox.next(), text, 'text');
      }
      await peer.close();
    },

    async '1 MiB of binary both ways'(programs, signal) {
      const peer = await connect(programs, signal);
      const whole = pattern(MIB);
      const piece = Math.min(largest, MIB);
      for (let at = 0; at < MIB; at += piece) peer.send(whole.subarray(at, at + piece));
      for (let at = 0; at < MIB; at += piece) {
        assertEqual(await peer.inbox.next(), whole.subarray(at, at + piece), `binary at ${at}`);
      }
      await peer.close();
    },

    async '1 byte and an empty binary message'(programs, signal) {
      const peer = await connect(programs, signal);
      for (const size of [1, 0]) {
        peer.send(pattern(size));
        const echoed = await peer.inbox.next();
        assertEqual(echoed.length, size, 'length');
      }
      await peer.close();
    },

    async '1,000 numbered messages, once and in order'(programs, signal) {
      const peer = await connect(programs, signal);
      for (let i = 0; i < 1000; ++i) peer.send(String(i));
      for (let i = 0; i < 1000; ++i) assertEqual(await peer.inbox.next(), String(i), 'number');
      await peer.close();
    },

    async 'ten sessions in a row'(programs, signal) {
      for (let i = 0; i < 10; ++i) {
        const peer = await connect(programs, signal);
        peer.send(`round ${i}`);
        assertEqual(await peer.inbox.next(), `round ${i}`, 'text');
        await peer.close();
      }
    },
  };
}
