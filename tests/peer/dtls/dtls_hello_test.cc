// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ClientHellos in several pieces. Browsers that offer X25519MLKEM768 send 1.2 KB of key share, so
// that their hello no longer fits one datagram; a network may then lose, double and turn round its
// pieces. The hello here is OpenSSL's own with an extension of that size, cut by its own mtu.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "peer/dtls/record_filter.h"
#include "tests/peer/dtls/meeting.h"

namespace pairwire::dtls::test {
namespace {

// X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem): 1184 + 32 bytes, beside the usual.
constexpr std::size_t kKeyShare = 1'216;

// A browser whose hello waits in pieces for the test to deliver it.
class Browser {
 public:
  explicit Browser(long mtu, bool start_ours = true)
      : meeting_({.role = Role::kClient, .mtu = mtu, .hello_padding = kKeyShare}, {},
                 NewCertificate(), start_ours) {
    pieces = Catch([&] { meeting_.Start(); });
  }

  // What the browser sends meanwhile.
  template <typename Action>
  std::vector<Bytes> Catch(Action action) {
    std::vector<Bytes> caught;
    meeting_.on_raw_packet = [&](ByteSpan packet) {
      caught.emplace_back(packet.begin(), packet.end());
    };
    action();
    meeting_.on_raw_packet = nullptr;
    return caught;
  }
  void Deliver(const Bytes& packet) { meeting_.FromRaw(packet); }
  bool Connects(Loop::Duration limit = 500ms) {
    return meeting_.loop.RunUntil(
        [&] { return meeting_.ours.state() == State::kConnected && meeting_.raw.connected(); },
        limit);
  }

  std::vector<Bytes> pieces;
  Meeting& meeting() { return meeting_; }

 private:
  Meeting meeting_;
};

TEST(DtlsHello, IsReallyInPieces) {
  EXPECT_EQ(Browser(16'000).pieces.size(), 1U);
  EXPECT_EQ(Browser(1'200).pieces.size(), 2U);
  EXPECT_EQ(Browser(600).pieces.size(), 3U);
  EXPECT_GE(Browser(300).pieces.size(), 5U);
}

TEST(DtlsHello, WholeAndInOrder) {
  for (const long mtu : {16'000L, 1'200L, 600L, 300L}) {
    Browser browser(mtu);
    for (const Bytes& piece : browser.pieces) browser.Deliver(piece);
    EXPECT_TRUE(browser.Connects()) << mtu;
  }
}

TEST(DtlsHello, InEachOrder) {
  for (const long mtu : {1'200L, 600L}) {
    std::vector<std::size_t> order(Browser(mtu).pieces.size());
    std::iota(order.begin(), order.end(), 0U);
    do {
      Browser browser(mtu);
      for (const std::size_t i : order) browser.Deliver(browser.pieces[i]);
      EXPECT_TRUE(browser.Connects()) << testing::PrintToString(order);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(DtlsHello, EachPieceTwiceAndBackwards) {
  for (const long mtu : {1'200L, 600L, 300L}) {
    Browser browser(mtu);
    std::reverse(browser.pieces.begin(), browser.pieces.end());
    for (int round = 0; round < 2; ++round) {
      for (const Bytes& piece : browser.pieces) {
        browser.Deliver(piece);
        browser.Deliver(piece);
      }
    }
    EXPECT_TRUE(browser.Connects()) << mtu;
  }
}

TEST(DtlsHello, AMissingPieceComesWithTheRetransmission) {
  for (const long mtu : {1'200L, 600L, 300L}) {
    const std::size_t count = Browser(mtu).pieces.size();
    for (std::size_t lost = 0; lost < count; ++lost) {
      Browser browser(mtu);
      for (std::size_t i = 0; i < count; ++i) {
        if (i != lost) browser.Deliver(browser.pieces[i]);
      }
      EXPECT_FALSE(browser.Connects());
      EXPECT_TRUE(browser.meeting().ours.sent.empty());
      const auto again = browser.Catch([&] { browser.meeting().raw.Retransmit(); });
      ASSERT_EQ(again.size(), count);
      browser.Deliver(again[lost]);  // no more than this is needed
      EXPECT_TRUE(browser.Connects()) << mtu << " " << lost;
    }
  }
}

TEST(DtlsHello, PiecesOfTwoTransmissionsFitTogether) {
  // A middlebox or a smaller mtu at the second try cuts elsewhere: pieces overlap.
  Browser browser(600);
  const auto again = browser.Catch([&] {
    SSL_set_mtu(browser.meeting().raw.ssl(), 420);
    browser.meeting().raw.Retransmit();
  });
  ASSERT_GT(again.size(), 3U);
  browser.Deliver(browser.pieces.front());
  browser.Deliver(browser.pieces.back());
  for (std::size_t i = 1; i + 1 < again.size(); ++i) browser.Deliver(again[i]);
  EXPECT_TRUE(browser.Connects());
}

TEST(DtlsHello, SeveralRecordsInOneDatagram) {
  Browser browser(300);
  Bytes datagram;
  for (const Bytes& piece : browser.pieces) {
    datagram.insert(datagram.end(), piece.begin(), piece.end());
  }
  browser.Deliver(datagram);
  EXPECT_TRUE(browser.Connects());
}

TEST(DtlsHello, PiecesBeforeStart) {
  Browser browser(300, false);
  std::reverse(browser.pieces.begin(), browser.pieces.end());
  for (const Bytes& piece : browser.pieces) browser.Deliver(piece);
  browser.meeting().loop.AdvanceBy(100ms);
  browser.meeting().StartOurs();
  EXPECT_EQ(browser.meeting().ours.sent.size(), 1U);  // answered at once
  EXPECT_TRUE(browser.Connects());
}

// A number near 2^48 in the clear would make OpenSSL take all that follows for replays.
TEST(DtlsHello, AForgedRecordNumberDoesNotShutOutTheRest) {
  Pair pair({.delay = 10ms}, {.mtu = 400});
  pair.pass = [&](int, bool from_client, ByteSpan packet) {
    // A copy of the first record, but with the last number there is, comes first.
    if (packet[0] == kHandshakeType) {
      ByteSpan rest = packet;
      const ByteSpan first = TakeRecord(rest)->bytes;
      Bytes forged(first.begin(), first.end());
      SetRecordSequence(forged, 0xffff'ffff'ffff);
      (from_client ? pair.path().a_to_b() : pair.path().b_to_a()).Send(forged);
    }
    return true;
  };
  pair.Start();
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 500ms)) << pair.Describe();
}

}  // namespace
}  // namespace pairwire::dtls::test
