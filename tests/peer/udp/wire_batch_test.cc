// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WireBatch against a kernel that a test plays: which datagrams share a super-packet, when they
// leave, and what is done about each way in which the kernel refuses.
#include "peer/udp/wire_batch.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "tests/peer/udp/raw_socket.h"
#include "tests/support/manual_loop.h"

namespace pairwire::udp {
namespace {

struct Sent {
  int fd = 0;
  Bytes bytes;
  std::size_t segment = 0;  // 0: no UDP_SEGMENT
  std::uint16_t port = 0;

  bool operator==(const Sent&) const = default;
};

class WireBatchTest : public ::testing::Test {
 protected:
  WireBatchTest() {
    SendCalls calls;
    calls.send_many = [this](int fd, mmsghdr* messages, unsigned count, int) {
      ++many_calls_;
      if (no_send_many_) return Refuse(ENOSYS);
      for (unsigned i = 0; i < count; ++i) {
        if (Take(fd, messages[i].msg_hdr) < 0) return i == 0 ? -1 : static_cast<int>(i);
      }
      return static_cast<int>(count);
    };
    calls.send_one = [this](int fd, const msghdr* message, int) -> ssize_t {
      ++one_calls_;
      return Take(fd, *message);
    };
    batch_ = std::make_unique<WireBatch>(loop_, std::move(calls));
    a_.fd = 100;
    b_.fd = 101;
    for (WireSocket* socket : {&a_, &b_}) {
      socket->on_trouble = [this](int error, std::size_t size) {
        troubles_.emplace_back(error, size);
      };
    }
  }

