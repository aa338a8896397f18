// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How a session lives on while links come and go, as a pure machine: inputs and the time go in, actions
// come out. peer/delivery/session_machine.h in JavaScript, where the states are drawn, in the same order
// and with the same rules. No socket, no clock, no callback, no key.
//
// One link is in use, one more may be waiting for its HELLO. A HELLO that is verified takes the session
// over: the old link ends first. A link that is not in use can end nothing but itself.

import { MeetingPauses } from './meeting-pauses.js';
import { SESSION_TIMES } from './session-times.js';

/**
 * @typedef {'signalling' | 'connected' | 'recovering' | 'reconnecting' | 'closing' | 'closed'} SessionState
 * @typedef {'asked' | 'peer-left' | 'session-lost' | 'peer-restarted' | 'replaced' | 'revoked' | 'auth-failed' |
 *   'corrupt' | 'protocol' | 'link-failed'} EndReason
 *
 * Links are whole numbers, given out in rising order by the owner; 0 is none.
 *
 * Inputs, {type, …}, as in peer/delivery/session_events.h: linkUp, fallbackUp, linkEnded, pathQuiet, pathBack {link};
 * bindSeen {link, right}; helloSeen {link, verdict}; resetSeen, closeSeen {link, reason}; frameSeen, violation {link};
 * relayMet; rejoinFailed {why, retryAfterMs} (meeting-pauses.js); renewAsked, negotiationNeeded; remoteNegotiation {kind};
 * networkChanged, closeAsked, replaced, revokeAsked, drained, timerFired.
 *
 * Actions: sendBind, sendHello, sendPing, endLink, useLink {link}; sendReset, sendClose {link, reason}; rewindOutbox,
 * startRejoin, stopRejoin, leaveRelay; restartIce {inBand}; newConnection, renegotiate, rollBack, applyRemote, showCode,
 * hideCode, wipeKeys; tellState {state, why}; tellClosed {reason}. The last two come last.
 */
export const INPUTS = Object.freeze(['linkUp', 'fallbackUp', 'linkEnded', 'pathQuiet', 'pathBack', 'bindSeen', 'helloSeen', 'resetSeen',
  'closeSeen', 'frameSeen', 'violation', 'relayMet', 'rejoinFailed', 'renewAsked', 'negotiationNeeded', 'remoteNegotiation', 'networkChanged',
  'closeAsked', 'replaced', 'revokeAsked', 'drained', 'timerFired']);

// Timers; those that are due together run in this order.
const TIMERS = ['hello', 'window', 'ping', 'dead', 'healthy', 'leave', 'retry', 'restart', 'giveUp', 'fallback', 'wayBack', 'code', 'close'];

export class SessionMachine {
  #isDisplay;
  #plain;
  #times;
  #state = 'signalling';
  #now = 0;
  #actions = [];
  #tell = []; // for the application: after everything else
  #timers = new Map();

  #link = 0;
  #overRelay = false;
  #pending = null; // {link, overRelay, bound}
  #heldFallback = 0; // until the timer 'fallback'
  // The first link never came up: who made it gave a direct path its time before the meeting.
  #directTried = false;

  #meeting = 'none'; // 'trying', 'pausing', 'met'
  #pauses; // between tries to meet
  #outageSince = null;
  #wayBack = 0;
  #codeShown = false;

  #offering = false; // an offer of ours is out, in band
  #offerAgain = false; // and another is needed behind it
  #ignoringOffer = false; // the other end's offer lost; so do its candidates
  #needed = false; // an offer of ours, when the path is back
  #takenBack = false; // an offer of ours may still arrive on this link, and is void

  /**
   * @param {'display' | 'controller'} role @param {boolean} plain paired without letters
   * @param {typeof SESSION_TIMES} times @param {(size: number) => Uint8Array} random
   */
  constructor(role, plain, times, random) {
    this.#isDisplay = role === 'display';
    this.#plain = plain;
    this.#times = { ...SESSION_TIMES, ...times };
    this.#pauses = new MeetingPauses(random, this.#times);
  }

