// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/pair.h"

#include <utility>

namespace pairwire::bench {

Pair::Pair(PairEvents events) : events_(std::move(events)) {}

PeerEndEvents Pair::EndEvents(std::unique_ptr<PeerEnd> Pair::*other) {
  return {.on_signal =
              [this, other](const Json& signal) {
                if (auto& end = this->*other) end->OnSignal(signal);
              },
          .on_failed = [this](const Error& error) { OnEnd(error); }};
}

void Pair::Connect(Network& network, const PeerConfiguration& first,
                   const PeerConfiguration& second) {
  auto first_end = PeerEnd::Create(network, first, EndEvents(&Pair::second_));
  if (!first_end) return events_.on_failed(first_end.error());
  first_ = *std::move(first_end);
  PeerEndEvents events = EndEvents(&Pair::first_);
  events.on_channel = [this](DataChannel channel) {
    second_channel_ = std::move(channel);
    second_channel_.Subscribe({.on_open = [this] { OnOpen(); },
                               .on_message =
                                   [this](const Message& message) {
                                     if (events_.on_message) events_.on_message(message.data);
                                   }});
  };
  auto second_end = PeerEnd::Create(network, second, std::move(events));
  if (!second_end) return events_.on_failed(second_end.error());
  second_ = *std::move(second_end);
  first_channel_ = first_->connection().CreateDataChannel("pair");
  first_channel_.Subscribe({.on_open = [this] { OnOpen(); }});
  first_->Offer();
}

void Pair::Close() {
  closing_ = true;
  first_->connection().Close();
  second_->connection().Close();
}

void Pair::OnOpen() {
  if (++open_ends_ == 2) events_.on_open();
}

void Pair::OnEnd(const Error& error) {
  if (!closing_) return events_.on_failed(error);
  if (++closed_ends_ == 2) events_.on_closed();
}

}  // namespace pairwire::bench
