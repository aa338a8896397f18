// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisLink: one server that is kept: a connection for commands and one for subscriptions, made
// together, given up together, and made anew for ever with back-off.
//
//   kStopped --Start--> kLocating --> kConnecting --both stand--> kUp
//                           ^--kWaiting <--'-----------------------'  refused, lost, deaf
//
// It publishes to itself four times in 1.5 s; what it does not hear within 1.5 s says that the
// subscription is dead, though its connection may look well (a proxy, a server that stopped), and
// both go. So a dead subscription is noticed within 2 s.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_LINK_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_LINK_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/redis/backoff.h"
#include "signaling/redis/redis_connection.h"
#include "signaling/redis/server_address.h"
#include "signaling/redis/subscriber.h"

namespace pairwire::redis {

// Where the server is that a link is for; asked before each attempt.
class Locator {
 public:
  using Done = std::function<void(Result<ServerAddress>)>;

  virtual ~Locator() = default;
  // `done` once, possibly from inside Locate. One question at a time.
  virtual void Locate(Done done) = 0;
  // `done` does not come any more.
  virtual void Cancel() = 0;
};

class FixedLocator final : public Locator {
 public:
  explicit FixedLocator(ServerAddress server) : server_(std::move(server)) {}
  void Locate(Done done) override { done(server_); }
  void Cancel() override {}

 private:
  const ServerAddress server_;
};

class RedisLink final : private RedisConnection::Events, private Subscriber::Events {
 public:
  static constexpr std::chrono::milliseconds kPingInterval{375};
  static constexpr std::chrono::milliseconds kDeafAfter{1500};
  // Up for so long before back-off begins anew: a server that accepts and breaks is not hammered.
  static constexpr std::chrono::seconds kSteadyAfter{1};

  struct Options {
    RedisConnection::Options connection;
    // A random end is added, so that no other process is heard.
    std::string ping_channel = "pairwire:ping:";
  };

  // May call everything here, but not destroy the link.
  class Events {
   public:
    virtual void OnLinkUp(RedisLink& link) = 0;
    // After OnLinkUp, once; every command was answered before. The next attempt is on its way.
    virtual void OnLinkDown(RedisLink& link, const Error& why) = 0;
    // An attempt that led to nothing.
    virtual void OnLinkFailed(RedisLink& /*link*/, const Error& /*why*/) {}
    virtual void OnLinkMessage(std::string_view channel, std::string_view payload) = 0;

   protected:
    ~Events() = default;
  };

  // `locator` outlives the link.
  RedisLink(net::EventLoop& loop, net::Resolver& resolver, Options options, RandomBelow random,
            Locator& locator, Events& events);
  ~RedisLink();

  void Start();
  // No OnLinkDown; what is pending is answered kClosed.
  void Stop();
  // Gives the connections up and locates the server anew: it has moved. Nothing when not connected.
  void Restart(std::string_view why);

  bool up() const { return state_ == State::kUp; }
  // The one that is or was tried last.
  const ServerAddress& server() const { return commands_.server(); }
  std::size_t pending() const { return commands_.pending(); }
  std::size_t output_bytes() const { return commands_.output_bytes(); }

  // As RedisConnection::Send; kInvalidState unless up.
  void Send(const Args& args, ReplyHandler done);
  // As RedisConnection::SendForgotten; dropped unless up.
  void SendForgotten(const Args& args) {
    if (state_ == State::kUp) commands_.SendForgotten(args);
  }
  // Counted; at any time. A message that is published before the server took it is not heard.
  Result<void> Subscribe(const std::string& channel) { return subscriber_.Want(channel); }
  void Unsubscribe(const std::string& channel) { subscriber_.Unwant(channel); }

 private:
  enum class State : std::uint8_t { kStopped, kLocating, kConnecting, kUp, kWaiting };

  void OnReady() override { CheckUp(); }
  void OnClosed(const Error& why) override { Lost(why); }
  void OnSubscribed() override { CheckUp(); }
  void OnMessage(std::string_view channel, std::string_view payload) override;
  void OnSubscriberClosed(const Error& why) override { Lost(why); }

  void Locate();
  void CheckUp();
  void OnAlarm();
  void Ping();
  void Lost(const Error& why);
  void CloseBoth();

  net::EventLoop& loop_;
  Locator& locator_;
  Events& events_;
  const std::string ping_channel_;
  Backoff backoff_;
  RedisConnection commands_;
  Subscriber subscriber_;
  State state_ = State::kStopped;
  net::EventLoop::TimePoint up_since_{};
  std::optional<net::EventLoop::TimePoint> unheard_;  // since when a ping is under way
  net::Alarm alarm_;  // kWaiting: the next attempt; kUp: the next ping
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_LINK_H_
