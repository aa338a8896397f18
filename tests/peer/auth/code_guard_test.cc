// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The attempt rules, one by one, and a million guesses against them in virtual time.
#include "peer/auth/code_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/sanitizers.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::auth {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class CodeGuardTest : public testing::Test {
 protected:
  PairingSessionId NextSid() {
    PairingSessionId sid{};
    random_.Fill(sid);
    return sid;
  }
  // A run that fails; false when the guard does not let it begin.
  bool FailOnce() {
    const auto run = guard_.Charge(now_, NextSid());
    if (run) guard_.FailRun(*run);
    return run.has_value();
  }
  void Burn() {
    guard_.NewCode(now_, "4821");
    for (int i = 0; i < CodeGuard::kRunsPerCode; ++i) ASSERT_TRUE(FailOnce());
    ASSERT_EQ(guard_.state(), CodeState::kBurnt);
  }
  std::size_t LettersOfNewCode() {
    guard_.NewCode(now_, "4821");
    return guard_.letters().text.view().size();
  }

  test::SeededRandom random_{test::Seed(1)};
  CodeGuard::TimePoint now_{std::chrono::hours(100)};
  CodeGuard guard_{{}, random_};
};

TEST_F(CodeGuardTest, NoCodeNoRun) {
  EXPECT_EQ(guard_.state(), CodeState::kNone);
  EXPECT_TRUE(guard_.needs_new_code(now_));
  EXPECT_EQ(guard_.Charge(now_, NextSid()).error().code, Errc::kAuthFailed);
  EXPECT_EQ(guard_.state(), CodeState::kNone);
}

TEST_F(CodeGuardTest, ThreeRunsThenAnotherCode) {
  guard_.NewCode(now_, "4821");
  const std::string letters(guard_.letters().text.view());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(guard_.needs_new_code(now_));
    EXPECT_TRUE(FailOnce());
    EXPECT_EQ(guard_.failed_runs(), i);
    EXPECT_EQ(guard_.runs_left(), 3 - i);
  }
  EXPECT_EQ(guard_.state(), CodeState::kBurnt);
  EXPECT_TRUE(guard_.letters().text.empty());
  EXPECT_TRUE(guard_.url_secret().text.empty());
  EXPECT_TRUE(guard_.needs_new_code(now_));
  EXPECT_FALSE(FailOnce());
  guard_.NewCode(now_, "0001");
  EXPECT_EQ(guard_.lookup(), "0001");
  EXPECT_NE(guard_.letters().text.view(), letters);
  EXPECT_EQ(guard_.failed_runs(), 3) << "the person at the screen still sees them";
}

TEST_F(CodeGuardTest, ChargedAtTheStartAndRefundedAtSuccess) {
  guard_.NewCode(now_, "4821");
  const auto run = guard_.Charge(now_, NextSid());
  ASSERT_TRUE(run);
  EXPECT_EQ(guard_.runs_left(), 2) << "before anybody knows how it ends";
  EXPECT_TRUE(guard_.Succeed(now_, *run));
  EXPECT_EQ(guard_.runs_left(), 3);
  EXPECT_EQ(guard_.state(), CodeState::kUsed);
  EXPECT_TRUE(guard_.needs_new_code(now_));
  EXPECT_FALSE(guard_.Charge(now_, NextSid())) << "a code is good for one pairing";
  EXPECT_FALSE(guard_.Succeed(now_, *run)) << "once";
  guard_.FailRun(*run);
  EXPECT_EQ(guard_.state(), CodeState::kUsed);
}

TEST_F(CodeGuardTest, OneRunAtATime) {
  guard_.NewCode(now_, "4821");
  const auto run = guard_.Charge(now_, NextSid());
  ASSERT_TRUE(run);
  EXPECT_EQ(guard_.Charge(now_, NextSid()).error().code, Errc::kAuthFailed);
  EXPECT_EQ(guard_.runs_left(), 2) << "who is turned away pays nothing";
  EXPECT_TRUE(guard_.Succeed(now_, *run)) << "and changes nothing for who was first";
}

TEST_F(CodeGuardTest, ARepeatedSessionIdIsRefused) {
  guard_.NewCode(now_, "4821");
  const PairingSessionId sid = NextSid();
  guard_.FailRun(*guard_.Charge(now_, sid));
  EXPECT_EQ(guard_.Charge(now_, sid).error().code, Errc::kAuthFailed);
  EXPECT_EQ(guard_.runs_left(), 2);
  EXPECT_TRUE(FailOnce());
  EXPECT_FALSE(guard_.Charge(now_, sid));
  guard_.NewCode(now_, "4822");
  EXPECT_TRUE(guard_.Charge(now_, sid)) << "another code, other letters";
}

