// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Links over the relay: what is in their boxes, how fast they go and how many are on their way, and
// two links in memory whose other end does what it should not. On virtual time. That boxes which
// the relay loses, repeats, exchanges or forges do not open is meeting_signals_test.cc's.
#include "peer/session/relay_session_link.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/manual_loop.h"

namespace pairwire {
namespace {

using delivery::FrameType;
using delivery::Lane;
using std::chrono::milliseconds;
using std::chrono::seconds;

SharedBytes Data(std::uint64_t seq, std::size_t size, std::uint8_t fill = 7) {
  const Bytes payload(size, fill);
  return std::make_shared<const Bytes>(
      delivery::MakeFrame({FrameType::kDataBinary, delivery::kCommandChannel, seq, 0}, payload));
}

SharedBytes Ack(std::uint64_t ack) {
  return std::make_shared<const Bytes>(
      delivery::MakeFrame({FrameType::kAck, delivery::kCommandChannel, 0, ack}, {}));
}

SharedBytes Ping() {
  return std::make_shared<const Bytes>(
      delivery::MakeFrame({FrameType::kPing, delivery::kNoChannel, 0, 0}, Bytes(12)));
}

SharedBytes State(std::uint64_t version, std::size_t size) {
  return std::make_shared<const Bytes>(delivery::MakeFrame(
      {FrameType::kStateSet, delivery::kStateChannel, version, 0}, Bytes(size, 1)));
}

// --- Boxes ---------------------------------------------------------------------------------------

class RelayBoxesTest : public ::testing::Test {
 protected:
  using Got = std::vector<std::pair<Lane, Bytes>>;

  // Everything that may go at this moment, taken by `inbox_` and confirmed.
  Got Pass() {
    Got got;
    while (const auto box = out_.Next(now_)) {
      const auto parsed = ParseRelayBox(*box);
      EXPECT_TRUE(parsed);
      EXPECT_LE(box->size(), kRelayBoxBytes);
      ++boxes_;
      EXPECT_TRUE(inbox_.Take(parsed->parts, [&](Lane lane, ByteSpan frame) {
        got.emplace_back(lane, Bytes(frame.begin(), frame.end()));
        return true;
      }));
      EXPECT_TRUE(out_.OnConfirmed(static_cast<std::uint32_t>(boxes_)));
    }
    return got;
  }
  // For this long, at each moment that the outbox asks for.
  Got PassFor(Loop::Duration duration) {
    Got got;
    const auto end = now_ + duration;
    while (true) {
      for (auto& frame : Pass()) got.push_back(std::move(frame));
      const auto next = out_.deadline(now_);
      if (!next || *next > end) break;
      EXPECT_GT(*next, now_) << "it would spin";
      now_ = *next;
    }
    now_ = end;
    return got;
  }
  void Queue(Lane lane, const SharedBytes& frame) { EXPECT_TRUE(out_.Queue(lane, frame)); }

