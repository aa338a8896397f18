// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Made by signaling/protocol/generate_events.py of events.json: change those, not this.

export type DisplayState = 'online' | 'degraded' | 'offline';
export const DisplayState: readonly DisplayState[];

export type LifecycleStep = 'starting' | 'waiting' | 'paired' | 'stopping';
export const LifecycleStep: readonly LifecycleStep[];

export type PointerKind = 'down' | 'move' | 'up' | 'cancel';
export const PointerKind: readonly PointerKind[];

export type KeyKind = 'down' | 'up';
export const KeyKind: readonly KeyKind[];

export type Role = 'display' | 'controller';
export const Role: readonly Role[];

export interface Metrics {
  fps?: number;
  cpuPercent?: number;
  memoryMb?: number;
  latencyMs?: number;
}

export interface Participant {
  memberId: string;
  name?: string;
}

export interface DisplayStatus {
  status: DisplayState;
  metrics?: Metrics;
  designId?: string;
}

export interface DisplayHealth {
  metrics: Metrics;
  framesShown: number;
  framesLate: number;
  framesDropped: number;
  worstLateUs?: number;
}

export interface DisplayLifecycle {
  step: LifecycleStep;
  reason?: string;
}

export interface DisplayMetrics {
  at: number;
  metrics: Metrics;
  uptime?: number;
}

export interface AnimationFrame {
  frame: number;
  presentAt?: number;
  animation?: string;
  progress?: number;
  values?: number[];
}

export interface AnimationPlay {
  animation: string;
  presentAt?: number;
  from?: number;
  speed?: number;
  loop?: boolean;
}

export interface AnimationStop {
  animation?: string;
  presentAt?: number;
}

export interface ContentShow {
  content: string;
  mediaType: string;
  url?: string;
  text?: string;
  presentAt?: number;
}

export interface ContentClear {
  content?: string;
  presentAt?: number;
}

export interface InputPointer {
  pointer: number;
  kind: PointerKind;
  x: number;
  y: number;
  pressure?: number;
  buttons?: number;
}

export interface InputKey {
  kind: KeyKind;
  key: string;
  repeat?: boolean;
  shift?: boolean;
  control?: boolean;
  alt?: boolean;
}

export interface InputValue {
  input: string;
  value: number;
}

export interface ChatMessage {
  text: string;
  author?: string;
}

export interface DeviceInfo {
  name: string;
  software?: string;
  width?: number;
  height?: number;
  pixelRatio?: number;
  utcOffsetMinutes?: number;
}

export interface SyncMark {
  mark: string;
  at: number;
}

export interface PairingReady {
  controllerId: string;
  name?: string;
  hello?: Record<string, unknown>;
  meet?: number;
}

export interface SessionTerminated {
  reason: string;
}

export interface UserJoined {
  memberId: string;
  role: Role;
  name?: string;
}

export interface UserLeft {
  memberId: string;
  role: Role;
  name?: string;
}

export interface ServerDraining {
  retryAfterMs: number;
  url?: string;
}

export interface ParticipantsUpdate {
  participants: Participant[];
}

export interface MessageReceived {
  box?: string;
}

export interface WebrtcOffer {
  sdp?: string;
  pake?: string;
  box?: string;
  failed?: string;
}

export interface WebrtcAnswer {
  sdp?: string;
  pake?: string;
  box?: string;
  failed?: string;
}

export interface WebrtcIceCandidate {
  candidate?: string;
  sdpMid?: string;
  sdpMLineIndex?: number;
  usernameFragment?: string;
  box?: string;
}

export interface EventData {
  'display:status': DisplayStatus;
  'display:health': DisplayHealth;
  'display:lifecycle': DisplayLifecycle;
  'display:metrics': DisplayMetrics;
  'animation:frame': AnimationFrame;
  'animation:play': AnimationPlay;
  'animation:stop': AnimationStop;
  'content:show': ContentShow;
  'content:clear': ContentClear;
  'input:pointer': InputPointer;
  'input:key': InputKey;
  'input:value': InputValue;
  'chat:message': ChatMessage;
  'device:info': DeviceInfo;
  'sync:mark': SyncMark;
  'pairing:ready': PairingReady;
  'session:terminated': SessionTerminated;
  'user_joined': UserJoined;
  'user_left': UserLeft;
  'server:draining': ServerDraining;
  'participants_update': ParticipantsUpdate;
  'message:received': MessageReceived;
  'webrtc:offer': WebrtcOffer;
  'webrtc:answer': WebrtcAnswer;
  'webrtc:ice-candidate': WebrtcIceCandidate;
}
export type EventName = keyof EventData;
export type PairwireEvent = { [Name in EventName]: { type: Name; data: EventData[Name] } }[EventName];
export type EventClass = 'command' | 'state' | 'stream';

// Throws an EventError, whose message names the path and what should stand there.
export function parseEvent(text: string): PairwireEvent;
export function readEvent<Name extends EventName>(type: Name, data: unknown): EventData[Name];
export function eventToJson(event: PairwireEvent): string;
export const EVENTS: Readonly<Record<EventName, { by: string; class?: EventClass; fields: readonly object[] }>>;
