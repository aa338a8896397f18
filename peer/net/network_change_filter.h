// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkChangeFilter: from hints that something may have changed to events that something did.
// Pure: no socket. A change of network comes as a burst of notices (link down, routes gone, link
// up, each address), and whoever restarts ICE wants the end of it, once.
//
//   idle --Hint--> waiting --quiet for 300 ms, or 2 s after the first hint--> read, compare -->
//   idle
//                                        reading failed --> waiting (1 s, at most 5 times in a row)
#ifndef PAIRWIRE_PEER_NET_NETWORK_CHANGE_FILTER_H_
#define PAIRWIRE_PEER_NET_NETWORK_CHANGE_FILTER_H_

#include <chrono>
#include <functional>

#include "peer/base/loop.h"
#include "peer/base/timer.h"
#include "peer/net/network_snapshot.h"

namespace pairwire::net {

class NetworkEvents {
 public:
  // The two differ. Called from the loop's own frame, last: it may do anything, destroying whoever
  // called it included.
  virtual void OnNetworkChange(const NetworkSnapshot& before, const NetworkSnapshot& now) = 0;

 protected:
  ~NetworkEvents() = default;
};

class NetworkChangeFilter {
 public:
  using Read = std::function<Result<NetworkSnapshot>()>;

  // An address change over DHCP or Wi-Fi roaming sends its notices within some ten milliseconds.
  static constexpr std::chrono::milliseconds kQuiet{300};
  // A network that never comes to rest (an interface that flaps) is looked at all the same.
  static constexpr std::chrono::milliseconds kAtMost{2'000};
  static constexpr std::chrono::milliseconds kRetry{1'000};
  static constexpr int kMaxFailures = 5;

  // `now` is what changes are measured from. `loop` and `events` outlive the filter.
  NetworkChangeFilter(Loop& loop, NetworkEvents& events, Read read, NetworkSnapshot now);

  void Hint();
  const NetworkSnapshot& now() const { return now_; }

 private:
  void Look();

  Loop& loop_;
  NetworkEvents& events_;
  const Read read_;
  NetworkSnapshot now_;
  Loop::TimePoint look_by_{};  // while the timer is active
  int failures_ = 0;           // in a row
  Timer timer_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_NETWORK_CHANGE_FILTER_H_
