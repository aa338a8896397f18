// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which certificates pass, without a handshake around it.
#include "peer/dtls/peer_verifier.h"

#include <gtest/gtest.h>

#include "peer/dtls/bounded_queue.h"

namespace pairwire::dtls {
namespace {

Fingerprint Of(std::string_view der, HashAlgorithm algorithm) {
  return *FingerprintOf(AsBytes(der), algorithm);
}

TEST(PeerVerifier, AcceptsTheOneAndRemembersIt) {
  auto verifier = PeerVerifier::Create({Of("right", HashAlgorithm::kSha256)});
  ASSERT_TRUE(verifier.has_value());
  EXPECT_EQ(verifier->verdict(), PeerVerifier::Verdict::kNone);
  EXPECT_TRUE(verifier->Accept(AsBytes("right")));
  EXPECT_EQ(verifier->verdict(), PeerVerifier::Verdict::kAccepted);
  EXPECT_EQ(AsText(verifier->certificate()), "right");
}

TEST(PeerVerifier, ARefusalUndoesAnEarlierYes) {
  auto verifier = PeerVerifier::Create({Of("right", HashAlgorithm::kSha256)});
  EXPECT_TRUE(verifier->Accept(AsBytes("right")));
  EXPECT_FALSE(verifier->Accept(AsBytes("wrong")));
  EXPECT_EQ(verifier->verdict(), PeerVerifier::Verdict::kRefused);
  EXPECT_TRUE(verifier->certificate().empty());
  EXPECT_FALSE(verifier->Accept({}));
}

TEST(PeerVerifier, OnlyTheStrongestHashCounts) {
  auto weak_is_right = PeerVerifier::Create(
      {Of("right", HashAlgorithm::kSha256), Of("other", HashAlgorithm::kSha512)});
  EXPECT_FALSE(weak_is_right->Accept(AsBytes("right")));
  EXPECT_TRUE(weak_is_right->Accept(AsBytes("other")));
  auto strong_is_right = PeerVerifier::Create(
      {Of("right", HashAlgorithm::kSha384), Of("other", HashAlgorithm::kSha256)});
  EXPECT_TRUE(strong_is_right->Accept(AsBytes("right")));
  EXPECT_FALSE(strong_is_right->Accept(AsBytes("other")));
}

TEST(PeerVerifier, AnyOfSeveralWithTheSameHash) {
  auto verifier =
      PeerVerifier::Create({Of("a", HashAlgorithm::kSha256), Of("b", HashAlgorithm::kSha256)});
  EXPECT_TRUE(verifier->Accept(AsBytes("b")));
  EXPECT_TRUE(verifier->Accept(AsBytes("a")));
  EXPECT_FALSE(verifier->Accept(AsBytes("c")));
}

TEST(PeerVerifier, EachBitOfTheDigestCounts) {
  const Fingerprint right = Of("right", HashAlgorithm::kSha256);
  for (std::size_t bit = 0; bit < right.value.size() * 8; ++bit) {
    Fingerprint changed = right;
    changed.value[bit / 8] = static_cast<std::uint8_t>(changed.value[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(PeerVerifier::Create({changed})->Accept(AsBytes("right"))) << bit;
  }
}

TEST(PeerVerifier, RefusesFingerprintsThatCannotBe) {
  EXPECT_EQ(PeerVerifier::Create({}).error().code, Errc::kInvalidArgument);
  for (const std::size_t size : {0U, 31U, 33U, 48U, 64U}) {
    EXPECT_EQ(PeerVerifier::Create({{HashAlgorithm::kSha256, Bytes(size)}}).error().code,
              Errc::kInvalidArgument);
  }
}

TEST(BoundedQueue, DropsTheOldestByCountAndByBytes) {
  BoundedQueue queue(3, 100);
  EXPECT_EQ(queue.Push(Bytes(10, 1)), 0U);
  EXPECT_EQ(queue.Push(Bytes(10, 2)), 0U);
  EXPECT_EQ(queue.Push(Bytes(10, 3)), 0U);
  EXPECT_EQ(queue.Push(Bytes(10, 4)), 1U);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.Push(Bytes(85, 5)), 2U);
  EXPECT_EQ(queue.bytes(), 95U);
  EXPECT_EQ(queue.Push(Bytes(101, 6)), 1U);
  EXPECT_EQ(queue.bytes(), 95U);
  const auto all = queue.TakeAll();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0][0], 4);
  EXPECT_EQ(all[1][0], 5);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(queue.Push({}), 0U);
  EXPECT_EQ(queue.size(), 1U);
}

}  // namespace
}  // namespace pairwire::dtls
