// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Our scanner against the JSON library: written cases at each border, then many thousand texts made
// of pieces that are likely to hurt, cut and broken by chance.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/limits.h"
#include "tests/signaling/protocol/library_scan.h"
#include "tests/support/sanitizers.h"

namespace pairwire::protocol {
namespace {

using namespace std::string_view_literals;

void ExpectAgreement(std::string_view text) {
  EXPECT_TRUE(ScansAgree(text, kMaxMessageBytes)) << testing::PrintToString(std::string(text));
}

std::string Number(std::size_t digits, const std::string& end) {
  return std::string(digits, '9') + end;
}

TEST(JsonWalk, AgreesOnNumbers) {
  std::vector<std::string> numbers = {"0",
                                      "-0",
                                      "1",
                                      "-1",
                                      "01",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1.e1",
                                      "1e",
                                      "1e+",
                                      "1e-",
                                      "1E5",
                                      "0e999999",
                                      "0.0e99999",
                                      "1e308",
                                      "1e309",
                                      "-1e309",
                                      "1.7976931348623157e308",
                                      "1.7976931348623158e308",
                                      "1.7976931348623159e308",
                                      "1.8e308",
                                      "17.976931348623157e307",
                                      "0.17976931348623159e309",
                                      "1e-400",
                                      "-1e-400",
                                      "0.0001e312",
                                      "0.0001e313",
                                      "10000e304",
                                      "10000e305",
                                      "1e99999999999999999999",
                                      "1e-99999999999999999999",
                                      "0.000000000000000000000000000000e5",
                                      "18446744073709551616",
                                      "-9223372036854775809",
                                      "1x",
                                      "1e5x",
                                      "0x10",
                                      "1 2",
                                      "Infinity",
                                      "NaN",
                                      "--1",
                                      "1..2",
                                      "1e1.5",
                                      "1-",
                                      "2.50e+00"};
  for (const std::size_t digits : {20U, 299U, 300U, 301U, 308U, 309U, 310U, 400U}) {
    for (const char* end : {"", ".5", "e0", "e-1", "e-100", "e-400", "e1"}) {
      numbers.push_back(Number(digits, end));
      numbers.push_back("-0." + std::string(digits, '0') + "1" + end);
      numbers.push_back("0." + std::string(digits, '0') + "1e" + std::to_string(digits + 309));
      numbers.push_back("0." + std::string(digits, '0') + "1e" + std::to_string(digits + 310));
    }
  }
  for (const std::string& number : numbers) {
    ExpectAgreement("{\"a\":" + number + "}");
    ExpectAgreement("{\"a\":[" + number + "," + number + " ]}");
    ExpectAgreement("{\"a\":" + number);
  }
}

TEST(JsonWalk, AgreesOnStrings) {
  for (const std::string_view piece : {"\\"sv,
                                       "\\\""sv,
                                       "\\/"sv,
                                       "\\b\\f\\n\\r\\t"sv,
                                       "\\a"sv,
                                       "\\u"sv,
                                       "\\u00"sv,
                                       "\\u00e9"sv,
                                       "\\u00E9"sv,
                                       "\\u00g9"sv,
                                       "\\u0000"sv,
                                       "\\ud83d\\ude00"sv,
                                       "\\ud83d"sv,
                                       "\\ud83dx"sv,
                                       "\\ud83d\\u0041"sv,
                                       "\\ude00"sv,
                                       "\\uD83D\\n"sv,
                                       "\\ud83d\\ud83d"sv,
                                       "\x1F"sv,
                                       "\x7F"sv,
                                       "\x80"sv,
                                       "\xC0\x80"sv,
                                       "\xC1\xBF"sv,
                                       "\xC2"sv,
                                       "\xC2\x80"sv,
                                       "\xDF\xBF"sv,
                                       "\xE0\x9F\xBF"sv,
                                       "\xE0\xA0\x80"sv,
                                       "\xED\x9F\xBF"sv,
                                       "\xED\xA0\x80"sv,
                                       "\xEE\x80\x80"sv,
                                       "\xEF\xBF\xBF"sv,
                                       "\xEF\xBF"sv,
                                       "\xF0\x8F\xBF\xBF"sv,
                                       "\xF0\x90\x80\x80"sv,
                                       "\xF4\x8F\xBF\xBF"sv,
                                       "\xF4\x90\x80\x80"sv,
                                       "\xF5\x80\x80\x80"sv,
                                       "\xF0\x90\x80"sv,
                                       "\xFF"sv,
                                       "\t"sv,
                                       "\n"sv}) {
    // At every place of the eight bytes that are looked at together.
    for (const std::size_t before : {0U, 1U, 6U, 7U, 8U, 9U, 15U}) {
      for (std::size_t after : {0U, 1U, 7U, 8U, 9U}) {
        const std::string text =
            std::string(before, 'a') + std::string(piece) + std::string(after, 'b');
        ExpectAgreement("{\"type\":\"" + text + "\"}");
        ExpectAgreement("{\"" + text + "\":1}");
        ExpectAgreement("{\"d\":{\"" + text + "\":\"" + text);
      }
    }
  }
}

TEST(JsonWalk, AgreesOnKeys) {
  // The same key in several spellings, among few and among many others.
  const std::vector<std::string> spellings = {"key", "\\u006bey", "k\\u0065\\u0079"};
  for (const std::size_t others : {0U, 14U, 15U, 16U, 17U, 254U, 255U}) {
    for (const std::string& first : spellings) {
      for (const std::string& second : spellings) {
        std::string members;
        for (std::size_t i = 0; i < others; ++i) {
          members += "\"" + std::to_string(i) + "\":{\"key\":" + std::to_string(i) + "},";
        }
        const std::string a = "\"" + first + "\":1";
        const std::string b = "\"" + second + "\":2";
        ExpectAgreement("{" + members + a + "," + b + "}");
        ExpectAgreement("{" + a + "," + members + b + "}");
        ExpectAgreement("{\"o\":{" + a + "," + members + b + "}}");
        ExpectAgreement("{" + members + a + ",\"keyy\":1,\"ke\":1}");
      }
    }
  }
}

// Texts of JSON's pieces, mostly in an order that makes sense.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::string Text() {
    std::string text = Object(0);
    const std::size_t faults = Below(4) == 0 ? 0 : Below(4);
    for (std::size_t i = 0; i < faults && !text.empty(); ++i) Break(text);
    return text;
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  std::string Blank() {
    constexpr std::array kBlanks = {"", "", "", "", " ", "\n", "\t ", "\r\n"};
    return kBlanks.at(Below(kBlanks.size()));
  }
  std::string String() {
    constexpr std::array kPieces = {
        "a", "data", "type",           "to",   "id",   "\\n",           "\\u0061", "\\u00e9",
        "é", "😀",    "\\ud83d\\ude00", "\\\"", "from", "a longer text", "\\u0000", "\x7F"};
    std::string text = "\"";
    for (std::size_t i = Below(4); i > 0; --i) text += kPieces.at(Below(kPieces.size()));
    return text + "\"";
  }
  std::string Value(int depth) {
    switch (Below(depth > 8 ? 5 : 8)) {
      case 0:
        return "null";
      case 1:
        return Below(2) == 0 ? "true" : "false";
      case 2:
        return std::to_string(static_cast<std::int64_t>(random_()));
      case 3:
        return std::to_string(Below(100)) + "." + std::to_string(Below(1000)) + "e" +
               std::to_string(Below(320));
      case 4:
      case 5:
        return String();
      case 6:
        return Array(depth + 1);
      default:
        return Object(depth + 1);
    }
  }
  std::string Array(int depth) {
    std::string text = "[" + Blank();
    for (std::size_t i = 0, n = Below(20) == 0 ? Below(300) : Below(4); i < n; ++i) {
      text += (i > 0 ? "," : "") + Blank() + (n > 10 ? "0" : Value(depth)) + Blank();
    }
    return text + "]";
  }
  std::string Object(int depth) {
    std::string text = "{" + Blank();
    for (std::size_t i = 0, n = Below(20) == 0 ? Below(300) : Below(5); i < n; ++i) {
      const std::string key = n > 10 ? "\"" + std::to_string(Below(5 * n * n)) + "\"" : String();
      text += (i > 0 ? "," : "") + Blank() + key + Blank() + ":" + Blank();
      text += (n > 10 ? "0" : Value(depth)) + Blank();
    }
    return text + "}" + Blank();
  }
  void Break(std::string& text) {
    constexpr std::string_view kBytes = "{}[]\",:\\ue0-+.x\x00\x1F\x80\xC3\xED\xFF \t"sv;
    const std::size_t at = Below(text.size());
    switch (Below(5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text.erase(at, 1 + Below(3));
        break;
      case 2:
        text.insert(at, 1, kBytes[Below(kBytes.size())]);
        break;
      case 3:
        text[at] = kBytes[Below(kBytes.size())];
        break;
      default:
        text.insert(at, text.substr(Below(text.size()), Below(12)));
        break;
    }
  }

  std::mt19937_64 random_;
};

TEST(JsonWalk, AgreesWithTheLibrary) {
  std::size_t accepted = 0;
  std::size_t limits = 0;
  constexpr std::size_t kTexts = test::kAddressSanitizer ? 1'000 : 4'000;
  for (std::size_t seed = 0; seed < kTexts; ++seed) {
    const std::string text = Maker(seed).Text();
    ASSERT_TRUE(ScansAgree(text, kMaxMessageBytes)) << "seed " << seed << ": " << text;
    std::vector<SeenMember> seen;
    const auto verdict = OurScan(text, kMaxMessageBytes, seen);
    accepted += verdict ? 1 : 0;
    limits += !verdict && verdict.error().code == Errc::kLimitExceeded ? 1 : 0;
  }
  // The texts are neither all good nor all broken.
  EXPECT_GT(accepted, kTexts / 10);
  EXPECT_LT(accepted, kTexts / 2);
  EXPECT_GT(limits, kTexts / 500);
}

}  // namespace
}  // namespace pairwire::protocol
