// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Association: one SCTP association (RFC 9260) over packets that somebody else encrypts and carries
// (RFC 8261): numbered messages in, packets out, and the other way round.
//
// Interface only: usrsctp_association.h is the real one, tests use a fake. It knows nothing of
// channels (channel_mux.h) or DTLS. Loop thread only.
#ifndef PAIRWIRE_SCTP_ASSOCIATION_H_
#define PAIRWIRE_SCTP_ASSOCIATION_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sctp/types.h"

namespace pairwire::sctp {

//   kNew -> kConnecting -> kConnected -> kClosed     kClosed: by our Close, or shut down by the
//   other end
//               +------------+-> kFailed             kFailed: aborted, or never came up
enum class AssociationState { kNew, kConnecting, kConnected, kClosed, kFailed };

// How one message travels. The default is reliable and in the order of its stream.
struct Delivery {
  bool ordered = true;
  // Partial reliability (RFC 3758, RFC 7496), at most one of the two: the message is given up
  // instead of being retransmitted more often than this, or later than so long after Send (0..65535
  // ms). One that was given up before all of it was sent is not sent at all. An end that does not
  // know FORWARD-TSN gets everything reliably.
  std::optional<std::uint16_t> max_retransmits = std::nullopt;
  std::optional<std::chrono::milliseconds> max_life_time = std::nullopt;

  bool operator==(const Delivery&) const = default;
};

// User bytes of one stream.
struct StreamBytes {
  StreamId stream{};
  std::size_t bytes = 0;

  bool operator==(const StreamBytes&) const = default;
};

// One moment of an association; for W3C getStats. Zero: not known yet.
struct AssociationStats {
  AssociationState state = AssociationState::kNew;
  std::chrono::milliseconds smoothed_rtt{};
  std::chrono::milliseconds retransmission_timeout{};
  std::size_t congestion_window = 0;      // bytes
  std::size_t receiver_window = 0;        // bytes that the other end would still take
  std::size_t unacknowledged_bytes = 0;   // accepted by Send and not acknowledged or given up
  std::size_t unacknowledged_chunks = 0;  // of those that have been sent
  std::size_t max_packet_size = 0;        // bytes of an SCTP packet
  std::uint16_t outgoing_streams = 0;
  std::uint16_t incoming_streams = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;  // whole SCTP packets
  std::uint64_t bytes_received = 0;
  std::uint64_t retransmitted_chunks = 0;
  std::uint64_t abandoned_messages = 0;  // given up, of those with a limit
  bool interleaving = false;             // as interleaves()
  bool stalled = false;                  // between OnSctpStalled and OnSctpResumed
  std::uint64_t stalls = 0;
};

// Why nothing that was sent is acknowledged.
enum class StallCause {
  kPath,     // nothing comes back: packets are lost on the way, all or the large ones
  kReceiver  // the other end's window is closed: its application does not read
};

// OnSctpPacket is called from inside any method of the association and from its timers; it must not
// call back. The others are called from the loop's own frame, never from inside a method; they may
// call back.
class AssociationEvents {
 public:
  // One SCTP packet to encrypt and send; valid during the call only.
  virtual void OnSctpPacket(ByteSpan packet) = 0;
  virtual void OnSctpState(AssociationState state, const Error& error) = 0;
  // One whole message; valid during the call only. `ppid` is host order. `ordered`: it was sent in
  // the order of its stream, and comes in it.
  virtual void OnSctpMessage(StreamId stream, Ppid ppid, bool ordered, ByteSpan data) = 0;
  // RFC 6525: the other end reset its outgoing side of these streams.
  virtual void OnSctpIncomingStreamsReset(std::span<const StreamId> streams) = 0;
  // Our outgoing side of these streams is reset: all that was sent on them has been acknowledged.
  virtual void OnSctpOutgoingStreamsReset(std::span<const StreamId> streams) = 0;
  // Some queued bytes have been acknowledged or given up: `unacknowledged_bytes` is what remains;
  // also called when a Send that answered kBufferFull may be tried again. An upper bound (chunk
  // headers may be in it) that only falls between two Sends and is exactly 0 once everything is
  // acknowledged.
  virtual void OnSctpAcknowledged(std::size_t unacknowledged_bytes) = 0;
  // Something is outstanding and nothing has been acknowledged for UsrsctpAssociationOptions::
  // stall_after: once for each stall, and OnSctpResumed when it is over. The association goes on
  // trying; whether the path is dead is for ICE consent to say.
  virtual void OnSctpStalled(StallCause) {}
  virtual void OnSctpResumed() {}

