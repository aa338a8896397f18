// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// bench/compare.sh ends here: the same work on ours and on the peers in alternation, one table of ratios, one JSON file, and
// bar charts.

import { cpus, release } from 'node:os';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { drawBars } from '../plot/bars.mjs';
import { watchOthers } from './lib/load.mjs';
import { measure } from './lib/measure.mjs';
import { OURS, measureOurs, prepareOurs } from './lib/ours.mjs';
import { peerNames, prepare } from './lib/roster.mjs';
import { makeRows, printTable, shown } from './lib/table.mjs';
import { GROUPS, works } from './lib/works.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const NOISE_CORES = 0.2;  // above this others were at work, and a figure says little

function usage(what) {
  console.error(`compare: ${what} (try bench/compare.sh --help)`);
  process.exit(2);
}

const text = (fallback) => ({ type: 'string', default: fallback });
const options = {
  quick: { type: 'boolean', default: false },
  peers: text(peerNames.join(',')),
  scenarios: text(GROUPS.join(',')),
  rounds: text(''),
  json: text(path.join(root, 'build/bench/results.json')),
  figures: text(path.join(root, 'build/bench/figures')),
  ours: text(''),
  'without-ours': { type: 'boolean', default: false },
};
let asked;
try {
  asked = parseArgs({ options }).values;
} catch (error) {
  usage(error.message);
}

function listOf(name, allowed) {
  const list = asked[name].split(',').filter(Boolean);
  const wrong = list.find((entry) => !allowed.includes(entry));
  return wrong ? usage(`--${name} knows ${allowed.join(', ')}; not ${wrong}`) : list;
}

const groups = listOf('scenarios', GROUPS);
const wanted = listOf('peers', peerNames);
const rounds = Number(asked.rounds || (asked.quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) usage('--rounds takes a whole number');

const stacks = [];
const skipped = {};
for (const stack of [...(asked['without-ours'] ? [] : [prepareOurs()]), ...wanted.map(prepare)]) {
  if (!stack.missing) {
    stacks.push(stack);
    continue;
  }
  if (stack.name === OURS) {
    console.error(`compare: ${stack.missing}\ncompare: or --without-ours for the peers alone`);
    process.exit(1);
  }
  skipped[stack.name] = stack.missing;
  console.error(`compare: SKIPPED: ${stack.name}: ${stack.missing}`);
}

async function one(work, stack) {
  const more = asked.ours.split(' ').filter(Boolean);
  return stack.name === OURS ? measureOurs(stack, work.scenario, work.ours, more) : measure(stack, work.scenario, work.settings);
}

const list = works(asked).filter((work) => groups.includes(work.group));
const results = [];
const failures = [];
for (const work of list) {
  for (let round = 1; round <= rounds; ++round) {
    for (const stack of stacks) {
      const others = watchOthers();
      try {
        const result = await one(work, stack);
        results.push({ work: work.key, stack: stack.name, round, othersCores: others(), result });
        const figures = work.figures.map(({ field, unit }) => `${shown(result[field])} ${unit}`).join(', ');
        console.error(`${work.title}, round ${round}: ${stack.name} ${figures}`);
      } catch (error) {
        failures.push({ work: work.key, stack: stack.name, round, message: error.message });
        console.error(`${work.title}, round ${round}: ${stack.name} FAILED: ${error.message}`);
      }
    }
  }
}

const names = stacks.map((stack) => stack.name);
const rows = makeRows(list, results, names, OURS);
console.log(printTable(rows, names));
const noisy = results.filter((entry) => entry.othersCores > NOISE_CORES).length;
console.log(`\nmedians of ${rounds}; ratio: how many times better than the best peer; -: no figure`);
if (noisy > 0) console.log(`in ${noisy} of ${results.length} measurements other processes took more than ${NOISE_CORES} of a core`);
for (const { work, stack, round, message } of failures) console.log(`failed: ${work}, ${stack}, round ${round}: ${message}`);
for (const [name, why] of Object.entries(skipped)) console.log(`skipped: ${name}: ${why}`);

const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release() };
mkdirSync(path.dirname(asked.json), { recursive: true });
writeFileSync(asked.json, `${JSON.stringify({ machine, rounds, quick: asked.quick, rows, skipped, failures, results }, null, 1)}\n`);
for (const file of drawBars(rows, names, OURS, asked.figures)) console.log(`drawn: ${path.relative(process.cwd(), file)}`);
process.exit(failures.some((failure) => failure.stack === OURS) ? 1 : 0);
