// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The types of typed events (samples/web/events.d.ts) as TypeScript reads them: what events-use.ts does with
// them is right where it should be, and wrong where it says so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { root } from './testing.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, root));

test('the types of events', () => {
  const uses = pathOf('tests/samples/web/events-use.ts');
  const compiled = spawnSync(process.execPath, [
    pathOf('samples/web-packages/node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', '--module', 'es2022',
    '--moduleResolution', 'bundler', uses, pathOf('samples/web/events.d.ts'),
  ], { encoding: 'utf8', timeout: 120_000 });
  assert.equal(compiled.status, 0, `${compiled.error ?? ''}${compiled.stdout}${compiled.stderr}`);
  // TypeScript itself complains about each of these that is no error.
  assert.ok(readFileSync(uses, 'utf8').match(/@ts-expect-error/g).length >= 6);
});
