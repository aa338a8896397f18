// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The model check of what the relay promises: three nodes, one store, a bus with weather, and a
// session whose two ends send to each other, lose their sockets, come back on any node, while nodes
// are killed at any step. Hundreds of seeds of each; after each a checker compares what senders
// were told with what receivers read:
//
//   - what was acknowledged was delivered, or its target was told that its resume failed, or both
//     were told the session's end; with kills, what a client lost with its socket may be lost for
//     good when the node that held it for the client is killed as well (docs/relay.md);
//   - what was sent on one socket was read in its order;
//   - nothing was read twice, unless a node was killed;
//   - a socket hears user_left and session:terminated at most once.
//
// A client here reads what its relay wrote when it likes; what it has not read when its socket is
// lost is gone. When a node is killed, what it had written is still read: the kernel has it.
#include <array>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "signaling/core/delivery_log.h"
#include "tests/signaling/core/relay_harness.h"
#include "tests/signaling/core/weather_bus.h"

namespace pairwire::relay {
namespace {

constexpr std::size_t kNodes = 3;

class World {
 public:
  struct Options {
    bool kills = false;
    double loss = 0;
    double twice = 0;
    bool reorder = false;
    bool counts_receivers = true;
  };

  World(std::uint64_t seed, Options options)
      : options_(options), random_(seed), relay_random_(seed), bus_(seed) {
    bus_.weather.loss = options.loss;
    bus_.weather.twice = options.twice;
    bus_.weather.delay_max = 30ms;
    bus_.weather.in_order = !options.reorder;
    bus_.weather.counts_receivers = options.counts_receivers;
    bus_.SetNow(now_);
    for (std::size_t node = 0; node < kNodes; ++node) Start(node);
    Quiet();
    // Every other one meets by a name: from then on it is a session as any other.
    protocol::RegisterRequest asked;
    asked.codeless = seed % 2 == 1;
    if (asked.codeless) asked.meets = {std::string(protocol::kMeetBytes, 'm')};
    protocol::RegisterResponse display;
    At(0).Register(asked, "192.0.2.1", now_, [&](auto outcome) { display = std::move(*outcome); });
    Quiet();
    protocol::PairRequest pair;
    pair.code = display.code;
    if (asked.codeless) pair.meet = asked.meets[0];
    protocol::PairResponse controller;
    At(1).Pair(pair, "192.0.2.2", now_, [&](auto outcome) { controller = std::move(*outcome); });
    Quiet();
    clients_[0].token = display.display_token;
    clients_[1].token = controller.controller_token;
    for (Client& client : clients_) {
      Connect(client, Random(kNodes));
      Quiet();
      ReadAll(client);
    }
  }
  ~World() {
    for (auto& node : nodes_) node.reset();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !ended_; ++i) {
      Act();
      if (Random(3) != 0) Work(Random(12));
    }
    Heal();
  }

  // What does not hold; empty when all does.
  std::string Check() const {
    for (std::size_t i = 0; i < 2; ++i) {
      const Client& from = clients_[i];
      const Client& to = clients_[1 - i];
      const std::set<int> read(to.read.begin(), to.read.end());
      for (const int number : from.acked) {
        if (read.contains(number) || ended_ || to.resume_failed) continue;
        if (killed_ && at_risk_.contains(number)) continue;
        return "acknowledged and not delivered: " + std::to_string(number);
      }
      std::set<int> seen;
      std::map<ConnectionId, int> last;
      for (const int number : to.read) {
        if (!seen.insert(number).second) {
          if (!killed_) return "read twice: " + std::to_string(number);
          continue;
        }
        int& before = last[from.sent_on.at(number)];
        if (number < before) {
          return "out of order: " + std::to_string(number) + " after " + std::to_string(before);
        }
        before = number;
      }
      if (from.most_left > 1) return "user_left more than once";
      if (from.most_ended > 1) return "session:terminated more than once";
      for (const int number : from.sent) {
        const bool open = from.sent_on.at(number) == from.socket;
        if (!open || ended_ || from.acked.contains(number) || from.refused.contains(number))
          continue;
        return "neither acknowledged nor refused: " + std::to_string(number);
      }
    }
    return {};
  }
  std::size_t acked() const { return clients_[0].acked.size() + clients_[1].acked.size(); }
  std::size_t delivered() const { return clients_[0].read.size() + clients_[1].read.size(); }
  bool ended() const { return ended_; }
  bool resume_failed() const { return clients_[0].resume_failed || clients_[1].resume_failed; }

