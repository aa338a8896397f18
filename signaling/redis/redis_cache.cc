// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_cache.h"

#include <algorithm>
#include <utility>

#include "signaling/redis/fields.h"

namespace pairwire::redis {
namespace {

using relay::StoreError;

bool Fits(const std::string& key, const std::string& value) {
  return key.size() <= relay::kMaxCacheKeyBytes && value.size() <= relay::kMaxCacheValueBytes;
}

std::string_view ToText(relay::RateQuery::Mode mode) {
  switch (mode) {
    case relay::RateQuery::Mode::kTake:
      return "take";
    case relay::RateQuery::Mode::kPeek:
      return "peek";
    case relay::RateQuery::Mode::kCharge:
      return "charge";
    case relay::RateQuery::Mode::kGiveBack:
      return "give_back";
  }
  return "peek";
}

}  // namespace

void RedisCache::Put(std::string key, std::string value, std::chrono::milliseconds ttl,
                     relay::StoreReply<bool> reply) {
  if (!Fits(key, value)) {
    return runner_.Post([reply = std::move(reply)] { reply(tl::unexpected(StoreError::kFull)); });
  }
  const std::size_t shard = keys_.ShardOf(key);
  const std::string term = redis::ToText(std::max(ttl, std::chrono::milliseconds(1)));
  runner_.Command(
      shard, {"SET", keys_.Prefix(shard) + "cache:" + EncodeId(key), std::move(value), "PX", term},
      [reply = std::move(reply)](const Result<Reply>& set) {
        if (set && set->IsText()) return reply(true);
        reply(tl::unexpected(StoreError::kUnavailable));
      });
}

void RedisCache::Get(std::string key, relay::StoreReply<std::optional<std::string>> reply) {
  const std::size_t shard = keys_.ShardOf(key);
  runner_.Command(shard, {"GET", keys_.Prefix(shard) + "cache:" + EncodeId(key)},
                  [reply = std::move(reply)](const Result<Reply>& value) {
                    if (value && value->IsNil()) return reply(std::optional<std::string>());
                    if (value && value->IsText()) return reply(std::optional(value->text));
                    reply(tl::unexpected(StoreError::kUnavailable));
                  });
}

void RedisCache::PutInIndex(std::string index, std::string field, std::string value,
                            std::chrono::milliseconds ttl, std::size_t max,
                            relay::StoreReply<bool> reply) {
  if (!Fits(index, value) || field.size() > relay::kMaxCacheKeyBytes) {
    return runner_.Post([reply = std::move(reply)] { reply(tl::unexpected(StoreError::kFull)); });
  }
  const std::size_t shard = keys_.ShardOf(index);
  const std::string term = redis::ToText(std::max(ttl, std::chrono::milliseconds(1)));
  runner_.Run(Step::kPutInIndex, shard,
              {std::move(index), std::move(field), std::move(value), term, std::to_string(max)},
              [reply = std::move(reply)](StepResult result) {
                if (result.error) return reply(tl::unexpected(*result.error));
                reply(FieldReader(std::move(result.fields)).Flag());
              });
}

void RedisCache::ReadIndex(std::string index, relay::StoreReply<Fields> reply) {
  const std::size_t shard = keys_.ShardOf(index);
  runner_.Run(Step::kReadIndex, shard, {std::move(index)},
              [reply = std::move(reply)](StepResult result) {
                if (result.error) return reply(tl::unexpected(*result.error));
                Fields fields;
                FieldReader reader(std::move(result.fields));
                while (reader.ok() && !reader.AtEnd()) {
                  std::string field = reader.Text();
                  fields.emplace_back(std::move(field), reader.Text());
                }
                if (!reader.ok()) return reply(tl::unexpected(StoreError::kUnavailable));
                std::sort(fields.begin(), fields.end());
                reply(std::move(fields));
              });
}

void RedisRates::Check(std::vector<relay::RateQuery> queries, relay::TimePoint now,
                       relay::StoreReply<relay::RateAnswer> reply) {
  std::vector<std::string> args;
  for (std::size_t i = 0; i < queries.size() && i < relay::kMaxRateQueries; ++i) {
    relay::RateQuery& query = queries[i];
    args.push_back(std::move(query.scope));
    args.push_back(std::move(query.key));
    args.push_back(std::to_string(query.limit.per_second));
    args.push_back(std::to_string(query.limit.burst));
    args.push_back(std::to_string(query.cost));
    args.emplace_back(ToText(query.mode));
  }
  runner_.Run(Step::kRates, RedisKeys::kCommonShard, now, std::move(args),
              [reply = std::move(reply)](StepResult result) {
                if (result.error) return reply(tl::unexpected(*result.error));
                FieldReader fields(std::move(result.fields));
                relay::RateAnswer answer;
                answer.allowed = fields.Flag();
                answer.retry_after =
                    std::chrono::milliseconds(static_cast<std::int64_t>(fields.Number()));
                answer.refused = static_cast<std::uint32_t>(fields.Number());
                if (!fields.ok()) return reply(tl::unexpected(StoreError::kUnavailable));
                reply(answer);
              });
}

}  // namespace pairwire::redis
