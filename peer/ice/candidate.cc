// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/candidate.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace pairwire::ice {
namespace {

constexpr std::uint32_t kMaxPriority = 0x7fffffff;  // RFC 8445 section 5.1.2: 1..2^31-1
constexpr std::uint16_t kDiscardPort = 9;           // RFC 6544 section 4.5, for active candidates
constexpr std::size_t kMaxFoundation = 32;
constexpr std::size_t kMaxAddress = 255;  // the longest domain name

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsVisible(char c) { return c > 0x20 && c < 0x7f; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Takes the text up to the next single space off the front; empty when there are two in a row.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> Next() {
    if (done_) return std::nullopt;
    const auto space = rest_.find(' ');
    const auto word = rest_.substr(0, space);
    if (space == std::string_view::npos) {
      done_ = true;
    } else {
      rest_.remove_prefix(space + 1);
    }
    return word;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

// Decimal digits only (no sign, no blank), at most `max_digits`, at most `max`.
template <typename T>
std::optional<T> ParseNumber(std::optional<std::string_view> text, std::size_t max_digits,
                             std::uint64_t max) {
  if (!text || text->empty() || text->size() > max_digits) return std::nullopt;
  if (!std::all_of(text->begin(), text->end(), IsDigit)) return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text->data(), text->data() + text->size(), value);
  if (value > max) return std::nullopt;
  return static_cast<T>(value);
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("!#$%&'*+-.^_`{|}~").find(c) != std::string_view::npos;
  });
}

// IP literal (with a zone perhaps) or domain name.
bool IsAddressText(std::string_view text) {
  return !text.empty() && text.size() <= kMaxAddress &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsAlphanumeric(c) || std::string_view(".:-_%").find(c) != std::string_view::npos;
         });
}

// A text with a colon can only be an IPv6 literal; the part before the zone must be one.
bool IsWellFormedAddress(std::string_view text) {
  if (!IsAddressText(text)) return false;
  if (text.find(':') == std::string_view::npos) return text.find('%') == std::string_view::npos;
  in6_addr parsed;
  return inet_pton(AF_INET6, std::string(text.substr(0, text.find('%'))).c_str(), &parsed) == 1;
}

CandidateTransport TransportFromName(std::string_view name) {
  if (EqualsIgnoreCase(name, "udp")) return CandidateTransport::kUdp;
  if (EqualsIgnoreCase(name, "tcp")) return CandidateTransport::kTcp;
  return CandidateTransport::kOther;
}

CandidateType TypeFromName(std::string_view name) {
  if (name == "host") return CandidateType::kHost;
  if (name == "srflx") return CandidateType::kServerReflexive;
  if (name == "prflx") return CandidateType::kPeerReflexive;
  if (name == "relay") return CandidateType::kRelayed;
  return CandidateType::kOther;
}

TcpType TcpTypeFromName(std::string_view name) {
  if (name == "active") return TcpType::kActive;
  if (name == "passive") return TcpType::kPassive;
  if (name == "so") return TcpType::kSimultaneousOpen;
  return TcpType::kOther;
}

std::string_view TcpTypeName(TcpType type) {
  switch (type) {
    case TcpType::kActive:
      return "active";
    case TcpType::kPassive:
      return "passive";
    case TcpType::kSimultaneousOpen:
      return "so";
    case TcpType::kNone:
    case TcpType::kOther:
      break;
  }
  return {};
}

tl::unexpected<Error> Malformed(const char* what) {
  return Fail(Errc::kParseError, std::string("ICE candidate: ") + what);
}

// One "name value" pair behind the type. False: a known name with a value outside its grammar, or
// twice.
bool AddAttribute(std::string_view name, std::string_view value, Candidate& candidate) {
  if (name == "raddr") {
    if (candidate.related_address || !IsWellFormedAddress(value)) return false;
    candidate.related_address = value;
    return true;
  }
  if (name == "rport") {
    const auto port = ParseNumber<std::uint16_t>(value, 5, 65535);
    if (candidate.related_port || !port) return false;
    candidate.related_port = port;
    return true;
  }
  if (name == "tcptype" && candidate.tcp_type == TcpType::kNone) {
    candidate.tcp_type = TcpTypeFromName(value);
    // What we do not know is printed back as it came.
    if (candidate.tcp_type != TcpType::kOther) return true;
  } else if (name == "tcptype") {
    return false;
  }
  candidate.extensions.emplace_back(name, value);
  return true;
}

Usability JudgeIpv4(std::uint32_t address) {
  if (address >> 24 == 0) return Usability::kUnspecified;
  if (address >> 28 == 0xe || address == 0xffffffff) return Usability::kMulticast;
  return Usability::kUsable;
}

Usability JudgeAddress(const std::string& text) {
  if (text.find('%') != std::string::npos) return Usability::kZone;
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return JudgeIpv4(ntohl(v4.s_addr));
  in6_addr v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_UNSPECIFIED(&v6)) return Usability::kUnspecified;
    if (IN6_IS_ADDR_MULTICAST(&v6)) return Usability::kMulticast;
    // The second is ::a.b.c.d, the deprecated form; the macro leaves ::1 out.
    const bool embeds_v4 = IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6);
    return embeds_v4 ? Usability::kMappedAddress : Usability::kUsable;
  }
  constexpr std::string_view kLocal = ".local";
  const std::string_view view = text;
  const bool mdns = view.size() > kLocal.size() &&
                    EqualsIgnoreCase(view.substr(view.size() - kLocal.size()), kLocal);
  return mdns ? Usability::kMdnsName : Usability::kName;
}

}  // namespace

