// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fakes below the file protocol's machines: a channel whose buffer the test drains, a source and a
// sink in memory that fail on demand.
#ifndef PAIRWIRE_TESTS_PEER_BULK_FAKE_FILE_H_
#define PAIRWIRE_TESTS_PEER_BULK_FAKE_FILE_H_

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "peer/bulk/bulk_channel.h"

namespace pairwire::bulk {

class FakeChannel final : public FileChannel {
 public:
  Result<void> SendText(std::string_view text) override { return Send(text, true); }
  Result<void> SendData(ByteSpan data) override { return Send(AsText(data), false); }
  std::size_t buffered_amount() const override { return buffered; }
  void Close() override { closed = true; }

  // What the machine sent last as text; empty when it was data or nothing.
  std::string LastText() const {
    return sent.empty() || !sent.back().is_text ? "" : sent.back().text;
  }

  struct Sent {
    std::string text;
    bool is_text;
  };
  std::vector<Sent> sent;
  std::size_t buffered = 0;
  std::size_t max_message = 65'536;
  std::optional<Errc> fail_with;
  bool closed = false;

 private:
  Result<void> Send(std::string_view text, bool is_text) {
    if (closed) return Fail(Errc::kClosed, "closed");
    if (fail_with) return Fail(*fail_with, "as the test asks");
    if (text.size() > max_message) return Fail(Errc::kMessageTooLarge, "too large");
    sent.push_back({std::string(text), is_text});
    buffered += text.size();
    return {};
  }
};

class FakeSource final : public FileSource {
 public:
  explicit FakeSource(std::string content) : content_(std::move(content)) {}

  FileResult<std::size_t> Read(std::span<std::uint8_t> out) override {
    if (fail) return tl::unexpected(FileProblem{"not_readable", "the disk is broken"});
    const std::size_t size = std::min(out.size(), content_.size() - at_);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    largest_read = std::max(largest_read, out.size());
    return size;
  }

  bool fail = false;
  std::size_t largest_read = 0;

 private:
  const std::string content_;
  std::size_t at_ = 0;
};

class FakeSink final : public FileSink {
 public:
  FileResult<void> Open(const std::string& name, std::uint64_t size) override {
    if (refuse) return tl::unexpected(FileProblem{"disk_full", "no room"});
    opened = name + ":" + std::to_string(size);
    return {};
  }
  FileResult<void> Write(ByteSpan data) override {
    if (content.size() + data.size() > room) {
      return tl::unexpected(FileProblem{"disk_full", "no room any more"});
    }
    content += AsText(data);
    return {};
  }
  FileResult<std::string> Commit() override {
    if (fail_commit) return tl::unexpected(FileProblem{"cannot_store", "cannot store"});
    committed = true;
    return "/stored/" + opened;
  }
  void Discard() override { discarded = true; }

  bool refuse = false;
  bool fail_commit = false;
  std::size_t room = 1'000'000'000;
  std::string opened;
  std::string content;
  bool committed = false;
  bool discarded = false;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_TESTS_PEER_BULK_FAKE_FILE_H_
