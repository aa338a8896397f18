// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Real files between real programs: every size that matters, memory, a full disk, and a relay that
// dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kLongTransfer{240};

TEST(FileScenario, FilesOfAllSizesArriveWithEqualHashes) {
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", (folder / "out").string()});
  const std::vector<std::pair<std::string, std::size_t>> files = {{"empty", 0},
                                                                  {"one.bin", 1},
                                                                  {"chunk.bin", 65'536},
                                                                  {"odd name (é).bin", 65'537},
                                                                  {"five.bin", 5'000'000}};
  std::vector<std::string> command = {"send-file"};
  std::vector<std::string> hashes;
  for (const auto& [name, size] : files) {
    hashes.push_back(WriteTestFile(folder / name, size, static_cast<unsigned>(size)));
    command.push_back((folder / name).string());
  }
  const auto controller = StartController(relay.url(), NextCode(*display), command);
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  ASSERT_TRUE(display->Event("closed").is_object()) << display->Said();
  const std::vector<Json> sent = controller->Events("file");
  const std::vector<Json> received = display->Events("file");
  ASSERT_EQ(sent.size(), files.size()) << controller->Said();
  ASSERT_EQ(received.size(), files.size()) << display->Said();
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(sent[i].value("sha256", ""), hashes[i]);
    EXPECT_EQ(received[i].value("sha256", ""), hashes[i]);
    EXPECT_EQ(received[i].value("name", ""), files[i].first);
    EXPECT_EQ(received[i].value("size", std::size_t{77}), files[i].second);
    EXPECT_EQ(Sha256OfFile(received[i].value("path", "")), hashes[i]);
  }
  // About every 2 % of the 5 MB.
  EXPECT_GE(controller->Events("progress").size(), 25u);
}

TEST(FileScenario, ASecondFileOfTheSameNameReplacesNothing) {
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", (folder / "out").string()});
  std::filesystem::create_directories(folder / "out");
  std::ofstream(folder / "out" / "a.txt") << "was here";
  std::ofstream(folder / "a.txt") << "is new";
  const auto controller =
      StartController(relay.url(), NextCode(*display), {"send-file", (folder / "a.txt").string()});
  EXPECT_EQ(controller->process().WaitForExit(), 0) << controller->Said();
  EXPECT_THAT(display->Event("file").value("path", ""), HasSubstr("a (1).txt"));
  EXPECT_EQ(ReadFile(folder / "out" / "a.txt"), "was here");
  EXPECT_EQ(ReadFile(folder / "out" / "a (1).txt"), "is new");
}

TEST(FileScenario, ChatSendsAFileBetweenItsLines) {
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", (folder / "out").string()});
  const std::string hash = WriteTestFile(folder / "x.bin", 300'000, 3);
  const auto controller = StartController(relay.url(), NextCode(*display), {"chat"});
  const std::string path = (folder / "x.bin").string();
  ASSERT_TRUE(controller->process().Write("before\n/send " + path + "\n/send /nowhere\nafter\n"));
  controller->process().CloseInput();
  EXPECT_EQ(controller->process().WaitForExit(), 1)
      << controller->Said();  // one file was not there
  EXPECT_EQ(display->Event("message").value("text", ""), "before");
  EXPECT_EQ(display->Event("file").value("sha256", ""), hash) << display->Said();
  EXPECT_EQ(display->Event("message").value("text", ""), "after");
}

TEST(FileScenario, AnUnreadableFileIsSaidBeforeTheCodeIsUsed) {
  Relay relay;
  const auto display = StartDisplay(relay.url());
  const std::string code = NextCode(*display);
  const auto wrong = StartController(relay.url(), code, {"send-file", "/nowhere/at/all"});
  EXPECT_EQ(wrong->process().WaitForExit(), 1);
  EXPECT_EQ(wrong->Event("error").value("code", ""), "not_readable");
  const auto right = StartController(relay.url(), code, {"send", "still good"});
  EXPECT_EQ(right->process().WaitForExit(), 0) << right->Said();
}

TEST(FileScenario, ADisplayWithoutAFolderRefuses) {
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url());
  WriteTestFile(folder / "x", 10, 1);
  const auto controller =
      StartController(relay.url(), NextCode(*display), {"send-file", (folder / "x").string()});
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  EXPECT_EQ(controller->Event("error").value("code", ""), "not_accepted") << controller->Said();
  EXPECT_THAT(controller->process().errors(), HasSubstr("x was not sent"));
}

TEST(FileScenario, AFullDiskRefusesClearly) {
  TemporaryFolder folder;
  const std::string disk = (folder / "disk").string();
  mkdir(disk.c_str(), 0700);
  if (mount("none", disk.c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "SKIPPED: a small file system can be mounted by root only";
  }
  struct Unmount {
    const std::string& path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } const unmount{disk};

  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", disk});
  WriteTestFile(folder / "big.bin", 4'000'000, 1);
  const auto controller = StartController(relay.url(), NextCode(*display),
                                          {"send-file", (folder / "big.bin").string()});
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  EXPECT_EQ(controller->Event("error").value("code", ""), "disk_full") << controller->Said();
  EXPECT_EQ(display->Event("error").value("code", ""), "disk_full") << display->Said();

  // Room for it at first, then another program takes it: found out while writing.
  const auto second = StartController(relay.url(), NextCode(*display), {"chat"});
  ASSERT_TRUE(second->Event("connected").is_object());
  WriteTestFile(disk + "/other", 1'500'000, 2);
  WriteTestFile(folder / "fits.bin", 1'000'000, 3);
  const std::string path = (folder / "fits.bin").string();
  ASSERT_TRUE(second->process().Write("/send " + path + "\n"));
  EXPECT_EQ(second->Event("error").value("code", ""), "disk_full") << second->Said();
  ASSERT_TRUE(second->process().Write("/quit\n"));
  EXPECT_EQ(second->process().WaitForExit(), 1);
  // Nothing half-written stays.
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(disk)) {
    ++left;
    EXPECT_EQ(entry.path().filename(), "other");
  }
  EXPECT_EQ(left, 1u);
}

// What is in the folder besides unfinished files.
std::size_t WholeFiles(const std::filesystem::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".part") ++files;
  }
  return files;
}

