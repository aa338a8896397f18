// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Google's libwebrtc, by @roamhq/wrtc.

import { webcrypto } from 'node:crypto';
import wrtc from '@roamhq/wrtc';
import { emit, serve, versionOf } from '../lib/stdio.mjs';
import { W3cPeer } from '../lib/w3c-peer.mjs';

const peer = new W3cPeer({
  RTCPeerConnection: wrtc.RTCPeerConnection,
  subtle: webcrypto.subtle,
  emit,
  quirks: { noLimit: 65535 },
});
serve((command) => peer.handle(command));
emit({ event: 'ready', peer: 'wrtc', version: versionOf('@roamhq/wrtc') });
