// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of Negotiation share: two ends' parameters, and shorthands that fail the test on
// an error.
#ifndef PAIRWIRE_TESTS_PEER_CONNECTION_NEGOTIATION_SUPPORT_H_
#define PAIRWIRE_TESTS_PEER_CONNECTION_NEGOTIATION_SUPPORT_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "peer/connection/negotiation.h"
#include "peer/sdp/description.h"

namespace pairwire::testing {

inline std::string HexPairs(std::string_view pair, std::size_t count) {
  std::string out(pair);
  for (std::size_t i = 1; i < count; ++i) out.append(":").append(pair);
  return out;
}

inline LocalParameters Ours() { return {"1001", {"sha-256", HexPairs("0A", 32)}, 5000, 262144}; }
inline LocalParameters Theirs() { return {"2002", {"sha-256", HexPairs("0B", 32)}, 5000, 100000}; }

// Generation 1 has `name` and its password; later ones the number behind both: "ours2".
inline std::function<IceParameters()> IceOf(std::string name, std::string pwd) {
  return [name = std::move(name), pwd = std::move(pwd), number = 0]() mutable {
    ++number;
    const std::string tail = number == 1 ? "" : std::to_string(number);
    return IceParameters{name + tail, pwd + tail};
  };
}

// The two ends of most tests.
inline Negotiation Us(LocalParameters local = Ours()) {
  return Negotiation(std::move(local), IceOf("ours", "ourPasswordOfTwentyTwo"));
}
inline Negotiation Them(std::string name = "them") {
  return Negotiation(Theirs(), IceOf(std::move(name), "theirPasswordTwentyTwo"));
}

// The value, or a failure of the test and an empty one.
template <typename T>
T Get(Result<T> result) {
  if (result) return std::move(*result);
  ADD_FAILURE() << ToString(result.error());
  return T{};
}

template <typename T>
Errc CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result) << "worked, but should have failed";
  return result ? Errc::kSystem : result.error().code;
}

inline SessionDescription Offer(std::string_view sdp) {
  return {SdpType::kOffer, std::string(sdp)};
}
inline SessionDescription Answer(std::string_view sdp) {
  return {SdpType::kAnswer, std::string(sdp)};
}
inline SessionDescription As(SdpType type, SessionDescription description) {
  description.type = type;
  return description;
}

// `text` with the first occurrence of `from` replaced; a failure when there is none.
inline std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    ADD_FAILURE() << "no '" << from << "' in\n" << text;
    return text;
  }
  return text.replace(at, from.size(), to);
}

inline sdp::MediaSection SectionOf(const SessionDescription& description, std::size_t index = 0) {
  const auto parsed = sdp::Parse(description.sdp);
  if (!parsed || parsed->media.size() <= index) {
    ADD_FAILURE() << "no section " << index << " in\n" << description.sdp;
    return {};
  }
  return parsed->media[index];
}

struct Exchanged {
  Applied offerer_local;
  Applied answerer_remote;
  Applied answerer_local;
  Applied offerer_remote;
};

// One whole offer and answer.
inline Exchanged Exchange(Negotiation& offerer, Negotiation& answerer) {
  Exchanged out;
  const auto offer = Get(offerer.CreateOffer());
  out.offerer_local = Get(offerer.SetLocal(offer));
  out.answerer_remote = Get(answerer.SetRemote(offer));
  const auto answer = Get(answerer.CreateAnswer());
  out.answerer_local = Get(answerer.SetLocal(answer));
  out.offerer_remote = Get(offerer.SetRemote(answer));
  return out;
}

inline IceCandidate Candidate(std::string line, std::string mid = "0") {
  return {std::move(line), std::move(mid), std::nullopt, std::nullopt};
}

inline std::string HostLine(int number) {
  return "candidate:" + std::to_string(number) + " 1 udp 2122260223 192.0.2.1 " +
         std::to_string(50000 + number) + " typ host";
}

}  // namespace pairwire::testing

#endif  // PAIRWIRE_TESTS_PEER_CONNECTION_NEGOTIATION_SUPPORT_H_
