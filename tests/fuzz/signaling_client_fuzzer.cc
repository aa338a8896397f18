// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The signaling client's parsers of what a relay or the other end sends: server-sent events,
// addresses, SDP and candidate data. The first byte says where the event stream is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "signaling/client/relay_url.h"
#include "signaling/client/sse_parser.h"
#include "signaling/client/webrtc_signal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  // Cut in two or whole, the events are the same.
  SseParser whole;
  SseParser cut;
  const auto all = whole.Feed(text);
  const std::size_t at = text.empty() ? 0 : data[0] % text.size();
  auto first = cut.Feed(text.substr(0, at));
  auto second = cut.Feed(text.substr(at));
  if (all) {
    if (!first || !second) std::abort();
    for (auto& event : *second) first->push_back(event);
    if (*first != *all) std::abort();
  }

  static_cast<void>(ParseRelayUrl(text));
  const auto resolved = ResolveRelayReference({true, "relay", 443, "/p"}, text);
  if (resolved && !resolved->relay.tls) std::abort();
  static_cast<void>(ParseSdpData({std::string(text)}));
  static_cast<void>(ParseBoxData({std::string(text)}));
  static_cast<void>(ParseFeatureList({std::string(text)}));
  static_cast<void>(ParseHello({std::string(text)}));
  static_cast<void>(IsPlainHello({std::string(text)}));
  static_cast<void>(IsFailedData({std::string(text)}));
  static_cast<void>(ParseCandidateData({std::string(text)}));
  return 0;
}
