// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// STUN bytes: the test vectors of RFC 5769, what is built reads back, and every cut-short or
// changed message.
#include "peer/ice/stun_message.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "peer/ice/socket_peek.h"
#include "peer/ice/stun_answer.h"
#include "tests/support/seeded_random.h"

namespace pairwire::ice {
namespace {

// RFC 5769 section 2.1: a request with the password below, padding with blanks.
const Bytes kSampleRequest = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};
// RFC 5769 section 2.2: the IPv4 response.
const Bytes kSampleResponse = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
    0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};
constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";

TEST(StunMessageTest, SampleVectorsAuthenticate) {
  for (const Bytes& sample : {kSampleRequest, kSampleResponse}) {
    const auto message = StunMessage::Parse(sample);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->size(), sample.size());
    EXPECT_TRUE(message->HasIntegrity(AsBytes(kPassword)));
    EXPECT_FALSE(message->HasIntegrity(AsBytes("VOkJxbRl1RmTxUk/WvJxBT")));
    EXPECT_FALSE(message->HasIntegrity({}));
  }
  const auto username = StunMessage::Parse(kSampleRequest)->Find(StunAttribute::kUsername);
  ASSERT_TRUE(username);
  EXPECT_EQ(std::string(username->begin(), username->end()), "evtj:h6vY");
}

// What the vectors of RFC 5769 sections 2.1 to 2.3 say to one another: the request's sender
// is told where it was seen.
TEST(StunAnswerTest, TellsTheSendersAddressAsTheVectorDoes) {
  const Credentials local{"evtj", std::string(kPassword)};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(32853);
  inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
  const auto from = udp::SocketAddress::From(reinterpret_cast<sockaddr*>(&v4), sizeof(v4));
  const auto answer = AnswerCheck(kSampleRequest, local, *from);
  ASSERT_TRUE(answer);
  const auto message = StunMessage::Parse(*answer);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type(), StunType::kBindingSuccess);
  EXPECT_EQ(message->id(), StunMessage::Parse(kSampleRequest)->id());
  EXPECT_TRUE(message->HasIntegrity(AsBytes(kPassword)));
  const auto address = message->Find(StunAttribute::kXorMappedAddress);
  const auto expected = StunMessage::Parse(kSampleResponse)->Find(StunAttribute::kXorMappedAddress);
  ASSERT_TRUE(address && expected);
  EXPECT_TRUE(std::equal(address->begin(), address->end(), expected->begin(), expected->end()));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(32853);
  inet_pton(AF_INET6, "2001:db8:1234:5678:11:2233:4455:6677", &v6.sin6_addr);
  const auto from_v6 = udp::SocketAddress::From(reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
  const auto answer_v6 = AnswerCheck(kSampleRequest, local, *from_v6);
  ASSERT_TRUE(answer_v6);
  const Bytes vector_v6 = {0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3,
                           0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9};
  const auto mapped = StunMessage::Parse(*answer_v6)->Find(StunAttribute::kXorMappedAddress);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(Bytes(mapped->begin(), mapped->end()), vector_v6);
}

TEST(StunAnswerTest, AnswersNothingElse) {
  const udp::SocketAddress from;
  const Credentials local{"evtj", std::string(kPassword)};
  EXPECT_TRUE(IsCheck(kSampleRequest, local));
  EXPECT_FALSE(AnswerCheck(kSampleResponse, local, from));
  EXPECT_FALSE(AnswerCheck(kSampleRequest, {"evtj", "another password 22 long"}, from));
  EXPECT_FALSE(AnswerCheck(kSampleRequest, {"evt", std::string(kPassword)}, from));
  EXPECT_FALSE(AnswerCheck(kSampleRequest, {"h6vY", std::string(kPassword)}, from));
  for (std::size_t size = 0; size < kSampleRequest.size(); ++size) {
    EXPECT_FALSE(IsCheck(ByteSpan(kSampleRequest).first(size), local)) << size;
  }
}

