// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Stream numbers: parity, lowest first, reuse, the end of the table.
#include "sctp/stream_ids.h"

#include <gtest/gtest.h>

namespace pairwire::sctp {
namespace {

TEST(StreamIdsTest, ClientTakesEvenServerOdd) {
  StreamIds client(true);
  EXPECT_EQ(client.Allocate(), StreamId{0});
  EXPECT_EQ(client.Allocate(), StreamId{2});
  StreamIds server(false);
  EXPECT_EQ(server.Allocate(), StreamId{1});
  EXPECT_EQ(server.Allocate(), StreamId{3});
  EXPECT_TRUE(server.IsOurs(StreamId{5}));
  EXPECT_FALSE(server.IsOurs(StreamId{4}));
}

TEST(StreamIdsTest, ReleasedNumbersComeBackLowestFirst) {
  StreamIds ids(true);
  for (int i = 0; i < 5; ++i) ids.Allocate();
  ids.Release(StreamId{6});
  ids.Release(StreamId{2});
  EXPECT_FALSE(ids.InUse(StreamId{2}));
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids.Allocate(), StreamId{2});
  EXPECT_EQ(ids.Allocate(), StreamId{6});
  EXPECT_EQ(ids.Allocate(), StreamId{10});
}

TEST(StreamIdsTest, ReleaseOfWhatIsFreeChangesNothing) {
  StreamIds ids(true);
  ids.Release(StreamId{0});
  ids.Release(StreamId{1});
  ids.Release(StreamId{65535});
  EXPECT_EQ(ids.size(), 0u);
  EXPECT_EQ(ids.Allocate(), StreamId{0});
  ids.Release(StreamId{0});
  ids.Release(StreamId{0});
  EXPECT_EQ(ids.Allocate(), StreamId{0});
  EXPECT_EQ(ids.Allocate(), StreamId{2});
}

TEST(StreamIdsTest, TheOtherEndsNumbersAreTakenOnce) {
  StreamIds ids(true);
  EXPECT_TRUE(ids.Take(StreamId{1}));
  EXPECT_FALSE(ids.Take(StreamId{1}));
  EXPECT_FALSE(ids.Take(StreamId{2}));      // ours to give
  EXPECT_FALSE(ids.Take(StreamId{65535}));  // RFC 8832 section 6
  EXPECT_TRUE(ids.InUse(StreamId{1}));
  ids.Release(StreamId{1});
  EXPECT_TRUE(ids.Take(StreamId{1}));
}

TEST(StreamIdsTest, EndsBeforeTheReservedNumber) {
  StreamIds even(true);
  StreamIds odd(false);
  int evens = 0;
  int odds = 0;
  while (even.Allocate()) ++evens;
  while (odd.Allocate()) ++odds;
  EXPECT_EQ(evens, 32'768);  // 0..65534
  EXPECT_EQ(odds, 32'767);   // 1..65533
  odd.Release(StreamId{65533});
  EXPECT_EQ(odd.Allocate(), StreamId{65533});
}

}  // namespace
}  // namespace pairwire::sctp
