// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/pairing_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::auth {
namespace {

TEST(PairingCode, TakesWhatPeopleType) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"4821-KMRTW", "4821", "KMRTW"},
      {"4821-kmrtw", "4821", "KMRTW"},
      {" 4821 - kMrTw ", "4821", "KMRTW"},
      {"4821 KMRTW", "4821", "KMRTW"},
      {"4821.KMRTW", "4821", "KMRTW"},
      {"48217-KMR TWX", "48217", "KMRTWX"},
      {"482 193-KMRT WXZB", "482193", "KMRTWXZB"},
      {"48-21-KM-RT-W", "4821", "KMRTW"},
      {"0000\tBBBBB", "0000", "BBBBB"},
  };
  for (const auto& [typed, lookup, letters] : cases) {
    const auto code = ParsePairingCode(typed);
    ASSERT_TRUE(code) << typed << ": " << code.error().detail;
    EXPECT_EQ(code->lookup, lookup) << typed;
    EXPECT_EQ(code->secret.text.view(), letters) << typed;
    EXPECT_EQ(code->secret.kind, SecretKind::kLetters);
  }
}

TEST(PairingCode, RefusesTheRestWithASentence) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "type the code"},
      {" - ", "type the code"},
      {"4821KMRTW", "type a hyphen"},
      {"KMRTW", "begins with digits"},
      {"KMRTW-4821", "begins with digits"},
      {"4821", "letters behind the digits are missing"},
      {"4821-", "letters behind the digits are missing"},
      {"482-KMRTW", "4 to 6 digits"},
      {"4821931-KMRTW", "4 to 6 digits"},
      {"4821-KMRT", "5, 6 or 8 letters"},
      {"4821-KMRTWXZ", "5, 6 or 8 letters"},
      {"4821-KMRTWXZBC", "5, 6 or 8 letters"},
      {"4821-KMRT4", "no digit stands among the letters"},
      {"4821-KMRT0", "no digit stands among the letters"},
      {"4821-KMRTO", "A, E, I, O, U and Y"},
      {"4821-KMRTY", "A, E, I, O, U and Y"},
      {"4821-KMRT\xC3\x84", "digits, a hyphen and letters"},
      {"4821/KMRTW", "digits, a hyphen and letters"},
      {std::string("4821-KMRTW\0", 11), "digits, a hyphen and letters"},
      {"4821-KMRTW" + std::string(60, ' '), "too long"},
  };
  for (const auto& [typed, why] : cases) {
    const auto code = ParsePairingCode(typed);
    ASSERT_FALSE(code) << typed;
    EXPECT_EQ(code.error().code, Errc::kInvalidArgument) << typed;
    EXPECT_NE(code.error().detail.find(why), std::string::npos)
        << typed << ": " << code.error().detail;
    EXPECT_EQ(code.error().detail.find("KMRT"), std::string::npos) << "it repeats the secret";
  }
}

// Whatever is typed: what would go to the relay is digits.
TEST(PairingCode, LettersNeverEndInTheLookup) {
  const std::uint64_t seed = test::Seed(3);
  PAIRWIRE_TRACE_SEED(seed);
  test::SeededRandom random(seed);
  constexpr std::string_view kTyped = "0123456789BCDFGKMxzoy -.#";
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string typed;
    for (std::uint64_t n = random.NextBelow(16); n > 0; --n) {
      // Mostly well-formed, or next to nothing would be accepted.
      const bool digits = typed.size() < 4 && !random.Chance(0.1);
      typed += digits ? static_cast<char>('0' + random.NextBelow(10))
                      : kTyped[10 + random.NextBelow(kTyped.size() - 10)];
    }
    const auto code = ParsePairingCode(typed);
    if (!code) continue;
    ++accepted;
    EXPECT_TRUE(std::all_of(code->lookup.begin(), code->lookup.end(),
                            [](char c) { return c >= '0' && c <= '9'; }));
    EXPECT_NE(typed.find_first_of(" -."), std::string::npos) << typed;
  }
  EXPECT_GT(accepted, 100);
}

