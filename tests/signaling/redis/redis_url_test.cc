// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pairwire::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisUrl, Plain) {
  const auto url = ParseRedisUrl("redis://cache.internal");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->topology, Topology::kSingle);
  EXPECT_FALSE(url->tls);
  EXPECT_THAT(url->hosts, ElementsAre(ServerAddress{"cache.internal", 6379}));
  EXPECT_EQ(url->login, Login());
  EXPECT_EQ(url->database, 0);
}

TEST(RedisUrl, Everything) {
  const auto url = ParseRedisUrl("rediss://pair%2Fwire:p%40ss%3Aword@[2001:db8::1]:6380/7");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->login, (Login{"pair/wire", "p@ss:word"}));
  EXPECT_THAT(url->hosts, ElementsAre(ServerAddress{"2001:db8::1", 6380}));
  EXPECT_EQ(url->database, 7);
  EXPECT_EQ(Describe(*url), "rediss://[2001:db8::1]:6380/7");
}

TEST(RedisUrl, PasswordWithoutUser) {
  const auto url = ParseRedisUrl("redis://:secret@127.0.0.1:7000/");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->login, (Login{"", "secret"}));
}

TEST(RedisUrl, Sentinel) {
  const auto url = ParseRedisUrl(
      "redis+sentinel://u:p@s1,s2:27000,[::1]/mymaster/3?sentinel_user=su&sentinel_password=s%26p");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->topology, Topology::kSentinel);
  EXPECT_THAT(url->hosts, ElementsAre(ServerAddress{"s1", 26379}, ServerAddress{"s2", 27000},
                                      ServerAddress{"::1", 26379}));
  EXPECT_EQ(url->master_name, "mymaster");
  EXPECT_EQ(url->database, 3);
  EXPECT_EQ(url->login, (Login{"u", "p"}));
  EXPECT_EQ(url->sentinel_login, (Login{"su", "s&p"}));
  EXPECT_EQ(Describe(*url), "redis+sentinel://s1:26379,s2:27000,[::1]:26379/mymaster/3");
}

TEST(RedisUrl, Cluster) {
  const auto url = ParseRedisUrl("rediss+cluster://a:7000,b:7001,c:7002");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->topology, Topology::kCluster);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->hosts.size(), 3U);
}

TEST(RedisUrl, WhatIsWrongIsSaidWithoutThePassword) {
  std::string too_many = "redis+cluster://h";
  for (std::size_t i = 0; i < RedisUrl::kMaxHosts; ++i) too_many += ",h";
  for (const std::string& text : {
           std::string(),
           std::string("http://:hunter2@host"),
           std::string("redis:/:hunter2@host"),
           std::string("redis://"),
           std::string("redis://:hunter2@"),
           std::string("redis://hunter2@host"),
           std::string("redis://user:@host"),
           std::string("redis://user:hunter2%4@host"),
           std::string("redis://user:hunter2%zz@host"),
           std::string("redis://:hunter2@ho st"),
           std::string("redis://:hunter2@host:0"),
           std::string("redis://:hunter2@host:65536"),
           std::string("redis://:hunter2@host:"),
           std::string("redis://:hunter2@host:+1"),
           std::string("redis://:hunter2@[::1"),
           std::string("redis://:hunter2@[::1]x"),
           std::string("redis://:hunter2@::1"),
           std::string("redis://:hunter2@host/x"),
           std::string("redis://:hunter2@host/-1"),
           std::string("redis://:hunter2@host/1024"),
           std::string("redis://:hunter2@a,b"),
           std::string("redis://:hunter2@host?sentinel_password=x"),
           std::string("redis+sentinel://:hunter2@host"),
           std::string("redis+sentinel://:hunter2@host//1"),
           std::string("redis+sentinel://:hunter2@host/m?other=1"),
           std::string("redis+sentinel://:hunter2@host/m?sentinel_user=x"),
           std::string("redis+cluster://:hunter2@host/1"),
           std::string("redis+cluster://a,,b"),
           too_many,
           "redis://" + std::string(RedisUrl::kMaxBytes, 'a'),
       }) {
    const auto url = ParseRedisUrl(text);
    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_EQ(url.error().code, Errc::kInvalidArgument);
    EXPECT_FALSE(url.error().detail.empty());
    EXPECT_THAT(url.error().detail, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace pairwire::redis
