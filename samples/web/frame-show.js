// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Frames at a steady rate to all displays of a group, each with a moment of its own; then how far apart the displays say
// they showed them, by this page's clock as each of them knows it: `pairwire-controller present` in JavaScript. Time is
// handed in. Not here: what chooses the moments (session/group.js).

/** Before the first frame: the clocks are being measured. */
export const WARM_UP_MS = 1_000;
/** What a display may take to say what it showed last. */
export const LAST_REPORTS_MS = 2_000;

const SHOWN = /^shown ([0-9]{1,15})$/;

export class FrameShow {
  #group;
  #interval;
  #count;
  #timing;
  #last = 0; // the number of the newest
  #frames = new Map(); // reports, first, last by number; bounded by the rate and the time
  #finish;
  #stopTimer = () => {};

  /** Resolves once, when it is over or stopped. @type {Promise<ReturnType<FrameShow['summary']>>} */
  over;

  /**
   * @param {{present: (frame: object) => number, members: object[]}} group
   * @param {{fps?: number, seconds?: number}} options
   * @param {{now: () => number, after: (ms: number, work: () => void) => (() => void)}} timing milliseconds
   */
  constructor(group, { fps = 25, seconds = 10 }, timing) {
    this.#group = group;
    this.#interval = 1000 / fps;
    this.#count = fps * seconds;
    this.#timing = timing;
    this.over = new Promise((resolve) => { this.#finish = resolve; });
    const start = timing.now() + WARM_UP_MS;
    this.#stopTimer = timing.after(WARM_UP_MS, () => this.#beat(start));
  }

  // A beat that this page missed is left out: frames for one moment would be one frame.
  #beat(start) {
    const number = Math.floor((this.#timing.now() - start) / this.#interval + 1e-6) + 1;
    if (number > this.#count) {
      this.#stopTimer = this.#timing.after(LAST_REPORTS_MS, () => this.stop());
      return;
    }
    if (number > this.#last) {
      this.#last = number;
      this.#frames.set(number, { reports: 0, first: Infinity, last: 0 });
      this.#group.present({ frame: number, animation: 'present', progress: number / this.#count });
    }
    const next = start + this.#last * this.#interval;
    this.#stopTimer = this.#timing.after(Math.max(0, next - this.#timing.now()), () => this.#beat(start));
  }

  /** A display says when it showed one of them; anything else is none of it. @param {{mark: string, at: number}} mark of sync:mark */
  onMark({ mark, at }) {
    const frame = this.#frames.get(Number(SHOWN.exec(mark)?.[1] ?? 0));
    if (!frame) return;
    frame.reports += 1;
    frame.first = Math.min(frame.first, at);
    frame.last = Math.max(frame.last, at);
  }

  stop() {
    this.#stopTimer();
    this.#finish(this.summary());
  }

  /** `compared` frames were reported by two displays or more; spreads are from the first display to the last, in microseconds. */
  summary() {
    const frames = [...this.#frames.values()];
    const spreads = frames.filter(({ reports }) => reports > 1).map(({ first, last }) => last - first).sort((a, b) => a - b);
    const at = (percent) => spreads[Math.floor(((spreads.length - 1) * percent) / 100)] ?? 0;
    return {
      frames: frames.length, displays: this.#group.members.length, reports: frames.reduce((sum, { reports }) => sum + reports, 0),
      compared: spreads.length, spreadP50Us: at(50), spreadP99Us: at(99), spreadMaxUs: at(100),
    };
  }
}
