// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The bench protocol of ../README.md for the stacks of Node.js. Each stack gives one class, an end of a connection with one
// channel; what is measured, and how, is here and the same for all of them.

import { createRequire } from 'node:module';
import { emit, serve, versionOf } from '../../../tests/interop/peers/lib/stdio.mjs';

/** Packages come from the interop suite's lock file: the bench measures the versions that are tested. */
export const load = createRequire(new URL('../../../tests/interop/package.json', import.meta.url));

const FULL_BYTES = 1024 * 1024;  // the sender waits for bufferedamountlow above this
export const LOW_BYTES = 256 * 1024;
// What is handed over between two looks at bufferedAmount, which blocks on another thread in some bindings.
const LOOK_EVERY_BYTES = 256 * 1024;
const LOOK_EVERY_MESSAGES = 256;
const POLL_MS = 1;  // where a stack has no bufferedamountlow
const OPEN_MS = 20_000;

const seconds = () => performance.now() / 1000;

/** Sends until told to stop; gives the loop back after each batch, so that commands and messages come in. */
class Blaster {
  sent = 0;
  #waiting = false;

  constructor(end, size) {
    this.end = end;
    this.message = Buffer.alloc(size, 'x');
    this.batch = Math.max(1, Math.min(end.lookEvery ?? LOOK_EVERY_MESSAGES, Math.floor(LOOK_EVERY_BYTES / size)));
    this.running = true;
    this.#turn();
  }

  #turn() {
    if (!this.running) return;
    if (this.end.buffered(this.message.length) >= FULL_BYTES) {
      this.#waiting = true;
      if (this.end.polled) setTimeout(() => this.low(), POLL_MS);
      return;
    }
    for (let i = 0; i < this.batch; ++i) this.end.send(this.message);
    this.sent += this.batch;
    setImmediate(() => this.#turn());
  }

  low() {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#turn();
  }
}

/** One message at a time, there and back. */
function ping(end, { trips, size, warmup }, done) {
  const message = Buffer.alloc(size, 'x');
  const times = new Float64Array(trips);
  let trip = -warmup;
  let sentAt = 0;
  const next = () => {
    sentAt = performance.now();
    end.send(message);
  };
  next();
  return () => {
    if (trip >= 0) times[trip] = (performance.now() - sentAt) * 1000;
    if (++trip < trips) return next();
    times.sort();
    const at = (share) => Math.round(times[Math.min(trips - 1, Math.floor(trips * share))] * 10) / 10;
    done({ p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) });
  };
}

/**
 * Two ends in this process, signalling by hand-over; resolves when the channel is open at both.
 * `keep` is given the ends before that, so that they can be closed whatever comes.
 */
function makePair(End, address, keep) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`a pair did not open within ${OPEN_MS} ms`)), OPEN_MS);
    let open = 0;
    const events = (other) => ({
      description: (description) => other().remote(description),
      candidate: (candidate) => other().candidate(candidate),
      open: () => {
        if (++open < 2) return;
        clearTimeout(late);
        resolve([a, b]);
      },
      message: () => {},
      low: () => {},
    });
    const b = new End({ offer: false, address, events: events(() => a) });
    const a = new End({ offer: true, address, events: events(() => b) });
    keep(a, b);
    a.start();
  });
}

/**
 * @param {string} peer      name as told in `ready`
 * @param {string} npmName   package whose version is told
 * @param {Function} End     class: new End({offer, address, ordered, maxRetransmits, events}); start() makes the channel and
 *                           the offer; remote(), candidate(), send(bytes), buffered(size of the messages), close(); polled: events.low() never
 *                           comes; lookEvery: messages between two looks at buffered()
 */
export function run(peer, npmName, End) {
  let end = null;
  let blaster = null;
  let pong = null;
  let echoes = false;
  let messages = 0;
  let bytes = 0;
  const kept = [];

  const events = {
    description: ({ type, sdp }) => emit({ event: 'description', type, sdp }),
    candidate: (candidate) => emit({ event: 'candidate', ...candidate }),
    open: () => emit({ event: 'open' }),
    low: () => blaster?.low(),
    message: (data, size) => {
      ++messages;
      bytes += size;
      if (pong) pong();
      else if (echoes) end.send(Buffer.from(data));
    },
  };

  async function connect({ runs, address }) {
    const ms = [];
    for (let i = 0; i < runs; ++i) {
      const ends = [];
      const start = performance.now();
      await makePair(End, address, (...both) => ends.push(...both));
      ms.push(Math.round((performance.now() - start) * 100) / 100);
      for (const one of ends) one.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    emit({ event: 'connected', ms });
  }

  async function pairs({ count, address }) {
    for (let i = 0; i < count; ++i) await makePair(End, address, (...both) => kept.push(...both));
    globalThis.gc?.();
    emit({ event: 'paired', pairs: kept.length / 2 });
  }

  function mark({ id }) {
    const { user, system } = process.cpuUsage();
    emit({ event: 'mark', id, seconds: seconds(), cpuSeconds: (user + system) / 1e6, messages, bytes, sent: blaster?.sent ?? 0 });
  }

  function handle(command) {
    switch (command.cmd) {
      case 'create':
        end = new End({ ...command, offer: command.offer === true, events });
        return command.offer ? end.start() : undefined;
      case 'remote': return end.remote(command);
      case 'candidate': return end.candidate(command);
      case 'echo': echoes = true; return undefined;
      case 'blast': blaster = new Blaster(end, command.size); return undefined;
      case 'stop':
        blaster.running = false;
        return emit({ event: 'stopped', messages: blaster.sent });
      case 'mark': return mark(command);
      case 'ping':
        pong = ping(end, command, (times) => {
          pong = null;
          emit({ event: 'pinged', ...times });
        });
        return undefined;
      case 'connect': return connect(command);
      case 'pairs': return pairs(command);
      default: throw new Error('no such command');
    }
  }

  serve((command) => {
    const fail = (error) => emit({ event: 'error', cmd: command.cmd, message: String(error?.message ?? error) });
    try {
      Promise.resolve(handle(command)).catch(fail);
    } catch (error) {
      fail(error);
    }
  });
  emit({ event: 'ready', peer, version: versionOf(npmName) });
}
