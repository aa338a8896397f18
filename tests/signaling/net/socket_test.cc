// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A plain connection: what is told, how it ends, and that a socket may move or go at any moment.
#include "signaling/net/socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/signaling/net/net_harness.h"

namespace pairwire::net {
namespace {

using testing::ConnectedPair;
using testing::End;
using testing::RunUntil;
using testing::RunUntilIdle;
using Status = Socket::Io::Status;

TEST(SocketTest, EveryShortWrite) {
  EventLoop loop;
  // A buffer so small that the kernel takes a piece at a time.
  const auto [left, right] = ConnectedPair(4096);
  End sender(Socket(loop, left));
  End receiver(Socket(loop, right), 777);
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 31 + i / 251);
  sender.Send(bytes);
  EXPECT_FALSE(sender.pending.empty()) << "it should not fit at once";
  sender.FinishSending();
  ASSERT_TRUE(RunUntil(loop, [&] { return receiver.ended; }));
  EXPECT_EQ(receiver.received, bytes);
  receiver.Send("and back");
  ASSERT_TRUE(RunUntil(loop, [&] { return sender.received == "and back"; }));
}

TEST(SocketTest, AClosedSocketDoesNothing) {
  Socket none;
  char byte = 0;
  EXPECT_FALSE(none.IsOpen());
  EXPECT_EQ(none.Read(&byte, 1).status, Status::kError);
  EXPECT_EQ(none.Write("x").status, Status::kError);
  none.WantRead(true);
  none.WantWrite(true);
  none.ShutdownSend();
  none.Close();
}

TEST(SocketTest, AWriteToAConnectionThatIsGoneIsAnErrorAndNoSignal) {
  EventLoop loop;
  const auto [left, right] = ConnectedPair();
  Socket socket(loop, left);
  ::close(right);
  EXPECT_EQ(socket.Write("x").status, Status::kError);
  EXPECT_EQ(socket.error(), "Broken pipe");
}

// Hands its socket to the next in line whenever it hears something.
class Mover final : public Socket::Events {
 public:
  void OnReadable() override {
    ++heard;
    if (next != nullptr) {
      next->socket = std::move(socket);
      next->socket.SetEvents(next);
    } else {
      char byte = 0;
      EXPECT_EQ(socket.Read(&byte, 1).status, Status::kOk);
    }
  }
  void OnWritable() override {}

  Socket socket;
  Mover* next = nullptr;
  int heard = 0;
};

TEST(SocketTest, MovesWithWhatItWants) {
  EventLoop loop;
  const auto [left, right] = ConnectedPair();
  Mover first;
  Mover second;
  first.next = &second;
  first.socket = Socket(loop, left);
  first.socket.SetEvents(&first);
  first.socket.WantRead(true);
  ASSERT_EQ(::write(right, "x", 1), 1);
  ASSERT_TRUE(RunUntil(loop, [&] { return second.heard == 1; }));
  EXPECT_EQ(first.heard, 1);
  EXPECT_FALSE(first.socket.IsOpen());
  RunUntilIdle(loop);
  EXPECT_EQ(second.heard, 1);
  EXPECT_EQ(loop.watched(), 1U);
  second.socket.Close();
  EXPECT_EQ(loop.watched(), 0U);
  ::close(right);
}

class Suicide final : public Socket::Events {
 public:
  Suicide(EventLoop& loop, int fd, std::unique_ptr<Suicide>& self) : socket(loop, fd), self_(self) {
    socket.SetEvents(this);
    socket.WantRead(true);
    socket.WantWrite(true);
  }
  void OnReadable() override { self_.reset(); }
  void OnWritable() override {}

  Socket socket;

 private:
  std::unique_ptr<Suicide>& self_;
};

TEST(SocketTest, MayBeDestroyedByWhatItTells) {
  EventLoop loop;
  const auto [left, right] = ConnectedPair();
  std::unique_ptr<Suicide> owner;
  owner = std::make_unique<Suicide>(loop, left, owner);
  ASSERT_EQ(::write(right, "x", 1), 1);
  ASSERT_TRUE(RunUntil(loop, [&] { return owner == nullptr; }));
  EXPECT_EQ(loop.watched(), 0U);
  ::close(right);
}

TEST(SocketTest, WhatIsNotWantedIsNotTold) {
  EventLoop loop;
  const auto [left, right] = ConnectedPair();
  End quiet(Socket(loop, left));
  quiet.socket.WantRead(false);
  ASSERT_EQ(::write(right, "x", 1), 1);
  RunUntilIdle(loop);
  EXPECT_EQ(quiet.received, "");
  quiet.socket.WantRead(true);
  ASSERT_TRUE(RunUntil(loop, [&] { return quiet.received == "x"; }));
  ::close(right);
  ASSERT_TRUE(RunUntil(loop, [&] { return quiet.ended; }));
}

TEST(SocketTest, IsSmall) { EXPECT_LE(sizeof(Socket), 48U); }

}  // namespace
}  // namespace pairwire::net
