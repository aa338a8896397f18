// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/store.h"

namespace pairwire::relay {

bool SameHash(const TokenHash& a, const TokenHash& b) {
  // Volatile, so that the compiler cannot stop at the first difference.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

std::string_view ToString(StoreError error) {
  switch (error) {
    case StoreError::kNotFound:
      return "not_found";
    case StoreError::kNoTarget:
      return "no_target";
    case StoreError::kNotAllowed:
      return "not_allowed";
    case StoreError::kFull:
      return "full";
    case StoreError::kUnavailable:
      return "unavailable";
  }
  return "unknown";
}

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kDisplay:
      return "display";
    case Role::kController:
      return "controller";
    case Role::kUser:
      return "user";
  }
  return "unknown";
}

}  // namespace pairwire::relay
