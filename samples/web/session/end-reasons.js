// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Why a session ended, for programs and for people: the code and the words of its `close` event.

const REASONS = {
  asked: ['closed', 'Closed.'],
  'peer-left': ['peer_left', 'The other end left.'],
  'session-lost': ['session_lost', 'The connection was lost, and did not come back in time.'],
  'peer-restarted': ['peer_restarted', 'The other end was restarted.'],
  replaced: ['replaced', 'Somebody else connected to the display.'],
  revoked: ['revoked', 'This pairing was revoked.'],
  'auth-failed': ['auth_failed', 'The connection was not confirmed.'],
  corrupt: ['protocol', 'The two ends do not agree on what was delivered.'],
  protocol: ['protocol', 'The other end said something that is not understood.'],
  'link-failed': ['connection_lost', 'The connection was lost.'],
};

/** @param {string} reason an EndReason of session-machine.js @returns {[string, string]} the code, and a sentence */
export const describeEnd = (reason) => REASONS[reason] ?? REASONS['link-failed'];
