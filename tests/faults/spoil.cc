// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/spoil.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace pairwire::faults {
namespace {

using Key = std::pair<std::string, std::uint64_t>;  // sender, number

// What lies in a history, by the places of its lines.
struct Index {
  explicit Index(const History& history) {
    for (std::size_t at = 0; at < history.size(); ++at) {
      const Line& line = history[at];
      const Key own{line.who, line.number};
      if (line.what == What::kSent) socket[own] = line.socket;
      if (line.what == What::kAcked) acked[own] = at;
      if (line.what == What::kOpened) nodes[line.who].insert(line.detail);
      if (line.what == What::kLost) lost.insert({line.who, line.socket});
      if (line.what == What::kNodeDied || line.what == What::kCutOff) down.insert(line.who);
      if (line.what == What::kGot) ++arrivals[{OtherEnd(line.who), line.number}];
      if (line.what == What::kUserLeft || line.what == What::kUnauthorized ||
          line.what == What::kResumeFailed ||
          (line.what == What::kTerminated && line.detail != "ended")) {
        told.insert(line.who);
        told.insert(OtherEnd(line.who));
      }
    }
  }

  std::map<Key, std::uint64_t> socket;
  std::map<Key, std::size_t> acked;
  std::map<Key, int> arrivals;
  std::set<std::pair<std::string, std::uint64_t>> lost;
  std::set<std::string> told;                          // whose losses may be excused
  std::map<std::string, std::set<std::string>> nodes;  // where each client was
  std::set<std::string> down;                          // nodes that were, at some time

  bool MayHearTwice(const std::string& who) const {
    const auto found = nodes.find(who);
    return found != nodes.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [this](const std::string& node) { return down.contains(node); });
  }
};

}  // namespace

std::vector<Spoilt> SpoilEach(const History& good, std::size_t stride) {
  const Index index(good);
  std::vector<Spoilt> all;
  std::map<std::string, std::size_t> counted;
  const auto add = [&](const std::string& how, std::size_t at, auto change) {
    if (counted[how]++ % stride != 0) return;
    Spoilt spoilt{how + " " + ToText(History{good[at]}), good};
    change(spoilt.history);
    all.push_back(std::move(spoilt));
  };
  const auto place = [](History& history, std::size_t at) {
    return history.begin() + static_cast<std::ptrdiff_t>(at);
  };
  // The last arrival that came from the same socket.
  std::map<std::pair<std::string, std::uint64_t>, std::size_t> before;
  for (std::size_t at = 0; at < good.size(); ++at) {
    const Line& line = good[at];
    const auto drop = [&, at](History& history) { history.erase(place(history, at)); };
    const auto twice = [&, at](History& history) {
      history.insert(place(history, at + 1), history[at]);
    };
    if (line.what == What::kAcked || line.what == What::kFailed) {
      const bool lost = index.lost.contains({line.who, line.socket});
      if (!lost) add("dropped", at, drop);
      add("doubled", at, twice);
    }
    if (line.what == What::kTerminated || line.what == What::kUserLeft) add("doubled", at, twice);
    if (line.what != What::kGot) continue;
    const Key text{OtherEnd(line.who), line.number};
    const auto acked = index.acked.find(text);
    const bool once = index.arrivals.at(text) == 1;
    if (acked != index.acked.end() && once && !index.told.contains(line.who)) {
      add("dropped", at, drop);
    }
    if (!index.MayHearTwice(line.who)) {
      add("doubled", at, [&, at](History& history) {
        Line copy = history[at];
        copy.detail += "9999";  // a number that no delivery has
        history.insert(place(history, at + 1), std::move(copy));
      });
    }
    if (!once) continue;
    const auto [last, first] = before.try_emplace({line.who, index.socket.at(text)}, at);
    if (!first) {
      add("swapped", at, [&, at, with = last->second](History& history) {
        std::swap(history[at], history[with]);
      });
      last->second = at;
    }
  }
  return all;
}

}  // namespace pairwire::faults
