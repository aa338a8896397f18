// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// werift: WebRTC in TypeScript. Its max-message-size is set to 256 KiB, what browsers send; its default is 64 KiB.

import { webcrypto } from 'node:crypto';
import { RTCPeerConnection } from 'werift';
import { emit, serve, versionOf } from '../lib/stdio.mjs';
import { W3cPeer } from '../lib/w3c-peer.mjs';

const peer = new W3cPeer({
  RTCPeerConnection,
  subtle: webcrypto.subtle,
  emit,
  quirks: { config: { maxMessageSize: 256 * 1024 }, bytes: (data) => Buffer.from(data) },
});
serve((command) => peer.handle(command));
emit({ event: 'ready', peer: 'werift', version: versionOf('werift') });
