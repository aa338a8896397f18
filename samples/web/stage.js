// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a display page shows of what it gets: the last text, picture or frame, large; files below it. All of it came
// from outside, so it is shown as text or as a picture, never as markup.

import { parseEvent } from './events.js';
import { PresentationQueue } from './session/presentation-queue.js';

// What the browser draws by itself without running anything of it; SVG would be markup.
const PICTURES = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif' };
const MAX_FILES_LISTED = 20;
const MAX_TEXT_SHOWN = 16 * 1024;

export class Stage {
  #text;
  #picture;
  #canvas;
  #files;
  #pictureUrl = '';
  #fileUrls = [];
  #frame = null;
  #drawing = 0;
  #queue = new PresentationQueue();
  #clock = () => null;
  #shown = () => {};

  /** @param {{text: HTMLElement, picture: HTMLImageElement, canvas: HTMLCanvasElement, files: HTMLElement}} parts */
  constructor({ text, picture, canvas, files }) {
    this.#text = text;
    this.#picture = picture;
    this.#canvas = canvas;
    this.#files = files;
  }

  clear() {
    this.#queue.clear();
    this.#clock = () => null;
    this.#shown = () => {};
    this.#only(null);
    for (const url of this.#fileUrls.splice(0)) URL.revokeObjectURL(url);
    this.#files.replaceChildren();
  }

  /**
   * Frames with a time wait for it.
   * @param {() => number | null} clock the controller's, in microseconds; null: not known
   * @param {(frame: number, at: number) => void} [shown] a frame that had a time is on the screen, and the clock says when
   */
  follow(clock, shown = () => {}) {
    this.#clock = clock;
    this.#shown = shown;
  }

  /** Of the frames that had a time: shown, late, dropped, worstLateUs. */
  get presented() {
    return this.#queue.stats;
  }

  /** A message: a typed event that this page knows, else text as it is. @param {string} text */
  showMessage(text) {
    let event = null;
    try {
      event = text.startsWith('{') ? parseEvent(text) : null;
    } catch {
      // Text that only looks like one.
    }
    if (event) this.showEvent(event);
    else this.showText(text);
  }

  /** @param {{type: string, data: object}} event checked */
  showEvent({ type, data }) {
    if (type === 'animation:frame') this.#showFrame(data);
    else if (type === 'chat:message') this.showText(data.text);
    else if (type === 'content:show' && data.text !== undefined) this.showText(data.text);
    else if (type === 'content:clear' || type === 'animation:stop') this.#only(null);
  }

  showText(text) {
    this.#only(this.#text);
    this.#text.textContent = text.slice(0, MAX_TEXT_SHOWN);
    this.#text.dataset.long = String(text.length > 80);
  }

  /** @param {{name: string, blob: Blob, sha256: string}} file whole */
  showFile({ name, blob, sha256 }) {
    const type = PICTURES[name.split('.').at(-1).toLowerCase()];
    if (type) this.#showPicture(name, blob.slice(0, blob.size, type));
    const url = URL.createObjectURL(blob.slice(0, blob.size, 'application/octet-stream'));
    this.#fileUrls.push(url);
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.textContent = name;
    const item = document.createElement('li');
    item.dataset.sha256 = sha256;
    item.append(link, ` ${blob.size.toLocaleString('en')} bytes`);
    this.#files.prepend(item);
    while (this.#files.children.length > MAX_FILES_LISTED) {
      this.#files.lastElementChild.remove();
      URL.revokeObjectURL(this.#fileUrls.shift());
    }
  }

  #showPicture(name, blob) {
    this.#only(this.#picture);
    this.#pictureUrl = URL.createObjectURL(blob);
    this.#picture.src = this.#pictureUrl;
    this.#picture.alt = name;
  }

  #showFrame(frame) {
    const at = frame.presentAt === undefined ? null : this.#clock();
    if (at === null) {
      this.#frame = frame;
    } else {
      try {
        this.#queue.push(frame, frame.presentAt, at);
      } catch {
        return; // Too many, or too far ahead: counted.
      }
    }
    this.#soon();
  }

  // At most one a repaint: what came between two of them was never to be seen.
  #soon() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      const at = this.#clock();
      for (let due; at !== null && (due = this.#queue.take(at));) this.#frame = due.id;
      const frame = this.#frame;
      this.#frame = null;
      if (frame) {
        this.#draw(frame);
        const drawn = frame.presentAt === undefined ? null : this.#clock();
        if (drawn !== null && drawn >= 0) this.#shown(frame.frame, Math.round(drawn));
      }
      if (this.#queue.size > 0) this.#soon();
    });
  }

  #draw({ frame, animation, progress = 0, values = [] }) {
    const canvas = this.#canvas;
    this.#only(canvas);
    canvas.dataset.frame = String(frame);
    canvas.setAttribute('aria-label', `Animation ${animation ?? ''}, frame ${frame}`);
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    const context = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    context.fillStyle = style.color;
    context.fillRect(0, canvas.height - 8 * devicePixelRatio, canvas.width * progress, 8 * devicePixelRatio);
    const largest = Math.max(1e-9, ...values.map(Math.abs));
    const width = canvas.width / Math.max(values.length, 1);
    values.forEach((value, i) => {
      const height = (Math.abs(value) / largest) * (canvas.height * 0.9);
      context.fillRect(i * width, canvas.height * 0.95 - height, width * 0.8, height);
    });
  }

  #only(part) {
    if (part !== this.#canvas) {
      this.#frame = null;
      this.#queue.clear();
    }
    if (this.#pictureUrl !== '') URL.revokeObjectURL(this.#pictureUrl);
    this.#pictureUrl = '';
    this.#picture.removeAttribute('src');
    for (const each of [this.#text, this.#picture, this.#canvas]) each.hidden = each !== part;
  }
}
