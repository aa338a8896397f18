// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The one error that the session's modules throw at their caller. Nothing that the other end sends
// makes them throw: what is wrong with that is a verdict.

/** `code` as ToString(Errc) of include/pairwire/error.h: 'buffer_full', 'message_too_large', 'closed'… */
export class SessionError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'SessionError';
    this.code = code;
  }
}
