// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/support/sim_link.h"

#include <algorithm>
#include <chrono>

namespace pairwire::test {
namespace {

Loop::Duration TransmissionTime(std::size_t bytes, std::uint64_t rate_bps) {
  const std::uint64_t bits = static_cast<std::uint64_t>(bytes) * 8;
  return std::chrono::nanoseconds(bits * 1'000'000'000U / rate_bps);
}

}  // namespace

SimLink::SimLink(Loop& loop, const Options& options, Receiver receiver)
    : loop_(loop), options_(options), receiver_(std::move(receiver)), random_(options.seed) {}

void SimLink::Send(ByteSpan packet) {
  ++counters_.sent;
  if (down_) {
    ++counters_.dropped_down;
    return;
  }
  if (packet.size() > options_.mtu) {
    ++counters_.dropped_mtu;
    return;
  }
  Loop::TimePoint through;
  if (!PassQueue(packet.size(), through)) {
    ++counters_.dropped_queue;
    return;
  }
  if (Lose()) return;

  Loop::TimePoint arrival = through + options_.delay;
  if (options_.jitter > Loop::Duration::zero()) {
    const auto most = static_cast<std::uint64_t>(options_.jitter.count());
    arrival += Loop::Duration(random_.NextBelow(most + 1));
  }
  arrival = std::max(arrival, last_arrival_);
  if (random_.Chance(options_.reorder)) {
    ++counters_.reordered;
    arrival += options_.reorder_by;  // last_arrival_ stays: those behind may overtake
  } else {
    last_arrival_ = arrival;
  }
  DeliverAt(arrival, packet);
  if (random_.Chance(options_.duplicate)) {
    ++counters_.duplicated;
    DeliverAt(arrival, packet);
  }
}

bool SimLink::PassQueue(std::size_t size, Loop::TimePoint& through) {
  const Loop::TimePoint now = loop_.Now();
  if (options_.rate_bps == 0) {
    through = now;
    return true;
  }
  while (!queue_.empty() && queue_.front().first <= now) {
    queued_bytes_ -= queue_.front().second;
    queue_.pop_front();
  }
  if (queued_bytes_ + size > options_.queue_limit_bytes) return false;
  const Loop::TimePoint start = queue_.empty() ? now : queue_.back().first;
  through = start + TransmissionTime(size, options_.rate_bps);
  queue_.emplace_back(through, size);
  queued_bytes_ += size;
  return true;
}

bool SimLink::Lose() {
  if (burst_left_ == 0 && random_.Chance(options_.burst_loss)) burst_left_ = options_.burst_length;
  if (burst_left_ > 0) {
    --burst_left_;
    ++counters_.dropped_burst;
    return true;
  }
  if (random_.Chance(options_.loss)) {
    ++counters_.dropped_loss;
    return true;
  }
  return false;
}

void SimLink::DeliverAt(Loop::TimePoint when, ByteSpan packet) {
  loop_.ScheduleAt(when, safety_.Wrap([this, bytes = Bytes(packet.begin(), packet.end())] {
    ++counters_.delivered;
    counters_.delivered_bytes += bytes.size();
    if (!receiver_) return;
    const Receiver receiver = receiver_;  // a copy: it may destroy the link
    receiver(bytes);
  }));
}

}  // namespace pairwire::test
