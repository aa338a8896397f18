// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Guessing codes: what any number of addresses may do in an hour, how an honest person gets through
// meanwhile, and that the time of an answer tells nothing.
#include "signaling/core/code_guard.h"

#include <cmath>
#include <map>

#include "signaling/auth/proof_of_work.h"
#include "tests/signaling/core/relay_harness.h"
#include "tests/support/sanitizers.h"

namespace pairwire::relay {
namespace {

using protocol::Proof;

const TimePoint kStart = TimePoint{} + std::chrono::hours(500'000);

std::string RandomAddress(std::mt19937_64& random) {
  const auto a = random();
  return std::to_string(a % 223 + 1) + "." + std::to_string(a >> 8 & 255) + "." +
         std::to_string(a >> 16 & 255) + "." + std::to_string(a >> 24 & 255);
}

Proof Solve(const protocol::ProofChallenge& challenge, std::uint64_t max_tries = 1 << 20) {
  return {challenge.challenge,
          auth::SolveProofOfWork(challenge.challenge, max_tries).value_or("none")};
}

// Proofs that a test solves in no time.
CodeGuardOptions Easy() {
  CodeGuardOptions options;
  options.min_bits = 2;
  options.max_bits = 8;
  return options;
}

class CodeGuardTest : public testing::Test {
 protected:
  // A wrong code; whether it was looked up.
  bool Guess(const std::string& ip, const Proof& proof = {}) {
    last_ = guard_.Ask(ip, proof, now_);
    if (last_.allowed) guard_.OnWrong(ip, now_);
    return last_.allowed;
  }
  void EmptyTheCeiling() {
    for (int i = 0; Guess("10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200)); ++i) {
      ASSERT_LT(i, 1000);
    }
  }

  CodeGuard guard_{Easy(), auth::ProofOfWork::Secret{7}};
  CodeGuard::Verdict last_;
  TimePoint now_ = kStart;
};

TEST_F(CodeGuardTest, LockedAddressAfterTen) {
  // Slowly enough for the rate of an address: ten in 63 s.
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(guard_.IsLocked("192.0.2.1", now_)) << i;
    EXPECT_TRUE(Guess("192.0.2.1")) << i;
    now_ += 7s;
  }
  EXPECT_TRUE(guard_.IsLocked("192.0.2.1", now_));
  EXPECT_FALSE(Guess("192.0.2.1"));
  EXPECT_EQ(last_.retry_after, 30min - 70s);
  EXPECT_EQ(last_.challenge.bits, 8) << "as hard as it gets";
  EXPECT_TRUE(Guess("192.0.2.2"));
  // What was refused does not count: free when the first is 30 minutes old.
  now_ = kStart + 30min - 1s;
  EXPECT_FALSE(Guess("192.0.2.1"));
  now_ = kStart + 30min;
  EXPECT_TRUE(Guess("192.0.2.1"));
  EXPECT_FALSE(Guess("192.0.2.1")) << "the second is 7 s younger";
}

TEST_F(CodeGuardTest, TenInMoreThanHalfAnHourLockNobody) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Guess("192.0.2.1")) << i;
    now_ += 201s;
  }
}

TEST_F(CodeGuardTest, OthersBehindALockedAddressGetInWithAProof) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Guess("192.0.2.1"));
    now_ += 60s;
  }
  EXPECT_FALSE(Guess("192.0.2.1"));
  const Proof proof = Solve(last_.challenge);
  EXPECT_TRUE(Guess("192.0.2.1", proof));
  EXPECT_EQ(last_.paid, CodeGuard::Paid::kProven);
  EXPECT_FALSE(Guess("192.0.2.1", proof)) << "once";
}

TEST_F(CodeGuardTest, NoProofOpensTheRateOfAnAddress) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Guess("192.0.2.1")) << i;
  EXPECT_FALSE(Guess("192.0.2.1"));
  EXPECT_TRUE(last_.challenge.challenge.empty());
  EXPECT_EQ(last_.retry_after, 6s);
  // Nor is one spent on it.
  EmptyTheCeiling();
  now_ += 1s;
  while (guard_.Ask("10.9.9.9", {}, now_).allowed) continue;
  EXPECT_FALSE(Guess("192.0.2.1"));
  const Proof other = Solve(
      {auth::ProofOfWork(auth::ProofOfWork::Secret{7}).MakeChallenge("192.0.2.1", 8, now_), 8});
  EXPECT_FALSE(Guess("192.0.2.1", other));
  now_ += 6s;
  while (guard_.Ask("10.9.9.9", {}, now_).allowed) continue;
  EXPECT_TRUE(Guess("192.0.2.1", other));
}

