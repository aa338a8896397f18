// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/fault_run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "tests/faults/quiet_log.h"
#include "tests/faults/spoil.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

constexpr auto kBefore = 1'500ms;
constexpr auto kAfter = 1'500ms;
constexpr auto kWordEvery = 200ms;
constexpr std::size_t kShownLines = 12;
// Of a whole run only some lines are spoilt: each takes a judgement of all.
constexpr std::size_t kSpoiltOfAKind = 5;

std::uint64_t Seed() {
  const char* const given = std::getenv("PAIRWIRE_FAULT_SEED");
  if (given != nullptr) return std::strtoull(given, nullptr, 10);
  return static_cast<std::uint64_t>(load::Clock::now().time_since_epoch().count());
}

std::string OneWord(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

}  // namespace

FaultRun::FaultRun(std::vector<std::string> redis_urls) {
  Workload::Options options;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const std::string& url = redis_urls[std::min(i, redis_urls.size() - 1)];
    nodes_.push_back(std::make_unique<RelayNode>(std::string(1, static_cast<char>('a' + i)), url));
    options.relays.push_back(nodes_.back()->url());
  }
  direct_ = std::make_unique<DirectPair>(node(0).url(), node(1).url());
  options.seed = Seed();
  std::cout << "seed " << options.seed << " (PAIRWIRE_FAULT_SEED)\n";
  load_ = std::make_unique<Workload>(std::move(options));
  EXPECT_TRUE(load_->ok()) << load_->trouble();
  if (!load_->ok()) return;
  load_->AlsoDo([this] {
    const load::TimePoint now = load::Clock::now();
    if (now < next_word_) return;
    next_word_ = now + kWordEvery;
    direct_->Say();
  });
  RunFor(kBefore);
}

FaultRun::~FaultRun() {
  if (!::testing::Test::HasFailure()) return;
  for (const auto& node : nodes_) std::cout << "--- " << node->id() << "\n" << node->Log();
}

void FaultRun::Fault(const std::string& what, const std::function<void()>& begin) {
  load_->Note(What::kFaultBegins, "-", 0, OneWord(what));
  begin();
}

void FaultRun::EverybodyStays() {
  load_->StopBreaking();
  EXPECT_TRUE(load_->RunUntil([this] { return load_->live() == load_->members(); }, 10s));
  RunFor(500ms);
}

void FaultRun::FaultOver() {
  load_->Note(What::kFaultEnds);
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < kNodes; ++i) all.push_back(i);
  EXPECT_TRUE(load_->WaitForPairing(all));
  RunFor(kAfter);
}

void FaultRun::Judge() {
  if (!load_->ok()) return;  // that failed the test already
  load_->Settle();
  load_->End();
  const History& history = load_->history();
  const Findings findings = Check(history);
  for (std::size_t i = 0; i < std::min(findings.broken.size(), kShownLines); ++i) {
    ADD_FAILURE() << findings.broken[i];
  }
  std::cout << "figures" << ToText(Count(history)) << "\n";
  // The run was one, and every session could be ended.
  EXPECT_GT(Count(history).got, 100U);
  std::size_t ends = 0;
  for (const Line& line : history) {
    ends += line.what == What::kTerminated || line.what == What::kUnauthorized ? 1 : 0;
  }
  EXPECT_EQ(ends, load_->members());
  direct_->ExpectUntouched();
  ExpectQuietLogs();
  if (!load_->IsStarved()) {
    for (const std::string& late : findings.late) ADD_FAILURE() << late;
  }
  if (::testing::Test::HasFailure()) return Keep();
  const std::size_t stride = history.size() / kSpoiltOfAKind;
  for (const Spoilt& spoilt : SpoilEach(history, stride)) {
    EXPECT_FALSE(Check(spoilt.history).broken.empty()) << "the checker did not see: " << spoilt.how;
  }
  if (findings.late.empty()) return;
  GTEST_SKIP() << "nothing was lost, but on a machine that gave the relays no time "
               << findings.late.size() << " things were late, first: " << findings.late.front();
}

void FaultRun::ExpectQuietLogs() const {
  std::vector<std::string> secrets = load_->secrets();
  secrets.push_back(direct_->code());
  for (const auto& node : nodes_) {
    EXPECT_NE(node->Log(), "");
    EXPECT_EQ(LoudPart(node->Log(), secrets), "");
  }
}

void FaultRun::Keep() {
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("pairwire-fault-" + std::string(test->name()) + "-" + std::to_string(getpid()) + ".history");
  std::ofstream file(path);
  file << ToText(load_->history());
  std::cout << "the history: " << path.string() << "\n";
}

}  // namespace pairwire::faults
