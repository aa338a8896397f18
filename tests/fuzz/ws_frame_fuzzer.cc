// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever a client sends after its upgrade. The first byte says how the rest is cut; cut in
// another way the same must come out, nothing larger than the bound, and no text that is not UTF-8.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "signaling/net/ws_frame.h"

namespace {

using pairwire::net::Utf8Checker;
using pairwire::net::WsDecoder;
using Kind = WsDecoder::Event::Kind;

// Small, so that the bound is met.
constexpr std::size_t kMaxMessage = 1000;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  Kind kind;
  std::uint16_t code;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> Decode(const std::string& bytes, std::size_t piece) {
  WsDecoder decoder(kMaxMessage);
  std::vector<Seen> all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string part = bytes.substr(at, piece);
    std::span<char> rest(part);
    while (true) {
      const WsDecoder::Event event = decoder.Next(rest);
      if (event.kind == Kind::kNeedMore) break;
      Require(event.payload.size() <= kMaxMessage);
      Utf8Checker utf8;
      if (event.kind == Kind::kText) Require(utf8.Add(event.payload) && utf8.IsWhole());
      all.push_back({event.kind, event.code, std::string(event.payload)});
    }
    Require(rest.empty());
    Require(decoder.held_bytes() <= 4 * kMaxMessage);
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<Seen> whole = Decode(bytes, bytes.size() + 1);
  Require(Decode(bytes, std::max<std::size_t>(1, data[0])) == whole);
  Require(Decode(bytes, 1) == whole);
  return 0;
}
