// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Link: our peer and another one, and the signalling between them, which is nothing but handing descriptions and candidates over.
// One connection at a time; it is made anew after a case broke it.

import { networkInterfaces } from 'node:os';
import { Tool } from './tool.mjs';

export const CONNECT_MS = 15_000;
const START_MS = 30_000;
const CLOSE_MS = 5000;

// A machine without a network still has loopback, which our peer uses only when told to.
const hasNetwork = Object.values(networkInterfaces()).flat().some(({ internal }) => !internal);

export class Link {
  /** `we` and `they`: {name, command}; `weOffer`, `trickle`: the column. */
  constructor(we, they, { weOffer, trickle }) {
    Object.assign(this, { we, they, weOffer, trickle, us: null, them: null, connected: false, versions: null });
  }

  get offerer() {
    return this.weOffer ? this.us : this.them;
  }

  get answerer() {
    return this.weOffer ? this.them : this.us;
  }

  other(tool) {
    return tool === this.us ? this.them : this.us;
  }

  /** Starts what does not run. */
  async start() {
    for (const [key, { name, command }] of [['us', this.we], ['them', this.they]]) {
      if (this[key]?.running) continue;
      const tool = new Tool(name, command);
      this[key] = tool;
      tool.onSignal = (event) => this.#handOver(tool, event);
      tool.ready = await tool.event('ready', {}, START_MS);
    }
  }

  /** Why the other peer can not be started here; undefined when it can. Our own has to start. */
  async probe() {
    const tool = new Tool(this.they.name, this.they.command);
    try {
      await tool.event('ready', {}, START_MS);
      return undefined;
    } catch (error) {
      const reason = tool.log.find((line) => /error|cannot|can not|missing|not found/i.test(line));
      return reason ? `${error.message}: ${reason}` : error.message;
    } finally {
      await tool.stop();
    }
  }

  #handOver(from, event) {
    const to = this.other(from);
    if (event.event === 'description') {
      from.sdp = event.sdp;
      to.send({ cmd: 'remote', type: event.type, sdp: event.sdp });
    } else {
      to.send({ ...event, event: undefined, cmd: 'candidate' });
    }
  }

  /**
   * A fresh connection with the open channel "main", which the offerer made; `more` is for the other peer's configuration, `own`
   * is what only our peer reads.
   */
  async connect(more = {}, own = {}) {
    await this.start();
    await this.close();
    const config = { trickle: this.trickle, pairwire: own };
    if (!hasNetwork) config.pairwire = { ...own, bindAddresses: ['127.0.0.1'] };
    for (const tool of [this.us, this.them]) {
      tool.forget();
      tool.sdp = null;
      tool.send({ cmd: 'create', config: tool === this.them ? { ...config, ...more } : config });
    }
    this.created = true;
    this.offerer.send({ cmd: 'channel', label: 'main' });
    this.offerer.send({ cmd: 'offer' });
    const both = [this.us, this.them];
    await Promise.all([
      ...both.map((tool) => tool.event('state', { state: 'connected' }, CONNECT_MS)),
      ...both.map((tool) => tool.event('open', { label: 'main' }, CONNECT_MS)),
      this.answerer.event('channel', { label: 'main' }, CONNECT_MS),
    ]);
    this.connected = true;
  }

  /**
   * Closes what is there, and waits for it; an end that does not answer is started anew. Theirs first, so that a stream that the
   * close cuts short is known there to be over.
   */
  async close() {
    this.connected = false;
    if (!this.created) return;
    this.created = false;
    for (const tool of [this.them, this.us]) {
      if (tool.state === 'closed') continue;
      tool.close();
      await tool.event('state', { state: 'closed' }, CLOSE_MS).catch(() => tool.stop());
    }
    await this.start();
  }

  async stop() {
    await Promise.all([this.us?.stop(), this.them?.stop()]);
  }

  tail() {
    return [this.us, this.them].filter(Boolean).flatMap((tool) => tool.log.slice(-12).map((line) => `  ${tool.name}: ${line}`)).join('\n');
  }
}
