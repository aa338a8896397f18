// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The public API over the whole real stack: two peers of one Network on 127.0.0.1.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/peer/connection/peer_pair.h"
#include "tests/support/fd_count.h"

namespace pairwire::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PeerConnectionTest : public ::testing::Test {
 protected:
  std::unique_ptr<Network> network_ = MakeNetwork();
};

TEST_F(PeerConnectionTest, ConnectsAndCarriesTextAndBinaryBothWays) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("pairwire", {.protocol = "p.v1"}));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("pairwire");
  ASSERT_NE(at_b, nullptr);
  ASSERT_TRUE(at_b->WaitOpen());
  EXPECT_EQ(at_b->channel().protocol(), "p.v1");
  EXPECT_EQ(at_a.channel().id(), at_b->channel().id());

  const Bytes binary{0, 1, 255};
  ASSERT_TRUE(at_a.channel().Send("hello"));
  ASSERT_TRUE(at_a.channel().Send(ByteSpan(binary)));
  ASSERT_TRUE(at_a.channel().Send(""));
  ASSERT_TRUE(at_a.channel().Send(ByteSpan()));
  ASSERT_TRUE(at_b->channel().Send("back"));
  ASSERT_TRUE(at_b->WaitMessages(4));
  ASSERT_TRUE(at_a.WaitMessages(1));
  EXPECT_THAT(at_b->record().Get().messages,
              ElementsAre("t:hello", "b:" + std::string("\0\x01\xff", 3), "t:", "b:"));
  EXPECT_THAT(at_a.record().Get().messages, ElementsAre("t:back"));

  const auto selected = pair.a().pc.selected_candidate_pair();
  ASSERT_TRUE(selected);
  EXPECT_FALSE(selected->relayed);
  EXPECT_EQ(selected->local.substr(0, 10), "candidate:");
  EXPECT_THAT(pair.a().record.Get().states,
              ElementsAre(PeerConnectionState::kConnecting, PeerConnectionState::kConnected));
  EXPECT_EQ(pair.a().pc.signaling_state(), SignalingState::kStable);
}

TEST_F(PeerConnectionTest, CarriesMessagesOfEverySize) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  std::size_t sent = 0;
  std::size_t total = 0;
  for (const std::size_t size :
       {1u, 2u, 1147u, 1148u, 1149u, 16384u, 65535u, 65536u, 262144u, 1048576u}) {
    ASSERT_TRUE(at_a.channel().Send(Bytes(size, static_cast<std::uint8_t>(size)))) << size;
    ++sent;
    total += size;
  }
  ASSERT_TRUE(at_b->WaitMessages(sent));
  EXPECT_EQ(at_b->record().Get().bytes, total);

  const auto too_large = at_a.channel().Send(Bytes(1048577));
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code, Errc::kMessageTooLarge);
}

TEST_F(PeerConnectionTest, BufferedAmountFallsToZeroAndTellsWhenLow) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  const Bytes chunk(65536);
  // Sent from the loop in one go, so that nothing can be acknowledged meanwhile.
  Watched<int> accepted(-1);
  network_->Post([&] {
    int count = 0;
    while (at_a.channel().Send(chunk)) ++count;
    EXPECT_EQ(at_a.channel().buffered_amount(), static_cast<std::size_t>(count) * chunk.size());
    accepted.Set(count);
  });
  ASSERT_TRUE(accepted.WaitUntil([](int count) { return count >= 0; }));
  EXPECT_EQ(accepted.Get(), 4 * 1024 * 1024 / 65536);
  ASSERT_TRUE(at_a.record().WaitUntil([](const ChannelRecord& r) { return r.low_events == 1; }));
  EXPECT_EQ(at_a.channel().buffered_amount(), 0u);
  ASSERT_TRUE(at_b->WaitMessages(static_cast<std::size_t>(accepted.Get())));
  ASSERT_TRUE(at_a.channel().Send(""));
  ASSERT_TRUE(at_a.record().WaitUntil([](const ChannelRecord& r) { return r.low_events == 2; }));
  EXPECT_EQ(at_a.channel().buffered_amount(), 0u);
}

TEST_F(PeerConnectionTest, SendRefusesBeforeOpenAndAfterClose) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  EXPECT_EQ(at_a.channel().Send("early").error().code, Errc::kInvalidState);
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  at_a.channel().Close();
  EXPECT_EQ(at_a.channel().Send("late").error().code, Errc::kClosed);
  ASSERT_TRUE(at_a.WaitClosed());
  EXPECT_EQ(at_a.channel().state(), DataChannelState::kClosed);
  EXPECT_EQ(DataChannel().Send("x").error().code, Errc::kClosed);
}

