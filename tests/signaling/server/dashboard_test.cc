// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Grafana board against a relay that has done everything once: whatever a panel asks for exists
// under that name, with those labels, and the board leaves no metric out.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tests/signaling/server/test_client.h"
#include "tests/support/redis_server.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// Name -> labels, over all series. The parts of a histogram are series of their own.
using Series = std::map<std::string, std::set<std::string>>;

void AddLabels(const std::string& text, std::set<std::string>& labels) {
  static const std::regex label("([a-z_]+)(=~|=|!=)\"");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), label);
       it != std::sregex_iterator(); ++it) {
    labels.insert((*it)[1]);
  }
}

Series SeriesOf(const std::string& metrics) {
  Series series;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t end = line.find_first_of("{ ");
    AddLabels(line.substr(end, line.rfind('}') - end), series[line.substr(0, end)]);
  }
  return series;
}

// All that an expression asks for.
void AddWanted(const std::string& expression, Series& wanted) {
  static const std::regex metric("(pairwire_[a-z_]+)(\\{[^}]*\\})?");
  static const std::regex grouped("by \\(([a-z_, ]+)\\)");
  std::set<std::string> labels;
  for (auto it = std::sregex_iterator(expression.begin(), expression.end(), grouped);
       it != std::sregex_iterator(); ++it) {
    std::string list = (*it)[1];
    std::replace(list.begin(), list.end(), ',', ' ');
    std::istringstream words(list);
    for (std::string word; words >> word;) labels.insert(word);
  }
  for (auto it = std::sregex_iterator(expression.begin(), expression.end(), metric);
       it != std::sregex_iterator(); ++it) {
    auto& of_metric = wanted[(*it)[1]];
    of_metric.insert(labels.begin(), labels.end());
    AddLabels((*it)[2], of_metric);
  }
}

nlohmann::json Board() {
  std::ifstream in(PAIRWIRE_DASHBOARD);
  return nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
}

// One of everything that is counted only once it happened.
std::string MetricsOfABusyRelay() {
  ServerConfig config = TestConfig();
  config.limits.connections_per_ip = 8;
  config.limit_loopback = true;
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / ("relay_board_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "big.bin") << std::string(7'000'000, 'b');
  config.web_dir = folder.string();
  // 200 ms for that file, whose size buys it time (http_session.cc).
  config.timeouts.write =
      std::chrono::milliseconds(200) - std::chrono::seconds(7'000'000 / (16 * 1024));
  TestRelay relay(config);
  const Registered display = RegisterDisplay(relay.port());
  RawClient events = OpenEvents(relay.port(), display);
  PairController(relay.port(), display.code);
  PairController(relay.port(), "999999999");  // refused
  RawClient slow(relay.port(), 4096);
  slow.Send(RequestText("GET", "/big.bin"));
  std::vector<RawClient> many;  // more than the address may have
  for (int i = 0; i < 8; ++i) many.emplace_back(relay.port());
  many.back().WaitForEnd();
  many.clear();
  EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_slow_consumers_total", "kind=\"http\"",
                            [](double value) { return value >= 1; }));
  std::filesystem::remove_all(folder);
  return Request(relay.port(), "GET", "/metrics").body;
}

// What only a relay of several nodes measures.
std::string MetricsOfARelayOnRedis() {
  test::RedisServer redis;
  ServerConfig config = TestConfig();
  auto url = redis::ParseRedisUrl("redis://" + redis.Address());
  EXPECT_TRUE(url);
  if (url) config.redis = *url;
  TestRelay relay(config);
  EXPECT_TRUE(WaitForMetric(relay.port(), "pairwire_store_up", "",
                            [](double value) { return value == 1; }));
  RegisterDisplay(relay.port());
  return Request(relay.port(), "GET", "/metrics").body;
}

TEST(Dashboard, EveryMetricAndLabelExistsAndNoneIsLeftOut) {
  const nlohmann::json board = Board();
  ASSERT_TRUE(board.is_object());
  Series wanted;
  for (const auto& panel : board["panels"]) {
    ASSERT_FALSE(panel["targets"].empty()) << panel["title"];
    for (const auto& target : panel["targets"]) AddWanted(target["expr"], wanted);
  }
  for (const auto& variable : board["templating"]["list"]) {
    if (variable.contains("definition")) AddWanted(variable["definition"], wanted);
  }
  ASSERT_GT(wanted.size(), 20U);
  Series series = SeriesOf(MetricsOfABusyRelay());
  series.merge(SeriesOf(MetricsOfARelayOnRedis()));
  for (const auto& [name, labels] : wanted) {
    const auto found = series.find(name);
    ASSERT_NE(found, series.end()) << name << " is on the board but not measured";
    for (const std::string& label : labels) {
      EXPECT_TRUE(found->second.contains(label)) << name << " has no label " << label;
    }
  }
  static const std::regex part("_(bucket|sum|count)$");
  for (const auto& [name, labels] : series) {
    const std::string base = std::regex_replace(name, part, "");
    EXPECT_TRUE(wanted.contains(base) || wanted.contains(base + "_bucket"))
        << name << " is measured but not on the board";
  }
}

TEST(Dashboard, PanelsDoNotOverlap) {
  std::set<std::pair<int, int>> taken;
  std::set<int> ids;
  const nlohmann::json board = Board();
  for (const auto& panel : board["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second);
    const auto& at = panel["gridPos"];
    EXPECT_LE(at["x"].get<int>() + at["w"].get<int>(), 24);
    for (int x = at["x"]; x < at["x"].get<int>() + at["w"].get<int>(); ++x) {
      for (int y = at["y"]; y < at["y"].get<int>() + at["h"].get<int>(); ++y) {
        EXPECT_TRUE(taken.emplace(x, y).second) << panel["title"];
      }
    }
  }
}

}  // namespace
}  // namespace pairwire::server
