// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The matrix: our peer against every other one, either end offering, with trickled candidates and with whole descriptions.
//   node matrix.mjs [--peers a,b] [--ours PEER] [--verbose] [NAME...]
// NAME: only cases whose "peer, offer by us, trickle: case" contains one of them. --ours PEER puts another peer in our place: what
// fails there too is theirs. Used by main.mjs, which counts and writes JUnit.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CASES } from './matrix/cases.mjs';
import { Link } from './matrix/link.mjs';
import { ours, peerNames, prepare, traits } from './matrix/peers.mjs';
import { table } from './matrix/table.mjs';

const DEADLINE_MS = 20_000;
const COLUMNS = [[true, true], [true, false], [false, true], [false, false]].map(([weOffer, trickle]) => ({ weOffer, trickle }));

const known = JSON.parse(readFileSync(new URL('known.json', import.meta.url), 'utf8'));

/** The other stack's own defect or missing feature that makes this case fail, if we know one: `error` is what it must say. */
function knownDefect(peer, { title, error }, { weOffer, trickle }) {
  return known.find((entry) => entry.peer === peer && entry.cases.includes(title) && new RegExp(entry.error ?? '').test(error.message) &&
    (entry.weOffer ?? weOffer) === weOffer && (entry.trickle ?? trickle) === trickle);
}

async function withDeadline(work, milliseconds) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the wanted cases of one column; `report` gets each result as it is known. */
async function runColumn(peer, column, titles, report) {
  const link = new Link(peer.we, peer, column);
  let unreachable = null;  // once no connection came about, the rest need not wait for one
  try {
    for (const title of titles) {
      const { run, fresh, deadline = DEADLINE_MS } = CASES[title];
      const start = performance.now();
      const seconds = () => (performance.now() - start) / 1000;
      try {
        if (unreachable && !fresh) throw unreachable;
        if (!fresh && !link.connected) {
          await withDeadline(link.connect(), DEADLINE_MS).catch((error) => {
            unreachable = new Error(`no connection: ${error.message}`);
            throw unreachable;
          });
        }
        const note = await withDeadline(run(link), deadline);
        report({ title, status: 'ok', seconds: seconds(), note });
      } catch (error) {
        link.connected = false;
        report({ title, status: 'failed', seconds: seconds(), error, tail: link.tail() });
      }
    }
    return link.them?.ready?.version;
  } finally {
    await link.stop();
  }
}

/** @returns results: {name, peer, weOffer, trickle, title, status: ok|failed|known|skipped, seconds, note} */
export async function runMatrix({ names = [], peers = peerNames, we = ours, verbose = false }) {
  const results = [];
  const versions = {};
  for (const name of peers) {
    const label = (column, title) =>
      `${name}, offer by ${column.weOffer ? 'us' : 'them'}, ${column.trickle ? 'trickle' : 'whole'}: ${title}`;
    const wanted = (column) => Object.keys(CASES).filter((title) => (CASES[title].applies?.(traits(name), column) ?? true) &&
      (names.length === 0 || names.some((part) => label(column, title).includes(part))));
    if (COLUMNS.every((column) => wanted(column).length === 0)) continue;
    const peer = prepare(name);
    if (!peer.missing) peer.missing = await new Link(we, peer, COLUMNS[0]).probe();
    if (peer.missing) {
      console.log(`SKIPPED ${name}: ${peer.missing}`);
      for (const column of COLUMNS) {
        for (const title of wanted(column)) results.push({ name: label(column, title), peer: name, ...column, title, status: 'skipped', note: peer.missing });
      }
      continue;
    }
    const start = performance.now();
    for (const column of COLUMNS) {
      const titles = wanted(column);
      if (titles.length === 0) continue;
      versions[name] = await runColumn({ ...peer, we }, column, titles, (result) => {
        const defect = result.status === 'failed' ? knownDefect(name, result, column) : null;
        const status = defect ? 'known' : result.status;
        results.push({ ...result, name: label(column, result.title), peer: name, ...column, status, note: defect?.note ?? result.note });
        if (!verbose) return;
        console.log(`${status.padEnd(7)} ${label(column, result.title)} (${result.seconds.toFixed(2)} s) ${result.error?.message ?? result.note ?? ''}`);
        if (status === 'failed') console.log(result.tail);
      }) ?? versions[name];
    }
    printFailures(name, results);
    console.log(`        ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  if (results.length > 0) summarise(results, versions);
  return results;
}

/** One line for each reason, with the cases and columns in which it was the reason. */
function printFailures(name, results) {
  const reasons = new Map();
  for (const { peer, title, status, error, weOffer, trickle } of results) {
    if (peer !== name || status !== 'failed') continue;
    const reason = error.message.slice(0, 240);
    if (!reasons.has(reason)) reasons.set(reason, { titles: new Set(), columns: new Set() });
    reasons.get(reason).titles.add(title);
    reasons.get(reason).columns.add(`${weOffer ? 'us' : 'them'} ${trickle ? 't' : 'w'}`);
  }
  for (const [reason, { titles, columns }] of reasons) {
    console.log(`FAILED  ${name} (offer by ${[...columns].join(', ')}) ${[...titles].join('; ')}: ${reason}`);
  }
}

function summarise(results, versions) {
  console.log(`\n${table(results, Object.keys(CASES))}\n`);
  console.log('FAIL t: with trickled candidates only; FAIL w: with whole descriptions only; theirs: the other stack, as told below.');
  for (const [name, version] of Object.entries(versions)) console.log(`  ${name}: ${version}`);
  for (const entry of known) {
    const hit = results.filter((result) => result.peer === entry.peer && entry.cases.includes(result.title));
    if (hit.some(({ status }) => status === 'known')) console.log(`  theirs, ${entry.peer} (${entry.cases.join('; ')}): ${entry.note} ${entry.link ?? ''}`);
    else if (hit.some(({ status }) => status === 'ok')) console.log(`  works now, take it out of known.json: ${entry.peer} (${entry.cases.join('; ')})`);
  }
}

async function main() {
  const args = process.argv.slice(2);
  const option = (name) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const flag = (name) => {
    const at = args.indexOf(name);
    if (at >= 0) args.splice(at, 1);
    return at >= 0;
  };
  const peers = option('--peers')?.split(',');
  const other = option('--ours');
  const verbose = flag('--verbose');
  const results = await runMatrix({ names: args, peers, we: other ? { ...prepare(other), name: `${other} in our place` } : ours, verbose });
  const count = (status) => results.filter((result) => result.status === status).length;
  console.log(`matrix: ${count('ok')} passed, ${count('failed')} failed, ${count('known') + count('skipped')} skipped`);
  process.exitCode = results.length > 0 && count('failed') === 0 ? 0 : 1;
  // Should a stopped peer have left something open, it does not keep us.
  setTimeout(() => {
    console.error(`matrix: left open: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit();
  }, 5_000).unref();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
