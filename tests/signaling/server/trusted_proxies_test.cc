// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Whom X-Forwarded-For may speak for: only listed proxies are believed, and only as far as they
// wrote it themselves.
#include "signaling/server/trusted_proxies.h"

#include <gtest/gtest.h>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

ClientAddress Address(std::string_view text) { return ParseAddress(text).value(); }

TrustedProxies Proxies(const std::vector<std::string>& ranges) {
  return TrustedProxies::Parse(ranges).value();
}

std::string Client(const TrustedProxies& proxies, std::string_view peer,
                   const std::vector<std::string>& lines) {
  HttpHeaders headers = {{"Host", "relay"}};
  for (const std::string& line : lines) headers.emplace_back("x-forwarded-for", line);
  return proxies.ClientOf(Address(peer), headers).ToText();
}

TEST(AddressRange, ContainsExactlyItsPrefix) {
  const auto contains = [](std::string_view range, std::string_view address) {
    return ParseAddressRange(range)->Contains(Address(address));
  };
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("10.64.0.0/10", "10.127.0.1"));
  EXPECT_FALSE(contains("10.64.0.0/10", "10.128.0.1"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(contains("192.0.2.6/31", "192.0.2.7"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("::1", "::1"));
  // IPv4 inside IPv6 is IPv4.
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.1.1"));
  // All of IPv4 holds nothing of IPv6.
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(ParseAddressRange("0.0.0.0/0")->IsEverything());
  EXPECT_TRUE(ParseAddressRange("::/0")->IsEverything());
  EXPECT_FALSE(ParseAddressRange("10.0.0.0/8")->IsEverything());
}

TEST(AddressRange, RefusesWhatIsNone) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/+8",
                           "10.0.0.0/8x",
                           "10.0.0.0/ 8",
                           "10.0.0/8",
                           "10/8",
                           "::/129",
                           "::/1000",
                           "10.1.2.3/8",
                           "fd00::1/8",
                           "localhost",
                           "10.0.0.0/8,10.0.0.1",
                           "*",
                           "10.0.0.0/0xf",
                           "[::1]",
                           "fe80::1%eth0"}) {
    EXPECT_FALSE(ParseAddressRange(text)) << text;
  }
  EXPECT_FALSE(ParseAddress(std::string_view("10.0.0.1\0", 9)));
}

TEST(TrustedProxies, OnlyListed) {
  const TrustedProxies none = Proxies({});
  EXPECT_EQ(Client(none, "192.0.2.1", {"203.0.113.9"}), "192.0.2.1");
  const TrustedProxies one = Proxies({"10.0.0.0/8"});
  EXPECT_EQ(Client(one, "192.0.2.1", {"203.0.113.9"}), "192.0.2.1") << "not a proxy of ours";
  EXPECT_EQ(Client(one, "10.0.0.1", {"203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(Client(one, "10.0.0.1", {}), "10.0.0.1") << "asked by the proxy itself";
}

TEST(TrustedProxies, RightmostUntrusted) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8", "2001:db8::/32"});
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"1.1.1.1, 203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"1.1.1.1,203.0.113.9 , 10.2.2.2,\t2001:db8::5"}),
            "203.0.113.9");
  // The client's own line comes first, the proxy's behind it.
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"1.1.1.1", "203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"1.1.1.1", "203.0.113.9", "10.3.3.3"}), "203.0.113.9");
  // A client that claims to be a proxy.
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"8.8.8.8, 10.9.9.9, 203.0.113.9"}), "203.0.113.9");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"10.0.0.7, 10.0.0.8"}), "10.0.0.7") << "all are listed";
  // Ports, brackets, IPv6.
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"203.0.113.9:4711"}), "203.0.113.9");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"[2a00::1]:4711"}), "2a00::1");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"[2a00::1]"}), "2a00::1");
  EXPECT_EQ(Client(proxies, "2001:db8::9", {"2a00::1"}), "2a00::1");
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"::ffff:203.0.113.9"}), "203.0.113.9");
}

TEST(TrustedProxies, GarbageIsThePeer) {
  const TrustedProxies proxies = Proxies({"10.0.0.0/8"});
  for (const char* line : {"",
                           " ",
                           ",",
                           "unknown",
                           "_hidden",
                           "203.0.113.9,",
                           "203.0.113",
                           "203.0.113.9 x",
                           "203.0.113.9:port",
                           "203.0.113.9:",
                           "203.0.113.9:123456",
                           "[203.0.113.9]",
                           "[2a00::1",
                           "2a00::1]",
                           "[2a00::1]x",
                           "2a00::1%eth0",
                           "for=203.0.113.9",
                           "\"203.0.113.9\"",
                           "203.0.113.9, unknown",
                           "203.0.113.9, unknown, 10.0.0.2",
                           "256.1.1.1"}) {
    EXPECT_EQ(Client(proxies, "10.0.0.1", {line}), "10.0.0.1") << line;
  }
  // What lies left of the client is the client's and may be garbage.
  EXPECT_EQ(Client(proxies, "10.0.0.1", {"unknown, 203.0.113.9"}), "203.0.113.9");
  std::string many = "203.0.113.9";
  for (std::size_t i = 0; i < TrustedProxies::kMaxHops; ++i) many += ", 10.0.0.1";
  EXPECT_EQ(Client(proxies, "10.0.0.1", {many}), "10.0.0.1") << "too many hops";
}

TEST(TrustedProxies, RatesGoByTheClient) {
  ServerConfig config = TestConfig();
  config.rate_limits = true;
  config.trusted_proxies = {"127.0.0.0/8"};
  TestRelay relay(config);
  const auto pair = [&](const std::string& client) {
    return Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":"000000000"})",
                   {{"X-Forwarded-For", client}})
        .status;
  };
  // What the client adds in front changes nothing.
  int tries = 0;
  while (tries < 40 && pair("1.1.1." + std::to_string(tries) + ", 203.0.113.9") != 429) ++tries;
  EXPECT_GE(tries, 5);
  EXPECT_LT(tries, 40);
  EXPECT_EQ(pair("203.0.113.10"), 404);
}

TEST(TrustedProxies, NobodyIsTrustedByDefault) {
  ServerConfig config = TestConfig();
  config.rate_limits = true;
  TestRelay relay(config);
  bool limited = false;
  for (int i = 0; i < 40 && !limited; ++i) {
    const Response response =
        Request(relay.port(), "POST", "/api/sessions/pair", R"({"code":"000000000"})",
                {{"X-Forwarded-For", "203.0.113." + std::to_string(i)}});
    limited = response.status == 429;
  }
  EXPECT_TRUE(limited);
}

}  // namespace
}  // namespace pairwire::server
