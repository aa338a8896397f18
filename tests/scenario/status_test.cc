// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Status against a real relay: who reads it, with the relay there, away and back; who reports it;
// the programs that do so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pairwire/network.h>
#include <pairwire/status.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/scenario/programs.h"
#include "tests/signaling/server/test_client.h"
#include "tests/support/fd_count.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

using events::DisplayState;
using server::testing::RawClient;
using server::testing::RequestText;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

std::uint16_t PortOf(const Relay& relay) { return static_cast<std::uint16_t>(relay.port()); }

Relay StatusRelay(const std::string& listen = "127.0.0.1:0") {
  return Relay(listen, {"--status", "--rate-limits", "off"});
}

// Displays that report once, all over one connection.
class Reports {
 public:
  explicit Reports(const Relay& relay) : connection_(PortOf(relay)) {}

  void Report(const std::string& id, const std::string& design, const std::string& status,
              int fps) {
    connection_.Send(RequestText("POST", "/api/sessions/register",
                                 R"({"displayId":")" + id + R"(","plain":true})",
                                 {{"Content-Type", "application/json"}}));
    const auto registered = connection_.ReadResponse();
    ASSERT_EQ(registered.status, 201) << registered.body;
    const std::string token = server::testing::JsonValue(registered.body, "displayToken");
    connection_.Send(
        RequestText("POST", "/api/displays/" + id + "/status",
                    R"({"status":")" + status + R"(","designId":")" + design +
                        R"(","metrics":{"fps":)" + std::to_string(fps) + "}}",
                    {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + token}}));
    ASSERT_EQ(connection_.ReadResponse().status, 204);
  }

 private:
  RawClient connection_;
};

// A client and all that it told.
struct Reader {
  StatusClient Start(Network& network, StatusOptions options) {
    StatusEvents on;
    on.on_report = [this](const DisplayReport& report) {
      reports.Update([&](auto& all) { all.push_back(report); });
    };
    on.on_round = [this](const StatusRound& round) {
      rounds.Update([&](auto& all) { all.push_back(round); });
    };
    on.on_file_error = [](const Error& error) { ADD_FAILURE() << error.detail; };
    auto client = StatusClient::Create(network, std::move(options), std::move(on));
    EXPECT_TRUE(client) << client.error().detail;
    return client ? std::move(*client) : StatusClient();
  }
  // The next report with this source, from where the last call stopped.
  std::optional<DisplayReport> Next(StatusSource source) {
    std::optional<DisplayReport> found;
    (void)reports.WaitUntil([&](const auto& all) {
      for (; next < all.size() && !found; ++next) {
        if (all[next].source == source) found = all[next];
      }
      return found.has_value();
    });
    return found;
  }

  Watched<std::vector<DisplayReport>> reports;
  Watched<std::vector<StatusRound>> rounds;
  std::size_t next = 0;
};

