// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pages whose connections find no path, and a real relay that carries messages (--signaling both): sessions with each
// other and with the native programs go on in boxes through it, and back when there is a path. A page has none while its
// connections may use TURN servers alone and it knows of none; a program, with --relay-only.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { Program, openEnd, openPage, startBrowser, startEvilProxy, startRelay } from './page-testing.mjs';

// With its rates: what we send has to stay below them.
const CARRIES = ['--signaling', 'both', '--limit-loopback'];
let relay;
let browser;

before(async () => { [relay, browser] = await Promise.all([startRelay('127.0.0.1:0', CARRIES), startBrowser()]); });
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const call = ({ page }, work, ...args) => page.evaluate(work, ...args);
const waitFor = ({ page }, condition, arg) => page.waitForFunction(condition, arg, { timeout: 60_000 });
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
const noProblems = (...ends) => assert.deepEqual(ends.flatMap(({ problems }) => problems), []);

async function openPathless(t, url, pathless = true) {
  const end = await openEnd(browser, url);
  t.after(() => end.close());
  await call(end, (without) => { window.pathless = without; }, pathless);
  return end;
}

const beDisplay = (end, options = {}) => call(end, async (more) => {
  const { Display } = await import('./session/display.js');
  window.paths = [];
  window.troubles = [];
  window.display = new Display({ relay: location.href, name: 'Hall', ...more });
  window.display.addEventListener('session', ({ detail }) => {
    window.take(detail.session);
    detail.session.addEventListener('path', (event) => window.paths.push(event.detail.overRelay));
  });
  window.display.addEventListener('trouble', ({ detail }) => window.troubles.push(detail.code));
  const shown = new Promise((resolve) => window.display.addEventListener('code', ({ detail }) => resolve(detail.code), { once: true }));
  window.display.run();
  return shown;
}, options);

const beController = (end, code, options = {}) => call(end, async ([typed, more]) => {
  const { pair } = await import('./pairwire.js');
  window.paths = [];
  const began = performance.now();
  window.take(await pair(typed, { name: 'Phone', ...more }));
  window.took = performance.now() - began;
  window.session.addEventListener('path', (event) => window.paths.push(event.detail.overRelay));
}, [code, options]);

async function startPages(t, { url = relay.url, pathless = true, ofDisplay = {}, ofController = {} } = {}) {
  const display = await openPathless(t, url, pathless);
  const code = await beDisplay(display, ofDisplay);
  const controller = await openPathless(t, url, pathless);
  await beController(controller, code, ofController);
  await waitFor(display, () => window.got !== undefined);
  return { display, controller };
}

const overRelay = (end) => waitFor(end, () => session.state === 'connected' && session.overRelay);
const direct = (end) => waitFor(end, () => session.state === 'connected' && !session.overRelay);
const sendNumbers = (end, from, to) => call(end, ([first, last]) => { for (let i = first; i <= last; ++i) session.send(String(i)); }, [from, to]);
async function expectNumbers(end, from, to) {
  await waitFor(end, (count) => got.length >= count, to - from + 1);
  assert.deepEqual(await call(end, () => window.got.splice(0)), numbers(from, to));
}

