// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A relay with one or more nodes on one memory store, without socket or clock: the test is the
// shell.
#ifndef PAIRWIRE_TESTS_SIGNALING_CORE_RELAY_HARNESS_H_
#define PAIRWIRE_TESTS_SIGNALING_CORE_RELAY_HARNESS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "signaling/core/relay.h"
#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/store/memory_backend.h"
#include "tests/contract/manual_executor.h"

namespace pairwire::relay {

using protocol::Envelope;
using protocol::Outcome;
using protocol::PairResponse;
using protocol::PollResponse;
using protocol::ProblemCode;
using protocol::RegisterResponse;
using namespace std::chrono_literals;

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

// Everything that a relay told its shell.
class RecordingOutput final : public RelayOutput {
 public:
  struct Closed {
    std::uint16_t code = 0;
    std::string reason;
  };

  void SendText(ConnectionId connection, std::string text) override {
    EXPECT_FALSE(closed.contains(connection)) << "text after close: " << text;
    auto envelope = protocol::ParseEnvelope(text);
    ASSERT_TRUE(envelope) << text;
    all_text += text;
    sent[connection].push_back(std::move(*envelope));
  }
  void CloseSocket(ConnectionId connection, std::uint16_t code, std::string_view reason) override {
    EXPECT_TRUE(closed.emplace(connection, Closed{code, std::string(reason)}).second);
  }
  void SendEvent(StreamId stream, const SessionEvent& event) override {
    EXPECT_FALSE(ended_streams.contains(stream));
    events[stream].push_back(event);
  }
  void EndStream(StreamId stream) override {
    EXPECT_TRUE(ended_streams.emplace(stream, true).second);
  }

  // What came on a connection since the last call.
  std::vector<Envelope> Take(ConnectionId connection) {
    return std::exchange(sent[connection], {});
  }
  std::vector<std::string> TakeTypes(ConnectionId connection) {
    std::vector<std::string> types;
    for (const Envelope& envelope : Take(connection)) types.push_back(envelope.type);
    return types;
  }
  std::uint16_t CloseCode(ConnectionId connection) const {
    const auto found = closed.find(connection);
    return found == closed.end() ? std::uint16_t{0} : found->second.code;
  }

  std::map<ConnectionId, std::vector<Envelope>> sent;
  std::map<ConnectionId, Closed> closed;
  std::map<StreamId, std::vector<SessionEvent>> events;
  std::map<StreamId, bool> ended_streams;
  std::string all_text;
};

struct Node {
  Node(RelayOptions options, Backend backend, RandomSource& random, UserTokens* users = nullptr)
      : relay(std::move(options), backend, random, output, users) {}
  RecordingOutput output;
  Relay relay;
};

class RelayTest : public testing::Test {
 protected:
  RelayTest() { AddNode("node-1"); }

  virtual Backend backend() { return memory_->parts(); }
  Node& AddNode(const std::string& id, RelayOptions options = {}) {
    options.node_id = id;
    // Answers come within a call; what waits is tested on its own (code_guard_test.cc).
    if (!delays_) options.wrong_code_delay_min = options.wrong_code_delay_max = 0ms;
    nodes_.push_back(std::make_unique<Node>(std::move(options), backend(), random_, users_));
    return *nodes_.back();
  }
  // Starts over with one node of other options.
  void Restart(RelayOptions options) {
    nodes_.clear();
    AddNode("node-1", std::move(options));
  }
  Relay& relay(std::size_t node = 0) { return nodes_[node]->relay; }
  RecordingOutput& out(std::size_t node = 0) { return nodes_[node]->output; }
  // All that is under way, over all nodes.
  void Drain() {
    do {
      executor_.Drain();
      for (const auto& node : nodes_) node->relay.EndTurn(now_);
    } while (executor_.size() > 0);
  }
  // Time passes in small steps, as a shell's ticks would cut it.
  void Advance(std::chrono::milliseconds time) {
    const TimePoint end = now_ + time;
    while (now_ < end) {
      TimePoint next = end;
      for (const auto& node : nodes_) next = std::min(next, node->relay.NextDeadline());
      now_ = std::max(now_ + 1ms, next);
      for (const auto& node : nodes_) node->relay.Tick(now_);
      Drain();
    }
  }

  template <typename T, typename Call>
  Outcome<T> Ask(Call call) {
    std::optional<Outcome<T>> answer;
    call([&](Outcome<T> outcome) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = std::move(outcome);
    });
    Drain();
    EXPECT_TRUE(answer.has_value()) << "never answered";
    return answer ? std::move(*answer) : protocol::Refuse(ProblemCode::kInternal);
  }
  template <typename T>
  static ProblemCode CodeOf(const Outcome<T>& outcome) {
    EXPECT_FALSE(outcome);
    return outcome ? ProblemCode::kInternal : outcome.error().code;
  }

