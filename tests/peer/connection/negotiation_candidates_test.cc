// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: candidates of both ends: dressing, waiting, generations, sections, limits, each to
// ICE once.
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
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::size_t kMax = RemoteCandidates::kMaxCandidates;

TEST(NegotiationLocalCandidates, AreDressedForSignalling) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  EXPECT_EQ(us.AddLocalCandidate(1, HostLine(1)), (IceCandidate{HostLine(1), "0", 0, "ours"}));
  EXPECT_EQ(us.AddLocalCandidate(1, ""), (IceCandidate{"", "0", 0, "ours"}));
}

TEST(NegotiationLocalCandidates, AreThoseOfTheSectionThatCarriesTheTransport) {
  auto us = Us();
  Get(us.SetRemote(Offer(kMediaOffer)));
  // Also while only the other end's offer is known: ours may have been rolled back while it
  // gathered.
  EXPECT_EQ(us.AddLocalCandidate(1, HostLine(1)), std::nullopt);  // No generation yet.
  Get(us.CreateAnswer());
  EXPECT_EQ(us.AddLocalCandidate(1, HostLine(1)), (IceCandidate{HostLine(1), "0", 0, "ours"}));
  Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_EQ(us.AddLocalCandidate(1, HostLine(2)), (IceCandidate{HostLine(2), "0", 0, "ours"}));
  EXPECT_THAT(SectionOf(*us.local_description(), 0).candidates,
              ElementsAre(HostLine(1), HostLine(2)));
}

TEST(NegotiationLocalCandidates, AreInTheDescription) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  us.AddLocalCandidate(1, HostLine(1));
  EXPECT_THAT(SectionOf(*us.local_description()).candidates, ElementsAre(HostLine(1)));
  EXPECT_FALSE(SectionOf(*us.local_description()).end_of_candidates);
  us.AddLocalCandidate(1, "");
  EXPECT_TRUE(SectionOf(*us.local_description()).end_of_candidates);
}

TEST(NegotiationLocalCandidates, AreNotMoreInTheDescriptionThanTheOtherEndTakes) {
  auto us = Us();
  Get(us.SetLocal(Get(us.CreateOffer())));
  for (int i = 0; i < static_cast<int>(kMax) + 10; ++i) us.AddLocalCandidate(1, HostLine(i));
  EXPECT_THAT(SectionOf(*us.local_description()).candidates, SizeIs(kMax));
}

class NegotiationCandidates : public ::testing::Test {
 protected:
  // Feeds one that must be taken.
  Negotiation::CandidateAction Add(const IceCandidate& candidate) {
    return Get(us_.AddRemoteCandidate(candidate));
  }
  Errc Refused(const IceCandidate& candidate) { return CodeOf(us_.AddRemoteCandidate(candidate)); }

  // We answer the other end's offer.
  Applied Answered() {
    Get(us_.SetRemote(Get(them_.CreateOffer())));
    return Get(us_.SetLocal(Get(us_.CreateAnswer())));
  }

  Negotiation us_ = Us();
  Negotiation them_ = Them();
};

TEST_F(NegotiationCandidates, WaitForTheFirstAnswer) {
  EXPECT_EQ(Add(Candidate(HostLine(1))).candidate, std::nullopt);
  auto offer = Get(them_.CreateOffer());
  offer.sdp += "a=" + HostLine(0) + "\r\n";
  EXPECT_THAT(Get(us_.SetRemote(offer)).remote_candidates, IsEmpty());
  EXPECT_EQ(Add(Candidate(HostLine(2))).candidate, std::nullopt);
  EXPECT_EQ(Add(Candidate("")).done, false);
  // Already shown, though not yet used.
  EXPECT_THAT(SectionOf(*us_.remote_description()).candidates,
              ElementsAre(HostLine(0), HostLine(1), HostLine(2)));
  const auto applied = Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_THAT(applied.remote_candidates, ElementsAre(HostLine(0), HostLine(1), HostLine(2)));
  EXPECT_TRUE(applied.remote_candidates_done);
}

