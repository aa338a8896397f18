// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How long a session waits for what, in milliseconds: peer/delivery/session_times.h in JavaScript, which
// says what each of them is for. Tests set their own.

export const MAX_WINDOW_MS = 600_000;

export const SESSION_TIMES = Object.freeze({
  window: 120_000,
  helloDeadline: 10_000,
  ping: 5_000,
  dead: 15_000,
  healthy: 30_000,
  close: 5_000,
  restartGivesUp: 10_000,
  news: 2_000,
  showCodeAfter: 10_000,
  relayGrace: 2_000,
  retryFirst: 250,
  retryMax: 2_000,
  retryMaxLate: 8_000,
  late: 120_000,
  retryAfterMax: 60_000,
  restartEvery: 1_500,
  restartEveryLate: 4_000,
  restartLate: 30_000,
  fallbackAfter: 3_000,
  wayBackFirst: 4_000,
  wayBackMax: 30_000,
  // Browsers run the timers of a hidden page late, down to one a minute: that is no silence of the other end.
  lateness: 5_000,
});
