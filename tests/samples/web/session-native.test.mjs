// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions of a page with the native programs, either as the display: nothing is lost and nothing comes twice while
// connections are cut, the relay is killed and comes back, the program or the page stands still.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { Program, openEnd, startBrowser, startRelay } from './page-testing.mjs';

let browser;

before(async () => { browser = await startBrowser(); });
after(() => browser?.close());

const call = ({ page }, work, ...args) => page.evaluate(work, ...args);
// As long as a path may take to be given up and found again, on a busy machine.
const waitFor = ({ page }, condition, arg) => page.waitForFunction(condition, arg, { timeout: 90_000 });
const numbers = (count) => Array.from({ length: count }, (_, i) => String(i));

// A relay that can be killed and comes back at the same place.
async function startMortalRelay(t) {
  let relay = await startRelay();
  const { url } = relay;
  t.after(() => relay.stop());
  return {
    url,
    kill: () => { relay.child.kill('SIGKILL'); return relay.gone; },
    back: async () => { relay = await startRelay(new URL(url).host); },
  };
}

// The page sends numbers; the display echoes them.
async function startWithNativeDisplay(t, { secret = true } = {}) {
  const relay = await startMortalRelay(t);
  const display = new Program('pairwire-display',
    ['--relay', relay.url, '--name', 'Native', '--echo', '--json', ...(secret ? [] : ['--no-secret'])]);
  t.after(() => display.stop());
  const { code } = await display.event('code');
  const page = await openEnd(browser, relay.url);
  t.after(() => page.close());
  await call(page, async ([typed, plain]) => {
    const { pair } = await import('./pairwire.js');
    window.sent = 0;
    // The display's status comes as events between them.
    window.texts = () => got.filter((each) => typeof each === 'string');
    window.take(await pair(typed, { name: 'Phone', plain }));
  }, [code, !secret]);
  assert.equal((await display.event('connected')).authenticated, secret);
  return { relay, display, page };
}

const send = (page, count) => call(page, (many) => { for (let i = 0; i < many; ++i) session.send(String(sent++)); }, count);

// All of it at the display, all of it back, and no state but 'connected'.
async function expectAll({ display, page }) {
  const count = await call(page, () => sent);
  await waitFor(page, () => texts().length >= sent);
  await waitFor(page, () => acked === sent && session.state === 'connected');
  assert.deepEqual(await call(page, () => texts()), numbers(count));
  for (let i = 0; i < count; ++i) assert.equal((await display.event('message')).text, String(i));
  assert.equal(await call(page, () => window.over), undefined);
  assert.deepEqual(page.problems, []);
  await call(page, () => session.close());
  await display.event('closed', (event) => event.code === undefined);
}

for (const secret of [true, false]) {
  test(`native display: connections of the page are cut, ${secret ? 'with letters' : 'plain'}`, async (t) => {
    const ends = await startWithNativeDisplay(t, { secret });
    for (let round = 0; round < 3; ++round) {
      await send(ends.page, 50);
      await call(ends.page, () => cut());
      await send(ends.page, 50);
      await waitFor(ends.page, () => texts().length === sent && session.state === 'connected');
    }
    assert.equal(await call(ends.page, () => connections.length) >= 4, true);
    await expectAll(ends);
  });
}

test('native display: the relay is killed; it is missed only when the connection goes, too', async (t) => {
  const ends = await startWithNativeDisplay(t);
  await ends.relay.kill();
  await send(ends.page, 50);
  await waitFor(ends.page, () => texts().length === sent);
  assert.deepEqual(await call(ends.page, () => states), []);
  await call(ends.page, () => cut());
  await send(ends.page, 50);
  assert.equal(await call(ends.page, () => session.state), 'reconnecting');
  await ends.relay.back();
  await expectAll(ends);
});

// Long enough for ICE to notice, and for both ends to look for each other at the relay.
const STILL_MS = 20_000;
const standstill = (program) => new Promise((resolve) => {
  program.child.kill('SIGSTOP');
  setTimeout(() => { program.child.kill('SIGCONT'); resolve(); }, STILL_MS);
});

for (const mortal of [false, true]) {
  test(`native display: it stands still for 20 s${mortal ? ', and the relay is killed meanwhile' : ''}`, async (t) => {
    const ends = await startWithNativeDisplay(t);
    await send(ends.page, 50);
    const over = standstill(ends.display);
    await send(ends.page, 50);
    if (mortal) await ends.relay.kill();
    await waitFor(ends.page, () => states.includes('recovering'));
    if (mortal) await ends.relay.back();
    await over;
    await send(ends.page, 50);
    await expectAll(ends);
  });
}

// As a browser does with a page in the background; a visible one it freezes for its debugger alone.
test('native display: the page stands still for 20 s', async (t) => {
  const ends = await startWithNativeDisplay(t);
  await call(ends.page, () => {
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      window.longest = Math.max(window.longest, performance.now() - last);
      last = performance.now();
    }, 100);
  });
  const devtools = await ends.page.page.context().newCDPSession(ends.page.page);
  await devtools.send('Debugger.enable');
  await send(ends.page, 50);
  const paused = new Promise((resolve) => { devtools.once('Debugger.paused', resolve); });
  await devtools.send('Debugger.pause');
  await paused;
  await new Promise((resolve) => { setTimeout(resolve, STILL_MS); });
  await devtools.send('Debugger.resume');
  await devtools.send('Debugger.disable');
  await send(ends.page, 50);
  await waitFor(ends.page, (least) => longest >= least, STILL_MS);
  await expectAll(ends);
});

test('native controller: connections of the display page are cut', async (t) => {
  const relay = await startMortalRelay(t);
  const page = await openEnd(browser, relay.url);
  t.after(() => page.close());
  const code = await call(page, async () => {
    const { Display } = await import('./session/display.js');
    window.display = new Display({ relay: location.href, name: 'Hall' });
    window.display.addEventListener('session', ({ detail }) => window.take(detail.session));
    const shown = new Promise((resolve) => window.display.addEventListener('code', ({ detail }) => resolve(detail.code), { once: true }));
    window.display.run();
    return shown;
  });
  const controller = new Program('pairwire-controller', ['--relay', relay.url, '--json', '--code', code, 'chat']);
  t.after(() => controller.stop());
  assert.equal((await controller.event('connected')).authenticated, true);
  await waitFor(page, () => window.session !== undefined);
  let sent = 0;
  for (let round = 0; round < 3; ++round) {
    for (let i = 0; i < 20; ++i) controller.say(String(sent++));
    await call(page, () => cut());
    for (let i = 0; i < 20; ++i) controller.say(String(sent++));
    await call(page, (id) => session.send(`back ${id}`), round);
    await waitFor(page, (count) => got.length === count && session.state === 'connected', sent);
    await controller.event('message', (event) => event.text === `back ${round}`);
  }
  assert.deepEqual(await call(page, () => got), numbers(sent));
  controller.say('/quit');
  assert.equal(await controller.gone, 0);
  await waitFor(page, () => window.over?.code === 'peer_left');
  assert.deepEqual(page.problems, []);
});
