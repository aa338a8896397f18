// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionCore on a loop without a thread, over links in memory: each callback of the application
// with each thing that it may do there, and another end that sends more than it may. Real
// connections are session_core_test.cc's.
#include <gtest/gtest.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include "peer/connection/network_access.h"
#include "peer/session/session_core.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One end of a link in memory. What is sent arrives in a later turn of the loop, and waits until
// the other end has ears.
class MemoryLink final : public SessionLink {
 public:
  struct Wire {
    std::array<MemoryLink*, 2> ends{};
    std::array<std::deque<std::pair<delivery::Lane, SharedBytes>>, 2> to;
  };

  MemoryLink(Loop& loop, std::shared_ptr<Wire> wire, std::size_t which)
      : loop_(loop), wire_(std::move(wire)), which_(which) {
    wire_->ends[which_] = this;
  }
  ~MemoryLink() override { wire_->ends[which_] = nullptr; }

  void Start(SessionLinkEvents events) override {
    events_ = std::move(events);
    started_ = true;
    Flush(loop_, wire_, which_);
  }
  void Send(delivery::Lane lane, SharedBytes frame) override {
    wire_->to[1 - which_].emplace_back(lane, std::move(frame));
    Flush(loop_, wire_, 1 - which_);
  }
  std::size_t Room(delivery::Lane) const override { return 1024 * 1024; }
  std::optional<auth::Fingerprints> fingerprints() const override { return auth::Fingerprints{}; }
  SessionPath path() const override { return {}; }
  std::string remote_description() const override { return {}; }
  void RestartIce() override {}
  void Renegotiate(bool) override {}
  void ApplyRemote(const delivery::Negotiation&) override {}
  void RollBack() override {}
  DataChannel CreateDataChannel(std::string_view, DataChannelInit) override { return {}; }
  void Close(std::function<void()> closed) override {
    started_ = false;
    loop_.Post([wire = wire_, other = 1 - which_] {
      MemoryLink* const end = wire->ends[other];
      if (end == nullptr || !end->started_) return;
      const auto on_ended = end->events_.on_ended;
      on_ended(std::nullopt);
    });
    loop_.Post(std::move(closed));
  }

  // What happens to the link.
  SessionLinkEvents events() const { return events_; }

 private:
  static void Flush(Loop& loop, const std::shared_ptr<Wire>& wire, std::size_t which) {
    loop.Post([wire, which] {
      auto& frames = wire->to[which];
      while (!frames.empty()) {
        MemoryLink* const end = wire->ends[which];
        if (end == nullptr || !end->started_) return;
        const auto [lane, frame] = std::move(frames.front());
        frames.pop_front();
        const auto on_frame = end->events_.on_frame;
        on_frame(lane, *frame);
      }
    });
  }

  Loop& loop_;
  const std::shared_ptr<Wire> wire_;
  const std::size_t which_;
  SessionLinkEvents events_;
  bool started_ = false;
};

// Loops of sessions belong to a Network, of which nothing but its name is needed here.
class Rig {
 public:
  Rig() {
    const std::thread::id here = std::this_thread::get_id();
    NetworkAccess::LinkOf(*network_)->RunAndWait(
        [&](NetworkCore& core) { to_loop_ = std::make_shared<LoopLink>(loop, core, here); });
  }
  ~Rig() { to_loop_->Cut(); }

  Session Make(std::size_t which, SessionHooks hooks = {}) {
    SessionStart start;
    start.role = which == 0 ? auth::PairingRole::kDisplay : auth::PairingRole::kController;
    auto link = std::make_unique<MemoryLink>(loop, wire, which);
    start.link = std::move(link);
    start.features = {"session.1"};
    start.peer.session_layer = true;
    auto core = SessionCore::Make(to_loop_, loop, std::move(start), std::move(hooks));
    EXPECT_TRUE(core);
    cores[which] = *core;
    return SessionFactory::HandleTo(std::move(*core));
  }

  // Unless it is gone.
  void Happens(std::size_t which, const std::function<void(const SessionLinkEvents&)>& what) {
    if (wire->ends[which] != nullptr) what(wire->ends[which]->events());
    loop.RunUntilIdle();
  }

