// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures the session layer (docs/session.md) without a network: its frames, its outbox, the gate
// that commands pass, and two whole ends over a link in memory. One iteration is one command of the
// argument's size; that of Session/... is the way from Send to the callback of the other end and
// its share of an acknowledgement, the processor time of both ends. What a command costs beside
// that, a raw channel costs, too: bench/session.mjs compares the two.
#include <benchmark/benchmark.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/micro/direct_loop.h"
#include "peer/base/task_safety.h"
#include "peer/connection/network_access.h"
#include "peer/delivery/frame.h"
#include "peer/delivery/inbox.h"
#include "peer/delivery/outbox.h"
#include "peer/session/send_gate.h"
#include "peer/session/session_core.h"

namespace pairwire::bench {
namespace {

using delivery::FrameType;
using delivery::Lane;

// Commands of one turn of the loop: what an acknowledgement covers.
benchmark::IterationCount BatchOf(std::size_t size) {
  return static_cast<benchmark::IterationCount>(
      std::min<std::size_t>(delivery::Inbox::kAckMessages, delivery::Inbox::kAckBytes / size));
}
constexpr delivery::FrameHeader kHeader{FrameType::kDataBinary, delivery::kCommandChannel, 7, 3};

void SetBytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int size : {64, 1024, 65536}) benchmark->Arg(size);
}

void Encode(benchmark::State& state) {
  const Bytes message(static_cast<std::size_t>(state.range(0)), 7);
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(delivery::MakeFrame(kHeader, message));
  }
  SetBytes(state);
}
BENCHMARK(Encode)->Name("SessionFrame/encode")->Apply(Sizes);

