// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What can the other end make us hold? It is authenticated (it came through DTLS) and hostile: it
// forges SCTP packets, and ignores windows, limits and its own association. Memory is measured by
// the allocator's own count and held under the bounds of docs/limits.md.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "sctp/channel_mux.h"
#include "sctp/chunks.h"
#include "sctp/crc32c.h"
#include "sctp/dcep.h"
#include "sctp/usrsctp_association.h"
#include "tests/sctp/mux_end.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/support/sanitizers.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::ManualLoop;
using test::MuxEnd;

constexpr std::size_t kMiB = 1024 * 1024;

// Figures of docs/limits.md: what one peer can make us hold, whatever it does. The first is for
// messages that wait for an application that does not read (the small ones cost most: usrsctp keeps
// 10,240 of them whatever their size, with 1.8 KB each), the second for what SCTP itself keeps:
// pieces, gaps, duplicates; the third for channels, streams and requests.
constexpr std::size_t kHeldForReader = 24 * kMiB;
constexpr std::size_t kHeldByAssociation = 14 * kMiB;
constexpr std::size_t kHeldByOpens = 2 * kMiB;

std::size_t Allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void Append(Bytes& out, std::uint32_t number, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

// Our end is a whole mux; the other is a real one until the association is up, then forged packets.
class Flood {
 public:
  explicit Flood(const ChannelMuxOptions& options = {})
      : runtime_(UsrsctpRuntime::Create(loop).value()), victim(loop, options), other_(loop) {
    victim.keep_log = false;
    victim.on_packet = [this](ByteSpan packet) {
      ++answers;
      NoteSack(packet);
      if (!hostile_) ToOther(packet);
    };
    other_.on_packet = [this](ByteSpan packet) {
      NotePacket(packet);
      ToVictim(packet);
    };
  }
  ~Flood() {
    victim.mux.reset();
    other_.mux.reset();
  }

  // The other end opens a channel that the victim's application does not read, and goes mad.
  void Start(bool with_channel = true) {
    const auto make = [this](AssociationEvents& events) {
      return std::make_unique<UsrsctpAssociation>(*runtime_, UsrsctpAssociationOptions{}, events);
    };
    victim.accept_incoming = false;
    ASSERT_TRUE(victim.mux->Start(make, true, 256 * 1024, false).has_value());
    ASSERT_TRUE(other_.mux->Start(make, false, 256 * 1024, false).has_value());
    if (with_channel) {
      ASSERT_TRUE(other_.mux->Open({.label = "flood"}).has_value());
    }
    ASSERT_TRUE(loop.RunUntil(
        [&] {
          return !other_.states.empty() && !victim.states.empty() &&
                 other_.opened.size() == (with_channel ? 1u : 0u);
        },
        10s));
    loop.RunFor(1s);
    hostile_ = true;
    base_ = Allocated();
  }

  // One DATA chunk; flags of RFC 9260: 4 unordered, 2 first, 1 last piece.
  static Bytes Data(std::uint32_t tsn, std::uint16_t stream, std::uint16_t ssn, int flags,
                    std::size_t size, Ppid ppid = Ppid::kBinary) {
    Bytes chunk{kDataChunk, static_cast<std::uint8_t>(flags)};
    Append(chunk, static_cast<std::uint32_t>(16 + size), 2);
    Append(chunk, tsn, 4);
    Append(chunk, stream, 2);
    Append(chunk, ssn, 2);
    Append(chunk, static_cast<std::uint32_t>(ppid), 4);
    chunk.resize(16 + size, 0x55);
    while (chunk.size() % 4 != 0) chunk.push_back(0);
    return chunk;
  }

  void Give(const Bytes& chunks) {
    Bytes packet;
    Append(packet, kSctpPort, 2);
    Append(packet, kSctpPort, 2);
    Append(packet, tag_, 4);
    Append(packet, 0, 4);
    packet.insert(packet.end(), chunks.begin(), chunks.end());
    SetSctpChecksum(packet);
    if (victim.mux) victim.mux->ReceivePacket(packet);
    if (++given_ % 64 == 0) loop.RunFor(1ms);
    if (given_ % 1024 == 0) Measure();
  }

  void Measure() { most_ = std::max(most_, Allocated() - std::min(Allocated(), base_)); }

  // The most that was held, and what is still held after the victim has seen the end.
  void Expect(std::size_t bound) {
    Measure();
    std::printf("    held at most %.2f MB of %.2f; %zu answers%s%s\n",
                static_cast<double>(most_) / 1e6, static_cast<double>(bound) / 1e6, answers,
                alive() ? "" : "; ended: ", victim.error.detail.c_str());
    // A sanitizer's allocator does not count this way.
    if (!pairwire::test::kAddressSanitizer) {
      EXPECT_LT(most_, bound);
    }
  }

  bool alive() const { return victim.states.back() == AssociationState::kConnected; }
  std::uint32_t next_tsn() const { return tsn_; }
  std::uint32_t request() const { return first_tsn_; }

  ManualLoop loop;

 private:
  void NotePacket(ByteSpan packet) {
    tag_ = Read32(packet, 4);
    ForEachChunk(packet, [this](ByteSpan chunk) {
      if ((chunk[0] == kInitChunk || chunk[0] == kInitAckChunk) && chunk.size() >= 20) {
        tsn_ = first_tsn_ = Read32(chunk, 16);
      }
      if (chunk[0] == kDataChunk && chunk.size() >= 16) tsn_ = Read32(chunk, 4) + 1;
    });
  }
  void NoteSack(ByteSpan packet) {
    ForEachChunk(packet, [this](ByteSpan chunk) {
      if (chunk[0] == kSackChunk && chunk.size() >= 16) acknowledged = Read32(chunk, 4);
    });
  }
  void ToVictim(ByteSpan packet) {
    loop.Post([this, bytes = Bytes(packet.begin(), packet.end())] {
      if (victim.mux && !hostile_) victim.mux->ReceivePacket(bytes);
    });
  }
  void ToOther(ByteSpan packet) {
    loop.Post([this, bytes = Bytes(packet.begin(), packet.end())] {
      if (other_.mux) other_.mux->ReceivePacket(bytes);
    });
  }

  test::VirtualWallClock wall_clock_{loop};
  std::unique_ptr<UsrsctpRuntime> runtime_;

 public:
  MuxEnd victim;
  std::size_t answers = 0;
  std::uint32_t acknowledged = 0;

 private:
  MuxEnd other_;
  bool hostile_ = false;
  std::uint32_t tag_ = 0;
  std::uint32_t tsn_ = 0;
  std::uint32_t first_tsn_ = 0;
  std::size_t given_ = 0;
  std::size_t base_ = 0;
  std::size_t most_ = 0;
};

// The odd numbers are the other end's; its channel has the first.
constexpr std::uint16_t kItsStream = 1;

// Whole messages to an application that does not read, far more than any window.
void FloodReader(std::size_t size, std::size_t per_packet) {
  Flood flood;
  flood.Start();
  ASSERT_EQ(flood.victim.incoming.size(), 1u);
  const auto first = static_cast<std::uint16_t>(1);  // the OPEN was 0
  std::uint32_t tsn = flood.next_tsn();
  std::uint16_t ssn = first;
  for (std::size_t i = 0; i < 60'000 / per_packet * per_packet; i += per_packet) {
    Bytes chunks;
    for (std::size_t k = 0; k < per_packet; ++k) {
      const Bytes chunk = Flood::Data(tsn++, kItsStream, ssn++, 3, size);
      chunks.insert(chunks.end(), chunk.begin(), chunk.end());
    }
    flood.Give(chunks);
  }
  flood.Expect(kHeldForReader);
  // What was taken is delivered when the application reads at last.
  flood.victim.mux->ResumeReceiving(flood.victim.incoming[0]);
  flood.loop.RunFor(1s);
  EXPECT_GT(flood.victim.messages.size(), 1'000u);
  EXPECT_TRUE(flood.victim.closed.empty());
}

TEST(WeatherFloodTest, MessagesToAReaderThatStopped) { FloodReader(1'100, 1); }

TEST(WeatherFloodTest, TinyMessagesToAReaderThatStopped) { FloodReader(1, 50); }

TEST(WeatherFloodTest, ThousandsOfOpens) {
  Flood flood;
  flood.Start(false);
  DcepOpen open;
  open.label = std::string(1'000, 'l');
  const Bytes body = EncodeDcepOpen(open).value();
  std::uint32_t tsn = flood.next_tsn();
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const auto stream = static_cast<std::uint16_t>((2 * i + 1) % 256);
    Bytes chunk = Flood::Data(tsn++, stream, static_cast<std::uint16_t>(i / 128), 3, body.size(),
                              Ppid::kDcep);
    std::copy(body.begin(), body.end(), chunk.begin() + 16);
    flood.Give(chunk);
  }
  flood.Expect(kHeldByOpens);
  // At most max_channels are ever told of at one time.
  EXPECT_LE(flood.victim.incoming.size() - flood.victim.closed.size(), 256u);
}

TEST(WeatherFloodTest, MessagesForChannelsThatNeverCome) {
  Flood flood;
  flood.Start(false);
  std::uint32_t tsn = flood.next_tsn();
  for (std::uint32_t i = 0; i < 40'000; ++i) {
    flood.Give(Flood::Data(tsn++, static_cast<std::uint16_t>(i % 256),
                           static_cast<std::uint16_t>(i / 256), 3, 1'000));
  }
  flood.Expect(kHeldByOpens);
  EXPECT_TRUE(flood.victim.messages.empty());
}

// The first piece of a message on each stream, then the second pieces, and so on: never an end.
TEST(WeatherFloodTest, MessagesWithoutAnEndOnEveryStream) {
  for (const bool ordered : {true, false}) {
    Flood flood;
    flood.Start();
    std::uint32_t tsn = flood.next_tsn() + 1;  // a gap, so that nothing is ever in order
    const int unordered = ordered ? 0 : 4;
    for (std::uint32_t i = 0; i < 60'000; ++i) {
      const auto stream = static_cast<std::uint16_t>(i % 256);
      flood.Give(Flood::Data(tsn++, stream, 7, unordered | (i < 256 ? 2 : 0), 1'100));
      if (!flood.victim.closed.empty()) break;  // the association was aborted, and may be
    }
    flood.Expect(kHeldByAssociation);
  }
}

// Messages in parts (message_parts.h) that never end, in channels that are real.
TEST(WeatherFloodTest, PartsWithoutAnEndInManyChannels) {
  Flood flood;
  flood.Start(false);
  constexpr std::uint32_t kStreams = 64;
  const Bytes body = EncodeDcepOpen({}).value();
  std::uint32_t tsn = flood.next_tsn();
  for (std::uint32_t i = 0; i < 60'000 && flood.victim.closed.empty(); ++i) {
    const auto stream = static_cast<std::uint16_t>(2 * (i % kStreams) + 1);
    const auto ssn = static_cast<std::uint16_t>(i / kStreams);
    Bytes chunk = ssn == 0 ? Flood::Data(tsn++, stream, ssn, 3, body.size(), Ppid::kDcep)
                           : Flood::Data(tsn++, stream, ssn, 3, 1'100, Ppid::kBinaryPartial);
    if (ssn == 0) std::copy(body.begin(), body.end(), chunk.begin() + 16);
    flood.Give(chunk);
  }
  flood.Expect(kHeldByAssociation);
  EXPECT_EQ(flood.victim.incoming.size(), kStreams);
  EXPECT_EQ(flood.victim.error.code, Errc::kLimitExceeded);
}

// Nothing but gaps: each second TSN, over and over the whole window.
TEST(WeatherFloodTest, GapsAndDuplicates) {
  Flood flood;
  flood.Start();
  const std::uint32_t first = flood.next_tsn();
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    const std::uint32_t tsn = first + 1 + (i * 2) % 20'000;
    const auto ssn = static_cast<std::uint16_t>(2 + tsn - first);
    flood.Give(Flood::Data(tsn, kItsStream, ssn, 3, 1'100));
  }
  flood.Expect(kHeldByAssociation);
  EXPECT_TRUE(flood.alive());
  // One SACK for each packet at most.
  EXPECT_LT(flood.answers, 70'000u);
}

TEST(WeatherFloodTest, DuplicatesOfOneMessage) {
  Flood flood;
  flood.Start();
  const Bytes chunk = Flood::Data(flood.next_tsn(), kItsStream, 1, 3, 1'100);
  for (int i = 0; i < 60'000; ++i) flood.Give(chunk);
  flood.Expect(1 * kMiB);
  flood.victim.mux->ResumeReceiving(flood.victim.incoming[0]);
  flood.loop.RunFor(1s);
  EXPECT_EQ(flood.victim.messages.size(), 1u);
}

// RFC 6525: more streams, and resets of all of them, again and again.
TEST(WeatherFloodTest, RequestsForStreamsAndResets) {
  Flood flood;
  flood.Start();
  std::uint32_t request = flood.request();
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    Bytes chunk{kReConfigChunk, 0};
    if (i % 2 == 0) {
      Append(chunk, 16, 2);
      Append(chunk, 17, 2);  // add outgoing streams
      Append(chunk, 12, 2);
      Append(chunk, request, 4);
      Append(chunk, 64, 2);
      Append(chunk, 0, 2);
    } else {
      constexpr std::uint32_t kStreams = 200;
      Append(chunk, 20 + 2 * kStreams, 2);
      Append(chunk, 13, 2);  // outgoing reset
      Append(chunk, 16 + 2 * kStreams, 2);
      Append(chunk, request, 4);
      Append(chunk, 0, 4);
      Append(chunk, flood.next_tsn() - 1, 4);
      for (std::uint32_t s = 0; s < kStreams; ++s) Append(chunk, s, 2);
    }
    if (i % 4 == 3) ++request;  // some new ones, some repeated
    flood.Give(chunk);
    if (!flood.victim.states.empty() && flood.victim.states.back() == AssociationState::kFailed) {
      break;
    }
  }
  flood.Expect(kHeldByOpens);
}

}  // namespace
}  // namespace pairwire::sctp
