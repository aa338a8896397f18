// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A hostile other end and an application that calls in any order. The input is a list of steps,
// separated by the byte 1; a step's first letter says what it is, the rest is its text:
//   O P A R  remote offer, pranswer, answer, rollback      C  remote candidate
//   o p a r  our offer, pranswer, answer, rollback         c  local candidate      x  close
// A refused call must change nothing, and what we make we must take.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "peer/base/check.h"
#include "peer/connection/negotiation.h"
#include "peer/sdp/description.h"

namespace {

using namespace pairwire;  // NOLINT: a fuzz target is a main

auto Look(const Negotiation& us) {
  return std::tuple(us.state(), us.current_local_description(), us.pending_local_description(),
                    us.current_remote_description(), us.pending_remote_description(),
                    us.negotiation_needed());
}

void SetRemote(Negotiation& us, SdpType type, std::string_view text) {
  const auto before = Look(us);
  const auto applied = us.SetRemote({type, std::string(text)});
  if (!applied) {
    PAIRWIRE_CHECK(!applied.error().detail.empty());
    PAIRWIRE_CHECK(Look(us) == before);
    return;
  }
  PAIRWIRE_CHECK(applied->remote_candidates.size() <= RemoteCandidates::kMaxCandidates);
  const bool is_first = applied->remote && !applied->remote_is_restart;
  PAIRWIRE_CHECK(is_first == applied->dtls_client.has_value());
  PAIRWIRE_CHECK(!applied->gather);
}

void SetLocal(Negotiation& us, SdpType type, bool restart = false) {
  const bool is_offer = type == SdpType::kOffer;
  auto made = is_offer ? us.CreateOffer({.ice_restart = restart}) : us.CreateAnswer();
  if (!made) return;
  // An offer may be too long to be answered within the limits of SDP; nothing else may be wrong.
  const auto parsed = sdp::Parse(made->sdp);
  PAIRWIRE_CHECK(parsed || parsed.error().code == Errc::kLimitExceeded);
  made->type = type;
  PAIRWIRE_CHECK(us.SetLocal(*made).has_value());
}

void Step(Negotiation& us, char letter, std::string_view text) {
  switch (letter) {
    case 'O':
      return SetRemote(us, SdpType::kOffer, text);
    case 'P':
      return SetRemote(us, SdpType::kPranswer, text);
    case 'A':
      return SetRemote(us, SdpType::kAnswer, text);
    case 'R':
      return SetRemote(us, SdpType::kRollback, text);
    case 'C':
      static_cast<void>(us.AddRemoteCandidate({std::string(text), "0", 0, std::nullopt}));
      return;
    case 'o':
      return SetLocal(us, SdpType::kOffer);
    case 'p':
      return SetLocal(us, SdpType::kPranswer);
    case 'a':
      return SetLocal(us, SdpType::kAnswer);
    case 'r':
      static_cast<void>(us.SetLocal({SdpType::kRollback, ""}));
      return;
    case 'c':
      for (const std::uint32_t generation : {1u, 2u, 3u}) {
        us.AddLocalCandidate(generation, "candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host");
      }
      return;
    case 'i':
      return SetLocal(us, SdpType::kOffer, true);
    case 'I':
      return us.RequestIceRestart();
    case 'x':
      return us.Close();
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Negotiation us({"1", {"sha-256", "0A:0B"}, 5000, 262144}, [number = 0]() mutable {
    return IceParameters{"ours" + std::to_string(++number), "ourPasswordOfTwentyTwo"};
  });
  std::string_view steps(reinterpret_cast<const char*>(data), size);
  for (int count = 0; count < 64 && !steps.empty(); ++count) {
    const std::size_t end = steps.find('\1');
    const std::string_view step = steps.substr(0, end);
    steps.remove_prefix(end == std::string_view::npos ? steps.size() : end + 1);
    if (!step.empty()) Step(us, step[0], step.substr(1));
  }
  if (const auto remote = us.remote_description()) {
    const auto parsed = sdp::Parse(remote->sdp);
    PAIRWIRE_CHECK(parsed || parsed.error().code == Errc::kLimitExceeded);
  }
  return 0;
}
