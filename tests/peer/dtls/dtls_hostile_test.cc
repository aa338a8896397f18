// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Packets from somebody who can send to us but does not hold the keys: at each step of the
// handshake and afterwards. What is expected: they change nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <initializer_list>
#include <iostream>
#include <string>
#include <vector>

#include "peer/dtls/record_filter.h"
#include "tests/peer/dtls/dtls_pair.h"
#include "tests/peer/dtls/openssl_memory.h"
#include "tests/support/seeded_random.h"

namespace pairwire::dtls::test {
namespace {

struct Named {
  std::string name;
  Bytes packet;
};

void AddProtected(std::vector<Named>& all) {
  for (const std::uint16_t epoch : std::initializer_list<std::uint16_t>{1, 2, 3, 0x8000, 0xffff}) {
    for (std::uint8_t type = 20; type <= 25; ++type) {
      for (const std::size_t size : {0U, 1U, 7U, 8U, 15U, 16U, 17U, 23U, 24U, 25U, 48U, 1000U}) {
        all.push_back({"type " + std::to_string(type) + " epoch " + std::to_string(epoch) +
                           " size " + std::to_string(size),
                       MakeRecord(type, epoch, size + 1, Bytes(size, 0x5a))});
      }
    }
  }
}

void AddPlain(std::vector<Named>& all) {
  constexpr std::uint64_t kHigh =
      0xffff'ffff'fff0;  // would push all others out of the replay window
  for (int description = 0; description < 256; ++description) {
    const auto code = static_cast<std::uint8_t>(description);
    all.push_back({"fatal alert", MakeRecord(kAlertType, 0, kHigh, {2, code})});
    all.push_back({"warning alert", MakeRecord(kAlertType, 0, kHigh, {1, code})});
  }
  for (const std::size_t size : {0U, 1U, 2U, 100U, 16384U}) {
    all.push_back({"data", MakeRecord(kApplicationDataType, 0, kHigh, Bytes(size, 'x'))});
    all.push_back({"heartbeat", MakeRecord(24, 0, kHigh, Bytes(size, 1))});
    all.push_back({"unknown", MakeRecord(63, 0, kHigh, Bytes(size, 1))});
    all.push_back({"zeros as handshake", MakeRecord(kHandshakeType, 0, kHigh, Bytes(size))});
    all.push_back({"ones as handshake", MakeRecord(kHandshakeType, 0, kHigh, Bytes(size, 0xff))});
  }
  all.push_back(
      {"HelloRequest", MakeRecord(kHandshakeType, 0, kHigh, MakeFragment(0, 0, 0, 0, 0, {}))});
  for (const std::size_t sequence : {0U, 1U, 2U, 3U, 5U}) {
    all.push_back(
        {"Finished in the clear",
         MakeRecord(kHandshakeType, 0, kHigh, MakeFragment(20, 12, sequence, 0, 12, Bytes(12)))});
    all.push_back({"empty fragment", MakeRecord(kHandshakeType, 0, kHigh,
                                                MakeFragment(11, 500, sequence, 0, 0, {}))});
    all.push_back({"giant", MakeRecord(kHandshakeType, 0, kHigh,
                                       MakeFragment(11, 0xffffff, sequence, 0, 10, Bytes(10)))});
    all.push_back(
        {"beyond the end",
         MakeRecord(kHandshakeType, 0, kHigh, MakeFragment(11, 20, sequence, 15, 10, Bytes(10)))});
  }
  for (const Bytes& body : {Bytes{}, Bytes{0}, Bytes{2}, Bytes{1, 1}}) {
    all.push_back({"odd ChangeCipherSpec", MakeRecord(kChangeCipherSpecType, 0, kHigh, body)});
  }
  all.push_back({"TLS record", {22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}});
}

void AddNoise(std::vector<Named>& all) {
  pairwire::test::SeededRandom random(7);
  for (std::size_t i = 0; i < 300; ++i) {
    Bytes noise(static_cast<std::size_t>(1 + random.NextBelow(200)));
    random.Fill(noise);
    noise[0] = static_cast<std::uint8_t>(20 + random.NextBelow(44));
    all.push_back({"noise", noise});
  }
  for (std::size_t size = 0; size < 14; ++size) {
    all.push_back({"short", Bytes(size, 22)});
  }
}

std::vector<Named> Rubbish() {
  std::vector<Named> all;
  AddProtected(all);
  AddPlain(all);
  AddNoise(all);
  return all;
}

// `step` counts the datagrams that arrived before the rubbish does, at both ends.
class RubbishAt : public testing::TestWithParam<int> {};

TEST_P(RubbishAt, ChangesNothing) {
  Pair pair;
  const std::vector<Named> rubbish = Rubbish();
  const auto inject = [&] {
    for (const Named& item : rubbish) {
      for (Endpoint* end : {&pair.client, &pair.server}) {
        const State before = end->state();
        const std::size_t sent = end->sent.size();
        end->Receive(item.packet);
        ASSERT_EQ(end->state(), before) << item.name;
        ASSERT_EQ(end->sent.size(), sent) << item.name << " was answered";
        ASSERT_EQ(end->data_bytes(), 0U) << item.name;
      }
    }
  };
  pair.Start();
  for (int i = 0; i < GetParam(); ++i) pair.loop.AdvanceBy(10ms);
  inject();
  ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected, 2s)) << pair.Describe();
  pair.loop.AdvanceBy(10s);  // longer than the grace after an alert
  EXPECT_TRUE(pair.BothAre(State::kConnected));
  inject();
  EXPECT_TRUE(pair.client.transport().Send(AsBytes("fine")).has_value());
  pair.Settle();
  ASSERT_EQ(pair.server.data.size(), 1U);
  EXPECT_EQ(AsText(pair.server.data[0]), "fine");
}

