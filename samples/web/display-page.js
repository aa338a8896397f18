// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The display page: joins session/display.js to what is on the screen. `?name=Hall` gives it a name; with `relayed=no` its
// sessions never go in encrypted boxes through the server, also where no direct connection is found.

import { IncomingFiles } from './file-receiver.js';
import { KnownList } from './known-list.js';
import { MAX_NOTE, NOTE_KEY } from './page-note.js';
import { Display } from './session/display.js';
import { PairingStore } from './session/pairing-store.js';
import { shownMark } from './session/shown-mark.js';
import { Stage } from './stage.js';

const MAX_NAME = 64;
// What was chosen at this screen; no secret.
const REMEMBER_CHOICE = 'pairwire.display.remember';
const $ = (id) => document.getElementById(id);

const relay = new URL('.', location.href);
const choices = new URLSearchParams(location.search);
const name = (choices.get('name') ?? '').slice(0, MAX_NAME) || 'Browser display';
const stage = new Stage({ text: $('text'), picture: $('picture'), canvas: $('frame'), files: $('received') });
const store = new PairingStore();
const known = new KnownList(store, {
  role: 'display', section: $('known'), list: $('known-list'), nameless: 'A device without a name',
  actions: [{ name: 'forget', text: 'Forget', run: forget }],
});
const display = new Display({
  relay, name, pageUrl: relay.href, pairings: store, remember: () => $('remember').checked, allowRelay: choices.get('relayed') !== 'no',
});

let current = null;

function setStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
}

function showTrouble(text) {
  $('trouble').textContent = text;
  $('trouble').hidden = text === '';
}

async function forget({ id, name: who }) {
  try {
    // A device that is connected hears of it; another one is not let in any more.
    if (current?.pairingId === id) await current.forget();
    else await store.remove(id, 'display');
  } catch {
    showTrouble(`This browser could not forget ${who || 'the device'}.`);
  }
}

// The choice may not be kept where the browser keeps nothing: then nothing is remembered either.
async function offerToRemember() {
  if (!await known.refresh()) return;
  $('remember-choice').hidden = false;
  $('remember').checked = localStorage.getItem(REMEMBER_CHOICE) === 'yes';
  $('remember').addEventListener('change', () => {
    localStorage.setItem(REMEMBER_CHOICE, $('remember').checked ? 'yes' : 'no');
    if ($('remember').checked) current?.remember?.();
  });
}

// A note of the controller's stays until it is taken back.
function showNote(text) {
  $('note').textContent = text.slice(0, MAX_NOTE);
  $('note').hidden = text === '';
}

// The picture needs the bundle; without it the code alone does.
async function showQrCode(url) {
  try {
    const { drawQrCode } = await import('./qr.js');
    $('qr').replaceChildren(drawQrCode(url, 'QR code that connects without typing'));
    $('or-scan').hidden = false;
  } catch {
    $('qr').replaceChildren();
    $('or-scan').hidden = true;
  }
}

// What the controller shows, or how to become one.
function showStage(there) {
  $('stage').hidden = $('disconnect').hidden = !there;
  $('invite').hidden = $('control').hidden = there;
  if (there) $('qr').replaceChildren();
}

function onCode({ code, url, failedAttempts }) {
  showStage(false);
  $('address').textContent = relay.host + relay.pathname.replace(/\/$/, '');
  $('code').textContent = code;
  $('attempts').textContent = failedAttempts === 1 ? 'Somebody typed a wrong code.' : `Somebody typed a wrong code ${failedAttempts} times.`;
  $('attempts').hidden = failedAttempts === 0;
  if (current) setStatus('connecting', 'Connection lost, reconnecting… Somebody else may connect, too.');
  else setStatus('idle', 'Waiting for somebody to connect');
  showQrCode(url);
}

