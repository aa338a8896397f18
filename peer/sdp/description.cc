// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Printing session descriptions, and the two questions that a media section answers about itself.
#include "peer/sdp/description.h"

namespace pairwire::sdp {
namespace {

std::string_view ToText(Setup setup) {
  switch (setup) {
    case Setup::kActpass:
      return "actpass";
    case Setup::kActive:
      return "active";
    case Setup::kPassive:
      return "passive";
    case Setup::kHoldconn:
      return "holdconn";
  }
  return "actpass";  // Not an enumerator: somebody cast a number.
}

// Appends "a=name:value".
void AddAttribute(std::string& out, std::string_view name, std::string_view value) {
  out.append("a=").append(name).append(":").append(value).append("\r\n");
}

void AddList(std::string& out, std::string_view name, const std::vector<std::string>& values) {
  out.append("a=").append(name);
  char separator = ':';
  for (const auto& value : values) {
    out.push_back(separator);
    out.append(value);
    separator = ' ';
  }
  out.append("\r\n");
}

// The order of lines is that of browsers: readers exist that depend on it.
void AddSection(std::string& out, const MediaSection& section) {
  out.append("m=").append(section.kind).append(" ").append(std::to_string(section.port));
  out.append(" ").append(section.protocol).append(" ").append(section.format).append("\r\n");
  // With ICE the address means nothing; RFC 8829 section 5.2.1 asks for this dummy.
  out.append("c=IN IP4 0.0.0.0\r\n");
  if (section.bundle_only) out.append("a=bundle-only\r\n");
  if (!section.ice_ufrag.empty()) AddAttribute(out, "ice-ufrag", section.ice_ufrag);
  if (!section.ice_pwd.empty()) AddAttribute(out, "ice-pwd", section.ice_pwd);
  if (!section.ice_options.empty()) AddList(out, "ice-options", section.ice_options);
  for (const auto& fingerprint : section.fingerprints) {
    AddAttribute(out, "fingerprint", fingerprint.algorithm + " " + fingerprint.value);
  }
  if (section.setup) AddAttribute(out, "setup", ToText(*section.setup));
  if (!section.mid.empty()) AddAttribute(out, "mid", section.mid);
  if (section.inactive) out.append("a=inactive\r\n");
  if (section.rtcp_mux) out.append("a=rtcp-mux\r\n");
  if (!section.rtpmap.empty()) AddAttribute(out, "rtpmap", section.rtpmap);
  if (section.sctp_port) AddAttribute(out, "sctp-port", std::to_string(*section.sctp_port));
  if (section.max_message_size) {
    AddAttribute(out, "max-message-size", std::to_string(*section.max_message_size));
  }
  if (section.pairwire_burst != 0) {
    AddAttribute(
        out, "x-pairwire",
        "ufrag=" + section.pairwire_ufrag + " burst=" + std::to_string(section.pairwire_burst));
  }
  for (const auto& candidate : section.candidates) {
    out.append("a=").append(candidate).append("\r\n");
  }
  if (section.end_of_candidates) out.append("a=end-of-candidates\r\n");
}

}  // namespace

bool MediaSection::IsData() const {
  // "DTLS/SCTP" with a=sctpmap, the form before RFC 8841, is no longer spoken by anybody.
  return kind == "application" && (protocol == "UDP/DTLS/SCTP" || protocol == "TCP/DTLS/SCTP") &&
         format == "webrtc-datachannel";
}

bool MediaSection::IsRtp() const {
  return (kind == "audio" || kind == "video") && protocol.find("RTP/") != std::string::npos;
}

bool MediaSection::IsRejected() const { return port == 0 && !bundle_only; }

std::string Serialize(const Description& description) {
  std::string out;
  out.reserve(1024);
  out.append("v=0\r\no=- ").append(description.session_id).append(" ");
  out.append(std::to_string(description.session_version)).append(" IN IP4 127.0.0.1\r\n");
  out.append("s=-\r\nt=0 0\r\n");
  if (description.ice_lite) out.append("a=ice-lite\r\n");
  if (!description.bundle_group.empty()) {
    out.append("a=group:BUNDLE");
    for (const auto& mid : description.bundle_group) out.append(" ").append(mid);
    out.append("\r\n");
  }
  for (const auto& section : description.media) AddSection(out, section);
  out.shrink_to_fit();  // it is kept for as long as a connection lives
  return out;
}

}  // namespace pairwire::sdp
