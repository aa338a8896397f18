// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What every peer goes through, in this order, on one connection as long as nothing breaks it. A case throws when it fails. Every
// message is checked at the other end by kind, size and SHA-256.

import { createHash } from 'node:crypto';
import { payload } from '../peers/lib/w3c-peer.mjs';

const KIB = 1024;
const OUR_SEND_BUFFER = 4 * 1024 * KIB;  // PeerConfiguration::max_buffered_amount: no message can be larger
const DEFAULT_MAX_MESSAGE_SIZE = 64 * KIB;  // RFC 8841 section 6.1: when the description says nothing
const TRANSFER_MS = 15_000;
const SMALL = 64 * KIB;
const SMALL_MS = 5000;

function check(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}

/** The largest message that `tool`'s description allows to send to it; 0 is "any". */
function maxMessageSize(tool) {
  const said = /^a=max-message-size:(\d+)/m.exec(tool.sdp)?.[1];
  return said === undefined ? DEFAULT_MAX_MESSAGE_SIZE : Number(said);
}

async function transfer(from, to, message, label = 'main') {
  const data = message.text ?? payload(message);
  const bytes = Buffer.from(data);
  const deadline = bytes.length <= SMALL ? SMALL_MS : TRANSFER_MS;
  from.send({ cmd: 'send', label, ...message });
  const got = await Promise.race([
    to.event('message', { label }, deadline),
    // Only ever rejects: an error of the sender ends the wait.
    from.expect('', () => false, deadline + 1000),
  ]);
  check(got.kind, typeof data === 'string' ? 'text' : 'binary', 'kind');
  check(got.size, bytes.length, 'size');
  check(got.sha256, createHash('sha256').update(bytes).digest('hex'), 'sha256');
  if (message.text !== undefined) check(got.text, message.text, 'text');
}

const bothWays = async (link, message, label) => {
  await transfer(link.us, link.them, message, label);
  await transfer(link.them, link.us, message, label);
};

async function weRefuse(link, message) {
  if (link.we.name !== 'pairwire') return;  // another stack is in our place
  link.us.send({ cmd: 'send', label: 'main', ...message });
  const error = await link.us.expect('refusal', (event) => event.event === 'error' && event.cmd === 'send');
  if (!/message_too_large/.test(error.message)) throw new Error(`refused for another reason: ${error.message}`);
}

async function bySize(link, size) {
  for (const kind of ['binary', 'text']) {
    // A peer may announce less than this; then not sending is what is right.
    const limit = maxMessageSize(link.them);
    if (limit !== 0 && size > limit) await weRefuse(link, { size, kind, seed: 3 });
    else await transfer(link.us, link.them, { size, kind, seed: 3 });
    await transfer(link.them, link.us, { size, kind, seed: 5 });
  }
}

let count = 0;  // labels are not used twice, so that nothing late is taken for something new

/** Opens a channel from each end in turn and sees to it that the other end knows its kind; messages both ways. */
async function channelKind(link, init) {
  const wrong = [];  // told when all messages have come
  for (const opener of [link.us, link.them]) {
    const label = `kind-${++count}`;
    opener.send({ cmd: 'channel', label, ...init });
    const other = link.other(opener);
    const [seen] = await Promise.all([
      other.event('channel', { label }), opener.event('open', { label }), other.event('open', { label }),
    ]);
    const wanted = {
      ordered: init.ordered ?? true, maxRetransmits: init.maxRetransmits ?? null, maxPacketLifeTime: init.maxPacketLifeTime ?? null,
      protocol: init.protocol ?? '',
    };
    for (const [name, value] of Object.entries(wanted)) {
      // Some libraries do not tell the application everything.
      if (seen[name] === undefined && other !== link.us) continue;
      if (seen[name] !== value) wrong.push(`${name} as ${other.name} knows it: ${seen[name]} instead of ${value}`);
    }
    for (let i = 0; i < 10; ++i) {
      opener.send({ cmd: 'send', label, size: 3000, kind: 'binary', seed: i });
      other.send({ cmd: 'send', label, size: 3000, kind: 'binary', seed: i });
    }
    const digests = Array.from({ length: 10 }, (_, seed) => createHash('sha256')
      .update(payload({ size: 3000, kind: 'binary', seed })).digest('hex')).sort().join();
    for (const tool of [opener, other]) {
      const got = [];
      for (let i = 0; i < 10; ++i) got.push((await tool.event('message', { label })).sha256);
      check(got.sort().join(), digests, `the ten messages at ${tool.name}`);
    }
    opener.send({ cmd: 'close-channel', label });
    await Promise.all([opener, other].map((tool) => tool.event('channel-closed', { label })));
  }
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}

