// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Records after the handshake: our record layer against bare OpenSSL and against itself; numbers
// and nonces, tampering, order, what it costs.
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "peer/dtls/record_filter.h"
#include "tests/peer/dtls/dtls_pair.h"
#include "tests/peer/dtls/meeting.h"
#include "tests/peer/dtls/openssl_memory.h"
#include "tests/support/seeded_random.h"

namespace pairwire::dtls::test {
namespace {

constexpr const char* kGcmSuites[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                      "ECDHE-ECDSA-AES256-GCM-SHA384"};

Bytes Pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + size);
  return bytes;
}

// Connected, and what the client sends from now on goes into `out` instead of the path.
struct Tap {
  Tap() {
    pair.Connect();
    pair.Settle();
    pair.pass = [this](int, bool from_client, ByteSpan packet) {
      if (from_client) out.emplace_back(packet.begin(), packet.end());
      return !from_client;
    };
  }
  void Send(ByteSpan data) { EXPECT_TRUE(pair.client.transport().Send(data).has_value()); }

  Pair pair;
  std::vector<Bytes> out;
};

TEST(DtlsRecord, EverySizeBothWaysWithOpenSsl) {
  for (const char* suite : kGcmSuites) {
    for (const Role role : {Role::kClient, Role::kServer}) {
      SCOPED_TRACE(suite);
      Meeting meeting({.role = role, .ciphers = suite});
      ASSERT_TRUE(meeting.Run());
      meeting.loop.AdvanceBy(100ms);
      std::vector<std::size_t> sizes;
      for (std::size_t size = 1; size <= 300; ++size) sizes.push_back(size);
      sizes.insert(sizes.end(), {1163, 1435, 4096, 16'383, 16'384});
      for (const std::size_t size : sizes) {
        ASSERT_TRUE(meeting.ours.transport().Send(Pattern(size)).has_value());
        ASSERT_TRUE(meeting.raw.Send(Pattern(size)));
      }
      meeting.loop.AdvanceBy(100ms);
      ASSERT_EQ(meeting.raw.data.size(), sizes.size());
      ASSERT_EQ(meeting.ours.data.size(), sizes.size());
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        ASSERT_EQ(meeting.raw.data[i], Pattern(sizes[i]));
        ASSERT_EQ(meeting.ours.data[i], Pattern(sizes[i]));
      }
    }
  }
}

TEST(DtlsRecord, OpenSslsCloseNotifyClosesAndIsAnswered) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Meeting meeting({.role = role});
    ASSERT_TRUE(meeting.Run());
    meeting.loop.AdvanceBy(100ms);
    SSL_shutdown(meeting.raw.ssl());
    meeting.loop.AdvanceBy(100ms);
    EXPECT_EQ(meeting.ours.state(), State::kClosed);
    EXPECT_NE(SSL_get_shutdown(meeting.raw.ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
    ERR_clear_error();
  }
}

TEST(DtlsRecord, OpenSslUnderstandsOurCloseNotify) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Meeting meeting({.role = role});
    ASSERT_TRUE(meeting.Run());
    meeting.loop.AdvanceBy(100ms);
    meeting.ours.transport().Close();
    meeting.loop.AdvanceBy(100ms);
    EXPECT_NE(SSL_get_shutdown(meeting.raw.ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
    ERR_clear_error();
  }
}

// The one thing that AES-GCM never forgives. A repeated flight may go out again as it was; no two
// different records share a number or a nonce, through lost flights and the change from OpenSSL's
// connection to ours.
TEST(DtlsRecord, NoNumberAndNoNonceTwice) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Pair pair({.delay = 10ms, .loss = 0.3, .seed = seed});
    pair.Start();
    ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected, 20s)) << pair.Describe();
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(pair.client.transport().Send(Pattern(100)).has_value());
      ASSERT_TRUE(pair.server.transport().Send(Pattern(100)).has_value());
      pair.loop.AdvanceBy(5ms);
    }
    pair.client.transport().Close();
    pair.Settle();
    for (const Endpoint* end : {&pair.client, &pair.server}) {
      std::map<std::uint64_t, Bytes> by_number;
      std::map<Bytes, Bytes> by_nonce;
      for (const Bytes& datagram : end->sent) {
        ByteSpan rest = datagram;
        while (const auto record = TakeRecord(rest)) {
          if (record->epoch == 0) continue;
          const Bytes bytes(record->bytes.begin(), record->bytes.end());
          const Bytes nonce(record->body.begin(), record->body.begin() + 8);
          ASSERT_EQ(by_number.emplace(record->sequence(), bytes).first->second, bytes);
          ASSERT_EQ(by_nonce.emplace(nonce, bytes).first->second, bytes);
        }
      }
      ASSERT_GE(by_number.size(), 21U);
      ASSERT_EQ(by_number.size(), by_nonce.size());
      // Without a gap: we went on where OpenSSL stopped.
      EXPECT_EQ(by_number.rbegin()->first + 1, by_number.size());
    }
  }
}

