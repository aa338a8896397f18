// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The peers: how each is installed and started. Installers, versions and lock files are the interop suite's.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const peers = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const interop = path.resolve(peers, '../../tests/interop');
const bin = process.env.PAIRWIRE_BIN ?? path.resolve(peers, '../../build/release/bin');
const INSTALL_MS = 45 * 60_000;  // Rust crates from nothing

// maxMessage: the largest message that arrives.
const PEERS = {
  'node-datachannel': { npm: 'node-datachannel' },
  'wrtc': { npm: '@roamhq/wrtc' },
  'werift': { npm: 'werift' },
  'aiortc': {},
  'pion': { maxMessage: 65535 },
  'str0m': {},
  'webrtc-rs': {},
};

export const peerNames = Object.keys(PEERS);
/** Ours as one of them, where pairwire-bench can not measure it. */
export const OURS_AS_PEER = 'pairwire';

let npmFailure = null;  // undefined: not tried; '': it worked

function installNpm() {
  if (npmFailure !== null) return npmFailure;
  const run = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: interop, encoding: 'utf8', timeout: INSTALL_MS });
  npmFailure = run.status === 0 ? '' : lastLine(run.stderr) || 'npm ci failed';
  return npmFailure;
}

const lastLine = (text) => (text ?? '').trim().split('\n').pop();

/** {name, command, maxMessage}, or {name, missing: why}. */
export function prepare(name) {
  if (name === OURS_AS_PEER) {
    const command = path.join(bin, 'pairwire-bench-peer');
    return existsSync(command) ? { name, command } : { name, missing: `${command} is not built: cmake --build --preset release --target pairwire-bench-peer` };
  }
  const peer = PEERS[name];
  if (peer.npm) {
    const present = existsSync(path.join(interop, 'node_modules', peer.npm));
    const failure = present ? '' : installNpm();
    return failure ? { name, missing: failure } : { name, ...peer, command: `node --expose-gc ${path.join(peers, name, 'peer.mjs')}` };
  }
  const run = spawnSync(path.join(interop, 'peers', name, 'install.sh'), ['bench'], { encoding: 'utf8', timeout: INSTALL_MS, maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0) return { name, missing: lastLine(run.stderr) || lastLine(run.stdout) || `install.sh ended with ${run.status ?? run.error?.message}` };
  return { name, ...peer, command: lastLine(run.stdout) };
}
