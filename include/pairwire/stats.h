// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What PeerConnection::GetStats reports: the data part of W3C's webrtc-stats, one struct a
// dictionary, members under their W3C names in snake case, bytes and packets as counts, durations
// in seconds as there. ToJson prints the W3C names themselves.
//
// A member that is empty is not known (yet). Counters start with the connection and go over ICE
// restarts, except those of a candidate pair, which are the pair's transport's.
#ifndef PAIRWIRE_STATS_H_
#define PAIRWIRE_STATS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pairwire {

// RTCPeerConnectionStats.
struct PeerConnectionStats {
  std::string id;
  std::uint32_t data_channels_opened = 0;
  std::uint32_t data_channels_closed = 0;
};

// RTCDataChannelStats.
struct DataChannelStats {
  std::string id;
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> data_channel_identifier;
  std::string state;  // "connecting", "open", "closing"
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;
};

// RTCTransportStats. Bytes and packets are those of ICE's payload, that is DTLS records.
struct TransportStats {
  std::string id;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::string ice_role;  // "unknown", "controlling", "controlled"
  std::string ice_local_username_fragment;
  std::string ice_state;   // RTCIceTransportState
  std::string dtls_state;  // RTCDtlsTransportState
  std::optional<std::string> selected_candidate_pair_id;
  std::uint32_t selected_candidate_pair_changes = 0;
  std::optional<std::string> local_certificate_id;
  std::optional<std::string> remote_certificate_id;
  std::optional<std::string> tls_version;  // "FEFD" for DTLS 1.2
  std::optional<std::string> dtls_cipher;  // IANA's name
  std::optional<std::string> dtls_role;    // "client", "server"
};

// What W3C has no dictionary for: the SCTP association under the channels (RTCSctpTransport's state
// and usrsctp's own figures).
struct SctpTransportStats {
  std::string id;
  std::string transport_id;
  std::string state;  // RTCSctpTransportState: "connecting", "connected", "closed"
  std::optional<double> smoothed_round_trip_time;
  std::optional<std::uint32_t> congestion_window;
  std::optional<std::uint32_t> receiver_window;
  std::optional<std::uint32_t> unacked_data;  // chunks
  std::optional<std::uint32_t> mtu;
  bool stalled = false;      // between on_data_stalled and on_data_resumed
  std::uint64_t stalls = 0;  // so far
};

// RTCIceCandidateStats.
struct IceCandidateStats {
  std::string id;
  bool is_remote = false;  // type "remote-candidate" or "local-candidate"
  std::string transport_id;
  std::string address;
  std::uint16_t port = 0;
  std::string protocol;        // "udp", "tcp"
  std::string candidate_type;  // "host", "srflx", "prflx", "relay"
  std::uint32_t priority = 0;
  std::string foundation;
  std::optional<std::string> related_address;
  std::optional<std::uint16_t> related_port;
  std::optional<std::string> tcp_type;
  std::string username_fragment;
};

// RTCIceCandidatePairStats, of the pair that carries; libnice does not show the others.
struct IceCandidatePairStats {
  std::string id;
  std::string transport_id;
  std::string local_candidate_id;
  std::string remote_candidate_id;
  std::string state;  // "succeeded", or "failed" once consent ended
  bool nominated = false;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  double total_round_trip_time = 0;
  std::optional<double> current_round_trip_time;
  std::uint64_t responses_received = 0;
  std::uint64_t consent_requests_sent = 0;
};

// RTCCertificateStats.
struct CertificateStats {
  std::string id;
  std::string fingerprint;            // "AB:CD:…"
  std::string fingerprint_algorithm;  // "sha-256"
  std::string base64_certificate;     // DER
};

struct StatsReport {
  // Of this machine's clock, for RTCStats.timestamp.
  std::chrono::system_clock::time_point timestamp;
  PeerConnectionStats peer_connection;
  std::vector<DataChannelStats> data_channels;
  std::vector<TransportStats> transports;  // one, as everything is bundled; none before it is made
  std::vector<SctpTransportStats> sctp_transports;
  std::vector<IceCandidateStats> candidates;
  std::vector<IceCandidatePairStats> candidate_pairs;
  std::vector<CertificateStats> certificates;
};

// An object whose members are the ids, as JSON.stringify(Object.fromEntries(report)) in a browser
// gives. SctpTransportStats have the type "sctp-transport".
std::string ToJson(const StatsReport& report);

}  // namespace pairwire

#endif  // PAIRWIRE_STATS_H_
