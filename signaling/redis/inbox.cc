// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/inbox.h"

#include <algorithm>

#include "signaling/redis/fields.h"

namespace pairwire::redis {
namespace {

struct Entry {
  std::uint64_t number = 0;
  std::vector<relay::NodeMessage> messages;
};

// One of XRANGE: [id, ["m", message]], the id being "NUMBER-0".
std::optional<Entry> ParseEntry(const Reply& entry) {
  if (entry.elements.size() != 2 || entry.elements[1].elements.size() != 2) return std::nullopt;
  const std::string_view id = entry.elements[0].text;
  const auto number = ToNumber<std::uint64_t>(id.substr(0, id.find('-')));
  const auto parts = ParseNetstrings(entry.elements[1].elements[1].text);
  if (!number || !parts) return std::nullopt;
  return Entry{*number, ParseNodeMessages(*parts)};
}

}  // namespace

RedisInbox::RedisInbox(ScriptRunner& runner, const RedisKeys& keys, Replicas& replicas,
                       std::string node_id, relay::NodeHandler& handler)
    : runner_(runner),
      keys_(keys),
      replicas_(replicas),
      node_id_(std::move(node_id)),
      handler_(handler),
      shards_(keys.shards()) {}

void RedisInbox::Begin() {
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    if (!shards_[shard].last && !shards_[shard].reading) BeginShard(shard);
  }
}

void RedisInbox::BeginShard(std::size_t shard) {
  shards_[shard].reading = true;
  const std::string key = keys_.Prefix(shard) + "inbox:" + EncodeId(node_id_) + ":n";
  runner_.Command(shard, {"GET", key},
                  [this, alive = std::weak_ptr<char>(alive_), shard](const Result<Reply>& reply) {
                    if (alive.expired()) return;
                    const bool known = reply && (reply->IsNil() || reply->IsText());
                    if (known)
                      shards_[shard].last = ToNumber<std::uint64_t>(reply->text).value_or(0);
                    Finish(shard, known);
                  });
}

void RedisInbox::OnPublished(std::string_view payload) {
  const auto parts = ParseNetstrings(payload);
  if (!parts || parts->size() < 2) return;
  const auto index = keys_.ShardWithPrefix((*parts)[0]);
  const auto number = ToNumber<std::uint64_t>((*parts)[1]);
  if (!index || !number) return;
  auto messages = ParseNodeMessages({parts->begin() + 2, parts->end()});
  Shard& shard = shards_[*index];
  if (messages.empty() || (shard.last && *number <= *shard.last)) return;
  if (shard.last && !shard.reading && *number == *shard.last + 1) {
    return Tell(shard, *number, messages);
  }
  if (shard.waiting.size() < kMaxWaiting) shard.waiting.push_back({*number, std::move(messages)});
  if (shard.last && !shard.reading) Read(*index);
}

void RedisInbox::CatchUp(std::function<void(bool)> done) {
  struct Count {
    std::size_t left = 0;
    bool ok = true;
    std::function<void(bool)> done;
  };
  auto count = std::make_shared<Count>();
  count->left = shards_.size();
  count->done = std::move(done);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    Shard& shard = shards_[i];
    // One that is under way may have read before the last message was written.
    const auto mine = [count](bool ok) {
      count->ok = count->ok && ok;
      if (--count->left == 0) count->done(count->ok);
    };
    if (!shard.reading) {
      shard.done.push_back(mine);
      shard.last ? Read(i) : BeginShard(i);
      continue;
    }
    shard.done.push_back([this, i, mine](bool ok) {
      if (!ok) return mine(false);
      shards_[i].done.push_back(mine);
      Read(i);
    });
  }
}

void RedisInbox::Compare(std::size_t index, std::uint64_t last) {
  Shard& shard = shards_[index];
  if (!shard.last || shard.reading) return;
  const bool missing = shard.behind > *shard.last;
  shard.behind = last;
  if (missing) Read(index);
}

void RedisInbox::Read(std::size_t shard) {
  shards_[shard].reading = true;
  ++gaps_;
  runner_.Command(shard,
                  {"XRANGE", keys_.Prefix(shard) + "inbox:" + EncodeId(node_id_),
                   "(" + std::to_string(*shards_[shard].last) + "-0", "+", "COUNT",
                   std::to_string(kReadAtOnce)},
                  [this, alive = std::weak_ptr<char>(alive_), shard](const Result<Reply>& reply) {
                    if (!alive.expired()) OnRead(shard, reply);
                  });
}

void RedisInbox::OnRead(std::size_t index, const Result<Reply>& reply) {
  if (!reply || !reply->IsArray()) return Finish(index, false);
  const std::weak_ptr<char> alive = alive_;
  for (const Reply& element : reply->elements) {
    const auto entry = ParseEntry(element);
    // One of a newer version: not for us, and not missing either.
    if (!entry || entry->number <= *shards_[index].last) continue;
    Tell(shards_[index], entry->number, entry->messages);
    if (alive.expired()) return;
  }
  if (reply->elements.size() == kReadAtOnce) return Read(index);
  Finish(index, true);
}

void RedisInbox::Finish(std::size_t index, bool ok) {
  Shard& shard = shards_[index];
  shard.reading = false;
  const std::weak_ptr<char> alive = alive_;
  if (ok) {
    // What is still missing before one of these was dropped from the stream.
    for (const Numbered& one : std::exchange(shard.waiting, {})) {
      if (one.number > *shard.last) Tell(shard, one.number, one.messages);
      if (alive.expired()) return;
    }
  } else {
    // The connection went; all of it is read again when it is back.
    shard.waiting.clear();
  }
  for (const auto& done : std::exchange(shard.done, {})) {
    done(ok);
    if (alive.expired()) return;
  }
}

void RedisInbox::Tell(Shard& shard, std::uint64_t number,
                      const std::vector<relay::NodeMessage>& messages) {
  shard.last = number;
  const std::weak_ptr<char> alive = alive_;
  for (const relay::NodeMessage& message : messages) {
    replicas_.OnMessage(node_id_, message);
    handler_.OnNodeMessage(message);
    if (alive.expired()) return;
  }
}

}  // namespace pairwire::redis
