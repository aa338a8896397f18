// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two Negotiations over a queue of messages, as W3C's "perfect negotiation" has it: both offer at
// once, in every order of delivery, with either of them polite. Both must end stable and agree on
// everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "tests/peer/connection/negotiation_support.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands
using Message = std::variant<SessionDescription, IceCandidate>;

// One end as W3C WebRTC section 10.7 writes it.
class End {
 public:
  End(LocalParameters local, bool polite) : negotiation(std::move(local)), polite_(polite) {}

  void Negotiate() { Send(Get(negotiation.CreateImplicit())); }

  void Receive(const Message& message) {
    if (const auto* candidate = std::get_if<IceCandidate>(&message)) {
      const auto action = negotiation.AddRemoteCandidate(*candidate);
      EXPECT_TRUE(action || ignoring_) << ToString(action.error());
      if (action && action->candidate) candidates.push_back(*action->candidate);
      return;
    }
    const auto& description = std::get<SessionDescription>(message);
    const bool is_offer = description.type == SdpType::kOffer;
    const bool collision = is_offer && negotiation.state() != SignalingState::kStable;
    ignoring_ = !polite_ && collision;
    if (ignoring_) return;
    Note(Get(negotiation.SetRemote(description)));
    if (is_offer) Send(Get(negotiation.CreateImplicit()));
  }

  Negotiation negotiation;
  std::deque<Message> outbox;
  std::optional<RemoteParameters> remote;
  std::optional<bool> controlling;
  std::optional<bool> client;
  std::vector<std::string> candidates;

 private:
  void Send(const SessionDescription& description) {
    const auto applied = Get(negotiation.SetLocal(description));
    Note(applied);
    outbox.push_back(description);
    if (!applied.start_gathering) return;
    for (int i = 0; i < 3; ++i) outbox.push_back(negotiation.AddLocalCandidate(HostLine(i)));
    outbox.push_back(negotiation.AddLocalCandidate(""));
  }

  void Note(const Applied& applied) {
    EXPECT_FALSE(applied.remote && remote) << "told twice";
    if (applied.remote) remote = applied.remote;
    if (applied.ice_controlling) controlling = applied.ice_controlling;
    if (applied.dtls_client) client = applied.dtls_client;
    for (const auto& line : applied.remote_candidates) candidates.push_back(line);
  }

  const bool polite_;
  bool ignoring_ = false;
};

void ExpectAgreement(const End& a, const End& b) {
  EXPECT_EQ(a.negotiation.state(), SignalingState::kStable);
  EXPECT_EQ(b.negotiation.state(), SignalingState::kStable);
  ASSERT_TRUE(a.remote && b.remote);
  EXPECT_EQ(a.remote->ice_ufrag, Theirs().ice_ufrag);
  EXPECT_EQ(b.remote->ice_ufrag, Ours().ice_ufrag);
  ASSERT_TRUE(a.controlling && b.controlling && a.client && b.client);
  EXPECT_NE(*a.controlling, *b.controlling);
  EXPECT_NE(*a.client, *b.client);
  EXPECT_THAT(a.candidates, ::testing::UnorderedElementsAre(HostLine(0), HostLine(1), HostLine(2)));
  EXPECT_THAT(b.candidates, ::testing::UnorderedElementsAre(HostLine(0), HostLine(1), HostLine(2)));
}

// Delivers in an order drawn from `random`, each direction in its own order.
void Deliver(End& a, End& b, std::mt19937& random) {
  while (!a.outbox.empty() || !b.outbox.empty()) {
    const bool from_a = b.outbox.empty() || (!a.outbox.empty() && (random() & 1) != 0);
    End& from = from_a ? a : b;
    End& to = from_a ? b : a;
    const Message message = from.outbox.front();
    from.outbox.pop_front();
    to.Receive(message);
  }
}

class NegotiationGlare : public ::testing::TestWithParam<bool> {};

TEST_P(NegotiationGlare, BothOfferAtOnceAndAgree) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a(Ours(), GetParam());
    End b(Theirs(), !GetParam());
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
  }
}

TEST_P(NegotiationGlare, OneOffersAtARandomTimeAfterTheOther) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    End a(Ours(), GetParam());
    End b(Theirs(), !GetParam());
    a.Negotiate();
    for (auto steps = random() % 6; steps > 0; --steps) {
      End& from = (random() & 1) != 0 && !b.outbox.empty() ? b : a;
      if (from.outbox.empty()) break;
      const Message message = from.outbox.front();
      from.outbox.pop_front();
      (&from == &a ? b : a).Receive(message);
    }
    if (b.negotiation.state() == SignalingState::kStable) b.Negotiate();
    Deliver(a, b, random);
    ExpectAgreement(a, b);
  }
}

INSTANTIATE_TEST_SUITE_P(Politeness, NegotiationGlare, ::testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "FirstPolite" : "SecondPolite");
});

// The plain case, step by step (RFC 8829 section 4.1.10.2).
TEST(NegotiationRollback, ARemoteOfferRollsOursBack) {
  Negotiation us(Ours());
  Negotiation them(Theirs());
  EXPECT_TRUE(Get(us.SetLocal(Get(us.CreateOffer()))).start_gathering);
  us.AddLocalCandidate(HostLine(1));
  const auto theirs = Get(them.CreateOffer());
  Get(them.SetLocal(theirs));
  Get(us.SetRemote(theirs));
  EXPECT_EQ(us.state(), SignalingState::kHaveRemoteOffer);
  EXPECT_EQ(us.local_description(), std::nullopt);
  const auto answer = Get(us.CreateAnswer());
  // What was gathered for the offer is in the answer: the other end may have ignored it before.
  EXPECT_THAT(SectionOf(answer).candidates, ::testing::ElementsAre(HostLine(1)));
  const auto applied = Get(us.SetLocal(answer));
  EXPECT_FALSE(applied.start_gathering);
  EXPECT_EQ(applied.ice_controlling, false);
  EXPECT_EQ(Get(them.SetRemote(answer)).ice_controlling, true);
}

// An offer that is refused leaves ours in place.
TEST(NegotiationRollback, ABadOfferRollsNothingBack) {
  Negotiation us(Ours());
  Get(us.SetLocal(Get(us.CreateOffer())));
  const auto before = us.local_description();
  auto offer = Get(Negotiation(Theirs()).CreateOffer());
  EXPECT_FALSE(us.SetRemote(Offer(Replaced(offer.sdp, "a=ice-ufrag:them", "a=x"))));
  EXPECT_EQ(us.state(), SignalingState::kHaveLocalOffer);
  EXPECT_EQ(us.local_description(), before);
}

}  // namespace
}  // namespace pairwire
