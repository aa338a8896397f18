// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayNode: a real pairwire-relay as one node of a relay of several, on a free port of 127.0.0.1.
// For tests that define PAIRWIRE_RELAY_PROGRAM.
#ifndef PAIRWIRE_TESTS_SUPPORT_RELAY_NODE_H_
#define PAIRWIRE_TESTS_SUPPORT_RELAY_NODE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/redis_server.h"

namespace pairwire::test {

class RelayNode {
 public:
  // `more`: further arguments; `port` 0: any.
  RelayNode(const RedisServer& redis, const std::string& id, std::vector<std::string> more = {},
            std::uint16_t port = 0)
      : process_(Arguments(redis, id, std::move(more), port)) {
    const auto line =
        process_.WaitForLine([](const std::string& l) { return l.rfind("listening on", 0) == 0; });
    EXPECT_TRUE(line) << process_.errors();
    if (line) port_ = static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
  }

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  ChildProcess& process() { return process_; }

 private:
  static std::vector<std::string> Arguments(const RedisServer& redis, const std::string& id,
                                            std::vector<std::string> more, std::uint16_t port) {
    std::vector<std::string> arguments = {PAIRWIRE_RELAY_PROGRAM,
                                          "--listen",
                                          "127.0.0.1:" + std::to_string(port),
                                          "--node-id",
                                          id,
                                          "--redis",
                                          "redis://" + redis.Address(),
                                          "--rate-limits",
                                          "off",
                                          "--log-level",
                                          "off"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  ChildProcess process_;
  std::uint16_t port_ = 0;
};

// Waits until Redis knows `count` nodes: each of them is ready then, and the others will hear of it
// with their next announcement.
inline void WaitForNodes(RedisServer& redis, std::size_t count) {
  redis.WaitForCli({"HLEN", "pw:nodes"},
                   [&](const std::string& n) { return n == std::to_string(count); });
}

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_RELAY_NODE_H_