std::string_view ToString(Usability usability) {
  switch (usability) {
    case Usability::kUsable:
      return "usable";
    case Usability::kOtherComponent:
      return "other component";
    case Usability::kUnknownTransport:
      return "unknown transport";
    case Usability::kTcpType:
      return "TCP without a usable tcptype";
    case Usability::kUnknownType:
      return "unknown type";
    case Usability::kName:
      return "domain name";
    case Usability::kMdnsName:
      return "mDNS name";
    case Usability::kPriority:
      return "priority out of range";
    case Usability::kPort:
      return "port 0";
    case Usability::kMulticast:
      return "multicast or broadcast address";
    case Usability::kUnspecified:
      return "unspecified address";
    case Usability::kMappedAddress:
      return "IPv4-mapped address";
    case Usability::kZone:
      return "IPv6 zone";
  }
  return "unknown";
}

bool IsIceChars(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlphanumeric(c) || c == '+' || c == '/'; });
}

Result<Candidate> ParseCandidate(std::string_view line) {
  if (line.size() > kMaxCandidateLine) {
    return Fail(Errc::kLimitExceeded, "ICE candidate: longer than 512 bytes");
  }
  line = Trim(line);
  if (line.starts_with("a=")) line.remove_prefix(2);
  constexpr std::string_view kPrefix = "candidate:";
  if (!line.starts_with(kPrefix)) return Malformed("no \"candidate:\" at its start");
  line.remove_prefix(kPrefix.size());
  if (!std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || IsVisible(c); })) {
    return Malformed("unprintable character");
  }

  Candidate candidate;
  Words words(line);
  const auto foundation = words.Next();
  if (!foundation || foundation->empty() || foundation->size() > kMaxFoundation ||
      !IsIceChars(*foundation)) {
    return Malformed("foundation");
  }
  candidate.foundation = *foundation;

  const auto component = ParseNumber<std::uint16_t>(words.Next(), 3, 256);
  if (!component || *component == 0) return Malformed("component");
  candidate.component = *component;

  const auto transport = words.Next();
  if (!transport || !IsToken(*transport)) return Malformed("transport");
  candidate.transport = TransportFromName(*transport);
  candidate.transport_name = *transport;

  const auto priority = ParseNumber<std::uint32_t>(words.Next(), 10, 0xffffffff);
  if (!priority) return Malformed("priority");
  candidate.priority = *priority;

  const auto address = words.Next();
  if (!address || !IsWellFormedAddress(*address)) return Malformed("address");
  candidate.address = *address;

  const auto port = ParseNumber<std::uint16_t>(words.Next(), 5, 65535);
  if (!port) return Malformed("port");
  candidate.port = *port;

  if (words.Next() != "typ") return Malformed("no type");
  const auto type = words.Next();
  if (!type || !IsToken(*type)) return Malformed("type");
  candidate.type = TypeFromName(*type);
  candidate.type_name = *type;

  while (const auto name = words.Next()) {
    if (name->empty()) return Malformed("attribute without a name");
    // An extension's value may be empty (RFC 8839 section 5.1: *VCHAR); the last one's blank before
    // it is gone with those around the line.
    const auto value = words.Next().value_or("");
    if (!AddAttribute(*name, value, candidate)) return Malformed("attribute value");
  }
  return candidate;
}

Usability Judge(const Candidate& candidate) {
  if (candidate.component != 1) return Usability::kOtherComponent;
  if (candidate.transport == CandidateTransport::kOther) return Usability::kUnknownTransport;
  const bool tcp = candidate.transport == CandidateTransport::kTcp;
  const bool active = tcp && candidate.tcp_type == TcpType::kActive;
  if (tcp && !active && candidate.tcp_type != TcpType::kPassive) return Usability::kTcpType;
  if (candidate.type == CandidateType::kPeerReflexive || candidate.type == CandidateType::kOther) {
    return Usability::kUnknownType;
  }
  if (candidate.priority == 0 || candidate.priority > kMaxPriority) return Usability::kPriority;
  if (candidate.port == 0 && !active) return Usability::kPort;
  return JudgeAddress(candidate.address);
}

std::string ToString(const Candidate& candidate) {
  std::string line = "candidate:" + candidate.foundation + ' ' +
                     std::to_string(candidate.component) + ' ' + candidate.transport_name + ' ' +
                     std::to_string(candidate.priority) + ' ' + candidate.address + ' ' +
                     std::to_string(candidate.port) + " typ " + candidate.type_name;
  if (candidate.related_address) line += " raddr " + *candidate.related_address;
  if (candidate.related_port) line += " rport " + std::to_string(*candidate.related_port);
  if (const auto name = TcpTypeName(candidate.tcp_type); !name.empty()) {
    line.append(" tcptype ").append(name);
  }
  for (const auto& [name, value] : candidate.extensions) {
    line.append(" ").append(name).append(" ").append(value);
  }
  if (line.ends_with(' ')) line.pop_back();  // an extension whose value is empty was the last
  return line;
}

std::string ToLibniceLine(const Candidate& candidate) {
  Candidate plain = candidate;
  plain.transport_name = candidate.transport == CandidateTransport::kTcp ? "TCP" : "UDP";
  if (plain.port == 0) plain.port = kDiscardPort;
  plain.extensions.clear();
  const bool related_usable = candidate.related_address &&
                              candidate.related_port.value_or(0) != 0 &&
                              JudgeAddress(*candidate.related_address) == Usability::kUsable;
  if (!related_usable) {
    plain.related_address.reset();
    plain.related_port.reset();
  }
  if (candidate.transport == CandidateTransport::kUdp) plain.tcp_type = TcpType::kNone;
  return "a=" + ToString(plain);
}

}  // namespace pairwire::ice
