// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The remembered pairings as a visitor sees them, on either page: names and dates, with a button for each thing that
// can be done. Not here: what the buttons do.

const date = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: 'medium' });

export class KnownList {
  #store;
  #options;
  #busy = false;
  #refreshing = Promise.resolve();

  /**
   * @param {import('./session/pairing-store.js').PairingStore} store
   * @param {object} options
   * @param {'display' | 'controller'} options.role what this end is in them
   * @param {HTMLElement} options.section hidden while there are none @param {HTMLElement} options.list
   * @param {string} options.nameless what to call one that gave no name
   * @param {{name: string, text: string, run: (pairing: object) => void}[]} options.actions `name`: of the button's data-action
   */
  constructor(store, options) {
    this.#store = store;
    this.#options = options;
    store.watch(() => this.refresh());
  }

  /** @returns {Promise<boolean>} false: this browser keeps nothing */
  refresh() {
    // The last one to be asked for is the last one to be shown.
    this.#refreshing = this.#refreshing.then(async () => {
      try {
        this.#show((await this.#store.list()).filter(({ role }) => role === this.#options.role));
        return true;
      } catch {
        return false;
      }
    });
    return this.#refreshing;
  }

  /** While something is under way nothing else can be begun. @param {boolean} busy */
  set busy(busy) {
    this.#busy = busy;
    for (const button of this.#options.list.querySelectorAll('button')) button.disabled = busy;
  }

  #show(pairings) {
    const { section, list } = this.#options;
    section.hidden = pairings.length === 0;
    list.replaceChildren(...pairings.map((pairing) => this.#item(pairing)));
    this.busy = this.#busy;
  }

  #item(pairing) {
    const { actions, nameless } = this.#options;
    const item = document.createElement('li');
    item.dataset.pairing = pairing.id;
    const name = document.createElement('strong');
    name.textContent = pairing.name || nameless;
    const when = document.createElement('span');
    when.className = 'detail';
    when.textContent = `Since ${date(pairing.made)}, last used ${date(pairing.lastUsed)}`;
    const buttons = document.createElement('span');
    buttons.className = 'row';
    for (const { name: action, text, run } of actions) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'small';
      button.dataset.action = action;
      button.textContent = text;
      button.setAttribute('aria-label', `${text}: ${name.textContent}`);
      button.addEventListener('click', () => run(pairing));
      buttons.append(button);
    }
    item.append(name, when, buttons);
    return item;
  }
}
