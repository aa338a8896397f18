// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions between two pages in Chromium: what is delivered while connections and the relay come and go.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { openEnd, startBrowser, startRelay } from './page-testing.mjs';

let relay;
let browser;

before(async () => {
  [relay, browser] = await Promise.all([startRelay(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await relay?.stop();
});

async function startPair(t, { url = relay.url, secret = true } = {}) {
  const display = await openEnd(browser, url);
  const code = await display.page.evaluate(async (withLetters) => {
    const { Display } = await import('./session/display.js');
    window.display = new Display({ relay: location.href, name: 'Hall', secret: withLetters });
    window.display.addEventListener('session', ({ detail }) => window.take(detail.session));
    const shown = new Promise((resolve) => window.display.addEventListener('code', ({ detail }) => resolve(detail.code), { once: true }));
    window.display.run();
    return shown;
  }, secret);
  const controller = await openEnd(browser, url);
  await controller.page.evaluate(async ([typed, plain]) => {
    const { pair } = await import('./pairwire.js');
    window.take(await pair(typed, { name: 'Phone', plain }));
  }, [code, !secret]);
  await display.page.waitForFunction(() => window.session !== undefined);
  t.after(async () => {
    await display.close();
    await controller.close();
  });
  return { display, controller };
}

const call = ({ page }, work, ...args) => page.evaluate(work, ...args);
const waitFor = ({ page }, condition, arg) => page.waitForFunction(condition, arg);
const noProblems = (...ends) => assert.deepEqual(ends.flatMap(({ problems }) => problems), []);

for (const secret of [true, false]) {
  test(`commands, states, streams and typed events, ${secret ? 'with letters' : 'plain'}`, async (t) => {
    const { display, controller } = await startPair(t, { secret });
    assert.deepEqual(await call(controller, () => [session.state, session.peer, connections.length]),
      ['connected', { name: 'Hall', authenticated: secret }, 1]);
    await call(controller, () => {
      window.ids = [session.send('one'), session.send(new Uint8Array(200_000)), session.sendEvent({ type: 'chat:message', data: { text: 'hi' } })];
      session.setState('volume', 'low');
      session.setState('volume', 'high');
      session.sendEvent({ type: 'input:value', data: { input: 'fader', value: 0.5 } });
    });
    await waitFor(display, () => got.length >= 5 && JSON.stringify(got).includes('"high"'));
    const got = await call(display, () => window.got);
    assert.deepEqual(got.filter((each) => !Array.isArray(each) && each.type !== 'input:value'),
      ['one', 200_000, { type: 'chat:message', data: { text: 'hi' } }]);
    assert.deepEqual(got.filter(Array.isArray).at(-1), ['volume', 'high']);
    await waitFor(controller, () => acked === 3);
    assert.deepEqual(await call(controller, () => ids), [1, 2, 3]);
    await assert.rejects(call(controller, () => session.send(new Uint8Array(300_000))), /256 KiB|too large|bytes/i);

    await call(controller, () => { session.send('last'); session.close(); });
    await waitFor(display, () => window.over !== undefined);
    assert.equal(await call(display, () => over.code), 'peer_left');
    assert.equal(await call(display, () => got.at(-1)), 'last');
    await waitFor(controller, () => window.over?.code === 'closed');
    noProblems(display, controller);
  });
}

test('a page that goes says so at once', async (t) => {
  const { display, controller } = await startPair(t);
  await call(controller, () => session.leave());
  await waitFor(display, () => window.over !== undefined);
  noProblems(display);
});

test('what is sent while the connection is gone arrives once it is back, once and in order', async (t) => {
  const { display, controller } = await startPair(t);
  for (let round = 1; round <= 3; ++round) {
    const from = await call(controller, () => { const at = window.sent ?? 0; for (let i = 0; i < 50; ++i) session.send(String(at + i)); window.sent = at + 50; return at; });
    await call(round % 2 === 1 ? controller : display, () => cut());
    await call(controller, () => { for (let i = 0; i < 50; ++i) session.send(String(sent + i)); window.sent += 50; });
    await call(display, (id) => session.send(`back ${id}`), round);
    await waitFor(display, (count) => got.length === count, from + 100);
    await waitFor(controller, (count) => got.length === count, round);
    await waitFor(controller, () => acked === sent);
  }
  assert.deepEqual(await call(display, () => got), Array.from({ length: 300 }, (_, i) => String(i)));
  assert.deepEqual(await call(controller, () => got), ['back 1', 'back 2', 'back 3']);
  assert.equal(await call(controller, () => session.state), 'connected');
  noProblems(display, controller);
});

test('a file goes on where it was when the connection is back', async (t) => {
  const { display, controller } = await startPair(t);
  await call(display, async () => {
    const { IncomingFiles } = await import('./file-receiver.js');
    window.progress = [];
    window.files = new IncomingFiles({
      onProgress: (name, received) => {
        progress.push(received);
        // Once, in the middle of it.
        if (received < 24 * 1024 * 1024 || window.wasCut) return;
        window.wasCut = true;
        setTimeout(cut);
      },
      onFile: (file) => { window.file = file; },
    });
    session.addEventListener('channel', ({ detail }) => files.take(detail.channel));
  });
  const sent = await call(controller, async () => {
    const bytes = new Uint8Array(48 * 1024 * 1024);
    for (let i = 0; i < bytes.length; ++i) bytes[i] = (i * 31 + (i >> 16)) & 0xff;
    return session.sendFile(new File([bytes], 'large.bin', { lastModified: 1 }));
  });
  await waitFor(display, () => window.file !== undefined);
  const stored = await call(display, async () => {
    const bytes = new Uint8Array(await file.blob.arrayBuffer());
    return { name: file.name, size: bytes.length, sha256: file.sha256, right: bytes.every((byte, i) => byte === ((i * 31 + (i >> 16)) & 0xff)) };
  });
  assert.deepEqual(stored, { name: 'large.bin', size: 48 * 1024 * 1024, sha256: sent.sha256, right: true });
  assert.equal(await call(display, () => wasCut), true);
  assert.ok(await call(display, () => Math.min(...progress.slice(progress.findIndex((n) => n >= 24 * 1024 * 1024)))) >= 8 * 1024 * 1024,
    'it did not begin anew');
  noProblems(display, controller);
});

test('frames wait for their moment by the clock of the controller', async (t) => {
  const { display, controller } = await startPair(t);
  await call(display, async () => {
    const { Stage } = await import('./stage.js');
    document.body.insertAdjacentElement('beforeend', document.createElement('section'));
    const make = (name) => document.body.appendChild(document.createElement(name));
    window.canvas = make('canvas');
    window.stage = new Stage({ text: make('p'), picture: make('img'), canvas, files: make('ul') });
    stage.follow(() => session.peerClock()?.nowUs ?? null);
    window.shown = [];
    new MutationObserver(() => shown.push({ frame: Number(canvas.dataset.frame), at: performance.timeOrigin + performance.now() }))
      .observe(canvas, { attributeFilter: ['data-frame'] });
    session.addEventListener('event', ({ detail }) => stage.showEvent(detail));
  });
  await waitFor(display, () => session.peerClock()?.errorUs < 20_000);
  const planned = await call(controller, () => {
    const start = performance.now() + 300;
    const times = [];
    for (let frame = 1; frame <= 8; ++frame) {
      const at = start + frame * 50;
      times.push(performance.timeOrigin + at);
      session.sendEvent({ type: 'animation:frame', data: { frame, presentAt: Math.round(at * 1000), progress: frame / 8 } });
    }
    return times;
  });
  await waitFor(display, () => shown.at(-1)?.frame === 8);
  const { shown, error } = await call(display, () => ({ shown, error: session.peerClock().errorUs / 1000 }));
  assert.ok(shown.every((each, i) => i === 0 || each.frame > shown[i - 1].frame), 'in order');
  // The two pages' own time origins are a millisecond or two apart.
  for (const { frame, at } of shown) assert.ok(at >= planned[frame - 1] - error - 5, `frame ${frame} came ${planned[frame - 1] - at} ms early`);
  noProblems(display, controller);
});

test('a connection whose path went quiet is restarted, in band or by way of the relay', async (t) => {
  const { display, controller } = await startPair(t);
  const ufrags = (end) => call(end, () => connections.map((each) => /ice-ufrag:(\S+)/.exec(each.remoteDescription.sdp)[1]));
  const before = await ufrags(controller);
  // As ICE says it, which loopback does not do by itself.
  await call(display, () => {
    const own = connections.at(-1);
    Object.defineProperty(own, 'connectionState', { get: () => 'disconnected', configurable: true });
    own.onconnectionstatechange();
    delete own.connectionState;
  });
  await waitFor(controller, (old) => connections.length === 1 &&
    /ice-ufrag:(\S+)/.exec(connections[0].remoteDescription.sdp)[1] !== old, before[0]);
  await waitFor(display, () => session.state === 'connected' && states.includes('recovering'));
  await call(controller, () => session.send('still here'));
  await waitFor(display, () => got.includes('still here'));
  assert.equal(await call(display, () => connections.length), 1);
  noProblems(display, controller);
});

test('the relay may go when both are connected', async (t) => {
  const own = await startRelay();
  t.after(() => own.stop());
  const { display, controller } = await startPair(t, { url: own.url });
  await own.stop();
  await call(controller, () => session.send('without it'));
  await waitFor(display, () => got.includes('without it'));
  assert.equal(await call(controller, () => session.state), 'connected');
  // Nobody is there to meet at: what was sent last is told as unknown, and not at once.
  await call(controller, () => {
    cut();
    session.send('lost');
  });
  assert.equal(await call(controller, () => session.state), 'reconnecting');
  await call(controller, () => session.leave());
});