// Runs until a good part of the file is on the display's disk.
void RunHalf(Program& controller, std::size_t size) {
  while (true) {
    const Json progress = controller.Event("progress");
    ASSERT_TRUE(progress.is_object()) << controller.Said();
    if (progress.value("stored", std::size_t{0}) >= size / 4) return;
  }
}

// The second start of what was interrupted: it goes on, and the file is whole.
void ExpectResumed(Program& controller, Program& display, std::size_t size,
                   const std::string& hash) {
  const Json resuming = controller.Event("resuming");
  ASSERT_TRUE(resuming.is_object()) << controller.Said();
  EXPECT_GE(resuming.value("offset", std::size_t{0}), size / 4);
  EXPECT_EQ(controller.process().WaitForExit(kLongTransfer), 0) << controller.Said();
  EXPECT_EQ(display.Event("file").value("sha256", ""), hash) << display.Said();
}

constexpr std::size_t kLargeSize = 200'000'000;

TEST(FileScenario, BothKilledTheNextStartGoesOn) {
  TemporaryFolder folder;
  Relay relay;
  const std::vector<std::string> out = {kWithLetters, "--out", (folder / "out").string()};
  const std::string hash = WriteTestFile(folder / "big.bin", kLargeSize, 2);
  const std::vector<std::string> command = {"send-file", (folder / "big.bin").string()};
  {
    const auto display = StartDisplay(relay.url(), out);
    const auto controller = StartController(relay.url(), NextCode(*display), command);
    ASSERT_NO_FATAL_FAILURE(RunHalf(*controller, kLargeSize));
    controller->process().Signal(SIGKILL);
    display->process().Signal(SIGKILL);
    controller->process().WaitForExit();
    display->process().WaitForExit();
  }
  EXPECT_EQ(WholeFiles(folder / "out"), 0u);
  const auto display = StartDisplay(relay.url(), out);
  const auto controller = StartController(relay.url(), NextCode(*display), command);
  ASSERT_NO_FATAL_FAILURE(ExpectResumed(*controller, *display, kLargeSize, hash));
}

