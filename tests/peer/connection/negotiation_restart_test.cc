// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: ICE restarts (RFC 8445 section 9, RFC 8829 sections 5.2.2 and 5.3.1) from either
// end: which generation is gathered for, dropped, settled; whose candidates count; what a restart
// request survives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/peer/connection/negotiation_support.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const SessionDescription kRollback{SdpType::kRollback, ""};

IceCandidate Tagged(int number, std::string ufrag) {
  return {HostLine(number), "0", std::nullopt, std::move(ufrag)};
}

std::string UfragOf(const std::optional<SessionDescription>& description) {
  return description ? SectionOf(*description).ice_ufrag : "none";
}

// Two ends that have connected.
class NegotiationRestart : public ::testing::Test {
 protected:
  NegotiationRestart() {
    Exchange(us_, them_);
    us_.AddLocalCandidate(1, HostLine(1));
    Get(us_.AddRemoteCandidate(Tagged(1, "them")));
  }

  Negotiation us_ = Us();
  Negotiation them_ = Them();
};

TEST_F(NegotiationRestart, OurOfferGathersAndTheAnswerSettles) {
  const auto offer = Get(us_.CreateOffer({.ice_restart = true}));
  EXPECT_EQ(Get(us_.CreateOffer({.ice_restart = true})), offer);
  EXPECT_EQ(SectionOf(offer).ice_ufrag, "ours2");
  EXPECT_THAT(SectionOf(offer).candidates, IsEmpty());
  const auto sent = Get(us_.SetLocal(offer));
  ASSERT_TRUE(sent.gather);
  EXPECT_EQ(*sent.gather, (LocalGeneration{2, {"ours2", "ourPasswordOfTwentyTwo2"}}));
  EXPECT_FALSE(sent.drop_gathering);
  EXPECT_FALSE(sent.remote);

  EXPECT_FALSE(Get(them_.SetRemote(offer)).gather);
  const auto answer = Get(them_.CreateAnswer());
  EXPECT_EQ(SectionOf(answer).ice_ufrag, "them2");
  EXPECT_EQ(SectionOf(answer).setup, sdp::Setup::kActive);  // The DTLS role stays.
  const auto answered = Get(them_.SetLocal(answer));
  ASSERT_TRUE(answered.gather && answered.remote);
  EXPECT_EQ(answered.gather->number, 2u);
  EXPECT_EQ(answered.remote->ice_ufrag, "ours2");
  EXPECT_TRUE(answered.remote_is_restart);
  EXPECT_FALSE(answered.ice_controlling);
  EXPECT_FALSE(answered.dtls_client);

  const auto settled = Get(us_.SetRemote(answer));
  ASSERT_TRUE(settled.remote);
  EXPECT_TRUE(settled.remote_is_restart);
  EXPECT_EQ(settled.remote->ice_ufrag, "them2");
  EXPECT_EQ(settled.remote->fingerprints, (std::vector{Theirs().fingerprint}));
  EXPECT_FALSE(settled.gather);
  EXPECT_FALSE(settled.dtls_client);
  // It is over: the next offer has the new credentials.
  EXPECT_EQ(SectionOf(Get(us_.CreateOffer())).ice_ufrag, "ours2");
}

TEST_F(NegotiationRestart, ARolledBackOfferDropsItsGenerationOnly) {
  Get(us_.SetLocal(Get(us_.CreateOffer({.ice_restart = true}))));
  EXPECT_EQ(us_.AddLocalCandidate(2, HostLine(5)), (IceCandidate{HostLine(5), "0", 0, "ours2"}));
  EXPECT_THAT(SectionOf(*us_.pending_local_description()).candidates, ElementsAre(HostLine(5)));
  EXPECT_THAT(SectionOf(*us_.current_local_description()).candidates, ElementsAre(HostLine(1)));
  // The one in force still gathers: a late candidate of it is its own.
  EXPECT_EQ(us_.AddLocalCandidate(1, HostLine(2))->username_fragment, "ours");
  EXPECT_TRUE(Get(us_.SetLocal(kRollback)).drop_gathering);
  EXPECT_EQ(us_.AddLocalCandidate(2, HostLine(6)), std::nullopt);
  EXPECT_EQ(us_.AddLocalCandidate(3, HostLine(6)), std::nullopt);
  // The option was that offer's; nothing asks for a restart any more, and numbers are not reused.
  EXPECT_EQ(SectionOf(Get(us_.CreateOffer())).ice_ufrag, "ours");
  EXPECT_EQ(Get(us_.SetLocal(Get(us_.CreateOffer({.ice_restart = true})))).gather->number, 3u);
}

