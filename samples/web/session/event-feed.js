// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a waiting display hears of the relay: its event stream, read by fetch, as EventSource can not send a
// token; or long-polling, where a proxy on the way holds streams back. Each event once, whatever breaks between.

const MAX_EVENT_CHARACTERS = 64 * 1024;
const RETRY_MS = 2_000;
// A stream begins with a comment at once and brings one every 20 s.
const FIRST_WORD_MS = 10_000;
const SILENCE_MS = 45_000;
const POLL_SECONDS = 25;

/** Takes a stream of server-sent events apart; text in any pieces, events out. */
export class EventStreamParser {
  #rest = '';
  #event = { type: '', data: [], id: undefined };

  /** @param {string} text @returns {{type: string, data: string, id?: string}[]} throws when an event has no end */
  push(text) {
    const out = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    if (this.#rest.length > MAX_EVENT_CHARACTERS) throw new Error('A line without an end.');
    for (const line of lines) {
      if (line === '') {
        const { type, data, id } = this.#event;
        if (data.length > 0) out.push({ type, data: data.join('\n'), id });
        this.#event = { type: '', data: [], id: undefined };
        continue;
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (field === 'event') this.#event.type = value;
      if (field === 'id') this.#event.id = value;
      if (field === 'data') this.#event.data.push(value);
      if (this.#event.data.reduce((size, part) => size + part.length, 0) > MAX_EVENT_CHARACTERS) {
        throw new Error('An event without an end.');
      }
    }
    return out;
  }
}

export class EventFeed {
  #api;
  #registration;
  #onEvent;
  #onGone;
  #stop = new AbortController();
  #lastId = '';
  #polls = false;

  /**
   * @param {import('./relay.js').RelayApi} api
   * @param {{eventsUrl: string, pollUrl: string, displayToken: string}} registration
   * @param {{onEvent: (type: string, data: object) => void, onGone: () => void}} events onGone: the relay knows
   *   the session no more
   */
  constructor(api, registration, { onEvent, onGone }) {
    this.#api = api;
    this.#registration = registration;
    this.#onEvent = onEvent;
    this.#onGone = onGone;
    this.#run();
  }

  close() {
    this.#stop.abort();
  }

  async #run() {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#polls) await this.#poll();
        else await this.#stream();
      } catch {
        // Whatever it was: another try, as long as the session is known.
      }
      if (!this.#polls && !this.#stop.signal.aborted) await this.#pause();
    }
  }

  #pause() {
    const time = RETRY_MS * (0.5 + Math.random());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      this.#stop.signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }

  #get(url, headers, signal) {
    const authorization = `Bearer ${this.#registration.displayToken}`;
    return fetch(url, { headers: { authorization, ...headers }, signal, cache: 'no-store' });
  }

  // True: the answer can be read. A session that is gone is told.
  #isGood(response) {
    if (response.ok) return true;
    if ([401, 404, 410].includes(response.status)) {
      this.close();
      this.#onGone();
    }
    return false;
  }

  async #stream() {
    const give = new AbortController();
    const end = () => give.abort();
    this.#stop.signal.addEventListener('abort', end);
    let heard = false;
    let watch = setTimeout(end, FIRST_WORD_MS);
    try {
      const headers = { accept: 'text/event-stream', ...(this.#lastId && { 'last-event-id': this.#lastId }) };
      const response = await this.#get(this.#api.url(this.#registration.eventsUrl), headers, give.signal);
      if (!this.#isGood(response)) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventStreamParser();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        heard = true;
        clearTimeout(watch);
        watch = setTimeout(end, SILENCE_MS);
        for (const { type, data, id } of parser.push(value)) this.#tell(type, JSON.parse(data), id);
      }
    } finally {
      clearTimeout(watch);
      this.#stop.signal.removeEventListener('abort', end);
      // The relay took the request, and not even its first word came through: something holds streams back.
      if (!heard && give.signal.aborted && !this.#stop.signal.aborted) this.#polls = true;
    }
  }

  async #poll() {
    const url = this.#api.url(this.#registration.pollUrl);
    url.searchParams.set('timeout', POLL_SECONDS);
    if (this.#lastId) url.searchParams.set('after', this.#lastId);
    let response;
    try {
      response = await this.#get(url, {}, this.#stop.signal);
    } catch (error) {
      await this.#pause();
      throw error;
    }
    if (!this.#isGood(response)) {
      await this.#pause();
    } else if (response.status === 200) {
      const { events } = await response.json();
      for (const { id, type, data } of events) this.#tell(type, data, String(id));
    }
  }

  #tell(type, data, id) {
    if (id !== undefined) this.#lastId = id;
    if (!this.#stop.signal.aborted) this.#onEvent(type, data ?? {});
  }
}
