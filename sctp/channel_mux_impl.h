// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ChannelMux::Impl: the state of the mux. Five .cc files, one for each direction of thought:
// channel_mux.cc (life of the mux and its channels), channel_mux_send.cc (queues, fairness),
// channel_mux_acknowledge.cc (buffered amounts), channel_mux_receive.cc (what the association tells
// us), channel_mux_open.cc (how channels come to be).
//
// Not included by anybody else.
//
// Order of events: everything for the owner that is not a message goes through one queue, which is
// run at the end of each association event, or from a posted task when a method of the mux caused
// it. A message is delivered in place, without a copy, after that queue was run.
#ifndef PAIRWIRE_SCTP_CHANNEL_MUX_IMPL_H_
#define PAIRWIRE_SCTP_CHANNEL_MUX_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "peer/base/fifo.h"
#include "peer/base/loop.h"
#include "peer/base/task.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "sctp/association.h"
#include "sctp/channel.h"
#include "sctp/channel_mux.h"
#include "sctp/dcep.h"
#include "sctp/early_messages.h"
#include "sctp/message_parts.h"
#include "sctp/payload.h"
#include "sctp/send_scheduler.h"
#include "sctp/stream_ids.h"

namespace pairwire::sctp {

class ChannelMux::Impl final : public AssociationEvents {
 public:
  Impl(Loop& loop, const ChannelMuxOptions& options, ChannelMuxEvents& events);

  // As ChannelMux's.
  Result<void> Start(const AssociationFactory& make, bool dtls_client,
                     std::size_t remote_max_message_size, bool remote_is_ours);
  void ReceivePacket(ByteSpan packet);
  void BeginBatch(std::size_t packets);
  void EndBatch();
  void OnPathChanged() {
    if (association_) association_->OnPathChanged();
  }
  void OnPacketTooLarge(std::size_t size) {
    if (association_) association_->OnPacketTooLarge(size);
  }
  Result<ChannelId> Open(const ChannelOptions& options);
  Result<void> Send(ChannelId id, ByteSpan data, bool is_text);
  Result<void> SendOwned(ChannelId id, Payload& data, bool is_text);
  void PauseReceiving(ChannelId id);
  void ResumeReceiving(ChannelId id);
  void Close(ChannelId id);
  void CloseAll();
  std::optional<StreamId> stream_of(ChannelId id) const;
  std::size_t buffered_amount(ChannelId id) const;
  std::size_t total_buffered_amount() const { return total_buffered_; }
  std::size_t queued_messages() const { return queued_messages_; }
  ChannelMuxStats stats() const;

 private:
  // AssociationEvents (channel_mux_receive.cc).
  void OnSctpPacket(ByteSpan packet) override { events_.OnMuxPacket(packet); }
  void OnSctpState(AssociationState state, const Error& error) override;
  void OnSctpMessage(StreamId stream, Ppid ppid, bool ordered, ByteSpan data) override;
  void OnSctpIncomingStreamsReset(std::span<const StreamId> streams) override;
  void OnSctpOutgoingStreamsReset(std::span<const StreamId> streams) override;
  void OnSctpAcknowledged(std::size_t unacknowledged_bytes) override;
  void OnSctpStalled(StallCause cause) override;
  void OnSctpResumed() override;

  // Life (channel_mux.cc).
  Channel* Find(ChannelId id) const;
  Channel* FindByStream(StreamId stream) const;
  Channel& Add(ChannelState state, bool visible);
  void Attach(Channel& channel, StreamId stream);
  void Detach(Channel& channel);
  void SetState(Channel& channel, ChannelState state, std::string_view reason);
  void StartClosing(Channel& channel, std::string_view reason);
  void CloseForError(Channel& channel, Error error);
  void RequestReset(Channel& channel);
  // These three may destroy the channel.
  void FinishIfReset(Channel& channel);
  void FinishIfDelivered(Channel& channel);
  void Finish(Channel& channel);
  void Hide(Channel& channel);
  void CloseAssociationIfDone();
  void WaitForAnswer(const Channel& channel);
  void OnAnswerTimeout();

  // How channels come to be (channel_mux_open.cc).
  Result<ChannelId> OpenInBand(const ChannelOptions& options);
  Result<ChannelId> OpenNegotiated(const ChannelOptions& options);
  void OpenWithoutAsking(Channel& channel);
  void OpenAllNegotiated();
  void HandleDcep(StreamId stream, ByteSpan data);
  void HandleOpen(StreamId stream, const DcepOpen& open);
  bool TakeOpenTurn();
  void HandleAck(StreamId stream);
  void MarkOpen(Channel& channel);
  void AnnounceOpen(ChannelId id);
  // Resets our direction; `already_reset`: the other end has reset its own.
  void Refuse(StreamId stream, std::string_view reason, bool already_reset = false);
  void HandleEarly(StreamId stream, Ppid ppid, bool ordered, ByteSpan data);
  void OnEarlyTimeout();
  void DeliverEarly(Channel& channel);

  // Events for the owner (channel_mux.cc).
  void Queue(Task event);
  bool RunEvents();  // false: the mux is gone