TEST_F(CodeGuardTest, BeyondTheCeilingAProofIsAskedFor) {
  EmptyTheCeiling();
  EXPECT_FALSE(last_.challenge.challenge.empty());
  EXPECT_EQ(last_.challenge.bits, 2);
  EXPECT_FALSE(Guess("192.0.2.1"));
  EXPECT_EQ(last_.retry_after, 1s);
  const Proof proof = Solve(last_.challenge);
  EXPECT_FALSE(Guess("192.0.2.2", proof)) << "made for another address";
  EXPECT_FALSE(Guess("192.0.2.1", {proof.challenge, ""}));
  const auto verdict = guard_.Ask("192.0.2.1", proof, now_);
  EXPECT_TRUE(verdict.allowed);
  guard_.OnOther(verdict.paid);
  EXPECT_FALSE(Guess("192.0.2.1", proof)) << "used";
}

TEST_F(CodeGuardTest, ProofsGrowHarderAsTheyAreUsedAndEndInACeilingToo) {
  EmptyTheCeiling();
  int accepted = 0;
  int bits = 0;
  Proof unused;
  for (int i = 0; i < 1'000; ++i) {
    const std::string ip = "10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200);
    EXPECT_FALSE(Guess(ip));
    EXPECT_GE(last_.challenge.bits, bits);
    bits = last_.challenge.bits;
    unused = Solve(last_.challenge);
    if (!Guess(ip, unused)) break;
    ++accepted;
  }
  EXPECT_EQ(accepted, 240);
  EXPECT_EQ(bits, 8);
  // The proof that came when there was no room is still good a second later.
  now_ += 1s;
  const std::string ip = "10.1.1.40";
  while (guard_.Ask("10.9.9.9", {}, now_).allowed) continue;  // the ceiling has refilled a little
  EXPECT_TRUE(Guess(ip, unused));
}

TEST_F(CodeGuardTest, RightCodesCostNothing) {
  for (int i = 0; i < 10'000; ++i) {
    const auto verdict = guard_.Ask("192.0.2.1", {}, now_);
    ASSERT_TRUE(verdict.allowed);
    guard_.OnOther(verdict.paid);
  }
  EXPECT_EQ(guard_.addresses(), 0u) << "nor is anything remembered of them";
}

TEST_F(CodeGuardTest, SubscribersAndBounds) {
  CodeGuardOptions options = Easy();
  options.max_addresses = 3;
  options.in_all = {1e9, 1e9};
  CodeGuard guard(options, {});
  for (int i = 0; i < 5; ++i) {
    const std::string ip = "2001:db8:0:1::" + std::to_string(i + 1);
    EXPECT_TRUE(guard.Ask(ip, {}, now_).allowed);
    guard.OnWrong(ip, now_);
  }
  EXPECT_EQ(guard.addresses(), 1u);
  EXPECT_FALSE(guard.Ask("2001:db8:0:1:ffff::9", {}, now_).allowed);
  for (int i = 0; i < 10; ++i) guard.OnWrong("192.0.2." + std::to_string(i), now_);
  EXPECT_EQ(guard.addresses(), 3u);
}

class CodeGuardInRelay : public RelayTest {
 protected:
  void Delayed(RelayOptions options = {}) {
    delays_ = true;
    Restart(std::move(options));
  }
  // How long the relay takes to refuse the code.
  std::chrono::milliseconds TimeToRefuse(const std::string& code, const std::string& ip) {
    const TimePoint asked = now_;
    bool answered = false;
    relay().Pair({code, "", {}}, ip, now_, [&](Outcome<PairResponse> outcome) {
      EXPECT_EQ(CodeOf(outcome), ProblemCode::kCodeNotFound);
      answered = true;
    });
    Drain();
    EXPECT_FALSE(answered) << "at once";
    while (!answered && now_ < asked + 10s) Advance(1ms);
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ - asked);
  }
};

struct Sample {
  double mean = 0;
  double variance = 0;
  double count = 0;
};

Sample Describe(const std::vector<double>& values) {
  Sample sample;
  sample.count = static_cast<double>(values.size());
  for (const double value : values) sample.mean += value / sample.count;
  for (const double value : values) {
    sample.variance += (value - sample.mean) * (value - sample.mean) / (sample.count - 1);
  }
  return sample;
}

// Welch's t: how many standard errors two means lie apart.
double Welch(const Sample& a, const Sample& b) {
  return std::abs(a.mean - b.mean) / std::sqrt(a.variance / a.count + b.variance / b.count);
}

