// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The page's modules in a real browser (Chromium, headless; CHROMIUM names another executable) against C++ ends.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { NativeEnd } from './native-end.mjs';
import { testPairing } from './pairing-cases.mjs';
import { EXPECTED_READ } from './session-vectors.mjs';
import { root } from './testing.mjs';

const chromium = process.env.CHROMIUM ?? 'chromium';
const HOLD_MS = 5_000;

// The page asks for a command and gets it when there is one; its answers go to who gave the command.
const commands = [];
const waiting = [];
const answers = new Map();
let lastId = 0;

function handOver() {
  while (commands.length > 0 && waiting.length > 0) {
    const { response, timer } = waiting.shift();
    clearTimeout(timer);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(commands.shift()));
  }
}

class BrowserEnd {
  #end = ++lastId;

  async call(cmd, fields = {}) {
    const id = ++lastId;
    const answer = await new Promise((resolve) => {
      answers.set(id, resolve);
      commands.push({ id, end: this.#end, cmd, fields });
      handOver();
    });
    if (answer.error) throw Object.assign(new Error(`${cmd}: ${answer.error}`), { code: answer.error });
    return answer;
  }

  close() {}
}

const server = createServer((request, response) => {
  if (request.url === '/command') {
    const timer = setTimeout(() => {
      waiting.splice(waiting.findIndex((each) => each.response === response), 1);
      response.writeHead(204).end();
    }, HOLD_MS);
    waiting.push({ response, timer });
    handOver();
  } else if (request.url === '/answer') {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const { id, answer } = JSON.parse(body);
      answers.get(id)?.(answer);
      answers.delete(id);
      response.writeHead(204).end();
    });
  } else if (/^\/(tests\/)?samples\/web\/[a-z0-9/-]+\.m?js$/.test(request.url)) {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(new URL(`.${request.url}`, root)));
  } else {
    response.writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><script type="module" src="/tests/samples/web/browser-page.mjs"></script>');
  }
});

if (spawnSync(chromium, ['--version']).status !== 0) {
  test('in a browser', { skip: `${chromium} can not be started: .ci/install-packages.sh test` }, () => {});
} else {
  const profile = mkdtempSync(path.join(tmpdir(), 'pairwire-page-'));
  let browser;
  before(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = spawn(chromium, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
      '--disable-component-update', '--no-first-run', '--no-default-browser-check', '--disable-dev-shm-usage',
      '--disable-background-timer-throttling', `--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`],
    { stdio: 'ignore', env: { ...process.env, HOME: profile } });
  });
  after(async () => {
    const gone = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill('SIGKILL');
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  testPairing('C++ display, browser controller', [() => new NativeEnd(), () => new BrowserEnd()]);
  test("the session's vectors in a browser", async () => {
    const vectors = JSON.parse(readFileSync(new URL('tests/peer/delivery/vectors.json', root), 'utf8'));
    const { made, read } = await new BrowserEnd().call('session', { vectors });
    assert.deepEqual(made, vectors);
    assert.deepEqual(read, EXPECTED_READ);
  });
  testPairing('browser display, C++ controller', [() => new BrowserEnd(), () => new NativeEnd()]);
}
