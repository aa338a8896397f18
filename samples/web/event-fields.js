// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Reads and writes typed events by the tables of events.js, as signaling/protocol/event_fields.cc
// does: the same values are taken, and what is wrong with others is said in the same words.

export const MAX_EVENT_BYTES = 64 * 1024;
// As kMaxJsonDepth and kMaxJsonMembers of signaling/protocol/limits.h.
const MAX_DEPTH = 8;
const MAX_MEMBERS = 256;

export class EventError extends Error {
  constructor(message) {
    super(message);
    this.name = 'EventError';
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isAbsent = (value) => value === undefined || value === null;
// Own members only: a name like "constructor" is none of ours.
const member = (object, name) => (Object.hasOwn(object, name) ? object[name] : undefined);
const bytesOf = (text) => new TextEncoder().encode(text).length;
// A half of a surrogate pair is no character, and cannot be sent as UTF-8.
const isWellFormed = (text) => !/\p{Surrogate}/u.test(text);
const isNumber = (value, { low, high }) => typeof value === 'number' && value >= low && value <= high;

const isWithinLimits = (value, depth) => {
  if (typeof value !== 'object' || value === null) return true;
  const members = Object.values(value);
  return depth < MAX_DEPTH && members.length <= MAX_MEMBERS && members.every((inner) => isWithinLimits(inner, depth + 1));
};

const CHECKS = {
  bool: (value) => typeof value === 'boolean',
  whole: (value, field) => Number.isSafeInteger(value) && isNumber(value, field),
  number: isNumber,
  text: (value, { low, high }) => {
    if (typeof value !== 'string' || !isWellFormed(value)) return false;
    const bytes = bytesOf(value);
    return bytes >= low && bytes <= high;
  },
  enum: (value, { values }) => values.includes(value),
  numbers: (value, field) => Array.isArray(value) && value.length <= field.count && value.every((item) => isNumber(item, field)),
  objects: (value, { count }) => Array.isArray(value) && value.length <= count && value.every(isObject),
  object: isObject,
};

const readFields = (fields, object, path) => {
  const out = {};
  for (const field of fields) {
    const value = member(object, field.name);
    if (isAbsent(value)) {
      if (field.optional) continue;
      throw new EventError(`${path}${field.name}: ${field.what} is missing`);
    }
    if (!CHECKS[field.rule](value, field)) throw new EventError(`${path}${field.name}: this is not ${field.what}`);
    if (field.rule === 'object' && field.fields) {
      out[field.name] = readFields(field.fields, value, `${path}${field.name}.`);
    } else if (field.rule === 'objects') {
      out[field.name] = value.map((item, index) => readFields(field.fields, item, `${path}${field.name}[${index}].`));
    } else {
      out[field.name] = value;
    }
  }
  return out;
};

// The data of one event with what is not of it left out; throws an EventError.
export const readEvent = (events, type, data) => {
  if (typeof type !== 'string') throw new EventError('the event has no type');
  if (!isObject(data)) throw new EventError('the event has no data');
  if (!Object.hasOwn(events, type)) throw new EventError("the event's name is unknown");
  return readFields(events[type].fields, data, `${type}.`);
};

// {type, data} of its JSON; throws an EventError.
export const parseEvent = (events, text) => {
  const refuse = () => new EventError('the event is no JSON object within the limits');
  if (typeof text !== 'string' || bytesOf(text) > MAX_EVENT_BYTES) throw refuse();
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    throw refuse();
  }
  if (!isObject(event) || !isWithinLimits(event, 0)) throw refuse();
  const type = member(event, 'type');
  return { type, data: readEvent(events, type, member(event, 'data')) };
};

// Its JSON; throws an EventError for what the other end would refuse.
export const eventToJson = (events, event) => {
  const data = readEvent(events, event.type, event.data);
  const text = JSON.stringify({ type: event.type, data });
  if (bytesOf(text) > MAX_EVENT_BYTES) throw new EventError(`${event.type}: more than 64 KiB of JSON`);
  return text;
};
