// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a session proves before it delivers anything, over real connections with real exchanges.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/peer/auth/exchange_pair.h"
#include "tests/peer/session/session_pair.h"

namespace pairwire::test {
namespace {

// An exchange that ran to its end about these two descriptions; the display's and the
// controller's half.
SessionPair::Pairings RunExchange(ExchangePair& exchange, const std::string& display_sdp,
                                  const std::string& controller_sdp) {
  const auto display_fp = auth::OnlyFingerprint(display_sdp);
  const auto controller_fp = auth::OnlyFingerprint(controller_sdp);
  if (!display_fp || !controller_fp) {
    ADD_FAILURE() << "a description without a fingerprint";
    return {};
  }
  const auto hello = exchange.controller->Hello();
  EXPECT_TRUE(hello && exchange.display->HandleHello(exchange.now, *hello));
  const auto offer = exchange.display->Offer(exchange.room, display_sdp, *display_fp);
  EXPECT_TRUE(offer && exchange.controller->HandleOffer(exchange.room, *offer));
  const auto answer = exchange.controller->Answer(controller_sdp, *controller_fp);
  EXPECT_TRUE(answer && exchange.display->HandleAnswer(exchange.now, *answer));
  return {std::move(exchange.display), std::move(exchange.controller)};
}

void ExpectAuthFailedAndNothingDelivered(SessionPair& pair) {
  for (SessionPair::End* const end : {&pair.display(), &pair.controller()}) {
    ASSERT_TRUE(end->seen.WaitUntil([](const SessionSeen& s) { return s.over && s.closed; }));
    const SessionSeen seen = end->seen.Get();
    ASSERT_TRUE(seen.over->has_value());
    EXPECT_EQ((*seen.over)->code, Errc::kAuthFailed);
    EXPECT_FALSE(seen.connected);
    EXPECT_TRUE(seen.messages.empty());
    EXPECT_TRUE(seen.channels.empty());
    EXPECT_EQ(seen.closed->last_delivered, 0u);
    EXPECT_EQ(seen.closed->unacknowledged, (MessageRange{1, 1}));
  }
}

TEST(SessionAuth, TheExchangeIsWhatTheSessionStandsOn) {
  ExchangePair exchange(1);
  auto network = Network::Create().value();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.early = "early";
  setup.early_channel = "file";
  setup.pair_up = [&](const std::string& display, const std::string& controller) {
    return RunExchange(exchange, display, controller);
  };
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  const auto one = [](const SessionSeen& s) { return s.messages.size() == 1 && s.acked == 1; };
  ASSERT_TRUE(pair.display().seen.WaitUntil(one));
  ASSERT_TRUE(pair.controller().seen.WaitUntil(one));
  // Channels wait for the proof, too.
  const auto channel = [](const SessionSeen& s) {
    return s.channels == std::vector<std::string>{"file"};
  };
  ASSERT_TRUE(pair.display().seen.WaitUntil(channel));
  ASSERT_TRUE(pair.controller().seen.WaitUntil(channel));
  // The keys of the pairing carry over to the next connection.
  pair.Cut(pair.display());
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("late"), true));
  EXPECT_TRUE(pair.display().seen.WaitUntil([](const SessionSeen& s) {
    return s.messages == std::vector<std::string>{"early", "late"};
  }));
}

TEST(SessionAuth, OtherCertificatesThanThePairingPromisedAreRefused) {
  ExchangePair exchange(2);
  auto network = Network::Create().value();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.early = "secret";
  setup.early_channel = "secret";
  setup.pair_up = [&](const std::string&, const std::string&) {
    return RunExchange(exchange, SdpWith(FingerprintOfByte(1)), SdpWith(FingerprintOfByte(2)));
  };
  pair.Start(std::move(setup));
  ExpectAuthFailedAndNothingDelivered(pair);
}

// Somebody in the middle who paired with each of the two.
TEST(SessionAuth, TwoPairingsInPlaceOfOneAreRefused) {
  ExchangePair with_display(3);
  ExchangePair with_controller(4);
  auto network = Network::Create().value();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.early = "secret";
  setup.early_channel = "secret";
  setup.pair_up = [&](const std::string& display, const std::string& controller) {
    auto first = RunExchange(with_display, display, controller);
    auto second = RunExchange(with_controller, display, controller);
    return SessionPair::Pairings{std::move(first[0]), std::move(second[1])};
  };
  pair.Start(std::move(setup));
  ExpectAuthFailedAndNothingDelivered(pair);
}

}  // namespace
}  // namespace pairwire::test
