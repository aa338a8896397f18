// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/status_file.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace pairwire {
namespace {

constexpr std::string_view kFreshSuffix = ".new-";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  bool good() const { return fd_ >= 0; }

 private:
  const int fd_;
};

tl::unexpected<Error> Failed(const char* what, const std::string& path, int error) {
  return Fail(Errc::kSystem, std::string("cannot ") + what + " " + path + ": " +
                                 std::error_code(error, std::generic_category()).message());
}

// 0, or errno.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Result<std::optional<std::string>> ReadWholeFile(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.good()) {
    if (errno == ENOENT) return std::optional<std::string>();
    return Failed("read", path, errno);
  }
  std::string text;
  std::array<char, 64 * 1024> block{};
  for (;;) {
    const ssize_t got = read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path, errno);
    if (got == 0) return std::optional<std::string>(std::move(text));
    text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > max_bytes) {
      return Fail(Errc::kLimitExceeded, path + " is too long to be ours");
    }
  }
}

Result<void> ReplaceFile(const std::string& path, std::string_view text) {
  // Two processes that keep the same file do not write into one another's text.
  const std::string fresh = path + std::string(kFreshSuffix) + std::to_string(getpid());
  {
    const Descriptor file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.good()) return Failed("write", fresh, errno);
    if (const int error = WriteAll(file.get(), text); error != 0) {
      unlink(fresh.c_str());
      return Failed("write", fresh, error);
    }
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(fresh.c_str());
    return Failed("replace", path, error);
  }
  // The name is there; that it is there after a loss of power is more than some file systems give.
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.good()) fsync(directory.get());
  return {};
}

void RemoveLeftovers(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string beginning = fs::path(path).filename().string() + std::string(kFreshSuffix);
  fs::path folder = fs::path(path).parent_path();
  if (folder.empty()) folder = ".";
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= beginning.size() || !name.starts_with(beginning)) continue;
    const std::string_view digits = std::string_view(name).substr(beginning.size());
    pid_t writer = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), writer);
    if (wrong != std::errc() || end != digits.data() + digits.size() || writer <= 0) continue;
    // One that lives may be writing. One of another container is not seen; it tries again.
    if (kill(writer, 0) != 0 && errno == ESRCH) unlink(entry->path().c_str());
  }
}

FileReplacer::FileReplacer(std::string path, std::function<void(const Error&)> failed)
    : path_(std::move(path)), failed_(std::move(failed)) {}

FileReplacer::~FileReplacer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FileReplacer::Write(std::string text) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = std::move(text);
  }
  changed_.notify_all();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {  // the process may have no more threads
    failed_({Errc::kSystem, "cannot write " + path_ + ": " + error.what()});
  }
}

void FileReplacer::Run() {
  RemoveLeftovers(path_);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || waiting_; });
    if (!waiting_) return;
    const std::string text = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    const Result<void> written = ReplaceFile(path_, text);
    if (!written) failed_(written.error());
    lock.lock();
  }
}

}  // namespace pairwire