  /** @returns {SessionState} */
  get state() { return this.#state; }
  /** The link in use; 0: none. */
  get link() { return this.#link; }
  get overRelay() { return this.#link !== 0 && this.#overRelay; }
  /** It is up, and the other end's HELLO has not come. */
  isWaiting(link) { return this.#pending?.link === link; }
  /** The same, and its BIND was right. */
  isBound(link) { return this.isWaiting(link) && this.#pending.bound; }

  /** When to give timerFired next, or null. */
  get deadline() {
    let first = null;
    for (const at of this.#timers.values()) first = first === null ? at : Math.min(first, at);
    return first;
  }

  /** An input that means nothing in the current state changes nothing. @param {number} now milliseconds */
  handle(now, input) {
    this.#now = now;
    if (this.#state !== 'closed') this.#on(input);
    const actions = [...this.#actions, ...this.#tell];
    this.#actions = [];
    this.#tell = [];
    return actions;
  }

  #on(input) {
    switch (input.type) {
      case 'linkUp': return this.#onLinkUp(input.link);
      case 'fallbackUp': return this.#onFallbackUp(input.link);
      case 'linkEnded': return this.#onLinkEnded(input.link);
      case 'pathQuiet': return this.#onPathQuiet(input.link);
      case 'pathBack': return this.#onPathBack(input.link);
      case 'bindSeen': return this.#onBindSeen(input);
      case 'helloSeen': return this.#onHelloSeen(input);
      case 'resetSeen': return this.#onResetSeen(input);
      case 'closeSeen': return this.#onCloseSeen(input);
      case 'frameSeen': return this.#onFrameSeen(input.link);
      case 'violation': return this.#onViolation(input.link);
      case 'relayMet': return this.#onRelayMet();
      case 'rejoinFailed': return this.#onRejoinFailed(input);
      case 'renewAsked': return this.#onRenewAsked();
      case 'negotiationNeeded': return this.#onNegotiationNeeded();
      case 'remoteNegotiation': return this.#onRemoteNegotiation(input.kind);
      case 'networkChanged': return this.#onNetworkChanged();
      case 'closeAsked': return this.#onCloseAsked();
      case 'replaced': return this.#sayAndEnd('replaced', 'replaced');
      case 'revokeAsked': return this.#sayAndEnd('revoked', 'revoked');
      case 'drained': return this.#state === 'closing' ? this.#sayAndEnd('bye', 'asked') : undefined;
      case 'timerFired': return this.#onTimerFired();
      default: throw new RangeError(`no such input: ${input.type}`);
    }
  }

  #do(type, fields = {}) { this.#actions.push({ type, ...fields }); }

  #setState(state, why) {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell.push({ type: 'tellState', state, why });
  }

  get #alive() { return this.#state !== 'closing' && this.#state !== 'closed'; }
  #setTimer(timer, after) { this.#timers.set(timer, this.#now + after); }
  #stop(...timers) { for (const timer of timers) this.#timers.delete(timer); }

  // --- Links -------------------------------------------------------------------------------------

  #await(pending) {
    this.#dropPending();
    this.#pending = pending;
    if (!pending.bound) this.#do('sendBind', { link: pending.link });
    this.#do('sendHello', { link: pending.link });
    this.#setTimer('hello', this.#times.helloDeadline);
  }

  #awaitHeldFallback() {
    const link = this.#heldFallback;
    this.#heldFallback = 0;
    this.#await({ link, overRelay: true, bound: true });
  }

  #endHeldFallback() {
    if (this.#heldFallback) this.#do('endLink', { link: this.#heldFallback });
    this.#heldFallback = 0;
  }

  #dropPending() {
    if (this.#pending) this.#do('endLink', { link: this.#pending.link });
    this.#pending = null;
    this.#stop('hello');
  }

  #pendingFailed(why) {
    this.#dropPending();
    if (this.#state === 'signalling') {
      if (this.#plain) return this.#end('link-failed');
      this.#setState('reconnecting', why);
      this.#beginOutage();
    } else if (this.#heldFallback && !this.#timers.has('fallback')) {
      this.#awaitHeldFallback();
    }
  }

  #takeOver() {
    const taken = this.#pending;
    this.#pending = null;
    // Before anything is delivered from the new one.
    if (this.#link !== 0) this.#do('endLink', { link: this.#link });
    this.#link = taken.link;
    this.#overRelay = taken.overRelay;
    this.#do('useLink', { link: this.#link });
    this.#do('rewindOutbox');
    this.#stop('hello');
    this.#offering = this.#offerAgain = this.#ignoringOffer = this.#needed = this.#takenBack = false;
    this.#heard();
    this.#setTimer('healthy', this.#times.healthy);
    this.#stopMeeting();
    if (this.#overRelay) {
      this.#wayBack = this.#times.wayBackFirst;
      this.#setTimer('wayBack', this.#wayBack);
    }
    this.#setState('connected', 'the other end proved itself');
  }

  #loseLink(why) {
    this.#link = 0;
    this.#overRelay = false;
    this.#stop('ping', 'dead', 'healthy', 'wayBack', 'giveUp');
    if (this.#state === 'closing') return this.#end('asked');
    this.#offering = this.#offerAgain = this.#ignoringOffer = this.#needed = this.#takenBack = false;
    this.#setState('reconnecting', why);
    this.#beginOutage();
    if (this.#meeting === 'met') this.#meetingMakesLinks();
  }

  #heard() {
    this.#setTimer('ping', this.#times.ping);
    this.#setTimer('dead', this.#times.dead);
  }

  #onLinkUp(link) {
    if (!this.#alive) return this.#do('endLink', { link });
    this.#await({ link, overRelay: false, bound: this.#plain });
  }

  #onFallbackUp(link) {
    // Nothing would hide the text of a plain session from the relay.
    const wanted = !this.#plain && this.#meeting === 'met' && (this.#state === 'recovering' || this.#state === 'reconnecting');
    if (!wanted) return this.#do('endLink', { link });
    this.#endHeldFallback();
    if (this.#timers.has('fallback') || this.#pending) {
      this.#heldFallback = link;
    } else {
      this.#await({ link, overRelay: true, bound: true });
    }
  }

  #onLinkEnded(link) {
    if (link === 0) return;
    if (this.#heldFallback === link) {
      this.#heldFallback = 0;
    } else if (this.isWaiting(link)) {
      this.#pendingFailed('the link ended');
    } else if (this.#link === link) {
      this.#loseLink('the link ended');
    } else if (this.#state === 'signalling' && !this.#pending) {
      this.#directTried = true;
      this.#pendingFailed('the first link never came up');
    }
  }

  #onBindSeen({ link, right }) {
    if (!this.isWaiting(link)) return;
    if (right) {
      this.#pending.bound = true;
    } else if (this.#state === 'signalling') {
      this.#end('auth-failed');
    } else {
      this.#pendingFailed('another connection than was agreed on');
    }
  }

  #onHelloSeen({ link, verdict }) {
    if (link !== 0 && this.#link === link) {
      this.#do('endLink', { link });
      return this.#loseLink('a second hello');
    }
    if (!this.isWaiting(link)) return;
    const first = this.#state === 'signalling';
    switch (this.#pending.bound ? verdict : 'wrong-tag') {
      case 'first':
      case 'resume':
        return this.#takeOver();
      case 'wrong-tag':
        return first ? this.#end('auth-failed') : this.#pendingFailed('a hello that proves nothing');
      case 'refuse':
        return this.#pendingFailed('a hello of the past');
      case 'malformed':
        this.#do('sendReset', { link, reason: 'protocol' });
        return first ? this.#end('protocol') : this.#pendingFailed('a malformed hello');
      case 'state-lost':
        this.#do('sendReset', { link, reason: 'state-lost' });
        return this.#end('peer-restarted');
      case 'corrupt':
        this.#do('sendReset', { link, reason: 'corrupt' });
        return this.#end('corrupt');
      default:
        throw new RangeError(`no such verdict: ${verdict}`);
    }
  }