INSTANTIATE_TEST_SUITE_P(Steps, RubbishAt, testing::Values(0, 1, 2, 3, 4));

TEST(DtlsHostile, RubbishBeforeStart) {
  Pair pair;
  for (const Named& item : Rubbish()) {
    pair.client.Receive(item.packet);
    pair.server.Receive(item.packet);
  }
  pair.Connect();
}

// Each datagram of a good handshake, cut short at each byte, comes just before the whole one.
TEST(DtlsHostile, CutShortFlights) {
  const Certificate certificate = NewCertificate();
  for (int number = 0; number < 4; ++number) {
    std::size_t size = 1;
    for (std::size_t cut = 0; cut < size; ++cut) {
      Pair pair({.delay = 10ms}, {}, {}, certificate, certificate);
      pair.pass = [&](int n, bool from_client, ByteSpan packet) {
        if (n == number) {
          size = packet.size();
          const ByteSpan start = packet.first(std::min(cut, size));
          (from_client ? pair.path().a_to_b() : pair.path().b_to_a()).Send(start);
        }
        return true;
      };
      pair.Start();
      ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected, 2s))
          << number << " cut at " << cut << ": " << pair.Describe();
    }
  }
}

// A changed byte may end a handshake (nothing authenticates the clear part until Finished), but
// never connects two ends that saw different things, and never gives out data.
TEST(DtlsHostile, ChangedBytesNeverCrashAndNeverConnectDifferently) {
  int connected = 0;
  int failed = 0;
  for (int number = 0; number < 4; ++number) {
    for (std::size_t at = 0; at < 640; at += 17) {
      Pair pair({.delay = 10ms}, {.handshake_timeout = 5s});
      pair.pass = [&](int n, bool from_client, ByteSpan packet) {
        if (n != number || at >= packet.size()) return true;
        Bytes changed(packet.begin(), packet.end());
        changed[at] ^= 0x21;
        (from_client ? pair.path().a_to_b() : pair.path().b_to_a()).Send(changed);
        return false;
      };
      pair.Start();
      pair.loop.AdvanceBy(20s);
      const bool both = pair.BothAre(State::kConnected);
      (both ? connected : failed)++;
      EXPECT_NE(pair.client.state(), State::kConnecting);
      EXPECT_NE(pair.server.state(), State::kConnecting);
      EXPECT_EQ(pair.client.data_bytes() + pair.server.data_bytes(), 0U);
      if (both) {
        EXPECT_EQ(pair.client.transport().remote_certificate(), pair.server.certificate().der());
      }
    }
  }
  std::cout << connected << " handshakes healed, " << failed << " failed\n";
  EXPECT_GT(connected, 0);
}

TEST(DtlsHostile, AnEarlyChangeCipherSpecIsHarmless) {
  for (int step = 0; step < 4; ++step) {
    Pair pair;
    pair.Start();
    for (int i = 0; i < step; ++i) pair.loop.AdvanceBy(10ms);
    for (Endpoint* end : {&pair.client, &pair.server}) {
      end->Receive(MakeRecord(kChangeCipherSpecType, 0, 40, {1}));
    }
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 3s)) << step << pair.Describe();
  }
}

TEST(DtlsHostile, AForgedAlertOnlyCountsWhenTheOtherEndIsSilent) {
  // The path is down, so nothing of the handshake moves: then the alert is believed after its
  // grace.
  Pair pair;
  pair.Start();
  pair.path().SetDown(true);
  pair.client.Receive(MakeRecord(kAlertType, 0, 9, {2, 40}));
  pair.loop.AdvanceBy(799ms);
  EXPECT_EQ(pair.client.state(), State::kConnecting);
  pair.loop.AdvanceBy(1ms);
  EXPECT_EQ(pair.client.state(), State::kFailed);
  EXPECT_EQ(pair.client.error.code, Errc::kDtlsFailed);
  EXPECT_THAT(pair.client.error.detail, testing::HasSubstr("handshake failure"));
}

