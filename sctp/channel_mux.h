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

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "peer/base/loop.h"
#include "sctp/association.h"
#include "sctp/types.h"

namespace pairwire::sctp {

// Names a channel within its mux; never reused (stream numbers are).
using ChannelId = std::uint32_t;

struct ChannelMuxOptions {
  std::size_t max_channels = 256;
  // Waiting in all channels together; Send answers kBufferFull above.
  std::size_t max_buffered_amount = 4 * 1024 * 1024;
  // Received bytes that may wait for paused channels; above it the association is paused.
  std::size_t max_receive_buffer = 1024 * 1024;
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
  // once.
  virtual void OnChannelIncoming(ChannelId id, const std::string& label,
                                 const std::string& protocol) = 0;
  virtual void OnChannelOpen(ChannelId id) = 0;
  virtual void OnChannelMessage(ChannelId id, ByteSpan data, bool is_text) = 0;
  // The channel's buffered amount changed; also called from inside Send. For counters only.
  virtual void OnChannelBufferedAmount(ChannelId id, std::size_t bytes) = 0;
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
  // no limit (RFC 8841 section 6). Channels opened before it are announced now. Once.
  Result<void> Start(const AssociationFactory& make, bool dtls_client,
                     std::size_t remote_max_message_size);

  void ReceivePacket(ByteSpan packet);

  // Opens a channel, before or after Start. kLimitExceeded: max_channels, or label or protocol too
  // long.
  Result<ChannelId> Open(std::string label, std::string protocol);

  // Errors as DataChannel::Send. A channel that waits for its DCEP ACK may send already (RFC 8832
  // section 6); before the association is connected it is kInvalidState.
  Result<void> Send(ChannelId id, ByteSpan data, bool is_text);

  void PauseReceiving(ChannelId id);
  void ResumeReceiving(ChannelId id);

  // Drains, then resets the stream. OnChannelClosed follows.
  void Close(ChannelId id);

  // Closes all channels (draining), then shuts the association down. OnMuxState(kClosed) follows.
  void CloseAll();

  std::optional<StreamId> stream_of(ChannelId id) const;
  std::size_t buffered_amount(ChannelId id) const;
  std::size_t total_buffered_amount() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHANNEL_MUX_H_
