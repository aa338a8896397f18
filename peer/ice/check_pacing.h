// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CheckPacing: whether a check may leave at once: one that the other end's check triggers, or that
// a new candidate makes possible. Checks leave at least Ta apart (RFC 8445 section 6.1.4.2);
// libnice keeps to that by sending at most one in each tick of a timer that ticks every Ta, also
// when none has left for long. Then the next one need not wait for the tick, which is half of Ta on
// average, and part of the time to connect behind most NATs and over TCP.
//
// libnice does not say when a check leaves, so it is told from outside: no more of them wait than
// candidates make pairs and checks of the other end trigger, and each tick sends one while there
// are any. Pairs that libnice leaves out count too; then a check waits for its tick as it always
// did.
//
// Pure: no timer, no socket.
#ifndef PAIRWIRE_PEER_ICE_CHECK_PACING_H_
#define PAIRWIRE_PEER_ICE_CHECK_PACING_H_

#include <array>
#include <chrono>
#include <cstddef>

namespace pairwire::ice {

class CheckPacing {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // After that time libnice sends checks again that were not answered, in ticks of their own
  // ("stun-initial-timeout"): nothing is certain any more.
  static constexpr std::chrono::milliseconds kFirstRetransmission{500};

  explicit CheckPacing(std::chrono::milliseconds ta) : ta_(ta) {}

  // A local candidate was found that is its own base, or a remote one was added.
  struct Kind {
    enum class Transport { kUdp, kTcpActive, kTcpPassive };
    Transport transport = Transport::kUdp;
    bool ipv6 = false;
  };
  // True: its first check need not wait for the timer.
  bool OnLocalCandidate(Kind kind, TimePoint now);
  bool OnRemoteCandidate(Kind kind, TimePoint now);
  // The timer ticked.
  void OnTick(TimePoint now);
  // A check of the other end arrived. True: the one that it triggers need not wait for the timer.
  bool OnCheckReceived(TimePoint now);
  // The other end refused a check; it is repeated if that was about roles.
  void OnCheckRefused() { ++waiting_; }
  // Until then the answers may be true.
  bool watching(TimePoint now) const { return started_ && now - begin_ < kFirstRetransmission; }

 private:
  // How many candidates of each kind there are at one end.
  using Counts = std::array<std::size_t, 6>;
  static std::size_t Index(Kind kind);
  // The kind that makes pairs with it (RFC 6544 section 6.2).
  static Kind Match(Kind kind);
  bool OnPairs(std::size_t added, TimePoint now);
  // No check can be waiting or has left within Ta.
  bool Quiet(TimePoint now) const;

  const std::chrono::milliseconds ta_;
  Counts local_{};
  Counts remote_{};
  std::size_t waiting_ = 0;  // checks that may be waiting, at most
  bool started_ = false;
  TimePoint begin_{};       // of the checks
  TimePoint last_check_{};  // that may have left
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_CHECK_PACING_H_
