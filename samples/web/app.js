// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The controller page: joins the form fields to pairwire.js, for one display or several at once. Everything that comes
// from outside is shown as text, never as markup.

import { DisplayCard } from './display-cards.js';
import { KnownList } from './known-list.js';
import { isPlainCode, pair } from './pairwire.js';
import { PairingStore } from './session/pairing-store.js';
import { Together } from './together.js';

const MAX_LOG_LINES = 500;
const NAME = 'Browser';
const $ = (id) => document.getElementById(id);

const relay = new URL('.', location.href).href;
const store = new PairingStore();
const known = new KnownList(store, {
  role: 'controller', section: $('known'), list: $('known-list'), nameless: 'A display without a name',
  actions: [
    { name: 'connect', text: 'Connect', run: connectAgain },
    { name: 'forget', text: 'Forget', run: forget },
  ],
});
// Whether this browser keeps anything at all.
let keeps = false;
const ready = known.refresh().then((can) => {
  keeps = can;
  $('remember-choice').hidden = !can;
});
// Made with the first session: it needs the bundle of samples/web-packages.
let group = null;
const displays = new Map(); // the group's members: {session, card, files: those that wait}
// `?relayed=no`: never in encrypted boxes through the server, also where no direct connection is found.
const allowRelay = new URLSearchParams(location.search).get('relayed') !== 'no';
const together = new Together({ form: $('note-form'), note: $('note'), present: $('present'), result: $('presented') },
  (text) => log('Not everywhere', text, true));
// The address that a QR code opened; it holds a secret, so it is used once and shown nowhere.
let scanned = '';

function setStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
}

function showPairError(text, { ofCode = true } = {}) {
  $('pair-error').textContent = text;
  $('pair-error').hidden = text === '';
  $('code').setAttribute('aria-invalid', String(text !== '' && ofCode));
}

function log(who, text, mine) {
  const line = document.createElement('li');
  if (mine) line.className = 'mine';
  const label = document.createElement('span');
  label.className = 'who';
  label.textContent = who;
  const body = document.createElement('span');
  body.className = 'text';
  body.textContent = text;
  line.append(label, body);
  $('log').prepend(line);
  while ($('log').children.length > MAX_LOG_LINES) $('log').lastElementChild.remove();
}