TEST(DtlsRecord, EveryBitOfARecordCounts) {
  Tap tap;
  tap.Send(Pattern(20));
  const Bytes record = tap.out.at(0);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    Bytes changed = record;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    tap.pair.server.Receive(changed);
    ASSERT_TRUE(tap.pair.server.data.empty()) << bit;
    ASSERT_TRUE(tap.pair.BothAre(State::kConnected)) << bit;
  }
  for (std::size_t size = 0; size < record.size(); ++size) {
    tap.pair.server.Receive(ByteSpan(record).first(size));
  }
  EXPECT_TRUE(tap.pair.server.data.empty());
  // None of them moved the window.
  tap.pair.server.Receive(record);
  ASSERT_EQ(tap.pair.server.data.size(), 1U);
  EXPECT_EQ(tap.pair.server.data[0], Pattern(20));
}

TEST(DtlsRecord, ABatchInAnyOrderWithCopiesArrivesOnce) {
  Tap tap;
  constexpr std::size_t kRecords = 1'000;
  for (std::size_t i = 0; i < kRecords; ++i) tap.Send(AsBytes(std::to_string(i)));
  pairwire::test::SeededRandom random(3);
  std::vector<Bytes> batch = tap.out;
  batch.insert(batch.end(), tap.out.begin(), tap.out.end());
  for (std::size_t i = batch.size(); i > 1; --i) {
    std::swap(batch[i - 1], batch[random.NextBelow(i)]);
  }
  for (const Bytes& record : batch) tap.pair.server.Receive(record);
  ASSERT_EQ(tap.pair.server.data.size(), kRecords);
  std::vector<bool> seen(kRecords);
  for (const Bytes& data : tap.pair.server.data) {
    const auto number = static_cast<std::size_t>(std::stoul(std::string(AsText(data))));
    EXPECT_FALSE(seen.at(number));
    seen[number] = true;
  }
}

TEST(DtlsRecord, NothingIsDeliveredAfterCloseInsideABatch) {
  Tap tap;
  for (int i = 0; i < 10; ++i) tap.Send(Pattern(50));
  tap.pair.server.on_data = [&](ByteSpan) {
    if (tap.pair.server.data.size() == 3) tap.pair.server.transport().Close();
  };
  for (const Bytes& record : tap.out) tap.pair.server.Receive(record);
  EXPECT_EQ(tap.pair.server.data.size(), 3U);
  EXPECT_EQ(tap.pair.server.state(), State::kClosed);
}

TEST(DtlsRecord, TheServerRepeatsItsLastFlightAlsoAfterData) {
  Pair pair;
  const auto is_last_flight = [](ByteSpan packet) {
    return packet.size() > kRecordHeaderSize && packet[0] == kChangeCipherSpecType;
  };
  int flights = 0;
  pair.pass = [&](int, bool from_client, ByteSpan packet) {
    return from_client || !is_last_flight(packet) || ++flights > 2;
  };
  pair.server.on_state = [&](State state) {
    if (state != State::kConnected) return;
    EXPECT_TRUE(pair.server.transport().Send(AsBytes("early")).has_value());
  };
  pair.Connect();
  EXPECT_EQ(flights, 3);
  EXPECT_TRUE(pair.client.transport().Send(AsBytes("late")).has_value());
  pair.Settle();
  // What overtook the flight was held.
  ASSERT_EQ(pair.client.data.size(), 1U);
  ASSERT_EQ(pair.server.data.size(), 1U);
}

TEST(DtlsRecord, AFinishedThatIsReplayedIsAnsweredByNothing) {
  Pair pair;
  pair.Connect();
  pair.Settle();
  const auto answers = pair.server.sent.size();
  for (int i = 0; i < 3; ++i) {
    for (const Bytes& packet : pair.client.sent) pair.server.Receive(packet);
  }
  EXPECT_EQ(pair.server.sent.size(), answers);
}

// ---- What it costs

