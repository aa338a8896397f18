// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/ice_transport.h"

namespace pairwire::ice {

std::string_view ToString(State state) {
  switch (state) {
    case State::kNew:
      return "new";
    case State::kChecking:
      return "checking";
    case State::kConnected:
      return "connected";
    case State::kCompleted:
      return "completed";
    case State::kFailed:
      return "failed";
    case State::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace pairwire::ice
