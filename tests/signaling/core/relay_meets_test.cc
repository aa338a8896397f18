// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Meeting again without a code: registrations with names that only the two ends know, and pairing
// by such a name. What the store does with them: tests/contract.
#include <gmock/gmock.h>

#include "signaling/core/token.h"
#include "tests/signaling/core/relay_harness.h"
#include "tests/signaling/core/tapped_store.h"

namespace pairwire::relay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// A name as both ends make it: 43 characters.
std::string Name(const std::string& of) {
  std::string name = of + std::string(protocol::kMeetBytes, '-');
  name.resize(protocol::kMeetBytes);
  return name;
}

class RelayMeets : public RelayTest {
 protected:
  Outcome<RegisterResponse> RegisterMeets(const std::vector<std::string>& names,
                                          std::size_t node = 0, bool codeless = true) {
    protocol::RegisterRequest request;
    for (const std::string& name : names) request.meets.push_back(Name(name));
    request.codeless = codeless;
    return Register(request, "192.0.2.1", node);
  }
  Outcome<PairResponse> Meet(const std::string& name, const std::string& ip = "192.0.2.2",
                             std::size_t node = 0) {
    protocol::PairRequest request;
    request.meet = Name(name);
    request.name = "Ann";
    request.hello = {R"({"h":1})"};
    return Ask<PairResponse>(
        [&](auto reply) { relay(node).Pair(request, ip, now_, std::move(reply)); });
  }
  std::vector<std::string> ReadyData(StreamId stream, std::size_t node = 0) {
    std::vector<std::string> data;
    for (const SessionEvent& event : out(node).events[stream]) {
      if (event.type == protocol::kPairingReady) data.push_back(event.data.text);
    }
    return data;
  }
};

TEST_F(RelayMeets, TheDisplayHearsWhichOfItsNamesItWas) {
  const auto display = RegisterMeets({"x", "y"});
  ASSERT_TRUE(display);
  EXPECT_EQ(display->code, "");
  StreamId stream = 0;
  ASSERT_TRUE(Stream(*display, stream));
  const auto controller = Meet("y");
  ASSERT_TRUE(controller);
  EXPECT_EQ(controller->session_id, display->session_id);
  ASSERT_THAT(ReadyData(stream), SizeIs(1));
  const auto ready = protocol::ParsePairingReady({ReadyData(stream)[0]});
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->controller_id, controller->controller_id);
  EXPECT_EQ(ready->name, "Ann");
  EXPECT_EQ(ready->hello.text, R"({"h":1})");
  EXPECT_EQ(ready->meet, 1u);
  // From here on it is a session as any other.
  const ConnectionId one = Open(display->display_token);
  const ConnectionId other = Open(controller->controller_token);
  out().Take(other);
  Say(one, Offer(7));
  EXPECT_THAT(Numbers(out().Take(other)), ElementsAre(7));
  EXPECT_EQ(relay().counters().meets_ok, 1u);
  EXPECT_EQ(relay().counters().pairings_ok, 0u);
}

TEST_F(RelayMeets, AcrossNodesAndReplacedThere) {
  AddNode("node-2");
  const auto older = RegisterMeets({"x"}, 0);
  ASSERT_TRUE(older);
  StreamId stream = 0;
  ASSERT_TRUE(Stream(*older, stream));
  now_ += 1s;
  const auto newer = RegisterMeets({"x"}, 1);
  ASSERT_TRUE(newer);
  ASSERT_THAT(out(0).events[stream], SizeIs(1));
  EXPECT_EQ(out(0).events[stream][0].data.text, R"({"reason":"replaced"})");
  EXPECT_TRUE(out(0).ended_streams.contains(stream));
  EXPECT_EQ(relay(1).counters().sessions_replaced, 1u);
  EXPECT_EQ(Meet("x", "192.0.2.2", 0)->session_id, newer->session_id);
}

TEST_F(RelayMeets, ACodelessDisplayHasItsToken) {
  const auto display = RegisterMeets({});
  ASSERT_TRUE(display);
  EXPECT_EQ(display->code, "");
  EXPECT_TRUE(Ask<void>([&](auto reply) {
    relay().Heartbeat(display->display_id, display->display_token, now_, std::move(reply));
  }));
  Advance(601s);
  EXPECT_EQ(CodeOf(Ask<void>([&](auto reply) {
              relay().Heartbeat(display->display_id, display->display_token, now_,
                                std::move(reply));
            })),
            ProblemCode::kUnauthorized);
}

