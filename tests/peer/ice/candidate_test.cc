// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Candidate lines: what parses, what is usable, what is refused, and what comes out again.
#include "peer/ice/candidate.h"

#include <gtest/gtest.h>

#include <string>

namespace pairwire::ice {
namespace {

// Real lines: libnice, Chrome, Firefox, RFC 8839 and RFC 6544 examples.
constexpr const char* kUsable[] = {
    "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host",
    "candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 203.0.113.141 rport 8998",
    "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 a b",
    "candidate:0 1 UDP 2122252543 2001:db8::1 61665 typ host",
    "candidate:3 1 TCP 2105524479 192.0.2.1 9 typ host tcptype active",
    "candidate:3 1 tcp 1518214911 192.0.2.1 0 typ host tcptype active generation 0",
    "candidate:3 1 TCP 2105524479 192.0.2.1 8000 typ host tcptype passive",
    "candidate:9 1 UDP 16777215 192.0.2.9 50000 typ relay raddr 198.51.100.1 rport 3478",
    "candidate:1 1 UDP 2130706431 127.0.0.1 8998 typ host",
    "candidate:1 1 UDP 2130706431 ::1 8998 typ host",
    "candidate:1 1 UDP 1 fe80::1 1 typ host",
    "candidate:+/aZ09+/aZ09+/aZ09+/aZ09+/aZ09+/ 1 UDP 2147483647 10.0.0.1 65535 typ host",
    "candidate:1 1 UDP 5 192.0.2.1 5 typ srflx raddr abc.local rport 9",
    "candidate:1 1 UDP 5 192.0.2.1 5 typ host ufrag  network-id 1",  // an extension's value may be
                                                                     // empty
};

TEST(CandidateTest, UsableLinesParseAndPrintBack) {
  for (const std::string line : kUsable) {
    const auto candidate = ParseCandidate(line);
    ASSERT_TRUE(candidate) << line << ": " << ToString(candidate.error());
    EXPECT_EQ(Judge(*candidate), Usability::kUsable) << line;
    const auto again = ParseCandidate(ToString(*candidate));
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(*again, *candidate) << line;
  }
}

TEST(CandidateTest, FieldsAreRead) {
  const auto c = ParseCandidate(
      "a=candidate:f00 1 tcp 1518214911 2001:db8::1 4711 typ srflx raddr 10.0.0.9 rport 99 tcptype "
      "passive generation 0 network-id 7\r\n");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->foundation, "f00");
  EXPECT_EQ(c->component, 1);
  EXPECT_EQ(c->transport, CandidateTransport::kTcp);
  EXPECT_EQ(c->priority, 1518214911U);
  EXPECT_EQ(c->address, "2001:db8::1");
  EXPECT_EQ(c->port, 4711);
  EXPECT_EQ(c->type, CandidateType::kServerReflexive);
  EXPECT_EQ(c->related_address, "10.0.0.9");
  EXPECT_EQ(c->related_port, 99);
  EXPECT_EQ(c->tcp_type, TcpType::kPassive);
  ASSERT_EQ(c->extensions.size(), 2U);
  EXPECT_EQ(c->extensions[0], (std::pair<std::string, std::string>("generation", "0")));
  EXPECT_EQ(c->extensions[1], (std::pair<std::string, std::string>("network-id", "7")));
}

TEST(CandidateTest, BlanksAroundAndPrefixDoNotMatter) {
  const std::string bare = "candidate:1 1 UDP 2130706431 203.0.113.141 8998 typ host";
  const auto expected = ParseCandidate(bare);
  ASSERT_TRUE(expected);
  for (const std::string& line : {"a=" + bare, bare + " ", bare + "\r\n", "  " + bare,
                                  " a=" + bare + " \n", "\t" + bare + "\t"}) {
    const auto candidate = ParseCandidate(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(*candidate, *expected);
  }
}

// RFC 8839 section 5.1: extension-att-value = *VCHAR. Whatever is printed in another order, it
// parses back to the same.
TEST(CandidateTest, AnExtensionsValueMayBeEmpty) {
  const std::string bare = "candidate:1 1 UDP 5 192.0.2.1 5 typ srflx";
  for (const std::string& line : {bare + " ufrag  raddr 10.0.0.9 rport 99", bare + " ufrag",
                                  bare + " ufrag ", bare + " tcptype"}) {
    const auto candidate = ParseCandidate(line);
    ASSERT_TRUE(candidate) << line;
    ASSERT_EQ(candidate->extensions.size(), 1U) << line;
    EXPECT_EQ(candidate->extensions[0].second, "") << line;
    const auto again = ParseCandidate(ToString(*candidate));
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(*again, *candidate) << line;
  }
}

struct Ignored {
  const char* line;
  Usability why;
};

TEST(CandidateTest, WellFormedButOfNoUse) {
  const Ignored kTable[] = {
      {"candidate:1 2 UDP 5 192.0.2.1 5 typ host", Usability::kOtherComponent},
      {"candidate:1 256 UDP 5 192.0.2.1 5 typ host", Usability::kOtherComponent},
      {"candidate:1 1 SCTP 5 192.0.2.1 5 typ host", Usability::kUnknownTransport},
      {"candidate:1 1 ssltcp 5 192.0.2.1 443 typ host", Usability::kUnknownTransport},
      {"candidate:1 1 TCP 5 192.0.2.1 5 typ host", Usability::kTcpType},
      {"candidate:1 1 TCP 5 192.0.2.1 5 typ host generation 0", Usability::kTcpType},
      {"candidate:1 1 TCP 5 192.0.2.1 5 typ host tcptype so", Usability::kTcpType},
      {"candidate:1 1 TCP 5 192.0.2.1 5 typ host tcptype sideways", Usability::kTcpType},
      {"candidate:1 1 UDP 5 192.0.2.1 5 typ prflx", Usability::kUnknownType},
      {"candidate:1 1 UDP 5 192.0.2.1 5 typ mirror", Usability::kUnknownType},
      {"candidate:1 1 UDP 5 example.org 5 typ host", Usability::kName},
      {"candidate:1 1 UDP 5 1.2.3 5 typ host", Usability::kName},
      {"candidate:1 1 UDP 5 256.0.0.1 5 typ host", Usability::kName},
      {"candidate:1 1 UDP 5 010.0.0.1 5 typ host", Usability::kName},
      {"candidate:1 1 UDP 5 .local 5 typ host", Usability::kName},
      {"candidate:1 1 UDP 5 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 5 typ host generation 0",
       Usability::kMdnsName},
      {"candidate:1 1 UDP 5 x.LOCAL 5 typ host", Usability::kMdnsName},
      {"candidate:1 1 UDP 0 192.0.2.1 5 typ host", Usability::kPriority},
      {"candidate:1 1 UDP 2147483648 192.0.2.1 5 typ host", Usability::kPriority},
      {"candidate:1 1 UDP 4294967295 192.0.2.1 5 typ host", Usability::kPriority},
      {"candidate:1 1 UDP 5 192.0.2.1 0 typ host", Usability::kPort},
      {"candidate:1 1 TCP 5 192.0.2.1 0 typ host tcptype passive", Usability::kPort},
      {"candidate:1 1 UDP 5 224.0.0.251 5 typ host", Usability::kMulticast},
      {"candidate:1 1 UDP 5 239.255.255.255 5 typ host", Usability::kMulticast},
      {"candidate:1 1 UDP 5 255.255.255.255 5 typ host", Usability::kMulticast},
      {"candidate:1 1 UDP 5 ff02::1 5 typ host", Usability::kMulticast},
      {"candidate:1 1 UDP 5 0.0.0.0 5 typ host", Usability::kUnspecified},
      {"candidate:1 1 UDP 5 0.1.2.3 5 typ host", Usability::kUnspecified},
      {"candidate:1 1 UDP 5 :: 5 typ host", Usability::kUnspecified},
      {"candidate:1 1 UDP 5 ::ffff:192.0.2.1 5 typ host", Usability::kMappedAddress},
      {"candidate:1 1 UDP 5 ::ffff:0.0.0.0 5 typ host", Usability::kMappedAddress},
      {"candidate:1 1 UDP 5 ::192.0.2.1 5 typ host", Usability::kMappedAddress},
      {"candidate:1 1 UDP 5 fe80::1%eth0 5 typ host", Usability::kZone},
      {"candidate:1 1 UDP 5 ::%1 5 typ host", Usability::kZone},
  };
  for (const auto& [line, why] : kTable) {
    const auto candidate = ParseCandidate(line);
    ASSERT_TRUE(candidate) << line;
    EXPECT_EQ(Judge(*candidate), why) << line << ": " << ToString(Judge(*candidate));
    const auto again = ParseCandidate(ToString(*candidate));
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(*again, *candidate) << line;
  }
}

TEST(CandidateTest, MalformedLinesAreRefused) {
  const std::string kLines[] = {
      "",
      " ",
      "a=",
      "candidate",
      "candidate:",
      "candidate: ",
      "Candidate:1 1 UDP 5 192.0.2.1 5 typ host",
      "a=a=candidate:1 1 UDP 5 192.0.2.1 5 typ host",
      "a= candidate:1 1 UDP 5 192.0.2.1 5 typ host",
      "a=end-of-candidates",
      "candidate: 1 UDP 5 192.0.2.1 5 typ host",
      "candidate:- 1 UDP 5 192.0.2.1 5 typ host",
      "candidate:" + std::string(33, '1') + " 1 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 0 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 257 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 0001 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 x UDP 5 192.0.2.1 5 typ host",
      "candidate:1 -1 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 +1 UDP 5 192.0.2.1 5 typ host",
      "candidate:1 1 U:DP 5 192.0.2.1 5 typ host",
      "candidate:1 1 UDP -5 192.0.2.1 5 typ host",
      "candidate:1 1 UDP 4294967296 192.0.2.1 5 typ host",
      "candidate:1 1 UDP 99999999999 192.0.2.1 5 typ host",
      "candidate:1 1 UDP 0x5 192.0.2.1 5 typ host",
      "candidate:1 1 UDP 5 192.0.2.1/8 5 typ host",
      "candidate:1 1 UDP 5 [::1] 5 typ host",
      "candidate:1 1 UDP 5 1::2::3 5 typ host",
      "candidate:1 1 UDP 5 fe80:x%1 5 typ host",
      "candidate:1 1 UDP 5 a%b 5 typ host",
      "candidate:1 1 UDP 5 " + std::string(256, 'a') + " 5 typ host",
      "candidate:1 1 UDP 5 192.0.2.1 65536 typ host",
      "candidate:1 1 UDP 5 192.0.2.1 -1 typ host",
      "candidate:1 1 UDP 5 192.0.2.1 typ host",
      "candidate:1 1 UDP 5 192.0.2.1 5 host",
      "candidate:1 1 UDP 5 192.0.2.1 5 type host",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ ho:st",
      "candidate:1 1  UDP 5 192.0.2.1 5 typ host",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host  generation 0",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host raddr",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host rport",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host raddr  rport 1",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host raddr a/b rport 1",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host raddr 1.2.3.4 rport 65536",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host raddr 1.2.3.4 raddr 1.2.3.4",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host rport 1 rport 1",
      "candidate:1 1 TCP 5 192.0.2.1 5 typ host tcptype active tcptype active",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host gen\teration 0",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host name \xc3\xa9",
      "candidate:1 1 UDP 5 192.0.2.1 5 typ host\r\na=candidate:1 1 UDP 5 192.0.2.1 6 typ host",
      std::string("candidate:1 1 UDP 5 192.0.2.1 5 typ host name a\0b", 50),
  };
  for (const std::string& line : kLines) {
    const auto candidate = ParseCandidate(line);
    ASSERT_FALSE(candidate) << line;
    EXPECT_EQ(candidate.error().code, Errc::kParseError) << line;
    // What a peer wrote must not get into logs through our error texts.
    EXPECT_EQ(candidate.error().detail.find("192.0.2.1"), std::string::npos);
  }
}

TEST(CandidateTest, LongLinesAreRefused) {
  const std::string start = "candidate:1 1 UDP 5 192.0.2.1 5 typ host x ";
  const std::string longest = start + std::string(kMaxCandidateLine - start.size(), 'y');
  EXPECT_TRUE(ParseCandidate(longest));
  const auto longer = ParseCandidate(longest + "y");
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Errc::kLimitExceeded);
  EXPECT_FALSE(ParseCandidate(std::string(1 << 20, ' ')));
}

// Every cut-short line is refused, or is a line of its own that survives printing and parsing.
TEST(CandidateTest, EveryCutShortLine) {
  for (const std::string line : kUsable) {
    const std::size_t shortest = line.find(" typ ") + 6;
    for (std::size_t size = 0; size < line.size(); ++size) {
      const auto candidate = ParseCandidate(line.substr(0, size));
      if (size < shortest) {
        EXPECT_FALSE(candidate) << line.substr(0, size);
      }
      if (!candidate) continue;
      const auto again = ParseCandidate(ToString(*candidate));
      ASSERT_TRUE(again) << line.substr(0, size);
      EXPECT_EQ(*again, *candidate);
    }
  }
}

TEST(CandidateTest, LibniceLineHasNothingThatLibniceStumblesOver) {
  const auto line = [](const char* text) {
    const auto candidate = ParseCandidate(text);
    return candidate ? ToLibniceLine(*candidate) : std::string("does not parse");
  };
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ host generation 0 ufrag x network-cost 9 "),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ host");
  EXPECT_EQ(line("candidate:1 1 tcp 5 192.0.2.1 0 typ host tcptype active"),
            "a=candidate:1 1 TCP 5 192.0.2.1 9 typ host tcptype active");
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ srflx raddr 10.0.0.1 rport 8"),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ srflx raddr 10.0.0.1 rport 8");
  // A related address that is a name or hidden would make libnice refuse the whole line.
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ srflx raddr x.local rport 8"),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ srflx");
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ srflx raddr 0.0.0.0 rport 0"),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ srflx");
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ srflx raddr fe80::1%eth0 rport 8"),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ srflx");
  EXPECT_EQ(line("candidate:1 1 udp 5 192.0.2.1 7 typ host tcptype active"),
            "a=candidate:1 1 UDP 5 192.0.2.1 7 typ host");
}

}  // namespace
}  // namespace pairwire::ice
