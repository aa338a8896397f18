// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/waiters.h"

#include <utility>

#include "signaling/protocol/events.h"

namespace pairwire::load {

Waiters::Waiters(Stage& stage)
    : stage_(stage), streams_(stage), sockets_(stage, static_cast<MemberSocket::Events&>(*this)) {
  streams_.SetOnEvent([this](std::size_t display, std::string_view type, std::string_view) {
    Hear(display, type);
  });
}

Result<void> Waiters::Register(std::size_t count) {
  auto more = stage_.Register(count - displays_.size());
  if (!more) return tl::unexpected<Error>(more.error());
  for (Display& display : *more) displays_.push_back(std::move(display));
  heard_.resize(count);
  return {};
}

Result<void> Waiters::Wait() {
  switch (stage_.options().transport) {
    case Transport::kSse:
      return streams_.Open(displays_);
    case Transport::kPoll:
      for (std::size_t i = pools_.size(); i < displays_.size(); ++i) Poll(i);
      // A poll that is held is not answered; the relay has it once it has answered a later request
      // of ours.
      stage_.RunFor(std::chrono::milliseconds(500));
      return {};
    case Transport::kWs: {
      std::vector<Seat> seats;
      for (const Display& display : displays_) seats.push_back({display.relay, display.token});
      return sockets_.Join(seats);
    }
  }
  return {};
}

std::size_t Waiters::waiting() const {
  switch (stage_.options().transport) {
    case Transport::kSse:
      return streams_.listening();
    case Transport::kPoll:
      return pools_.size() - poll_failures_;
    case Transport::kWs:
      return sockets_.joined();
  }
  return 0;
}

void Waiters::Pair(std::size_t count) {
  constexpr std::size_t kUnderWay = 16;
  std::size_t started = 0;
  asked_.resize(displays_.size());
  pairing_ = true;
  const auto settled = [this] { return heard_count_ + refused_; };
  while (settled() < count) {
    while (started < count && started - settled() < kUnderWay) {
      const std::size_t i = started++;
      asked_[i] = Clock::now();
      stage_.pool(stage_.other_relay(displays_[i].relay))
          .Send(Stage::PairCall(displays_[i]), [this](const Response& response) {
            if (response.status != 200) ++refused_;
          });
    }
    const std::size_t before = settled();
    if (!stage_.RunUntil([&] { return settled() > before; })) break;
  }
  pairing_ = false;
}

void Waiters::Leave() {
  streams_.CloseAll();
  sockets_.LeaveAll();
  pools_.clear();
}

void Waiters::Poll(std::size_t i) {
  if (i == pools_.size()) {
    const std::size_t relay = displays_[i].relay;
    pools_.push_back(std::make_unique<HttpPool>(stage_.reactor(), stage_.target(relay),
                                                stage_.source(relay, i), 1));
  }
  const Display& display = displays_[i];
  pools_[i]->Send({"GET", display.poll_path + "?timeout=20", display.token, {}, {}},
                  [this, i](const Response& response) {
                    if (response.status == 204) return Poll(i);
                    if (response.status != 200) {
                      ++poll_failures_;
                    } else if (response.body.find(protocol::kPairingReady) != std::string::npos) {
                      Hear(i, protocol::kPairingReady);
                    }
                  });
}

void Waiters::Hear(std::size_t display, std::string_view type) {
  if (!pairing_ || type != protocol::kPairingReady || heard_[display]) return;
  heard_[display] = true;
  ++heard_count_;
  times_.Add(Clock::now() - asked_[display]);
}

void Waiters::OnText(MemberSocket& socket, std::string_view text) {
  if (pairing_ && text.find(protocol::kPairingReady) != std::string_view::npos) {
    Hear(socket.tag(), protocol::kPairingReady);
  }
}

}  // namespace pairwire::load
