// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The switches back to how things were (row L13): a WebSocket from the start, messages through the
// relay, expiry by the sweep alone. And rooms to listen to.
#include <gmock/gmock.h>

#include "tests/signaling/core/relay_harness.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Message(const std::string& type, const std::string& data, const std::string& id = "") {
  return R"({"type":")" + type + "\"" + (id.empty() ? "" : R"(,"id":")" + id + "\"") +
         R"(,"data":)" + data + "}";
}

class Modes : public RelayTest {
 protected:
  void AddNodes(RelayOptions options) {
    nodes_.clear();
    options.lease = 3s;
    AddNode("node-1", options);
    AddNode("node-2", options);
    Advance(10ms);
  }
  std::vector<std::string> Data(const std::string& type, ConnectionId socket, std::size_t node) {
    std::vector<std::string> data;
    for (const Envelope& envelope : out(node).Take(socket)) {
      if (envelope.type == type) data.push_back(envelope.data.text);
    }
    return data;
  }
};

TEST_F(Modes, Immediate) {
  RelayOptions options;
  options.connection = ConnectionMode::kImmediate;
  AddNodes(options);
  const RegisterResponse display = Register().value();
  EXPECT_EQ(display.connection, "immediate");
  // On another node than its controller's.
  const ConnectionId socket = Open(display.display_token, 1);
  ASSERT_NE(socket, 0U);
  EXPECT_THAT(out(1).TakeTypes(socket), ElementsAre("welcome"));
  const PairResponse controller = Pair(display.code).value();
  const auto ready = Data("pairing:ready", socket, 1);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_NE(ready[0].find(controller.controller_id), std::string::npos);
  const ConnectionId other = Open(controller.controller_token, 0);
  EXPECT_THAT(out(1).TakeTypes(socket), ElementsAre("user_joined"));
  Say(socket, Offer(1), 1);
  EXPECT_EQ(Numbers(out(0).Take(other)), Range(1, 2));
}

TEST_F(Modes, ImmediateDisplaysMayLoseTheirSocketWhileTheyWait) {
  RelayOptions options;
  options.connection = ConnectionMode::kImmediate;
  AddNodes(options);
  const RegisterResponse display = Register().value();
  const ConnectionId lost = Open(display.display_token);
  Close(lost);
  // Longer than the window of a paired member: the code on the screen is still good.
  Advance(8s);
  const PairResponse controller = Pair(display.code).value();
  ASSERT_NE(Open(controller.controller_token, 1), 0U);
  const ConnectionId again = Open(display.display_token, 1);
  ASSERT_NE(again, 0U);
  // What it did not hear as pairing:ready it sees by who is there.
  const auto joined = Data("user_joined", again, 1);
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_NE(joined[0].find(controller.controller_id), std::string::npos);
}

TEST_F(Modes, ImmediateDisplaysHearThatTheirCodeExpired) {
  RelayOptions options;
  options.connection = ConnectionMode::kImmediate;
  AddNodes(options);
  const RegisterResponse display = Register().value();
  const ConnectionId socket = Open(display.display_token);
  for (int i = 0; i < 61; ++i) {
    Advance(10s);
    if (out().CloseCode(socket) == 0) Say(socket, R"({"type":"heartbeat"})");
  }
  EXPECT_THAT(Data("session:terminated", socket, 0), ElementsAre(R"({"reason":"expired"})"));
  EXPECT_EQ(out().CloseCode(socket), protocol::kCloseNormal);
}

TEST_F(Modes, LazyIsTheUsual) {
  EXPECT_EQ(Register().value().connection, "");
  const Paired paired = MakePaired();
  EXPECT_EQ(paired.display_welcome.mode, "");
  Say(paired.display_socket, Message("message:send", R"({"text":"x"})", "m"));
  const auto answer = out().Take(paired.display_socket);
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(ErrorCode(answer[0]), ProblemCode::kNotSupported);
  EXPECT_EQ(answer[0].id, "m");
  EXPECT_THAT(out().Take(paired.controller_socket), IsEmpty());
}

