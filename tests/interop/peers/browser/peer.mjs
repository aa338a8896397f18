// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A stock browser as a peer: starts it headless on peer.html, which connects back over a WebSocket on loopback; no driver and no
// debugging port. Usage: peer.mjs chromium|firefox. CHROMIUM and FIREFOX name other executables.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocketServer } from 'ws';
import { emit, serve } from '../lib/stdio.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const profile = mkdtempSync(path.join(tmpdir(), 'pairwire-browser-'));

const BROWSERS = {
  chromium: {
    executable: process.env.CHROMIUM ?? 'chromium',
    args: (url) => ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run', '--no-default-browser-check', '--disable-quic', '--disable-dev-shm-usage',
      '--disable-background-timer-throttling', '--allow-loopback-in-peer-connection', `--user-data-dir=${profile}`, url],
    prepare: () => {},
  },
  firefox: {
    executable: process.env.FIREFOX ?? 'firefox-esr',
    args: (url) => ['--headless', '--no-remote', '--profile', profile, url],
    prepare: () => {
      // Quiet, and with real addresses: Firefox's mDNS names need a multicast service of their own.
      const preferences = {
        'media.peerconnection.ice.loopback': true,
        'media.peerconnection.ice.obfuscate_host_addresses': false,
        'browser.shell.checkDefaultBrowser': false,
        'browser.aboutwelcome.enabled': false,
        'browser.startup.page': 0,
        'datareporting.policy.dataSubmissionEnabled': false,
        'toolkit.telemetry.reportingpolicy.firstRun': false,
        'app.update.enabled': false,
        'app.normandy.enabled': false,
        'network.captive-portal-service.enabled': false,
        'network.connectivity-service.enabled': false,
        'extensions.update.enabled': false,
        'dom.min_background_timeout_value': 1,
      };
      const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
      writeFileSync(path.join(profile, 'user.js'), `${lines.join('\n')}\n`);
    },
  },
};

const name = process.argv[2];
const browser = BROWSERS[name];
if (!browser) throw new Error('usage: peer.mjs chromium|firefox');

const FILES = {
  '/': [path.join(here, 'peer.html'), 'text/html'],
  '/w3c-peer.mjs': [path.join(here, '../lib/w3c-peer.mjs'), 'text/javascript'],
};
const server = createServer((request, response) => {
  const [file, type] = FILES[request.url] ?? [];
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(readFileSync(file));
});
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));

let version;
try {
  version = execFileSync(browser.executable, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
} catch (error) {
  console.error(`${browser.executable} can not be started: ${error.message}`);
  process.exit(1);
}
browser.prepare();
const child = spawn(browser.executable, browser.args(`http://127.0.0.1:${server.address().port}/`), {
  stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile, MOZ_HEADLESS: '1' },
});
child.stderr.pipe(process.stderr);
const gone = new Promise((resolve) => child.on('exit', resolve));

let stopping = false;
async function stop() {
  stopping = true;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
gone.then((code) => {
  if (stopping) return;
  console.error(`${name} ended by itself with ${code}`);
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.exit(1);
});
process.on('SIGTERM', () => stop().then(() => process.exit(0)));

let page = null;
new WebSocketServer({ server, maxPayload: 64 * 1024 * 1024 }).on('connection', (socket) => {
  page = socket;
  socket.on('message', (text) => {
    const event = JSON.parse(text);
    emit(event.event === 'ready' ? { event: 'ready', peer: name, version } : event);
  });
});
serve((command) => page.send(JSON.stringify(command)), stop);
