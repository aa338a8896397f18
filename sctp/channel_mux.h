// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ChannelMux: the DataChannels of one connection over one SCTP association: DCEP (RFC 8832), stream
// numbers, text and binary, buffered amounts, closing by stream reset (RFC 8831 section 6.7).
//
// No I/O and no user types; peer/connection puts handles on top. Loop thread only.
#ifndef PAIRWIRE_SCTP_CHANNEL_MUX_H_
#define PAIRWIRE_SCTP_CHANNEL_MUX_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/base/loop.h"
#include "sctp/association.h"
#include "sctp/channel_options.h"
#include "sctp/payload.h"
#include "sctp/types.h"

namespace pairwire::sctp {

// Names a channel within its mux; never reused (stream numbers are).
using ChannelId = std::uint32_t;

//   kOpening --ACK or data--> kOpen --Close, or reset by the other end--> kClosing --both
//   directions reset--> gone
//       +-------Close, or refused by a reset (RFC 8832 section 6)-----------^
//
// A channel that the other end opened starts in kOpen; a negotiated one is open once the
// association is connected. One of ours that was never announced goes at once.
enum class ChannelState { kOpening, kOpen, kClosing };
std::string_view ToString(ChannelState state);

// How long messages may wait for the negotiated channel that they are for.
inline constexpr std::chrono::seconds kEarlyMessageTimeout{10};

struct ChannelMuxOptions {
  // Open at one time, of both ends together. The other end's OPEN above it is refused by a reset.
  std::size_t max_channels = 256;
  // The other end's OPENs, in the long run; max_channels of them may come at once. More are
  // refused.
  std::size_t max_opens_per_second = 20;
  // Bytes of label and of protocol that the other end may make us keep, for each of its channels.
  // Real ones are far below; ours may have kMaxLabelLength.
  std::size_t max_incoming_label = 1024;
  // Messages on a stream that has no channel yet wait for a negotiated one to be opened here: so
  // many bytes in all (0: none wait), and not longer than kEarlyMessageTimeout. Then the stream is
  // refused.
  std::size_t max_early_bytes = 256 * 1024;
  // Waiting in all channels together; Send answers kBufferFull above.
  std::size_t max_buffered_amount = 4 * 1024 * 1024;
  // Messages waiting in all channels together, as tiny ones would need far more memory than
  // max_buffered_amount says; Send answers kBufferFull above.
  std::size_t max_queued_messages = 65'536;
  // Received bytes that may wait for paused channels; above it the association is paused.
  std::size_t max_receive_buffer = 1024 * 1024;
  // Of messages that come in parts (message_parts.h): one, and all that have begun and not ended
  // beside it, at least kAllSideBySide. More aborts the association.
  std::size_t max_message_size = 256 * 1024;
  std::size_t max_reassembly = 4 * 1024 * 1024;
};

// One moment of a channel; for W3C getStats (data-channel).
struct ChannelStats {
  ChannelId channel = 0;
  std::optional<StreamId> stream;
  ChannelState state = ChannelState::kOpening;
  std::string label;
  std::string protocol;
  // User messages and their bytes. Sent: handed to SCTP (not those that still wait for room).
  // Received: handed to the owner.
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  // Messages whose life time ended before SCTP had room for them.
  std::uint64_t messages_expired = 0;
};

struct ChannelMuxStats {
  std::optional<AssociationStats> association;  // empty before Start
  std::vector<ChannelStats> channels;           // those that OnChannelClosed has not named yet
  std::uint64_t channels_opened = 0;            // ever open (W3C dataChannelsOpened)
  std::uint64_t channels_closed = 0;            // of those, not open any more
};

// Called from the loop's own frame, never from inside a method of the mux, except OnMuxPacket and
// OnChannelBufferedAmount. They may call back, and may destroy the mux, except those two.
class ChannelMuxEvents {
 public:
  // One SCTP packet to encrypt and send; valid during the call only.
  virtual void OnMuxPacket(ByteSpan packet) = 0;
  // The association: kConnected once; kClosed or kFailed once, after which every channel is closed.
  virtual void OnMuxState(AssociationState state, const Error& error) = 0;
  // The other end opened a channel; it is paused until ResumeReceiving. OnChannelOpen follows at
  // once. `options` is what it announced, with the stream number in `id`.
  virtual void OnChannelIncoming(ChannelId id, const ChannelOptions& options) = 0;
  virtual void OnChannelOpen(ChannelId id) = 0;
  virtual void OnChannelMessage(ChannelId id, ByteSpan data, bool is_text) = 0;
  // The channel's buffered amount changed; also called from inside Send. For counters only.
  virtual void OnChannelBufferedAmount(ChannelId id, std::size_t bytes) = 0;
  // As AssociationEvents' OnSctpStalled and OnSctpResumed.
  virtual void OnMuxStalled(StallCause) {}
  virtual void OnMuxResumed() {}
  // Once for each channel, last. Empty after an orderly close by either end.
  virtual void OnChannelClosed(ChannelId id, const std::optional<Error>& error) = 0;