TEST_F(RelayMeets, NoWrongCodeIsCounted) {
  delays_ = true;
  Restart({});
  const auto display = Register();
  // Far more than the guard lets anybody guess; each is answered at once.
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(CodeOf(Meet("n" + std::to_string(i))), ProblemCode::kCodeNotFound);
  }
  EXPECT_EQ(relay().counters().meets_not_found, 500u);
  EXPECT_EQ(relay().counters().pairings_failed, 0u);
  EXPECT_EQ(relay().counters().guarded_addresses, 0u);
  EXPECT_EQ(relay().counters().late_answers, 0u);
  // Nor did they use up what codes may.
  EXPECT_TRUE(Pair(display->code));
}

TEST_F(RelayMeets, HasItsOwnRate) {
  RelayOptions options;
  options.meets_per_address = {1, 3};
  Restart(options);
  ASSERT_TRUE(RegisterMeets({"x"}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(CodeOf(Meet("n")), ProblemCode::kCodeNotFound);
  const auto limited = Meet("x");
  EXPECT_EQ(CodeOf(limited), ProblemCode::kRateLimited);
  EXPECT_EQ(limited.error().retry_after, 1s);
  EXPECT_TRUE(limited.error().proof_of_work.challenge.empty());
  EXPECT_EQ(relay().counters().meets_limited, 1u);
  EXPECT_EQ(relay().counters().pairings_limited, 0u);
  EXPECT_TRUE(Pair(Register()->code)) << "codes have theirs";
  EXPECT_TRUE(Meet("x", "192.0.2.3")) << "and so has every address";
}

TEST_F(RelayMeets, TheRateHoldsOverAllNodes) {
  RelayOptions options;
  options.shared_rates = true;
  options.meets_per_address = {0.001, 4};
  nodes_.clear();
  AddNode("node-1", options);
  AddNode("node-2", options);
  ASSERT_TRUE(RegisterMeets({"x"}));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(CodeOf(Meet("n", "192.0.2.2", i % 2)), ProblemCode::kCodeNotFound);
  }
  for (const std::size_t node : {0u, 1u}) {
    EXPECT_EQ(CodeOf(Meet("x", "192.0.2.2", node)), ProblemCode::kRateLimited);
  }
  EXPECT_EQ(relay(0).counters().meets_limited + relay(1).counters().meets_limited, 2u);
  EXPECT_TRUE(Meet("x", "192.0.2.9", 1));
}

class TappedMeets : public RelayMeets {
 protected:
  // The relays go before their store.
  ~TappedMeets() override { nodes_.clear(); }
  Backend backend() override {
    Backend parts = memory_->parts();
    return {tapped_, parts.bus, parts.registry, parts.cache, parts.rates, parts.events};
  }
  TappedStore tapped_{executor_, memory_->parts().store};
};

TEST_F(TappedMeets, IsStoredHashed) {
  Restart({});
  ASSERT_TRUE(RegisterMeets({"x", "y"}));
  ASSERT_TRUE(Meet("y"));
  const auto bytes = [](const TokenHash& hash) { return std::string(hash.begin(), hash.end()); };
  EXPECT_THAT(tapped_.seen, HasSubstr(bytes(HashSecret(Name("x")))));
  EXPECT_THAT(tapped_.seen, HasSubstr(bytes(HashSecret(Name("y")))));
  EXPECT_THAT(tapped_.seen, Not(HasSubstr(Name("x"))));
  EXPECT_THAT(tapped_.seen, Not(HasSubstr(Name("y"))));
}

TEST_F(RelayMeets, NobodyMeetsAtADrainingNode) {
  ASSERT_TRUE(RegisterMeets({"x"}));
  relay().Drain(1s, {}, now_);
  EXPECT_EQ(CodeOf(Meet("x")), ProblemCode::kNotReady);
}

}  // namespace
}  // namespace pairwire::relay
