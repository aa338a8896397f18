// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Several displays of one controller: display pages in the group of a native controller, which say when they showed
// its frames; and a controller page with several displays at once.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { after, before } from 'node:test';

import { Program, openPage, startBrowser, startRelay } from './page-testing.mjs';

let relay;
let browser;

before(async () => { [relay, browser] = await Promise.all([startRelay(), startBrowser()]); });
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const visible = (page, selector) => page.waitForSelector(selector, { state: 'visible' });

async function openDisplay(t, name) {
  const display = await openPage(browser, `${relay.url}/display.html?name=${name}`);
  t.after(display.close);
  await visible(display.page, '#invite');
  return { ...display, name, code: await display.page.textContent('#code') };
}

async function nativeDisplay(t, name) {
  const program = new Program('pairwire-display', ['--relay', relay.url, '--name', name, '--json']);
  t.after(() => program.stop());
  return { program, name, code: (await program.event('code')).code };
}

function control(t, displays, ...command) {
  const codes = displays.flatMap(({ code }) => ['--code', code]);
  const controller = new Program('pairwire-controller', ['--relay', relay.url, '--json', ...codes, ...command]);
  t.after(() => controller.stop());
  return controller;
}

// Which frames were on the canvas of a display page, in their order.
const recordFrames = ({ page }) => page.evaluate(() => {
  window.shown = [];
  const canvas = document.getElementById('frame');
  new MutationObserver(() => window.shown.push(Number(canvas.dataset.frame))).observe(canvas, { attributeFilter: ['data-frame'] });
});

test('display pages in the group of a native controller show its frames, and say when', async (t) => {
  const pages = [await openDisplay(t, 'One'), await openDisplay(t, 'Two')];
  const native = await nativeDisplay(t, 'Three');
  for (const page of pages) await recordFrames(page);
  const controller = control(t, [...pages, native], 'present', '--fps', '10', '--seconds', '3');
  const presented = await controller.event('presented');
  assert.equal(await controller.gone, 0);
  assert.deepEqual([presented.frames, presented.displays], [30, 3]);
  // Frames are of the class stream: one that is lost is not sent again; and two that are due at one repaint are one to a page.
  assert.ok(presented.reports >= 60, `reports: ${presented.reports}`);
  assert.ok(presented.compared >= 20, `compared: ${presented.compared}`);
  // A page shows a frame at the next repaint: 17 ms when nothing holds it up, and this machine does other things, too.
  assert.ok(presented.spreadP50Us <= 100_000, `half of them within ${presented.spreadP50Us} us`);
  for (const page of pages) {
    const shown = await page.page.evaluate(() => window.shown);
    assert.ok(shown.length >= 15, `${page.name} showed ${shown.length}`);
    assert.ok(shown.every((frame, i) => i === 0 || frame > shown[i - 1]), 'in order');
    assert.deepEqual(page.problems, []);
  }
});

