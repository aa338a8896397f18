// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The names of error codes are part of the interface: unique, stable in form, none forgotten.
#include <gtest/gtest.h>
#include <pairwire/error.h>
#include <pairwire/result.h>
#include <pairwire/session_description.h>

#include <algorithm>
#include <set>
#include <string>

namespace pairwire {
namespace {

constexpr int kCodes = static_cast<int>(Errc::kSystem) + 1;

TEST(Error, EachCodeHasItsOwnLowerSnakeCaseName) {
  std::set<std::string> names;
  for (int i = 0; i < kCodes; ++i) {
    const std::string name(ToString(static_cast<Errc>(i)));
    EXPECT_NE(name, "unknown") << "code " << i;
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return c == '_' || (c >= 'a' && c <= 'z');
    })) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
  }
  EXPECT_EQ(ToString(Errc::kBufferFull), "buffer_full");
  EXPECT_EQ(ToString(Errc::kSystem), "system");
}

TEST(Error, NumberThatIsNoCodeIsUnknown) {
  EXPECT_EQ(ToString(static_cast<Errc>(kCodes)), "unknown");
  EXPECT_EQ(ToString(static_cast<Errc>(-1)), "unknown");
}

TEST(Error, TextIsCodeAndDetail) {
  EXPECT_EQ(ToString(Error{Errc::kBufferFull, "4194304 bytes are waiting"}),
            "buffer_full: 4194304 bytes are waiting");
  EXPECT_EQ(ToString(Error{Errc::kClosed, ""}), "closed");
}

TEST(Error, FailMakesAResult) {
  const Result<int> result = Fail(Errc::kTimedOut, "no answer");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error(), (Error{Errc::kTimedOut, "no answer"}));
}

// W3C RTCSdpType.
TEST(SdpType, HasTheNamesOfW3c) {
  EXPECT_EQ(ToString(SdpType::kOffer), "offer");
  EXPECT_EQ(ToString(SdpType::kPranswer), "pranswer");
  EXPECT_EQ(ToString(SdpType::kAnswer), "answer");
  EXPECT_EQ(ToString(SdpType::kRollback), "rollback");
}

}  // namespace
}  // namespace pairwire
