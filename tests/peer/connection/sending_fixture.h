// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SendingTest: a pair of connections on 127.0.0.1 with one open channel.
#ifndef PAIRWIRE_TESTS_PEER_CONNECTION_SENDING_FIXTURE_H_
#define PAIRWIRE_TESTS_PEER_CONNECTION_SENDING_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "tests/peer/connection/peer_pair.h"

namespace pairwire::test {

// Runs on the network's loop and waits.
inline void OnLoop(Network& network, const std::function<void()>& work) {
  Watched<bool> done(false);
  network.Post([&] {
    work();
    done.Set(true);
  });
  ASSERT_TRUE(done.WaitFor(true));
}

// A pair with one open channel of `a`.
class SendingTest : public ::testing::Test {
 protected:
  void Connect(const PeerConfiguration& a = LoopbackConfiguration(),
               const PeerConfiguration& b = LoopbackConfiguration(), DataChannelInit init = {}) {
    network_ = MakeNetwork();
    pair_ = std::make_unique<PeerPair>(*network_, a, b);
    at_a_.Assign(pair_->a().pc.CreateDataChannel("x", std::move(init)));
    pair_->Negotiate();
    ASSERT_TRUE(at_a_.WaitOpen());
    at_b_ = pair_->b().WaitIncoming("x");
    ASSERT_NE(at_b_, nullptr);
  }
  DataChannel& channel() { return at_a_.channel(); }

  std::unique_ptr<Network> network_;
  std::unique_ptr<PeerPair> pair_;
  RecordedChannel at_a_;
  RecordedChannel* at_b_ = nullptr;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_CONNECTION_SENDING_FIXTURE_H_
