// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NetworkChangeFilter on a virtual clock: when it looks, what it tells, what it keeps to itself.
#include "peer/net/network_change_filter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"

namespace pairwire::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const NetworkAddress kWifi{"wlan0", "192.0.2.7", true};
const NetworkAddress kCable{"eth0", "198.51.100.7", true};

class NetworkChangeFilterTest : public testing::Test, public NetworkEvents {
 protected:
  void OnNetworkChange(const NetworkSnapshot& before, const NetworkSnapshot& now) override {
    changes_.emplace_back(before, now);
    if (on_change_) on_change_();
  }

  Result<NetworkSnapshot> Read() {
    ++reads_;
    if (failures_ > 0) {
      --failures_;
      return Fail(Errc::kSystem, "no");
    }
    return network_;
  }

  test::ManualLoop loop_;
  NetworkSnapshot network_{kWifi};
  int reads_ = 0;
  int failures_ = 0;
  std::vector<std::pair<NetworkSnapshot, NetworkSnapshot>> changes_;
  std::function<void()> on_change_;
  std::unique_ptr<NetworkChangeFilter> filter_ = std::make_unique<NetworkChangeFilter>(
      loop_, *this, [this] { return Read(); }, network_);
};

TEST_F(NetworkChangeFilterTest, TellsBeforeAndNowOnceItIsQuiet) {
  network_ = {kCable, kWifi};
  filter_->Hint();
  loop_.RunFor(milliseconds(299));
  EXPECT_EQ(reads_, 0);
  loop_.RunFor(milliseconds(1));
  ASSERT_EQ(changes_.size(), 1U);
  EXPECT_EQ(changes_[0].first, NetworkSnapshot{kWifi});
  EXPECT_EQ(changes_[0].second, (NetworkSnapshot{kCable, kWifi}));
  EXPECT_EQ(filter_->now(), network_);
}

TEST_F(NetworkChangeFilterTest, ABurstIsOneChange) {
  for (int i = 0; i < 5; ++i) {
    filter_->Hint();
    loop_.RunFor(milliseconds(200));
  }
  network_ = {kCable};
  loop_.RunFor(milliseconds(99));
  EXPECT_EQ(reads_, 0);
  loop_.RunFor(milliseconds(1));
  EXPECT_EQ(reads_, 1);
  EXPECT_EQ(changes_.size(), 1U);
}

TEST_F(NetworkChangeFilterTest, WhatNeverComesToRestIsLookedAtEveryTwoSeconds) {
  for (int i = 0; i < 100; ++i) {
    network_ = {i % 2 == 0 ? kWifi : kCable};
    filter_->Hint();
    loop_.RunFor(milliseconds(100));
  }
  // 10 s of hints; each wait begins with the first hint after a look, 100 ms later.
  EXPECT_GE(reads_, 4);
  EXPECT_LE(reads_, 5);
}

TEST_F(NetworkChangeFilterTest, NothingIsToldWhenNothingChanged) {
  filter_->Hint();
  loop_.RunFor(seconds(5));
  EXPECT_EQ(reads_, 1);
  EXPECT_TRUE(changes_.empty());
}

TEST_F(NetworkChangeFilterTest, ThereAndBackAgainWithinTheWaitIsNothing) {
  network_ = {};
  filter_->Hint();
  loop_.RunFor(milliseconds(100));
  network_ = {kWifi};
  filter_->Hint();
  loop_.RunFor(seconds(5));
  EXPECT_TRUE(changes_.empty());
}

TEST_F(NetworkChangeFilterTest, AnInterfaceThatLosesItsCarrierIsAChange) {
  network_[0].up = false;
  filter_->Hint();
  loop_.RunFor(seconds(1));
  EXPECT_EQ(changes_.size(), 1U);
}

TEST_F(NetworkChangeFilterTest, AReadThatFailsIsTriedAgainAFewTimes) {
  network_ = {kCable};
  failures_ = 2;
  filter_->Hint();
  loop_.RunFor(milliseconds(300) + 2 * NetworkChangeFilter::kRetry);
  EXPECT_EQ(reads_, 3);
  EXPECT_EQ(changes_.size(), 1U);

  failures_ = 1000;
  filter_->Hint();
  loop_.RunFor(seconds(60));
  EXPECT_EQ(reads_, 3 + NetworkChangeFilter::kMaxFailures);
  EXPECT_FALSE(loop_.NextTimer()) << "it gives up until the next hint";

  failures_ = 0;
  network_ = {kWifi};
  filter_->Hint();
  loop_.RunFor(seconds(1));
  EXPECT_EQ(changes_.size(), 2U);
}

TEST_F(NetworkChangeFilterTest, TheEventMayDestroyTheFilter) {
  on_change_ = [this] { filter_.reset(); };
  network_ = {};
  filter_->Hint();
  loop_.RunFor(seconds(5));
  EXPECT_EQ(changes_.size(), 1U);
}

TEST_F(NetworkChangeFilterTest, TheEventMayHint) {
  on_change_ = [this] {
    if (changes_.size() < 3) filter_->Hint();
    network_.pop_back();
  };
  network_ = {kCable, kCable, kWifi};
  filter_->Hint();
  loop_.RunFor(seconds(5));
  EXPECT_EQ(changes_.size(), 3U);
}

TEST_F(NetworkChangeFilterTest, NothingHappensAfterItIsGone) {
  network_ = {};
  filter_->Hint();
  filter_.reset();
  loop_.RunFor(seconds(5));
  EXPECT_EQ(reads_, 0);
}

}  // namespace
}  // namespace pairwire::net
