// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The status of displays and designs: what is kept, for how long, and what is refused.
#include "signaling/services/status.h"

#include <gtest/gtest.h>

#include "signaling/store/local_bus.h"
#include "signaling/store/memory_cache.h"
#include "tests/contract/manual_executor.h"

namespace pairwire::relay {
namespace {

using namespace std::chrono_literals;
using protocol::Outcome;
using protocol::ProblemCode;

class Status : public testing::Test {
 protected:
  template <typename T, typename Call>
  Outcome<T> Ask(Call call) {
    std::optional<Outcome<T>> answer;
    call([&](Outcome<T> outcome) { answer = std::move(outcome); });
    EXPECT_FALSE(answer) << "inside the call";
    executor_.Drain();
    EXPECT_TRUE(answer);
    return answer ? std::move(*answer) : protocol::Refuse(ProblemCode::kInternal);
  }
  Outcome<void> Report(const std::string& display, std::string_view body) {
    const auto status = ParseDisplayStatus(body);
    EXPECT_TRUE(status) << body;
    return Ask<void>([&](auto reply) { service_.Report(display, *status, now_, reply); });
  }
  Outcome<void> Heartbeat(const std::string& display) {
    return Ask<void>([&](auto reply) { service_.Heartbeat(display, now_, reply); });
  }
  std::string Display(const std::string& display) {
    return Ask<std::string>([&](auto reply) { service_.Display(display, now_, reply); }).value();
  }
  std::string Design(const std::string& design) {
    return Ask<std::string>([&](auto reply) { service_.Design(design, now_, reply); }).value();
  }

