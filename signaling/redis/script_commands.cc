// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/script_commands.h"

#include <algorithm>
#include <array>
#include <set>

namespace pairwire::redis {
namespace {

struct Trial {
  std::string_view command;
  // Separated by blanks: K the key that holds a text, M one that is missing, C the channel.
  std::string_view words;
};

// What would write is tried on a key of another type, or only if there is something.
constexpr std::array<Trial, 34> kTrials = {{
    {"DEL", "M"},
    {"EXISTS", "M"},
    {"GET", "M"},
    {"HDEL", "M f"},
    {"HGET", "M f"},
    {"HGETALL", "M"},
    {"HINCRBY", "K f 1"},
    {"HMGET", "M f"},
    {"HSET", "K f v"},
    {"HVALS", "M"},
    {"INCR", "K"},
    {"LLEN", "M"},
    {"LRANGE", "M 0 0"},
    {"LREM", "M 0 v"},
    {"LTRIM", "M 0 0"},
    {"PEXPIRE", "M 1000"},
    {"PTTL", "M"},
    {"PUBLISH", "C v"},
    {"RENAME", "M M"},
    {"RPUSH", "K v"},
    {"SADD", "K v"},
    {"SCARD", "M"},
    {"SET", "M v XX PX 1000"},
    {"SPOP", "M"},
    {"SREM", "M v"},
    {"TIME", ""},
    {"XADD", "K * f v"},
    {"XRANGE", "M - + COUNT 1"},
    {"ZADD", "M XX 1 v"},
    {"ZCARD", "M"},
    {"ZRANGEBYSCORE", "M 0 0"},
    {"ZREM", "M v"},
    {"ZREMRANGEBYSCORE", "M 0 0"},
    {"ZSCORE", "M v"},
}};

}  // namespace

std::vector<std::string> CommandsOf(std::span<const Script> scripts) {
  constexpr std::string_view kCall = "redis.call('";
  std::set<std::string> commands;
  for (const Script& script : scripts) {
    const std::string_view text = script.text;
    for (std::size_t at = text.find(kCall); at != text.npos; at = text.find(kCall, at)) {
      at += kCall.size();
      commands.emplace(text.substr(at, text.find('\'', at) - at));
    }
  }
  return {commands.begin(), commands.end()};
}

std::optional<Args> TrialOf(std::string_view command, const std::string& key,
                            const std::string& channel) {
  for (const Trial& trial : kTrials) {
    if (trial.command != command) continue;
    Args args = {std::string(command)};
    std::string_view rest = trial.words;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      if (word == "K") {
        args.push_back(key);
      } else if (word == "M") {
        args.push_back(key + ":none");
      } else if (word == "C") {
        args.push_back(channel);
      } else {
        args.emplace_back(word);
      }
    }
    return args;
  }
  return std::nullopt;
}

bool IsRefusal(const Reply& reply) {
  if (!reply.IsError()) return false;
  // Redis 7.0 says "The user executing the script can't run this command or subcommand", "... can't
  // access at least one of the keys ...", "... can't publish to the channel ...".
  for (const std::string_view words :
       {"NOPERM", "executing the script can't", "Unknown Redis command", "unknown command"}) {
    if (reply.text.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace pairwire::redis
