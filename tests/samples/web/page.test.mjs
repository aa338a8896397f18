// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The two pages as visitors use them, in Chromium and through a real relay: letters, QR code, wrong letters, files and
// pictures, and a relay that means harm.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { after, before } from 'node:test';

import { openPage, readQrCode, startBrowser, startEvilProxy, startRelay } from './page-testing.mjs';

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const NOT_CONFIRMED = /The code was not confirmed/;
let relay;
let browser;

before(async () => {
  [relay, browser] = await Promise.all([startRelay(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

const visible = (page, selector) => page.waitForSelector(selector, { state: 'visible' });
const textOf = (page, selector) => page.textContent(selector);

async function openDisplay(url = relay.url) {
  const display = await openPage(browser, new URL('/display.html?name=Hall', url).href);
  await visible(display.page, '#invite');
  return display;
}

const openController = (url = relay.url) => openPage(browser, url, { viewport: { width: 390, height: 844 } });

async function enter({ page }, code) {
  await page.fill('#code', code);
  await page.press('#code', 'Enter');
}

async function connect(display, controller) {
  await enter(controller, (await textOf(display.page, '#code')).toLowerCase());
  await visible(controller.page, '#session');
  await visible(display.page, '#stage');
}

async function closeAll(...pages) {
  const problems = pages.flatMap((each) => each.problems);
  for (const each of pages) await each.close();
  assert.deepEqual(problems, []);
}

const newCode = (page, old) => page.waitForFunction((before) => {
  const code = document.getElementById('code').textContent;
  return code !== before && !document.getElementById('invite').hidden;
}, old);

test('a browser display shows a code with letters; who types it sends text, a picture and a file', async () => {
  const display = await openDisplay();
  const code = await textOf(display.page, '#code');
  assert.match(code, /^\d{4,6}-[BCDFGHJKLMNPQRSTVWXZ]{5}$/);
  const controller = await openController();
  await connect(display, controller);
  assert.equal(await textOf(controller.page, '#status'), 'Connected to Hall');
  assert.match(await textOf(controller.page, '#trust'), /^Confirmed by the code/);

  await controller.page.fill('#message', 'Hello <b>&');
  await controller.page.press('#message', 'Enter');
  await display.page.waitForFunction(() => document.getElementById('text').textContent === 'Hello <b>&');

  await controller.page.setInputFiles('#file', { name: 'pixel.png', mimeType: 'image/png', buffer: PIXEL });
  await visible(controller.page, '#files li.done');
  await display.page.waitForFunction(() => document.getElementById('picture').naturalWidth === 1);

  const bytes = Buffer.alloc(9 * 1024 * 1024, 7);
  await controller.page.setInputFiles('#file', { name: 'large.bin', mimeType: 'application/octet-stream', buffer: bytes });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await visible(controller.page, `#files li.done[data-sha256="${sha256}"]`);
  const stored = await display.page.evaluate(async (hash) => {
    const link = document.querySelector(`#received li[data-sha256="${hash}"] a`);
    return { name: link.download, text: link.parentElement.textContent };
  }, sha256);
  assert.equal(stored.name, 'large.bin');
  assert.match(stored.text, /9,437,184 bytes/);

  await controller.page.fill('#message', JSON.stringify({ type: 'animation:frame', data: { frame: 7, progress: 0.5, values: [1, 2, 3] } }));
  await controller.page.press('#message', 'Enter');
  await visible(display.page, '#frame[data-frame="7"]');

  await controller.page.click('#disconnect');
  await visible(controller.page, '#pair');
  await newCode(display.page, code);
  assert.equal(await display.page.$$eval('#received li', (items) => items.length), 0, 'nothing of the one before is left');
  await closeAll(display, controller);
});

test('the QR code leads to the page, which connects at once and keeps no secret in its address', async () => {
  const display = await openDisplay();
  await visible(display.page, '#qr svg');
  const url = await readQrCode(browser, display.page, '#qr svg');
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/#pair=\d{4,6}\.[\w-]{22}$/);
  const controller = await openPage(browser, url);
  assert.equal(new URL(controller.page.url()).hash, '');
  await visible(controller.page, '#session');
  assert.equal(await textOf(controller.page, '#status'), 'Connected to Hall');
  assert.match(await textOf(controller.page, '#trust'), /^Confirmed by the code/);
  assert.equal(await controller.page.evaluate(() => location.hash), '');
  await closeAll(display, controller);
});

test('wrong letters are refused at both ends, and the third time the code changes', async () => {
  const display = await openDisplay();
  const controller = await openController();
  const code = await textOf(display.page, '#code');
  const wrong = code.slice(0, -1) + (code.endsWith('B') ? 'C' : 'B');
  for (const [tries, text] of [[1, 'Somebody typed a wrong code.'], [2, 'Somebody typed a wrong code 2 times.']]) {
    await enter(controller, wrong);
    await visible(controller.page, '#pair-error');
    assert.match(await textOf(controller.page, '#pair-error'), NOT_CONFIRMED);
    await display.page.waitForFunction((shown) => document.getElementById('attempts').textContent === shown, text);
    assert.equal(await textOf(display.page, '#code'), code, `the code after ${tries}`);
    await controller.page.waitForSelector('#connect:enabled');
  }
  await enter(controller, wrong);
  await newCode(display.page, code);
  await controller.page.waitForSelector('#connect:enabled');
  await connect(display, controller);
  await closeAll(display, controller);
});

test('what is typed wrongly is said in words, before anything is sent', async () => {
  const controller = await openController();
  const sent = [];
  controller.page.on('request', (request) => { if (request.method() === 'POST') sent.push(request.url()); });
  for (const [typed, words] of [
    ['', /Type the code/], ['4821', /letters .* are missing/], ['4821KMRTW', /hyphen/], ['4821-KMRTO', /A, E, I, O, U and Y/],
  ]) {
    await enter(controller, typed);
    await controller.page.waitForFunction((source) => new RegExp(source).test(document.getElementById('pair-error').textContent), words.source);
    assert.equal(await controller.page.getAttribute('#code', 'aria-invalid'), 'true');
    assert.equal(await controller.page.evaluate(() => document.activeElement.id), 'code');
  }
  assert.deepEqual(sent, []);
  await enter(controller, '0000-BCDFG');
  await controller.page.waitForFunction(() => /unknown, used or expired/.test(document.getElementById('pair-error').textContent));
  assert.equal(sent.length, 1);
  await closeAll(controller);
});

test('the letters never leave the two pages', async () => {
  const display = await openDisplay();
  const controller = await openController();
  const said = [];
  for (const { page } of [display, controller]) {
    page.on('request', (request) => said.push(request.url(), request.postData() ?? '', JSON.stringify(request.headers())));
    page.on('websocket', (socket) => {
      for (const way of ['framesent', 'framereceived']) socket.on(way, ({ payload }) => said.push(String(payload)));
    });
  }
  const letters = (await textOf(display.page, '#code')).split('-')[1];
  await connect(display, controller);
  const all = said.join('\n');
  assert.match(all, /"box"/);
  assert.ok(!all.includes(letters), 'the letters');
  assert.ok(!/candidate:|a=fingerprint|ice-ufrag/.test(all), 'descriptions in the clear');
  await closeAll(display, controller);
});

test('a page without its packages says so, and does without letters', async () => {
  const pages = [await openController(), await openController()];
  await pages[0].page.route('**/vendor/*', (route) => route.abort());
  await enter(pages[0], '0000-BCDFG');
  await visible(pages[0].page, '#pair-error');
  assert.match(await textOf(pages[0].page, '#pair-error'), /not installed whole/);
  await enter(pages[0], '000 000 000');
  await pages[0].page.waitForFunction(() => /unknown, used or expired/.test(document.getElementById('pair-error').textContent));
  await pages[1].page.route('**/vendor/*', (route) => route.abort());
  await pages[1].page.click('text=Make this screen one');
  await visible(pages[1].page, '#trouble');
  assert.match(await textOf(pages[1].page, '#trouble'), /not installed whole/);
  for (const each of pages) await each.close();
});

// A description in the clear, as a relay that sits in the middle would like to have it.
const clearSdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n' +
  `a=ice-ufrag:abcd\r\na=ice-pwd:${'p'.repeat(24)}\r\na=fingerprint:sha-256 ${'AA:'.repeat(31)}AA\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\n`;
const flip = (text) => text.slice(0, 40) + (text[40] === 'A' ? 'B' : 'A') + text.slice(41);
const changed = (type, data) => (message) =>
  (message.type === type && message.data.failed === undefined ? { ...message, data: data(message.data) } : message);

const HARM = {
  "the offer's box is changed": { text: (from, message) => changed('webrtc:offer', (data) => ({ ...data, box: flip(data.box) }))(message) },
  "the display's share or tag is changed": { text: (from, message) => changed('webrtc:offer', (data) => ({ ...data, pake: flip(data.pake) }))(message) },
  'the offer comes in the clear': { text: (from, message) => changed('webrtc:offer', () => ({ sdp: clearSdp }))(message) },
  "the answer's box is changed": { text: (from, message) => changed('webrtc:answer', (data) => ({ ...data, box: flip(data.box) }))(message) },
  'the answer comes in the clear': { text: (from, message) => changed('webrtc:answer', () => ({ sdp: clearSdp }))(message) },
  'a candidate is changed': {
    text: (from, message) => changed('webrtc:ice-candidate', (data) => (from === 'display' ? { box: flip(`${data.box}${'A'.repeat(60)}`) } : data))(message),
  },
  "the controller's share is changed": { http: (path, body) => (path.endsWith('/pair') ? JSON.stringify({ ...JSON.parse(body), hello: flip(JSON.parse(body).hello) }) : body) },
  "the controller's hello is taken away": { http: (path, body) => (path.endsWith('/pair') ? JSON.stringify({ ...JSON.parse(body), hello: undefined }) : body) },
};

for (const [what, change] of Object.entries(HARM)) {
  test(`a relay that means harm: ${what}`, async (t) => {
    const proxy = await startEvilProxy(relay.url, change);
    t.after(proxy.stop);
    const display = await openDisplay(proxy.url);
    const controller = await openController(proxy.url);
    const code = await textOf(display.page, '#code');
    await enter(controller, code);
    await visible(controller.page, '#pair-error');
    assert.match(await textOf(controller.page, '#pair-error'), NOT_CONFIRMED);
    assert.equal(await controller.page.isHidden('#session'), true);
    assert.equal(await display.page.isHidden('#stage'), true);
    // The run is told and counted, or the code is used up; either way nobody is let in.
    await display.page.waitForFunction((before) => document.getElementById('code').textContent !== before ||
      !document.getElementById('attempts').hidden, code);
    assert.equal(await display.page.isHidden('#invite'), false, 'the display goes on');
    for (const each of [display, controller]) await each.close();
  });
}
