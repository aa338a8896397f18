// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The peer protocol of ../../README.md over anything shaped like W3C's RTCPeerConnection: libwebrtc's Node binding, werift,
// and the browsers, whose page loads this very file. Nothing of Node.js here.

const KEEP_BUFFERED_BELOW = 1024 * 1024;

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes or text that both ends of a test can make for themselves. */
export function payload({ size, kind, seed = 0 }) {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; ++i) bytes[i] = kind === 'text' ? 97 + ((seed + i) % 26) : (seed * 31 + i * 7) % 251;
  return kind === 'text' ? new TextDecoder().decode(bytes) : bytes;
}

export function numbered(number, size) {
  return `${number} `.padEnd(size, '.');
}

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

export class W3cPeer {
  #channels = new Map();  // label -> {channel, sending: the end of its queue}
  #work = Promise.resolve();
  #reports = Promise.resolve();  // digests take their turn, so that events keep their order
  #early = [];
  #connection = null;
  #trickle = true;
  #created = 0;
  #state = 'new';

  /**
   * @param {object} stack
   *   RTCPeerConnection  the class
   *   subtle             SubtleCrypto, for digests
   *   emit               (event) => void
   *   quirks             {config: more for the constructor, bytes: Uint8Array -> what send() takes, noLimit: what stands for null}
   */
  constructor({ RTCPeerConnection, subtle, emit, quirks = {} }) {
    Object.assign(this, { RTCPeerConnection, subtle, emit, quirks });
  }

  /** Commands are carried out one after the other, as they came. */
  handle(command) {
    this.#work = this.#work.then(() => this.#run(command)).catch((error) => this.#fail(command.cmd, error));
    return this.#work;
  }