  Outcome<RegisterResponse> Register(protocol::RegisterRequest request = {},
                                     const std::string& ip = "192.0.2.1", std::size_t node = 0) {
    return Ask<RegisterResponse>(
        [&](auto reply) { relay(node).Register(request, ip, now_, std::move(reply)); });
  }
  Outcome<PairResponse> Pair(const std::string& code, const std::string& ip = "192.0.2.2",
                             std::size_t node = 0, const std::string& name = "Ann") {
    return Ask<PairResponse>([&](auto reply) {
      relay(node).Pair({code, name, {}}, ip, now_, std::move(reply));
    });
  }
  Outcome<void> End(const std::string& session_id, const std::string& token) {
    return Ask<void>(
        [&](auto reply) { relay().EndSession(session_id, token, now_, std::move(reply)); });
  }
  // Answers the new stream's id through `id`.
  Outcome<void> Stream(const RegisterResponse& display, StreamId& id,
                       const std::string& last_event_id = "", std::size_t node = 0) {
    id = ++last_id_;
    return Ask<void>([&](auto reply) {
      relay(node).OpenEventStream(display.session_id, display.display_token, last_event_id, id,
                                  now_, std::move(reply));
    });
  }
  Outcome<Admitted> Authorize(const std::string& token, std::size_t node = 0) {
    return Ask<Admitted>(
        [&](auto reply) { relay(node).AuthorizeSocket(token, now_, std::move(reply)); });
  }
  // Authorises and opens; 0 when refused. The welcome is still to be taken.
  ConnectionId Open(const std::string& token, std::size_t node = 0) {
    const auto member = Authorize(token, node);
    if (!member) return 0;
    const ConnectionId id = ++last_id_;
    relay(node).SocketOpened(id, *member, now_, member->until);
    Drain();
    return id;
  }
  void Say(ConnectionId connection, const std::string& text, std::size_t node = 0) {
    relay(node).SocketText(connection, text, now_);
    Drain();
  }
  void Close(ConnectionId connection, std::size_t node = 0) {
    relay(node).SocketClosed(connection, now_);
    Drain();
  }
  static protocol::Welcome WelcomeOf(const std::vector<Envelope>& envelopes) {
    for (const Envelope& envelope : envelopes) {
      if (envelope.type == protocol::kWelcome) {
        return protocol::ParseWelcome(envelope.data).value_or(protocol::Welcome{});
      }
    }
    ADD_FAILURE() << "no welcome";
    return {};
  }
  static ProblemCode ErrorCode(const Envelope& envelope) {
    EXPECT_EQ(envelope.type, protocol::kError);
    return protocol::ParseErrorData(envelope.data).value().code;
  }
  static std::string Offer(int number, const std::string& id = "") {
    return R"({"type":"webrtc:offer",)" + (id.empty() ? "" : R"("id":")" + id + "\",") +
           R"("data":{"n":)" + std::to_string(number) + "}}";
  }
  // The numbers of the offers among `envelopes`, in order.
  static std::vector<int> Numbers(const std::vector<Envelope>& envelopes) {
    std::vector<int> numbers;
    for (const Envelope& envelope : envelopes) {
      if (envelope.type != protocol::kWebrtcOffer) continue;
      numbers.push_back(std::stoi(envelope.data.text.substr(5)));
    }
    return numbers;
  }
  static std::vector<int> Range(int from, int to) {
    std::vector<int> numbers;
    for (int i = from; i < to; ++i) numbers.push_back(i);
    return numbers;
  }

  // A paired session with both sockets open and everything said so far taken.
  struct Paired {
    RegisterResponse display;
    PairResponse controller;
    ConnectionId display_socket = 0;
    ConnectionId controller_socket = 0;
    protocol::Welcome display_welcome;
    protocol::Welcome controller_welcome;
  };
  Paired MakePaired(std::size_t display_node = 0, std::size_t controller_node = 0) {
    Paired paired;
    paired.display = Register().value();
    paired.controller = Pair(paired.display.code).value();
    paired.display_socket = Open(paired.display.display_token, display_node);
    paired.controller_socket = Open(paired.controller.controller_token, controller_node);
    paired.display_welcome = WelcomeOf(out(display_node).Take(paired.display_socket));
    paired.controller_welcome = WelcomeOf(out(controller_node).Take(paired.controller_socket));
    return paired;
  }

  TimePoint now_ = TimePoint{} + std::chrono::hours(500'000);
  StreamId last_id_ = 0;
  ManualExecutor executor_;
  std::unique_ptr<BackendOwner> memory_ = MakeMemoryBackend(executor_, [this] { return now_; });
  SeededRandom random_{42};
  bool delays_ = false;  // before a Restart: wrong codes are answered as late as they really are
  UserTokens* users_ = nullptr;  // of nodes that are added from then on
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_SIGNALING_CORE_RELAY_HARNESS_H_
