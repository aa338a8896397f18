// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures what the machine itself takes for a round trip of a bare datagram on loopback, with
// sockets that are polled and never slept on: the floor below a round trip of ours. Both sockets in
// one thread, and in two threads, where each datagram goes from one core to the other.
//
// 120 bytes: about what a 64-byte message is on the wire.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

namespace pairwire::bench {
namespace {

constexpr std::size_t kSize = 120;

// A socket on a port that the kernel chose. `ok` is false when there is none.
class LoopbackSocket {
 public:
  LoopbackSocket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* const address = reinterpret_cast<sockaddr*>(&address_);
    ok_ = bind(fd_, address, size) == 0 && getsockname(fd_, address, &size) == 0;
  }
  ~LoopbackSocket() { close(fd_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  bool ok() const { return ok_; }
  void SendTo(const LoopbackSocket& other) const {
    const std::array<char, kSize> datagram{};
    sendto(fd_, datagram.data(), datagram.size(), 0,
           reinterpret_cast<const sockaddr*>(&other.address_), sizeof(other.address_));
  }
  bool Take() const {
    std::array<char, 2 * kSize> datagram;
    return recv(fd_, datagram.data(), datagram.size(), 0) > 0;
  }

 private:
  const int fd_;
  sockaddr_in address_{};
  bool ok_ = false;
};

void OneThread(benchmark::State& state) {
  const LoopbackSocket a;
  const LoopbackSocket b;
  if (!a.ok() || !b.ok()) return state.SkipWithError("no socket on loopback");
  for ([[maybe_unused]] auto _ : state) {
    a.SendTo(b);
    while (!b.Take()) continue;
    b.SendTo(a);
    while (!a.Take()) continue;
  }
}
BENCHMARK(OneThread)->Name("Udp/round_trip/one_thread");

void TwoThreads(benchmark::State& state) {
  const LoopbackSocket a;
  const LoopbackSocket b;
  if (!a.ok() || !b.ok()) return state.SkipWithError("no socket on loopback");
  std::atomic<bool> stop = false;
  std::thread echo([&] {
    while (!stop.load(std::memory_order_relaxed)) {
      if (b.Take()) b.SendTo(a);
    }
  });
  for ([[maybe_unused]] auto _ : state) {
    a.SendTo(b);
    while (!a.Take()) continue;
  }
  stop = true;
  echo.join();
}
BENCHMARK(TwoThreads)->Name("Udp/round_trip/two_threads")->UseRealTime();

}  // namespace
}  // namespace pairwire::bench
