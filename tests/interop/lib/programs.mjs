// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real programs as child processes: a relay and one display, with the display's JSON events.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const bin = process.env.PAIRWIRE_BIN ?? path.join(root, 'build/release/bin');
const WAIT_MS = 30_000;

/** One child: its output lines can be waited for, each seen once and in order. */
class Program {
  #lines = [];
  #wake = () => {};
  #gone = null;

  constructor(name, args) {
    this.name = name;
    this.log = [];
    this.child = spawn(path.join(bin, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#push(line));
    createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > 200) this.log.shift();
    });
    this.exited = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => {
        this.#gone = `${name} ended with ${signal ?? code}`;
        this.#wake();
        resolve(code);
      });
      this.child.on('error', (error) => {
        this.#gone = `${name} can not be started: ${error.message}`;
        this.#wake();
        resolve(-1);
      });
    });
  }

  #push(line) {
    this.#lines.push(line);
    this.#wake();
  }

  /** The next line for which `match` gives something; lines before it are passed over. */
  async next(what, match) {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      while (this.#lines.length > 0) {
        const found = match(this.#lines.shift());
        if (found) return found;
      }
      if (this.#gone) throw new Error(`${this.#gone} while waiting for ${what}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${this.name}: no ${what} within ${WAIT_MS / 1000} s`);
      let timer;
      await new Promise((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  event(name, accept = () => true) {
    return this.next(`'${name}' event`, (line) => {
      const event = JSON.parse(line);
      return event.event === name && accept(event) ? event : null;
    });
  }

  async stop() {
    if (this.#gone) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await this.exited;
    clearTimeout(timer);
  }
}

/** A relay that serves the page, and a display that echoes and stores files. */
export async function startAll() {
  const out = mkdtempSync(path.join(tmpdir(), 'pairwire-interop-'));
  // The proxy is a test that floods the relay with guesses from many addresses.
  const relay = new Program('pairwire-relay',
    ['--listen', '127.0.0.1:0', '--web', path.join(root, 'samples/web'), '--trusted-proxy', '127.0.0.1']);
  const url = await relay.next('address', (line) => /^listening on (\S+)$/.exec(line)?.[1]);
  const display = new Program('pairwire-display',
    ['--relay', url, '--name', 'Interop display', '--no-secret', '--echo', '--json', '--out', out]);
  return {
    url,
    display,
    root,
    nextCode: async () => (await display.event('code')).code,
    tail: () => [...relay.log.slice(-5), ...display.log.slice(-5)].join('\n'),
    stop: async () => {
      await display.stop();
      await relay.stop();
      rmSync(out, { recursive: true, force: true });
    },
  };
}
