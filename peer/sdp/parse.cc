// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Parsing of session descriptions: one pass over the lines, everything bounded, nothing quoted in
// errors. Grammar: RFC 8866 section 9 for lines, then the RFC named at each attribute.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "peer/sdp/description.h"

namespace pairwire::sdp {
namespace {

constexpr std::uint64_t kMaxSessionId = std::numeric_limits<std::int64_t>::max();

// The error of one line; Parser adds the line's number.
using Status = Result<void>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHex(char c) { return IsDigit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'); }

// token-char of RFC 8866: printable ASCII without separators.
bool IsTokenChar(char c) {
  if (c <= ' ' || c > '~') return false;
  return std::string_view("\"(),/:;<=>?@[\\]").find(c) == std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// The whole of `text` as a decimal number, or nothing: no sign, no blank, no overflow.
template <typename Number>
std::optional<Number> ToNumber(std::string_view text) {
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Cuts off and returns what stands before the first blank.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

// What may stand at session level and is inherited by sections that do not say it themselves (RFC
// 8829 section 5.8.1: RFC 8839 for ICE, RFC 8122 for fingerprints, RFC 4145 for setup).
struct Shared {
  std::string ice_ufrag;
  std::string ice_pwd;
  std::vector<std::string> ice_options;
  std::vector<Fingerprint> fingerprints;
  std::optional<Setup> setup;
  bool end_of_candidates = false;
};

class Parser {
 public:
  Result<Description> Run(std::string_view text);

 private:
  Status TakeLine(std::string_view line);
  Status TakeStart(char type, std::string_view value);
  Status TakeOrigin(std::string_view value);
  Status TakeMedia(std::string_view value);
  Status TakeAttribute(std::string_view line);
  Status TakeSessionAttribute(std::string_view name, std::string_view value);
  Status TakeMediaAttribute(std::string_view name, std::string_view value);
  void TakePairwire(std::string_view value);
  Status TakeNumber(std::string_view name, std::string_view value);
  Status TakeMid(std::string_view value);
  Status TakeRtpmap(std::string_view value);
  Status TakeCandidate(std::string_view value);
  Status TakeGroup(std::string_view value);
  // Fills one of Shared's fields, at either level; false when `name` is none of them.
  template <typename Target>
  Result<bool> TakeShared(Target& target, std::string_view name, std::string_view value);
  Status Finish();

  MediaSection& section() { return description_.media.back(); }

  Description description_;
  Shared session_;
  bool has_bundle_group_ = false;
  // v=, o= and s= come first and in this order; t= once, somewhere before the first m=.
  std::size_t lines_ = 0;
  bool has_time_ = false;
};

tl::unexpected<Error> Malformed(std::string_view what) {
  return Fail(Errc::kParseError, std::string(what));
}

tl::unexpected<Error> TooMany(std::string_view what, std::size_t limit) {
  return Fail(Errc::kLimitExceeded, "more than " + std::to_string(limit) + " " + std::string(what));
}

// `name` is one of our own literals, never the other end's text.
tl::unexpected<Error> Bad(std::string_view name, std::string_view problem) {
  return Malformed("a=" + std::string(name) + " " + std::string(problem));
}

// A value that may be given once.
Status SetOnce(std::string& target, std::string_view name, std::string_view value) {
  if (!target.empty()) return Bad(name, "is given twice");
  if (value.empty()) return Bad(name, "has no value");
  target = value;
  return {};
}

Status SetSetup(std::optional<Setup>& target, std::string_view value) {
  if (target) return Bad("setup", "is given twice");
  if (value == "actpass") {
    target = Setup::kActpass;
  } else if (value == "active") {
    target = Setup::kActive;
  } else if (value == "passive") {
    target = Setup::kPassive;
  } else if (value == "holdconn") {
    target = Setup::kHoldconn;
  } else {
    return Bad("setup", "is none of actpass, active, passive and holdconn");
  }
  return {};
}

// "AB:CD:…": pairs of hexadecimal digits; how many is for the hash function to say.
bool IsHexPairs(std::string_view text) {
  if (text.size() % 3 != 2) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !IsHex(text[i])) return false;
  }
  return true;
}

// RFC 8122 section 5.
Status AddFingerprint(std::vector<Fingerprint>& target, std::string_view value) {
  if (target.size() == kMaxFingerprints) return TooMany("a=fingerprint lines", kMaxFingerprints);
  if (value.size() > kMaxFingerprintBytes) {
    return TooMany("bytes of a=fingerprint", kMaxFingerprintBytes);
  }
  const std::string_view algorithm = TakeWord(value);
  const std::string_view digest = Trim(value);
  if (!IsToken(algorithm)) return Bad("fingerprint", "names no hash function");
  if (!IsHexPairs(digest)) return Bad("fingerprint", "has a value that is not pairs of hex digits");
  target.push_back({std::string(algorithm), std::string(digest)});
  return {};
}

// RFC 8839 section 5.6.
Status SetIceOptions(std::vector<std::string>& target, std::string_view value) {
  if (!target.empty()) return Bad("ice-options", "is given twice");
  while (!value.empty()) {
    const std::string_view option = TakeWord(value);
    if (!option.empty()) {
      if (target.size() == kMaxIceOptions) return TooMany("ice options", kMaxIceOptions);
      target.emplace_back(option);
    }
  }
  if (target.empty()) return Bad("ice-options", "has no value");
  return {};
}

// NUL, control characters and, outside of free text, anything that is not ASCII.
Status CheckCharacters(std::string_view line) {
  // s= and i= are for people and may be UTF-8; we drop them unread.
  const bool free_text = line.starts_with("s=") || line.starts_with("i=");
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return Malformed("holds a control character");
    if (byte > 0x7f && !free_text) return Malformed("holds a character outside of ASCII");
  }
  return {};
}

Result<Description> Parser::Run(std::string_view text) {
  if (text.size() > kMaxBytes) return TooMany("bytes of SDP", kMaxBytes);
  // Blank lines at the end come from programs that join lines once too often.
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return Malformed("the SDP is empty");
  while (!text.empty()) {
    if (lines_ == kMaxLines) return TooMany("lines of SDP", kMaxLines);
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto taken = TakeLine(line); !taken) {
      return Fail(taken.error().code,
                  "line " + std::to_string(lines_ + 1) + ": " + taken.error().detail);
    }
    ++lines_;
  }
  if (auto finished = Finish(); !finished) return tl::unexpected(finished.error());
  return std::move(description_);
}

Status Parser::TakeLine(std::string_view line) {
  if (auto checked = CheckCharacters(line); !checked) return checked;
  if (line.size() < 2 || line[1] != '=') return Malformed("is not of the form x=value");
  const char type = line[0];
  const std::string_view value = line.substr(2);
  if (lines_ < 3) return TakeStart(type, value);
  if (type == 'm') return TakeMedia(value);
  if (type == 'a') return TakeAttribute(value);
  const bool in_session = description_.media.empty();
  if (type == 't' && in_session) {
    has_time_ = true;
    return {};
  }
  // Known and of no use to us. RFC 8866 section 5 has the whole description refused for other
  // letters.
  const std::string_view known = in_session ? "iuepcbrzk" : "icbk";
  if (known.find(type) == std::string_view::npos)
    return Malformed("has a type that does not belong");
  return {};
}

Status Parser::TakeStart(char type, std::string_view value) {
  switch (lines_) {
    case 0:
      if (type != 'v' || value != "0") return Malformed("is not v=0");
      return {};
    case 1:
      if (type != 'o') return Malformed("is not o=");
      return TakeOrigin(value);
    default:
      if (type != 's') return Malformed("is not s=");
      return {};
  }
}

// o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>
Status Parser::TakeOrigin(std::string_view value) {
  std::string_view words[6];
  for (auto& word : words) word = TakeWord(value);
  if (words[5].empty() || !value.empty()) return Malformed("o= has not six fields");
  const auto id = ToNumber<std::uint64_t>(words[1]);
  if (!id || *id > kMaxSessionId) return Malformed("o= has no session id below 2^63");
  const auto version = ToNumber<std::uint64_t>(words[2]);
  if (!version) return Malformed("o= has no session version below 2^64");
  description_.session_id = words[1];
  description_.session_version = *version;
  return {};
}

// m=<media> <port> <proto> <fmt>...
Status Parser::TakeMedia(std::string_view value) {
  if (!has_time_) return Malformed("m= comes before t=");
  if (description_.media.size() == kMaxMediaSections) {
    return TooMany("media sections", kMaxMediaSections);
  }
  MediaSection section;
  const std::string_view kind = TakeWord(value);
  const auto port = ToNumber<std::uint16_t>(TakeWord(value));
  const std::string_view protocol = TakeWord(value);
  if (!IsToken(kind)) return Malformed("m= names no media");
  if (!port) return Malformed("m= has no port up to 65535");
  if (protocol.empty()) return Malformed("m= names no protocol");
  if (value.empty() || value.front() == ' ') return Malformed("m= names no format");
  section.kind = kind;
  section.port = *port;
  section.protocol = protocol;
  section.format = value;
  description_.media.push_back(std::move(section));
  return {};
}

Status Parser::TakeAttribute(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (name.empty()) return Malformed("a= names no attribute");
  // Blanks around a value are no one's intent, and libnice refuses candidates that end in one.
  const std::string_view value =
      colon == std::string_view::npos ? std::string_view() : Trim(line.substr(colon + 1));
  return description_.media.empty() ? TakeSessionAttribute(name, value)
                                    : TakeMediaAttribute(name, value);
}

template <typename Target>
Result<bool> Parser::TakeShared(Target& target, std::string_view name, std::string_view value) {
  Status taken;
  if (name == "ice-ufrag") {
    taken = SetOnce(target.ice_ufrag, "ice-ufrag", value);
  } else if (name == "ice-pwd") {
    taken = SetOnce(target.ice_pwd, "ice-pwd", value);
  } else if (name == "ice-options") {
    taken = SetIceOptions(target.ice_options, value);
  } else if (name == "fingerprint") {
    taken = AddFingerprint(target.fingerprints, value);
  } else if (name == "setup") {
    taken = SetSetup(target.setup, value);
  } else if (name == "end-of-candidates") {
    target.end_of_candidates = true;
  } else {
    return false;
  }
  if (!taken) return tl::unexpected(taken.error());
  return true;
}

Status Parser::TakeSessionAttribute(std::string_view name, std::string_view value) {
  const auto shared = TakeShared(session_, name, value);
  if (!shared) return tl::unexpected(shared.error());
  if (*shared) return {};
  if (name == "ice-lite") {
    description_.ice_lite = true;
  } else if (name == "group") {
    return TakeGroup(value);
  }
  return {};
}

// RFC 5888 section 5, RFC 8843 section 7.
Status Parser::TakeGroup(std::string_view value) {
  // A data section in a second bundle, which only media servers make, is answered as one without.
  if (TakeWord(value) != "BUNDLE" || has_bundle_group_) return {};
  has_bundle_group_ = true;
  while (!value.empty()) {
    const std::string_view mid = TakeWord(value);
    if (mid.empty()) continue;
    if (!IsToken(mid)) return Bad("group", "holds a mid that is no token");
    if (description_.bundle_group.size() == kMaxBundleMids) {
      return TooMany("mids in a=group", kMaxBundleMids);
    }
    description_.bundle_group.emplace_back(mid);
  }
  return {};
}

Status Parser::TakeMediaAttribute(std::string_view name, std::string_view value) {
  const auto shared = TakeShared(section(), name, value);
  if (!shared) return tl::unexpected(shared.error());
  if (*shared) return {};
  if (name == "mid") return TakeMid(value);
  if (name == "candidate") return TakeCandidate(value);
  if (name == "sctp-port" || name == "max-message-size") return TakeNumber(name, value);
  if (name == "rtpmap") return TakeRtpmap(value);
  if (name == "x-pairwire") TakePairwire(value);
  if (name == "bundle-only") section().bundle_only = true;
  if (name == "inactive") section().inactive = true;
  if (name == "rtcp-mux") section().rtcp_mux = true;
  return {};
}

// RFC 8866 section 6.6: only that of the section's first format is kept, and only once.
Status Parser::TakeRtpmap(std::string_view value) {
  const std::string_view format = section().format;
  std::string_view rest = value;
  if (!section().rtpmap.empty() || TakeWord(rest) != format.substr(0, format.find(' '))) return {};
  if (value.size() > kMaxRtpmapBytes) return TooMany("bytes of a=rtpmap", kMaxRtpmapBytes);
  section().rtpmap = value;
  return {};
}

// RFC 8841 sections 5 and 6.
Status Parser::TakeNumber(std::string_view name, std::string_view value) {
  if (name == "sctp-port") {
    if (section().sctp_port) return Bad("sctp-port", "is given twice");
    section().sctp_port = ToNumber<std::uint16_t>(value);
    if (!section().sctp_port) return Bad("sctp-port", "is no number up to 65535");
  } else {
    if (section().max_message_size) return Bad("max-message-size", "is given twice");
    section().max_message_size = ToNumber<std::uint64_t>(value);
    if (!section().max_message_size) return Bad("max-message-size", "is no number below 2^64");
  }
  return {};
}

// Words with or without "=value", of which later versions may have more. What is not understood is
// left out, as of any attribute that is not known.
void Parser::TakePairwire(std::string_view value) {
  constexpr std::string_view kBurst = "burst=";
  constexpr std::string_view kUfrag = "ufrag=";
  for (auto word = TakeWord(value); !word.empty(); word = TakeWord(value)) {
    if (word.starts_with(kUfrag)) section().pairwire_ufrag = word.substr(kUfrag.size());
    if (!word.starts_with(kBurst)) continue;
    section().pairwire_burst = ToNumber<std::uint16_t>(word.substr(kBurst.size())).value_or(0);
  }
}

Status Parser::TakeMid(std::string_view value) {
  if (value.size() > kMaxMidBytes) return TooMany("bytes of a=mid", kMaxMidBytes);
  if (auto set = SetOnce(section().mid, "mid", value); !set) return set;
  if (!IsToken(value)) return Bad("mid", "is no token");
  const auto& media = description_.media;
  const auto same = [&](const MediaSection& other) { return other.mid == value; };
  if (std::any_of(media.begin(), media.end() - 1, same)) {
    return Bad("mid", "is the same as that of another section");
  }
  return {};
}

// Kept as text; whether it is a candidate that can be used is for ICE to say.
Status Parser::TakeCandidate(std::string_view value) {
  if (value.empty()) return Bad("candidate", "has no value");
  auto& candidates = section().candidates;
  if (candidates.size() == kMaxCandidates) return TooMany("candidates", kMaxCandidates);
  candidates.push_back("candidate:" + std::string(value));
  return {};
}

Status Parser::Finish() {
  if (lines_ < 3) return Malformed("the SDP ends before s=");
  if (!has_time_) return Malformed("the SDP has no t= line");
  for (auto& section : description_.media) {
    if (section.ice_ufrag.empty()) section.ice_ufrag = session_.ice_ufrag;
    if (section.ice_pwd.empty()) section.ice_pwd = session_.ice_pwd;
    if (section.ice_options.empty()) section.ice_options = session_.ice_options;
    if (section.fingerprints.empty()) section.fingerprints = session_.fingerprints;
    if (!section.setup) section.setup = session_.setup;
    section.end_of_candidates |= session_.end_of_candidates;
  }
  return {};
}

}  // namespace

Result<Description> Parse(std::string_view text) { return Parser().Run(text); }

}  // namespace pairwire::sdp
