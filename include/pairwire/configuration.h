// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Plain option structs with their defaults and the reason for each.
#ifndef PAIRWIRE_CONFIGURATION_H_
#define PAIRWIRE_CONFIGURATION_H_

#include <pairwire/certificate.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pairwire {

// One Network: one loop thread that many peers share.
struct NetworkOptions {
  // The thread's name as `ps -L` and debuggers show it; at most 15 bytes are kept
  // (pthread_setname_np).
  std::string thread_name = "pairwire";

  // After the last packet or call the loop polls for so long before it sleeps, at most 1 s. While
  // messages come closer together than that, none waits for a sleeping thread to be woken, which is
  // most of a short round trip (measured: 75 us sleeping, 11 us polling). It costs a whole core for
  // as long as it polls: 50 us and an end with a core to spare are sensible, more is for machines
  // that do nothing else. 0: sleep at once.
  std::chrono::microseconds spin{0};
};

// STUN and TURN servers that share one credential (W3C RTCIceServer; RFC 7064, RFC 7065).
struct IceServer {
  // "stun:host[:port]", "turn:host[:port][?transport=udp|tcp]", "turns:host[:port]". A host is a
  // name or an address, IPv6 in brackets; ports default to 3478, turns to 5349. "stuns:" is not
  // done.
  std::vector<std::string> urls = {};
  // For turn and turns: long-term credentials, or the time-limited ones of the TURN REST scheme
  // ("expiry:user" and its HMAC). At most 512 bytes each.
  std::string username = {};
  std::string credential = {};

  bool operator==(const IceServer&) const = default;
};

// W3C RTCIceTransportPolicy: kRelay gathers and uses relayed candidates only.
enum class IceTransportPolicy { kAll, kRelay };

// Names under .local (RFC 6762, draft-ietf-mmusic-mdns-ice-candidates): browsers hide their
// addresses behind them.
enum class MdnsMode {
  kOff,      // candidates with such names are ignored; the other end's own checks still reach us
  kResolve,  // they are resolved by multicast, at most 8 of them, 1 s each
  kResolveAndPublish  // and our own host candidates carry a random name instead of the address
};

// Whether messages of different channels may be mixed on the wire by RFC 8260 (I-DATA), so that a
// large one never holds up a small one. Between two Pairwire ends it is not needed for that: large
// messages of reliable channels then go in parts (docs/data-channels.md). With an end that does
// neither, and in channels with a limit, a message that has begun must end before another channel's
// can go: keep messages below 64 KiB where that matters.
//
// usrsctp 0.9.5 cannot forget parts of messages with it (docs/data-channels.md). So on an
// interleaving connection the limits of DataChannelInit hold for messages of up to 1,024 bytes in
// unordered channels and 65 KiB in ordered ones; larger ones are repeated until they arrive, and
// unordered ones with a limit have at most 256 KiB. A stranger that gives up parts of unordered
// messages would close our receive window bit by bit.
enum class InterleavingPolicy {
  kOff,       // the default: over lossy paths usrsctp 0.9.5 has lost messages with it
  kOwnPeers,  // offered when the other end is Pairwire, too
  kAlways
};

// How SCTP's sender probes for the rate that the path carries. None of them fixes a path that loses
// packets at random; the last two regain a large window faster after a loss.
enum class SctpCongestionControl {
  kRfc9260,    // RFC 9260 section 7, as every other end does
  kHighSpeed,  // RFC 3649; begins more slowly
  kHTcp        // H-TCP (draft-leith-tcp-htcp)
};

// One peer connection (W3C RTCConfiguration, data part).
struct PeerConfiguration {
  // At most 8 TURN urls are used, and the first STUN url that is not a relay's.
  std::vector<IceServer> ice_servers = {};
  IceTransportPolicy ice_transport_policy = IceTransportPolicy::kAll;

  // Certificates (PEM) that may vouch for turns: servers; empty: the system's.
  std::string turn_tls_ca_file = {};

  // ICE lite (RFC 8445 section 2.5): only for a peer with a public address that the other end can
  // always reach. We then never check, only answer.
  bool ice_lite = false;

  MdnsMode mdns = MdnsMode::kResolve;

  // Ours. Empty: a fresh one, made ahead, for this connection alone.
  std::optional<Certificate> certificate = std::nullopt;

  // DTLS 1.2 cipher suites by OpenSSL's names, best first; only ECDHE with AEAD. Empty:
  // AES-128-GCM, AES-256-GCM and ChaCha20 with ECDSA and RSA.
  std::vector<std::string> dtls_ciphers = {};
  // The first retransmission of a handshake flight, 20..1000 ms; each is half as long again, up to
  // 3 s.
  std::chrono::milliseconds dtls_retransmission_timeout{100};

  // A file to make (it must not exist) for the packets of this connection as pcapng, for Wireshark:
  // DTLS records, as they are above ICE. Empty: none.
  std::string capture_file = {};
  // Also the keys, so that Wireshark decrypts it. Whoever has the file then reads everything.
  bool capture_keys = false;
  // The file never grows beyond it.
  std::uint64_t capture_max_bytes = 64 * 1024 * 1024;

  // Local addresses to use, as text ("192.0.2.1", "fd00::1"). Empty: all addresses of interfaces
  // that are up, without loopback. Loopback has to be asked for by name ("127.0.0.1").
  std::vector<std::string> bind_addresses = {};

  // Interfaces to use, by name; a trailing * matches any rest ("eth0", "wl*"). Empty: all. Only
  // when bind_addresses is empty.
  std::vector<std::string> interfaces = {};
  // Interfaces not to use, in the same form; they win over `interfaces`.
  std::vector<std::string> excluded_interfaces = {"docker*", "veth*", "virbr*", "vnet*"};