TEST_F(NegotiationRestart, ARequestSurvivesRollbackUntilAnExchangeHadNewCredentials) {
  EXPECT_FALSE(us_.negotiation_needed());
  us_.RequestIceRestart();
  EXPECT_TRUE(us_.negotiation_needed());
  Get(us_.SetLocal(Get(us_.CreateOffer())));
  EXPECT_FALSE(us_.negotiation_needed());  // Not stable.
  // The other end's plain offer comes first: ours goes, theirs is answered as it is.
  const auto theirs = Get(them_.CreateOffer());
  Get(them_.SetLocal(theirs));
  EXPECT_TRUE(Get(us_.SetRemote(theirs)).drop_gathering);
  const auto answer = Get(us_.CreateAnswer());
  EXPECT_EQ(SectionOf(answer).ice_ufrag, "ours");
  const auto applied = Get(us_.SetLocal(answer));
  EXPECT_FALSE(applied.gather);
  EXPECT_FALSE(applied.remote);
  Get(them_.SetRemote(answer));
  EXPECT_TRUE(us_.negotiation_needed());
  Exchange(us_, them_);
  EXPECT_FALSE(us_.negotiation_needed());
  EXPECT_EQ(UfragOf(us_.local_description()), "ours3");
  EXPECT_EQ(UfragOf(us_.remote_description()), "them2");
}

TEST_F(NegotiationRestart, ARestartOfTheOtherEndServesOurRequest) {
  us_.RequestIceRestart();
  Get(us_.SetLocal(Get(us_.CreateOffer())));
  const auto theirs = Get(them_.CreateOffer({.ice_restart = true}));
  Get(them_.SetLocal(theirs));
  EXPECT_TRUE(Get(us_.SetRemote(theirs)).drop_gathering);
  const auto applied = Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_EQ(applied.gather->ice.ufrag, "ours3");
  EXPECT_EQ(applied.remote->ice_ufrag, "them2");
  EXPECT_FALSE(us_.negotiation_needed());
}

TEST_F(NegotiationRestart, ARequestDuringARestartAsksForAnother) {
  Get(us_.SetLocal(Get(us_.CreateOffer({.ice_restart = true}))));
  // One is on its way, and serves.
  EXPECT_EQ(SectionOf(Get(us_.CreateOffer({.ice_restart = true}))).ice_ufrag, "ours2");
  us_.RequestIceRestart();
  const auto applied = Get(us_.SetLocal(Get(us_.CreateOffer())));
  EXPECT_TRUE(applied.drop_gathering);
  EXPECT_EQ(applied.gather->number, 3u);
  EXPECT_EQ(us_.AddLocalCandidate(2, HostLine(1)), std::nullopt);
}

TEST(NegotiationRestartBefore, TheFirstExchangeThereIsNothingToRestart) {
  auto us = Us();
  us.RequestIceRestart();
  EXPECT_FALSE(us.negotiation_needed());
  const auto offer = Get(us.CreateOffer({.ice_restart = true}));
  EXPECT_EQ(SectionOf(offer).ice_ufrag, "ours");
  EXPECT_EQ(Get(us.SetLocal(offer)).gather->number, 1u);
  // Asked for now, it comes with the next exchange.
  us.RequestIceRestart();
  EXPECT_EQ(SectionOf(Get(us.CreateOffer())).ice_ufrag, "ours");
  auto them = Them();
  Get(them.SetRemote(offer));
  Get(us.SetRemote(Get(them.CreateAnswer())));
  EXPECT_TRUE(us.negotiation_needed());
  EXPECT_EQ(SectionOf(Get(us.CreateOffer())).ice_ufrag, "ours2");
}

TEST(NegotiationRestartBefore, AFirstOfferThatIsRolledBackKeepsItsGeneration) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  us.AddLocalCandidate(1, HostLine(1));
  EXPECT_FALSE(Get(us.SetLocal(kRollback)).drop_gathering);
  EXPECT_TRUE(us.AddLocalCandidate(1, HostLine(2)));
  const auto applied = Get(us.SetLocal(Get(us.CreateOffer())));
  EXPECT_FALSE(applied.gather);
  EXPECT_THAT(SectionOf(*us.local_description()).candidates, ElementsAre(HostLine(1), HostLine(2)));
}

