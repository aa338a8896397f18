// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PacketCounters: counts the packets of one association for its statistics, and finds the
// retransmissions, which usrsctp counts for the whole process only. Pure: changes nothing.
#ifndef PAIRWIRE_SCTP_PACKET_COUNTERS_H_
#define PAIRWIRE_SCTP_PACKET_COUNTERS_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace pairwire::sctp {

class PacketCounters {
 public:
  void OnOutgoing(ByteSpan packet);
  // A packet of which only its pieces leave (packet_pieces.h), each a packet of `piece_bytes`.
  void OnCut(ByteSpan packet) { CountChunks(packet); }
  void OnPiece(std::size_t piece_bytes);
  void OnIncoming(ByteSpan packet);

  std::uint64_t packets_sent() const { return packets_sent_; }
  std::uint64_t packets_received() const { return packets_received_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  // DATA chunks, each time that they were sent.
  std::uint64_t data_chunks_sent() const { return data_chunks_sent_; }
  // DATA chunks sent with a TSN that is not above all before.
  std::uint64_t retransmitted_chunks() const { return retransmitted_chunks_; }
  // The last data went as I-DATA (RFC 8260).
  bool sends_i_data() const { return sends_i_data_; }

 private:
  void CountChunks(ByteSpan packet);

  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t data_chunks_sent_ = 0;
  std::uint64_t retransmitted_chunks_ = 0;
  bool sends_i_data_ = false;
  std::optional<std::uint32_t> highest_tsn_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_PACKET_COUNTERS_H_
