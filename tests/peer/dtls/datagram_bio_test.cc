// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The datagram BIO by itself: borders, control codes, and the guard around OpenSSL's timer.
#include "peer/dtls/datagram_bio.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <array>
#include <vector>

namespace pairwire::dtls {
namespace {

TEST(DatagramBio, OneReadIsOneDatagramOrTryAgain) {
  DatagramBio owner([](ByteSpan) {});
  const BioHandle bio = owner.CreateBio();
  std::array<char, 8> buffer{};
  EXPECT_EQ(BIO_read(bio.get(), buffer.data(), 8), -1);
  EXPECT_TRUE(BIO_should_retry(bio.get()));
  owner.SetInput(AsBytes("abc"));
  EXPECT_EQ(BIO_read(bio.get(), buffer.data(), 8), 3);
  EXPECT_EQ(BIO_read(bio.get(), buffer.data(), 8), -1);  // no end of a stream, just nothing now
  owner.SetInput(AsBytes("123456789"));                  // does not fit: lost, not cut
  EXPECT_EQ(BIO_read(bio.get(), buffer.data(), 8), -1);
  EXPECT_EQ(BIO_read(bio.get(), buffer.data(), 8), -1);
}

TEST(DatagramBio, OneWriteIsOneDatagram) {
  std::vector<Bytes> out;
  DatagramBio owner([&](ByteSpan packet) { out.emplace_back(packet.begin(), packet.end()); });
  const BioHandle bio = owner.CreateBio();
  EXPECT_EQ(BIO_write(bio.get(), "ab", 2), 2);
  EXPECT_EQ(BIO_write(bio.get(), "c", 1), 1);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(AsText(out[0]), "ab");
  EXPECT_EQ(AsText(out[1]), "c");
}

TEST(DatagramBio, AnswersWhatOpenSslAsks) {
  DatagramBio owner([](ByteSpan) {});
  const BioHandle bio = owner.CreateBio();
  EXPECT_EQ(BIO_flush(bio.get()), 1);
  EXPECT_EQ(BIO_wpending(bio.get()), 0U);
  EXPECT_EQ(BIO_pending(bio.get()), 0U);
  EXPECT_EQ(BIO_ctrl(bio.get(), BIO_CTRL_DGRAM_GET_MTU_OVERHEAD, 0, nullptr), 0);
  EXPECT_EQ(BIO_ctrl(bio.get(), 12345, 0, nullptr), 0);
}

TEST(DatagramBio, KnowsWhetherTheTimerRuns) {
  DatagramBio owner([](ByteSpan) {});
  const BioHandle bio = owner.CreateBio();
  EXPECT_FALSE(owner.timer_wanted());
  timeval next{1'000'000, 0};
  BIO_ctrl(bio.get(), BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT, 0, &next);
  EXPECT_TRUE(owner.timer_wanted());
  EXPECT_EQ(owner.timer_starts(), 1U);
  EXPECT_EQ(next.tv_sec, 1'003'600);
  next = {0, 0};
  BIO_ctrl(bio.get(), BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT, 0, &next);
  EXPECT_FALSE(owner.timer_wanted());
  EXPECT_EQ(next.tv_sec, 0);
}

TEST(DatagramBio, LeavesTheTimerAloneWhenItIsACopy) {
  // OpenSSL 3.2 and later: what the BIO was given is not the timer, and may be gone. Here `copy` is
  // given to the BIO, while the SSL has a timer of its own, one second away.
  const SslContextHandle context(SSL_CTX_new(DTLS_method()));
  const SslHandle ssl(SSL_new(context.get()));
  SSL_set_options(ssl.get(), SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(ssl.get(), 1200);
  BIO* const memory = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(memory, -1);
  SSL_set_bio(ssl.get(), memory, memory);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  timeval left{};
  ASSERT_EQ(DTLSv1_get_timeout(ssl.get(), &left), 1);

  DatagramBio owner([](ByteSpan) {});
  const BioHandle bio = owner.CreateBio();
  timeval copy{1'000'000, 5};
  BIO_ctrl(bio.get(), BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT, 0, &copy);
  owner.ExpireTimer(ssl.get());
  EXPECT_EQ(copy.tv_sec, 1'003'600);
  EXPECT_EQ(copy.tv_usec, 5);
}

}  // namespace
}  // namespace pairwire::dtls