 private:
  struct Client {
    std::string token;
    ConnectionId socket = 0;
    std::size_t node = 0;
    std::deque<std::string> unread;
    std::string last_id;
    std::string resume_token;
    std::string to_resume;  // The token for the socket before; once the welcome was read.
    bool resume_failed = false;
    std::vector<int> sent;
    std::map<int, ConnectionId> sent_on;
    std::set<int> acked;
    std::set<int> refused;
    std::vector<int> read;
    bool spoke = false;  // Before it resumed, so that it got its tail without.
    int left = 0;
    int most_left = 0;
    int most_ended = 0;
  };
  struct Output final : RelayOutput {
    explicit Output(World& w) : world(w) {}
    void SendText(ConnectionId id, std::string text) override {
      if (Client* client = world.ClientOf(id)) {
        client->unread.push_back(std::move(text));
      } else {
        world.Risk(text);
      }
    }
    void CloseSocket(ConnectionId id, std::uint16_t, std::string_view) override {
      // The client reads what came before the close.
      if (Client* client = world.ClientOf(id)) {
        world.ReadAll(*client);
        client->socket = 0;
      }
    }
    void SendEvent(StreamId, const SessionEvent&) override {}
    void EndStream(StreamId) override {}
    World& world;
  };
  struct TestNode {
    TestNode(RelayOptions relay_options, World& world)
        : output(world),
          relay(std::move(relay_options), world.Parts(), world.relay_random_, output) {}
    Output output;
    Relay relay;
  };

  std::size_t Random(std::size_t below) { return random_() % below; }
  Backend Parts() {
    const Backend parts = memory_->parts();
    return {parts.store, bus_, parts.registry, parts.cache, parts.rates, parts.events};
  }
  static std::string Name(std::size_t node) { return "n" + std::to_string(node); }
  void Start(std::size_t node) {
    RelayOptions options;
    options.node_id = Name(node);
    options.lease = 3s;
    // Longer than what is lost takes to be sent again.
    if (options_.loss > 0) options.handover_wait = 3s;
    nodes_[node] = std::make_unique<TestNode>(options, *this);
    nodes_[node]->relay.Tick(now_);
  }
  Relay& At(std::size_t node) { return nodes_[node]->relay; }
  Client* ClientOf(ConnectionId id) {
    for (Client& client : clients_) {
      if (client.socket == id) return &client;
    }
    return nullptr;
  }

  // A part of what is under way.
  void Work(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
      if (Random(2) == 0) {
        executor_.RunOne();
      } else {
        bus_.Step(now_);
      }
      if (Random(2) == 0) EndTurns();
    }
  }
  void EndTurns() {
    for (auto& node : nodes_) {
      if (node) node->relay.EndTurn(now_);
    }
  }
  void Advance(std::chrono::milliseconds time) {
    const TimePoint end = now_ + time;
    while (now_ < end) {
      now_ = std::min(end, now_ + 10ms);
      for (auto& node : nodes_) {
        if (node && node->relay.NextDeadline() <= now_) node->relay.Tick(now_);
      }
      EndTurns();
      Work(Random(8));
      // Time does not pass while somebody starves.
      while (executor_.size() > 0 || bus_.Next() <= now_) {
        executor_.Drain();
        while (bus_.Step(now_)) {
        }
        EndTurns();
      }
    }
  }
  void Quiet() {
    for (int i = 0; i < 8; ++i) {
      executor_.Drain();
      while (bus_.Step(now_)) {
      }
      EndTurns();
    }
  }

