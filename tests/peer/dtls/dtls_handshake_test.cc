// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Handshakes over a good path: roles, fingerprints, what comes early, deadlines, and ends that go
// away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <ctime>
#include <iostream>

#include "tests/peer/dtls/dtls_pair.h"

namespace pairwire::dtls::test {
namespace {

using testing::ElementsAre;

TEST(DtlsHandshake, ConnectsInTwoRoundTrips) {
  Pair pair;
  const auto begin = pair.loop.Now();
  pair.Connect();
  EXPECT_EQ(pair.loop.Now() - begin, 40ms);
  EXPECT_EQ(pair.carried, 4);
  EXPECT_THAT(pair.client.states, ElementsAre(State::kConnecting, State::kConnected));
  EXPECT_THAT(pair.server.states, ElementsAre(State::kConnecting, State::kConnected));
  EXPECT_EQ(pair.client.transport().remote_certificate(), pair.server.certificate().der());
  EXPECT_EQ(pair.server.transport().remote_certificate(), pair.client.certificate().der());
  // Nothing more happens: no timer is left.
  pair.Settle();
  EXPECT_EQ(pair.carried, 4);
  EXPECT_FALSE(pair.loop.NextTimer().has_value());
}

TEST(DtlsHandshake, RemoteCertificateIsEmptyBeforeConnected) {
  Pair pair;
  pair.Start();
  pair.loop.RunUntil([&] { return pair.server.state() == State::kConnected; }, 5s);
  EXPECT_EQ(pair.client.state(), State::kConnecting);  // it has verified the server already
  EXPECT_TRUE(pair.client.transport().remote_certificate().empty());
}

TEST(DtlsHandshake, FlightsFitTheMtu) {
  for (const std::size_t mtu : {320U, 400U, 576U, 625U, 626U, 627U, 1200U, 1472U}) {
    Pair pair({.delay = 10ms, .mtu = mtu}, {.mtu = mtu});
    pair.Start();
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << mtu << pair.Describe();
    for (const Endpoint* end : {&pair.client, &pair.server}) {
      for (const Bytes& packet : end->sent) EXPECT_LE(packet.size(), mtu);
    }
  }
}

TEST(DtlsHandshake, RefusesAnMtuThatCannotWork) {
  for (const std::size_t mtu : {0U, 319U, 16385U}) {
    ManualLoop loop;
    Endpoint end(loop, {.mtu = mtu});
    const auto started = end.transport().Start(Role::kClient, {end.certificate().fingerprint()});
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(end.transport().state(), State::kNew);
  }
}

TEST(DtlsHandshake, StartsOnceAndNeedsAFingerprint) {
  ManualLoop loop;
  Endpoint end(loop);
  EXPECT_EQ(end.transport().Start(Role::kClient, {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(
      end.transport().Start(Role::kClient, {{HashAlgorithm::kSha512, Bytes(32)}}).error().code,
      Errc::kInvalidArgument);
  EXPECT_EQ(end.state(), State::kNew);
  const auto fingerprint = end.certificate().fingerprint();
  EXPECT_TRUE(end.transport().Start(Role::kServer, {fingerprint}).has_value());
  EXPECT_EQ(end.transport().Start(Role::kServer, {fingerprint}).error().code, Errc::kInvalidState);
  end.transport().Close();
  EXPECT_EQ(end.transport().Start(Role::kServer, {fingerprint}).error().code, Errc::kInvalidState);
}

TEST(DtlsHandshake, EachAcceptedHash) {
  for (const auto hash : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    Pair pair;
    ASSERT_TRUE(
        pair.server.transport().Start(Role::kServer, {DigestOf(pair.client.certificate(), hash)}));
    ASSERT_TRUE(
        pair.client.transport().Start(Role::kClient, {DigestOf(pair.server.certificate(), hash)}));
    EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  }
}

TEST(DtlsHandshake, OneOfSeveralFingerprints) {
  Pair pair;
  const Certificate other = NewCertificate();
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(pair.client.transport().Start(
      Role::kClient, {other.fingerprint(), pair.server.certificate().fingerprint()}));
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
}

TEST(DtlsHandshake, AWeakerHashDoesNotOpenWhatTheStrongerCloses) {
  Pair pair;
  const Certificate other = NewCertificate();
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(pair.client.transport().Start(
      Role::kClient,
      {pair.server.certificate().fingerprint(), DigestOf(other, HashAlgorithm::kSha512)}));
  EXPECT_TRUE(pair.RunUntilBothAre(State::kFailed));
  EXPECT_EQ(pair.client.error.code, Errc::kFingerprintMismatch);
}

// The heart of it: whoever does not hold the promised certificate gets no byte and gives none.
void ExpectMismatch(Endpoint& checks, Endpoint& refused, Pair& pair) {
  // Both try to send at every chance they have.
  for (Endpoint* end : {&checks, &refused}) {
    end->on_state = [end](State) { (void)end->transport().Send(AsBytes("secret")); };
  }
  ASSERT_TRUE(pair.RunUntilBothAre(State::kFailed)) << pair.Describe();
  pair.Settle();
  EXPECT_EQ(checks.error.code, Errc::kFingerprintMismatch);
  EXPECT_EQ(refused.error.code, Errc::kDtlsFailed);
  for (Endpoint* end : {&checks, &refused}) {
    EXPECT_THAT(end->states, ElementsAre(State::kConnecting, State::kFailed));
    EXPECT_EQ(end->data_bytes(), 0U);
    EXPECT_EQ(end->transport().Send(AsBytes("late")).error().code, Errc::kClosed);
    EXPECT_TRUE(end->transport().remote_certificate().empty());
  }
}

TEST(DtlsHandshake, WrongServerCertificate) {
  Pair pair;
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(pair.client.transport().Start(Role::kClient, {NewCertificate().fingerprint()}));
  ExpectMismatch(pair.client, pair.server, pair);
}

TEST(DtlsHandshake, WrongClientCertificate) {
  Pair pair;
  ASSERT_TRUE(pair.server.transport().Start(Role::kServer, {NewCertificate().fingerprint()}));
  ASSERT_TRUE(pair.StartClient());
  ExpectMismatch(pair.server, pair.client, pair);
}

TEST(DtlsHandshake, OurOwnCertificateIsNotTheOthers) {
  // The bug of licode #2047: comparing the certificate with itself.
  Pair pair;
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(
      pair.client.transport().Start(Role::kClient, {pair.client.certificate().fingerprint()}));
  ExpectMismatch(pair.client, pair.server, pair);
}

TEST(DtlsHandshake, TheRefusedEndHearsOfItSoon) {
  Pair pair;
  ASSERT_TRUE(pair.StartServer());
  ASSERT_TRUE(pair.client.transport().Start(Role::kClient, {NewCertificate().fingerprint()}));
  const auto begin = pair.loop.Now();
  ASSERT_TRUE(pair.RunUntilBothAre(State::kFailed));
  // The alert was in the clear, so it counts only after silence; but before the deadline.
  EXPECT_LT(pair.loop.Now() - begin, 5s);
  EXPECT_THAT(pair.server.error.detail, testing::HasSubstr("bad certificate"));
}

TEST(DtlsHandshake, AClientHelloBeforeStartIsKept) {
  Pair pair;
  ASSERT_TRUE(pair.StartClient());
  pair.loop.AdvanceBy(50ms);
  EXPECT_EQ(pair.server.transport().state(), State::kNew);
  const auto begin = pair.loop.Now();
  ASSERT_TRUE(pair.StartServer());
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  EXPECT_EQ(pair.loop.Now() - begin, 30ms);  // the answer goes out from inside Start
  EXPECT_EQ(pair.carried, 4);
}

TEST(DtlsHandshake, EarlyDatagramsAreBounded) {
  Pair pair;
  ASSERT_TRUE(pair.StartClient());
  // Twenty pieces of rubbish push the ClientHello out; its retransmission finds the server started.
  pair.loop.AdvanceBy(20ms);
  for (int i = 0; i < 20; ++i) pair.server.Receive(Bytes(30, 22));
  ASSERT_TRUE(pair.StartServer());
  EXPECT_EQ(pair.server.sent.size(), 0U);
  EXPECT_TRUE(pair.RunUntilBothAre(State::kConnected, 1s)) << pair.Describe();
}

TEST(DtlsHandshake, FifteenPiecesOfEarlyRubbishDoNotPushTheClientHelloOut) {
  Pair pair;
  ASSERT_TRUE(pair.StartClient());
  pair.loop.AdvanceBy(20ms);
  for (int i = 0; i < 15; ++i) pair.server.Receive(Bytes(30, 22));
  ASSERT_TRUE(pair.StartServer());
  EXPECT_EQ(pair.server.sent.size(), 1U);
}

TEST(DtlsHandshake, Deadline) {
  ManualLoop loop;
  for (const Role role : {Role::kClient, Role::kServer}) {
    Endpoint end(loop);
    ASSERT_TRUE(end.transport().Start(role, {end.certificate().fingerprint()}));
    loop.AdvanceBy(14'999ms);
    EXPECT_EQ(end.state(), State::kConnecting);
    loop.AdvanceBy(1ms);
    EXPECT_EQ(end.state(), State::kFailed);
    EXPECT_EQ(end.error.code, Errc::kTimedOut);
    EXPECT_FALSE(loop.NextTimer().has_value());
  }
}

TEST(DtlsHandshake, RetransmissionsAreHalfAsFarApartAgain) {
  ManualLoop loop;
  Endpoint end(loop);
  std::vector<std::chrono::milliseconds> times;
  const auto begin = loop.Now();
  end.on_packet = [&](ByteSpan) {
    times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(loop.Now() - begin));
  };
  ASSERT_TRUE(end.transport().Start(Role::kClient, {end.certificate().fingerprint()}));
  loop.AdvanceBy(14s);
  // By the loop's clock alone: hardly a millisecond of real time has passed.
  EXPECT_THAT(times, ElementsAre(0ms, 100ms, 250ms, 475ms, 812ms, 1318ms, 2078ms, 3217ms, 4925ms,
                                 7925ms, 10'925ms, 13'925ms));
}

TEST(DtlsHandshake, GivesUpWhenOpenSslDoes) {
  ManualLoop loop;
  Endpoint end(loop, {.handshake_timeout = 1h});
  ASSERT_TRUE(end.transport().Start(Role::kClient, {end.certificate().fingerprint()}));
  loop.AdvanceBy(1min);
  EXPECT_EQ(end.state(), State::kFailed);
  EXPECT_EQ(end.error.code, Errc::kTimedOut);
}

TEST(DtlsHandshake, TwoClientsOrTwoServersTimeOut) {
  for (const Role role : {Role::kClient, Role::kServer}) {
    Pair pair;
    ASSERT_TRUE(pair.client.transport().Start(role, {pair.server.certificate().fingerprint()}));
    ASSERT_TRUE(pair.server.transport().Start(role, {pair.client.certificate().fingerprint()}));
    EXPECT_TRUE(pair.RunUntilBothAre(State::kFailed)) << pair.Describe();
    EXPECT_EQ(pair.client.error.code, Errc::kTimedOut);
  }
}

// A signature that does not fit is refused: having somebody's certificate is not enough
// (CVE-2022-29222).
void CorruptSignature(std::uint8_t message_type, bool of_client) {
  Pair pair;
  pair.pass = [&](int, bool from_client, ByteSpan packet) {
    if (from_client != of_client) return true;
    // Handshake records in the clear: the message's type is the first byte of the body.
    Bytes changed(packet.begin(), packet.end());
    for (std::size_t at = 0; at + 13 < changed.size();) {
      const std::size_t length = static_cast<std::size_t>(changed[at + 11]) << 8 | changed[at + 12];
      if (changed[at] == 22 && changed[at + 4] == 0 && changed[at + 13] == message_type) {
        changed[at + 13 + length - 1] ^= 1;  // the signature's last byte
      }
      at += 13 + length;
    }
    (of_client ? pair.path().a_to_b() : pair.path().b_to_a()).Send(changed);
    return false;
  };
  pair.Start();
  Endpoint& checks = of_client ? pair.server : pair.client;
  ASSERT_TRUE(pair.loop.RunUntil([&] { return checks.state() == State::kFailed; }, 20s));
  EXPECT_EQ(checks.error.code, Errc::kDtlsFailed);
  EXPECT_THAT(checks.states, ElementsAre(State::kConnecting, State::kFailed));
}

TEST(DtlsHandshake, AClientMustOwnItsKey) { CorruptSignature(15, true); }
TEST(DtlsHandshake, AServerMustOwnItsKey) { CorruptSignature(12, false); }

TEST(DtlsHandshake, DestroyAtEachStep) {
  for (const bool destroy_client : {true, false}) {
    for (int step = 0; step <= 5; ++step) {
      Pair pair;
      Endpoint& gone = destroy_client ? pair.client : pair.server;
      Endpoint& left = destroy_client ? pair.server : pair.client;
      if (step > 0) {
        pair.Start();
        for (int turn = 1; turn < step; ++turn) pair.loop.AdvanceBy(10ms);
      }
      const std::size_t sent = gone.sent.size();
      const std::size_t states = gone.states.size();
      gone.Destroy();
      pair.loop.AdvanceBy(20s);
      EXPECT_EQ(gone.sent.size(), sent);  // silent
      EXPECT_EQ(gone.states.size(), states);
      EXPECT_NE(left.state(), State::kConnecting) << step;
      left.Destroy();
      EXPECT_FALSE(pair.loop.NextTimer().has_value());
    }
  }
}

TEST(DtlsHandshake, CloseAtEachStep) {
  for (const bool close_client : {true, false}) {
    for (int step = 0; step <= 5; ++step) {
      Pair pair;
      Endpoint& closes = close_client ? pair.client : pair.server;
      if (step > 0) {
        pair.Start();
        for (int turn = 1; turn < step; ++turn) pair.loop.AdvanceBy(10ms);
      }
      closes.transport().Close();
      EXPECT_EQ(closes.state(), State::kClosed);
      closes.transport().Close();
      pair.loop.AdvanceBy(20s);
      EXPECT_EQ(closes.states.back(), State::kClosed);
      EXPECT_FALSE(pair.loop.NextTimer().has_value());
    }
  }
}

TEST(DtlsHandshake, CloseFromInsideEachStateEvent) {
  for (const State when : {State::kConnecting, State::kConnected}) {
    for (const bool close_client : {true, false}) {
      Pair pair;
      Endpoint& closes = close_client ? pair.client : pair.server;
      closes.on_state = [&](State state) {
        if (state == when) closes.transport().Close();
      };
      pair.Start();
      pair.loop.AdvanceBy(20s);
      EXPECT_EQ(closes.state(), State::kClosed);
      EXPECT_NE((close_client ? pair.server : pair.client).state(), State::kConnected);
    }
  }
}

TEST(DtlsHandshake, SendIsRefusedBeforeConnected) {
  Pair pair;
  EXPECT_EQ(pair.client.transport().Send(AsBytes("x")).error().code, Errc::kInvalidState);
  pair.Start();
  EXPECT_EQ(pair.client.transport().Send(AsBytes("x")).error().code, Errc::kInvalidState);
}

TEST(DtlsHandshake, ErrorsOfOthersOnThisThreadDoNotMatter) {
  // OpenSSL's error queue belongs to the thread: another connection's leftovers must not look like
  // ours.
  Pair pair;
  pair.pass = [](int, bool, ByteSpan) {
    ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
    return true;
  };
  pair.Start();
  ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
  ASSERT_TRUE(pair.RunUntilBothAre(State::kConnected)) << pair.Describe();
  ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
  EXPECT_TRUE(pair.client.transport().Send(AsBytes("x")).has_value());
  ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
  pair.Settle();
  EXPECT_EQ(pair.server.data.size(), 1U);
  EXPECT_TRUE(pair.BothAre(State::kConnected));

  // And we leave none behind, whatever arrives.
  ERR_clear_error();
  pair.pass = {};
  EXPECT_TRUE(pair.client.transport().Send(AsBytes("y")).has_value());
  Bytes forged = pair.client.sent.back();
  forged.back() ^= 1;
  pair.server.Receive(forged);
  pair.Settle();
  EXPECT_EQ(pair.server.data.size(), 2U);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(DtlsHandshake, Cost) {
  constexpr int kRounds = 30;
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < kRounds; ++i) pairs.push_back(std::make_unique<Pair>());
  const std::clock_t begin = std::clock();
  for (auto& pair : pairs) pair->Connect();
  const double ms = static_cast<double>(std::clock() - begin) * 1000.0 / CLOCKS_PER_SEC / kRounds;
  std::cout << "handshake, both ends together: " << ms << " ms of CPU\n";
}

}  // namespace
}  // namespace pairwire::dtls::test
