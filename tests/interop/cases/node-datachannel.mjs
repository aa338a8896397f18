// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// libdatachannel, by its Node binding's native API.

import nodeDataChannel from 'node-datachannel';
import { Inbox, join } from '../lib/signaling.mjs';
import { casesFor } from './exchange.mjs';

const { PeerConnection } = nodeDataChannel;

async function connect(programs, signal) {
  const peer = new PeerConnection('interop', { iceServers: [], maxMessageSize: 1024 * 1024 });
  const inbox = new Inbox();
  const waiting = [];
  let relay = null;
  const tell = (action) => (relay ? action(relay) : waiting.push(action));
  const channel = new Promise((resolve) => peer.onDataChannel(resolve));
  peer.onLocalDescription((sdp) => tell((to) => to.answer(sdp)));
  peer.onLocalCandidate((candidate, mid) => tell((to) => to.candidate({ candidate, sdpMid: mid, sdpMLineIndex: 0 })));
  relay = await join(programs.url, await programs.nextCode(), {
    onOffer: async (sdp) => peer.setRemoteDescription(sdp, 'offer'),
    onCandidate: async (data) => {
      if (data.candidate) peer.addRemoteCandidate(data.candidate, data.sdpMid);
    },
  }, signal);
  waiting.splice(0).forEach((action) => action(relay));
  const dataChannel = await Promise.race([channel, relay.failed]);
  dataChannel.onMessage((message) => inbox.push(message));
  await programs.display.event('connected', (event) => event.path === 'direct');
  relay.close();
  return {
    inbox,
    send: (data) => (typeof data === 'string' ? dataChannel.sendMessage(data) : dataChannel.sendMessageBinary(data)),
    close: async () => {
      peer.close();
      await programs.display.event('closed');
    },
  };
}

export const cases = casesFor(connect, { largest: 1024 * 1024 });

export async function close() {
  nodeDataChannel.cleanup();
}
