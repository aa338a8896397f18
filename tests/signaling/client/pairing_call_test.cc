// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PairingCall and ProofSolver: a relay that asks for a proof of work gets one, while the loop goes
// on.
#include "signaling/client/pairing_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "signaling/auth/proof_of_work.h"
#include "tests/signaling/client/fake_relay.h"

namespace pairwire {
namespace {

using test::ClientLoop;
using test::FakeConnection;
using test::FakeRelay;
using test::HttpAnswer;
using test::Watched;

constexpr char kPaired[] =
    R"({"sessionId":"s","controllerId":"c","controllerToken":"t","wsUrl":"/ws","display":{"displayId":"d","name":"n"}})";

std::string Limited(const std::string& challenge, int bits) {
  const std::string proof = challenge.empty() ? ""
                                              : R"(,"proofOfWork":{"challenge":")" + challenge +
                                                    R"(","bits":)" + std::to_string(bits) + "}";
  return HttpAnswer(
      "429 Too Many Requests",
      R"({"title":"t","status":429,"code":"rate_limited","retryAfter":9)" + proof + "}",
      "Content-Type: application/problem+json\r\nRetry-After: 9\r\n");
}

// A relay that lets nobody in without a proof, as the real one would judge it.
class Doorkeeper {
 public:
  explicit Doorkeeper(int bits, int proofs = 1) : bits_(bits), proofs_(proofs) {}

  void Serve(FakeConnection& connection) {
    const std::string request = connection.ReadRequest();
    const std::size_t begin = request.find("\r\n\r\n");
    if (begin == std::string::npos) return;
    const auto asked = protocol::ParsePairRequest(request.substr(begin + 4));
    ++tries;
    if (asked && asked->code == "123456" &&
        guard_.Redeem(asked->proof.challenge, asked->proof.answer, "client", now_)) {
      --proofs_;
    }
    if (proofs_ <= 0) return connection.Write(HttpAnswer("200 OK", kPaired));
    now_ += std::chrono::minutes(1);  // another challenge each time
    connection.Write(Limited(guard_.MakeChallenge("client", bits_, now_), bits_));
  }

  std::atomic<int> tries{0};

