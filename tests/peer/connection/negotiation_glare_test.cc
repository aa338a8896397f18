// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two Negotiations over a queue of messages, as W3C's "perfect negotiation" has it: both offer at
// once, in every order of delivery, with either of them polite. Both must end stable and agree on
// everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/peer/connection/negotiation_support.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands
using Message = std::variant<SessionDescription, IceCandidate>;

// One end as W3C WebRTC section 10.7 writes it, with a transport that only takes notes.
class End {
 public:
  End(LocalParameters local, std::function<IceParameters()> make_ice, bool polite)
      : negotiation(std::move(local), std::move(make_ice)), polite_(polite) {}

  void Negotiate() { Send(Get(negotiation.CreateImplicit())); }

  void RestartIce() {
    negotiation.RequestIceRestart();
    OnNegotiationNeeded();
  }

  void Receive(const Message& message) {
    if (const auto* candidate = std::get_if<IceCandidate>(&message)) {
      const auto action = negotiation.AddRemoteCandidate(*candidate);
      EXPECT_TRUE(action || ignoring_) << ToString(action.error());
      if (action && action->candidate) candidates.push_back(*action->candidate);
      if (action && action->done) done = true;
      return;
    }
    const auto& description = std::get<SessionDescription>(message);
    const bool is_offer = description.type == SdpType::kOffer;
    const bool collision = is_offer && negotiation.state() != SignalingState::kStable;
    ignoring_ = !polite_ && collision;
    if (ignoring_) return;
    Note(Get(negotiation.SetRemote(description)));
    if (is_offer) Send(Get(negotiation.CreateImplicit()));
    OnNegotiationNeeded();
  }

  Negotiation negotiation;
  std::deque<Message> outbox;
  std::optional<LocalGeneration> in_use;  // ours, and what it talks to
  std::optional<RemoteParameters> remote;
  std::optional<bool> controlling;
  std::optional<bool> client;
  std::vector<std::string> candidates;  // of `remote`
  bool done = false;
  int restarts = 0;

 private:
  void OnNegotiationNeeded() {
    if (negotiation.negotiation_needed()) Negotiate();
  }

  void Send(const SessionDescription& description) {
    const auto applied = Get(negotiation.SetLocal(description));
    Note(applied);
    outbox.push_back(description);
    if (!applied.gather) return;
    const auto number = applied.gather->number;
    for (int i = 0; i < 3; ++i) {
      outbox.push_back(*negotiation.AddLocalCandidate(number, LineOf(applied.gather->ice, i)));
    }
    outbox.push_back(*negotiation.AddLocalCandidate(number, ""));
  }

  void Note(const Applied& applied) {
    if (applied.drop_gathering) {
      ASSERT_TRUE(gathering_);
      EXPECT_FALSE(negotiation.AddLocalCandidate(gathering_->number, HostLine(9)));
      gathering_.reset();
    }
    if (applied.gather) gathering_ = applied.gather;
    EXPECT_EQ(applied.remote && !applied.remote_is_restart, applied.remote && !remote);
    if (applied.remote) {
      remote = applied.remote;
      candidates.clear();
      done = false;
      if (gathering_) in_use = std::exchange(gathering_, std::nullopt);
      restarts += applied.remote_is_restart ? 1 : 0;
    }
    EXPECT_FALSE(applied.ice_controlling && controlling) << "told twice";
    EXPECT_FALSE(applied.dtls_client && client) << "told twice";
    if (applied.ice_controlling) controlling = applied.ice_controlling;
    if (applied.dtls_client) client = applied.dtls_client;
    for (const auto& line : applied.remote_candidates) candidates.push_back(line);
    done |= applied.remote_candidates_done;
  }

 public:
  static std::string LineOf(const IceParameters& ice, int number) {
    return HostLine(number) + " ufrag " + ice.ufrag;
  }

 private:
  const bool polite_;
  bool ignoring_ = false;
  std::optional<LocalGeneration> gathering_;
};

// `a` talks to the generation that `b` uses, and knows all of its candidates and no others.
void ExpectKnows(const End& a, const End& b) {
  ASSERT_TRUE(a.remote && b.in_use && a.controlling && a.client && b.controlling && b.client);
  EXPECT_EQ(a.remote->ice_ufrag, b.in_use->ice.ufrag);
  EXPECT_EQ(a.remote->ice_pwd, b.in_use->ice.pwd);
  EXPECT_NE(*a.controlling, *b.controlling);
  EXPECT_NE(*a.client, *b.client);
  const auto& ice = b.in_use->ice;
  EXPECT_THAT(a.candidates, ::testing::UnorderedElementsAre(
                                End::LineOf(ice, 0), End::LineOf(ice, 1), End::LineOf(ice, 2)));
  EXPECT_TRUE(a.done);
  EXPECT_EQ(SectionOf(*b.negotiation.current_local_description()).ice_ufrag, ice.ufrag);
  EXPECT_EQ(b.negotiation.pending_local_description(), std::nullopt);
  EXPECT_EQ(b.negotiation.pending_remote_description(), std::nullopt);
}

void ExpectAgreement(const End& a, const End& b) {
  EXPECT_EQ(a.negotiation.state(), SignalingState::kStable);
  EXPECT_EQ(b.negotiation.state(), SignalingState::kStable);
  EXPECT_FALSE(a.negotiation.negotiation_needed());
  EXPECT_FALSE(b.negotiation.negotiation_needed());
  ExpectKnows(a, b);
  ExpectKnows(b, a);
  EXPECT_EQ(a.restarts, b.restarts);
}

