// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Members on different nodes, step by step: resuming elsewhere, taking over, order, a node's death,
// draining. What happens under any weather is relay_model_test.cc's.
#include <gmock/gmock.h>

#include "tests/signaling/core/relay_harness.h"
#include "tests/signaling/core/tapped_store.h"

namespace pairwire::relay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A bus on which nobody listens for a node for a while.
class PartlyDeafBus final : public NodeBus {
 public:
  PartlyDeafBus(NodeBus& bus, Executor& executor) : bus_(bus), executor_(executor) {}

  std::string deaf;

  void Attach(const std::string& node_id, NodeBusHandler& handler) override {
    bus_.Attach(node_id, handler);
  }
  void Detach(const std::string& node_id) override { bus_.Detach(node_id); }
  void SendToNode(const std::string& from, const std::string& to, std::string bytes,
                  Sent done) override {
    if (to != deaf) return bus_.SendToNode(from, to, std::move(bytes), std::move(done));
    if (done) executor_.Post([done = std::move(done)] { done(0); });
  }
  void Subscribe(const std::string& node_id, const std::string& topic) override {
    bus_.Subscribe(node_id, topic);
  }
  void Unsubscribe(const std::string& node_id, const std::string& topic) override {
    bus_.Unsubscribe(node_id, topic);
  }
  void Publish(const std::string& topic, std::string payload) override {
    bus_.Publish(topic, std::move(payload));
  }

 private:
  NodeBus& bus_;
  Executor& executor_;
};

// A registry that says of some nodes nothing, as when their leases ran out while it was away.
class ForgetfulRegistry final : public Registry {
 public:
  explicit ForgetfulRegistry(Registry& registry) : registry_(registry) {}

  std::string missing;

  void Announce(NodeInfo info, std::chrono::milliseconds lease, StoreReply<bool> reply) override {
    registry_.Announce(std::move(info), lease, std::move(reply));
  }
  void Withdraw(const std::string& node_id) override { registry_.Withdraw(node_id); }
  void List(StoreReply<std::vector<NodeInfo>> reply) override {
    registry_.List([this, reply = std::move(reply)](StoreResult<std::vector<NodeInfo>> nodes) {
      std::erase_if(*nodes, [this](const NodeInfo& node) { return node.node_id == missing; });
      reply(std::move(nodes));
    });
  }

 private:
  Registry& registry_;
};

class RelayAcross : public RelayTest {
 protected:
  ~RelayAcross() override { nodes_.clear(); }
  Backend backend() override {
    Backend parts = memory_->parts();
    return {store_, bus_, registry_, parts.cache, parts.rates, parts.events};
  }
  RelayAcross() {
    nodes_.clear();
    for (const std::string id : {"node-1", "node-2", "node-3"}) {
      RelayOptions options;
      options.lease = 3s;
      options.advertise_url = "https://" + id + ".example";
      options.region = id == "node-3" ? "far" : "near";
      AddNode(id, options);
    }
    Advance(10ms);
  }
  void Resume(ConnectionId socket, const std::string& token, const std::string& last_id,
              std::size_t node) {
    Envelope envelope;
    envelope.type = protocol::kResume;
    envelope.data = protocol::ToData(protocol::Resume{token, last_id});
    Say(socket, protocol::ToJson(envelope), node);
  }
  static std::vector<std::string> Acks(const std::vector<Envelope>& envelopes) {
    std::vector<std::string> acks;
    for (const Envelope& envelope : envelopes) {
      if (envelope.type == protocol::kAck) acks.push_back(envelope.id);
    }
    return acks;
  }

  TappedStore store_{executor_, memory_->parts().store};
  ForgetfulRegistry registry_{memory_->parts().registry};
  PartlyDeafBus bus_{memory_->parts().bus, executor_};
};

// The first loss: what the lost socket was sent, and its client did not read, was in the log of a
// node to which the client does not come back.
TEST_F(RelayAcross, ResumeElsewhereReplaysTheTail) {
  const Paired paired = MakePaired(0, 1);
  for (int i = 0; i < 4; ++i) Say(paired.display_socket, Offer(i, std::to_string(i)));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("0", "1", "2", "3"));
  const auto seen = out(1).Take(paired.controller_socket);
  ASSERT_EQ(Numbers(seen), Range(0, 4));
  // Only the first of them really arrived.
  Close(paired.controller_socket, 1);
  const ConnectionId again = Open(paired.controller.controller_token, 2);
  Resume(again, paired.controller_welcome.resume_token, seen[0].id, 2);
  EXPECT_EQ(Numbers(out(2).Take(again)), Range(1, 4));
}