  #fail(cmd, error) {
    this.emit({ event: 'error', cmd, message: `${error?.name ?? 'Error'}: ${error?.message ?? error}` });
  }

  #report(event) {
    this.#reports = this.#reports.then(() => this.emit(event));
  }

  async #run(command) {
    const connection = this.#connection;
    switch (command.cmd) {
      case 'create': return this.#create(command.config ?? {});
      case 'channel': return this.#open(command);
      case 'offer': return this.#describe(await connection.createOffer({ iceRestart: command.iceRestart === true }));
      case 'remote': return this.#remote(command);
      case 'candidate': return this.#candidate(command);
      case 'send': return this.#enqueue(command, (entry) => this.#sendOne(entry, command));
      case 'stream': return this.#enqueue(command, (entry) => this.#stream(entry, command));
      case 'close-channel': return this.#channels.get(command.label)?.channel.close();
      case 'close': return this.#close();
      case 'stats': return this.emit({ event: 'stats', report: Object.fromEntries(await connection.getStats()) });
      default: throw new Error('no such command');
    }
  }

  async #close() {
    for (const entry of this.#channels.values()) entry.abandoned = true;
    await this.#connection?.close();
    this.#reportState('closed');  // W3C tells nobody of the own close
  }

  #reportState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#report({ event: 'state', state, ms: this.#ms() });
  }

  #ms() {
    return Math.round((performance.now() - this.#created) * 10) / 10;
  }

  #create({ iceServers = [], iceTransportPolicy = 'all', bundlePolicy = 'balanced', audio = false, trickle = true }) {
    for (const entry of this.#channels.values()) entry.abandoned = true;
    this.#connection?.close();
    this.#channels.clear();
    this.#state = 'new';
    this.#early = [];
    this.#trickle = trickle;
    this.#created = performance.now();
    const connection = new this.RTCPeerConnection({ iceServers, iceTransportPolicy, bundlePolicy, ...this.quirks.config });
    this.#connection = connection;
    if (audio) connection.addTransceiver('audio');
    const mine = (handler) => (event) => {
      if (this.#connection === connection) handler(event);
    };
    connection.onicecandidate = mine(({ candidate }) => {
      if (!this.#trickle) return;
      const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate ?? { candidate: '', sdpMid: '0', sdpMLineIndex: 0 };
      this.emit({ event: 'candidate', candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
    });
    connection.onconnectionstatechange = mine(() => {
      this.#reportState(connection.connectionState);
      if (connection.connectionState === 'connected') this.#reportSelected(connection);
    });
    connection.oniceconnectionstatechange = mine(() => {
      this.emit({ event: 'ice-state', state: connection.iceConnectionState });
    });
    connection.onnegotiationneeded = mine(() => this.emit({ event: 'negotiation-needed' }));
    connection.ondatachannel = mine(({ channel }) => {
      const { label, id, ordered, protocol, negotiated } = channel;
      const limit = (value) => (value == null || value === this.quirks.noLimit ? null : value);
      const [maxRetransmits, maxPacketLifeTime] = [limit(channel.maxRetransmits), limit(channel.maxPacketLifeTime)];
      this.#report({ event: 'channel', label, id, ordered, maxRetransmits, maxPacketLifeTime, protocol, negotiated });
      this.#adopt(channel);
    });
  }

  #reportSelected(connection) {
    let pair;
    try {
      pair = connection.sctp?.transport?.iceTransport?.getSelectedCandidatePair?.();
    } catch {
      // Some stacks have the name and not the thing.
    }
    if (!pair) return;
    const relayed = [pair.local, pair.remote].some((candidate) => candidate.type === 'relay');
    this.emit({
      event: 'selected', local: pair.local.candidate, remote: pair.remote.candidate, path: relayed ? 'relayed' : 'direct',
    });
  }

  async #describe(description) {
    const connection = this.#connection;
    await connection.setLocalDescription(description);
    if (!this.#trickle) {
      while (connection.iceGatheringState !== 'complete') {
        await new Promise((resolve) => {
          connection.addEventListener?.('icegatheringstatechange', resolve, { once: true });
          setTimeout(resolve, 50);  // some stacks change the state before they tell
        });
      }
    }
    const { type, sdp } = connection.localDescription;
    this.emit({ event: 'description', type, sdp });
  }

  async #remote({ type, sdp }) {
    await this.#connection.setRemoteDescription({ type, sdp });
    for (const candidate of this.#early.splice(0)) await this.#add(candidate);
    if (type === 'offer') await this.#describe(await this.#connection.createAnswer());
  }

  #candidate(candidate) {
    if (!this.#connection.remoteDescription) return void this.#early.push(candidate);
    return this.#add(candidate);
  }

  async #add({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) {
    await this.#connection.addIceCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment });
  }

  #open({ label, ordered = true, maxRetransmits, maxPacketLifeTime, negotiated = false, id, protocol = '' }) {
    const init = { ordered, negotiated, protocol };
    if (maxRetransmits != null) init.maxRetransmits = maxRetransmits;
    if (maxPacketLifeTime != null) init.maxPacketLifeTime = maxPacketLifeTime;
    if (id != null) init.id = id;
    this.#adopt(this.#connection.createDataChannel(label, init));
  }

  #adopt(channel) {
    const { label } = channel;
    const entry = { channel, sending: Promise.resolve() };
    this.#channels.set(label, entry);
    channel.binaryType = 'arraybuffer';
    let told = false;
    const open = () => {
      if (!told) this.#report({ event: 'open', label, id: channel.id });
      told = true;
    };
    channel.onopen = open;
    channel.onclose = () => {
      this.#report({ event: 'channel-closed', label });
      if (this.#channels.get(label) === entry) this.#channels.delete(label);
    };
    channel.onmessage = ({ data }) => {
      const kind = typeof data === 'string' ? 'text' : 'binary';
      const bytes = kind === 'text' ? new TextEncoder().encode(data) : new Uint8Array(data).slice();
      this.#reports = this.#reports.then(async () => {
        const event = { event: 'message', label, kind, size: bytes.length };
        event.sha256 = hex(await this.subtle.digest('SHA-256', bytes));
        if (kind === 'text' && bytes.length <= 1024) event.text = data;
        this.emit(event);
      });
    };
    if (channel.readyState === 'open') open();
  }

  #enqueue({ cmd, label }, send) {
    const entry = this.#channels.get(label);
    if (!entry) throw new Error('no such channel');
    entry.sending = entry.sending.then(() => send(entry)).catch((error) => {
      if (!entry.abandoned) this.#fail(cmd, error);
    });
  }

  async #ready({ channel }) {
    for (;;) {
      if (channel.readyState === 'closing' || channel.readyState === 'closed') throw new Error('the channel is closed');
      if (channel.readyState === 'open' && channel.bufferedAmount < KEEP_BUFFERED_BELOW) return channel;
      await later(1);
    }
  }

  async #sendOne(entry, command) {
    const data = command.text ?? payload(command);
    const channel = await this.#ready(entry);
    channel.send(typeof data === 'string' || !this.quirks.bytes ? data : this.quirks.bytes(data));
  }

  async #stream(entry, { label, count, size, intervalMs = 0 }) {
    const start = performance.now();
    for (let i = 0; i < count; ++i) {
      const early = start + i * intervalMs - performance.now();
      if (early > 0) await later(early);
      (await this.#ready(entry)).send(numbered(i, size));
    }
    this.emit({ event: 'streamed', label, count });
  }
}
