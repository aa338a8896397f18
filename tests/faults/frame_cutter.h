// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FrameCutter: cuts what a session lives on at a frame: right before or right behind the n-th one
// that this end sends or receives, of one kind or of any, on the links that there are or on later
// ones (so also in the middle of a reconnect). Three kinds of cut:
//
//   links   no frame passes any more, either way, and the links are lost from the loop's next frame
//   silent  the same, and the other end is not told: it has to notice
//   path    the links live and nothing arrives, for so long (datagram_gate.h); "before" closes at
//           once, so that what is still on its way out in this turn of the loop goes with it
//
// It decides and counts; its owner does. Loop thread only.
#ifndef PAIRWIRE_TESTS_FAULTS_FRAME_CUTTER_H_
#define PAIRWIRE_TESTS_FAULTS_FRAME_CUTTER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peer/session/link_watch.h"

namespace pairwire::faults {

enum class CutKind { kLinks, kSilent, kPath };

struct CutPlan {
  LinkWatch::Way way = LinkWatch::Way::kSent;
  bool after = false;
  std::uint64_t nth = 1;     // from 1; counted from when the plan is made
  std::uint8_t kind = 0;     // a FrameType; 0: any
  bool later_links = false;  // count on links that are newer than any frame before that
  CutKind how = CutKind::kLinks;
  std::chrono::milliseconds time{};  // of a path
};
// "sent|received before|after N KIND now|later links|silent|path MILLISECONDS"; empty: it is none.
std::optional<CutPlan> ParseCutPlan(const std::string& words);
std::string ToString(const CutPlan& plan);

class FrameCutter {
 public:
  using Cut = std::function<void(const CutPlan&, std::uint8_t kind)>;

  // `cut` may be called from inside the session, so it only posts; but for a path that is cut
  // before a frame.
  explicit FrameCutter(Cut cut) : cut_(std::move(cut)) {}

  void Add(const CutPlan& plan) { open_.push_back({plan, 0, newest_}); }
  void Clear() { open_.clear(); }
  // Whether the frame passes.
  bool OnFrame(delivery::LinkId link, LinkWatch::Way way, ByteSpan frame);
  // The links are lost: what comes is of new ones.
  void LinksAreGone() { dead_ = false; }

 private:
  struct Open {
    CutPlan plan;
    std::uint64_t seen = 0;
    delivery::LinkId newest_before = 0;
  };

  const Cut cut_;
  std::vector<Open> open_;
  delivery::LinkId newest_ = 0;  // that a frame was of
  bool dead_ = false;
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_FRAME_CUTTER_H_
