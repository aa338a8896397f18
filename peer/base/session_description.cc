// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include <pairwire/session_description.h>

namespace pairwire {

std::string_view ToString(SdpType type) {
  switch (type) {
    case SdpType::kOffer:
      return "offer";
    case SdpType::kPranswer:
      return "pranswer";
    case SdpType::kAnswer:
      return "answer";
    case SdpType::kRollback:
      return "rollback";
  }
  return "unknown";  // Not an enumerator: somebody cast a number.
}

}  // namespace pairwire
