// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The client's pure parts: URLs, server-sent events, WebRTC signals.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "signaling/client/relay_url.h"
#include "signaling/client/sse_parser.h"
#include "signaling/client/webrtc_signal.h"

namespace pairwire {
namespace {

TEST(RelayUrlTest, ReadsWhatPeopleType) {
  const std::pair<const char*, RelayUrl> good[] = {
      {"http://relay", {false, "relay", 80, ""}},
      {"https://relay.example.org", {true, "relay.example.org", 443, ""}},
      {"HTTP://127.0.0.1:8080/", {false, "127.0.0.1", 8080, ""}},
      {"https://a:65535/pair/wire/", {true, "a", 65535, "/pair/wire"}},
      {"http://[::1]:8080", {false, "::1", 8080, ""}},
      {"http://[fe80::1%eth0]", {false, "fe80::1%eth0", 80, ""}},
  };
  for (const auto& [text, url] : good) {
    const auto parsed = ParseRelayUrl(text);
    ASSERT_TRUE(parsed) << text << ": " << ToString(parsed.error());
    EXPECT_EQ(*parsed, url) << text;
  }
}

TEST(RelayUrlTest, RefusesWhatIsNoRelay) {
  const std::string bad[] = {"",
                             "relay",
                             "ftp://relay",
                             "http://",
                             "http:///x",
                             "http://:80",
                             "http://a:",
                             "http://a:0",
                             "http://a:65536",
                             "http://a:80x",
                             "http://a:-1",
                             "http://user@a",
                             "http://a b",
                             "http://a/ x",
                             "http://a\r\nHost: b",
                             "http://a/?q=1",
                             "http://a/#f",
                             "http://[::1",
                             "http://[::1]x",
                             "http://[xyz]",
                             "ws://a",
                             "http://" + std::string(300, 'a'),
                             "http://a/" + std::string(3000, 'b')};
  for (const std::string& text : bad) {
    const auto parsed = ParseRelayUrl(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::kInvalidArgument);
  }
}

TEST(RelayUrlTest, ReferencesStayBelowThePrefixOrAreWhole) {
  const RelayUrl base{false, "relay", 8080, "/p"};
  EXPECT_EQ(ResolveRelayReference(base, "/ws")->target, "/p/ws");
  EXPECT_EQ(ResolveRelayReference(base, "/e?x=1")->relay, base);
  EXPECT_EQ(*ResolveRelayReference(base, "ws://other:9/ws"),
            (RelayTarget{{false, "other", 9, ""}, "/ws"}));
  EXPECT_EQ(*ResolveRelayReference(base, "https://other"),
            (RelayTarget{{true, "other", 443, ""}, "/"}));
  EXPECT_EQ(*ResolveRelayReference(base, "wss://other?x"),
            (RelayTarget{{true, "other", 443, ""}, "/?x"}));
  for (const char* bad : {"", "ws", "//evil/x", "/a b", "/a\r\nX: y", "/a#b", "ftp://a/",
                          "http://a\n", "javascript:alert(1)"}) {
    const auto resolved = ResolveRelayReference(base, bad);
    ASSERT_FALSE(resolved) << bad;
    EXPECT_EQ(resolved.error().code, Errc::kRelayProtocol);
  }
  // The token must not leave TLS.
  EXPECT_FALSE(ResolveRelayReference({true, "relay", 443, ""}, "ws://relay/ws"));
  EXPECT_FALSE(ResolveRelayReference({true, "relay", 443, ""}, "http://relay/e"));
}

TEST(RelayUrlTest, HeadersAndTargetsCannotBeSplit) {
  EXPECT_EQ(PercentEncode("a b/\r\n?&\xC3"), "a%20b%2F%0D%0A%3F%26%C3");
  EXPECT_EQ(BearerOf("abc\r\nX: y"), "Bearer abcX:y");
  EXPECT_EQ((RelayUrl{false, "::1", 80, ""}).HostHeader(), "[::1]");
  EXPECT_EQ((RelayUrl{true, "a", 80, ""}).HostHeader(), "a:80");
}

std::vector<RelayEvent> FeedAll(SseParser& parser, const std::string& text, std::size_t step) {
  std::vector<RelayEvent> all;
  for (std::size_t at = 0; at < text.size(); at += step) {
    auto events = parser.Feed(std::string_view(text).substr(at, step));
    EXPECT_TRUE(events);
    for (RelayEvent& event : *events) all.push_back(std::move(event));
  }
  return all;
}

TEST(SseParserTest, ReadsEventsHoweverTheyAreCutAndWhateverEndsALine) {
  const std::vector<RelayEvent> expected = {
      {"1", "pairing:ready", "{\"a\":1}"}, {"1", "message", "one\ntwo"}, {"3", "x", ""}};
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = "\xEF\xBB\xBF: comment" + end + end + "id: 1" + end +
                             "event: pairing:ready" + end + "data: {\"a\":1}" + end + end +
                             "data: one" + end + "data:two" + end + "retry: 5" + end +
                             "unknown: x" + end + end + "id:3" + end + "event:x" + end + "data" +
                             end + end + "event: without data" + end + end;
    for (std::size_t step = 1; step <= text.size(); ++step) {
      SseParser parser;
      EXPECT_EQ(FeedAll(parser, text, step), expected) << step;
      EXPECT_EQ(parser.last_event_id(), "3");
    }
  }
}

TEST(SseParserTest, AnUnfinishedEventDoesNotCount) {
  const std::string text = "id: 1\ndata: a\n\nid: 2\ndata: b\n\n";
  const std::size_t first = text.find("id: 2");
  for (std::size_t size = 0; size < text.size(); ++size) {
    SseParser parser;
    const auto events = parser.Feed(text.substr(0, size));
    ASSERT_TRUE(events);
    const std::size_t complete = size < first ? 0 : 1;
    EXPECT_EQ(events->size(), complete) << size;
    EXPECT_EQ(parser.last_event_id(), events->empty() ? "" : "1") << size;
  }
}

TEST(SseParserTest, LimitsHold) {
  SseParser line;
  EXPECT_TRUE(line.Feed(std::string(SseParser::kMaxLineBytes, 'x')));
  const auto over = line.Feed("x");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::kLimitExceeded);
  EXPECT_FALSE(line.Feed("\n\n"));

