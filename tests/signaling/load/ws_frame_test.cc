// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/ws_frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace pairwire::load {
namespace {

struct Frame {
  Opcode opcode;
  bool fin;
  std::string payload;
  bool operator==(const Frame&) const = default;
};

class Frames final : public FrameReader::Sink {
 public:
  bool OnFrame(Opcode opcode, bool fin, std::string_view payload) override {
    frames.push_back({opcode, fin, std::string(payload)});
    return frames.size() < stop_after;
  }
  std::vector<Frame> frames;
  std::size_t stop_after = 1000;
};

// As a server writes it: no mask.
std::string ServerFrame(std::uint8_t first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 65'536) {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(127);
    for (int i = 7; i >= 0; --i) {
      frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> (8 * i));
    }
  }
  return frame + std::string(payload);
}

// RFC 6455, 5.7: "Hello", masked.
TEST(WsFrameTest, TheExampleOfTheRfc) {
  EXPECT_EQ(ClientFrame(Opcode::kText, "Hello", 0x37fa213d),
            std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"));
}

TEST(WsFrameTest, LengthsAtTheirBorders) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 70'000U}) {
    const std::string payload(size, 'p');
    const std::string frame = ClientFrame(Opcode::kText, payload, 0);
    const std::size_t header = size < 126 ? 6 : size < 65'536 ? 8 : 14;
    ASSERT_EQ(frame.size(), header + size);
    EXPECT_EQ(frame.substr(header), payload) << "a mask of 0 changes nothing";
    Frames got;
    FrameReader reader;
    EXPECT_TRUE(reader.Feed(ServerFrame(0x81, payload), got));
    ASSERT_EQ(got.frames.size(), 1U) << size;
    EXPECT_EQ(got.frames[0].payload.size(), size);
  }
}

TEST(WsFrameTest, EveryCut) {
  const std::string long_text(300, 'x');
  const std::string stream = ServerFrame(0x81, "one") + ServerFrame(0x89, "ping") +
                             ServerFrame(0x01, "in ") + ServerFrame(0x80, "parts") +
                             ServerFrame(0x81, long_text) + ServerFrame(0x88, "\x03\xe8");
  const std::vector<Frame> expected = {
      {Opcode::kText, true, "one"},     {Opcode::kPing, true, "ping"},
      {Opcode::kText, false, "in "},    {Opcode::kContinuation, true, "parts"},
      {Opcode::kText, true, long_text}, {Opcode::kClose, true, "\x03\xe8"}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Frames got;
    FrameReader reader;
    EXPECT_TRUE(reader.Feed(std::string_view(stream).substr(0, cut), got));
    EXPECT_TRUE(reader.Feed(std::string_view(stream).substr(cut), got));
    EXPECT_EQ(got.frames, expected) << cut;
  }
  Frames got;
  FrameReader reader;
  for (const char& c : stream) EXPECT_TRUE(reader.Feed({&c, 1}, got));
  EXPECT_EQ(got.frames, expected);
}

TEST(WsFrameTest, WhatAServerMustNotSend) {
  std::string too_long = ServerFrame(0x81, std::string(65'536, 'x')).substr(0, 10);
  too_long[6] = '\x01';  // 16 MiB more
  for (const std::string& bytes :
       {ServerFrame(0xc1, "reserved bit"), ServerFrame(0x09, "ping in parts"),
        ServerFrame(0x89, std::string(126, 'x')), ClientFrame(Opcode::kText, "masked", 1),
        too_long}) {
    Frames got;
    FrameReader reader;
    EXPECT_FALSE(reader.Feed(bytes, got));
    EXPECT_TRUE(got.frames.empty());
  }
}

TEST(WsFrameTest, ASinkThatHasEnoughGetsNoMore) {
  Frames got;
  got.stop_after = 1;
  FrameReader reader;
  EXPECT_TRUE(reader.Feed(ServerFrame(0x81, "one") + ServerFrame(0x81, "two"), got));
  EXPECT_EQ(got.frames.size(), 1U);
  EXPECT_TRUE(reader.Feed(ServerFrame(0x81, "three"), got));
  EXPECT_EQ(got.frames.back().payload, "three") << "the second was dropped";
}

}  // namespace
}  // namespace pairwire::load
