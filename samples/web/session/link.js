// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One RTCPeerConnection to the other end with the channels of its form: 'raw' is one channel that carries the
// application's messages as they are, 'lanes' are the three of docs/session.md. The display offers and opens
// them. Not here: how descriptions travel (pairing-signals.js), and what the messages mean.

const PROTOCOL = 'pairwire.session.v1';
const CONTROL = { label: 'pairwire', options: { ordered: true, priority: 'high' } };
const FORMS = {
  raw: { control: { label: 'pairwire', options: { ordered: true } } },
  lanes: {
    control: { ...CONTROL, options: { ...CONTROL.options, protocol: PROTOCOL } },
    state: { label: 'pairwire.state', options: { ordered: false, maxRetransmits: 0, protocol: PROTOCOL, priority: 'medium' } },
    stream: { label: 'pairwire.stream', options: { ordered: false, maxRetransmits: 0, protocol: PROTOCOL, priority: 'low' } },
  },
};
// How much may wait in a lane; the rest waits where it can still be replaced, or counted.
const LANE_BYTES = { control: 1024 * 1024, state: 16 * 1024, stream: 64 * 1024 };
// What is left in a lane when onRoom follows.
const LOW_BUFFERED_BYTES = { control: 256 * 1024, state: 4 * 1024, stream: 16 * 1024 };
// How long what was sent may take to leave, and then to arrive.
const DRAIN_MS = 1_000;
const FLIGHT_MS = 200;
// Candidates that come before the description wait; a display has a handful.
const MAX_WAITING_CANDIDATES = 64;
// What comes before somebody listens waits; nobody sends so much unasked.
const MAX_EARLY_MESSAGES = 4096;

export class PeerLink {
  #peer;
  #role;
  #lanes;
  #channels = {};
  #early = [];
  #sink = null;
  #events;
  #waiting = [];
  #up = false;
  #ended = false;

  /**
   * @param {'display' | 'controller'} role
   * @param {'raw' | 'lanes'} form
   * @param {object} events
   * @param {(candidate: object) => void} events.onCandidate ours; an empty `candidate` ends them
   * @param {() => void} events.onUp every channel of the form is open
   * @param {(code: string, message: string) => void} events.onEnded by itself, not by close()
   * @param {RTCConfiguration} [configuration]
   */
  constructor(role, form, events, configuration) {
    this.#role = role;
    this.#lanes = FORMS[form];
    this.#events = events;
    this.#peer = new RTCPeerConnection(configuration);
    this.#peer.onicecandidate = ({ candidate }) => {
      const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate ?? { candidate: '' };
      const told = { candidate: line, sdpMid, sdpMLineIndex, usernameFragment };
      if (this.onLate) this.onLate.candidate(told);
      else events.onCandidate(told);
    };
    this.#peer.onconnectionstatechange = () => this.#onConnectionState();
    this.#peer.ondatachannel = ({ channel }) => this.#onChannel(channel);
    if (role === 'display') {
      for (const [lane, { label, options }] of Object.entries(this.#lanes)) {
        this.#adopt(lane, this.#peer.createDataChannel(label, options));
      }
    }
  }

  /** Another end's channel that is none of the form; unset, it is closed. @type {((channel: RTCDataChannel) => void) | null} */
  onChannel = null;

  /** Who hears of candidates and of the end from now on, instead of `events`. @type {{candidate: (candidate: object) => void, ended: (code: string, message: string) => void} | null} */
  onLate = null;

  /** A lane has room again. @type {((lane: string) => void) | null} */
  onRoom = null;

  /** ICE lost the path (true) or has it again (false). @type {((quiet: boolean) => void) | null} */
  onQuiet = null;

  /** @returns {Promise<string>} the SDP of an offer; a restart of ICE when asked for */
  async offer({ iceRestart = false } = {}) {
    await this.#peer.setLocalDescription(await this.#peer.createOffer({ iceRestart }));
    return this.#peer.localDescription.sdp;
  }

  /** @param {string} sdp @returns {Promise<string>} the SDP of the answer */
  async answer(sdp) {
    await this.#peer.setRemoteDescription({ type: 'offer', sdp });
    await this.#peer.setLocalDescription();
    await this.#addWaiting();
    return this.#peer.localDescription.sdp;
  }

  /** @param {string} sdp the answer to our offer */
  async accept(sdp) {
    await this.#peer.setRemoteDescription({ type: 'answer', sdp });
    await this.#addWaiting();
  }

