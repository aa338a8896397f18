// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions over real connections: what each class delivers, what happens when connections go, come
// and are renegotiated, and that every handle may go in every callback.
#include "peer/session/session_core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/peer/session/session_pair.h"

namespace pairwire::test {
namespace {

using delivery::SessionTimes;

std::unique_ptr<Network> MakeNetwork() { return Network::Create().value(); }

// 1, 2, 3… as text, up to `count`.
std::vector<std::string> Numbers(int count) {
  std::vector<std::string> numbers;
  for (int i = 1; i <= count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

bool Got(SessionPair::End& end, int count) {
  return end.seen.WaitUntil(
      [&](const SessionSeen& s) { return s.messages.size() >= static_cast<std::size_t>(count); });
}

bool Acked(SessionPair::End& end, MessageId id) {
  return end.seen.WaitUntil([&](const SessionSeen& s) { return s.acked >= id; });
}

bool Resumed(SessionPair::End& end, std::ptrdiff_t resumes) {
  return end.seen.WaitUntil([&](const SessionSeen& s) {
    return std::count(s.states.begin(), s.states.end(), SessionState::kConnected) >= resumes;
  });
}

TEST(SessionCore, CommandsStatesStreamsAndEvents) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  SessionCore& controller = *pair.controller().core;

  EXPECT_EQ(controller.Send(AsBytes("1"), true).value(), 1u);
  EXPECT_EQ(controller.Send(AsBytes("2"), false).value(), 2u);
  ASSERT_TRUE(Got(pair.display(), 2));
  ASSERT_TRUE(Acked(pair.controller(), 2));
  EXPECT_EQ(pair.display().seen.Get().messages, Numbers(2));
  EXPECT_EQ(pair.display().seen.Get().ids, (std::vector<MessageId>{1, 2}));
  EXPECT_EQ(controller.buffered_amount(), 0u);

  ASSERT_TRUE(controller.SetState("colour", AsBytes("red"), true));
  ASSERT_TRUE(pair.display().seen.WaitUntil(
      [](const SessionSeen& s) { return !s.values.empty() && s.values.back() == "colour=red"; }));
  ASSERT_TRUE(controller.ClearState("colour"));
  ASSERT_TRUE(pair.display().seen.WaitUntil(
      [](const SessionSeen& s) { return s.values.back() == "colour cleared"; }));

  ASSERT_TRUE(controller.SendStream(AsBytes("frame")));
  ASSERT_TRUE(pair.display().seen.WaitUntil(
      [](const SessionSeen& s) { return s.streams == std::vector<std::string>{"frame"}; }));

  // One of each class.
  EXPECT_EQ(controller.Send(Event(events::ChatMessage{.text = "hello"})).value(), 3u);
  EXPECT_EQ(controller.Send(Event(events::DisplayStatus{})).value(), 0u);
  EXPECT_EQ(controller.Send(Event(events::DisplayMetrics{})).value(), 0u);
  ASSERT_TRUE(
      pair.display().seen.WaitUntil([](const SessionSeen& s) { return s.events.size() == 3; }));
  EXPECT_EQ(pair.display().seen.Get().streams.size(), 1u) << "a typed event is no raw frame";
}

TEST(SessionCore, TwoThreadsSendAtOnce) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  std::array<std::vector<MessageId>, 2> ids;
  for (std::size_t which = 0; which < 2; ++which) {
    threads.emplace_back([&, which] {
      for (int i = 0; i < kEach; ++i) {
        const auto id = pair.controller().core->Send(AsBytes(std::to_string(which)), true);
        if (id) ids[which].push_back(*id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(ids[0].size() + ids[1].size(), 2u * kEach);
  ASSERT_TRUE(Got(pair.display(), 2 * kEach));
  const SessionSeen seen = pair.display().seen.Get();
  // Each number names the message that its Send was given.
  for (std::size_t which = 0; which < 2; ++which) {
    for (const MessageId id : ids[which]) {
      EXPECT_EQ(seen.messages[id - 1], std::to_string(which)) << id;
      EXPECT_EQ(seen.ids[id - 1], id);
    }
  }
}

TEST(SessionCore, WhatCameBeforeSubscribeWaitsUnacknowledged) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.subscribe = false;
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  pair.OnLoop([&] { pair.controller().core->Subscribe(pair.Recorder(pair.controller())); });
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("1"), true));
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("2"), true));
  // The way there and back, behind both.
  ASSERT_TRUE(pair.display().core->Send(AsBytes("now"), true));
  ASSERT_TRUE(Got(pair.controller(), 1));
  EXPECT_EQ(pair.controller().seen.Get().acked, 0u);
  pair.OnLoop([&] { pair.display().core->Subscribe(pair.Recorder(pair.display())); });
  ASSERT_TRUE(Got(pair.display(), 2));
  EXPECT_TRUE(Acked(pair.controller(), 2));
}

TEST(SessionCore, AFullOutboxSaysSoAndTellsWhenThereIsRoom) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.options[0].manual_ack = true;
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  SessionCore& controller = *pair.controller().core;
  const Bytes message(delivery::kMaxCommandBytes, 7);
  MessageId last = 0;
  Result<MessageId> sent = 0;
  while ((sent = controller.Send(message, false))) last = *sent;
  EXPECT_EQ(sent.error().code, Errc::kBufferFull);
  EXPECT_EQ(last, 16u) << "4 MiB, with their headers";
  const auto too_large = controller.Send(Bytes(message.size() + 1, 7), false);
  EXPECT_EQ(too_large.error().code, Errc::kMessageTooLarge);
  Watched<bool> writable(false);
  controller.WhenWritable(message.size(), [&](Result<void> room) { writable.Set(!!room); });
  ASSERT_TRUE(Got(pair.display(), 16));
  EXPECT_FALSE(writable.Get());
  pair.OnLoop([&] { pair.display().core->Acknowledge(16); });
  ASSERT_TRUE(writable.WaitFor(true));
  EXPECT_EQ(controller.Send(message, false).value(), 17u);
}

TEST(SessionCore, AnOutboxFullOfSmallMessagesTellsWhenThereIsRoom) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  Watched<bool> low(false);
  pair.controller().extra.on_buffered_amount_low = [&] { low.Set(true); };
  SessionPair::Setup setup;
  setup.options[0].manual_ack = true;
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  SessionCore& controller = *pair.controller().core;
  // Above all that the messages come to: only their number is too much.
  controller.SetBufferedAmountLowThreshold(delivery::Outbox::Limits{}.bytes);
  MessageId last = 0;
  Result<MessageId> sent = 0;
  while ((sent = controller.Send(AsBytes("x"), true))) last = *sent;
  EXPECT_EQ(sent.error().code, Errc::kBufferFull);
  EXPECT_EQ(last, delivery::Outbox::Limits{}.messages);
  ASSERT_TRUE(Got(pair.display(), static_cast<int>(last)));
  pair.OnLoop([&] { pair.display().core->Acknowledge(last / 2 - 1); });
  ASSERT_TRUE(Acked(pair.controller(), last / 2 - 1));
  EXPECT_FALSE(low.Get());
  pair.OnLoop([&] { pair.display().core->Acknowledge(last / 2); });
  EXPECT_TRUE(low.WaitFor(true));
}

