// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// UsrsctpSocket: one usrsctp socket in AF_CONN, its calls in C++: open with all options set,
// connect, send, read, reset streams. No state of the association and no events:
// usrsctp_association has those.
#ifndef PAIRWIRE_SCTP_USRSCTP_SOCKET_H_
#define PAIRWIRE_SCTP_USRSCTP_SOCKET_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sctp/association.h"
#include "sctp/types.h"
#include "sctp/usrsctp_library.h"
#include "sctp/usrsctp_runtime.h"

namespace pairwire::sctp {

// usrsctp's modules: RFC 9260 section 7, RFC 3649, and H-TCP (Leith and Shorten).
enum class CongestionControl { kRfc9260, kHighSpeed, kHTcp };

// What the other end is to know as our burst: HSTCP opens its window by one packet with each
// acknowledgement, however many packets that is for, so that it needs one for every second.
constexpr std::uint16_t BurstOf(CongestionControl congestion_control) {
  return congestion_control == CongestionControl::kHighSpeed ? 2 : kMaxBurst;
}

// Between these is the largest retransmission timeout (RTO.Max of RFC 9260 section 16): low, so
// that on a path that loses a third of the packets a lost retransmission is not a pause of seconds;
// four round trips where that is more, so that a queue that fills up makes no timeouts.
inline constexpr std::chrono::milliseconds kLeastMaxRto{1'000};
inline constexpr std::chrono::milliseconds kMostMaxRto{3'000};

struct UsrsctpAssociationOptions {
  std::uint16_t local_port = kSctpPort;
  std::uint16_t remote_port = kSctpPort;
  std::uint16_t outgoing_streams = kInitialStreams;
  // What the other end may open at once; each that it really asks for costs memory here. 1024 is
  // what browsers use.
  std::uint16_t max_incoming_streams = 1024;
  // 1200 bytes of UDP payload - 37 of a DTLS 1.2 AES-GCM record = 1163, rounded down to whole
  // words: what every path carries. usrsctp's own path MTU discovery does not work over AF_CONN and
  // is off.
  std::size_t max_packet_size = 1160;
  // Packets up to this are sent once the path is known to carry them (path_mtu.h). Only to ends
  // that are known to be ours: after a fall of the MTU they alone can be given large chunks in
  // pieces (packet_pieces.h). 0: none above max_packet_size.
  std::size_t largest_packet_size = 0;
  // The other end does not look at the CRC32c, as nothing can change a packet inside DTLS: packets
  // of data and acknowledgements then go without (RFC 9653 section 5, whose parameter usrsctp 0.9.5
  // does not know). Only to ends that are known to be ours.
  bool zero_checksum = false;
  // The most packets that the other end sends in one burst (usrsctp's max_burst). 4 is usrsctp's
  // default and right for a stranger: more would have both ends wait for one another
  // (sack_batch.h).
  std::uint16_t peer_burst = 4;
  // Our own sender's.
  std::uint16_t max_burst = kMaxBurst;
  // AssociationEvents::OnSctpStalled. Longer than the largest retransmission timeout, so that one
  // lost retransmission is no stall.
  std::chrono::milliseconds stall_after{5000};
  CongestionControl congestion_control = CongestionControl::kRfc9260;
  // Received messages above it abort the association (what we announced in a=max-message-size).
  std::size_t max_message_size = 256 * 1024;
  // Offer RFC 8260. An end that does not know it gets DATA chunks. Off: docs/data-channels.md.
  bool interleaving = false;
  // Parts of messages that have begun and not ended, in all streams together; above it the
  // association is aborted. Never less than max_message_size.
  std::size_t max_reassembly = 4 * 1024 * 1024;
  // Both bound the throughput to buffer / RTT: 4 MiB are 1.6 Gbit/s at 20 ms. Memory is used only
  // while they are full. The receive buffer is raised for large messages (ReceiveBuffer).
  std::size_t send_buffer = 4 * 1024 * 1024;
  std::size_t receive_buffer = 4 * 1024 * 1024;
};

// Room for two of the largest messages, up to 64 MiB, so that none of them is delivered in parts:
// when the other end gives up (RFC 3758) on a message that is being delivered in parts, usrsctp
// 0.9.5 ends it where it is, as if it were whole.
inline std::size_t ReceiveBuffer(const UsrsctpAssociationOptions& options) {
  constexpr std::size_t kLargest = 64 * 1024 * 1024;
  return std::max(options.receive_buffer, std::min(2 * (options.max_message_size + 1), kLargest));
}

// Of a message that is still growing, so many bytes are read before its end is here. Without
// interleaving just above the limit, so that what is too large is noticed there. With it, above
// what may come side by side with others (channel_mux_send.cc), and well below the window.
inline std::size_t PartialDeliveryPoint(const UsrsctpAssociationOptions& options,
                                        bool interleaving) {
  return std::min(options.max_message_size + 1,
                  interleaving ? options.receive_buffer / 8 : ReceiveBuffer(options) / 2);
}

class UsrsctpSocket {
 public:
  UsrsctpSocket() = default;
  ~UsrsctpSocket() { Close(); }

  UsrsctpSocket(const UsrsctpSocket&) = delete;
  UsrsctpSocket& operator=(const UsrsctpSocket&) = delete;

  bool is_open() const { return socket_ != nullptr; }

  // Makes, configures and binds the socket, then sends INIT. On an error the socket is closed.
  // `library` and `id` are a runtime's.
  Result<void> Connect(const UsrsctpAssociationOptions& options, const UsrsctpLibrary& library,
                       UsrsctpRuntime::EndpointId id);

  // Aborts an association that lives (one ABORT leaves through the output callback) and frees all
  // at once.
  void Close();

  // How much of `data` was taken, from its beginning; `last`: the message ends with it. Or errno.
  struct Sent {
    std::size_t size = 0;
    int error = 0;
  };
  Sent Send(StreamId stream, Ppid ppid, ByteSpan data, bool last, const Delivery& delivery);
  // 0 or errno.
  int ResetOutgoing(std::span<const StreamId> streams);
  int AddOutgoingStreams(std::uint16_t count);
  int Shutdown();
  // Sends a HEARTBEAT, and what usrsctp could send but has no reason to look at.
  void SendHeartbeat();
  // Chunks are cut for packets of at most `size` bytes.
  void SetLargestPacket(std::size_t size);
  // How many packets with data may go without an acknowledgement.
  void SetSackFrequency(std::uint32_t packets);
  // Off: small messages wait for a full packet or an empty network (Nagle).
  void SetNoDelay(bool no_delay);

  struct Read {
    enum class Kind { kMessage, kNotification, kNothing, kEnd, kError };
    Kind kind = Kind::kNothing;
    std::size_t size = 0;
    bool complete = false;  // the end of the message is in it
    bool ordered = true;
    StreamId stream{};
    Ppid ppid{};
    int error = 0;
  };
  // Reads the next message, notification, or as much of it as `buffer` holds.
  Read ReadNext(std::span<std::uint8_t> buffer);

  // Whether I-DATA was agreed on; false without an association.
  bool Interleaves() const;
  // Whether parts of several messages are read in turn, or one message at a time.
  bool ReadInterleaved(bool interleaved);
  // Bytes at which a message that has not ended begins to come in parts.
  void SetPartialDeliveryPoint(std::size_t bytes);
  struct Path {
    std::size_t congestion_window = 0;
    std::chrono::milliseconds smoothed_rtt{0};
  };
  std::optional<Path> ReadPath() const;
  // The largest retransmission timeout from now on.
  void SetMaxRto(std::chrono::milliseconds rto);
  // Bytes sent and not acknowledged, with usrsctp's overhead; empty without an association.
  std::optional<std::size_t> SendBufferUse();
  // Bytes received that cannot be read yet, in messages that have not ended or are out of order.
  std::optional<std::size_t> ReassemblyUse();
  bool HasAssociation();
  // What usrsctp knows of `stats`; the rest is left as it is.
  void ReadStats(AssociationStats& stats) const;

 private:
  Result<void> Configure(const UsrsctpAssociationOptions& options);
  template <typename T>
  bool Set(int level, int option, const T& value);

  const UsrsctpLibrary* library_ = UsrsctpLibraries().front();
  struct ::socket* socket_ = nullptr;
  UsrsctpRuntime::EndpointId id_{};
  std::uint16_t remote_port_ = 0;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_USRSCTP_SOCKET_H_
