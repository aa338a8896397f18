// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/pairings_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/sanitizers.h"

namespace pairwire {
namespace {

using ::testing::HasSubstr;

std::string IdOf(int number) {
  std::string id = std::to_string(number);
  return std::string(32 - id.size(), '0') + id;
}

std::chrono::system_clock::time_point At(int second) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(1'000'000 + second));
}

StoredPairing Pairing(int number) {
  StoredPairing pairing;
  pairing.shown = {IdOf(number), "Hall <\"ü\n", number % 2 == 0, At(number), At(number)};
  std::fill(pairing.key.writable().begin(), pairing.key.writable().end(),
            static_cast<std::uint8_t>(number));
  return pairing;
}

class PairingsFileTest : public ::testing::Test {
 protected:
  PairingsFileTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "pairwire-pairings-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    path_ = name + "/pairings.json";
  }
  ~PairingsFileTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void WriteRaw(const std::string& text) const {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), 0600);
  }
  std::string ReadRaw() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(PairingsFileTest, WhatIsPutIsReadTheOneUsedLastFirst) {
  PairingsFile file(path_);
  EXPECT_TRUE(file.Read()->empty());
  for (const int number : {2, 1, 3}) ASSERT_TRUE(file.Put(Pairing(number)));
  ASSERT_TRUE(file.Touch(IdOf(1), At(100)));
  const auto read = PairingsFile(path_).Read();
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ(read->at(0).shown.id, IdOf(1));
  EXPECT_EQ(read->at(0).shown.last_used, At(100));
  EXPECT_EQ(read->at(0).shown.made, At(1));
  EXPECT_EQ(read->at(1).shown.id, IdOf(3));
  EXPECT_EQ(read->at(2).shown.name, "Hall <\"ü\n");
  EXPECT_TRUE(read->at(2).shown.display);
  EXPECT_FALSE(read->at(1).shown.display);
  EXPECT_TRUE(auth::EqualInConstantTime(read->at(2).key.bytes(), Pairing(2).key.bytes()));
}

TEST_F(PairingsFileTest, ListAndRevoke) {
  EXPECT_TRUE(ListPairings(path_)->empty());
  ASSERT_TRUE(PairingsFile(path_).Put(Pairing(1)));
  ASSERT_TRUE(PairingsFile(path_).Put(Pairing(2)));
  EXPECT_EQ(ListPairings(path_)->size(), 2u);
  EXPECT_TRUE(RevokePairing(path_, IdOf(1)));
  EXPECT_EQ(ListPairings(path_)->at(0).id, IdOf(2));
  const auto again = RevokePairing(path_, IdOf(1));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(PairingsFile(path_).Touch(IdOf(1), At(1)));
}

TEST_F(PairingsFileTest, OnlyItsOwnerReadsIt) {
  const mode_t before = umask(0);
  ASSERT_TRUE(PairingsFile(path_).Put(Pairing(1)));
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, mode_t{0600});
  for (const mode_t open_to : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(chmod(path_.c_str(), open_to), 0);
    const auto read = PairingsFile(path_).Read();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::kSystem);
    EXPECT_THAT(read.error().detail, HasSubstr("chmod 600"));
    // Nor is it made good by writing over it.
    EXPECT_FALSE(PairingsFile(path_).Put(Pairing(2)));
  }
}

TEST_F(PairingsFileTest, TheOneUsedLongestAgoMakesRoom) {
  PairingsFile file(path_);
  for (int i = 1; i <= static_cast<int>(kMaxPairings); ++i) ASSERT_TRUE(file.Put(Pairing(i)));
  ASSERT_TRUE(file.Touch(IdOf(1), At(1000)));
  ASSERT_TRUE(file.Put(Pairing(500)));
  const auto read = file.Read();
  ASSERT_EQ(read->size(), kMaxPairings);
  const auto has = [&](int number) {
    return std::any_of(read->begin(), read->end(),
                       [&](const auto& pairing) { return pairing.shown.id == IdOf(number); });
  };
  EXPECT_TRUE(has(1));
  EXPECT_TRUE(has(500));
  EXPECT_FALSE(has(2));
  // The same one again takes no room.
  ASSERT_TRUE(file.Put(Pairing(500)));
  EXPECT_EQ(file.Read()->size(), kMaxPairings);
}

TEST_F(PairingsFileTest, AnotherFileIsRefusedAndStays) {
  ASSERT_TRUE(PairingsFile(path_).Put(Pairing(1)));
  const std::string good = ReadRaw();
  std::vector<std::string> bad = {"",
                                  "{}",
                                  "[]",
                                  "7",
                                  R"({"version":1})",
                                  R"({"version":2,"pairings":[]})",
                                  R"({"version":1,"pairings":[7]})",
                                  R"({"version":1,"pairings":{}})",
                                  std::string(200'000, ' ')};
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"controller", "user"}, {IdOf(1), "1"},          {"\"key\": \"", "\"key\": \"AAAA"},
      {"1000001", "-1"},      {"\"name\"", "\"nom\""}, {"1000001", "\"x\""}};
  for (const auto& [from, to] : changes) {
    std::string changed = good;
    const std::size_t at = changed.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.push_back(changed.replace(at, from.size(), to));
  }
  for (std::size_t size = 0; size + 2 < good.size(); size += 7) bad.push_back(good.substr(0, size));
  for (const std::string& text : bad) {
    WriteRaw(text);
    const auto read = PairingsFile(path_).Read();
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Errc::kParseError) << text;
    EXPECT_FALSE(PairingsFile(path_).Put(Pairing(2))) << text;
    EXPECT_EQ(ReadRaw(), text);
  }
  EXPECT_FALSE(PairingsFile(folder_.string()).Read());
  EXPECT_FALSE(PairingsFile(path_ + "/below").Put(Pairing(1)));
}

TEST_F(PairingsFileTest, IdsAndNamesAreBounded) {
  StoredPairing wrong = Pairing(1);
  wrong.shown.id = "x";
  EXPECT_FALSE(PairingsFile(path_).Put(std::move(wrong)));
  StoredPairing longer = Pairing(1);
  longer.shown.name.assign(65, 'x');
  EXPECT_FALSE(PairingsFile(path_).Put(std::move(longer)));
}

TEST_F(PairingsFileTest, TwoThatWriteLoseNothing) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([this, writer] {
      PairingsFile file(path_);
      for (int i = 1; i <= 20; ++i) EXPECT_TRUE(file.Put(Pairing(writer * 100 + i)));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(PairingsFile(path_).Read()->size(), 40u);
}

// A process that writes all the time and is killed at any moment.
TEST_F(PairingsFileTest, BookSurvivesKill) {
  if (test::kThreadSanitizer) GTEST_SKIP() << "fork";
  ASSERT_TRUE(PairingsFile(path_).Put(Pairing(1)));
  for (int round = 0; round < 10; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      PairingsFile file(path_);
      for (int i = 2;; i = i % 60 + 2) {
        if (!file.Put(Pairing(i))) _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 + 2 * round));  // at any moment
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "a write failed";
    const auto read = PairingsFile(path_).Read();
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->back().shown.id, IdOf(1));
    // The lock went with it.
    ASSERT_TRUE(PairingsFile(path_).Put(Pairing(1)));
  }
}

}  // namespace
}  // namespace pairwire