// The second: what reached the node just after the socket was lost waited there for a client that
// came back elsewhere.
TEST_F(RelayAcross, WhatComesToALostSocketFollowsItsMember) {
  const Paired paired = MakePaired(0, 1);
  relay(0).SocketText(paired.display_socket, Offer(0, "0"), now_);
  relay(0).EndTurn(now_);
  // On its way when the socket goes.
  relay(1).SocketClosed(paired.controller_socket, now_);
  Drain();
  const ConnectionId again = Open(paired.controller.controller_token, 2);
  Resume(again, paired.controller_welcome.resume_token, "", 2);
  EXPECT_EQ(Numbers(out(2).Take(again)), Range(0, 1));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("0"));
}

TEST_F(RelayAcross, TakeoverHandsOver) {
  const Paired paired = MakePaired(0, 1);
  for (int i = 0; i < 3; ++i) Say(paired.display_socket, Offer(i));
  const ConnectionId again = Open(paired.controller.controller_token, 2);
  EXPECT_EQ(out(1).CloseCode(paired.controller_socket), protocol::kCloseTakenOver);
  Say(paired.display_socket, Offer(3));
  Resume(again, paired.controller_welcome.resume_token, "", 2);
  EXPECT_EQ(Numbers(out(2).Take(again)), Range(0, 4));
  EXPECT_EQ(relay(1).counters().handovers, 1u);
}

// The store stopped just when a member came back: its join happened, later, but no node heard of
// it. All that the client has is the token of the welcome before.
class RelayUnheard : public RelayAcross {
 protected:
  // The controller's second socket was refused so, after a text had been kept for it. `ghost`: and
  // its node cannot yet tell the store that nobody is there.
  Paired Refused(bool ghost) {
    Paired paired = MakePaired(0, 1);
    Close(paired.controller_socket, 1);
    Say(paired.display_socket, Offer(0, "0"));
    EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("0"));
    store_.joins_unheard = true;
    store_.leaves_away = ghost;
    const ConnectionId refused = Open(paired.controller.controller_token, 1);
    EXPECT_EQ(out(1).CloseCode(refused), protocol::kCloseUnavailable);
    Close(refused, 1);
    store_.joins_unheard = false;
    return paired;
  }
  void ExpectResumed(const Paired& paired, std::size_t node) {
    const ConnectionId again = Open(paired.controller.controller_token, node);
    Resume(again, paired.controller_welcome.resume_token, "", node);
    const auto seen = out(node).Take(again);
    for (const Envelope& envelope : seen) EXPECT_NE(envelope.type, protocol::kError);
    EXPECT_EQ(Numbers(seen), Range(0, 1));
    EXPECT_EQ(relay(node).counters().sockets_resumed, 1u);
    // And stays, once its former node has told the store.
    store_.leaves_away = false;
    Advance(10s);
    EXPECT_THAT(out(0).TakeTypes(paired.display_socket), IsEmpty());
    Say(paired.display_socket, Offer(1));
    EXPECT_EQ(Numbers(out(node).Take(again)), Range(1, 2));
  }
};

TEST_F(RelayUnheard, ResumesOnTheSameNode) { ExpectResumed(Refused(false), 1); }
TEST_F(RelayUnheard, ResumesElsewhere) { ExpectResumed(Refused(false), 2); }
TEST_F(RelayUnheard, ResumesOnTheSameNodeAtOnce) { ExpectResumed(Refused(true), 1); }
TEST_F(RelayUnheard, ResumesElsewhereAtOnce) { ExpectResumed(Refused(true), 2); }

TEST_F(RelayUnheard, WhoStaysAwayHasLeft) {
  const Paired paired = Refused(true);
  Advance(10s);
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), IsEmpty());
  store_.leaves_away = false;
  Advance(4s);
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), IsEmpty());
  Advance(2s);
  EXPECT_THAT(out(0).TakeTypes(paired.display_socket), Contains(protocol::kUserLeft));
}

TEST_F(RelayAcross, ADeadNodeHandsNothingOverAndIsWaitedForBriefly) {
  const Paired paired = MakePaired(0, 1);
  nodes_[1].reset();
  nodes_.erase(nodes_.begin() + 1);
  const ConnectionId again = Open(paired.controller.controller_token, 1);
  Resume(again, paired.controller_welcome.resume_token, "", 1);
  Say(paired.display_socket, Offer(1, "m"));
  EXPECT_THAT(Numbers(out(1).Take(again)), IsEmpty());
  Advance(500ms);
  EXPECT_EQ(Numbers(out(1).Take(again)), Range(1, 2));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), Contains("m"));
}

TEST_F(RelayAcross, OrderHoldsThroughLeaveRouteAndJoin) {
  const Paired paired = MakePaired(0, 1);
  ConnectionId socket = paired.controller_socket;
  std::string token = paired.controller_welcome.resume_token;
  std::vector<int> got;
  int next = 0;
  for (int round = 0; round < 6; ++round) {
    const std::size_t node = round % 2 == 0 ? 1 : 2;
    const std::size_t other = 3 - node;
    for (int i = 0; i < 4; ++i) relay(0).SocketText(paired.display_socket, Offer(next++), now_);
    relay(0).EndTurn(now_);
    relay(node).SocketClosed(socket, now_);
    for (int i = 0; i < 4; ++i) relay(0).SocketText(paired.display_socket, Offer(next++), now_);
    for (const int number : Numbers(out(node).Take(socket))) got.push_back(number);
    Drain();
    const ConnectionId again = Open(paired.controller.controller_token, other);
    Resume(again, token, "", other);
    const auto envelopes = out(other).Take(again);
    token = WelcomeOf(envelopes).resume_token;
    for (const int number : Numbers(envelopes)) {
      if (got.empty() || number > got.back()) got.push_back(number);
    }
    socket = again;
    Advance(100ms);
  }
  EXPECT_EQ(got, Range(0, next));
}

