// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionMachine: a quiet link that is kept while the relay carries the session.
#include <gtest/gtest.h>

#include "tests/peer/delivery/session_machine_rig.h"

namespace pairwire::delivery {
namespace {

TEST_F(SessionMachineTest, WithoutTheOtherEndsWordTheQuietLinkEndsAtTheRelays) {
  EXPECT_EQ(BringOverRelay(), Words({"end1", "use2", "rewind", "->connected"}));
  EXPECT_EQ(machine_->parked(), 0U);
  EXPECT_EQ(Count(Wait(milliseconds(3'999)), "new"), 0U);
  EXPECT_EQ(Count(Wait(milliseconds(1)), "new"), 1U);
}

TEST_F(SessionMachineTest, AQuietLinkIsParkedAndTakenBack) {
  parks_ = true;
  for (const bool heard : {false, true}) {
    EXPECT_EQ(BringOverRelay(), Words({"use2", "rewind", "->connected"}));
    EXPECT_EQ(machine_->parked(), 1U);
    const Words waited = Wait(seconds(4));
    EXPECT_GE(Count(waited, "restart"), 2U);
    EXPECT_EQ(Count(waited, "new"), 0U) << "that would end it";
    // What is heard on it is of the time before; it only says that there is a path.
    if (heard) {
      EXPECT_EQ(Give(FrameSeen{1}), Words({"hello1"}));
    } else {
      EXPECT_EQ(Give(PathBack{1}), Words({"hello1"}));
    }
    EXPECT_EQ(Give(FrameSeen{1}), Words());
    EXPECT_TRUE(machine_->IsBound(1)) << "its BIND was right";
    EXPECT_EQ(machine_->link(), 2U);
    EXPECT_EQ(Give(HelloSeen{1, HelloVerdict::kResume}), Words({"end2", "use1", "rewind"}));
    EXPECT_EQ(machine_->parked(), 0U);
    EXPECT_EQ(machine_->state(), SessionState::kConnected);
    EXPECT_EQ(Count(Wait(seconds(3)), "leave"), 1U);
    EXPECT_EQ(Give(FrameSeen{1}), Words());
  }
}

TEST_F(SessionMachineTest, AParkedLinkIsGivenUpWhenItWouldHaveBeenWithoutTheRelay) {
  parks_ = true;
  BringOverRelay();
  const Words waited = Wait(seconds(7));
  EXPECT_EQ(Count(waited, "end1"), 1U);
  EXPECT_EQ(Count(waited, "new"), 1U) << "at once";
  EXPECT_EQ(machine_->parked(), 0U);
  EXPECT_EQ(Give(FrameSeen{1}), Words());
}

TEST_F(SessionMachineTest, WhateverElseEndsAParkedLink) {
  parks_ = true;
  const struct {
    SessionMachine::Input input;
    std::size_t ends;
  } cases[] = {{LinkEnded{1}, 1},
               {RenewAsked{}, 1},
               {Violation{1}, 1},
               {CloseAsked{}, 1},
               {ResetSeen{2, ResetReason::kProtocol}, 1}};
  for (const bool waiting : {false, true}) {
    for (const auto& [input, ends] : cases) {
      BringOverRelay();
      if (waiting) Give(PathBack{1});
      EXPECT_EQ(Count(Give(input), "end1"), ends) << input.index();
      EXPECT_EQ(machine_->parked(), 0U);
      // Somebody still looks for a path.
      if (machine_->state() == SessionState::kConnected) {
        EXPECT_EQ(Count(Wait(milliseconds(1)), "new"), 1U) << input.index();
      }
    }
  }
  // A HELLO that does not come, or proves nothing.
  BringOverRelay();
  Give(PathBack{1});
  EXPECT_EQ(Count(Wait(seconds(10)), "end1"), 1U);
  BringOverRelay();
  Give(PathBack{1});
  EXPECT_EQ(Count(Give(HelloSeen{1, HelloVerdict::kWrongTag}), "end1"), 1U);
  EXPECT_TRUE(machine_->over_relay());
}

TEST_F(SessionMachineTest, ANewConnectionEndsTheParkedLinkAndTheRelays) {
  parks_ = true;
  BringOverRelay();
  Give(LinkUp{3});
  Give(BindSeen{3, true});
  EXPECT_EQ(Give(PathBack{1}), Words()) << "the new one is further";
  EXPECT_EQ(Give(HelloSeen{3, HelloVerdict::kResume}), Words({"end2", "end1", "use3", "rewind"}));
  EXPECT_EQ(machine_->parked(), 0U);
}

TEST_F(SessionMachineTest, AParkedLinkOutlivesTheRelays) {
  parks_ = true;
  BringOverRelay();
  EXPECT_EQ(Count(Give(LinkEnded{2}), "end1"), 0U);
  EXPECT_EQ(machine_->state(), SessionState::kReconnecting);
  EXPECT_EQ(Count(Wait(seconds(3)), "new"), 0U);
  EXPECT_EQ(Give(PathBack{1}), Words({"hello1"}));
  EXPECT_EQ(Give(HelloSeen{1, HelloVerdict::kResume}), Words({"use1", "rewind", "->connected"}));
}

}  // namespace
}  // namespace pairwire::delivery
