// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Headless Chromium on the page that the relay serves, as a visitor uses it, on a phone-sized screen.
// PAIRWIRE_SCREENSHOT=FILE keeps a picture of the connected page.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { assertEqual, pattern } from '../lib/signaling.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'pairwire-chromium-'));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--no-first-run', '--disable-quic'],
});

async function openPage(programs, signal) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // A refused code is a 404, a flooded relay's answer a 429: Chromium reports both by itself.
    if (message.type() === 'error' && !/404|429/.test(message.text())) problems.push(message.text());
  });
  signal.addEventListener('abort', () => context.close());
  await page.goto(programs.url);
  return { page, problems, context };
}

// Guesses from everywhere, through a proxy that the relay trusts, until it asks everybody for a proof of
// work; then as many as it takes to keep it so.
async function startFlood(url) {
  let number = 0;
  let stopped = false;
  const guess = async () => {
    ++number;
    const response = await fetch(new URL('api/sessions/pair', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': `10.9.${Math.floor(number / 250)}.${number % 250}`,
      },
      // Each another one, as one code's own bound would be reached first.
      body: JSON.stringify({ code: String(100_000_000 + number) }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const guesses = (count) => Promise.all(Array.from({ length: count }, guess));
  while (!(await guesses(40)).includes(429));
  const running = (async () => {
    // Two a second are let through; more than that keeps the way closed.
    while (!stopped) {
      await guesses(4);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return { stop: () => { stopped = true; return running; } };
}

async function connected(programs, signal) {
  const opened = await openPage(programs, signal);
  await opened.page.fill('#code', await programs.nextCode());
  await opened.page.click('#connect');
  await opened.page.waitForSelector('#status[data-state="connected"]');
  await programs.display.event('connected', (event) => event.path === 'direct');
  return opened;
}

async function leave({ page, problems, context }, programs) {
  await page.click('#disconnect');
  await page.waitForSelector('#pair:not([hidden])');
  await programs.display.event('closed');
  await context.close();
  assertEqual(problems.join('; '), '', 'what the page reported');
}

export const cases = {
  async 'a wrong code is said so'(programs, signal) {
    const { page, problems, context } = await openPage(programs, signal);
    await page.fill('#code', '000 000 000');
    await page.click('#connect');
    await page.waitForSelector('#pair-error:not([hidden])');
    const said = await page.textContent('#pair-error');
    assertEqual(said.startsWith('This code is unknown, used or expired.'), true, `error text "${said}"`);
    await context.close();
    assertEqual(problems.join('; '), '', 'what the page reported');
  },

  async 'text both ways, and a file with progress'(programs, signal) {
    const opened = await connected(programs, signal);
    const { page } = opened;
    await page.fill('#message', 'Hello from the page <b>&');
    await page.click('#send');
    await programs.display.event('message', (event) => event.text === 'Hello from the page <b>&');
    await page.waitForFunction(() => document.querySelectorAll('#log li').length === 2);
    const lines = await page.$$eval('#log li .text', (items) => items.map((item) => item.textContent));
    assertEqual(lines.join('|'), 'Hello from the page <b>&|Hello from the page <b>&', 'log');

    const files = [['one-mebibyte.bin', pattern(1024 * 1024)], ['empty.txt', pattern(0)]];
    for (const [name, bytes] of files) {
      const file = path.join(scratch, name);
      writeFileSync(file, bytes);
      await page.setInputFiles('#file', file);
      const stored = await programs.display.event('file', (event) => event.name === name);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      assertEqual(stored.sha256, sha256, 'hash at the display');
      await page.waitForSelector(`#files li.done[data-sha256="${sha256}"]`);
      assertEqual(readFileSync(stored.path), Buffer.from(bytes), 'stored file');
    }
    const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assertEqual(fits, true, 'the page fits a phone');
    if (process.env.PAIRWIRE_SCREENSHOT) await page.screenshot({ path: process.env.PAIRWIRE_SCREENSHOT });
    await leave(opened, programs);
  },

  async 'the largest messages both ways, by the module'(programs, signal) {
    const { page, context } = await openPage(programs, signal);
    const code = await programs.nextCode();
    const same = await page.evaluate(async (typed) => {
      const { pair } = await import('./pairwire.js');
      const session = await pair(typed, { name: 'module', plain: true });
      const received = [];
      const done = new Promise((resolve) => {
        session.addEventListener('message', ({ data }) => {
          received.push(new Uint8Array(data));
          if (received.length === 4) resolve();
        });
      });
      const sent = [];
      for (let i = 0; i < 4; ++i) {
        // 256 KiB with the header: more is refused, as browsers take no larger messages.
        const large = new Uint8Array(262_124);
        for (let at = 0; at < large.length; at += 65536) crypto.getRandomValues(large.subarray(at, at + 65536));
        sent.push(large);
        session.send(large);
      }
      await done;
      session.close();
      return sent.every((bytes, i) => bytes.length === received[i].length &&
        bytes.every((byte, at) => byte === received[i][at]));
    }, code);
    assertEqual(same, true, 'echoed bytes');
    await programs.display.event('closed');
    await context.close();
  },

  async 'a flooded relay is paired with after a proof of work'(programs, signal) {
    const opened = await openPage(programs, signal);
    const { page } = opened;
    const bodies = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/pair')) bodies.push(JSON.parse(request.postData()));
    });
    const flood = await startFlood(programs.url);
    try {
      // Now and then a page is let in without one, when it comes just before the next guess.
      for (let i = 0; i < 10 && !bodies.at(-1)?.proof; ++i) {
        if (i > 0) {
          await page.click('#disconnect');
          await page.waitForSelector('#pair:not([hidden])');
        }
        await page.fill('#code', await programs.nextCode());
        await page.click('#connect');
        await page.waitForSelector('#status[data-state="connected"]');
      }
    } finally {
      await flood.stop();
    }
    assertEqual(typeof bodies.at(-1).proof?.answer, 'string', 'the proof that was sent');
    await leave(opened, programs);
  },

  async 'the page goes on while it solves a proof of work'(programs, signal) {
    const { page, context } = await openPage(programs, signal);
    const ticks = await page.evaluate(async () => {
      const { solveProofOfWork } = await import('./proof-of-work.js');
      let count = 0;
      const timer = setInterval(() => ++count, 1);
      const solved = [];
      for (let i = 0; i < 4; ++i) solved.push(await solveProofOfWork({ challenge: `work${i}`, bits: 17 }));
      clearInterval(timer);
      const refused = await solveProofOfWork({ challenge: 'x', bits: 25 });
      const aborted = await solveProofOfWork({ challenge: 'x', bits: 24 }, AbortSignal.abort());
      return refused === null && aborted === null && solved.every((one) => one?.answer) ? count : -1;
    });
    assertEqual(ticks >= 4, true, `the page's timers ran meanwhile (${ticks})`);
    await context.close();
  },

  async 'the display going away is noticed'(programs, signal) {
    const opened = await connected(programs, signal);
    // The next case gets a display of its own: this is the last one.
    await programs.display.stop();
    await opened.page.waitForSelector('#pair:not([hidden])');
    await opened.context.close();
  },
};

export async function close() {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
