// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The displays that the controller page is connected to, each with its state and what can be done with it alone. Not
// here: what is sent to them (app.js).

const STATES = {
  connected: 'Connected',
  recovering: 'Connection lost, reconnecting…',
  reconnecting: 'Connection lost, reconnecting…',
  closing: 'Disconnecting…',
};

function describeTrust({ authenticated }, remembered) {
  if (!authenticated) {
    return 'This code had no letters: whoever runs the server could read along without being noticed.';
  }
  const how = remembered ? 'Remembered' : 'Confirmed by the code';
  return isSecureContext ? `${how}: only this display reads what you send.`
    : `${how}. But this page came over an address without https, so somebody on the way could have changed it.`;
}

const OVER_RELAY = 'No direct connection was found so far: messages go through the server, still encrypted, so that only this display reads ' +
  'them. Files wait for a direct connection.';

const describePath = (path) => (path === 'direct'
  ? 'Direct connection. Messages and files do not pass through the server.'
  : 'Relayed connection. Messages stay encrypted between you and the display.');

function part(tag, className, text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

/** One display's item in the list. */
export class DisplayCard {
  #session;
  #name;
  #state = part('span', 'state');
  #memory = part('span', 'detail memory');
  #button = part('button', 'small', '');
  #lagging = false;
  #overRelay = false; // as the visitor was told last
  #onNews;

  /** @param {object} session of pair() or pairAgain() @param {string} name @param {(text: string) => void} onNews words for the visitor */
  constructor(session, name, onNews) {
    this.#onNews = onNews;
    this.#session = session;
    this.#name = name;
    this.element = part('li');
    this.trust = describeTrust(session.peer, (session.pairingId ?? '') !== '');
    const leave = part('button', 'small', 'Disconnect');
    leave.dataset.action = 'disconnect';
    for (const button of [this.#button, leave]) button.type = 'button';
    leave.setAttribute('aria-label', `Disconnect: ${name}`);
    leave.addEventListener('click', () => session.close());
    this.#button.addEventListener('click', () => this.#rememberOrForget());
    const buttons = part('span', 'row');
    buttons.append(this.#button, leave);
    this.element.append(part('strong', '', name), this.#state, this.#memory, buttons);
    for (const type of ['state', 'remembered']) session.addEventListener(type, () => this.show());
    session.addEventListener('path', () => this.#onPath());
    this.#onPath();
  }

  // The server carries it from now on, or there is a direct connection again.
  #onPath() {
    this.show();
    const overRelay = this.#session.overRelay ?? false;
    if (overRelay === this.#overRelay) return;
    this.#overRelay = overRelay;
    this.#onNews(overRelay ? OVER_RELAY : 'Connected directly again: messages and files do not pass through the server any more.');
  }

  get name() {
    return this.#name;
  }

  get connected() {
    return (this.#session.state ?? 'connected') === 'connected';
  }

  /** It does not keep up: messages pass it over. */
  set lagging(lagging) {
    this.#lagging = lagging;
    this.show();
  }

  /** @returns {Promise<string>} */
  async path() {
    if (this.#session.overRelay) return OVER_RELAY;
    return describePath(await this.#session.path());
  }

  show() {
    const state = this.#session.state ?? 'connected';
    this.element.dataset.state = this.#lagging ? 'lagging' : state;
    const carried = state === 'connected' && this.#session.overRelay;
    this.element.dataset.path = carried ? 'relay' : 'direct';
    const words = carried ? 'Connected through the server, still encrypted' : STATES[state] ?? '';
    this.#state.textContent = this.#lagging ? 'It does not keep up: what you send now does not reach it' : words;
    const remembered = this.#session.remembered ?? 'impossible';
    this.element.dataset.remembered = remembered;
    this.#button.hidden = remembered === 'impossible' || remembered === 'asked';
    const text = remembered === 'yes' ? 'Forget' : 'Remember';
    this.#button.dataset.action = text.toLowerCase();
    this.#button.textContent = text;
    this.#button.setAttribute('aria-label', `${text}: ${this.#name}`);
    this.#memory.textContent = { yes: 'Remembered: next time you need no code.', asked: 'This display has not agreed to be remembered.' }[remembered] ?? '';
  }

  async #rememberOrForget() {
    try {
      if (this.#session.remembered === 'yes') await this.#session.forget();
      else this.#session.remember();
    } catch {
      this.#onNews(`This browser could not forget ${this.#name}.`);
    }
    this.show();
  }
}
