// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-relay-floor: what a relay can not beat on this machine at this moment. A process that
// does nothing but read from one TCP connection and write to the next, with epoll, on processor 0;
// a client on processor 1 that sends it 300 bytes every 5 ms and says when they came out. One way,
// in microseconds: bench/relay.sh sets the relay's own latency in proportion to it.
//
//   $ pairwire-relay-floor
//   p50 64 p99 118
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t kConnections = 16;  // eight pairs
constexpr std::size_t kMessages = 1600;
constexpr std::size_t kBytes = 300;
constexpr long kIntervalNanoseconds = 5'000'000;
constexpr std::uint32_t kTimer = 1000;  // no connection has this number
constexpr unsigned kDeadlineSeconds = 60;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void StayOn(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  // On one processor alone there is nowhere else to be.
  (void)::sched_setaffinity(0, sizeof set, &set);
}

void Watch(int epoll, int fd, std::uint32_t number) {
  const int one = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = number;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
}

// What comes in on an even connection goes out on the odd one behind it. Until a connection ends.
void Forward(int listener) {
  const int epoll = ::epoll_create1(0);
  std::array<int, kConnections> fds{};
  for (std::uint32_t i = 0; i < kConnections; ++i) {
    fds[i] = ::accept(listener, nullptr, nullptr);
    if (fds[i] < 0) Die("accept");
    Watch(epoll, fds[i], i);
  }
  std::array<char, 4096> buffer;
  for (;;) {
    std::array<epoll_event, kConnections> events;
    const int ready = ::epoll_wait(epoll, events.data(), kConnections, -1);
    for (int i = 0; i < ready; ++i) {
      const std::uint32_t from = events[static_cast<std::size_t>(i)].data.u32;
      const ssize_t got = ::read(fds[from], buffer.data(), buffer.size());
      if (got <= 0) return;
      if (::write(fds[from ^ 1U], buffer.data(), static_cast<std::size_t>(got)) != got) return;
    }
  }
}

std::int64_t Now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

std::vector<std::int64_t> Measure(const sockaddr_in& address) {
  const int epoll = ::epoll_create1(0);
  std::array<int, kConnections> fds{};
  for (std::uint32_t i = 0; i < kConnections; ++i) {
    fds[i] = ::socket(AF_INET, SOCK_STREAM, 0);
    // In order: the forwarder pairs them as it accepts them.
    if (::connect(fds[i], reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      Die("connect");
    }
    Watch(epoll, fds[i], i);
  }
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
  const itimerspec every{{0, kIntervalNanoseconds}, {0, kIntervalNanoseconds}};
  if (::timerfd_settime(timer, 0, &every, nullptr) != 0) Die("timerfd_settime");
  Watch(epoll, timer, kTimer);
  std::array<char, 4096> buffer{};
  std::vector<std::int64_t> times;
  std::size_t sent = 0;
  while (times.size() < kMessages) {
    std::array<epoll_event, kConnections> events;
    const int ready = ::epoll_wait(epoll, events.data(), kConnections, -1);
    for (int i = 0; i < ready; ++i) {
      const std::uint32_t number = events[static_cast<std::size_t>(i)].data.u32;
      if (number == kTimer) {
        std::uint64_t passed = 0;
        if (::read(timer, &passed, sizeof passed) != sizeof passed) Die("timerfd");
        const std::int64_t now = Now();
        std::memcpy(buffer.data(), &now, sizeof now);
        if (::write(fds[sent++ * 2 % kConnections], buffer.data(), kBytes) != kBytes) Die("write");
        continue;
      }
      if (::read(fds[number], buffer.data(), buffer.size()) != kBytes) Die("read");
      std::int64_t then = 0;
      std::memcpy(&then, buffer.data(), sizeof then);
      times.push_back(Now() - then);
    }
  }
  return times;
}

}  // namespace

int main() {
  ::alarm(kDeadlineSeconds);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, name, size) != 0 || ::listen(listener, kConnections) != 0 ||
      ::getsockname(listener, name, &size) != 0) {
    Die("listen");
  }
  const pid_t forwarder = ::fork();
  if (forwarder < 0) Die("fork");
  if (forwarder == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    StayOn(0);
    Forward(listener);
    ::_exit(0);
  }
  StayOn(1);
  std::vector<std::int64_t> times = Measure(address);
  ::kill(forwarder, SIGKILL);
  ::waitpid(forwarder, nullptr, 0);
  std::sort(times.begin(), times.end());
  const auto micros = [&](std::size_t percent) {
    return static_cast<long long>(times[(times.size() - 1) * percent / 100] / 1000);
  };
  std::printf("p50 %lld p99 %lld\n", micros(50), micros(99));
  return 0;
}
