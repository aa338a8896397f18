// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/ice_server_url.h"

#include <gtest/gtest.h>

#include <string>

namespace pairwire::ice {
namespace {

using enum ServerScheme;
using enum ServerTransport;

TEST(IceServerUrlTest, Good) {
  const struct {
    const char* url;
    IceServerUrl expected;
  } cases[] = {
      {"stun:example.org", {kStun, "example.org", 3478, kUdp}},
      {"stun:example.org:1", {kStun, "example.org", 1, kUdp}},
      {"STUN:Example.ORG:65535", {kStun, "Example.ORG", 65535, kUdp}},
      {"stun:192.0.2.1", {kStun, "192.0.2.1", 3478, kUdp}},
      {"stun:[2001:db8::1]", {kStun, "2001:db8::1", 3478, kUdp}},
      {"stun:[2001:db8::1]:5000", {kStun, "2001:db8::1", 5000, kUdp}},
      {"turn:localhost", {kTurn, "localhost", 3478, kUdp}},
      {"turn:a_b-c.d.:99?transport=udp", {kTurn, "a_b-c.d.", 99, kUdp}},
      {"turn:example.org?transport=tcp", {kTurn, "example.org", 3478, kTcp}},
      {"turn:[::1]:3479?Transport=TCP", {kTurn, "::1", 3479, kTcp}},
      {"turns:example.org", {kTurns, "example.org", 5349, kTcp}},
      {"turns:example.org:443?transport=tcp", {kTurns, "example.org", 443, kTcp}},
  };
  for (const auto& [url, expected] : cases) {
    const auto parsed = ParseIceServerUrl(url);
    ASSERT_TRUE(parsed) << url << ": " << ToString(parsed.error());
    EXPECT_EQ(*parsed, expected) << url;
  }
}

TEST(IceServerUrlTest, Bad) {
  for (const char* url : {"",
                          ":",
                          "stun",
                          "stun:",
                          "http://example.org",
                          "stun://example.org",
                          "stun:user@example.org",
                          "stun:example.org:",
                          "stun:example.org:0",
                          "stun:example.org:65536",
                          "stun:example.org:+1",
                          "stun:example.org:000080",
                          "stun:example.org:80:80",
                          "stun:example.org/",
                          "stun: example.org",
                          "stun:example.org ",
                          "stun:.example.org",
                          "stun:a..b",
                          "stun:1.2.3",
                          "stun:1.2.3.256",
                          "stun:[::1",
                          "stun:[]",
                          "stun:[1.2.3.4]",
                          "stun:[::1%eth0]",
                          "stun:[::1]x",
                          "stun:::1",
                          "stun:example.org?transport=udp",
                          "turn:example.org?",
                          "turn:example.org?transport",
                          "turn:example.org?foo=bar",
                          "turn:?transport=udp",
                          "turn:example.org#x"}) {
    const auto parsed = ParseIceServerUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, Errc::kParseError) << url;
    if (std::string(url).size() > 6) {
      EXPECT_EQ(parsed.error().detail.find(url), std::string::npos);
    }
  }
  EXPECT_FALSE(ParseIceServerUrl(std::string_view("stun:a\0b", 8)));
}

TEST(IceServerUrlTest, Unsupported) {
  for (const char* url : {"stuns:example.org", "turns:example.org?transport=udp",
                          "turn:example.org?transport=sctp", "turn:example.org?transport="}) {
    const auto parsed = ParseIceServerUrl(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().code, Errc::kUnsupported) << url;
  }
}

TEST(IceServerUrlTest, Long) {
  EXPECT_TRUE(ParseIceServerUrl("stun:" + std::string(253, 'a')));
  EXPECT_EQ(ParseIceServerUrl("stun:" + std::string(254, 'a')).error().code, Errc::kParseError);
  EXPECT_EQ(ParseIceServerUrl("stun:" + std::string(508, 'a')).error().code, Errc::kLimitExceeded);
}

}  // namespace
}  // namespace pairwire::ice