  static SocketAddress To(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return *SocketAddress::From(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }

  int Refuse(int error) {
    errno = error;
    return -1;
  }

  int Take(int fd, const msghdr& header) {
    Sent sent;
    sent.fd = fd;
    const auto* const data = static_cast<const std::uint8_t*>(header.msg_iov->iov_base);
    sent.bytes.assign(data, data + header.msg_iov->iov_len);
    sockaddr_in to{};
    std::memcpy(&to, header.msg_name, sizeof(to));
    sent.port = ntohs(to.sin_port);
    msghdr copy = header;
    if (const cmsghdr* option = CMSG_FIRSTHDR(&copy); option != nullptr) {
      std::uint16_t segment = 0;
      std::memcpy(&segment, CMSG_DATA(option), sizeof(segment));
      sent.segment = segment;
    }
    if (const int error = verdict_ ? verdict_(sent) : 0; error != 0) return Refuse(error);
    sent_.push_back(sent);
    return static_cast<int>(sent.bytes.size());
  }

  bool Append(WireSocket& socket, std::size_t size, std::uint8_t mark = 0, std::uint16_t port = 9) {
    return batch_->Append(socket, To(port), Bytes(size, mark));
  }

  // What arrives, datagram by datagram: size and first byte.
  std::vector<std::pair<std::size_t, int>> Datagrams() const {
    std::vector<std::pair<std::size_t, int>> all;
    for (const Sent& sent : sent_) {
      const std::size_t segment = sent.segment == 0 ? sent.bytes.size() : sent.segment;
      for (std::size_t at = 0; at < sent.bytes.size(); at += segment) {
        all.emplace_back(std::min(segment, sent.bytes.size() - at), sent.bytes[at]);
      }
    }
    return all;
  }

  test::ManualLoop loop_;
  std::unique_ptr<WireBatch> batch_;
  WireSocket a_;
  WireSocket b_;
  std::vector<Sent> sent_;
  std::vector<std::pair<int, std::size_t>> troubles_;
  std::function<int(const Sent&)> verdict_;
  bool no_send_many_ = false;
  int many_calls_ = 0;
  int one_calls_ = 0;
};

TEST_F(WireBatchTest, EqualSizesShareAGroupAndAShorterOneEndsIt) {
  for (const std::size_t size :
       std::initializer_list<std::size_t>{100, 100, 100, 60, 60, 80, 20, 20})
    Append(a_, size);
  EXPECT_TRUE(sent_.empty());
  loop_.RunUntilIdle();
  EXPECT_EQ(many_calls_, 1);
  ASSERT_EQ(sent_.size(), 4U);
  EXPECT_EQ(sent_[0].segment, 100U);
  EXPECT_EQ(sent_[0].bytes.size(), 360U);
  EXPECT_EQ(sent_[1].segment, 0U);  // one alone is a plain datagram
  EXPECT_EQ(sent_[1].bytes.size(), 60U);
  EXPECT_EQ(sent_[2].segment, 80U);
  EXPECT_EQ(sent_[2].bytes.size(), 100U);
  EXPECT_EQ(sent_[3].bytes.size(), 20U);
  EXPECT_EQ(a_.counters.packets, 8U);
  EXPECT_EQ(a_.counters.bytes, 540U);
  EXPECT_EQ(a_.counters.calls, 1U);
}

TEST_F(WireBatchTest, OneAloneIsNoSuperPacketAndLeavesWithTheTurn) {
  Append(a_, 60, 7);
  loop_.RunUntilIdle();
  EXPECT_EQ(sent_, (std::vector<Sent>{{100, Bytes(60, 7), 0, 9}}));
  Append(a_, 61, 8);
  loop_.RunUntilIdle();
  EXPECT_EQ(sent_.size(), 2U);
}

TEST_F(WireBatchTest, AnotherAddressIsAnotherGroup) {
  Append(a_, 100, 1, 5);
  Append(a_, 100, 2, 6);
  Append(a_, 100, 3, 5);
  loop_.RunUntilIdle();
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_EQ(sent_[0].port, 5);
  EXPECT_EQ(sent_[1].port, 6);
  EXPECT_EQ(sent_[2].bytes, Bytes(100, 3));
  EXPECT_EQ(many_calls_, 1);
}

TEST_F(WireBatchTest, GroupsKeepToTheKernelsBounds) {
  for (int i = 0; i < 130; ++i) Append(a_, 10);
  loop_.RunUntilIdle();
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_EQ(sent_[0].bytes.size(), 640U);
  EXPECT_EQ(sent_[2].bytes.size(), 20U);
  sent_.clear();
  for (int i = 0; i < 5; ++i) Append(a_, 20'000);
  loop_.RunUntilIdle();
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0].bytes.size(), 60'000U);
  EXPECT_FALSE(Append(a_, WireBatch::kMaxGroupBytes + 1));
  EXPECT_FALSE(Append(a_, 0));
  EXPECT_TRUE(Append(a_, WireBatch::kMaxGroupBytes));
}

// The other end gets work before this one's turn is over.
TEST_F(WireBatchTest, TwoFullGroupsLeaveAtOnce) {
  for (int i = 0; i < 108; ++i) Append(a_, 1200);
  EXPECT_TRUE(sent_.empty());
  Append(a_, 1200);
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(sent_[0].bytes.size(), 54U * 1200);
  EXPECT_EQ(many_calls_, 1);
  loop_.RunUntilIdle();
  EXPECT_EQ(Datagrams().size(), 109U);
}

TEST_F(WireBatchTest, ManySmallGroupsAreBoundedToo) {
  for (std::size_t i = 1; i <= WireBatch::kMaxGroups; ++i) Append(a_, i);
  EXPECT_TRUE(sent_.empty());
  Append(a_, 200);
  EXPECT_EQ(sent_.size(), WireBatch::kMaxGroups);
  loop_.RunUntilIdle();
  EXPECT_EQ(sent_.size(), WireBatch::kMaxGroups + 1);
}

TEST_F(WireBatchTest, SocketsKeepTheirOwnOrder) {
  Append(a_, 100, 1);
  Append(b_, 100, 2);
  Append(b_, 100, 3);
  Append(a_, 100, 4);
  loop_.RunUntilIdle();
  ASSERT_EQ(sent_.size(), 3U);
  EXPECT_EQ(sent_[0].fd, 100);
  EXPECT_EQ(sent_[1].fd, 101);
  EXPECT_EQ(sent_[1].segment, 100U);
  EXPECT_EQ(sent_[2].bytes, Bytes(100, 4));
}

TEST_F(WireBatchTest, WithoutOffloadTheSameDatagramsGoOneByOneFromThenOn) {
  for (const int error : {EIO, EINVAL, EOPNOTSUPP}) {
    sent_.clear();
    a_.segments = true;
    verdict_ = [error](const Sent& sent) { return sent.segment != 0 ? error : 0; };
    for (std::uint8_t i = 0; i < 6; ++i) Append(a_, i < 4 ? 100 : 50, i);
    loop_.RunUntilIdle();
    EXPECT_FALSE(a_.segments);
    const std::vector<std::pair<std::size_t, int>> all = {{100, 0}, {100, 1}, {100, 2},
                                                          {100, 3}, {50, 4},  {50, 5}};
    EXPECT_EQ(Datagrams(), all) << error;
    const int calls = many_calls_;
    Append(a_, 100);
    Append(a_, 100);
    loop_.RunUntilIdle();
    EXPECT_EQ(many_calls_, calls + 1) << "tried the offload again";
  }
  EXPECT_EQ(a_.counters.packets, 24U);
  EXPECT_EQ(a_.counters.failed, 0U);
  EXPECT_TRUE(troubles_.empty());
  EXPECT_TRUE(b_.segments) << "another socket has another route";
}

TEST_F(WireBatchTest, WithoutSendmmsgEachMessageIsACall) {
  no_send_many_ = true;
  for (std::uint8_t i = 0; i < 3; ++i) Append(a_, 100, i);
  Append(a_, 200);
  loop_.RunUntilIdle();
  EXPECT_EQ(Datagrams().size(), 4U);
  EXPECT_EQ(many_calls_, 1);
  EXPECT_EQ(one_calls_, 2);
  EXPECT_FALSE(a_.many);
  EXPECT_TRUE(a_.segments);
  a_.segments = false;
  for (std::uint8_t i = 0; i < 3; ++i) Append(a_, 100, i);
  loop_.RunUntilIdle();
  EXPECT_EQ(one_calls_, 5);
  EXPECT_EQ(Datagrams().size(), 7U);
}

TEST_F(WireBatchTest, AFullBufferDropsTheRestSilentlyAndStopsNothing) {
  for (const int error : {EAGAIN, ENOBUFS}) {
    sent_.clear();
    a_.counters = {};
    int room = 1;
    verdict_ = [&](const Sent&) { return room-- > 0 ? 0 : error; };
    Append(a_, 100);
    Append(a_, 100);
    for (const std::size_t size : std::initializer_list<std::size_t>{200, 300, 300})
      Append(a_, size);
    loop_.RunUntilIdle();
    EXPECT_EQ(sent_.size(), 1U);
    EXPECT_EQ(a_.counters.packets, 2U);
    EXPECT_EQ(a_.counters.full, 3U);
    EXPECT_EQ(a_.counters.calls, 2U) << "one that goes and one that is refused";
    verdict_ = {};
    Append(a_, 100);
    loop_.RunUntilIdle();
    EXPECT_EQ(sent_.size(), 2U);
  }
  EXPECT_TRUE(troubles_.empty());
  EXPECT_TRUE(a_.segments);
}

TEST_F(WireBatchTest, ADeadRouteIsToldAndTheOtherSocketGoesOn) {
  verdict_ = [](const Sent& sent) { return sent.fd == 100 ? ENETUNREACH : 0; };
  Append(a_, 100);
  Append(a_, 100);
  Append(a_, 200);
  Append(b_, 100);
  loop_.RunUntilIdle();
  EXPECT_EQ(a_.counters.failed, 3U);
  EXPECT_EQ(troubles_, (std::vector<std::pair<int, std::size_t>>{{ENETUNREACH, 0}}));
  EXPECT_EQ(sent_.size(), 1U);
  EXPECT_EQ(b_.counters.packets, 1U);
}

// A dead route while the datagrams go one by one: each is counted once.
TEST_F(WireBatchTest, EachDatagramIsCountedOnceWhateverHappens) {
  for (const int after : {0, 1, 2, 3, 5}) {
    for (const int error : {EAGAIN, EPERM, EIO, EINVAL, EMSGSIZE}) {
      for (const bool segments : {true, false}) {
        int room = after;
        verdict_ = [&](const Sent&) { return room-- > 0 ? 0 : error; };
        RawSocket real;  // EMSGSIZE sets options on it
        WireSocket socket{.fd = real.fd(), .segments = segments};
        for (const std::size_t size :
             std::initializer_list<std::size_t>{100, 100, 100, 50, 70, 80, 80})
          Append(socket, size);
        loop_.RunUntilIdle();
        const SendCounters& counters = socket.counters;
        EXPECT_EQ(counters.packets + counters.full + counters.failed, 7U)
            << after << ' ' << error << ' ' << segments;
      }
    }
  }
}

TEST_F(WireBatchTest, WhatIsTooLargeForThePathLeavesInFragmentsAndIsTold) {
  RawSocket real;
  const auto policy = [&] {
    int value = -1;
    socklen_t size = sizeof(value);
    getsockopt(real.fd(), IPPROTO_IP, IP_MTU_DISCOVER, &value, &size);
    return value;
  };
  const int whole = IP_PMTUDISC_DO;
  ASSERT_EQ(setsockopt(real.fd(), IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole)), 0);
  WireSocket socket{.fd = real.fd(), .on_trouble = a_.on_trouble};
  // Older kernels say EINVAL for a super-packet, newer ones EMSGSIZE.
  for (const int of_group : {EINVAL, EMSGSIZE}) {
    socket.counters = {};
    troubles_.clear();
    sent_.clear();
    verdict_ = [&](const Sent& sent) {
      const bool large = std::max(sent.segment, sent.segment == 0 ? sent.bytes.size() : 0) > 1200;
      if (!large || policy() == IP_PMTUDISC_WANT) return sent.segment != 0 && large ? of_group : 0;
      return sent.segment != 0 ? of_group : EMSGSIZE;
    };
    for (std::uint8_t i = 0; i < 3; ++i) Append(socket, 1400, i);
    for (std::uint8_t i = 3; i < 6; ++i) Append(socket, 1000, i);
    Append(socket, 1300, 6);
    loop_.RunUntilIdle();
    const std::vector<std::pair<std::size_t, int>> all = {
        {1400, 0}, {1400, 1}, {1400, 2}, {1000, 3}, {1000, 4}, {1000, 5}, {1300, 6}};
    EXPECT_EQ(Datagrams(), all);
    EXPECT_EQ(socket.counters.too_large, 4U);
    EXPECT_EQ(socket.counters.packets, 7U);
    ASSERT_EQ(troubles_.size(), 4U);
    EXPECT_EQ(troubles_.front(), std::pair(EMSGSIZE, std::size_t{1400}));
    EXPECT_EQ(troubles_.back(), std::pair(EMSGSIZE, std::size_t{1300}));
    EXPECT_TRUE(socket.segments) << "the offload was not at fault";
    EXPECT_EQ(policy(), IP_PMTUDISC_DO);
  }
}

TEST_F(WireBatchTest, ForgetSendsWhatWaitsAndLetsGo) {
  {
    WireSocket gone{.fd = 102};
    Append(gone, 100, 1);
    batch_->Forget(gone);
    EXPECT_EQ(sent_.size(), 1U);
  }
  Append(a_, 100, 2);
  loop_.RunUntilIdle();
  EXPECT_EQ(sent_.size(), 2U);
  batch_->Forget(a_);
  batch_.reset();
  loop_.RunUntilIdle();
}

}  // namespace
}  // namespace pairwire::udp