// The vector, but for its padding: zeros here, so integrity and fingerprint differ; the fingerprint
// of a message without attributes is known from its definition.
TEST(StunMessageTest, FingerprintOfAnEmptyMessage) {
  StunTransactionId id{};
  std::copy_n(kSampleResponse.begin() + 8, id.size(), id.begin());
  StunBuilder builder(StunType::kBindingRequest, id);
  builder.AddFingerprint();
  // crc32(00010008 2112a442 b7e7a701bc34d686fa87dfae) ^ 0x5354554e, computed with zlib.
  const Bytes expected = {0xfd, 0xf6, 0xae, 0x02};
  EXPECT_EQ(Bytes(builder.bytes().end() - 4, builder.bytes().end()), expected);
}

TEST(StunMessageTest, BuiltReadsBack) {
  test::SeededRandom random(1);
  const auto id = MakeStunTransactionId(random);
  StunBuilder builder(StunType::kBindingRequest, id);
  builder.AddText(StunAttribute::kUsername, "abcde:fgh")
      .AddU32(StunAttribute::kPriority, 0x6e0001ff)
      .AddU64(StunAttribute::kIceControlling, 0x0102030405060708)
      .AddIntegrity(AsBytes("a password"))
      .AddFingerprint();
  const auto message = StunMessage::Parse(builder.bytes());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type(), StunType::kBindingRequest);
  EXPECT_EQ(message->id(), id);
  EXPECT_TRUE(message->HasIntegrity(AsBytes("a password")));
  EXPECT_EQ(*message->Find(StunAttribute::kPriority)->begin(), 0x6e);
  EXPECT_FALSE(message->Find(StunAttribute::kIceControlled));
  // Behind the integrity nothing counts.
  EXPECT_FALSE(message->Find(StunAttribute::kFingerprint));
}

TEST(StunMessageTest, EveryCutIsRefused) {
  for (std::size_t size = 0; size < kSampleRequest.size(); ++size) {
    EXPECT_FALSE(StunMessage::Parse(ByteSpan(kSampleRequest).first(size))) << size;
  }
}

TEST(StunMessageTest, EveryChangedBitOfWhatCountsIsNoticed) {
  for (std::size_t i = 0; i + 8 < kSampleResponse.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = kSampleResponse;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ (1 << bit));
      // The length without the fingerprint: the same message, whose end is cut off.
      if (i == 3 && changed[i] == 0x34) continue;
      const auto message = StunMessage::Parse(changed);
      EXPECT_FALSE(message && message->HasIntegrity(AsBytes(kPassword))) << i << '.' << bit;
    }
  }
}

TEST(StunMessageTest, AttributeThatOverrunsIsRefused) {
  Bytes message = kSampleResponse;
  message[23] = 0xff;  // SOFTWARE's length
  EXPECT_FALSE(StunMessage::Parse(message));
}

TEST(StunMessageTest, ErrorCodes) {
  const auto with = [](Bytes value) {
    StunBuilder builder(StunType::kAllocateError, {});
    builder.Add(StunAttribute::kErrorCode, value);
    return StunMessage::Parse(builder.bytes())->error_code();
  };
  EXPECT_EQ(with({0, 0, 4, 1, 'n', 'o'}), 401);
  EXPECT_EQ(with({0, 0, 0xfc, 86}), 486);  // the reserved bits are ignored
  EXPECT_EQ(with({0, 0, 4}), std::nullopt);
  EXPECT_EQ(with({0, 0, 2, 0}), std::nullopt);
  EXPECT_EQ(with({0, 0, 4, 100}), std::nullopt);
}

