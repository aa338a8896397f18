// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: what W3C WebRTC 1.0 adds to RFC 8829: current and pending descriptions, rollback,
// negotiation-needed, canTrickleIceCandidates, SDP left out; and bundles as browsers make them (RFC
// 8843).
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
using ::testing::SizeIs;

const SessionDescription kRollback{SdpType::kRollback, ""};

TEST(NegotiationDescriptions, ArePendingUntilTheAnswerThenCurrent) {
  auto us = Us();
  auto them = Them();
  const auto offer = Get(us.CreateOffer());
  Get(us.SetLocal(offer));
  Get(them.SetRemote(offer));
  EXPECT_EQ(us.pending_local_description(), offer);
  EXPECT_EQ(us.current_local_description(), std::nullopt);
  EXPECT_EQ(them.pending_remote_description(), offer);
  const auto answer = Get(them.CreateAnswer());
  Get(us.SetRemote(answer));
  EXPECT_EQ(us.current_local_description(), offer);
  EXPECT_EQ(us.current_remote_description(), answer);
  EXPECT_EQ(us.pending_local_description(), std::nullopt);
  EXPECT_EQ(us.pending_remote_description(), std::nullopt);
  // The next exchange stands beside it until it is complete.
  const auto second = Get(us.CreateOffer());
  Get(us.SetLocal(second));
  EXPECT_EQ(us.current_local_description(), offer);
  EXPECT_EQ(us.pending_local_description(), second);
  EXPECT_EQ(us.local_description(), second);
  EXPECT_EQ(us.remote_description(), answer);
  Get(us.SetLocal(kRollback));
  EXPECT_EQ(us.local_description(), offer);
}

TEST(NegotiationDescriptions, LeftOutStandForTheLastOneMade) {
  auto us = Us();
  auto them = Them();
  Get(us.SetLocal(Offer("")));
  EXPECT_EQ(us.state(), SignalingState::kHaveLocalOffer);
  Get(them.SetRemote(*us.local_description()));
  const auto made = Get(them.CreateAnswer());
  Get(them.SetLocal(Answer("")));
  EXPECT_EQ(them.local_description(), made);
  Get(us.SetRemote(made));
  Get(us.CreateOffer({.ice_restart = true}));
  Get(us.SetLocal(Offer("")));
  EXPECT_EQ(SectionOf(*us.local_description()).ice_ufrag, "ours2");
}

TEST(NegotiationDescriptions, OnlyTheLastOneMadeCanBeSet) {
  auto us = Us();
  auto them = Them();
  Exchange(us, them);
  const auto plain = Get(us.CreateOffer());
  const auto restart = Get(us.CreateOffer({.ice_restart = true}));
  EXPECT_EQ(CodeOf(us.SetLocal(plain)), Errc::kInvalidArgument);
  Get(us.SetLocal(restart));
}

TEST(NegotiationRollbackW3c, IsRefusedWithAPranswer) {
  auto us = Us();
  auto them = Them();
  const auto offer = Get(us.CreateOffer());
  Get(us.SetLocal(offer));
  Get(them.SetRemote(offer));
  const auto pranswer = As(SdpType::kPranswer, Get(them.CreateAnswer()));
  Get(them.SetLocal(pranswer));
  Get(us.SetRemote(pranswer));
  for (Negotiation* end : {&us, &them}) {
    EXPECT_EQ(CodeOf(end->SetLocal(kRollback)), Errc::kInvalidState);
    EXPECT_EQ(CodeOf(end->SetRemote(kRollback)), Errc::kInvalidState);
  }
}

TEST(NegotiationNeeded, WhenAChannelExistsAndNoDataWasNegotiated) {
  auto us = Us();
  EXPECT_FALSE(us.negotiation_needed());
  us.SetWantsData(true);
  EXPECT_TRUE(us.negotiation_needed());
  Get(us.SetLocal(Get(us.CreateOffer())));
  EXPECT_FALSE(us.negotiation_needed());
  Get(us.SetLocal(kRollback));
  EXPECT_TRUE(us.negotiation_needed());
  auto them = Them();
  them.SetWantsData(true);
  Exchange(us, them);
  EXPECT_FALSE(us.negotiation_needed());
  EXPECT_FALSE(them.negotiation_needed());
  us.RequestIceRestart();
  us.Close();
  EXPECT_FALSE(us.negotiation_needed());
}

TEST(NegotiationNeeded, NotAgainWhenOurOfferWasRefused) {
  auto us = Us();
  us.SetWantsData(true);
  Get(us.SetLocal(Get(us.CreateOffer())));
  Get(us.SetRemote(
      Answer("v=0\no=- 1 1 IN IP4 x\ns=-\nt=0 0\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\n"
             "a=mid:0\n")));
  EXPECT_FALSE(us.negotiation_needed());
}

TEST(NegotiationNeeded, WhenTheOtherEndOfferedOnlyMedia) {
  auto us = Us();
  us.SetWantsData(true);
  Get(
      us.SetRemote(Offer("v=0\no=- 1 1 IN IP4 x\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n"
                         "a=mid:a\n")));
  Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_TRUE(us.negotiation_needed());
}

