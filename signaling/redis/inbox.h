// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisInbox: what steps tell one node. Each message has a number, without a gap per shard, stands
// in a stream for ten minutes and is published at once. So a message that was not heard, because
// the connection was down or Redis' own bus lost it, shows as a gap and is read from the stream;
// none is told twice.
//
// Loop thread only; the handler is called through the runner's executor.
#ifndef PAIRWIRE_SIGNALING_REDIS_INBOX_H_
#define PAIRWIRE_SIGNALING_REDIS_INBOX_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/redis/keys.h"
#include "signaling/redis/replicas.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/store.h"

namespace pairwire::redis {

class RedisInbox {
 public:
  // Messages of one read of the stream.
  static constexpr std::size_t kReadAtOnce = 256;
  // Published ones that wait for the read of a gap; what goes beyond is read again.
  static constexpr std::size_t kMaxWaiting = 1024;

  // All outlive it. Nothing is told after its destruction.
  RedisInbox(ScriptRunner& runner, const RedisKeys& keys, Replicas& replicas, std::string node_id,
             relay::NodeHandler& handler);
  RedisInbox(const RedisInbox&) = delete;
  RedisInbox& operator=(const RedisInbox&) = delete;

  const std::string& node_id() const { return node_id_; }
  relay::NodeHandler& handler() { return handler_; }

  // From what stands there now on; what was there before was for an earlier run of the node. Call
  // once Redis is reached. Nothing for shards that have begun.
  void Begin();
  // Whatever came to the node's channel; it may be anybody's.
  void OnPublished(std::string_view payload);
  // Reads what was missed; `done`, when all of it was told or (false) Redis was lost.
  void CatchUp(std::function<void(bool)> done);
  // The last number of a shard, as a step saw it. What is still missing at the next time is read.
  void Compare(std::size_t shard, std::uint64_t last);

  // How often a gap was read, for tests and metrics.
  std::size_t gaps() const { return gaps_; }

 private:
  struct Numbered {
    std::uint64_t number = 0;
    std::vector<relay::NodeMessage> messages;
  };
  struct Shard {
    std::optional<std::uint64_t> last;  // told; nothing: not begun
    bool reading = false;
    std::vector<Numbered> waiting;  // came while it was reading
    std::vector<std::function<void(bool)>> done;
    std::uint64_t behind = 0;  // a last number that was seen and not yet reached
  };

  void BeginShard(std::size_t shard);
  void Read(std::size_t shard);
  void OnRead(std::size_t shard, const Result<Reply>& reply);
  void Finish(std::size_t shard, bool ok);
  // The handler may destroy the inbox.
  void Tell(Shard& shard, std::uint64_t number, const std::vector<relay::NodeMessage>& messages);

  ScriptRunner& runner_;
  const RedisKeys& keys_;
  Replicas& replicas_;
  const std::string node_id_;
  relay::NodeHandler& handler_;
  std::vector<Shard> shards_;
  std::size_t gaps_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_INBOX_H_
