// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UsrsctpAssociation: Association (association.h) over one usrsctp socket in AF_CONN.
//
// usrsctp calls us from inside its functions with its locks held. So its output callback only fills
// in the checksum and hands the packet on, and its upcall only notes that there is something to do;
// reading, and every event but OnSctpPacket, happens in Drain: at the end of a batch, or else in a
// posted task of the loop. One Drain serves all packets that were handed in since the last one.
//
// Not here: retransmission, windows, reassembly (usrsctp's), channels (channel_mux).
//
// RFC 9260, RFC 8261 (over DTLS), RFC 6525 (resets and added streams).
#ifndef PAIRWIRE_SCTP_USRSCTP_ASSOCIATION_H_
#define PAIRWIRE_SCTP_USRSCTP_ASSOCIATION_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "sctp/association.h"
#include "sctp/forward_tsn_keeper.h"
#include "sctp/handshake_rtt.h"
#include "sctp/packet_counters.h"
#include "sctp/packet_pieces.h"
#include "sctp/path_mtu.h"
#include "sctp/path_probe.h"
#include "sctp/reset_gate.h"
#include "sctp/sack_batch.h"
#include "sctp/stall_watch.h"
#include "sctp/stream_ledger.h"
#include "sctp/timer_restart.h"
#include "sctp/types.h"
#include "sctp/unordered_detour.h"
#include "sctp/usrsctp_runtime.h"
#include "sctp/usrsctp_socket.h"

