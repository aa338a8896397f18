// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the controller page does with all its displays together, besides messages: a note that stays on their screens, also
// on those that come later, and moving frames that all of them show at the same moments.

import { FrameShow } from './frame-show.js';
import { NOTE_KEY } from './page-note.js';

const timing = {
  now: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};
const ms = (us) => `${Math.max(1, Math.round(us / 1000))} ms`;

function describe({ frames, displays, reports, compared, spreadP50Us, spreadMaxUs }) {
  if (reports === 0) return `${frames} frames sent. No display said when it showed them.`;
  const shown = `${frames} frames, shown ${reports} times by ${displays} ${displays === 1 ? 'display' : 'displays'}.`;
  if (compared === 0) return shown;
  return `${shown} From the first display to the last: half of them within ${ms(spreadP50Us)}, all within ${ms(spreadMaxUs)}.`;
}

export class Together {
  #group = null;
  #parts;
  #show = null;

  /**
   * @param {{form: HTMLFormElement, note: HTMLInputElement, present: HTMLButtonElement, result: HTMLElement}} parts
   * @param {(text: string) => void} onProblem words for the visitor
   */
  constructor(parts, onProblem) {
    this.#parts = parts;
    parts.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#setNote(onProblem);
    });
    parts.present.addEventListener('click', () => this.#present());
  }

  /** @param {import('./session/group.js').Group} group */
  set group(group) {
    this.#group = group;
  }

  /** What a display said. @param {{type: string, data: object}} event */
  onEvent({ type, data }) {
    if (type === 'sync:mark') this.#show?.onMark(data);
  }

  /** The last display is gone. */
  stop() {
    this.#show?.stop();
    this.#parts.result.textContent = '';
  }

  #setNote(onProblem) {
    const text = this.#parts.note.value.trim();
    try {
      if (text === '') this.#group.clearState(NOTE_KEY);
      else this.#group.setState(NOTE_KEY, text);
    } catch (error) {
      onProblem(`The note could not be shown everywhere: ${error.message}`);
    }
  }

  async #present() {
    if (this.#show) return;
    const { present, result } = this.#parts;
    present.disabled = true;
    result.textContent = 'Showing frames…';
    this.#show = new FrameShow(this.#group, {}, timing);
    const summary = await this.#show.over;
    this.#show = null;
    present.disabled = false;
    result.dataset.summary = JSON.stringify(summary);
    result.textContent = describe(summary);
  }
}