TEST(StatusClient, OfflineShowsTheLastKnown) {
  const TemporaryFolder folder;
  auto relay = std::make_unique<Relay>(StatusRelay());
  ASSERT_NE(relay->url(), "") << relay->process().errors();
  const std::string url = relay->url();
  Reports(*relay).Report("lobby", "spring", "degraded", 24);

  const auto network = Network::Create();
  ASSERT_TRUE(network);
  const StatusOptions options = {url, {"lobby"}, "", (folder / "status.json").string(), 1s};
  {
    Reader reader;
    const StatusClient client = reader.Start(**network, options);
    const auto first = reader.Next(StatusSource::kRelay);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->status, DisplayState::kDegraded);
    EXPECT_EQ(first->metrics.fps, 24);
    EXPECT_EQ(first->design_id, "spring");
    ASSERT_TRUE(first->age);

    relay->process().Signal(SIGKILL);
    relay->process().WaitForExit();
    const auto stale = reader.Next(StatusSource::kStale);
    ASSERT_TRUE(stale);
    EXPECT_EQ(stale->status, DisplayState::kDegraded) << "what was known last";
    EXPECT_EQ(stale->metrics.fps, 24);
    EXPECT_GE(*stale->age, *first->age);
    ASSERT_TRUE(reader.rounds.WaitUntil(
        [](const auto& all) { return !all.empty() && all.back().error.has_value(); }));
    EXPECT_EQ(reader.rounds.Get().back().error->code, Errc::kRelayUnreachable);
    EXPECT_EQ(reader.rounds.Get().back().tries, 4U);
  }

  // Another process's life: only the file knows.
  Reader reader;
  const StatusClient client = reader.Start(**network, options);
  const auto kept = reader.Next(StatusSource::kStale);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->status, DisplayState::kDegraded);
  EXPECT_EQ(kept->metrics.fps, 24);
  ASSERT_TRUE(kept->age);
  EXPECT_EQ(client.Last("lobby")->source, StatusSource::kStale);
  EXPECT_FALSE(client.Last("another"));

  relay = std::make_unique<Relay>(StatusRelay(url.substr(url.rfind('/') + 1)));
  ASSERT_NE(relay->url(), "") << relay->process().errors();
  Reports(*relay).Report("lobby", "spring", "online", 60);
  // The relay may have been asked before the display told it.
  std::optional<DisplayReport> back;
  do {
    back = reader.Next(StatusSource::kRelay);
  } while (back && back->status != DisplayState::kOnline);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->metrics.fps, 60);
}

TEST(StatusClient, AThousandDisplays) {
  const TemporaryFolder folder;
  const Relay relay = StatusRelay();
  ASSERT_NE(relay.url(), "");
  std::vector<std::string> ids;
  {
    Reports reports(relay);
    for (std::size_t i = 0; i < kMaxWatchedDisplays; ++i) {
      ids.push_back("wall-" + std::to_string(i));
      ASSERT_NO_FATAL_FAILURE(
          reports.Report(ids.back(), "wall", "online", 30 + static_cast<int>(i % 30)));
    }
  }
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  // One by one, and as a design; both keep the same file.
  for (const bool design : {false, true}) {
    StatusOptions options = {relay.url(), ids, "", (folder / "status.json").string(), 10min};
    if (design) {
      options.display_ids.clear();
      options.design_id = "wall";
    }
    Reader reader;
    const StatusClient client = reader.Start(**network, options);
    ASSERT_TRUE(reader.rounds.WaitUntil([](const auto& all) { return !all.empty(); }, 5min));
    const StatusRound round = reader.rounds.Get().front();
    EXPECT_FALSE(round.error) << round.error->detail;
    EXPECT_EQ(round.reports, kMaxWatchedDisplays);
    EXPECT_EQ(round.tries, design ? 1U : kMaxWatchedDisplays);
    const auto all = client.All();
    ASSERT_THAT(all, SizeIs(kMaxWatchedDisplays));
    for (const DisplayReport& report : all) {
      ASSERT_EQ(report.source, StatusSource::kRelay) << report.display_id;
      ASSERT_GE(report.metrics.fps.value_or(0), 30) << report.display_id;
    }
  }
  // The next process knows them all before it has asked anybody.
  Reader reader;
  StatusOptions away = {"http://127.0.0.1:1", ids, "", (folder / "status.json").string(), 10min};
  const StatusClient client = reader.Start(**network, away);
  EXPECT_TRUE(
      reader.reports.WaitUntil([](const auto& all) { return all.size() == kMaxWatchedDisplays; }));
}

