// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a browser display hears of the relay, from a server that behaves well and badly.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';

import { seededRandom } from './testing.mjs';
import { EventFeed, EventStreamParser } from '../../../samples/web/session/event-feed.js';
import { RelayApi } from '../../../samples/web/session/relay.js';

const STREAM = 'retry: 2000\n:\n\nid: 1\nevent: a\ndata: {"n":1}\n\n:\r\n\r\nid: 2\r\nevent: b\r\ndata: {"n":\r\ndata:2}\r\n\r\nevent: none\n\ndata:{}\r\r';
const EVENTS = [{ type: 'a', data: '{"n":1}', id: '1' }, { type: 'b', data: '{"n":\n2}', id: '2' }, { type: '', data: '{}', id: undefined }];

test('a stream is read alike however it is cut', () => {
  for (let cut = 0; cut <= STREAM.length; ++cut) {
    const parser = new EventStreamParser();
    const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut)), ...parser.push('\n')];
    assert.deepEqual(events, EVENTS, `cut at ${cut}`);
  }
  const random = seededRandom(3);
  for (let run = 0; run < 200; ++run) {
    const parser = new EventStreamParser();
    const events = [];
    for (let at = 0; at < STREAM.length;) {
      const size = 1 + (random(1)[0] % 7);
      events.push(...parser.push(STREAM.slice(at, at + size)));
      at += size;
    }
    assert.deepEqual([...events, ...parser.push('\n')], EVENTS);
  }
});

test('a line or an event without an end is given up', () => {
  assert.throws(() => new EventStreamParser().push('data: '.padEnd(70_000, 'x')));
  const parser = new EventStreamParser();
  assert.throws(() => { for (let i = 0; i < 100; ++i) parser.push(`data: ${'x'.repeat(1000)}\n`); });
});

/** Serves `answers` one after the other, the last one for ever; `seen` holds what was asked. */
async function serve(answers) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    (answers.length > 1 ? answers.shift() : answers[0])(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api = new RelayApi(`http://127.0.0.1:${server.address().port}/`);
  return { api, seen, stop: () => { server.closeAllConnections(); server.close(); } };
}

const registration = { eventsUrl: '/events', pollUrl: '/poll', displayToken: 'T' };
const streamOf = (text, end) => (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
  if (end) response.end();
};

test('a stream that breaks is opened anew behind what was heard', async () => {
  const { api, seen, stop } = await serve([
    streamOf(':\n\nid: 7\nevent: pairing:ready\ndata: {"controllerId":"c"}\n\n', true),
    (response) => response.writeHead(503).end(),
    streamOf(':\n\nid: 8\nevent: session:terminated\ndata: {}\n\n', false),
  ]);
  const events = [];
  await new Promise((resolve) => {
    const feed = new EventFeed(api, registration, {
      onEvent: (type, data) => {
        events.push([type, data]);
        if (events.length < 2) return;
        feed.close();
        resolve();
      },
      onGone: () => assert.fail('the session is known'),
    });
  });
  stop();
  assert.deepEqual(events, [['pairing:ready', { controllerId: 'c' }], ['session:terminated', {}]]);
  assert.deepEqual(seen.map(({ headers }) => headers['last-event-id']), [undefined, '7', '7']);
  assert.ok(seen.every(({ headers }) => headers.authorization === 'Bearer T'));
});

test('where streams are held back the display polls', async () => {
  const { api, seen, stop } = await serve([
    () => {}, // a proxy that waits for the end
    (response) => response.writeHead(204).end(),
    (response) => response.writeHead(200, { 'content-type': 'application/json' })
      .end('{"events":[{"id":3,"type":"pairing:ready","data":{"controllerId":"c"}}]}'),
    (response) => response.writeHead(404).end(),
  ]);
  const events = [];
  await new Promise((resolve) => {
    new EventFeed(api, registration, { onEvent: (type) => events.push(type), onGone: resolve });
  });
  stop();
  assert.deepEqual(events, ['pairing:ready']);
  assert.deepEqual(seen.map(({ url }) => url), ['/events', '/poll?timeout=25', '/poll?timeout=25', '/poll?timeout=25&after=3']);
});

test('a session that the relay does not know is told once', async () => {
  const { api, stop } = await serve([(response) => response.writeHead(404).end()]);
  let times = 0;
  await new Promise((resolve) => {
    new EventFeed(api, registration, { onEvent: () => assert.fail(), onGone: () => { times += 1; resolve(); } });
  });
  stop();
  assert.equal(times, 1);
});
