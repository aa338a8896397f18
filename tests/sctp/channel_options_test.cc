// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/channel_options.h"

#include <gtest/gtest.h>

namespace pairwire::sctp {
namespace {

using std::chrono::milliseconds;

TEST(ChannelOptionsTest, EveryTypeOfRfc8832SurvivesTheWire) {
  const struct {
    ChannelOptions options;
    std::uint8_t type;
    std::uint32_t reliability;
  } rows[] = {
      {{.ordered = true}, 0x00, 0},
      {{.ordered = false}, 0x80, 0},
      {{.ordered = true, .max_retransmits = 0}, 0x01, 0},
      {{.ordered = false, .max_retransmits = 65'535}, 0x81, 65'535},
      {{.ordered = true, .max_life_time = milliseconds(1)}, 0x02, 1},
      {{.ordered = false, .max_life_time = milliseconds(65'535)}, 0x82, 65'535},
  };
  for (auto row : rows) {
    SCOPED_TRACE(int{row.type});
    row.options.label = "l\xc3\xa4";
    row.options.protocol = "p";
    row.options.priority = 512;
    ASSERT_TRUE(CheckChannelOptions(row.options).has_value());
    const Bytes wire = EncodeDcepOpen(ToDcepOpen(row.options)).value();
    EXPECT_EQ(wire[1], row.type);
    const auto open = std::get<DcepOpen>(DecodeDcep(wire).value());
    EXPECT_EQ(open.reliability, row.reliability);
    ChannelOptions expected = row.options;
    expected.id = 6;
    EXPECT_EQ(FromDcepOpen(open, StreamId{6}), expected);
  }
}

TEST(ChannelOptionsTest, LimitsBeyondW3cAreItsGreatest) {
  DcepOpen open{.type = DcepChannelType::kLimitedRetransmits, .reliability = 0xffff'ffff};
  EXPECT_EQ(FromDcepOpen(open, StreamId{0}).max_retransmits, 65'535);
  open.type = DcepChannelType::kLimitedLifetime;
  EXPECT_EQ(FromDcepOpen(open, StreamId{0}).max_life_time, milliseconds(65'535));
}

TEST(ChannelOptionsTest, TheParameterOfAReliableTypeMeansNothing) {
  const DcepOpen open{.type = DcepChannelType::kReliableUnordered, .reliability = 7};
  const ChannelOptions options = FromDcepOpen(open, StreamId{1});
  EXPECT_FALSE(options.ordered);
  EXPECT_FALSE(options.max_retransmits || options.max_life_time);
}

TEST(ChannelOptionsTest, WhatW3cForbidsIsRefused) {
  const ChannelOptions wrong[] = {
      {.max_retransmits = 1, .max_life_time = milliseconds(1)},
      {.max_life_time = milliseconds(-1)},
      {.max_life_time = milliseconds(65'536)},
      {.negotiated = true},
      {.negotiated = false, .id = 2},
      {.negotiated = true, .id = 65'535},
  };
  for (const auto& options : wrong) {
    EXPECT_EQ(CheckChannelOptions(options).error().code, Errc::kInvalidArgument);
  }
  EXPECT_TRUE(CheckChannelOptions({.negotiated = true, .id = 65'534}).has_value());
  EXPECT_TRUE(CheckChannelOptions({.negotiated = true, .id = 0}).has_value());
}

}  // namespace
}  // namespace pairwire::sctp
