// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/options.h"

#include <gtest/gtest.h>

#include "signaling/load/connection.h"

namespace pairwire::load {
namespace {

std::variant<Options, int> Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pairwire-load");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return ParseOptions(static_cast<int>(argv.size()), argv.data());
}

TEST(OptionsTest, EachScenarioHasItsDefaults) {
  for (const char* name : {"waiting", "pairing", "signaling", "status", "expiry", "suite"}) {
    const auto parsed = Parse({name, "--relay", "http://127.0.0.1:1"});
    ASSERT_TRUE(std::holds_alternative<Options>(parsed)) << name;
    const Options& options = std::get<Options>(parsed);
    EXPECT_GT(options.seconds, 0) << name;
    EXPECT_GT(options.deadline_seconds, options.seconds) << name;
  }
}

TEST(OptionsTest, RelaysAndTheirProcessesStayInOrder) {
  const auto parsed = Parse({"signaling", "--relay", "http://a:1", "--relay", "http://b:2",
                             "--relay-pid", "11,22", "--part", "latency"});
  ASSERT_TRUE(std::holds_alternative<Options>(parsed));
  const Options& options = std::get<Options>(parsed);
  EXPECT_EQ(options.relays, (std::vector<std::string>{"http://a:1", "http://b:2"}));
  EXPECT_EQ(options.relay_pids, (std::vector<pid_t>{11, 22}));
  EXPECT_EQ(options.part, Part::kLatency);
}

TEST(OptionsTest, WrongUseIsTwo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{},
        {"waiting"},
        {"nonsense", "--relay", "http://a:1"},
        {"waiting", "--relay", "http://a:1", "--displays", "0"},
        {"waiting", "--relay", "http://a:1", "--seconds", "99999"},
        {"waiting", "--relay", "http://a:1", "--transport", "pigeon"},
        {"signaling", "--relay", "http://a:1", "--size", "10"},
        {"pairing", "--relay", "http://a:1", "--processes", "2"},
        {"pairing", "--relay", "http://a:1", "--meets", "17"},
        {"signaling", "--relay", "http://a:1", "--meets", "1"},
        {"suite", "--relay", "http://a:1", "--as-many"},
        {"waiting", "--relay", "http://a:1", "--processes", "0"},
        {"waiting", "--relay", "http://a:1", "--processes", "3", "--displays", "2"},
        {"expiry", "--relay", "http://a:1", "--others", "-1"},
        {"signaling", "--relay", "http://a:1", "--bystander-pid", "0"},
        {"signaling", "--relay", "http://a:1", "--relay-pid", "1,2"}}) {
    const auto parsed = Parse(arguments);
    ASSERT_TRUE(std::holds_alternative<int>(parsed));
    EXPECT_EQ(std::get<int>(parsed), kExitUsage);
  }
}

TEST(TargetTest, UrlsBecomeAddresses) {
  const auto plain = ParseTarget("http://127.0.0.1:8080");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->host, "127.0.0.1:8080");
  EXPECT_EQ(plain->path, "");
  EXPECT_TRUE(plain->loopback);
  const auto base = ParseTarget("http://[::1]:99/relay/");
  ASSERT_TRUE(base.has_value());
  EXPECT_EQ(base->path, "/relay");
  EXPECT_FALSE(base->loopback) << "there is one IPv6 loopback address";
  for (const char* wrong : {"", "127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://:80",
                            "http://[::1", "http://127.0.0.1:x", "http://127.0.0.1:"}) {
    EXPECT_FALSE(ParseTarget(wrong).has_value()) << wrong;
  }
}

TEST(TargetTest, SourcesAreSpreadOverTheLoopbackNet) {
  const auto target = ParseTarget("http://127.0.0.1:8080");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(SourceAddress(*target, 0, 16), 0x7f000002U);
  EXPECT_EQ(SourceAddress(*target, 15, 16), 0x7f000011U);
  EXPECT_EQ(SourceAddress(*target, 16, 16), 0x7f000002U);
  EXPECT_EQ(SourceAddress(*target, 300, 1000), 0x7f00012eU);
  EXPECT_EQ(SourceAddress(*target, 5, 0), 0U);
  Target far = *target;
  far.loopback = false;
  EXPECT_EQ(SourceAddress(far, 5, 16), 0U);
}

}  // namespace
}  // namespace pairwire::load
