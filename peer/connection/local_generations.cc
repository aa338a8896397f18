// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/local_generations.h"

#include <utility>

#include "peer/base/check.h"

namespace pairwire {

LocalGenerations::Entry LocalGenerations::Make() {
  Entry entry;
  entry.generation = {++last_number_, make_()};
  return entry;
}

const LocalGeneration& LocalGenerations::For(bool anew) {
  if (!current_) current_ = Make();
  if (anew) {
    if (!prepared_) prepared_ = Make();
    return prepared_->generation;
  }
  return pending_ ? pending_->generation : current_->generation;
}

LocalGenerations::Started LocalGenerations::Start(std::uint32_t number) {
  Started started;
  if (prepared_ && prepared_->generation.number == number) {
    started.dropped = pending_.has_value();
    pending_ = std::exchange(prepared_, std::nullopt);
  }
  Entry* entry = pending_ && pending_->generation.number == number ? &*pending_ : &*current_;
  PAIRWIRE_CHECK(entry->generation.number == number);
  if (!std::exchange(entry->gathering, true)) started.gather = entry->generation;
  return started;
}

bool LocalGenerations::Rollback() {
  prepared_.reset();
  return std::exchange(pending_, std::nullopt).has_value();
}

void LocalGenerations::Complete() {
  prepared_.reset();
  if (pending_) current_ = std::exchange(pending_, std::nullopt);
}

std::uint32_t LocalGenerations::latest() const {
  if (pending_) return pending_->generation.number;
  return current_ ? current_->generation.number : 0;
}

const LocalGenerations::Entry* LocalGenerations::Find(std::uint32_t number) const {
  if (pending_ && pending_->generation.number == number) return &*pending_;
  if (current_ && current_->generation.number == number) return &*current_;
  return nullptr;
}

const LocalGeneration* LocalGenerations::AddCandidate(std::uint32_t number,
                                                      const std::string& line) {
  auto* entry = const_cast<Entry*>(Find(number));  // NOLINT: ours, and this method may change it
  if (entry == nullptr) return nullptr;
  if (line.empty()) {
    entry->done = true;
  } else if (entry->candidates.size() < sdp::kMaxCandidates) {
    // More than this would make our own description one that the other end refuses.
    entry->candidates.push_back(line);
  }
  return &entry->generation;
}

}  // namespace pairwire