TEST(NegotiationTrickle, IsWhatTheOtherEndSays) {
  auto us = Us();
  EXPECT_EQ(us.can_trickle_ice_candidates(), std::nullopt);
  Get(us.SetRemote(Offer(kWeriftOffer)));
  EXPECT_EQ(us.can_trickle_ice_candidates(), true);
  for (const auto& [offer, can] : {std::pair(kLibdatachannelOffer, true),
                                   {kAiortcOffer, false},
                                   {kFirefoxOffer, true},
                                   {kPionOffer, false}}) {
    auto other = Us();
    Get(other.SetRemote(Offer(offer)));
    EXPECT_EQ(other.can_trickle_ice_candidates(), can) << offer;
  }
}

// Half trickle: an offer with all candidates and their end, an answer that trickles.
TEST(NegotiationTrickle, HalfTrickleBothWays) {
  auto us = Us();
  auto them = Them();
  Get(us.SetLocal(Get(us.CreateOffer())));
  us.AddLocalCandidate(1, HostLine(1));
  us.AddLocalCandidate(1, "");
  Get(them.SetRemote(*us.local_description()));
  const auto answer = Get(them.CreateAnswer());
  const auto applied = Get(them.SetLocal(answer));
  EXPECT_THAT(applied.remote_candidates, ElementsAre(HostLine(1)));
  EXPECT_TRUE(applied.remote_candidates_done);
  EXPECT_FALSE(Get(us.SetRemote(answer)).remote_candidates_done);
  EXPECT_EQ(Get(us.AddRemoteCandidate(*them.AddLocalCandidate(1, HostLine(2)))).candidate,
            HostLine(2));
  EXPECT_TRUE(Get(us.AddRemoteCandidate(*them.AddLocalCandidate(1, ""))).done);
}

TEST(NegotiationMessageSize, MayChangeInALaterExchange) {
  auto us = Us();
  auto them = Them();
  Exchange(us, them);
  EXPECT_EQ(Exchange(us, them).offerer_remote.max_message_size, std::nullopt);
  const auto offer = Get(them.CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(offer, "size:100000", "size:18446744073709551615"))));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_EQ(applied.max_message_size, 18446744073709551615u);
  EXPECT_FALSE(applied.remote);
  // Also together with a restart.
  them.RequestIceRestart();
  const auto restart = Get(them.CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(restart, "size:100000", "size:0"))));
  const auto restarted = Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_TRUE(restarted.remote_is_restart);
  EXPECT_EQ(restarted.max_message_size, 0u);
}

// Browsers' bundle policies: what a max-bundle browser offers looks like any other's, but it has
// one transport only, that of the first section, and refuses an answer that rejects it.
TEST(NegotiationBundle, KeepsTheTaggedSectionUnusedForItsTransport) {
  auto us = Us();
  Get(us.SetRemote(Offer(kMediaOffer)));
  const auto text = Get(us.CreateAnswer());
  const auto answer = Get(sdp::Parse(text.sdp));
  EXPECT_THAT(answer.bundle_group, ElementsAre("0", "2"));
  const auto& audio = answer.media.at(0);
  const auto& data = answer.media.at(2);
  EXPECT_FALSE(audio.IsRejected());
  EXPECT_TRUE(audio.inactive);
  EXPECT_TRUE(audio.rtcp_mux);
  EXPECT_EQ(audio.format, "111");
  EXPECT_EQ(audio.rtpmap, "111 opus/48000/2");
  EXPECT_EQ(audio.ice_ufrag, data.ice_ufrag);
  EXPECT_EQ(audio.setup, data.setup);
  EXPECT_TRUE(answer.media.at(1).IsRejected());
  // Candidates are those of the first section, both ways.
  Get(us.SetLocal(text));
  EXPECT_EQ(us.AddLocalCandidate(1, HostLine(1)), (IceCandidate{HostLine(1), "0", 0, "ours"}));
  EXPECT_EQ(Get(us.AddRemoteCandidate(Candidate(HostLine(2), "0"))).candidate, HostLine(2));
  // Our own offer must not pull it away.
  const auto offer = Get(sdp::Parse(Get(us.CreateOffer()).sdp));
  EXPECT_THAT(offer.bundle_group, ElementsAre("0", "2"));
  EXPECT_TRUE(offer.media.at(0).inactive);
  EXPECT_EQ(offer.media.at(0).setup, sdp::Setup::kActpass);
  EXPECT_TRUE(offer.media.at(1).IsRejected());
}