  SseParser data;
  const std::string piece = "data: " + std::string(1000, 'x') + "\n";
  bool refused = false;
  for (int i = 0; i < 100 && !refused; ++i) refused = !data.Feed(piece);
  EXPECT_TRUE(refused);

  SseParser id;
  EXPECT_FALSE(id.Feed("id: " + std::string(SseParser::kMaxIdBytes + 1, '1') + "\n"));
  SseParser control;
  ASSERT_TRUE(control.Feed(std::string("id: a\x01\ndata: x\n\n")));
  EXPECT_EQ(control.last_event_id(), "");
}

TEST(WebRtcSignalTest, DescriptionsAndCandidatesSurviveTheirWay) {
  const std::string sdp = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\n\"\\\xC3\xBC\r\n";
  EXPECT_EQ(*ParseSdpData(ToSdpData(sdp)), sdp);
  IceCandidate candidate;
  candidate.candidate = "candidate:1 1 UDP 2122260223 192.0.2.1 50000 typ host";
  candidate.sdp_mid = "0";
  candidate.sdp_mline_index = 0;
  candidate.username_fragment = "abcd";
  EXPECT_EQ(*ParseCandidateData(ToCandidateData(candidate)), candidate);
  EXPECT_EQ(*ParseCandidateData(ToCandidateData({})), IceCandidate{});
  // Browsers write null for what is not there.
  EXPECT_EQ(*ParseCandidateData(
                {R"({"candidate":"","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null})"}),
            IceCandidate{});
}

