// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/stage.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <random>
#include <tuple>
#include <utility>

#include "signaling/load/process_usage.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"

namespace pairwire::load {
namespace {

// Enough to keep a relay busy, few enough that none waits long for its turn.
constexpr std::size_t kConnectionsPerRelay = 16;
// Requests handed in at a time, so that none waits in the pool for its deadline.
constexpr std::size_t kRequestsUnderWay = 64;
constexpr std::size_t kSpareDescriptors = 64;

// The relay's URLs are paths, or absolute with --public-url; both become what stands behind the
// target's own path.
std::string PathOf(std::string_view url, const Target& target) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t slash = url.find('/', scheme + 3);
  url = slash == std::string_view::npos ? std::string_view("/") : url.substr(slash);
  if (!target.path.empty() && url.substr(0, target.path.size()) == target.path) {
    url.remove_prefix(target.path.size());
  }
  return std::string(url);
}

Error Refusal(const Response& response) {
  if (response.status == 0) return {Errc::kRelayUnreachable, "the relay does not answer"};
  const std::string code = ProblemCodeOf(response);
  std::string text = "the relay answered " + std::to_string(response.status);
  if (!code.empty()) text += " " + code;
  if (response.status == 429) text += ": start it with --rate-limits off";
  return {Errc::kRelayRefused, std::move(text)};
}

// Besides those that wait.
std::size_t OtherDescriptors(const Options& options) {
  return kSpareDescriptors + kConnectionsPerRelay * options.relays.size();
}

Result<void> RaiseDescriptorLimit(const Options& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::size_t wanted = options.displays;
  if (options.scenario == ScenarioName::kPairing || options.scenario == ScenarioName::kExpiry) {
    wanted = static_cast<std::size_t>(options.rate * options.seconds);
  }
  if (options.scenario == ScenarioName::kSignaling) wanted = 2 * options.pairs;
  wanted += OtherDescriptors(options);
  if (limit.rlim_cur != RLIM_INFINITY && wanted > limit.rlim_cur) {
    return Fail(Errc::kLimitExceeded,
                "this takes " + std::to_string(wanted) + " descriptors and the limit is " +
                    std::to_string(limit.rlim_cur) +
                    ": raise `ulimit -Hn`, ask for less (--as-many), or use more --processes");
  }
  return {};
}

Result<void> StayOn(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    return Fail(Errc::kInvalidArgument, "--cpu: there is no processor " + std::to_string(cpu));
  }
  return {};
}

// "relay", "message": "relayCpuUsPerMessage".
std::string CpuName(std::string_view process, std::string_view what) {
  std::string name(what);
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return std::string(process) + "CpuUsPer" + name;
}

}  // namespace

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::chrono::nanoseconds FromSeconds(double seconds) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(seconds));
}

std::string ProblemCodeOf(const Response& response) {
  const auto object = protocol::JsonObject::Parse(response.body, ResponseReader::kMaxBodyBytes);
  if (!object) return {};
  return object->String("code", 64).value_or(std::string());
}

std::size_t Stage::MostDisplays(const Options& options) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) {
    return kMaxDisplays;
  }
  const std::size_t others = OtherDescriptors(options);
  return limit.rlim_max > others ? limit.rlim_max - others : 1;
}

Stage::Stage(const Options& options)
    : options_(options), deadline_(Clock::now() + FromSeconds(options.deadline_seconds)) {}

Result<std::unique_ptr<Stage>> Stage::Create(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  if (auto raised = RaiseDescriptorLimit(options); !raised) {
    return tl::unexpected<Error>(raised.error());
  }
  if (options.cpu) {
    if (auto stays = StayOn(*options.cpu); !stays) return tl::unexpected<Error>(stays.error());
  }
  std::unique_ptr<Stage> stage(new Stage(options));
  for (const std::string& url : options.relays) {
    auto target = ParseTarget(url);
    if (!target) return tl::unexpected<Error>(target.error());
    stage->targets_.push_back(std::move(*target));
  }
  for (std::size_t i = 0; i < stage->targets_.size(); ++i) {
    stage->pools_.push_back(std::make_unique<HttpPool>(stage->reactor_, stage->targets_[i],
                                                       stage->source(i, 0), kConnectionsPerRelay));
  }
  for (const pid_t pid : options.relay_pids) {
    if (!CpuTimeOf(pid)) {
      return Fail(Errc::kInvalidArgument,
                  "--relay-pid: there is no process " + std::to_string(pid));
    }
  }
  for (const pid_t pid : options.bystander_pids) {
    if (!CpuTimeOf(pid)) {
      return Fail(Errc::kInvalidArgument,
                  "--bystander-pid: there is no process " + std::to_string(pid));
    }
  }
  for (std::size_t i = 0; i < stage->targets_.size(); ++i) {
    // Every connection of the pool once, so that they are no part of what is measured later.
    std::size_t answered = 0;
    bool all_ok = true;
    for (std::size_t n = 0; n < kConnectionsPerRelay; ++n) {
      stage->pool(i).Send({"GET", "/healthz", {}, {}, {}}, [&](const Response& response) {
        ++answered;
        all_ok = all_ok && response.ok();
      });
    }
    stage->RunUntil([&] { return answered == kConnectionsPerRelay; },
                    HttpPool::kDeadline + std::chrono::seconds(5));
    if (answered < kConnectionsPerRelay || !all_ok) {
      return Fail(Errc::kRelayUnreachable, options.relays[i] + " does not answer GET /healthz");
    }
  }
  return stage;
}

