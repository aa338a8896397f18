// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The table of connections: who is told at the end of a turn, and that removing is safe at any
// time.
#include "signaling/server/connections.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace pairwire::server {
namespace {

class FakeConnection final : public Connection {
 public:
  FakeConnection(int& turn_ends, int& destroyed)
      : Connection(ConnectionKind::kWebSocket), turn_ends_(turn_ends), destroyed_(destroyed) {}
  ~FakeConnection() override { ++destroyed_; }
  void Drain(std::chrono::milliseconds /*window*/) override {}
  void Abort() override {}
  void OnTurnEnd() override { ++turn_ends_; }
  void OnDeadline() override {}

 private:
  int& turn_ends_;
  int& destroyed_;
};

TEST(ConnectionTableTest, OneThatIsRemovedHearsNoTurnEnd) {
  net::EventLoop loop;
  net::DeadlineWheel wheel(loop);
  ConnectionTable table(loop, wheel);
  int turn_ends = 0;
  int destroyed = 0;
  Connection& first = table.Add(std::make_unique<FakeConnection>(turn_ends, destroyed));
  Connection& second = table.Add(std::make_unique<FakeConnection>(turn_ends, destroyed));
  Connection& third = table.Add(std::make_unique<FakeConnection>(turn_ends, destroyed));
  loop.Post([&] {
    // This one runs before the burial that the removal posts, in the same turn.
    loop.Post([&] {
      table.MarkTurnEnd(second);
      table.MarkTurnEnd(third);
      table.MarkTurnEnd(third);
      table.Remove(second);
    });
    table.Remove(first);
    table.Remove(first);
  });
  table.SetOnEmpty([&] { loop.Stop(); });
  net::Alarm later(loop, [&] {
    EXPECT_EQ(turn_ends, 1);
    EXPECT_EQ(destroyed, 2);
    EXPECT_EQ(table.size(), 1U);
    table.AbortAll();
  });
  later.SetAt(loop.Now() + std::chrono::milliseconds(20));
  loop.Run();
  EXPECT_EQ(destroyed, 3);
}

}  // namespace
}  // namespace pairwire::server
