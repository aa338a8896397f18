// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SctpPair: two real associations in one process over a simulated path on the virtual clock, each
// with a record of its events.
#ifndef PAIRWIRE_TESTS_SCTP_SCTP_PAIR_H_
#define PAIRWIRE_TESTS_SCTP_SCTP_PAIR_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp::test {

using namespace std::chrono_literals;  // NOLINT: a test header
using pairwire::test::ManualLoop;
using pairwire::test::SeededRandom;
using pairwire::test::SimLink;
using pairwire::test::SimPath;

struct ReceivedMessage {
  StreamId stream;
  Ppid ppid;
  Bytes data;
  bool operator==(const ReceivedMessage&) const = default;
};

inline Bytes RandomBytes(std::size_t size, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

// One end: records, and runs a hook inside each event.
class SctpEnd final : public AssociationEvents {
 public:
  SctpEnd(UsrsctpRuntime& runtime, const UsrsctpAssociationOptions& options,
          std::function<void(ByteSpan)> wire)
      : association(std::make_unique<UsrsctpAssociation>(runtime, options, *this)),
        wire_(std::move(wire)) {}

  void OnSctpPacket(ByteSpan packet) override {
    ++packets;
    largest_packet = std::max(largest_packet, packet.size());
    if (capture) capture(packet);
    wire_(packet);
  }
  void OnSctpState(AssociationState state, const Error& new_error) override {
    states.push_back(state);
    error = new_error;
    RunHook();
  }
  void OnSctpMessage(StreamId stream, Ppid ppid, bool, ByteSpan data) override {
    received_bytes += data.size();
    if (keep_messages) messages.push_back({stream, ppid, Bytes(data.begin(), data.end())});
    RunHook();
  }
  void OnSctpIncomingStreamsReset(std::span<const StreamId> streams) override {
    incoming_resets.insert(incoming_resets.end(), streams.begin(), streams.end());
    RunHook();
  }
  void OnSctpOutgoingStreamsReset(std::span<const StreamId> streams) override {
    outgoing_resets.insert(outgoing_resets.end(), streams.begin(), streams.end());
    RunHook();
  }
  void OnSctpAcknowledged(std::size_t bytes) override {
    EXPECT_LE(bytes, accepted_bytes);
    unacknowledged = bytes;
    ++acknowledgements;
    RunHook();
  }

  void OnSctpStalled(StallCause cause) override {
    stalls.push_back(cause);
    RunHook();
  }
  void OnSctpResumed() override {
    ++resumptions;
    RunHook();
  }

  Result<void> Send(std::uint16_t stream, ByteSpan data, Ppid ppid = Ppid::kBinary,
                    const Delivery& delivery = {}) {
    auto sent = association->Send(StreamId{stream}, ppid, data, delivery);
    if (sent) {
      accepted_bytes += data.size();
      unacknowledged += data.size();
    }
    return sent;
  }
  bool connected() const {
    return association != nullptr && association->state() == AssociationState::kConnected;
  }
  bool over() const {
    return !states.empty() && (states.back() == AssociationState::kClosed ||
                               states.back() == AssociationState::kFailed);
  }

  std::unique_ptr<UsrsctpAssociation> association;
  std::vector<AssociationState> states;
  Error error;
  std::vector<ReceivedMessage> messages;
  std::vector<StreamId> incoming_resets;
  std::vector<StreamId> outgoing_resets;
  std::size_t received_bytes = 0;
  std::size_t accepted_bytes = 0;
  std::size_t unacknowledged = 0;
  std::size_t acknowledgements = 0;
  std::vector<StallCause> stalls;
  int resumptions = 0;
  std::size_t packets = 0;
  std::size_t largest_packet = 0;
  bool keep_messages = true;
  int events = 0;
  std::function<void(int event)> hook;  // gets the number of the event
  std::function<void(ByteSpan)> capture;

 private:
  void RunHook() {
    ++events;
    if (hook) hook(events);
  }

  std::function<void(ByteSpan)> wire_;
};

struct SctpPair {
  explicit SctpPair(const SimLink::Options& weather = {},
                    const UsrsctpAssociationOptions& options = {})
      : runtime(UsrsctpRuntime::Create(loop).value()),
        path(loop, weather),
        a(*runtime, options, [this](ByteSpan packet) { path.a_to_b().Send(packet); }),
        b(*runtime, options, [this](ByteSpan packet) { path.b_to_a().Send(packet); }) {
    path.a_to_b().SetReceiver([this](ByteSpan packet) {
      if (b.association) b.association->ReceivePacket(packet);
    });
    path.b_to_a().SetReceiver([this](ByteSpan packet) {
      if (a.association) a.association->ReceivePacket(packet);
    });
  }
  ~SctpPair() {
    // The ABORTs are not for the test, whose variables may be gone already.
    a.capture = b.capture = nullptr;
    a.association.reset();
    b.association.reset();
    EXPECT_EQ(runtime->endpoint_count(), 0u);
  }

  // Both ends at once, as WebRTC does.
  void StartConnecting() {
    ASSERT_TRUE(a.association->Connect(0).has_value());
    ASSERT_TRUE(b.association->Connect(0).has_value());
  }
  void Connect(Loop::Duration limit = 60s) {
    StartConnecting();
    ASSERT_TRUE(loop.RunUntil([&] { return a.connected() && b.connected(); }, limit));
  }
  bool RunUntil(const std::function<bool()>& condition, Loop::Duration limit = 60s) {
    return loop.RunUntil(condition, limit);
  }

  ManualLoop loop;
  VirtualWallClock wall_clock{loop};
  std::unique_ptr<UsrsctpRuntime> runtime;
  SimPath path;
  SctpEnd a;
  SctpEnd b;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_SCTP_PAIR_H_
