// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the other end's clock shows, from the times of pings and their answers:
// peer/sync/clock_estimate.h in JavaScript; how and why is said there. Times are microseconds of
// monotonic clocks. Not here: when to ping, and whose clock counts.

export const WINDOW_US = 60_000_000;
export const MAX_SAMPLES = 160;
export const DRIFT_SPAN_US = 30_000_000;
export const MAX_DRIFT_PPM = 500;
export const UNKNOWN_DRIFT_PPM = 100;
export const KNOWN_DRIFT_PPM = 20;
export const MAX_ROUND_TRIP_US = 5_000_000;
/** No clock shows more (142 years): sums and differences of two times stay exact. */
export const MAX_TIME_US = 2 ** 52;

const MIN_DRIFT_POINTS = 8;
const fromPpm = (ppm) => ppm * 1e-6;
const isTime = (us) => Number.isFinite(us) && us >= 0 && us <= MAX_TIME_US;
const middle = (point) => (point.upper + point.lower) / 2;
const width = (point) => point.upper - point.lower;

function isPossible({ t0, t1, t2, t3 }) {
  if (![t0, t1, t2, t3].every(isTime) || t2 < t1 || t3 < t0) return false;
  return t3 - t0 - (t2 - t1) >= 0 && t3 - t0 <= MAX_ROUND_TRIP_US;
}

export class ClockEstimate {
  #base = 0; // our clock at the first sample
  #baseOffset = 0; // the first sample's middle
  #points = []; // {at, upper, lower}, relative to those two
  #driftKnown = false;
  #drift = 0; // their seconds a second of ours, less one

  get samples() { return this.#points.length; }

  /**
   * One ping: sent at t0 of our clock, read at t1 and answered at t2 of theirs, read at t3 of ours. t0 is
   * what we remember, not what the answer says. False, and nothing changes, when the times are impossible.
   * @param {{t0: number, t1: number, t2: number, t3: number}} sample
   */
  add(sample) {
    if (!isPossible(sample)) return false;
    const upper = sample.t1 - sample.t0;
    const lower = sample.t2 - sample.t3;
    if (this.#points.length === 0) {
      this.#base = sample.t0;
      this.#baseOffset = lower + Math.trunc((upper - lower) / 2);
    }
    const point = {
      at: sample.t0 - this.#base + (sample.t3 - sample.t0) / 2, upper: upper - this.#baseOffset, lower: lower - this.#baseOffset,
    };
    if (this.#contradictsOlder(point)) {
      this.reset();
      return this.add(sample);
    }
    this.#points.push(point);
    while (this.#points.length > MAX_SAMPLES || point.at - this.#points[0].at > WINDOW_US) this.#points.shift();
    this.#estimateDrift();
    return true;
  }

  #contradictsOlder(point) {
    return this.#points.some((older) => {
      const drifted = Math.abs(point.at - older.at) * fromPpm(MAX_DRIFT_PPM);
      return point.lower > older.upper + drifted || point.upper < older.lower - drifted;
    });
  }

  // Least squares. The slower half says more about queues than about clocks.
  #estimateDrift() {
    if (this.#points.at(-1).at - this.#points[0].at < DRIFT_SPAN_US) return;
    const fastest = [...this.#points].sort((a, b) => width(a) - width(b)).slice(0, Math.floor((this.#points.length + 1) / 2));
    const count = fastest.length;
    if (count < MIN_DRIFT_POINTS) return;
    const meanAt = fastest.reduce((sum, point) => sum + point.at / count, 0);
    const meanMiddle = fastest.reduce((sum, point) => sum + middle(point) / count, 0);
    let spread = 0;
    let slope = 0;
    for (const point of fastest) {
      spread += (point.at - meanAt) ** 2;
      slope += (point.at - meanAt) * (middle(point) - meanMiddle);
    }
    // The fast ones may all be of one moment.
    const least = DRIFT_SPAN_US / 4;
    if (spread / count < (least * least) / 4) return;
    const most = fromPpm(MAX_DRIFT_PPM);
    this.#drift = Math.min(Math.max(slope / spread, -most), most);
    this.#driftKnown = true;
  }

  /**
   * theirs = ours + offset, at this time of ours; null before the first sample.
   * @returns {{offsetUs: number, errorUs: number, driftPpm: number} | null} the true offset is not further away than
   *     errorUs, unless a clock changed its speed
   */
  at(localUs) {
    if (this.#points.length === 0 || !isTime(localUs)) return null;
    const unknown = fromPpm(this.#driftKnown ? KNOWN_DRIFT_PPM : UNKNOWN_DRIFT_PPM);
    let upper = Infinity;
    let lower = -Infinity;
    for (const point of this.#points) {
      const age = localUs - this.#base - point.at;
      const moved = this.#drift * age;
      const wider = unknown * Math.abs(age);
      upper = Math.min(upper, point.upper + moved + wider);
      lower = Math.max(lower, point.lower + moved - wider);
    }
    return {
      offsetUs: this.#baseOffset + Math.round((upper + lower) / 2),
      // Negative when the drift is more than it may be: then the middle is off by as much.
      errorUs: Math.round(Math.abs(upper - lower) / 2),
      driftPpm: this.#drift * 1e6,
    };
  }

  /** Of the fastest recent ping, or null. */
  get roundTripUs() {
    return this.#points.length === 0 ? null : Math.round(Math.min(...this.#points.map(width)));
  }

  reset() {
    this.#points = [];
    this.#driftKnown = false;
    this.#drift = 0;
  }
}