TEST(SessionCore, ClosingReportsWhatIsUnknown) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.options[0].manual_ack = true;
  setup.times = [](SessionTimes& times) { times.close = std::chrono::milliseconds(300); };
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(pair.controller().core->Send(AsBytes(std::to_string(i)), true));
  }
  ASSERT_TRUE(Got(pair.display(), 5));
  pair.OnLoop([&] { pair.display().core->Acknowledge(2); });
  ASSERT_TRUE(Acked(pair.controller(), 2));
  pair.OnLoop([&] { pair.controller().core->StartClose(); });
  const auto closed = [](const SessionSeen& s) { return s.closed.has_value(); };
  ASSERT_TRUE(pair.controller().seen.WaitUntil(closed));
  ASSERT_TRUE(pair.display().seen.WaitUntil(closed));
  const ClosedReport sender = *pair.controller().seen.Get().closed;
  ASSERT_TRUE(sender.error);
  EXPECT_EQ(sender.error->code, Errc::kTimedOut);
  EXPECT_EQ(sender.unacknowledged, (MessageRange{3, 5}));
  const ClosedReport receiver = *pair.display().seen.Get().closed;
  EXPECT_FALSE(receiver.error) << "the other end said goodbye";
  EXPECT_EQ(receiver.last_delivered, 2u);
  EXPECT_EQ(pair.controller().core->Send(AsBytes("6"), true).error().code, Errc::kClosed);
}

