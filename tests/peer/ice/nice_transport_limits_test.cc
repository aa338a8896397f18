// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a NiceTransport refuses, where its limits are, and when it may say that it failed.
#include <string>

#include "peer/ice/candidate.h"
#include "peer/ice/nice_transport.h"
#include "tests/peer/ice/ice_fixture.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

class NiceTransportLimitsTest : public IceTest {};

TEST_F(NiceTransportLimitsTest, PortRangeIsRespectedAndCanBeExhausted) {
  // A range of the system's choosing: where three neighbours are free.
  NiceTransportOptions options = LoopbackOptions();
  End& probe = Make();
  On([&] { EXPECT_TRUE(probe.Call([](auto& t) { return t.Gather(); })); });
  ASSERT_TRUE(probe.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  options.port_range_begin = ParseCandidate(probe.seen.Get().candidates.at(0))->port;
  options.port_range_end = options.port_range_begin;
  End& taken = Make(options);
  On([&] {
    const auto gathered = taken.Call([](auto& t) { return t.Gather(); });
    ASSERT_FALSE(gathered);
    EXPECT_EQ(gathered.error().code, Errc::kSystem);
    // Failing has an end: nothing comes afterwards, nothing works, nothing crashes.
    EXPECT_FALSE(taken.Call([](auto& t) { return t.Send(Packet(10)); }));
    EXPECT_EQ(taken.Call([](auto& t) { return t.Gather(); }).error().code, Errc::kInvalidState);
    probe.Destroy();
  });
  ASSERT_TRUE(WaitForLoop([this] { return runtime_->dying() == 0; }));
  EXPECT_EQ(taken.seen.Get().events, 0U);
  End& free = Make(options);
  On([&] { EXPECT_TRUE(free.Call([](auto& t) { return t.Gather(); })); });
  ASSERT_TRUE(free.seen.WaitUntil([](const End::Seen& s) { return s.gathering_done; }));
  for (const std::string& line : free.seen.Get().candidates) {
    EXPECT_EQ(ParseCandidate(line)->port, options.port_range_begin);
  }
}

TEST_F(NiceTransportLimitsTest, SenselessOptionsAreRefused) {
  const auto expect = [&](Errc code, const std::function<void(NiceTransportOptions&)>& change) {
    NiceTransportOptions options = LoopbackOptions();
    change(options);
    End& end = Make(options);
    On([&] {
      const auto gathered = end.Call([](auto& t) { return t.Gather(); });
      ASSERT_FALSE(gathered);
      EXPECT_EQ(gathered.error().code, code) << gathered.error().detail;
    });
  };
  expect(Errc::kInvalidArgument,
         [](auto& o) { o.port_range_begin = 5000, o.port_range_end = 4999; });
  expect(Errc::kInvalidArgument, [](auto& o) { o.port_range_end = 4999; });
  expect(Errc::kInvalidArgument, [](auto& o) { o.pacing = milliseconds(0); });
  for (const char* address :
       {"", "localhost", "300.1.1.1", "0.0.0.0", "::", "224.0.0.1", "198.51.100.77", "2001:db8::77",
        "127.0.0.1 ", "fe80::1%no-such-interface"}) {
    expect(Errc::kInvalidArgument, [&](auto& o) { o.bind_addresses = {"127.0.0.1", address}; });
  }
  expect(Errc::kLimitExceeded,
         [](auto& o) { o.bind_addresses = std::vector<std::string>(17, "127.0.0.1"); });
}

TEST_F(NiceTransportLimitsTest, RemoteCredentialsAreChecked) {
  End& a = Make();
  On([&] {
    const auto set = [&](std::string ufrag, std::string password) {
      return a.Call([&](auto& t) { return t.SetRemoteCredentials({ufrag, password}); });
    };
    const std::string good(22, 'p');
    for (const auto& [ufrag, password] :
         std::vector<std::pair<std::string, std::string>>{{"abc", good},
                                                          {"", good},
                                                          {std::string(257, 'a'), good},
                                                          {"abcd", std::string(21, 'p')},
                                                          {"abcd", std::string(257, 'p')},
                                                          {"ab d", good},
                                                          {"abc\n", good},
                                                          {std::string("ab\0d", 4), good},
                                                          {"abcd", std::string(21, 'p') + "="}}) {
      const auto result = set(ufrag, password);
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
    }
    EXPECT_TRUE(set(std::string(256, 'a'), std::string(256, 'p')));
    EXPECT_TRUE(set(std::string(256, 'a'), std::string(256, 'p')));  // the same once more
    EXPECT_EQ(set("abcd", good).error().code, Errc::kInvalidState);
  });
}

TEST_F(NiceTransportLimitsTest, AtMost64RemoteCandidates) {
  End& a = Make();
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(a.Call([](auto& t) {
      return t.SetRemoteCredentials({"abcd", std::string(22, 'p')});
    }));
    const auto add = [&](const std::string& line) {
      return a.Call([&](auto& t) { return t.AddRemoteCandidate(line); });
    };
    EXPECT_EQ(add("candidate:nonsense").error().code, Errc::kParseError);  // does not count
    for (int i = 0; i < 64; ++i) {
      const std::string address = i % 2 == 0 ? "x.local" : "127.0.0.1";
      EXPECT_TRUE(
          add("candidate:1 1 UDP 5 " + address + " " + std::to_string(2000 + i) + " typ host"));
    }
    EXPECT_EQ(add("candidate:1 1 UDP 5 127.0.0.1 9999 typ host").error().code,
              Errc::kLimitExceeded);
    EXPECT_EQ(a.transport->counters().candidates_ignored, 32U);
  });
}