TEST_F(Modes, Relayed) {
  RelayOptions options;
  options.signaling = SignalingMode::kRelayed;
  AddNodes(options);
  for (const std::size_t node : {0U, 1U}) {
    const Paired paired = MakePaired(0, node);
    EXPECT_EQ(paired.display_welcome.mode, "relayed");
    out(0).Take(paired.display_socket);
    Say(paired.display_socket, Message("message:send", R"({"text":"one"})", "1"));
    Say(paired.display_socket, Message("message:send", R"({"text":"two"})", "2"));
    const auto got = out(node).Take(paired.controller_socket);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].type, "message:received");
    EXPECT_EQ(got[0].from, paired.display_welcome.member_id);
    EXPECT_EQ(got[0].data.text, R"({"text":"one"})");
    EXPECT_EQ(got[1].data.text, R"({"text":"two"})");
    const auto acks = out(0).Take(paired.display_socket);
    ASSERT_EQ(acks.size(), 2U);
    EXPECT_EQ(acks[0].type, "ack");
    EXPECT_EQ(acks[1].id, "2");
    // And back.
    Say(paired.controller_socket, Message("message:send", R"({"text":"three"})"), node);
    EXPECT_THAT(Data("message:received", paired.display_socket, 0),
                ElementsAre(R"({"text":"three"})"));
    // WebRTC's signaling is off.
    Say(paired.display_socket, Offer(1, "o"));
    const auto refused = out(0).Take(paired.display_socket);
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(ErrorCode(refused[0]), ProblemCode::kNotSupported);
    EXPECT_THAT(out(node).Take(paired.controller_socket), IsEmpty());
  }
}

TEST_F(Modes, Both) {
  RelayOptions options;
  options.signaling = SignalingMode::kBoth;
  AddNodes(options);
  for (const std::size_t node : {0U, 1U}) {
    const Paired paired = MakePaired(0, node);
    EXPECT_EQ(paired.display_welcome.mode, "both");
    out(0).Take(paired.display_socket);
    Say(paired.display_socket, Offer(1, "o"));
    Say(paired.display_socket, Message("message:send", R"({"box":"abc"})", "m"));
    const auto got = out(node).Take(paired.controller_socket);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].type, "webrtc:offer");
    EXPECT_EQ(got[1].type, "message:received");
    EXPECT_EQ(got[1].from, paired.display_welcome.member_id);
    EXPECT_EQ(got[1].data.text, R"({"box":"abc"})");
    EXPECT_THAT(out(0).TakeTypes(paired.display_socket), ElementsAre("ack", "ack"));
    Say(paired.controller_socket, Message("message:send", R"({"box":"back"})"), node);
    EXPECT_THAT(Data("message:received", paired.display_socket, 0),
                ElementsAre(R"({"box":"back"})"));
  }
}

TEST_F(Modes, BothHasTheBoundsOfOne) {
  RelayOptions options;
  options.signaling = SignalingMode::kBoth;
  AddNodes(options);
  const Paired paired = MakePaired(0, 1);
  out(0).Take(paired.display_socket);
  const std::string large(protocol::kMaxDataBytes, 'x');
  Say(paired.display_socket, Message("message:send", R"({"box":")" + large + "\"}", "l"));
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kPayloadTooLarge);
  // Signals and messages draw on one rate.
  std::size_t carried = 0;
  for (int i = 0; i < 150; ++i) {
    Say(paired.display_socket, Message("message:send", "{}"));
    Say(paired.display_socket, Offer(i));
    carried += out(1).Take(paired.controller_socket).size();
  }
  EXPECT_LE(carried, static_cast<std::size_t>(options.messages_per_socket.burst));
  EXPECT_GE(carried, 150U);
}