// Row L11: the relay is stopped and then killed while 100 MB travel.
TEST(FileScenario, CtrlCIsSaidAndTheNextStartGoesOn) {
  TemporaryFolder folder;
  Relay relay;
  const auto display =
      StartDisplay(relay.url(), {kWithLetters, "--out", (folder / "out").string()});
  const std::string hash = WriteTestFile(folder / "big.bin", kLargeSize, 1);
  const std::vector<std::string> command = {"send-file", (folder / "big.bin").string()};
  const auto controller = StartController(relay.url(), NextCode(*display), command);
  ASSERT_NO_FATAL_FAILURE(RunHalf(*controller, kLargeSize));
  controller->process().Signal(SIGINT);
  EXPECT_EQ(controller->process().WaitForExit(), 1);
  EXPECT_EQ(controller->Event("error").value("code", ""), "cancelled") << controller->Said();
  EXPECT_TRUE(display->Event("closed").is_object()) << display->Said();
  EXPECT_EQ(WholeFiles(folder / "out"), 0u);

  const auto again = StartController(relay.url(), NextCode(*display), command);
  ASSERT_NO_FATAL_FAILURE(ExpectResumed(*again, *display, kLargeSize, hash));
  EXPECT_EQ(Sha256OfFile(folder / "out" / "big.bin"), hash);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "out"), {}), 1);
}

TEST(FileScenario, AFileThatChangedIsAnother) {
  TemporaryFolder folder;
  Relay relay;
  const auto display =
      StartDisplay(relay.url(), {kWithLetters, "--out", (folder / "out").string()});
  WriteTestFile(folder / "big.bin", kLargeSize, 3);
  const std::vector<std::string> command = {"send-file", (folder / "big.bin").string()};
  const auto controller = StartController(relay.url(), NextCode(*display), command);
  ASSERT_NO_FATAL_FAILURE(RunHalf(*controller, kLargeSize));
  controller->process().Signal(SIGINT);
  controller->process().WaitForExit();
  const std::string hash = WriteTestFile(folder / "big.bin", kLargeSize, 4);
  const auto again = StartController(relay.url(), NextCode(*display), command);
  EXPECT_EQ(again->process().WaitForExit(kLongTransfer), 0) << again->Said();
  EXPECT_EQ(display->Event("file").value("sha256", ""), hash) << display->Said();
  EXPECT_TRUE(again->Events("resuming").empty()) << again->Said();
}

TEST(FileScenario, ATransferOutlivesItsRelay) {
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", (folder / "out").string()});
  const std::size_t size = Sanitized() ? 20'000'000 : 100'000'000;
  const std::string hash = WriteTestFile(folder / "random.bin", size, 7);
  const auto controller = StartController(relay.url(), NextCode(*display),
                                          {"send-file", (folder / "random.bin").string()});
  ASSERT_TRUE(controller->Event("progress").is_object()) << controller->Said();
  relay.process().Signal(SIGSTOP);
  const Json progress = controller->Event("progress");
  ASSERT_TRUE(progress.is_object()) << controller->Said();
  EXPECT_LT(progress.value("sent", size), size) << "the transfer was over before the relay stopped";
  relay.process().Signal(SIGKILL);
  EXPECT_EQ(controller->process().WaitForExit(kLongTransfer), 0) << controller->Said();
  EXPECT_EQ(display->Event("file").value("sha256", ""), hash) << display->Said();
  EXPECT_TRUE(controller->Events("error").empty()) << controller->Said();
  // The display says that the relay is away only once it needs it again, for the next code.
  EXPECT_TRUE(display->Event("closed").is_object());
  EXPECT_EQ(display->Event("error").value("code", ""), "relay_unreachable") << display->Said();
}

TEST(FileScenario, ALargeFileNeedsLittleMemory) {
  if (Sanitized()) GTEST_SKIP() << "SKIPPED: a sanitizer's memory is not the program's";
  TemporaryFolder folder;
  Relay relay;
  const auto display = StartDisplay(relay.url(), {"--out", (folder / "out").string()});
  const std::string hash = WriteTestFile(folder / "large.bin", 200'000'000, 9);
  const auto controller = StartController(relay.url(), NextCode(*display),
                                          {"send-file", (folder / "large.bin").string()});
  std::size_t controller_peak = 0;
  while (controller->Event("progress", kLongTransfer).is_object()) {
    controller_peak = std::max(controller_peak, controller->process().PeakMemoryKib());
  }
  EXPECT_EQ(controller->process().WaitForExit(kLongTransfer), 0) << controller->Said();
  EXPECT_EQ(display->Event("file").value("sha256", ""), hash) << display->Said();
  const std::size_t display_peak = display->process().PeakMemoryKib();
  std::printf("peak memory: controller %zu KiB, display %zu KiB\n", controller_peak, display_peak);
  EXPECT_GT(controller_peak, 0u);
  EXPECT_LT(controller_peak, 64u * 1024);
  EXPECT_GT(display_peak, 0u);
  EXPECT_LT(display_peak, 64u * 1024);
}

}  // namespace
}  // namespace pairwire::test
