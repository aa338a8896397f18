// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The other stacks: how each is started. Those with an install.sh are built by it into build/interop; its last line is the command.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../peers');
const root = path.resolve(here, '../../..');
const INSTALL_MS = 45 * 60_000;  // Rust crates from nothing

const script = (file, ...args) => ['node', path.join(here, file), ...args].join(' ');

export const ours = {
  name: 'pairwire',
  command: path.join(process.env.PAIRWIRE_BIN ?? path.join(root, 'build/release/bin'), 'pairwire-interop-peer'),
};

// silentClose: it closes without a word, so that the other end has to find out by itself; that takes seconds, each time.
// media: it can offer audio.
// interleaves: it knows RFC 8260 (I-DATA), and says in its statistics whether it is in use.
// maxSend: what the stack itself refuses to send above, whatever the other end takes.
const PEERS = {
  'chromium': { command: script('browser/peer.mjs', 'chromium'), media: true, maxSend: 256 * 1024 },
  'firefox': { command: script('browser/peer.mjs', 'firefox'), media: true },
  'wrtc': { command: script('wrtc/peer.mjs'), media: true, maxSend: 256 * 1024 },
  'node-datachannel': { command: script('node-datachannel/peer.mjs') },
  'werift': { command: script('werift/peer.mjs'), silentClose: true },
  'aiortc': { folder: 'aiortc' },
  'pion': { folder: 'pion', interleaves: true },
  'str0m': { folder: 'str0m' },
  'webrtc-rs': { folder: 'webrtc-rs', maxSend: 256 * 1024 },
};

export const peerNames = Object.keys(PEERS);

/** What is known of it before it is there. */
export const traits = (name) => PEERS[name];

/** {name, command, maxSend}, or {name, missing: why}. */
export function prepare(name) {
  const peer = PEERS[name];
  if (peer.command) return { name, ...peer };
  const install = path.join(here, peer.folder, 'install.sh');
  if (!existsSync(install)) return { name, missing: 'it has no install.sh here' };
  const run = spawnSync(install, { encoding: 'utf8', timeout: INSTALL_MS, maxBuffer: 64 * 1024 * 1024 });
  const last = (text) => (text ?? '').trim().split('\n').pop();
  if (run.status !== 0) return { name, missing: last(run.stderr) || last(run.stdout) || `install.sh ended with ${run.status ?? run.error?.message}` };
  return { name, ...peer, command: last(run.stdout) };
}
