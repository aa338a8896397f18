// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// sdp::Parse line by line: what it takes, what it refuses and with which words, and each limit at
// and over it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "peer/sdp/description.h"

namespace pairwire::sdp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::string_view kStart = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n";
constexpr std::string_view kMedia = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n";

// A description with these lines at session level, then a data section with those.
std::string Text(std::string_view session, std::string_view media) {
  return std::string(kStart).append(session).append(kMedia).append(media);
}

std::string Repeat(std::string_view line, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out.append(line);
  return out;
}

MediaSection Section(std::string_view session, std::string_view media) {
  const auto parsed = Parse(Text(session, media));
  if (!parsed || parsed->media.empty()) {
    ADD_FAILURE() << (parsed ? "no section" : parsed.error().detail);
    return {};
  }
  return parsed->media[0];
}

void ExpectError(const std::string& text, Errc code, std::string_view detail) {
  const auto parsed = Parse(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().detail;
  EXPECT_THAT(parsed.error().detail, HasSubstr(detail));
}

TEST(SdpParse, TakesTheShortestDescription) {
  const auto parsed = Parse(kStart);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->session_id, "1");
  EXPECT_EQ(parsed->session_version, 2u);
  EXPECT_FALSE(parsed->ice_lite);
  EXPECT_THAT(parsed->media, IsEmpty());
}

TEST(SdpParse, TakesCrlfAndLfAndNoEndOfTheLastLine) {
  const auto lf = Parse(Text("a=ice-lite\n", "a=mid:0\n"));
  std::string crlf;
  for (const char c : Text("a=ice-lite\n", "a=mid:0\n")) {
    if (c == '\n') crlf.push_back('\r');
    crlf.push_back(c);
  }
  ASSERT_TRUE(lf);
  EXPECT_EQ(Parse(crlf), lf);
  EXPECT_EQ(Parse(crlf + "\r\n\r\n"), lf);  // Joined once too often.
  crlf.resize(crlf.size() - 2);
  EXPECT_EQ(Parse(crlf), lf);
}

TEST(SdpParse, KeepsWhatADataSectionSays) {
  const auto section =
      Section("",
              "c=IN IP4 0.0.0.0\na=mid:data\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
              "a=ice-options:trickle  renomination\na=fingerprint:sha-256 ab:CD\na=setup:passive\n"
              "a=sctp-port:65535\na=max-message-size:0\na=bundle-only\n"
              "a=candidate:1 1 UDP 2 192.0.2.1 50000 typ host \na=end-of-candidates\n");
  EXPECT_TRUE(section.IsData());
  EXPECT_FALSE(section.IsRejected());
  EXPECT_EQ(section.mid, "data");
  EXPECT_EQ(section.ice_ufrag, "abcd");
  EXPECT_EQ(section.ice_pwd, "0123456789012345678901");
  EXPECT_THAT(section.ice_options, ElementsAre("trickle", "renomination"));
  EXPECT_THAT(section.fingerprints, ElementsAre(Fingerprint{"sha-256", "ab:CD"}));
  EXPECT_EQ(section.setup, Setup::kPassive);
  EXPECT_EQ(section.sctp_port, 65535);
  EXPECT_EQ(section.max_message_size, 0u);
  EXPECT_TRUE(section.bundle_only);
  // Without the blank at its end, which libnice would not take.
  EXPECT_THAT(section.candidates, ElementsAre("candidate:1 1 UDP 2 192.0.2.1 50000 typ host"));
  EXPECT_TRUE(section.end_of_candidates);
}

TEST(SdpParse, LeavesOutWhatIsNotSaid) {
  const auto section = Section("", "");
  EXPECT_EQ(section.mid, "");
  EXPECT_FALSE(section.setup);
  EXPECT_FALSE(section.sctp_port);
  EXPECT_FALSE(section.max_message_size);
  EXPECT_FALSE(section.end_of_candidates);
}

// Ours alone, and read with care: whatever it says is no reason to refuse a description.
TEST(SdpParse, TakesWhatPairwireSaysOfItself) {
  const auto burst = [](const std::string& line) { return Section("", line).pairwire_burst; };
  EXPECT_EQ(burst("a=x-pairwire:burst=32\n"), 32);
  EXPECT_EQ(burst("a=x-pairwire:later=1 ufrag=abcd burst=16 flag\n"), 16);
  EXPECT_EQ(Section("", "a=x-pairwire:ufrag=abcd burst=16\n").pairwire_ufrag, "abcd");
  EXPECT_EQ(burst(""), 0);
  for (const char* value :
       {"", "burst", "burst=", "burst=-1", "burst=65536", "burst=x", "Burst=3"}) {
    EXPECT_EQ(burst(std::string("a=x-pairwire:") + value + "\n"), 0) << value;
  }
  EXPECT_EQ(burst("a=x-pairwire\n"), 0);
}

