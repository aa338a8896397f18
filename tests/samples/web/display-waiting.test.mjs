// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display whose controller is away offers its place: the cases of tests/peer/session/display_machine_test.cc and
// tests/scenario/pairing_test.cc for the display in a page. What the session says after 10 s is said by the test, but
// for the last ones, in which a controller is really gone.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { Program, openEnd, openPage, startBrowser, startRelay } from './page-testing.mjs';

let relay;
let browser;

before(async () => { [relay, browser] = await Promise.all([startRelay(), startBrowser()]); });
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const call = ({ page }, work, ...args) => page.evaluate(work, ...args);
const waitFor = ({ page }, condition, arg, timeout = 30_000) => page.waitForFunction(condition, arg, { timeout });

// A display that keeps what it told, and its controller in another page.
async function startPair(t) {
  const display = await openEnd(browser, relay.url);
  const controller = await openEnd(browser, relay.url);
  t.after(() => Promise.all([display.close(), controller.close()]));
  await call(display, async () => {
    const { Display } = await import('./session/display.js');
    window.told = [];
    window.sessions = [];
    window.left = [];
    window.display = new Display({ relay: location.href, name: 'Hall' });
    for (const type of ['code', 'codevoid', 'trouble']) {
      window.display.addEventListener(type, ({ detail }) => window.told.push([type, detail.code ?? '']));
    }
    window.display.addEventListener('session', ({ detail: { session } }) => {
      window.told.push(['session', session.peer.name]);
      session.addEventListener('close', ({ detail }) => window.left.push([session.peer.name, detail.code]));
      window.sessions.push(session);
      window.take(session);
    });
    window.lastCode = () => window.told.findLast(([type]) => type === 'code')?.[1];
    window.away = (waits) => window.sessions[0].dispatchEvent(new CustomEvent('waiting', { detail: { waits } }));
    window.display.run();
  });
  await connect(display, controller, 'Ann');
  await waitFor(display, () => sessions.length === 1);
  // Both have left the relay.
  await call(display, () => { told.length = 0; });
  return { display, controller };
}

async function connect(display, controller, name) {
  await waitFor(display, () => lastCode() !== undefined);
  const code = await call(display, () => lastCode());
  await call(controller, async ([typed, who]) => {
    const { pair } = await import('./pairwire.js');
    window.take(await pair(typed, { name: who }));
  }, [code, name]);
}

// What the relay says to somebody who tries this code now.
const tryCode = ({ page }, code) => page.evaluate(async (typed) => {
  const { ControllerExchange } = await import('./pairing-exchange.js');
  const { parsePairingCode } = await import('./pairing-code.js');
  const exchange = new ControllerExchange(parsePairingCode(typed), { features: ['session.1'] });
  const { RelayApi } = await import('./session/relay.js');
  try {
    return (await new RelayApi(location.href).pair({ code: exchange.lookup, name: 'Bob', hello: exchange.hello() })).sessionId ? 'found' : '';
  } catch (error) {
    return error.code;
  }
}, code);

const noProblems = (...ends) => assert.deepEqual(ends.flatMap(({ problems }) => problems), []);

test('the place of a controller that is away is offered, and who comes takes it', async (t) => {
  const { display, controller } = await startPair(t);
  const next = await openEnd(browser, relay.url);
  t.after(() => next.close());
  await call(display, () => away(true));
  await connect(display, next, 'Bob');
  await waitFor(display, () => sessions.length === 2 && left.length === 1);
  assert.deepEqual(await call(display, () => left), [['Ann', 'replaced']]);
  assert.deepEqual(await call(display, () => told.map(([type, what]) => (type === 'code' ? type : `${type}:${what}`))), ['code', 'session:Bob']);
  await waitFor(controller, () => window.over?.code === 'replaced');
  // Of the one that has gone nothing is awaited any more.
  await call(display, () => away(false));
  await call(next, () => session.send('mine'));
  await waitFor(display, () => got.includes('mine'));
  assert.equal(await call(display, () => told.length), 2);
  noProblems(display, controller, next);
});

for (const at of ['registering', 'backing off', 'waiting', 'connecting']) {
  test(`a controller that comes back keeps its place: ${at}`, async (t) => {
    const { display, controller } = await startPair(t);
    let asked = () => {};
    const held = new Promise((resolve) => { asked = resolve; });
    let go;
    const mayGo = new Promise((resolve) => { go = resolve; });
    const answers = [];
    const register = /api\/sessions\/register/;
    if (at === 'registering') {
      await display.page.route(register, async (route) => {
        asked();
        await mayGo;
        const response = await route.fetch();
        answers.push(await response.json());
        await route.fulfill({ response });
      });
    }
    if (at === 'backing off') await display.page.route(register, (route) => route.abort());
    await call(display, () => away(true));
    if (at === 'registering') await held;
    if (at === 'backing off') await waitFor(display, () => told.some(([type]) => type === 'trouble'));
    let code = null;
    if (at === 'waiting' || at === 'connecting') {
      await waitFor(display, () => lastCode() !== undefined);
      code = await call(display, () => lastCode());
    }
    if (at === 'connecting') {
      assert.equal(await tryCode(controller, code), 'found');
      // It offers to who knocked.
      await waitFor(display, () => connections.length === 2);
    }
    await call(display, () => away(false));
    go();
    await waitFor(display, () => told.some(([type]) => type === 'codevoid'));
    if (at === 'registering') {
      // The answer to a registration that was under way: the code is given back.
      const digits = await new Promise((resolve, reject) => {
        const deadline = Date.now() + 20_000;
        const look = () => {
          if (answers.length > 0) resolve(answers[0].code);
          else if (Date.now() > deadline) reject(new Error('no answer'));
          else setTimeout(look, 20);
        };
        look();
      });
      code = `${digits}-BCDFG`;
    }
    if (code) {
      const gone = async () => (await tryCode(controller, code)) === 'code_not_found';
      const deadline = Date.now() + 20_000;
      while (!await gone()) assert.ok(Date.now() < deadline, 'the code is still good');
    }
    assert.deepEqual(await call(display, () => left), []);
    // What was begun is dropped, without a word of it.
    const words = await call(display, () => told.map(([type]) => type));
    assert.deepEqual(words.filter((type) => type !== 'trouble' || at !== 'backing off'),
      at === 'waiting' || at === 'connecting' ? ['code', 'codevoid'] : ['codevoid']);
    await call(controller, () => session.send('still mine'));
    await waitFor(display, () => got.includes('still mine'));
    // And when it leaves, there is a code again.
    await display.page.unroute(register);
    await call(controller, () => session.close());
    await waitFor(display, () => told.at(-1)[0] === 'code' && left.length === 1);
    noProblems(display, controller);
  });
}