  #onResetSeen({ link, reason }) {
    // A waiting link has not proved that it is the other end's.
    if (this.isWaiting(link)) return this.#pendingFailed('the other end refused');
    if (link === 0 || link !== this.#link) return;
    if (reason === 'refused') {
      this.#do('endLink', { link });
      return this.#loseLink('the other end refused');
    }
    this.#end(reason === 'state-lost' ? 'session-lost' : reason);
  }

  #onCloseSeen({ link, reason }) {
    if (this.isWaiting(link)) return this.#pendingFailed('a goodbye before a hello');
    if (link === 0 || link !== this.#link) return;
    if (reason !== 'bye') return this.#end(reason);
    this.#end(this.#state === 'closing' ? 'asked' : 'peer-left');
  }

  #onFrameSeen(link) {
    if (this.isWaiting(link)) return this.#pendingFailed('a frame before the hello');
    if (link === 0 || link !== this.#link) return;
    this.#heard();
    if (this.#state === 'recovering') this.#onPathBack(link);
  }

  #onViolation(link) {
    if (this.isWaiting(link)) {
      if (this.#state !== 'signalling') return this.#pendingFailed('what came is no frame');
      this.#do('sendReset', { link, reason: 'protocol' });
      return this.#end('protocol');
    }
    if (link === 0 || link !== this.#link) return;
    this.#do('sendReset', { link, reason: 'protocol' });
    this.#end('protocol');
  }

  // --- Time --------------------------------------------------------------------------------------

  #onTimerFired() {
    const due = this.deadline;
    if (due === null || this.#now < due) return;
    const lateness = this.#now - due;
    if (lateness > this.#times.lateness) {
      // Everything stood still, the other end's answers with it: nobody was silent.
      for (const [timer, at] of this.#timers) this.#timers.set(timer, at + lateness);
      if (this.#outageSince !== null) this.#outageSince += lateness;
      if (this.#link !== 0) {
        this.#do('sendPing', { link: this.#link });
        this.#heard();
      }
      return;
    }
    for (const timer of TIMERS) {
      if (this.#state === 'closed') return;
      if (!this.#timers.has(timer) || this.#now < this.#timers.get(timer)) continue;
      this.#stop(timer);
      this.#run(timer);
    }
  }

  #run(timer) {
    switch (timer) {
      case 'hello': return this.#pendingFailed('no hello in time');
      case 'window': return this.#end('session-lost');
      case 'ping':
        if (this.#link !== 0) this.#do('sendPing', { link: this.#link });
        return this.#setTimer('ping', this.#times.ping);
      case 'dead':
        if (!this.#overRelay) return this.#onPathQuiet(this.#link);
        this.#do('endLink', { link: this.#link });
        return this.#loseLink('silence');
      case 'healthy':
        return this.#pauses.begin();
      case 'leave':
        this.#meeting = 'none';
        return this.#do('leaveRelay');
      case 'retry':
        this.#meeting = 'trying';
        return this.#do('startRejoin');
      case 'restart': return this.#meetingMakesLinks();
      case 'giveUp': return this.#onRenewAsked();
      case 'fallback':
        if (this.#heldFallback && !this.#pending) this.#awaitHeldFallback();
        return;
      case 'wayBack':
        if (this.#isDisplay) this.#do('newConnection');
        this.#wayBack = Math.min(2 * this.#wayBack, this.#times.wayBackMax);
        return this.#setTimer('wayBack', this.#wayBack);
      case 'code':
        this.#codeShown = true;
        return this.#do('showCode');
      case 'close': return this.#sayAndEnd('bye', 'asked');
    }
  }

  // --- The end -----------------------------------------------------------------------------------

  #onCloseAsked() {
    if (this.#state === 'closing') return;
    if (this.#link === 0) return this.#end('asked');
    this.#dropPending();
    this.#timers.clear();
    this.#setState('closing', 'asked to');
    this.#setTimer('close', this.#times.close);
  }

  #sayAndEnd(said, reason) {
    if (this.#link !== 0) this.#do('sendClose', { link: this.#link, reason: said });
    this.#end(reason);
  }

  #end(reason) {
    if (this.#link !== 0) this.#do('endLink', { link: this.#link });
    this.#link = 0;
    this.#dropPending();
    this.#endHeldFallback();
    if (this.#meeting === 'trying' || this.#meeting === 'pausing') this.#do('stopRejoin');
    this.#do('leaveRelay');
    this.#meeting = 'none';
    this.#hideCode();
    this.#timers.clear();
    this.#do('wipeKeys');
    this.#setState('closed', reason);
    this.#tell.push({ type: 'tellClosed', reason });
  }

  #hideCode() {
    if (this.#codeShown) this.#do('hideCode');
    this.#codeShown = false;
  }

  // --- Meetings at the relay ---------------------------------------------------------------------

  #beginOutage() {
    if (this.#outageSince === null) {
      this.#outageSince = this.#now;
      this.#setTimer('window', this.#times.window);
      // From the first silence: whose controller died without a word must not wait for ICE to say so.
      if (this.#isDisplay) this.#setTimer('code', this.#times.showCodeAfter);
    }
    // Without a link, too: a beat by which a standstill shows before it has eaten up the window.
    this.#setTimer('ping', this.#times.ping);
    this.#meet();
  }

  #meet() {
    this.#stop('leave');
    if (this.#meeting !== 'none') return;
    const asked = this.#pauses.asked(this.#now);
    if (asked > 0) {
      this.#pauseMeeting(asked);
      return;
    }
    this.#meeting = 'trying';
    this.#do('startRejoin');
  }

  #stopMeeting() {
    this.#outageSince = null;
    this.#stop('window', 'retry', 'restart', 'giveUp', 'fallback', 'code', 'wayBack');
    this.#hideCode();
    // The relay carries the session: the meeting stands.
    if (this.#overRelay) return;
    this.#endHeldFallback();
    if (this.#meeting === 'trying' || this.#meeting === 'pausing') {
      this.#meeting = 'none';
      this.#do('stopRejoin');
    }
    this.#setTimer('leave', this.#times.relayGrace);
  }

  #onPathQuiet(link) {
    if (this.#state !== 'connected' || link !== this.#link || this.#overRelay) return;
    this.#stop('healthy', 'dead');
    this.#setState('recovering', 'nothing is heard');
    this.#beginOutage();
    this.#do('restartIce', { inBand: true });
    if (this.#meeting === 'met') this.#meetingMakesLinks();
  }

  #onPathBack(link) {
    if (this.#state !== 'recovering' || link !== this.#link) return;
    this.#setTimer('healthy', this.#times.healthy);
    this.#heard();
    this.#stopMeeting();
    this.#setState('connected', 'the path is back');
    if (!this.#needed) return;
    this.#needed = false;
    this.#onNegotiationNeeded();
  }

  #onRelayMet() {
    if (this.#meeting !== 'trying') return;
    this.#meeting = 'met';
    this.#pauses.onMet();
    if (this.#offering) this.#do('rollBack');
    this.#takenBack ||= this.#offering;
    this.#needed = this.#offering = this.#offerAgain = false;
    if (!this.#directTried) this.#setTimer('fallback', this.#times.fallbackAfter);
    this.#directTried = false;
    this.#meetingMakesLinks();
  }

  // Offers in a meeting are the display's.
  #meetingMakesLinks() {
    if (this.#meeting !== 'met' || !this.#isDisplay) return;
    this.#setTimer('restart', this.#restartPause());
    if (this.#state === 'recovering') {
      if (!this.#timers.has('giveUp')) this.#setTimer('giveUp', this.#times.restartGivesUp);
      this.#do('restartIce', { inBand: false });
    } else if (this.#state === 'reconnecting' && !this.#pending) {
      this.#do('newConnection');
    }
  }

  #outageOlderThan(ms) { return this.#outageSince !== null && this.#now - this.#outageSince >= ms; }

  #restartPause() {
    const pause = this.#outageOlderThan(this.#times.restartLate) ? this.#times.restartEveryLate : this.#times.restartEvery;
    return pause * 0.75 + this.#pauses.draw(pause / 2);
  }

  #onRejoinFailed({ why = 'refused', retryAfterMs = 0 }) {
    if (this.#meeting !== 'trying' && this.#meeting !== 'met') return;
    this.#pauses.onFailed(this.#now, why, retryAfterMs);
    this.#stop('leave', 'restart', 'giveUp', 'fallback');
    if (this.#outageSince === null && !this.#overRelay) this.#meeting = 'none';
    else this.#pauseMeeting(this.#pauses.next(this.#now, this.#outageOlderThan(this.#times.late)));
  }

  #pauseMeeting(pause) {
    this.#meeting = 'pausing';
    this.#setTimer('retry', pause);
  }

  #onRenewAsked() {
    if (this.#state !== 'recovering') return;
    this.#do('endLink', { link: this.#link });
    this.#loseLink('the connection could not be restarted');
  }

  #onNetworkChanged() {
    this.#pauses.begin();
    if (this.#meeting === 'pausing') {
      const asked = this.#pauses.asked(this.#now);
      this.#stop('retry');
      if (asked > 0) this.#setTimer('retry', asked);
      else this.#run('retry');
    } else if (this.#state === 'connected' && this.#overRelay) {
      this.#wayBack = this.#times.wayBackFirst;
      this.#stop('wayBack');
      this.#run('wayBack');
    } else {
      this.#meetingMakesLinks();
    }
  }

  // --- Negotiation in band -----------------------------------------------------------------------

  #onNegotiationNeeded() {
    // What is said into a path that is quiet arrives when it is back: then it is about the past, and an answer to it
    // changes one end over to what the other has not.
    if (this.#state === 'recovering') this.#needed = this.#meeting !== 'met';
    if (this.#state !== 'connected' || this.#overRelay) return;
    if (this.#offering) {
      this.#offerAgain = true;
      return;
    }
    this.#offering = true;
    this.#do('renegotiate');
  }

  // To an offer that was taken back at the relay while it waited for the path: the other end has changed over to what is no
  // more. Both have to be of one mind again.
  #onLateAnswer() {
    if (this.#takenBack && this.#state === 'connected') this.#do('restartIce', { inBand: true });
    this.#takenBack = false;
  }

  #onRemoteNegotiation(kind) {
    if (this.#link === 0 || this.#overRelay) return;
    switch (kind) {
      case 'offer':
        // Of two offers the display's counts; the controller's connection asks again by itself.
        this.#ignoringOffer = this.#offering && this.#isDisplay;
        if (this.#ignoringOffer) return;
        if (this.#offering) this.#do('rollBack');
        this.#offering = this.#offerAgain = false;
        return this.#do('applyRemote');
      case 'answer':
        if (!this.#offering) return this.#onLateAnswer();
        this.#offering = false;
        // The candidates that follow are the answer's, not those of an offer that lost.
        this.#ignoringOffer = false;
        this.#do('applyRemote');
        if (!this.#offerAgain) return;
        this.#offerAgain = false;
        this.#offering = true;
        return this.#do('renegotiate');
      case 'candidate':
      case 'rollback':
        if (!this.#ignoringOffer) this.#do('applyRemote');
        return;
      case 'want-restart':
        if (this.#isDisplay) this.#do('restartIce', { inBand: true });
        return;
    }
  }
}
