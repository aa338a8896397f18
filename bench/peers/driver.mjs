#!/usr/bin/env node
// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One measurement of one peer, printed as the JSON object that pairwire-bench prints for ours.
//   node bench/peers/driver.mjs --peer pion throughput --seconds 5 --size 65536
// The peers' programs and this driver talk as README.md says; all the peers are measured by these very lines.

import { parseArgs } from 'node:util';
import { SCENARIOS, measure } from './lib/measure.mjs';
import { OURS_AS_PEER, peerNames, prepare } from './lib/roster.mjs';

const known = [OURS_AS_PEER, ...peerNames];
const USAGE = `usage: driver.mjs --peer NAME SCENARIO [--seconds S] [--size BYTES] [--runs N] [--pairs N] [--trips N]
       [--addresses A,B] [--prefix-a COMMAND] [--prefix-b COMMAND] [--unreliable]
peers: ${known.join(' ')}; scenarios: ${Object.keys(SCENARIOS).join(' ')}
--addresses: where each end gathers (127.0.0.1, twice); --prefix-a, -b: what runs each end, as \`ip netns exec NAME\``;

function options() {
  const number = (text, name) => {
    const value = Number(text);
    if (!(value > 0)) throw new Error(`--${name} takes a number`);
    return value;
  };
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'peer': text, 'seconds': text, 'size': text, 'runs': text, 'pairs': text, 'trips': text, 'addresses': text,
      'prefix-a': text, 'prefix-b': text, 'unreliable': { type: 'boolean' },
    },
  });
  if (positionals.length !== 1 || !SCENARIOS[positionals[0]] || !known.includes(values.peer)) throw new Error('what shall run?');
  const numbers = ['seconds', 'size', 'runs', 'pairs', 'trips'].filter((name) => values[name] != null);
  return {
    peer: values.peer,
    scenario: positionals[0],
    settings: {
      ...Object.fromEntries(numbers.map((name) => [name, number(values[name], name)])),
      ...(values.addresses ? { addresses: values.addresses.split(',') } : {}),
      prefixes: [values['prefix-a'] ?? '', values['prefix-b'] ?? ''],
      unreliable: values.unreliable === true,
    },
  };
}

let asked;
try {
  asked = options();
} catch (error) {
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}
const peer = prepare(asked.peer);
if (peer.missing) {
  console.error(`${asked.peer}: can not be had: ${peer.missing}`);
  process.exit(1);
}
try {
  console.log(JSON.stringify(await measure(peer, asked.scenario, asked.settings)));
} catch (error) {
  console.error(`${asked.peer}: ${error.message}`);
  process.exit(1);
}