TEST(SdpParse, SectionsInheritFromTheSession) {
  constexpr std::string_view session =
      "a=ice-ufrag:sess\na=ice-pwd:sessionpassword\na=ice-options:ice2\n"
      "a=fingerprint:sha-256 01:02\na=setup:active\na=end-of-candidates\n";
  const auto inherits = Section(session, "");
  EXPECT_EQ(inherits.ice_ufrag, "sess");
  EXPECT_EQ(inherits.ice_pwd, "sessionpassword");
  EXPECT_THAT(inherits.ice_options, ElementsAre("ice2"));
  EXPECT_THAT(inherits.fingerprints, ElementsAre(Fingerprint{"sha-256", "01:02"}));
  EXPECT_EQ(inherits.setup, Setup::kActive);
  EXPECT_TRUE(inherits.end_of_candidates);

  const auto says = Section(session,
                            "a=ice-ufrag:mine\na=ice-pwd:minepassword\na=ice-options:trickle\n"
                            "a=fingerprint:sha-512 03:04\na=setup:passive\n");
  EXPECT_EQ(says.ice_ufrag, "mine");
  EXPECT_EQ(says.ice_pwd, "minepassword");
  EXPECT_THAT(says.ice_options, ElementsAre("trickle"));
  EXPECT_THAT(says.fingerprints, ElementsAre(Fingerprint{"sha-512", "03:04"}));
  EXPECT_EQ(says.setup, Setup::kPassive);
}

TEST(SdpParse, IgnoresWhatItDoesNotKnow) {
  const auto parsed = Parse(
      Text("a=made-up\na=made-up:value\ni=Sitzung \xc3\xbc\nu=x\ne=x\np=x\nc=IN IP4 192.0.2.1\n"
           "b=AS:1\nr=1\nz=1\nk=clear:x\na=group:LS 1 2\na=msid-semantic: WMS\na=mid:9\n",
           "i=title\nb=AS:1\nk=x\na=sctpmap:5000 webrtc-datachannel 1024\na=ice-lite\n"));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_FALSE(parsed->ice_lite);  // It is a session's, not a section's.
  EXPECT_THAT(parsed->bundle_group, IsEmpty());
}

TEST(SdpParse, KeepsTheFirstBundle) {
  const auto parsed = Parse(Text("a=group:BUNDLE 0  data\na=group:BUNDLE other\n", ""));
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_THAT(parsed->bundle_group, ElementsAre("0", "data"));
  const auto empty = Parse(Text("a=group:BUNDLE\n", ""));
  ASSERT_TRUE(empty);
  EXPECT_THAT(empty->bundle_group, IsEmpty());
}

TEST(SdpParse, TellsDataSectionsAndRejectedOnes) {
  const auto section = [](std::string_view line) {
    const auto parsed = Parse(std::string(kStart).append(line).append("\n"));
    return parsed ? parsed->media.at(0) : MediaSection{};
  };
  EXPECT_TRUE(section("m=application 9 UDP/DTLS/SCTP webrtc-datachannel").IsData());
  EXPECT_TRUE(section("m=application 9 TCP/DTLS/SCTP webrtc-datachannel").IsData());
  EXPECT_FALSE(section("m=application 9 DTLS/SCTP 5000").IsData());
  EXPECT_FALSE(section("m=application 9 UDP/DTLS/SCTP bfcp").IsData());
  EXPECT_FALSE(section("m=audio 9 UDP/TLS/RTP/SAVPF 111 0").IsData());
  EXPECT_FALSE(section("m=audio 9 UDP/TLS/RTP/SAVPF 111 0").IsRejected());
  EXPECT_TRUE(section("m=audio 0 UDP/TLS/RTP/SAVPF 111 0").IsRejected());
  EXPECT_EQ(section("m=audio 0 UDP/TLS/RTP/SAVPF 111 0").format, "111 0");
}

struct BadText {
  std::string_view name;
  std::string text;
  std::string_view detail;
};

class SdpParseBad : public ::testing::TestWithParam<BadText> {};

