// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_registry.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "signaling/redis/fields.h"

namespace pairwire::redis {
namespace {

using relay::StoreError;

std::string Pack(const relay::NodeInfo& info) {
  std::string bytes;
  AppendNetstring(info.node_id, bytes);
  AppendNetstring(std::to_string(info.incarnation), bytes);
  AppendNetstring(info.url, bytes);
  AppendNetstring(info.region, bytes);
  AppendNetstring(info.state == relay::NodeState::kDraining ? "draining" : "up", bytes);
  AppendNetstring(std::to_string(info.load), bytes);
  AppendNetstring(std::to_string(info.sockets), bytes);
  AppendNetstring(std::to_string(info.waiting), bytes);
  return bytes;
}

std::optional<relay::NodeInfo> Unpack(std::string_view bytes) {
  constexpr std::size_t kParts = 8;
  const auto parts = ParseNetstrings(bytes);
  // A newer version may tell more.
  if (!parts || parts->size() < kParts) return std::nullopt;
  const auto incarnation = ToNumber<std::uint64_t>((*parts)[1]);
  const auto load = ToNumber<double>((*parts)[5]);
  const auto sockets = ToNumber<std::size_t>((*parts)[6]);
  const auto waiting = ToNumber<std::size_t>((*parts)[7]);
  if (!incarnation || !load || !sockets || !waiting) return std::nullopt;
  relay::NodeInfo info;
  info.node_id = (*parts)[0];
  info.incarnation = *incarnation;
  info.url = (*parts)[2];
  info.region = (*parts)[3];
  info.state = (*parts)[4] == "draining" ? relay::NodeState::kDraining : relay::NodeState::kUp;
  info.load = *load;
  info.sockets = *sockets;
  info.waiting = *waiting;
  return info;
}

}  // namespace

void RedisRegistry::Announce(relay::NodeInfo info, std::chrono::milliseconds lease,
                             relay::StoreReply<bool> reply) {
  struct Gathered {
    std::size_t left = 0;
    bool ok = true;
    bool kept = true;
    relay::StoreReply<bool> reply;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->left = keys_.shards();
  gathered->reply = std::move(reply);
  const std::string told = Pack(info);
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    runner_.Run(Step::kAnnounce, shard,
                {info.node_id, std::to_string(info.incarnation), ToText(lease),
                 shard == RedisKeys::kCommonShard ? told : std::string()},
                [this, shard, gathered](StepResult result) {
                  gathered->ok = gathered->ok && !result.error;
                  if (!result.error) {
                    std::string given_up = FieldReader(std::move(result.fields)).Text();
                    if (given_up != "0" && given_up != given_up_[shard]) gathered->kept = false;
                    given_up_[shard] = std::move(given_up);
                  }
                  if (--gathered->left > 0) return;
                  // What one shard gave up is said once, whatever the others do.
                  if (gathered->ok || !gathered->kept) return gathered->reply(gathered->kept);
                  gathered->reply(tl::unexpected(StoreError::kUnavailable));
                });
  }
}

void RedisRegistry::Withdraw(const std::string& node_id) {
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    // One that is not reached ends with the lease.
    runner_.Run(Step::kAnnounce, shard, {node_id, "", "0", ""}, [](const StepResult&) {});
  }
}

void RedisRegistry::List(relay::StoreReply<std::vector<relay::NodeInfo>> reply) {
  runner_.Run(Step::kNodes, RedisKeys::kCommonShard, {},
              [reply = std::move(reply)](const StepResult& result) {
                if (result.error) return reply(tl::unexpected(*result.error));
                std::vector<relay::NodeInfo> nodes;
                for (const Reply& field : result.fields) {
                  if (auto info = Unpack(field.text)) nodes.push_back(std::move(*info));
                }
                std::sort(nodes.begin(), nodes.end(),
                          [](const auto& a, const auto& b) { return a.node_id < b.node_id; });
                reply(std::move(nodes));
              });
}

namespace {

struct Merge {
  std::size_t limit = 0;
  std::size_t left = 0;  // answers to come
  bool ok = true;
  std::vector<std::string> cursors;                     // by shard
  std::vector<std::vector<relay::LoggedEvent>> events;  // by shard; `cursor` is the shard's own
  relay::StoreReply<std::vector<relay::LoggedEvent>> reply;

  void Finish() {
    if (!ok) return reply(tl::unexpected(StoreError::kUnavailable));
    std::vector<relay::LoggedEvent> merged;
    std::vector<std::size_t> next(events.size(), 0);
    while (merged.size() < limit) {
      std::size_t first = events.size();
      for (std::size_t shard = 0; shard < events.size(); ++shard) {
        if (next[shard] == events[shard].size()) continue;
        if (first == events.size() ||
            events[shard][next[shard]].at < events[first][next[first]].at) {
          first = shard;
        }
      }
      if (first == events.size()) break;
      relay::LoggedEvent event = std::move(events[first][next[first]++]);
      cursors[first] = event.cursor;
      event.cursor.clear();
      for (const std::string& cursor : cursors) {
        event.cursor += (event.cursor.empty() ? "" : ",") + cursor;
      }
      merged.push_back(std::move(event));
    }
    reply(std::move(merged));
  }
};

relay::LoggedEvent ParseEvent(const Reply& entry) {
  relay::LoggedEvent event;
  if (entry.elements.size() != 2) return event;
  event.cursor = entry.elements[0].text;
  const std::vector<Reply>& fields = entry.elements[1].elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string& name = fields[i].text;
    const std::string& value = fields[i + 1].text;
    if (name == "at") event.at = FromMilliseconds(ToNumber<std::uint64_t>(value).value_or(0));
    if (name == "type") event.type = value;
    if (name == "session") event.session_id = value;
    if (name == "member") event.member_id = value;
    if (name == "role") event.role = value;
    if (name == "node") event.node_id = value;
    if (name == "reason") event.reason = value;
  }
  return event;
}

// "1700000000000-3"; else the beginning.
std::string StreamId(std::string_view text) {
  const std::size_t dash = text.find('-');
  const bool fine = dash != std::string_view::npos &&
                    ToNumber<std::uint64_t>(text.substr(0, dash)) &&
                    ToNumber<std::uint64_t>(text.substr(dash + 1));
  return fine ? std::string(text) : "0-0";
}

}  // namespace

void RedisEventLog::Read(const std::string& after, std::size_t limit,
                         relay::StoreReply<std::vector<relay::LoggedEvent>> reply) {
  auto merge = std::make_shared<Merge>();
  merge->limit = std::min(limit, kMaxAtOnce);
  merge->left = keys_.shards();
  merge->events.resize(keys_.shards());
  merge->reply = std::move(reply);
  std::string_view rest = after;
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    const std::string_view cursor = rest.substr(0, rest.find(','));
    merge->cursors.push_back(StreamId(cursor));
    rest.remove_prefix(std::min(rest.size(), cursor.size() + 1));
  }
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    runner_.Command(shard,
                    {"XRANGE", keys_.Prefix(shard) + "events", "(" + merge->cursors[shard], "+",
                     "COUNT", std::to_string(std::max<std::size_t>(1, merge->limit))},
                    [merge, shard](const Result<Reply>& events) {
                      merge->ok = merge->ok && events && events->IsArray();
                      if (events) {
                        for (const Reply& entry : events->elements) {
                          merge->events[shard].push_back(ParseEvent(entry));
                        }
                      }
                      if (--merge->left == 0) merge->Finish();
                    });
  }
}

}  // namespace pairwire::redis