test('two pages without a path: the session begins over the relay, and returns to a direct path by itself', async (t) => {
  const ends = await startPages(t);
  const { display, controller } = ends;
  for (const end of [display, controller]) {
    await overRelay(end);
    assert.equal(await call(end, () => session.path()), 'relayed');
  }
  assert.deepEqual(await call(controller, () => session.peer), { name: 'Hall', authenticated: true });
  const took = await call(controller, () => window.took);
  assert.ok(took >= 3_900 && took < 15_000, `a direct path had 4 s: ${took}`);
  for (const end of [display, controller]) await sendNumbers(end, 1, 40);
  for (const end of [display, controller]) await expectNumbers(end, 1, 40);
  // Streams and files are of direct paths.
  assert.equal(await call(controller, () => { try { session.sendStream('x'); return ''; } catch (error) { return error.code; } }), 'unsupported');
  await call(controller, () => {
    window.waits = [];
    window.sending = session.sendFile(new File([new Uint8Array(200_000)], 'x.bin'), () => {}, (waits) => window.waits.push(waits)).catch((error) => error.code);
  });
  await waitFor(controller, () => waits.length === 1);
  assert.deepEqual(await call(controller, () => waits), [true]);
  await call(display, async () => {
    const { IncomingFiles } = await import('./file-receiver.js');
    const files = new IncomingFiles({ onFile: (file) => { window.stored = [file.name, file.blob.size]; } });
    session.addEventListener('channel', ({ detail }) => files.take(detail.channel));
  });
  // 250 kB one way, a state the other.
  await call(controller, () => { session.send('x'.repeat(250_000)); });
  await call(display, () => { session.setState('volume', 'low'); session.setState('volume', 'high'); });
  await waitFor(display, () => got.length === 1);
  assert.equal((await call(display, () => got.splice(0)))[0].length, 250_000);
  await waitFor(controller, () => got.some((each) => each[1] === 'high'));
  await waitFor(controller, () => acked === 41);
  await call(controller, () => { got.length = 0; });

  // A path is there again, and nobody says so.
  for (const end of [display, controller]) await call(end, () => { window.pathless = false; });
  for (const end of [display, controller]) await direct(end);
  assert.deepEqual(await call(display, () => paths.at(-1)), false);
  assert.deepEqual(await call(controller, () => [paths.at(-1), states.filter((state) => state === 'reconnecting').length]), [false, 0]);
  await waitFor(display, () => window.stored);
  assert.deepEqual(await call(display, () => window.stored), ['x.bin', 200_000]);
  assert.equal((await call(controller, () => sending)).size, 200_000);
  assert.deepEqual(await call(controller, () => waits), [true, false]);
  await sendNumbers(controller, 41, 60);
  await expectNumbers(display, 41, 60);
  await call(controller, () => { session.sendStream('x'); session.close(); });
  await waitFor(display, () => window.over?.code === 'peer_left');
  noProblems(display, controller);
});

test('a connection that goes and finds no path again: nothing is lost, nothing comes twice; goodbye arrives', async (t) => {
  const { display, controller } = await startPages(t, { pathless: false });
  assert.equal(await call(controller, () => session.overRelay), false);
  for (const end of [display, controller]) {
    await sendNumbers(end, 1, 20);
    await call(end, () => { window.pathless = true; });
  }
  for (const end of [display, controller]) await call(end, () => cut());
  for (const end of [display, controller]) await sendNumbers(end, 21, 60);
  for (const end of [display, controller]) await expectNumbers(end, 1, 60);
  for (const end of [display, controller]) await overRelay(end);
  const began = Date.now();
  await call(controller, () => { session.send('bye'); session.close(); });
  await waitFor(display, () => window.over?.code === 'peer_left');
  await waitFor(controller, () => window.over?.code === 'closed');
  assert.ok(Date.now() - began < 5_000, 'at once');
  assert.deepEqual(await call(display, () => got), ['bye']);
  assert.deepEqual(await call(controller, () => over.unacknowledged), { first: 0, last: 0 });
  noProblems(display, controller);
});

test('the relay is killed and comes back while it carries the session', async (t) => {
  const mortal = await startRelay('127.0.0.1:0', CARRIES);
  let alive = mortal;
  t.after(() => alive.stop());
  const { display, controller } = await startPages(t, { url: mortal.url });
  for (const end of [display, controller]) await sendNumbers(end, 1, 10);
  for (const end of [display, controller]) await expectNumbers(end, 1, 10);
  mortal.child.kill('SIGKILL');
  await mortal.gone;
  for (const end of [display, controller]) await waitFor(end, () => session.state === 'reconnecting');
  for (const end of [display, controller]) await sendNumbers(end, 11, 30);
  alive = await startRelay(new URL(mortal.url).host, CARRIES);
  for (const end of [display, controller]) await expectNumbers(end, 11, 30);
  for (const end of [display, controller]) await overRelay(end);
});

