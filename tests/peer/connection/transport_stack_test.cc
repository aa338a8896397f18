// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two TransportStacks, real DTLS and SCTP, over a simulated link with seeded weather: what the
// whole stack does on bad paths, without libnice and without sockets.
#include "peer/connection/transport_stack.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "sctp/usrsctp_association.h"
#include "tests/peer/connection/fake_ice.h"
#include "tests/support/seed_trace.h"
#include "tests/support/wait.h"

namespace pairwire::test {
namespace {

using std::chrono::milliseconds;

struct Record {
  bool dtls_up = false;
  bool ice_failed = false;
  int open = 0;
  std::vector<std::string> messages;
  std::optional<Error> ended;
  int closed_channels = 0;
};

const ice::Credentials kCredentials{"ufrg", "password-of-22-letters"};

// One end; lives on the loop.
class End final : public TransportStackEvents {
 public:
  // One way there and back for each generation.
  struct Way {
    SimLink& out;
    SimLink& in;
  };

  End(Loop& loop, sctp::UsrsctpRuntime& sctp, std::vector<Way> ways)
      : certificate_(*dtls::Certificate::Generate()),
        stack_(
            loop, PeerConfiguration(), certificate_,
            [this, &loop, ways](ice::Credentials local, ice::Events& events) {
              const Way& way = ways.at(generations_++);
              auto ice = std::make_unique<FakeIce>(loop, way.out, way.in, std::move(local), events);
              ice_ = ice.get();
              return ice;
            },
            [&sctp](sctp::AssociationEvents& events, const RemoteTransport&) {
              return std::make_unique<sctp::UsrsctpAssociation>(
                  sctp, sctp::UsrsctpAssociationOptions(), events);
            },
            *this) {}

  dtls::Fingerprint fingerprint() const { return certificate_.fingerprint(); }
  TransportStack& stack() { return stack_; }
  FakeIce& ice() { return *ice_; }
  Watched<Record>& record() { return record_; }

  void Start(dtls::Role role, const dtls::Fingerprint& remote) {
    ASSERT_TRUE(stack_.paths().Start(1, kCredentials));
    stack_.SetDtlsRole(role);
    stack_.SetRemote({.fingerprints = {remote}, .max_message_size = 262144});
    ASSERT_TRUE(stack_.paths().SetRemoteCredentials(1, kCredentials));
  }

  void Restart() {
    ASSERT_TRUE(stack_.paths().Start(2, kCredentials));
    ASSERT_TRUE(stack_.paths().SetRemoteCredentials(2, kCredentials));
  }

 private:
  void OnLocalCandidate(std::uint32_t, const std::string&) override {}
  void OnGatheringDone(std::uint32_t) override {}
  void OnIceServerError(const ice::ServerError&) override {}
  void OnSctpState(sctp::AssociationState) override {}
  void OnIceState(ice::State state) override {
    record_.Update([&](Record& r) { r.ice_failed |= state == ice::State::kFailed; });
  }
  void OnDtlsState(dtls::State state) override {
    if (state == dtls::State::kConnected) record_.Update([](Record& r) { r.dtls_up = true; });
  }
  void OnSelectedPair(const ice::CandidatePair&) override {}
  void OnTransportEnded(const Error& error) override {
    record_.Update([&](Record& r) { r.ended = error; });
  }
  void OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions&) override {
    stack_.channels().ResumeReceiving(id);
  }
  void OnChannelOpen(sctp::ChannelId) override {
    record_.Update([](Record& r) { ++r.open; });
  }
  void OnChannelMessage(sctp::ChannelId, ByteSpan data, bool) override {
    record_.Update([&](Record& r) { r.messages.emplace_back(AsText(data)); });
  }
  void OnChannelBufferedAmount(sctp::ChannelId, std::size_t) override {}
  void OnChannelClosed(sctp::ChannelId, const std::optional<Error>&) override {
    record_.Update([](Record& r) { ++r.closed_channels; });
  }

