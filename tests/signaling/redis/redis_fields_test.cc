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
