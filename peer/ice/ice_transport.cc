// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/ice_transport.h"

#include <array>
#include <cstddef>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::ice {
namespace {

constexpr std::size_t kUfragSize = 8;
constexpr std::size_t kPasswordSize = 24;

std::string RandomIceChars(RandomSource& random, std::size_t size) {
  constexpr std::string_view kIceChars =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 32> bytes{};
  PAIRWIRE_CHECK(size <= bytes.size());
  random.Fill(bytes);
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += kIceChars[bytes[i] % kIceChars.size()];
  return text;
}

}  // namespace

Credentials MakeCredentials(RandomSource& random) {
  std::string ufrag = RandomIceChars(random, kUfragSize);
  return {std::move(ufrag), RandomIceChars(random, kPasswordSize)};
}

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
    case State::kDisconnected:
      return "disconnected";
    case State::kFailed:
      return "failed";
    case State::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace pairwire::ice