TEST(StatusClient, RefusesWhatMakesNoSense) {
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  const auto code = [&](const StatusOptions& options) {
    const auto client = StatusClient::Create(**network, options, {});
    return client ? std::optional<Errc>() : client.error().code;
  };
  const std::string url = "http://127.0.0.1:1";
  EXPECT_EQ(code({"ftp://x", {"a"}, "", "", 30s}), Errc::kInvalidArgument);
  EXPECT_EQ(code({url, {}, "", "", 30s}), Errc::kInvalidArgument);
  EXPECT_EQ(code({url, {"a"}, "b", "", 30s}), Errc::kInvalidArgument);
  EXPECT_EQ(code({url, {""}, "", "", 30s}), Errc::kInvalidArgument);
  EXPECT_EQ(code({url, {std::string(65, 'a')}, "", "", 30s}), Errc::kInvalidArgument);
  EXPECT_EQ(code({url, {"a"}, "", "", 999ms}), Errc::kInvalidArgument);
  std::vector<std::string> many;
  for (std::size_t i = 0; i <= kMaxWatchedDisplays; ++i) many.push_back(std::to_string(i));
  EXPECT_EQ(code({url, many, "", "", 30s}), Errc::kLimitExceeded);
  StatusClient empty;
  EXPECT_FALSE(empty.Last("a"));
  EXPECT_TRUE(empty.All().empty());
  empty.Refresh();
}

TEST(StatusClient, MayBeEndedByItsOwnEvents) {
  const Relay relay = StatusRelay();
  ASSERT_NE(relay.url(), "");
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  for (const bool in_report : {true, false}) {
    auto client = std::make_unique<StatusClient>();
    Watched<int> events;
    StatusEvents on;
    const auto end = [&] {
      *client = StatusClient();
      events.Update([](int& n) { ++n; });
    };
    if (in_report) {
      on.on_report = [end](const DisplayReport&) { end(); };
    } else {
      on.on_round = [end](const StatusRound&) { end(); };
    }
    // Made on the loop, so that the handle is there before the first event.
    (*network)->Post([&] {
      auto made = StatusClient::Create(**network, {relay.url(), {"a", "b"}, "", "", 1s}, on);
      if (made) *client = std::move(*made);
    });
    ASSERT_TRUE(events.WaitUntil([](int n) { return n > 0; }));
    Watched<bool> done;
    (*network)->Post([&] { done.Set(true); });
    ASSERT_TRUE(done.WaitFor(true));
    EXPECT_EQ(events.Get(), 1);
  }
}

// H6 with a real relay: the session's word, the relay's when that is gone, and back.
TEST(DisplayWatch, FallsBackToTheRelayAndReturns) {
  const Relay relay = StatusRelay();
  ASSERT_NE(relay.url(), "");
  Reports(relay).Report("lobby", "", "online", 50);
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  Watched<std::vector<DisplayReport>> told;
  auto watch = DisplayWatch::Create(
      **network, {relay.url(), "lobby", "", 1s},
      [&](const DisplayReport& report) { told.Update([&](auto& all) { all.push_back(report); }); });
  ASSERT_TRUE(watch) << watch.error().detail;
  const auto last_is = [&](StatusSource source) {
    return told.WaitUntil(
        [&](const auto& all) { return !all.empty() && all.back().source == source; });
  };
  EXPECT_TRUE(last_is(StatusSource::kRelay));
  EXPECT_EQ(watch->Now().metrics.fps, 50);

  watch->OnState(SessionState::kConnected);
  events::DisplayStatus status;
  status.metrics = events::Metrics{60, {}, {}, {}};
  watch->OnEvent(status);
  EXPECT_TRUE(last_is(StatusSource::kSession));
  EXPECT_EQ(watch->Now().metrics.fps, 60);

  watch->OnState(SessionState::kReconnecting);
  EXPECT_TRUE(last_is(StatusSource::kRelay));
  EXPECT_EQ(watch->Now().metrics.fps, 50);

  watch->OnState(SessionState::kConnected);
  EXPECT_TRUE(last_is(StatusSource::kSession));
}

