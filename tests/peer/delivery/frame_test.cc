// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "peer/delivery/control_frames.h"

namespace pairwire::delivery {
namespace {

struct Sample {
  Lane lane;
  FrameHeader header;
  Bytes payload;
};

// One of each type, as small as it may be.
std::vector<Sample> Samples() {
  const Bytes one = {1};
  const Bytes state = {1, 'k', 0};
  const Bytes key = {1, 'k'};
  const auto control = [](FrameType type, Bytes payload) {
    return Sample{Lane::kControl, {type, kNoChannel, 0, 0}, std::move(payload)};
  };
  return {
      control(FrameType::kBind, Bytes(64)),
      control(FrameType::kHello, one),
      control(FrameType::kReset, one),
      control(FrameType::kClose, one),
      control(FrameType::kPing, PingPayload({1, 2})),
      control(FrameType::kPong, PongPayload({1, 2, 3, 4})),
      {Lane::kControl, {FrameType::kAck, kCommandChannel, 0, 7}, {}},
      control(FrameType::kNegotiate, one),
      {Lane::kControl, {FrameType::kStateAck, kStateChannel, 0, 0}, StateAckPayload({5})},
      control(FrameType::kRemember, RememberPayload({})),
      {Lane::kControl, {FrameType::kDataBinary, kCommandChannel, 1, 7}, {}},
      {Lane::kControl, {FrameType::kDataText, kCommandChannel, UINT64_MAX, UINT64_MAX}, one},
      {Lane::kControl, {FrameType::kDataEvent, kCommandChannel, 1, 0}, one},
      {Lane::kState, {FrameType::kStateSet, kStateChannel, 1, 0}, state},
      {Lane::kState, {FrameType::kStateDelete, kStateChannel, 1, 0}, key},
      {Lane::kStream, {FrameType::kStreamBinary, kStreamChannel, 1, 0}, {}},
      {Lane::kStream, {FrameType::kStreamText, kStreamChannel, 1, 0}, one},
      {Lane::kStream, {FrameType::kStreamEvent, kStreamChannel, 1, 0}, one},
  };
}

constexpr Lane kLanes[] = {Lane::kControl, Lane::kState, Lane::kStream};

bool Parses(Lane lane, ByteSpan bytes) { return ParseFrame(lane, bytes).has_value(); }

TEST(Frame, ThereAndBackOnItsLaneAlone) {
  for (const Sample& sample : Samples()) {
    const Bytes bytes = MakeFrame(sample.header, sample.payload);
    for (const Lane lane : kLanes) {
      const auto frame = ParseFrame(lane, bytes);
      ASSERT_EQ(frame.has_value(), lane == sample.lane) << ToString(sample.header.type);
      if (!frame) continue;
      EXPECT_EQ(frame->header, sample.header);
      EXPECT_TRUE(std::equal(frame->payload.begin(), frame->payload.end(), sample.payload.begin(),
                             sample.payload.end()));
    }
  }
}

TEST(Frame, EveryCutPoint) {
  for (const Sample& sample : Samples()) {
    const Bytes bytes = MakeFrame(sample.header, sample.payload);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const bool whole = cut >= kHeaderBytes;
      // What has no smallest size beyond the header may be shorter.
      const bool free_size = IsData(sample.header.type) || IsStream(sample.header.type);
      if (whole && free_size) continue;
      EXPECT_FALSE(Parses(sample.lane, ByteSpan(bytes).first(cut)))
          << ToString(sample.header.type) << " " << cut;
    }
  }
}

TEST(Frame, EveryWrongByte) {
  for (const Sample& sample : Samples()) {
    const Bytes bytes = MakeFrame(sample.header, sample.payload);
    for (int version = 0; version < 256; ++version) {
      Bytes changed = bytes;
      changed[0] = static_cast<std::uint8_t>(version);
      EXPECT_EQ(Parses(sample.lane, changed), version == kFrameVersion);
    }
    for (int chan = 0; chan < 65536; chan += 1) {
      Bytes changed = bytes;
      changed[2] = static_cast<std::uint8_t>(chan >> 8);
      changed[3] = static_cast<std::uint8_t>(chan);
      ASSERT_EQ(Parses(sample.lane, changed), chan == sample.header.chan);
    }
    // A number that the type has not is zero.
    for (std::size_t at = 4; at < kHeaderBytes; ++at) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ 0x10);
      const bool seq = at < 12;
      const bool has_seq = sample.header.seq != 0;
      const bool has_ack = IsData(sample.header.type) || sample.header.type == FrameType::kAck;
      EXPECT_EQ(Parses(sample.lane, changed), seq ? has_seq : has_ack)
          << ToString(sample.header.type) << " " << at;
    }
    if (sample.header.seq != 0) {
      Bytes changed = bytes;
      std::fill(changed.begin() + 4, changed.begin() + 12, std::uint8_t{0});
      EXPECT_FALSE(Parses(sample.lane, changed)) << "number 0 is none";
    }
  }
}