TEST_F(CodeGuardTest, ARunThatHangsBlocksForItsTimeOnly) {
  guard_.NewCode(now_, "4821");
  const auto run = guard_.Charge(now_, NextSid());
  ASSERT_TRUE(run);
  now_ += CodeGuard::kRunTimeout - milliseconds(1);
  EXPECT_FALSE(guard_.Charge(now_, NextSid()));
  now_ += milliseconds(1);
  const auto next = guard_.Charge(now_, NextSid());
  ASSERT_TRUE(next);
  EXPECT_EQ(guard_.failed_runs(), 1);
  EXPECT_FALSE(guard_.Succeed(now_, *run)) << "too late";
  guard_.FailRun(*run);
  EXPECT_EQ(guard_.state(), CodeState::kRunning) << "the old run is nobody's business any more";
  EXPECT_TRUE(guard_.Succeed(now_ + CodeGuard::kRunTimeout - milliseconds(1), *next));
}

TEST_F(CodeGuardTest, ACodeLivesTenMinutes) {
  guard_.NewCode(now_, "4821");
  now_ += minutes(10) - milliseconds(1);
  EXPECT_FALSE(guard_.needs_new_code(now_));
  const auto run = guard_.Charge(now_, NextSid());
  ASSERT_TRUE(run);
  now_ += seconds(1);
  EXPECT_FALSE(guard_.needs_new_code(now_)) << "somebody is at it";
  EXPECT_TRUE(guard_.Succeed(now_, *run)) << "who began in time may finish";
  guard_.NewCode(now_, "4821");
  now_ += minutes(10);
  EXPECT_TRUE(guard_.needs_new_code(now_));
  EXPECT_FALSE(guard_.Charge(now_, NextSid()));
}

TEST_F(CodeGuardTest, ANewCodeEndsTheRunOfTheOld) {
  guard_.NewCode(now_, "4821");
  const auto run = guard_.Charge(now_, NextSid());
  guard_.NewCode(now_, "4822");
  EXPECT_EQ(guard_.failed_runs(), 1);
  EXPECT_FALSE(guard_.Succeed(now_, *run));
  EXPECT_EQ(guard_.state(), CodeState::kOpen);
}