// Each of them once, among the first boxes that carry something.
const HARM = {
  drops: () => null,
  forges: (message) => ({ ...message, data: { box: message.data.box.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) } }),
  'gives as a candidate': (message) => ({ ...message, type: 'webrtc:ice-candidate' }),
};
for (const [what, harm] of Object.entries(HARM)) {
  test(`a relay that ${what} a box ends a link, not the session; and sees boxes alone`, async (t) => {
    const seen = [];
    const proxy = await startEvilProxy(relay.url, {
      text: (from, message) => {
        if (message.type !== 'message:send') return message;
        seen.push(message);
        return seen.length === 6 ? harm(message) : message;
      },
    });
    t.after(() => proxy.stop());
    const { display, controller } = await startPages(t, { url: proxy.url });
    for (let i = 1; i <= 12; ++i) {
      await call(controller, (id) => { session.send(`secret ${id}`); }, i);
      await waitFor(display, (count) => got.length === count, i);
    }
    assert.deepEqual(await call(display, () => got), numbers(1, 12).map((id) => `secret ${id}`));
    assert.ok(seen.length > 12);
    for (const message of seen) assert.deepEqual([Object.keys(message.data), /secret/.test(JSON.stringify(message))], [['box'], false]);
  });
}

// --- With the native programs

test('native display without a path, a page as the controller; and goodbye', async (t) => {
  const display = new Program('pairwire-display', ['--relay', relay.url, '--name', 'Native', '--echo', '--json', '--relay-only']);
  t.after(() => display.stop());
  const { code } = await display.event('code');
  const page = await openPathless(t, relay.url);
  await beController(page, code);
  const connected = await display.event('connected');
  assert.deepEqual([connected.path, connected.carrier, connected.authenticated], ['relayed', 'relay', true]);
  await overRelay(page);
  await call(page, () => { window.texts = () => got.filter((each) => typeof each === 'string'); });
  await sendNumbers(page, 1, 30);
  await waitFor(page, () => texts().length >= 30);
  assert.deepEqual(await call(page, () => texts()), numbers(1, 30));
  for (const text of numbers(1, 30)) assert.equal((await display.event('message')).text, text);
  await waitFor(page, () => acked === 30);
  await call(page, () => session.close());
  const closed = await display.event('closed');
  assert.equal(closed.code, undefined);
  noProblems(page);
});

test('native controller, a page without a path as the display', async (t) => {
  const page = await openPathless(t, relay.url);
  const code = await beDisplay(page);
  const controller = new Program('pairwire-controller', ['--relay', relay.url, '--json', '--code', code, 'chat']);
  t.after(() => controller.stop());
  assert.equal((await controller.event('connected')).carrier, 'relay');
  await waitFor(page, () => window.got !== undefined);
  for (const text of numbers(1, 30)) controller.say(text);
  await expectNumbers(page, 1, 30);
  await call(page, () => session.send('back'));
  assert.equal((await controller.event('message')).text, 'back');
  // And back to a direct path, which the program has all the time.
  await call(page, () => { window.pathless = false; });
  await call(page, () => session.networkChanged());
  await direct(page);
  for (const text of numbers(31, 40)) controller.say(text);
  await expectNumbers(page, 31, 40);
  controller.say('/quit');
  assert.equal(await controller.gone, 0);
  await waitFor(page, () => window.over?.code === 'peer_left');
  noProblems(page);
});

// --- Not where somebody does not want it

const failsToConnect = async (page, code, options) => call(page, async ([typed, more]) => {
  const { pair } = await import('./pairwire.js');
  return pair(typed, { name: 'Phone', timeoutMs: 9_000, ...more }).then(() => 'connected', (error) => error.code);
}, [code, options]);

for (const [who, ofDisplay, ofController] of [
  ['the controller page does not want it', {}, { allowRelay: false }],
  ['the display page does not want it', { allowRelay: false }, {}],
  ['there are no letters', { secret: false }, { plain: true }],
]) {
  test(`not when ${who}`, { timeout: 90_000 }, async (t) => {
    const display = await openPathless(t, relay.url);
    const code = await beDisplay(display, ofDisplay);
    const page = await openPathless(t, relay.url);
    const end = await failsToConnect(page, code, ofController);
    assert.ok(['ice_failed', 'timed_out'].includes(end), end);
    assert.equal(await call(display, () => window.got === undefined), true);
  });
}

