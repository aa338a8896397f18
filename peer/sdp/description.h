// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Session descriptions as far as a data-only WebRTC peer speaks them (RFC 8866, RFC 8829, RFC 8839,
// RFC 8841, RFC 8122). Parse refuses what is malformed or over a limit with a reason and keeps what
// it does not know out of the way; Serialize prints what browsers accept. Audio and video sections
// of an offer survive parsing as sections that we will reject.
//
// It judges form, not sense: whether an answer fits its offer is connection/negotiation.h.
#ifndef PAIRWIRE_PEER_SDP_DESCRIPTION_H_
#define PAIRWIRE_PEER_SDP_DESCRIPTION_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::sdp {

// Limits on what the other end may send; more is kLimitExceeded.
inline constexpr std::size_t kMaxBytes = 32 * 1024;
inline constexpr std::size_t kMaxLines = 1000;
inline constexpr std::size_t kMaxMediaSections = 8;
inline constexpr std::size_t kMaxCandidates = 64;   // per section
inline constexpr std::size_t kMaxFingerprints = 8;  // per section, and for the session
inline constexpr std::size_t kMaxIceOptions = 16;   // per section, and for the session
inline constexpr std::size_t kMaxBundleMids = kMaxMediaSections;
inline constexpr std::size_t kMaxMidBytes = 256;
inline constexpr std::size_t kMaxFingerprintBytes = 512;
inline constexpr std::size_t kMaxRtpmapBytes = 256;

// a=setup (RFC 4145, RFC 5763).
enum class Setup { kActpass, kActive, kPassive, kHoldconn };

// a=fingerprint, as text: "sha-256" and "AB:CD:…"; peer/dtls judges the value.
struct Fingerprint {
  std::string algorithm;
  std::string value;

  bool operator==(const Fingerprint&) const = default;
};

// One m= section with the session-level values that apply to it filled in (RFC 8829 section 5.8.1).
struct MediaSection {
  std::string kind;      // "application", "audio", "video"…
  std::string protocol;  // "UDP/DTLS/SCTP"
  std::string format;    // the rest of the m= line: "webrtc-datachannel"
  std::uint16_t port = 9;
  bool bundle_only = false;
  std::string mid;
  std::string ice_ufrag;
  std::string ice_pwd;
  std::vector<std::string> ice_options;  // "trickle", "renomination"…
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  std::optional<std::uint16_t> sctp_port;
  std::optional<std::uint64_t> max_message_size;
  // "a=x-pairwire:ufrag=abcd burst=32", ours alone (RFC 8866 section 5.13: others ignore it): the
  // end with this ICE ufrag is Pairwire, and its SCTP sends at most so many packets in one burst.
  // 0: not said. The ufrag tells it from a copy: libdatachannel answers with every attribute of the
  // offer that it does not know.
  std::string pairwire_ufrag;
  std::uint16_t pairwire_burst = 0;
  // Of audio and video, as much as it takes to keep a section that carries the bundle's transport
  // in an answer, unused: "111 opus/48000/2" of the first format, and two flags.
  std::string rtpmap;
  bool inactive = false;
  bool rtcp_mux = false;
  std::vector<std::string> candidates;  // "candidate:…", without "a="
  bool end_of_candidates = false;

  // A data section that we can use: application, UDP/DTLS/SCTP or TCP/DTLS/SCTP,
  // webrtc-datachannel.
  bool IsData() const;
  // Audio or video over RTP.
  bool IsRtp() const;
  // Port 0 without a=bundle-only (RFC 8843 section 6).
  bool IsRejected() const;

  bool operator==(const MediaSection&) const = default;
};

struct Description {
  std::string session_id;  // o= line: decimal digits below 2^63
  std::uint64_t session_version = 0;
  bool ice_lite = false;
  std::vector<std::string> bundle_group;  // mids of the first a=group:BUNDLE
  std::vector<MediaSection> media;

  bool operator==(const Description&) const = default;
};

// kParseError with the line's number, kLimitExceeded. Takes CRLF and LF. The detail never quotes
// the text: it may be logged, and the text holds a password.
Result<Description> Parse(std::string_view text);

// CRLF line ends. Parse(Serialize(d)) equals d for every d that Parse can make, unless d was so
// near to the limits above that printing session-level values once per section passes them.
std::string Serialize(const Description& description);

}  // namespace pairwire::sdp

#endif  // PAIRWIRE_PEER_SDP_DESCRIPTION_H_