TEST_F(CodeGuardInRelay, WrongCodesTakeTheSameTime) {
  RelayOptions options;
  options.codes.in_all = options.codes.per_address = {1e9, 1e9};
  options.codes.lock_after = 0;
  Delayed(options);
  const std::string used = Register()->code;
  ASSERT_TRUE(Pair(used));
  const std::string expired = Register()->code;
  Advance(601s);
  std::map<std::string, std::vector<double>> times;
  for (int i = 0; i < 400; ++i) {
    for (const std::string& code : {used, expired, std::string("999999999")}) {
      times[code].push_back(static_cast<double>(TimeToRefuse(code, "192.0.2.1").count()));
    }
  }
  ASSERT_EQ(times.size(), 3u);
  for (const auto& [code, values] : times) {
    for (const double value : values) {
      EXPECT_GE(value, 50);
      EXPECT_LE(value, 151) << "and a step of the clock";
    }
    const Sample sample = Describe(values);
    EXPECT_NEAR(sample.mean, 100, 6);
    EXPECT_NEAR(std::sqrt(sample.variance), 29, 4) << "spread evenly";
    for (const auto& other : times) EXPECT_LT(Welch(sample, Describe(other.second)), 4);
  }
}

TEST_F(CodeGuardInRelay, RightCodesAreNotDelayed) {
  Delayed();
  EXPECT_TRUE(Pair(Register()->code));
}

TEST_F(CodeGuardInRelay, AnAnswerThatWaitsEndsWithTheRelay) {
  Delayed();
  bool answered = false;
  relay().Pair({"999999999", "", {}}, "192.0.2.1", now_, [&](auto) { answered = true; });
  Drain();
  nodes_.clear();
  EXPECT_FALSE(answered);
}

// 1,000 displays with codes of 4 digits, which is the worst that the relay gives out, and an hour
// of guesses, each from an address of its own. A display that is hit shows a new code. Its budget
// is 10 runs an hour: what the letters of a code are sized for.
TEST_F(CodeGuardInRelay, AMillionGuessesStayInBudget) {
  RelayOptions options;
  options.registers_per_address = {1e9, 1e9};
  Restart(options);
  std::map<std::string, int> display_of;  // by session
  const auto show = [&](int display) {
    const auto registered = Register().value();
    ASSERT_EQ(registered.code.size(), 4u);
    display_of[registered.session_id] = display;
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
    std::string hit;
    relay().Pair({code, "", {}}, RandomAddress(random), now_, [&](Outcome<PairResponse> outcome) {
      if (outcome) {
        hit = outcome->session_id;
      } else {
        ++(outcome.error().code == ProblemCode::kRateLimited ? limited : wrong);
      }
    });
    Drain();
    if (hit.empty()) continue;
    ++runs[display_of.at(hit)];
    show(display_of.at(hit));
    if (i % 1000 == 0) relay().Tick(now_);
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

// While 2,000 guesses come a second, a person whose client solves what it is given.
TEST_F(CodeGuardInRelay, HonestPairingWithinThirtySeconds) {
  std::mt19937_64 random(4);
  const auto flood = [&](int guesses) {
    for (int i = 0; i < guesses; ++i) {
      if (i % 2 == 0) now_ += 1ms;
      relay().Pair({"999999999", "", {}}, RandomAddress(random), now_, [](auto) {});
      Drain();
    }
  };
  flood(4'000);
  const auto display = Register().value();
  const TimePoint begin = now_;
  Proof proof;
  Outcome<PairResponse> outcome;
  int tries = 0;
  do {
    outcome = Ask<PairResponse>([&](auto reply) {
      relay().Pair({display.code, "", {}, proof}, "192.0.2.2", now_, std::move(reply));
    });
    if (outcome) break;
    ASSERT_EQ(CodeOf(outcome), ProblemCode::kRateLimited);
    const auto& challenge = outcome.error().proof_of_work;
    ASSERT_EQ(challenge.bits, 18);
    proof = Solve(challenge, 1 << 24);
    // A slow browser makes 200,000 hashes a second; the flood goes on meanwhile.
    const double seconds = std::stod(proof.answer) / 200'000;
    flood(static_cast<int>(seconds * 2'000));
  } while (++tries < 5);
  EXPECT_TRUE(outcome);
  EXPECT_EQ(tries, 1) << "asked once, solved once";
  EXPECT_LT(now_ - begin, 30s);
}

}  // namespace
}  // namespace pairwire::relay
