// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/sliced_hash.h"

#include <algorithm>
#include <utility>

namespace pairwire::bulk {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

SlicedHash::SlicedHash(Loop& loop) : next_(loop, [this] { HashSlice(); }) {}

void SlicedHash::Start(std::uint64_t size, Sha256& digest, Read read,
                       std::function<void(FileResult<bool>)> done) {
  size_ = size;
  at_ = 0;
  digest_ = &digest;
  read_ = std::move(read);
  done_ = std::move(done);
  buffer_.resize(kReadBytes);
  next_.Start({});
}

void SlicedHash::Stop() {
  next_.Stop();
  read_ = nullptr;
  done_ = nullptr;
  buffer_ = {};
}

void SlicedHash::HashSlice() {
  const std::uint64_t end = std::min<std::uint64_t>(size_, at_ + kSliceBytes);
  while (at_ < end) {
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(end - at_, kReadBytes));
    const FileResult<std::size_t> got = read_(at_, std::span(buffer_).first(room));
    if (!got) return Finish(tl::unexpected(got.error()));
    if (*got == 0) return Finish(false);
    digest_->Update(ByteSpan(buffer_).first(*got));
    at_ += *got;
  }
  if (at_ == size_) return Finish(true);
  next_.Start({});
}

void SlicedHash::Finish(FileResult<bool> whole) {
  const auto done = std::move(done_);
  Stop();
  done(std::move(whole));
}

}  // namespace pairwire::bulk
