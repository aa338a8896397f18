// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// bench/relay.sh: starts relays (and a Redis), has pairwire-load measure them, and prints one row for each figure with its target.
// Relays stay on processor 0, the load on processor 1; where several processes work together nobody is pinned but the load.
// Not here: how things are measured (docs/load.md says) and what is lost in faults (tests/faults).
import { spawn, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const started = new Set();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
let options;

function start(program, args, processor) {
  const words = processor === undefined ? [program, ...args] : ['taskset', '-c', String(processor), program, ...args];
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 10000);
  await ended;
  clearTimeout(late);
}

async function until(what, condition) {
  for (const deadline = Date.now() + 10000; Date.now() < deadline; await sleep(50)) {
    if (await condition().catch(() => false)) return;
  }
  throw new Error(`${what} did not start within 10 s`);
}

const port = (i) => options.port + i;
const url = (i) => `http://127.0.0.1:${port(i)}`;

async function relay(i, args = [], processor) {
  const child = start(join(options.bin, 'pairwire-relay'),
    ['--listen', `127.0.0.1:${port(i)}`, '--rate-limits', 'off', '--log-level', 'off', ...args], processor);
  await until(`relay ${i}`, async () => (await fetch(`${url(i)}/readyz`)).status === 200);
  return child;
}

async function load(scenario, args) {
  const words = [scenario, '--json', '--cpu', '1', ...args];
  const { stdout } = await promisify(execFile)(join(options.bin, 'pairwire-load'), words, { maxBuffer: 1 << 24 });
  const report = JSON.parse(stdout);
  if (!report.ok) throw new Error(`pairwire-load ${words.join(' ')}: ${report.failure}`);
  return report;
}

async function floor() {
  const { stdout } = await promisify(execFile)(join(options.bin, 'pairwire-relay-floor'));
  const [, p50, p99] = stdout.match(/p50 (\d+) p99 (\d+)/);
  return { floorP50Us: Number(p50), floorP99Us: Number(p99) };
}

// One relay on processor 0 for `work`.
async function alone(work, args = []) {
  const node = await relay(0, args, 0);
  try {
    return await work(['--relay', url(0), '--relay-pid', String(node.pid)]);
  } finally {
    await stop(node);
  }
}

// Three nodes on a Redis of their own. `own[i]`: further arguments of node i.
async function together(work, own = []) {
  const folder = mkdtempSync(join(tmpdir(), 'pairwire-bench-'));
  const nodes = [];
  const redis = start('redis-server', ['--port', String(port(9)), '--save', '', '--appendonly', 'no', '--dir', folder,
    '--loglevel', 'warning', '--notify-keyspace-events', 'Ex']);
  try {
    await until('redis-server', async () => {
      const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port(9)), 'ping']);
      return stdout.startsWith('PONG');
    });
    for (let i = 0; i < 3; ++i) {
      nodes.push(await relay(i, ['--node-id', `n${i}`, '--redis', `redis://127.0.0.1:${port(9)}`, ...(own[i] ?? [])]));
    }
    return await work(nodes.map((node) => String(node.pid)), String(redis.pid));
  } finally {
    for (const node of nodes) await stop(node);
    await stop(redis);
    rmSync(folder, { recursive: true, force: true });
  }
}

const two = (pids, redis) => ['--relay', url(0), '--relay', url(1), '--relay-pid', pids[0], '--relay-pid', pids[1], '--redis-pid', redis];
const seconds = (long) => ['--seconds', String(options.quick ? Math.max(1, long / 3) : long)];

