// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The process around a peer: JSON lines on stdin and stdout. What a library prints to the console goes to stderr.

import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const write = process.stdout.write.bind(process.stdout);
console.log = console.info = console.debug = console.error;

export function emit(event) {
  write(`${JSON.stringify(event)}\n`);
}

/** The installed version of an npm package. */
export function versionOf(name) {
  const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../node_modules');
  return JSON.parse(readFileSync(path.join(modules, name, 'package.json'), 'utf8')).version;
}

/** Hands every command to `handle`; `quit` and the end of stdin end the process after `close`. */
export function serve(handle, close = () => {}) {
  const lines = createInterface({ input: process.stdin });
  const quit = async () => {
    await close();
    process.exit(0);  // native modules keep threads
  };
  lines.on('line', (line) => {
    const command = JSON.parse(line);
    if (command.cmd === 'quit') quit();
    else handle(command);
  });
  lines.on('close', quit);
}
