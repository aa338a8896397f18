// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Google's libwebrtc, by @roamhq/wrtc. It gathers on every address but loopback, and there is no option for that: where both
// ends are on one machine the packets still travel by its loopback device. The binding has no bufferedamountlow
// (https://github.com/node-webrtc/node-webrtc/issues/305), so the sender asks.

import { load, run } from '../lib/bench-peer.mjs';
import { w3cEnd } from '../lib/w3c-end.mjs';

run('wrtc', '@roamhq/wrtc', w3cEnd(load('@roamhq/wrtc').RTCPeerConnection, { polled: true }));