TEST_F(NegotiationRestart, TheAnswerToARestartMustHaveNewCredentials) {
  const auto offer = Get(us_.CreateOffer({.ice_restart = true}));
  Get(us_.SetLocal(offer));
  Get(them_.SetRemote(offer));
  auto answer = Get(them_.CreateAnswer());
  auto old = Replaced(answer.sdp, "a=ice-ufrag:them2", "a=ice-ufrag:them");
  EXPECT_EQ(CodeOf(us_.SetRemote(Answer(old))), Errc::kInvalidArgument);
  old = Replaced(old, "TwentyTwo2", "TwentyTwo");
  EXPECT_EQ(CodeOf(us_.SetRemote(Answer(old))), Errc::kInvalidArgument);
  EXPECT_EQ(us_.state(), SignalingState::kHaveLocalOffer);
  EXPECT_TRUE(Get(us_.SetRemote(answer)).remote_is_restart);
}

TEST_F(NegotiationRestart, APranswerSettlesItAndTheAnswerConfirms) {
  const auto offer = Get(us_.CreateOffer({.ice_restart = true}));
  Get(us_.SetLocal(offer));
  Get(them_.SetRemote(offer));
  const auto answer = Get(them_.CreateAnswer());
  const auto provisional = As(SdpType::kPranswer, answer);
  EXPECT_TRUE(Get(them_.SetLocal(provisional)).remote_is_restart);
  EXPECT_EQ(SectionOf(Get(them_.CreateAnswer())).ice_ufrag, "them2");
  EXPECT_FALSE(Get(them_.SetLocal(answer)).remote);
  EXPECT_TRUE(Get(us_.SetRemote(provisional)).remote_is_restart);
  EXPECT_EQ(UfragOf(us_.current_remote_description()), "them");
  EXPECT_EQ(UfragOf(us_.pending_remote_description()), "them2");
  // The past generation's description keeps its candidates; new ones of it come too late.
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(2, "them"))).candidate, std::nullopt);
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(3, "them2"))).candidate, HostLine(3));
  EXPECT_THAT(SectionOf(*us_.current_remote_description()).candidates, ElementsAre(HostLine(1)));
  EXPECT_THAT(SectionOf(*us_.pending_remote_description()).candidates, ElementsAre(HostLine(3)));
  // Another one than the pranswer's is a second restart, which nobody asked for.
  const auto other = Replaced(Replaced(answer.sdp, "them2", "them7"), "TwentyTwo2", "TwentyTwo7");
  EXPECT_EQ(CodeOf(us_.SetRemote(Answer(other))), Errc::kInvalidArgument);
  EXPECT_FALSE(Get(us_.SetRemote(answer)).remote);
  EXPECT_EQ(UfragOf(us_.current_remote_description()), "them2");
  EXPECT_EQ(us_.pending_remote_description(), std::nullopt);
}

TEST_F(NegotiationRestart, TheDataSectionMayEndWithIt) {
  const auto offer = Get(us_.CreateOffer({.ice_restart = true}));
  Get(us_.SetLocal(offer));
  Get(them_.SetRemote(offer));
  const auto refusal = Replaced(Get(them_.CreateAnswer()).sdp, "application 9", "application 0");
  const auto applied = Get(us_.SetRemote(Answer(refusal)));
  EXPECT_TRUE(applied.rejected);
  EXPECT_FALSE(applied.remote);
}

TEST_F(NegotiationRestart, CandidatesGoToTheGenerationTheyName) {
  // Of an offer that comes later: it waits.
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(2, "them2"))).candidate, std::nullopt);
  const auto offer = Get(them_.CreateOffer({.ice_restart = true}));
  Get(them_.SetLocal(offer));
  EXPECT_THAT(Get(us_.SetRemote(offer)).remote_candidates, IsEmpty());
  // The generation in force goes on until the answer.
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(3, "them"))).candidate, HostLine(3));
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(4, "them2"))).candidate, std::nullopt);
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Candidate(HostLine(5)))).candidate, std::nullopt);
  const std::string inside = HostLine(6) + " generation 1 ufrag them2 network-cost 999";
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Candidate(inside))).candidate, std::nullopt);
  EXPECT_FALSE(Get(us_.AddRemoteCandidate(Candidate(""))).done);
  EXPECT_THAT(SectionOf(*us_.pending_remote_description()).candidates,
              ElementsAre(HostLine(2), HostLine(4), HostLine(5), inside));
  EXPECT_THAT(SectionOf(*us_.current_remote_description()).candidates,
              ElementsAre(HostLine(1), HostLine(3)));
  const auto applied = Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_THAT(applied.remote_candidates,
              ElementsAre(HostLine(2), HostLine(4), HostLine(5), inside));
  EXPECT_TRUE(applied.remote_candidates_done);
  // The same line is new for a new generation; the old one is over.
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(1, "them2"))).candidate, HostLine(1));
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(9, "them"))).candidate, std::nullopt);
}

