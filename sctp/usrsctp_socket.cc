// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/usrsctp_socket.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <usrsctp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "sctp/unordered_detour.h"

namespace pairwire::sctp {
namespace {

// Common header; usrsctp's "path MTU" of an AF_CONN address does not count it.
constexpr std::size_t kCommonHeader = 12;

// usrsctp counts headers of IPv4, SCTP and DATA above SCTP_MAXSEG, whatever the address family.
constexpr std::size_t kMaxSegmentOverhead = 20 + 12 + 16;

// usrsctp's private header netinet/sctp_uio.h: SCTP_GET_SNDBUF_USE and its struct sctp_sockstat.
constexpr int kGetSendBufferUse = 0x1101;
struct SendBufferUseValue {
  sctp_assoc_t association;
  std::uint32_t send;
  std::uint32_t receive;
};

// usrsctp's private header netinet/sctp_uio.h: SCTP_INTERLEAVING_SUPPORTED, with a
// sctp_assoc_value.
constexpr int kInterleavingSupported = 0x1206;

// RFC 6458 section 8.1.20: messages of several streams may come in parts at one time.
constexpr std::uint32_t kInterleaveStreams = 2;

// usrsctp's private header netinet/sctp.h: SCTP_PLUGGABLE_CC.
constexpr int kPluggableCongestionControl = 0x1202;

// usrsctp's private header netinet/sctp_uio.h: SCTP_PR_SCTP_ALL.
constexpr std::uint16_t kAllPolicies = 0x000f;

constexpr std::uint16_t kEvents[] = {
    SCTP_ASSOC_CHANGE,     SCTP_STREAM_RESET_EVENT,     SCTP_STREAM_CHANGE_EVENT,
    SCTP_SENDER_DRY_EVENT, SCTP_PARTIAL_DELIVERY_EVENT,
};

std::uint32_t ModuleOf(CongestionControl congestion_control) {
  switch (congestion_control) {
    case CongestionControl::kRfc9260:
      return SCTP_CC_RFC2581;
    case CongestionControl::kHighSpeed:
      return SCTP_CC_HSTCP;
    case CongestionControl::kHTcp:
      return SCTP_CC_HTCP;
  }
  return SCTP_CC_RFC2581;
}

void OnUpcall(struct ::socket*, void* argument, int) {
  UsrsctpCallbacks::Activity(reinterpret_cast<std::uintptr_t>(argument));
}

sockaddr_conn MakeAddress(UsrsctpRuntime::EndpointId id, std::uint16_t port) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(id));
  return address;
}

