// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MdnsLookups: which questions are out, when they are asked again, what answers them (RFC 6762
// sections 5.2 and 6). Pure: no socket; MdnsResolver gives it some.
//
//   Resolve --> asked --250 ms--> asked again --250 ms--> asked again --500 ms--> given up
//                  \------------------ answer ------------------/
#ifndef PAIRWIRE_PEER_NET_MDNS_LOOKUPS_H_
#define PAIRWIRE_PEER_NET_MDNS_LOOKUPS_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/net/dns_message.h"

namespace pairwire::net {

// "[A-Za-z0-9-]{1,63}.local", the form that browsers use (a UUID). Nothing else is ever asked for.
bool IsMdnsHostName(std::string_view name);

class MdnsLookups {
 public:
  using Done = std::function<void(std::optional<std::string> address)>;

  class Sender {
   public:
    // To be sent to the group, from port 5353: the answer comes to the group.
    virtual void SendQuery(ByteSpan query) = 0;
    // To be sent to the group, from a port of our own: the answer comes to that port.
    virtual void SendUnicastQuery(ByteSpan query) = 0;

   protected:
    ~Sender() = default;
  };

  static constexpr std::size_t kMaxLookups = 64;
  static constexpr std::chrono::milliseconds kAskAgain{250};  // and once more after as long
  static constexpr std::chrono::milliseconds kGiveUp{1'000};
  // How long an answer serves whoever asks again. Responders multicast a record once a second at
  // most (RFC 6762 section 6), and Chromium answers in no other way: a second connection to the
  // same page would wait for most of its time.
  static constexpr std::chrono::milliseconds kRemember{2'000};

  // Both outlive the lookups.
  MdnsLookups(Loop& loop, Sender& sender);
  MdnsLookups(const MdnsLookups&) = delete;
  MdnsLookups& operator=(const MdnsLookups&) = delete;

  // See MdnsResolver::Resolve.
  void Resolve(const std::string& name, Done done);

  // What came from port 5353 of some host. `from_this_host`: it is this one; then a loopback
  // address is a good answer too. May call `Done`s, so the object may be gone afterwards.
  void OnMessage(ByteSpan bytes, const std::function<bool()>& from_this_host);

  bool idle() const { return lookups_.empty(); }

 private:
  struct Lookup {
    Lookup(Loop& loop, std::function<void()> on_time) : timer(loop, std::move(on_time)) {}
    DnsName name;
    Done done;
    int asked = 0;
    Timer timer;
  };

  struct Known {
    std::string address;
    Loop::TimePoint until;
  };

  std::optional<std::string> Recall(const std::string& name);
  void Remember(const DnsName& name, const std::string& address);
  void Ask(Lookup& lookup);
  void OnTime(std::uint64_t id);
  void Finish(std::uint64_t id, std::optional<std::string> address);

  Loop& loop_;
  Sender& sender_;
  std::map<std::uint64_t, std::unique_ptr<Lookup>> lookups_;
  std::uint64_t next_id_ = 1;
  std::map<std::string, Known> known_;  // by the name as it was asked for; at most kMaxLookups
  TaskSafety safety_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_PEER_NET_MDNS_LOOKUPS_H_
