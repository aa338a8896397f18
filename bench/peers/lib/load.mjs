// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What others take of this machine while something is measured: the CPU of all processes, less that of this one and of the
// children it waited for. A shared machine shows in no other way.

import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

function busyTicks() {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return user + nice + system + irq + softirq;
}

function ownTicks() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').pop().split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);  // own and children's, user and system
}

/** Call it to begin, and what it returns at the end: cores that others kept busy. */
export function watchOthers() {
  const [busy, own, start] = [busyTicks(), ownTicks(), performance.now()];
  return () => {
    const seconds = (performance.now() - start) / 1000;
    const cores = (busyTicks() - busy - (ownTicks() - own)) / TICKS_PER_SECOND / seconds;
    return Number(Math.max(0, cores).toFixed(2));
  };
}