TEST(SessionCore, ClosingInOrderWaitsForTheLastAcknowledgement) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  for (int i = 1; i <= 100; ++i) {
    ASSERT_TRUE(pair.controller().core->Send(AsBytes(std::to_string(i)), true));
  }
  pair.OnLoop([&] { pair.controller().core->StartClose(); });
  const auto closed = [](const SessionSeen& s) { return s.closed.has_value(); };
  ASSERT_TRUE(pair.controller().seen.WaitUntil(closed));
  ASSERT_TRUE(pair.display().seen.WaitUntil(closed));
  EXPECT_FALSE(pair.controller().seen.Get().closed->error);
  EXPECT_FALSE(pair.display().seen.Get().closed->error);
  EXPECT_EQ(pair.display().seen.Get().messages, Numbers(100));
  EXPECT_EQ(pair.controller().core->state(), SessionState::kClosed);
}

TEST(SessionCore, ResumesOverANewConnectionWithNothingLostAndNothingTwice) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  constexpr int kMessages = 300;
  for (int i = 1; i <= kMessages; ++i) {
    ASSERT_TRUE(pair.controller().core->Send(AsBytes(std::to_string(i)), true));
    ASSERT_TRUE(pair.display().core->Send(AsBytes(std::to_string(i)), true));
    if (i == 100) pair.Cut(pair.controller());
    if (i == 200) {
      ASSERT_TRUE(Resumed(pair.controller(), 1));
      ASSERT_TRUE(Resumed(pair.display(), 1));
      pair.Cut(pair.display());
    }
  }
  ASSERT_TRUE(pair.display().core->SetState("k", AsBytes("newest"), true));
  for (SessionPair::End* const end : {&pair.display(), &pair.controller()}) {
    ASSERT_TRUE(Got(*end, kMessages));
    ASSERT_TRUE(Acked(*end, kMessages));
    EXPECT_EQ(end->seen.Get().messages, Numbers(kMessages));
    EXPECT_FALSE(end->seen.Get().closed);
    EXPECT_EQ(end->core->stats().resumes, 2u);
  }
  EXPECT_TRUE(pair.controller().seen.WaitUntil(
      [](const SessionSeen& s) { return !s.values.empty() && s.values.back() == "k=newest"; }));
}

TEST(SessionCore, TheWindowEndsASessionThatNobodyBringsBack) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.meet = false;
  setup.times = [](SessionTimes& times) { times.window = std::chrono::milliseconds(400); };
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  pair.Cut(pair.controller());
  const auto closed = [](const SessionSeen& s) { return s.closed.has_value() && s.over; };
  ASSERT_TRUE(pair.controller().seen.WaitUntil(closed));
  ASSERT_TRUE(pair.display().seen.WaitUntil(closed));
  ASSERT_TRUE(pair.controller().seen.Get().closed->error);
  EXPECT_EQ(pair.controller().seen.Get().closed->error->code, Errc::kSessionLost);
  EXPECT_EQ(pair.display().seen.Get().over->value().code, Errc::kSessionLost);
}

// The pair of addresses that carries an end's traffic: a restart has new sockets, so it changes
// once the restart has worked.
std::string CarrierOf(SessionPair& pair, SessionPair::End& end) {
  std::string carrier;
  pair.OnLoop([&] {
    const auto selected = end.latest->connection().selected_candidate_pair();
    if (selected) carrier = selected->local + selected->remote;
  });
  return carrier;
}

