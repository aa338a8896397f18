// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is measured, and how: from the peers' own clocks and counters at marks that this driver sets. Every result has the
// fields of pairwire-bench, as far as they apply.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tool } from '../../../tests/interop/matrix/tool.mjs';

const WARM_UP_MS = 600;
const OPEN_MS = 30_000;
const ANSWER_MS = 60_000;  // a peer with one thread answers when its queue lets it
const DRAIN_MS = 3_000;
const SETTLE_MS = 2_000;  // timers of the set-up end
const LOOPBACK = ['127.0.0.1', '127.0.0.1'];
const TICKS_PER_SECOND = 100;  // of /proc/PID/stat

export const SCENARIOS = { throughput, messages: throughput, latency, connect, memory };

/** Runs one scenario; `settings`: size, seconds, unreliable, trips, runs, pairs, addresses, prefixes. */
export async function measure(peer, scenario, settings) {
  const tools = [];
  const start = (side) => {
    const prefix = settings.prefixes?.[side] ?? '';
    const tool = new Tool(peer.name, `${prefix} ${peer.command}`);
    tools.push(tool);
    return tool;
  };
  const addresses = settings.addresses ?? LOOPBACK;
  try {
    return { scenario, ...(await SCENARIOS[scenario](start, { ...settings, addresses }, peer)) };
  } catch (error) {
    const said = tools.flatMap((tool) => tool.log).filter((line) => !line.startsWith('{')).slice(-2).join(' | ');
    throw new Error(said ? `${error.message} (${said})` : error.message);
  } finally {
    await Promise.all(tools.map((tool) => tool.stop()));
  }
}

/** Two processes and an open channel between them: [offering, answering]. */
async function connected(start, { addresses, unreliable }) {
  const [a, b] = [start(0), start(1)];
  const relay = (to) => ({ event, ...rest }) => to.send({ cmd: event === 'description' ? 'remote' : 'candidate', ...rest });
  a.onSignal = relay(b);
  b.onSignal = relay(a);
  await Promise.all([a.event('ready', {}, OPEN_MS), b.event('ready', {}, OPEN_MS)]);
  const channel = unreliable ? { ordered: false, maxRetransmits: 0 } : { ordered: true };
  b.send({ cmd: 'create', offer: false, address: addresses[1], ...channel });
  a.send({ cmd: 'create', offer: true, address: addresses[0], ...channel });
  await Promise.all([a.event('open', {}, OPEN_MS), b.event('open', {}, OPEN_MS)]);
  return [a, b];
}

let marks = 0;

async function mark(...tools) {
  const id = ++marks;
  for (const tool of tools) tool.send({ cmd: 'mark', id });
  return Promise.all(tools.map((tool) => tool.event('mark', { id }, ANSWER_MS)));
}

async function throughput(start, settings, peer) {
  const { seconds = 5, unreliable = false } = settings;
  const size = Math.min(settings.size ?? 65536, peer.maxMessage ?? Infinity);
  const [a, b] = await connected(start, settings);
  a.send({ cmd: 'blast', size });
  await sleep(WARM_UP_MS);
  const [a0, b0] = await mark(a, b);
  await sleep(seconds * 1000);
  const [a1, b1] = await mark(a, b);
  const perSecond = (of, to, name) => (to[name] - of[name]) / (to.seconds - of.seconds);
  const bytesPerSecond = perSecond(b0, b1, 'bytes');
  const cores = perSecond(a0, a1, 'cpuSeconds') + perSecond(b0, b1, 'cpuSeconds');
  return {
    size, processes: 2, seconds: round(b1.seconds - b0.seconds, 3),
    messagesPerSecond: Math.round(perSecond(b0, b1, 'messages')),
    megabytesPerSecond: round(bytesPerSecond / 1e6, 2),
    cpuSecondsPerGigabyte: bytesPerSecond > 0 ? round((cores / bytesPerSecond) * 1e9, 2) : null,
    ...(unreliable ? { unreliable, lossPercent: await loss(a, b) } : {}),
  };
}

/** The share of all messages that the sender handed over and that never came. */
async function loss(sender, receiver) {
  sender.send({ cmd: 'stop' });
  const { messages: sent } = await sender.event('stopped', {}, ANSWER_MS);
  let last = -1;
  for (let waited = 0; waited < DRAIN_MS; waited += 300) {
    await sleep(300);
    const [{ messages }] = await mark(receiver);
    if (messages === last) break;
    last = messages;
  }
  return sent > 0 ? round((1 - last / sent) * 100, 3) : null;
}

async function latency(start, settings) {
  const { size = 64, trips = 10000 } = settings;
  const [a, b] = await connected(start, settings);
  b.send({ cmd: 'echo' });
  await sleep(WARM_UP_MS);
  a.send({ cmd: 'ping', trips, size, warmup: Math.min(500, trips) });
  const { p50Us, p99Us } = await a.event('pinged', {}, ANSWER_MS);
  return { size, processes: 2, p50Us: round(p50Us, 1), p99Us: round(p99Us, 1) };
}

async function connect(start, { runs = 50, addresses }) {
  const tool = start(0);
  await tool.event('ready', {}, OPEN_MS);
  tool.send({ cmd: 'connect', runs, address: addresses[0] });
  const { ms } = await tool.event('connected', {}, OPEN_MS * 4);
  ms.sort((x, y) => x - y);
  const at = (share) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))];
  return { processes: 1, runs, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: ms[ms.length - 1] };
}

/** The growth per peer after a first pair, which pays for code and pools; then what they cost when nothing happens. */
async function memory(start, { pairs = 200, seconds = 10, addresses }) {
  const tool = start(0);
  const { pid } = tool.child;
  await tool.event('ready', {}, OPEN_MS);
  const grow = async (count) => {
    tool.send({ cmd: 'pairs', count, address: addresses[0] });
    await tool.event('paired', {}, OPEN_MS + count * 1000);
    await sleep(SETTLE_MS);
    return residentBytes(pid);
  };
  const before = await grow(1);
  const after = await grow(pairs);
  const cpuBefore = cpuSeconds(pid);
  const start_ = performance.now();
  await sleep(seconds * 1000);
  const idle = (cpuSeconds(pid) - cpuBefore) / ((performance.now() - start_) / 1000);
  return { processes: 1, pairs, kilobytesPerPeer: round((after - before) / (2 * pairs) / 1000, 1), idleCpuPercent: round(idle * 100, 2) };
}

function residentBytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