  Watched<Record> record_;
  dtls::Certificate certificate_;
  std::size_t generations_ = 0;
  FakeIce* ice_ = nullptr;  // the newest
  TransportStack stack_;
};

class TransportStackTest : public ::testing::Test {
 protected:
  TransportStackTest() : loop_("stack-test") {
    EXPECT_TRUE(loop_.Start());
    OnLoop([this] { sctp_ = std::move(*sctp::UsrsctpRuntime::Create(loop_)); });
  }
  ~TransportStackTest() override {
    OnLoop([this] {
      a_.reset();
      b_.reset();
      path_.reset();
      next_path_.reset();
      sctp_.reset();
    });
    loop_.Stop();
  }

  void OnLoop(std::function<void()> function) { ASSERT_TRUE(RunAndWait(loop_, function)); }

  void Connect(const SimLink::Options& weather) {
    OnLoop([&] {
      a_.reset();
      b_.reset();
      path_ = std::make_unique<SimPath>(loop_, weather);
      next_path_ = std::make_unique<SimPath>(loop_, weather);
      a_ = std::make_unique<End>(
          loop_, *sctp_,
          std::vector<End::Way>{{path_->a_to_b(), path_->b_to_a()},
                                {next_path_->a_to_b(), next_path_->b_to_a()}});
      b_ = std::make_unique<End>(
          loop_, *sctp_,
          std::vector<End::Way>{{path_->b_to_a(), path_->a_to_b()},
                                {next_path_->b_to_a(), next_path_->a_to_b()}});
      channel_ = *a_->stack().channels().Open({.label = "x"});
      a_->Start(dtls::Role::kServer, b_->fingerprint());
      b_->Start(dtls::Role::kClient, a_->fingerprint());
    });
  }

  bool WaitOpen() {
    const auto open = [](const Record& r) { return r.open > 0; };
    return a_->record().WaitUntil(open) && b_->record().WaitUntil(open);
  }

  AsioLoop loop_;
  std::unique_ptr<sctp::UsrsctpRuntime> sctp_;
  std::unique_ptr<SimPath> path_;
  std::unique_ptr<SimPath> next_path_;  // of the second ICE generation
  std::unique_ptr<End> a_;
  std::unique_ptr<End> b_;
  sctp::ChannelId channel_ = 0;
};

TEST_F(TransportStackTest, DeliversOnceAndInOrderInBadWeather) {
  for (std::uint64_t run = 1; run <= 3; ++run) {
    const std::uint64_t seed = Seed(run);
    PAIRWIRE_TRACE_SEED(seed);
    Connect({.delay = milliseconds(2),
             .jitter = milliseconds(3),
             .loss = 0.05,
             .reorder = 0.05,
             .duplicate = 0.05,
             .seed = seed});
    ASSERT_TRUE(WaitOpen());
    constexpr int kCount = 200;
    OnLoop([&] {
      for (int i = 0; i < kCount; ++i) {
        const std::string text =
            std::to_string(i) + std::string(static_cast<std::size_t>(i * 7), '.');
        ASSERT_TRUE(a_->stack().channels().Send(channel_, AsBytes(text), true));
      }
    });
    ASSERT_TRUE(
        b_->record().WaitUntil([](const Record& r) { return r.messages.size() >= kCount; }));
    const auto messages = b_->record().Get().messages;
    for (int i = 0; i < kCount; ++i) {
      const auto& message = messages[static_cast<std::size_t>(i)];
      EXPECT_EQ(message.substr(0, message.find('.')), std::to_string(i));
    }
  }
}

TEST_F(TransportStackTest, ConnectsThroughThirtyPercentLoss) {
  for (std::uint64_t run = 1; run <= 3; ++run) {
    const std::uint64_t seed = Seed(run);
    PAIRWIRE_TRACE_SEED(seed);
    Connect({.delay = milliseconds(5), .loss = 0.3, .seed = seed});
    ASSERT_TRUE(WaitOpen());
  }
}

TEST_F(TransportStackTest, CloseDrainsAndTellsTheOtherEnd) {
  Connect({.delay = milliseconds(20)});
  ASSERT_TRUE(WaitOpen());
  Watched<bool> closed(false);
  OnLoop([&] {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(a_->stack().channels().Send(channel_, Bytes(1000), false));
    }
    a_->stack().Close([&] { closed.Set(true); });
  });
  ASSERT_TRUE(closed.WaitFor(true));
  ASSERT_TRUE(b_->record().WaitUntil([](const Record& r) { return r.ended.has_value(); }));
  EXPECT_EQ(b_->record().Get().ended->code, Errc::kPeerLeft);
  EXPECT_EQ(b_->record().Get().messages.size(), 100u);
}

