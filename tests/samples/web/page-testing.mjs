// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the page's tests share: a real relay that serves the pages, a browser, and a proxy in front of the relay that
// means harm. playwright-core is that of tests/interop.
import { spawn } from 'node:child_process';
import { createServer, request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { root } from './testing.mjs';

const require = createRequire(new URL('tests/interop/package.json', root));
const { chromium } = require('playwright-core');
const { WebSocketServer, WebSocket } = require('ws');
const WAIT_MS = 30_000;
const bin = process.env.PAIRWIRE_BIN ?? 'build/release/bin';

export const startBrowser = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run', '--disable-quic'],
});

/** A page of its own visitor, or of the one whose `context` is given; `problems` is what it reported. */
export async function openPage(browser, url, { viewport = { width: 1280, height: 800 }, context: visitor } = {}) {
  const context = visitor ?? await browser.newContext({ viewport });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // Chromium reports each refused call by itself; what the relay answers is looked at by what the page says.
    if (message.type() === 'error' && !/status of (401|404|429|503)|net::ERR/.test(message.text())) problems.push(message.text());
  });
  await page.goto(url);
  return { page, problems, close: () => (visitor ? page.close() : context.close()) };
}

/** A page that keeps its RTCPeerConnections where a test can cut them, and what its session says (`take`). */
export async function openEnd(browser, url, options) {
  const end = await openPage(browser, url, options);
  await end.page.evaluate(() => {
    window.connections = [];
    const Own = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Own {
      constructor(...args) {
        // Without a TURN server that is no path at all.
        super(...(window.pathless ? [{ iceTransportPolicy: 'relay' }] : args));
        window.connections.push(this);
      }
    };
    // What is closed here tells nobody here by itself.
    window.cut = () => {
      window.connections.at(-1).close();
      window.connections.at(-1).onconnectionstatechange();
    };
    window.take = (session) => {
      window.session = session;
      window.got = [];
      window.states = [];
      session.addEventListener('message', ({ data }) => window.got.push(typeof data === 'string' ? data : new Uint8Array(data).length));
      session.addEventListener('event', ({ detail }) => window.got.push(detail));
      session.addEventListener('statevalue', ({ detail }) => window.got.push([detail.key, detail.value ?? null]));
      session.addEventListener('acked', ({ detail }) => { window.acked = detail.id; });
      session.addEventListener('state', ({ detail }) => window.states.push(detail.state));
      session.addEventListener('close', ({ detail }) => { window.over = detail; });
    };
  });
  return end;
}