 protected:
  ~AssociationEvents() = default;
};

class Association {
 public:
  // Aborts and frees at once, without events, except OnSctpPacket, which may carry the ABORT. May
  // be called from inside any event but OnSctpPacket.
  virtual ~Association() = default;

  // Sends INIT; both ends do (RFC 8831 section 6.2 with simultaneous open). Once. Asks for at least
  // `streams` in each direction (more than the options say only when somebody needs a high number).
  virtual Result<void> Connect(std::uint16_t streams) = 0;

  // One decrypted SCTP packet from the other end. Rubbish is dropped, as is all that comes before
  // Connect: so connect before handing over the first packet (the other end would repeat its INIT,
  // but late).
  virtual void ReceivePacket(ByteSpan packet) = 0;

  // Around the packets that came with one system call, about `packets` of them: what is due to them
  // (messages, acknowledgements, packets to send) may then be done once, at the end. Events may
  // come from inside EndBatch. A packet outside a batch is a batch of its own.
  virtual void BeginBatch(std::size_t packets) = 0;
  virtual void EndBatch() = 0;

  // Packets go another way from now on, on which large ones may not pass.
  virtual void OnPathChanged() {}
  // The system refused to send an SCTP packet of `size` bytes (EMSGSIZE).
  virtual void OnPacketTooLarge(std::size_t) {}

  // Queues one whole message of at least one byte. Nothing was queued when it fails:
  //   kBufferFull       try again after OnSctpAcknowledged; also while stream_count() grows to hold
  //   `stream`,
  //                     and while an earlier reset of `stream` is under way
  //   kLimitExceeded    the other end does not let us have that many streams
  //   kMessageTooLarge  larger than the send buffer
  //   kInvalidState before kConnected, kClosed after
  virtual Result<void> Send(StreamId stream, Ppid ppid, ByteSpan data,
                            const Delivery& delivery) = 0;

  // As Send, for a message that is handed over piece by piece so that the send buffer never holds
  // all of it: takes as much of `data` as there is room for and answers how many bytes, at least
  // one. All pieces of a message carry the same ppid and delivery; `last` says that `data` ends the
  // message. Until its end was taken nothing else may be sent on the stream, and nothing at all on
  // the association when it does not interleave: RFC 9260 cannot mix messages.
  virtual Result<std::size_t> SendPiece(StreamId stream, Ppid ppid, ByteSpan data, bool last,
                                        const Delivery& delivery) = 0;

  // Resets our outgoing side of `streams` once their queued data is acknowledged.
  virtual Result<void> ResetStreams(std::span<const StreamId> streams) = 0;

  // While paused no OnSctpMessage comes; the receive window fills and the other end waits.
  virtual void PauseReceiving() = 0;
  virtual void ResumeReceiving() = 0;

  // Graceful SHUTDOWN after everything queued is acknowledged; kClosed follows.
  virtual void Close() = 0;

  // Ends it at once, for what the other end did; kFailed with `error` follows.
  virtual void Abort(Error error) = 0;

  virtual AssociationState state() const = 0;
  // Outgoing streams that the association has now.
  virtual std::uint16_t stream_count() const = 0;
  virtual AssociationStats stats() const = 0;

  // Both ends know I-DATA (RFC 8260): pieces of messages on different streams may be mixed. Fixed
  // once connected.
  virtual bool interleaves() const = 0;
  // So many unacknowledged bytes keep the path busy: a congestion window and a little. What is
  // handed over above it only waits, in an order that cannot be changed any more.
  virtual std::size_t useful_backlog() const = 0;
  // The largest size of a message, at most `bytes`, whose chunks are all as large as packets take:
  // each smaller chunk is a packet more, and ends what is given to the system in one call.
  virtual std::size_t FullPackets(std::size_t bytes) const = 0;
  // There are unacknowledged bytes, but none of them is on the way, or one packet after the other:
  // a message whose pieces have all gone holds the others up. The next piece of each message that
  // has begun gets it going again; nothing else does.
  virtual bool stands_still() const = 0;
  // More streams are about to be added, and all that was sent must be acknowledged before: Send
  // answers kBufferFull, only messages that have begun go on.
  virtual bool adding_streams() const = 0;
  // Inside OnSctpAcknowledged: whose bytes they were, as far as they had been sent. The rest of the
  // difference was given up unsent, which happens to messages with a limit only.
  virtual std::span<const StreamBytes> acknowledged() const = 0;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_ASSOCIATION_H_