namespace pairwire::sctp {

class UsrsctpAssociation final : public Association,
                                 private UsrsctpRuntime::Endpoint,
                                 private StallWatch::Events,
                                 private PathMtu::Events,
                                 private HandshakeRtt::Events {
 public:
  // `runtime` and `events` outlive the association. Loop thread only, as everything here.
  UsrsctpAssociation(UsrsctpRuntime& runtime, const UsrsctpAssociationOptions& options,
                     AssociationEvents& events);
  ~UsrsctpAssociation() override;

  UsrsctpAssociation(const UsrsctpAssociation&) = delete;
  UsrsctpAssociation& operator=(const UsrsctpAssociation&) = delete;

  Result<void> Connect(std::uint16_t streams) override;
  void ReceivePacket(ByteSpan packet) override;
  void BeginBatch(std::size_t packets) override;
  void EndBatch() override;
  void OnPathChanged() override { path_mtu_.OnPathChanged(); }
  void OnPacketTooLarge(std::size_t size) override { path_mtu_.OnTooLarge(size); }
  Result<void> Send(StreamId stream, Ppid ppid, ByteSpan data, const Delivery& delivery) override;
  Result<std::size_t> SendPiece(StreamId stream, Ppid ppid, ByteSpan data, bool last,
                                const Delivery& delivery) override;
  Result<void> ResetStreams(std::span<const StreamId> streams) override;
  void PauseReceiving() override { paused_ = true; }
  void ResumeReceiving() override;
  void Close() override;
  void Abort(Error error) override;
  AssociationState state() const override { return state_; }
  std::uint16_t stream_count() const override { return stream_count_; }
  AssociationStats stats() const override;
  bool interleaves() const override { return interleaves_; }
  std::size_t useful_backlog() const override { return useful_backlog_; }
  std::size_t FullPackets(std::size_t bytes) const override;
  bool adding_streams() const override { return growth_waits_; }
  bool stands_still() const override {
    return !held_.used && unacknowledged_ > 0 && ledger_.outstanding() <= kLockstep;
  }
  std::span<const StreamBytes> acknowledged() const override { return ledger_.acknowledged(); }

 private:
  // A small message that waits for the next one or the end of the turn, so that all small ones of a
  // turn share packets.
  struct Held {
    bool used = false;
    StreamId stream{};
    Ppid ppid{};
    Bytes data;  // keeps its memory
    Delivery delivery;
  };

  void OnUsrsctpOutput(std::span<std::uint8_t> packet) override;
  void OnUsrsctpActivity() override { ScheduleDrain(); }
  bool HasTimers() const override;
  // StallWatch::Events
  void OnQuiet() override;
  void OnStalled() override;
  // PathMtu::Events
  void SendProbe(std::uint32_t id, std::size_t size) override;
  void OnPathMtu(std::size_t size) override;
  // HandshakeRtt::Events
  void SendRttProbe(std::uint32_t id) override { SendProbe(id, kLeastPathProbe); }
  void OnHandshakeRtt(Loop::Duration round_trip) override;

  void Feed(ByteSpan packet, const PacketContent& content);
  void SendPacket(std::span<std::uint8_t> packet);
  void SendInParts(ByteSpan packet);
  void OnProbeAnswered(std::uint32_t id);
  void SetSackFrequency(std::optional<std::uint32_t> packets);
  void SetState(AssociationState state, std::string_view reason);

  // usrsctp_association.cc: sending.
  Result<void> CheckCanSend(StreamId stream, ByteSpan data);
  Result<std::size_t> SendNow(StreamId stream, Ppid ppid, ByteSpan data, bool last,
                              const Delivery& delivery);
  void Hold(StreamId stream, Ppid ppid, ByteSpan data, const Delivery& delivery);
  bool FlushHeld(bool more_follows);
  std::size_t ChunkSize(std::size_t message_size) const;
  std::size_t PacketRoom() const;
  void RepeatForwardTsn();
  void SetNoDelay(bool no_delay);
  void GrowStreams();
  void StartGrowthInterval();
  void OnGrowthInterval();
  void RefuseGrowth();
  void GrowForResets();
  void IssueResets();
  void FinishClose();

  // usrsctp_association_events.cc: everything that becomes an event. Those that call out answer
  // false when the association did not survive the call.
  void ScheduleDrain();
  void Drain();
  bool ReadAll();
  bool HandleMessage(const UsrsctpSocket::Read& read, ByteSpan bytes);
  bool HandleNotification(ByteSpan bytes);
  bool HandleAssociationChange(ByteSpan bytes);
  bool WasShuttingDown() const;
  bool HandleStreamReset(ByteSpan bytes);
  bool HandleOutgoingReset(const std::vector<StreamId>& streams, bool refused);
  void HandleStreamChange(ByteSpan bytes);
  void HandlePartialDelivery(ByteSpan bytes);
  bool HandleReadError(int error);
  bool ReportDoneResets();
  bool ReportProgress();
  bool ReportState(AssociationState state, Error error);
  bool ReportAcknowledged();
  void UpdatePath();
  void WatchReassembly();
  void Watch();
  bool ReceiverIsFull() const;
  void ReviveRetransmission();

  static constexpr std::uint32_t kNoneRefused = 65'536;

  // Chunks: with each acknowledgement usrsctp sends one of the streams that are held up, and one is
  // acknowledged by the delayed SACK alone, 20 ms later.
  static constexpr std::size_t kLockstep = 2;

  // Before the congestion window is known, and beside it: so that a turn of the loop finds work.
  static constexpr std::size_t kLeastBacklog = 64 * 1024;
  // The window changes within a round trip; to ask for it costs as much as to send a message.
  static constexpr std::chrono::milliseconds kPathInterval{1};

  UsrsctpRuntime& runtime_;
  const UsrsctpAssociationOptions options_;
  AssociationEvents& events_;
  const UsrsctpRuntime::EndpointId id_;
  UsrsctpSocket socket_;

  AssociationState state_ = AssociationState::kNew;
  std::optional<Error> pending_failure_;  // of Abort, reported by Drain
  bool pending_close_ = false;            // kClosed without the other end, reported by Drain
  bool closing_ = false;                  // Close was called
  bool shutdown_sent_ = false;
  bool shutdown_received_ = false;
  bool drain_posted_ = false;
  bool in_batch_ = false;
  bool paused_ = false;

  // Sending.
  Held held_;
  std::size_t corked_ = 0;  // bytes of chunks that usrsctp got and that wait for more
  bool flush_posted_ = false;
  bool no_delay_ = true;
  bool refused_ = false;  // a Send answered kBufferFull and may be tried again soon
  std::size_t unacknowledged_ = 0;

  StreamLedger ledger_;
  bool interleaves_ = false;
  bool reassembly_crowded_ = false;
  std::size_t useful_backlog_ = kLeastBacklog;
  Loop::TimePoint path_updated_{};
  std::chrono::milliseconds max_rto_ = kLeastMaxRto;
  std::uint32_t local_tag_ = 0;     // of the last packet that came
  Bytes* own_heartbeat_ = nullptr;  // while set, gets the packet with usrsctp's heartbeat

  // Parts of messages that have not ended; together at most max_reassembly.
  std::map<StreamId, Bytes> partial_;
  std::size_t partial_bytes_ = 0;

  StallWatch stall_watch_;
  PathMtu path_mtu_;
  HandshakeRtt handshake_rtt_;
  PieceJoiner piece_joiner_;
  std::uint16_t next_piece_id_ = 0;
  std::uint32_t verification_tag_ = 0;  // of what we send

  PacketCounters counters_;
  SackBatch sack_batch_;
  TimerRestart timer_restart_;
  int silent_periods_ = 0;  // ReviveRetransmission
  std::uint64_t data_before_quiet_ = 0;
  UnorderedDetour unordered_detour_;
  ForwardTsnKeeper forward_tsn_;
  Timer forward_timer_;  // runs while forward_tsn_ has one

  // Streams.
  std::uint16_t stream_count_ = 0;
  std::uint16_t incoming_streams_ = 0;
  std::uint32_t wanted_streams_ = 0;              // what a Send asked for
  std::uint32_t asked_streams_ = 0;               // under way; 0: no request
  std::uint32_t refused_streams_ = kNoneRefused;  // the least number that the other end refused
  Timer growth_timer_;                            // runs while a request is under way
  int growth_intervals_ = 0;                      // of those in which the other end was heard
  std::uint64_t packets_before_interval_ = 0;
  std::set<StreamId> begun_;   // streams on which a message was sent in part
  bool growth_waits_ = false;  // for all that was sent to be acknowledged
  ResetGate reset_gate_;
  std::vector<StreamId> reset_queue_;
  std::map<StreamId, int> resets_in_flight_;  // -> how often the other end has refused it
  std::vector<StreamId> resets_done_;         // without asking anybody; reported by Drain

  TaskSafety safety_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_USRSCTP_ASSOCIATION_H_
