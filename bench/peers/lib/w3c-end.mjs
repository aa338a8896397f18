// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// An end of a bench connection over anything shaped like W3C's RTCPeerConnection.

import { LOW_BYTES } from './bench-peer.mjs';

/**
 * @param {Function} RTCPeerConnection
 * @param {object} quirks  config: (address) => more for the constructor; buffered: (channel, size of the messages) => bytes
 *                         that wait; polled: there is no bufferedamountlow, so its time is found by asking; lookEvery: as above
 */
export function w3cEnd(RTCPeerConnection, quirks = {}) {
  return class End {
    #early = [];
    #described = false;

    constructor({ offer, address, ordered = true, maxRetransmits, events }) {
      Object.assign(this, { events, options: { ordered, ...(maxRetransmits == null ? {} : { maxRetransmits }) } });
      this.connection = new RTCPeerConnection({ iceServers: [], ...quirks.config?.(address) });
      this.connection.onicecandidate = ({ candidate }) => {
        if (!candidate?.candidate) return;
        events.candidate({ candidate: candidate.candidate, sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex });
      };
      if (!offer) this.connection.ondatachannel = ({ channel }) => this.#adopt(channel);
    }

    async start() {
      this.#adopt(this.connection.createDataChannel('bench', this.options));
      await this.#describe(await this.connection.createOffer());
    }

    async #describe(description) {
      await this.connection.setLocalDescription(description);
      this.events.description({ type: description.type, sdp: this.connection.localDescription.sdp });
    }

    async remote({ type, sdp }) {
      await this.connection.setRemoteDescription({ type, sdp });
      this.#described = true;
      for (const candidate of this.#early.splice(0)) await this.candidate(candidate);
      if (type === 'offer') await this.#describe(await this.connection.createAnswer());
    }

    async candidate({ candidate, sdpMid, sdpMLineIndex }) {
      if (!this.#described) return void this.#early.push({ candidate, sdpMid, sdpMLineIndex });
      await this.connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex });
    }

    #adopt(channel) {
      this.channel = channel;
      channel.binaryType = 'arraybuffer';
      channel.bufferedAmountLowThreshold = LOW_BYTES;
      channel.onbufferedamountlow = () => this.events.low();
      channel.onmessage = ({ data }) => this.events.message(data, data.byteLength);
      let told = false;
      const open = () => {
        if (told) return;
        told = true;
        this.events.open();
      };
      channel.onopen = open;
      if (channel.readyState === 'open') open();
    }

    send(message) {
      this.channel.send(message);
    }

    buffered(size) {
      return quirks.buffered ? quirks.buffered(this.channel, size) : this.channel.bufferedAmount;
    }

    get lookEvery() {
      return quirks.lookEvery;
    }

    get polled() {
      return quirks.polled === true;
    }

    close() {
      this.connection.close();
    }
  };
}
