// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The works that are compared, and which figures of a result they are judged by.

// better: 'more', 'less', or 'shown' for what explains another figure and is not judged itself.
const figure = (field, unit, better, note = '') => ({ field, unit, better, note });

/** In the order of the table. `settings`: of lib/measure.mjs; `ours`: the same for pairwire-bench. */
export function works({ quick }) {
  const seconds = quick ? 2 : 5;
  const trips = quick ? 2000 : 10000;
  const runs = quick ? 10 : 50;
  const pairs = quick ? 20 : 200;
  const idleSeconds = quick ? 2 : 10;
  const rate = [figure('messagesPerSecond', '/s', 'more')];
  const twoProcesses = ['--processes', '2'];
  const stream = (key, title, group, size, unreliable, figures) => ({
    key, title, group, figures,
    scenario: size === 65536 ? 'throughput' : 'messages',
    settings: { size, seconds, unreliable },
    ours: ['--size', size, '--seconds', seconds, ...twoProcesses, ...(unreliable ? ['--unreliable'] : [])],
  });
  return [
    stream('throughput', 'reliable, 64 KiB messages', 'throughput', 65536, false,
      [figure('megabytesPerSecond', 'MB/s', 'more'), figure('cpuSecondsPerGigabyte', 's/GB', 'less', 'CPU of both ends')]),
    stream('messages-1024', 'reliable, 1 KiB messages', 'messages', 1024, false, rate),
    stream('messages-64', 'reliable, 64 B messages', 'messages', 64, false, rate),
    stream('unreliable-1024', 'unreliable, 1 KiB messages', 'messages', 1024, true,
      [...rate, figure('lossPercent', '%', 'shown', 'lost')]),
    {
      key: 'latency', title: 'round trip, 64 B', group: 'latency', scenario: 'latency',
      figures: [figure('p50Us', 'us', 'less', 'p50'), figure('p99Us', 'us', 'less', 'p99')],
      settings: { size: 64, trips }, ours: ['--trips', trips, ...twoProcesses],
    },
    {
      key: 'connect', title: 'connect, one process', group: 'connect', scenario: 'connect',
      figures: [figure('p50Ms', 'ms', 'less', 'p50'), figure('p95Ms', 'ms', 'less', 'p95')],
      settings: { runs }, ours: ['--runs', runs],
    },
    {
      key: 'memory', title: 'idle peers, one process', group: 'memory', scenario: 'memory',
      figures: [figure('kilobytesPerPeer', 'kB', 'less', 'RSS a peer'), figure('idleCpuPercent', '% of a core', 'less', `${2 * pairs} peers`)],
      settings: { pairs, seconds: idleSeconds }, ours: ['--pairs', pairs, '--seconds', idleSeconds],
    },
  ];
}

export const GROUPS = ['throughput', 'messages', 'latency', 'connect', 'memory'];
