// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// libdatachannel, by its Node binding's native API (not its W3C layer, which would test that layer).

import { createHash } from 'node:crypto';
import nodeDataChannel from 'node-datachannel';
import { emit, serve, versionOf } from '../lib/stdio.mjs';
import { numbered, payload } from '../lib/w3c-peer.mjs';

const KEEP_BUFFERED_BELOW = 1024 * 1024;
const MAX_MESSAGE_SIZE = 1024 * 1024;  // its default is 256 KiB

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let connection = null;
let trickle = true;
let created = 0;
let described = false;  // one description for each offer and answer
const channels = new Map();

const ms = () => Math.round((performance.now() - created) * 10) / 10;

function close() {
  for (const entry of channels.values()) entry.abandoned = true;
  connection?.close();
}

function create({ iceServers = [], iceTransportPolicy = 'all', ...config }) {
  close();
  channels.clear();
  created = performance.now();
  trickle = config.trickle ?? true;
  const servers = iceServers.flatMap(({ urls, username, credential }) => [urls].flat().map((url) => {
    const [scheme, rest] = url.split(/:(.*)/s);
    return username ? `${scheme}:${encodeURIComponent(username)}:${encodeURIComponent(credential)}@${rest}` : url;
  }));
  const made = new nodeDataChannel.PeerConnection('interop', {
    iceServers: servers, iceTransportPolicy, maxMessageSize: MAX_MESSAGE_SIZE, disableAutoNegotiation: true,
  });
  connection = made;
  const mine = (handler) => (...event) => {
    if (connection === made) handler(...event);
  };
  const describe = () => {
    const { type, sdp } = made.localDescription();
    if (described) return;
    described = true;
    emit({ event: 'description', type, sdp });
  };
  made.onLocalDescription(mine(() => {
    if (trickle || made.gatheringState() === 'complete') describe();
  }));
  made.onLocalCandidate(mine((candidate, sdpMid) => {
    if (trickle) emit({ event: 'candidate', candidate, sdpMid, sdpMLineIndex: 0 });
  }));
  made.onGatheringStateChange(mine((state) => {
    if (state !== 'complete') return;
    if (trickle) emit({ event: 'candidate', candidate: '', sdpMid: '0', sdpMLineIndex: 0 });
    else describe();
  }));
  made.onStateChange((state) => {
    if (connection === made || state === 'closed') emit({ event: 'state', state, ms: ms() });
    const pair = state === 'connected' && connection === made ? made.getSelectedCandidatePair() : null;
    if (!pair) return;
    const relayed = [pair.local, pair.remote].some(({ type }) => type === 'relay');
    emit({
      event: 'selected', local: pair.local.candidate, remote: pair.remote.candidate, path: relayed ? 'relayed' : 'direct',
    });
  });
  made.onIceStateChange(mine((state) => emit({ event: 'ice-state', state })));
  made.onDataChannel(mine((channel) => {
    emit({ event: 'channel', label: channel.getLabel(), id: channel.getId(), protocol: channel.getProtocol(), negotiated: false });
    adopt(channel);
  }));
}

function adopt(channel) {
  const label = channel.getLabel();
  const entry = { channel, sending: Promise.resolve() };
  channels.set(label, entry);
  channel.onOpen(() => emit({ event: 'open', label, id: channel.getId() }));
  channel.onClosed(() => {
    emit({ event: 'channel-closed', label });
    entry.closed = true;
    if (channels.get(label) === entry) channels.delete(label);
  });
  channel.onError((message) => emit({ event: 'error', cmd: 'channel', label, message }));
  channel.onMessage((data) => {
    const text = typeof data === 'string';
    const bytes = Buffer.from(data);
    const event = { event: 'message', label, kind: text ? 'text' : 'binary', size: bytes.length };
    event.sha256 = createHash('sha256').update(bytes).digest('hex');
    if (text && bytes.length <= 1024) event.text = data;
    emit(event);
  });
}

function open({ label, ordered = true, maxRetransmits, maxPacketLifeTime, negotiated = false, id, protocol = '' }) {
  const init = { unordered: !ordered, negotiated, protocol };
  if (maxRetransmits != null) init.maxRetransmits = maxRetransmits;
  if (maxPacketLifeTime != null) init.maxPacketLifeTime = maxPacketLifeTime;
  if (id != null) init.id = id;
  adopt(connection.createDataChannel(label, init));
}

async function ready(entry) {
  while (!entry.closed && !(entry.channel.isOpen() && entry.channel.bufferedAmount() < KEEP_BUFFERED_BELOW)) await later(1);
  if (entry.closed) throw new Error('the channel is closed');
  return entry.channel;
}

async function sendOne(entry, command) {
  const data = command.text ?? payload(command);
  const channel = await ready(entry);
  if (typeof data === 'string') channel.sendMessage(data);
  else channel.sendMessageBinary(Buffer.from(data));
}

async function stream(entry, { label, count, size, intervalMs = 0 }) {
  const start = performance.now();
  for (let i = 0; i < count; ++i) {
    const early = start + i * intervalMs - performance.now();
    if (early > 0) await later(early);
    (await ready(entry)).sendMessage(numbered(i, size));
  }
  emit({ event: 'streamed', label, count });
}

function enqueue({ cmd, label }, send) {
  const entry = channels.get(label);
  if (!entry) throw new Error('no such channel');
  entry.sending = entry.sending.then(() => send(entry))
    .catch((error) => {
      if (!entry.abandoned) emit({ event: 'error', cmd, message: String(error.message ?? error) });
    });
}

function run(command) {
  switch (command.cmd) {
    case 'create': return create(command.config ?? {});
    case 'channel': return open(command);
    case 'offer':
      if (command.iceRestart) throw new Error('libdatachannel has no ICE restart');
      described = false;
      return connection.setLocalDescription('offer');
    case 'remote':
      described = false;
      connection.setRemoteDescription(command.sdp, command.type);
      if (command.type === 'offer') connection.setLocalDescription('answer');
      return;
    case 'candidate': return command.candidate ? connection.addRemoteCandidate(command.candidate, command.sdpMid ?? '0') : undefined;
    case 'send': return enqueue(command, (entry) => sendOne(entry, command));
    case 'stream': return enqueue(command, (entry) => stream(entry, command));
    case 'close-channel': return channels.get(command.label)?.channel.close();
    case 'close': return close();
    default: throw new Error('no such command');
  }
}

serve((command) => {
  try {
    run(command);
  } catch (error) {
    emit({ event: 'error', cmd: command.cmd, message: String(error.message ?? error) });
  }
}, close);
emit({ event: 'ready', peer: 'node-datachannel', version: `${versionOf('node-datachannel')} (libdatachannel ${nodeDataChannel.getLibraryVersion?.() ?? '?'})` });