test('a mark is said for a frame that had a moment, at its moment by the controller\'s clock, and for no other', async (t) => {
  const display = await openDisplay(t, 'Hall');
  const controller = await openPage(browser, relay.url);
  t.after(controller.close);
  const { marks, sent, spread } = await controller.page.evaluate(async (code) => {
    const { pair } = await import('./pairwire.js');
    const session = await pair(code, { name: 'Ann' });
    const said = [];
    const planned = {};
    session.addEventListener('message', () => {}); // what comes waits for it
    session.addEventListener('event', ({ detail }) => { if (detail.type === 'sync:mark') said.push(detail.data); });
    const deadline = performance.now() + 30_000;
    const until = async (condition) => {
      while (!condition()) {
        if (performance.now() > deadline) throw new Error('not in time');
        await new Promise((resolve) => { setTimeout(resolve, 10); });
      }
    };
    // Until the display knows this clock: before that a frame is shown at once, and no moment of it known.
    let warm = 1_000;
    await until(() => {
      session.sendEvent({ type: 'animation:frame', data: { frame: ++warm, presentAt: Math.round(performance.now() * 1000) } });
      return said.length > 0;
    });
    // The last of those is shown, so that the next one has its repaint to itself.
    await until(() => said.some(({ mark }) => mark === `shown ${warm}`));
    session.sendEvent({ type: 'animation:frame', data: { frame: 1 } });
    for (let frame = 2; frame <= 6; ++frame) {
      planned[frame] = Math.round((performance.now() + 300 + frame * 100) * 1000);
      session.sendEvent({ type: 'animation:frame', data: { frame, presentAt: planned[frame] } });
    }
    await until(() => said.some(({ mark }) => mark === 'shown 6'));
    const out = { marks: said.map(({ mark }) => mark).filter((mark) => mark.length < 10), sent: planned };
    out.spread = said.filter(({ mark }) => mark.length < 10).map(({ mark, at }) => at - planned[Number(mark.slice(6))]);
    session.close();
    return out;
  }, display.code);
  assert.deepEqual(marks, ['shown 2', 'shown 3', 'shown 4', 'shown 5', 'shown 6']);
  assert.equal(Object.keys(sent).length, 5);
  // Never before its moment, but for what the clock may be wrong by.
  assert.ok(Math.min(...spread) >= -20_000, `${spread}`);
  assert.ok(Math.max(...spread) <= 500_000, `${spread}`);
  assert.deepEqual([...display.problems, ...controller.problems], []);
});

test('text of a native controller goes to several display pages at once', async (t) => {
  const pages = [await openDisplay(t, 'One'), await openDisplay(t, 'Two')];
  const controller = control(t, pages, 'send', 'to both');
  for (const { page } of pages) await page.waitForFunction(() => document.getElementById('text').textContent === 'to both');
  assert.equal(await controller.gone, 0);
});

// --- A controller page

async function enter(page, code) {
  await page.fill('#code', code);
  await page.press('#code', 'Enter');
}

async function say(page, text) {
  await page.fill('#message', text);
  await page.press('#message', 'Enter');
}

const states = (page) => page.$$eval('#displays li', (items) => items.map((item) => [item.querySelector('strong').textContent, item.dataset.state]));
const untilStates = (page, wanted) => page.waitForFunction((expected) => JSON.stringify(
  Array.from(document.querySelectorAll('#displays li'), (item) => [item.querySelector('strong').textContent, item.dataset.state])) === expected,
JSON.stringify(wanted), { timeout: 60_000 });
const untilStatus = (page, text) => page.waitForFunction((wanted) => document.getElementById('status').textContent === wanted, text);

test('a controller page with several displays: codes one after another, one message and one file to all', async (t) => {
  const [hall, native, twin] = [await openDisplay(t, 'Hall'), await nativeDisplay(t, 'Native'), await openDisplay(t, 'Hall')];
  const { page, problems, close } = await openPage(browser, relay.url);
  t.after(close);
  await enter(page, hall.code);
  await untilStatus(page, 'Connected to Hall');
  for (const [display, status] of [[native, 'Connected to 2 displays'], [twin, 'Connected to 3 displays']]) {
    await page.click('#add');
    await visible(page, '#pair');
    await enter(page, display.code);
    await untilStatus(page, status);
    assert.equal(await page.isHidden('#pair'), true);
  }
  assert.deepEqual(await states(page), [['Hall', 'connected'], ['Native', 'connected'], ['Hall (2)', 'connected']]);
  await say(page, 'to all');
  for (const end of [hall, twin]) await end.page.waitForFunction(() => document.getElementById('text').textContent === 'to all');
  assert.equal((await native.program.event('message')).text, 'to all');

  // A code that is wrong takes nothing away from those that are there.
  await page.click('#add');
  await enter(page, '0000-BCDFG');
  await page.waitForFunction(() => /unknown, used or expired/.test(document.getElementById('pair-error').textContent));
  assert.equal(await page.textContent('#status'), 'Connected to 3 displays');
  await page.click('#add');
  assert.equal(await page.isHidden('#pair'), true);

  // A file goes to one after the other; a display that takes none does not hold up the others.
  const buffer = Buffer.alloc(100_000, 5);
  const sha256 = createHash('sha256').update(buffer).digest('hex');
  await page.setInputFiles('#file', { name: 'x.bin', mimeType: 'application/octet-stream', buffer });
  await page.waitForFunction(() => document.querySelectorAll('#files li.done, #files li.failed').length === 3);
  assert.deepEqual(await page.$$eval('#files li', (items) => items.map(({ className, dataset }) => [className, dataset.sha256 ?? ''])),
    [['done', sha256], ['failed', ''], ['done', sha256]]);
  for (const end of [hall, twin]) await end.page.waitForSelector(`#received li[data-sha256="${sha256}"]`);

  // One of them leaves; then all.
  await page.click('#displays li:nth-child(1) [data-action="disconnect"]');
  await untilStates(page, [['Native', 'connected'], ['Hall (2)', 'connected']]);
  await visible(hall.page, '#invite');
  await native.program.stop();
  await untilStates(page, [['Hall (2)', 'connected']]);
  await untilStatus(page, 'Connected to Hall (2)');
  await page.click('#disconnect');
  await visible(page, '#pair');
  await untilStatus(page, 'Not connected');
  await visible(twin.page, '#invite');
  assert.deepEqual([...problems, ...hall.problems, ...twin.problems], []);
});