test('a session that ends while its place is offered leaves the code as it is', async (t) => {
  const { display, controller } = await startPair(t);
  await call(display, () => away(true));
  await waitFor(display, () => lastCode() !== undefined);
  await call(display, () => sessions[0].close());
  await waitFor(display, () => left.length === 1);
  const next = await openEnd(browser, relay.url);
  t.after(() => next.close());
  await connect(display, next, 'Bob');
  await waitFor(display, () => sessions.length === 2);
  assert.equal(await call(display, () => told.filter(([type]) => type === 'code').length), 1);
  noProblems(display, controller, next);
});

test('stopping gives the code back, and leaves the session that was handed out', async (t) => {
  const { display, controller } = await startPair(t);
  await call(display, () => away(true));
  await waitFor(display, () => lastCode() !== undefined);
  const code = await call(display, () => lastCode());
  await call(display, () => window.display.stop());
  const deadline = Date.now() + 20_000;
  while (await tryCode(controller, code) !== 'code_not_found') assert.ok(Date.now() < deadline);
  await call(controller, () => session.send('goes on'));
  await waitFor(display, () => got.includes('goes on'));
  assert.deepEqual(await call(display, () => left), []);
  noProblems(display, controller);
});

test('a native controller that was killed: the display page shows a code, and the next one takes the place', async (t) => {
  const { page, problems, close } = await openPage(browser, `${relay.url}/display.html?name=Hall`);
  t.after(close);
  const start = (code, ...command) => {
    const program = new Program('pairwire-controller', ['--relay', relay.url, '--json', '--code', code, ...command]);
    t.after(() => program.stop());
    return program;
  };
  await page.waitForSelector('#invite', { state: 'visible' });
  const first = await page.textContent('#code');
  const lost = start(first, 'watch');
  await lost.event('connected');
  await page.waitForSelector('#stage', { state: 'visible' });
  lost.child.kill('SIGKILL');
  await page.waitForFunction(() => /reconnecting/.test(document.getElementById('status').textContent), null, { timeout: 60_000 });
  const since = Date.now();
  // Seconds until the path is given up, and 10 s more for the controller to come back.
  await page.waitForSelector('#invite', { state: 'visible', timeout: 60_000 });
  assert.ok(Date.now() - since >= 8_000, 'it waits for the one that was there first');
  assert.match(await page.textContent('#status'), /Somebody else may connect/);
  const code = await page.textContent('#code');
  assert.notEqual(code, first);
  const next = start(code, 'send', 'again');
  assert.equal(await next.gone, 0);
  await page.waitForFunction((old) => {
    const shown = document.getElementById('code').textContent;
    return shown !== old && !document.getElementById('invite').hidden;
  }, code);
  assert.deepEqual(problems, []);
});

test('a controller page whose connection was away for longer comes back to its place, and nothing is lost', async (t) => {
  const display = await openPage(browser, `${relay.url}/display.html?name=Hall`);
  t.after(display.close);
  await display.page.waitForSelector('#invite', { state: 'visible' });
  const controller = await openEnd(browser, relay.url);
  t.after(() => controller.close());
  const first = await display.page.textContent('#code');
  await call(controller, async (typed) => {
    const { pair } = await import('./pairwire.js');
    window.take(await pair(typed, { name: 'Ann' }));
  }, first);
  await display.page.waitForSelector('#stage', { state: 'visible' });
  // It does not find its way to the relay meanwhile.
  await controller.page.context().setOffline(true);
  await call(controller, () => { cut(); session.send('kept'); });
  await display.page.waitForSelector('#invite', { state: 'visible', timeout: 60_000 });
  const code = await display.page.textContent('#code');
  assert.notEqual(code, first);
  await controller.page.context().setOffline(false);
  await display.page.waitForFunction(() => document.getElementById('text').textContent === 'kept', null, { timeout: 60_000 });
  assert.equal(await display.page.isHidden('#invite'), true);
  assert.equal(await display.page.isVisible('#stage'), true);
  assert.equal(await display.page.textContent('#status'), 'Connected with Ann');
  assert.equal(await tryCode(controller, code), 'code_not_found');
  assert.deepEqual(display.problems, []);
});
