// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/ready_watch.h"

#include <gtest/gtest.h>

namespace pairwire::server {
namespace {

using std::chrono::milliseconds;

const ReadyWatch::Time kStart = ReadyWatch::Time() + std::chrono::hours(1);

std::string Ready(const std::string& id) {
  return R"({"controllerId":")" + id + R"(","name":"x"})";
}

TEST(ReadyWatch, EitherMayComeFirstAndCountsOnce) {
  ReadyWatch watch;
  EXPECT_FALSE(watch.OnPaired("c_1", kStart));
  EXPECT_EQ(watch.OnReady(Ready("c_1"), kStart + milliseconds(3)), milliseconds(3));
  EXPECT_FALSE(watch.OnReady(Ready("c_1"), kStart + milliseconds(9)));
  EXPECT_FALSE(watch.OnReady(Ready("c_2"), kStart + milliseconds(5)));
  EXPECT_EQ(watch.OnPaired("c_2", kStart + milliseconds(1)), milliseconds(4));
  EXPECT_FALSE(watch.OnPaired("c_2", kStart));
}

TEST(ReadyWatch, WhatHappensElsewhereIsForgotten) {
  ReadyWatch watch;
  EXPECT_FALSE(watch.OnPaired("c_first", kStart));
  for (std::size_t i = 0; i < ReadyWatch::kRemembered; ++i) {
    EXPECT_FALSE(watch.OnPaired("c_other" + std::to_string(i), kStart));
  }
  EXPECT_FALSE(watch.OnReady(Ready("c_first"), kStart));
  EXPECT_TRUE(watch.OnReady(Ready("c_other31"), kStart));
}

}  // namespace
}  // namespace pairwire::server
