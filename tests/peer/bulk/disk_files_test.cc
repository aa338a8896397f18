// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/disk_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace pairwire::bulk {
namespace {

namespace fs = std::filesystem;

class FileDiskTest : public ::testing::Test {
 protected:
  FileDiskTest() {
    std::string name = (fs::temp_directory_path() / "pairwire-disk-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileDiskTest() override { fs::remove_all(folder_); }

  std::size_t Entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  static std::string Read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
};

TEST(SafeFileNameTest, NeverLeavesTheFolderAndIsNeverHidden) {
  const std::pair<const char*, const char*> names[] = {
      {"a.txt", "a.txt"}, {"/etc/passwd", "passwd"},
      {"../../x", "x"},   {"..\\..\\x.exe", "x.exe"},
      {"", "file"},       {".", "file"},
      {"..", "file"},     {"a/", "file"},
      {"a/..", "file"},   {".bashrc", "bashrc"},
      {" . .x", "x"},     {"a\nb\x1b[31m\x7f", "ab[31m"},
      {"x. ", "x"},       {"gr\xC3\xBC\xC3\x9F.txt", "gr\xC3\xBC\xC3\x9F.txt"},
  };
  for (const auto& [name, safe] : names) EXPECT_EQ(SafeFileName(name), safe) << name;
  EXPECT_EQ(SafeFileName(std::string("a\0b", 3)), "ab");
  const std::string cut = SafeFileName(std::string(500, 'a') + ".jpeg");
  EXPECT_EQ(cut.size(), 200u);
  EXPECT_TRUE(cut.ends_with(".jpeg"));
  // Cut between characters, not within one.
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xC3\xBC";
  EXPECT_EQ(SafeFileName("x" + umlauts).size() % 2, 1u);
}

TEST(SafeFileNameTest, NumbersGoBeforeTheExtension) {
  EXPECT_EQ(NumberedFileName("a.txt", 1), "a (1).txt");
  EXPECT_EQ(NumberedFileName("a", 2), "a (2)");
  EXPECT_EQ(NumberedFileName("a.tar.gz", 3), "a.tar (3).gz");
}

TEST_F(FileDiskTest, AFileIsThereOnlyOnceItIsWhole) {
  DiskSink sink(folder_.string());
  ASSERT_TRUE(sink.Open("../a.txt", 4));
  ASSERT_TRUE(sink.Write(AsBytes("abcd")));
  EXPECT_FALSE(fs::exists(folder_ / "a.txt"));
  const auto path = sink.Commit();
  ASSERT_TRUE(path);
  EXPECT_EQ(*path, (folder_ / "a.txt").string());
  EXPECT_EQ(Read(*path), "abcd");
  EXPECT_EQ(Entries(), 1u);
  struct stat info {};
  ASSERT_EQ(stat(path->c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0600, 0600u);
  EXPECT_EQ(info.st_mode & 0111, 0u);
}

TEST_F(FileDiskTest, NothingIsReplaced) {
  for (int i = 0; i < 3; ++i) {
    DiskSink sink(folder_.string());
    ASSERT_TRUE(sink.Open("a.txt", 1));
    ASSERT_TRUE(sink.Write(AsBytes(std::to_string(i))));
    ASSERT_TRUE(sink.Commit());
  }
  EXPECT_EQ(Read(folder_ / "a.txt"), "0");
  EXPECT_EQ(Read(folder_ / "a (1).txt"), "1");
  EXPECT_EQ(Read(folder_ / "a (2).txt"), "2");
}

TEST_F(FileDiskTest, AnUnfinishedFileLeavesNothing) {
  {
    DiskSink sink(folder_.string());
    ASSERT_TRUE(sink.Open("a.txt", 4));
    ASSERT_TRUE(sink.Write(AsBytes("ab")));
  }
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(FileDiskTest, NoRoomAndNoFolderAreTold) {
  DiskSink sink(folder_.string());
  const auto huge = sink.Open("a", kMaxFileSize);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, "disk_full");
  DiskSink nowhere((folder_ / "missing").string());
  const auto opened = nowhere.Open("a", 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "cannot_store");
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(FileDiskTest, OnlyRegularReadableFilesAreSent) {
  EXPECT_FALSE(DiskSource::Open((folder_ / "missing").string()));
  EXPECT_FALSE(DiskSource::Open(folder_.string()));
  const std::string fifo = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(DiskSource::Open(fifo));  // and does not wait for a writer
  std::ofstream(folder_ / "x") << "hello";
  const auto source = DiskSource::Open((folder_ / "x").string());
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->size(), 5u);
  EXPECT_EQ((*source)->name(), "x");
}

}  // namespace
}  // namespace pairwire::bulk