  ManualLoop loop;
  std::shared_ptr<MemoryLink::Wire> wire = std::make_shared<MemoryLink::Wire>();
  std::array<std::weak_ptr<SessionCore>, 2> cores;

 private:
  const std::unique_ptr<Network> network_ = Network::Create().value();
  std::shared_ptr<LoopLink> to_loop_;
};

enum class Act { kDestroy, kClose, kSend, kSubscribe };

// An application that does one thing in one of its callbacks, the first time that it is called.
class Application {
 public:
  Application(Session session, std::string_view where, Act what)
      : session_(std::move(session)), where_(where), what_(what) {}

  void Subscribe() { session_.Subscribe(Events()); }
  Session& session() { return session_; }
  bool acted() const { return acted_; }
  int closed() const { return closed_; }

 private:
  SessionEvents Events() {
    SessionEvents on;
    on.on_message = [this](const Command&) { Called("message"); };
    on.on_event = [this](const Event&) { Called("event"); };
    on.on_state_value = [this](std::string_view, const std::optional<Message>& value) {
      Called(value ? "value" : "cleared");
    };
    on.on_stream = [this](const Message&) { Called("stream"); };
    on.on_acked = [this](MessageId) { Called("acked"); };
    on.on_state = [this](SessionState state, std::string_view) { Called(ToString(state)); };
    on.on_path = [this](const SessionPath&) { Called("path"); };
    on.on_buffered_amount_low = [this] { Called("low"); };
    on.on_data_channel = [this](DataChannel) { Called("channel"); };
    on.on_closed = [this](const ClosedReport&) {
      ++closed_;
      Called("over");
    };
    return on;
  }

  void Called(std::string_view callback) {
    EXPECT_FALSE(gone_) << callback << " after the handle went in " << where_;
    if (callback != where_ || std::exchange(acted_, true)) return;
    switch (what_) {
      case Act::kDestroy:
        gone_ = true;
        session_ = Session();
        return;
      case Act::kClose:
        session_.Close();
        return;
      case Act::kSend:
        (void)session_.Send("from a callback");
        (void)session_.SetState("mine", "from a callback");
        (void)session_.ClearState("mine");
        (void)session_.SendStream(AsBytes("from a callback"));
        session_.WhenWritable(1, [](Result<void>) {});
        (void)session_.CreateDataChannel("from a callback");
        (void)session_.stats();
        return;
      case Act::kSubscribe:
        session_.Subscribe(Events());
        return;
    }
  }

  Session session_;
  const std::string_view where_;
  const Act what_;
  bool acted_ = false;
  bool gone_ = false;
  int closed_ = 0;
};

void OtherEndSpeaks(Session& other) {
  for (int i = 0; i < 3; ++i) {
    (void)other.Send("command");
    (void)other.Send(Event(events::ChatMessage{.text = "hello"}));
    (void)other.SetState("key" + std::to_string(i), "value");
    (void)other.SetState("gone", "value");
    (void)other.ClearState("gone");
    (void)other.SendStream(AsBytes("frame"));
  }
}

class SessionCallbacks : public ::testing::TestWithParam<std::tuple<Act, bool>> {};

