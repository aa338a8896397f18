// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The typed events as tables: name, class, fields with their bounds. What is done with them is in
// event-fields.js; the types are in events.d.ts.
//
// Made by signaling/protocol/generate_events.py of events.json: change those, not this.
import { eventToJson as write, parseEvent as parse, readEvent as read } from './event-fields.js';

export const DisplayState = Object.freeze(['online', 'degraded', 'offline']);

export const LifecycleStep = Object.freeze(['starting', 'waiting', 'paired', 'stopping']);

export const PointerKind = Object.freeze(['down', 'move', 'up', 'cancel']);

export const KeyKind = Object.freeze(['down', 'up']);

export const Role = Object.freeze(['display', 'controller']);

const Metrics = [
  { name: 'fps', rule: 'number', optional: true, low: 0, high: 1000, what: 'a number of 0 to 1000' },
  { name: 'cpuPercent', rule: 'number', optional: true, low: 0, high: 102400, what: 'a number of 0 to 102400' },
  { name: 'memoryMb', rule: 'number', optional: true, low: 0, high: 1073741824, what: 'a number of 0 to 1073741824' },
  { name: 'latencyMs', rule: 'number', optional: true, low: 0, high: 3600000, what: 'a number of 0 to 3600000' },
];

const Participant = [
  { name: 'memberId', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
  { name: 'name', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
];

export const EVENTS = Object.freeze({
  'display:status': { by: 'display', class: 'state', fields: [
    { name: 'status', rule: 'enum', values: DisplayState, what: 'one of online, degraded, offline' },
    { name: 'metrics', rule: 'object', optional: true, fields: Metrics, what: 'an object' },
    { name: 'designId', rule: 'text', optional: true, low: 1, high: 64, what: 'text of 1 to 64 bytes' },
  ] },
  'display:health': { by: 'display', class: 'state', fields: [
    { name: 'metrics', rule: 'object', fields: Metrics, what: 'an object' },
    { name: 'framesShown', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'framesLate', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'framesDropped', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'worstLateUs', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
  ] },
  'display:lifecycle': { by: 'display', class: 'command', fields: [
    { name: 'step', rule: 'enum', values: LifecycleStep, what: 'one of starting, waiting, paired, stopping' },
    { name: 'reason', rule: 'text', optional: true, low: 0, high: 256, what: 'text of 0 to 256 bytes' },
  ] },
  'display:metrics': { by: 'display', class: 'stream', fields: [
    { name: 'at', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'metrics', rule: 'object', fields: Metrics, what: 'an object' },
    { name: 'uptime', rule: 'whole', optional: true, low: 0, high: 86400000, what: 'a whole number of 0 to 86400000' },
  ] },
  'animation:frame': { by: 'controller', class: 'stream', fields: [
    { name: 'frame', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'presentAt', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'animation', rule: 'text', optional: true, low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'progress', rule: 'number', optional: true, low: 0, high: 1, what: 'a number of 0 to 1' },
    { name: 'values', rule: 'numbers', optional: true, count: 256, low: -1000000000000, high: 1000000000000, what: 'a list of at most 256 numbers of -1000000000000 to 1000000000000' },
  ] },
  'animation:play': { by: 'controller', class: 'command', fields: [
    { name: 'animation', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'presentAt', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
    { name: 'from', rule: 'whole', optional: true, low: 0, high: 86400000, what: 'a whole number of 0 to 86400000' },
    { name: 'speed', rule: 'number', optional: true, low: -100, high: 100, what: 'a number of -100 to 100' },
    { name: 'loop', rule: 'bool', optional: true, what: 'true or false' },
  ] },
  'animation:stop': { by: 'controller', class: 'command', fields: [
    { name: 'animation', rule: 'text', optional: true, low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'presentAt', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
  ] },
  'content:show': { by: 'controller', class: 'command', fields: [
    { name: 'content', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'mediaType', rule: 'text', low: 1, high: 128, what: 'text of 1 to 128 bytes' },
    { name: 'url', rule: 'text', optional: true, low: 0, high: 2048, what: 'text of 0 to 2048 bytes' },
    { name: 'text', rule: 'text', optional: true, low: 0, high: 16384, what: 'text of 0 to 16384 bytes' },
    { name: 'presentAt', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
  ] },
  'content:clear': { by: 'controller', class: 'command', fields: [
    { name: 'content', rule: 'text', optional: true, low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'presentAt', rule: 'whole', optional: true, low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
  ] },
  'input:pointer': { by: 'controller', class: 'stream', fields: [
    { name: 'pointer', rule: 'whole', low: 0, high: 31, what: 'a whole number of 0 to 31' },
    { name: 'kind', rule: 'enum', values: PointerKind, what: 'one of down, move, up, cancel' },
    { name: 'x', rule: 'number', low: 0, high: 1, what: 'a number of 0 to 1' },
    { name: 'y', rule: 'number', low: 0, high: 1, what: 'a number of 0 to 1' },
    { name: 'pressure', rule: 'number', optional: true, low: 0, high: 1, what: 'a number of 0 to 1' },
    { name: 'buttons', rule: 'whole', optional: true, low: 0, high: 31, what: 'a whole number of 0 to 31' },
  ] },
  'input:key': { by: 'controller', class: 'command', fields: [
    { name: 'kind', rule: 'enum', values: KeyKind, what: 'one of down, up' },
    { name: 'key', rule: 'text', low: 1, high: 32, what: 'text of 1 to 32 bytes' },
    { name: 'repeat', rule: 'bool', optional: true, what: 'true or false' },
    { name: 'shift', rule: 'bool', optional: true, what: 'true or false' },
    { name: 'control', rule: 'bool', optional: true, what: 'true or false' },
    { name: 'alt', rule: 'bool', optional: true, what: 'true or false' },
  ] },
  'input:value': { by: 'controller', class: 'state', fields: [
    { name: 'input', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'value', rule: 'number', low: -1000000000000, high: 1000000000000, what: 'a number of -1000000000000 to 1000000000000' },
  ] },
  'chat:message': { by: 'either', class: 'command', fields: [
    { name: 'text', rule: 'text', low: 1, high: 4096, what: 'text of 1 to 4096 bytes' },
    { name: 'author', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
  ] },
  'device:info': { by: 'either', class: 'state', fields: [
    { name: 'name', rule: 'text', low: 0, high: 64, what: 'text of 0 to 64 bytes' },
    { name: 'software', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
    { name: 'width', rule: 'whole', optional: true, low: 0, high: 65535, what: 'a whole number of 0 to 65535' },
    { name: 'height', rule: 'whole', optional: true, low: 0, high: 65535, what: 'a whole number of 0 to 65535' },
    { name: 'pixelRatio', rule: 'number', optional: true, low: 0.1, high: 16, what: 'a number of 0.1 to 16' },
    { name: 'utcOffsetMinutes', rule: 'whole', optional: true, low: -1080, high: 1080, what: 'a whole number of -1080 to 1080' },
  ] },
  'sync:mark': { by: 'controller', class: 'command', fields: [
    { name: 'mark', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'at', rule: 'whole', low: 0, high: 9007199254740991, what: 'a whole number of 0 to 9007199254740991' },
  ] },
  'pairing:ready': { by: 'relay', fields: [
    { name: 'controllerId', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'name', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
    { name: 'hello', rule: 'object', optional: true, what: 'an object' },
    { name: 'meet', rule: 'whole', optional: true, low: 0, high: 15, what: 'a whole number of 0 to 15' },
  ] },
  'session:terminated': { by: 'relay', fields: [
    { name: 'reason', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
  ] },
  'user_joined': { by: 'relay', fields: [
    { name: 'memberId', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'role', rule: 'enum', values: Role, what: 'one of display, controller' },
    { name: 'name', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
  ] },
  'user_left': { by: 'relay', fields: [
    { name: 'memberId', rule: 'text', low: 1, high: 64, what: 'text of 1 to 64 bytes' },
    { name: 'role', rule: 'enum', values: Role, what: 'one of display, controller' },
    { name: 'name', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
  ] },
  'server:draining': { by: 'relay', fields: [
    { name: 'retryAfterMs', rule: 'whole', low: 0, high: 86400000, what: 'a whole number of 0 to 86400000' },
    { name: 'url', rule: 'text', optional: true, low: 0, high: 2048, what: 'text of 0 to 2048 bytes' },
  ] },
  'participants_update': { by: 'relay', fields: [
    { name: 'participants', rule: 'objects', fields: Participant, count: 256, what: 'a list of at most 256 objects' },
  ] },
  'message:received': { by: 'relay', fields: [
    { name: 'box', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
  ] },
  'webrtc:offer': { by: 'relay', fields: [
    { name: 'sdp', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
    { name: 'pake', rule: 'text', optional: true, low: 0, high: 4096, what: 'text of 0 to 4096 bytes' },
    { name: 'box', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
    { name: 'failed', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
  ] },
  'webrtc:answer': { by: 'relay', fields: [
    { name: 'sdp', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
    { name: 'pake', rule: 'text', optional: true, low: 0, high: 4096, what: 'text of 0 to 4096 bytes' },
    { name: 'box', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
    { name: 'failed', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
  ] },
  'webrtc:ice-candidate': { by: 'relay', fields: [
    { name: 'candidate', rule: 'text', optional: true, low: 0, high: 4096, what: 'text of 0 to 4096 bytes' },
    { name: 'sdpMid', rule: 'text', optional: true, low: 0, high: 64, what: 'text of 0 to 64 bytes' },
    { name: 'sdpMLineIndex', rule: 'whole', optional: true, low: 0, high: 65535, what: 'a whole number of 0 to 65535' },
    { name: 'usernameFragment', rule: 'text', optional: true, low: 0, high: 256, what: 'text of 0 to 256 bytes' },
    { name: 'box', rule: 'text', optional: true, low: 0, high: 64512, what: 'text of 0 to 64512 bytes' },
  ] },
});

export const parseEvent = (text) => parse(EVENTS, text);
export const readEvent = (type, data) => read(EVENTS, type, data);
export const eventToJson = (event) => write(EVENTS, event);
