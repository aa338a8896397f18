// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/slot_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace pairwire::redis {
namespace {

using ::testing::ElementsAre;

const ServerAddress kAsked{"10.0.0.9", 7000};

Reply Read(std::string_view bytes) {
  ReplyReader reader;
  reader.Feed(bytes);
  auto reply = reader.Next();
  return reply && *reply ? std::move(**reply) : Reply();
}

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string Range(int first, int last, std::string_view host, int port) {
  return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*3\r\n" +
         Bulk(host) + ":" + std::to_string(port) + "\r\n" + Bulk("id");
}

// The values of CLUSTER KEYSLOT on Redis 7.0; the first is the check value of the specification.
TEST(Cluster, SlotMapVectors) {
  EXPECT_EQ(KeySlot("123456789"), 0x31C3 % kSlotCount);
  EXPECT_EQ(KeySlot(""), 0);
  EXPECT_EQ(KeySlot("foo"), 12182);
  EXPECT_EQ(KeySlot("bar"), 5061);
  EXPECT_EQ(KeySlot("hello"), 866);
  EXPECT_EQ(KeySlot("somekey"), 11058);
}

TEST(Cluster, HashTags) {
  EXPECT_EQ(KeySlot("{user1000}.following"), KeySlot("user1000"));
  EXPECT_EQ(KeySlot("pw:{07}:session:x"), KeySlot("07"));
  EXPECT_EQ(KeySlot("foo{{bar}}zap"), KeySlot("{bar"));
  EXPECT_EQ(KeySlot("foo{bar}{zap}"), KeySlot("bar"));
  // Without an inside or an end it is no tag.
  EXPECT_NE(KeySlot("foo{}{bar}"), KeySlot("bar"));
  EXPECT_NE(KeySlot("foo{bar"), KeySlot("bar"));
}

TEST(Cluster, ReadsClusterSlots) {
  const Reply reply = Read("*3\r\n" + Range(5461, 10922, "10.0.0.2", 7001) +
                           Range(0, 5460, "", 7000) + Range(10923, 16383, "node-3", 7002));
  const auto map = SlotMap::Parse(reply, kAsked);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->Unknown(), 0U);
  EXPECT_EQ(*map->MasterOf(0), (ServerAddress{"10.0.0.9", 7000}));
  EXPECT_EQ(*map->MasterOf(5460), (ServerAddress{"10.0.0.9", 7000}));
  EXPECT_EQ(*map->MasterOf(5461), (ServerAddress{"10.0.0.2", 7001}));
  EXPECT_EQ(*map->MasterOf(16383), (ServerAddress{"node-3", 7002}));
  EXPECT_THAT(map->Masters(),
              ElementsAre(ServerAddress{"10.0.0.9", 7000}, ServerAddress{"10.0.0.2", 7001},
                          ServerAddress{"node-3", 7002}));
}

TEST(Cluster, SlotsWithoutAMaster) {
  const auto map = SlotMap::Parse(Read("*1\r\n" + Range(1, 2, "a", 7000)), kAsked);
  ASSERT_TRUE(map.has_value());
  EXPECT_EQ(map->Unknown(), kSlotCount - 2U);
  EXPECT_EQ(map->MasterOf(0), nullptr);
  EXPECT_NE(map->MasterOf(2), nullptr);
}

TEST(Cluster, MovedSlotsForgetTheirMaster) {
  auto map = SlotMap::Parse(Read("*1\r\n" + Range(7, 7, "a", 7000)), kAsked);
  ASSERT_TRUE(map.has_value());
  ASSERT_TRUE(map->Move(7, {"b", 7001}));
  EXPECT_THAT(map->Masters(), ElementsAre(ServerAddress{"b", 7001}));
  for (std::size_t i = 2; i < SlotMap::kMaxMasters; ++i) {
    ASSERT_TRUE(map->Move(8, {"host", static_cast<std::uint16_t>(i)}));
  }
  EXPECT_FALSE(map->Move(8, {"one too many", 1}));
  EXPECT_TRUE(map->Move(8, {"a", 7000}));
}

TEST(Cluster, RefusesWhatIsNoSlotMap) {
  const std::string good = Range(0, 1, "a", 7000);
  for (const std::string& bytes : {
           std::string("+OK\r\n"),
           std::string("*1\r\n:1\r\n"),
           std::string("*1\r\n*0\r\n"),
           "*1\r\n" + Range(-1, 5, "a", 7000),
           "*1\r\n" + Range(5, 4, "a", 7000),
           "*1\r\n" + Range(0, 16384, "a", 7000),
           "*1\r\n" + Range(0, 1, "a", 0),
           "*1\r\n" + Range(0, 1, "a", 65536),
           "*2\r\n" + good + "*3\r\n:1\r\n:2\r\n*0\r\n",
           "*2\r\n" + good + "*3\r\n:1\r\n$1\r\n2\r\n*0\r\n",
       }) {
    EXPECT_FALSE(SlotMap::Parse(Read(bytes), kAsked).has_value()) << bytes;
  }
}

TEST(Cluster, Redirections) {
  const auto moved = ParseRedirection("MOVED 3999 127.0.0.1:6381", kAsked);
  ASSERT_TRUE(moved.has_value());
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->target, (ServerAddress{"127.0.0.1", 6381}));
  const auto ask = ParseRedirection("ASK 0 2001:db8::1:6381", kAsked);
  ASSERT_TRUE(ask.has_value());
  EXPECT_TRUE(ask->ask);
  EXPECT_EQ(ask->target, (ServerAddress{"2001:db8::1", 6381}));
  const auto unnamed = ParseRedirection("MOVED 1 :6382", kAsked);
  ASSERT_TRUE(unnamed.has_value());
  EXPECT_EQ(unnamed->target, (ServerAddress{"10.0.0.9", 6382}));
  for (const std::string_view text :
       {"ERR MOVED 1 a:1", "MOVED", "MOVED 1", "MOVED 16384 a:1", "MOVED x a:1", "MOVED 1 a",
        "MOVED 1 a:0", "MOVED 1 a:99999", "ASK -1 a:1", "TRYAGAIN x"}) {
    EXPECT_FALSE(ParseRedirection(text, kAsked).has_value()) << text;
  }
}

}  // namespace
}  // namespace pairwire::redis
