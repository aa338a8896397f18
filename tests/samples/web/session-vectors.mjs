// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the session's modules make of the vectors that C++ wrote (tests/peer/delivery/vectors.json), in the
// same shape, for Node.js and browsers.
import { concat } from '../../../samples/web/auth-bytes.js';
import {
  Channel, FrameType, Lane, ValueKind, closePayload, makeFrame, negotiationPayload, parseFrame, pingPayload, pongPayload, rememberPayload,
  resetPayload, stateAckPayload, stateKeyPayload, stateValuePayload,
} from '../../../samples/web/session/frames.js';
import { encodeHello, encodeHelloWithTag, noEpoch, parseHello } from '../../../samples/web/session/hello.js';
import { KeyRatchet } from '../../../samples/web/session/key-ratchet.js';
import {
  deriveSessionSecrets, meetName, meetPassword, plainFirstKey, rememberedSecret,
} from '../../../samples/web/session/session-secrets.js';

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const k0 = () => Uint8Array.from({ length: 64 }, (_, i) => i);
const filled = (size, byte) => new Uint8Array(size).fill(byte);

function secrets() {
  const made = deriveSessionSecrets(k0());
  const [display, controller] = [filled(32, 0x0d), filled(32, 0x0c)];
  const remembered = rememberedSecret(made, display, controller);
  return {
    k0: hex(k0()), session: hex(made.id), meet: hex(made.meet), meetName: meetName(made.meet), meetPassword: meetPassword(made.meet),
    remember: hex(made.remember), contributionDisplay: hex(display), contributionController: hex(controller),
    rememberedKey: hex(remembered), rememberedName: meetName(remembered), plainK0: hex(plainFirstKey(display, controller)),
  };
}

function ratchet() {
  const keys = new KeyRatchet(k0());
  const tags = [0, 1, 2, 3].map((generation) => {
    const tag = hex(keys.tag(generation, utf8('data')));
    keys.agree(generation);
    return tag;
  });
  return { data: hex(utf8('data')), tags };
}

export const vectorHello = () => ({
  session: deriveSessionSecrets(k0()).id, mine: filled(16, 0x11), yours: filled(16, 0x22), counter: 3, generation: 1, flags: 0,
  lastDelivered: [[Channel.COMMAND, 0x0102030405060708n]], features: ['files.2', 'session.1'], plainSecret: new Uint8Array(0),
});
export const vectorLink = () => ({ own: filled(32, 0xd1), peer: filled(32, 0xc1) });
export const vectorRatchet = () => {
  const keys = new KeyRatchet(k0());
  keys.agree(0);
  return keys;
};

function hello() {
  const plain = {
    ...vectorHello(), session: noEpoch(), yours: noEpoch(), counter: 1, generation: 0, flags: 3, lastDelivered: [[Channel.COMMAND, 0]],
    features: [], plainSecret: filled(32, 0x0d),
  };
  const link = vectorLink();
  return {
    role: 'display', ownFingerprint: hex(link.own), peerFingerprint: hex(link.peer), covered: hex(encodeHello(vectorHello())),
    payload: hex(encodeHelloWithTag(vectorHello(), vectorRatchet(), 'display', link)),
    plainFirst: hex(encodeHelloWithTag(plain, null, 'display', link)),
  };
}

function frames() {
  const control = (type, payload) => hex(makeFrame({ type }, payload));
  const state = stateValuePayload({ key: 'display:health', kind: ValueKind.EVENT, value: utf8('{}') });
  const key = stateKeyPayload('k');
  return {
    ack: hex(makeFrame({ type: FrameType.ACK, chan: Channel.COMMAND, ack: 9 })),
    close: control(FrameType.CLOSE, closePayload('replaced')),
    data: hex(makeFrame({ type: FrameType.DATA_TEXT, chan: Channel.COMMAND, seq: 2n ** 64n - 1n, ack: 258 }, utf8('hello'))),
    negotiate: control(FrameType.NEGOTIATE, negotiationPayload({ kind: 'candidate', text: 'candidate:1' })),
    ping: control(FrameType.PING, pingPayload({ id: 1, t0: 1_000_000 })),
    pong: control(FrameType.PONG, pongPayload({ id: 1, t0: 1_000_000, t1: 2, t2: 3 })),
    remember: control(FrameType.REMEMBER, rememberPayload({ kind: 'offer', contribution: filled(32, 0x0d), name: 'Küche' })),
    reset: control(FrameType.RESET, resetPayload('state-lost')),
    stateAck: hex(makeFrame({ type: FrameType.STATE_ACK, chan: Channel.STATE }, stateAckPayload([1, 0x0102030405060708n]))),
    stateDelete: hex(makeFrame({ type: FrameType.STATE_DELETE, chan: Channel.STATE, seq: 8 }, key)),
    stateSet: hex(makeFrame({ type: FrameType.STATE_SET, chan: Channel.STATE, seq: 7 }, state)),
    stream: hex(makeFrame({ type: FrameType.STREAM_BINARY, chan: Channel.STREAM, seq: 5 }, key)),
  };
}

export const sessionVectors = () => ({ secrets: secrets(), ratchet: ratchet(), hello: hello(), frames: frames() });

/** And read back: each frame on its lane, and both HELLOs; which of them are taken. */
export function readSessionVectors(vectors) {
  const bytesOf = (text) => Uint8Array.from(text.match(/../g), (byte) => parseInt(byte, 16));
  const lanes = Object.fromEntries(Object.entries(vectors.frames).map(([name, frame]) =>
    [name, Object.values(Lane).filter((lane) => parseFrame(lane, bytesOf(frame)) !== null)]));
  const again = (payload) => {
    const parsed = parseHello(bytesOf(payload));
    return parsed && hex(concat(parsed.covered, parsed.tag)) === payload && parsed.hello.features.join(' ');
  };
  return { lanes, payload: again(vectors.hello.payload), plainFirst: again(vectors.hello.plainFirst) };
}

export const EXPECTED_READ = Object.freeze({
  lanes: {
    ack: [0], close: [0],
    data: [], // its number is beyond what a session in JavaScript counts to
    negotiate: [0], ping: [0], pong: [0], remember: [0], reset: [0], stateAck: [0], stateDelete: [1], stateSet: [1], stream: [2],
  },
  payload: 'files.2 session.1',
  plainFirst: '',
});