/** What a camera reads off the QR code on a page. @param {import('playwright-core').Page} page @param {string} selector */
export async function readQrCode(browser, page, selector) {
  const picture = (await (await page.$(selector)).screenshot()).toString('base64');
  // A page of its own: the relay's policy lets no foreign script into its pages.
  const reader = await browser.newPage();
  try {
    await reader.addScriptTag({ path: require.resolve('jsqr') });
    return await reader.evaluate(async (png) => {
      const image = new Image();
      image.src = `data:image/png;base64,${png}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.width;
      canvas.height = image.height;
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
      return window.jsQR(data, width, height)?.data ?? null;
    }, picture);
  } finally {
    await reader.close();
  }
}

/** The lanes of a page's connections in use, as the browser counts them. */
export const lanesOf = ({ page }) => page.evaluate(async () => {
  const labels = [];
  for (const report of (await window.connections.at(-1).getStats()).values()) {
    if (report.type === 'data-channel' && report.protocol === 'pairwire.session.v1' && report.state === 'open') labels.push(report.label);
  }
  return labels.sort();
});
export const LANES = ['pairwire', 'pairwire.state', 'pairwire.stream'];

/** A program as a child; its lines of stdout can be waited for, each seen once and in order. */
export class Program {
  #lines = [];
  #wake = () => {};
  #over = false;

  constructor(name, args) {
    this.name = name;
    this.log = [];
    this.child = spawn(path.join(bin, name), args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stdin.on('error', () => {});
    createInterface({ input: this.child.stdout }).on('line', (line) => { this.#lines.push(line); this.#wake(); });
    createInterface({ input: this.child.stderr }).on('line', (line) => this.log.push(line));
    this.gone = new Promise((resolve) => this.child.once('close', (code) => { this.#over = true; this.#wake(); resolve(code); }));
  }

  async next(what, match) {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      while (this.#lines.length > 0) {
        const found = match(this.#lines.shift());
        if (found) return found;
      }
      const left = deadline - Date.now();
      if (left <= 0 || this.#over) throw new Error(`${this.name}: no ${what}; ${this.log.slice(-5).join(' / ')}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => { clearTimeout(timer); resolve(); };
      });
    }
  }

  /** Every line with this event that has come and not been looked for yet; the other lines are gone, too. */
  eventsSoFar(name) {
    return this.#lines.splice(0).map((line) => JSON.parse(line)).filter(({ event }) => event === name);
  }

  event(name, accept = () => true) {
    return this.next(`'${name}'`, (line) => {
      const event = JSON.parse(line);
      return event.event === name && accept(event) ? event : null;
    });
  }

  /** A line for its stdin. */
  say(line) {
    this.child.stdin.write(`${line}\n`);
  }

  async stop() {
    if (this.#over) return;
    // One that stands still ends, too.
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await this.gone;
    clearTimeout(timer);
  }
}

/** @param {string} [listen] as --listen; a relay that comes back listens where it did @param {string[]} [more] options */
export async function startRelay(listen = '127.0.0.1:0', more = []) {
  const relay = new Program('pairwire-relay', ['--listen', listen, '--web', fileURLToPath(new URL('samples/web', root)), ...more]);
  relay.url = await relay.next('address', (line) => /^listening on (\S+)$/.exec(line)?.[1]);
  return relay;
}

/**
 * A server in front of the relay that may do anything: `change.http(path, body)` gives the body of a call as it goes on,
 * `change.text(from, message)` a message of a WebSocket; null: it is dropped. `from` is 'display' or 'controller'.
 */
export async function startEvilProxy(relayUrl, change) {
  const target = new URL(relayUrl);
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      let body = Buffer.concat(parts).toString();
      if (change.http && body !== '') body = change.http(request.url, body) ?? body;
      const headers = { ...request.headers, host: target.host, origin: relayUrl, 'content-length': Buffer.byteLength(body) };
      if (body === '') delete headers['content-length'];
      const onward = httpRequest({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers }, (answer) => {
        const passed = { ...answer.headers };
        // The page's own policy names the relay, not this server.
        delete passed['content-security-policy'];
        response.writeHead(answer.statusCode, passed);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      onward.end(body);
    });
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'pairwire.v1' });
  sockets.on('connection', (near, request) => {
    const token = request.headers['sec-websocket-protocol'].split(', ').find((entry) => entry.startsWith('pairwire.token.'));
    const far = new WebSocket(new URL('/ws', relayUrl.replace(/^http/, 'ws')), ['pairwire.v1', token], { headers: { origin: relayUrl } });
    const waiting = [];
    // Only a display offers, and it does so before anything else.
    let role = 'controller';
    far.on('message', (text) => {
      if (near.readyState === near.OPEN) near.send(String(text));
    });
    near.on('message', (text) => {
      const message = JSON.parse(text);
      if (message.type === 'webrtc:offer') role = 'display';
      const changed = change.text ? change.text(role, message) : message;
      if (changed === null) return;
      const out = JSON.stringify(changed);
      if (far.readyState === far.OPEN) far.send(out);
      else waiting.push(out);
    });
    far.on('open', () => { for (const text of waiting.splice(0)) far.send(text); });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on('close', () => other.close());
      one.on('error', () => other.terminate());
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