TEST_P(SdpParseBad, IsRefusedWithLineAndReason) {
  ExpectError(GetParam().text, Errc::kParseError, GetParam().detail);
}

const std::string kS(kStart);
const auto kCaseName = [](const auto& test) { return std::string(test.param.name); };

INSTANTIATE_TEST_SUITE_P(
    Lines, SdpParseBad,
    ::testing::Values(
        BadText{"Empty", "", "empty"}, BadText{"OnlyLineEnds", "\r\n\r\n", "empty"},
        BadText{"NoVersion", "o=- 1 2 IN IP4 x\n", "line 1: is not v=0"},
        BadText{"OtherVersion", "v=1\n", "line 1: is not v=0"},
        BadText{"VersionOnly", "v=0\n", "ends before s="},
        BadText{"NoOrigin", "v=0\ns=-\n", "line 2: is not o="},
        BadText{"NoName", "v=0\no=- 1 2 IN IP4 x\nt=0 0\n", "line 3: is not s="},
        BadText{"NoTime", "v=0\no=- 1 2 IN IP4 x\ns=-\na=x\n", "no t= line"},
        BadText{"MediaBeforeTime", "v=0\no=- 1 2 IN IP4 x\ns=-\n" + std::string(kMedia),
                "line 4: m= comes before t="},
        BadText{"OriginShort", "v=0\no=- 1 2 IN IP4\ns=-\n", "line 2: o= has not six fields"},
        BadText{"OriginLong", "v=0\no=- 1 2 IN IP4 x y\ns=-\n", "line 2: o= has not six fields"},
        BadText{"OriginIdNegative", "v=0\no=- -1 2 IN IP4 x\n", "session id"},
        BadText{"OriginIdHuge", "v=0\no=- 9223372036854775808 2 IN IP4 x\n", "session id"},
        BadText{"OriginIdOverflow", "v=0\no=- 99999999999999999999999 2 IN IP4 x\n", "session id"},
        BadText{"OriginVersionOverflow", "v=0\no=- 1 18446744073709551616 IN IP4 x\n",
                "session version"},
        BadText{"OriginVersionHex", "v=0\no=- 1 0x2 IN IP4 x\n", "session version"},
        BadText{"SecondVersion", kS + "v=0\n", "line 5: has a type that does not belong"},
        BadText{"SecondOrigin", kS + "o=- 1 2 IN IP4 x\n", "line 5: has a type"},
        BadText{"UnknownType", kS + "q=1\n", "line 5: has a type"},
        BadText{"TimeInSection", Text("", "t=0 0\n"), "line 6: has a type"},
        BadText{"BlankLine", kS + "\na=x\n", "line 5: is not of the form"},
        BadText{"NoEqualsSign", kS + "a\n", "line 5: is not of the form"},
        BadText{"NoAttributeName", kS + "a=\n", "line 5: a= names no attribute"},
        BadText{"Nul", kS + std::string("a=x\0y\n", 6), "line 5: holds a control character"},
        BadText{"NulInName", std::string("v=0\no=- 1 2 IN IP4 x\ns=\0\nt=0 0\n", 32),
                "line 3: holds a control character"},
        BadText{"Tab", kS + "a=x\ty\n", "control character"},
        BadText{"LoneCarriageReturn", kS + "a=x\ra=y\n", "control character"},
        BadText{"Delete", kS + "a=x\x7f\n", "control character"},
        BadText{"NotAscii", kS + "a=x:\xc3\xbc\n", "line 5: holds a character outside of ASCII"}),
    kCaseName);

INSTANTIATE_TEST_SUITE_P(
    Media, SdpParseBad,
    ::testing::Values(BadText{"Empty", kS + "m=\n", "names no media"},
                      BadText{"OddKind", kS + "m=a/b 9 P f\n", "names no media"},
                      BadText{"NoPort", kS + "m=audio\n", "no port"},
                      BadText{"BigPort", kS + "m=audio 65536 P f\n", "no port up to 65535"},
                      BadText{"PortRange", kS + "m=audio 9/2 P f\n", "no port"},
                      BadText{"PortSign", kS + "m=audio +9 P f\n", "no port"},
                      BadText{"NoProtocol", kS + "m=audio 9\n", "names no protocol"},
                      BadText{"NoFormat", kS + "m=audio 9 P\n", "names no format"},
                      BadText{"BlankFormat", kS + "m=audio 9 P  f\n", "names no format"}),
    kCaseName);