TEST_F(PeerConnectionTest, CloseDeliversWhatWasSentBefore) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(at_a.channel().Send(Bytes(65536)));
  at_a.channel().Close();
  ASSERT_TRUE(at_a.WaitClosed());
  ASSERT_TRUE(at_b->WaitClosed());
  EXPECT_EQ(at_b->record().Get().bytes, 50u * 65536u);
  EXPECT_FALSE(at_a.record().Get().error);
  EXPECT_FALSE(at_b->record().Get().error);
}

TEST_F(PeerConnectionTest, StreamsAreReusedAfterManyChannels) {
  PeerPair pair(*network_);
  RecordedChannel first(pair.a().pc.CreateDataChannel("first"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(first.WaitOpen());
  for (int i = 0; i < 40; ++i) {
    const std::string label = "c" + std::to_string(i);
    RecordedChannel channel(pair.a().pc.CreateDataChannel(label));
    ASSERT_TRUE(channel.WaitOpen()) << i;
    ASSERT_TRUE(channel.channel().Send(label));
    RecordedChannel* other = pair.b().WaitIncoming(label);
    ASSERT_NE(other, nullptr);
    ASSERT_TRUE(other->WaitMessages(1));
    EXPECT_LT(*channel.channel().id(), 16) << i;
    channel.channel().Close();
    ASSERT_TRUE(channel.WaitClosed());
    ASSERT_TRUE(other->WaitClosed());
  }
}

TEST_F(PeerConnectionTest, BothEndsOpenChannelsAtOnce) {
  PeerPair pair(*network_);
  std::vector<std::unique_ptr<RecordedChannel>> channels;
  for (int i = 0; i < 20; ++i) {
    channels.push_back(
        std::make_unique<RecordedChannel>(pair.a().pc.CreateDataChannel("a" + std::to_string(i))));
    channels.push_back(
        std::make_unique<RecordedChannel>(pair.b().pc.CreateDataChannel("b" + std::to_string(i))));
  }
  ASSERT_TRUE(pair.Connect());
  for (auto& channel : channels) {
    ASSERT_TRUE(channel->WaitOpen());
    ASSERT_TRUE(channel->channel().Send(channel->channel().label()));
  }
  for (int i = 0; i < 20; ++i) {
    RecordedChannel* at_b = pair.b().WaitIncoming("a" + std::to_string(i));
    RecordedChannel* at_a = pair.a().WaitIncoming("b" + std::to_string(i));
    ASSERT_TRUE(at_b->WaitMessages(1));
    ASSERT_TRUE(at_a->WaitMessages(1));
    EXPECT_THAT(at_b->record().Get().messages, ElementsAre("t:a" + std::to_string(i)));
    EXPECT_THAT(at_a->record().Get().messages, ElementsAre("t:b" + std::to_string(i)));
  }
}

TEST_F(PeerConnectionTest, ALateSubscriberMissesNothing) {
  PeerPair pair(*network_);
  Watched<std::shared_ptr<DataChannel>> kept;
  pair.b().on_data_channel = [&](DataChannel channel) {
    kept.Set(std::make_shared<DataChannel>(std::move(channel)));
  };
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(at_a.channel().Send(std::to_string(i)));
  ASSERT_TRUE(kept.WaitUntil([](const auto& channel) { return channel != nullptr; }));
  // Acknowledged, so it is at the other end, which has no handlers yet.
  ASSERT_TRUE(at_a.record().WaitUntil([](const ChannelRecord& r) { return r.low_events > 0; }));
  RecordedChannel at_b(std::move(*kept.Get()));
  ASSERT_TRUE(at_b.WaitOpen());
  ASSERT_TRUE(at_b.WaitMessages(100));
  const auto messages = at_b.record().Get().messages;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(messages[static_cast<std::size_t>(i)], "t:" + std::to_string(i));
  }
}

TEST_F(PeerConnectionTest, APausedReaderHoldsTheSenderBackAndLosesNothing) {
  // Before the channel, whose events use them to the end.
  Watched<int> accepted(0);
  std::function<void()> pump;
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  ASSERT_TRUE(at_b->WaitOpen());
  at_b->channel().PauseReceiving();
  // Far more than all buffers on the way; each refusal waits for room.
  constexpr int kCount = 400;
  pump = [&] {
    while (accepted.Get() < kCount && at_a.channel().Send(Bytes(65536))) {
      accepted.Update([](int& count) { ++count; });
    }
  };
  at_a.channel().SetBufferedAmountLowThreshold(1024 * 1024);
  at_a.channel().Subscribe({.on_buffered_amount_low = [&] { pump(); }});
  network_->Post(pump);
  // The receiver's bounds plus the sender's: 1 MiB waiting, SCTP's window, 4 MiB to be sent.
  ASSERT_TRUE(accepted.WaitUntil([](int count) { return count >= 64; }));
  EXPECT_EQ(at_b->record().Get().bytes, 0u);
  EXPECT_LT(accepted.Get(), 300);
  at_b->channel().ResumeReceiving();
  ASSERT_TRUE(at_b->WaitMessages(kCount));
  EXPECT_EQ(at_b->record().Get().bytes, kCount * 65536u);
}

TEST_F(PeerConnectionTest, ClosingOneEndTellsTheOther) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair.Connect());
  RecordedChannel* at_b = pair.b().WaitIncoming("x");
  ASSERT_TRUE(at_a.WaitOpen());
  ASSERT_TRUE(at_a.channel().Send("last words"));
  pair.a().pc.Close();
  ASSERT_TRUE(pair.b().WaitState(PeerConnectionState::kClosed));
  ASSERT_TRUE(pair.a().WaitState(PeerConnectionState::kClosed));
  ASSERT_TRUE(at_b->WaitClosed());
  ASSERT_TRUE(at_a.WaitClosed());
  EXPECT_THAT(at_b->record().Get().messages, ElementsAre("t:last words"));
  EXPECT_EQ(pair.b().record.Get().error->code, Errc::kPeerLeft);
  EXPECT_FALSE(pair.a().record.Get().error);
  EXPECT_EQ(pair.a().pc.signaling_state(), SignalingState::kClosed);
}