TEST_F(Modes, RelayedMessagesAreKeptForWhoComesBack) {
  RelayOptions options;
  options.signaling = SignalingMode::kRelayed;
  AddNodes(options);
  const Paired paired = MakePaired(0, 1);
  Close(paired.controller_socket, 1);
  Say(paired.display_socket, Message("message:send", R"({"n":1})", "k"));
  EXPECT_EQ(out(0).Take(paired.display_socket).back().type, "ack");
  const ConnectionId again = Open(paired.controller.controller_token, 0);
  Say(again, R"({"type":"heartbeat"})");
  EXPECT_THAT(Data("message:received", again, 0), ElementsAre(R"({"n":1})"));
}

TEST_F(Modes, RelayedMessagesAreBounded) {
  RelayOptions options;
  options.signaling = SignalingMode::kRelayed;
  AddNodes(options);
  const Paired paired = MakePaired(0, 1);
  out(0).Take(paired.display_socket);
  Say(paired.display_socket, R"({"type":"message:send","id":"e"})");
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kInvalidRequest);
  const std::string large(protocol::kMaxDataBytes, 'x');
  Say(paired.display_socket, Message("message:send", R"({"text":")" + large + "\"}", "l"));
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kPayloadTooLarge);
  // The rate is that of all messages, and who never stops is closed.
  int received = 0;
  int limited = 0;
  for (int i = 0; i < 1'000 && out(0).CloseCode(paired.display_socket) == 0; ++i) {
    Say(paired.display_socket, Message("message:send", "{}"));
    received += static_cast<int>(Data("message:received", paired.controller_socket, 1).size());
    limited += static_cast<int>(Data("error", paired.display_socket, 0).size());
  }
  EXPECT_LE(received, static_cast<int>(options.messages_per_socket.burst));
  EXPECT_GE(received, 150);
  EXPECT_GT(limited, 0);
  EXPECT_EQ(out(0).CloseCode(paired.display_socket), protocol::kClosePolicy);
}

// A store that shares its due times, as Redis does: it never knows when the next is.
class SharedDue final : public Store {
 public:
  explicit SharedDue(Store& store) : store_(store) {}
  void Subscribe(const std::string& node_id, NodeHandler& handler) override {
    handler_ = &handler;
    store_.Subscribe(node_id, handler);
  }
  void Unsubscribe(const std::string& node_id) override { store_.Unsubscribe(node_id); }
  void RegisterSession(NewSession session, TimePoint now, StoreReply<Registered> reply) override {
    store_.RegisterSession(std::move(session), now, std::move(reply));
  }
  void ClaimCode(Claim claim, TimePoint now, StoreReply<Claimed> reply) override {
    store_.ClaimCode(std::move(claim), now, std::move(reply));
  }
  void FindMember(const std::string& session_id, const TokenHash& hash, TimePoint now,
                  StoreReply<Member> reply) override {
    store_.FindMember(session_id, hash, now, std::move(reply));
  }
  void OpenEvents(const std::string& session_id, const TokenHash& hash, const std::string& node_id,
                  std::uint64_t after, TimePoint now, StoreReply<OpenedEvents> reply) override {
    store_.OpenEvents(session_id, hash, node_id, after, now, std::move(reply));
  }
  void Join(JoinRequest request, TimePoint now, StoreReply<Joined> reply) override {
    store_.Join(std::move(request), now, std::move(reply));
  }
  void Leave(LeaveRequest request, TimePoint now, StoreReply<bool> reply) override {
    store_.Leave(std::move(request), now, std::move(reply));
  }
  void Route(RouteRequest request, TimePoint now, StoreReply<Routed> reply) override {
    store_.Route(std::move(request), now, std::move(reply));
  }
  void Heartbeat(std::vector<Touch> members, TimePoint now,
                 StoreReply<std::size_t> reply) override {
    store_.Heartbeat(std::move(members), now, std::move(reply));
  }
  void Terminate(const std::string& session_id, const TokenHash& hash, std::string_view reason,
                 TimePoint now, StoreReply<Member> reply) override {
    store_.Terminate(session_id, hash, reason, now, std::move(reply));
  }
  void ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) override {
    asked.push_back(now);
    store_.ClaimDue(now, limit, std::move(reply));
  }
  TimePoint NextDue() const override { return TimePoint::min(); }
  StoreSizes Sizes() const override { return store_.Sizes(); }
  void Hint() { handler_->OnDueHint(); }

  std::vector<TimePoint> asked;

 private:
  Store& store_;
  NodeHandler* handler_ = nullptr;
};

