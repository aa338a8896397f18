// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Probes: one member's socket, or one event stream, whose messages wait until somebody asks for
// them. For checks that go step by step; loads use crowds.
#ifndef PAIRWIRE_SIGNALING_LOAD_PROBE_H_
#define PAIRWIRE_SIGNALING_LOAD_PROBE_H_

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/load/event_stream.h"
#include "signaling/load/member_socket.h"
#include "signaling/load/stage.h"
#include "signaling/protocol/envelope.h"

namespace pairwire::load {

// A step of a check that takes longer has failed.
inline constexpr std::chrono::seconds kStepDeadline{10};

class MemberProbe final : private MemberSocket::Events {
 public:
  explicit MemberProbe(Stage& stage) : stage_(stage), socket_(stage.reactor(), *this, 0) {}

  // The HTTP status of the handshake; 101: joined; 0: no answer.
  int Join(std::size_t relay, std::string_view token, TokenPlace place = TokenPlace::kBearer);
  bool Send(std::string_view text) { return socket_.SendText(text); }
  // The next message of that type; those before it are dropped. Nothing when the socket closed or
  // the deadline passed.
  std::optional<protocol::Envelope> Read(std::string_view type);
  // How many of that type have come and were not read.
  std::size_t Count(std::string_view type) const;
  // The relay's close code; nothing when it stays open.
  std::optional<int> WaitForClose();
  bool Ping();
  void Leave() { socket_.Leave(); }
  void Break() { socket_.Break(); }
  bool is_joined() const { return socket_.is_joined(); }
  const MemberSocket& socket() const { return socket_; }

 private:
  void OnJoined(MemberSocket& /*socket*/, int status) override { status_ = status; }
  void OnText(MemberSocket& socket, std::string_view text) override;
  void OnLeft(MemberSocket& /*socket*/, int code) override { close_code_ = code; }

  Stage& stage_;
  std::optional<int> status_;
  std::optional<int> close_code_;
  std::deque<protocol::Envelope> inbox_;
  MemberSocket socket_;
};

class StreamProbe final : private EventStream::Events {
 public:
  struct Event {
    std::string type;
    std::string data;
  };

  explicit StreamProbe(Stage& stage) : stage_(stage), stream_(stage.reactor(), *this, 0) {}

  // The status; 0: no answer.
  int Listen(std::size_t relay, const Display& display, std::string_view last_event_id = {});
  std::optional<Event> Next();
  bool WaitForEnd();
  std::string last_event_id() const { return stream_.last_event_id(); }

 private:
  void OnStreamOpen(EventStream& /*stream*/, int status) override { status_ = status; }
  void OnEvent(EventStream& stream, std::string_view type, std::string_view data) override;
  void OnStreamEnded(EventStream& /*stream*/) override { ended_ = true; }

  Stage& stage_;
  std::optional<int> status_;
  bool ended_ = false;
  std::deque<Event> events_;
  EventStream stream_;
};

// A display and its controllers, all joined and welcomed.
struct Couple {
  Display display;
  std::vector<Controller> controllers;
  std::unique_ptr<MemberProbe> display_end;
  std::vector<std::unique_ptr<MemberProbe>> controller_ends;
  std::string display_resume_token;

  MemberProbe& a() { return *display_end; }
  MemberProbe& b() { return *controller_ends.front(); }
};
Result<Couple> MakeCouple(Stage& stage, int controllers = 1);

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_PROBE_H_