  TimePoint now_ = TimePoint{} + std::chrono::seconds(1'800'000'000);
  ManualExecutor executor_;
  MemoryCache cache_{executor_, [this] { return now_; }, 5'000};
  LocalBus bus_{executor_};
  StatusService service_{cache_, bus_};
};

TEST_F(Status, WhatADisplayReportsIsTold) {
  ASSERT_TRUE(Report("wall",
                     R"({"status":"online","designId":"d1","metrics":{"fps":59.94,"cpuPercent":12,)"
                     R"("memoryMb":512.5,"latencyMs":0,"other":"ignored"}})"));
  now_ += 1500ms;
  EXPECT_EQ(Display("wall"),
            R"({"displayId":"wall","status":"online","metrics":{"fps":59.94,"cpuPercent":12,)"
            R"("memoryMb":512.5,"latencyMs":0},"designId":"d1",)"
            R"("updatedAt":"2027-01-15T08:00:00.000Z","ageMs":1500})");
  ASSERT_TRUE(Report("wall", R"({"status":"degraded"})"));
  EXPECT_EQ(Display("wall"), R"({"displayId":"wall","status":"degraded",)"
                             R"("updatedAt":"2027-01-15T08:00:01.500Z","ageMs":0})");
}

TEST_F(Status, CachedThirtySeconds) {
  ASSERT_TRUE(Report("wall", R"({"status":"online"})"));
  now_ += 29'999ms;
  EXPECT_NE(Display("wall").find(R"("status":"online")"), std::string::npos);
  now_ += 1ms;
  EXPECT_EQ(Display("wall"), R"({"displayId":"wall","status":"offline"})");
  EXPECT_EQ(Display("never"), R"({"displayId":"never","status":"offline"})");
}

TEST_F(Status, HeartbeatsKeepWhatWasSaid) {
  ASSERT_TRUE(Report("wall", R"({"status":"degraded","designId":"d1","metrics":{"fps":3}})"));
  for (int i = 0; i < 10; ++i) {
    now_ += 20s;
    ASSERT_TRUE(Heartbeat("wall"));
  }
  const std::string json = Display("wall");
  EXPECT_NE(json.find(R"("status":"degraded","metrics":{"fps":3},"designId":"d1")"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("ageMs":200000)"), std::string::npos) << "since the report";
  EXPECT_NE(Design("d1").find(R"("online":1,"total":1)"), std::string::npos);
  // One that never reported, or was away, is online by its heartbeat.
  now_ += 60s;
  ASSERT_TRUE(Heartbeat("wall"));
  EXPECT_EQ(Display("wall"), R"({"displayId":"wall","status":"online"})");
}

TEST_F(Status, ADesignListsItsDisplays) {
  EXPECT_EQ(Design("d1"), R"({"designId":"d1","displays":[],"online":0,"total":0})");
  ASSERT_TRUE(Report("b", R"({"status":"online","designId":"d1"})"));
  ASSERT_TRUE(Report("c", R"({"status":"offline","designId":"d1"})"));
  ASSERT_TRUE(Report("x", R"({"status":"online","designId":"d2"})"));
  now_ += 20s;
  ASSERT_TRUE(Report("a", R"({"status":"degraded","designId":"d1"})"));
  std::string json = Design("d1");
  EXPECT_NE(json.find(R"("online":2,"total":3)"), std::string::npos) << json;
  EXPECT_LT(json.find(R"("displayId":"a")"), json.find(R"("displayId":"b")"));
  EXPECT_EQ(json.find(R"("displayId":"x")"), std::string::npos);
  // Silent for 30 s: offline, but listed for an hour.
  now_ += 10s;
  json = Design("d1");
  EXPECT_NE(json.find(R"({"displayId":"b","status":"offline")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("online":1,"total":3)"), std::string::npos) << json;
  now_ += 1h;
  EXPECT_NE(Design("d1").find(R"("online":0,"total":0)"), std::string::npos);
}

TEST_F(Status, DesignIsBounded) {
  for (std::size_t i = 0; i < StatusService::kMaxPerDesign + 50; ++i) {
    ASSERT_TRUE(Report("display-" + std::to_string(i), R"({"status":"online","designId":"d1"})"));
  }
  EXPECT_NE(Design("d1").find(R"("online":1000,"total":1000)"), std::string::npos);
  EXPECT_NE(Display("display-1049").find(R"("status":"online")"), std::string::npos);
}

TEST_F(Status, AFullCacheIsNotReady) {
  ManualExecutor executor;
  MemoryCache small(
      executor, [this] { return now_; }, 1);
  StatusService service(small, bus_);
  std::optional<ProblemCode> code;
  service.Report("a", {"online", "", {}, {}, {}, {}}, now_, [](auto) {});
  service.Report("b", {"online", "", {}, {}, {}, {}}, now_,
                 [&](Outcome<void> outcome) { code = outcome.error().code; });
  executor.Drain();
  EXPECT_EQ(code, ProblemCode::kNotReady);
}

TEST_F(Status, NothingIsAnsweredAfterTheEnd) {
  bool answered = false;
  auto service = std::make_unique<StatusService>(cache_, bus_);
  service->Display("a", now_, [&](auto) { answered = true; });
  service->Heartbeat("a", now_, [&](auto) { answered = true; });
  service.reset();
  executor_.Drain();
  EXPECT_FALSE(answered);
}

TEST(DisplayStatus, RefusesWhatIsNone) {
  for (const char* body :
       {"", "{}", "[]", R"({"status":1})", R"({"status":""})", R"({"status":"fine"})",
        R"({"status":"online","metrics":1})", R"({"status":"online","metrics":[]})",
        R"({"status":"online","metrics":{"fps":"60"}})",
        R"({"status":"online","metrics":{"fps":-1}})",
        R"({"status":"online","metrics":{"fps":1001}})",
        R"({"status":"online","metrics":{"latencyMs":1e400}})",
        R"({"status":"online","metrics":{"latencyMs":true}})",
        R"({"status":"online","designId":1})", R"({"status":"online","status":"online"})"}) {
    EXPECT_FALSE(ParseDisplayStatus(body)) << body;
  }
  EXPECT_FALSE(
      ParseDisplayStatus(R"({"status":"online","designId":")" + std::string(65, 'd') + "\"}"));
  EXPECT_TRUE(ParseDisplayStatus(R"({"status":"online","metrics":null,"designId":null})"));
}

// A node that heard something, as "topic payload".
class Watcher final : public NodeBusHandler {
 public:
  void OnFrames(std::string_view) override {}
  void OnTopic(std::string_view topic, std::string_view payload) override {
    heard.push_back(std::string(topic) + " " + std::string(payload));
  }
  void OnBusState(bool) override {}

  std::vector<std::string> heard;
};

TEST_F(Status, WatchersHear) {
  Watcher watcher;
  bus_.Attach("other", watcher);
  bus_.Subscribe("other", "display:wall");
  bus_.Subscribe("other", "design:d1");
  ASSERT_TRUE(Report("wall", R"({"status":"degraded","designId":"d1","metrics":{"fps":12}})"));
  ASSERT_TRUE(Report("door", R"({"status":"online","designId":"d1"})"));
  ASSERT_TRUE(Report("elsewhere", R"({"status":"online","designId":"d2"})"));
  const std::string wall =
      R"("data":{"displayId":"wall","status":"degraded","metrics":{"fps":12},"designId":"d1",)"
      R"("updatedAt":"2027-01-15T08:00:00.000Z","ageMs":0}})";
  ASSERT_EQ(watcher.heard.size(), 3U);
  EXPECT_EQ(watcher.heard[0],
            R"(display:wall {"type":"display:status","room":"display:wall",)" + wall);
  EXPECT_EQ(watcher.heard[1], R"(design:d1 {"type":"display:status","room":"design:d1",)" + wall);
  EXPECT_NE(watcher.heard[2].find(R"("displayId":"door")"), std::string::npos);
  // A heartbeat is a sign of life, with what was said last.
  now_ += 10s;
  ASSERT_TRUE(Heartbeat("wall"));
  ASSERT_EQ(watcher.heard.size(), 5U);
  EXPECT_NE(watcher.heard[3].find(R"("status":"degraded")"), std::string::npos);
  EXPECT_NE(watcher.heard[3].find(R"("ageMs":10000)"), std::string::npos) << watcher.heard[3];
  bus_.Detach("other");
}

TEST_F(Status, WatchersAreNotFlooded) {
  Watcher watcher;
  bus_.Attach("other", watcher);
  bus_.Subscribe("other", "display:wall");
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(Report("wall", R"({"status":"online"})"));
  EXPECT_EQ(watcher.heard.size(), static_cast<std::size_t>(StatusService::kToldPerDisplay.burst));
  // The next one after a while is heard again, and others never paid for it.
  now_ += 1s;
  ASSERT_TRUE(Report("wall", R"({"status":"degraded"})"));
  EXPECT_NE(watcher.heard.back().find("degraded"), std::string::npos);
  bus_.Subscribe("other", "display:door");
  ASSERT_TRUE(Report("door", R"({"status":"online"})"));
  EXPECT_NE(watcher.heard.back().find("door"), std::string::npos);
  bus_.Detach("other");
}

}  // namespace
}  // namespace pairwire::relay
