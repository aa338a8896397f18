// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pairwire's controller as an ES module, without a build step: pairs by code at a relay (docs/relay.md),
// connects to the display directly, and leaves the relay once connected.
//
//   const session = await pair('123 456 789', { relay: location.origin, name: 'Phone' });
//   session.addEventListener('message', (event) => console.log(event.data));
//   session.send('hello');
//
// Plain pairing: the relay sees the descriptions. It never sees a message.

import { sendFile } from './file-transfer.js';
import { solveProofOfWork } from './proof-of-work.js';

const CONNECT_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 10_000;
// Candidates that come before the offer wait; a display has a handful.
const MAX_WAITING_CANDIDATES = 64;
// A relay that is being flooded asks for a proof of work, and perhaps for another, harder one.
const MAX_PROOFS = 3;

/** What went wrong: `code` is stable (docs/relay.md, plus the ones below), `message` is for people. */
export class PairwireError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'PairwireError';
    this.code = code;
  }
}

/**
 * Enters a code and connects.
 * @param {string} code as typed: blanks and hyphens are ignored
 * @param {{relay?: string, name?: string, signal?: AbortSignal, onPaired?: (display: {displayId: string, name: string}) => void}} [options]
 * @returns {Promise<Session>} rejects with PairwireError: code_not_found, rate_limited, relay_unreachable,
 *   session_terminated, ice_failed, timed_out, cancelled…
 */
export async function pair(code, options = {}) {
  const relay = new URL(options.relay ?? location.href);
  const digits = code.replace(/[\s-]/g, '');
  if (!/^[0-9]{4,12}$/.test(digits)) {
    throw new PairwireError('invalid_code', 'A code has 4 to 12 digits.');
  }
  const paired = await requestPairing(relay, digits, options);
  options.onPaired?.(paired.display);
  const connecting = new Connecting(new URL(paired.wsUrl, relay), paired, options.signal);
  return connecting.result;
}

async function requestPairing(relay, code, { name = '', signal }) {
  let proof;
  for (let proofs = 0; ; ++proofs) {
    const { response, body } = await askToPair(relay, { code, name, proof }, signal);
    if (response.ok) return body;
    proof = body.proofOfWork && proofs < MAX_PROOFS ? await solveProofOfWork(body.proofOfWork, signal) : null;
    if (signal?.aborted) throw new PairwireError('cancelled', 'Cancelled.');
    if (!proof) throw refusal(response, body);
  }
}

async function askToPair(relay, request, signal) {
  let response;
  try {
    response = await fetch(new URL('api/sessions/pair', relay), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: signal ?? null,
    });
  } catch (error) {
    throw signal?.aborted
      ? new PairwireError('cancelled', 'Cancelled.')
      : new PairwireError('relay_unreachable', 'The relay can not be reached.');
  }
  return { response, body: await response.json().catch(() => ({})) };
}

function refusal(response, body) {
  const messages = {
    code_not_found: 'This code is unknown, used or expired.',
    rate_limited: 'Too many wrong codes. Wait a little and try again.',
  };
  const problem = typeof body.code === 'string' ? body.code : 'relay_protocol';
  return new PairwireError(problem, messages[problem] ?? `The relay refused: ${body.title ?? response.status}.`);
}

/** From the pairing to the open channel: one promise, and everything it needs to clean up. */
class Connecting {
  #peer = new RTCPeerConnection();
  #socket;
  #heartbeat = 0;
  #deadline = 0;
  #waiting = [];
  #settled = false;
  #resolve;
  #reject;
  #steps = Promise.resolve();

