// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The way to the relay (docs/relay.md): its calls over HTTP, and a WebSocket once paired. What a display waits
// on is event-feed.js. Not here: what the messages mean.

import { PairwireError, cancelled } from '../pairwire-error.js';
import { solveProofOfWork } from '../proof-of-work.js';

const HEARTBEAT_MS = 10_000;
// A relay that is being flooded asks for a proof of work, and perhaps for another, harder one.
const MAX_PROOFS = 3;
// Before the socket is open: an offer and a handful of candidates.
const MAX_WAITING_TEXTS = 128;

const REFUSALS = {
  code_not_found: 'This code is unknown, used or expired. Look at the display and type the code that it shows now.',
  rate_limited: 'Too many wrong codes. Wait a little and try again.',
  session_full: 'Somebody else is connected to this display. Wait until it shows a code again.',
  not_ready: 'The server can not serve right now. Try again in a few seconds.',
};

export class RelayApi {
  #base;

  /** @param {string | URL} base the relay's address; calls are made below it */
  constructor(base) {
    this.#base = new URL(base);
  }

  /** A URL of an answer, which may be relative to the relay. */
  url(text) {
    return new URL(text, this.#base);
  }

  /** What is refused has `retryAfterMs`, here and below. @returns {Promise<{sessionId: string, code: string, displayToken: string, eventsUrl: string, pollUrl: string, wsUrl: string, expiresIn: number}>} */
  async register(request, signal) {
    const { response, body } = await this.#post('api/sessions/register', request, signal);
    if (response.ok) return body;
    throw refusal(response, body);
  }

  /** Solves proofs of work on the way. */
  async pair(request, signal) {
    let proof;
    for (let proofs = 0; ; ++proofs) {
      const { response, body } = await this.#post('api/sessions/pair', { ...request, proof }, signal);
      if (response.ok) return body;
      proof = body.proofOfWork && proofs < MAX_PROOFS ? await solveProofOfWork(body.proofOfWork, signal) : null;
      if (signal?.aborted) throw cancelled();
      if (!proof) throw refusal(response, body);
    }
  }

  /** Ends a session at the relay; whether it hears of that is its own affair: what is left expires. */
  async end(sessionId, token) {
    try {
      await fetch(this.url(`api/sessions/${encodeURIComponent(sessionId)}`), {
        method: 'DELETE', headers: { authorization: `Bearer ${token}` }, keepalive: true,
      });
    } catch {
      // As said.
    }
  }

  async #post(path, request, signal) {
    let response;
    try {
      response = await fetch(this.url(path), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: signal ?? null,
      });
    } catch {
      throw signal?.aborted ? cancelled()
        : new PairwireError('relay_unreachable', 'The server can not be reached. Check the network and try again.');
    }
    const body = await response.json().catch(() => ({}));
    return { response, body: typeof body === 'object' && body !== null ? body : {} };
  }
}

function refusal(response, body) {
  const problem = typeof body.code === 'string' ? body.code : 'relay_protocol';
  const error = new PairwireError(problem, REFUSALS[problem] ?? `The server refused: ${body.title ?? response.status}.`);
  error.retryAfterMs = 1000 * Number(response.headers.get('retry-after') ?? 0);
  return error;
}

/** One WebSocket of a member of a session. What is sent before it is open waits. */
export class RelaySocket {
  #socket;
  #heartbeat;
  #waiting = [];
  #open = false;
  #onClosed;

  /**
   * @param {URL} url @param {string} token
   * @param {{onMessage: (message: {type: string, from?: string, data: object}) => void, onClosed: () => void}} events
   *   onClosed: the socket ended by itself, or brought something that is no message
   */
  constructor(url, token, { onMessage, onClosed }) {
    const address = new URL(url);
    address.protocol = address.protocol === 'https:' || address.protocol === 'wss:' ? 'wss:' : 'ws:';
    this.#onClosed = onClosed;
    this.#socket = new WebSocket(address, ['pairwire.v1', `pairwire.token.${token}`]);
    this.#socket.onopen = () => {
      this.#open = true;
      for (const text of this.#waiting.splice(0)) this.#socket.send(text);
    };
    this.#socket.onmessage = ({ data }) => {
      const message = readMessage(data);
      if (message) onMessage(message);
      else this.#lost();
    };
    this.#socket.onclose = () => this.#lost();
    this.#heartbeat = setInterval(() => this.send('heartbeat', {}), HEARTBEAT_MS);
  }

  /** @param {string} type @param {object} data @param {string} [to] a member; else the only counterpart */
  send(type, data, to) {
    const text = JSON.stringify({ type, to, data });
    if (this.#open) {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
    } else if (type !== 'heartbeat' && this.#waiting.length < MAX_WAITING_TEXTS) {
      this.#waiting.push(text);
    }
  }

  close() {
    clearInterval(this.#heartbeat);
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
    this.#waiting = [];
    this.#socket.close();
  }

  #lost() {
    this.close();
    this.#onClosed();
  }
}

function readMessage(text) {
  try {
    const message = JSON.parse(text);
    if (typeof message?.type !== 'string') return null;
    const isData = typeof message.data === 'object' && message.data !== null;
    return { ...message, data: isData ? message.data : {} };
  } catch {
    return null;
  }
}
