// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of the ICE box share: a real loop with a runtime, and an end: a NiceTransport with
// an owner that records every event and checks that none comes from inside a call.
#ifndef PAIRWIRE_TESTS_PEER_ICE_ICE_FIXTURE_H_
#define PAIRWIRE_TESTS_PEER_ICE_ICE_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/run_and_wait.h"
#include "peer/ice/nice_transport.h"
#include "tests/support/wait.h"

namespace pairwire::ice {

inline NiceTransportOptions LoopbackOptions() {
  NiceTransportOptions options;
  options.bind_addresses = {"127.0.0.1"};
  options.ice_tcp = false;
  return options;
}

// Loop thread only, but for `seen`.
class End final : public Events {
 public:
  struct Seen {
    std::vector<std::string> candidates;
    bool gathering_done = false;
    std::vector<State> states;
    std::vector<CandidatePair> pairs;
    std::vector<ServerError> server_errors;
    std::vector<Bytes> packets;
    std::size_t events = 0;

    bool Has(State state) const {
      return std::find(states.begin(), states.end(), state) != states.end();
    }
  };

  End(IceRuntime& runtime, NiceTransportOptions options)
      : transport(std::make_unique<NiceTransport>(runtime, std::move(options),
                                                  MakeCredentials(runtime.random()), *this)) {}

  // Every call of a test goes through here: events that come before it returns break the
  // interface's promise.
  template <typename F>
  auto Call(F f) {
    calling_ = true;
    const auto guard = std::shared_ptr<void>(nullptr, [this](void*) { calling_ = false; });
    return f(*transport);
  }

  void Destroy() { transport.reset(); }

  void OnIceCandidate(const std::string& candidate) override {
    if (!Begin()) return;
    seen.Update([&](Seen& s) { s.candidates.push_back(candidate); });
    if (on_candidate) on_candidate(candidate);
  }
  void OnIceGatheringDone() override {
    if (!Begin()) return;
    seen.Update([](Seen& s) { s.gathering_done = true; });
    if (on_gathering_done) on_gathering_done();
  }
  void OnIceState(State state) override {
    if (!Begin()) return;
    seen.Update([&](Seen& s) { s.states.push_back(state); });
    if (on_state) on_state(state);
  }
  void OnIceSelectedPair(const CandidatePair& pair) override {
    if (!Begin()) return;
    seen.Update([&](Seen& s) { s.pairs.push_back(pair); });
  }
  void OnIceServerError(const ServerError& error) override {
    if (!Begin()) return;
    seen.Update([&](Seen& s) { s.server_errors.push_back(error); });
  }
  void OnIcePackets(std::span<const ByteSpan> batch) override {
    if (!Begin()) return;
    for (const ByteSpan packet : batch) {
      if (keep_packets) {
        seen.Update([&](Seen& s) { s.packets.emplace_back(packet.begin(), packet.end()); });
      }
      if (on_packet) on_packet(packet);
      if (transport == nullptr) return;
    }
  }

  test::Watched<Seen> seen;
  std::unique_ptr<NiceTransport> transport;
  std::function<void(const std::string&)> on_candidate;
  std::function<void()> on_gathering_done;
  std::function<void(State)> on_state;
  std::function<void(ByteSpan)> on_packet;
  bool keep_packets = true;
  // Counts down with each event; the transport is destroyed inside the event that reaches 0.
  int destroy_in_event = -1;

 private:
  bool Begin() {
    EXPECT_FALSE(calling_) << "an event from inside a call";
    EXPECT_NE(transport, nullptr) << "an event after destruction";
    seen.Update([](Seen& s) { ++s.events; });
    if (destroy_in_event >= 0 && destroy_in_event-- == 0) {
      Destroy();
      return false;
    }
    return true;
  }