// What is run, and which of its figures stand in the table: name, figure, target, whether it has to be above or below it.
const rows = {
  memory: {
    run: () => alone((at) => load('waiting', [...at, '--displays', '5000', ...seconds(60)])),
    figures: [['a waiting display (SSE), bytes', 'bytesPerDisplaySlope', 1536, 'below'],
      ['5,000 waiting displays, % of a core', 'idleCpuPercent', 0.2, 'below']],
  },
  members: {
    run: () => alone((at) => load('signaling', [...at, '--pairs', '1000', '--part', 'latency', ...seconds(3)])),
    figures: [['a paired WebSocket member, bytes', 'bytesPerMember', 4096, 'below']],
  },
  accepts: {
    run: () => alone((at) => load('waiting', [...at, '--displays', '15000', '--seconds', '1'])),
    figures: [['event streams accepted a second', 'acceptsPerSecond', 40000, 'above'],
      ['  the relay, us each', 'relayCpuUsPerAccept'], ['  the load, us each', 'loadCpuUsPerAccept']],
  },
  sockets: {
    run: () => alone((at) => load('waiting', [...at, '--displays', '15000', '--seconds', '1', '--transport', 'ws'])),
    figures: [['WebSockets accepted a second', 'acceptsPerSecond', 25000, 'above'],
      ['  the relay, us each', 'relayCpuUsPerAccept'], ['  the load, us each', 'loadCpuUsPerAccept']],
  },
  signals: {
    run: () => alone((at) => load('signaling', [...at, '--part', 'throughput', ...seconds(6)])),
    figures: [['signals a second through one node', 'messagesPerSecond', 200000, 'above'], ['  the relay, us each', 'relayCpuUsPerMessage']],
  },
  latency: {
    run: async () => ({ ...await floor(), ...await alone((at) => load('signaling', [...at, '--pairs', '8', '--part', 'latency', ...seconds(8)])) }),
    figures: [['one way through one node at 200/s, p50 us', 'p50Us', 75, 'below'], ['  p99', 'p99Us', 150, 'below'],
      ['  p50 of a bare forwarder', 'floorP50Us'], ['  its p99', 'floorP99Us'], ['  p50, times the bare one', (r) => r.p50Us / r.floorP50Us]],
  },
  across: {
    run: async () => ({ ...await floor(), ...await together((p, r) => load('signaling', [...two(p, r), '--pairs', '8', '--part', 'latency', ...seconds(8)])) }),
    figures: [['one way across nodes at 200/s, p50 us', 'p50Us', 130, 'below'], ['  p99', 'p99Us', 400, 'below'],
      ['  p50, times the bare one', (r) => r.p50Us / r.floorP50Us]],
  },
  crossing: {
    run: () => together((p, r) => load('signaling', [...two(p, r), '--bystander-pid', p[2], '--pairs', '64', '--window', '8', '--part', 'throughput', ...seconds(6)])),
    figures: [['signals a second across nodes', 'messagesPerSecond', 100000, 'above'], ['  a bystander, us each', 'bystanderCpuUsPerMessage', 0.1, 'below']],
  },
  pairing: {
    run: () => together((p, r) => load('pairing', [...two(p, r), '--rate', '200', ...seconds(10)])),
    figures: [['pair to pairing:ready on another node at 200/s, p99 ms', 'readyP99Ms', 5, 'below']],
  },
  expiry: {
    run: () => together((p, r) => load('expiry', [...two(p, r), '--rate', '100', '--others', '20000', ...seconds(3)]),
      [['--session-seconds', '10'], ['--session-seconds', '3600'], ['--session-seconds', '3600']]),
    figures: [['session:terminated after its time beside 100,000 keys, p99 ms', 'lateP99Ms', 300, 'below']],
  },
};

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const shown = (value) => value >= 1000 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(0) : value.toFixed(2);

async function main() {
  let given;
  try {
    given = parseArgs({ options: { quick: { type: 'boolean' }, rows: { type: 'string' }, build: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`relay: ${error.message}`);
    return 2;
  }
  const chosen = given.rows ? given.rows.split(',') : Object.keys(rows);
  const unknown = chosen.find((name) => !(name in rows));
  const basePort = Number(given.port ?? 18480);
  if (given.help || unknown || !(basePort > 1023 && basePort < 65000)) {
    console.error(`${unknown ? `relay: no row is named ${unknown}\n` : ''}bench/relay.sh [--quick] [--build DIR] [--port N] [--rows NAME,...]: ${Object.keys(rows).join(' ')}`);
    return given.help ? 0 : 2;
  }
  options = { quick: given.quick ?? false, bin: join(resolve(given.build ?? join(root, 'build/release')), 'bin'), port: basePort };
  let failed = 0;
  console.log('| work | figure | range | target |\n| --- | ---: | ---: | ---: |');
  for (const name of chosen) {
    const reports = [];
    try {
      for (let i = 0; i < (options.quick ? 1 : 3); ++i) reports.push(await rows[name].run());
    } catch (error) {
      console.log(`| ${name} | FAILED | ${error.message.split('\n')[0]} | |`);
      ++failed;
      continue;
    }
    for (const [label, pick, target, side] of rows[name].figures) {
      const values = reports.map((report) => typeof pick === 'string' ? report[pick] : pick(report));
      const reached = target === undefined ? '' : (side === 'below' ? median(values) <= target : median(values) >= target) ? '' : ' missed';
      const range = values.length > 1 ? `${shown(Math.min(...values))} to ${shown(Math.max(...values))}` : '';
      console.log(`| ${label} | ${shown(median(values))} | ${range} | ${target === undefined ? '' : `${side === 'below' ? '<=' : '>='} ${shown(target)}${reached}`} |`);
    }
  }
  return failed > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of started) child.kill('SIGKILL');
    process.exit(1);
  });
}
process.exitCode = await main();
