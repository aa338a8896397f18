// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SCTP packets into a connected association, through the filter and usrsctp. The input is a row of
// packets, each after its length in two bytes (big-endian), each from its first chunk on: ports and
// the right verification tag are put before it, since only the authenticated other end can know
// them. They come one by one, or all in one batch when the length of the input is odd.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "peer/base/check.h"
#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"
#include "tests/support/manual_loop.h"

namespace pairwire::sctp {
namespace {

constexpr std::size_t kCommonHeader = 12;
constexpr std::size_t kMaxPacketsOfAnInput = 32;

// Keeps what its association sends until the other end takes it.
class End final : public AssociationEvents {
 public:
  // As with an end of ours: all that we do with packets is switched on.
  explicit End(UsrsctpRuntime& runtime)
      : association(runtime, {.largest_packet_size = PathMtu::kLargest, .peer_burst = kMaxBurst},
                    *this) {}

  void OnSctpPacket(ByteSpan packet) override { sent.emplace_back(packet.begin(), packet.end()); }
  void OnSctpState(AssociationState, const Error&) override {}
  void OnSctpMessage(StreamId, Ppid, bool, ByteSpan) override {}
  void OnSctpIncomingStreamsReset(std::span<const StreamId>) override {}
  void OnSctpOutgoingStreamsReset(std::span<const StreamId>) override {}
  void OnSctpAcknowledged(std::size_t) override {}

  std::deque<Bytes> sent;
  UsrsctpAssociation association;
};

void HandOver(test::ManualLoop& loop, End& from, End& to, Bytes& last) {
  std::deque<Bytes> packets;
  packets.swap(from.sent);
  for (const Bytes& packet : packets) {
    to.association.ReceivePacket(packet);
    last = packet;
  }
  loop.RunUntilIdle();
}

void RunOne(ByteSpan input) {
  test::ManualLoop loop;
  auto runtime = UsrsctpRuntime::Create(loop).value();
  End a(*runtime);
  End b(*runtime);
  PAIRWIRE_CHECK(a.association.Connect(0).has_value() && b.association.Connect(0).has_value());
  Bytes last_of_a;
  Bytes last_of_b;
  for (int i = 0; i < 10; ++i) {
    HandOver(loop, a, b, last_of_a);
    HandOver(loop, b, a, last_of_b);
  }
  PAIRWIRE_CHECK(b.association.state() == AssociationState::kConnected);
  const Bytes header(last_of_a.begin(), last_of_a.begin() + kCommonHeader);
  const bool batch = input.size() % 2 != 0;
  if (batch) b.association.BeginBatch(kMaxPacketsOfAnInput / 2);
  for (std::size_t packets = 0; packets < kMaxPacketsOfAnInput && input.size() >= 2; ++packets) {
    const std::size_t wanted = static_cast<std::size_t>(input[0]) * 256 + input[1];
    const ByteSpan chunks = input.subspan(2, std::min(wanted, input.size() - 2));
    input = input.subspan(2 + chunks.size());
    Bytes packet = header;
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    b.association.ReceivePacket(packet);
    if (!batch) loop.RunUntilIdle();
  }
  if (batch) b.association.EndBatch();
  loop.RunUntilIdle();
  loop.AdvanceBy(std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace pairwire::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pairwire::sctp::RunOne({data, size});
  return 0;
}