TEST(DtlsRecord, AnEstablishedAssociationHoldsLittle) {
  if (!OpenSslMemory::counted()) GTEST_SKIP() << "OpenSSL allocated before it could be counted";
  constexpr std::size_t kPairs = 20;
  std::vector<std::unique_ptr<Pair>> pairs;
  Certificate certificate = NewCertificate();
  pairs.push_back(std::make_unique<Pair>());
  pairs.back()->Connect();  // what OpenSSL makes once
  const std::size_t before = OpenSslMemory::live();
  for (std::size_t i = 0; i < kPairs; ++i) {
    pairs.push_back(std::make_unique<Pair>(SimLink::Options{.delay = 10ms}, Options{}, Options{},
                                           certificate, certificate));
    pairs.back()->Connect();
    (void)pairs.back()->client.transport().Send(Pattern(1'000));
    pairs.back()->Settle();
  }
  const std::size_t each = (OpenSslMemory::live() - before) / (2 * kPairs);
  std::cout << "OpenSSL holds " << each << " bytes for each association\n";
  EXPECT_LT(each, 4'096U);  // 70 KiB while it has its SSL
}

TEST(DtlsRecord, SendingAndReceivingAllocateNothing) {
  if (!OpenSslMemory::counted()) GTEST_SKIP() << "OpenSSL allocated before it could be counted";
  // No Pair: its path and its lists allocate.
  struct End final : Events {
    void OnDtlsPacket(ByteSpan packet) override {
      std::copy(packet.begin(), packet.end(), record.begin());
      record_size = packet.size();
      if (other != nullptr) other->ReceivePacket(ByteSpan(record).first(record_size));
    }
    void OnDtlsState(State, const Error&) override {}
    void OnDtlsData(ByteSpan data) override { bytes += data.size(); }
    Bytes record = Bytes(20'000);
    std::size_t record_size = 0;
    std::size_t bytes = 0;
    DtlsTransport* other = nullptr;
  };
  ManualLoop loop;
  const Certificate certificate = NewCertificate();
  End client_events;
  End server_events;
  DtlsTransport client(loop, certificate, {}, client_events);
  DtlsTransport server(loop, certificate, {}, server_events);
  std::vector<Bytes> to_server;
  ASSERT_TRUE(server.Start(Role::kServer, {certificate.fingerprint()}).has_value());
  server_events.other = &client;
  client_events.other = &server;
  // Each flight is carried from inside the other's call; a repeat brings what that dropped.
  ASSERT_TRUE(client.Start(Role::kClient, {certificate.fingerprint()}).has_value());
  for (int i = 0; i < 20 && client.state() != State::kConnected; ++i) loop.AdvanceBy(200ms);
  ASSERT_EQ(client.state(), State::kConnected);
  ASSERT_EQ(server.state(), State::kConnected);

  const Bytes data = Pattern(1'150);
  ASSERT_TRUE(client.Send(data).has_value());
  const std::size_t before = OpenSslMemory::allocations() + OpenSslMemory::news();
  for (int i = 0; i < 1'000; ++i) (void)client.Send(data);
  for (int i = 0; i < 1'000; ++i) (void)server.Send(data);
  EXPECT_EQ(OpenSslMemory::allocations() + OpenSslMemory::news(), before);
  EXPECT_EQ(server_events.bytes, 1'001 * data.size());
  EXPECT_EQ(client_events.bytes, 1'000 * data.size());
}

// A figure for people, not a bound: the machine may be busy.
TEST(DtlsRecord, Cost) {
  Tap tap;
  constexpr int kRecords = 20'000;
  const Bytes data = Pattern(1'150);
  tap.pair.pass = [](int, bool, ByteSpan) { return false; };
  const auto cpu = [] { return static_cast<double>(std::clock()) * 1e6 / CLOCKS_PER_SEC; };
  tap.pair.client.sent.reserve(2 * kRecords);
  const double begin = cpu();
  for (int i = 0; i < kRecords; ++i) (void)tap.pair.client.transport().Send(data);
  const double middle = cpu();
  auto& sent = tap.pair.client.sent;
  for (std::size_t i = sent.size() - kRecords; i < sent.size(); ++i) {
    tap.pair.server.Receive(sent[i]);
  }
  std::cout << "1150 bytes: " << (middle - begin) / kRecords << " us to send, "
            << (cpu() - middle) / kRecords << " us to receive, the test's copies included\n";
  EXPECT_EQ(tap.pair.server.data.size(), static_cast<std::size_t>(kRecords));
}

}  // namespace
}  // namespace pairwire::dtls::test
