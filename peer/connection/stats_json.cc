// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A statistics report as JSON, under W3C's names (webrtc-stats, one object a dictionary).
#include <pairwire/stats.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace pairwire {
namespace {

using nlohmann::json;

// Collects one dictionary; members that are not known are left out, as browsers do.
class Entry {
 public:
  Entry(const std::string& id, const char* type, double timestamp)
      : object_{{"id", id}, {"type", type}, {"timestamp", timestamp}} {}

  template <typename T>
  Entry& Add(const char* name, const T& value) {
    object_[name] = value;
    return *this;
  }
  template <typename T>
  Entry& Add(const char* name, const std::optional<T>& value) {
    if (value) object_[name] = *value;
    return *this;
  }
  void Into(json& report) {
    std::string id = object_["id"];
    report[std::move(id)] = std::move(object_);
  }

 private:
  json object_;
};

void AddTransport(const TransportStats& stats, double timestamp, json& report) {
  Entry(stats.id, "transport", timestamp)
      .Add("packetsSent", stats.packets_sent)
      .Add("packetsReceived", stats.packets_received)
      .Add("bytesSent", stats.bytes_sent)
      .Add("bytesReceived", stats.bytes_received)
      .Add("iceRole", stats.ice_role)
      .Add("iceLocalUsernameFragment", stats.ice_local_username_fragment)
      .Add("iceState", stats.ice_state)
      .Add("dtlsState", stats.dtls_state)
      .Add("selectedCandidatePairId", stats.selected_candidate_pair_id)
      .Add("selectedCandidatePairChanges", stats.selected_candidate_pair_changes)
      .Add("localCertificateId", stats.local_certificate_id)
      .Add("remoteCertificateId", stats.remote_certificate_id)
      .Add("tlsVersion", stats.tls_version)
      .Add("dtlsCipher", stats.dtls_cipher)
      .Add("dtlsRole", stats.dtls_role)
      .Into(report);
}

void AddCandidate(const IceCandidateStats& stats, double timestamp, json& report) {
  Entry(stats.id, stats.is_remote ? "remote-candidate" : "local-candidate", timestamp)
      .Add("transportId", stats.transport_id)
      .Add("address", stats.address)
      .Add("port", stats.port)
      .Add("protocol", stats.protocol)
      .Add("candidateType", stats.candidate_type)
      .Add("priority", stats.priority)
      .Add("foundation", stats.foundation)
      .Add("relatedAddress", stats.related_address)
      .Add("relatedPort", stats.related_port)
      .Add("tcpType", stats.tcp_type)
      .Add("usernameFragment", stats.username_fragment)
      .Into(report);
}

void AddPair(const IceCandidatePairStats& stats, double timestamp, json& report) {
  Entry(stats.id, "candidate-pair", timestamp)
      .Add("transportId", stats.transport_id)
      .Add("localCandidateId", stats.local_candidate_id)
      .Add("remoteCandidateId", stats.remote_candidate_id)
      .Add("state", stats.state)
      .Add("nominated", stats.nominated)
      .Add("packetsSent", stats.packets_sent)
      .Add("packetsReceived", stats.packets_received)
      .Add("bytesSent", stats.bytes_sent)
      .Add("bytesReceived", stats.bytes_received)
      .Add("totalRoundTripTime", stats.total_round_trip_time)
      .Add("currentRoundTripTime", stats.current_round_trip_time)
      .Add("responsesReceived", stats.responses_received)
      .Add("consentRequestsSent", stats.consent_requests_sent)
      .Into(report);
}

}  // namespace

std::string ToJson(const StatsReport& stats) {
  // Milliseconds since 1970 (DOMHighResTimeStamp).
  const double timestamp =
      std::chrono::duration<double, std::milli>(stats.timestamp.time_since_epoch()).count();
  json report = json::object();
  Entry(stats.peer_connection.id, "peer-connection", timestamp)
      .Add("dataChannelsOpened", stats.peer_connection.data_channels_opened)
      .Add("dataChannelsClosed", stats.peer_connection.data_channels_closed)
      .Into(report);
  for (const auto& channel : stats.data_channels) {
    Entry(channel.id, "data-channel", timestamp)
        .Add("label", channel.label)
        .Add("protocol", channel.protocol)
        .Add("dataChannelIdentifier", channel.data_channel_identifier)
        .Add("state", channel.state)
        .Add("messagesSent", channel.messages_sent)
        .Add("bytesSent", channel.bytes_sent)
        .Add("messagesReceived", channel.messages_received)
        .Add("bytesReceived", channel.bytes_received)
        .Into(report);
  }
  for (const auto& transport : stats.transports) AddTransport(transport, timestamp, report);
  for (const auto& sctp : stats.sctp_transports) {
    Entry(sctp.id, "sctp-transport", timestamp)
        .Add("transportId", sctp.transport_id)
        .Add("state", sctp.state)
        .Add("smoothedRoundTripTime", sctp.smoothed_round_trip_time)
        .Add("congestionWindow", sctp.congestion_window)
        .Add("receiverWindow", sctp.receiver_window)
        .Add("unackData", sctp.unacked_data)
        .Add("mtu", sctp.mtu)
        .Add("stalled", sctp.stalled)
        .Add("stalls", sctp.stalls)
        .Into(report);
  }
  for (const auto& candidate : stats.candidates) AddCandidate(candidate, timestamp, report);
  for (const auto& pair : stats.candidate_pairs) AddPair(pair, timestamp, report);
  for (const auto& certificate : stats.certificates) {
    Entry(certificate.id, "certificate", timestamp)
        .Add("fingerprint", certificate.fingerprint)
        .Add("fingerprintAlgorithm", certificate.fingerprint_algorithm)
        .Add("base64Certificate", certificate.base64_certificate)
        .Into(report);
  }
  // Labels come from the other end and need not be UTF-8.
  return report.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace pairwire