class SweepModes : public Modes {
 protected:
  // The relays go before their store.
  ~SweepModes() override { nodes_.clear(); }

  Backend backend() override {
    Backend parts = memory_->parts();
    return {shared_, parts.bus, parts.registry, parts.cache, parts.rates, parts.events};
  }
  void Start(bool hints) {
    RelayOptions options;
    options.expiry.hints = hints;
    Restart(options);
    Advance(1s);
    shared_.asked.clear();
  }
  // How many looks there were within the moment after `count` hints.
  std::size_t LooksAfterHints(int count) {
    for (int i = 0; i < count; ++i) {
      shared_.Hint();
      relay().Tick(now_);
      Drain();
    }
    return shared_.asked.size();
  }

  SharedDue shared_{memory_->parts().store};
};

TEST_F(SweepModes, Sweep) {
  Start(/*hints=*/false);
  EXPECT_EQ(LooksAfterHints(5), 0U) << "events count for nothing";
  const RegisterResponse display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  const TimePoint registered = now_;
  Advance(599s);
  EXPECT_TRUE(out().events[stream].empty());
  Advance(1'300ms);
  // Punctual all the same: once, within 300 ms.
  ASSERT_EQ(out().events[stream].size(), 1U);
  EXPECT_EQ(out().events[stream][0].type, "session:terminated");
  EXPECT_EQ(now_ - registered, 600'300ms);
  EXPECT_TRUE(out().ended_streams.contains(stream));
  // Ten looks a second, at nothing but what is due.
  const auto looks = static_cast<double>(shared_.asked.size());
  EXPECT_NEAR(looks / 600.3, 10, 2.5);
}

TEST_F(SweepModes, EventsBringItEarlier) {
  Start(/*hints=*/true);
  EXPECT_EQ(LooksAfterHints(5), 5U);
}

class RoomsToHear : public Modes {
 protected:
  RoomsToHear() {
    RelayOptions options;
    options.display_rooms = true;
    AddNodes(options);
  }
  static std::string Listen(const std::string& room, const std::string& id,
                            const std::string& type = "subscribe_room") {
    return R"({"type":")" + type + R"(","id":")" + id + R"(","room":")" + room + "\"}";
  }
  void Publish(const std::string& room, const std::string& text) {
    backend().bus.Publish(room, text);
    Drain();
  }
};

TEST_F(RoomsToHear, WhatIsPublishedIsHeardOnEveryNode) {
  const Paired paired = MakePaired(0, 1);
  out(0).Take(paired.display_socket);
  Say(paired.display_socket, Listen("design:d", "a"));
  Say(paired.controller_socket, Listen("design:d", "b"), 1);
  Say(paired.controller_socket, Listen("design:d", "c"), 1);
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), ElementsAre("ack"));
  EXPECT_THAT(out(1).TakeTypes(paired.controller_socket), ElementsAre("ack", "ack"));
  const std::string text = R"({"type":"refresh","room":"design:d","data":{"n":1}})";
  Publish("design:d", text);
  Publish("design:other", text);
  EXPECT_THAT(Data("refresh", paired.display_socket, 0), ElementsAre(R"({"n":1})"));
  EXPECT_THAT(Data("refresh", paired.controller_socket, 1), ElementsAre(R"({"n":1})"));
  Say(paired.controller_socket, Listen("design:d", "d", "unsubscribe_room"), 1);
  Publish("design:d", text);
  EXPECT_THAT(Data("refresh", paired.controller_socket, 1), IsEmpty());
  EXPECT_EQ(relay(0).counters().topics_delivered, 2U);
  EXPECT_EQ(relay(0).counters().room_subscriptions, 1U);
  EXPECT_EQ(relay(1).counters().room_subscriptions, 0U);
}

