// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// sdp::Serialize: the exact text of an offer as browsers take it, and Parse(Serialize(d)) == d for
// random d.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "peer/sdp/description.h"

namespace pairwire::sdp {
namespace {

TEST(SdpSerialize, PrintsWhatBrowsersTake) {
  Description offer;
  offer.session_id = "4611686018427387904";
  offer.session_version = 1;
  offer.bundle_group = {"0"};
  MediaSection section;
  section.kind = "application";
  section.protocol = "UDP/DTLS/SCTP";
  section.format = "webrtc-datachannel";
  section.mid = "0";
  section.ice_ufrag = "abcd";
  section.ice_pwd = "abcdefghijklmnopqrstuv";
  section.ice_options = {"trickle"};
  section.fingerprints = {{"sha-256", "AB:CD"}};
  section.setup = Setup::kActpass;
  section.sctp_port = 5000;
  section.max_message_size = 262144;
  section.candidates = {"candidate:1 1 UDP 2122260223 192.0.2.1 50000 typ host"};
  section.end_of_candidates = true;
  offer.media.push_back(section);
  EXPECT_EQ(Serialize(offer),
            "v=0\r\n"
            "o=- 4611686018427387904 1 IN IP4 127.0.0.1\r\n"
            "s=-\r\n"
            "t=0 0\r\n"
            "a=group:BUNDLE 0\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
            "c=IN IP4 0.0.0.0\r\n"
            "a=ice-ufrag:abcd\r\n"
            "a=ice-pwd:abcdefghijklmnopqrstuv\r\n"
            "a=ice-options:trickle\r\n"
            "a=fingerprint:sha-256 AB:CD\r\n"
            "a=setup:actpass\r\n"
            "a=mid:0\r\n"
            "a=sctp-port:5000\r\n"
            "a=max-message-size:262144\r\n"
            "a=candidate:1 1 UDP 2122260223 192.0.2.1 50000 typ host\r\n"
            "a=end-of-candidates\r\n");
}

TEST(SdpSerialize, PrintsLiteAndRejectedSections) {
  Description answer;
  answer.session_id = "1";
  answer.ice_lite = true;
  MediaSection section;
  section.kind = "audio";
  section.protocol = "UDP/TLS/RTP/SAVPF";
  section.format = "111 0";
  section.port = 0;
  section.mid = "a";
  answer.media.push_back(section);
  EXPECT_EQ(Serialize(answer),
            "v=0\r\no=- 1 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n"
            "m=audio 0 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\n");
}

// Random descriptions of the kind that Parse can make, far below its limits.
class Maker {
 public:
  explicit Maker(std::uint32_t seed) : random_(seed) {}

  Description Make() {
    Description d;
    d.session_id = std::to_string(random_() >> 1);
    d.session_version = random_();
    d.ice_lite = Flip();
    const auto sections = Below(kMaxMediaSections + 1);
    for (std::size_t i = 0; i < sections; ++i) {
      d.media.push_back(Section(i));
      if (Flip() && !d.media.back().mid.empty()) d.bundle_group.push_back(d.media.back().mid);
    }
    return d;
  }

 private:
  bool Flip() { return (random_() & 1) != 0; }
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  std::string Word(std::size_t longest) {
    constexpr std::string_view kChars = "abcXYZ0189+-!.";
    std::string word(1 + Below(longest), 'x');
    for (auto& c : word) c = kChars[Below(kChars.size())];
    return word;
  }

  std::vector<std::string> Words(std::size_t most) {
    std::vector<std::string> words(Below(most + 1));
    for (auto& word : words) word = Word(12);
    return words;
  }

  MediaSection Section(std::size_t index) {
    MediaSection s;
    s.kind = Flip() ? "application" : Word(8);
    s.protocol = Flip() ? "UDP/DTLS/SCTP" : Word(8) + "/" + Word(8);
    s.format = Flip() ? "webrtc-datachannel" : Word(5) + " " + Word(5);
    s.port = static_cast<std::uint16_t>(random_());
    s.bundle_only = Flip();
    if (Flip()) s.mid = Word(5) + std::to_string(index);
    if (Flip()) s.ice_ufrag = Word(40);
    if (Flip()) s.ice_pwd = Word(60);
    s.ice_options = Words(4);
    for (std::size_t i = Below(4); i > 0; --i) {
      s.fingerprints.push_back({Word(8), Flip() ? "0A:bc:9F" : "00"});
    }
    if (Flip()) s.setup = static_cast<Setup>(Below(4));
    if (Flip()) s.sctp_port = static_cast<std::uint16_t>(random_());
    if (Flip()) s.max_message_size = random_();
    if (Flip()) s.pairwire_burst = static_cast<std::uint16_t>(random_());
    for (auto& word : Words(20)) s.candidates.push_back("candidate:" + word + " 1 udp");
    s.end_of_candidates = Flip();
    return s;
  }

  std::mt19937_64 random_;
};

TEST(SdpRoundTrip, ParseOfSerializeIsTheSame) {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    const Description made = Maker(seed).Make();
    const auto parsed = Parse(Serialize(made));
    ASSERT_TRUE(parsed) << "seed " << seed << ": " << parsed.error().detail;
    ASSERT_EQ(*parsed, made) << "seed " << seed;
  }
}

// Random damage to a printed description: an answer or an error, and what is answered is stable.
TEST(SdpRoundTrip, DamagedTextIsRefusedOrStable) {
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::string text = Serialize(Maker(seed).Make());
    for (int hits = 0; hits < 3; ++hits) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    if (const auto parsed = Parse(text)) {
      ASSERT_EQ(Parse(Serialize(*parsed)), parsed) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace pairwire::sdp
