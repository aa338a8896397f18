// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Google's libwebrtc, by @roamhq/wrtc. It sends messages of 256 KiB at most.

import wrtc from '@roamhq/wrtc';
import { Inbox, join } from '../lib/signaling.mjs';
import { casesFor } from './exchange.mjs';

async function connect(programs, signal) {
  const peer = new wrtc.RTCPeerConnection();
  const inbox = new Inbox();
  let relay = null;
  const early = [];
  peer.onicecandidate = ({ candidate }) => {
    const data = candidate ? candidate.toJSON() : { candidate: '' };
    if (relay) relay.candidate(data);
    else early.push(data);
  };
  const channel = new Promise((resolve) => {
    peer.ondatachannel = (event) => {
      event.channel.binaryType = 'arraybuffer';
      event.channel.onmessage = ({ data }) => inbox.push(typeof data === 'string' ? data : Buffer.from(data));
      resolve(event.channel);
    };
  });
  relay = await join(programs.url, await programs.nextCode(), {
    onOffer: async (sdp) => {
      await peer.setRemoteDescription({ type: 'offer', sdp });
      const answer = await peer.createAnswer();
      await peer.setLocalDescription(answer);
      relay.answer(peer.localDescription.sdp);
    },
    onCandidate: async (data) => {
      if (data.candidate) await peer.addIceCandidate(data);
    },
  }, signal);
  early.splice(0).forEach((data) => relay.candidate(data));
  const dataChannel = await Promise.race([channel, relay.failed]);
  if (dataChannel.readyState !== 'open') await new Promise((resolve) => { dataChannel.onopen = resolve; });
  await programs.display.event('connected', (event) => event.path === 'direct');
  relay.close();
  return {
    inbox,
    send: (data) => dataChannel.send(data),
    close: async () => {
      peer.close();
      await programs.display.event('closed');
    },
  };
}

export const cases = casesFor(connect, { largest: 256 * 1024 });