INSTANTIATE_TEST_SUITE_P(
    Attributes, SdpParseBad,
    ::testing::Values(
        BadText{"UfragTwice", Text("", "a=ice-ufrag:a\na=ice-ufrag:a\n"),
                "line 7: a=ice-ufrag is given twice"},
        BadText{"UfragTwiceInSession", Text("a=ice-ufrag:a\na=ice-ufrag:b\n", ""),
                "line 6: a=ice-ufrag is given twice"},
        BadText{"UfragEmpty", Text("", "a=ice-ufrag\n"), "a=ice-ufrag has no value"},
        BadText{"PasswordTwice", Text("", "a=ice-pwd:a\na=ice-pwd:b\n"), "a=ice-pwd is given"},
        BadText{"PasswordEmpty", Text("", "a=ice-pwd: \n"), "a=ice-pwd has no value"},
        BadText{"OptionsTwice", Text("", "a=ice-options:a\na=ice-options:b\n"), "a=ice-options is"},
        BadText{"OptionsEmpty", Text("", "a=ice-options:\n"), "a=ice-options has no value"},
        BadText{"SetupTwice", Text("", "a=setup:active\na=setup:active\n"), "a=setup is given"},
        BadText{"SetupUnknown", Text("", "a=setup:both\n"), "a=setup is none of"},
        BadText{"MidTwice", Text("", "a=mid:0\na=mid:0\n"), "a=mid is given twice"},
        BadText{"MidEmpty", Text("", "a=mid:\n"), "a=mid has no value"},
        BadText{"MidNoToken", Text("", "a=mid:a b\n"), "a=mid is no token"},
        BadText{"MidShared", Text("", "a=mid:0\n" + std::string(kMedia) + "a=mid:0\n"),
                "line 8: a=mid is the same as that of another section"},
        BadText{"GroupMidNoToken", Text("a=group:BUNDLE a,b\n", ""), "a=group holds a mid"},
        BadText{"FingerprintNoValue", Text("", "a=fingerprint:sha-256\n"), "pairs of hex"},
        BadText{"FingerprintEmpty", Text("", "a=fingerprint\n"), "names no hash function"},
        BadText{"FingerprintOdd", Text("", "a=fingerprint:sha-256 AB:C\n"), "pairs of hex"},
        BadText{"FingerprintNoColon", Text("", "a=fingerprint:sha-256 AB-CD\n"), "pairs of hex"},
        BadText{"FingerprintNoHex", Text("", "a=fingerprint:sha-256 AB:GG\n"), "pairs of hex"},
        BadText{"SctpPortTwice", Text("", "a=sctp-port:1\na=sctp-port:1\n"),
                "a=sctp-port is given"},
        BadText{"SctpPortBig", Text("", "a=sctp-port:65536\n"), "a=sctp-port is no number"},
        BadText{"SctpPortEmpty", Text("", "a=sctp-port\n"), "a=sctp-port is no number"},
        BadText{"SctpPortTail", Text("", "a=sctp-port:5000x\n"), "a=sctp-port is no number"},
        BadText{"SizeTwice", Text("", "a=max-message-size:1\na=max-message-size:2\n"),
                "a=max-message-size is given twice"},
        BadText{"SizeOverflow", Text("", "a=max-message-size:18446744073709551616\n"),
                "a=max-message-size is no number"},
        BadText{"SizeNegative", Text("", "a=max-message-size:-1\n"), "a=max-message-size is no"},
        BadText{"CandidateEmpty", Text("", "a=candidate:\n"), "a=candidate has no value"}),
    kCaseName);

// The text may be logged with the error; passwords must not be.
TEST(SdpParse, ErrorsNeverQuoteTheText) {
  const auto parsed =
      Parse(Text("", "a=ice-pwd:VerySecretPassword12345\na=ice-pwd:VerySecretPassword12345\n"));
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().detail, Not(HasSubstr("Secret")));
}

TEST(SdpParseLimit, Bytes) {
  std::string text(kStart);
  text += "a=x:";
  text.append(kMaxBytes - text.size(), 'y');
  EXPECT_TRUE(Parse(text));
  ExpectError(text + "y", Errc::kLimitExceeded, "bytes of SDP");
}

TEST(SdpParseLimit, Lines) {
  const std::string text = std::string(kStart) + Repeat("a=x\n", kMaxLines - 4);
  EXPECT_TRUE(Parse(text));
  ExpectError(text + "a=x\n", Errc::kLimitExceeded, "lines of SDP");
}

