// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The half of UsrsctpAssociation that reads what usrsctp has for us and turns it into events.
#include <arpa/inet.h>
#include <sys/time.h>
#include <usrsctp.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "sctp/handshake_rtt.h"
#include "sctp/usrsctp_association.h"

namespace pairwire::sctp {
namespace {

// A peer that refuses a reset is asked again; after so many refusals the stream counts as reset: as
// neither end has started its numbering anew, nothing breaks.
constexpr int kMaxResetRefusals = 5;

// Data is outstanding, and none has left for so many of StallWatch's periods: above the 6 s that
// usrsctp's backed-off retransmission timer takes at most, so that it does not run.
constexpr int kSilentPeriods = 8;

// Notifications are copied out: the buffer has no alignment, and they may be cut short.
template <typename T>
bool CopyHead(ByteSpan bytes, T& out) {
  if (bytes.size() < sizeof out) return false;
  std::memcpy(&out, bytes.data(), sizeof out);
  return true;
}

// Smaller changes of the largest retransmission timeout are not worth a call.
constexpr std::chrono::milliseconds kMaxRtoStep{250};

// The causes of RFC 9260 section 3.3.10 that a person can do something with.
std::string DescribeLoss(std::uint16_t cause) {
  if (cause == 0) return "the association was lost: aborted by the other end, or no answer from it";
  return "the association was lost: SCTP cause " + std::to_string(cause);
}

}  // namespace

void UsrsctpAssociation::ScheduleDrain() {
  if (in_batch_) return;  // EndBatch drains.
  if (std::exchange(drain_posted_, true)) return;
  runtime_.loop().Post(safety_.Wrap([this] { Drain(); }));
}

void UsrsctpAssociation::Drain() {
  drain_posted_ = false;
  if (state_ == AssociationState::kClosed || state_ == AssociationState::kFailed) return;
  if (pending_close_) {
    ReportState(AssociationState::kClosed, {});
    return;
  }
  if (socket_.is_open() && reset_gate_.Ready()) runtime_.Input(id_, reset_gate_.Release());
  if (socket_.is_open() && interleaves_) WatchReassembly();
  if (socket_.is_open() && !ReadAll()) return;
  if (pending_failure_) {
    ReportState(AssociationState::kFailed, *std::exchange(pending_failure_, std::nullopt));
    return;
  }
  if (state_ != AssociationState::kConnected) return;
  if (!ReportDoneResets()) return;
  IssueResets();
  GrowStreams();
  FlushHeld(false);
  FinishClose();
  if (!ReportAcknowledged()) return;
  Watch();
  if (!stall_watch_.outstanding()) ReportProgress();
}

void UsrsctpAssociation::Watch() {
  stall_watch_.SetOutstanding(state_ == AssociationState::kConnected && socket_.is_open() &&
                              (unacknowledged_ != 0 || !resets_in_flight_.empty()));
}

// usrsctp may have something to send and nothing that makes it look: a reset of a stream whose last
// messages were given up waits for another packet. A heartbeat is one, and so is its answer.
void UsrsctpAssociation::OnQuiet() {
  if (!socket_.is_open()) return;
  runtime_.Wake();
  UpdatePath();
  if (!ReceiverIsFull()) path_mtu_.OnQuiet();
  ReviveRetransmission();
  socket_.SendHeartbeat();
}

void UsrsctpAssociation::ReviveRetransmission() {
  const std::uint64_t sent = counters_.data_chunks_sent();
  silent_periods_ = sent == data_before_quiet_ ? silent_periods_ + 1 : 0;
  data_before_quiet_ = sent;
  if (silent_periods_ < kSilentPeriods || ledger_.outstanding() == 0) return;
  if (!forward_tsn_.packet().empty()) return;  // that is what it waits for
  silent_periods_ = 0;
  for (const Bytes& packet : timer_restart_.Revive(ledger_.highest_tsn())) {
    runtime_.Input(id_, packet);
  }
}

void UsrsctpAssociation::OnStalled() {
  OnQuiet();
  events_.OnSctpStalled(ReceiverIsFull() ? StallCause::kReceiver : StallCause::kPath);
}

bool UsrsctpAssociation::ReceiverIsFull() const {
  AssociationStats stats;
  if (socket_.is_open()) socket_.ReadStats(stats);
  return stats.receiver_window < options_.max_packet_size;
}

bool UsrsctpAssociation::ReadAll() {
  bool error_seen = false;
  while (!paused_ && socket_.is_open() && !pending_failure_) {
    // One byte more than a message may have: what is too large shows at the first read.
    const auto buffer = runtime_.ReadBuffer(options_.max_message_size + 1);
    const auto read = socket_.ReadNext(buffer);
    const ByteSpan bytes = ByteSpan(buffer).first(read.size);
    switch (read.kind) {
      case UsrsctpSocket::Read::Kind::kMessage:
        if (!HandleMessage(read, bytes)) return false;
        break;
      case UsrsctpSocket::Read::Kind::kNotification:
        if (!HandleNotification(bytes)) return false;
        if (state_ == AssociationState::kClosed || state_ == AssociationState::kFailed) return true;
        break;
      case UsrsctpSocket::Read::Kind::kNothing:
        return true;
      case UsrsctpSocket::Read::Kind::kEnd:
        // Also while a SHUTDOWN is under way; then its end is notified later.
        if (state_ == AssociationState::kConnected && !socket_.HasAssociation()) {
          return ReportState(AssociationState::kClosed, {});
        }
        return true;
      case UsrsctpSocket::Read::Kind::kError:
        // The socket's error comes before the notification that explains it: read once more.
        if (!std::exchange(error_seen, true)) break;
        return HandleReadError(read.error);
    }
  }
  return true;
}

// Most messages are read in one piece, which costs least. But with RFC 8260 messages of all streams
// may be half here at one time, and together fill the window before any of them ends. So when they
// are about to, each comes in parts, small enough that all streams together leave room: a quarter
// of the buffer, because usrsctp also counts what it needs to keep them.
void UsrsctpAssociation::WatchReassembly() {
  const auto use = socket_.ReassemblyUse();
  if (!use) return;
  const bool crowded = *use > options_.receive_buffer / 2;
  if (crowded == std::exchange(reassembly_crowded_, crowded)) return;
  const std::size_t part =
      options_.receive_buffer / 4 / std::max<std::size_t>(options_.max_incoming_streams, 1);
  socket_.SetPartialDeliveryPoint(crowded ? part : PartialDeliveryPoint(options_, true));
}

bool UsrsctpAssociation::HandleReadError(int error) {
  Abort({Errc::kSctpFailed, std::string("usrsctp_recvv: ") + std::strerror(error)});
  return true;
}

bool UsrsctpAssociation::HandleMessage(const UsrsctpSocket::Read& read, ByteSpan bytes) {
  if (state_ != AssociationState::kConnected) return true;
  const auto found = partial_.find(read.stream);
  const std::size_t before = found == partial_.end() ? 0 : found->second.size();
  if (before + bytes.size() > options_.max_message_size) {
    Abort({Errc::kMessageTooLarge, "the other end sent a message of more than " +
                                       std::to_string(options_.max_message_size) + " bytes"});
    return true;
  }
  if (!read.complete && partial_bytes_ + bytes.size() >
                            std::max(options_.max_reassembly, options_.max_message_size)) {
    Abort({Errc::kLimitExceeded, "the other end has begun too many large messages at one time"});
    return true;
  }
  const auto alive = safety_.Watch();
  if (read.complete && found == partial_.end()) {
    events_.OnSctpMessage(read.stream, read.ppid, read.ordered, bytes);
    return *alive;
  }
  Bytes& message = partial_[read.stream];
  message.insert(message.end(), bytes.begin(), bytes.end());
  partial_bytes_ += bytes.size();
  if (!read.complete) return true;
  const Bytes whole = std::move(message);
  partial_bytes_ -= whole.size();
  partial_.erase(read.stream);
  events_.OnSctpMessage(read.stream, read.ppid, read.ordered, whole);
  return *alive;
}

bool UsrsctpAssociation::HandleNotification(ByteSpan bytes) {
  // All notifications begin alike.
  sctp_notification::sctp_tlv header;
  if (!CopyHead(bytes, header)) return true;
  switch (header.sn_type) {
    case SCTP_ASSOC_CHANGE:
      return HandleAssociationChange(bytes);
    case SCTP_STREAM_RESET_EVENT:
      return HandleStreamReset(bytes);
    case SCTP_STREAM_CHANGE_EVENT:
      HandleStreamChange(bytes);
      return true;
    case SCTP_PARTIAL_DELIVERY_EVENT:
      HandlePartialDelivery(bytes);
      return true;
    default:
      return true;  // SENDER_DRY: it woke us up, and ReportAcknowledged looks for itself.
  }
}

bool UsrsctpAssociation::HandleAssociationChange(ByteSpan bytes) {
  sctp_assoc_change change;
  if (!CopyHead(bytes, change)) return true;
  switch (change.sac_state) {
    case SCTP_COMM_UP:
    case SCTP_RESTART:
      if (state_ == AssociationState::kConnected) {
        if (change.sac_state == SCTP_COMM_UP) return true;
        // Both ends run over one DTLS connection: an end that restarted would come with a new one.
        Abort({Errc::kSctpFailed, "the other end restarted the association"});
        return true;
      }
      stream_count_ = change.sac_outbound_streams;
      incoming_streams_ = change.sac_inbound_streams;
      interleaves_ = socket_.Interleaves();
      if (interleaves_) {
        socket_.SetPartialDeliveryPoint(PartialDeliveryPoint(options_, true));
      } else {
        socket_.ReadInterleaved(false);
      }
      socket_.SetMaxRto(max_rto_);
      if (const auto path = socket_.ReadPath()) handshake_rtt_.Start(path->smoothed_rtt);
      path_mtu_.Start();
      return ReportState(AssociationState::kConnected, {});
    case SCTP_SHUTDOWN_COMP:
      return ReportState(AssociationState::kClosed, {});
    case SCTP_CANT_STR_ASSOC:
      return ReportState(AssociationState::kFailed,
                         {Errc::kSctpFailed, "the association could not be set up: no answer"});
    default:  // SCTP_COMM_LOST
      if (WasShuttingDown()) return ReportState(AssociationState::kClosed, {});
      return ReportState(AssociationState::kFailed,
                         {Errc::kSctpFailed, DescribeLoss(change.sac_error)});
  }
}

// After a SHUTDOWN usrsctp takes nothing more, also not the rest of a message that it has a part
// of, and so the end that got it aborts. For both ends it is the end that one of them asked for.
bool UsrsctpAssociation::WasShuttingDown() const {
  return shutdown_received_ || (shutdown_sent_ && unacknowledged_ == 0);
}

bool UsrsctpAssociation::HandleStreamReset(ByteSpan bytes) {
  sctp_stream_reset_event event;
  if (!CopyHead(bytes, event)) return true;
  std::vector<StreamId> streams;
  for (std::size_t at = sizeof event; at + 2 <= bytes.size(); at += 2) {
    std::uint16_t number;
    std::memcpy(&number, bytes.data() + at, 2);
    streams.push_back(StreamId{number});
  }
  const bool refused =
      (event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
  if ((event.strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0) {
    return HandleOutgoingReset(streams, refused);
  }
  if ((event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0 || refused) return true;
  if (streams.empty()) {  // RFC 6525 section 4.1: none named means all.
    for (std::uint16_t i = 0; i < incoming_streams_; ++i) streams.push_back(StreamId{i});
  }
  const auto alive = safety_.Watch();
  events_.OnSctpIncomingStreamsReset(streams);
  return *alive;
}

bool UsrsctpAssociation::HandleOutgoingReset(const std::vector<StreamId>& streams, bool refused) {
  std::vector<StreamId> done;
  for (const StreamId stream : streams) {
    const auto found = resets_in_flight_.find(stream);
    if (refused && found != resets_in_flight_.end() && ++found->second < kMaxResetRefusals) {
      if (socket_.ResetOutgoing({&stream, 1}) == 0) continue;
    }
    if (found != resets_in_flight_.end()) resets_in_flight_.erase(found);
    done.push_back(stream);
  }
  if (done.empty()) return true;
  if (!ReportProgress()) return false;
  const auto alive = safety_.Watch();
  events_.OnSctpOutgoingStreamsReset(done);
  return *alive;
}

void UsrsctpAssociation::HandleStreamChange(ByteSpan bytes) {
  sctp_stream_change_event event;
  if (!CopyHead(bytes, event)) return;
  refused_ = true;  // Sends that wait for streams may be tried again, with whatever result.
  if ((event.strchange_flags & (SCTP_STREAM_CHANGE_DENIED | SCTP_STREAM_CHANGE_FAILED)) != 0) {
    refused_streams_ = std::min(refused_streams_, asked_streams_);
    asked_streams_ = 0;
    growth_timer_.Stop();
    // Perhaps fewer are allowed: GrowStreams tries just what is needed, then Send says that it
    // cannot be.
    if (wanted_streams_ >= refused_streams_) wanted_streams_ = 0;
    return;
  }
  // Also comes when the other end adds streams; the figures are totals.
  stream_count_ = std::max(stream_count_, event.strchange_outstrms);
  incoming_streams_ = std::max(incoming_streams_, event.strchange_instrms);
  if (stream_count_ < asked_streams_) return;
  asked_streams_ = 0;
  growth_timer_.Stop();
  if (stream_count_ >= refused_streams_) refused_streams_ = kNoneRefused;
}

void UsrsctpAssociation::HandlePartialDelivery(ByteSpan bytes) {
  // The other end gave up on a message of which we have the first part (RFC 3758).
  sctp_pdapi_event event;
  if (!CopyHead(bytes, event)) return;
  const auto found = partial_.find(StreamId{static_cast<std::uint16_t>(event.pdapi_stream)});
  if (found == partial_.end()) return;
  partial_bytes_ -= found->second.size();
  partial_.erase(found);
}

bool UsrsctpAssociation::ReportDoneResets() {
  if (resets_done_.empty()) return true;
  const auto done = std::exchange(resets_done_, {});
  const auto alive = safety_.Watch();
  events_.OnSctpOutgoingStreamsReset(done);
  return *alive;
}

bool UsrsctpAssociation::ReportProgress() {
  if (!stall_watch_.OnProgress()) return true;
  const auto alive = safety_.Watch();
  events_.OnSctpResumed();
  return *alive;
}

bool UsrsctpAssociation::ReportState(AssociationState state, Error error) {
  SetState(state, error.detail);
  if (state != AssociationState::kConnected) {
    path_mtu_.Stop();
    handshake_rtt_.Stop();
  }
  const auto alive = safety_.Watch();
  events_.OnSctpState(state, error);
  return *alive;
}

bool UsrsctpAssociation::ReportAcknowledged() {
  if (state_ != AssociationState::kConnected || !socket_.is_open()) return true;
  if (unacknowledged_ == 0 && !refused_) return true;
  const auto use = socket_.SendBufferUse();
  if (!use) return true;
  // usrsctp counts 16 bytes for each chunk, too, and adds them when it cuts a message up: never let
  // the figure rise.
  const std::size_t remaining =
      std::min(unacknowledged_, *use + (held_.used ? held_.data.size() : 0));
  // Standing still may begin with an acknowledgement that changes no figure: of what had been given
  // up. Then the owner has to hear of it, as only it can go on.
  const bool waits_for_owner = !begun_.empty() && stands_still();
  if (remaining == unacknowledged_ && !refused_ && !waits_for_owner) return true;
  const bool progress = remaining < unacknowledged_;
  unacknowledged_ = remaining;
  refused_ = false;
  UpdatePath();
  if (progress && !ReportProgress()) return false;
  const auto alive = safety_.Watch();
  events_.OnSctpAcknowledged(remaining);
  if (!*alive) return false;
  ledger_.Forget();
  return true;
}

void UsrsctpAssociation::OnHandshakeRtt(Loop::Duration round_trip) {
  if (!socket_.is_open()) return;
  Bytes heartbeat;
  own_heartbeat_ = &heartbeat;
  socket_.SendHeartbeat();
  own_heartbeat_ = nullptr;
  timeval now{};
  gettimeofday(&now, nullptr);
  const auto time = std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_usec);
  const auto rtt = std::chrono::duration_cast<std::chrono::microseconds>(round_trip);
  // By turns: a variance of half of it, as the first sample of RFC 9260 section 6.3.1 (C2) gives.
  const Bytes early = AnswerHeartbeat(heartbeat, local_tag_, time - rtt / 2);
  const Bytes late = AnswerHeartbeat(heartbeat, local_tag_, time - rtt * 3 / 2);
  if (early.empty()) return;
  for (int i = 0; i < kRttSamples / 2; ++i) {
    runtime_.Input(id_, early);
    runtime_.Input(id_, late);
  }
}

void UsrsctpAssociation::UpdatePath() {
  const auto now = runtime_.loop().Now();
  if (now - path_updated_ < kPathInterval) return;
  path_updated_ = now;
  const auto path = socket_.ReadPath();
  if (!path) return;
  // One window is on the way. What waits behind it is what another channel's message waits for, so
  // that is little: acknowledgements are followed by more in the same turn.
  useful_backlog_ = std::min(kLeastBacklog + path->congestion_window, options_.send_buffer);
  const auto wanted = std::clamp(4 * path->smoothed_rtt, kLeastMaxRto, kMostMaxRto);
  if (wanted / kMaxRtoStep == max_rto_ / kMaxRtoStep) return;
  max_rto_ = wanted;
  socket_.SetMaxRto(wanted);
}

}  // namespace pairwire::sctp
