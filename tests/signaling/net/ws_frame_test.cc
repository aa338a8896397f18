// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A client's frames cut at every point, and everything that RFC 6455 section 5 forbids.
#include "signaling/net/ws_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pairwire::net {
namespace {

using Kind = WsDecoder::Event::Kind;

constexpr std::size_t kMaxMessage = 64 * 1024;

std::string Masked(std::string payload, std::string_view mask = "\x37\xfa\x21\x3d") {
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return payload;
}

// A client's frame: `first` is FIN, reserved bits and opcode; lengths in their shortest form.
std::string Frame(unsigned first, const std::string& payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() <= 125) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    const int wide = payload.size() <= 0xFFFF ? 2 : 8;
    out += static_cast<char>(wide == 2 ? 0xFE : 0xFF);
    for (int i = wide - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i) & 0xFF);
  }
  return out + "\x37\xfa\x21\x3d" + Masked(payload);
}

struct Seen {
  Kind kind;
  std::uint16_t code;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << static_cast<int>(seen.kind) << "/" << seen.code << "/" << seen.payload.substr(0, 40);
}

// Feeds `pieces` one after the other and collects what comes.
std::vector<Seen> Decode(WsDecoder& decoder, const std::vector<std::string>& pieces) {
  std::vector<Seen> all;
  for (std::string piece : pieces) {
    std::span<char> bytes(piece);
    while (true) {
      const WsDecoder::Event event = decoder.Next(bytes);
      if (event.kind == Kind::kNeedMore) break;
      all.push_back({event.kind, event.code, std::string(event.payload)});
    }
    EXPECT_TRUE(bytes.empty());
  }
  return all;
}

std::vector<Seen> Decode(const std::string& bytes, std::size_t max = kMaxMessage) {
  WsDecoder decoder(max);
  return Decode(decoder, {bytes});
}

// The one event of `bytes`.
Seen Only(const std::string& bytes, std::size_t max = kMaxMessage) {
  const std::vector<Seen> all = Decode(bytes, max);
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Seen{Kind::kNeedMore, 0, {}} : all.front();
}

std::uint16_t BrokenWith(const std::string& bytes) {
  const Seen seen = Only(bytes);
  EXPECT_EQ(seen.kind, Kind::kBroken);
  return seen.code;
}

TEST(WsFrameTest, EveryCutPoint) {
  const std::string bytes = Frame(0x81, "hello") + Frame(0x01, "be") + Frame(0x89, "ping") +
                            Frame(0x00, "") + Frame(0x8A, "") + Frame(0x80, "gin") +
                            Frame(0x81, std::string(300, 'x')) + Frame(0x81, "") +
                            Frame(0x88, "\x03\xe9gone");
  const std::vector<Seen> expected = {{Kind::kText, 0, "hello"},
                                      {Kind::kPing, 0, "ping"},
                                      {Kind::kPong, 0, ""},
                                      {Kind::kText, 0, "begin"},
                                      {Kind::kText, 0, std::string(300, 'x')},
                                      {Kind::kText, 0, ""},
                                      {Kind::kClose, 1001, "gone"}};
  EXPECT_EQ(Decode(bytes), expected);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    WsDecoder decoder(kMaxMessage);
    EXPECT_EQ(Decode(decoder, {bytes.substr(0, cut), bytes.substr(cut)}), expected) << cut;
    EXPECT_EQ(decoder.held_bytes(), 0U);
  }
  std::vector<std::string> single;
  for (const char byte : bytes) single.emplace_back(1, byte);
  WsDecoder decoder(kMaxMessage);
  EXPECT_EQ(Decode(decoder, single), expected);
}

TEST(WsFrameTest, AtRestNothingIsHeld) {
  WsDecoder decoder(kMaxMessage);
  const std::string frame = Frame(0x81, std::string(1000, 'x'));
  EXPECT_EQ(Decode(decoder, {frame}).size(), 1U);
  EXPECT_EQ(decoder.held_bytes(), 0U);
  EXPECT_EQ(Decode(decoder, {frame.substr(0, 500)}).size(), 0U);
  EXPECT_GE(decoder.held_bytes(), 400U);
  EXPECT_EQ(Decode(decoder, {frame.substr(500)}).size(), 1U);
  EXPECT_EQ(decoder.held_bytes(), 0U);
  // Also when only the header was cut.
  EXPECT_EQ(Decode(decoder, {frame.substr(0, 3)}).size(), 0U);
  EXPECT_EQ(Decode(decoder, {frame.substr(3)}).size(), 1U);
  EXPECT_EQ(decoder.held_bytes(), 0U);
}

