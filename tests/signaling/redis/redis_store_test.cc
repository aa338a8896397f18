// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is the Redis store's own: keys and their terms, messages that were missed, scripts that were
// lost, what several nodes see of one another.
#include <gmock/gmock.h>

#include "tests/signaling/redis/redis_store_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis::testing {
namespace {

TEST(RedisKeys, AreEncoded) { EXPECT_EQ(EncodeId("room: {x}%é"), "room%3A%20%7Bx%7D%25%C3%A9"); }

}  // namespace
}  // namespace pairwire::redis::testing
