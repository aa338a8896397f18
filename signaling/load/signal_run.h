// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SignalRun: pairs of members whose controllers send and whose displays receive numbered messages
// through the relay. Every message is accounted for: lost, twice or out of turn is told apart.
#ifndef PAIRWIRE_SIGNALING_LOAD_SIGNAL_RUN_H_
#define PAIRWIRE_SIGNALING_LOAD_SIGNAL_RUN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "signaling/load/crowd.h"
#include "signaling/load/histogram.h"
#include "signaling/load/message.h"
#include "signaling/load/stage.h"

namespace pairwire::load {

class SignalRun final : private MemberSocket::Events {
 public:
  // What came of the messages since the last Clear.
  struct Tally {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::uint64_t acked = 0;
    std::uint64_t out_of_turn = 0;  // also those that came twice
    std::uint64_t errors = 0;       // `error` messages of the relay
    std::uint64_t closed = 0;       // sockets that the relay closed
    std::uint64_t skipped = 0;      // open loop: not sent, as too many of the pair were under way
    Histogram from_send;            // until the receiver had it
    Histogram from_schedule;        // open loop: from when it was due
  };

  SignalRun(Stage& stage, std::size_t pairs, std::size_t size, bool ack);
  ~SignalRun() { stage_.reactor().Cancel(next_send_); }

  // Registers, pairs, and joins both ends of each pair.
  Result<void> Join();
  // Displays' sockets too, so that a waiting display is no part of it.
  std::size_t members() const { return 2 * pairs_.size(); }

  // Closed loop: `window` messages of each pair are under way, for so long; then waits for the
  // last.
  void RunClosed(std::size_t window, std::chrono::nanoseconds duration);
  // Open loop: `rate` messages a second over all pairs, whatever the relay does.
  void RunOpen(double rate, std::chrono::nanoseconds duration);

  // One message of each pair in one turn; then waits for all of them.
  void RunBurst();
  // Of the messages since the last Clear.
  TimePoint first_arrival() const { return first_arrival_; }
  TimePoint last_arrival() const { return last_arrival_; }

  const Tally& tally() const { return tally_; }
  void Clear() { tally_ = Tally(); }
  // Empty when every message arrived once, in order (and was acknowledged, if that was asked for).
  std::string Complaint() const;
  // Sockets and sessions.
  void End();

 private:
  // Send times of what is under way, by number; a power of two above what a window may hold.
  static constexpr std::size_t kTimes = 1024;
  static_assert(kTimes > kMaxWindow);

  struct Pair {
    explicit Pair(NumberedMessage made) : message(std::move(made)) {}

    NumberedMessage message;
    std::uint64_t sent = 0;      // the number of the last; they begin at 1
    std::uint64_t received = 0;  // the same
    std::array<TimePoint, kTimes> sent_at{};
    std::array<TimePoint, kTimes> due_at{};
  };

  void Send(std::size_t pair, TimePoint now, TimePoint due);
  void SendDue();
  void Drain();
  MemberSocket& ControllerOf(std::size_t pair) { return sockets_.socket(2 * pair); }

  void OnJoined(MemberSocket& /*socket*/, int /*status*/) override {}
  void OnText(MemberSocket& socket, std::string_view text) override;
  void OnLeft(MemberSocket& socket, int code) override;

  Stage& stage_;
  SocketCrowd sockets_;  // pair i: 2i the controller's, 2i + 1 the display's
  const bool ack_;
  std::vector<Pair> pairs_;
  std::vector<Display> displays_;
  std::size_t joined_notices_ = 0;
  bool refilling_ = false;  // closed loop: a message that arrives is followed by the next
  bool scheduling_ = false;
  TimePoint start_{};
  TimePoint stop_{};
  double rate_ = 0;
  std::uint64_t scheduled_ = 0;
  Reactor::Timer next_send_{};
  TimePoint first_arrival_{};
  TimePoint last_arrival_{};
  Tally tally_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_SIGNAL_RUN_H_