bool Stage::RunUntil(const std::function<bool()>& done, std::chrono::nanoseconds limit) {
  return reactor_.RunUntil(done, std::min(deadline_, Clock::now() + limit));
}

bool Stage::RunFor(std::chrono::nanoseconds duration) {
  const TimePoint end = Clock::now() + duration;
  reactor_.RunUntil([] { return false; }, std::min(deadline_, end));
  return Clock::now() >= end;
}

Response Stage::Call(std::size_t relay, const Request& request) {
  std::optional<Response> answer;
  pool(relay).Send(request, [&answer](Response response) { answer = std::move(response); });
  // The pool's own deadline comes first.
  reactor_.RunUntil([&] { return answer.has_value(); }, TimePoint::max());
  return std::move(*answer);
}

Result<void> Stage::Each(std::size_t count,
                         const std::function<void(std::size_t, HttpPool::Callback)>& send,
                         const std::function<Result<void>(std::size_t, const Response&)>& take) {
  std::size_t sent = 0;
  std::size_t answered = 0;
  std::optional<Error> error;
  while (answered < sent || (sent < count && !error)) {
    while (sent < count && !error && sent - answered < kRequestsUnderWay) {
      const std::size_t number = sent++;
      send(number, [&, number](const Response& response) {
        ++answered;
        auto taken = take(number, response);
        if (!taken && !error) error = std::move(taken.error());
      });
    }
    const std::size_t before = answered;
    // Every request has a deadline of its own, so this ends.
    reactor_.RunUntil([&] { return answered > before; }, TimePoint::max());
    if (Clock::now() > deadline_ && !error) error = Error{Errc::kTimedOut, "the run took too long"};
  }
  if (error) return tl::unexpected<Error>(std::move(*error));
  return {};
}

Request Stage::RegisterCall(std::string_view body) {
  return {"POST", "/api/sessions/register", {}, std::string(body), {}};
}

Request Stage::PairCall(const Display& display) {
  protocol::PairRequest request;
  request.code = display.code;
  request.meet = display.meet;
  return {"POST", "/api/sessions/pair", {}, protocol::ToJson(request), {}};
}

Result<Display> Stage::ReadDisplay(const Response& response, const Target& target) {
  if (response.status != 201) return tl::unexpected<Error>(Refusal(response));
  auto parsed = protocol::ParseRegisterResponse(response.body);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  Display display;
  display.session_id = std::move(parsed->session_id);
  display.display_id = std::move(parsed->display_id);
  display.code = std::move(parsed->code);
  display.token = std::move(parsed->display_token);
  display.events_path = PathOf(parsed->events_url, target);
  display.poll_path = PathOf(parsed->poll_url, target);
  return display;
}

Result<Controller> Stage::ReadController(const Response& response) {
  if (response.status != 200) return tl::unexpected<Error>(Refusal(response));
  auto parsed = protocol::ParsePairResponse(response.body);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  Controller controller;
  controller.id = std::move(parsed->controller_id);
  controller.token = std::move(parsed->controller_token);
  return controller;
}

Result<std::vector<Display>> Stage::Register(std::size_t count, std::string_view body) {
  return RegisterWhere(
      count, [body](std::size_t) { return std::string(body); },
      [this](std::size_t i) { return i % relay_count(); });
}

Result<std::vector<Display>> Stage::RegisterMeets(std::size_t count, std::size_t meets) {
  // Another run's names are others.
  const std::string run = std::to_string(std::random_device()());
  const auto name = [&run](std::size_t display, std::size_t number) {
    std::string text = run + "_" + std::to_string(display) + "_" + std::to_string(number);
    text.resize(protocol::kMeetBytes, '-');
    return text;
  };
  auto displays = RegisterWhere(
      count,
      [&](std::size_t i) {
        protocol::RegisterRequest request;
        request.codeless = true;
        for (std::size_t n = 0; n < meets; ++n) request.meets.push_back(name(i, n));
        return protocol::ToJson(request);
      },
      [this](std::size_t i) { return i % relay_count(); });
  if (!displays) return displays;
  for (std::size_t i = 0; i < count; ++i) (*displays)[i].meet = name(i, meets - 1);
  return displays;
}

