// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <string>
#include <utility>

#include "signaling/net/socket.h"

namespace pairwire::test {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

// Two connected sockets. Each reads only while little waits for the other one.
class FaultProxy::Pair {
 public:
  Pair(FaultProxy& proxy, int client, int server)
      : proxy_(proxy),
        client_(*this, net::Socket(proxy.loop_, client)),
        server_(*this, net::Socket(proxy.loop_, server)),
        due_(proxy.loop_, [this] { Update(); }) {
    client_.other = &server_;
    server_.other = &client_;
    Update();
  }

  bool open() const { return client_.socket.IsOpen(); }
  bool Said(const std::string& word) const { return said_.find(word) != std::string::npos; }

  void SetHeld(bool held) {
    held_ = held;
    Update();
  }

  void Cut() {
    client_.socket.Close();
    server_.socket.Close();
  }

 private:
  struct Side final : net::Socket::Events {
    Side(Pair& owner, net::Socket taken) : pair(owner), socket(std::move(taken)) {
      socket.SetEvents(this);
    }
    void OnReadable() override { pair.Read(*this); }
    void OnWritable() override { pair.Write(*this); }

    Pair& pair;
    net::Socket socket;
    Side* other = nullptr;
    bool ended = false;
    // For this side, with when it may pass.
    std::deque<std::pair<net::EventLoop::TimePoint, std::string>> waiting;
  };

  static constexpr std::size_t kMaxWaiting = 1024;

  void Read(Side& from) {
    std::string bytes(16 * 1024, '\0');
    const net::Socket::Io io = from.socket.Read(bytes.data(), bytes.size());
    if (io.status == net::Socket::Io::Status::kWouldBlock) return;
    if (io.status != net::Socket::Io::Status::kOk) {
      // What it said before passes first, however late.
      from.ended = true;
      return Write(*from.other);
    }
    bytes.resize(io.bytes);
    if (&from == &client_ && said_.size() < 64 * 1024) said_ += bytes;
    from.other->waiting.emplace_back(proxy_.loop_.Now() + proxy_.delay_, std::move(bytes));
    Write(*from.other);
  }

  void Write(Side& to) {
    while (!held_ && IsDue(to)) {
      std::string& first = to.waiting.front().second;
      const net::Socket::Io io = to.socket.Write(first);
      if (io.status == net::Socket::Io::Status::kWouldBlock) break;
      if (io.status != net::Socket::Io::Status::kOk) return Cut();
      first.erase(0, io.bytes);
      if (first.empty()) to.waiting.pop_front();
    }
    if (to.other->ended && to.waiting.empty()) return Cut();
    Update();
  }

  bool IsDue(const Side& side) const {
    return !side.waiting.empty() && side.waiting.front().first <= proxy_.loop_.Now();
  }

  void Update() {
    if (!open()) return;
    for (Side* side : {&client_, &server_}) {
      side->socket.WantRead(!held_ && !side->ended && side->other->waiting.size() < kMaxWaiting);
      side->socket.WantWrite(!held_ && IsDue(*side));
      if (held_ || side->waiting.empty() || IsDue(*side)) continue;
      const auto when = side->waiting.front().first;
      if (!due_.is_set() || when < next_) due_.SetAt(next_ = when);
    }
  }

  FaultProxy& proxy_;
  bool held_ = false;
  std::string said_;  // by the client, its beginning
  Side client_;
  Side server_;
  net::EventLoop::TimePoint next_{};
  net::Alarm due_;
};

FaultProxy::FaultProxy(net::EventLoop& loop, std::uint16_t server_port)
    : loop_(loop), server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_, 64), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  loop_.Watch(listener_, *this);
  EXPECT_TRUE(loop_.Want(listener_, true, false));
}

FaultProxy::~FaultProxy() {
  loop_.Unwatch(listener_);
  ::close(listener_);
}

void FaultProxy::OnFdReadable() {
  Sweep();
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  ++accepted_;
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  // On loopback this answers at once.
  const bool reached = !refuse_ && ::connect(server, reinterpret_cast<const sockaddr*>(&address),
                                             sizeof address) == 0;
  if (!reached) {
    ::close(server);
    ::close(client);
    return;
  }
  ::fcntl(server, F_SETFL, O_NONBLOCK);
  pairs_.push_back(std::make_unique<Pair>(*this, client, server));
  if (hold_new_) pairs_.back()->SetHeld(true);
}

std::size_t FaultProxy::connections() const {
  std::size_t count = 0;
  for (const auto& pair : pairs_) count += pair->open() ? 1 : 0;
  return count;
}

void FaultProxy::Hold(const std::string& word) {
  for (const auto& pair : pairs_) {
    if (pair->Said(word)) pair->SetHeld(true);
  }
}

void FaultProxy::Release() {
  for (const auto& pair : pairs_) pair->SetHeld(false);
}

void FaultProxy::CutAll() {
  for (const auto& pair : pairs_) pair->Cut();
}

void FaultProxy::Sweep() {
  std::erase_if(pairs_, [](const auto& pair) { return !pair->open(); });
}

}  // namespace pairwire::test
