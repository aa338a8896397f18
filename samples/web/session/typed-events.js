// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Typed events (../events.js) over a SessionEnd: each goes as its class says, and what comes in is
// checked before anybody sees it. A state's key is the event's name, so the newest of a kind arrives.

import { utf8 } from '../auth-bytes.js';
import { EVENTS, eventToJson, parseEvent } from '../events.js';
import { FrameType, ValueKind, textOf } from './frames.js';

/**
 * The command's number, 0 for states and streams. Throws what the end throws, and an EventError for what
 * the other end would refuse.
 * @param {import('./session-end.js').SessionEnd} end @param {{type: string, data: object}} event
 */
export function sendEvent(end, now, event) {
  const message = utf8(eventToJson(event));
  switch (EVENTS[event.type].class) {
    case 'command': return end.send(now, FrameType.DATA_EVENT, message);
    case 'state':
      end.setState(now, event.type, ValueKind.EVENT, message);
      return 0;
    case 'stream':
      end.sendStream(now, FrameType.STREAM_EVENT, message);
      return 0;
    default: throw new TypeError(`${event.type} is none of a session's events`);
  }
}

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