  constructor(url, paired, signal) {
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.display = paired.display ?? { displayId: '', name: '' };
    url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
    this.#socket = new WebSocket(url, ['pairwire.v1', `pairwire.token.${paired.controllerToken}`]);
    this.#socket.onmessage = ({ data }) => this.#onText(data);
    this.#socket.onclose = () => this.#fail('relay_unreachable', 'The relay closed the connection.');
    this.#heartbeat = setInterval(() => this.#tell('heartbeat', {}), HEARTBEAT_MS);
    this.#deadline = setTimeout(
      () => this.#fail('timed_out', 'The display did not connect in time.'), CONNECT_TIMEOUT_MS);
    signal?.addEventListener('abort', () => this.#fail('cancelled', 'Cancelled.'), { once: true });

    this.#peer.onicecandidate = ({ candidate }) => {
      const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate ?? { candidate: '' };
      this.#tell('webrtc:ice-candidate', { candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
    };
    this.#peer.onconnectionstatechange = () => {
      if (this.#peer.connectionState === 'failed') {
        this.#fail('ice_failed', 'No direct path to the display was found.');
      }
    };
    this.#peer.ondatachannel = ({ channel }) => this.#onChannel(channel);
  }

  #tell(type, data) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type, data }));
  }

  #onText(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      this.#fail('relay_protocol', 'The relay sent something that is not JSON.');
      return;
    }
    // One after the other: a candidate must not overtake its offer.
    this.#steps = this.#steps.then(() => this.#onMessage(message)).catch((error) => {
      this.#fail('negotiation_failed', `The display's description can not be used: ${error.message}`);
    });
  }

  async #onMessage({ type, data = {} }) {
    if (this.#settled) return;
    switch (type) {
      case 'webrtc:offer': {
        await this.#peer.setRemoteDescription({ type: 'offer', sdp: data.sdp });
        await this.#peer.setLocalDescription();
        this.#tell('webrtc:answer', { sdp: this.#peer.localDescription.sdp });
        for (const candidate of this.#waiting.splice(0)) await this.#addCandidate(candidate);
        break;
      }
      case 'webrtc:ice-candidate':
        if (this.#peer.remoteDescription) {
          await this.#addCandidate(data);
        } else if (this.#waiting.length < MAX_WAITING_CANDIDATES) {
          this.#waiting.push(data);
        }
        break;
      case 'session:terminated':
        this.#fail('session_terminated', 'The display ended the session.');
        break;
      case 'user_left':
        this.#fail('peer_left', 'The display went away.');
        break;
      case 'error':
        this.#fail(data.code ?? 'relay_protocol', data.message ?? 'The relay reported an error.');
        break;
      default: // welcome, user_joined, ack and what later relays say
    }
  }

  async #addCandidate(candidate) {
    try {
      await this.#peer.addIceCandidate(candidate);
    } catch {
      // A candidate that this browser can not use costs a pair, not the connection.
    }
  }

  #onChannel(channel) {
    if (channel.label !== 'pairwire') {
      channel.close();
      return;
    }
    channel.binaryType = 'arraybuffer';
    // Handlers first, then the promise: what comes at once is kept for whoever listens.
    const session = new Session(this.#peer, channel, this.display);
    const opened = () => {
      if (this.#settled) return;
      this.#settled = true;
      this.#stop();
      this.#resolve(session);
    };
    if (channel.readyState === 'open') opened();
    else channel.addEventListener('open', opened, { once: true });
  }

  #fail(code, message) {
    if (this.#settled) return;
    this.#settled = true;
    this.#stop();
    this.#peer.close();
    this.#reject(new PairwireError(code, message));
  }

  #stop() {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#deadline);
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    // The last candidates are out: connected means that a pair works at both ends.
    this.#socket.close();
  }
}

/**
 * A direct connection to a display. Events: `message` (MessageEvent: string or ArrayBuffer), `close`
 * (detail: reason). Messages that came before the first `message` listener are delivered to it.
 */
export class Session extends EventTarget {
  #peer;
  #channel;
  #early = [];
  #listening = false;
  #closed = false;

  constructor(peer, channel, display) {
    super();
    this.#peer = peer;
    this.#channel = channel;
    this.display = display;
    channel.onmessage = ({ data }) => {
      if (this.#listening) this.dispatchEvent(new MessageEvent('message', { data }));
      else this.#early.push(data);
    };
    channel.onclose = () => this.#end('The display ended the session.');
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === 'failed') this.#end('The connection was lost.');
      if (peer.connectionState === 'closed') this.#end('Closed.');
    };
    peer.ondatachannel = ({ channel: other }) => other.close(); // displays open none of their own yet
  }

  addEventListener(type, ...rest) {
    super.addEventListener(type, ...rest);
    if (type !== 'message' || this.#listening) return;
    this.#listening = true;
    queueMicrotask(() => {
      for (const data of this.#early.splice(0)) {
        this.dispatchEvent(new MessageEvent('message', { data }));
      }
    });
  }

  /** Throws as RTCDataChannel.send does. @param {string | ArrayBuffer | ArrayBufferView | Blob} data */
  send(data) {
    this.#channel.send(data);
  }

  get bufferedAmount() {
    return this.#channel.bufferedAmount;
  }

  /**
   * Sends one file on a channel of its own (docs/file-transfer.md).
   * @param {File} file
   * @param {(sent: number, size: number) => void} [onProgress]
   * @returns {Promise<{sha256: string, size: number}>} once the display has stored it
   */
  sendFile(file, onProgress = () => {}) {
    return sendFile(this.#peer, file, onProgress);
  }

  /** 'direct' or 'relayed', from the selected candidate pair. */
  async path() {
    const stats = await this.#peer.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'candidate-pair' || !report.nominated || report.state !== 'succeeded') continue;
      const ends = [stats.get(report.localCandidateId), stats.get(report.remoteCandidateId)];
      return ends.some((end) => end?.candidateType === 'relay') ? 'relayed' : 'direct';
    }
    return 'direct';
  }

  close() {
    this.#channel.onclose = null;
    this.#peer.close();
    this.#end('Closed.');
  }

  #end(reason) {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer.close();
    this.dispatchEvent(new CustomEvent('close', { detail: { reason } }));
  }
}
