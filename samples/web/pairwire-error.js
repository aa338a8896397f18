// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The one error of the page's modules.

/** What went wrong: `code` is stable (docs/relay.md and docs/programs.md), `message` is for people. */
export class PairwireError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = 'PairwireError';
    this.code = code;
  }
}

export const cancelled = () => new PairwireError('cancelled', 'Cancelled.');

/** An error of the pairing's modules in words for a person; other errors become `fallback`, unless they are ours. */
export function explained(error, fallback) {
  if (error instanceof PairwireError) return error;
  if (error?.code === 'auth_failed') return new PairwireError('auth_failed', AUTH_FAILED, { cause: error });
  if (typeof error?.code === 'string') return new PairwireError(error.code, error.message, { cause: error });
  return new PairwireError(fallback, `The other end's description can not be used: ${error.message}`, { cause: error });
}

const AUTH_FAILED =
  'The code was not confirmed. Look at the display and type the code that it shows now, letters too. ' +
  'If that fails with the right letters, somebody may be interfering with the connection.';

export const notConfirmed = () => new PairwireError('auth_failed', AUTH_FAILED);