void Decode(benchmark::State& state) {
  const Bytes frame =
      delivery::MakeFrame(kHeader, Bytes(static_cast<std::size_t>(state.range(0)), 7));
  for ([[maybe_unused]] auto _ : state) {
    const auto parsed = delivery::ParseFrame(Lane::kControl, frame);
    if (!parsed) return state.SkipWithError("a frame of ours does not parse");
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(Decode)->Name("SessionFrame/decode")->Arg(64);

// Pushed, handed over, acknowledged.
void PassOutbox(benchmark::State& state) {
  delivery::Outbox outbox({});
  const Bytes framed(delivery::kHeaderBytes + static_cast<std::size_t>(state.range(0)), 7);
  for ([[maybe_unused]] auto _ : state) {
    const auto seq = outbox.Push(FrameType::kDataBinary, framed, 0);
    if (!seq) return state.SkipWithError("the outbox is full");
    outbox.HandedOver();
    if (!outbox.OnAck(*seq)) return state.SkipWithError("the outbox takes no acknowledgement");
  }
}
BENCHMARK(PassOutbox)->Name("SessionOutbox/command")->Apply(Sizes);

void PassInbox(benchmark::State& state) {
  delivery::Inbox inbox;
  const auto now = Loop::Clock::now();
  std::uint64_t seq = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(inbox.OnFrame(++seq));
    inbox.Delivered(seq, 64, now);
    benchmark::DoNotOptimize(inbox.AckToSend(now, false));
  }
}
BENCHMARK(PassInbox)->Name("SessionInbox/command");

// From another thread: queued, and taken from there by the loop.
void QueueAtGate(benchmark::State& state) {
  SendGate gate({});
  const Bytes message(static_cast<std::size_t>(state.range(0)), 7);
  std::vector<SendGate::Waiting> waiting;
  const benchmark::IterationCount batch = BatchOf(message.size());
  while (state.KeepRunningBatch(batch)) {
    for (benchmark::IterationCount i = 0; i < batch; ++i) {
      if (!gate.Queue(FrameType::kDataBinary, message)) {
        return state.SkipWithError("the gate is full");
      }
    }
    gate.Drain(waiting);
    gate.SetOutbox(0, 0);
  }
}
BENCHMARK(QueueAtGate)->Name("SessionGate/queue")->Apply(Sizes);

// One end of a link in memory: what is sent arrives in the same turn of the loop, after the task
// that sent it.
class DirectLink final : public SessionLink {
 public:
  explicit DirectLink(Loop& loop) : loop_(loop) {}
  ~DirectLink() override {
    if (other_ != nullptr) other_->other_ = nullptr;
  }
  void ConnectTo(DirectLink& other) { other_ = &other; }

  void Start(SessionLinkEvents events) override {
    events_ = std::move(events);
    if (!arrived_.empty()) Deliver();
  }
  void Send(Lane lane, SharedBytes frame) override {
    if (other_ == nullptr) return;
    other_->arrived_.push_back({lane, std::move(frame)});
    if (other_->arrived_.size() == 1) other_->Deliver();
  }
  std::size_t Room(Lane) const override { return 1024 * 1024; }
  std::optional<auth::Fingerprints> fingerprints() const override { return std::nullopt; }
  SessionPath path() const override { return {}; }
  std::string remote_description() const override { return {}; }
  void RestartIce() override {}
  void Renegotiate(bool) override {}
  void ApplyRemote(const delivery::Negotiation&) override {}
  void RollBack() override {}
  DataChannel CreateDataChannel(std::string_view, DataChannelInit) override { return {}; }
  void Close(std::function<void()> closed) override { loop_.Post(std::move(closed)); }

 private:
  struct Arrived {
    Lane lane;
    SharedBytes frame;
  };

  void Deliver() {
    loop_.Post(safety_.Wrap([this] {
      if (!events_.on_frame) return;
      std::vector<Arrived> arrived;
      arrived.swap(arrived_);
      for (const Arrived& one : arrived) events_.on_frame(one.lane, *one.frame);
    }));
  }

  Loop& loop_;
  DirectLink* other_ = nullptr;
  SessionLinkEvents events_;
  std::vector<Arrived> arrived_;
  TaskSafety safety_;
};

class Ends {
 public:
  Ends() : network_(Network::Create().value()) {
    // Sessions belong to a Network, of which nothing but its name is used here.
    NetworkAccess::LinkOf(*network_)->RunAndWait([this](NetworkCore& core) { core_ = &core; });
    to_loop_ = std::make_shared<LoopLink>(loop_, *core_, std::this_thread::get_id());
    auto display = std::make_unique<DirectLink>(loop_);
    auto controller = std::make_unique<DirectLink>(loop_);
    display->ConnectTo(*controller);
    controller->ConnectTo(*display);
    sessions_[0] = Make(auth::PairingRole::kDisplay, std::move(display));
    sessions_[1] = Make(auth::PairingRole::kController, std::move(controller));
    loop_.Turn();
  }
  ~Ends() {
    to_loop_->End();
    to_loop_->Cut();
  }

  DirectLoop& loop() { return loop_; }
  Session& display() { return sessions_[0]; }
  Session& controller() { return sessions_[1]; }
  bool connected() const {
    return sessions_[0].state() == SessionState::kConnected &&
           sessions_[1].state() == SessionState::kConnected;
  }

 private:
  Session Make(auth::PairingRole role, std::unique_ptr<SessionLink> link) {
    SessionStart start;
    start.role = role;
    start.link = std::move(link);
    start.features = {"session.1"};
    start.peer.session_layer = true;
    return SessionFactory::HandleTo(
        SessionCore::Make(to_loop_, loop_, std::move(start), {}).value());
  }

  const std::unique_ptr<Network> network_;
  NetworkCore* core_ = nullptr;
  DirectLoop loop_;
  std::shared_ptr<LoopLink> to_loop_;
  std::array<Session, 2> sessions_;
};

void Command(benchmark::State& state) {
  Ends ends;
  std::size_t received = 0;
  SessionEvents on;
  on.on_message = [&](const pairwire::Command& command) { received += command.data.size(); };
  ends.display().Subscribe(std::move(on));
  ends.loop().Turn();
  if (!ends.connected()) return state.SkipWithError("the two ends did not connect");
  const Bytes message(static_cast<std::size_t>(state.range(0)), 7);
  const benchmark::IterationCount batch = BatchOf(message.size());
  while (state.KeepRunningBatch(batch)) {
    for (benchmark::IterationCount i = 0; i < batch; ++i) {
      if (!ends.controller().Send(message)) return state.SkipWithError("a command was refused");
    }
    ends.loop().Turn();
  }
  if (received != static_cast<std::size_t>(state.iterations()) * message.size()) {
    return state.SkipWithError("not everything arrived");
  }
  SetBytes(state);
}
BENCHMARK(Command)->Name("Session/command")->Apply(Sizes);

}  // namespace
}  // namespace pairwire::bench