TEST_F(NegotiationCandidates, GoThroughAfterTheFirstAnswerEachOnce) {
  EXPECT_THAT(Answered().remote_candidates, IsEmpty());
  EXPECT_EQ(Add(Candidate(HostLine(1))).candidate, HostLine(1));
  EXPECT_EQ(Add(Candidate(HostLine(1))).candidate, std::nullopt);
  EXPECT_EQ(Add(Candidate("a=" + HostLine(2) + " \r\n")).candidate, HostLine(2));
  EXPECT_TRUE(Add(Candidate("")).done);
  EXPECT_THAT(SectionOf(*us_.remote_description()).candidates, SizeIs(2));
  EXPECT_TRUE(SectionOf(*us_.remote_description()).end_of_candidates);
}

TEST_F(NegotiationCandidates, OfALaterOfferAreHandedOutWhenNew) {
  Answered();
  Add(Candidate(HostLine(1)));
  auto offer = Get(them_.CreateOffer());
  offer.sdp += "a=" + HostLine(1) + "\r\na=" + HostLine(2) + "\r\na=end-of-candidates\r\n";
  const auto applied = Get(us_.SetRemote(offer));
  EXPECT_THAT(applied.remote_candidates, ElementsAre(HostLine(2)));
  EXPECT_TRUE(applied.remote_candidates_done);
  EXPECT_FALSE(Get(us_.SetRemote(offer)).remote_candidates_done);
}

TEST_F(NegotiationCandidates, OfAnotherGenerationAreIgnored) {
  Answered();
  IceCandidate tagged = Candidate(HostLine(1));
  tagged.username_fragment = "past";
  EXPECT_EQ(Add(tagged).candidate, std::nullopt);
  EXPECT_EQ(Add(Candidate(HostLine(1) + " generation 0 ufrag past")).candidate, std::nullopt);
  IceCandidate end = Candidate("");
  end.username_fragment = "past";
  EXPECT_FALSE(Add(end).done);
  // This one: by both ways of saying so.
  const std::string inside = HostLine(2) + " generation 0 ufrag them network-cost 999";
  EXPECT_EQ(Add(Candidate(inside)).candidate, inside);
  tagged.username_fragment = "them";
  EXPECT_EQ(Add(tagged).candidate, HostLine(1));
}

TEST_F(NegotiationCandidates, OfAnotherGenerationAreIgnoredInDescriptionsToo) {
  auto offer = Get(them_.CreateOffer());
  offer.sdp += "a=" + HostLine(1) + " ufrag past\r\na=" + HostLine(2) + " ufrag them\r\n";
  IceCandidate waits = Candidate(HostLine(3));
  waits.username_fragment = "past";
  Add(waits);
  Get(us_.SetRemote(offer));
  const auto applied = Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_THAT(applied.remote_candidates, ElementsAre(HostLine(2) + " ufrag them"));
}

TEST_F(NegotiationCandidates, NeedASectionThatThereIs) {
  const IceCandidate bare{HostLine(1), std::nullopt, std::nullopt, std::nullopt};
  EXPECT_EQ(Refused(bare), Errc::kInvalidArgument);
  Add(Candidate(HostLine(9), "unknown"));  // Nobody can tell yet; dropped later.
  Get(us_.SetRemote(Offer(kMediaOffer)));
  EXPECT_EQ(Refused(Candidate(HostLine(1), "unknown")), Errc::kInvalidArgument);
  EXPECT_EQ(Refused({HostLine(1), std::nullopt, 3, std::nullopt}), Errc::kInvalidArgument);
  EXPECT_EQ(Refused({HostLine(1), std::nullopt, -1, std::nullopt}), Errc::kInvalidArgument);
  Add(Candidate(HostLine(2), "0"));  // audio, whose transport is the bundle's
  Add(Candidate(HostLine(8), "1"));  // video, which we reject
  const auto applied = Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_THAT(applied.remote_candidates, ElementsAre(HostLine(2)));
  EXPECT_EQ(Add(Candidate(HostLine(3), "1")).candidate, std::nullopt);
  EXPECT_EQ(Add(Candidate(HostLine(4), "2")).candidate, HostLine(4));
  EXPECT_EQ(Add({HostLine(5), std::nullopt, 2, std::nullopt}).candidate, HostLine(5));
  EXPECT_EQ(Add({HostLine(6), "", 2, std::nullopt}).candidate, HostLine(6));
  // The mid counts before the index.
  EXPECT_EQ(Add({HostLine(7), "2", 0, std::nullopt}).candidate, HostLine(7));
}

