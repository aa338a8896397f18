// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/pairing_messages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "peer/auth/base64url.h"
#include "peer/auth/length_values.h"
#include "tests/peer/auth/auth_testing.h"
#include "tests/support/seeded_random.h"

namespace pairwire::auth {
namespace {

using test::FingerprintOfByte;
using test::FingerprintText;
using test::SdpWith;

CpacePoint Point() {
  test::SeededRandom random(1);
  return CpaceRun(CpaceRun::Role::kInitiator, AsBytes("BCDFG"), {}, {}, {}, random).share();
}

Bytes ControllerData() {
  return EncodeAssociatedData({PairingRole::kController, {"a", "b-1.2"}, SecretKind::kUrl});
}

TEST(PairingMessages, ThereAndBackAndNothingCutShort) {
  HelloMessage hello;
  hello.session_id.fill(7);
  hello.share = Point();
  hello.data = ControllerData();
  ReplyMessage reply{Point(), EncodeAssociatedData({PairingRole::kDisplay, {}, {}}), {}};
  reply.tag.fill(9);
  CpaceTag tag{};
  tag.fill(3);
  const std::string hello_text = EncodeHello(hello);
  const std::string reply_text = EncodeReply(reply);
  const std::string tag_text = EncodeConfirmation(tag);
  EXPECT_EQ(DecodeHello(hello_text), hello);
  EXPECT_EQ(DecodeReply(reply_text), reply);
  EXPECT_EQ(DecodeConfirmation(tag_text), tag);
  // What the relay carries of a hello has room many times.
  EXPECT_LT(hello_text.size(), 512U);
  for (const std::string& text : {hello_text, reply_text, tag_text}) {
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      const std::string part = text.substr(0, cut);
      EXPECT_FALSE(DecodeHello(part)) << cut;
      EXPECT_FALSE(DecodeReply(part)) << cut;
      EXPECT_FALSE(DecodeConfirmation(part)) << cut;
    }
    EXPECT_FALSE(DecodeHello(text + "AA"));
    EXPECT_FALSE(DecodeReply(text + "AA"));
    EXPECT_FALSE(DecodeConfirmation(text + "AA"));
  }
  EXPECT_FALSE(DecodeHello(std::string(100'000, 'A')));
}

TEST(PairingMessages, SharesThatAreNoPointsAreRefusedBeforeAnythingIsCharged) {
  HelloMessage hello{{}, Point(), ControllerData()};
  ASSERT_TRUE(DecodeHello(EncodeHello(hello)));
  hello.share[0] ^= 1;
  EXPECT_FALSE(DecodeHello(EncodeHello(hello)));
  hello.share.fill(0);
  EXPECT_FALSE(DecodeHello(EncodeHello(hello))) << "the identity";
  EXPECT_FALSE(DecodeReply(EncodeReply({hello.share, {}, {}})));
}

TEST(PairingMessages, AssociatedDataHasOneForm) {
  for (const AssociatedData& data :
       {AssociatedData{PairingRole::kController, {}, SecretKind::kLetters},
        AssociatedData{PairingRole::kController, {"a", "b-1.2"}, SecretKind::kUrl},
        AssociatedData{PairingRole::kDisplay, {"a"}, SecretKind::kLetters}}) {
    const Bytes bytes = EncodeAssociatedData(data);
    EXPECT_EQ(DecodeAssociatedData(bytes), data);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(DecodeAssociatedData(ByteSpan(bytes).first(cut))) << cut;
    }
  }
  const auto decode = [](std::string_view role, std::string_view version, std::string_view features,
                         std::string_view secret) {
    return DecodeAssociatedData(
        LvCat({AsBytes(role), AsBytes(version), AsBytes(features), AsBytes(secret)}));
  };
  EXPECT_TRUE(decode("controller", kPairingVersion, "a b", "url"));
  EXPECT_FALSE(decode("controller", "pair/2 CPACE-RISTR255-SHA512", "a b", "url"));
  EXPECT_FALSE(decode("controller", "pair/1 CPACE-P256_XMD:SHA-256_SSWU_NU_-SHA256", "", "url"));
  EXPECT_FALSE(decode("controller", "pair/1", "a b", "url"));
  EXPECT_FALSE(decode("viewer", kPairingVersion, "a b", "url"));
  EXPECT_FALSE(decode("display", kPairingVersion, "a b", "url")) << "displays say no secret";
  EXPECT_FALSE(decode("controller", kPairingVersion, "a b", "none"));
  for (const char* const features : {"b a", "a a", " a", "a ", "a  b", "A", "a,b", "\xC3\xA4"}) {
    EXPECT_FALSE(decode("controller", kPairingVersion, features, "url")) << features;
  }
}

TEST(PairingMessages, FeaturesAreBounded) {
  Features many;
  for (char c = 'a'; many.size() < kMaxFeatures; ++c) many.emplace_back(1, c);
  EXPECT_TRUE(CheckFeatures(many));
  many.emplace_back("z");
  EXPECT_EQ(CheckFeatures(many).error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(CheckFeatures({std::string(kMaxFeatureBytes, 'a')}));
  EXPECT_FALSE(CheckFeatures({std::string(kMaxFeatureBytes + 1, 'a')}));
  EXPECT_FALSE(CheckFeatures({""}));
  // What may be said may be read.
  Features longest;
  for (char c = 'a'; longest.size() < kMaxFeatures; ++c) {
    longest.emplace_back(kMaxFeatureBytes, c);
  }
  const AssociatedData data{PairingRole::kController, longest, SecretKind::kLetters};
  const HelloMessage hello{{}, Point(), EncodeAssociatedData(data)};
  EXPECT_EQ(DecodeHello(EncodeHello(hello)), hello);
  EXPECT_EQ(DecodeAssociatedData(hello.data), data);
  EXPECT_EQ(CommonFeatures({"a", "b", "d"}, {"b", "c", "d"}), (Features{"b", "d"}));
}

TEST(PairingMessages, DescriptionsSayWhoseTheyAreAndMeanOneCertificate) {
  const auto fingerprint = FingerprintOfByte(0xab);
  const PairingDescription description{fingerprint, "room-1", SdpWith(fingerprint)};
  const Bytes bytes = EncodeDescription(PairingRole::kDisplay, description);
  EXPECT_EQ(DecodeDescription(PairingRole::kDisplay, bytes), description);
  EXPECT_FALSE(DecodeDescription(PairingRole::kController, bytes));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(DecodeDescription(PairingRole::kDisplay, ByteSpan(bytes).first(cut))) << cut;
  }
  const auto decode = [&](const PairingDescription& d) {
    return DecodeDescription(PairingRole::kDisplay, EncodeDescription(PairingRole::kDisplay, d));
  };
  EXPECT_FALSE(decode({FingerprintOfByte(0xac), "room-1", SdpWith(fingerprint)}));
  EXPECT_FALSE(decode({fingerprint, std::string(kMaxRoomBytes + 1, 'r'), SdpWith(fingerprint)}));
  EXPECT_FALSE(decode({fingerprint, "", "v=0\r\n"}));
  EXPECT_FALSE(decode({fingerprint, "", SdpWith(fingerprint) + std::string(kMaxSdpBytes, 'x')}));
}

TEST(PairingMessages, OnlyOneFingerprintInAWholeSdp) {
  const auto a = FingerprintOfByte(0xa1);
  const auto b = FingerprintOfByte(0xb2);
  const std::string line_a = "a=fingerprint:" + FingerprintText(a);
  const std::string line_b = "a=fingerprint:" + FingerprintText(b);
  EXPECT_EQ(OnlyFingerprint(SdpWith(a)), a);
  EXPECT_EQ(OnlyFingerprint(SdpWith(a) + line_a + "\r\n"), a) << "browsers repeat it";
  EXPECT_EQ(OnlyFingerprint(line_a), a);
  EXPECT_EQ(OnlyFingerprint("A=FINGERPRINT:SHA-256 " + FingerprintText(a).substr(8)), a);
  for (const std::string& bad :
       {std::string(), std::string("v=0\r\n"), SdpWith(a) + line_b + "\r\n", SdpWith(a) + line_b,
        SdpWith(a) + "m=audio\r\n" + line_b + "\n", line_b + "\r" + line_a,
        SdpWith(a) + "A=Fingerprint:" + FingerprintText(b) + "\r\n",
        SdpWith(a) + "a=fingerprint:sha-1 AB:CD\r\n", line_a + "\r\na=fingerprint:\r\n",
        line_a + ":00", line_a.substr(0, line_a.size() - 1), line_a + " ",
        std::string("a=fingerprint:sha-512 ") + FingerprintText(a).substr(8)}) {
    EXPECT_FALSE(OnlyFingerprint(bad)) << bad;
  }
}

}  // namespace
}  // namespace pairwire::auth
