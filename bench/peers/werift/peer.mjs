// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// werift: WebRTC in TypeScript. It gathers on every address but loopback; `address` is added. Its bufferedAmount falls as soon
// as a message is cut into chunks, whether or not the window lets them go: a sender that trusts it fills a queue whose
// handling costs more with each chunk. So this one looks at the queue itself.

import { load, run } from '../lib/bench-peer.mjs';
import { w3cEnd } from '../lib/w3c-end.mjs';

const CHUNK_BYTES = 1200;
const SMALL_MESSAGE_WEIGHT = 16 * 1024;  // a waiting message costs as much as a chunk: 64 small ones may wait

const quirks = {
  config: (address) => ({ iceUseIpv6: false, ...(address ? { iceAdditionalHostAddresses: [address] } : {}) }),
  buffered: ({ bufferedAmount, sctp: { sctp } }, size) =>
    bufferedAmount + (sctp.outboundQueue.length + sctp.sentQueue.length) * (size < CHUNK_BYTES ? SMALL_MESSAGE_WEIGHT : CHUNK_BYTES),
  polled: true,
  lookEvery: 16,
};
run('werift', 'werift', w3cEnd(load('werift').RTCPeerConnection, quirks));
