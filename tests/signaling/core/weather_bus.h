// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A bus with weather, seeded: what is sent comes late, twice, out of order or never, and links can
// be cut. The test carries it by calling Step.
#ifndef PAIRWIRE_TESTS_SIGNALING_CORE_WEATHER_BUS_H_
#define PAIRWIRE_TESTS_SIGNALING_CORE_WEATHER_BUS_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "signaling/store/node_bus.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

struct Weather {
  double loss = 0;
  double twice = 0;
  std::chrono::milliseconds delay_min{0};
  std::chrono::milliseconds delay_max{0};
  // True: what one node sends another keeps its order.
  bool in_order = true;
  // False: as in a cluster, nobody can tell whether somebody listens.
  bool counts_receivers = true;
};

class WeatherBus final : public NodeBus {
 public:
  explicit WeatherBus(std::uint64_t seed) : random_(seed) {}

  Weather weather;

  void Attach(const std::string& node_id, NodeBusHandler& handler) override {
    handlers_[node_id] = {&handler, ++attached_};
  }
  void Detach(const std::string& node_id) override { handlers_.erase(node_id); }
  void SendToNode(const std::string& from, const std::string& to, std::string bytes,
                  Sent done) override {
    ++payloads;
    if (done) ++counted;
    const auto sender = handlers_.find(from);
    Item item{from, sender == handlers_.end() ? 0 : sender->second.second, to, std::move(bytes),
              std::move(done)};
    if (Chance(weather.loss) || cut_.contains({from, to})) return;
    if (Chance(weather.twice)) {
      Item copy = item;
      copy.done = {};
      Put(std::move(copy));
    }
    Put(std::move(item));
  }
  void Subscribe(const std::string&, const std::string&) override {}
  void Unsubscribe(const std::string&, const std::string&) override {}
  void Publish(const std::string&, std::string) override {}

  void Cut(const std::string& a, const std::string& b, bool cut) {
    for (const auto& pair : {std::make_pair(a, b), std::make_pair(b, a)}) {
      if (cut) {
        cut_.insert(pair);
      } else {
        cut_.erase(pair);
      }
    }
  }
  // Carries the first that has arrived by now; false when there is none.
  bool Step(TimePoint now) {
    now_ = std::max(now_, now);
    if (items_.empty() || items_.begin()->first > now_) return false;
    const Item item = std::move(items_.begin()->second);
    items_.erase(items_.begin());
    const auto handler = handlers_.find(item.to);
    const int receivers = handler == handlers_.end() ? 0 : 1;
    if (receivers > 0) handler->second.first->OnFrames(item.bytes);
    const auto sender = handlers_.find(item.from);
    if (item.done && sender != handlers_.end() && sender->second.second == item.from_number) {
      item.done(weather.counts_receivers ? std::optional<int>(receivers) : std::nullopt);
    }
    return true;
  }
  TimePoint Next() const { return items_.empty() ? TimePoint::max() : items_.begin()->first; }
  void SetNow(TimePoint now) { now_ = std::max(now_, now); }

  std::uint64_t payloads = 0;
  std::uint64_t counted = 0;  // of them those whose receivers somebody wants to know

 private:
  struct Item {
    std::string from;
    std::uint64_t from_number = 0;
    std::string to;
    std::string bytes;
    Sent done;
  };
  bool Chance(double share) {
    return share > 0 && std::uniform_real_distribution<>(0, 1)(random_) < share;
  }
  void Put(Item item) {
    std::uniform_int_distribution<std::int64_t> delay(weather.delay_min.count(),
                                                      weather.delay_max.count());
    TimePoint at = now_ + std::chrono::milliseconds(delay(random_));
    TimePoint& last = last_[{item.from, item.to}];
    if (weather.in_order) at = std::max(at, last);
    last = std::max(at, last);
    items_.emplace(at, std::move(item));
  }

  std::mt19937_64 random_;
  TimePoint now_{};
  std::uint64_t attached_ = 0;
  std::map<std::string, std::pair<NodeBusHandler*, std::uint64_t>> handlers_;
  std::multimap<TimePoint, Item> items_;
  std::map<std::pair<std::string, std::string>, TimePoint> last_;
  std::set<std::pair<std::string, std::string>> cut_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_SIGNALING_CORE_WEATHER_BUS_H_
