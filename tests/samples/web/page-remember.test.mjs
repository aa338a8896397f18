// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The pages and the native programs remember each other, either as the display, and connect without a code from then
// on, until one of them forgets the other; the page's list of pairings in Chromium's IndexedDB. The cases of
// tests/scenario/remember_test.cc.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { Program, openPage, startBrowser, startEvilProxy, startRelay } from './page-testing.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'pairwire-remember-'));
let relay;
let browser;

before(async () => { [relay, browser] = await Promise.all([startRelay(), startBrowser()]); });
after(async () => {
  await browser?.close();
  await relay?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let files = 0;
const newFile = () => path.join(scratch, `${++files}.json`);
const inFile = (file) => JSON.parse(readFileSync(file, 'utf8')).pairings;

function startProgram(t, name, args) {
  const program = new Program(name, args);
  t.after(() => program.stop());
  return program;
}
const nativeDisplay = (t, file, url = relay.url) =>
  startProgram(t, 'pairwire-display', ['--relay', url, '--name', 'Native', '--json', ...(file ? ['--pairings', file] : [])]);
const nativeController = (t, file, ...rest) =>
  startProgram(t, 'pairwire-controller', ['--relay', relay.url, '--json', '--name', 'Ann', ...(file ? ['--pairings', file] : []), ...rest]);
async function run(t, name, ...args) {
  const program = startProgram(t, name, args);
  return program.gone;
}

// A visitor, whose browser keeps what the pages store while pages come and go.
async function newVisitor(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const problems = [];
  return {
    problems,
    context,
    open: async (where) => {
      const end = await openPage(browser, new URL(where, relay.url).href, { context });
      problems.push(end.problems);
      return end.page;
    },
    expectNoProblems: () => assert.deepEqual(problems.flat(), []),
  };
}

const visible = (page, selector) => page.waitForSelector(selector, { state: 'visible' });
const pairingsOf = (page) => page.evaluate(async () => {
  const { PairingStore } = await import('./session/pairing-store.js');
  const store = new PairingStore();
  const entries = await store.list();
  store.close();
  return entries.map(({ id, role, name }) => ({ id, role, name }));
});
const untilForgotten = (page) => page.waitForFunction(() => document.querySelectorAll('#known-list li').length === 0);
const untilConnected = (page, name) => page.waitForFunction((text) => document.getElementById('status').textContent === text, `Connected to ${name}`);
const untilShown = (page, text) => page.waitForFunction((wanted) => document.getElementById('text').textContent === wanted, text);
// Both ends have it.
const untilRemembered = (page) => visible(page, '#displays li[data-remembered="yes"]');

async function openDisplay(visitor, { remember = true } = {}) {
  const page = await visitor.open('/display.html?name=Hall');
  await visible(page, '#invite');
  await visible(page, '#remember-choice');
  if (remember) await page.check('#remember');
  return page;
}

async function openController(visitor, { remember = true } = {}) {
  const page = await visitor.open('/');
  await visible(page, '#remember-choice');
  assert.equal(await page.isChecked('#remember'), false, 'nobody is remembered unasked');
  if (remember) await page.check('#remember');
  return page;
}

// As when a visitor closes it: the page hears of it first.
async function close(page) {
  await page.goto('about:blank');
  await page.close();
}

async function enter(page, code) {
  await page.fill('#code', code);
  await page.press('#code', 'Enter');
}

async function say(page, text) {
  await page.fill('#message', text);
  await page.press('#message', 'Enter');
}

async function leave(page) {
  await page.click('#disconnect');
  await visible(page, '#pair');
}

const connectAgain = async (page) => {
  await visible(page, '#known-list li');
  await page.click('#known-list [data-action="connect"]');
};

// --- Trying

test('a relay that is not ready is asked again, and named when it never is', async (t) => {
  const page = await (await newVisitor(t)).open('/');
  const found = await page.evaluate(async () => {
    const { pairAgain } = await import('./session/pair-again.js');
    const entry = { id: 'a'.repeat(32), role: 'controller', name: 'n', made: 1, lastUsed: 1, key: new Uint8Array(64).fill(7) };
    const pairings = { get: async () => entry };
    const notReady = [503, 'not_ready', { 'retry-after': '1' }];
    const asked = [];
    const outcome = async (answers, timeoutMs) => {
      asked.length = 0;
      globalThis.fetch = async () => {
        const [status, code, headers = {}] = answers[Math.min(asked.length, answers.length - 1)];
        asked.push(performance.now());
        return new Response(JSON.stringify({ code }), { status, headers });
      };
      return pairAgain(entry.id, { pairings, timeoutMs }).catch((error) => error.code);
    };
    const later = await outcome([notReady, [401, 'unauthorized']], 10_000);
    const pause = asked[1] - asked[0];
    const tries = asked.length;
    return { later, pause, tries, never: await outcome([notReady], 2_500), away: await outcome([[404, 'code_not_found']], 500) };
  });
  assert.ok(found.pause >= 999, `the relay asked for a second, it got ${found.pause} ms`);
  assert.deepEqual({ ...found, pause: undefined }, { later: 'unauthorized', tries: 2, never: 'not_ready', away: 'timed_out', pause: undefined });
});

// --- The list

test('the list: bounded, used last first, also of a page that wrote nonsense into it', async (t) => {
  const page = await (await newVisitor(t)).open('/');
  const found = await page.evaluate(async () => {
    const { MAX_PAIRINGS, PairingStore } = await import('./session/pairing-store.js');
    const store = new PairingStore();
    const entry = (i, role = 'display') => ({
      id: i.toString(16).padStart(32, '0'), role, name: `n${i}`, made: i, lastUsed: i, key: new Uint8Array(64).fill(i),
    });
    const out = { empty: await store.list(), max: MAX_PAIRINGS };
    const database = await new Promise((resolve) => { indexedDB.open('pairwire').onsuccess = ({ target }) => resolve(target.result); });
    await new Promise((resolve) => {
      const transaction = database.transaction('pairings', 'readwrite');
      transaction.objectStore('pairings').put({ id: 'nonsense', role: 'display', key: 'x' });
      transaction.oncomplete = resolve;
    });
    out.nonsense = await store.list();
    for (let i = 1; i <= MAX_PAIRINGS; ++i) await store.put(entry(i, i % 2 ? 'display' : 'controller'));
    await store.touch(entry(1).id, 'display', 1000);
    await store.put(entry(99));
    const all = await store.list();
    out.count = all.length;
    out.order = all.slice(0, 3).map(({ name }) => name);
    out.hasFirst = all.some(({ name }) => name === 'n1');
    out.hasSecond = all.some(({ name }) => name === 'n2');
    out.key = [...(await store.get(entry(99).id, 'display')).key.slice(0, 2)];
    out.otherRole = await store.get(entry(99).id, 'controller');
    let heard = 0;
    const other = new PairingStore();
    other.watch(() => { ++heard; });
    out.removed = [await store.remove(entry(99).id, 'controller'), await store.remove(entry(99).id, 'display'), await store.remove(entry(99).id, 'display')];
    while (heard === 0) await new Promise((resolve) => { setTimeout(resolve, 10); });
    out.touched = await store.touch(entry(99).id, 'display', 1);
    out.refused = await Promise.all([{ id: 'x' }, { key: new Uint8Array(63) }, { role: 'relay' }, { made: NaN }]
      .map((change) => store.put({ ...entry(5), ...change }).then(() => 'taken', (error) => error.name)));
    out.broken = await new PairingStore(null).list().then(() => 'read', () => 'refused');
    const raw = await new Promise((resolve) => {
      database.transaction('pairings').objectStore('pairings').count().onsuccess = ({ target }) => resolve(target.result);
    });
    out.raw = raw;
    return out;
  });
  assert.deepEqual(found, {
    empty: [], max: 64, nonsense: [], count: 64, order: ['n1', 'n99', 'n64'], hasFirst: true, hasSecond: false, key: [99, 99], otherRole: null,
    removed: [false, true, false], touched: false, refused: ['TypeError', 'TypeError', 'TypeError', 'TypeError'], broken: 'refused', raw: 63,
  });
});

test('without storage the pages do as before, and offer nothing', async (t) => {
  const visitor = await newVisitor(t);
  await visitor.context.addInitScript(() => { Object.defineProperty(window, 'indexedDB', { get: () => undefined }); });
  const display = await visitor.open('/display.html?name=Hall');
  await visible(display, '#invite');
  const controller = await visitor.open('/');
  await enter(controller, await display.textContent('#code'));
  await untilConnected(controller, 'Hall');
  await say(controller, 'hello');
  await untilShown(display, 'hello');
  for (const page of [display, controller]) assert.equal(await page.isHidden('#remember-choice'), true);
  assert.equal(await controller.getAttribute('#displays li', 'data-remembered'), 'impossible');
  visitor.expectNoProblems();
});

// --- Who remembers whom

test('browser controller, native display: connects without a code, also when either has started anew', async (t) => {
  const file = newFile();
  const visitor = await newVisitor(t);
  let display = nativeDisplay(t, file);
  let page = await openController(visitor);
  await enter(page, (await display.event('code')).code);
  const { pairingId } = await display.event('remembered');
  await untilRemembered(page);
  assert.deepEqual(await pairingsOf(page), [{ id: pairingId, role: 'controller', name: 'Native' }]);
  assert.deepEqual(inFile(file).map(({ id, name }) => ({ id, name })), [{ id: pairingId, name: 'Browser' }]);
  await leave(page);
  await display.event('closed');

  await connectAgain(page);
  assert.equal((await display.event('connected')).pairingId, pairingId);
  await untilConnected(page, 'Native');
  assert.match(await page.textContent('#trust'), /^Remembered/);
  await say(page, 'no code');
  assert.equal((await display.event('message')).text, 'no code');

  // A page that goes says goodbye as well as a browser lets it; where that was lost, the display gives its place away
  // after a while of silence.
  await close(page);
  page = await visitor.open('/');
  await connectAgain(page);
  assert.equal((await display.event('connected')).pairingId, pairingId);
  await leave(page);
  await display.event('closed');

  // A controller that waits for a display finds it.
  await display.stop();
  await connectAgain(page);
  display = nativeDisplay(t, file);
  assert.equal((await display.event('connected')).pairingId, pairingId);
  await untilConnected(page, 'Native');
  assert.equal((await pairingsOf(page)).length, 1);
  assert.equal(inFile(file).length, 1);
  visitor.expectNoProblems();
});

test('native controller, browser display: connects without a code, also when either has started anew', async (t) => {
  const file = newFile();
  const visitor = await newVisitor(t);
  let page = await openDisplay(visitor);
  // One that sends one message and leaves is remembered, and hears of it first.
  let controller = nativeController(t, file, '--code', await page.textContent('#code'), 'send', 'by code');
  const { pairingId } = await controller.event('remembered');
  assert.equal(await controller.gone, 0);
  assert.deepEqual(await pairingsOf(page), [{ id: pairingId, role: 'display', name: 'Ann' }]);
  await visible(page, '#known');
  for (const to of ['Hall', pairingId]) {
    await visible(page, '#invite');
    controller = nativeController(t, file, '--to', to, 'send', `to ${to}`);
    assert.equal((await controller.event('connected')).pairingId, pairingId);
    assert.equal(await controller.gone, 0);
    await visible(page, '#invite');
  }
  await close(page);
  controller = nativeController(t, file, '--to', 'Hall', 'send', 'early');
  page = await visitor.open('/display.html?name=Hall');
  assert.equal((await controller.event('connected')).pairingId, pairingId);
  assert.equal(await controller.gone, 0);
  await visible(page, '#invite');
  assert.equal(await page.isChecked('#remember'), true, 'the choice of this screen is kept');
  assert.equal((await pairingsOf(page)).length, 1);
  visitor.expectNoProblems();
});

for (const together of [false, true]) {
  test(`browser controller, browser display, ${together ? 'two pages of one visitor' : 'two visitors'}: connects without a code`, async (t) => {
    const there = await newVisitor(t);
    const here = together ? there : await newVisitor(t);
    let display = await openDisplay(there);
    let controller = await openController(here);
    await enter(controller, await display.textContent('#code'));
    await untilRemembered(controller);
    await leave(controller);
    await visible(display, '#invite');
    assert.equal((await pairingsOf(display)).length, together ? 2 : 1);
    await connectAgain(controller);
    await untilConnected(controller, 'Hall');
    await say(controller, 'no code');
    await untilShown(display, 'no code');
    await Promise.all([close(display), close(controller)]);

    controller = await here.open('/');
    await connectAgain(controller);
    assert.match(await controller.textContent('#status'), /Looking for the display/);
    display = await there.open('/display.html?name=Hall');
    await untilConnected(controller, 'Hall');
    await say(controller, 'again');
    await untilShown(display, 'again');
    // No key is in what other means of the browser keep, nor in the address.
    for (const page of [display, controller]) {
      assert.deepEqual(await page.evaluate(() => ({ ...localStorage })), together || page === display ? { 'pairwire.display.remember': 'yes' } : {});
      assert.deepEqual(await page.evaluate(() => [document.cookie, sessionStorage.length, location.hash]), ['', 0, '']);
    }
    there.expectNoProblems();
    here.expectNoProblems();
  });
}

test('two display pages of one browser: the second takes the names, and they do not take turns', async (t) => {
  const visitor = await newVisitor(t);
  const file = newFile();
  const first = await openDisplay(visitor);
  const controller = nativeController(t, file, '--code', await first.textContent('#code'), 'send', 'x');
  await controller.event('remembered');
  assert.equal(await controller.gone, 0);
  await visible(first, '#invite');
  const before = await first.textContent('#code');
  const registrations = [];
  visitor.context.on('request', (request) => {
    if (request.url().endsWith('/api/sessions/register')) registrations.push(JSON.parse(request.postData()).meets?.length ?? 0);
  });
  const second = await visitor.open('/display.html?name=Hall');
  await visible(second, '#invite');
  await first.waitForFunction((old) => document.getElementById('code').textContent !== old, before);
  const codes = [await first.textContent('#code'), await second.textContent('#code')];
  const again = nativeController(t, file, '--to', 'Hall', 'send', 'y');
  assert.equal(await again.gone, 0);
  // The second had it, and shows a new code.
  await second.waitForFunction((old) => {
    const shown = document.getElementById('code').textContent;
    return shown !== old && !document.getElementById('invite').hidden;
  }, codes[1]);
  assert.equal(await first.textContent('#code'), codes[0]);
  assert.deepEqual(registrations.slice(0, 2), [1, 0]);
  visitor.expectNoProblems();
});

test('both must agree; a visitor may do so in the middle of a session', async (t) => {
  const visitor = await newVisitor(t);
  const silent = nativeDisplay(t, null);
  const controller = await openController(visitor);
  await enter(controller, (await silent.event('code')).code);
  await silent.event('connected');
  await visible(controller, '#displays li[data-remembered="asked"]');
  await say(controller, 'x');
  await silent.event('message');
  assert.deepEqual(await pairingsOf(controller), []);
  await leave(controller);

  const file = newFile();
  const display = nativeDisplay(t, file);
  await enter(controller, (await display.event('code')).code);
  await untilConnected(controller, 'Native');
  await say(controller, 'y');
  await display.event('message');
  assert.equal(await controller.getAttribute('#displays li', 'data-remembered'), 'no');
  assert.deepEqual(await pairingsOf(controller), []);
  await controller.click('#displays [data-action="remember"]');
  const { pairingId } = await display.event('remembered');
  await untilRemembered(controller);
  assert.deepEqual((await pairingsOf(controller)).map(({ id }) => id), [pairingId]);

  // The screen is asked, too.
  const hall = await openDisplay(await newVisitor(t), { remember: false });
  const watcher = nativeController(t, newFile(), '--code', await hall.textContent('#code'), 'watch');
  await watcher.event('connected');
  await visible(hall, '#stage');
  assert.deepEqual(await pairingsOf(hall), []);
  await hall.check('#remember');
  const remembered = await watcher.event('remembered');
  await hall.waitForSelector(`#known-list li[data-pairing="${remembered.pairingId}"]`, { state: 'attached' });
  assert.deepEqual((await pairingsOf(hall)).map(({ id }) => id), [remembered.pairingId]);
  visitor.expectNoProblems();
});

for (const answers of [true, false]) {
  test(`what is acknowledged came after the pairing was stored${answers ? '' : ', unless the browser does not come to an end with it'}`, async (t) => {
    const [there, here] = [await newVisitor(t), await newVisitor(t)];
    const [display, controller] = [await there.open('/'), await here.open('/')];
    const code = await display.evaluate(async () => {
      const { Display } = await import('./session/display.js');
      const { PairingStore } = await import('./session/pairing-store.js');
      class SlowStore extends PairingStore {
        async put(pairing) {
          const kept = { ...pairing, key: pairing.key.slice() };
          await new Promise((resolve) => { window.release = resolve; });
          return super.put(kept);
        }
      }
      window.got = [];
      const end = new Display({ relay: location.href, name: 'Hall', pairings: new SlowStore(), remember: () => true });
      end.addEventListener('session', ({ detail: { session } }) => {
        session.addEventListener('message', ({ data }) => {
          window.got.push(data);
          // What was acknowledged is said beside a message that leaves at once.
          session.send(`got ${data}`);
        });
      });
      const shown = new Promise((resolve) => { end.addEventListener('code', ({ detail }) => resolve(detail.code)); });
      end.run();
      return shown;
    });
    await controller.evaluate(async (typed) => {
      const { pair } = await import('./pairwire.js');
      const { PairingStore } = await import('./session/pairing-store.js');
      window.told = [];
      const session = await pair(typed, { name: 'Ann', pairings: new PairingStore(), remember: true });
      session.addEventListener('acked', ({ detail }) => window.told.push(`acked ${detail.id}`));
      session.addEventListener('remembered', () => window.told.push('remembered'));
      session.addEventListener('message', ({ data }) => window.told.push(data));
      session.send('one');
    }, code);
    await controller.waitForFunction(() => told.includes('got one'));
    assert.deepEqual(await controller.evaluate(() => told), ['got one']);
    assert.deepEqual(await pairingsOf(display), []);
    if (answers) await display.evaluate(() => release());
    await controller.waitForFunction(() => told.includes('acked 1'));
    assert.deepEqual(await controller.evaluate(() => told), answers ? ['got one', 'remembered', 'acked 1'] : ['got one', 'acked 1']);
    there.expectNoProblems();
    here.expectNoProblems();
  });
}

// --- Forgetting

async function rememberedByNative(t) {
  const file = newFile();
  const visitor = await newVisitor(t);
  const display = nativeDisplay(t, file);
  const page = await openController(visitor);
  await enter(page, (await display.event('code')).code);
  const { pairingId } = await display.event('remembered');
  await untilRemembered(page);
  return { file, visitor, display, page, pairingId };
}

test('browser controller forgets: the session ends at both ends, and neither has it any more', async (t) => {
  const { file, display, page, visitor } = await rememberedByNative(t);
  await page.click('#displays [data-action="forget"]');
  assert.equal((await display.event('disconnected')).code, 'revoked');
  await visible(page, '#pair');
  assert.match(await page.textContent('#pair-error'), /do not remember each other any more/);
  assert.deepEqual(await pairingsOf(page), []);
  assert.deepEqual(inFile(file), []);
  visitor.expectNoProblems();
});

test('browser controller forgets in another tab, in a session that began without a code', async (t) => {
  const { file, display, page, visitor } = await rememberedByNative(t);
  await leave(page);
  await display.event('closed');
  await connectAgain(page);
  await untilConnected(page, 'Native');
  const tab = await visitor.open('/');
  await visible(tab, '#known-list li');
  await tab.click('#known-list [data-action="forget"]');
  await untilForgotten(tab);
  assert.equal((await display.event('disconnected')).code, 'revoked');
  await visible(page, '#pair');
  assert.deepEqual(inFile(file), []);
  visitor.expectNoProblems();
});

test('native display forgets: the page is told, or refused', async (t) => {
  const { file, display, page, pairingId, visitor } = await rememberedByNative(t);
  await leave(page);
  await display.event('closed');
  await connectAgain(page);
  await untilConnected(page, 'Native');
  assert.equal(await run(t, 'pairwire-display', 'pairings', 'revoke', pairingId, '--pairings', file), 0);
  await visible(page, '#pair');
  assert.match(await page.textContent('#pair-error'), /do not remember each other any more/);
  await untilForgotten(page);
  assert.deepEqual(await pairingsOf(page), [], 'it was told');
  visitor.expectNoProblems();
});

test('native display has forgotten while the page was away: not found, and the page keeps its entry', async (t) => {
  const { file, display, page, pairingId } = await rememberedByNative(t);
  await leave(page);
  await display.event('closed');
  await display.event('code');
  assert.equal(await run(t, 'pairwire-display', 'pairings', 'revoke', pairingId, '--pairings', file), 0);
  const failed = await page.evaluate(async (id) => {
    const { pairAgain } = await import('./session/pair-again.js');
    const { PairingStore } = await import('./session/pairing-store.js');
    return pairAgain(id, { pairings: new PairingStore(), timeoutMs: 4_000 }).then(() => 'connected', ({ code }) => code);
  }, pairingId);
  assert.equal(failed, 'timed_out');
  assert.equal((await pairingsOf(page)).length, 1);
  await page.click('#known-list [data-action="forget"]');
  await untilForgotten(page);
  const gone = await page.evaluate(async (id) => {
    const { pairAgain } = await import('./session/pair-again.js');
    const { PairingStore } = await import('./session/pairing-store.js');
    return pairAgain(id, { pairings: new PairingStore() }).then(() => 'connected', ({ code }) => code);
  }, pairingId);
  assert.equal(gone, 'revoked');
});

test('browser display forgets, and is forgotten: the native controller is told', async (t) => {
  for (const by of ['page', 'program']) {
    const file = newFile();
    const page = await openDisplay(await newVisitor(t));
    const controller = nativeController(t, file, '--code', await page.textContent('#code'), 'watch');
    const { pairingId } = await controller.event('remembered');
    if (by === 'page') {
      await page.click('#known summary');
      await page.click('#known-list [data-action="forget"]');
    } else {
      assert.equal(await run(t, 'pairwire-controller', 'pairings', 'revoke', pairingId, '--pairings', file), 0);
    }
    assert.equal((await controller.event('disconnected')).code, 'revoked');
    await untilForgotten(page);
    assert.deepEqual(await pairingsOf(page), []);
    assert.deepEqual(inFile(file), []);
    await visible(page, '#invite');
  }
});

test('browser display has forgotten while nobody was there: who comes by it is not let in', async (t) => {
  const file = newFile();
  const page = await openDisplay(await newVisitor(t));
  const first = nativeController(t, file, '--code', await page.textContent('#code'), 'send', 'x');
  await first.event('remembered');
  assert.equal(await first.gone, 0);
  await visible(page, '#invite');
  // Its name is still registered.
  await page.click('#known summary');
  await page.click('#known-list [data-action="forget"]');
  await untilForgotten(page);
  const code = await page.textContent('#code');
  const again = nativeController(t, file, '--to', 'Hall', 'send', 'y');
  await page.waitForFunction(() => !document.getElementById('attempts').hidden);
  assert.equal(await page.isHidden('#stage'), true);
  // It cost the code nothing.
  const byCode = nativeController(t, null, '--code', code, 'send', 'z');
  assert.equal(await byCode.gone, 0);
  await again.stop();
});

// --- A relay that means harm

test('a relay that mixes remembered ends up makes them fail, and no more', async (t) => {
  let mixes = false;
  let mixed = 0;
  const evil = await startEvilProxy(relay.url, {
    http: (url, body) => {
      const request = JSON.parse(body);
      if (!mixes || !url.endsWith('/register') || request.meets?.length !== 2) return null;
      ++mixed;
      return JSON.stringify({ ...request, meets: request.meets.reverse() });
    },
  });
  t.after(() => evil.stop());
  const visitor = await newVisitor(t);
  const open = async () => {
    const page = await visitor.open(`${evil.url}/display.html?name=Hall`);
    await visible(page, '#invite');
    return page;
  };
  let page = await open();
  await page.check('#remember');
  const clients = [newFile(), newFile()];
  for (const file of clients) {
    const controller = nativeController(t, file, '--code', await page.textContent('#code'), 'send', 'x');
    await controller.event('remembered');
    assert.equal(await controller.gone, 0);
    await visible(page, '#invite');
  }
  await close(page);

  mixes = true;
  page = await open();
  const code = await page.textContent('#code');
  const victim = nativeController(t, clients[0], '--to', 'Hall', 'send', 'for the display only');
  assert.equal((await victim.event('error')).code, 'auth_failed');
  assert.equal(await victim.gone, 1);
  await visible(page, '#attempts');
  assert.match(await page.textContent('#attempts'), /could not prove/);
  assert.equal(await page.textContent('#code'), code, 'it cost the code nothing');
  assert.equal(await page.isHidden('#stage'), true);
  assert.ok(mixed > 0);
  await close(page);

  mixes = false;
  page = await open();
  for (const file of clients) {
    const controller = nativeController(t, file, '--to', 'Hall', 'send', file);
    assert.equal(await controller.gone, 0);
    await visible(page, '#invite');
  }
});
