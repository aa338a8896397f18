// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of signaling/redis share: a loop, a client whose answers and events are collected,
// and a scripted server for what real ones do rarely.
#ifndef PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_HARNESS_H_
#define PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_HARNESS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/net/socket.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/resp.h"
#include "tests/signaling/net/net_harness.h"

namespace pairwire::redis::testing {

// Always the middle, so that a back-off is never nothing.
inline std::uint64_t Middle(std::uint64_t bound) { return bound / 2; }

// Numbers that differ, the same in each run.
class SomeNumbers {
 public:
  std::uint64_t operator()(std::uint64_t bound) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 33) % bound;
  }

 private:
  std::uint64_t state_ = 1;
};

class RedisTest : public ::testing::Test {
 protected:
  [[nodiscard]] bool RunUntil(const std::function<bool()>& condition) {
    return net::testing::RunUntil(loop_, condition);
  }
  // Lets time pass on the loop.
  void RunFor(std::chrono::milliseconds time) {
    const auto end = loop_.Now() + time;
    EXPECT_TRUE(RunUntil([&] { return loop_.Now() >= end; }));
  }

  net::EventLoop loop_;
  net::Resolver resolver_{loop_};
};

struct Heard {
  std::string channel;
  std::string payload;

  bool operator==(const Heard&) const = default;
};

// A client with its events.
class TestClient final : private RedisClient::Events {
 public:
  TestClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options);
  // The rest of the options as they are.
  TestClient(net::EventLoop& loop, net::Resolver& resolver, const std::string& url);

  static RedisOptions Options(const std::string& url);

  RedisClient& operator*() { return *client_; }
  RedisClient* operator->() { return client_.get(); }

  [[nodiscard]] bool WaitUp();
  // Waits until it was up so often.
  [[nodiscard]] bool WaitUp(int times);
  // Sends and waits. The key is the second word.
  Result<Reply> Do(Args args);
  // What it answered as text: the string, the number, "(nil)", "!" and an error.
  std::string Text(Args args);
  void Add(Args args);                  // sends; the answer goes to `answers`
  [[nodiscard]] bool WaitForAnswers();  // until each Add was answered

  int ups = 0;
  int downs = 0;
  Error last_down;
  std::vector<Heard> heard;
  std::size_t added = 0;
  std::vector<std::string> answers;

 private:
  void OnRedisUp() override { ++ups; }
  void OnRedisDown(const Error& why) override {
    ++downs;
    last_down = why;
  }
  void OnRedisMessage(std::string_view channel, std::string_view payload) override {
    heard.push_back({std::string(channel), std::string(payload)});
  }

  net::EventLoop& loop_;
  std::unique_ptr<RedisClient> client_;
};

std::string ToText(const Result<Reply>& result);

// Speaks RESP and answers as it is told.
class ScriptedServer final : private net::FdHandler {
 public:
  // What to write for a command; empty: nothing, for ever. Greetings, PUBLISH and SUBSCRIBE are
  // answered properly before it is asked.
  using Script = std::function<std::optional<std::string>(const Args&)>;

  ScriptedServer(net::EventLoop& loop, Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Ends every connection.
  void Cut();
  std::size_t accepted() const { return accepted_; }
  // What ROLE says.
  std::string role = "master";
  // Every command but greetings and pings, as "WORD WORD".
  std::vector<std::string> commands;

 private:
  class Connection;

  void OnFdReadable() override;
  void OnFdWritable() override {}
  std::optional<std::string> Answer(const Args& args, Connection& from);

  net::EventLoop& loop_;
  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::size_t accepted_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;
};

// RESP of replies.
std::string BulkText(std::string_view text);
std::string ListText(const std::vector<std::string>& parts);

}  // namespace pairwire::redis::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_HARNESS_H_