  void Connect(Client& client, std::size_t node) {
    if (!nodes_[node]) return;
    std::optional<Member> member;
    At(node).AuthorizeSocket(client.token, now_, [&member](Outcome<Member> outcome) {
      if (outcome) member = std::move(*outcome);
    });
    // The answer is the store's; others wait in front of it.
    executor_.Drain();
    if (!member || !nodes_[node]) return;
    const ConnectionId before = client.socket;
    const std::size_t before_node = client.node;
    Lose(client);
    client.socket = ++last_id_;
    client.node = node;
    client.left = 0;
    client.to_resume.clear();
    client.spoke = false;
    At(node).SocketOpened(client.socket, *member, now_);
    // Its old node hears of it now, later, or by the take-over.
    if (before != 0) gone_.emplace_back(before_node, before);
  }
  // The client's end of the socket is gone; what it has not read is lost.
  void Lose(Client& client) {
    if (client.socket == 0) return;
    Read(client, Random(client.unread.size() + 1));
    for (const std::string& text : client.unread) Risk(text);
    client.unread.clear();
    client.socket = 0;
  }
  void Risk(const std::string& text) {
    const auto envelope = protocol::ParseEnvelope(text).value();
    if (envelope.type == protocol::kWebrtcOffer) {
      at_risk_.insert(std::stoi(envelope.data.text.substr(5)));
    }
  }
  void Disconnect(Client& client) {
    if (client.socket == 0) return;
    gone_.emplace_back(client.node, client.socket);
    Lose(client);
  }
  void TellOneGone() {
    if (gone_.empty()) return;
    const auto [node, id] = gone_.front();
    gone_.pop_front();
    if (nodes_[node]) At(node).SocketClosed(id, now_);
  }
  void Say(Client& client) {
    if (client.socket == 0 || client.sent.size() >= 60) return;
    const int number = ++last_number_;
    client.sent.push_back(number);
    client.sent_on[number] = client.socket;
    client.spoke = client.spoke || client.to_resume.empty();
    At(client.node)
        .SocketText(client.socket,
                    R"({"type":"webrtc:offer","id":")" + std::to_string(number) +
                        R"(","data":{"n":)" + std::to_string(number) + "}}",
                    now_);
  }
  void Beat(Client& client) {
    if (client.socket == 0) return;
    At(client.node)
        .SocketText(client.socket,
                    R"({"type":"heartbeat","data":{"lastId":")" + client.last_id + "\"}}", now_);
  }
  // As soon as it has read the welcome, so that it has the next token.
  void Resume(Client& client) {
    const std::string token = std::exchange(client.to_resume, {});
    if (token.empty() || client.socket == 0) return;
    Envelope resume;
    resume.type = protocol::kResume;
    resume.data = protocol::ToData(protocol::Resume{token, client.last_id});
    At(client.node).SocketText(client.socket, protocol::ToJson(resume), now_);
  }
  void ReadAll(Client& client) { Read(client, client.unread.size()); }
  void Read(Client& client, std::size_t count) {
    for (; count > 0 && !client.unread.empty(); --count) {
      const auto envelope = protocol::ParseEnvelope(client.unread.front()).value();
      client.unread.pop_front();
      if (envelope.type == protocol::kAck) {
        if (!envelope.id.empty()) client.acked.insert(std::stoi(envelope.id));
      } else if (envelope.type == protocol::kError) {
        const auto problem = protocol::ParseErrorData(envelope.data).value();
        if (problem.code == ProblemCode::kResumeFailed && !client.spoke)
          client.resume_failed = true;
        if (!envelope.id.empty()) client.refused.insert(std::stoi(envelope.id));
      } else if (envelope.type == protocol::kWelcome) {
        const std::string token =
            std::exchange(client.resume_token, protocol::ParseWelcome(envelope.data)->resume_token);
        if (!token.empty()) client.to_resume = token;
      } else if (envelope.type == protocol::kSessionTerminated) {
        ended_ = true;
        ++client.most_ended;
      } else {
        // What it has already; the relay could not know.
        const DeliveryId id = DeliveryId::Parse(envelope.id);
        if (!envelope.id.empty() && id <= DeliveryId::Parse(client.last_id)) continue;
        if (!envelope.id.empty()) client.last_id = envelope.id;
        if (envelope.type == protocol::kUserLeft) {
          client.most_left = std::max(client.most_left, ++client.left);
        }
        if (envelope.type == protocol::kWebrtcOffer) {
          client.read.push_back(std::stoi(envelope.data.text.substr(5)));
        }
      }
    }
  }
  void Kill(std::size_t node) {
    std::size_t alive = 0;
    for (const auto& one : nodes_) alive += one ? 1 : 0;
    if (!nodes_[node] || alive < 2) return;
    killed_ = true;
    for (Client& client : clients_) {
      if (client.socket == 0 || client.node != node) continue;
      ReadAll(client);
      client.socket = 0;
    }
    nodes_[node].reset();
  }

  void Act() {
    Client& client = clients_[Random(2)];
    switch (Random(24)) {
      case 0:
        return Disconnect(client);
      case 1:
      case 2:
        return Connect(client, Random(kNodes));
      case 3:
        return TellOneGone();
      case 4:
      case 5:
        return Advance(std::chrono::milliseconds(Random(400)));
      case 6:
        return Beat(client);
      case 7:
        if (options_.kills && Random(3) == 0) Kill(Random(kNodes));
        return;
      case 8:
        for (std::size_t node = 0; node < kNodes; ++node) {
          if (!nodes_[node] && Random(2) == 0) Start(node);
        }
        return;
      case 9:
      case 10:
      case 11:
        Read(client, Random(4));
        return Resume(client);
      default:
        // A client does not wait long for a new socket.
        if (client.socket == 0 && Random(3) == 0) return Connect(client, Random(kNodes));
        return Say(client);
    }
  }
  // Everybody comes back, reads everything, and there is time for all that is under way.
  void Heal() {
    bus_.weather.loss = 0;
    bus_.weather.twice = 0;
    for (std::size_t node = 0; node < kNodes; ++node) {
      if (!nodes_[node]) Start(node);
    }
    while (!gone_.empty()) TellOneGone();
    for (int round = 0; round < 40 && !ended_; ++round) {
      for (Client& client : clients_) {
        if (client.socket == 0) Connect(client, Random(kNodes));
        if (round % 10 == 0) Beat(client);
      }
      Advance(300ms);
      for (Client& client : clients_) {
        ReadAll(client);
        Resume(client);
      }
    }
  }

  const Options options_;
  std::mt19937_64 random_;
  SeededRandom relay_random_;
  TimePoint now_ = TimePoint{} + std::chrono::hours(500'000);
  ManualExecutor executor_;
  WeatherBus bus_;
  std::unique_ptr<BackendOwner> memory_ = MakeMemoryBackend(executor_, [this] { return now_; });
  std::array<std::unique_ptr<TestNode>, kNodes> nodes_;
  std::array<Client, 2> clients_;
  std::deque<std::pair<std::size_t, ConnectionId>> gone_;
  ConnectionId last_id_ = 0;
  int last_number_ = 0;
  // Written to sockets whose clients lost them before they read it.
  std::set<int> at_risk_;
  bool ended_ = false;
  bool killed_ = false;
};