TEST_F(NegotiationRestart, GenerationCountsWhereThereIsNoUfrag) {
  const auto add = [&](int number, int generation) {
    const std::string line = HostLine(number) + " generation " + std::to_string(generation);
    return Get(us_.AddRemoteCandidate(Candidate(line))).candidate.has_value();
  };
  EXPECT_TRUE(add(2, 0));
  EXPECT_FALSE(add(3, 1));  // of a restart to come
  // Which this is not: what waited for it is not used, and forgotten.
  EXPECT_THAT(Exchange(them_, us_).answerer_remote.remote_candidates, IsEmpty());
  EXPECT_TRUE(add(4, 0));
  them_.RequestIceRestart();
  EXPECT_THAT(Exchange(them_, us_).answerer_local.remote_candidates, IsEmpty());
  EXPECT_TRUE(add(5, 1));
  EXPECT_TRUE(add(6, 0));  // Some ends never count.
  them_.RequestIceRestart();
  Exchange(them_, us_);
  EXPECT_FALSE(add(7, 1));
  EXPECT_TRUE(add(8, 2));
}

TEST_F(NegotiationRestart, CandidatesOfARolledBackOfferAreForgotten) {
  const auto offer = Get(them_.CreateOffer({.ice_restart = true}));
  Get(us_.SetRemote(offer));
  Get(us_.AddRemoteCandidate(Tagged(2, "them2")));
  Get(us_.AddRemoteCandidate(Candidate(HostLine(3))));
  Get(us_.AddRemoteCandidate(Tagged(4, "them")));
  Get(us_.SetRemote(kRollback));
  Get(us_.SetRemote(offer));
  EXPECT_THAT(SectionOf(*us_.remote_description()).candidates, IsEmpty());
  EXPECT_THAT(SectionOf(*us_.current_remote_description()).candidates,
              ElementsAre(HostLine(1), HostLine(4)));
  // Another offer in place of this one forgets them as well.
  Get(us_.AddRemoteCandidate(Tagged(5, "them2")));
  const auto other = Replaced(Replaced(offer.sdp, "them2", "them7"), "TwentyTwo2", "TwentyTwo7");
  Get(us_.SetRemote(Offer(other)));
  Get(us_.SetRemote(offer));
  EXPECT_THAT(SectionOf(*us_.pending_remote_description()).candidates, IsEmpty());
  EXPECT_THAT(Get(us_.SetLocal(Get(us_.CreateAnswer()))).remote_candidates, IsEmpty());
}

TEST(NegotiationRestartBefore, CandidatesOfARolledBackFirstOfferAreForgotten) {
  auto us = Us();
  Get(us.SetRemote(Get(Them().CreateOffer())));
  Get(us.AddRemoteCandidate(Candidate(HostLine(1))));
  Get(us.AddRemoteCandidate(Tagged(2, "them")));
  Get(us.SetLocal(kRollback));  // From either end (RFC 8829 section 5.7).
  EXPECT_EQ(us.state(), SignalingState::kStable);
  Get(us.SetRemote(Get(Them().CreateOffer())));
  EXPECT_THAT(Get(us.SetLocal(Get(us.CreateAnswer()))).remote_candidates, IsEmpty());
}

// An impolite end ignores an offer; its candidates come all the same, and must not fill the room.
TEST_F(NegotiationRestart, StrangersWaitUntilTheNextExchangeAndAreBounded) {
  for (int i = 0; i < static_cast<int>(RemoteCandidates::kMaxCandidates); ++i) {
    Get(us_.AddRemoteCandidate(Tagged(100 + i, "stranger")));
  }
  EXPECT_EQ(CodeOf(us_.AddRemoteCandidate(Tagged(99, "stranger"))), Errc::kLimitExceeded);
  EXPECT_EQ(Get(us_.AddRemoteCandidate(Tagged(2, "them"))).candidate, HostLine(2));
  Exchange(us_, them_);
  Get(us_.AddRemoteCandidate(Tagged(99, "stranger")));
}

