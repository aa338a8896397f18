// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/delivery/session_checker.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace pairwire::test {
namespace {

Event Make(What what, int end, std::uint64_t number = 0, std::uint64_t last = 0,
           std::uint64_t hash = 0, std::uint64_t link = 0) {
  return {what, end, 0, number, last, hash, link};
}

// Two messages one way, one of them acknowledged, a new link between them, and a state.
History Good() {
  History history;
  history.window_ms = 1000;
  history.outbox_bytes = 100;
  history.outbox_messages = 10;
  history.state_bytes = 100;
  history.events = {Make(What::kLinkOpen, 0, 0, 0, 0, 1),
                    Make(What::kLinkOpen, 1, 0, 0, 0, 1),
                    Make(What::kSend, 0, 1, 0, 11),
                    Make(What::kDeliver, 1, 1, 0, 11, 1),
                    Make(What::kAcked, 0, 1),
                    Make(What::kLinkClose, 1, 0, 0, 0, 1),
                    Make(What::kLinkOpen, 1, 0, 0, 0, 2),
                    Make(What::kSend, 0, 2, 0, 12),
                    Make(What::kDeliver, 1, 2, 0, 12, 2),
                    Make(What::kBytes, 0, 100, 10, 100),
                    Make(What::kStateSet, 0, 5, 0, 51),
                    Make(What::kStateSet, 0, 5, 0, 52),
                    Make(What::kStateShown, 1, 5, 0, 52),
                    Make(What::kPending, 0, 2, 2),
                    Make(What::kPending, 1, 0, 0)};
  return history;
}

std::set<int> Found(const History& history) {
  std::set<int> invariants;
  for (const Breach& breach : CheckSession(history)) invariants.insert(breach.invariant);
  return invariants;
}

// The good record, after `change` of its events.
template <typename F>
std::set<int> With(F change) {
  History history = Good();
  change(history);
  return Found(history);
}

TEST(SessionChecker, AGoodRecordIsGood) {
  for (const Breach& breach : CheckSession(Good())) ADD_FAILURE() << breach.line;
}

TEST(SessionChecker, FindsEachBreach) {
  using H = History;
  using Set = std::set<int>;
  EXPECT_EQ(With([](H& h) { h.events[3].hash = 99; }), Set({1})) << "changed";
  EXPECT_EQ(With([](H& h) { h.events.erase(h.events.begin() + 3); }), Set({1, 4})) << "a gap";
  EXPECT_EQ(With([](H& h) { h.events.insert(h.events.begin() + 4, h.events[3]); }), Set({1, 2}))
      << "twice";
  EXPECT_EQ(With([](H& h) { h.events[13].number = 0, h.events[13].last = 0; }), Set({3}))
      << "an empty range";
  EXPECT_EQ(With([](H& h) { h.events[13].number = 1; }), Set({3})) << "acknowledged and pending";
  EXPECT_EQ(With([](H& h) { h.events.push_back(h.events[13]); }), Set({3})) << "two ranges";
  EXPECT_EQ(With([](H& h) { std::swap(h.events[3], h.events[4]); }), Set({4})) << "too early";
  EXPECT_EQ(With([](H& h) {
              h.events.insert(h.events.begin() + 8, Make(What::kEnded, 1, 2));
              h.events.insert(h.events.begin() + 8, Make(What::kOutage, 1));
              h.events[9].at_ms = 1000;
            }),
            Set({5, 7}));
  EXPECT_EQ(With([](H& h) { h.events[9].number = 101; }), Set({6}));
  EXPECT_EQ(With([](H& h) { h.events[9].last = 11; }), Set({6}));
  EXPECT_EQ(With([](H& h) { h.events[9].hash = 101; }), Set({6}));
  EXPECT_EQ(With([](H& h) { h.events[8].link = 1; }), Set({7})) << "the old link";
  EXPECT_EQ(With([](H& h) { h.events.erase(h.events.begin() + 5); }), Set({7})) << "two links";
  EXPECT_EQ(With([](H& h) {
              h.events.insert(h.events.begin() + 13, Make(What::kStateShown, 1, 5, 0, 51));
            }),
            Set({8}))
      << "backwards";
  EXPECT_EQ(With([](H& h) { h.events.push_back(Make(What::kEnded, 0, 4)); }), Set({9}));
  EXPECT_EQ(With([](H& h) { h.events.push_back(Make(What::kEnded, 0, 2)); }), Set({9}));
  EXPECT_EQ(With([](H& h) { h.events.push_back(Make(What::kEnded, 0, 1)); }), Set({9}));
  EXPECT_EQ(With([](H& h) { h.events.push_back(Make(What::kEnded, 0, 3)); }), Set({9}));
  EXPECT_EQ(With([](H& h) { h.rested = true; }), Set({9})) << "one is pending";
  EXPECT_EQ(With([](H& h) {
              h.rested = true;
              h.events.erase(h.events.begin() + 12);
              h.events.insert(h.events.begin() + 12, Make(What::kAcked, 0, 2));
              h.events[13] = Make(What::kPending, 0);
            }),
            Set({8}))
      << "the last value is not shown";
}

}  // namespace
}  // namespace pairwire::test