async function closeChannel(link, closer) {
  const label = `close-${++count}`;
  // Twice: the label and its stream are free again after a close.
  for (let round = 0; round < 2; ++round) {
    link.us.send({ cmd: 'channel', label });
    await Promise.all([link.us.event('open', { label }), link.them.event('channel', { label }), link.them.event('open', { label })]);
    await bothWays(link, { text: `round ${round}` }, label);
    closer.send({ cmd: 'close-channel', label });
    await Promise.all([link.us, link.them].map((tool) => tool.event('channel-closed', { label })));
  }
  await bothWays(link, { text: 'the others stay' });
}

/** `total` numbered messages each way; resolves when all came, once and in order. */
function streamBothWays(link, total, size, intervalMs) {
  const label = 'main';
  const received = [link.us, link.them].map(async (tool) => {
    link.other(tool).send({ cmd: 'stream', label, count: total, size, intervalMs });
    for (let i = 0; i < total; ++i) {
      const got = await tool.event('message', { label }, TRANSFER_MS);
      check(Number.parseInt(got.text, 10), i, `the message's number at ${tool.name}`);
    }
    await link.other(tool).event('streamed', { label });
  });
  return Promise.all(received).then(() => {});
}

/** RFC 8260 is agreed on; large and small messages of ordered and unordered channels arrive whole, both ways at the same time. */
async function interleave(link) {
  link.them.send({ cmd: 'stats' });
  const { report } = await link.them.event('stats');
  const metadata = Object.values(report).map((entry) => entry.metadata).find((entry) => entry?.messageInterleavingEnabled !== undefined);
  check(metadata?.messageInterleavingEnabled, true, 'messageInterleavingEnabled');
  // Not near its receive window, 1 MiB: two unfinished messages fill that, and neither ends.
  const large = 256 * KIB;
  const plan = [{ ordered: true, size: large }, { ordered: false, size: large }, { ordered: true, size: 64 }, { ordered: false, size: 3000 }];
  const done = [];
  for (const { ordered, size } of plan) {
    const label = `interleave-${++count}`;
    link.us.send({ cmd: 'channel', label, ordered });
    await Promise.all([link.us.event('open', { label }), link.them.event('channel', { label }), link.them.event('open', { label })]);
    for (const from of [link.us, link.them]) {
      done.push(async () => {
        const expected = [];
        for (let seed = 0; seed < 6; ++seed) {
          from.send({ cmd: 'send', label, size, kind: 'binary', seed });
          expected.push(createHash('sha256').update(payload({ size, kind: 'binary', seed })).digest('hex'));
        }
        const got = [];
        while (got.length < expected.length) got.push((await link.other(from).event('message', { label }, TRANSFER_MS)).sha256);
        if (!ordered) for (const list of [got, expected]) list.sort();
        check(got.join(), expected.join(), `what ${from.name} sent on ${label}`);
      });
    }
  }
  await Promise.all(done.map((run) => run()));
}

const ufrag = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];

/** New credentials at both ends while messages flow: none is lost or comes twice. */
async function iceRestart(link, restarter) {
  const before = [link.us, link.them].map((tool) => ufrag(tool.sdp));
  const streams = streamBothWays(link, 300, 200, 5);
  restarter.send({ cmd: 'offer', iceRestart: true });
  await Promise.all([
    streams,
    restarter.expect('offer with new credentials', (event) => event.type === 'offer' && !before.includes(ufrag(event.sdp))),
    link.other(restarter).expect('answer with new credentials', (event) => event.type === 'answer' && !before.includes(ufrag(event.sdp))),
  ]);
  await bothWays(link, { text: 'after the restart' });
}

/** One end closes; the other end is told, by its channel or by its state. */
async function closeConnection(link, closer) {
  const other = link.other(closer);
  link.connected = false;
  closer.close();
  const ended = (event) => (event.event === 'channel-closed' && event.label === 'main') ||
    (event.event === 'state' && ['closed', 'disconnected', 'failed'].includes(event.state));
  await other.expect(`end of the connection that ${closer.name} closed`, ended, 10_000);
}

