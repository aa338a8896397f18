// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ClockEstimate: what the other end's clock shows, from the times of pings and their answers. All
// times are microseconds of monotonic clocks. Not here: when to ping, and whose clock counts.
//
// Each sample bounds the offset from both sides: their clock is ahead by at most what it showed
// when the ping arrived, and by at least what it showed when the answer left. The estimate is the
// middle between the tightest bounds of the last minute, so one fast ping in each direction is
// enough, and jitter and queues only make other samples useless. Bounds get wider with their age,
// by what the drift may be off. A path whose two ways always take differently long cannot be told
// from an offset by anybody; `error_us` holds it.
//
// Drift is the slope through the faster half of the samples, once they span half a minute. A sample
// that contradicts older ones beyond any drift means that a clock was set: the older ones go.
#ifndef PAIRWIRE_PEER_SYNC_CLOCK_ESTIMATE_H_
#define PAIRWIRE_PEER_SYNC_CLOCK_ESTIMATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace pairwire::sync {

// One ping: sent at t0 of our clock, read at t1 and answered at t2 of theirs, read at t3 of ours.
// t0 is what we remember of the ping, not what the answer says.
struct ClockSample {
  std::int64_t t0 = 0;
  std::int64_t t1 = 0;
  std::int64_t t2 = 0;
  std::int64_t t3 = 0;
};

// Theirs = ours + offset.
struct SharedClock {
  std::int64_t offset_us = 0;
  // The true offset is not further away, unless a clock changed its speed.
  std::int64_t error_us = 0;
  // How much faster theirs runs, in parts per million.
  double drift_ppm = 0;
};

class ClockEstimate {
 public:
  static constexpr std::int64_t kWindowUs = 60'000'000;
  // What comes more often than twice a second makes older samples go before their time.
  static constexpr std::size_t kMaxSamples = 160;
  static constexpr std::int64_t kDriftSpanUs = 30'000'000;
  // Beyond this somebody adjusts his clock, or lies.
  static constexpr double kMaxDriftPpm = 500;
  // How far crystals of ordinary machines are off, and a drift estimated from a minute of samples.
  static constexpr double kUnknownDriftPpm = 100;
  static constexpr double kKnownDriftPpm = 20;
  // A ping that took longer says nothing worth keeping.
  static constexpr std::int64_t kMaxRoundTripUs = 5'000'000;
  // No clock shows more (36,000 years): sums and differences of times always fit.
  static constexpr std::int64_t kMaxTimeUs = std::int64_t{1} << 60;

  // False, and nothing changes, when the times are impossible: negative, too large, backwards, or a
  // round trip out of range. Times may be anything that the other end writes.
  bool Add(const ClockSample& sample);

  // The offset at this time of ours; none before the first sample. Good for times near the samples:
  // the error grows by what the drift may be off.
  std::optional<SharedClock> At(std::int64_t local_us) const;

  // Of the fastest recent ping; none before the first.
  std::optional<std::int64_t> round_trip_us() const;

  std::size_t samples() const { return points_.size(); }

  void Reset();

 private:
  // Relative to base_, so that doubles hold them exactly enough.
  struct Point {
    double at = 0;     // our clock, in the middle between t0 and t3
    double upper = 0;  // the offset is at most this
    double lower = 0;  // and at least this
    double middle() const { return (upper + lower) / 2; }
    double width() const { return upper - lower; }
  };
  struct Bounds {
    double upper = 0;
    double lower = 0;
  };

  bool ContradictsOlder(const Point& point) const;
  void EstimateDrift();
  Bounds BoundsAt(double at) const;

  std::int64_t base_us_ = 0;      // our clock at the first sample
  std::int64_t base_offset_ = 0;  // the first sample's middle
  std::deque<Point> points_;
  bool drift_known_ = false;
  double drift_ = 0;  // their seconds a second of ours, less one
};

}  // namespace pairwire::sync

#endif  // PAIRWIRE_PEER_SYNC_CLOCK_ESTIMATE_H_
