// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The pages with the native programs, either as the display: letters, URL, plain, wrong letters; text and files.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { LANES, Program, lanesOf, openEnd, openPage, readQrCode, startBrowser, startRelay } from './page-testing.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'pairwire-programs-'));
const BYTES = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff));
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const file = path.join(scratch, 'file.bin');
let relay;
let browser;

before(async () => {
  writeFileSync(file, BYTES);
  [relay, browser] = await Promise.all([startRelay(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await relay?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const visible = (page, selector) => page.waitForSelector(selector, { state: 'visible' });

function startDisplay(t, ...options) {
  const display = new Program('pairwire-display',
    ['--relay', relay.url, '--name', 'Native', '--echo', '--json', '--out', scratch, '--page', `${relay.url}/`, ...options]);
  t.after(() => display.stop());
  return display;
}

async function enter({ page }, code) {
  await page.fill('#code', code);
  await page.press('#code', 'Enter');
}

// A message there and back, a file, and the end.
async function useNative({ page, problems, close }, display, authenticated) {
  await visible(page, '#session');
  await display.event('connected');
  assert.match(await page.textContent('#trust'), authenticated ? /^Confirmed by the code/ : /no letters/);
  await page.fill('#message', 'Hello from the page');
  await page.press('#message', 'Enter');
  await display.event('message', (event) => event.text === 'Hello from the page');
  await page.waitForFunction(() => document.querySelectorAll('#log li').length === 2);
  await page.setInputFiles('#file', file);
  const stored = await display.event('file');
  assert.equal(stored.sha256, SHA256);
  assert.ok(readFileSync(stored.path).equals(BYTES));
  await visible(page, `#files li.done[data-sha256="${SHA256}"]`);
  await page.click('#disconnect');
  await display.event('closed');
  await close();
  assert.deepEqual(problems, []);
}

test('browser controller, native display: letters', async (t) => {
  const display = startDisplay(t);
  const { code } = await display.event('code');
  const controller = await openPage(browser, relay.url);
  await enter(controller, code);
  await useNative(controller, display, true);
});

test('browser controller, native display: the URL of its QR code', async (t) => {
  const display = startDisplay(t);
  const { url } = await display.event('code');
  await useNative(await openPage(browser, url), display, true);
});

test('browser controller, native display: plain', async (t) => {
  const display = startDisplay(t, '--no-secret');
  const { code } = await display.event('code');
  const controller = await openPage(browser, relay.url);
  await enter(controller, code);
  await useNative(controller, display, false);
});

test('browser controller, native display: wrong letters', async (t) => {
  const display = startDisplay(t);
  const { code } = await display.event('code');
  const controller = await openPage(browser, relay.url);
  await enter(controller, code.slice(0, -1) + (code.endsWith('B') ? 'C' : 'B'));
  await visible(controller.page, '#pair-error');
  assert.match(await controller.page.textContent('#pair-error'), /The code was not confirmed/);
  await display.event('error', (event) => event.code === 'auth_failed');
  await controller.page.waitForSelector('#connect:enabled');
  await enter(controller, code);
  await useNative(controller, display, true);
});

async function openDisplay() {
  const display = await openPage(browser, `${relay.url}/display.html?name=Hall`);
  await visible(display.page, '#invite');
  return display;
}

const control = (t, ...options) => {
  const controller = new Program('pairwire-controller', ['--relay', relay.url, '--json', ...options]);
  t.after(() => controller.stop());
  return controller;
};

test('native controller, browser display: letters, text and a file', async (t) => {
  const { page, problems, close } = await openDisplay();
  const code = await page.textContent('#code');
  const controller = control(t, '--code', code, 'send', 'Hello from the program');
  assert.equal((await controller.event('paired')).name, 'Hall');
  await page.waitForFunction(() => document.getElementById('text').textContent === 'Hello from the program');
  await controller.event('ack');
  assert.equal(await controller.gone, 0);
  await page.waitForFunction((before) => document.getElementById('code').textContent !== before, code);

  const sender = control(t, '--code', await page.textContent('#code'), 'send-file', file);
  assert.equal((await sender.event('file')).sha256, SHA256);
  assert.equal(await sender.gone, 0);
  await close();
  assert.deepEqual(problems, []);
});

test('native controller, browser display: the URL read off its QR code', async (t) => {
  const { page, problems, close } = await openDisplay();
  await visible(page, '#qr svg');
  const url = await readQrCode(browser, page, '#qr svg');
  assert.match(url, /#pair=/);
  const controller = control(t, '--code', url, 'send', 'Scanned');
  assert.equal((await controller.event('connected')).authenticated, true);
  await page.waitForFunction(() => document.getElementById('text').textContent === 'Scanned');
  assert.equal(await controller.gone, 0);
  await close();
  assert.deepEqual(problems, []);
});

// What is told of a session at either end, for each way of pairing: lanes, and who proved what.
const WAYS = {
  letters: { secret: true, pick: ({ code }) => code },
  URL: { secret: true, pick: ({ url }) => url },
  plain: { secret: false, pick: ({ code }) => code },
};

const takeShown = (end, secret) => end.page.evaluate(async (withLetters) => {
  const { Display } = await import('./session/display.js');
  const display = new Display({ relay: location.href, name: 'Hall', secret: withLetters, pageUrl: new URL('.', location.href).href });
  display.addEventListener('session', ({ detail }) => window.take(detail.session));
  const shown = new Promise((resolve) => display.addEventListener('code', ({ detail }) => resolve(detail), { once: true }));
  display.run();
  return shown;
}, secret);

const takePaired = (end, code, plain) => end.page.evaluate(async ([typed, noLetters]) => {
  const { pair } = await import('./pairwire.js');
  window.take(await pair(typed, { name: 'Phone', plain: noLetters }));
}, [code, plain]);

async function expectLanes(end, authenticated) {
  await end.page.waitForFunction(() => window.session?.state === 'connected');
  assert.equal(await end.page.evaluate(() => session.peer.authenticated), authenticated);
  assert.deepEqual(await lanesOf(end), LANES);
}

for (const [way, { secret, pick }] of Object.entries(WAYS)) {
  test(`lanes, and what is proved: browser controller, browser display, ${way}`, async (t) => {
    const [display, controller] = [await openEnd(browser, relay.url), await openEnd(browser, relay.url)];
    t.after(() => Promise.all([display.close(), controller.close()]));
    await takePaired(controller, pick(await takeShown(display, secret)), !secret);
    await expectLanes(controller, secret);
    await expectLanes(display, secret);
    assert.deepEqual([...display.problems, ...controller.problems], []);
  });

  test(`lanes, and what is proved: browser controller, native display, ${way}`, async (t) => {
    const display = startDisplay(t, ...(secret ? [] : ['--no-secret']));
    const controller = await openEnd(browser, relay.url);
    t.after(() => controller.close());
    await takePaired(controller, pick(await display.event('code')), !secret);
    await expectLanes(controller, secret);
    assert.equal((await display.event('connected')).authenticated, secret);
    assert.deepEqual(controller.problems, []);
  });

  test(`lanes, and what is proved: native controller, browser display, ${way}`, async (t) => {
    const display = await openEnd(browser, relay.url);
    t.after(() => display.close());
    const controller = control(t, '--code', pick(await takeShown(display, secret)), ...(secret ? [] : ['--no-secret']), 'watch');
    assert.equal((await controller.event('connected')).authenticated, secret);
    await expectLanes(display, secret);
    assert.deepEqual(display.problems, []);
  });
}

test('native controller, browser display: wrong letters', async (t) => {
  const { page, close } = await openDisplay();
  const code = await page.textContent('#code');
  const controller = control(t, '--code', code.slice(0, -1) + (code.endsWith('B') ? 'C' : 'B'), 'send', 'x');
  await controller.event('error', (event) => event.code === 'auth_failed');
  assert.equal(await controller.gone, 1);
  await visible(page, '#attempts');
  assert.equal(await page.textContent('#code'), code);
  assert.equal(await page.isHidden('#stage'), true);
  await close();
});