void DeliverOne(End& a, End& b, std::mt19937& random) {
  const bool from_a = b.outbox.empty() || (!a.outbox.empty() && (random() & 1) != 0);
  End& from = from_a ? a : b;
  End& to = from_a ? b : a;
  if (from.outbox.empty()) return;
  const Message message = from.outbox.front();
  from.outbox.pop_front();
  to.Receive(message);
}

// Delivers in an order drawn from `random`, each direction in its own order.
void Deliver(End& a, End& b, std::mt19937& random) {
  while (!a.outbox.empty() || !b.outbox.empty()) DeliverOne(a, b, random);
}

class NegotiationGlare : public ::testing::TestWithParam<bool> {
 protected:
  // The first end is polite, or the second.
  static End First() { return {Ours(), IceOf("ours", "ourPasswordOfTwentyTwo"), GetParam()}; }
  static End Second() { return {Theirs(), IceOf("them", "theirPasswordTwentyTwo"), !GetParam()}; }
};

TEST_P(NegotiationGlare, BothOfferAtOnceAndAgree) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a = First();
    End b = Second();
    a.Negotiate();
    b.Negotiate();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
    // The impolite end's offer counts.
    EXPECT_EQ(a.controlling, !GetParam());
    // And again on the connection that is up: nothing new for the transports.
    a.Negotiate();
    b.Negotiate();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
    EXPECT_EQ(a.restarts, 0);
  }
}

TEST_P(NegotiationGlare, OneOffersAtARandomTimeAfterTheOther) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a = First();
    End b = Second();
    a.Negotiate();
    for (auto steps = random() % 6; steps > 0; --steps) DeliverOne(a, b, random);
    if (b.negotiation.state() == SignalingState::kStable) b.Negotiate();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
  }
}

TEST_P(NegotiationGlare, BothRestartAtOnceAndAgreeOnOneNewGeneration) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a = First();
    End b = Second();
    a.Negotiate();
    Deliver(a, b, random);
    a.RestartIce();
    b.RestartIce();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
    // The polite end's offer was rolled back; its wish is served by the answer, which is new too.
    EXPECT_EQ(a.restarts, 1);
    EXPECT_NE(a.remote->ice_ufrag, "them");
    EXPECT_NE(b.remote->ice_ufrag, "ours");
  }
}

TEST_P(NegotiationGlare, OneRestartsWhileTheOtherOffersAndTheWishSurvives) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a = First();
    End b = Second();
    a.Negotiate();
    Deliver(a, b, random);
    a.RestartIce();
    b.Negotiate();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
    EXPECT_EQ(a.restarts, 1);
  }
}

// Anything at any time, for long: both ends always find back to one pair of generations.
TEST_P(NegotiationGlare, SurvivesRestartsAndOffersAtRandomTimes) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a = First();
    End b = Second();
    a.Negotiate();
    Deliver(a, b, random);
    for (int round = 0; round < 40; ++round) {
      for (End* end : {&a, &b}) {
        const auto choice = random() % 4;
        if (choice == 0) end->RestartIce();
        if (choice == 1 && end->negotiation.state() == SignalingState::kStable) end->Negotiate();
      }
      for (auto steps = random() % 12; steps > 0; --steps) DeliverOne(a, b, random);
    }
    Deliver(a, b, random);
    ExpectAgreement(a, b);
  }
}

INSTANTIATE_TEST_SUITE_P(Politeness, NegotiationGlare, ::testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "FirstPolite" : "SecondPolite");
});

// The plain case, step by step (RFC 8829 section 4.1.10.2).
TEST(NegotiationRollback, ARemoteOfferRollsOursBack) {
  auto us = Us();
  auto them = Them();
  EXPECT_TRUE(Get(us.SetLocal(Get(us.CreateOffer()))).gather);
  us.AddLocalCandidate(1, HostLine(1));
  const auto theirs = Get(them.CreateOffer());
  Get(them.SetLocal(theirs));
  Get(us.SetRemote(theirs));
  EXPECT_EQ(us.state(), SignalingState::kHaveRemoteOffer);
  EXPECT_EQ(us.local_description(), std::nullopt);
  const auto answer = Get(us.CreateAnswer());
  // What was gathered for the offer is in the answer: the other end may have ignored it before.
  EXPECT_THAT(SectionOf(answer).candidates, ::testing::ElementsAre(HostLine(1)));
  const auto applied = Get(us.SetLocal(answer));
  EXPECT_FALSE(applied.gather);
  EXPECT_EQ(applied.ice_controlling, false);
  EXPECT_EQ(Get(them.SetRemote(answer)).ice_controlling, true);
}

// An offer that is refused leaves ours in place.
TEST(NegotiationRollback, ABadOfferRollsNothingBack) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  const auto before = us.local_description();
  auto offer = Get(Them().CreateOffer());
  EXPECT_FALSE(us.SetRemote(Offer(Replaced(offer.sdp, "a=ice-ufrag:them", "a=x"))));
  EXPECT_EQ(us.state(), SignalingState::kHaveLocalOffer);
  EXPECT_EQ(us.local_description(), before);
}

}  // namespace
}  // namespace pairwire
