// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/fleet.h"

#include <utility>

#include "bench/peer_settings.h"

namespace pairwire::bench {

Fleet::Fleet(Context& context, std::function<void(std::size_t, DataChannel)> on_channel)
    : context_(context), on_channel_(std::move(on_channel)) {}

PeerEnd* Fleet::Get(std::size_t number) {
  const auto found = ends_.find(number);
  if (found != ends_.end()) return found->second.get();
  PeerEndEvents events;
  events.on_signal = [this, number](Json signal) {
    context_.wire.Send({{"peer", number}, {"signal", std::move(signal)}});
  };
  events.on_channel = [this, number](DataChannel channel) {
    if (on_channel_) on_channel_(number, std::move(channel));
  };
  events.on_failed = [this](const Error& error) { context_.Fail(error); };
  auto end = PeerEnd::Create(context_.network, PeerSettings(context_.options), std::move(events));
  if (!end) {
    context_.Fail(end.error());
    return nullptr;
  }
  return ends_.emplace(number, *std::move(end)).first->second.get();
}

bool Fleet::OnWire(const Json& message) {
  if (!message.contains("signal")) return false;
  const std::size_t number = message.value("peer", std::size_t{0});
  if (PeerEnd* end = number < kMaxPairs ? Get(number) : nullptr) end->OnSignal(message["signal"]);
  return true;
}

}  // namespace pairwire::bench