TEST(WsFrameTest, MaskedOnly) {
  EXPECT_EQ(BrokenWith(std::string("\x81\x05", 2) + "hello"), kWsProtocolError);
  EXPECT_EQ(BrokenWith(std::string("\x81\x00", 2)), kWsProtocolError) << "an empty one too";
}

TEST(WsFrameTest, UnmasksFromEveryOffset) {
  std::string plain;
  for (int i = 0; i < 40; ++i) plain += static_cast<char>(i * 37);
  std::string masked = Masked(plain);
  for (std::size_t begin = 0; begin < plain.size(); ++begin) {
    std::string part = masked.substr(begin);
    UnmaskWsPayload(part, {'\x37', '\xfa', '\x21', '\x3d'}, begin);
    EXPECT_EQ(part, plain.substr(begin)) << begin;
  }
}

TEST(WsFrameTest, ControlFramesInFragments) {
  EXPECT_EQ(BrokenWith(Frame(0x09, "ping")), kWsProtocolError);
  EXPECT_EQ(BrokenWith(Frame(0x0A, "pong")), kWsProtocolError);
  EXPECT_EQ(BrokenWith(Frame(0x08, "\x03\xe8")), kWsProtocolError);
  EXPECT_EQ(Only(Frame(0x89, std::string(125, 'p'))).payload, std::string(125, 'p'));
  EXPECT_EQ(BrokenWith(Frame(0x89, std::string(126, 'p'))), kWsProtocolError);
}

TEST(WsFrameTest, MessagesFollowOneAnother) {
  EXPECT_EQ(BrokenWith(Frame(0x80, "of nothing")), kWsProtocolError);
  EXPECT_EQ(BrokenWith(Frame(0x01, "a") + Frame(0x81, "b")), kWsProtocolError);
  EXPECT_EQ(BrokenWith(Frame(0x01, "a") + Frame(0x82, "b")), kWsProtocolError);
  EXPECT_EQ(Decode(Frame(0x01, "a") + Frame(0x80, "b") + Frame(0x80, "c")).back(),
            (Seen{Kind::kBroken, kWsProtocolError, ""}));
}

TEST(WsFrameTest, LengthsAtTheirBorders) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{125}, std::size_t{126},
                                 std::size_t{65'535}, std::size_t{65'536}}) {
    EXPECT_EQ(Only(Frame(0x81, std::string(size, 'x'))).payload.size(), size);
    // And back: what a server writes differs in the mask alone.
    std::string out;
    AppendFrame(out, WsOpcode::kText, std::string(size, 'x'));
    EXPECT_EQ(out.size() + 4, Frame(0x81, std::string(size, 'x')).size());
  }
  const std::string mask = "\x01\x02\x03\x04";
  EXPECT_EQ(BrokenWith(std::string("\x81\xfe\x00\x7d", 4) + mask), kWsProtocolError);
  EXPECT_EQ(BrokenWith(std::string("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + mask),
            kWsProtocolError);
  EXPECT_EQ(BrokenWith(std::string("\x81\xff\x80\x00\x00\x00\x00\x01\x00\x00", 10) + mask),
            kWsProtocolError);
}

TEST(WsFrameTest, TooLargeIsSaidAtTheHeader) {
  EXPECT_EQ(Only(Frame(0x81, std::string(1000, 'x')), 1000).kind, Kind::kText);
  EXPECT_EQ(Only(Frame(0x81, std::string(1001, 'x')), 1000).kind, Kind::kTooLarge);
  EXPECT_EQ(Only(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10)).kind,
            Kind::kTooLarge);
  // The sum counts, and the bound holds at every cut.
  const std::string sum = Frame(0x01, std::string(600, 'x')) + Frame(0x80, std::string(401, 'x'));
  EXPECT_EQ(Only(sum, 1000).kind, Kind::kTooLarge);
  EXPECT_EQ(Only(sum, 1001).kind, Kind::kText);
  // After its end nothing is looked at.
  EXPECT_EQ(Only(sum + Frame(0x81, "more"), 1000).kind, Kind::kTooLarge);
}

TEST(WsFrameTest, ReservedBits) {
  for (const unsigned bit : {0x10U, 0x20U, 0x40U}) {
    EXPECT_EQ(BrokenWith(Frame(0x81 | bit, "x")), kWsProtocolError);
    EXPECT_EQ(BrokenWith(Frame(0x89 | bit, "x")), kWsProtocolError);
  }
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    EXPECT_EQ(BrokenWith(Frame(0x80 | opcode, "x")), kWsProtocolError) << opcode;
  }
}