struct Row {
  const char* name;
  World::Options options;
  std::uint64_t seeds;
};

class RelayModel : public testing::TestWithParam<Row> {};

TEST_P(RelayModel, WhatIsAcknowledgedIsDeliveredOrTold) {
  // PAIRWIRE_MODEL_FACTOR=10 makes ten times as many.
  const char* const factor = std::getenv("PAIRWIRE_MODEL_FACTOR");
  const std::uint64_t seeds =
      GetParam().seeds * (factor == nullptr ? 1 : std::strtoull(factor, nullptr, 10));
  std::size_t acked = 0;
  std::size_t delivered = 0;
  std::size_t ended = 0;
  std::size_t failed_resumes = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World world(seed, GetParam().options);
    world.Run(150);
    ASSERT_EQ(world.Check(), "") << GetParam().name << ", seed " << seed;
    acked += world.acked();
    delivered += world.delivered();
    ended += world.ended() ? 1 : 0;
    failed_resumes += world.resume_failed() ? 1 : 0;
  }
  RecordProperty("acknowledged", static_cast<int>(acked));
  RecordProperty("ended", static_cast<int>(ended));
  // A check that checks nothing would pass as well.
  EXPECT_GT(acked, seeds * 10);
  EXPECT_GE(delivered, acked * 9 / 10);
  EXPECT_LT(ended, seeds / 2);
  EXPECT_LT(failed_resumes, seeds / 2);
  std::cout << GetParam().name << ": " << acked << " acknowledged, " << delivered
            << " delivered, sessions ended " << ended << ", resumes failed " << failed_resumes
            << " of " << seeds << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Weathers, RelayModel,
    testing::Values(Row{"fair", {}, 300}, Row{"kills", {true, 0, 0, false, true}, 300},
                    Row{"storm", {false, 0.1, 0.1, true, true}, 200},
                    Row{"storm_and_kills", {true, 0.1, 0.1, true, false}, 200}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace pairwire::relay