function bytes(count) {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let at = 0;
  let value = count;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    ++at;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

// --- Displays that are connected -----------------------------------------------------------------

// What is sent while a connection is gone is kept and delivered when it is back.
function showDisplays() {
  const cards = [...displays.values()].map(({ card }) => card);
  $('displays').replaceChildren(...cards.map(({ element }) => element));
  const [only] = cards;
  $('disconnect').textContent = cards.length > 1 ? 'Disconnect all' : 'Disconnect';
  $('path').hidden = $('trust').hidden = cards.length !== 1;
  if (cards.length === 1) {
    $('trust').textContent = only.trust;
    only.path().then((text) => { $('path').textContent = text; }).catch(() => {});
  }
  showState();
}

function showState() {
  const cards = [...displays.values()].map(({ card }) => card);
  const away = cards.filter(({ connected }) => !connected);
  if (cards.length === 0) return;
  if (cards.length === 1) {
    if (away.length === 0) setStatus('connected', `Connected to ${cards[0].name}`);
    else setStatus('connecting', 'Connection lost, reconnecting…');
  } else if (away.length === 0) {
    setStatus('connected', `Connected to ${cards.length} displays`);
  } else {
    setStatus('connecting', `Connected to ${cards.length - away.length} of ${cards.length} displays`);
  }
}

function showForm(shown) {
  $('pair').hidden = !shown;
  $('add').setAttribute('aria-expanded', String(shown && displays.size > 0));
  $('known').dataset.shown = String(shown);
}

function describeEnd({ code, reason }, name) {
  if (code === 'closed') return '';
  if (code === 'revoked') return `${name} and this device do not remember each other any more.`;
  return reason;
}

function onClosed(id, name, detail) {
  displays.delete(id);
  const words = describeEnd(detail, name);
  if (displays.size > 0) {
    if (words !== '') log(name, words, false);
    showDisplays();
    return;
  }
  together.stop();
  $('session').hidden = true;
  showForm(true);
  $('connect').disabled = false;
  setStatus('idle', 'Not connected');
  showPairError(words, { ofCode: false });
  $('code').focus();
}

async function takeSession(session) {
  if (!group) {
    const { Group } = await import('./session/group.js');
    group = new Group();
    together.group = group;
    group.addEventListener('lagging', ({ detail }) => {
      const display = displays.get(detail.member);
      if (display) display.card.lagging = detail.lagging;
    });
    group.addEventListener('missed', ({ detail: { member, first, last } }) => {
      const name = displays.get(member)?.card.name;
      if (name) log(name, `${last - first + 1} of your messages did not reach it.`, false);
    });
  }
  let name = session.display.name || 'the display';
  const taken = [...displays.values()].filter(({ card }) => card.name === name || card.name.startsWith(`${name} (`)).length;
  if (taken > 0) name = `${name} (${taken + 1})`;
  let id;
  try {
    id = group.add(session);
  } catch (error) {
    session.close();
    throw error;
  }
  if (displays.size === 0) {
    $('log').replaceChildren();
    $('files').replaceChildren();
  }
  const card = new DisplayCard(session, name, (text) => log(name, text, false));
  displays.set(id, { session, card, files: Promise.resolve() });
  session.addEventListener('close', ({ detail }) => onClosed(id, name, detail));
  session.addEventListener('message', ({ data }) => {
    log(name, typeof data === 'string' ? data : `${bytes(data.byteLength)} of binary data`, false);
  });
  session.addEventListener('event', ({ detail }) => {
    if (detail.type === 'chat:message') log(name, detail.data.text, false);
    together.onEvent(detail);
  });
  session.addEventListener('state', showState);
  session.addEventListener('path', showDisplays);
  showForm(false);
  $('code').value = '';
  $('remember').checked = false;
  $('session').hidden = false;
  showDisplays();
  $('message').focus();
}

// --- Connecting ----------------------------------------------------------------------------------

// `begin` connects, by a code or by what is remembered.
async function connect(begin, { again: remembered = false } = {}) {
  $('connect').disabled = known.busy = true;
  showPairError('');
  setStatus('connecting', remembered ? 'Looking for the display…' : 'Connecting…');
  try {
    await ready;
    await takeSession(await begin({
      relay, name: NAME, allowRelay, ...((keeps || remembered) && { pairings: store }),
      onPaired: () => setStatus('connecting', 'Display found, connecting…'),
    }));
  } catch (error) {
    if (displays.size === 0) setStatus('failed', 'Not connected');
    else showState();
    showPairError(error.message, { ofCode: !remembered });
    if (!remembered) {
      $('code').focus();
      $('code').select();
    }
  } finally {
    $('connect').disabled = known.busy = false;
  }
}

function connectByCode(event) {
  event?.preventDefault();
  const code = scanned || $('code').value;
  scanned = '';
  const remember = $('remember').checked;
  // What is typed is what the screen shows: a display that does without letters shows nine digits.
  connect((options) => pair(code, { ...options, remember, plain: isPlainCode(code) }));
}

function connectAgain({ id, name }) {
  if ([...displays.values()].some(({ session }) => session.pairingId === id)) {
    showPairError(`You are connected to ${name || 'this display'} already.`, { ofCode: false });
    return;
  }
  connect(async (options) => (await import('./session/pair-again.js')).pairAgain(id, options), { again: true });
}

async function forget({ id, name }) {
  const used = [...displays.values()].find(({ session }) => session.pairingId === id);
  try {
    // A display that is connected hears of it; another one finds out when it is looked for in vain.
    if (used) await used.session.forget();
    else await store.remove(id, 'controller');
  } catch {
    showPairError(`This browser could not forget ${name || 'the display'}.`, { ofCode: false });
  }
}

// --- Messages and files --------------------------------------------------------------------------

function sendMessage(event) {
  event.preventDefault();
  const text = $('message').value;
  try {
    group.send(text);
  } catch {
    log('Not sent', text, true);
    return;
  }
  const left = group.members.filter(({ lagging }) => lagging).map(({ id }) => displays.get(id).card.name);
  if (left.length === displays.size) {
    log('Not sent: too much is waiting', text, true);
    return;
  }
  log(left.length === 0 ? 'You' : `You, but not to ${left.join(', ')}`, text, true);
  $('message').value = '';
}

async function sendOne(file, { session, card }) {
  const item = document.createElement('li');
  const title = document.createElement('span');
  title.textContent = displays.size > 1 ? `${file.name} to ${card.name}` : file.name;
  const progress = document.createElement('progress');
  progress.max = Math.max(file.size, 1);
  const detail = document.createElement('span');
  detail.className = 'detail';
  detail.textContent = `0 of ${bytes(file.size)}`;
  item.append(title, progress, detail);
  $('files').append(item);
  const start = performance.now();
  try {
    const { sha256 } = await session.sendFile(file, (sent, size) => {
      progress.value = sent;
      detail.textContent = `${bytes(sent)} of ${bytes(size)}`;
    }, (waits) => {
      item.dataset.waits = String(waits);
      detail.textContent = waits ? 'Waiting for a direct connection: files do not go through the server.' : `${bytes(progress.value)} of ${bytes(file.size)}`;
    });
    const seconds = Math.max((performance.now() - start) / 1000, 0.001);
    progress.value = progress.max;
    detail.textContent = `${bytes(file.size)} stored, ${bytes(file.size / seconds)}/s, SHA-256 ${sha256}`;
    item.className = 'done';
    item.dataset.sha256 = sha256;
  } catch (error) {
    item.className = 'failed';
    detail.textContent = error.message;
  }
}

async function sendFiles() {
  const files = [...$('file').files];
  $('file').value = '';
  // One after the other, to each display: they share what this device can send. One to which files wait for a direct
  // connection does not hold up the others.
  for (const file of files) {
    for (const display of [...displays.values()]) {
      const sent = display.files.then(() => sendOne(file, display));
      if (display.session.overRelay) display.files = sent;
      else await sent;
    }
  }
}

$('pair').addEventListener('submit', connectByCode);
$('add').addEventListener('click', () => {
  showForm($('pair').hidden);
  if (!$('pair').hidden) $('code').focus();
});
$('message-form').addEventListener('submit', sendMessage);
$('file').addEventListener('change', sendFiles);
$('disconnect').addEventListener('click', () => {
  for (const { session } of [...displays.values()]) session.close();
});

// An address may carry a code: that of a QR code with its secret, or digits. It leaves the address bar, and with it
// the history, at once.
function takeLinked() {
  const linked = location.hash;
  if (linked === '') return;
  history.replaceState(null, '', location.pathname + location.search);
  if (linked.startsWith('#pair=')) {
    for (const { session } of [...displays.values()]) session.close();
    scanned = linked;
    if (!$('connect').disabled) connectByCode();
  } else if (/^#[0-9A-Za-z .-]{4,24}$/.test(linked)) {
    $('code').value = linked.slice(1);
  }
}
addEventListener('hashchange', takeLinked);
addEventListener('online', () => {
  for (const { session } of displays.values()) session.networkChanged?.();
});
// The displays hear that nobody is here any more.
addEventListener('pagehide', () => {
  for (const { session } of displays.values()) session.leave();
});
showForm(true);
takeLinked();
