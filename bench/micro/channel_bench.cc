// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures large messages of a channel, whole and in parts (sctp/message_parts.h): two muxes over
// two associations of ours over memory, no DTLS and no sockets. One iteration is one message of the
// first argument's size, sent, received and acknowledged; its time is that of both ends together.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "bench/micro/direct_loop.h"
#include "sctp/channel_mux.h"
#include "sctp/path_mtu.h"
#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"

namespace pairwire::bench {
namespace {

// What waits at the sender.
constexpr std::size_t kBacklog = 2 * 1024 * 1024;
// As many packets as one read of the socket brings.
constexpr std::size_t kBatch = 64;
// Turns without a message that end a benchmark with an error; each runs the timers that are due.
constexpr int kMaxIdleTurns = 50'000'000;

class End final : public sctp::ChannelMuxEvents {
 public:
  End(Loop& loop, std::size_t largest)
      : mux(loop, {.max_buffered_amount = kBacklog + 2 * largest, .max_message_size = largest},
            *this) {}

  void OnMuxPacket(ByteSpan packet) override {
    out.insert(out.end(), packet.begin(), packet.end());
    sizes.push_back(packet.size());
  }
  void OnMuxState(sctp::AssociationState, const Error&) override {}
  void OnChannelIncoming(sctp::ChannelId id, const sctp::ChannelOptions&) override {
    mux.ResumeReceiving(id);
  }
  void OnChannelOpen(sctp::ChannelId) override { open = true; }
  void OnChannelMessage(sctp::ChannelId, ByteSpan, bool) override { ++received; }
  void OnChannelBufferedAmount(sctp::ChannelId, std::size_t) override {}
  void OnChannelClosed(sctp::ChannelId, const std::optional<Error>&) override {}

  // Packets end to end, and the size of each.
  Bytes out;
  std::vector<std::size_t> sizes;
  bool open = false;
  std::size_t received = 0;
  sctp::ChannelMux mux;
};

struct Ends {
  explicit Ends(std::size_t largest) : a(loop, largest), b(loop, largest) {
    options.largest_packet_size = sctp::PathMtu::kLargest;
    options.peer_burst = sctp::kMaxBurst;
    options.max_message_size = largest;
  }

  bool Connect(bool in_parts) {
    const auto make = [this](sctp::AssociationEvents& events) {
      return std::make_unique<sctp::UsrsctpAssociation>(*runtime, options, events);
    };
    channel = a.mux.Open({.label = "bulk"}).value();
    const std::size_t largest = options.max_message_size;
    if (!a.mux.Start(make, true, largest, in_parts)) return false;
    if (!b.mux.Start(make, false, largest, in_parts)) return false;
    for (int i = 0; i < kMaxIdleTurns && !(a.open && b.open); ++i) Turn();
    return a.open && b.open;
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
    std::size_t at = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i % kBatch == 0) to.mux.BeginBatch(std::min(kBatch, sizes.size() - i));
      to.mux.ReceivePacket(ByteSpan(wire).subspan(at, sizes[i]));
      at += sizes[i];
      if (i % kBatch == kBatch - 1 || i + 1 == sizes.size()) to.mux.EndBatch();
    }
    wire.clear();
    sizes.clear();
  }

  DirectLoop loop;
  std::unique_ptr<sctp::UsrsctpRuntime> runtime = sctp::UsrsctpRuntime::Create(loop).value();
  sctp::UsrsctpAssociationOptions options;
  sctp::ChannelId channel = 0;
  End a;
  End b;
  Bytes wire;
  std::vector<std::size_t> sizes;
};

void LargeMessages(benchmark::State& state, bool in_parts) {
  const auto size = static_cast<std::size_t>(state.range(0));
  Ends ends(size);
  if (!ends.Connect(in_parts)) return state.SkipWithError("no channel");
  const auto message = std::make_shared<const Bytes>(size);
  std::size_t sent = 0;
  int idle_turns = 0;
  const auto turn = [&] {
    const std::size_t before = ends.b.received;
    ends.Turn();
    idle_turns = ends.b.received == before ? idle_turns + 1 : 0;
    return idle_turns < kMaxIdleTurns;
  };
  for ([[maybe_unused]] auto _ : state) {
    sctp::Payload payload(message);
    if (!ends.a.mux.SendOwned(ends.channel, payload, false)) {
      return state.SkipWithError("refused");
    }
    ++sent;
    while (ends.a.mux.buffered_amount(ends.channel) > kBacklog) {
      if (!turn()) return state.SkipWithError("it stands still");
    }
  }
  while (ends.b.received < sent) {
    if (!turn()) return state.SkipWithError("messages are missing");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(LargeMessages, whole, false)
    ->Name("Channels/whole")
    ->Arg(70'000)
    ->Arg(262'144)
    ->Arg(1'000'000)
    ->Arg(30'000'000);
BENCHMARK_CAPTURE(LargeMessages, in_parts, true)
    ->Name("Channels/in_parts")
    ->Arg(70'000)
    ->Arg(262'144)
    ->Arg(1'000'000)
    ->Arg(30'000'000);

}  // namespace
}  // namespace pairwire::bench