  Loop::TimePoint now_{seconds(1000)};
  RelayOutbox out_{1, now_};
  RelayInbox inbox_;
  std::size_t boxes_ = 0;
};

TEST_F(RelayBoxesTest, SmallFramesShareABox) {
  for (std::uint64_t i = 1; i <= 20; ++i) Queue(Lane::kControl, Data(i, 50));
  Queue(Lane::kControl, Ping());
  Queue(Lane::kState, State(1, 10));
  const Got got = Pass();
  EXPECT_EQ(boxes_, 1u);
  ASSERT_EQ(got.size(), 22u);
  EXPECT_EQ(got[0].second, *Ping()) << "it does not wait behind commands";
  for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_EQ(got[i].second, *Data(i, 50)) << i;
  EXPECT_EQ(got[21].first, Lane::kState);
  EXPECT_EQ(out_.waiting(), 0u);
}

TEST_F(RelayBoxesTest, TheLargestFramesGoInSeveral) {
  const SharedBytes large = Data(1, delivery::kMaxCommandBytes);
  Queue(Lane::kControl, large);
  Queue(Lane::kState, State(1, delivery::kMaxStateValueBytes));
  Queue(Lane::kControl, Ack(5));
  Got got = Pass();
  ASSERT_GE(got.size(), 1u);
  EXPECT_EQ(got[0].second, *Ack(5));
  for (auto& frame : PassFor(seconds(10))) got.push_back(std::move(frame));
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[1].first, Lane::kState) << "commands and states take turns";
  EXPECT_EQ(got[2].second, *large);
  EXPECT_GE(boxes_, large->size() / kRelayBoxBytes);
}

TEST_F(RelayBoxesTest, ManyBoxesAreBelowTheRelaysRate) {
  std::size_t most = 0;
  std::size_t total = 0;
  for (int second = 0; second < 10; ++second) {
    const std::size_t before = boxes_;
    // One frame at a time, so that each has a box of its own.
    for (int i = 0; i < 100; ++i) {
      Queue(Lane::kControl, Ping());
      PassFor(milliseconds(10));
    }
    most = std::max(most, boxes_ - before);
    total = boxes_;
  }
  EXPECT_LE(most, 50u) << "the relay takes 50 a second";
  EXPECT_LE(total, 410u);
  EXPECT_GE(total, 390u);
}

TEST_F(RelayBoxesTest, BytesAreBelowTheRelaysRate) {
  std::size_t bytes = 0;
  const auto until = now_ + seconds(20);
  std::uint64_t seq = 0;
  while (now_ < until) {
    while (out_.Room(Lane::kControl) > 0) Queue(Lane::kControl, Data(++seq, 3'000));
    while (const auto box = out_.Next(now_)) {
      bytes += (box->size() + 16 + 2) / 3 * 4 + RelayOutbox::kEnvelopeBytes;
      ++boxes_;
      EXPECT_TRUE(out_.OnConfirmed(static_cast<std::uint32_t>(boxes_)));
    }
    now_ = std::max(now_ + milliseconds(1), *out_.deadline(now_));
  }
  EXPECT_LE(bytes, 20 * RelayOutbox::kBytesPerSecond + RelayOutbox::kByteBurst + 12'000);
  EXPECT_GE(bytes, 19 * RelayOutbox::kBytesPerSecond);
}

TEST_F(RelayBoxesTest, WhatIsNotConfirmedIsBounded) {
  for (std::uint64_t i = 1; i <= 40; ++i) Queue(Lane::kControl, Data(i, 8'000));
  std::uint32_t sent = 0;
  for (int second = 0; second < 60; ++second, now_ += seconds(1)) {
    while (out_.Next(now_)) ++sent;
  }
  EXPECT_EQ(sent, RelayOutbox::kInFlight);
  EXPECT_FALSE(out_.deadline(now_)) << "time alone changes nothing";
  EXPECT_TRUE(out_.OnConfirmed(3));
  while (out_.Next(now_)) ++sent;
  EXPECT_EQ(sent, RelayOutbox::kInFlight + 3);
  EXPECT_FALSE(out_.OnConfirmed(2)) << "less than before";
  EXPECT_FALSE(out_.OnConfirmed(sent + 1)) << "more than was sent";
}

TEST_F(RelayBoxesTest, AConfirmationGoesByItself) {
  for (std::uint32_t i = 1; i < RelayOutbox::kConfirmEvery; ++i) out_.OnReceived();
  EXPECT_FALSE(out_.Next(now_));
  out_.OnReceived();
  const auto box = out_.Next(now_);
  ASSERT_TRUE(box);
  const auto parsed = ParseRelayBox(*box);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->got, RelayOutbox::kConfirmEvery);
  EXPECT_TRUE(parsed->parts.empty());
  EXPECT_FALSE(out_.Next(now_)) << "once";
}

TEST_F(RelayBoxesTest, RoomIsWhatTheWindowsSay) {
  EXPECT_EQ(out_.Room(Lane::kControl), RelayOutbox::kCommandWindow);
  EXPECT_EQ(out_.Room(Lane::kStream), 0u);
  Queue(Lane::kControl, Data(1, 200'000));
  EXPECT_EQ(out_.Room(Lane::kControl), 0u);
  EXPECT_GT(out_.Room(Lane::kState), 0u);
  Queue(Lane::kState, State(1, 10));
  EXPECT_EQ(out_.Room(Lane::kState), 0u) << "the next one waits for its turn, and may be newer";
  Queue(Lane::kStream, Data(2, 10));
  PassFor(seconds(10));
  EXPECT_EQ(out_.Room(Lane::kControl), RelayOutbox::kCommandWindow);
  EXPECT_GT(out_.Room(Lane::kState), 0u);
}

TEST_F(RelayBoxesTest, AnswersThatNobodyTakesAreBounded) {
  bool takes = true;
  std::size_t queued = 0;
  while (takes && queued < 10'000) {
    takes = out_.Queue(Lane::kControl, Ping());
    ++queued;
  }
  EXPECT_FALSE(takes);
  EXPECT_LE(queued * Ping()->size(), RelayOutbox::kMaxControl + Ping()->size());
}

TEST_F(RelayBoxesTest, OfAcknowledgementsThatWaitTheNewestCounts) {
  for (std::uint64_t i = 1; i <= 10'000; ++i) Queue(Lane::kControl, Ack(i));
  EXPECT_LE(out_.waiting(), 2 * Ack(1)->size());
  const Got got = Pass();
  EXPECT_EQ(got.back().second, *Ack(10'000));
}

TEST_F(RelayBoxesTest, EachCutAndEachWrongBoxIsSeen) {
  Queue(Lane::kControl, Data(1, 100));
  Queue(Lane::kState, State(1, 10));
  const Bytes box = *out_.Next(now_);
  for (std::size_t size = 0; size < 9; ++size)
    EXPECT_FALSE(ParseRelayBox(ByteSpan(box).first(size)));
  EXPECT_FALSE(ParseRelayBox(Bytes(kRelayBoxBytes + 1, 1)));
  EXPECT_FALSE(ParseRelayBox(Bytes{3, 0, 0, 0, 1, 0, 0, 0, 0})) << "a kind of a later version";
  EXPECT_FALSE(ParseRelayBox(Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0})) << "links are counted from 1";
  const auto take = [](ByteSpan parts) {
    RelayInbox inbox;
    return inbox.Take(parts, [](Lane, ByteSpan) { return true; });
  };
  const ByteSpan parts = ParseRelayBox(box)->parts;
  const std::size_t first = 3 + Data(1, 100)->size();
  for (std::size_t size = 0; size < parts.size(); ++size) {
    EXPECT_EQ(take(parts.first(size)), size == 0 || size == first) << size;
  }
  EXPECT_TRUE(take(parts));
  EXPECT_FALSE(take(Bytes{3, 0, 1, 0})) << "a lane that there is not";
  EXPECT_FALSE(take(Bytes{0, 0, 0})) << "a part of nothing";
}

TEST_F(RelayBoxesTest, WhatTheOtherEndMayLeaveUnfinishedIsBounded) {
  const std::size_t bounds[] = {RelayInbox::kMaxControlFrame, RelayInbox::kMaxCommandFrame,
                                RelayInbox::kMaxStateFrame};
  for (std::uint8_t lane = 0; lane < 3; ++lane) {
    RelayInbox inbox;
    Bytes part{static_cast<std::uint8_t>(0x80 | lane), 0x04, 0x00};
    part.resize(3 + 0x400);
    std::size_t taken = 0;
    while (inbox.Take(part, [](Lane, ByteSpan) { return true; })) taken += 0x400;
    EXPECT_LE(taken, bounds[lane]);
    EXPECT_GT(taken + 0x400, bounds[lane]);
  }
}

// --- Links ---------------------------------------------------------------------------------------

struct End {
  std::vector<std::pair<Lane, Bytes>> frames;
  std::optional<std::optional<Error>> ended;
  int rooms = 0;
  bool closed = false;
  std::vector<Bytes> written;
  std::unique_ptr<RelaySessionLink> link;
};

class RelaySessionLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (End* const end : {&a_, &b_}) {
      End* const other = end == &a_ ? &b_ : &a_;
      const auto write = [this, end, other](const Bytes& text) {
        end->written.push_back(text);
        if (!passes_) return;
        loop_.ScheduleAt(loop_.Now() + milliseconds(20), [other, text] {
          if (other->link) other->link->OnBox(*ParseRelayBox(text));
        });
      };
      end->link = std::make_unique<RelaySessionLink>(loop_, 1, auth::Fingerprints{}, write);
      SessionLinkEvents on;
      on.on_frame = [end](Lane lane, ByteSpan frame) {
        end->frames.emplace_back(lane, Bytes(frame.begin(), frame.end()));
      };
      on.on_room = [end] { ++end->rooms; };
      on.on_ended = [end](std::optional<Error> error) { end->ended = std::move(error); };
      end->link->Start(std::move(on));
    }
  }

  void BothSpeak() {
    a_.link->Send(Lane::kControl, Ping());
    b_.link->Send(Lane::kControl, Ping());
    loop_.AdvanceBy(milliseconds(50));
    ASSERT_EQ(a_.frames.size(), 1u);
    ASSERT_EQ(b_.frames.size(), 1u);
  }
  void Close(End& end) {
    end.link->Close([&end] { end.closed = true; });
  }
  // As if the other end had said it.
  void Box(End& end, const Bytes& text) {
    const auto box = ParseRelayBox(text);
    ASSERT_TRUE(box);
    end.link->OnBox(*box);
    loop_.RunUntilIdle();
  }

  test::ManualLoop loop_;
  bool passes_ = true;
  End a_;
  End b_;
};

TEST_F(RelaySessionLinkTest, WhatComesBeforeOurHelloWaits) {
  a_.link->Send(Lane::kControl, Ping());
  loop_.AdvanceBy(seconds(5));
  EXPECT_TRUE(b_.frames.empty());
  b_.link->Send(Lane::kControl, Ping());
  EXPECT_TRUE(b_.frames.empty()) << "not inside a call of the owner's";
  loop_.AdvanceBy(milliseconds(50));
  EXPECT_EQ(b_.frames.size(), 1u);
  EXPECT_EQ(a_.frames.size(), 1u);
}

TEST_F(RelaySessionLinkTest, WhoDoesNotWaitForOurHelloLosesTheLink) {
  for (std::size_t i = 0; i <= RelaySessionLink::kMaxHeld; ++i) {
    a_.link->Send(Lane::kControl, Ping());
  }
  loop_.AdvanceBy(milliseconds(50));
  EXPECT_TRUE(b_.ended);
  EXPECT_TRUE(b_.frames.empty());
}

TEST_F(RelaySessionLinkTest, CommandsArriveInOrderAndRoomIsTold) {
  BothSpeak();
  std::uint64_t sent = 0;
  while (a_.link->Room(Lane::kControl) > 0) a_.link->Send(Lane::kControl, Data(++sent, 5'000));
  loop_.AdvanceBy(seconds(5));
  EXPECT_GT(a_.rooms, 0);
  ASSERT_EQ(b_.frames.size(), 1 + sent);
  for (std::uint64_t i = 1; i <= sent; ++i) EXPECT_EQ(b_.frames[i].second, *Data(i, 5'000));
  EXPECT_FALSE(a_.ended);
  EXPECT_FALSE(b_.ended);
}

TEST_F(RelaySessionLinkTest, ASlowEndHoldsTheOtherUp) {
  BothSpeak();
  passes_ = false;
  a_.written.clear();
  for (std::uint64_t i = 1; a_.link->Room(Lane::kControl) > 0; ++i) {
    a_.link->Send(Lane::kControl, Data(i, 250'000));
  }
  loop_.AdvanceBy(seconds(60));
  EXPECT_LE(a_.written.size(), RelayOutbox::kInFlight);
  EXPECT_FALSE(a_.ended);
}

TEST_F(RelaySessionLinkTest, WrongWordsEndTheLink) {
  BothSpeak();
  Box(a_, {1, 0, 0, 0, 1, 0, 0, 0, 99});  // it has got 99
  EXPECT_TRUE(a_.ended);
  Box(b_, {1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9});
  EXPECT_TRUE(b_.ended);
  EXPECT_EQ(b_.frames.size(), 1u);
}

TEST_F(RelaySessionLinkTest, CloseSaysGoodbyeAtOnceAndWaitsForTheOthers) {
  BothSpeak();
  // Whatever the pace: there is no later.
  for (std::uint64_t i = 1; a_.link->Room(Lane::kControl) > 0; ++i) {
    a_.link->Send(Lane::kControl, Data(i, 5'000));
  }
  loop_.AdvanceBy(milliseconds(100));
  const auto goodbye = std::make_shared<const Bytes>(
      delivery::MakeFrame({FrameType::kClose, delivery::kNoChannel, 0, 0}, Bytes{0}));
  a_.link->Send(Lane::kControl, goodbye);
  Close(a_);
  loop_.AdvanceBy(milliseconds(30));
  ASSERT_FALSE(b_.frames.empty());
  EXPECT_EQ(b_.frames.back().second, *goodbye);
  EXPECT_TRUE(b_.ended);
  EXPECT_FALSE(a_.closed);
  Close(b_);
  loop_.AdvanceBy(milliseconds(30));
  EXPECT_TRUE(b_.closed);
  EXPECT_TRUE(a_.closed);
  EXPECT_FALSE(a_.ended) << "who closes is not told";
}

TEST_F(RelaySessionLinkTest, CloseDoesNotWaitForEver) {
  BothSpeak();
  passes_ = false;
  Close(a_);
  loop_.AdvanceBy(RelaySessionLink::kDrain + milliseconds(1));
  EXPECT_TRUE(a_.closed);
  Close(b_);
  b_.link->Abandon();
  EXPECT_TRUE(b_.closed) << "there is nobody to wait for";
}

TEST_F(RelaySessionLinkTest, ItMayGoInsideItsOwnEvents) {
  BothSpeak();
  SessionLinkEvents on;
  on.on_frame = [this](Lane, ByteSpan) { b_.link.reset(); };
  b_.link->Start(std::move(on));
  a_.link->Send(Lane::kControl, Ping());
  a_.link->Send(Lane::kControl, Ping());
  loop_.AdvanceBy(milliseconds(50));
  EXPECT_FALSE(b_.link);
}

}  // namespace
}  // namespace pairwire
