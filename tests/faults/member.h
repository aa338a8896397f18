// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Member: one end of a pair in a fault test, as a good client does it: it sends numbered texts and
// writes down what becomes of them; when its socket is lost it comes back at another node and
// resumes; it drops what it had. It repeats nothing: what was not answered stays unknown.
//
//   kAway --time to come back--> kJoining --101--> kGreeting --welcome--> kLive --lost--> kAway
//   anything --session:terminated, 401--> kOver
//
// Not here: when to send and whom to break (workload.h).
#ifndef PAIRWIRE_TESTS_FAULTS_MEMBER_H_
#define PAIRWIRE_TESTS_FAULTS_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "signaling/load/member_socket.h"
#include "signaling/load/stage.h"
#include "signaling/protocol/envelope.h"
#include "tests/faults/history.h"

namespace pairwire::faults {

// What the members of one run share.
struct RunContext {
  load::Stage* stage = nullptr;
  std::function<void(Line)> write;                                       // completes `at`
  std::function<std::size_t(std::size_t)> random;                        // below
  std::function<std::optional<std::size_t>(std::string_view)> relay_at;  // by URL
  std::function<void(std::string)> keep_secret;                          // what no log may show
};

class Member final : private load::MemberSocket::Events {
 public:
  // `name`: "3d" or "3c". Comes to `relay` first.
  Member(RunContext& context, std::string name, std::string token, std::size_t relay);

  // Does what is due: comes back, says that it lives, gives up a join.
  void Tick(load::TimePoint now);
  // The next text to the other end; nothing unless it is live.
  void Send();
  // Its connection breaks, and it comes back at another relay, or at that one.
  void Break(std::optional<std::size_t> to = std::nullopt);

  bool is_live() const { return state_ == State::kLive; }
  bool is_over() const { return state_ == State::kOver; }
  const std::string& name() const { return name_; }
  const std::string& token() const { return token_; }
  std::size_t relay() const { return relay_; }

 private:
  enum class State { kAway, kJoining, kGreeting, kLive, kOver };
  using DeliveryNumber = std::pair<std::uint64_t, std::uint64_t>;

  void OnJoined(load::MemberSocket& socket, int status) override;
  void OnText(load::MemberSocket& socket, std::string_view text) override;
  void OnLeft(load::MemberSocket& socket, int code) override;
  void OnWelcome(const protocol::Envelope& envelope);
  void OnAnswer(const protocol::Envelope& envelope, bool good);
  void OnTextOfOther(const protocol::Envelope& envelope, bool fresh);
  // True when the number is above all that came before.
  bool TakeNumber(const std::string& id);
  void Write(What what, std::uint64_t number = 0, std::string detail = {});
  void ComeBack(std::chrono::milliseconds after);

  RunContext& context_;
  const std::string name_;
  const std::string token_;
  load::MemberSocket socket_;
  State state_ = State::kAway;
  std::size_t relay_;
  std::optional<std::size_t> sent_to_;  // by a relay that drains
  std::size_t sockets_ = 0;
  std::uint64_t sent_ = 0;
  std::string resume_token_;
  std::string last_id_;
  DeliveryNumber last_{};
  load::TimePoint next_step_{};  // to come back; to give up; to say that it lives
};

}  // namespace pairwire::faults

#endif  // PAIRWIRE_TESTS_FAULTS_MEMBER_H_
