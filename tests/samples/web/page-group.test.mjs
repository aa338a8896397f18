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

// What a display page was given and what was on its canvas, both in their order, and each repaint, with the controller's clock as it
// was known then. It hears of a repaint before the page draws anything.
const recordFrames = ({ page }) => page.evaluate(async () => {
  const { Stage } = await import('./stage.js');
  window.given = [];
  window.shown = [];
  window.repaints = [];
  let theirClock = () => null;
  const now = () => ({ at: performance.now(), theirs: theirClock() });
  const { showEvent, follow } = Stage.prototype;
  Stage.prototype.showEvent = function record(event) {
    if (event.type === 'animation:frame') window.given.push({ frame: event.data.frame, presentAt: event.data.presentAt, ...now() });
    return showEvent.call(this, event);
  };
  Stage.prototype.follow = function record(clock, ...rest) {
    theirClock = clock;
    return follow.call(this, clock, ...rest);
  };
  const repaint = () => {
    window.repaints.push(now());
    requestAnimationFrame(repaint);
  };
  requestAnimationFrame(repaint);
  const canvas = document.getElementById('frame');
  new MutationObserver(() => window.shown.push({ frame: Number(canvas.dataset.frame), at: performance.now() })).observe(canvas, { attributeFilter: ['data-frame'] });
});

/**
 * What is promised of a page: each frame that it was given is shown at the first repaint at or after its moment, but for those
 * behind which another one was due at the same repaint. @returns {Promise<number[]>} what it showed
 */
async function expectFramesAtTheirRepaints({ page, name }) {
  const { given, shown, repaints } = await page.evaluate(() => ({ given: window.given, shown: window.shown, repaints: window.repaints }));
  const shownIn = new Map(shown.map(({ frame, at }) => [frame, repaints.findLastIndex((repaint) => repaint.at <= at)]));
  given.forEach((one, i) => {
    // Without a clock it is due at once.
    const due = repaints.findIndex(({ at, theirs }) => at >= one.at && (one.theirs === null || theirs >= one.presentAt));
    const where = [one, ...given.slice(i + 1)].map(({ frame }) => shownIn.get(frame)).find((repaint) => repaint !== undefined);
    // One before: its moment came between this test's look at the clock and the page's.
    assert.ok(where === due || where === due - 1, `${name}: frame ${one.frame} was due at repaint ${due}, and shown at ${where}`);
  });
  assert.ok(shown.every(({ frame }, i) => i === 0 || frame > shown[i - 1].frame), `${name}: in order`);
  return shown.map(({ frame }) => frame);
}

// Frames are of the class stream, so one may be lost; and a machine that stands still for a while makes several due at one repaint,
// of which a page shows the last. Once four of thirty came together so, at both pages. What was shown is said, all of it.
function expectReports({ frames, displays, reports, compared }, shownBy) {
  assert.equal(displays, shownBy.length);
  assert.equal(reports, shownBy.flat().length, 'each display says of each frame that it showed when');
  const twice = Array.from({ length: frames }, (_, i) => i + 1).filter((frame) => shownBy.filter((shown) => shown.includes(frame)).length >= 2);
  assert.equal(compared, twice.length);
}

test('display pages in the group of a native controller show its frames, and say when', async (t) => {
  const pages = [await openDisplay(t, 'One'), await openDisplay(t, 'Two')];
  const native = await nativeDisplay(t, 'Three');
  for (const page of pages) await recordFrames(page);
  const controller = control(t, [...pages, native], 'present', '--fps', '10', '--seconds', '3');
  const presented = await controller.event('presented');
  assert.equal(await controller.gone, 0);
  assert.equal(presented.frames, 30);
  const shownBy = [native.program.eventsSoFar('frame').map(({ frame }) => frame)];
  for (const page of pages) {
    shownBy.push(await expectFramesAtTheirRepaints(page));
    assert.deepEqual(page.problems, []);
  }
  expectReports(presented, shownBy);
  // A program shows each that it is given.
  assert.deepEqual(shownBy[0], Array.from({ length: 30 }, (_, i) => i + 1));
  // A page shows a frame at the next repaint: 17 ms when nothing holds it up, and this machine does other things, too.
  assert.ok(presented.spreadP50Us <= 100_000, `half of them within ${presented.spreadP50Us} us`);
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

test('frames of a controller page are shown by all displays at the same moments, and a note stays for those that come later', async (t) => {
  const pages = [await openDisplay(t, 'One'), await openDisplay(t, 'Two')];
  const native = await nativeDisplay(t, 'Three');
  for (const page of pages) await recordFrames(page);
  const { page, problems, close } = await openPage(browser, relay.url);
  t.after(close);
  await enter(page, pages[0].code);
  await untilStatus(page, 'Connected to One');
  await page.fill('#note', 'Back at ten');
  await page.press('#note', 'Enter');
  const note = (display, text) => display.page.waitForFunction((wanted) => {
    const element = document.getElementById('note');
    return (element.hidden ? '' : element.textContent) === wanted;
  }, text);
  await note(pages[0], 'Back at ten');
  for (const [display, status] of [[pages[1], 'Connected to 2 displays'], [native, 'Connected to 3 displays']]) {
    await page.click('#add');
    await enter(page, display.code);
    await untilStatus(page, status);
  }
  await note(pages[1], 'Back at ten');
  await page.click('#present');
  assert.equal(await page.isDisabled('#present'), true);
  await page.waitForFunction(() => document.getElementById('presented').dataset.summary !== undefined, null, { timeout: 60_000 });
  const summary = JSON.parse(await page.getAttribute('#presented', 'data-summary'));
  assert.match(await page.textContent('#presented'), /frames, shown \d+ times by 3 displays\. From the first display to the last/);
  assert.equal(await page.isDisabled('#present'), false);
  const shownBy = [native.program.eventsSoFar('frame').map(({ frame }) => frame)];
  for (const display of pages) shownBy.push(await expectFramesAtTheirRepaints(display));
  expectReports({ ...summary, frames: 250 }, shownBy);
  // A beat that the page missed is left out.
  assert.ok(summary.frames >= 125 && summary.frames <= 250, `${summary.frames}`);
  assert.ok(summary.spreadP50Us <= 100_000, `half of them within ${summary.spreadP50Us} us`);
  await page.fill('#note', '');
  await page.press('#note', 'Enter');
  for (const display of pages) await note(display, '');
  assert.deepEqual([...problems, ...pages.flatMap((display) => display.problems)], []);
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