tl::unexpected<Error> FailWithErrno(const char* what) {
  return Fail(Errc::kSctpFailed, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

template <typename T>
bool UsrsctpSocket::Set(int level, int option, const T& value) {
  return library_->setsockopt(socket_, level, option, &value, sizeof value) == 0;
}

Result<void> UsrsctpSocket::Connect(const UsrsctpAssociationOptions& options,
                                    const UsrsctpLibrary& library, UsrsctpRuntime::EndpointId id) {
  library_ = &library;
  id_ = id;
  remote_port_ = options.remote_port;
  // One-to-one style, with upcall and reads instead of the receive callback: what is not read
  // closes the window.
  socket_ = library_->open(AF_CONN, SOCK_STREAM, IPPROTO_SCTP);
  if (socket_ == nullptr) return FailWithErrno("usrsctp_socket");
  // Before the connect: the upcall is needed from the first packet on.
  library_->set_upcall(socket_, &OnUpcall,
                       reinterpret_cast<void*>(static_cast<std::uintptr_t>(id)));
  if (auto configured = Configure(options); !configured) {
    Close();
    return configured;
  }
  sockaddr_conn local = MakeAddress(id, options.local_port);
  sockaddr_conn remote = MakeAddress(id, options.remote_port);
  const bool started =
      library_->bind(socket_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0 &&
      (library_->connect(socket_, reinterpret_cast<sockaddr*>(&remote), sizeof remote) == 0 ||
       errno == EINPROGRESS);
  if (started) return {};
  auto failure = FailWithErrno("usrsctp_connect");
  Close();
  return failure;
}

Result<void> UsrsctpSocket::Configure(const UsrsctpAssociationOptions& options) {
  sctp_initmsg init{};
  init.sinit_num_ostreams = options.outgoing_streams;
  init.sinit_max_instreams = options.max_incoming_streams;
  sctp_paddrparams path{};
  // No heartbeats while idle: ICE consent (RFC 7675) finds out whether the path is alive.
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
  // Can be lowered later, but not raised, so it is the largest at once; the size of chunks is what
  // follows the path (SetLargestPacket).
  path.spp_pathmtu = static_cast<std::uint32_t>(
      std::max(options.max_packet_size, options.largest_packet_size) - kCommonHeader);
  sctp_assoc_value reset{};
  reset.assoc_id = SCTP_ALL_ASSOC;
  // Streams may be reset and added; the whole association may not.
  reset.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ;
  const auto partial_point = static_cast<std::uint32_t>(PartialDeliveryPoint(options, false));

  sctp_assoc_value burst{};
  burst.assoc_id = SCTP_ALL_ASSOC;
  burst.assoc_value = options.max_burst;

  sctp_assoc_value congestion_control{};
  congestion_control.assoc_id = SCTP_ALL_ASSOC;
  congestion_control.assoc_value = ModuleOf(options.congestion_control);

  bool ok = library_->set_non_blocking(socket_, 1) == 0;
  // Close aborts and frees at once instead of waiting for the other end.
  ok = ok && Set(SOL_SOCKET, SO_LINGER, linger{.l_onoff = 1, .l_linger = 0});
  ok = ok && Set(SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer));
  ok = ok && Set(SOL_SOCKET, SO_RCVBUF, static_cast<int>(ReceiveBuffer(options)));
  ok = ok && Set(IPPROTO_SCTP, SCTP_INITMSG, init);
  ok = ok && Set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
  ok = ok && Set(IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, reset);
  ok = ok && Set(IPPROTO_SCTP, SCTP_MAX_BURST, burst);
  ok = ok && Set(IPPROTO_SCTP, kPluggableCongestionControl, congestion_control);
  ok = ok && Set(IPPROTO_SCTP, SCTP_NODELAY, 1);
  ok = ok && Set(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
  ok = ok && ReadInterleaved(options.interleaving);
  sctp_assoc_value interleaving{};
  interleaving.assoc_value = options.interleaving ? 1 : 0;
  ok = ok && Set(IPPROTO_SCTP, kInterleavingSupported, interleaving);
  // The end of a message is marked, so that it may be handed over in pieces.
  ok = ok && Set(IPPROTO_SCTP, SCTP_EXPLICIT_EOR, 1);
  ok = ok && Set(IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, partial_point);
  for (const std::uint16_t type : kEvents) {
    sctp_event event{};
    event.se_assoc_id = SCTP_ALL_ASSOC;
    event.se_type = type;
    event.se_on = 1;
    ok = ok && Set(IPPROTO_SCTP, SCTP_EVENT, event);
  }
  if (!ok) return FailWithErrno("usrsctp_setsockopt");
  SetLargestPacket(options.max_packet_size);
  return {};
}

void UsrsctpSocket::Close() {
  if (socket_ == nullptr) return;
  library_->set_upcall(socket_, nullptr, nullptr);
  library_->close(std::exchange(socket_, nullptr));
}

UsrsctpSocket::Sent UsrsctpSocket::Send(StreamId stream, Ppid ppid, ByteSpan data, bool last,
                                        const Delivery& delivery) {
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = ToInt(stream);
  info.sendv_sndinfo.snd_ppid = htonl(static_cast<std::uint32_t>(ppid));
  if (last) info.sendv_sndinfo.snd_flags |= SCTP_EOR;
  if (!delivery.ordered) info.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
  if (delivery.max_retransmits) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = *delivery.max_retransmits;
  } else if (delivery.max_life_time) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
    info.sendv_prinfo.pr_value = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(delivery.max_life_time->count(), 0, 65'535));
  }
  const auto sent = library_->sendv(socket_, data.data(), data.size(), nullptr, 0, &info,
                                    sizeof info, SCTP_SENDV_SPA, 0);
  if (sent < 0) return {.error = errno};
  return {.size = static_cast<std::size_t>(sent)};
}

int UsrsctpSocket::ResetOutgoing(std::span<const StreamId> streams) {
  // sctp_reset_streams ends in an array of stream numbers.
  std::vector<std::uint8_t> value(sizeof(sctp_reset_streams) + 2 * streams.size());
  sctp_reset_streams header{};
  header.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  header.srs_number_streams = static_cast<std::uint16_t>(streams.size());
  std::memcpy(value.data(), &header, sizeof header);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const std::uint16_t number = ToInt(streams[i]);
    std::memcpy(value.data() + sizeof header + 2 * i, &number, 2);
  }
  const int result = library_->setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, value.data(),
                                          static_cast<socklen_t>(value.size()));
  return result == 0 ? 0 : errno;
}

int UsrsctpSocket::AddOutgoingStreams(std::uint16_t count) {
  sctp_add_streams add{};
  add.sas_outstrms = count;
  return Set(IPPROTO_SCTP, SCTP_ADD_STREAMS, add) ? 0 : errno;
}

int UsrsctpSocket::Shutdown() { return library_->shutdown(socket_, SHUT_WR) == 0 ? 0 : errno; }

void UsrsctpSocket::SetNoDelay(bool no_delay) { Set(IPPROTO_SCTP, SCTP_NODELAY, no_delay ? 1 : 0); }

void UsrsctpSocket::SetLargestPacket(std::size_t size) {
  sctp_assoc_value chunk{};
  chunk.assoc_value = static_cast<std::uint32_t>(size - kMaxSegmentOverhead);
  Set(IPPROTO_SCTP, SCTP_MAXSEG, chunk);
}