TEST_F(NiceTransportLimitsTest, FailsOnlyAfterTheEndOfCandidates) {
  NiceTransportOptions options = LoopbackOptions();
  options.connecting_idle_timeout = milliseconds(50);
  options.stun_transmissions = 1;
  options.patience = milliseconds(100);
  End& a = Make(options);
  End& silent = Make();  // has a socket but never answers: it has no credentials of a's
  On([&] {
    silent.on_candidate = [&](const std::string& line) {
      EXPECT_TRUE(a.Call([&](auto& t) { return t.AddRemoteCandidate(line); }));
    };
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(silent.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(a.Call([](auto& t) {
      return t.SetRemoteCredentials({"abcd", std::string(22, 'p')});
    }));
  });
  ASSERT_TRUE(WaitForState(a, State::kChecking));
  // libnice gives up after about 1.1 s (one request, its 500 ms doubled, 50 ms of idleness); more
  // is to come from signalling, so we do not.
  Let(milliseconds(2500));
  EXPECT_FALSE(a.seen.Get().Has(State::kFailed));
  On([&] { a.Call([](auto& t) { t.SetRemoteCandidatesDone(); }); });
  EXPECT_TRUE(WaitForState(a, State::kFailed));

  // A candidate that comes after all brings it back, and so does a peer that works.
  End& b = Make();
  On([&] {
    EXPECT_TRUE(a.Call(
        [](auto& t) { return t.AddRemoteCandidate("candidate:7 1 UDP 9 127.0.0.1 1 typ host"); }));
    static_cast<void>(b);
  });
  EXPECT_TRUE(a.seen.WaitUntil([](const End::Seen& s) {
    return std::count(s.states.begin(), s.states.end(), State::kChecking) == 2;
  }));
  EXPECT_TRUE(a.seen.WaitUntil([](const End::Seen& s) {
    return std::count(s.states.begin(), s.states.end(), State::kFailed) == 2;
  }));
}

TEST_F(NiceTransportLimitsTest, FailsWithoutAnyUsableCandidate) {
  NiceTransportOptions options = LoopbackOptions();
  options.patience = milliseconds(300);
  End& a = Make(options);
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
    EXPECT_TRUE(a.Call(
        [](auto& t) { return t.AddRemoteCandidate("candidate:1 1 UDP 5 x.local 5 typ host"); }));
    a.Call([](auto& t) { t.SetRemoteCandidatesDone(); });
  });
  Let(milliseconds(600));
  EXPECT_FALSE(a.seen.Get().Has(State::kFailed));  // the credentials are still to come
  On([&] {
    EXPECT_TRUE(a.Call([](auto& t) {
      return t.SetRemoteCredentials({"abcd", std::string(22, 'p')});
    }));
  });
  EXPECT_TRUE(WaitForState(a, State::kFailed));
  EXPECT_EQ(a.seen.Get().states, (std::vector<State>{State::kChecking, State::kFailed}));
}

}  // namespace
}  // namespace pairwire::ice
