// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// sdp::Parse on what other implementations really send: whole, printed again, and cut short at
// every byte.
#include "tests/peer/sdp/real_descriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "peer/sdp/description.h"

namespace pairwire::sdp {
namespace {

using ::pairwire::testing::kRealAnswers;
using ::pairwire::testing::kRealOffers;
using ::pairwire::testing::RealDescription;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class SdpReal : public ::testing::TestWithParam<RealDescription> {
 protected:
  const std::string text_ = testing::WithCrlf(GetParam().text);
};

TEST_P(SdpReal, HasADataSectionThatSaysAllThatIsNeeded) {
  const auto parsed = Parse(text_);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  ASSERT_FALSE(parsed->media.empty());
  const auto& section = parsed->media.back();
  EXPECT_TRUE(section.IsData());
  EXPECT_FALSE(section.IsRejected());
  EXPECT_FALSE(section.mid.empty());
  EXPECT_EQ(section.sctp_port, 5000);
  EXPECT_FALSE(section.fingerprints.empty());
  if (!section.bundle_only) {
    EXPECT_GE(section.ice_ufrag.size(), 4u);
    EXPECT_GE(section.ice_pwd.size(), 22u);
    EXPECT_TRUE(section.setup);
  }
  ASSERT_FALSE(parsed->bundle_group.empty());
  EXPECT_EQ(parsed->bundle_group.back(), section.mid);
}

TEST_P(SdpReal, MeansTheSameWithBareLineFeeds) { EXPECT_EQ(Parse(GetParam().text), Parse(text_)); }

TEST_P(SdpReal, SurvivesPrinting) {
  const auto parsed = Parse(text_);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(Parse(Serialize(*parsed)), parsed);
}

TEST_P(SdpReal, CutShortIsRefusedOrIsWholeInItself) {
  for (std::size_t length = 0; length < text_.size(); ++length) {
    const auto parsed = Parse(std::string_view(text_).substr(0, length));
    if (parsed) {
      EXPECT_EQ(Parse(Serialize(*parsed)), parsed) << "cut at " << length;
    } else {
      EXPECT_EQ(parsed.error().code, Errc::kParseError) << "cut at " << length;
      EXPECT_FALSE(parsed.error().detail.empty());
    }
  }
}

const auto kName = [](const auto& test) { return std::string(test.param.name); };
INSTANTIATE_TEST_SUITE_P(Offers, SdpReal, ::testing::ValuesIn(kRealOffers), kName);
INSTANTIATE_TEST_SUITE_P(Answers, SdpReal, ::testing::ValuesIn(kRealAnswers), kName);

TEST(SdpRealValues, Chromium) {
  const auto parsed = Parse(testing::kChromiumFullOffer);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->session_id, "2026543269392083190");
  EXPECT_EQ(parsed->session_version, 2u);
  const auto& section = parsed->media.at(0);
  EXPECT_EQ(section.setup, Setup::kActpass);
  EXPECT_THAT(section.ice_options, ElementsAre("trickle"));
  EXPECT_THAT(section.candidates, SizeIs(2));
  EXPECT_EQ(section.max_message_size, 262144u);
}

TEST(SdpRealValues, FirefoxSaysItsFingerprintAndOptionsForTheSession) {
  const auto parsed = Parse(testing::kFirefoxOffer);
  ASSERT_TRUE(parsed);
  const auto& section = parsed->media.at(0);
  EXPECT_THAT(section.fingerprints, SizeIs(1));
  EXPECT_THAT(section.ice_options, ElementsAre("trickle"));
  EXPECT_EQ(section.max_message_size, 1073741823u);
}

TEST(SdpRealValues, AiortcHasThreeFingerprints) {
  const auto parsed = Parse(testing::kAiortcOffer);
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->media.at(0).fingerprints, SizeIs(3));
  EXPECT_TRUE(parsed->media.at(0).end_of_candidates);
  EXPECT_EQ(parsed->media.at(0).port, 40523);
}

TEST(SdpRealValues, AudioAndVideoSurviveAsSectionsToReject) {
  const auto parsed = Parse(testing::kMediaOffer);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  ASSERT_THAT(parsed->media, SizeIs(3));
  EXPECT_EQ(parsed->media[0].kind, "audio");
  EXPECT_EQ(parsed->media[1].kind, "video");
  EXPECT_FALSE(parsed->media[1].IsData());
  EXPECT_TRUE(parsed->media[2].IsData());
}

TEST(SdpRealValues, TheFormBeforeRfc8841IsNoDataSectionForUs) {
  const auto parsed = Parse(testing::kOldFormOffer);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_FALSE(parsed->media.at(0).IsData());
  EXPECT_EQ(parsed->media.at(0).format, "5000");
}

}  // namespace
}  // namespace pairwire::sdp