TEST(StatusReporter, HoldsNoConnection) {
  const Relay relay = StatusRelay();
  ASSERT_NE(relay.url(), "");
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  const StatusOptions lobby = {relay.url(), {"lobby"}, "", "", 1s};
  {
    // What the loop needs for its first call stays open.
    Reader reader;
    const StatusClient client = reader.Start(**network, lobby);
    ASSERT_TRUE(reader.rounds.WaitUntil([](const auto& all) { return !all.empty(); }));
  }
  const std::size_t before = OpenFdCount();
  {
    Watched<std::string> reporting;
    MonitorEvents on;
    on.on_reporting = [&](const std::string& id) { reporting.Set(id); };
    on.on_error = [](const Error& error) { ADD_FAILURE() << error.detail; };
    auto monitor = DisplayMonitor::Create(**network, {relay.url(), "lobby", "spring"}, on);
    ASSERT_TRUE(monitor) << monitor.error().detail;
    EXPECT_TRUE(reporting.WaitFor("lobby"));
    EXPECT_TRUE(WaitForFdCount(before));

    Reader reader;
    const StatusClient client = reader.Start(**network, lobby);
    std::optional<DisplayReport> report;
    do {
      report = reader.Next(StatusSource::kRelay);
    } while (report && report->status != DisplayState::kOnline);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->design_id, "spring");
    EXPECT_GT(report->metrics.memory_mb.value_or(0), 1);
  }
  // The display said that it goes.
  Reader reader;
  const StatusClient client = reader.Start(**network, lobby);
  const auto gone = reader.Next(StatusSource::kRelay);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->status, DisplayState::kOffline);
  EXPECT_TRUE(gone->age) << "it is known that it was there";
}

