// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// werift: WebRTC in TypeScript. It gathers on every address but loopback; `address` is added. Its bufferedAmount falls as soon
// as a message is cut into chunks, whether or not the window lets them go: a sender that trusts it fills a queue whose
// handling costs more with each chunk. So this one looks at the queue itself.

import { load, run } from '../lib/bench-peer.mjs';
import { w3cEnd } from '../lib/w3c-end.mjs';

const CHUNK_BYTES = 1200;

const quirks = {
  config: (address) => ({ iceUseIpv6: false, ...(address ? { iceAdditionalHostAddresses: [address] } : {}) }),
  buffered: ({ bufferedAmount, sctp: { sctp } }) => bufferedAmount + (sctp.outboundQueue.length + sctp.sentQueue.length) * CHUNK_BYTES,
  polled: true,
};
run('werift', 'werift', w3cEnd(load('werift').RTCPeerConnection, quirks));
