// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-bench, run once for one result.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const program = path.join(process.env.PAIRWIRE_BIN ?? path.join(root, 'build/release/bin'), 'pairwire-bench');
const LIMIT_MS = 300_000;

export const OURS = 'pairwire';

/** {name, command}, or {name, missing: why}. */
export function prepareOurs() {
  if (existsSync(program)) return { name: OURS, command: program };
  return { name: OURS, missing: `${program} is not built: cmake --preset release && cmake --build --preset release --target pairwire-bench` };
}

/** `more`: arguments that the user adds for ours alone, as --spin 50. */
export function measureOurs({ command }, scenario, args, more = []) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [scenario, '--json', ...args.map(String), ...more], { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        if (code !== 0) throw new Error(`ended with ${signal ?? code}: ${err.trim().split('\n').pop()}`);
        resolve(JSON.parse(out));
      } catch (error) {
        reject(error);
      }
    });
  });
}