TEST(WsFrameTest, BinaryIsSaidAtTheHeader) {
  EXPECT_EQ(Only(Frame(0x82, "x")).kind, Kind::kBinary);
  EXPECT_EQ(Only(std::string("\x82\xff", 2)).kind, Kind::kBinary);
}

TEST(WsFrameTest, Utf8AcrossFragments) {
  const std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and plain text behind it";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Only(Frame(0x01, text.substr(0, cut)) + Frame(0x80, text.substr(cut))).payload, text)
        << cut;
  }
  // A character that is whole only together with the next message is none.
  EXPECT_EQ(BrokenWith(Frame(0x81, "\xe2\x82")), kWsInvalidPayload);
  EXPECT_EQ(BrokenWith(Frame(0x01, "\xe2") + Frame(0x80, "\x82")), kWsInvalidPayload);
  // Said as soon as it cannot become valid, before the message is whole.
  EXPECT_EQ(BrokenWith(Frame(0x01, "ok \xc0")), kWsInvalidPayload);
}

TEST(WsFrameTest, Utf8AgainstItsDefinition) {
  // Every sequence of up to three bytes of a set that has all borders, and of four.
  const std::string borders =
      "\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xed\xee\xef\xf0\xf1\xf4\xf5\xff";
  const auto byte = [](char c) { return static_cast<unsigned char>(c); };
  // By value: decode, and see whether it encodes to the same.
  const auto valid = [&](const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const unsigned char first = byte(text[at]);
      const std::size_t size = first < 0x80             ? 1
                               : (first & 0xE0) == 0xC0 ? 2
                               : (first & 0xF0) == 0xE0 ? 3
                               : (first & 0xF8) == 0xF0 ? 4
                                                        : 0;
      if (size == 0 || at + size > text.size()) return false;
      unsigned value = size == 1 ? first : first & (0x7FU >> size);
      for (std::size_t i = 1; i < size; ++i) {
        if ((byte(text[at + i]) & 0xC0) != 0x80) return false;
        value = value << 6 | (byte(text[at + i]) & 0x3FU);
      }
      constexpr unsigned kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
      if (value < kLeast[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return false;
      }
      at += size;
    }
    return true;
  };
  std::size_t good = 0;
  const auto check = [&](const std::string& text) {
    Utf8Checker checker;
    const bool is = checker.Add(text) && checker.IsWhole();
    ASSERT_EQ(is, valid(text)) << ::testing::PrintToString(text);
    Utf8Checker pieces;
    bool all = true;
    for (const char c : text) all = pieces.Add({&c, 1}) && all;
    ASSERT_EQ(all && pieces.IsWhole(), is);
    good += is ? 1 : 0;
  };
  for (const char a : borders) {
    check({a});
    for (const char b : borders) {
      check({a, b});
      for (const char c : borders) {
        check({a, b, c});
        for (const char d : borders) check({a, b, c, d});
      }
    }
  }
  EXPECT_GT(good, 1000U);
}

TEST(WsFrameTest, CloseCodes) {
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1011U, 3000U, 4001U, 4999U}) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    const Seen seen = Only(Frame(0x88, payload + "why"));
    EXPECT_EQ(seen, (Seen{Kind::kClose, static_cast<std::uint16_t>(code), "why"}));
  }
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    EXPECT_EQ(BrokenWith(Frame(0x88, payload)), kWsProtocolError) << code;
  }
  EXPECT_EQ(Only(Frame(0x88, "")), (Seen{Kind::kClose, kWsNoStatus, ""}));
  EXPECT_EQ(BrokenWith(Frame(0x88, "\x03")), kWsProtocolError);
  EXPECT_EQ(BrokenWith(Frame(0x88, "\x03\xe8\xc3\x28")), kWsInvalidPayload);
  // What follows a close frame is not looked at.
  EXPECT_EQ(Only(Frame(0x88, "\x03\xe8") + "\xff\xff").kind, Kind::kClose);
}

TEST(WsFrameTest, AClosePayloadFits) {
  std::string out;
  AppendCloseFrame(out, 4001, "reason");
  EXPECT_EQ(out, "\x88\x08\x0f\xa1reason");
  out.clear();
  AppendCloseFrame(out, 1000, std::string(500, 'r'));
  EXPECT_EQ(out.size(), 2 + kMaxWsControlBytes);
}

TEST(WsFrameTest, ManyEmptyFragmentsAreNoDepth) {
  std::string bytes = Frame(0x01, "");
  for (int i = 0; i < 100'000; ++i) bytes += Frame(0x00, "");
  bytes += Frame(0x80, "end");
  EXPECT_EQ(Only(bytes).payload, "end");
}

}  // namespace
}  // namespace pairwire::net