TEST(NegotiationBundle, ARestartRunsThroughTheTaggedSection) {
  auto us = Us();
  Get(us.SetRemote(Offer(kMediaOffer)));
  Get(us.SetLocal(Get(us.CreateAnswer())));
  auto restart = std::string(kMediaOffer);
  for (int section = 0; section < 3; ++section) {
    restart = Replaced(restart, "a=ice-ufrag:Z/aM", "a=ice-ufrag:anew");
    restart = Replaced(restart, "a=ice-pwd:3i6Z", "a=ice-pwd:4i6Z");
  }
  Get(us.SetRemote(Offer(restart)));
  const auto answer = Get(us.CreateAnswer());
  EXPECT_EQ(SectionOf(answer, 0).ice_ufrag, "ours2");
  EXPECT_EQ(SectionOf(answer, 2).ice_ufrag, "ours2");
  const auto applied = Get(us.SetLocal(answer));
  EXPECT_TRUE(applied.remote_is_restart);
  EXPECT_EQ(us.AddLocalCandidate(2, HostLine(1)), (IceCandidate{HostLine(1), "0", 0, "ours2"}));
}

TEST(NegotiationBundle, AnAnswerMayRejectTheUnusedSection) {
  auto us = Us();
  Get(us.SetRemote(Offer(kMediaOffer)));
  Get(us.SetLocal(Get(us.CreateAnswer())));
  Get(us.SetLocal(Get(us.CreateOffer())));
  auto answer = Replaced(std::string(kMediaOffer), "BUNDLE 0 1 2", "BUNDLE 2");
  answer = Replaced(Replaced(answer, "m=audio 9", "m=audio 0"), "m=video 9", "m=video 0");
  answer = Replaced(answer, "a=setup:actpass\na=mid:2", "a=setup:passive\na=mid:2");
  Get(us.SetRemote(Answer(answer)));
  EXPECT_EQ(us.state(), SignalingState::kStable);
}

TEST(NegotiationBundle, DataOutsideOfTheBundleHasItsOwnTransport) {
  auto us = Us();
  Get(us.SetRemote(Offer(Replaced(std::string(kMediaOffer), "BUNDLE 0 1 2", "BUNDLE 0 1"))));
  const auto answer = Get(sdp::Parse(Get(us.CreateAnswer()).sdp));
  EXPECT_TRUE(answer.media.at(0).IsRejected());
  EXPECT_TRUE(answer.bundle_group.empty());
  EXPECT_FALSE(answer.media.at(2).IsRejected());
}

TEST(NegotiationBundle, DataFirstRejectsAllOthers) {
  auto us = Us();
  auto text = Replaced(std::string(kMediaOffer), "BUNDLE 0 1 2", "BUNDLE 2 0 1");
  Get(us.SetRemote(Offer(text)));
  const auto answer = Get(sdp::Parse(Get(us.CreateAnswer()).sdp));
  EXPECT_TRUE(answer.media.at(0).IsRejected());
  EXPECT_TRUE(answer.media.at(1).IsRejected());
  EXPECT_THAT(answer.bundle_group, ElementsAre("2"));
}

TEST(NegotiationBundle, SectionsAddedLaterAreRejectedAndMidsStay) {
  auto us = Us();
  auto them = Them();
  Exchange(them, us);
  const auto offer = Get(them.CreateOffer()).sdp;
  Get(us.SetRemote(Offer(Replaced(offer, "BUNDLE 0", "BUNDLE 0 new") +
                         "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:new\r\n")));
  const auto answer = Get(us.CreateAnswer());
  Get(us.SetLocal(answer));
  const auto parsed = Get(sdp::Parse(answer.sdp));
  ASSERT_THAT(parsed.media, SizeIs(2));
  EXPECT_EQ(parsed.media[0].mid, "0");
  EXPECT_EQ(parsed.media[1].mid, "new");
  EXPECT_TRUE(parsed.media[1].IsRejected());
  EXPECT_THAT(parsed.bundle_group, ElementsAre("0"));
  const auto next = Get(sdp::Parse(Get(us.CreateOffer()).sdp));
  ASSERT_THAT(next.media, SizeIs(2));
  EXPECT_EQ(next.media[1].mid, "new");
  EXPECT_TRUE(next.media[1].IsRejected());
}

// The limits of SDP, hit through SetRemote, leave no trace.
TEST(NegotiationLimits, AreThoseOfSdp) {
  const auto good = Get(Them().CreateOffer()).sdp;
  const auto repeated = [](std::string_view line, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out.append(line);
    return out;
  };
  for (const auto& tail :
       {repeated("a=x:" + std::string(1000, 'y') + "\r\n", 33), repeated("a=x\r\n", sdp::kMaxLines),
        repeated("m=audio 0 P 0\r\n", sdp::kMaxMediaSections),
        repeated("a=candidate:x\r\n", sdp::kMaxCandidates + 1)}) {
    auto us = Us();
    EXPECT_EQ(CodeOf(us.SetRemote(Offer(good + tail))), Errc::kLimitExceeded);
    EXPECT_EQ(us.remote_description(), std::nullopt);
    EXPECT_EQ(us.state(), SignalingState::kStable);
  }
  auto us = Us();
  Get(us.SetRemote(Offer(good + repeated("a=candidate:x\r\n", sdp::kMaxCandidates))));
}

}  // namespace
}  // namespace pairwire
