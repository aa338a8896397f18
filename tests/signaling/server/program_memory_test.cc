// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What clients cost the real pairwire-relay in memory, and that it gives it back. The clients are
// in this process, so the relay's memory is its own; what counts is what one more costs, after a
// first crowd paid for code, tables and the allocator's first pages.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/signaling/server/relay_program.h"
#include "tests/signaling/server/test_client.h"
#include "tests/support/sanitizers.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// What the process alone holds, in bytes.
double PrivateBytes(const Program& program) {
  std::ifstream rollup("/proc/" + std::to_string(program.pid()) + "/smaps_rollup");
  double kilobytes = 0;
  std::string name;
  while (rollup >> name) {
    double value = 0;
    // Not its clean pages: those of the program itself are its own only while no other relay runs.
    if (name == "Private_Dirty:") {
      rollup >> value;
      kilobytes += value;
    }
  }
  EXPECT_GT(kilobytes, 0);
  return kilobytes * 1024;
}

constexpr std::size_t kMost = 5'000;
const std::vector<std::string> kArguments = {"--listen", "127.0.0.1:0",   "--log-level",
                                             "off",      "--rate-limits", "off"};

// Makes room for so many sockets, on this side and on the relay's. Why there is none, or nothing.
std::string WhyNot() {
  if (test::kAddressSanitizer || test::kThreadSanitizer) {
    return "SKIPPED: a sanitizer's allocator counts otherwise";
  }
  rlimit limit{};
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur < 2 * kMost ? "SKIPPED: the descriptor limit is too low" : "";
}

TEST(ProgramTest, WaitingDisplaysAreCheap) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  Program program(kArguments);
  const std::uint16_t port = program.Port();
  std::vector<Registered> displays;
  std::vector<RawClient> streams;
  const auto wait = [&](std::size_t count) {
    while (displays.size() < count) displays.push_back(RegisterDisplay(port, "{}"));
    while (streams.size() < count) streams.push_back(OpenEvents(port, displays[streams.size()]));
    return PrivateBytes(program);
  };
  constexpr std::size_t kFirst = kMost / 5;
  const double first = wait(kFirst);
  const double all = wait(kMost);
  EXPECT_EQ(Metric(port, "pairwire_connections", "kind=\"events\""), static_cast<double>(kMost));
  const double bytes = (all - first) / static_cast<double>(kMost - kFirst);
  std::printf("one waiting display, its session included: %.0f bytes\n", bytes);
  RecordProperty("bytes_per_display", static_cast<int>(bytes));
  EXPECT_LE(bytes, 1'536);
  ASSERT_EQ(PairController(port, displays.back().code).status, 200);
  EXPECT_FALSE(streams.back().ReadUntil("pairing:ready").empty());
}

TEST(ProgramTest, PairedMembersAreCheap) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  Program program(kArguments);
  const std::uint16_t port = program.Port();
  std::vector<RawClient> members;
  const auto join = [&](std::size_t count) {
    while (members.size() < count) {
      const Registered display = RegisterDisplay(port);
      const Paired controller = PairController(port, display.code, R"(,"name":"Phone")");
      for (const std::string& token : {display.token, controller.token}) {
        members.push_back(UpgradeByHand(port, token));
        EXPECT_FALSE(members.back().ReadUntil("\"welcome\"").empty());
      }
      // What a pairing says, as long as it is not confirmed, is paid for by whoever says it.
      EXPECT_FALSE(members[members.size() - 2].ReadUntil("user_joined").empty());
    }
    return PrivateBytes(program);
  };
  constexpr std::size_t kFirst = 400;
  constexpr std::size_t kAll = 1'200;  // Soon enough that none is missed for its silence.
  const double first = join(kFirst);
  const double all = join(kAll);
  EXPECT_EQ(Metric(port, "pairwire_connections", "kind=\"websocket\""), static_cast<double>(kAll));
  const double bytes = (all - first) / static_cast<double>(kAll - kFirst);
  std::printf("one paired member, its share of the session included: %.0f bytes\n", bytes);
  RecordProperty("bytes_per_member", static_cast<int>(bytes));
  EXPECT_LE(bytes, 4'096);
}

TEST(ProgramTest, MemoryComesBack) {
  if (const std::string why = WhyNot(); !why.empty()) GTEST_SKIP() << why;
  Program program(kArguments);
  const std::uint16_t port = program.Port();
  std::vector<Registered> displays;
  std::vector<RawClient> streams;
  const auto end = [&](const Registered& display) {
    EXPECT_EQ(
        Request(port, "DELETE", "/api/sessions/" + display.session_id, {}, Bearer(display.token))
            .status,
        204);
  };
  RawClient stays = OpenEvents(port, RegisterDisplay(port, "{}"));
  // The first ones pay for what is never given back.
  for (std::size_t i = 0; i < 500; ++i) end(RegisterDisplay(port, "{}"));
  const double before = PrivateBytes(program);
  for (std::size_t i = 0; i < kMost; ++i) displays.push_back(RegisterDisplay(port, "{}"));
  for (const Registered& display : displays) streams.push_back(OpenEvents(port, display));
  const double full = PrivateBytes(program);
  ASSERT_GT(full - before, 1'000'000);
  for (const Registered& display : displays) end(display);
  streams.clear();
  // Ended sessions are remembered for half a minute; then the heap is looked through again. The
  // comments of one that stays tell the time.
  double now = full;
  for (int comments = 0; comments < 10 && now > full - 0.6 * (full - before); ++comments) {
    ASSERT_FALSE(stays.ReadUntil(":\n\n").empty());
    now = PrivateBytes(program);
  }
  EXPECT_LE(now, full - 0.6 * (full - before));
  std::printf("before %.0f, full %.0f, after %.0f\n", before, full, now);
}

}  // namespace
}  // namespace pairwire::server
