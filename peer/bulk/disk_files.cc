// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/disk_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pairwire::bulk {
namespace {

constexpr std::size_t kMaxStoredName = 200;  // leaves room for " (123)" below the usual 255 bytes

// Dirty pages go to the disk while the transfer runs, so that the fsync at the end is short: it
// runs on the loop's thread.
constexpr std::uint64_t kFlushEvery = 4 * 1024 * 1024;

// A byte count for a person.
std::string InMegabytes(std::uint64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

bool WriteAll(int fd, ByteSpan data) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    data = data.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// Splits before the last dot, unless that is the first character.
std::size_t ExtensionAt(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name.size() : dot;
}

// The longest prefix of at most `bytes` that ends between two UTF-8 characters.
std::string Truncated(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

std::string SafeFileName(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string safe;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) safe += c;
  }
  safe.erase(0, std::min(safe.find_first_not_of(". "), safe.size()));
  while (!safe.empty() && (safe.back() == ' ' || safe.back() == '.')) safe.pop_back();
  if (safe.empty()) return "file";
  if (safe.size() <= kMaxStoredName) return safe;
  // The extension says how to open it: it goes last.
  std::string extension = safe.substr(ExtensionAt(safe));
  if (extension.size() > 20) extension.clear();
  return Truncated(safe, kMaxStoredName - extension.size()) + extension;
}

std::string NumberedFileName(const std::string& name, int number) {
  const std::size_t extension = ExtensionAt(name);
  return name.substr(0, extension) + " (" + std::to_string(number) + ")" + name.substr(extension);
}

FileResult<std::unique_ptr<DiskSource>> DiskSource::Open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end; it is refused right below.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return tl::unexpected(
        FileProblem{"not_readable", "cannot read " + path + ": " + std::strerror(errno)});
  }
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return tl::unexpected(FileProblem{"not_readable", path + " is not a regular file"});
  }
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return std::unique_ptr<DiskSource>(
      new DiskSource(fd, static_cast<std::uint64_t>(info.st_size), std::move(name)));
}

DiskSource::~DiskSource() { close(fd_); }

FileResult<std::size_t> DiskSource::Read(std::span<std::uint8_t> out) {
  while (true) {
    const ssize_t got = read(fd_, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      return tl::unexpected(
          FileProblem{"not_readable", "reading " + name_ + ": " + std::strerror(errno)});
    }
  }
}

FileResult<void> DiskSource::Rewind() {
  if (lseek(fd_, 0, SEEK_SET) == 0) return {};
  return tl::unexpected(
      FileProblem{"not_readable", "reading " + name_ + ": " + std::strerror(errno)});
}

std::int64_t DiskSource::changed_ns() const {
  struct stat info {};
  if (fstat(fd_, &info) != 0) return 0;
  return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

DiskSink::~DiskSink() { Discard(); }

FileResult<void> DiskSink::CheckRoom(std::uint64_t bytes) const {
  struct statvfs space {};
  if (statvfs(directory_.c_str(), &space) != 0) {
    return tl::unexpected(StoreProblem(errno, "the folder for files cannot be used"));
  }
  const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
  if (bytes <= free) return {};
  return tl::unexpected(FileProblem{"disk_full", "not enough room: the file has " +
                                                     InMegabytes(bytes) + ", " + InMegabytes(free) +
                                                     " are free"});
}

FileResult<void> DiskSink::Open(const std::string& name, std::uint64_t size) {
  name_ = SafeFileName(name);
  FileResult<void> room = CheckRoom(size);
  if (!room) return room;
  std::string path = directory_ + "/.pairwire-XXXXXX";
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return tl::unexpected(StoreProblem(errno, "cannot create a file"));
  temporary_ = std::move(path);
  return {};
}

FileResult<void> DiskSink::Write(ByteSpan data) {
  if (!WriteAll(fd_, data)) return tl::unexpected(StoreProblem(errno, "cannot write " + name_));
  written_ += data.size();
  if (written_ - flushed_ >= kFlushEvery) {
    sync_file_range(fd_, static_cast<off64_t>(flushed_), static_cast<off64_t>(written_ - flushed_),
                    SYNC_FILE_RANGE_WRITE);
    flushed_ = written_;
  }
  return {};
}

FileResult<std::string> DiskSink::Commit() {
  // mkstemp makes it private; a stored file is an ordinary one.
  const mode_t mask = umask(0);
  umask(mask);
  if (fchmod(fd_, 0666 & ~mask) != 0 || fsync(fd_) != 0) {
    return tl::unexpected(StoreProblem(errno, "cannot store " + name_));
  }
  FileResult<std::string> path = Publish();
  if (!path) return path;
  temporary_.clear();
  close(std::exchange(fd_, -1));
  // The name is on disk only once its directory is.
  const int directory = open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return path;
}

FileResult<std::string> DiskSink::Publish() {
  constexpr int kMostNumbers = 10'000;
  for (int number = 0; number < kMostNumbers; ++number) {
    const std::string path =
        directory_ + "/" + (number == 0 ? name_ : NumberedFileName(name_, number));
    if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
      return path;
    }
    // File systems without RENAME_NOREPLACE: a hard link does not replace either.
    if (errno == EINVAL || errno == ENOSYS) {
      if (link(temporary_.c_str(), path.c_str()) == 0) {
        unlink(temporary_.c_str());
        return path;
      }
    }
    if (errno != EEXIST) return tl::unexpected(StoreProblem(errno, "cannot store " + name_));
  }
  return tl::unexpected(FileProblem{"cannot_store", "too many files are called " + name_});
}

void DiskSink::Discard() {
  if (!temporary_.empty()) unlink(std::exchange(temporary_, {}).c_str());
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

FileResult<std::uint64_t> DiskSink::Reopen(const FileOffer& offer) {
  if (partials_ == nullptr) return FileSink::Reopen(offer);
  name_ = SafeFileName(offer.name);
  FileResult<PartialFiles::Opened> partial = partials_->Open(offer.id);
  if (!partial) return tl::unexpected(std::move(partial.error()));
  fd_ = partial->fd;
  temporary_ = std::move(partial->path);
  written_ = partial->size;
  flushed_ = written_;
  const FileResult<void> room = CheckRoom(offer.size - std::min(offer.size, written_));
  if (!room) {
    Keep();
    return tl::unexpected(room.error());
  }
  return written_;
}

FileResult<std::size_t> DiskSink::ReadBack(std::uint64_t offset, std::span<std::uint8_t> out) {
  while (true) {
    const ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off64_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return tl::unexpected(StoreProblem(errno, "cannot read " + name_));
  }
}

FileResult<void> DiskSink::Restart() {
  if (ftruncate(fd_, 0) != 0) return tl::unexpected(StoreProblem(errno, "cannot write " + name_));
  written_ = 0;
  flushed_ = 0;
  return {};
}

FileResult<void> DiskSink::Sync() {
  if (fdatasync(fd_) != 0) return tl::unexpected(StoreProblem(errno, "cannot write " + name_));
  flushed_ = written_;
  return {};
}

void DiskSink::Keep() {
  // Without a place for what is unfinished it goes.
  if (partials_ == nullptr || written_ == 0) return Discard();
  temporary_.clear();
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

std::optional<ReceivedFile> DiskSink::Stored(const FileOffer& offer) const {
  return partials_ == nullptr ? std::nullopt : partials_->Stored(offer.id);
}

void DiskSink::Remember(const FileOffer& offer, const ReceivedFile& file) {
  if (partials_ != nullptr) partials_->Remember(offer.id, file);
}

}  // namespace pairwire::bulk
