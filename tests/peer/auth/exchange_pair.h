// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A display and a controller of peer/auth with their messages at hand, for tests that carry them,
// or do not, or change them.
#ifndef PAIRWIRE_TESTS_PEER_AUTH_EXCHANGE_PAIR_H_
#define PAIRWIRE_TESTS_PEER_AUTH_EXCHANGE_PAIR_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "peer/auth/pairing_exchange.h"
#include "tests/peer/auth/auth_testing.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {

struct ExchangePair {
  explicit ExchangePair(std::uint64_t seed, auth::Features display_features = {"a", "b"},
                        auth::Features controller_features = {"b", "c"})
      : random(seed), own_features(std::move(controller_features)) {
    guard.NewCode(now, "4821");
    letters = guard.letters().text.Clone();
    display = std::make_unique<auth::DisplayExchange>(guard, std::move(display_features), random);
    Type("4821", letters.view());
  }

  // Another controller enters this code.
  void Type(const std::string& lookup, std::string_view secret,
            auth::SecretKind kind = auth::SecretKind::kLetters) {
    controller = std::make_unique<auth::ControllerExchange>(
        auth::SplitCode{lookup, {kind, auth::SecretText(secret)}}, own_features, random);
  }
  // Another run at the display.
  void Knock() {
    display = std::make_unique<auth::DisplayExchange>(guard, auth::Features{"a", "b"}, random);
  }

  Result<auth::PakeMessage> Offer() {
    return display->Offer(room, SdpWith(display_fp), display_fp);
  }
  Result<auth::PakeMessage> Answer() {
    return controller->Answer(SdpWith(controller_fp), controller_fp);
  }
  // To the end, with everything delivered; false when something fails.
  bool Run() {
    const auto hello = controller->Hello();
    if (!hello || !display->HandleHello(now, *hello)) return false;
    const auto offer = Offer();
    if (!offer || !controller->HandleOffer(room, *offer)) return false;
    const auto answer = Answer();
    return answer && display->HandleAnswer(now, *answer).has_value();
  }

  SeededRandom random;
  auth::CodeGuard::TimePoint now{std::chrono::hours(100)};
  auth::CodeGuard guard{{}, random};
  auth::SecretText letters;
  auth::Features own_features;
  std::string room = "session-1";
  auth::Fingerprint256 display_fp = FingerprintOfByte(0xd1);
  auth::Fingerprint256 controller_fp = FingerprintOfByte(0xc2);
  std::unique_ptr<auth::DisplayExchange> display;
  std::unique_ptr<auth::ControllerExchange> controller;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_AUTH_EXCHANGE_PAIR_H_