TEST(DisplayMonitor, TellsFramesPathAndSteps) {
  const auto network = Network::Create();
  ASSERT_TRUE(network);
  Watched<std::vector<Event>> told;
  MonitorEvents on;
  on.on_event = [&](const Event& event) { told.Update([&](auto& all) { all.push_back(event); }); };
  auto monitor = DisplayMonitor::Create(**network, {"", "", "spring"}, on);
  ASSERT_TRUE(monitor);
  for (int i = 0; i < 10; ++i) monitor->FrameShown();
  monitor->FrameShown(20ms);
  monitor->FrameShown(kLateFrame);
  monitor->FrameDropped();
  monitor->SetStep(events::LifecycleStep::kPaired, "a controller came");
  monitor->SetStep(events::LifecycleStep::kPaired, "a controller came");
  // The frames since the start; how late the latest was, of each period, which may end in between.
  ASSERT_TRUE(told.WaitUntil([](const auto& all) {
    bool whole = false;
    bool worst = false;
    for (const Event& event : all) {
      const auto* health = std::get_if<events::DisplayHealth>(&event);
      if (health == nullptr) continue;
      whole = health->frames_shown == 12 && health->frames_late == 1 && health->frames_dropped == 1;
      worst = worst || health->worst_late_us == 20'000;
    }
    return whole && worst;
  }));
  SessionPath relayed;
  relayed.relayed = true;
  monitor->SetPath(relayed);
  monitor->SetLatency(12'345us);
  ASSERT_TRUE(told.WaitUntil([](const auto& all) {
    for (const Event& event : all) {
      const auto* status = std::get_if<events::DisplayStatus>(&event);
      if (status != nullptr && status->status == DisplayState::kDegraded &&
          status->metrics->latency_ms == 12) {
        return true;
      }
    }
    return false;
  }));
  int steps = 0;
  for (const Event& event : told.Get())
    steps += std::holds_alternative<events::DisplayLifecycle>(event);
  EXPECT_EQ(steps, 1);
  EXPECT_THAT(monitor->Current(), SizeIs(3));
  EXPECT_FALSE(DisplayMonitor::Create(**network, {"ftp://x", "", ""}, {}));
  EXPECT_FALSE(DisplayMonitor::Create(**network, {"", std::string(65, 'a'), ""}, {}));
}

std::unique_ptr<Program> StartStatus(std::vector<std::string> more) {
  std::vector<std::string> arguments = {std::string(PAIRWIRE_BIN_DIR) + "/pairwire-controller",
                                        "status"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return std::make_unique<Program>(std::move(arguments));
}

TEST(StatusPrograms, ReportAndShow) {
  const TemporaryFolder folder;
  auto relay = std::make_unique<Relay>(StatusRelay());
  ASSERT_NE(relay->url(), "");
  const std::string url = relay->url();
  const auto display =
      StartDisplay(url, {"--report-status", "--display-id", "lobby", "--design", "spring"});
  EXPECT_EQ(display->Event("reporting").value("displayId", ""), "lobby") << display->Said();
  const std::string file = (folder / "status.json").string();
  // From its first second on until it is there.
  const auto watch =
      StartStatus({"--relay", url, "--display", "lobby", "--interval", "1", "--json"});
  Json seen;
  do {
    seen = watch->Event("status");
  } while (!seen.is_null() && seen.value("status", "") != "online");
  EXPECT_EQ(seen.value("designId", ""), "spring") << watch->Said();
  EXPECT_EQ(seen.value("source", ""), "relay");
  EXPECT_TRUE(seen.contains("metrics") && seen["metrics"].contains("memoryMb")) << seen;
  watch->process().Signal(SIGTERM);
  EXPECT_EQ(watch->process().WaitForExit(), 0);

  const auto by_design =
      StartStatus({"--relay", url, "--design", "spring", "--file", file, "--once", "--json"});
  EXPECT_EQ(by_design->process().WaitForExit(), 0) << by_design->Said();
  ASSERT_THAT(by_design->Events("status"), SizeIs(1)) << by_design->Said();
  EXPECT_EQ(by_design->Events("status")[0].value("displayId", ""), "lobby");

  display->process().Signal(SIGTERM);
  EXPECT_EQ(display->process().WaitForExit(), 0);
  relay.reset();
  const auto later = StartStatus({"--relay", url, "--display", "lobby", "--file", file, "--once"});
  EXPECT_EQ(later->process().WaitForExit(), 1) << "the relay did not answer";
  EXPECT_THAT(later->Said(), HasSubstr("lobby  online"));
  EXPECT_THAT(later->Said(), HasSubstr("last known"));
}

TEST(StatusPrograms, WrongUsageIsOneLine) {
  const std::string url = "http://127.0.0.1:1";
  const std::vector<std::vector<std::string>> wrong = {
      {"--relay", url},
      {"--relay", "nowhere", "--display", "a"},
      {"--relay", url, "--display", "a", "--design", "b"},
      {"--relay", url, "--display", "a", "--interval", "0"},
      {"--relay", url, "--display", std::string(65, 'a')},
      {"--display", "a"},
  };
  for (const auto& arguments : wrong) {
    const auto program = StartStatus(arguments);
    EXPECT_EQ(program->process().WaitForExit(), 2) << program->Said();
    const std::string errors = program->process().errors();
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
  const auto display = StartDisplay(url, {"--display-id", "a"});
  EXPECT_EQ(display->process().WaitForExit(), 2) << "an id without reports";
  const auto long_id = StartDisplay(url, {"--report-status", "--display-id", std::string(65, 'a')});
  EXPECT_EQ(long_id->process().WaitForExit(), 2);
}

TEST(StatusPrograms, ARelayWithoutStatusIsNamed) {
  const Relay relay("127.0.0.1:0");
  ASSERT_NE(relay.url(), "");
  const auto program = StartStatus({"--relay", relay.url(), "--display", "lobby", "--once"});
  EXPECT_EQ(program->process().WaitForExit(), 1);
  EXPECT_THAT(program->process().errors(), HasSubstr("--status"));
}

}  // namespace
}  // namespace pairwire::test
