// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures SCTP alone: two associations of ours (usrsctp behind them) over memory, no DTLS and no
// sockets. Packets are handed over in the batches that one turn made, as the data path does. One
// iteration is one message of the argument's size, sent, received and acknowledged; its time is
// that of both ends together.
#include <benchmark/benchmark.h>

#include <memory>
#include <utility>
#include <vector>

#include "bench/micro/direct_loop.h"
#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"

namespace pairwire::bench {
namespace {

// What is sent in a turn before the other end has its: a few large messages, many small ones.
constexpr std::size_t kBytesPerTurn = 512 * 1024;
constexpr std::size_t kMessagesPerTurn = 256;
// Turns without progress that end a benchmark with an error; each runs the timers that are due.
constexpr int kMaxIdleTurns = 50'000'000;

class End final : public sctp::AssociationEvents {
 public:
  explicit End(sctp::UsrsctpRuntime& runtime)
      : association(std::make_unique<sctp::UsrsctpAssociation>(
            runtime, sctp::UsrsctpAssociationOptions{}, *this)) {}

  void OnSctpPacket(ByteSpan packet) override {
    out.insert(out.end(), packet.begin(), packet.end());
    sizes.push_back(packet.size());
  }
  void OnSctpState(sctp::AssociationState, const Error&) override {}
  void OnSctpMessage(sctp::StreamId, sctp::Ppid, bool, ByteSpan) override { ++received; }
  void OnSctpIncomingStreamsReset(std::span<const sctp::StreamId>) override {}
  void OnSctpOutgoingStreamsReset(std::span<const sctp::StreamId>) override {}
  void OnSctpAcknowledged(std::size_t) override {}

  bool connected() const { return association->state() == sctp::AssociationState::kConnected; }

  // Packets end to end, and the size of each.
  Bytes out;
  std::vector<std::size_t> sizes;
  std::size_t received = 0;
  std::unique_ptr<sctp::UsrsctpAssociation> association;
};

struct Ends {
  bool Connect() {
    if (!a.association->Connect(0) || !b.association->Connect(0)) return false;
    for (int i = 0; i < kMaxIdleTurns && !(a.connected() && b.connected()); ++i) Turn();
    return a.connected() && b.connected();
  }

  void Turn() {
    loop.Turn();
    Carry(a, b);
    loop.Turn();
    Carry(b, a);
  }

  void Carry(End& from, End& to) {
    wire.swap(from.out);
    sizes.swap(from.sizes);
    if (!sizes.empty()) {
      to.association->BeginBatch(sizes.size());
      std::size_t at = 0;
      for (const std::size_t size : sizes) {
        to.association->ReceivePacket(ByteSpan(wire).subspan(at, size));
        at += size;
      }
      to.association->EndBatch();
    }
    wire.clear();
    sizes.clear();
  }

  DirectLoop loop;
  std::unique_ptr<sctp::UsrsctpRuntime> runtime = sctp::UsrsctpRuntime::Create(loop).value();
  End a{*runtime};
  End b{*runtime};
  Bytes wire;
  std::vector<std::size_t> sizes;
};

void Stream(benchmark::State& state, const sctp::Delivery& delivery) {
  Ends ends;
  if (!ends.Connect()) return state.SkipWithError("no association");
  const Bytes message(static_cast<std::size_t>(state.range(0)));
  const std::size_t per_turn = std::min(kMessagesPerTurn, kBytesPerTurn / message.size());
  std::size_t sent = 0;
  int idle_turns = 0;
  const auto turn = [&] {
    const std::size_t before = ends.b.received;
    ends.Turn();
    idle_turns = ends.b.received == before ? idle_turns + 1 : 0;
    return idle_turns < kMaxIdleTurns;
  };
  for ([[maybe_unused]] auto _ : state) {
    while (!ends.a.association->Send(sctp::StreamId{0}, sctp::Ppid::kBinary, message, delivery)) {
      if (!turn()) return state.SkipWithError("it stands still");
    }
    if (++sent % per_turn == 0 && !turn()) return state.SkipWithError("it stands still");
  }
  while (ends.b.received < sent) {
    if (!turn()) return state.SkipWithError("messages are missing");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(Stream, ordered, {})
    ->Name("Sctp/reliable_ordered")
    ->Arg(64)
    ->Arg(1024)
    ->Arg(65536);
BENCHMARK_CAPTURE(Stream, unreliable, {.ordered = false, .max_retransmits = 0})
    ->Name("Sctp/unordered_no_retransmits")
    ->Arg(1024);

}  // namespace
}  // namespace pairwire::bench
