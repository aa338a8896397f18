// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// libdatachannel, by its Node binding's native API (its W3C layer would be one more to pay for).

import { LOW_BYTES, load, run } from '../lib/bench-peer.mjs';

const { PeerConnection, preload } = load('node-datachannel');
preload();

class End {
  #early = [];
  #described = false;

  constructor({ offer, address, ordered = true, maxRetransmits, events }) {
    Object.assign(this, { events, options: { unordered: !ordered, ...(maxRetransmits == null ? {} : { maxRetransmits }) } });
    this.connection = new PeerConnection('bench', { iceServers: [], ...(address ? { bindAddress: address } : {}) });
    this.connection.onLocalDescription((sdp, type) => events.description({ type, sdp }));
    this.connection.onLocalCandidate((candidate, sdpMid) => events.candidate({ candidate, sdpMid, sdpMLineIndex: 0 }));
    if (!offer) this.connection.onDataChannel((channel) => this.#adopt(channel));
  }

  start() {
    this.#adopt(this.connection.createDataChannel('bench', this.options));  // and offers by itself
  }

  remote({ type, sdp }) {
    this.connection.setRemoteDescription(sdp, type);
    this.#described = true;
    for (const candidate of this.#early.splice(0)) this.candidate(candidate);
  }

  candidate(candidate) {
    if (!this.#described) return void this.#early.push(candidate);
    this.connection.addRemoteCandidate(candidate.candidate, candidate.sdpMid ?? '0');
  }

  #adopt(channel) {
    this.channel = channel;
    channel.setBufferedAmountLowThreshold(LOW_BYTES);
    channel.onBufferedAmountLow(() => this.events.low());
    channel.onMessage((data) => this.events.message(data, data.length ?? data.byteLength));
    let told = false;
    const open = () => {
      if (told) return;
      told = true;
      this.events.open();
    };
    channel.onOpen(open);
    if (channel.isOpen()) open();
  }

  send(message) {
    this.channel.sendMessageBinary(message);
  }

  buffered() {
    return this.channel.bufferedAmount();
  }

  close() {
    this.connection.close();
  }
}

run('node-datachannel', 'node-datachannel', End);