  // Sending (channel_mux_send.cc).
  Result<void> CheckMessageSize(std::size_t size) const;
  Result<void> CheckCanSend(const Channel* channel, std::size_t size) const;
  Delivery DeliveryOf(const Channel& channel, const OutgoingMessage* message) const;
  bool MayGo(const Channel& channel) const;
  bool HasRoom() const;
  // Hands the message over at once. Empty: it has to wait.
  std::optional<Result<void>> SendStraight(Channel& channel, ByteSpan data, bool is_text);
  void Wait(Channel& channel, Payload data, bool is_text);
  void Enqueue(Channel& channel, OutgoingMessage message);
  void MakeReady(Channel& channel);
  void Pump();
  enum class Step { kSent, kWaits, kFull, kEnded };
  struct Progress {
    Step step;
    std::size_t bytes = 0;
    bool must_go_on = false;  // nobody else may send
  };
  Progress PumpOne(Channel& channel);
  // How a message is given to the association: as one SCTP message, as that piece by piece, or as
  // several (message_parts.h).
  enum class Carriage { kWhole, kPieces, kParts };
  Carriage CarriageOf(const Channel& channel, const OutgoingMessage& message) const;
  Result<std::size_t> HandOver(const Channel& channel, const OutgoingMessage& message,
                               Carriage carriage);
  PartsBudget& BudgetOf(const OutgoingMessage& message);
  void FeedBegun();
  bool MayBegin(const OutgoingMessage& message) const;
  void Begin(const Channel& channel, const OutgoingMessage& message);
  void End(const Channel& channel, const OutgoingMessage& message);
  void FinishMessage(Channel& channel);
  void DropExpired(Channel& channel);
  void OnExpiryTimeout();
  static void CountSent(Channel& channel, std::size_t bytes);
  void DropSendQueue(Channel& channel);

  // What is not acknowledged (channel_mux_acknowledge.cc).
  void AddInFlight(Channel& channel, std::size_t bytes, bool counts);
  void SubtractInFlight(Channel& channel, std::size_t bytes);
  void AttributeRest(std::size_t unacknowledged, bool limited_only);
  // The other end has nothing of the channel's messages in parts any more.
  void ReleaseParts(Channel& channel);
  // No more of them will be sent; the other end has what it has until the stream is reset.
  void StopParts(Channel& channel);
  void SetBuffered(Channel& channel, std::size_t bytes);

  // Receiving (channel_mux_receive.cc).
  static void CountReceived(Channel& channel, std::size_t bytes);
  // What an SCTP message completes.
  struct Whole {
    bool is_text = false;
    ByteSpan data;  // unless it was joined
    std::optional<GrowingBytes> joined = std::nullopt;

    ByteSpan view() const { return joined ? joined->view() : data; }
  };
  // Empty: a part, or an error, which closes the channel or ends the association.
  std::optional<Whole> Complete(Channel& channel, Ppid ppid, bool ordered, ByteSpan data);
  void Deliver(ChannelId id, const Whole& message);
  void QueueReceived(Channel& channel, const Whole& message);
  void QueueDelivery(Channel& channel);
  void DeliverQueued(ChannelId id);
  void DropReceived(Channel& channel);
  void AddReceived(std::size_t bytes);
  void SubtractReceived(std::size_t bytes);
  void EndAll(AssociationState state, const Error& error);

  Loop& loop_;
  const ChannelMuxOptions options_;
  ChannelMuxEvents& events_;

  bool connected_ = false;
  bool over_ = false;         // kClosed or kFailed, or CloseAll before Start
  bool closing_all_ = false;  // CloseAll was called
  std::size_t remote_max_message_size_ = 0;
  bool remote_is_ours_ = false;
  std::optional<StreamIds> stream_ids_;

  ChannelId next_id_ = 1;
  std::map<ChannelId, std::unique_ptr<Channel>> channels_;
  std::unordered_map<std::uint16_t, Channel*> by_stream_;
  std::size_t visible_channels_ = 0;
  std::uint64_t channels_opened_ = 0;
  std::uint64_t channels_closed_ = 0;

  SendScheduler scheduler_;  // channels with something to send
  bool blocked_ = false;     // the association has no room until OnSctpAcknowledged
  std::size_t queued_messages_ = 0;
  std::vector<ChannelId> begun_;  // channels whose first message the association has a part of
  std::size_t begun_bytes_ = 0;   // of those messages that may go side by side, whole
  bool large_begun_ = false;      // the one that may not is among them
  PartsBudget small_parts_{kAllSideBySide};  // messages in parts, up to kSideBySide
  PartsBudget large_parts_{0};               // the others; the limit is the other end's
  std::size_t total_buffered_ = 0;
  std::size_t in_flight_bytes_ = 0;     // that the association has and has not acknowledged
  std::size_t in_flight_overhead_ = 0;  // what it needs to keep those messages, about
  std::size_t attributed_bytes_ = 0;    // of in_flight_bytes_, of channels that still exist

  PartsRoom parts_room_;
  std::size_t received_bytes_ = 0;  // in all receive queues, with kReceivedMessageCost each
  bool association_paused_ = false;

  Fifo<Task> event_queue_;
  bool events_posted_ = false;

  EarlyMessages early_;
  Timer early_timer_;
  Loop::TimePoint opens_due_{};  // TakeOpenTurn

  Timer expiry_timer_;               // runs while messages with a life time wait
  Loop::TimePoint last_progress_{};  // MayGo

  Fifo<std::pair<Loop::TimePoint, ChannelId>> answer_deadlines_;
  Timer answer_timer_;

  std::unique_ptr<Association> association_;  // after what its last packet needs
  TaskSafety safety_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHANNEL_MUX_IMPL_H_
