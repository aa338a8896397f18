// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: descriptions that parse and are refused all the same, each with its code and words,
// and what makes no difference. The text under test is a good one with one thing replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/peer/connection/negotiation_support.h"
#include "tests/peer/sdp/real_descriptions.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kData = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

enum class When { kOffer, kAnswer, kLaterOffer, kLaterAnswer };

struct Case {
  std::string name;
  When when;
  std::string from;
  std::string to;
  std::optional<Errc> code;  // nothing: it is taken
  std::string detail;
};

class NegotiationRefuses : public ::testing::TestWithParam<Case> {};

TEST_P(NegotiationRefuses, WithItsReason) {
  const auto& test = GetParam();
  auto us = Us();
  auto them = Them();
  if (test.when == When::kLaterOffer || test.when == When::kLaterAnswer) Exchange(us, them);
  SessionDescription description;
  if (test.when == When::kOffer || test.when == When::kLaterOffer) {
    description = Get(them.CreateOffer());
  } else {
    const auto offer = Get(us.CreateOffer());
    Get(us.SetLocal(offer));
    Get(them.SetRemote(offer));
    description = Get(them.CreateAnswer());
  }
  description.sdp = Replaced(description.sdp, test.from, test.to);
  const auto state = us.state();
  const auto remote = us.remote_description();
  const auto applied = us.SetRemote(description);
  if (!test.code) {
    EXPECT_TRUE(applied) << ToString(applied.error());
    return;
  }
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, *test.code) << applied.error().detail;
  EXPECT_THAT(applied.error().detail, HasSubstr(test.detail));
  EXPECT_EQ(us.state(), state);
  EXPECT_EQ(us.remote_description(), remote);
}

