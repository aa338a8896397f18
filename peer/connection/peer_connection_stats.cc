// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerConnectionCore::GetStats: what the boxes know, under the names of W3C's webrtc-stats. Ids are
// stable within a connection: a letter for the kind and what names the object.
#include <algorithm>
#include <utility>

#include "peer/connection/connection_state.h"
#include "peer/connection/peer_connection_core.h"
#include "peer/ice/candidate.h"

namespace pairwire {
namespace {

constexpr char kTransportId[] = "T";

// RFC 4648 section 4.
std::string Base64(ByteSpan bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < left ? bytes[i + k] : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= left ? kAlphabet[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::string CandidateId(bool is_remote, const std::string& line) {
  return (is_remote ? "R" : "L") + line.substr(std::string_view("candidate:").size());
}

std::string TypeName(const ice::Candidate& candidate) {
  // A peer-reflexive one is never signalled, but turns up here.
  return candidate.type == ice::CandidateType::kPeerReflexive ? "prflx" : candidate.type_name;
}

std::optional<IceCandidateStats> CandidateStats(bool is_remote, const std::string& line,
                                                const std::string& ufrag) {
  const auto candidate = ice::ParseCandidate(line);
  if (!candidate) return std::nullopt;
  IceCandidateStats stats;
  stats.id = CandidateId(is_remote, line);
  stats.is_remote = is_remote;
  stats.transport_id = kTransportId;
  stats.address = candidate->address;
  stats.port = candidate->port;
  stats.protocol = candidate->transport == ice::CandidateTransport::kTcp ? "tcp" : "udp";
  stats.candidate_type = TypeName(*candidate);
  stats.priority = candidate->priority;
  stats.foundation = candidate->foundation;
  stats.related_address = candidate->related_address;
  stats.related_port = candidate->related_port;
  if (candidate->tcp_type == ice::TcpType::kActive) stats.tcp_type = "active";
  if (candidate->tcp_type == ice::TcpType::kPassive) stats.tcp_type = "passive";
  if (candidate->tcp_type == ice::TcpType::kSimultaneousOpen) stats.tcp_type = "so";
  stats.username_fragment = ufrag;
  return stats;
}

CertificateStats CertificateOf(ByteSpan der) {
  CertificateStats stats;
  const auto fingerprint = dtls::FingerprintOf(der, dtls::HashAlgorithm::kSha256);
  if (fingerprint) {
    const std::string text = ToString(*fingerprint);
    const auto blank = text.find(' ');
    stats.fingerprint_algorithm = text.substr(0, blank);
    stats.fingerprint = text.substr(blank + 1);
  }
  stats.id = "C" + stats.fingerprint;
  stats.base64_certificate = Base64(der);
  return stats;
}

double ToSeconds(std::chrono::microseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void AddCandidates(const ice::Stats& ice, const std::string& local_ufrag,
                   const std::string& remote_ufrag, StatsReport& report) {
  for (const auto& line : ice.local_candidates) {
    if (auto stats = CandidateStats(false, line, local_ufrag)) {
      report.candidates.push_back(std::move(*stats));
    }
  }
  for (const auto& line : ice.remote_candidates) {
    if (auto stats = CandidateStats(true, line, remote_ufrag)) {
      report.candidates.push_back(std::move(*stats));
    }
  }
}

// The pair's ends may be peer-reflexive, which nobody signalled: then they join the list.
void AddPair(const ice::Stats& ice, ice::State state, const std::string& local_ufrag,
             const std::string& remote_ufrag, StatsReport& report) {
  if (!ice.selected) return;
  IceCandidatePairStats pair;
  pair.transport_id = kTransportId;
  pair.local_candidate_id = CandidateId(false, ice.selected->local);
  pair.remote_candidate_id = CandidateId(true, ice.selected->remote);
  for (const auto& [is_remote, line, ufrag] :
       {std::tuple(false, ice.selected->local, local_ufrag),
        std::tuple(true, ice.selected->remote, remote_ufrag)}) {
    const std::string id = CandidateId(is_remote, line);
    const auto known = std::ranges::find(report.candidates, id, &IceCandidateStats::id);
    if (known != report.candidates.end()) continue;
    if (auto stats = CandidateStats(is_remote, line, ufrag)) {
      report.candidates.push_back(std::move(*stats));
    }
  }
  pair.id = "P" + pair.local_candidate_id + "/" + pair.remote_candidate_id;
  pair.state = state == ice::State::kFailed ? "failed" : "succeeded";
  pair.nominated = true;
  pair.packets_sent = ice.packets_sent;
  pair.packets_received = ice.packets_received;
  pair.bytes_sent = ice.bytes_sent;
  pair.bytes_received = ice.bytes_received;
  pair.total_round_trip_time = ToSeconds(ice.total_round_trip_time);
  if (ice.current_round_trip_time) {
    pair.current_round_trip_time = ToSeconds(*ice.current_round_trip_time);
  }
  pair.responses_received = ice.responses_received;
  pair.consent_requests_sent = ice.consent_requests_sent;
  report.transports.front().selected_candidate_pair_id = pair.id;
  report.candidate_pairs.push_back(std::move(pair));
}

void AddSctp(const sctp::ChannelMuxStats& mux, StatsReport& report) {
  report.peer_connection.data_channels_opened = static_cast<std::uint32_t>(mux.channels_opened);
  report.peer_connection.data_channels_closed = static_cast<std::uint32_t>(mux.channels_closed);
  for (const auto& channel : mux.channels) {
    DataChannelStats stats;
    stats.id = "D" + std::to_string(channel.channel);
    stats.label = channel.label;
    stats.protocol = channel.protocol;
    if (channel.stream) stats.data_channel_identifier = sctp::ToInt(*channel.stream);
    stats.state = channel.state == sctp::ChannelState::kOpening ? "connecting"
                  : channel.state == sctp::ChannelState::kOpen  ? "open"
                                                                : "closing";
    stats.messages_sent = channel.messages_sent;
    stats.bytes_sent = channel.bytes_sent;
    stats.messages_received = channel.messages_received;
    stats.bytes_received = channel.bytes_received;
    report.data_channels.push_back(std::move(stats));
  }
  if (!mux.association) return;
  SctpTransportStats stats;
  stats.id = "S";
  stats.transport_id = kTransportId;
  stats.state = ToString(ToSctpTransportState(mux.association->state));
  if (mux.association->smoothed_rtt.count() > 0) {
    stats.smoothed_round_trip_time = ToSeconds(mux.association->smoothed_rtt);
  }
  stats.congestion_window = static_cast<std::uint32_t>(mux.association->congestion_window);
  stats.receiver_window = static_cast<std::uint32_t>(mux.association->receiver_window);
  stats.unacked_data = static_cast<std::uint32_t>(mux.association->unacknowledged_chunks);
  stats.mtu = static_cast<std::uint32_t>(mux.association->max_packet_size);
  stats.stalled = mux.association->stalled;
  stats.stalls = mux.association->stalls;
  report.sctp_transports.push_back(std::move(stats));
}

}  // namespace

void PeerConnectionCore::GetStats(const std::function<void(StatsReport)>& done) {
  if (detached_ || !done) return;
  StatsReport report;
  report.timestamp = std::chrono::system_clock::now();  // RTCStats.timestamp; nothing acts on it
  report.peer_connection.id = "PC" + std::to_string(shared_->id);
  if (stack_ == nullptr) return done(std::move(report));

  const ice::Stats ice = stack_->paths().stats();
  TransportStats transport;
  transport.id = kTransportId;
  transport.packets_sent = ice.packets_sent;
  transport.packets_received = ice.packets_received;
  transport.bytes_sent = ice.bytes_sent;
  transport.bytes_received = ice.bytes_received;
  transport.ice_role = !ice_role_                              ? "unknown"
                       : *ice_role_ == ice::Role::kControlling ? "controlling"
                                                               : "controlled";
  transport.ice_local_username_fragment = local_ufrag_;
  transport.ice_state = ToString(ice_state_);
  transport.dtls_state = ToString(dtls_state_);
  transport.selected_candidate_pair_changes = static_cast<std::uint32_t>(ice.selected_pair_changes);

  report.certificates.push_back(CertificateOf(certificate_.der()));
  transport.local_certificate_id = report.certificates.back().id;
  if (const auto& info = stack_->dtls().info()) {
    transport.tls_version = info->tls_version;
    transport.dtls_cipher = info->cipher;
    transport.dtls_role = info->role == dtls::Role::kClient ? "client" : "server";
    for (const auto& der : stack_->dtls().remote_certificates()) {
      report.certificates.push_back(CertificateOf(der));
      if (!transport.remote_certificate_id) {
        transport.remote_certificate_id = report.certificates.back().id;
      }
    }
  }
  report.transports.push_back(std::move(transport));
  AddCandidates(ice, local_ufrag_, remote_ufrag_, report);
  AddPair(ice, ice_state_, local_ufrag_, remote_ufrag_, report);
  AddSctp(stack_->channels().stats(), report);
  done(std::move(report));
}

}  // namespace pairwire
