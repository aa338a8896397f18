// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: what offers and answers say, what the other end's mean, renegotiation, and refusals
// with their reasons. States: negotiation_states_test.cc; candidates:
// negotiation_candidates_test.cc.
#include "peer/connection/negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/peer/connection/negotiation_support.h"
#include "tests/peer/sdp/real_descriptions.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Negotiation, OffersActpassAndAnswersActive) {
  auto us = Us();
  auto them = Them();
  const auto exchanged = Exchange(us, them);
  EXPECT_EQ(us.state(), SignalingState::kStable);
  EXPECT_EQ(them.state(), SignalingState::kStable);
  EXPECT_EQ(SectionOf(*us.local_description()).setup, sdp::Setup::kActpass);
  EXPECT_EQ(SectionOf(*them.local_description()).setup, sdp::Setup::kActive);

  EXPECT_TRUE(exchanged.offerer_local.gather);
  EXPECT_FALSE(exchanged.offerer_local.remote);
  EXPECT_FALSE(exchanged.answerer_remote.remote);  // It comes with the answer.
  EXPECT_TRUE(exchanged.answerer_local.gather);
  EXPECT_EQ(exchanged.answerer_local.ice_controlling, false);
  EXPECT_EQ(exchanged.answerer_local.dtls_client, true);
  EXPECT_EQ(exchanged.offerer_remote.ice_controlling, true);
  EXPECT_EQ(exchanged.offerer_remote.dtls_client, false);

  ASSERT_TRUE(exchanged.offerer_remote.remote);
  EXPECT_EQ(*exchanged.offerer_remote.remote,
            (RemoteParameters{
                false, "them", "theirPasswordTwentyTwo", {Theirs().fingerprint}, 5000, 100000}));
  ASSERT_TRUE(exchanged.answerer_local.remote);
  EXPECT_EQ(exchanged.answerer_local.remote->ice_ufrag, "ours");
  EXPECT_FALSE(exchanged.offerer_remote.rejected);
}

TEST(Negotiation, OffersOneDataSectionInABundle) {
  auto us = Us();
  const auto offer = Get(us.CreateOffer());
  EXPECT_EQ(Get(us.CreateOffer()), offer);
  const auto parsed = Get(sdp::Parse(offer.sdp));
  EXPECT_EQ(parsed.session_id, "1001");
  EXPECT_EQ(parsed.session_version, 1u);
  EXPECT_THAT(parsed.bundle_group, ElementsAre("0"));
  ASSERT_THAT(parsed.media, SizeIs(1));
  EXPECT_TRUE(parsed.media[0].IsData());
  EXPECT_EQ(parsed.media[0].mid, "0");
  EXPECT_THAT(parsed.media[0].ice_options, ElementsAre("trickle"));
}

TEST(Negotiation, RenegotiationKeepsSessionIdsAndRolesAndCountsVersions) {
  auto us = Us();
  auto them = Them();
  Exchange(us, them);
  // Now the other way round: the answerer has to stay DTLS server.
  const auto second = Exchange(them, us);
  EXPECT_EQ(SectionOf(*us.local_description()).setup, sdp::Setup::kPassive);
  EXPECT_FALSE(second.offerer_local.gather);
  EXPECT_FALSE(second.offerer_remote.remote);
  EXPECT_FALSE(second.offerer_remote.ice_controlling);
  EXPECT_FALSE(second.answerer_local.dtls_client);
  const auto description = Get(sdp::Parse(us.local_description()->sdp));
  EXPECT_EQ(description.session_id, "1001");
  EXPECT_EQ(description.session_version, 2u);
  EXPECT_EQ(Get(sdp::Parse(Get(us.CreateOffer()).sdp)).session_version, 3u);
}

TEST(Negotiation, AnswersPassiveToAnActiveOfferAndActiveToAPassiveOne) {
  const std::string offer = Get(Them().CreateOffer()).sdp;
  const auto answer_to = [&](std::string_view setup) {
    auto us = Us();
    Get(us.SetRemote(Offer(Replaced(offer, "a=setup:actpass\r\n", setup))));
    const auto answer = Get(us.CreateAnswer());
    const auto applied = Get(us.SetLocal(answer));
    EXPECT_EQ(applied.dtls_client, SectionOf(answer).setup == sdp::Setup::kActive);
    return SectionOf(answer).setup;
  };
  EXPECT_EQ(answer_to("a=setup:active\r\n"), sdp::Setup::kPassive);
  EXPECT_EQ(answer_to("a=setup:passive\r\n"), sdp::Setup::kActive);
  EXPECT_EQ(answer_to(""), sdp::Setup::kActive);  // Browsers take this for actpass.
}

TEST(Negotiation, ControlsALiteEnd) {
  auto us = Us();
  const auto offer = Get(Them().CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(offer, "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n"))));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_EQ(applied.ice_controlling, true);
  EXPECT_TRUE(applied.remote->ice_lite);
}

