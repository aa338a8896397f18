// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The note that a controller page keeps on the screens of its display pages: a state of their sessions.

/** The state's key. */
export const NOTE_KEY = 'note';
/** Characters; what is more is not shown. */
export const MAX_NOTE = 500;
