// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The controller page: joins the form fields to pairwire.js. Everything that comes from outside is shown as
// text, never as markup.

import { isPlainCode, pair } from './pairwire.js';

const MAX_LOG_LINES = 500;
const $ = (id) => document.getElementById(id);

let session = null;
// The address that a QR code opened; it holds a secret, so it is used once and shown nowhere.
let scanned = '';

function setStatus(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
}

function showPairError(text) {
  $('pair-error').textContent = text;
  $('pair-error').hidden = text === '';
  $('code').setAttribute('aria-invalid', String(text !== ''));
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

function onClosed({ code, reason }) {
  session = null;
  $('session').hidden = true;
  $('pair').hidden = false;
  $('connect').disabled = false;
  setStatus('idle', 'Not connected');
  showPairError(code === 'closed' ? '' : reason);
  $('code').focus();
}

// What is sent meanwhile is kept and delivered when the connection is back.
function showState(state, name) {
  if (state === 'connected') setStatus('connected', `Connected to ${name}`);
  if (state === 'recovering' || state === 'reconnecting') setStatus('connecting', 'Connection lost, reconnecting…');
}

function describeTrust({ authenticated }) {
  if (!authenticated) {
    return 'This code had no letters: whoever runs the server could read along without being noticed.';
  }
  return isSecureContext ? 'Confirmed by the code: only this display reads what you send.'
    : 'Confirmed by the code. But this page came over an address without https, so somebody on the way could have changed it.';
}

async function connect(event) {
  event?.preventDefault();
  const code = scanned || $('code').value;
  scanned = '';
  $('connect').disabled = true;
  showPairError('');
  setStatus('connecting', 'Connecting…');
  try {
    session = await pair(code, {
      relay: new URL('.', location.href).href,
      name: 'Browser',
      // What is typed is what the screen shows: a display that does without letters shows nine digits.
      plain: isPlainCode(code),
      onPaired: () => setStatus('connecting', 'Display found, connecting…'),
    });
  } catch (error) {
    $('connect').disabled = false;
    setStatus('failed', 'Not connected');
    showPairError(error.message);
    $('code').focus();
    $('code').select();
    return;
  }
  const name = session.display.name || 'the display';
  session.addEventListener('close', ({ detail }) => onClosed(detail));
  session.addEventListener('message', ({ data }) => {
    log(name, typeof data === 'string' ? data : `${bytes(data.byteLength)} of binary data`, false);
  });
  session.addEventListener('event', ({ detail }) => {
    if (detail.type === 'chat:message') log(name, detail.data.text, false);
  });
  session.addEventListener('state', ({ detail }) => showState(detail.state, name));
  $('pair').hidden = true;
  $('code').value = '';
  $('log').replaceChildren();
  $('files').replaceChildren();
  $('session').hidden = false;
  setStatus('connected', `Connected to ${name}`);
  $('trust').textContent = describeTrust(session.peer);
  $('path').textContent = (await session.path()) === 'direct'
    ? 'Direct connection. Messages and files do not pass through the server.'
    : 'Relayed connection. Messages stay encrypted between you and the display.';
  $('message').focus();
}

function sendMessage(event) {
  event.preventDefault();
  const text = $('message').value;
  try {
    session.send(text);
  } catch (error) {
    log(error.code === 'buffer_full' ? 'Not sent: too much is waiting' : 'Not sent', text, true);
    return;
  }
  log('You', text, true);
  $('message').value = '';
}

async function sendOne(file) {
  const item = document.createElement('li');
  const title = document.createElement('span');
  title.textContent = file.name;
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
  for (const file of files) {
    if (!session) return;
    await sendOne(file);
  }
}

$('pair').addEventListener('submit', connect);
$('message-form').addEventListener('submit', sendMessage);
$('file').addEventListener('change', sendFiles);
$('disconnect').addEventListener('click', () => session?.close());

// An address may carry a code: that of a QR code with its secret, or digits. It leaves the address bar, and with it
// the history, at once.
function takeLinked() {
  const linked = location.hash;
  if (linked === '') return;
  history.replaceState(null, '', location.pathname + location.search);
  if (linked.startsWith('#pair=')) {
    session?.close();
    scanned = linked;
    if (!$('connect').disabled) connect();
  } else if (/^#[0-9A-Za-z .-]{4,24}$/.test(linked)) {
    $('code').value = linked.slice(1);
  }
}
addEventListener('hashchange', takeLinked);
// The display hears that nobody is here any more.
addEventListener('pagehide', () => session?.leave());
takeLinked();