// Sends until the end's traffic takes another pair than before; each message is a chance to look.
bool CarrierChanges(SessionPair& pair, SessionPair::End& end, const std::string& before) {
  for (int i = 0; i < 20000; ++i) {
    const std::string now = CarrierOf(pair, end);
    if (!now.empty() && now != before) return true;
    const auto id = pair.display().core->Send(AsBytes("beat"), true);
    if (!id || !Acked(pair.display(), *id)) return false;
  }
  return false;
}

TEST(Renegotiation, InBandRestart) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.meet = false;  // no relay
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  const std::string display = CarrierOf(pair, pair.display());
  const std::string controller = CarrierOf(pair, pair.controller());
  pair.OnLoop([&] { pair.controller().core->NetworkChanged(); });
  EXPECT_TRUE(CarrierChanges(pair, pair.display(), display));
  EXPECT_TRUE(CarrierChanges(pair, pair.controller(), controller));
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("after"), true));
  EXPECT_TRUE(Got(pair.display(), 1));
  EXPECT_EQ(pair.controller().core->stats().resumes, 0u) << "the connection stayed";
}

TEST(Renegotiation, Glare) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  SessionPair::Setup setup;
  setup.meet = false;
  pair.Start(std::move(setup));
  ASSERT_TRUE(pair.Connected());
  for (int round = 0; round < 5; ++round) {
    const std::string display = CarrierOf(pair, pair.display());
    const std::string controller = CarrierOf(pair, pair.controller());
    pair.OnLoop([&] {
      pair.controller().core->NetworkChanged();
      pair.display().core->NetworkChanged();
    });
    ASSERT_TRUE(CarrierChanges(pair, pair.display(), display)) << round;
    ASSERT_TRUE(CarrierChanges(pair, pair.controller(), controller)) << round;
  }
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("after"), true));
  EXPECT_TRUE(Got(pair.display(), 1));
  EXPECT_EQ(pair.controller().core->stats().resumes, 0u);
}

// The second begins as soon as anything has passed: the ends change over at different moments, and
// what one of them has replaced the other may still send over.
TEST(Renegotiation, ARestartRightBehindAnother) {
  auto network = MakeNetwork();
  for (int turn = 0; turn < 5; ++turn) {
    SessionPair pair(*network);
    SessionPair::Setup setup;
    setup.meet = false;  // no other way back
    pair.Start(std::move(setup));
    ASSERT_TRUE(pair.Connected());
    for (int round = 1; round <= 2; ++round) {
      pair.OnLoop([&] { pair.controller().core->NetworkChanged(); });
      ASSERT_TRUE(pair.controller().core->Send(AsBytes(std::to_string(round)), true));
      ASSERT_TRUE(Got(pair.display(), round)) << round;
    }
    ASSERT_TRUE(pair.controller().core->Send(AsBytes("3"), true));
    ASSERT_TRUE(Got(pair.display(), 3));
    ASSERT_TRUE(Acked(pair.controller(), 3));
    EXPECT_EQ(pair.display().seen.Get().messages, Numbers(3));
    EXPECT_EQ(pair.controller().core->stats().resumes, 0u);
    EXPECT_EQ(pair.display().core->stats().resumes, 0u);
  }
}

