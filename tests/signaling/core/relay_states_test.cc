// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Every state of a socket against every input, and long random runs on two nodes: the relay stays
// whole, says nothing on a closed socket (the recording output fails on that), and in the end
// nothing is left.
#include <gmock/gmock.h>

#include <functional>

#include "tests/signaling/core/relay_harness.h"

namespace pairwire::relay {
namespace {

class RelayStates : public RelayTest {
 protected:
  void ExpectNothingIsLeft() {
    Advance(700s);
    Advance(31s);
    for (const auto& node : nodes_) {
      EXPECT_EQ(node->relay.counters().sockets, 0u);
      EXPECT_EQ(node->relay.NextDeadline(), TimePoint::max());
    }
    EXPECT_EQ(memory_->parts().store.Sizes().sessions, 0u);
    EXPECT_EQ(memory_->parts().store.Sizes().ended, 0u);
    EXPECT_EQ(memory_->parts().store.Sizes().scheduled, 0u);
  }
};

TEST_F(RelayStates, EveryStateTimesEveryInput) {
  AddNode("node-2");
  const ConnectionId subject = 5000;
  ConnectionId next = 6000;
  std::uint64_t round = 0;
  Paired paired;
  Member member;
  struct Step {
    std::string name;
    std::function<void()> run;
  };
  std::string resume_token;
  ConnectionId id = subject;
  const auto rejoin = [&] {
    Close(paired.controller_socket);
    relay().SocketOpened(id, member, now_);
  };
  const std::vector<Step> states = {
      {"joining", rejoin},
      {"awaiting resume", [&] { rejoin(), Drain(); }},
      {"live", [&] { rejoin(), Drain(), Say(id, R"({"type":"heartbeat"})"); }},
      {"closed by the client", [&] { rejoin(), Drain(), Close(id); }},
      {"never opened", [] {}},
  };
  const auto text = [&](const std::string& what) {
    return [&, what] { relay().SocketText(id, what, now_); };
  };
  const std::vector<Step> inputs = {
      {"heartbeat", text(R"({"type":"heartbeat","id":"1"})")},
      {"offer", text(Offer(1, "2"))},
      {"malformed", text("{")},
      {"unknown type", text(R"({"type":"nonsense"})")},
      {"resume",
       [&] { text(R"({"type":"resume","data":{"resumeToken":")" + resume_token + "\"}}")(); }},
      {"bad resume", text(R"({"type":"resume","data":{"resumeToken":"x"}})")},
      {"closed", [&] { relay().SocketClosed(id, now_); }},
      {"offer from the other", [&] { relay().SocketText(paired.display_socket, Offer(2), now_); }},
      {"the other is gone", [&] { relay().SocketClosed(paired.display_socket, now_); }},
      {"taken over here", [&] { relay().SocketOpened(++next, member, now_); }},
      {"taken over elsewhere", [&] { relay(1).SocketOpened(++next, member, now_); }},
      {"session ended",
       [&] {
         relay().EndSession(paired.display.session_id, paired.display.display_token, now_,
                            [](Outcome<void>) {});
       }},
      {"half a minute passes", [&] { Advance(30s); }},
      {"drain", [&] { relay().Drain(1s, "", now_); }},
  };
  for (const Step& state : states) {
    for (const Step& first : inputs) {
      for (const Step& second : inputs) {
        SCOPED_TRACE(state.name + " / " + first.name + " / " + second.name);
        if (relay().draining()) {
          Restart({});
          AddNode("node-2");
        }
        id = subject + 10'000 * ++round;
        paired = MakePaired();
        member = Authorize(paired.controller.controller_token).value();
        resume_token = paired.controller_welcome.resume_token;
        state.run();
        first.run();
        if (round % 2 == 0) Drain();
        second.run();
        Drain();
        next = id + 100;
        ExpectNothingIsLeft();
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(RelayStates, RandomRunsLeaveNothing) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    RelayOptions options;
    options.registers_per_address = {1000, 1000};
    Restart(options);
    AddNode("node-2", options);
    std::vector<RegisterResponse> displays;
    std::vector<std::string> tokens;
    std::vector<std::pair<ConnectionId, std::size_t>> sockets;
    for (int step = 0; step < 400; ++step) {
      const std::size_t node = random() % 2;
      const auto pick = [&](const auto& from) -> const auto& {
        return from[random() % from.size()];
      };
      const std::uint64_t action = random() % 12;
      if (displays.empty() || action == 0) {
        const auto display = Register({"", "", "", static_cast<int>(random() % 3 + 1), false});
        if (!display) continue;
        displays.push_back(*display);
        tokens.push_back(display->display_token);
      } else if (action <= 2) {
        relay(node).Pair({pick(displays).code, "", {}}, "10.0.0." + std::to_string(random() % 200),
                         now_, [&tokens](Outcome<PairResponse> outcome) {
                           if (outcome) tokens.push_back(outcome->controller_token);
                         });
      } else if (action <= 4) {
        const auto member = Authorize(pick(tokens), node);
        if (!member) continue;
        sockets.emplace_back(++last_id_, node);
        relay(node).SocketOpened(last_id_, *member, now_);
      } else if (action <= 7 && !sockets.empty()) {
        const auto [id, where] = pick(sockets);
        relay(where).SocketText(id, random() % 5 == 0 ? "{\"type\":\"heartbeat\"}" : Offer(step),
                                now_);
      } else if (action == 8 && !sockets.empty()) {
        const auto [id, where] = pick(sockets);
        relay(where).SocketClosed(id, now_);
      } else if (action == 9) {
        const RegisterResponse& display = pick(displays);
        relay(node).OpenEventStream(display.session_id, display.display_token, "", ++last_id_, now_,
                                    [](Outcome<void>) {});
      } else if (action == 10 && random() % 4 == 0) {
        const std::string& token = pick(tokens);
        relay(node).EndSession(token.substr(0, token.find('.')), token, now_, [](Outcome<void>) {});
      } else {
        Advance(std::chrono::milliseconds(random() % 8'000));
      }
      if (random() % 3 == 0) Drain();
    }
    Drain();
    ExpectNothingIsLeft();
    for (const auto& node : nodes_) EXPECT_EQ(node->relay.counters().streams, 0u);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pairwire::relay