const auto kName = [](const auto& test) { return test.param.name; };
const std::string kUfrag = "a=ice-ufrag:them";
const std::string kPassword = "a=ice-pwd:theirPasswordTwentyTwo";
const std::string kPrint = "a=fingerprint:sha-256 " + HexPairs("0B", 32);
constexpr auto kParse = Errc::kParseError;
constexpr auto kUnsupported = Errc::kUnsupported;
constexpr auto kMisfit = Errc::kInvalidArgument;
constexpr std::nullopt_t kTaken = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    Credentials, NegotiationRefuses,
    ::testing::Values(
        Case{"NoUfrag", When::kOffer, kUfrag, "a=x", kParse, "ice-ufrag"},
        Case{"UfragOf3", When::kOffer, kUfrag, "a=ice-ufrag:abc", kParse, "ice-ufrag"},
        Case{"UfragOf4", When::kOffer, kUfrag, "a=ice-ufrag:ab+/", kTaken, ""},
        Case{"UfragOf256", When::kOffer, kUfrag, "a=ice-ufrag:" + std::string(256, 'a'), kTaken,
             ""},
        Case{"UfragOf257", When::kOffer, kUfrag, "a=ice-ufrag:" + std::string(257, 'a'), kParse,
             "ice-ufrag"},
        Case{"UfragNotIceChar", When::kOffer, kUfrag, "a=ice-ufrag:ab-d", kParse, "ice-ufrag"},
        Case{"NoPassword", When::kOffer, kPassword, "a=x", kParse, "ice-pwd"},
        Case{"PasswordOf21", When::kOffer, kPassword, "a=ice-pwd:" + std::string(21, 'a'), kParse,
             "ice-pwd"},
        Case{"PasswordOf22", When::kOffer, kPassword, "a=ice-pwd:" + std::string(22, 'a'), kTaken,
             ""},
        Case{"PasswordOf256", When::kOffer, kPassword, "a=ice-pwd:" + std::string(256, 'a'), kTaken,
             ""},
        Case{"PasswordOf257", When::kOffer, kPassword, "a=ice-pwd:" + std::string(257, 'a'), kParse,
             "ice-pwd"},
        Case{"PasswordNotIceChar", When::kOffer, kPassword, "a=ice-pwd:" + std::string(22, '_'),
             kParse, "ice-pwd"},
        Case{"AnswerWithoutUfrag", When::kAnswer, kUfrag, "a=x", kParse, "ice-ufrag"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Fingerprints, NegotiationRefuses,
    ::testing::Values(
        Case{"None", When::kOffer, kPrint, "a=x", kParse, "no a=fingerprint"},
        Case{"OnlySha1", When::kOffer, kPrint, "a=fingerprint:sha-1 AB:CD", kUnsupported,
             "sha-256"},
        Case{"OnlyMd5InAnswer", When::kAnswer, kPrint, "a=fingerprint:md5 AB:CD", kUnsupported,
             "sha-256"},
        Case{"Sha384", When::kOffer, kPrint, "a=fingerprint:SHA-384 AB:CD", kTaken, ""},
        Case{"Sha512", When::kOffer, kPrint, "a=fingerprint:sha-512 AB:CD", kTaken, ""}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Roles, NegotiationRefuses,
    ::testing::Values(
        Case{"OfferHoldconn", When::kOffer, "actpass", "holdconn", kUnsupported, "holdconn"},
        Case{"AnswerHoldconn", When::kAnswer, "active", "holdconn", kUnsupported, "holdconn"},
        Case{"AnswerActpass", When::kAnswer, "setup:active", "setup:actpass", kParse, "a=setup"},
        Case{"AnswerWithoutSetup", When::kAnswer, "a=setup:active", "a=x", kParse, "no a=setup"},
        Case{"AnswerPassive", When::kAnswer, "setup:active", "setup:passive", kTaken, ""},
        Case{"NoSctp", When::kOffer, "sctp-port:5000", "sctp-port:0", kUnsupported, "sctp-port"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    AnswersThatDoNotFit, NegotiationRefuses,
    ::testing::Values(
        Case{"MoreSections", When::kAnswer, std::string(kData),
             "m=audio 0 P 0\r\n" + std::string(kData), kMisfit, "2 media sections"},
        Case{"NoSection", When::kAnswer, std::string(kData), "", kMisfit, "0 media sections"},
        Case{"OtherKind", When::kAnswer, "m=application", "m=audio", kMisfit, "another kind"},
        Case{"OtherMid", When::kAnswer, "a=mid:0", "a=mid:1", kMisfit, "another mid"},
        Case{"NoMid", When::kAnswer, "a=mid:0", "a=x", kTaken, ""},
        Case{"OldForm", When::kAnswer, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000",
             kMisfit, "does not answer the data section"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Later, NegotiationRefuses,
    ::testing::Values(
        Case{"SameOffer", When::kLaterOffer, "them", "them", kTaken, ""},
        Case{"SameAnswer", When::kLaterAnswer, "them", "them", kTaken, ""},
        Case{"OtherUfragSamePassword", When::kLaterOffer, kUfrag, "a=ice-ufrag:anew", kMisfit,
             "both ice-ufrag and ice-pwd"},
        Case{"OtherPasswordSameUfrag", When::kLaterOffer, kPassword,
             "a=ice-pwd:" + std::string(22, 'n'), kMisfit, "both ice-ufrag and ice-pwd"},
        Case{"IceRestart", When::kLaterOffer, kUfrag + "\r\n" + kPassword,
             "a=ice-ufrag:anew\r\na=ice-pwd:" + std::string(22, 'n'), kTaken, ""},
        Case{"IceRestartInAnswer", When::kLaterAnswer, kUfrag + "\r\n" + kPassword,
             "a=ice-ufrag:anew\r\na=ice-pwd:" + std::string(22, 'n'), kMisfit, "did not ask"},
        Case{"OtherFingerprint", When::kLaterOffer, kPrint, "a=fingerprint:sha-256 AB:CD",
             kUnsupported, "fingerprints changed"},
        Case{"MoreFingerprints", When::kLaterOffer, kPrint,
             kPrint + "\r\na=fingerprint:sha-512 AB:CD", kUnsupported, "fingerprints changed"},
        Case{"SameFingerprintSpelledOtherwise", When::kLaterOffer, kPrint,
             "a=fingerprint:SHA-256 " + HexPairs("0b", 32), kTaken, ""},
        Case{"OfferTurnsRolesRound", When::kLaterOffer, "setup:actpass", "setup:passive", kTaken,
             ""},
        Case{"OfferNamesTheSameRole", When::kLaterOffer, "setup:actpass", "setup:active", kTaken,
             ""},
        Case{"AnswerTurnsRolesRound", When::kLaterAnswer, "setup:active", "setup:passive", kTaken,
             ""},
        Case{"OtherSctpPort", When::kLaterOffer, "sctp-port:5000", "sctp-port:5001", kUnsupported,
             "sctp-port"},
        Case{"OtherMid", When::kLaterOffer, "a=mid:0", "a=mid:1", kMisfit, "mid"},
        Case{"NoSection", When::kLaterOffer, std::string(kData), "", kMisfit, "fewer"},
        Case{"OtherKind", When::kLaterOffer, "m=application", "m=audio", kMisfit, "kind"},
        Case{"DataMoved", When::kLaterOffer, std::string(kData),
             "m=audio 9 P 0\r\n" + std::string(kData), kMisfit, "place"}),
    kName);

// Our later offers list the media that we rejected; an answer can not bring it back.
TEST(NegotiationRefusesAnswer, ThatAcceptsWhatWasNotOffered) {
  auto us = Us();
  Get(us.SetRemote(Offer(kMediaOffer)));
  Get(us.SetLocal(Get(us.CreateAnswer())));
  Get(us.SetLocal(Get(us.CreateOffer())));
  auto answer =
      Replaced(std::string(kMediaOffer), "a=setup:actpass\na=mid:2", "a=setup:active\na=mid:2");
  const auto applied = us.SetRemote(Answer(answer));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, kMisfit);
  EXPECT_THAT(applied.error().detail, HasSubstr("did not offer"));
  answer = Replaced(Replaced(answer, "m=audio 9", "m=audio 0"), "m=video 9", "m=video 0");
  // We answered active, so the other end stays passive.
  Get(us.SetRemote(Answer(Replaced(answer, "setup:active", "setup:passive"))));
}

TEST(NegotiationParameters, AbsentValuesHaveTheirDefaults) {
  auto us = Us();
  auto offer = Get(Them().CreateOffer());
  offer.sdp = Replaced(offer.sdp, "a=sctp-port:5000\r\na=max-message-size:100000\r\n", "");
  Get(us.SetRemote(offer));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  EXPECT_EQ(applied.remote->sctp_port, 5000);
  EXPECT_EQ(applied.remote->max_message_size, 65536u);
}

TEST(NegotiationParameters, NoLimitOnMessagesStaysZero) {
  auto us = Us();
  auto offer = Get(Them().CreateOffer());
  offer.sdp = Replaced(offer.sdp, "max-message-size:100000", "max-message-size:0");
  Get(us.SetRemote(offer));
  EXPECT_EQ(Get(us.SetLocal(Get(us.CreateAnswer()))).remote->max_message_size, 0u);
}

TEST(NegotiationParameters, FingerprintsOfHashesThatWeDoNotTakeAreLeftOut) {
  auto us = Us();
  auto offer = Get(Them().CreateOffer());
  offer.sdp = Replaced(offer.sdp, kPrint, "a=fingerprint:sha-1 AB:CD\r\n" + kPrint);
  Get(us.SetRemote(offer));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  ASSERT_THAT(applied.remote->fingerprints, SizeIs(1));
  EXPECT_EQ(applied.remote->fingerprints[0].algorithm, "sha-256");
}

TEST(NegotiationParameters, ASectionsFingerprintOutranksTheSessions) {
  auto us = Us();
  auto offer = Get(Them().CreateOffer());
  offer.sdp = Replaced(offer.sdp, "t=0 0\r\n", "t=0 0\r\na=fingerprint:sha-256 AB:CD\r\n");
  Get(us.SetRemote(offer));
  const auto applied = Get(us.SetLocal(Get(us.CreateAnswer())));
  ASSERT_THAT(applied.remote->fingerprints, SizeIs(1));
  EXPECT_EQ(applied.remote->fingerprints[0], Theirs().fingerprint);
}

}  // namespace
}  // namespace pairwire