TEST(Frame, OtherTypesAreNone) {
  std::set<int> known;
  for (const Sample& sample : Samples()) known.insert(static_cast<int>(sample.header.type));
  EXPECT_EQ(known.size(), 18U);
  for (int type = 0; type < 256; ++type) {
    if (known.count(type) > 0) continue;
    for (std::uint16_t chan = 0; chan < 4; ++chan) {
      for (const std::size_t size : {0U, 1U, 12U, 64U}) {
        const Bytes bytes = MakeFrame({static_cast<FrameType>(type), chan, 0, 0}, Bytes(size));
        for (const Lane lane : kLanes) EXPECT_FALSE(Parses(lane, bytes)) << type;
      }
    }
  }
}

TEST(Frame, SizesAreBounded) {
  const auto parses = [](Lane lane, FrameHeader header, std::size_t size) {
    return Parses(lane, MakeFrame(header, Bytes(size)));
  };
  const FrameHeader data{FrameType::kDataBinary, kCommandChannel, 1, 0};
  EXPECT_TRUE(parses(Lane::kControl, data, kMaxCommandBytes));
  EXPECT_FALSE(parses(Lane::kControl, data, kMaxCommandBytes + 1));
  const FrameHeader stream{FrameType::kStreamBinary, kStreamChannel, 1, 0};
  EXPECT_TRUE(parses(Lane::kStream, stream, kMaxStreamBytes));
  EXPECT_FALSE(parses(Lane::kStream, stream, kMaxStreamBytes + 1));
  const FrameHeader hello{FrameType::kHello, kNoChannel, 0, 0};
  EXPECT_TRUE(parses(Lane::kControl, hello, kMaxHelloBytes));
  EXPECT_FALSE(parses(Lane::kControl, hello, kMaxHelloBytes + 1));
  EXPECT_FALSE(parses(Lane::kControl, {FrameType::kBind, kNoChannel, 0, 0}, 65));
  EXPECT_FALSE(parses(Lane::kControl, {FrameType::kPing, kNoChannel, 0, 0}, 13));
  EXPECT_FALSE(parses(Lane::kControl, {FrameType::kNegotiate, kNoChannel, 0, 0}, 32 * 1024 + 2));
}

TEST(ControlFrames, ThereAndBackAndNothingElse) {
  const Ping ping{0x01020304, 0x05060708090a0b0c};
  EXPECT_EQ(ParsePing(PingPayload(ping)), ping);
  const Pong pong{1, 2, 3, UINT64_MAX};
  EXPECT_EQ(ParsePong(PongPayload(pong)), pong);
  const std::vector<std::uint64_t> versions = {1, UINT64_MAX, 3};
  EXPECT_EQ(ParseStateAck(StateAckPayload(versions)), versions);
  Remember remember{RememberKind::kAccept, {}, "the kitchen"};
  remember.contribution.fill(7);
  EXPECT_EQ(ParseRemember(RememberPayload(remember)), remember);
  const Negotiation negotiation{NegotiationKind::kRollback, "text"};
  EXPECT_EQ(ParseNegotiation(NegotiationPayload(negotiation)), negotiation);
  for (int byte = 0; byte < 256; ++byte) {
    const Bytes payload = {static_cast<std::uint8_t>(byte)};
    EXPECT_EQ(ParseReset(payload).has_value(), byte >= 1 && byte <= 4);
    EXPECT_EQ(ParseClose(payload).has_value(), byte <= 2);
    EXPECT_EQ(ParseNegotiation(payload).has_value(), byte >= 1 && byte <= 5);
  }
  for (const Bytes& payload : {PingPayload(ping), PongPayload(pong), StateAckPayload(versions),
                               RememberPayload(remember)}) {
    Bytes longer = payload;
    longer.push_back(0);
    for (const ByteSpan bytes : {ByteSpan(payload).first(payload.size() - 1), ByteSpan(longer)}) {
      EXPECT_FALSE(ParsePing(bytes));
      EXPECT_FALSE(ParsePong(bytes));
      EXPECT_FALSE(ParseStateAck(bytes));
      EXPECT_FALSE(ParseRemember(bytes));
      EXPECT_FALSE(ParseReset(bytes));
    }
  }
  Bytes none = {0};
  EXPECT_FALSE(ParseStateAck(none));
  Bytes many(1 + 33 * 8);
  many[0] = 33;
  EXPECT_FALSE(ParseStateAck(many));
}

TEST(ControlFrames, States) {
  const Bytes value = {1, 2, 3};
  Bytes payload;
  AppendStateValue(payload, {"key", ValueKind::kEvent, value});
  const auto state = ParseStateValue(payload);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->key, "key");
  EXPECT_EQ(state->kind, ValueKind::kEvent);
  EXPECT_TRUE(std::equal(state->value.begin(), state->value.end(), value.begin(), value.end()));
  for (std::size_t cut = 0; cut <= 4; ++cut)
    EXPECT_FALSE(ParseStateValue(ByteSpan(payload).first(cut)));
  payload[4] = 3;
  EXPECT_FALSE(ParseStateValue(payload)) << "a kind that is none";
  Bytes key;
  AppendStateKey(key, std::string(kMaxStateKeyBytes, 'k'));
  EXPECT_EQ(ParseStateKey(key), std::string(kMaxStateKeyBytes, 'k'));
  key.push_back(0);
  EXPECT_FALSE(ParseStateKey(key));
  EXPECT_FALSE(ParseStateKey(Bytes{0}));
  Bytes too_long(66, 'k');
  too_long[0] = 65;
  EXPECT_FALSE(ParseStateKey(too_long));
}

}  // namespace
}  // namespace pairwire::delivery
