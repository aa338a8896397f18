// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FakeAssociation: what the mux talks to in tests. Alone, the test plays the other end and decides
// what is acknowledged. Linked to a second one, the two carry messages and resets to each other, in
// order, with a delay on the virtual clock.
#ifndef PAIRWIRE_TESTS_SCTP_FAKE_ASSOCIATION_H_
#define PAIRWIRE_TESTS_SCTP_FAKE_ASSOCIATION_H_

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "sctp/association.h"

namespace pairwire::sctp::test {

class FakeAssociation final : public Association {
 public:
  struct Sent {
    StreamId stream;
    Ppid ppid;
    Bytes data;
    Delivery delivery = {};
    bool last = true;  // of a message in pieces
    bool operator==(const Sent&) const = default;
  };

  FakeAssociation(Loop& loop, AssociationEvents& events) : loop_(loop), events_(events) {}
  ~FakeAssociation() override {
    if (on_destroyed) on_destroyed();
    if (other_ != nullptr) other_->other_ = nullptr;
  }

  // Messages and resets of each reach the other after `delay`.
  static void Link(FakeAssociation& a, FakeAssociation& b) {
    a.other_ = &b;
    b.other_ = &a;
  }

  Result<void> Connect(std::uint16_t wanted) override {
    connect_streams = wanted;
    if (connect_error) return tl::unexpected(*connect_error);
    state_ = AssociationState::kConnecting;
    return {};
  }
  void ReceivePacket(ByteSpan packet) override {
    packets.emplace_back(packet.begin(), packet.end());
  }
  void BeginBatch(std::size_t) override {}
  void EndBatch() override {}

  Result<void> Send(StreamId stream, Ppid ppid, ByteSpan data, const Delivery& delivery) override {
    if (state_ != AssociationState::kConnected) return Fail(Errc::kInvalidState);
    if (send_error) return tl::unexpected(*send_error);
    if (data.empty()) return Fail(Errc::kInvalidArgument);
    if (ToInt(stream) >= streams) {
      wanted_streams = std::max<std::uint32_t>(wanted_streams, ToInt(stream) + 1U);
      return Fail(Errc::kBufferFull);
    }
    if (unacknowledged + data.size() > capacity) return Fail(Errc::kBufferFull);
    EXPECT_FALSE(unfinished.contains(stream)) << "in the middle of another message";
    EXPECT_TRUE(interleaving || unfinished.empty()) << "in the middle of another message";
    Carry({stream, ppid, Bytes(data.begin(), data.end()), delivery});
    return {};
  }