TEST_P(SessionCallbacks, EachMayDoIt) {
  const auto [what, late] = GetParam();
  for (const std::string_view where :
       {"message", "event", "value", "cleared", "stream", "acked", "path", "low", "channel",
        "recovering", "connected", "closing", "closed", "over"}) {
    // By this end's Close alone.
    const bool closes = where == "closing";
    SCOPED_TRACE(where);
    Rig rig;
    Session other = rig.Make(1);
    int other_closed = 0;
    SessionEvents on;
    on.on_closed = [&](const ClosedReport&) { ++other_closed; };
    other.Subscribe(std::move(on));
    Application application(rig.Make(0), where, what);
    if (!late) application.Subscribe();
    rig.loop.RunUntilIdle();
    OtherEndSpeaks(other);
    rig.Happens(0, [](const SessionLinkEvents& link) { link.on_data_channel(DataChannel()); });
    (void)application.session().Send("to be acknowledged");
    if (late) application.Subscribe();
    rig.loop.AdvanceBy(milliseconds(200));
    OtherEndSpeaks(other);
    rig.loop.AdvanceBy(milliseconds(200));
    rig.Happens(0, [](const SessionLinkEvents& link) { link.on_path({}); });
    rig.Happens(0, [](const SessionLinkEvents& link) { link.on_quiet(true); });
    rig.Happens(0, [](const SessionLinkEvents& link) { link.on_quiet(false); });
    rig.loop.AdvanceBy(milliseconds(200));
    if (closes) {
      application.session().Close();
    } else {
      other.Close();
    }
    rig.loop.AdvanceBy(seconds(20));
    EXPECT_TRUE(application.acted());
    EXPECT_EQ(other_closed, 1);
    if (what == Act::kDestroy) {
      EXPECT_EQ(application.closed(), where == "over" ? 1 : 0);
      EXPECT_TRUE(rig.cores[0].expired()) << "something still holds it";
    } else {
      EXPECT_EQ(application.closed(), 1);
      EXPECT_EQ(application.session().state(), SessionState::kClosed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, SessionCallbacks,
                         ::testing::Combine(::testing::Values(Act::kDestroy, Act::kClose,
                                                              Act::kSend, Act::kSubscribe),
                                            ::testing::Bool()));

// Another end that keeps the form of frames, and no bound.
class SessionFlood : public ::testing::Test {
 protected:
  SessionFlood() {
    SessionHooks hooks;
    hooks.on_over = [this](std::optional<Error> error) { over_ = error; };
    session_ = rig_.Make(0, std::move(hooks));
    rig_.loop.RunUntilIdle();
    const auto hello = keeper_.Make(1, {}, 0);
    Give(delivery::Lane::kControl, delivery::FrameType::kHello, delivery::kNoChannel, 0, *hello);
    EXPECT_EQ(session_.state(), SessionState::kConnected);
  }

  void Give(delivery::Lane lane, delivery::FrameType type, std::uint16_t chan, std::uint64_t seq,
            ByteSpan payload) {
    const Bytes frame = delivery::MakeFrame({type, chan, seq, 0}, payload);
    rig_.Happens(0, [&](const SessionLinkEvents& link) { link.on_frame(lane, frame); });
  }

  SeededRandom random_{1};
  delivery::HelloKeeper keeper_{auth::PairingRole::kController, {"session.1"}, random_};
  std::optional<std::optional<Error>> over_;
  Rig rig_;
  Session session_;
};

TEST_F(SessionFlood, CommandsBeforeSubscribe) {
  const Bytes message(delivery::kMaxCommandBytes, 1);
  std::size_t given = 0;
  while (!over_ && given < 100) {
    Give(delivery::Lane::kControl, delivery::FrameType::kDataBinary, delivery::kCommandChannel,
         ++given, message);
  }
  EXPECT_EQ(given, SessionCore::kMaxHeldBytes / message.size() + 1);
  ASSERT_TRUE(over_ && *over_);
  EXPECT_EQ((*over_)->code, Errc::kParseError);
}

TEST_F(SessionFlood, EmptyCommandsBeforeSubscribe) {
  std::size_t given = 0;
  while (!over_ && given < 20'000) {
    Give(delivery::Lane::kControl, delivery::FrameType::kDataBinary, delivery::kCommandChannel,
         ++given, {});
  }
  EXPECT_EQ(given, 2 * delivery::Outbox::Limits{}.messages + 1);
  ASSERT_TRUE(over_);
}

TEST_F(SessionFlood, StatesBeforeSubscribe) {
  const Bytes large(16 * 1024, 1);
  std::size_t given = 0;
  while (!over_ && given < 1000) {
    Bytes payload;
    const std::string key = "key" + std::to_string(++given);
    delivery::AppendStateValue(payload, {key, delivery::ValueKind::kBinary, large});
    Give(delivery::Lane::kState, delivery::FrameType::kStateSet, delivery::kStateChannel, given,
         payload);
  }
  EXPECT_EQ(given, SessionCore::kMaxHeldBytes / large.size() + 1);
  ASSERT_TRUE(over_);
}

}  // namespace
}  // namespace pairwire::test
