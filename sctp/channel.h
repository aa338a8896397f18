// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Channel: what the mux knows about one DataChannel. Data only; channel_mux_impl decides.
#ifndef PAIRWIRE_SCTP_CHANNEL_H_
#define PAIRWIRE_SCTP_CHANNEL_H_

#include <pairwire/bytes.h>
#include <pairwire/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "peer/base/fifo.h"
#include "peer/base/loop.h"
#include "sctp/channel_mux.h"
#include "sctp/channel_options.h"
#include "sctp/message_parts.h"
#include "sctp/payload.h"
#include "sctp/types.h"

namespace pairwire::sctp {

struct OutgoingMessage {
  Ppid ppid{};
  Payload data;
  std::size_t begun = 0;  // bytes that the association has already
  bool counts = true;     // in buffered_amount; DCEP messages do not
  bool in_parts = false;  // with `begun`: as several SCTP messages (message_parts.h)
  // Not worth sending after this; only of channels with a life time.
  std::optional<Loop::TimePoint> expires = std::nullopt;
};

struct IncomingMessage {
  Bytes data;
  bool is_text = false;
};

struct Channel {
  ChannelId id = 0;
  ChannelState state = ChannelState::kOpening;
  ChannelOptions options;
  std::optional<StreamId> stream;  // empty before Start, and again once both directions are reset

  // False: the application does not know it (any more). It only stands for a stream that must not
  // be used before the other end has reset it.
  bool visible = true;
  // Ours: OPEN is with the association; theirs: always; negotiated: once the association is up.
  bool announced = false;

  // Sending.
  Fifo<OutgoingMessage> send_queue;
  bool in_ready_list = false;
  bool settled = false;       // the other end has the channel, so messages may be unordered
  bool stream_busy = false;   // the stream's previous channel is not reset yet in our direction
  std::size_t buffered = 0;   // user bytes in send_queue and in_flight
  std::size_t in_flight = 0;  // user bytes that the association has and has not acknowledged
  // Bytes of DCEP among them: always the first of the stream.
  std::size_t dcep_in_flight = 0;
  std::uint64_t handed_over = 0;  // user bytes that the association ever got
  // Of them, those up to the end of the last message in parts that the other end may not have
  // whole; 0: it has all.
  std::uint64_t parts_end = 0;

  // Closing.
  bool reset_requested = false;
  bool outgoing_reset = false;
  bool incoming_reset = false;
  std::optional<Error> error;

  // Receiving.
  bool paused = false;
  bool delivery_queued = false;
  Fifo<IncomingMessage> receive_queue;
  std::unique_ptr<MessageJoiner> joiner;  // while a message comes in parts

  // User messages and bytes.
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t messages_expired = 0;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_CHANNEL_H_
