// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rates that hold over all nodes of a relay: what one node alone allows, three of them do not allow
// three times.
#include <map>

#include "signaling/auth/proof_of_work.h"
#include "tests/signaling/core/relay_harness.h"
#include "tests/signaling/core/rooms_harness.h"
#include "tests/support/sanitizers.h"

namespace pairwire::relay {
namespace {

// A store of rates that cannot be reached.
class NoRates final : public RateLimiter {
 public:
  explicit NoRates(Executor& executor) : executor_(executor) {}
  void Check(std::vector<RateQuery> /*queries*/, TimePoint /*now*/,
             StoreReply<RateAnswer> reply) override {
    executor_.Post([reply = std::move(reply)] { reply(tl::unexpected(StoreError::kUnavailable)); });
  }

 private:
  Executor& executor_;
};

class DistributedRates : public RelayTest {
 protected:
  static constexpr std::size_t kNodes = 3;
  static constexpr const char* kWrong = "999999999";

  Backend backend() override {
    Backend parts = memory_->parts();
    if (!away_) return parts;
    return {parts.store, parts.bus, parts.registry, parts.cache, no_rates_, parts.events};
  }
  void ThreeNodes(RelayOptions options = {}) {
    nodes_.clear();
    options.shared_rates = true;
    for (std::size_t i = 0; i < kNodes; ++i) AddNode("node-" + std::to_string(i), options);
  }
  // A code that nobody has; how it was answered.
  ProblemCode Guess(std::size_t node, const std::string& ip, const std::string& code = kWrong) {
    last_ = Pair(code, ip, node);
    return CodeOf(last_);
  }
  const protocol::ProofChallenge& challenge() const { return last_.error().proof_of_work; }
  static std::string Address(int i) {
    return "10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200);
  }

  bool away_ = false;
  NoRates no_rates_{executor_};
  Outcome<PairResponse> last_;
};

TEST_F(DistributedRates, HoldOverThreeNodes) {
  ThreeNodes();
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(Guess(i % kNodes, "192.0.2.1"), ProblemCode::kCodeNotFound) << i;
  }
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(Guess(node, "192.0.2.1"), ProblemCode::kRateLimited);
    EXPECT_TRUE(challenge().challenge.empty()) << "no proof opens the rate of an address";
    EXPECT_EQ(last_.error().retry_after, 6s);
  }
  EXPECT_EQ(Guess(0, "192.0.2.2"), ProblemCode::kCodeNotFound) << "others are not meant";
  // Ten a minute.
  now_ += 6s;
  EXPECT_EQ(Guess(1, "192.0.2.1"), ProblemCode::kCodeNotFound);
  EXPECT_EQ(Guess(2, "192.0.2.1"), ProblemCode::kRateLimited);
}

TEST_F(DistributedRates, AnAddressIsLockedEverywhere) {
  RelayOptions options;
  options.codes.min_bits = 2;
  options.codes.max_bits = 8;
  ThreeNodes(options);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(Guess(i % kNodes, "192.0.2.1"), ProblemCode::kCodeNotFound) << i;
    now_ += 10s;
  }
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(Guess(node, "192.0.2.1"), ProblemCode::kRateLimited) << node;
    EXPECT_EQ(challenge().bits, 8) << "as hard as it gets";
    now_ += 10s;
  }
  // A proof opens it, once.
  const std::string code = Register()->code;
  const protocol::Proof proof = {
      challenge().challenge,
      auth::SolveProofOfWork(challenge().challenge, 1 << 20).value_or("none")};
  const auto pair = [&] {
    return Ask<PairResponse>([&](auto reply) {
      relay(2).Pair({code, "", {}, proof}, "192.0.2.1", now_, std::move(reply));
    });
  };
  EXPECT_TRUE(pair());
  EXPECT_EQ(CodeOf(pair()), ProblemCode::kRateLimited);
  EXPECT_EQ(relay(2).counters().proofs_accepted, 1u);
}

TEST_F(DistributedRates, TheCeilingIsOneForAll) {
  RelayOptions options;
  options.codes.in_all = {0.001, 12};
  options.codes.proven = {0.001, 2};
  options.codes.min_bits = options.codes.max_bits = 2;
  ThreeNodes(options);
  // Right ones cost nothing.
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(Pair(Register()->code, "192.0.2.1", static_cast<std::size_t>(i) % kNodes));
  }
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(Guess(static_cast<std::size_t>(i) % kNodes, Address(i)), ProblemCode::kCodeNotFound);
  }
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(Guess(node, "192.0.2.1"), ProblemCode::kRateLimited);
    EXPECT_EQ(challenge().bits, 2);
  }
  // So are the two that proofs let past it.
  int let_through = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(Guess(i % kNodes, Address(100 + static_cast<int>(i))), ProblemCode::kRateLimited);
    const protocol::Proof proof = {
        challenge().challenge,
        auth::SolveProofOfWork(challenge().challenge, 1 << 20).value_or("none")};
    const auto outcome = Ask<PairResponse>([&](auto reply) {
      relay(i % kNodes)
          .Pair({kWrong, "", {}, proof}, Address(100 + static_cast<int>(i)), now_,
                std::move(reply));
    });
    let_through += CodeOf(outcome) == ProblemCode::kCodeNotFound ? 1 : 0;
  }
  EXPECT_EQ(let_through, 2);
}

