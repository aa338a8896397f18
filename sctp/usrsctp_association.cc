// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/usrsctp_association.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "sctp/chunks.h"
#include "sctp/crc32c.h"
#include "sctp/packet_filter.h"
#include "sctp/path_probe.h"

namespace pairwire::sctp {
namespace {

// usrsctp puts all streams of one request into one chunk, whatever the packet size: 100 numbers
// fit.
constexpr std::size_t kMaxResetsInFlight = 100;

// More streams are asked for in steps, so that 100 new channels are not 100 requests.
constexpr std::uint32_t kStreamStep = 64;
// RFC 8832 section 6: stream 65535 is not usable.
constexpr std::uint32_t kMaxStreams = 65'535;

// Not every end answers a request for more streams. So many of these, in each of which something
// came from the other end, must pass before it counts as refused: usrsctp repeats the request every
// 2.5 s at the latest, and an end that is heard and does not answer will not. While the path is
// away nothing is decided.
constexpr std::chrono::seconds kGrowthInterval{5};
constexpr int kGrowthIntervals = 6;

// A FORWARD-TSN that nobody has acknowledged is sent again: after usrsctp itself would have done so
// the first time, and about as seldom as its largest RTO.
constexpr std::chrono::milliseconds kForwardTsnInterval{2'500};

constexpr std::size_t kDataHeader = 16;
constexpr std::size_t kIDataHeader = 20;

// What surely fits one chunk.
constexpr std::size_t kOneChunk = 1024;

// usrsctp 0.9.5 cannot forget a part of a message with RFC 8260: for an unordered one that was
// given up, and for an unordered one that is read in parts, its receive window stays smaller for
// ever; for an ordered one that was given up while it was read in parts, the stream stands still.
// Our own other end is the same usrsctp. So messages that could meet that travel more strictly than
// asked for: until they arrive, or, read in parts, in order among themselves.
Delivery WithoutForgetting(const Delivery& delivery, std::size_t size, bool in_pieces) {
  const bool limited = delivery.max_retransmits || delivery.max_life_time;
  if (in_pieces) return {.ordered = delivery.ordered || !limited};
  if (delivery.ordered || !limited || size <= kOneChunk) return delivery;
  return {.ordered = false};
}

// By a packet's first chunk, for a receiver that accepts zero (RFC 9653 section 5.2): not in the
// handshake, and not what may be out of the blue.
bool MayGoWithoutChecksum(std::uint8_t chunk) {
  return chunk == kDataChunk || chunk == kIDataChunk || chunk == kSackChunk;
}

const char* ToText(AssociationState state) {
  switch (state) {
    case AssociationState::kNew:
      return "new";
    case AssociationState::kConnecting:
      return "connecting";
    case AssociationState::kConnected:
      return "connected";
    case AssociationState::kClosed:
      return "closed";
    case AssociationState::kFailed:
      return "failed";
  }
  return "?";
}

}  // namespace

UsrsctpAssociation::UsrsctpAssociation(UsrsctpRuntime& runtime,
                                       const UsrsctpAssociationOptions& options,
                                       AssociationEvents& events)
    : runtime_(runtime),
      options_(options),
      events_(events),
      id_(runtime.Register(*this)),
      stall_watch_(runtime.loop(), options.stall_after, *this),
      path_mtu_(runtime.loop(), options.max_packet_size, options.largest_packet_size, *this),
      handshake_rtt_(runtime.loop(), *this),
      sack_batch_(options.peer_burst, options.remote_port, options.local_port),
      forward_timer_(runtime.loop(), [this] { RepeatForwardTsn(); }),
      growth_timer_(runtime.loop(), [this] { OnGrowthInterval(); }) {}

UsrsctpAssociation::~UsrsctpAssociation() {
  // Still registered, so that the ABORT finds its way out; then usrsctp may do with the id what it
  // likes.
  socket_.Close();
  runtime_.Unregister(id_);
}

void UsrsctpAssociation::SetState(AssociationState state, std::string_view reason) {
  if (LogWanted(LogLevel::kDebug)) {
    Log(LogLevel::kDebug, "sctp" + std::to_string(static_cast<std::uintptr_t>(id_)) + "[" +
                              ToText(state_) + "] -> " + ToText(state) + ": " +
                              std::string(reason));
  }
  state_ = state;
}

Result<void> UsrsctpAssociation::Connect(std::uint16_t streams) {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (state_ != AssociationState::kNew)
    return Fail(Errc::kInvalidState, "Connect was called before");
  SetState(AssociationState::kConnecting, "Connect");
  runtime_.Wake();
  UsrsctpAssociationOptions options = options_;
  options.outgoing_streams = std::max(options.outgoing_streams, streams);
  options.max_incoming_streams = std::max(options.max_incoming_streams, streams);
  auto connected = socket_.Connect(options, runtime_.library(), id_);
  if (!connected) SetState(AssociationState::kFailed, connected.error().detail);
  return connected;
}

void UsrsctpAssociation::ReceivePacket(ByteSpan packet) {
  if (!socket_.is_open()) return;
  if (!in_batch_) runtime_.SyncClock();
  const auto content = InspectSctpPacket(packet, options_.remote_port, options_.local_port);
  if (!content) return;
  counters_.OnIncoming(packet);
  if (!content->piece) {
    Feed(packet, *content);
  } else if (const auto whole = piece_joiner_.Add(packet)) {
    const auto inner = InspectSctpPacket(*whole, options_.remote_port, options_.local_port);
    if (inner && !inner->piece) Feed(*whole, *inner);
  }
  ScheduleDrain();
}

void UsrsctpAssociation::Feed(ByteSpan packet, const PacketContent& content) {
  local_tag_ = Read32(packet, 4);
  ledger_.OnIncoming(packet);
  SetSackFrequency(sack_batch_.OnIncoming(packet, content));
  if (content.heartbeat_ack) {
    if (const auto id = AnsweredPathProbe(packet)) OnProbeAnswered(*id);
  }
  forward_tsn_.OnIncoming(packet);
  const Bytes first_step = timer_restart_.FirstStep(packet, runtime_.loop().Now());
  if (!first_step.empty()) runtime_.Input(id_, first_step);
  Bytes detour;
  if (content.unordered || content.forward_tsn) {
    detour = unordered_detour_.Rewrite(packet, incoming_streams_);
    if (!detour.empty()) packet = detour;
  }
  if (content.shutdown) shutdown_received_ = true;
  Bytes rest;
  // The gate learns the other end's first TSN from its INIT.
  const bool for_gate = content.re_config || content.init;
  if (!for_gate || !reset_gate_.Hold(packet, rest)) {
    runtime_.Input(id_, packet);
  } else if (!rest.empty()) {
    runtime_.Input(id_, rest);
  }
}

void UsrsctpAssociation::BeginBatch(std::size_t packets) {
  if (!socket_.is_open()) return;
  runtime_.SyncClock();
  in_batch_ = true;
  SetSackFrequency(sack_batch_.Begin(packets));
}

void UsrsctpAssociation::EndBatch() {
  if (!std::exchange(in_batch_, false)) return;
  if (socket_.is_open()) {
    SetSackFrequency(sack_batch_.End());
    if (const auto nudge = sack_batch_.Nudge()) runtime_.Input(id_, *nudge);
  }
  Drain();
}

bool UsrsctpAssociation::HasTimers() const {
  if (!socket_.is_open()) return false;
  return state_ != AssociationState::kConnected || closing_ || unacknowledged_ != 0 ||
         asked_streams_ != 0 || !resets_in_flight_.empty();
}

void UsrsctpAssociation::SetSackFrequency(std::optional<std::uint32_t> packets) {
  if (packets) socket_.SetSackFrequency(*packets);
}

void UsrsctpAssociation::OnUsrsctpOutput(std::span<std::uint8_t> packet) {
  if (own_heartbeat_ != nullptr && HasHeartbeat(packet)) {
    own_heartbeat_->assign(packet.begin(), packet.end());
  }
  reset_gate_.OnOutgoing(packet);
  ledger_.OnOutgoing(packet);
  sack_batch_.OnOutgoing(packet);
  verification_tag_ = Read32(packet, 4);
  if (forward_tsn_.OnOutgoing(packet)) forward_timer_.Start(kForwardTsnInterval);
  if (reset_gate_.Ready()) ScheduleDrain();
  if (packet.size() <= path_mtu_.size()) {
    SendPacket(packet);
  } else {
    SendInParts(packet);
  }
}

void UsrsctpAssociation::SendPacket(std::span<std::uint8_t> packet) {
  if (!options_.zero_checksum || !MayGoWithoutChecksum(packet[kCommonHeaderSize])) {
    SetSctpChecksum(packet);
  }
  counters_.OnOutgoing(packet);
  events_.OnSctpPacket(packet);
}

// Rare: while a path is probed that usrsctp believes to be larger, and after its MTU fell.
void UsrsctpAssociation::SendInParts(ByteSpan packet) {
  for (Bytes& part : DivideBetweenChunks(packet, path_mtu_.size())) {
    if (part.size() <= path_mtu_.size() || options_.largest_packet_size == 0) {
      SendPacket(part);
      continue;
    }
    counters_.OnCut(part);
    for (const Bytes& piece : CutInTwo(part, next_piece_id_++)) {
      counters_.OnPiece(piece.size());
      events_.OnSctpPacket(piece);
    }
  }
}

void UsrsctpAssociation::SendProbe(std::uint32_t id, std::size_t size) {
  if (!socket_.is_open()) return;
  Bytes probe =
      MakePathProbe(options_.local_port, options_.remote_port, verification_tag_, id, size);
  SendPacket(probe);
}

void UsrsctpAssociation::OnProbeAnswered(std::uint32_t id) {
  if ((id & HandshakeRtt::kIdBit) != 0) {
    handshake_rtt_.OnAnswer(id);
  } else {
    path_mtu_.OnAnswer(id);
  }
}

void UsrsctpAssociation::OnPathMtu(std::size_t size) {
  if (socket_.is_open()) socket_.SetLargestPacket(size);
}

void UsrsctpAssociation::RepeatForwardTsn() {
  if (forward_tsn_.packet().empty() || !socket_.is_open()) return;
  Bytes packet = forward_tsn_.packet();
  forward_timer_.Start(kForwardTsnInterval);
  SendPacket(packet);
}

// --- Sending
// ---------------------------------------------------------------------------------------

Result<void> UsrsctpAssociation::CheckCanSend(StreamId stream, ByteSpan data) {
  if (state_ == AssociationState::kNew || state_ == AssociationState::kConnecting) {
    return Fail(Errc::kInvalidState, "the association is not connected");
  }
  if (state_ != AssociationState::kConnected || closing_ || pending_failure_) {
    return Fail(Errc::kClosed, "the association is closed or closing");
  }
  // usrsctp refuses empty messages; RFC 8831 section 6.6 has its own way to send them.
  if (data.empty()) return Fail(Errc::kInvalidArgument, "an SCTP message has at least one byte");
  if (ToInt(stream) < stream_count_) {
    if (!growth_waits_ || begun_.contains(stream)) return {};
    refused_ = true;
    return Fail(Errc::kBufferFull, "more streams are about to be added");
  }
  const std::uint32_t needed = ToInt(stream) + 1U;
  if (needed > kMaxStreams || needed >= refused_streams_) {
    return Fail(Errc::kLimitExceeded, "the other end does not let us have that many streams");
  }
  wanted_streams_ = std::max(wanted_streams_, needed);
  GrowStreams();
  return Fail(Errc::kBufferFull, "more streams have been asked for");
}

Result<void> UsrsctpAssociation::Send(StreamId stream, Ppid ppid, ByteSpan data,
                                      const Delivery& delivery) {
  runtime_.Wake();
  if (unacknowledged_ == 0) runtime_.SyncClock();
  if (auto can_send = CheckCanSend(stream, data); !can_send) return can_send;
  if (data.size() > options_.send_buffer) {
    return Fail(Errc::kMessageTooLarge, "larger than the send buffer");
  }
  // usrsctp would take a part of it: `unacknowledged_` is an upper bound of what it holds.
  if (unacknowledged_ > options_.send_buffer - data.size()) {
    refused_ = true;
    return Fail(Errc::kBufferFull, "the send buffer is full");
  }
  const std::size_t chunk = ChunkSize(data.size());
  // What has no room beside another of its kind has nothing to wait for.
  const bool hold = 2 * chunk <= PacketRoom();
  const bool same_packet =
      corked_ + (held_.used ? ChunkSize(held_.data.size()) : 0) + chunk <= PacketRoom();
  if (!FlushHeld(same_packet)) {
    refused_ = true;
    return Fail(Errc::kBufferFull, "the send buffer is full");
  }
  if (hold) {
    Hold(stream, ppid, data, delivery);
  } else {
    SetNoDelay(true);
    const auto safe = interleaves_ ? WithoutForgetting(delivery, data.size(), false) : delivery;
    if (auto sent = SendNow(stream, ppid, data, true, safe); !sent) {
      return tl::unexpected(sent.error());
    }
    corked_ = 0;
  }
  unacknowledged_ += data.size();
  Watch();
  return {};
}

Result<std::size_t> UsrsctpAssociation::SendPiece(StreamId stream, Ppid ppid, ByteSpan data,
                                                  bool last, const Delivery& delivery) {
  runtime_.Wake();
  if (auto can_send = CheckCanSend(stream, data); !can_send) {
    return tl::unexpected(can_send.error());
  }
  const std::size_t room = options_.send_buffer - std::min(options_.send_buffer, unacknowledged_);
  if (room == 0 || !FlushHeld(false)) {
    refused_ = true;
    return Fail(Errc::kBufferFull, "the send buffer is full");
  }
  SetNoDelay(true);
  const ByteSpan part = data.first(std::min(data.size(), room));
  const auto safe = interleaves_ ? WithoutForgetting(delivery, data.size(), true) : delivery;
  auto sent = SendNow(stream, ppid, part, last && part.size() == data.size(), safe);
  if (!sent) return sent;
  if (last && *sent == data.size()) {
    begun_.erase(stream);
  } else {
    begun_.insert(stream);
  }
  corked_ = 0;
  unacknowledged_ += *sent;
  Watch();
  return sent;
}

Result<std::size_t> UsrsctpAssociation::SendNow(StreamId stream, Ppid ppid, ByteSpan data,
                                                bool last, const Delivery& delivery) {
  const auto sent = socket_.Send(stream, ppid, data, last, delivery);
  switch (sent.error) {
    case 0:
      return sent.size;
    case EAGAIN:
    case ENOBUFS:
      refused_ = true;
      return Fail(Errc::kBufferFull, "the send buffer is full");
    case EMSGSIZE:
      return Fail(Errc::kMessageTooLarge, "larger than the send buffer");
    default:
      // The association is going down; the state follows.
      ScheduleDrain();
      return Fail(Errc::kClosed,
                  std::string("the association cannot send: ") + std::strerror(sent.error));
  }
}

// usrsctp sends each message at once, in a packet of its own, or with Nagle's rule waits until what
// it has is more than a packet (it does not count chunk headers) or the network is empty; then a
// full packet leaves, and a nearly empty one. So we say where a packet ends: a message goes under
// Nagle's rule when the next one still fits beside it, and else pushes out what has gathered, which
// is one full packet. For that each small message is held back until the next one or the end of the
// turn.
void UsrsctpAssociation::Hold(StreamId stream, Ppid ppid, ByteSpan data, const Delivery& delivery) {
  held_.used = true;
  held_.stream = stream;
  held_.ppid = ppid;
  held_.data.assign(data.begin(), data.end());
  held_.delivery = delivery;
  if (std::exchange(flush_posted_, true)) return;
  runtime_.loop().PostAtTurnEnd(safety_.Wrap([this] {
    flush_posted_ = false;
    FlushHeld(false);
  }));
}

bool UsrsctpAssociation::FlushHeld(bool more_follows) {
  if (!held_.used || !socket_.is_open() || state_ != AssociationState::kConnected) return true;
  SetNoDelay(!more_follows);
  const auto sent = SendNow(held_.stream, held_.ppid, held_.data, true, held_.delivery);
  // Full: it keeps its place and goes with the next acknowledgement. Any other error: the
  // association is going down, and what it had accepted goes with it.
  if (!sent && sent.error().code == Errc::kBufferFull) return false;
  corked_ = more_follows ? corked_ + ChunkSize(held_.data.size()) : 0;
  held_.used = false;
  return true;
}

std::size_t UsrsctpAssociation::ChunkSize(std::size_t message_size) const {
  return (counters_.sends_i_data() ? kIDataHeader : kDataHeader) + (message_size + 3) / 4 * 4;
}

std::size_t UsrsctpAssociation::PacketRoom() const { return path_mtu_.size() - kCommonHeaderSize; }

std::size_t UsrsctpAssociation::FullPackets(std::size_t bytes) const {
  const std::size_t chunk = PacketRoom() - (interleaves_ ? kIDataHeader : kDataHeader);
  return bytes < chunk ? bytes : bytes / chunk * chunk;
}

void UsrsctpAssociation::SetNoDelay(bool no_delay) {
  if (no_delay_ == no_delay) return;
  no_delay_ = no_delay;
  socket_.SetNoDelay(no_delay);
}

// --- Streams
// ---------------------------------------------------------------------------------------

// Asking makes usrsctp 0.9.5 move its table of streams, and its scheduler then forgets which
// message it was in the middle of. It goes on with another stream's message, the fragments have no
// consecutive TSNs any more, and the other end can never put them together: everything behind them
// on that stream is acknowledged and lost. So nothing may be under way at that moment; until then
// Send takes no more, but for messages that have begun.
void UsrsctpAssociation::GrowStreams() {
  growth_waits_ = false;
  if (wanted_streams_ <= stream_count_ || asked_streams_ != 0) return;
  if (!resets_in_flight_.empty()) return;  // usrsctp has one request at a time
  if (!FlushHeld(false) || !begun_.empty() || socket_.SendBufferUse().value_or(0) != 0) {
    growth_waits_ = true;
    return;
  }
  std::uint32_t target = (wanted_streams_ + kStreamStep - 1) / kStreamStep * kStreamStep;
  if (target > kMaxStreams || target >= refused_streams_) target = wanted_streams_;
  const int error = socket_.AddOutgoingStreams(static_cast<std::uint16_t>(target - stream_count_));
  if (error == 0) {
    asked_streams_ = target;
    growth_intervals_ = 0;
    StartGrowthInterval();
  } else if (error != EALREADY) {
    refused_streams_ = std::min<std::uint32_t>(refused_streams_, stream_count_ + 1U);
    wanted_streams_ = 0;
    refused_ = true;
    ScheduleDrain();
  }
}

void UsrsctpAssociation::StartGrowthInterval() {
  packets_before_interval_ = counters_.packets_received();
  growth_timer_.Start(kGrowthInterval);
  // So that an end with nothing to say is heard, too.
  runtime_.Wake();
  socket_.SendHeartbeat();
}

void UsrsctpAssociation::OnGrowthInterval() {
  if (counters_.packets_received() != packets_before_interval_) ++growth_intervals_;
  if (growth_intervals_ < kGrowthIntervals) {
    StartGrowthInterval();
  } else {
    RefuseGrowth();
  }
}

// usrsctp goes on asking; should the answer come after all, HandleStreamChange takes it.
void UsrsctpAssociation::RefuseGrowth() {
  refused_streams_ = std::min(refused_streams_, stream_count_ + 1U);
  wanted_streams_ = 0;
  refused_ = true;
  ScheduleDrain();
}

Result<void> UsrsctpAssociation::ResetStreams(std::span<const StreamId> streams) {
  if (state_ == AssociationState::kNew || state_ == AssociationState::kConnecting) {
    return Fail(Errc::kInvalidState, "the association is not connected");
  }
  if (state_ != AssociationState::kConnected || closing_) {
    return Fail(Errc::kClosed, "the association is closed or closing");
  }
  for (const StreamId stream : streams) {
    if (ToInt(stream) + 1U >= refused_streams_) {
      resets_done_.push_back(stream);  // We never had it and never will: nothing to reset.
    } else if (!resets_in_flight_.contains(stream) &&
               std::find(reset_queue_.begin(), reset_queue_.end(), stream) == reset_queue_.end()) {
      reset_queue_.push_back(stream);
    }
  }
  if (!resets_done_.empty()) ScheduleDrain();
  runtime_.Wake();
  IssueResets();
  Watch();
  return {};
}

// A stream on which nothing was sent yet may be one that we do not have yet. The other end has to
// hear of the reset all the same, as it may have its half of a negotiated channel there.
void UsrsctpAssociation::GrowForResets() {
  std::erase_if(reset_queue_, [this](StreamId stream) {
    const std::uint32_t needed = ToInt(stream) + 1U;
    if (needed <= stream_count_) return false;
    if (needed >= refused_streams_) {
      resets_done_.push_back(stream);
      ScheduleDrain();
      return true;
    }
    wanted_streams_ = std::max(wanted_streams_, needed);
    return false;
  });
  GrowStreams();
}

void UsrsctpAssociation::IssueResets() {
  if (state_ != AssociationState::kConnected || !socket_.is_open()) return;
  if (reset_queue_.empty() || resets_in_flight_.size() >= kMaxResetsInFlight) return;
  GrowForResets();
  // Those that we have, in front.
  const auto end =
      std::stable_partition(reset_queue_.begin(), reset_queue_.end(),
                            [this](StreamId stream) { return ToInt(stream) < stream_count_; });
  const auto ready = static_cast<std::size_t>(end - reset_queue_.begin());
  if (ready == 0) return;
  // What is held goes before its stream is reset; no room: a later Drain comes back here.
  if (!FlushHeld(false)) return;
  const std::size_t count = std::min(ready, kMaxResetsInFlight - resets_in_flight_.size());
  const std::span<const StreamId> now(reset_queue_.data(), count);
  if (socket_.ResetOutgoing(now) == 0) {
    for (const StreamId stream : now) resets_in_flight_.emplace(stream, 0);
  } else {
    // The other end knows no resets, or the association is going down. Neither end's numbering
    // changes, so the stream is as good as reset.
    resets_done_.insert(resets_done_.end(), now.begin(), now.end());
    ScheduleDrain();
  }
  reset_queue_.erase(reset_queue_.begin(),
                     reset_queue_.begin() + static_cast<std::ptrdiff_t>(count));
}

// --- Closing
// ---------------------------------------------------------------------------------------

void UsrsctpAssociation::ResumeReceiving() {
  if (!std::exchange(paused_, false)) return;
  runtime_.Wake();
  ScheduleDrain();
}

void UsrsctpAssociation::Close() {
  if (closing_ || state_ == AssociationState::kClosed || state_ == AssociationState::kFailed)
    return;
  closing_ = true;
  runtime_.Wake();
  if (state_ == AssociationState::kConnected) {
    FinishClose();
    return;
  }
  socket_.Close();
  pending_close_ = true;
  ScheduleDrain();
}

void UsrsctpAssociation::FinishClose() {
  if (!closing_ || shutdown_sent_ || state_ != AssociationState::kConnected) return;
  if (!socket_.is_open() || !FlushHeld(false)) return;
  shutdown_sent_ = true;
  socket_.Shutdown();
}

AssociationStats UsrsctpAssociation::stats() const {
  AssociationStats stats;
  stats.state = state_;
  stats.unacknowledged_bytes = unacknowledged_;
  stats.max_packet_size = path_mtu_.size();
  stats.packets_sent = counters_.packets_sent();
  stats.packets_received = counters_.packets_received();
  stats.bytes_sent = counters_.bytes_sent();
  stats.bytes_received = counters_.bytes_received();
  stats.stalled = stall_watch_.stalled() && state_ == AssociationState::kConnected;
  stats.stalls = stall_watch_.stalls();
  stats.retransmitted_chunks = counters_.retransmitted_chunks();
  stats.interleaving = interleaves_;
  if (socket_.is_open()) socket_.ReadStats(stats);
  return stats;
}

void UsrsctpAssociation::Abort(Error error) {
  if (pending_failure_) return;
  pending_failure_ = std::move(error);
  socket_.Close();
  ScheduleDrain();
}

}  // namespace pairwire::sctp