// A caller may hold a lock that its callbacks take.
TEST(SessionCore, NoCallWaitsForACallback) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  Watched<bool> inside(false);
  Watched<bool> called(false);
  Watched<bool> in_time(false);
  pair.display().extra.on_message = [&](const Command&) {
    inside.Set(true);
    in_time.Set(called.WaitFor(true));
  };
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("1"), true));
  ASSERT_TRUE(inside.WaitFor(true));
  SessionCore& display = *pair.display().core;
  EXPECT_TRUE(display.Send(AsBytes("1"), true));
  EXPECT_TRUE(display.SetState("a", AsBytes("old"), true));
  EXPECT_TRUE(display.SetState("a", AsBytes("new"), true));
  EXPECT_TRUE(display.SetState("b", AsBytes("old"), true));
  EXPECT_TRUE(display.ClearState("b"));
  EXPECT_TRUE(display.SendStream(AsBytes("frame")));
  EXPECT_EQ(display.SetState("", {}, true).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(display.SetState("k", Bytes(16 * 1024 + 1), false).error().code,
            Errc::kMessageTooLarge);
  EXPECT_EQ(display.SendStream(Bytes(60 * 1024 + 1)).error().code, Errc::kMessageTooLarge);
  DataChannel channel = display.CreateDataChannel("mine", {});
  (void)display.stats();
  called.Set(true);
  ASSERT_TRUE(in_time.WaitFor(true)) << "a call waited for the callback";
  EXPECT_TRUE(pair.controller().seen.WaitUntil([](const SessionSeen& s) {
    return s.channels == std::vector<std::string>{"mine"} && s.messages == Numbers(1) &&
           s.values == std::vector<std::string>{"a=new"} &&
           s.streams == std::vector<std::string>{"frame"};
  }));
}

// The names of the lanes are the session's: neither a second of a name nor an unknown one gets
// through to the application, and the session goes on.
TEST(SessionCore, ALaneTwiceIsNobodys) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  std::vector<DataChannel> channels;
  for (const std::string_view label : {"pairwire", "pairwire.state", "pairwire.other"}) {
    DataChannelInit init;
    init.protocol = PeerLink::kProtocol;
    channels.push_back(pair.display().core->CreateDataChannel(label, std::move(init)));
  }
  channels.push_back(pair.display().core->CreateDataChannel("pairwire.state", {}));
  ASSERT_TRUE(
      pair.controller().seen.WaitUntil([](const SessionSeen& s) { return !s.channels.empty(); }));
  EXPECT_EQ(pair.controller().seen.Get().channels, std::vector<std::string>{"pairwire.state"})
      << "another sub-protocol is the application's";
  ASSERT_TRUE(pair.display().core->Send(AsBytes("1"), true));
  EXPECT_TRUE(Got(pair.controller(), 1));
  EXPECT_EQ(pair.controller().core->stats().resumes, 0u);
}

TEST(SessionCore, TheHandleMayGoInItsCallbacks) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.display().extra.on_message = [&](const Command&) {
    pair.display().core->Detach();
    pair.display().core.reset();
  };
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("1"), true));
  ASSERT_TRUE(pair.controller().core->Send(AsBytes("2"), true));
  ASSERT_TRUE(
      pair.controller().seen.WaitUntil([](const SessionSeen& s) { return s.closed.has_value(); }));
  const ClosedReport report = *pair.controller().seen.Get().closed;
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.unacknowledged, (MessageRange{1, 2})) << "its callback never returned";
  EXPECT_EQ(pair.display().seen.Get().messages, Numbers(1));
}

TEST(SessionCore, MayOutliveItsNetwork) {
  auto network = MakeNetwork();
  auto pair = std::make_unique<SessionPair>(*network);
  pair->Start({});
  ASSERT_TRUE(pair->Connected());
  const auto display = std::move(pair->display().core);
  auto controller = std::move(pair->controller().core);
  pair.reset();
  network.reset();
  EXPECT_EQ(display->state(), SessionState::kClosed);
  EXPECT_EQ(display->Send(AsBytes("late"), true).error().code, Errc::kClosed);
  EXPECT_EQ(controller->SetState("colour", AsBytes("red"), true).error().code, Errc::kClosed);
  EXPECT_TRUE(controller->CreateDataChannel("late", {}).state() == DataChannelState::kClosed);
  controller.reset();
}

TEST(SessionCore, ChannelsOfTheApplicationPass) {
  auto network = MakeNetwork();
  SessionPair pair(*network);
  pair.Start({});
  ASSERT_TRUE(pair.Connected());
  DataChannel channel = pair.controller().core->CreateDataChannel("mine", {});
  EXPECT_TRUE(pair.display().seen.WaitUntil(
      [](const SessionSeen& s) { return s.channels == std::vector<std::string>{"mine"}; }));
}

}  // namespace
}  // namespace pairwire::test