 protected:
  ~ChannelMuxEvents() = default;
};

class ChannelMux {
 public:
  using AssociationFactory = std::function<std::unique_ptr<Association>(AssociationEvents&)>;

  ChannelMux(Loop& loop, ChannelMuxOptions options, ChannelMuxEvents& events);
  ~ChannelMux();  // Aborts, without events, except OnMuxPacket, which may carry the ABORT.

  ChannelMux(const ChannelMux&) = delete;
  ChannelMux& operator=(const ChannelMux&) = delete;

  // Makes the association and connects it. `dtls_client` decides the parity of our stream numbers
  // (RFC 8832 section 6: client even, server odd). `remote_max_message_size` bounds Send; 0 means
  // no limit (RFC 8841 section 6). Channels opened before it are announced now. `remote_is_ours`:
  // the other end puts messages in parts together, so that large ones of reliable channels hold up
  // nobody, with or without RFC 8260. Once.
  Result<void> Start(const AssociationFactory& make, bool dtls_client,
                     std::size_t remote_max_message_size, bool remote_is_ours);

  void ReceivePacket(ByteSpan packet);

  // Around the packets of one read: see Association.
  void BeginBatch(std::size_t packets);
  void EndBatch();
  // Association's, of the same names; nothing before Start.
  void OnPathChanged();
  void OnPacketTooLarge(std::size_t size);

  // Opens a channel, before or after Start. Errors of CheckChannelOptions, and
  //   kInvalidState   negotiated, and the id is in use, also by a channel that is still closing
  //   kLimitExceeded  max_channels, or no stream number is left
  //   kMessageTooLarge  label and protocol are more than the other end takes in one message
  //   kClosed         over, or CloseAll was called
  // A negotiated channel is open as soon as the association is connected, whether or not the other
  // end has made its half. A number above what the association has makes it ask for more streams
  // (in the INIT when the channel is opened before Start: not every end knows how to add them
  // later).
  Result<ChannelId> Open(const ChannelOptions& options);

  // Errors as DataChannel::Send. `data` is copied only when it has to wait. A channel that waits
  // for its DCEP ACK may send already (in order, RFC 8832 section 6); before the association is
  // connected it is kInvalidState. The message travels as the channel's options say; its life time
  // begins now.
  Result<void> Send(ChannelId id, ByteSpan data, bool is_text);
  // As Send, and never copies: what has to wait is moved from; after an error it is untouched.
  Result<void> SendOwned(ChannelId id, Payload& data, bool is_text);

  void PauseReceiving(ChannelId id);
  void ResumeReceiving(ChannelId id);

  // Drains, then resets the stream. OnChannelClosed follows.
  void Close(ChannelId id);

  // Closes all channels (draining), then shuts the association down. OnMuxState(kClosed) follows.
  void CloseAll();

  std::optional<StreamId> stream_of(ChannelId id) const;
  std::size_t buffered_amount(ChannelId id) const;
  std::size_t total_buffered_amount() const;
  std::size_t queued_messages() const;  // not handed to the association yet, of all channels
  // Copies labels: not for each message.
  ChannelMuxStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHANNEL_MUX_H_
