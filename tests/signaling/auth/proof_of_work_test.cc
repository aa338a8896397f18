// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/auth/proof_of_work.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

namespace pairwire::auth {
namespace {

using namespace std::chrono_literals;

constexpr int kBits = 8;
constexpr std::uint64_t kEnough = 1'000'000;
const TimePoint kNow{std::chrono::seconds(1'800'000'000)};  // the beginning of a minute

class Proof : public testing::Test {
 protected:
  static ProofOfWork::Secret SecretOf(std::uint8_t byte) {
    ProofOfWork::Secret secret;
    secret.fill(byte);
    return secret;
  }
  std::string Solved(std::string_view challenge) {
    return SolveProofOfWork(challenge, kEnough).value();
  }

  ProofOfWork proof_{SecretOf(1)};
};

TEST_F(Proof, ASolvedChallengeCountsOnce) {
  const std::string challenge = proof_.MakeChallenge("192.0.2.1", kBits, kNow);
  const std::string answer = Solved(challenge);
  EXPECT_TRUE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow));
  EXPECT_FALSE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow));
  EXPECT_FALSE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow + 1min));
  EXPECT_EQ(proof_.spent(), 1u);
}

TEST_F(Proof, OnlyForItsAddressItsRelayAndItsTime) {
  const std::string challenge = proof_.MakeChallenge("192.0.2.1", kBits, kNow);
  const std::string answer = Solved(challenge);
  EXPECT_FALSE(proof_.Redeem(challenge, answer, "192.0.2.2", kNow));
  ProofOfWork other(SecretOf(2));
  EXPECT_FALSE(other.Redeem(challenge, answer, "192.0.2.1", kNow));
  EXPECT_FALSE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow - 1s)) << "from the future";
  EXPECT_FALSE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow + 3min));
  EXPECT_TRUE(proof_.Redeem(challenge, answer, "192.0.2.1", kNow + 3min - 1s));
}

TEST_F(Proof, NodesOfOneSecretAcceptOneAnothers) {
  ProofOfWork twin(SecretOf(1));
  const std::string challenge = proof_.MakeChallenge("192.0.2.1", kBits, kNow);
  EXPECT_TRUE(twin.Redeem(challenge, Solved(challenge), "192.0.2.1", kNow));
}

TEST_F(Proof, WrongAnswersAndForgedChallenges) {
  const std::string challenge = proof_.MakeChallenge("a", kBits, kNow);
  const std::string answer = Solved(challenge);
  int right = 0;
  for (int i = 0; i < 1'000; ++i) {
    right += proof_.Redeem(challenge, "x" + std::to_string(i), "a", kNow) ? 1 : 0;
  }
  EXPECT_LT(right, 30) << "about 1,000 / 2^8";
  for (const std::string& wrong :
       {std::string(), std::string("x"), challenge.substr(1), challenge + "A", challenge + "="}) {
    EXPECT_FALSE(proof_.Redeem(wrong, answer, "a", kNow)) << wrong;
  }
  for (std::size_t at = 0; at < challenge.size(); ++at) {
    std::string changed = challenge;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    // Solved anew, so that only its MAC is wrong (an easier one solves quickly).
    const auto solved = SolveProofOfWork(changed, 20'000);
    EXPECT_FALSE(proof_.Redeem(changed, solved.value_or("0"), "a", kNow)) << at;
  }
  EXPECT_FALSE(proof_.Redeem(challenge, std::string(33, '0'), "a", kNow));
  EXPECT_TRUE(proof_.Redeem(challenge, answer, "a", kNow));
}

TEST_F(Proof, HarderOnesTakeMoreTries) {
  const auto tries = [&](int bits) {
    double sum = 0;
    for (int i = 0; i < 40; ++i) {
      const std::string challenge = proof_.MakeChallenge(std::to_string(i), bits, kNow);
      sum += std::stod(Solved(challenge)) + 1;
    }
    return sum / 40;
  };
  const double easy = tries(4);
  const double hard = tries(8);
  EXPECT_GT(easy, 16 / 2.5);
  EXPECT_LT(easy, 16 * 2.5);
  EXPECT_GT(hard, 256 / 2.5);
  EXPECT_LT(hard, 256 * 2.5);
  EXPECT_FALSE(SolveProofOfWork(proof_.MakeChallenge("x", 28, kNow), 10)) << "bounded";
  EXPECT_FALSE(SolveProofOfWork("nonsense", kEnough));
}

TEST_F(Proof, SpentAnswersAreForgottenWithTheirMinute) {
  for (int minute = 0; minute < 10; ++minute) {
    const TimePoint now = kNow + std::chrono::minutes(minute);
    for (int i = 0; i < 5; ++i) {
      const std::string address = std::to_string(i);
      const std::string challenge = proof_.MakeChallenge(address, 1, now);
      EXPECT_TRUE(proof_.Redeem(challenge, Solved(challenge), address, now));
    }
    EXPECT_LE(proof_.spent(), 15u);
  }
}

TEST_F(Proof, TheTableOfSpentAnswersIsBounded) {
  const std::string challenge = proof_.MakeChallenge("a", 1, kNow);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < 3 * ProofOfWork::kMaxSpent; ++i) {
    accepted += proof_.Redeem(challenge, std::to_string(i), "a", kNow) ? 1 : 0;
  }
  EXPECT_EQ(accepted, ProofOfWork::kMaxSpent);
  const std::string later = proof_.MakeChallenge("b", 1, kNow + 3min);
  EXPECT_TRUE(proof_.Redeem(later, Solved(later), "b", kNow + 3min));
}

}  // namespace
}  // namespace pairwire::auth
