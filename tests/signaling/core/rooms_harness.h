// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Relays of three nodes with users: tokens of a test, and the messages of rooms.
#ifndef PAIRWIRE_TESTS_SIGNALING_CORE_ROOMS_HARNESS_H_
#define PAIRWIRE_TESTS_SIGNALING_CORE_ROOMS_HARNESS_H_

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/signaling/core/relay_harness.h"

namespace pairwire::relay {

// "x.NAME.SECONDS": a token of NAME that is good for so long from the start; others are not.
class FakeTokens final : public UserTokens {
 public:
  FakeTokens(Executor& executor, TimePoint start) : executor_(executor), start_(start) {}
  void Check(std::string_view token, Reply reply) override {
    ++checks;
    Outcome<User> outcome = protocol::Refuse(ProblemCode::kUnauthorized, "no");
    const std::size_t dot = token.rfind('.');
    if (token.substr(0, 2) == "x." && dot > 2) {
      const std::string name(token.substr(2, dot - 2));
      const auto life = std::chrono::seconds(std::stoi(std::string(token.substr(dot + 1))));
      outcome = User{name, "Name of " + name, start_ + life};
    }
    if (!ready) outcome = protocol::Refuse(ProblemCode::kNotReady, "wait", 2s);
    executor_.Post([reply = std::move(reply), outcome = std::move(outcome)] { reply(outcome); });
  }
  int checks = 0;
  bool ready = true;

 private:
  Executor& executor_;
  const TimePoint start_;
};

class Rooms : public RelayTest {
 protected:
  Rooms() {
    users_ = &tokens_;
    nodes_.clear();
    for (const std::string id : {"node-1", "node-2", "node-3"}) {
      RelayOptions options;
      options.lease = 3s;
      AddNode(id, options);
    }
    Advance(10ms);
  }
  static std::string Token(const std::string& name, int seconds = 3600) {
    return "x." + name + "." + std::to_string(seconds);
  }
  ConnectionId OpenUser(const std::string& name, std::size_t node = 0) {
    const ConnectionId id = Open(Token(name), node);
    EXPECT_NE(id, 0u);
    return id;
  }
  static std::string Room(const std::string& type, const std::string& room,
                          const std::string& id = "") {
    Envelope envelope;
    envelope.type = type;
    envelope.room = room;
    envelope.id = id;
    return protocol::ToJson(envelope);
  }
  // A socket that is in the room, and its welcome there.
  ConnectionId Enter(const std::string& name, const std::string& room, std::size_t node = 0,
                     protocol::Welcome* welcome = nullptr) {
    const ConnectionId id = OpenUser(name, node);
    out(node).Take(id);
    Say(id, Room("join_room", room, "j"), node);
    const auto said = out(node).Take(id);
    EXPECT_THAT(TypesOf(said), testing::Contains("ack")) << name;
    if (welcome != nullptr) *welcome = WelcomeOf(said);
    return id;
  }
  static std::vector<std::string> TypesOf(const std::vector<Envelope>& envelopes) {
    std::vector<std::string> types;
    for (const Envelope& envelope : envelopes) types.push_back(envelope.type);
    return types;
  }
  // "user_joined ann", in order; nothing else.
  static std::vector<std::string> Presence(const std::vector<Envelope>& envelopes) {
    std::vector<std::string> seen;
    for (const Envelope& envelope : envelopes) {
      if (envelope.type != "user_joined" && envelope.type != "user_left") continue;
      seen.push_back(envelope.type + " " +
                     protocol::ParseUserPresence(envelope.data).value().member_id);
    }
    return seen;
  }
  static std::string OfferTo(const std::string& to, int number, const std::string& id = "") {
    std::string text = Offer(number, id);
    return text.insert(1, R"("to":")" + to + R"(",)");
  }
  void Resume(ConnectionId socket, const std::string& token, const std::string& last_id,
              std::size_t node = 0) {
    Envelope envelope;
    envelope.type = protocol::kResume;
    envelope.id = "r";
    envelope.data = protocol::ToData(protocol::Resume{token, last_id});
    Say(socket, protocol::ToJson(envelope), node);
  }
  void Refresh(ConnectionId socket, const std::string& token, const std::string& id) {
    Envelope envelope;
    envelope.type = protocol::kAuthRefresh;
    envelope.id = id;
    envelope.data = protocol::ToData(protocol::AuthRefresh{token});
    Say(socket, protocol::ToJson(envelope));
  }

  FakeTokens tokens_{executor_, now_};
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_SIGNALING_CORE_ROOMS_HARNESS_H_
