// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisClient: what a node asks of Redis, whatever stands there: one server, a master that
// Sentinels watch over, or a Cluster. Commands, published messages, subscriptions.
//
// Loop thread only. No callback comes from inside Command, Publish or Subscribe; a callback may
// call everything but the destructor. It tries again for ever; while it cannot reach what it needs,
// commands are answered at once with an error.
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_CLIENT_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_CLIENT_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/net/tls_context.h"
#include "signaling/redis/backoff.h"
#include "signaling/redis/redis_connection.h"
#include "signaling/redis/redis_url.h"
#include "signaling/redis/resp.h"

namespace pairwire::redis {

struct RedisOptions {
  RedisUrl url;
  net::TlsClientOptions tls;  // for rediss: alone
  // Shown by CLIENT LIST; printable, without spaces.
  std::string client_name = "pairwire-relay";
  // What the channels of the self-ping begin with; the user must be allowed to use them.
  std::string ping_channel = "pw:channel:ping:";
  std::chrono::milliseconds connect_timeout{2000};
  // A server that is silent for so long is given up, with all that was sent to it.
  std::chrono::milliseconds command_timeout{1000};
};

// For /readyz and the metrics.
struct RedisHealth {
  bool up = false;
  std::string last_error;      // of the last loss or failed attempt; names servers, no secret
  std::uint64_t times_up = 0;  // more than once: it was lost meanwhile
  std::size_t masters = 0;     // that are reached now
  std::size_t pending = 0;     // commands without an answer
  std::size_t output_bytes = 0;
};

class RedisClient {
 public:
  class Events {
   public:
    // Every master is reached and every subscription stands. What was published meanwhile was not
    // heard, and the server may be another one or empty.
    virtual void OnRedisUp() = 0;
    // After OnRedisUp, once. On a Cluster those masters that are still there go on answering.
    virtual void OnRedisDown(const Error& why) = 0;
    virtual void OnRedisMessage(std::string_view channel, std::string_view payload) = 0;

   protected:
    ~Events() = default;
  };

  virtual ~RedisClient() = default;

  virtual void Start() = 0;
  // Answers what is pending with kClosed. No event comes afterwards.
  virtual void Stop() = 0;
  virtual bool up() const = 0;
  virtual RedisHealth health() const = 0;

  // Sends `args` to the master that holds `key`, the only key or one with the slot of all. Commands
  // on one key are carried out and answered in the order of the calls. `done` once; see
  // ReplyHandler for what it gets. The server's redirections are not seen.
  virtual void Command(std::string_view key, Args args, ReplyHandler done) = 0;
  // The reply is the number of receivers; in a Cluster only of those on the same server. With an
  // empty `done` it is not asked for, which is cheaper, and nothing is said when the message could
  // not be sent. Messages of this process leave in the order of the calls.
  virtual void Publish(std::string_view channel, std::string_view payload, ReplyHandler done) = 0;
  // Counted. kLimitExceeded beyond Subscriber::kMaxChannels.
  virtual Result<void> Subscribe(const std::string& channel) = 0;
  virtual void Unsubscribe(const std::string& channel) = 0;
  // On each master, for keyspace events, which a server tells only to its own clients. For good.
  virtual Result<void> SubscribeEverywhere(const std::string& channel) = 0;
};

// kInvalidArgument: a TLS file that cannot be used. `loop`, `resolver` and `events` outlive it.
Result<std::unique_ptr<RedisClient>> MakeRedisClient(net::EventLoop& loop, net::Resolver& resolver,
                                                     RedisOptions options, RandomBelow random,
                                                     RedisClient::Events& events);

// For the clients themselves.
RedisConnection::Options ConnectionOptions(const RedisOptions& options, const net::TlsContext* tls);

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_CLIENT_H_