async function onSession(session) {
  const who = session.peer.name || 'somebody';
  const connected = () => (session.overRelay ? `Connected with ${who} through the server, still encrypted` : `Connected with ${who}`);
  const files = new IncomingFiles({
    onProgress: (file, got, size) => setStatus('connected', `Receiving ${file}: ${Math.floor((100 * got) / size)} %`),
    onFile: (file) => {
      setStatus('connected', connected());
      $('waiting-text').hidden = true;
      stage.showFile(file);
    },
  });
  stage.clear();
  showNote('');
  stage.follow(() => session.peerClock?.()?.nowUs ?? null, (frame, at) => sayShown(session, frame, at));
  $('waiting-text').hidden = false;
  showTrouble('');
  showStage(true);
  $('disconnect').onclick = () => session.close();
  setStatus('connected', connected());
  session.addEventListener('channel', ({ detail }) => files.take(detail.channel));
  session.addEventListener('message', ({ data }) => {
    $('waiting-text').hidden = true;
    if (typeof data === 'string') stage.showMessage(data);
    else stage.showText(`${data.byteLength.toLocaleString('en')} bytes of binary data`);
  });
  session.addEventListener('event', ({ detail }) => {
    $('waiting-text').hidden = true;
    stage.showEvent(detail);
  });
  session.addEventListener('statevalue', ({ detail }) => {
    if (detail.key === NOTE_KEY) showNote(typeof detail.value === 'string' ? detail.value : '');
  });
  session.addEventListener('stream', ({ data }) => {
    $('waiting-text').hidden = true;
    if (typeof data === 'string') stage.showMessage(data);
  });
  session.addEventListener('state', ({ detail }) => {
    if (detail.state === 'connected') setStatus('connected', connected());
    const away = detail.state === 'recovering' || detail.state === 'reconnecting';
    // While its place is on offer the screen says so, however the search goes on.
    if (away && $('invite').hidden) setStatus('connecting', 'Connection lost, reconnecting…');
  });
  session.addEventListener('path', () => {
    if (session.state === 'connected') setStatus('connected', connected());
  });
  current = session;
  session.addEventListener('close', ({ detail }) => {
    if (current !== session) return; // Another one has its place.
    current = null;
    stage.clear();
    setStatus('idle', detail.reason);
  });
}

// The controller that was away is back: the code that was shown meanwhile is void.
function onCodeVoid() {
  showStage(true);
}

// What is full is not heard, and not missed by a controller that does not listen.
function sayShown(session, frame, at) {
  try {
    session.sendEvent(shownMark(frame, at));
  } catch {
    // As said.
  }
}

async function keepAwake() {
  try {
    await navigator.wakeLock?.request('screen');
  } catch {
    // A device that will not stay awake: its own settings may.
  }
}

display.addEventListener('code', ({ detail }) => onCode(detail));
display.addEventListener('codevoid', onCodeVoid);
display.addEventListener('paired', ({ detail }) => setStatus('connecting', `Connecting with ${detail.name || 'somebody'}…`));
display.addEventListener('session', ({ detail }) => onSession(detail.session));
display.addEventListener('trouble', ({ detail }) => {
  if (detail.code !== 'auth_failed') {
    showTrouble(detail.message);
  } else if ($('attempts').hidden) {
    // Wrong codes are counted beside the code; this one was not even a try.
    $('attempts').textContent = 'Somebody tried to connect, and could not prove to know the code.';
    $('attempts').hidden = false;
  }
});

$('name').textContent = name;
$('fullscreen').hidden = !document.fullscreenEnabled;
$('fullscreen').addEventListener('click', () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') keepAwake();
});
addEventListener('online', () => current?.networkChanged?.());
// The code is given back at once when the page goes.
addEventListener('pagehide', () => {
  current?.leave();
  display.stop();
});
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
keepAwake();
offerToRemember();
display.run().catch((error) => {
  setStatus('failed', 'This screen can not be a display');
  showTrouble(error.message);
});
