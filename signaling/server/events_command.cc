// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/events_command.h"

#include <memory>
#include <utility>
#include <vector>

#include "signaling/core/random.h"
#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/protocol/json.h"
#include "signaling/redis/keys.h"
#include "signaling/redis/redis_client.h"
#include "signaling/redis/redis_registry.h"
#include "signaling/redis/scripts.h"
#include "signaling/store/executor.h"
#include "signaling/store/replay.h"

namespace pairwire::server {
namespace {

// A person looks on; a blocking read would hold up the connection's other answers.
constexpr std::chrono::milliseconds kFollowPause{200};
constexpr std::size_t kReadAtOnce = 500;

// One run of the command.
class EventsReader final : private redis::RedisClient::Events, private relay::Executor {
 public:
  EventsReader(const ServerConfig& config, const EventsRequest& request, const LineSink& print,
               const LineSink& complain, std::chrono::milliseconds patience)
      : request_(request),
        print_(print),
        complain_(complain),
        patience_(patience),
        keys_(config.redis_prefix + ":", config.redis->topology == redis::Topology::kCluster),
        after_(request.after),
        alarm_(loop_, [this] { OnAlarm(); }) {
    redis::RedisOptions options;
    options.url = *config.redis;
    options.tls = {config.redis_ca, config.redis_certificate_file, config.redis_key_file};
    options.client_name = "pairwire-relay-events";
    options.ping_channel = config.redis_prefix + ":channel:ping:";
    auto client = redis::MakeRedisClient(
        loop_, resolver_, std::move(options),
        [this](std::uint64_t bound) { return random_.NextUint64() % bound; },
        static_cast<redis::RedisClient::Events&>(*this));
    if (!client) {
      complain_("pairwire-relay: events: " + client.error().detail + "\n");
      return;
    }
    client_ = std::move(*client);
    runner_ = std::make_unique<redis::ScriptRunner>(*client_, static_cast<relay::Executor&>(*this),
                                                    keys_, redis::ScriptOptions());
    log_ = std::make_unique<redis::RedisEventLog>(*runner_, keys_);
  }
  ~EventsReader() {
    runner_.reset();
    if (client_) client_->Stop();
  }

  int Run() {
    if (!client_) return 1;
    give_up_ = loop_.Now() + patience_;
    alarm_.SetAt(give_up_);
    client_->Start();
    loop_.Run();
    return exit_code_;
  }

 private:
  void OnRedisUp() override { Read(); }
  void OnRedisDown(const Error& /*why*/) override {
    if (reached_ && request_.follow) return;
    give_up_ = loop_.Now() + patience_;
    alarm_.SetAt(give_up_);
  }
  void OnRedisMessage(std::string_view /*channel*/, std::string_view /*payload*/) override {}
  void Post(std::function<void()> task) override { loop_.Post(std::move(task)); }

  void Read() {
    if (std::exchange(reading_, true)) return;
    log_->Read(after_, kReadAtOnce, [this](auto events) {
      reading_ = false;
      OnEvents(std::move(events));
    });
  }

  void OnEvents(relay::StoreResult<std::vector<relay::LoggedEvent>> events) {
    if (!events) {
      // Lost on the way: OnRedisUp asks again. Refused: it would be again.
      if (client_->up() && !(reached_ && request_.follow))
        return End(1, "Redis refuses to be read");
      if (client_->up()) alarm_.SetAt(loop_.Now() + kFollowPause);
      return;
    }
    reached_ = true;
    for (const relay::LoggedEvent& event : *events) {
      after_ = event.cursor;
      if (request_.state) {
        state_.Apply(event);
      } else if (!print_(ToLine(event, request_.json))) {
        return End(0);
      }
    }
    if (!events->empty()) return Read();
    if (request_.follow) return alarm_.SetAt(loop_.Now() + kFollowPause);
    if (request_.state) print_(ToText(state_));
    End(0);
  }

  void OnAlarm() {
    if (client_->up()) return Read();
    if (reached_ && request_.follow) return;
    const std::string why = client_->health().last_error;
    End(1, "Redis is not reached" + (why.empty() ? "" : ": " + why));
  }

  void End(int exit_code, const std::string& why = {}) {
    exit_code_ = exit_code;
    if (!why.empty()) complain_("pairwire-relay: events: " + why + "\n");
    loop_.Stop();
  }

  const EventsRequest request_;
  const LineSink& print_;
  const LineSink& complain_;
  const std::chrono::milliseconds patience_;
  const redis::RedisKeys keys_;
  std::string after_;
  net::EventLoop loop_;
  net::Resolver resolver_{loop_};
  relay::SystemRandom random_;
  net::Alarm alarm_;
  std::unique_ptr<redis::RedisClient> client_;
  std::unique_ptr<redis::ScriptRunner> runner_;
  std::unique_ptr<redis::RedisEventLog> log_;
  relay::ReplayedState state_;
  net::EventLoop::TimePoint give_up_{};
  bool reading_ = false;
  bool reached_ = false;  // something was read
  int exit_code_ = 0;
};

}  // namespace

int RunEvents(const ServerConfig& config, const EventsRequest& request, const LineSink& print,
              const LineSink& complain, std::chrono::milliseconds patience) {
  return EventsReader(config, request, print, complain, patience).Run();
}

std::string ToLine(const relay::LoggedEvent& event, bool json) {
  const std::string at = protocol::FormatTime(event.at);
  if (json) {
    return protocol::JsonWriter()
               .Add("cursor", event.cursor)
               .Add("at", at)
               .Add("type", event.type)
               .AddIfSet("sessionId", event.session_id)
               .AddIfSet("memberId", event.member_id)
               .AddIfSet("role", event.role)
               .AddIfSet("nodeId", event.node_id)
               .AddIfSet("reason", event.reason)
               .Take() +
           "\n";
  }
  std::string line = at + " " + event.type;
  const auto add = [&line](const char* name, const std::string& value) {
    if (!value.empty()) line += std::string(" ") + name + "=" + relay::ShownId(value);
  };
  add("session", event.session_id);
  add("member", event.member_id);
  add("role", event.role);
  add("node", event.node_id);
  add("reason", event.reason);
  return line + "\n";
}

}  // namespace pairwire::server
