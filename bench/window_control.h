// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WindowControl: congestion windows decided outside usrsctp, for the study of lossy paths. usrsctp
// still sends, retransmits and counts; its own window is replaced by one of these whenever it
// changed it (SCTP_PLUGGABLE_CC with an initial window sets it to any value at any time).
//
// Pure: gets what SACKs said and the time, gives a window in packets.
#ifndef PAIRWIRE_BENCH_WINDOW_CONTROL_H_
#define PAIRWIRE_BENCH_WINDOW_CONTROL_H_

#include <cstdint>
#include <deque>
#include <utility>

namespace pairwire::bench {

enum class Control {
  kNone,   // usrsctp's own
  kCubic,  // RFC 9438
  // Window from a model of the path, as BBR's: the greatest rate of delivery of the last ten rounds
  // times the least round trip. Loss below a threshold does not matter, above it the model shrinks.
  kModel,
};

class WindowControl {
 public:
  explicit WindowControl(Control control, double loss_threshold)
      : control_(control), loss_threshold_(loss_threshold) {}

  // `delivered`: packets that arrived so far, by cumulative and gap reports; `rtt` in seconds, 0
  // when it is not known yet; `lost`: packets reported missing so far.
  void OnSack(double now, double delivered, double lost, double rtt);
  // usrsctp cut its own window: once for each window of data with loss.
  void OnCut(double now);

  double window() const { return window_; }

 private:
  void Grow(double now, double acknowledged, double rtt);
  void EndRound(double now, double delivered, double lost);

  const Control control_;
  const double loss_threshold_;
  double window_ = 16;
  double delivered_ = 0;
  double slow_start_until_ = 1e9;

  // CUBIC.
  double largest_ = 0;
  double cut_at_ = 0;
  double friendly_ = 0;

  // Model.
  double least_rtt_ = 1e9;
  double round_start_ = 0;
  double round_delivered_ = 0;
  double round_lost_ = 0;
  std::uint64_t round_ = 0;
  std::deque<std::pair<std::uint64_t, double>> rates_;  // falling
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_WINDOW_CONTROL_H_