TEST_F(RelayAcross, ANodesDeathIsNoticedAndItsMembersLeave) {
  const Paired paired = MakePaired(0, 1);
  nodes_.erase(nodes_.begin() + 1);
  // Nobody comes back: told as undeliverable or kept, and then that the other has left, once.
  Say(paired.display_socket, Offer(1, "m"));
  for (int i = 0; i < 10; ++i) {
    Advance(1s);
    Say(paired.display_socket, R"({"type":"heartbeat"})");
  }
  const auto told = out(0).Take(paired.display_socket);
  int left = 0;
  for (const Envelope& envelope : told) left += envelope.type == protocol::kUserLeft ? 1 : 0;
  EXPECT_EQ(left, 1);
  EXPECT_EQ(told.back().type, protocol::kSessionTerminated);
}

// Its lease ran out, but it lives: members that were given up would hear nothing any more.
TEST_F(RelayAcross, ANodeThatWasGivenUpSendsItsClientsBack) {
  const Paired paired = MakePaired(0, 1);
  memory_->parts().registry.Withdraw("node-2");
  Advance(2s);
  EXPECT_EQ(out(1).CloseCode(paired.controller_socket), protocol::kCloseUnavailable);
  EXPECT_EQ(out(0).CloseCode(paired.display_socket), 0);
  Say(paired.display_socket, Offer(0, "m"));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("m"));
  const ConnectionId again = Open(paired.controller.controller_token, 1);
  Resume(again, paired.controller_welcome.resume_token, "", 1);
  EXPECT_EQ(Numbers(out(1).Take(again)), Range(0, 1));
  Advance(5s);
  EXPECT_EQ(out(1).CloseCode(again), 0) << "once";
}

// Nobody listened there for a moment, and the store never knew.
TEST_F(RelayAcross, APlaceThatIsNamedAgainIsTriedAgain) {
  const Paired paired = MakePaired(0, 1);
  bus_.deaf = "node-2";
  Say(paired.display_socket, Offer(0, "m"));
  Advance(1s);
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), IsEmpty());
  bus_.deaf.clear();
  Advance(1s);
  Say(paired.display_socket, Offer(1, "n"));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("m", "n"));
  EXPECT_EQ(Numbers(out(1).Take(paired.controller_socket)), Range(0, 2));
}

// What it has not answered for yet may have arrived there.
TEST_F(RelayAcross, ANodeThatTheRegistryDoesNotNameYetIsNotGone) {
  const Paired paired = MakePaired(0, 1);
  Advance(10s);
  bus_.deaf = "node-1";  // no answer comes back
  Say(paired.display_socket, Offer(0, "m"));
  ASSERT_EQ(Numbers(out(1).Take(paired.controller_socket)), Range(0, 1));
  store_.TellUp();
  registry_.missing = "node-2";
  Advance(2s);
  registry_.missing.clear();
  bus_.deaf.clear();
  Advance(1s);
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("m"));
  EXPECT_THAT(Numbers(out(1).Take(paired.controller_socket)), IsEmpty()) << "twice";
  // One that stays away is.
  registry_.missing = "node-2";
  bus_.deaf = "node-2";
  Say(paired.display_socket, Offer(1, "n"));
  Advance(4s);
  EXPECT_EQ(relay(0).counters().signals_rerouted, 1u);
}

TEST_F(RelayAcross, LocalSignalsNeedNoStore) {
  const Paired paired = MakePaired(0, 0);
  relay(0).SocketText(paired.display_socket, Offer(7, "m"), now_);
  // Nothing was drained: neither store nor bus had its turn.
  EXPECT_EQ(Numbers(out(0).Take(paired.controller_socket)), Range(7, 8));
  EXPECT_THAT(Acks(out(0).Take(paired.display_socket)), ElementsAre("m"));
  EXPECT_EQ(relay(0).counters().signals_to_nodes, 0u);
}

TEST_F(RelayAcross, DrainNamesAPeerOfItsRegion) {
  Advance(2s);
  const Paired paired = MakePaired(0, 1);
  out(0).Take(paired.display_socket);
  relay(0).Drain(1s, "", now_);
  const auto told = out(0).Take(paired.display_socket);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(protocol::ParseServerDraining(told[0].data)->url, "https://node-2.example");
}

}  // namespace
}  // namespace pairwire::relay