// RFC 8489 section 9.2.2's example.
TEST(StunMessageTest, LongTermKey) {
  const auto key = LongTermStunKey("user", "realm", "pass");
  const std::array<std::uint8_t, 16> expected = {0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
                                                 0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
  EXPECT_EQ(key, expected);
}

TEST(FindStunTest, FindsEachWhereverItStands) {
  Bytes stream = {0x21, 0x12, 0xa4, 0x42, 0, 23};  // a cookie without room for its header
  stream.insert(stream.end(), kSampleResponse.begin(), kSampleResponse.end());
  stream.insert(stream.end(), {0x40, 0x00, 0x00, 0x6c});
  stream.insert(stream.end(), kSampleRequest.begin(), kSampleRequest.end());
  stream.insert(stream.end(), 5, 0x21);
  std::vector<StunType> types;
  FindStun(stream, [&](ByteSpan bytes) {
    const auto message = StunMessage::Parse(bytes);
    EXPECT_TRUE(message);
    if (message) types.push_back(message->type());
    return true;
  });
  EXPECT_EQ(types, (std::vector{StunType::kBindingSuccess, StunType::kBindingRequest}));

  int found = 0;
  EXPECT_FALSE(FindStun(stream, [&](ByteSpan) { return ++found == 0; }));
  EXPECT_EQ(found, 1);  // one was enough
}

TEST(PeekStunTest, TakesTheAnswerThatWasWaitedForAndNothingElse) {
  const int reader = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int writer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(reader, 0);
  ASSERT_GE(writer, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(reader, generic, size), 0);
  ASSERT_EQ(getsockname(reader, generic, &size), 0);
  ASSERT_EQ(connect(writer, generic, size), 0);
  const auto put = [&](ByteSpan bytes) {
    ASSERT_EQ(send(writer, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  };
  const auto take = [&] {
    std::array<std::uint8_t, 2048> buffer{};
    return recv(reader, buffer.data(), buffer.size(), 0);
  };
  int found = 0;
  const auto enough = [&](ByteSpan, const udp::SocketAddress&) { return ++found == 0; };
  const auto more = [&](ByteSpan, const udp::SocketAddress&) { return ++found > 0; };

  EXPECT_FALSE(PeekStun(reader, enough));  // nothing is there
  put(kSampleResponse);
  EXPECT_TRUE(PeekStun(reader, enough));
  EXPECT_LT(take(), 0);
  EXPECT_EQ(found, 1);

  put(kSampleResponse);
  EXPECT_FALSE(PeekStun(reader, more));  // somebody else's
  EXPECT_EQ(take(), static_cast<ssize_t>(kSampleResponse.size()));

  put(kSampleRequest);
  EXPECT_FALSE(PeekStun(reader, enough));  // libnice has to answer it
  EXPECT_EQ(take(), static_cast<ssize_t>(kSampleRequest.size()));

  // Inside of something else, and behind other datagrams.
  Bytes wrapped{0x40, 0x00, 0x00, 0x50};
  wrapped.insert(wrapped.end(), kSampleResponse.begin(), kSampleResponse.end());
  put(wrapped);
  EXPECT_FALSE(PeekStun(reader, enough));
  EXPECT_EQ(take(), static_cast<ssize_t>(wrapped.size()));
  put(AsBytes("x"));
  put(kSampleResponse);
  found = 0;
  EXPECT_FALSE(PeekStun(reader, enough));
  EXPECT_EQ(found, 1);
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(take(), static_cast<ssize_t>(kSampleResponse.size()));
  close(reader);
  close(writer);
}

TEST(PeekStunTest, SeesBehindALotOfDataInAStreamAndLeavesItThere) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int writer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener, generic, size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, generic, &size), 0);
  ASSERT_EQ(connect(writer, generic, size), 0);
  const int reader = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  ASSERT_GE(reader, 0);
  int found = 0;
  const auto count = [&](ByteSpan, const udp::SocketAddress& from) {
    EXPECT_FALSE(from.known());
    return ++found > 0;
  };
  EXPECT_FALSE(PeekStun(reader, count));
  EXPECT_EQ(found, 0);

  Bytes sent(4 * kMaxPeekedBytes, 0x17);
  sent.insert(sent.end(), kSampleResponse.begin(), kSampleResponse.end());
  ASSERT_EQ(send(writer, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  pollfd readable{reader, POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 10'000), 1);
  EXPECT_FALSE(PeekStun(reader, count));
  EXPECT_EQ(found, 1);
  Bytes received(sent.size() + 1);
  EXPECT_EQ(recv(reader, received.data(), received.size(), 0), static_cast<ssize_t>(sent.size()));
  for (const int fd : {listener, writer, reader}) close(fd);
}

}  // namespace
}  // namespace pairwire::ice
