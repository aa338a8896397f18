// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Typed events (../events.js) over a SessionEnd: each goes as its class says, and what comes in is
// checked before anybody sees it. A state's key is the event's name, so the newest of a kind arrives.

import { utf8 } from '../auth-bytes.js';
import { EVENTS, eventToJson, parseEvent } from '../events.js';
import { FrameType, ValueKind, textOf } from './frames.js';

/**
 * An event as it goes, for one session or several.
 * @typedef {object} EncodedEvent
 * @property {'command' | 'state' | 'stream'} class @property {string} type @property {Uint8Array} message
 * @property {boolean} presents a frame that has a moment
 */

/**
 * Throws an EventError for what the other end would refuse.
 * @param {{type: string, data: object}} event @returns {EncodedEvent}
 */
export function encodeEvent(event) {
  const message = utf8(eventToJson(event));
  const { type, data } = event;
  const carriedAs = EVENTS[type].class;
  if (carriedAs === undefined) throw new TypeError(`${type} is none of a session's events`);
  return { class: carriedAs, type, message, presents: hasMoment({ type, data }) };
}

/** Whether this is a frame that is shown at a moment. */
export const hasMoment = ({ type, data }) => type === 'animation:frame' && data.presentAt !== undefined;

/**
 * The command's number, 0 for states and streams. Throws what the end throws.
 * @param {import('./session-end.js').SessionEnd} end @param {EncodedEvent} event
 */
export function sendEncoded(end, now, event) {
  if (event.class === 'command') return end.send(now, FrameType.DATA_EVENT, event.message);
  if (event.class === 'state') end.setState(now, event.type, ValueKind.EVENT, event.message);
  else end.sendStream(now, FrameType.STREAM_EVENT, event.message);
  return 0;
}

/** Both in one. */
export const sendEvent = (end, now, event) => sendEncoded(end, now, encodeEvent(event));

/**
 * The event of a frame of type DATA_EVENT or STREAM_EVENT, or of a state of kind EVENT (`key` is its key);
 * null: malformed, of another class than it came in, or the relay's.
 * @param {'command' | 'state' | 'stream'} carriedAs @param {Uint8Array} message
 */
export function readTyped(carriedAs, message, key = null) {
  try {
    const event = parseEvent(textOf(message));
    if (EVENTS[event.type].class !== carriedAs || (key !== null && key !== event.type)) return null;
    return event;
  } catch {
    return null;
  }
}
