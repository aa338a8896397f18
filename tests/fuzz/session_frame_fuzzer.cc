// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The frames of a session from any bytes; the first byte says which of three things is done: a
// frame and its payload are read and must print back to the same bytes; a HELLO likewise; an end
// whose session is up, or waits for its first HELLO, is given frame after frame.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "peer/base/check.h"
#include "peer/delivery/session_end.h"
#include "tests/support/seeded_random.h"

namespace {

using namespace pairwire;            // NOLINT: one file
using namespace pairwire::delivery;  // NOLINT: one file

constexpr Lane kLanes[] = {Lane::kControl, Lane::kState, Lane::kStream};

bool Same(ByteSpan a, ByteSpan b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

void Payload(FrameType type, ByteSpan payload) {
  std::optional<Bytes> again;
  if (type == FrameType::kReset) {
    if (const auto reason = ParseReset(payload)) again = ResetPayload(*reason);
  } else if (type == FrameType::kClose) {
    if (const auto reason = ParseClose(payload)) again = ClosePayload(*reason);
  } else if (type == FrameType::kPing) {
    if (const auto ping = ParsePing(payload)) again = PingPayload(*ping);
  } else if (type == FrameType::kPong) {
    if (const auto pong = ParsePong(payload)) again = PongPayload(*pong);
  } else if (type == FrameType::kNegotiate) {
    if (const auto negotiation = ParseNegotiation(payload))
      again = NegotiationPayload(*negotiation);
  } else if (type == FrameType::kStateAck) {
    if (const auto versions = ParseStateAck(payload)) again = StateAckPayload(*versions);
  } else if (type == FrameType::kRemember) {
    if (const auto remember = ParseRemember(payload)) again = RememberPayload(*remember);
  } else if (type == FrameType::kStateSet) {
    if (const auto state = ParseStateValue(payload)) AppendStateValue(again.emplace(), *state);
  } else if (type == FrameType::kStateDelete) {
    if (const auto key = ParseStateKey(payload)) AppendStateKey(again.emplace(), *key);
  }
  if (again) PAIRWIRE_CHECK(Same(*again, payload));
}

void Frames(ByteSpan bytes) {
  int lanes = 0;
  for (const Lane lane : kLanes) {
    const auto frame = ParseFrame(lane, bytes);
    if (!frame) continue;
    ++lanes;
    PAIRWIRE_CHECK(Same(MakeFrame(frame->header, frame->payload), bytes));
    Payload(frame->header.type, frame->payload);
  }
  PAIRWIRE_CHECK(lanes <= 1);
}

void Hellos(ByteSpan bytes) {
  if (const auto parsed = ParseHello(bytes)) {
    PAIRWIRE_CHECK(Same(EncodeHello(parsed->hello), parsed->covered));
    PAIRWIRE_CHECK(parsed->covered.size() + parsed->tag.size() == bytes.size());
  }
}

// An end with its application; what it sends goes to `sent`.
class Owner final : public SessionOwner {
 public:
  void SendFrame(LinkId, Lane lane, SharedBytes frame) override {
    if (lane == Lane::kControl) sent.push_back(std::move(frame));
  }
  std::size_t Room(LinkId, Lane) const override { return 1000; }
  auth::Fingerprints FingerprintsOf(LinkId) const override { return {}; }
  std::optional<auth::BindTag> OwnBindTag(LinkId) override { return auth::BindTag{}; }
  bool CheckBindTag(LinkId, ByteSpan) override { return true; }
  void Do(const SessionMachine::Action&) override {}
  void OnMessage(std::uint64_t seq, FrameType, ByteSpan) override {
    PAIRWIRE_CHECK(!closed && seq == ++last);
  }
  void OnStateValue(const StateValue&) override { PAIRWIRE_CHECK(!closed); }
  void OnStateCleared(std::string_view) override { PAIRWIRE_CHECK(!closed); }
  void OnStream(FrameType, ByteSpan) override { PAIRWIRE_CHECK(!closed); }
  void OnAcked(std::uint64_t up_to) override { PAIRWIRE_CHECK(up_to <= 3); }
  void OnControl(const Frame&) override {}
  void OnClosed(const ClosedReport&) override { closed = true; }

  std::vector<SharedBytes> sent;
  std::uint64_t last = 0;
  bool closed = false;
};

void AtAnEnd(bool up, ByteSpan bytes) {
  test::SeededRandom random(1);
  SessionEnd::TimePoint now{std::chrono::seconds(1000)};
  Owner owner;
  Owner other;
  SessionEnd end(auth::PairingRole::kDisplay,
                 HelloKeeper(auth::PairingRole::kDisplay, auth::Features{}, random), {}, random,
                 owner);
  SessionEnd peer(auth::PairingRole::kController,
                  HelloKeeper(auth::PairingRole::kController, auth::Features{}, random), {}, random,
                  other);
  end.Give(now, LinkUp{1});
  if (up) {
    peer.Give(now, LinkUp{1});
    for (const auto& frame : std::exchange(other.sent, {})) {
      end.OnFrame(now, 1, Lane::kControl, *frame);
    }
    PAIRWIRE_CHECK(end.state() == SessionState::kConnected);
    for (int i = 0; i < 3; ++i) PAIRWIRE_CHECK(end.Send(now, FrameType::kDataText, {}).has_value());
  }
  // A lane, a size, that many bytes.
  for (int i = 0; i < 64 && bytes.size() > 2; ++i) {
    const Lane lane = kLanes[bytes[0] % 3];
    const std::size_t size = std::min<std::size_t>(bytes[1], bytes.size() - 2);
    end.OnFrame(now, 1, lane, bytes.subspan(2, size));
    bytes = bytes.subspan(2 + size);
    now += std::chrono::milliseconds(7);
    end.OnTimer(now);
    PAIRWIRE_CHECK(end.outbox().messages() <= 3);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteSpan bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      Frames(bytes);
      break;
    case 1:
      Hellos(bytes);
      break;
    case 2:
      AtAnEnd(true, bytes);
      break;
    default:
      AtAnEnd(false, bytes);
      break;
  }
  return 0;
}
