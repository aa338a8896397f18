// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How a TypeScript application uses typed events; compiled by types.test.mjs, never run.
import { DisplayState, EVENTS, eventToJson, parseEvent, readEvent, type EventClass, type PairwireEvent } from '../../../samples/web/events.js';

export function frameOf(text: string): number | undefined {
  const event: PairwireEvent = parseEvent(text);
  switch (event.type) {
    case 'animation:frame':
      // @ts-expect-error: a number is no text
      event.data.frame satisfies string;
      return event.data.frame;
    case 'display:status':
      // @ts-expect-error: metrics may be missing
      return event.data.metrics.fps;
    default:
      return undefined;
  }
}

const { text } = readEvent('chat:message', JSON.parse('{}'));
text satisfies string;
const states: readonly DisplayState[] = DisplayState;
// @ts-expect-error: nobody changes the list
states.push('online');
const how: EventClass | undefined = EVENTS['sync:mark'].class;

export const said = [
  eventToJson({ type: 'sync:mark', data: { mark: 'a', at: 5 } }),
  // @ts-expect-error: no such event
  eventToJson({ type: 'sync:marks', data: { mark: 'a', at: 5 } }),
  // @ts-expect-error: a field is missing
  eventToJson({ type: 'display:health', data: { metrics: {}, framesShown: 1 } }),
  // @ts-expect-error: no such state
  eventToJson({ type: 'display:status', data: { status: 'asleep' } }),
  how,
];