TEST(SdpParseLimit, MediaSections) {
  const std::string text = std::string(kStart) + Repeat(kMedia, kMaxMediaSections);
  const auto parsed = Parse(text);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_THAT(parsed->media, SizeIs(kMaxMediaSections));
  ExpectError(text + std::string(kMedia), Errc::kLimitExceeded, "media sections");
}

TEST(SdpParseLimit, CandidatesOfASection) {
  const std::string lines = Repeat("a=candidate:x\n", kMaxCandidates);
  EXPECT_THAT(Section("", lines).candidates, SizeIs(kMaxCandidates));
  EXPECT_TRUE(Parse(Text("", lines + std::string(kMedia) + lines)));
  ExpectError(Text("", lines + "a=candidate:x\n"), Errc::kLimitExceeded, "candidates");
}

TEST(SdpParseLimit, FingerprintsOfASection) {
  const std::string lines = Repeat("a=fingerprint:sha-256 00\n", kMaxFingerprints);
  EXPECT_THAT(Section("", lines).fingerprints, SizeIs(kMaxFingerprints));
  EXPECT_THAT(Section(lines, "").fingerprints, SizeIs(kMaxFingerprints));
  ExpectError(Text("", lines + "a=fingerprint:sha-256 00\n"), Errc::kLimitExceeded, "fingerprint");
  ExpectError(Text(lines + "a=fingerprint:sha-256 00\n", ""), Errc::kLimitExceeded, "fingerprint");
}

TEST(SdpParseLimit, BytesOfAFingerprint) {
  // "sha-256 " and pairs: 8 + 3 * 168 - 1 = 511
  const std::string longest = "a=fingerprint:sha-256 " + Repeat("00:", 167) + "00";
  EXPECT_TRUE(Parse(Text("", longest + "\n")));
  ExpectError(Text("", longest + ":00\n"), Errc::kLimitExceeded, "fingerprint");
}

TEST(SdpParseLimit, IceOptions) {
  const std::string line = "a=ice-options:" + Repeat("x ", kMaxIceOptions);
  EXPECT_THAT(Section("", line + "\n").ice_options, SizeIs(kMaxIceOptions));
  ExpectError(Text("", line + "x\n"), Errc::kLimitExceeded, "ice options");
}

TEST(SdpParseLimit, MidsOfABundle) {
  const std::string line = "a=group:BUNDLE" + Repeat(" x", kMaxBundleMids);
  EXPECT_TRUE(Parse(Text(line + "\n", "")));
  ExpectError(Text(line + " x\n", ""), Errc::kLimitExceeded, "mids in a=group");
}

TEST(SdpParseLimit, BytesOfAnRtpmap) {
  const std::string start = std::string(kStart) + "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\n";
  const std::string line = "a=rtpmap:111 " + std::string(kMaxRtpmapBytes - 4, 'x');
  EXPECT_TRUE(Parse(start + line + "\n"));
  ExpectError(start + line + "x\n", Errc::kLimitExceeded, "bytes of a=rtpmap");
}

// What an unused audio section needs so that a browser keeps it.
TEST(SdpParse, KeepsOfMediaTheFirstFormatsRtpmapAndTwoFlags) {
  const std::string text = std::string(kStart) +
                           "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\na=rtpmap:0 PCMU/8000\n"
                           "a=rtpmap:111 opus/48000/2\na=rtpmap:111 other/1\na=rtcp-mux\n";
  const auto parsed = Parse(text);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  const auto& audio = parsed->media.at(0);
  EXPECT_TRUE(audio.IsRtp());
  EXPECT_EQ(audio.rtpmap, "111 opus/48000/2");
  EXPECT_TRUE(audio.rtcp_mux);
  EXPECT_FALSE(audio.inactive);
  EXPECT_EQ(Parse(Serialize(*parsed)), parsed);
  EXPECT_TRUE(Parse(text + "a=inactive\n")->media.at(0).inactive);
}

TEST(SdpParseLimit, BytesOfAMid) {
  const std::string line = "a=mid:" + std::string(kMaxMidBytes, 'x');
  EXPECT_THAT(Section("", line + "\n").mid, SizeIs(kMaxMidBytes));
  ExpectError(Text("", line + "x\n"), Errc::kLimitExceeded, "bytes of a=mid");
}

}  // namespace
}  // namespace pairwire::sdp