TEST(Negotiation, SetLocalRefusesWhatWeDidNotMake) {
  auto us = Us();
  const auto offer = Get(us.CreateOffer());
  EXPECT_EQ(CodeOf(us.SetLocal(Offer(Replaced(offer.sdp, "actpass", "active")))),
            Errc::kInvalidArgument);
  EXPECT_EQ(CodeOf(us.SetLocal(Offer(offer.sdp + "a=added\r\n"))), Errc::kInvalidArgument);
  EXPECT_EQ(us.state(), SignalingState::kStable);
  Get(us.SetLocal(offer));
  Get(us.SetLocal(offer));  // Once more changes nothing.
  EXPECT_EQ(us.local_description(), offer);
}

TEST(Negotiation, SetLocalRefusesAnOfferFromBeforeTheLastExchange) {
  auto us = Us();
  auto them = Them();
  const auto old = Get(us.CreateOffer());
  Exchange(them, us);
  EXPECT_EQ(CodeOf(us.SetLocal(old)), Errc::kInvalidArgument);
}

TEST(Negotiation, SetLocalTakesOtherLineEndsAndCandidates) {
  auto us = Us();
  const auto before = Get(us.CreateOffer());
  us.AddLocalCandidate(1, HostLine(1));
  us.AddLocalCandidate(1, "");
  const auto after = Get(us.CreateOffer());
  EXPECT_THAT(after.sdp, HasSubstr(HostLine(1)));
  std::string bare;
  for (const char c : before.sdp) {
    if (c != '\r') bare.push_back(c);
  }
  Get(us.SetLocal(Offer(bare)));
  EXPECT_THAT(us.local_description()->sdp, HasSubstr("a=end-of-candidates"));
  auto other = Us();
  Get(other.CreateOffer());
  Get(other.SetLocal(after));
}

TEST(Negotiation, ExplicitRollbackForgetsTheOffer) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  Get(us.SetLocal({SdpType::kRollback, ""}));
  EXPECT_EQ(us.local_description(), std::nullopt);
  Get(us.SetRemote(Get(Them().CreateOffer())));
  Get(us.SetRemote({SdpType::kRollback, "ignored"}));
  EXPECT_EQ(us.remote_description(), std::nullopt);
  // Rolled-back offers bind nobody: the next one may come from an end with other credentials.
  auto them = Them("anew");
  const auto exchanged = Exchange(us, them);
  EXPECT_EQ(exchanged.offerer_remote.remote->ice_ufrag, "anew");
  EXPECT_FALSE(exchanged.offerer_local.gather);  // It gathers since the first offer.
}

TEST(Negotiation, PranswerConnectsAndTheAnswerOnlyConfirms) {
  auto us = Us();
  auto them = Them();
  const auto offer = Get(us.CreateOffer());
  Get(us.SetLocal(offer));
  Get(them.SetRemote(offer));
  const auto answer = Get(them.CreateAnswer());
  EXPECT_TRUE(Get(them.SetLocal(As(SdpType::kPranswer, answer))).remote);
  EXPECT_EQ(them.local_description()->type, SdpType::kPranswer);
  EXPECT_FALSE(Get(them.SetLocal(answer)).remote);
  EXPECT_TRUE(Get(us.SetRemote(As(SdpType::kPranswer, answer))).remote);
  EXPECT_FALSE(Get(us.SetRemote(answer)).remote);
  EXPECT_EQ(us.remote_description()->type, SdpType::kAnswer);
}

TEST(Negotiation, RejectsMediaAndTakesTheFirstDataSection) {
  auto us = Us();
  const std::string second = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:second\r\n";
  Get(us.SetRemote(Offer(WithCrlf(kMediaOffer) + second)));
  const auto answer = Get(us.CreateAnswer());
  const auto applied = Get(us.SetLocal(answer));
  EXPECT_EQ(applied.remote->ice_ufrag, "Z/aM");
  EXPECT_FALSE(applied.rejected);
  const auto parsed = Get(sdp::Parse(answer.sdp));
  ASSERT_THAT(parsed.media, SizeIs(4));
  for (const std::size_t rejected : {1u, 3u}) EXPECT_TRUE(parsed.media[rejected].IsRejected());
  EXPECT_EQ(parsed.media[1].kind, "video");
  EXPECT_EQ(parsed.media[1].mid, "1");
  EXPECT_FALSE(parsed.media[2].IsRejected());
  EXPECT_EQ(parsed.media[2].mid, "2");
  EXPECT_THAT(parsed.bundle_group, ElementsAre("0", "2"));
  // Our own next offer keeps the places.
  const auto offer = Get(sdp::Parse(Get(us.CreateOffer()).sdp));
  ASSERT_THAT(offer.media, SizeIs(4));
  EXPECT_TRUE(offer.media[1].IsRejected());
  EXPECT_TRUE(offer.media[2].IsData());
  EXPECT_THAT(offer.bundle_group, ElementsAre("0", "2"));
}

TEST(Negotiation, AnswersWithoutABundleWhenNoneWasOffered) {
  auto us = Us();
  const auto offer = Get(Them().CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(offer, "a=group:BUNDLE 0\r\n", ""))));
  EXPECT_THAT(Get(sdp::Parse(Get(us.CreateAnswer()).sdp)).bundle_group, IsEmpty());
}

