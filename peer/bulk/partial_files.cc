// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/partial_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace pairwire::bulk {
namespace {

constexpr std::string_view kPrefix = ".pairwire-";
constexpr std::string_view kSuffix = ".part";

bool IsPartialName(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(kSuffix) &&
         name.size() == kPrefix.size() + kFileIdDigits + kSuffix.size() &&
         IsFileId(name.substr(kPrefix.size(), kFileIdDigits));
}

struct Partial {
  std::string path;
  PartialFiles::WallTime written;
};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

std::vector<Partial> List(const std::string& directory) {
  std::vector<Partial> partials;
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(directory.c_str()));
  if (folder == nullptr) return partials;
  while (const dirent* entry = readdir(folder.get())) {
    if (!IsPartialName(entry->d_name)) continue;
    std::string path = directory + "/" + entry->d_name;
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const auto written =
        std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    partials.push_back(
        {std::move(path),
         PartialFiles::WallTime(
             std::chrono::duration_cast<PartialFiles::WallTime::duration>(written))});
  }
  std::sort(partials.begin(), partials.end(),
            [](const Partial& a, const Partial& b) { return a.written < b.written; });
  return partials;
}

// False when somebody is writing to it.
bool Remove(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT;
  const bool free = flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (free) unlink(path.c_str());
  close(fd);
  return free;
}

}  // namespace

FileProblem StoreProblem(int error, const std::string& what) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {full ? "disk_full" : "cannot_store", what + ": " + std::strerror(error)};
}

PartialFiles::PartialFiles(std::string directory, std::function<WallTime()> now)
    : directory_(std::move(directory)), now_(std::move(now)) {
  Clean(kMaxPartials);
}

std::size_t PartialFiles::Clean(std::size_t most) {
  const std::vector<Partial> partials = List(directory_);
  const WallTime now = now_();
  std::size_t left = partials.size();
  for (const Partial& partial : partials) {
    const bool expired = now - partial.written > kMaxAge;
    if ((expired || left > most) && Remove(partial.path)) --left;
  }
  return left;
}

FileResult<PartialFiles::Opened> PartialFiles::Open(std::string_view id) {
  if (!IsFileId(id)) return tl::unexpected(FileProblem{"bad_message", "the file has no id"});
  const std::string path =
      directory_ + "/" + std::string(kPrefix) + std::string(id) + std::string(kSuffix);
  // Its own place does not count: it is there, or room is made for it.
  const bool known = access(path.c_str(), F_OK) == 0;
  if (Clean(known ? kMaxPartials : kMaxPartials - 1) >= kMaxPartials && !known) {
    return tl::unexpected(FileProblem{"too_many_files", "too many files are coming in already"});
  }
  // Between the open and the lock another program may remove it: then once more.
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    const int fd =
        open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0) return tl::unexpected(StoreProblem(errno, "cannot create a file"));
    struct stat info {};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      close(fd);
      return tl::unexpected(
          FileProblem{"resume_refused", "this file is coming in already on another way"});
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1) {
      return Opened{fd, path, static_cast<std::uint64_t>(info.st_size)};
    }
    close(fd);
  }
  return tl::unexpected(FileProblem{"cannot_store", "cannot create a file: " + path});
}

void PartialFiles::Remember(const std::string& id, ReceivedFile file) {
  if (stored_.size() == kMaxStored) stored_.pop_front();
  stored_.emplace_back(id, std::move(file));
}

std::optional<ReceivedFile> PartialFiles::Stored(std::string_view id) const {
  const auto found = std::find_if(stored_.rbegin(), stored_.rend(),
                                  [&](const auto& entry) { return entry.first == id; });
  if (found == stored_.rend()) return std::nullopt;
  return found->second;
}

}  // namespace pairwire::bulk