TEST_F(DistributedRates, OneCodeIsTriedSoOften) {
  RelayOptions options;
  options.wrong_per_code = {0.01, 4};
  ThreeNodes(options);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Guess(static_cast<std::size_t>(i) % kNodes, Address(i)), ProblemCode::kCodeNotFound);
  }
  EXPECT_EQ(Guess(0, Address(9)), ProblemCode::kRateLimited);
  EXPECT_TRUE(challenge().challenge.empty());
  EXPECT_EQ(Guess(0, Address(9), "888888888"), ProblemCode::kCodeNotFound);
  // A class enters a right one at once.
  protocol::RegisterRequest many;
  many.max_controllers = 16;
  const std::string code = Register(many)->code;
  for (int i = 0; i < 16; ++i) {
    EXPECT_TRUE(Pair(code, Address(i), static_cast<std::size_t>(i) % kNodes)) << i;
  }
}

TEST_F(DistributedRates, RegistrationsAndSocketsToo) {
  RelayOptions options;
  options.registers_per_address = {0.001, 4};
  options.sockets_per_session = {0.001, 5};
  ThreeNodes(options);
  Outcome<RegisterResponse> display;
  for (std::size_t i = 0; i < 4; ++i) {
    display = Register({}, "192.0.2.1", i % kNodes);
    ASSERT_TRUE(display);
  }
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(CodeOf(Register({}, "192.0.2.1", node)), ProblemCode::kRateLimited);
  }
  EXPECT_TRUE(Register({}, "192.0.2.2", 0));
  // Whoever has no token uses nothing of it up.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(CodeOf(Authorize(display->session_id + ".wrong", 0)), ProblemCode::kUnauthorized);
  }
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(Authorize(display->display_token, i % kNodes));
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(CodeOf(Authorize(display->display_token, node)), ProblemCode::kRateLimited);
  }
}

TEST_F(DistributedRates, AUsersSocketsAsWell) {
  FakeTokens tokens(executor_, now_);
  users_ = &tokens;
  RelayOptions options;
  options.sockets_per_session = {0.001, 5};
  ThreeNodes(options);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(CodeOf(Authorize("y.ann.60")), ProblemCode::kUnauthorized);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_TRUE(Authorize("x.ann.60", i % kNodes));
  for (std::size_t node = 0; node < kNodes; ++node) {
    EXPECT_EQ(CodeOf(Authorize("x.ann.60", node)), ProblemCode::kRateLimited);
  }
  EXPECT_TRUE(Authorize("x.bob.60"));
  nodes_.clear();
}

TEST_F(DistributedRates, JoinsFailClosedWithoutRedis) {
  ThreeNodes();
  const auto display = Register();
  ASSERT_TRUE(display);
  away_ = true;
  ThreeNodes();
  EXPECT_EQ(CodeOf(Register()), ProblemCode::kNotReady);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(CodeOf(Pair(display->code, "192.0.2.2", 1)), ProblemCode::kNotReady) << i;
  }
  EXPECT_EQ(CodeOf(Authorize(display->display_token, 2)), ProblemCode::kNotReady);
  away_ = false;
  ThreeNodes();
  EXPECT_TRUE(Pair(display->code)) << "and nothing was used up";
}

// As AMillionGuessesStayInBudget of one node (code_guard_test.cc), with the guesses spread over
// three nodes that share a store.
TEST_F(DistributedRates, AMillionGuessesOverThreeNodesStayInTheBudgetOfOne) {
  RelayOptions options;
  options.registers_per_address = {1e9, 1e9};
  ThreeNodes(options);
  std::map<std::string, int> display_of;  // by session
  const auto show = [&](int display) {
    const auto registered = Register();
    ASSERT_TRUE(registered);
    ASSERT_EQ(registered->code.size(), 4u);
    display_of[registered->session_id] = display;
  };
  for (int i = 0; i < 1'000; ++i) show(i);
  std::map<int, int> runs;
  int wrong = 0;
  int limited = 0;
  std::mt19937_64 random(3);
  // An instrumented build would take minutes for all of them.
  constexpr int kGuesses = test::kAddressSanitizer ? 100'000 : 1'000'000;
  const TimePoint end = now_ + 1h;
  for (int i = 0; i < kGuesses; ++i) {
    now_ += (end - now_) / (kGuesses - i);
    std::string code = std::to_string(random() % 10'000);
    code.insert(0, 4 - code.size(), '0');
    const auto a = random();
    const std::string ip = std::to_string(a % 223 + 1) + "." + std::to_string(a >> 8 & 255) + "." +
                           std::to_string(a >> 16 & 255) + "." + std::to_string(a >> 24 & 255);
    std::string hit;
    relay(static_cast<std::size_t>(i) % kNodes)
        .Pair({code, "", {}}, ip, now_, [&](Outcome<PairResponse> outcome) {
          if (outcome) {
            hit = outcome->session_id;
          } else {
            ++(outcome.error().code == ProblemCode::kRateLimited ? limited : wrong);
          }
        });
    Drain();
    if (i % 1000 == 0) relay().Tick(now_);
    if (hit.empty()) continue;
    ++runs[display_of.at(hit)];
    show(display_of.at(hit));
  }
  EXPECT_LE(wrong, 240 + 2 * 3600 + 1);
  int most = 0;
  int sum = 0;
  for (const auto& [display, count] : runs) {
    most = std::max(most, count);
    sum += count;
  }
  EXPECT_GT(sum, 100) << "the attack was real";
  EXPECT_LE(most, 10);
  EXPECT_LE(sum, 1'000 * 2) << "far from it on average";
  EXPECT_EQ(wrong + limited + sum, kGuesses);
}

}  // namespace
}  // namespace pairwire::relay