TEST_F(CodeGuardTest, TwoBurntCodesInAnHourMakeCodesLong) {
  EXPECT_EQ(LettersOfNewCode(), 5U);
  Burn();
  EXPECT_EQ(LettersOfNewCode(), 5U);
  now_ += minutes(59);
  Burn();
  EXPECT_EQ(LettersOfNewCode(), 8U);
  now_ += milliseconds(59'999);
  EXPECT_EQ(LettersOfNewCode(), 8U);
  now_ += milliseconds(1);
  EXPECT_EQ(LettersOfNewCode(), 5U) << "the first of the two is an hour old";
  Burn();
  EXPECT_EQ(LettersOfNewCode(), 8U);
}

TEST_F(CodeGuardTest, TheHourIsThatOfTheBurning) {
  guard_.NewCode(now_, "4821");
  EXPECT_TRUE(FailOnce());
  now_ += minutes(9);
  EXPECT_TRUE(FailOnce());
  EXPECT_TRUE(FailOnce());
  EXPECT_EQ(guard_.state(), CodeState::kBurnt);
  now_ += minutes(58);
  Burn();
  EXPECT_EQ(LettersOfNewCode(), 8U) << "though the first of the six runs is 67 minutes old";
}

TEST_F(CodeGuardTest, WhoStopsBeforeTheThirdRunIsCountedToo) {
  for (int code = 0; code < 3; ++code) {
    EXPECT_EQ(LettersOfNewCode(), 5U) << code;
    EXPECT_TRUE(FailOnce());
    EXPECT_TRUE(FailOnce());
    now_ += minutes(10);
  }
  EXPECT_EQ(LettersOfNewCode(), 8U) << "six failed runs in an hour, and no code burnt";
}

TEST(CodeGuardOptionsTest, LengthIsAnOptionAndNeverShrinks) {
  test::SeededRandom random(1);
  const CodeGuard::TimePoint now{std::chrono::hours(1)};
  for (const auto length : {SecretLength::kFive, SecretLength::kSix, SecretLength::kEight}) {
    CodeGuard guard({length}, random);
    EXPECT_EQ(guard.NextLength(now), length);
    guard.NewCode(now, "4821");
    EXPECT_EQ(guard.letters().text.view().size(), static_cast<std::size_t>(length));
  }
}

// Guessing, simulated: whoever guesses knows all but the last `unknown` letters of each code (with
// two unknown, successes are many enough to be counted). `pause` passes between two guesses.
struct Guessing {
  std::uint64_t guesses = 0;
  std::uint64_t successes = 0;
  std::uint64_t short_guesses = 0;  // at codes of five letters
  std::uint64_t codes = 0;
  std::uint64_t max_per_code = 0;
  CodeGuard::TimePoint start{std::chrono::hours(1)};
  CodeGuard::TimePoint now = start;
};

Guessing Guess(std::uint64_t guesses, std::size_t unknown, std::uint64_t runs_per_code,
               std::chrono::milliseconds pause, std::uint64_t seed) {
  test::SeededRandom random(seed);
  CodeGuard guard({}, random);
  Guessing result;
  std::uint64_t tried = 0;
  while (result.guesses < guesses) {
    if (guard.needs_new_code(result.now) || tried == runs_per_code) {
      // An attacker who holds back waits until the code has gone.
      if (!guard.needs_new_code(result.now)) result.now += CodeGuard::kCodeLifetime;
      guard.NewCode(result.now, "4821");
      ++result.codes;
      tried = 0;
    }
    PairingSessionId sid{};
    random.Fill(sid);
    const auto run = guard.Charge(result.now, sid);
    if (!run) {
      ADD_FAILURE() << "an open code refuses a first run";
      return result;
    }
    ++result.guesses;
    ++tried;
    result.max_per_code = std::max(result.max_per_code, tried);
    const std::string_view letters = guard.letters().text.view();
    if (letters.size() == 5) ++result.short_guesses;
    // Another guess each time: the best that can be done.
    std::uint64_t secret = 0;
    for (const char c : letters.substr(letters.size() - std::min(unknown, letters.size()))) {
      secret = secret * kCodeLetters.size() + kCodeLetters.find(c);
    }
    if (secret == tried) {
      ++result.successes;
      EXPECT_TRUE(guard.Succeed(result.now, *run));
    } else {
      guard.FailRun(*run);
    }
    result.now += pause;
  }
  return result;
}

// A tenth of it where each takes a minute.
constexpr std::uint64_t kGuesses = test::kAddressSanitizer ? 100'000 : 1'000'000;

TEST(GuessingTest, AMillionGuessesAgainstWhatIsLeftOfACodeSucceedAsOftenAsArithmeticSays) {
  const std::uint64_t seed = test::Seed(11);
  PAIRWIRE_TRACE_SEED(seed);
  const Guessing result = Guess(kGuesses, 2, 3, milliseconds(100), seed);
  // Each guess is right with 1/400, whatever came before: at most 1/398 within a code.
  const double mean = static_cast<double>(kGuesses) / 400;
  const double deviation = std::sqrt(mean);
  EXPECT_LT(std::abs(static_cast<double>(result.successes) - mean), 5 * deviation)
      << result.successes << " of " << mean;
  EXPECT_EQ(result.max_per_code, 3U);
  EXPECT_GE(result.codes, kGuesses / 3);
}

TEST(GuessingTest, AMillionGuessesAtWholeCodesInAFlood) {
  const std::uint64_t seed = test::Seed(12);
  PAIRWIRE_TRACE_SEED(seed);
  const Guessing result = Guess(kGuesses, 8, 3, milliseconds(100), seed);
  // Two burnt codes, and all that follow are long as long as the flood lasts.
  EXPECT_EQ(result.short_guesses, 6U);
  EXPECT_EQ(result.max_per_code, 3U);
  // 6 in 3.2e6 and a million in 2.56e10: 4.1e-5 in all.
  EXPECT_EQ(result.successes, 0U);
}

TEST(GuessingTest, WhoHoldsBackIsSlowedDownByTheClock) {
  const std::uint64_t seed = test::Seed(13);
  PAIRWIRE_TRACE_SEED(seed);
  const Guessing result = Guess(kGuesses / 10, 8, 2, milliseconds(100), seed);
  const double hours =
      std::chrono::duration<double, std::ratio<3600>>(result.now - result.start).count();
  EXPECT_LE(static_cast<double>(result.guesses) / hours, 12.1) << "two a code of ten minutes";
  EXPECT_LE(static_cast<double>(result.short_guesses) / hours, 8.1);
}

}  // namespace
}  // namespace pairwire::auth
