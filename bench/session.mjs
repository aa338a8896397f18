// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the session layer costs over a raw DataChannel: runs pairwire-bench without and with --session in alternation, so that a
// machine whose speed changes, or that does other work, changes both. Ratios and differences are those of the two runs of a pair; the
// figure is their median. Needs the release build and Node.js 18.
//   node bench/session.mjs                          all rows, 9 pairs of 2 s each, some 5 minutes
//   node bench/session.mjs --rounds 21 --seconds 1 --rows throughput-2,messages-1
//   node bench/session.mjs --bin DIR                the directory of pairwire-bench (build/release/bin)
// Exit code 1 when a run failed, 2 for wrong usage.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const rows = new Map();
for (const processes of [2, 1]) {
  const named = (name, args) => rows.set(`${name}-${processes}`, [...args, '--processes', String(processes)]);
  named('throughput', ['throughput']);
  named('messages', ['messages']);
  named('messages-1024', ['messages', '--size', '1024']);
}

function usage(what) {
  console.error(`session: ${what}`);
  process.exit(2);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '9' },
        seconds: { type: 'string', default: '2' },
        rows: { type: 'string', default: [...rows.keys()].join(',') },
        bin: { type: 'string', default: join(root, 'build/release/bin') },
      },
    });
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) usage('--rounds is a number, 1 at least');
    const names = values.rows.split(',');
    for (const name of names) if (!rows.has(name)) usage(`there is no row ${name}: ${[...rows.keys()].join(', ')}`);
    return { ...values, rounds, names };
  } catch (error) {
    return usage(error.message);
  }
}

async function run(options, args) {
  const words = [...args, '--seconds', options.seconds, '--json'];
  const { stdout } = await promisify(execFile)(join(options.bin, 'pairwire-bench'), words);
  return JSON.parse(stdout);
}

// Of an even number the mean of the two in the middle.
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const of = (values, digits) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

async function measure(options, name) {
  const pairs = [];
  for (let round = 0; round < options.rounds; ++round) {
    const pair = {};
    // Who goes first changes, too.
    for (const form of round % 2 ? ['session', 'raw'] : ['raw', 'session']) {
      pair[form] = await run(options, [...rows.get(name), ...(form === 'session' ? ['--session'] : [])]);
    }
    pairs.push(pair);
  }
  const column = (form, field) => pairs.map((pair) => pair[form][field]);
  const compared = (field, how) => pairs.map((pair) => how(pair.session[field], pair.raw[field]));
  const waits = pairs.flatMap(({ raw, session }) => [raw.senderWaitPercent, session.senderWaitPercent]);
  console.log(`| ${[
    name,
    of(column('raw', 'megabytesPerSecond'), 1),
    of(column('session', 'megabytesPerSecond'), 1),
    of(compared('megabytesPerSecond', (session, raw) => session / raw), 3),
    of(compared('cpuMicrosecondsPerMessage', (session, raw) => session / raw), 3),
    of(column('raw', 'cpuMicrosecondsPerMessage'), 2),
    of(compared('cpuMicrosecondsPerMessage', (session, raw) => session - raw), 2),
    of(waits, 0),
  ].join(' | ')} |`);
}

const options = readOptions();
console.log('| scenario-processes | raw MB/s | session MB/s | rate, session/raw | CPU, session/raw | raw CPU us a message | CPU us a message, session - raw | waiting % |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const name of options.names) {
  try {
    await measure(options, name);
  } catch (error) {
    console.error(`session: ${name}: ${error.stderr || error.message}`);
    process.exit(1);
  }
}