TEST_F(PeerConnectionTest, AWrongFingerprintFailsBothEndsAndDeliversNothing) {
  for (const bool mangle_offer : {true, false}) {
    PeerPair pair(*network_);
    const auto flip = [](SessionDescription description) {
      const auto at = description.sdp.find("a=fingerprint:sha-256 ") + 22;
      description.sdp[at] = description.sdp[at] == 'A' ? 'B' : 'A';
      return description;
    };
    (mangle_offer ? pair.a() : pair.b()).mangle = flip;
    RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
    pair.Negotiate();
    ASSERT_TRUE(pair.a().WaitState(PeerConnectionState::kFailed));
    ASSERT_TRUE(pair.b().WaitState(PeerConnectionState::kFailed));
    PeerEnd& deceived = mangle_offer ? pair.b() : pair.a();
    EXPECT_EQ(deceived.record.Get().error->code, Errc::kFingerprintMismatch);
    EXPECT_THAT(pair.b().record.Get().incoming, IsEmpty());
    ASSERT_TRUE(at_a.WaitClosed());
    EXPECT_FALSE(at_a.record().Get().open);
  }
}

TEST_F(PeerConnectionTest, ABadDescriptionChangesNothing) {
  PeerPair pair(*network_);
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  for (const char* sdp : {"", "v=0", "rubbish\r\n", "v=0\r\no=- x 1 IN IP4 0.0.0.0\r\n"}) {
    Watched<std::optional<Errc>> error;
    pair.b().pc.SetRemoteDescription({SdpType::kOffer, sdp}, [&](Result<void> result) {
      error.Set(result ? std::nullopt : std::optional(result.error().code));
    });
    ASSERT_TRUE(error.WaitUntil([](const auto& code) { return code.has_value(); })) << sdp;
  }
  EXPECT_EQ(pair.b().pc.signaling_state(), SignalingState::kStable);
  ASSERT_TRUE(pair.Connect());
  ASSERT_TRUE(at_a.WaitOpen());
}