  /** Takes our offer back, if one is out. */
  async rollBack() {
    if (this.#peer.signalingState === 'have-local-offer') await this.#peer.setLocalDescription({ type: 'rollback' });
  }

  /** The other end's candidate; one that this browser can not use costs a pair, not the connection. */
  async addCandidate(candidate) {
    if (!this.#peer.remoteDescription) {
      if (this.#waiting.length < MAX_WAITING_CANDIDATES) this.#waiting.push(candidate);
      return;
    }
    try {
      await this.#peer.addIceCandidate(candidate);
    } catch {
      // As said.
    }
  }

  /** Takes every message from now on, and those that came before. @param {(lane: string, data: string | ArrayBuffer) => void} sink */
  listen(sink) {
    for (const [lane, data] of this.#early.splice(0)) sink(lane, data);
    this.#sink = sink;
  }

  /** Throws as RTCDataChannel.send does. */
  send(lane, data) {
    this.#channels[lane].send(data);
  }

  buffered(lane) {
    return this.#channels[lane]?.bufferedAmount ?? 0;
  }

  /** How many bytes the lane should get now. */
  room(lane) {
    return Math.max(0, LANE_BYTES[lane] - this.buffered(lane));
  }

  /** A channel beside those of the form. */
  openChannel(label, options) {
    return this.#peer.createDataChannel(label, options);
  }

  get maxMessageSize() {
    return this.#peer.sctp?.maxMessageSize ?? 64 * 1024;
  }

  get localSdp() {
    return this.#peer.localDescription?.sdp ?? '';
  }

  get remoteSdp() {
    return this.#peer.remoteDescription?.sdp ?? '';
  }

  /** @returns {Promise<'direct' | 'relayed'>} from the candidate pair in use */
  async path() {
    const stats = await this.#peer.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'candidate-pair' || !report.nominated || report.state !== 'succeeded') continue;
      const ends = [stats.get(report.localCandidateId), stats.get(report.remoteCandidateId)];
      return ends.some((end) => end?.candidateType === 'relay') ? 'relayed' : 'direct';
    }
    return 'direct';
  }

  /** `drain`: what was sent leaves first, for a second; browsers throw it away otherwise. */
  close({ drain = false } = {}) {
    this.#ended = true;
    this.#sink = () => {};
    this.onQuiet = this.onRoom = this.onChannel = null;
    if (drain) this.#closeLater(performance.now() + DRAIN_MS);
    else this.#peer.close();
  }

  #closeLater(deadline) {
    const waits = Object.values(this.#channels).some((channel) => channel.readyState === 'open' && channel.bufferedAmount > 0);
    if (waits && performance.now() < deadline) setTimeout(() => this.#closeLater(deadline), 20);
    else setTimeout(() => this.#peer.close(), FLIGHT_MS);
  }

  async #addWaiting() {
    for (const candidate of this.#waiting.splice(0)) await this.addCandidate(candidate);
  }

  #onConnectionState() {
    const state = this.#peer.connectionState;
    if (state === 'failed' || state === 'closed') {
      if (this.#up) this.#end('connection_lost', 'The connection was lost.');
      else this.#end('ice_failed', 'No direct path was found. Are both devices in the same network, or is a TURN server set up?');
    } else if (this.#up && (state === 'disconnected' || state === 'connected')) {
      this.onQuiet?.(state === 'disconnected');
    }
  }

  #onChannel(channel) {
    const lane = Object.keys(this.#lanes).find((name) => {
      const { label, options } = this.#lanes[name];
      return channel.label === label && channel.protocol === (options.protocol ?? channel.protocol);
    });
    if (lane && this.#role === 'controller' && !this.#channels[lane]) this.#adopt(lane, channel);
    else if (this.onChannel) this.onChannel(channel);
    else channel.close();
  }

  #adopt(lane, channel) {
    this.#channels[lane] = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LOW_BUFFERED_BYTES[lane];
    channel.onbufferedamountlow = () => this.onRoom?.(lane);
    channel.onmessage = ({ data }) => {
      if (this.#sink) this.#sink(lane, data);
      else if (this.#early.push([lane, data]) > MAX_EARLY_MESSAGES) this.#end('protocol', 'The other end said too much too early.');
    };
    channel.onclose = () => this.#end('peer_left', 'The other end left.');
    if (channel.readyState === 'open') this.#onOpen();
    else channel.onopen = () => this.#onOpen();
  }

  #onOpen() {
    const open = Object.keys(this.#lanes).every((lane) => this.#channels[lane]?.readyState === 'open');
    if (!open || this.#up || this.#ended) return;
    this.#up = true;
    this.#events.onUp();
  }

  #end(code, message) {
    if (this.#ended) return;
    this.close();
    if (this.onLate) this.onLate.ended(code, message);
    else this.#events.onEnded(code, message);
  }
}
