// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/crowd.h"

#include <cerrno>
#include <cstring>

namespace pairwire::load {
namespace {

// Opens what is missing up to `count`, kHandshakesUnderWay at a time. `open` starts number i;
// `answered` counts those that came to something.
Result<void> OpenSome(Stage& stage, std::size_t begin, std::size_t count, std::string_view what,
                      const std::function<bool(std::size_t)>& open, const std::size_t& answered,
                      const int& refused) {
  for (std::size_t started = begin; started < count || answered < count;) {
    while (started < count && started - answered < kHandshakesUnderWay) {
      if (!open(started)) return Fail(Errc::kSystem, std::string("connect: ") + strerror(errno));
      ++started;
    }
    const std::size_t before = answered;
    if (!stage.RunUntil([&] { return answered > before || refused >= 0; })) {
      return Fail(Errc::kTimedOut, std::string(what) + ": the relay does not answer");
    }
    if (refused >= 0) {
      return Fail(Errc::kRelayRefused, std::string(what) + ": the relay answered " +
                                           (refused == 0 ? "nothing" : std::to_string(refused)));
    }
  }
  return {};
}

}  // namespace

Result<void> StreamCrowd::Open(const std::vector<Display>& displays) {
  const std::size_t begin = streams_.size();
  streams_.reserve(displays.size());
  return OpenSome(
      stage_, begin, displays.size(), "event stream",
      [&](std::size_t i) {
        const Display& display = displays[i];
        streams_.push_back(std::make_unique<EventStream>(
            stage_.reactor(), static_cast<EventStream::Events&>(*this), i));
        return streams_.back()->Listen(stage_.target(display.relay),
                                       stage_.source(display.relay, i), display.events_path,
                                       display.token);
      },
      answered_, refused_);
}

std::uint64_t StreamCrowd::comments() const {
  std::uint64_t sum = 0;
  for (const auto& stream : streams_) sum += stream->comments();
  return sum;
}

void StreamCrowd::OnStreamOpen(EventStream& /*stream*/, int status) {
  ++answered_;
  ++listening_;
  if (status != 200 && refused_ < 0) refused_ = status;
}

void StreamCrowd::OnEvent(EventStream& stream, std::string_view type, std::string_view data) {
  if (on_event_) on_event_(stream.tag(), type, data);
}

void StreamCrowd::OnStreamEnded(EventStream& stream) {
  // The head counts; one without an answer never listened.
  if (stream.was_answered()) {
    --listening_;
  } else if (refused_ < 0) {
    refused_ = 0;
  }
}

SocketCrowd::SocketCrowd(Stage& stage, MemberSocket::Events& user) : stage_(stage), user_(user) {
  next_beat_ = stage_.reactor().At(Clock::now() + kBeatPause, [this] { Beat(); });
}

void SocketCrowd::Beat() {
  for (std::size_t i = beat_part_; i < sockets_.size(); i += kBeatParts) {
    sockets_[i]->SendText(R"({"type":"heartbeat"})");
  }
  beat_part_ = (beat_part_ + 1) % kBeatParts;
  next_beat_ = stage_.reactor().At(Clock::now() + kBeatPause, [this] { Beat(); });
}

Result<void> SocketCrowd::Join(const std::vector<Seat>& seats) {
  const std::size_t begin = sockets_.size();
  sockets_.reserve(seats.size());
  return OpenSome(
      stage_, begin, seats.size(), "WebSocket",
      [&](std::size_t i) {
        sockets_.push_back(std::make_unique<MemberSocket>(
            stage_.reactor(), static_cast<MemberSocket::Events&>(*this), i));
        return sockets_.back()->Join(stage_.target(seats[i].relay),
                                     stage_.source(seats[i].relay, i), seats[i].token);
      },
      answered_, refused_);
}

void SocketCrowd::LeaveAll() {
  for (const auto& socket : sockets_) socket->Leave();
  joined_ = 0;
}

void SocketCrowd::OnJoined(MemberSocket& /*socket*/, int status) {
  ++answered_;
  if (status == 101) {
    ++joined_;
  } else if (refused_ < 0) {
    refused_ = status;
  }
}

void SocketCrowd::OnText(MemberSocket& socket, std::string_view text) {
  user_.OnText(socket, text);
}

void SocketCrowd::OnLeft(MemberSocket& socket, int code) {
  --joined_;
  user_.OnLeft(socket, code);
}

}  // namespace pairwire::load
