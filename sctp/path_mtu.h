// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PathMtu: finds the largest packet that the path carries (RFC 8899, datagram packetization layer
// path MTU discovery), for one association. Decides when to probe and what the answers mean;
// path_probe.h makes the probes, and the association sends them.
//
//   kOff --Start--> kSearching --the largest size answered, or all attempts used--> kDone
//                    ^    ^                                                          |
//                    |    +---- kRaiseInterval passed (only below the largest) ------+
//                    +--------- OnPathChanged, OnQuiet, OnTooLarge ------------------+
//
// The size in force begins with the base, which every path of WebRTC carries, and is raised only by
// the answer to a probe of that size. An attempt is a probe of each size above the one in force,
// and one of the base size: where that is not answered either, the path is away, and the attempt
// does not count. What makes it doubtful that large packets pass (a path that is new, or on which
// nothing moves) brings the base back at once, for it costs little to be wrong: the search takes a
// round trip.
//
// Pure: no socket, and the loop's clock. Loop thread only.
#ifndef PAIRWIRE_SCTP_PATH_MTU_H_
#define PAIRWIRE_SCTP_PATH_MTU_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "peer/base/loop.h"
#include "peer/base/timer.h"

namespace pairwire::sctp {

class PathMtu {
 public:
  enum class State { kOff, kSearching, kDone };

  class Events {
   public:
    // Called from inside any method but the constructor, and from the timer. Must not call back.
    virtual void SendProbe(std::uint32_t id, std::size_t size) = 0;
    // Packets up to `size` may be sent from now on.
    virtual void OnPathMtu(std::size_t size) = 0;

   protected:
    ~Events() = default;
  };

  // Sizes of SCTP packets. UDP payload less 37 bytes of a DTLS 1.2 AES-GCM record, in whole words:
  // Ethernet with IPv4 and with IPv6, a WireGuard tunnel, and 1400 bytes with IPv6, common among
  // mobile carriers. PPPoE loses 2 % against its own best.
  static constexpr std::size_t kSizes[] = {1432, 1412, 1352, 1312};
  static constexpr std::size_t kLargest = kSizes[0];

  // An attempt's; an answer may come later and still counts.
  static constexpr std::chrono::milliseconds kAttemptTime{1000};
  // RFC 8899 section 5.1.2, MAX_PROBES: so often the base was answered and the size was not.
  static constexpr int kMaxAttempts = 3;
  // Between attempts on a path that is away, doubled up to this.
  static constexpr std::chrono::milliseconds kLongestWait{16'000};
  // RFC 8899 section 5.1.1, PMTU_RAISE_TIMER.
  static constexpr std::chrono::minutes kRaiseInterval{10};

  // `largest` <= `base`: there is nothing to search.
  PathMtu(Loop& loop, std::size_t base, std::size_t largest, Events& events);

  // The association is up. Once.
  void Start();
  // The association is over. For ever.
  void Stop();
  // A probe was answered.
  void OnAnswer(std::uint32_t id);
  // Packets go another way.
  void OnPathChanged() { Restart(); }
  // Data is under way, and nothing has been acknowledged for a while.
  void OnQuiet();
  // The system refused a packet of this size.
  void OnTooLarge(std::size_t size);

  std::size_t size() const { return size_; }
  State state() const { return state_; }

 private:
  void Restart();
  void SetSize(std::size_t size);
  void BeginSearch();
  void Attempt();
  void OnTimer();
  void Finish();

  const std::size_t base_;
  const std::size_t largest_;
  Events& events_;
  State state_ = State::kOff;
  std::size_t size_;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();  // of OnTooLarge

  // Ids: the attempt's number, times 8, plus the index of the size and one; 0: the base.
  std::uint32_t attempt_ = 0;
  std::uint32_t first_attempt_ = 0;  // of this search; answers to earlier ones do not count
  int answered_attempts_ = 0;        // in which the base was answered
  bool base_answered_ = false;
  Loop::Duration wait_{};
  Timer timer_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PATH_MTU_H_