TEST_F(PeerConnectionTest, NoPathFailsWithItsReason) {
  PeerPair pair(*network_);
  // Candidates are withheld: the description carries none, and trickled ones go nowhere.
  Watched<std::optional<Error>> failed;
  auto alone = network_->CreatePeerConnection(
      [] {
        auto configuration = LoopbackConfiguration();
        configuration.connect_timeout = std::chrono::seconds(2);
        return configuration;
      }(),
      {.on_connection_state_change = [&](PeerConnectionState state, std::optional<Error> error) {
        if (state == PeerConnectionState::kFailed) failed.Set(error);
      }});
  ASSERT_TRUE(alone);
  alone->CreateDataChannel("x");
  RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
  pair.a().pc.SetLocalDescription([&](Result<SessionDescription> offer) {
    ASSERT_TRUE(offer);
    alone->SetRemoteDescription(*offer, [&](Result<void> applied) {
      ASSERT_TRUE(applied);
      alone->SetLocalDescription([](Result<SessionDescription> answer) { ASSERT_TRUE(answer); });
      alone->AddIceCandidate({});
    });
  });
  ASSERT_TRUE(failed.WaitUntil([](const auto& error) { return error.has_value(); }));
  EXPECT_THAT(failed.Get()->code, ::testing::AnyOf(Errc::kIceFailed, Errc::kTimedOut));
}

TEST_F(PeerConnectionTest, ConfigurationIsChecked) {
  const auto refused = [&](auto change) {
    PeerConfiguration configuration;
    change(configuration);
    const auto pc = network_->CreatePeerConnection(configuration, {});
    return !pc && pc.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](PeerConfiguration& c) { c.bind_addresses = {"localhost"}; }));
  EXPECT_TRUE(refused([](PeerConfiguration& c) {
    c.port_range_begin = 2;
    c.port_range_end = 1;
  }));
  EXPECT_TRUE(refused([](PeerConfiguration& c) { c.max_message_size = 0; }));
  EXPECT_TRUE(refused([](PeerConfiguration& c) { c.max_channels = 0; }));
  EXPECT_TRUE(refused([](PeerConfiguration& c) { c.ice_pacing = std::chrono::milliseconds(0); }));
}

TEST_F(PeerConnectionTest, HandlesOutliveTheirNetwork) {
  auto pair = std::make_unique<PeerPair>(*network_);
  RecordedChannel at_a(pair->a().pc.CreateDataChannel("x"));
  ASSERT_TRUE(pair->Connect());
  ASSERT_TRUE(at_a.WaitOpen());
  network_.reset();
  EXPECT_FALSE(at_a.channel().Send("x"));
  at_a.channel().Close();
  std::optional<Errc> error;
  pair->a().pc.CreateOffer([&](Result<SessionDescription> offer) {
    error = offer ? std::nullopt : std::optional(offer.error().code);
  });
  EXPECT_EQ(error, Errc::kClosed);
  EXPECT_EQ(pair->a().pc.CreateDataChannel("y").state(), DataChannelState::kClosed);
}

TEST_F(PeerConnectionTest, ManyConnectionsInTurnLeakNoDescriptor) {
  std::size_t after_first = 0;
  for (int i = 0; i < 50; ++i) {
    {
      PeerPair pair(*network_);
      RecordedChannel at_a(pair.a().pc.CreateDataChannel("x"));
      ASSERT_TRUE(pair.Connect()) << i;
      ASSERT_TRUE(at_a.WaitOpen()) << i;
      pair.a().pc.Close();
      ASSERT_TRUE(pair.a().WaitState(PeerConnectionState::kClosed));
      ASSERT_TRUE(pair.b().WaitState(PeerConnectionState::kClosed));
    }
    if (i == 0) after_first = OpenFdCount();
  }
  network_.reset();
  EXPECT_LE(OpenFdCount(), after_first);
}

TEST_F(PeerConnectionTest, FiftyAtOnce) {
  std::vector<std::unique_ptr<PeerPair>> pairs;
  std::vector<std::unique_ptr<RecordedChannel>> channels;
  for (int i = 0; i < 50; ++i) {
    pairs.push_back(std::make_unique<PeerPair>(*network_));
    channels.push_back(
        std::make_unique<RecordedChannel>(pairs.back()->a().pc.CreateDataChannel("x")));
    pairs.back()->Negotiate();
  }
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(channels[static_cast<std::size_t>(i)]->WaitOpen()) << i;
    ASSERT_TRUE(channels[static_cast<std::size_t>(i)]->channel().Send("x"));
  }
  for (auto& pair : pairs) {
    RecordedChannel* at_b = pair->b().WaitIncoming("x");
    ASSERT_NE(at_b, nullptr);
    ASSERT_TRUE(at_b->WaitMessages(1));
  }
}

}  // namespace
}  // namespace pairwire::test