TEST_F(NegotiationCandidates, EndWithoutASectionIsThatOfAll) {
  Answered();
  EXPECT_TRUE(Add({"", std::nullopt, std::nullopt, std::nullopt}).done);
}

TEST_F(NegotiationCandidates, OfTheBundlesFirstSectionAreOursWhenOursIsBundleOnly) {
  Get(us_.SetRemote(Offer(kFirefoxBundleOnlyOffer)));
  Get(us_.SetLocal(Get(us_.CreateAnswer())));
  EXPECT_EQ(Add(Candidate(HostLine(1), "0")).candidate, HostLine(1));
}

TEST_F(NegotiationCandidates, TextThatIsNoneIsRefused) {
  for (const char* line : {"nonsense", "candidate:", "candidate:1 1\r\na=ice-pwd:x",
                           "x candidate:1", "candidate:\xc3\xbc"}) {
    EXPECT_EQ(Refused(Candidate(line)), Errc::kParseError) << line;
  }
}

TEST_F(NegotiationCandidates, HaveALongestLine) {
  Answered();
  std::string line = HostLine(1) + " ";
  line.append(RemoteCandidates::kMaxCandidateBytes - line.size(), 'x');
  EXPECT_EQ(Add(Candidate(line)).candidate, line);
  EXPECT_EQ(Refused(Candidate(line + "x")), Errc::kLimitExceeded);
  EXPECT_EQ(Refused(Candidate(HostLine(1), std::string(257, 'm'))), Errc::kInvalidArgument);
}

TEST_F(NegotiationCandidates, AreAtMost64Waiting) {
  for (int i = 0; i < static_cast<int>(kMax); ++i) Add(Candidate(HostLine(i)));
  Add(Candidate(HostLine(0)));  // The same again takes no room.
  EXPECT_EQ(Refused(Candidate(HostLine(99))), Errc::kLimitExceeded);
  EXPECT_THAT(Answered().remote_candidates, SizeIs(kMax));
}

TEST_F(NegotiationCandidates, AreAtMost64OfAGeneration) {
  Answered();
  for (int i = 0; i < static_cast<int>(kMax); ++i) Add(Candidate(HostLine(i)));
  EXPECT_EQ(Refused(Candidate(HostLine(99))), Errc::kLimitExceeded);
  EXPECT_EQ(Add(Candidate(HostLine(5))).candidate, std::nullopt);
  EXPECT_TRUE(Add(Candidate("")).done);
  // A later description does not fail for having more.
  auto offer = Get(them_.CreateOffer());
  offer.sdp += "a=" + HostLine(99) + "\r\n";
  EXPECT_THAT(Get(us_.SetRemote(offer)).remote_candidates, IsEmpty());
}

TEST_F(NegotiationCandidates, WaitingOnesBeyondTheLimitAreDroppedByTheAnswer) {
  for (int i = 0; i < 40; ++i) Add(Candidate(HostLine(i)));
  auto offer = Get(them_.CreateOffer());
  for (int i = 100; i < 140; ++i) offer.sdp += "a=" + HostLine(i) + "\r\n";
  Get(us_.SetRemote(offer));
  EXPECT_THAT(Get(us_.SetLocal(Get(us_.CreateAnswer()))).remote_candidates, SizeIs(kMax));
}

}  // namespace
}  // namespace pairwire