TEST_F(RoomsToHear, ListeningEndsWithTheSocket) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Listen("display:x", "a"));
  EXPECT_EQ(relay(0).counters().room_subscriptions, 1U);
  Close(paired.display_socket);
  EXPECT_EQ(relay(0).counters().room_subscriptions, 0U);
  Publish("display:x", R"({"type":"display:status","data":{}})");
  EXPECT_EQ(relay(0).counters().topics_delivered, 0U);
}

TEST_F(RoomsToHear, OfOnesOwnSessionAndOfDisplaysOnly) {
  const Paired paired = MakePaired();
  const Paired other = MakePaired();
  out(0).Take(paired.display_socket);
  const std::string own = paired.display.session_id;
  Say(paired.display_socket, Listen(own, "a"));
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), ElementsAre("ack"));
  for (const std::string& room :
       {other.display.session_id, std::string("display:"), std::string("lobby")}) {
    Say(paired.display_socket, Listen(room, "r"));
    const auto answer = out(0).Take(paired.display_socket);
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(ErrorCode(answer[0]), ProblemCode::kNotSupported) << room;
  }
  Say(paired.display_socket, R"({"type":"subscribe_room","id":"n"})");
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kInvalidRequest);
}

TEST_F(RoomsToHear, OfOneSocketAreBounded) {
  const Paired paired = MakePaired();
  out(0).Take(paired.display_socket);
  for (std::size_t i = 0; i < protocol::kMaxRoomSubscriptions; ++i) {
    Say(paired.display_socket, Listen("display:" + std::to_string(i), "a"));
    EXPECT_THAT(out(0).TakeTypes(paired.display_socket), ElementsAre("ack"));
  }
  Say(paired.display_socket, Listen("display:one more", "b"));
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kQueueFull);
  Say(paired.display_socket, Listen("display:0", "c", "unsubscribe_room"));
  Say(paired.display_socket, Listen("display:one more", "d"));
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), ElementsAre("ack", "ack"));
}

TEST_F(RoomsToHear, WhatIsNoMessageReachesNobody) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Listen("display:x", "a"));
  out(0).Take(paired.display_socket);
  for (const std::string& text :
       {std::string("hello"), std::string("{}"), std::string(R"({"type":"x","data":[]})"),
        R"({"type":"x","data":{"a":")" + std::string(protocol::kMaxMessageBytes, 'a') + "\"}}"}) {
    Publish("display:x", text);
  }
  EXPECT_THAT(out(0).Take(paired.display_socket), IsEmpty());
}

TEST_F(RoomsToHear, AreOffUnlessConfigured) {
  nodes_.clear();
  AddNode("node-1");
  const Paired paired = MakePaired();
  out(0).Take(paired.display_socket);
  Say(paired.display_socket, Listen("display:x", "a"));
  EXPECT_EQ(ErrorCode(out(0).Take(paired.display_socket).at(0)), ProblemCode::kNotSupported);
}

TEST_F(RelayTest, NodesAreListedWhereTheyCanBeReached) {
  EXPECT_TRUE(relay().Nodes().empty());
  RelayOptions options;
  options.advertise_url = "https://a.example";
  options.region = "eu";
  Restart(options);
  ASSERT_EQ(relay().Nodes().size(), 1U);
  EXPECT_EQ(relay().Nodes()[0].url, "https://a.example");
  EXPECT_EQ(relay().Nodes()[0].region, "eu");
  nodes_.clear();
  options.lease = 3s;
  AddNode("node-1", options);
  options.advertise_url = "https://b.example";
  AddNode("node-2", options);
  options.advertise_url = "";
  AddNode("node-3", options);
  Advance(3s);
  ASSERT_EQ(relay(2).Nodes().size(), 2U);
  relay(1).Drain(1s, {}, now_);
  Advance(3s);
  ASSERT_EQ(relay(0).Nodes().size(), 1U);
  EXPECT_EQ(relay(0).Nodes()[0].node_id, "node-1");
}

}  // namespace
}  // namespace pairwire::relay
