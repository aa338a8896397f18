// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// on_data_stalled and on_data_resumed: data stands still while ICE sees a path that lives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "tests/peer/connection/narrow_path.h"
#include "tests/peer/connection/peer_pair.h"
#include "tests/support/log_capture.h"

namespace pairwire::test {
namespace {

using namespace std::chrono_literals;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PeerConfiguration Watchful() {
  PeerConfiguration configuration = LoopbackConfiguration();
  configuration.data_stall_after = 1s;
  configuration.sctp_receive_window = 128 * 1024;
  configuration.max_receive_buffer = 64 * 1024;
  return configuration;
}

class DataStallTest : public ::testing::Test {
 protected:
  DataStallTest() {
    for (std::size_t i = 0; i < 2; ++i) {
      PeerEnd& end = i == 0 ? pair_.a() : pair_.b();
      end.mangle_candidate = [this, i](const IceCandidate& candidate) {
        return path_.Replace(i, candidate);
      };
      end.mangle = [](const SessionDescription& description) {
        return WithoutCandidates(description);
      };
    }
  }

  void SetUp() override {
    at_a_.Assign(pair_.a().pc.CreateDataChannel("x"));
    ASSERT_TRUE(pair_.Connect());
    ASSERT_TRUE(at_a_.WaitOpen());
    at_b_ = pair_.b().WaitIncoming("x");
    ASSERT_NE(at_b_, nullptr);
    // With it comes the acknowledgement of what b has sent, so that b waits for nothing.
    ASSERT_TRUE(at_a_.channel().Send("first"));
    ASSERT_TRUE(at_b_->WaitMessages(1));
  }

  // They come one by one, and are replaced there.
  static SessionDescription WithoutCandidates(const SessionDescription& description) {
    SessionDescription seen = description;
    seen.sdp.clear();
    std::istringstream lines(description.sdp);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("a=candidate:") && !line.starts_with("a=end-of-candidates")) {
        seen.sdp += line + "\n";
      }
    }
    return seen;
  }

  bool WaitStalls(std::size_t count) {
    return pair_.a().record.WaitUntil([&](const EndRecord& r) { return r.stalls.size() >= count; });
  }
  bool WaitResumptions(std::size_t count) {
    return pair_.a().record.WaitUntil([&](const EndRecord& r) { return r.resumptions >= count; });
  }
  SctpTransportStats Stats() {
    Watched<std::optional<StatsReport>> report;
    pair_.a().pc.GetStats([&](StatsReport made) { report.Set(std::move(made)); });
    EXPECT_TRUE(report.WaitUntil([](const auto& r) { return r.has_value(); }));
    EXPECT_THAT(report.Get()->sctp_transports, SizeIs(1));
    json_ = ToJson(*report.Get());
    return report.Get()->sctp_transports.front();
  }

  LogCapture log_;
  std::unique_ptr<Network> network_ = MakeNetwork();
  NarrowPath path_;
  PeerPair pair_{*network_, Watchful(), Watchful()};
  RecordedChannel at_a_;
  RecordedChannel* at_b_ = nullptr;
  std::string json_;
};

TEST_F(DataStallTest, APathThatLosesEverythingAgainAndAgain) {
  for (std::size_t round = 1; round <= 2; ++round) {
    path_.SetLargest(0);
    ASSERT_TRUE(at_a_.channel().Send("waits"));
    ASSERT_TRUE(WaitStalls(round));
    EXPECT_TRUE(Stats().stalled);
    EXPECT_THAT(json_, HasSubstr("\"stalled\":true"));
    path_.SetLargest(65'536);
    ASSERT_TRUE(WaitResumptions(round));
    ASSERT_TRUE(at_b_->WaitMessages(1 + round));
    EXPECT_FALSE(Stats().stalled);
    EXPECT_EQ(Stats().stalls, round);
  }
  EXPECT_THAT(pair_.a().record.Get().stalls,
              ElementsAre(DataStallCause::kPath, DataStallCause::kPath));
  EXPECT_THAT(pair_.b().record.Get().stalls, IsEmpty());
  EXPECT_EQ(pair_.a().pc.connection_state(), PeerConnectionState::kConnected);
  EXPECT_TRUE(log_.Contains("sctp: data stalled, cause path"));
}

// Small messages pass, and so do heartbeats; nothing that is full does.
TEST_F(DataStallTest, APathThatLosesOnlyTheLargeOnes) {
  path_.SetLargest(200);
  ASSERT_TRUE(at_a_.channel().Send("small"));
  ASSERT_TRUE(at_b_->WaitMessages(2));
  ASSERT_TRUE(at_a_.channel().Send(Bytes(20'000)));
  ASSERT_TRUE(WaitStalls(1));
  EXPECT_THAT(pair_.a().record.Get().stalls, ElementsAre(DataStallCause::kPath));
  EXPECT_GT(path_.lost(), 0u);
  path_.SetLargest(65'536);
  ASSERT_TRUE(WaitResumptions(1));
  ASSERT_TRUE(at_b_->WaitMessages(3));
}

TEST_F(DataStallTest, AReaderThatDoesNotReadIsTheOtherCause) {
  at_b_->channel().PauseReceiving();
  std::size_t sent = 0;
  while (at_a_.channel().Send(Bytes(10'000))) ++sent;
  ASSERT_TRUE(WaitStalls(1));
  EXPECT_THAT(pair_.a().record.Get().stalls, ElementsAre(DataStallCause::kReceiver));
  EXPECT_EQ(path_.lost(), 0u);
  at_b_->channel().ResumeReceiving();
  ASSERT_TRUE(WaitResumptions(1));
  ASSERT_TRUE(at_b_->WaitMessages(1 + sent));
}

// The application may end the connection from inside the event; nothing follows.
TEST_F(DataStallTest, ClosingInTheMiddleOfAStall) {
  path_.SetLargest(0);
  ASSERT_TRUE(at_a_.channel().Send("lost"));
  ASSERT_TRUE(WaitStalls(1));
  pair_.a().pc = PeerConnection();
  path_.SetLargest(65'536);
  ASSERT_TRUE(pair_.b().WaitState(PeerConnectionState::kClosed));
  EXPECT_EQ(pair_.a().record.Get().resumptions, 0u);
}

TEST(DataStallOptionTest, TheTimeIsChecked) {
  const auto network = MakeNetwork();
  for (const auto wrong : {std::chrono::milliseconds(999), std::chrono::milliseconds(3'600'001)}) {
    PeerConfiguration configuration = LoopbackConfiguration();
    configuration.data_stall_after = wrong;
    const auto made = network->CreatePeerConnection(configuration, {});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pairwire::test