/** name -> {run(link), deadline in ms, fresh: needs no connection before, applies(peer, column): not for every cell} */
export const CASES = {
  'connect': { fresh: true, deadline: 20_000, run: (link) => link.connect() },
  // An offer whose first section carries everything and is media, which we refuse: another one has to carry the rest.
  'audio first, max-bundle': {
    fresh: true,
    deadline: 20_000,
    applies: (peer, { weOffer }) => peer.media === true && !weOffer,
    run: async (link) => {
      await link.connect({ bundlePolicy: 'max-bundle', audio: true });
      await bothWays(link, { text: 'data beside refused audio' });
      await link.connect();
    },
  },
  'text': { run: (link) => bothWays(link, { text: 'Grüße, 世界 🌍' }) },
  'empty text': { run: (link) => bothWays(link, { text: '' }) },
  'empty binary': { run: (link) => bothWays(link, { size: 0, kind: 'binary' }) },
  '1 byte': {
    run: async (link) => {
      await bothWays(link, { size: 1, kind: 'binary', seed: 1 });
      await bothWays(link, { size: 1, kind: 'text', seed: 1 });
    },
  },
  '64 KiB': { run: (link) => bySize(link, 64 * KIB) },
  '256 KiB': { deadline: 30_000, run: (link) => bySize(link, 256 * KIB) },
  'largest message': {
    deadline: 40_000,
    run: async (link) => {
      const theirs = maxMessageSize(link.them) || Infinity;
      const ours = maxMessageSize(link.us);
      await transfer(link.us, link.them, { size: Math.min(theirs, link.we.maxSend ?? OUR_SEND_BUFFER), kind: 'binary', seed: 9 });
      await transfer(link.them, link.us, { size: Math.min(ours, link.they.maxSend ?? ours), kind: 'binary', seed: 11 });
      if (theirs < OUR_SEND_BUFFER) await weRefuse(link, { size: theirs + 1, kind: 'binary' });
      await bothWays(link, { text: 'still there' });
    },
  },
  '1,000 messages each way': { deadline: 30_000, run: (link) => streamBothWays(link, 1000, 100, 0) },
  'unordered': { run: (link) => channelKind(link, { ordered: false }) },
  'maxRetransmits': { run: (link) => channelKind(link, { maxRetransmits: 3 }) },
  'maxPacketLifeTime': { run: (link) => channelKind(link, { maxPacketLifeTime: 500 }) },
  'unordered, maxRetransmits 0': { run: (link) => channelKind(link, { ordered: false, maxRetransmits: 0 }) },
  'protocol': { run: (link) => channelKind(link, { protocol: 'pairwire.test.v1' }) },
  'negotiated': {
    run: async (link) => {
      const label = `negotiated-${++count}`;
      for (const tool of [link.us, link.them]) tool.send({ cmd: 'channel', label, negotiated: true, id: 100 + (count % 100) });
      await Promise.all([link.us, link.them].map((tool) => tool.event('open', { label })));
      await bothWays(link, { text: 'no opening message' }, label);
    },
  },
  'interleaving': {
    fresh: true,
    deadline: 60_000,
    applies: (peer) => peer.interleaves === true,
    run: async (link) => {
      await link.connect({}, { interleaving: true });
      await interleave(link);
      await link.connect();
    },
  },
  'close a channel, we': { run: (link) => closeChannel(link, link.us) },
  'close a channel, they': { run: (link) => closeChannel(link, link.them) },
  'ICE restart, we': { deadline: 25_000, run: (link) => iceRestart(link, link.us) },
  'ICE restart, they': { deadline: 25_000, run: (link) => iceRestart(link, link.them) },
  'close the connection, we': { run: (link) => closeConnection(link, link.us) },
  'close the connection, they': { run: (link) => closeConnection(link, link.them) },
  '20 connects in a row': {
    fresh: true,
    deadline: 90_000,
    run: async (link) => {
      const times = [];
      for (let i = 0; i < 20; ++i) {
        const start = performance.now();
        await link.connect();
        times.push(performance.now() - start);
        await bothWays(link, { text: `round ${i}` });
        await closeConnection(link, i % 2 === 0 || link.they.silentClose ? link.us : link.them);
      }
      return `median ${Math.round(times.sort((a, b) => a - b)[10])} ms`;
    },
  },
};
