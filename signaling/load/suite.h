// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The suite: the seven scenarios of row H5. Each is a function that makes checks; what is checked
// and what came of it is counted, so that the result is a percentage and a list of what went wrong.
#ifndef PAIRWIRE_SIGNALING_LOAD_SUITE_H_
#define PAIRWIRE_SIGNALING_LOAD_SUITE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "signaling/load/report.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

class Checks {
 public:
  // `what` says what should hold: "an offer without data is refused". Returns `holds`.
  bool Expect(bool holds, std::string_view what);
  // Very many of one kind at once: `succeeded` of `count`.
  void Count(std::size_t count, std::size_t succeeded, std::string_view what);
  // A figure that stands beside the scenario's name.
  void Note(std::string note);

  std::size_t made() const { return made_; }
  std::size_t passed() const { return passed_; }
  // The first of them; all of them would be the same over and over.
  const std::vector<std::string>& failures() const { return failures_; }
  const std::string& note() const { return note_; }

 private:
  static constexpr std::size_t kMaxFailures = 20;

  std::size_t made_ = 0;
  std::size_t passed_ = 0;
  std::vector<std::string> failures_;
  std::string note_;
};

void CheckTypes(Stage& stage, Checks& checks);         // suite_types.cc
void CheckSockets(Stage& stage, Checks& checks);       // suite_sockets.cc
void CheckHttpFallback(Stage& stage, Checks& checks);  // suite_http.cc
void CheckDisplaySync(Stage& stage, Checks& checks);   // suite_sync.cc
void CheckLatency(Stage& stage, Checks& checks);       // suite_sync.cc
void CheckReconnect(Stage& stage, Checks& checks);     // suite_reconnect.cc
void CheckUnderLoad(Stage& stage, Checks& checks);     // suite_load.cc

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_SUITE_H_