test('a display that stands still is shown as away, does not hold up the others, and gets what it missed', async (t) => {
  const [hall, native] = [await openDisplay(t, 'Hall'), await nativeDisplay(t, 'Native')];
  const { page, problems, close } = await openPage(browser, relay.url);
  t.after(close);
  await enter(page, hall.code);
  await untilStatus(page, 'Connected to Hall');
  await page.click('#add');
  await enter(page, native.code);
  await untilStatus(page, 'Connected to 2 displays');
  native.program.child.kill('SIGSTOP');
  await say(page, 'while it stands');
  await hall.page.waitForFunction(() => document.getElementById('text').textContent === 'while it stands');
  await untilStates(page, [['Hall', 'connected'], ['Native', 'recovering']]);
  await untilStatus(page, 'Connected to 1 of 2 displays');
  native.program.child.kill('SIGCONT');
  assert.equal((await native.program.event('message')).text, 'while it stands');
  await untilStates(page, [['Hall', 'connected'], ['Native', 'connected']]);
  await untilStatus(page, 'Connected to 2 displays');
  assert.deepEqual([...problems, ...hall.problems], []);
});

test('a display that does not keep up is passed over, and that is said', async (t) => {
  const [hall, native] = [await openDisplay(t, 'Hall'), await nativeDisplay(t, 'Native')];
  const { page, problems, close } = await openPage(browser, relay.url);
  t.after(close);
  await enter(page, hall.code);
  await untilStatus(page, 'Connected to Hall');
  await page.click('#add');
  await enter(page, native.code);
  await untilStatus(page, 'Connected to 2 displays');
  native.program.child.kill('SIGSTOP');
  const large = 'x'.repeat(16_384);
  // 1 MiB is what a member may have unacknowledged.
  for (let i = 0; i < 70; ++i) {
    await page.evaluate((text) => { document.getElementById('message').value = text; document.getElementById('message-form').requestSubmit(); }, large);
    await page.waitForFunction((count) => document.querySelectorAll('#log li').length >= count, i + 1);
  }
  await page.waitForSelector('#displays li[data-state="lagging"]');
  assert.match(await page.textContent('#log li .who'), /^You, but not to Native$/);
  native.program.child.kill('SIGCONT');
  await page.waitForFunction(() => /of your messages did not reach it/.test(document.getElementById('log').textContent), null, { timeout: 60_000 });
  await page.waitForFunction(() => !document.querySelector('#displays li[data-state="lagging"]'), null, { timeout: 60_000 });
  await say(page, 'in step again');
  await native.program.event('message', (event) => event.text === 'in step again');
  await hall.page.waitForFunction(() => document.getElementById('text').textContent === 'in step again');
  assert.deepEqual([...problems, ...hall.problems], []);
});