Result<std::vector<Display>> Stage::RegisterAt(std::size_t relay, std::size_t count) {
  return RegisterWhere(
      count, [](std::size_t) { return std::string("{}"); }, [relay](std::size_t) { return relay; });
}

Result<std::vector<Display>> Stage::RegisterWhere(
    std::size_t count, const std::function<std::string(std::size_t)>& body,
    const std::function<std::size_t(std::size_t)>& relay) {
  std::vector<Display> displays(count);
  const auto done = Each(
      count,
      [&](std::size_t i, HttpPool::Callback answered) {
        pool(relay(i)).Send(RegisterCall(body(i)), std::move(answered));
      },
      [&](std::size_t i, const Response& response) -> Result<void> {
        auto display = ReadDisplay(response, target(relay(i)));
        if (!display) return tl::unexpected<Error>(display.error());
        displays[i] = std::move(*display);
        displays[i].relay = relay(i);
        return {};
      });
  if (!done) return tl::unexpected<Error>(done.error());
  return displays;
}

Result<Display> Stage::RegisterOne(std::string_view body) {
  auto displays = Register(1, body);
  if (!displays) return tl::unexpected<Error>(displays.error());
  return std::move(displays->front());
}

Result<std::vector<Controller>> Stage::Pair(const std::vector<Display>& displays) {
  std::vector<Controller> controllers(displays.size());
  const auto done = Each(
      displays.size(),
      [&](std::size_t i, HttpPool::Callback answered) {
        pool(other_relay(displays[i].relay)).Send(PairCall(displays[i]), std::move(answered));
      },
      [&](std::size_t i, const Response& response) -> Result<void> {
        auto controller = ReadController(response);
        if (!controller) return tl::unexpected<Error>(controller.error());
        controllers[i] = std::move(*controller);
        controllers[i].relay = other_relay(displays[i].relay);
        return {};
      });
  if (!done) return tl::unexpected<Error>(done.error());
  return controllers;
}

std::size_t Stage::End(const std::vector<Display>& displays) {
  std::size_t ended = 0;
  // A session that is over already is no reason to stop.
  std::ignore = Each(
      displays.size(),
      [&](std::size_t i, HttpPool::Callback answered) {
        pool(displays[i].relay)
            .Send({"DELETE", "/api/sessions/" + displays[i].session_id, displays[i].token, {}, {}},
                  std::move(answered));
      },
      [&](std::size_t, const Response& response) -> Result<void> {
        if (response.ok()) ++ended;
        if (response.status == 0) return Fail(Errc::kRelayUnreachable, "the relay is gone");
        return {};
      });
  return ended;
}

Spent Stage::Now() const {
  Spent spent;
  spent.when = Clock::now();
  for (const pid_t pid : options_.relay_pids) {
    spent.relays.push_back(CpuTimeOf(pid).value_or(std::chrono::nanoseconds(0)));
  }
  for (const pid_t pid : options_.bystander_pids) {
    spent.bystanders.push_back(CpuTimeOf(pid).value_or(std::chrono::nanoseconds(0)));
  }
  if (options_.redis_pid != 0) spent.redis = CpuTimeOf(options_.redis_pid);
  spent.own = OwnCpuTime();
  return spent;
}

std::optional<double> Stage::RelayBytes() const {
  double bytes = 0;
  for (const pid_t pid : options_.relay_pids) {
    const auto of_one = PrivateBytesOf(pid);
    if (!of_one) return std::nullopt;
    bytes += static_cast<double>(*of_one);
  }
  if (options_.relay_pids.empty()) return std::nullopt;
  return bytes;
}

void Stage::AddCpuPer(Report& report, std::string_view what, double count, const Spent& from,
                      const Spent& to) const {
  if (count <= 0) return;
  const auto each = [count](const auto& begin, const auto& end) {
    std::vector<double> costs;
    for (std::size_t i = 0; i < begin.size(); ++i) {
      costs.push_back(Seconds(end[i] - begin[i]) * 1e6 / count);
    }
    return costs;
  };
  report.Add(CpuName("relay", what), each(from.relays, to.relays));
  if (!from.bystanders.empty()) {
    report.Add(CpuName("bystander", what), each(from.bystanders, to.bystanders));
  }
  if (from.redis && to.redis) {
    report.Add(CpuName("redis", what), Seconds(*to.redis - *from.redis) * 1e6 / count);
  }
  report.Add(CpuName("load", what), Seconds(to.own - from.own) * 1e6 / count);
}

std::vector<double> Stage::RelayCpuPercent(const Spent& from, const Spent& to) const {
  std::vector<double> percent;
  for (std::size_t i = 0; i < from.relays.size(); ++i) {
    percent.push_back(100 * Seconds(to.relays[i] - from.relays[i]) / Seconds(to.when - from.when));
  }
  return percent;
}

}  // namespace pairwire::load
