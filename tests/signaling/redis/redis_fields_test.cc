// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Keys, shards and answers of Redis, without a server.
#include <gmock/gmock.h>

#include "signaling/redis/fields.h"
#include "signaling/redis/keys.h"

namespace pairwire::redis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RedisKeys, IdsAreEncoded) {
  EXPECT_EQ(EncodeId("Az09_.~-"), "Az09_.~-");
  EXPECT_EQ(EncodeId("room: {x}%\xC3"), "room%3A%20%7Bx%7D%25%C3");
}

TEST(RedisKeys, ACodeLeadsToTheShardOfItsSession) {
  const RedisKeys keys("pw:", true);
  ASSERT_EQ(keys.shards(), kClusterShards);
  EXPECT_EQ(keys.Prefix(7), "pw:{07}:");
  EXPECT_EQ(keys.ShardWithPrefix("pw:{15}:"), 15u);
  EXPECT_EQ(keys.ShardWithPrefix("pw:{16}:"), std::nullopt);
  std::uint64_t random = 88'172'645'463'325'252U;
  for (int i = 0; i < 1000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    const std::size_t shard = static_cast<std::size_t>(i) % keys.shards();
    const std::string draw = keys.Draw(random, shard);
    ASSERT_EQ(draw.size(), 9u);
    for (const std::size_t length : {4u, 5u, 6u, 9u}) {
      EXPECT_EQ(keys.ShardOfCode(draw.substr(9 - length)), shard);
    }
  }
  EXPECT_EQ(RedisKeys("pw:", false).Draw(1'234'567'891'234U, 0), "567891234");
}

TEST(RedisFields, NetstringsAreReadToTheirEndOrNotAtAll) {
  EXPECT_THAT(*ParseNetstrings("3:a:c0:2:xy"), ElementsAre("a:c", "", "xy"));
  EXPECT_THAT(*ParseNetstrings(""), IsEmpty());
  for (const char* wrong : {"3", ":", "x:a", "-1:a", "4:abc", "3:abc1", "99999999999999999999:a",
                            "18446744073709551615:a"}) {
    EXPECT_FALSE(ParseNetstrings(wrong)) << wrong;
  }
}

// As lib.lua packs them.
std::string Packed(const std::vector<std::string>& parts) {
  std::string bytes;
  for (const std::string& part : parts) AppendNetstring(part, bytes);
  return bytes;
}

TEST(RedisFields, SeatsAreReadAllOrNotAtAll) {
  const std::string one = Packed({"a", "3", "u1", "user", "Name: one"});
  const std::string two = Packed({"", "14", "u2", "controller", ""});
  const auto seats = ParseSeats(one + two);
  ASSERT_TRUE(seats);
  EXPECT_THAT(*seats,
              ElementsAre(relay::Present{{"", "u1", relay::Role::kUser, "Name: one", ""}, {"a", 3}},
                          relay::Present{{"", "u2", relay::Role::kController, "", ""}, {"", 14}}));
  EXPECT_THAT(*ParseSeats(""), IsEmpty());
  EXPECT_FALSE(ParseSeats(one + two.substr(0, two.size() - 1)));
  EXPECT_FALSE(ParseSeats(one + Packed({"a", "3", "u1"})));
  EXPECT_FALSE(ParseSeats(Packed({"a", "x", "u1", "user", ""})));
  EXPECT_FALSE(ParseSeats(Packed({"a", "1", "u1", "king", ""})));
}

TEST(RedisFields, OneEntryMayTellSeveralMembers) {
  const auto entry = [](const std::string& kind, const std::string& member) {
    const std::string bytes = Packed({kind, "room", member, "hello", "", "", "", "b", "4", "4"});
    return ParseNodeMessages(*ParseNetstrings(bytes));
  };
  const auto one = entry("deliver", "u1");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].member_id, "u1");
  const auto each = entry(
      "deliver_each", Packed({"a", "3", "u1", "user", ""}) + Packed({"a", "9", "u2", "user", "x"}));
  ASSERT_EQ(each.size(), 2u);
  EXPECT_EQ(each[1].kind, relay::NodeMessage::Kind::kDeliver);
  EXPECT_EQ(each[1].session_id, "room");
  EXPECT_EQ(each[1].member_id, "u2");
  EXPECT_EQ(each[1].text, "hello");
  EXPECT_EQ(each[1].epoch, 9u);
  EXPECT_EQ(each[1].place, (relay::Place{"a", 9}));
  EXPECT_THAT(entry("deliver_each", "3:abc"), IsEmpty());
  EXPECT_THAT(entry("of a newer version", "u1"), IsEmpty());
}

TEST(RedisFields, StrangeAnswersAreNoValues) {
  Reply text;
  text.type = Reply::Type::kString;
  text.text = "x";
  FieldReader number({text});
  EXPECT_EQ(number.Number(), 0u);
  EXPECT_FALSE(number.ok());
  FieldReader list({text});
  EXPECT_TRUE(list.List().AtEnd());
  EXPECT_FALSE(list.ok());
  FieldReader hash({text});
  EXPECT_EQ(hash.Hash(), std::nullopt);
  EXPECT_FALSE(hash.ok());
  FieldReader role({text});
  role.Role();
  EXPECT_FALSE(role.ok());
  FieldReader nothing(std::vector<Reply>{});
  EXPECT_EQ(nothing.Text(), "");
  EXPECT_FALSE(nothing.ok());
}

}  // namespace
}  // namespace pairwire::redis::testing