void UsrsctpSocket::SendHeartbeat() {
  sctp_paddrparams path{};
  path.spp_flags = SPP_HB_DEMAND;
  // Only with an address does the option mean now, and not the default.
  const sockaddr_conn remote = MakeAddress(id_, remote_port_);
  std::memcpy(&path.spp_address, &remote, sizeof remote);
  Set(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
}

void UsrsctpSocket::SetSackFrequency(std::uint32_t packets) {
  sctp_sack_info info{};
  info.sack_freq = packets;
  Set(IPPROTO_SCTP, SCTP_DELAYED_SACK, info);
}

UsrsctpSocket::Read UsrsctpSocket::ReadNext(std::span<std::uint8_t> buffer) {
  sctp_rcvinfo info{};
  socklen_t info_size = sizeof info;
  unsigned int info_type = SCTP_RECVV_NOINFO;
  int flags = 0;
  const auto size = library_->recvv(socket_, buffer.data(), buffer.size(), nullptr, nullptr, &info,
                                    &info_size, &info_type, &flags);
  Read read;
  if (size < 0) {
    read.error = errno;
    const bool nothing = read.error == EAGAIN || read.error == EWOULDBLOCK;
    read.kind = nothing ? Read::Kind::kNothing : Read::Kind::kError;
    return read;
  }
  if (size == 0) {
    read.kind = Read::Kind::kEnd;
    return read;
  }
  read.size = static_cast<std::size_t>(size);
  read.complete = (flags & MSG_EOR) != 0;
  if ((flags & MSG_NOTIFICATION) != 0) {
    read.kind = Read::Kind::kNotification;
    return read;
  }
  read.kind = Read::Kind::kMessage;
  if (info_type == SCTP_RECVV_RCVINFO) {
    read.stream = StreamId{info.rcv_sid};
    read.ppid = static_cast<Ppid>(ntohl(info.rcv_ppid));
    UnorderedDetour::Restore(read.stream, read.ppid);
    read.ordered = (info.rcv_flags & SCTP_UNORDERED) == 0;
  }
  return read;
}

bool UsrsctpSocket::Interleaves() const {
  sctp_assoc_value value{};
  socklen_t size = sizeof value;
  return library_->getsockopt(socket_, IPPROTO_SCTP, kInterleavingSupported, &value, &size) == 0 &&
         value.assoc_value != 0;
}

bool UsrsctpSocket::ReadInterleaved(bool interleaved) {
  return Set(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE,
             interleaved ? kInterleaveStreams : std::uint32_t{0});
}

void UsrsctpSocket::SetPartialDeliveryPoint(std::size_t bytes) {
  Set(IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, static_cast<std::uint32_t>(bytes));
}

std::optional<UsrsctpSocket::Path> UsrsctpSocket::ReadPath() const {
  sctp_status status{};
  socklen_t size = sizeof status;
  if (library_->getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) != 0) {
    return std::nullopt;
  }
  return Path{.congestion_window = status.sstat_primary.spinfo_cwnd,
              .smoothed_rtt = std::chrono::milliseconds(status.sstat_primary.spinfo_srtt)};
}

void UsrsctpSocket::SetMaxRto(std::chrono::milliseconds rto) {
  sctp_rtoinfo info{};
  info.srto_max = static_cast<std::uint32_t>(rto.count());
  Set(IPPROTO_SCTP, SCTP_RTOINFO, info);
}

namespace {

std::optional<SendBufferUseValue> BufferUse(const UsrsctpLibrary& library,
                                            struct ::socket* socket) {
  SendBufferUseValue value{};
  socklen_t size = sizeof value;
  if (library.getsockopt(socket, IPPROTO_SCTP, kGetSendBufferUse, &value, &size) != 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<std::size_t> UsrsctpSocket::SendBufferUse() {
  const auto use = BufferUse(*library_, socket_);
  if (!use) return std::nullopt;
  return use->send;
}

std::optional<std::size_t> UsrsctpSocket::ReassemblyUse() {
  const auto use = BufferUse(*library_, socket_);
  if (!use) return std::nullopt;
  return use->receive;
}

void UsrsctpSocket::ReadStats(AssociationStats& stats) const {
  sctp_status status{};
  socklen_t size = sizeof status;
  if (library_->getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) == 0) {
    stats.smoothed_rtt = std::chrono::milliseconds(status.sstat_primary.spinfo_srtt);
    stats.retransmission_timeout = std::chrono::milliseconds(status.sstat_primary.spinfo_rto);
    stats.congestion_window = status.sstat_primary.spinfo_cwnd;
    stats.receiver_window = status.sstat_rwnd;
    stats.unacknowledged_chunks = status.sstat_unackdata;
    stats.outgoing_streams = status.sstat_outstrms;
    stats.incoming_streams = status.sstat_instrms;
  }
  sctp_prstatus abandoned{};
  abandoned.sprstat_policy = kAllPolicies;
  size = sizeof abandoned;
  if (library_->getsockopt(socket_, IPPROTO_SCTP, SCTP_PR_ASSOC_STATUS, &abandoned, &size) == 0) {
    stats.abandoned_messages =
        abandoned.sprstat_abandoned_sent + abandoned.sprstat_abandoned_unsent;
  }
}

bool UsrsctpSocket::HasAssociation() { return SendBufferUse().has_value(); }

}  // namespace pairwire::sctp