TEST(DtlsHostile, ForgedAlertsDoNotEndASlowHandshake) {
  // Half of the packets are lost and an alert is forged every 50 ms.
  Pair pair({.delay = 100ms, .loss = 0.3, .seed = 5});
  pair.Start();
  for (int i = 0; i < 100 && !pair.BothAre(State::kConnected); ++i) {
    pair.loop.AdvanceBy(50ms);
    for (Endpoint* end : {&pair.client, &pair.server}) {
      end->Receive(MakeRecord(kAlertType, 0, 9, {2, 40}));
    }
  }
  EXPECT_TRUE(pair.BothAre(State::kConnected)) << pair.Describe();
}

TEST(DtlsHostile, WarningsInTheClearAreIgnored) {
  Pair pair;
  pair.Start();
  pair.path().SetDown(true);
  pair.client.Receive(MakeRecord(kAlertType, 0, 9, {1, 0}));
  pair.loop.AdvanceBy(10s);
  EXPECT_EQ(pair.client.state(), State::kConnecting);
}

// CVE-2026-54874 and its kin: what comes too early must not pile up.
TEST(DtlsHostile, AFloodOfTheNextEpochsKeepsMemoryBounded) {
  if (!OpenSslMemory::counted())
    GTEST_SKIP() << "OpenSSL allocated before this program could count";
  for (int step = 0; step < 3; ++step) {
    Pair pair;
    pair.Start();
    for (int i = 0; i < step; ++i) pair.loop.AdvanceBy(10ms);
    const std::size_t before = OpenSslMemory::live();
    for (std::uint64_t i = 0; i < 5'000; ++i) {
      for (const std::uint16_t epoch : std::initializer_list<std::uint16_t>{1, 2}) {
        for (const std::uint8_t type : {kHandshakeType, kAlertType, kApplicationDataType}) {
          const Bytes record = MakeRecord(type, epoch, i, Bytes(1'000, 1));
          pair.client.Receive(record);
          pair.server.Receive(record);
        }
      }
    }
    EXPECT_LT(OpenSslMemory::live(), before + 4'096);
    // The flood pushed out what is genuine, too; the retransmission brings it again.
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 3s)) << pair.Describe();
  }
}

TEST(DtlsHostile, AFloodOfHandshakeFragmentsIsCutOff) {
  if (!OpenSslMemory::counted())
    GTEST_SKIP() << "OpenSSL allocated before this program could count";
  ManualLoop loop;
  Endpoint end(loop);
  ASSERT_TRUE(end.transport().Start(Role::kServer, {end.certificate().fingerprint()}));
  const std::size_t before = OpenSslMemory::live();
  std::size_t most = before;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    // Pieces of large messages with different numbers, none of them ever whole.
    const Bytes fragment =
        MakeFragment(11, kMaxHandshakeMessage, 1 + i % 10, (i * 13) % 8'000, 50, Bytes(50));
    end.Receive(MakeRecord(kHandshakeType, 0, i, fragment));
    most = std::max(most, OpenSslMemory::live());
  }
  std::cout << "fragments held " << (most - before) / 1024 << " KiB\n";
  EXPECT_LT(most, before + 160 * 1024);
  loop.AdvanceBy(16s);
  EXPECT_EQ(end.state(), State::kFailed);
  EXPECT_EQ(end.error.code, Errc::kTimedOut);
  EXPECT_THAT(end.error.detail, testing::HasSubstr("too long"));
}

TEST(DtlsHostile, HandshakeRecordsAreCounted) {
  // The same harmless ClientHello again and again, until nothing reaches OpenSSL any more: neither
  // does the client's answer then, but its next retransmission does.
  Pair pair;
  ASSERT_TRUE(pair.StartClient());
  const Bytes hello = pair.client.sent.front();
  ASSERT_TRUE(pair.StartServer());
  pair.loop.AdvanceBy(20ms);  // the answer to the answer is on its way
  for (int i = 0; i < 5'000; ++i) pair.server.Receive(hello);
  pair.loop.AdvanceBy(20ms);
  EXPECT_EQ(pair.server.state(), State::kConnecting);
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 1s)) << pair.Describe();
}

TEST(DtlsHostile, MemoryOfOneAssociation) {
  if (!OpenSslMemory::counted())
    GTEST_SKIP() << "OpenSSL allocated before this program could count";
  Pair().Connect();  // what OpenSSL keeps for the whole process
  Pair pair;
  const std::size_t before = OpenSslMemory::live();
  pair.Start();
  const std::size_t started = OpenSslMemory::live();
  pair.Settle();
  const std::size_t connected = OpenSslMemory::live();
  std::cout << "OpenSSL memory of one end: " << (started - before) / 2048 << " KiB started, "
            << (connected - before) / 2048 << " KiB connected\n";
  // Nearly all of it are three buffers of a whole record that OpenSSL does not do without in DTLS:
  // 22 KB for handshake messages, 17 KB each for reading and writing.
  EXPECT_LT((connected - before) / 2, 96U * 1024);
  pair.client.transport().Close();
  pair.Settle();
  EXPECT_LT(OpenSslMemory::live(), before + 4'096);  // closed ends hold nothing
}

}  // namespace
}  // namespace pairwire::dtls::test
