// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A session's end in C++ (pairwire-delivery-peer) with the methods of SessionEnd (session-end.js), for the
// simulation. The program asks its owner in the middle of a call, so lines are read without returning to
// the event loop: over pipes that have names, as those of Node.js do not block.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { SessionError } from '../../../samples/web/session/session-error.js';
import { fromHex, toHex } from './testing.mjs';

class LinePipe {
  #child;
  #in;
  #out;
  #rest = '';
  #buffer = Buffer.alloc(64 * 1024);

  constructor(program) {
    const folder = mkdtempSync(path.join(tmpdir(), 'pairwire-pipes-'));
    const names = ['in', 'out'].map((name) => path.join(folder, name));
    execFileSync('mkfifo', names);
    // Both ways at once: opening one side alone would wait for the other.
    const held = names.map((name) => openSync(name, 'r+'));
    this.#in = openSync(names[0], 'w');
    this.#out = openSync(names[1], 'r');
    const childIn = openSync(names[0], 'r');
    const childOut = openSync(names[1], 'w');
    this.#child = spawn(program, { stdio: [childIn, childOut, 'inherit'] });
    for (const fd of [...held, childIn, childOut]) closeSync(fd);
    rmSync(folder, { recursive: true });
  }

  say(line) { writeSync(this.#in, `${JSON.stringify(line)}\n`); }

  hear() {
    let end;
    while ((end = this.#rest.indexOf('\n')) < 0) {
      const size = readSync(this.#out, this.#buffer);
      if (size === 0) throw new Error('pairwire-delivery-peer ended');
      this.#rest += this.#buffer.toString('latin1', 0, size);
    }
    const line = JSON.parse(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  close() {
    closeSync(this.#in);
    closeSync(this.#out);
    this.#child.unref();
  }
}

const micro = (now) => Math.round(now * 1000);

/** As scriptSession of session-sim-end.mjs; this end can not lose its memory. */
export function nativeSession({ role, first, drawn, random, owner }) {
  return new NativeSession({
    role, seed: random(4).reduce((sum, byte) => sum * 256 + byte, 0), ...(first ? { first: toHex(first) } : {}), features: ['session.1'],
    windowMs: drawn.window, outboxBytes: drawn.outbox.bytes, outboxMessages: drawn.outbox.messages, manualAck: drawn.manualAck,
    firstSeq: drawn.firstSeq,
  }, owner);
}

class NativeSession {
  #pipe = new LinePipe(path.join(process.env.PAIRWIRE_BIN ?? 'build/release/bin', 'pairwire-delivery-peer'));
  #owner;
  #last = { deadline: null, state: 'signalling', link: 0, outbox: [0, 0], stateBytes: 0, unacked: [0, 0] };

  constructor(options, owner) {
    this.#owner = owner;
    this.#pipe.say(options);
    this.#pipe.hear();
  }

  #call(cmd, fields = {}) {
    this.#pipe.say({ cmd, ...fields });
    for (;;) {
      const line = this.#pipe.hear();
      if (line.done) {
        this.#last = line.done;
        if (line.done.error) throw new SessionError(line.done.error, line.done.error);
        return line.done;
      }
      this.#ask(line);
    }
  }

  #ask({ call, link, lane, bytes, ...fields }) {
    const owner = this.#owner;
    const data = bytes === undefined ? null : fromHex(bytes);
    switch (call) {
      case 'room': return this.#pipe.say({ ret: owner.room(link, lane) });
      case 'fingerprintsOf': {
        const { own, peer } = owner.fingerprintsOf(link);
        return this.#pipe.say({ ret: { own: toHex(own), peer: toHex(peer) } });
      }
      case 'ownBindTag': return this.#pipe.say({ ret: toHex(owner.ownBindTag(link)) });
      case 'checkBindTag': return this.#pipe.say({ ret: owner.checkBindTag(link, data) });
      case 'sendFrame': return owner.sendFrame(link, lane, data);
      case 'do': return owner.do(fields.action);
      case 'onMessage': return owner.onMessage(fields.seq, fields.type, data);
      case 'onStateValue': return owner.onStateValue({ key: fields.key, kind: fields.kind, value: data });
      case 'onStateCleared': return owner.onStateCleared(fields.key);
      case 'onStream': return owner.onStream(fields.type, data);
      case 'onAcked': return owner.onAcked(fields.upTo);
      case 'onControl': return owner.onControl({ type: fields.type });
      case 'onClosed': {
        const [first, last] = fields.unacknowledged;
        return owner.onClosed({ reason: fields.reason, unacknowledged: { first, last }, lastDelivered: fields.lastDelivered });
      }
      default: throw new Error(`pairwire-delivery-peer asks for ${call}`);
    }
  }

  get state() { return this.#last.state; }
  get link() { return this.#last.link; }
  get deadline() { return this.#last.deadline === null ? null : this.#last.deadline / 1000; }
  get outboxBytes() { return this.#last.outbox[0]; }
  get outboxMessages() { return this.#last.outbox[1]; }
  get stateBytes() { return this.#last.stateBytes; }
  get unacked() { return { first: this.#last.unacked[0], last: this.#last.unacked[1] }; }

  give(now, input) { this.#call('give', { now: micro(now), input }); }
  send(now, type, message) { return this.#call('send', { now: micro(now), type, bytes: toHex(message) }).seq; }
  setState(now, key, kind, value) { this.#call('setState', { now: micro(now), key, kind, bytes: toHex(value) }); }
  sendStream(now, type, frame) { this.#call('sendStream', { now: micro(now), type, bytes: toHex(frame) }); }
  acknowledge(now, seq) { this.#call('acknowledge', { now: micro(now), seq }); }
  close(now) { this.#call('close', { now: micro(now) }); }
  onFrame(now, link, lane, frame) { this.#call('onFrame', { now: micro(now), link, lane, bytes: toHex(frame) }); }
  onRoom(now) { this.#call('onRoom', { now: micro(now) }); }
  onTimer(now) { this.#call('onTimer', { now: micro(now) }); }
  dispose() { this.#pipe.close(); }
}