TEST(PairingCode, ShownCodesAreRead) {
  test::SeededRandom random(4);
  for (const auto length : {SecretLength::kFive, SecretLength::kSix, SecretLength::kEight}) {
    for (const std::string lookup : {"0042", "48213", "482193"}) {
      const PairingSecret secret = DrawLetters(length, random);
      EXPECT_EQ(secret.text.view().size(), static_cast<std::size_t>(length));
      const std::string shown = FormatPairingCode(lookup, secret);
      const auto code = ParsePairingCode(shown);
      ASSERT_TRUE(code) << shown;
      EXPECT_EQ(code->lookup, lookup);
      EXPECT_EQ(code->secret.text.view(), secret.text.view());
    }
  }
  EXPECT_EQ(FormatPairingCode("4821", {SecretKind::kLetters, SecretText("KMRTW")}), "4821-KMRTW");
  EXPECT_EQ(FormatPairingCode("482193", {SecretKind::kLetters, SecretText("KMRTWXZB")}),
            "482 193-KMRT WXZB");
}

// Chi-squared over all letters at all places: 19 degrees of freedom, 1e-6 at 63.
TEST(PairingCode, LettersAreDrawnEvenly) {
  const std::uint64_t seed = test::Seed(5);
  PAIRWIRE_TRACE_SEED(seed);
  test::SeededRandom random(seed);
  std::array<int, 26> counts{};
  constexpr int kDraws = 40'000;
  for (int i = 0; i < kDraws; ++i) {
    const PairingSecret secret = DrawLetters(SecretLength::kFive, random);
    for (const char c : secret.text.view()) ++counts[static_cast<std::size_t>(c - 'A')];
  }
  const double expected = kDraws * 5 / 20.0;
  double chi_squared = 0;
  for (const char c : kCodeLetters) {
    chi_squared += std::pow(counts[static_cast<std::size_t>(c - 'A')] - expected, 2) / expected;
  }
  EXPECT_LT(chi_squared, 63);
  for (const char c : std::string_view("AEIOUY")) {
    EXPECT_EQ(counts[static_cast<std::size_t>(c - 'A')], 0);
  }
}

TEST(PairingUrl, ThereAndBack) {
  test::SeededRandom random(6);
  const PairingSecret secret = DrawUrlSecret(random);
  EXPECT_EQ(secret.text.view().size(), 22U);
  const auto url = MakePairingUrl("https://example.org/pair?x=1", "4821", secret);
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, "https://example.org/pair?x=1#pair=4821." + std::string(secret.text.view()));
  for (const std::string& text : {*url, url->substr(url->find('#'))}) {
    const auto code = ParsePairingUrl(text);
    ASSERT_TRUE(code) << text;
    EXPECT_EQ(code->lookup, "4821");
    EXPECT_EQ(code->secret.kind, SecretKind::kUrl);
    EXPECT_EQ(code->secret.text.view(), secret.text.view());
  }
}

TEST(PairingUrl, RefusesTheRest) {
  const std::string good = "#pair=4821.AAAAAAAAAAAAAAAAAAAAAA";
  ASSERT_TRUE(ParsePairingUrl(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(ParsePairingUrl(good.substr(0, cut))) << cut;
  }
  for (const std::string& bad :
       {good + "A", good + "&x", std::string("#pair=4821.AAAAAAAAAAAAAAAAAAAAAB"),
        std::string("#pair=482.AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("#pair=4821AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("#pair=48x1.AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("pair=4821.AAAAAAAAAAAAAAAAAAAAAA"),
        std::string("#PAIR=4821.AAAAAAAAAAAAAAAAAAAAAA"), std::string(3000, 'x') + good}) {
    EXPECT_FALSE(ParsePairingUrl(bad)) << bad;
  }
  test::SeededRandom random(7);
  const PairingSecret secret = DrawUrlSecret(random);
  EXPECT_FALSE(MakePairingUrl("ftp://example.org", "4821", secret));
  EXPECT_FALSE(MakePairingUrl("https://example.org/#a", "4821", secret));
  EXPECT_FALSE(MakePairingUrl("https://example.org/", "48x1", secret));
  EXPECT_FALSE(MakePairingUrl("https://example.org/" + std::string(2048, 'x'), "4821", secret));
  EXPECT_FALSE(
      MakePairingUrl("https://example.org/", "4821", DrawLetters(SecretLength::kFive, random)))
      << "letters are for typing; a URL has its own secret";
}

}  // namespace
}  // namespace pairwire::auth
