// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/redis_server_check.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include "signaling/redis/fields.h"
#include "signaling/redis/script_commands.h"

namespace pairwire::server {
namespace {

using redis::Args;
using redis::Reply;
using std::chrono::milliseconds;

// Carries out what it is given with the rights that scripts have.
constexpr const char* kTrialScript = "return redis.pcall(unpack(ARGV))";
// A message that this process published to itself.
constexpr milliseconds kMessagePatience{3000};
constexpr milliseconds kProbeTerm{10'000};

bool Has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Milliseconds(std::chrono::nanoseconds time) {
  const auto hundredths = time.count() / 10'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (rest.size() < 2 ? "0" : "") + rest + " ms";
}

std::string Joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

redis::RedisConnection::Options ForTalk(const RedisCheckContext& context,
                                        redis::RedisConnection::Mode mode) {
  redis::RedisConnection::Options options = redis::ConnectionOptions(context.options, context.tls);
  options.mode = mode;
  // Asked and judged here.
  options.must_be_master = false;
  return options;
}

// A half sentence.
std::string MendFor(const Error& error, bool tls) {
  const std::string& text = error.detail;
  if (Has(text, "NOAUTH")) return "it wants a password: redis://user:password@host";
  if (Has(text, "WRONGPASS") || error.code == Errc::kUnauthorized) {
    return "is the user or the password of --redis wrong, or the user off?";
  }
  if (Has(text, "NOPERM")) return "give the user its rights (docs/relay.md, Several nodes)";
  if (Has(text, "LOADING")) return "it still reads its data; wait";
  if (Has(text, "certificate")) {
    return "name the authority that signed its certificate with --redis-ca, and the server as the "
           "certificate does";
  }
  if (Has(text, "refused")) return "is it running, and is the port right?";
  if (tls) return "does it speak TLS at this port? Plain is redis://";
  if (Has(text, "ended the connection") || Has(text, "reset by peer") ||
      Has(text, "answer in time")) {
    return "if it speaks TLS at this port, use rediss://";
  }
  return "are name and port right, and may this machine reach it?";
}

}  // namespace

std::string WhyNotReached(const Error& error, bool tls) {
  std::string why = error.detail;
  if (!why.empty() && why.back() == '.') why.pop_back();
  return why + ": " + MendFor(error, tls);
}

RedisServerCheck::RedisServerCheck(const RedisCheckContext& context, redis::ServerAddress server,
                                   std::optional<std::size_t> shard)
    : context_(context),
      server_(std::move(server)),
      shard_(shard),
      talk_(context.loop, context.resolver,
            ForTalk(context, redis::RedisConnection::Mode::kCommands)) {}

void RedisServerCheck::Run() {
  if (!Reach()) return;
  Kind();
  Memory();
  RoundTrip();
  Clock();
  if (LoadScripts() && shard_) {
    Commands();
    if (*shard_ == redis::RedisKeys::kCommonShard) Prefix();
  }
  Channels();
  Events();
}

void RedisServerCheck::Add(Finding::Level level, const std::string& text) {
  if (lost_) return;
  context_.findings.push_back({level, "--redis: " + redis::ToString(server_) + ": " + text});
}

std::string RedisServerCheck::Grant(const std::string& rights) const {
  const std::string& user = context_.config.redis->login.user;
  return "ACL SETUSER " + (user.empty() ? "default" : user) + " " + rights;
}

Reply RedisServerCheck::Ask(const Args& args) {
  if (lost_) return {};
  auto reply = talk_.Ask(args);
  if (reply) return std::move(*reply);
  Bad("the connection was lost at " + args.front() + ": " + reply.error().detail);
  lost_ = true;
  return {};
}

RedisServerCheck::Right RedisServerCheck::RightOf(const Reply& reply) {
  if (!redis::IsRefusal(reply)) return Right::kYes;
  if (Has(reply.text, " keys ")) return Right::kKeys;
  return Has(reply.text, "channel") ? Right::kChannels : Right::kCommand;
}

std::string RedisServerCheck::KeyPrefix() const { return context_.keys.Prefix(*shard_); }

bool RedisServerCheck::Reach() {
  if (const auto opened = talk_.Open(server_); !opened) {
    context_.findings.push_back(
        {Finding::Level::kError,
         "--redis: " + WhyNotReached(opened.error(), context_.tls != nullptr)});
    return false;
  }
  const Reply role = Ask({"ROLE"});
  if (RightOf(role) != Right::kYes) {
    Bad("the user may not ROLE, by which the relay knows a master: " + Grant("+role"));
    return false;
  }
  const std::string is = role.elements.empty() ? std::string() : role.elements.front().text;
  if (is == "sentinel") {
    Bad("is a Sentinel: use redis+sentinel://" + redis::ToString(server_) + "/MASTER-NAME");
    return false;
  }
  if (is != "master") {
    Bad("is a replica, which takes no writes: name its master, or its Sentinels "
        "(redis+sentinel://)");
    return false;
  }
  const std::string& user = context_.config.redis->login.user;
  Ok(std::string("is reached") + (context_.tls != nullptr ? " by TLS" : "") +
     (user.empty() ? "" : " as user " + user));
  return !lost_;
}

std::string RedisServerCheck::Info(std::string_view field) const {
  const std::size_t at = info_.find("\n" + std::string(field) + ":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + field.size() + 2;
  return info_.substr(begin, info_.find_first_of("\r\n", begin) - begin);
}

void RedisServerCheck::Kind() {
  const Reply info = Ask({"INFO"});
  if (info.IsText()) info_ = "\n" + info.text;
  std::string version = Info("redis_version");
  if (version.empty()) version = Ask({"EVAL", "return redis.REDIS_VERSION", "0"}).text;
  const std::string mode = Info("redis_mode");
  const bool cluster = context_.keys.shards() > 1;
  if (!cluster && mode == "cluster") {
    return Bad("is a server of a Cluster: use redis+cluster://");
  }
  const char* const kind = cluster ? "of a Cluster" : "on its own or watched by Sentinels";
  if (version.empty() || std::isdigit(static_cast<unsigned char>(version[0])) == 0) {
    return Warn("its version is not shown to this user; the relay is tested with Redis 7.0");
  }
  const std::string text = "Redis " + version + ", " + kind;
  if (std::atoi(version.c_str()) < kOldestMajor) {
    return Warn(text + ": the relay is tested with 7.0 and later");
  }
  Ok(text);
}

void RedisServerCheck::Memory() {
  std::string policy = Info("maxmemory_policy");
  std::string limit = Info("maxmemory");
  if (policy.empty()) {
    const Reply asked = Ask({"CONFIG", "GET", "maxmemory-policy"});
    if (asked.elements.size() == 2) policy = asked.elements[1].text;
  }
  if (policy.empty()) {
    return Warn(
        "maxmemory-policy is not shown to this user (INFO and CONFIG are refused): see that "
        "it is noeviction");
  }
  if (policy == "noeviction") return Ok("maxmemory-policy is noeviction");
  const std::string mend = ": CONFIG SET maxmemory-policy noeviction";
  if (limit == "0") {
    return Warn("maxmemory-policy is " + policy + ", though there is no maxmemory" + mend);
  }
  Bad("maxmemory-policy is " + policy + ", so that it forgets sessions when it is full" + mend);
}

void RedisServerCheck::RoundTrip() {
  constexpr std::size_t kTrips = 5;
  std::vector<std::chrono::nanoseconds> times;
  for (std::size_t i = 0; i < kTrips; ++i) {
    const auto begin = context_.loop.Now();
    Ask({"PING"});
    times.push_back(context_.loop.Now() - begin);
  }
  std::sort(times.begin(), times.end());
  const auto median = times[kTrips / 2];
  const std::string text = "a round trip takes " + Milliseconds(median);
  if (median <= kGoodRoundTrip) return Ok(text);
  Warn(text + ", and a pairing several of them: put it nearer");
}

void RedisServerCheck::Clock() {
  const auto before = context_.now();
  const Reply time = Ask({"TIME"});
  const auto after = context_.now();
  if (RightOf(time) != Right::kYes) return;  // scripts need it too, and it is said there
  if (time.elements.size() != 2) return;
  const auto seconds = redis::ToNumber<std::int64_t>(time.elements[0].text);
  const auto micros = redis::ToNumber<std::int64_t>(time.elements[1].text);
  if (!seconds || !micros) return;
  const std::chrono::microseconds theirs(*seconds * 1'000'000 + *micros);
  const auto ours = before.time_since_epoch() + (after - before) / 2;
  const auto ahead = std::chrono::duration_cast<milliseconds>(theirs - ours);
  const std::string by = std::to_string(std::abs(ahead.count())) + " ms";
  if (ahead <= kGoodClock && ahead >= -kGoodClock) {
    return Ok("its clock and ours differ by " + by);
  }
  Warn("its clock is " + by + (ahead.count() > 0 ? " ahead of ours" : " behind ours") +
       ", and the terms of codes go by it: set both by NTP");
}

bool RedisServerCheck::LoadScripts() {
  for (const redis::Script& script : context_.scripts) {
    const Reply loaded = Ask({"SCRIPT", "LOAD", script.text});
    if (lost_) return false;
    if (RightOf(loaded) != Right::kYes) {
      Bad("the user may not SCRIPT LOAD: " + Grant("+script|load"));
      return false;
    }
    if (loaded.text == script.sha) continue;
    Bad("does not take the script " + script.name + ": " + loaded.text);
    return false;
  }
  Ok("takes all " + std::to_string(context_.scripts.size()) + " scripts");
  return true;
}

void RedisServerCheck::Commands() {
  const std::string key = KeyPrefix() + context_.name;
  const Reply set = Ask({"SET", key, "text", "PX", std::to_string(kProbeTerm.count())});
  const std::string_view code = set.ErrorCode();
  if (code == "MOVED" || code == "CLUSTERDOWN") {
    return Bad("is a server of a Cluster: use redis+cluster://");
  }
  if (const Right right = RightOf(set); right == Right::kKeys) {
    return Bad("the user may not use keys that begin with " + context_.keys.base() + ": " +
               Grant("~" + context_.keys.base() + "*"));
  } else if (right == Right::kCommand) {
    // Without it the others cannot be tried without a trace.
    return Bad("the user may not SET, and perhaps more: " + Grant("+set") + ", and check again");
  }
  if (set.IsError()) return Bad("does not take a key: " + set.text);
  // Neither needs another right.
  const std::string sha = Ask({"SCRIPT", "LOAD", kTrialScript}).text;
  for (const Args& call : {Args{"EVAL", "return 1", "1", key}, Args{"EVALSHA", sha, "1", key}}) {
    if (RightOf(Ask(call)) == Right::kYes) continue;
    return Bad("the user may not " + call.front() + ": " + Grant("+" + Lower(call.front())));
  }
  TryAll(sha);
  Ask({"DEL", key});
}

void RedisServerCheck::TryAll(const std::string& sha) {
  const std::string key = KeyPrefix() + context_.name;
  std::vector<std::string> refused;
  std::vector<std::string> rights;
  std::vector<std::string> commands = redis::CommandsOf(context_.scripts);
  // Besides what scripts use: the inbox and the event log are read directly.
  commands.emplace_back("XRANGE");
  for (const std::string& command : commands) {
    const auto trial = redis::TrialOf(command, key, context_.keys.RoomChannel(context_.name));
    if (!trial) continue;
    Args args = {"EVALSHA", sha, "1", key};
    args.insert(args.end(), trial->begin(), trial->end());
    const Reply reply = Ask(args);
    // Channels are tried on their own.
    if (RightOf(reply) != Right::kCommand) continue;
    refused.push_back(command);
    rights.push_back("+" + Lower(command));
  }
  if (refused.empty()) {
    return Ok("the user may do what scripts do (" + std::to_string(commands.size()) + " commands)");
  }
  Bad("the user may not " + Joined(refused, ", ") +
      ", without which scripts fail half-way: " + Grant(Joined(rights, " ")));
}

void RedisServerCheck::Channels() {
  redis::RedisTalk listener(context_.loop, context_.resolver,
                            ForTalk(context_, redis::RedisConnection::Mode::kSubscriber));
  if (const auto opened = listener.Open(server_); !opened) {
    return Bad("a second connection, to listen, does not come up: " + opened.error().detail);
  }
  const std::string base = context_.keys.base();
  const std::string grant = Grant("+subscribe +publish &" + base + "*");
  for (const std::string& channel :
       {context_.keys.InboxChannel(context_.name), context_.keys.NodeChannel(context_.name),
        context_.keys.RoomChannel(context_.name), base + "channel:ping:" + context_.name}) {
    listener.Say({"SUBSCRIBE", channel});
    const auto answer = listener.NextPush(context_.options.command_timeout);
    if (!answer || answer->IsError()) {
      return Bad("the user may not listen to " + channel + ": " + grant);
    }
    const Reply sent = Ask({"PUBLISH", channel, "x"});
    if (RightOf(sent) != Right::kYes) {
      return Bad("the user may not publish to " + channel + ": " + grant);
    }
    const auto message = listener.NextPush(kMessagePatience);
    if (!message || message->elements.size() != 3 || message->elements[2].text != "x") {
      return Bad("what is published on " + channel + " is not heard: is there a proxy in between?");
    }
  }
  Ok("published messages are heard");
}

void RedisServerCheck::Events() {
  if (!context_.config.expiry_hints) return;  // --expiry sweep: nobody listens to them
  const std::string channel =
      "__keyevent@" + std::to_string(context_.config.redis->database) + "__:expired";
  redis::RedisTalk listener(context_.loop, context_.resolver,
                            ForTalk(context_, redis::RedisConnection::Mode::kSubscriber));
  if (!listener.Open(server_)) return;  // said by Channels
  listener.Say({"SUBSCRIBE", channel});
  const auto answer = listener.NextPush(context_.options.command_timeout);
  if (!answer || answer->IsError()) {
    return Bad("the user may not listen to " + channel +
               ", which the relay asks for: " + Grant("&__keyevent@*"));
  }
  if (!shard_) return;
  const std::string key = KeyPrefix() + context_.name + ":expires";
  if (Ask({"SET", key, "", "PX", "1"}).IsError()) return;  // said by Commands
  const auto end = context_.loop.Now() + kMessagePatience;
  bool gone = false;
  while (context_.loop.Now() < end && !lost_) {
    // A key that is over is deleted, and told of, at the latest when somebody asks for it.
    gone = gone || Ask({"EXISTS", key}).integer == 0;
    const auto told = listener.NextPush(gone ? kMessagePatience : milliseconds(2));
    if (told && told->elements.size() == 3 && told->elements[2].text == key) {
      return Ok("tells of keys that expire");
    }
    if (gone && !told) break;
  }
  Warn(
      "tells nothing of keys that expire, so that ends wait for the next sweep (0.1 s): CONFIG SET "
      "notify-keyspace-events Ex");
}

void RedisServerCheck::Prefix() {
  const std::string name = context_.config.redis_prefix;
  const Reply id = Ask({"GET", KeyPrefix() + "store"});
  if (id.ErrorCode() == "WRONGTYPE") {
    return Bad("--redis-prefix " + name + " holds something that is no relay's: take another one");
  }
  if (id.IsError()) return;  // said by Commands
  if (context_.keys.shards() == 1 &&
      Ask({"EXISTS", redis::RedisKeys(context_.keys.base(), true).Prefix(0) + "store"}).integer ==
          1) {
    return Warn("--redis-prefix " + name +
                " holds what a relay left here when this was a Cluster: take another one, or "
                "delete that");
  }
  if (id.IsNil()) return Ok("--redis-prefix " + name + " is free: no relay has used it");
  const auto& nodes = context_.scripts[static_cast<std::size_t>(redis::Step::kNodes)];
  const Reply list = Ask({"EVALSHA", nodes.sha, "1", KeyPrefix(), ""});
  std::vector<std::string> ids;
  for (const Reply& field : list.elements) {
    const auto parts = redis::ParseNetstrings(field.text);
    if (parts && parts->size() > 1) ids.emplace_back(parts->front());
  }
  if (std::find(ids.begin(), ids.end(), context_.config.node_id) != ids.end()) {
    return Warn("--node-id " + context_.config.node_id +
                " runs already: two nodes of one name take each other's place");
  }
  if (ids.empty())
    return Ok("--redis-prefix " + name + " was used by a relay that does not run now");
  Ok("--redis-prefix " + name + " is that of a relay of " + std::to_string(ids.size()) +
     (ids.size() == 1 ? " node: " : " nodes: ") + Joined(ids, ", "));
}

}  // namespace pairwire::server