TEST_F(TransportStackTest, CloseIsBoundedWhenThePathIsDead) {
  Connect({.delay = milliseconds(1)});
  ASSERT_TRUE(WaitOpen());
  Watched<bool> closed(false);
  Loop::TimePoint start;
  OnLoop([&] {
    path_->SetDown(true);
    ASSERT_TRUE(a_->stack().channels().Send(channel_, Bytes(1000), false));
    start = loop_.Now();
    a_->stack().Close([&] { closed.Set(true); });
  });
  ASSERT_TRUE(closed.WaitFor(true));
  EXPECT_GE(loop_.Now() - start, PeerConfiguration{}.close_timeout);
}

TEST_F(TransportStackTest, ALostPathIsToldAndEndsNothing) {
  Connect({.delay = milliseconds(1)});
  ASSERT_TRUE(WaitOpen());
  OnLoop([&] { a_->ice().Fail(); });
  ASSERT_TRUE(a_->record().WaitUntil([](const Record& r) { return r.ice_failed; }));
  EXPECT_EQ(a_->record().Get().ended, std::nullopt);
}

// The old path dies in the middle of a transfer, and a restart brings another: nothing is lost,
// nothing comes twice, and DTLS and SCTP are the same ones.
TEST_F(TransportStackTest, AnIceRestartUnderLoadLosesNothing) {
  for (std::uint64_t run = 1; run <= 3; ++run) {
    const std::uint64_t seed = Seed(run);
    PAIRWIRE_TRACE_SEED(seed);
    Connect({.delay = milliseconds(5), .jitter = milliseconds(2), .loss = 0.02, .seed = seed});
    ASSERT_TRUE(WaitOpen());
    constexpr int kCount = 1000;
    OnLoop([&] {
      for (int i = 0; i < kCount; ++i) {
        ASSERT_TRUE(a_->stack().channels().Send(channel_, AsBytes(std::to_string(i)), true));
      }
    });
    ASSERT_TRUE(b_->record().WaitUntil([](const Record& r) { return r.messages.size() >= 50; }));
    OnLoop([&] {
      path_->SetDown(true);
      a_->Restart();
      b_->Restart();
    });
    ASSERT_TRUE(
        b_->record().WaitUntil([](const Record& r) { return r.messages.size() >= kCount; }));
    const auto messages = b_->record().Get().messages;
    ASSERT_EQ(messages.size(), static_cast<std::size_t>(kCount));
    for (int i = 0; i < kCount; ++i) {
      EXPECT_EQ(messages[static_cast<std::size_t>(i)], std::to_string(i));
    }
    EXPECT_EQ(a_->record().Get().ended, std::nullopt);
    EXPECT_EQ(b_->record().Get().ended, std::nullopt);
  }
}

TEST_F(TransportStackTest, MayBeDestroyedWhileTheHandshakeRuns) {
  for (int i = 0; i < 50; ++i) {
    Connect({.delay = milliseconds(1)});
    // However far the two have come when the next round replaces them.
    if (i % 2 == 0) {
      ASSERT_TRUE(b_->record().WaitUntil([](const Record& r) { return r.dtls_up; }));
    }
  }
}

}  // namespace
}  // namespace pairwire::test