  // Ports for host candidates; 0..0 lets the system choose.
  std::uint16_t port_range_begin = 0;
  std::uint16_t port_range_end = 0;

  // ICE over TCP (RFC 6544) beside UDP.
  bool enable_ice_tcp = true;

  // DTLS packets of direct UDP paths are sent and received in bulk (UDP_SEGMENT, UDP_GRO, sendmmsg,
  // recvmmsg) on a second socket of the same port, one more descriptor for each connection. Kernels
  // and paths without these (relayed, TCP) use the ordinary way by themselves; off: so do all.
  bool enable_fast_path = true;

  // Ta of RFC 8445 section 14: the pause between two connectivity checks. 5 ms is the RFC's lower
  // bound and the only part of the connect time that is ours to choose.
  std::chrono::milliseconds ice_pacing{5};

  // No answer from the other end for this long: the connection is `disconnected`, and recovers by
  // itself with the next answer.
  std::chrono::milliseconds disconnected_timeout{5'000};

  // Consent (RFC 7675 section 5.1): without an answer for this long we stop sending and the
  // connection is `failed`; an ICE restart may revive it.
  std::chrono::milliseconds consent_timeout{30'000};

  // When this machine's addresses change so that the path may be lost or a better one found, the
  // connection asks for an ICE restart (on_negotiation_needed).
  bool restart_on_network_change = true;

  // From the remote description to `connected`; after it the connection has failed.
  std::chrono::milliseconds connect_timeout{30'000};

  // Largest message we accept, announced as a=max-message-size (RFC 8841). Browsers send up to
  // 256 KiB; native peers more. Memory for one message may be held while it is reassembled.
  std::size_t max_message_size = 1024 * 1024;

  // Messages of which a part is here and the end is not, in all channels together, beside one of
  // max_message_size. A peer that begins more at one time is cut off. Large messages of a Pairwire
  // peer may take 4 MiB of it, whatever it says; only a peer with which messages are interleaved
  // needs more.
  std::size_t max_reassembly = 8 * 1024 * 1024;

  InterleavingPolicy interleaving = InterleavingPolicy::kOff;

  // Bytes that may wait in all send buffers of the connection together; Send answers kBufferFull
  // above. A larger message cannot be sent (kMessageTooLarge): raise it to send one of 100 MB.
  // Beside it, at most 64,000 messages may wait before SCTP has them.
  std::size_t max_buffered_amount = 4 * 1024 * 1024;

  // Received bytes that may wait for handlers that the application paused or has not set yet. Above
  // it the SCTP receive window closes and the sender waits.
  std::size_t max_receive_buffer = 1024 * 1024;

  // What Close may take: everything that was sent is acknowledged, then SCTP and DTLS say goodbye.
  // After it the connection ends all the same, and each channel whose bytes did not arrive hears of
  // it (on_closed). 0: nothing is waited for. Destroying the Network waits for 2.5 s at most.
  std::chrono::milliseconds close_timeout{2'000};

  // Longest label and longest protocol that the other end may give a channel, in bytes; on the wire
  // 65,535. A channel above it is refused by a reset of the stream.
  std::size_t max_label_length = 1'024;

  // Received bytes that SCTP keeps while they are out of order or nobody reads: the other end's
  // rate is at most this by the round-trip time (4 MiB are 330 Mbit/s at 100 ms). Memory is used
  // only while it is needed, but a hostile other end can fill it, several times over with the
  // overhead of small messages (docs/limits.md). 128 KiB..1 GiB.
  std::size_t sctp_receive_window = 4 * 1024 * 1024;

  // How long nothing may be acknowledged before on_data_stalled; looked at once a second. 1 s..1 h.
  // SCTP's largest retransmission timeout is 1 s, up to 3 s where round trips are long: well above
  // that a lost retransmission is no stall yet.
  std::chrono::milliseconds data_stall_after{5'000};

  SctpCongestionControl sctp_congestion_control = SctpCongestionControl::kRfc9260;

  // Open channels at one time; a peer that opens more is told by a reset of the stream.
  std::size_t max_channels = 256;
};

// What CreatePeerConnection checks first: each value alone, and that they go together. Nothing is
// opened, looked up or asked. kInvalidArgument or kLimitExceeded, with the value's name.
Result<void> Validate(const PeerConfiguration& configuration);

// W3C RTCPriorityType: the channel's share of what the path takes while others have something to
// send, too. Each is worth twice the one before (RFC 8831 section 6.4: 128, 256, 512, 1024). Nobody
// starves.
enum class DataChannelPriority { kVeryLow, kLow, kMedium, kHigh };

// W3C RTCDataChannelInit.
struct DataChannelInit {
  // False: messages are delivered as they come.
  bool ordered = true;

  // Partial reliability (RFC 3758, RFC 7496): give a message up after so many retransmissions, or
  // so many milliseconds after Send. At most one of the two; neither means reliable.
  std::optional<std::uint16_t> max_retransmits = std::nullopt;
  std::optional<std::chrono::milliseconds> max_packet_life_time = std::nullopt;  // 0..65535 ms

  // True: both ends create the channel with the same id and nothing is announced in-band.
  bool negotiated = false;
  // Required with negotiated (0..65534), else it must be empty and an id is chosen (RFC 8832
  // section 6).
  std::optional<std::uint16_t> id = std::nullopt;

  // Of what we send; announced to the other end, whose own sends it governs likewise.
  DataChannelPriority priority = DataChannelPriority::kLow;

  // Sub-protocol name, at most 65,535 bytes of UTF-8; so has the label.
  std::string protocol = {};
};

}  // namespace pairwire

#endif  // PAIRWIRE_CONFIGURATION_H_