TEST(WebRtcSignalTest, BoxesHellosAndFailuresSurviveTheirWay) {
  const BoxSignal both{"cGFrZQ", "Ym94"};
  EXPECT_EQ(*ParseBoxData(ToBoxData(both)), both);
  const BoxSignal candidate{"", "Ym94"};
  EXPECT_EQ(ToBoxData(candidate).text, R"({"box":"Ym94"})");
  EXPECT_EQ(*ParseBoxData(ToBoxData(candidate)), candidate);
  EXPECT_EQ(*ParseBoxData(ToSdpData("v=0\r\n")), BoxSignal{});
  const std::string longest(kMaxBoxBytes, 'x');
  EXPECT_TRUE(ParseBoxData(ToBoxData({"", longest})));
  EXPECT_FALSE(ParseBoxData(ToBoxData({"", longest + 'x'})));
  EXPECT_FALSE(ParseBoxData(ToBoxData({std::string(kMaxPakeBytes + 1, 'x'), ""})));
  EXPECT_FALSE(ParseBoxData({R"({"box":7})"}));
  EXPECT_FALSE(ParseBoxData({"[]"}));

  EXPECT_EQ(*ParseHello(ToHello("aGVsbG8")), "aGVsbG8");
  EXPECT_FALSE(IsPlainHello(ToHello("aGVsbG8")));
  const std::vector<std::string> features = {"a", "session.1"};
  EXPECT_EQ(ToPlainHello(features).text, R"({"plain":1,"features":["a","session.1"]})");
  EXPECT_TRUE(IsPlainHello(ToPlainHello(features)));
  EXPECT_FALSE(ParseHello(ToPlainHello(features)));
  EXPECT_EQ(*ParseFeatureList(ToPlainHello(features)), features);
  EXPECT_EQ(*ParseFeatureList(ToSdpData("x", features)), features);
  EXPECT_EQ(ToSdpData("x").text, R"({"sdp":"x"})");
  EXPECT_TRUE(ParseFeatureList(ToSdpData("x"))->empty());
  EXPECT_FALSE(ParseFeatureList({R"({"features":7})"}));
  for (const char* bad : {"", "7", "[]", "{}", R"({"plain":2})", R"({"plain":"1"})"}) {
    EXPECT_FALSE(IsPlainHello({bad})) << bad;
    EXPECT_FALSE(ParseHello({bad})) << bad;
  }

  EXPECT_TRUE(IsFailedData(ToFailedData()));
  EXPECT_EQ(ToFailedData().text, R"({"failed":"auth_failed"})");
  for (const char* other : {"", "{}", "[]", R"({"failed":null})", R"({"sdp":"failed"})"}) {
    EXPECT_FALSE(IsFailedData({other})) << other;
  }
}

TEST(WebRtcSignalTest, MalformedDataIsRefused) {
  const std::string good = ToSdpData("v=0\r\n").text;
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ParseSdpData({good.substr(0, size)})) << size;
  }
  for (const char* bad : {"{}", "[]", R"({"sdp":1})", R"({"sdp":null})", R"({"sdp":{"a":"b"}})",
                          R"({"sdp":"a","sdp":"b"})"}) {
    EXPECT_FALSE(ParseSdpData({bad})) << bad;
  }
  EXPECT_FALSE(ParseSdpData({R"({"sdp":")" + std::string(kMaxSdpBytes + 1, 'x') + "\"}"}));
  for (const char* bad :
       {"", "[]", R"({"candidate":1})", R"({"candidate":"a","sdpMLineIndex":-1})",
        R"({"candidate":"a","sdpMLineIndex":"0"})", R"({"candidate":"a","sdpMid":7})"}) {
    EXPECT_FALSE(ParseCandidateData({bad})) << bad;
  }
  EXPECT_FALSE(
      ParseCandidateData({R"({"candidate":")" + std::string(kMaxCandidateBytes + 1, 'x') + "\"}"}));
}

}  // namespace
}  // namespace pairwire