TEST_F(NegotiationRestart, StrangersWaitThroughAnOfferButNotPastItsAnswer) {
  Get(us_.AddRemoteCandidate(Tagged(2, "them2")));
  const auto plain = Get(them_.CreateOffer());
  Get(us_.SetRemote(plain));
  Get(us_.SetRemote(kRollback));
  const auto offer = Get(them_.CreateOffer({.ice_restart = true}));
  Get(us_.SetRemote(offer));
  EXPECT_THAT(SectionOf(*us_.pending_remote_description()).candidates, ElementsAre(HostLine(2)));
  Get(us_.SetRemote(plain));
  Get(us_.AddRemoteCandidate(Tagged(3, "them2")));
  Get(us_.SetLocal(Get(us_.CreateAnswer())));
  Get(us_.SetRemote(offer));
  EXPECT_THAT(SectionOf(*us_.pending_remote_description()).candidates, IsEmpty());
}

TEST_F(NegotiationRestart, ManyRestartsFromBothEnds) {
  for (int i = 0; i < 50; ++i) {
    auto& offerer = i % 3 == 0 ? us_ : them_;
    auto& answerer = i % 3 == 0 ? them_ : us_;
    offerer.RequestIceRestart();
    const auto exchanged = Exchange(offerer, answerer);
    EXPECT_EQ(exchanged.offerer_local.gather->number, static_cast<unsigned>(i) + 2);
    EXPECT_EQ(exchanged.answerer_local.gather->number, static_cast<unsigned>(i) + 2);
    EXPECT_EQ(exchanged.offerer_remote.remote->ice_ufrag,
              exchanged.answerer_local.gather->ice.ufrag);
  }
  EXPECT_THAT(SectionOf(*us_.local_description()).candidates, IsEmpty());
}

TEST_F(NegotiationRestart, AnEndThatTurnsLiteIsControlledFromThenOn) {
  // We answered first here, so that the other end controls.
  auto us = Us();
  auto them = Them();
  EXPECT_EQ(Exchange(them, us).answerer_local.ice_controlling, false);
  them.RequestIceRestart();
  const auto offer = Get(them.CreateOffer()).sdp;
  const std::string lite = Replaced(offer, "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n");
  Get(us.SetRemote(Offer(lite)));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_EQ(applied.ice_controlling, true);
  EXPECT_TRUE(applied.remote->ice_lite);
}

TEST(NegotiationLite, SaysSoAndNeverControlsAFullEnd) {
  auto local = Ours();
  local.ice_lite = true;
  auto us = Us(local);
  auto them = Them();
  EXPECT_TRUE(Get(sdp::Parse(Get(us.CreateOffer()).sdp)).ice_lite);
  const auto exchanged = Exchange(us, them);
  EXPECT_EQ(exchanged.offerer_remote.ice_controlling, false);
  EXPECT_EQ(exchanged.answerer_local.ice_controlling, true);
  // Two lite ends: the offerer (RFC 8445 section 6.1.1).
  auto one = Us(local);
  auto other = Us(local);
  const auto both = Exchange(one, other);
  EXPECT_EQ(both.offerer_remote.ice_controlling, true);
  EXPECT_EQ(both.answerer_local.ice_controlling, false);
}

TEST(LocalGenerations, MakeEachGenerationOnce) {
  int made = 0;
  LocalGenerations generations([&] {
    ++made;
    return IceParameters{"u" + std::to_string(made), "p"};
  });
  EXPECT_EQ(generations.latest(), 0u);
  EXPECT_EQ(generations.For(false).number, 1u);
  EXPECT_EQ(generations.For(false).ice.ufrag, "u1");
  EXPECT_TRUE(generations.Start(1).gather);
  EXPECT_FALSE(generations.Start(1).gather);
  EXPECT_FALSE(generations.Rollback());
  EXPECT_EQ(generations.For(true).number, 2u);
  EXPECT_EQ(generations.For(true).number, 2u);
  EXPECT_EQ(generations.Find(2), nullptr);  // Made, not started.
  EXPECT_FALSE(generations.Start(2).dropped);
  EXPECT_EQ(generations.For(false).number, 2u);
  generations.For(true);
  EXPECT_TRUE(generations.Start(3).dropped);
  EXPECT_TRUE(generations.Rollback());
  EXPECT_EQ(generations.latest(), 1u);
  generations.Start(generations.For(true).number);
  generations.Complete();
  EXPECT_EQ(generations.For(false).number, 4u);
  EXPECT_EQ(generations.Find(1), nullptr);
  EXPECT_EQ(made, 4);
}

}  // namespace
}  // namespace pairwire