  Result<std::size_t> SendPiece(StreamId stream, Ppid ppid, ByteSpan data, bool last,
                                const Delivery& delivery) override {
    if (state_ != AssociationState::kConnected) return Fail(Errc::kInvalidState);
    if (send_error) return tl::unexpected(*send_error);
    if (ToInt(stream) >= streams || unacknowledged >= capacity) return Fail(Errc::kBufferFull);
    EXPECT_TRUE(interleaving || unfinished.empty() || unfinished.contains(stream));
    const std::size_t size = std::min(data.size(), capacity - unacknowledged);
    const bool ends = last && size == data.size();
    unfinished.insert(stream);
    if (ends) unfinished.erase(stream);
    Carry({stream, ppid, Bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size)),
           delivery, ends});
    return size;
  }

  Result<void> ResetStreams(std::span<const StreamId> list) override {
    resets.insert(resets.end(), list.begin(), list.end());
    if (other_ == nullptr) return {};
    const std::vector<StreamId> copy(list.begin(), list.end());
    After([this, copy] {
      if (other_ != nullptr) other_->events_.OnSctpIncomingStreamsReset(copy);
    });
    AfterBothWays([this, copy] { events_.OnSctpOutgoingStreamsReset(copy); });
    return {};
  }

  void PauseReceiving() override { paused = true; }
  void ResumeReceiving() override { paused = false; }
  void Close() override {
    ++closes;
    if (other_ == nullptr) return;
    AfterBothWays([this] { BecomeOver(AssociationState::kClosed, {}); });
    After([this] {
      if (other_ != nullptr) other_->BecomeOver(AssociationState::kClosed, {});
    });
  }
  void Abort(Error error) override {
    aborted = error;
    loop_.Post(safety_.Wrap([this, error] { BecomeOver(AssociationState::kFailed, error); }));
  }
  AssociationState state() const override { return state_; }
  std::uint16_t stream_count() const override { return streams; }
  AssociationStats stats() const override {
    AssociationStats stats;
    stats.state = state_;
    stats.unacknowledged_bytes = unacknowledged;
    return stats;
  }
  bool interleaves() const override { return interleaving; }
  std::size_t useful_backlog() const override { return backlog; }
  std::size_t FullPackets(std::size_t bytes) const override { return bytes; }
  bool stands_still() const override { return standing_still; }
  bool adding_streams() const override { return false; }
  std::span<const StreamBytes> acknowledged() const override { return acknowledged_; }

  // What the test does in place of the other end.
  void BecomeConnected() {
    state_ = AssociationState::kConnected;
    events_.OnSctpState(state_, {});
  }
  void BecomeOver(AssociationState state, const Error& error) {
    if (state_ == AssociationState::kClosed || state_ == AssociationState::kFailed) return;
    state_ = state;
    events_.OnSctpState(state_, error);
  }
  void Acknowledge(std::size_t bytes) {
    bytes = std::min(unacknowledged, bytes);
    unacknowledged -= bytes;
    acknowledged_.clear();
    while (bytes > 0) {
      StreamBytes& oldest = in_flight_.front();
      const std::size_t part = std::min(oldest.bytes, bytes);
      acknowledged_.push_back({oldest.stream, part});
      oldest.bytes -= part;
      bytes -= part;
      if (oldest.bytes == 0) in_flight_.pop_front();
    }
    events_.OnSctpAcknowledged(unacknowledged);
  }
  // As SACKs do when the streams' bytes left in another order.
  void AcknowledgeStream(StreamId stream, std::size_t bytes) {
    unacknowledged -= bytes;
    acknowledged_ = {{stream, bytes}};
    for (auto it = in_flight_.begin(); it != in_flight_.end() && bytes > 0; ++it) {
      if (it->stream != stream) continue;
      const std::size_t part = std::min(it->bytes, bytes);
      it->bytes -= part;
      bytes -= part;
    }
    events_.OnSctpAcknowledged(unacknowledged);
  }
  // Gives the last bytes up unsent: nobody learns whose they were.
  void AbandonLast(std::size_t bytes) {
    unacknowledged -= bytes;
    in_flight_.back().bytes -= bytes;
    acknowledged_.clear();
    events_.OnSctpAcknowledged(unacknowledged);
  }
  void AcknowledgeAll() { Acknowledge(unacknowledged); }
  void Receive(std::uint16_t stream, Ppid ppid, ByteSpan data, bool ordered = true) {
    events_.OnSctpMessage(StreamId{stream}, ppid, ordered, data);
  }
  void ResetIncoming(std::uint16_t stream) {
    const StreamId id{stream};
    events_.OnSctpIncomingStreamsReset({&id, 1});
  }
  void ResetOutgoingDone(std::uint16_t stream) {
    const StreamId id{stream};
    events_.OnSctpOutgoingStreamsReset({&id, 1});
  }

  std::vector<Sent> sent;
  std::vector<StreamId> resets;
  std::vector<Bytes> packets;
  std::size_t unacknowledged = 0;
  std::size_t capacity = 1'000'000'000;
  std::size_t backlog = 1'000'000'000;  // useful_backlog
  bool interleaving = true;
  bool standing_still = false;
  std::set<StreamId> unfinished;  // streams in the middle of a message
  std::uint16_t streams = 256;
  std::uint16_t connect_streams = 0;  // what Connect was asked for
  std::uint32_t wanted_streams = 0;
  bool paused = false;
  bool keep_sent = true;
  int closes = 0;
  std::optional<Error> connect_error;
  std::optional<Error> send_error;
  std::optional<Error> aborted;
  std::function<void()> on_destroyed;
  Loop::Duration delay = std::chrono::milliseconds(1);

 private:
  void Carry(Sent piece) {
    unacknowledged += piece.data.size();
    in_flight_.push_back({piece.stream, piece.data.size()});
    sent.push_back(std::move(piece));
    events_.OnSctpPacket(Bytes{1});
    if (other_ == nullptr) return;
    After([this, message = sent.back()] {
      if (other_ != nullptr) other_->Arrive(message);
    });
    AfterBothWays([this, size = sent.back().data.size()] { Acknowledge(size); });
    if (!keep_sent) sent.clear();
  }
  void Arrive(const Sent& piece) {
    Bytes& whole = partial_[piece.stream];
    whole.insert(whole.end(), piece.data.begin(), piece.data.end());
    if (!piece.last) return;
    const Bytes message = std::move(whole);
    partial_.erase(piece.stream);
    events_.OnSctpMessage(piece.stream, piece.ppid, piece.delivery.ordered, message);
  }

  template <typename F>
  void After(F function) {
    loop_.ScheduleAt(loop_.Now() + delay, safety_.Wrap(std::move(function)));
  }
  template <typename F>
  void AfterBothWays(F function) {
    const auto back = other_ == nullptr ? delay : other_->delay;
    loop_.ScheduleAt(loop_.Now() + delay + back, safety_.Wrap(std::move(function)));
  }

  Loop& loop_;
  AssociationEvents& events_;
  AssociationState state_ = AssociationState::kNew;
  FakeAssociation* other_ = nullptr;
  std::deque<StreamBytes> in_flight_;
  std::vector<StreamBytes> acknowledged_;
  std::map<StreamId, Bytes> partial_;
  TaskSafety safety_;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_FAKE_ASSOCIATION_H_
