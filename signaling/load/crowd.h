// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Crowds: very many event streams, or very many members' sockets, opened some at a time.
#ifndef PAIRWIRE_SIGNALING_LOAD_CROWD_H_
#define PAIRWIRE_SIGNALING_LOAD_CROWD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/load/event_stream.h"
#include "signaling/load/member_socket.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

// Handshakes under way at one time: as browsers and proxies do it, and below what a relay bounds.
inline constexpr std::size_t kHandshakesUnderWay = 64;

// The waiting displays of a run; stream i is display i's.
class StreamCrowd final : private EventStream::Events {
 public:
  explicit StreamCrowd(Stage& stage) : stage_(stage) {}

  // Streams for displays[size()] and on. The first that is refused ends it.
  Result<void> Open(const std::vector<Display>& displays);
  void CloseAll() { streams_.clear(); }

  // `type` and `data` of each event from now on.
  using OnEventCallback =
      std::function<void(std::size_t display, std::string_view type, std::string_view data)>;
  void SetOnEvent(OnEventCallback callback) { on_event_ = std::move(callback); }

  std::size_t size() const { return streams_.size(); }
  std::size_t listening() const { return listening_; }
  std::uint64_t comments() const;
  EventStream& stream(std::size_t display) { return *streams_[display]; }

 private:
  void OnStreamOpen(EventStream& stream, int status) override;
  void OnEvent(EventStream& stream, std::string_view type, std::string_view data) override;
  void OnStreamEnded(EventStream& stream) override;

  Stage& stage_;
  std::vector<std::unique_ptr<EventStream>> streams_;
  OnEventCallback on_event_;
  std::size_t answered_ = 0;
  std::size_t listening_ = 0;
  int refused_ = -1;  // the status of the first that was refused
};

// Who joins: a display or a controller.
struct Seat {
  std::size_t relay = 0;
  std::string token;
};

// The sockets of a run; socket i sits on seat i. Each says every 10 s that it is alive, as the
// welcome asks of it: a relay closes one that is silent for 30 s.
class SocketCrowd final : private MemberSocket::Events {
 public:
  // `user` hears texts and closes; its OnJoined is never called.
  SocketCrowd(Stage& stage, MemberSocket::Events& user);
  ~SocketCrowd() { stage_.reactor().Cancel(next_beat_); }

  // Sockets for seats[size()] and on. The first that is refused ends it.
  Result<void> Join(const std::vector<Seat>& seats);
  void LeaveAll();

  std::size_t size() const { return sockets_.size(); }
  std::size_t joined() const { return joined_; }
  MemberSocket& socket(std::size_t seat) { return *sockets_[seat]; }

 private:
  // A tenth of the sockets each second, so that they do not all speak at once.
  static constexpr std::chrono::seconds kBeatPause{1};
  static constexpr std::size_t kBeatParts = 10;

  void Beat();
  void OnJoined(MemberSocket& socket, int status) override;
  void OnText(MemberSocket& socket, std::string_view text) override;
  void OnLeft(MemberSocket& socket, int code) override;

  Stage& stage_;
  MemberSocket::Events& user_;
  Reactor::Timer next_beat_{};
  std::size_t beat_part_ = 0;
  std::vector<std::unique_ptr<MemberSocket>> sockets_;
  std::size_t answered_ = 0;
  std::size_t joined_ = 0;
  int refused_ = -1;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_CROWD_H_
