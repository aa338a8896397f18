// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a display answers to a frame with a moment: sync:mark with the mark "shown N", and when it showed it by the
// controller's clock. samples/common/shown_mark.h in JavaScript.

/** @param {number} frame @param {number} at microseconds @returns {{type: 'sync:mark', data: {mark: string, at: number}}} */
export const shownMark = (frame, at) => ({ type: 'sync:mark', data: { mark: `shown ${frame}`, at } });