  bool calling_ = false;
};

class IceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.Start());
    On([this] { runtime_ = std::make_unique<IceRuntime>(loop_); });
  }

  void TearDown() override {
    On([this] {
      for (auto& end : ends_) end->Destroy();
    });
    EXPECT_TRUE(WaitForLoop([this] { return runtime_->dying() == 0; }));
    On([this] { runtime_.reset(); });
    loop_.Stop();
  }

  // Runs on the loop and waits for it.
  template <typename F>
  void On(F f) {
    ASSERT_TRUE(RunAndWait(loop_, Task(std::move(f))));
  }

  // Waits until `condition`, asked on the loop, holds.
  bool WaitForLoop(std::function<bool()> condition) {
    test::Watched<bool> held(false);
    auto timer = std::make_unique<std::unique_ptr<Timer>>();
    On([&] {
      *timer = std::make_unique<Timer>(loop_, [&] {
        if (condition()) return held.Set(true);
        (*timer)->Start(std::chrono::milliseconds(2));
      });
      (*timer)->Start({});
    });
    const bool result = held.WaitFor(true);
    On([&] { timer->reset(); });
    return result;
  }

  // Lets `duration` pass; for what is measured over time, never to wait for a condition.
  void Let(std::chrono::milliseconds duration) {
    test::Watched<bool> over(false);
    std::unique_ptr<Timer> timer;
    On([&] {
      timer = std::make_unique<Timer>(loop_, [&] { over.Set(true); });
      timer->Start(duration);
    });
    EXPECT_TRUE(over.WaitFor(true));
    On([&] { timer.reset(); });
  }

  End& Make(NiceTransportOptions options = LoopbackOptions()) {
    End* made = nullptr;
    On([&] {
      ends_.push_back(std::make_unique<End>(*runtime_, std::move(options)));
      made = ends_.back().get();
    });
    return *made;
  }

  // Candidates of each go to the other as they come; lines that `filter` refuses are lost.
  void Wire(End& a, End& b, std::function<bool(const std::string&)> filter = {}) {
    On([&] {
      WireOneWay(a, b, filter);
      WireOneWay(b, a, filter);
    });
  }

  static void WireOneWay(End& from, End& to,
                         const std::function<bool(const std::string&)>& filter) {
    from.on_candidate = [&to, filter](const std::string& line) {
      if (to.transport == nullptr || (filter && !filter(line))) return;
      const auto added = to.Call([&](auto& t) { return t.AddRemoteCandidate(line); });
      EXPECT_TRUE(added) << line;
    };
    from.on_gathering_done = [&to] {
      if (to.transport != nullptr) to.Call([](auto& t) { t.SetRemoteCandidatesDone(); });
    };
  }

  static void GiveCredentials(End& from, End& to) {
    const Credentials credentials = from.transport->local_credentials();
    const auto given = to.Call([&](auto& t) { return t.SetRemoteCredentials(credentials); });
    EXPECT_TRUE(given);
  }

  // Roles, gathering, credentials, in the order of an offer and an answer.
  void Start(End& a, End& b, Role role_a = Role::kControlling, Role role_b = Role::kControlled) {
    On([&] {
      a.Call([&](auto& t) { t.SetRole(role_a); });
      b.Call([&](auto& t) { t.SetRole(role_b); });
      EXPECT_TRUE(a.Call([](auto& t) { return t.Gather(); }));
      EXPECT_TRUE(b.Call([](auto& t) { return t.Gather(); }));
      GiveCredentials(a, b);
      GiveCredentials(b, a);
    });
  }

  static bool WaitForState(End& end, State state) {
    return end.seen.WaitUntil([&](const End::Seen& s) { return s.Has(state); });
  }

  static bool WaitForCompleted(End& a, End& b) {
    return WaitForState(a, State::kCompleted) && WaitForState(b, State::kCompleted);
  }

  static bool WaitForPackets(End& end, std::size_t count) {
    return end.seen.WaitUntil([&](const End::Seen& s) { return s.packets.size() >= count; });
  }

  // A packet that looks like DTLS by its first byte.
  static Bytes Packet(std::size_t size, std::uint8_t mark = 0) {
    Bytes packet(size, mark);
    packet[0] = 23;
    return packet;
  }

  bool Send(End& end, const Bytes& packet) {
    bool sent = false;
    On([&] { sent = end.Call([&](auto& t) { return t.Send(packet); }); });
    return sent;
  }

  AsioLoop loop_{"ice-test"};
  std::unique_ptr<IceRuntime> runtime_;
  std::vector<std::unique_ptr<End>> ends_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_TESTS_PEER_ICE_ICE_FIXTURE_H_
