// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpPool: a few kept-alive connections to one relay over which requests go, one at a time on
// each. A connection that the relay closed is made anew.
#ifndef PAIRWIRE_SIGNALING_LOAD_HTTP_POOL_H_
#define PAIRWIRE_SIGNALING_LOAD_HTTP_POOL_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/load/connection.h"
#include "signaling/load/response_reader.h"

namespace pairwire::load {

struct Request {
  std::string_view method;
  std::string path;
  std::string token;         // empty: no Authorization
  std::string body;          // JSON; empty: none
  std::string more_headers;  // whole lines
};

class HttpPool {
 public:
  using Callback = std::function<void(Response)>;
  // From the moment in which a request is handed in: it may wait for a connection.
  static constexpr std::chrono::seconds kDeadline{30};

  HttpPool(Reactor& reactor, const Target& target, std::uint32_t source, std::size_t connections);
  ~HttpPool();

  // `done` is called once, later, with what came; status 0 when nothing did.
  void Send(const Request& request, Callback done);
  std::size_t unanswered() const { return waiting_.size() + busy_; }

 private:
  class Line;
  struct Job {
    std::string text;
    Callback done;
    TimePoint deadline;
  };

  void Dispatch();
  void Watch();
  void OnTick();

  Reactor& reactor_;
  const Target& target_;
  const std::uint32_t source_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<Line*> idle_;
  std::deque<Job> waiting_;
  std::size_t busy_ = 0;
  bool watching_ = false;
  Reactor::Timer tick_{};
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_HTTP_POOL_H_
