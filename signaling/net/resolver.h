// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Resolver: host names to addresses without holding the loop up. getaddrinfo blocks, so one helper
// thread asks it, one name after the other; it starts with the first name and is joined by the
// destructor. An address needs no look-up and no thread.
//
// Not here: a cache (the system's resolver may have one), a deadline (dialer.h has it).
#ifndef PAIRWIRE_SIGNALING_NET_RESOLVER_H_
#define PAIRWIRE_SIGNALING_NET_RESOLVER_H_

#include <pairwire/result.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signaling/net/endpoint.h"
#include "signaling/net/event_loop.h"

namespace pairwire::net {

// Loop thread only.
class Resolver final : private FdHandler {
 public:
  using Addresses = std::vector<Endpoint>;  // never empty; their ports are 0
  using Done = std::function<void(Result<Addresses>)>;
  // Blocks; called on the helper thread. Tests hand in their own.
  using Lookup = std::function<Result<Addresses>(const std::string& name)>;

  // A name server is not trusted to be brief.
  static constexpr std::size_t kMaxAddresses = 8;
  // Names that wait for the thread; more are refused (kLimitExceeded).
  static constexpr std::size_t kMaxWaiting = 64;

  explicit Resolver(EventLoop& loop, Lookup lookup = SystemLookup);
  // Waits for a look-up that is under way, however long the system's resolver takes (30 s with a
  // dead name server); none of the callbacks comes any more.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` once, not from inside: the addresses in the system's order (RFC 6724), or kSystem with a
  // sentence that names the host. It may call everything here. The number is for Cancel.
  std::uint64_t Resolve(const std::string& name, Done done);
  // `done` does not come any more, and is destroyed. Nothing for a number that is over.
  void Cancel(std::uint64_t query);

  static Result<Addresses> SystemLookup(const std::string& name);

 private:
  struct Query {
    std::uint64_t number = 0;
    std::string name;
  };
  using Answer = std::pair<std::uint64_t, Result<Addresses>>;

  void OnFdReadable() override;
  void OnFdWritable() override {}
  void AnswerLater(std::uint64_t number, Result<Addresses> result);
  void Work();

  EventLoop& loop_;
  const Lookup lookup_;
  int wake_ = -1;  // an eventfd: there are answers
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, Done> waiting_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Query> queries_;
  std::vector<Answer> answers_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_RESOLVER_H_
