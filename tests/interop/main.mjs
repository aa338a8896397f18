// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Runs everything: the cases through the relay, one after the other and each with a deadline; then the matrix. Writes a JUnit
// file. A stack that can not be loaded is skipped, aloud.

import { writeFileSync } from 'node:fs';
import { startAll } from './lib/programs.mjs';
import { runMatrix } from './matrix.mjs';

const SUITES = ['node-datachannel', 'wrtc', 'chromium'];
const CASE_DEADLINE_MS = 60_000;

const args = process.argv.slice(2);
const junitAt = args.indexOf('--junit');
const junit = junitAt < 0 ? null : args.splice(junitAt, 2)[1];
const peersAt = args.indexOf('--peers');
const peers = peersAt < 0 ? undefined : args.splice(peersAt, 2)[1].split(',');

const escape = (text) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

async function withDeadline(run) {
  const abort = new AbortController();
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => {
      abort.abort();
      reject(new Error(`not done within ${CASE_DEADLINE_MS / 1000} s`));
    }, CASE_DEADLINE_MS);
  });
  try {
    await Promise.race([run(abort.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

const results = [];

const isWanted = (label) => args.length === 0 || args.some((part) => label.includes(part));

async function runSuite(name) {
  let suite;
  try {
    suite = await import(`./cases/${name}.mjs`);
  } catch (error) {
    console.log(`SKIPPED ${name}: it can not be loaded here: ${error.message.split('\n')[0]}`);
    results.push({ name, skipped: error.message });
    return;
  }
  const labelOf = (title) => `${name}, by the relay: ${title}`;
  const wanted = Object.entries(suite.cases).filter(([title]) => isWanted(labelOf(title)));
  if (wanted.length === 0) return suite.close?.();
  const programs = await startAll();
  try {
    for (const [title, run] of wanted) {
      const label = labelOf(title);
      const start = performance.now();
      try {
        await withDeadline((signal) => run(programs, signal));
        const seconds = (performance.now() - start) / 1000;
        console.log(`ok      ${label} (${seconds.toFixed(2)} s)`);
        results.push({ name: label, seconds });
      } catch (error) {
        console.log(`FAILED  ${label}: ${error.stack}`);
        console.log(programs.tail());
        results.push({ name: label, failure: String(error.stack) });
      }
    }
    await suite.close?.();
  } finally {
    await programs.stop();
  }
}

for (const name of SUITES) await runSuite(name);
for (const { name, seconds, status, note, error } of await runMatrix({ names: args, peers })) {
  results.push({
    name, seconds, failure: status === 'failed' && String(error.stack), skipped: (status === 'skipped' || status === 'known') && note,
  });
}

const failed = results.filter((result) => result.failure).length;
const skipped = results.filter((result) => result.skipped).length;
if (junit) {
  const cases = results.map((result) =>
    `<testcase name="${escape(result.name)}" time="${result.seconds ?? 0}">` +
    (result.failure ? `<failure>${escape(result.failure)}</failure>` : '') +
    (result.skipped ? `<skipped message="${escape(result.skipped)}"/>` : '') + '</testcase>');
  writeFileSync(junit, `<testsuite name="interop" tests="${results.length}" failures="${failed}" ` +
    `skipped="${skipped}">${cases.join('\n')}</testsuite>\n`);
}
console.log(`interop: ${results.length - failed - skipped} passed, ${failed} failed, ${skipped} skipped`);
// Native modules keep threads; the cases are over, so nothing is lost.
process.exit(failed === 0 && results.length > 0 ? 0 : 1);
