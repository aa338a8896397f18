// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whatever a client sends on its WebSocket or as a request body: the JSON bounds, the envelope,
// every typed message, and a relay with a paired session that gets it as text. What is accepted
// must be accepted again in the form in which it is passed on.
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "signaling/core/relay.h"
#include "signaling/protocol/code.h"
#include "signaling/protocol/envelope.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/store/memory_backend.h"

namespace {

using namespace pairwire;         // NOLINT(google-build-using-namespace)
using namespace pairwire::relay;  // NOLINT(google-build-using-namespace)

void Require(bool holds) {
  if (!holds) std::abort();
}

class QueueExecutor final : public Executor {
 public:
  void Post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void Drain() {
    while (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<std::function<void()>> tasks_;
};

class CountingRandom final : public RandomSource {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next_ += 77);
  }

 private:
  std::uint64_t next_ = 1;
};

class CheckingOutput final : public RelayOutput {
 public:
  void SendText(ConnectionId, std::string text) override {
    Require(protocol::ParseEnvelope(text).has_value());
  }
  void CloseSocket(ConnectionId, std::uint16_t, std::string_view) override {}
  void SendEvent(StreamId, const SessionEvent&) override {}
  void EndStream(StreamId) override {}
};

void SendToRelay(std::string_view text) {
  QueueExecutor executor;
  const TimePoint now = TimePoint{} + std::chrono::hours(1);
  const auto backend = MakeMemoryBackend(executor, [now] { return now; });
  CountingRandom random;
  CheckingOutput output;
  relay::Relay relay(RelayOptions{}, backend->parts(), random, output);
  protocol::RegisterResponse display;
  relay.Register({}, "::1", now, [&](auto outcome) { display = std::move(*outcome); });
  executor.Drain();
  protocol::PairResponse controller;
  relay.Pair({display.code, "", {}}, "::1", now,
             [&](auto outcome) { controller = std::move(*outcome); });
  executor.Drain();
  if (const auto asked = protocol::ParseRegisterRequest(text)) {
    relay.Register(*asked, "::2", now, [](const auto&) {});
    executor.Drain();
  }
  if (const auto asked = protocol::ParsePairRequest(text)) {
    relay.Pair(*asked, "::3", now, [](const auto&) {});
    executor.Drain();
  }
  ConnectionId next = 0;
  for (const std::string& token : {display.display_token, controller.controller_token}) {
    Member member;
    relay.AuthorizeSocket(token, now, [&](auto outcome) { member = std::move(*outcome); });
    executor.Drain();
    relay.SocketOpened(++next, member, now);
  }
  executor.Drain();
  relay.SocketText(2, text, now);
  relay.SocketText(1, text, now);
  executor.Drain();
  relay.EndTurn(now);
  executor.Drain();
  relay.Tick(now + std::chrono::hours(1));
  executor.Drain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto envelope = protocol::ParseEnvelope(text);
  if (envelope) Require(protocol::ParseEnvelope(protocol::ToJson(*envelope)) == envelope);
  if (const auto message = protocol::ParseRegisterRequest(text)) {
    Require(protocol::ParseRegisterRequest(protocol::ToJson(*message)) == message);
  }
  if (const auto message = protocol::ParsePairRequest(text)) {
    Require(protocol::ParsePairRequest(protocol::ToJson(*message)) == message);
  }
  (void)protocol::ParseRegisterResponse(text);
  (void)protocol::ParsePairResponse(text);
  (void)protocol::ParsePollResponse(text);
  (void)protocol::ParseProblem(text);
  (void)protocol::NormalizeCode(text);
  const protocol::RawJson raw{std::string(text)};
  (void)protocol::ParseWelcome(raw);
  (void)protocol::ParsePairingReady(raw);
  (void)protocol::ParseResume(raw);
  (void)protocol::ParseServerDraining(raw);
  (void)protocol::ParseErrorData(raw);
  SendToRelay(text);
  return 0;
}