TEST(Negotiation, ABundleOnlySectionHasTheTransportOfTheFirstInItsBundle) {
  auto us = Us();
  Get(us.SetRemote(Offer(kFirefoxBundleOnlyOffer)));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  ASSERT_TRUE(applied.remote);
  EXPECT_EQ(applied.remote->ice_ufrag, SectionOf(Offer(kFirefoxBundleOnlyOffer)).ice_ufrag);
  EXPECT_EQ(applied.remote->max_message_size, 1073741823u);
}

TEST(Negotiation, AnOfferWithoutUsableDataIsAnsweredWithRejection) {
  for (const std::string_view offer :
       {kOldFormOffer, std::string_view("v=0\no=- 1 1 IN IP4 x\ns=-\nt=0 0\n")}) {
    auto us = Us();
    Get(us.SetRemote(Offer(offer)));
    const auto answer = Get(us.CreateAnswer());
    const auto applied = Get(us.SetLocal(answer));
    EXPECT_FALSE(applied.gather);
    EXPECT_FALSE(applied.remote);
    EXPECT_FALSE(applied.rejected);  // There was nothing of ours to refuse.
    EXPECT_THAT(answer.sdp, ::testing::Not(HasSubstr("BUNDLE")));
    // We may still offer data: in a place of its own, with a mid of its own.
    Get(us.SetLocal(Get(us.CreateOffer())));
    EXPECT_EQ(SectionOf(*us.local_description()).mid, "0");
  }
}

TEST(Negotiation, AnAnswerMayRefuseOurData) {
  auto us = Us();
  const auto offer = Get(us.CreateOffer());
  Get(us.SetLocal(offer));
  const auto applied = Get(us.SetRemote(
      Answer("v=0\no=- 1 1 IN IP4 x\ns=-\nt=0 0\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\n"
             "a=mid:0\n")));
  EXPECT_TRUE(applied.rejected);
  EXPECT_FALSE(applied.remote);
  EXPECT_EQ(us.state(), SignalingState::kStable);
  // A rejected place is used again with another mid (RFC 8829 section 5.2.2).
  EXPECT_EQ(SectionOf(Get(us.CreateOffer())).mid, "1");
  auto them = Them();
  EXPECT_TRUE(Exchange(us, them).offerer_remote.remote);
}

TEST(Negotiation, ALaterOfferMayEndTheData) {
  auto us = Us();
  auto them = Them();
  Exchange(us, them);
  const auto offer = Get(them.CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(offer, "m=application 9", "m=application 0"))));
  EXPECT_TRUE(Get(us.SetLocal(Get(us.CreateAnswer()))).rejected);
}

// Every real offer is answered, every real answer fits our offer.
class NegotiationReal : public ::testing::TestWithParam<RealDescription> {};

TEST_P(NegotiationReal, Connects) {
  auto us = Us();
  const std::string text = WithCrlf(GetParam().text);
  Applied applied;
  if (GetParam().name.ends_with("Offer")) {
    Get(us.SetRemote(Offer(text)));
    applied = Get(us.SetLocal(Get(us.CreateAnswer())));
    EXPECT_EQ(applied.dtls_client, true);
    EXPECT_EQ(applied.ice_controlling, false);
  } else {
    Get(us.SetLocal(Get(us.CreateOffer())));
    applied = Get(us.SetRemote(Answer(text)));
    EXPECT_EQ(applied.dtls_client, false);
    EXPECT_EQ(applied.ice_controlling, true);
  }
  ASSERT_TRUE(applied.remote);
  EXPECT_FALSE(applied.remote->fingerprints.empty());
  EXPECT_EQ(us.state(), SignalingState::kStable);
  EXPECT_TRUE(sdp::Parse(us.local_description()->sdp));
  EXPECT_TRUE(sdp::Parse(us.remote_description()->sdp));
  // The same again, as a later offer without news.
  if (GetParam().name.ends_with("Offer")) Get(us.SetRemote(Offer(text)));
}

TEST_P(NegotiationReal, CutShortNeverLeavesATraceWhenRefused) {
  const std::string text = WithCrlf(GetParam().text);
  const bool is_offer = GetParam().name.ends_with("Offer");
  for (std::size_t length = 0; length < text.size(); ++length) {
    auto us = Us();
    if (!is_offer) Get(us.SetLocal(Get(us.CreateOffer())));
    const auto state = us.state();
    const SessionDescription cut{is_offer ? SdpType::kOffer : SdpType::kAnswer,
                                 text.substr(0, length)};
    if (us.SetRemote(cut)) continue;
    EXPECT_EQ(us.state(), state);
    EXPECT_EQ(us.remote_description(), std::nullopt);
  }
}

const auto kName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(Offers, NegotiationReal, ::testing::ValuesIn(kRealOffers), kName);
INSTANTIATE_TEST_SUITE_P(Answers, NegotiationReal, ::testing::ValuesIn(kRealAnswers), kName);

}  // namespace
}  // namespace pairwire