test('not with a relay that carries no messages: the session waits for a path', async (t) => {
  const other = await startRelay();
  t.after(() => other.stop());
  const { display, controller } = await startPages(t, { url: other.url, pathless: false });
  for (const end of [display, controller]) await call(end, () => { window.pathless = true; });
  for (const end of [display, controller]) await call(end, () => cut());
  await sendNumbers(controller, 1, 5);
  const quietFor = Date.now() + 6_000;
  await waitFor(controller, (at) => Date.now() > at, quietFor);
  assert.deepEqual(await call(display, () => [got, session.state, session.overRelay]), [[], 'reconnecting', false]);
  for (const end of [display, controller]) await call(end, () => { window.pathless = false; });
  await expectNumbers(display, 1, 5);
  assert.deepEqual(await call(controller, () => paths), [false]);
});

// --- What a visitor sees

// A page of its own whose connections have no path until `givePath`.
async function openUi(t, path) {
  const context = await browser.newContext();
  await context.addInitScript(() => {
    window.pathless = true;
    const Own = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Own {
      constructor(...args) { super(...(window.pathless ? [{ iceTransportPolicy: 'relay' }] : args)); }
    };
  });
  const end = await openPage(browser, `${relay.url}${path}`, { context });
  t.after(() => context.close());
  return { ...end, givePath: () => end.page.evaluate(() => { window.pathless = false; }) };
}
const untilText = ({ page }, selector, pattern) => page.waitForFunction(([where, source]) =>
  new RegExp(source).test(document.querySelector(where)?.textContent ?? ''), [selector, pattern.source], { timeout: 60_000 });

test('a visitor is told that messages go through the server, that files wait, and when there is a direct connection', async (t) => {
  const display = await openUi(t, '/display.html?name=Hall');
  await display.page.waitForSelector('#invite', { state: 'visible' });
  const controller = await openUi(t, '/');
  await controller.page.fill('#code', await display.page.textContent('#code'));
  await controller.page.press('#code', 'Enter');
  await untilText(controller, '#status', /^Connected to Hall$/);
  await untilText(controller, '#path', /^No direct connection was found so far: messages go through the server, still encrypted/);
  assert.equal(await controller.page.textContent('#displays li .state'), 'Connected through the server, still encrypted');
  assert.match(await controller.page.textContent('#log li'), /go through the server, still encrypted/);
  await untilText(display, '#status', /^Connected with Browser through the server, still encrypted$/);
  await controller.page.fill('#message', 'by the server');
  await controller.page.press('#message', 'Enter');
  await untilText(display, '#text', /^by the server$/);
  await controller.page.setInputFiles('#file', [1, 2].map((n) => ({ name: `${n}.bin`, mimeType: 'application/octet-stream', buffer: Buffer.alloc(50_000, n) })));
  await controller.page.waitForSelector('#files li[data-waits="true"]');
  assert.match(await controller.page.textContent('#files li .detail'), /^Waiting for a direct connection: files do not go through the server/);
  for (const end of [display, controller]) await end.givePath();
  await untilText(controller, '#path', /^Direct connection\./);
  await untilText(controller, '#displays li .state', /^Connected$/);
  await untilText(controller, '#log', /Connected directly again/);
  await untilText(display, '#status', /^(Connected with Browser|Receiving .*)$/);
  await controller.page.waitForFunction(() => document.querySelectorAll('#files li.done').length === 2);
  await controller.page.click('#disconnect');
  await untilText(controller, '#status', /^Not connected$/);
  await display.page.waitForSelector('#invite', { state: 'visible' });
  noProblems(display, controller);
});

test('a visitor can refuse that: relayed=no', async (t) => {
  const display = await openUi(t, '/display.html?name=Hall');
  await display.page.waitForSelector('#invite', { state: 'visible' });
  const controller = await openUi(t, '/?relayed=no');
  await controller.page.fill('#code', await display.page.textContent('#code'));
  await controller.page.press('#code', 'Enter');
  await untilText(display, '#status', /^Connecting with Browser/);
  // The display's direct path has its 4 s, and then some.
  const until = Date.now() + 8_000;
  await controller.page.waitForFunction((at) => Date.now() > at, until);
  assert.equal(await controller.page.textContent('#status'), 'Display found, connecting…');
  assert.equal(await controller.page.isVisible('#session'), false);
});
