// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One peer as a child process that speaks the protocol of ../README.md.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const LOG_LINES = 40;

export class Tool {
  #events = [];
  #waiters = new Set();  // {match, resolve, reject}
  #gone = null;

  /** `command`: what a shell would run. */
  constructor(name, command) {
    this.name = name;
    this.log = [];
    this.state = null;  // the connection's, as told last
    this.closing = false;
    this.onSignal = () => {};  // descriptions and candidates, as they come
    // A process group of its own: what a peer started (a browser) ends with it, also when the peer itself has to be killed.
    this.child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.child.stdin.on('error', () => {});  // told by the exit
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line));
    createInterface({ input: this.child.stderr }).on('line', (line) => this.#note(line));
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.#killGroup();
        this.#gone = new Error(`${name} ended with ${signal ?? code}`);
        for (const waiter of [...this.#waiters]) waiter.reject(this.#gone);
        resolve();
      });
    });
  }

  get running() {
    return this.#gone === null;
  }

  #note(line) {
    this.log.push(line.slice(0, 300));
    if (this.log.length > LOG_LINES) this.log.shift();
  }

  #take(line) {
    let event;
    try {
      event = JSON.parse(line);
    } catch {
      return this.#note(`not JSON: ${line}`);
    }
    if (event.event !== 'message') this.#note(line);
    if (event.event === 'state') this.state = event.state;
    if (event.event === 'description' || event.event === 'candidate') this.onSignal(event);
    for (const waiter of this.#waiters) {
      if (waiter.match(event)) return waiter.resolve(event);
    }
    if (event.event === 'error' && event.cmd !== 'candidate') {
      const error = new Error(`${this.name}: ${event.cmd}: ${event.message}`);
      // Whoever waits now will not get it; nobody waiting: the next one is told.
      if (this.#waiters.size > 0) return [...this.#waiters].forEach((waiter) => waiter.reject(error));
    }
    this.#events.push(event);
  }

  send(command) {
    if (this.running) this.child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Closes the connection, once; nothing when it is closed already. */
  close() {
    if (this.state !== 'closed' && !this.closing) this.send({ cmd: 'close' });
    this.closing = true;
  }

  /** The first event that `match` accepts, of those not taken yet or still to come; it is then taken. */
  expect(what, match, milliseconds = 8000) {
    const found = this.#events.findIndex(match);
    if (found >= 0) return Promise.resolve(this.#events.splice(found, 1)[0]);
    const failed = this.#events.find((event) => event.event === 'error' && event.cmd !== 'candidate');
    if (failed) return Promise.reject(new Error(`${this.name}: ${failed.cmd}: ${failed.message}`));
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const done = (settle) => (value) => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        settle(value);
      };
      const waiter = { match, resolve: done(resolve), reject: done(reject) };
      const timer = setTimeout(() => waiter.reject(new Error(`${this.name}: no ${what} within ${milliseconds} ms`)), milliseconds);
      this.#waiters.add(waiter);
    });
  }

  event(name, fields = {}, milliseconds) {
    const matches = (event) => event.event === name && Object.entries(fields).every(([key, value]) => event[key] === value);
    return this.expect(`${name} ${JSON.stringify(fields)}`, matches, milliseconds);
  }

  /** A new connection begins: what nobody took is forgotten, and nobody waits any longer. */
  forget() {
    this.#events = [];
    this.state = null;
    this.closing = false;
    for (const waiter of [...this.#waiters]) waiter.reject(new Error(`${this.name}: the connection is over`));
  }

  async stop() {
    if (!this.running) return;
    this.send({ cmd: 'quit' });
    const timer = setTimeout(() => this.#killGroup(), 6000);
    await this.exited;
    clearTimeout(timer);
  }

  #killGroup() {
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}