 private:
  const int bits_;
  int proofs_;
  auth::ProofOfWork guard_{auth::ProofOfWork::Secret{1}};
  protocol::TimePoint now_{std::chrono::hours(500'000)};
};

using Outcome = Watched<std::optional<RelayResult<protocol::PairResponse>>>;

void Pair(ClientLoop& client, std::optional<PairingCall>& call, Outcome& outcome) {
  client.Do([&] {
    call.emplace(client.endpoint(), protocol::PairRequest{"123456", "", {}},
                 [&](RelayResult<protocol::PairResponse> result) {
                   call.reset();  // allowed
                   outcome.Set(std::move(result));
                 });
  });
}

bool Ended(Outcome& outcome) {
  return outcome.WaitUntil([](const auto& value) { return value.has_value(); });
}

TEST(ProofSolver, FindsWhatTheRelayAccepts) {
  auth::ProofOfWork guard(auth::ProofOfWork::Secret{7});
  const protocol::TimePoint now{std::chrono::hours(500'000)};
  const std::string challenge = guard.MakeChallenge("a", 12, now);
  ProofSolver solver({challenge, 12});
  ASSERT_TRUE(solver.solvable());
  std::optional<std::string> answer;
  int pieces = 0;
  while (!(answer = solver.Try(100)) && ++pieces < 10'000) {
  }
  ASSERT_TRUE(answer);
  EXPECT_TRUE(guard.Redeem(challenge, *answer, "a", now));
  // Pieces or not, it is the same answer.
  EXPECT_EQ(ProofSolver({challenge, 12}).Try(1'000'000), answer);
}

TEST(ProofSolver, DoesNotTryWhatNoHonestRelayAsksFor) {
  EXPECT_FALSE(ProofSolver({"", 1}).solvable());
  EXPECT_FALSE(ProofSolver({"x", 0}).solvable());
  EXPECT_FALSE(ProofSolver({"x", -1}).solvable());
  EXPECT_TRUE(ProofSolver({"x", ProofSolver::kMaxBits}).solvable());
  EXPECT_FALSE(ProofSolver({"x", ProofSolver::kMaxBits + 1}).solvable());
  EXPECT_FALSE(ProofSolver({"x", 32}).Try(10));
}

TEST(PairingCall, SolvesAndPairs) {
  Doorkeeper door(14);
  FakeRelay relay([&](FakeConnection& connection) { door.Serve(connection); });
  ClientLoop client(relay.url());
  std::optional<PairingCall> call;
  Outcome outcome;
  Pair(client, call, outcome);
  ASSERT_TRUE(Ended(outcome));
  ASSERT_TRUE(*outcome.Get()) << (*outcome.Get()).error().error.detail;
  EXPECT_EQ((*outcome.Get())->session_id, "s");
  EXPECT_EQ(door.tries, 2);
}

TEST(PairingCall, SolvesAnotherOneWhenTheFloodGoesOn) {
  Doorkeeper door(10, /*proofs=*/PairingCall::kMaxProofs);
  FakeRelay relay([&](FakeConnection& connection) { door.Serve(connection); });
  ClientLoop client(relay.url());
  std::optional<PairingCall> call;
  Outcome outcome;
  Pair(client, call, outcome);
  ASSERT_TRUE(Ended(outcome));
  EXPECT_TRUE(*outcome.Get());
  EXPECT_EQ(door.tries, PairingCall::kMaxProofs + 1);
}

TEST(PairingCall, GivesUpAfterSome) {
  Doorkeeper door(4, /*proofs=*/100);
  FakeRelay relay([&](FakeConnection& connection) { door.Serve(connection); });
  ClientLoop client(relay.url());
  std::optional<PairingCall> call;
  Outcome outcome;
  Pair(client, call, outcome);
  ASSERT_TRUE(Ended(outcome));
  const auto result = *outcome.Get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code, Errc::kRateLimited);
  EXPECT_EQ(result.error().retry_after, std::chrono::seconds(9));
  EXPECT_EQ(door.tries, PairingCall::kMaxProofs + 1);
}

TEST(PairingCall, ARefusalWithoutAChallengeOrWithAnAbsurdOneIsFinal) {
  for (const auto& [challenge, bits] :
       {std::pair<std::string, int>{"", 0}, {"abc", 25}, {"abc", 32}}) {
    FakeRelay relay([&, challenge = challenge, bits = bits](FakeConnection& connection) {
      connection.ReadRequest();
      connection.Write(Limited(challenge, bits));
    });
    ClientLoop client(relay.url());
    std::optional<PairingCall> call;
    Outcome outcome;
    Pair(client, call, outcome);
    ASSERT_TRUE(Ended(outcome));
    const auto result = *outcome.Get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error.code, Errc::kRateLimited);
  }
}

// A puzzle that takes all day: the loop answers meanwhile, and the call can be given up.
TEST(PairingCall, LeavesTheLoopFreeAndEndsWhenDestroyed) {
  Watched<bool> asked(false);
  FakeRelay relay([&](FakeConnection& connection) {
    connection.ReadRequest();
    connection.Write(Limited("never", ProofSolver::kMaxBits));
    asked.Set(true);
  });
  ClientLoop client(relay.url());
  std::optional<PairingCall> call;
  Outcome outcome;
  Pair(client, call, outcome);
  ASSERT_TRUE(asked.WaitFor(true));
  for (int i = 0; i < 200; ++i) client.Do([] {});
  client.Do([&] { call.reset(); });
  client.Do([] {});
  EXPECT_FALSE(outcome.Get().has_value());
}

}  // namespace
}  // namespace pairwire
