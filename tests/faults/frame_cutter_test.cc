// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A cut comes at the frame that the plan names, and nothing passes that should not.
#include "tests/faults/frame_cutter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pairwire::faults {
namespace {

using Way = LinkWatch::Way;
using delivery::FrameType;

class FrameCutterTest : public ::testing::Test {
 protected:
  bool Frame(delivery::LinkId link, Way way, FrameType type) {
    const Bytes frame = {1, static_cast<std::uint8_t>(type), 0, 0};
    return cutter_.OnFrame(link, way, frame);
  }
  bool Sent(FrameType type, delivery::LinkId link = 1) { return Frame(link, Way::kSent, type); }
  bool Received(FrameType type, delivery::LinkId link = 1) {
    return Frame(link, Way::kReceived, type);
  }
  void Plan(const std::string& words) {
    const auto plan = ParseCutPlan(words);
    ASSERT_TRUE(plan) << words;
    EXPECT_EQ(ToString(*plan), words);
    cutter_.Add(*plan);
  }

  std::vector<std::string> cuts_;
  FrameCutter cutter_{[this](const CutPlan& plan, std::uint8_t kind) {
    cuts_.push_back(std::to_string(kind) + " " + std::to_string(plan.time.count()));
  }};
};

TEST_F(FrameCutterTest, BeforeAndAfterTheNth) {
  for (const bool after : {false, true}) {
    cuts_.clear();
    Plan(std::string("sent ") + (after ? "after" : "before") + " 2 0 now silent 0");
    EXPECT_TRUE(Sent(FrameType::kPing));
    EXPECT_TRUE(Received(FrameType::kPing)) << "the other way is not counted";
    EXPECT_EQ(cuts_.size(), 0u);
    EXPECT_EQ(Sent(FrameType::kAck), after);
    EXPECT_EQ(cuts_, std::vector<std::string>{"7 0"});
    EXPECT_FALSE(Sent(FrameType::kAck)) << "until the links are gone";
    EXPECT_FALSE(Received(FrameType::kPong));
    cutter_.LinksAreGone();
    EXPECT_TRUE(Sent(FrameType::kBind, 2));
    EXPECT_EQ(cuts_.size(), 1u);
  }
}

TEST_F(FrameCutterTest, OfOneKindAndOnLaterLinks) {
  EXPECT_TRUE(Received(FrameType::kHello));
  Plan("received before 1 2 later links 0");
  EXPECT_TRUE(Received(FrameType::kHello));
  EXPECT_TRUE(Received(FrameType::kBind, 2));
  EXPECT_TRUE(Received(FrameType::kHello, 1));
  EXPECT_FALSE(Received(FrameType::kHello, 2));
  EXPECT_EQ(cuts_, std::vector<std::string>{"2 0"});
}

TEST_F(FrameCutterTest, EachPlanCountsForItself) {
  EXPECT_TRUE(Sent(FrameType::kAck));
  Plan("sent before 1 0 later links 0");
  Plan("sent after 1 16 now links 0");
  EXPECT_TRUE(Sent(FrameType::kDataBinary));
  cutter_.LinksAreGone();
  EXPECT_TRUE(Sent(FrameType::kAck)) << "no later link";
  EXPECT_FALSE(Sent(FrameType::kBind, 2));
  EXPECT_EQ(cuts_.size(), 2u);
  cutter_.LinksAreGone();
  Plan("sent before 1 0 now links 0");
  cutter_.Clear();
  EXPECT_TRUE(Sent(FrameType::kBind, 3));
}

TEST_F(FrameCutterTest, OfAPathFramesGoOn) {
  Plan("received before 1 0 now path 250");
  EXPECT_TRUE(Received(FrameType::kPing));
  EXPECT_EQ(cuts_, std::vector<std::string>{"5 250"});
  EXPECT_TRUE(Received(FrameType::kPing));
}

TEST(CutPlan, NonsenseIsRefused) {
  for (const char* const words :
       {"", "sent", "sent before", "sent before 0 0 now links 0", "sent before x 0 now links 0",
        "got before 1 0 now links 0", "sent behind 1 0 now links 0",
        "sent before 1 256 now links 0", "sent before 1 0 soon 0", "sent before 1 0 now path -1",
        "sent before 1 0 now path 0", "sent before 1 0 now links 5", "sent before 1 0 now links"}) {
    EXPECT_FALSE(ParseCutPlan(words)) << words;
  }
}

}  // namespace
}  // namespace pairwire::faults
