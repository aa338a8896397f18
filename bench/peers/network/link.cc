// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-bench-link: carries packets between two TUN devices with delay, loss and rate, as
// tests/network/rig/weather.py does and in its place: several times as fast, so that a link without
// delay does not measure its carrier. Arguments: the two descriptors and the seed. Settings come as
// JSON lines on stdin, for both directions; the program ends with them.
//
// Not here: jitter and reordering; settings that ask for them are refused.

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace pairwire::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;
using std::chrono::duration_cast;

// Packets taken from one device before the other gets its turn.
constexpr int kBatch = 64;
constexpr std::size_t kMaxPacket = 65'536;
// On the way in one direction; more are dropped. 100 ms of 10 Gbit/s in packets of 1200 bytes.
constexpr std::size_t kMaxOnTheWay = 131'072;
constexpr int kAheadOfPeers = -10;  // weather that is late is other weather

struct Weather {
  Clock::duration delay{};
  double loss = 0;                  // share of the packets
  double bytes_per_second = 0;      // 0: no limit
  double queue_bytes = 256 * 1024;  // that may wait for the rate
};

struct Packet {
  Clock::time_point due;
  std::vector<char> bytes;
};

// One direction. Each packet takes one number from its generator, whatever the settings.
class Direction {
 public:
  explicit Direction(std::uint64_t seed) : random_(seed) {}

  void Set(const Weather& weather) { weather_ = weather; }

  // When a packet that came now goes out; empty: never.
  std::optional<Clock::time_point> Due(std::size_t size, Clock::time_point now) {
    const bool lost = share_(random_) < weather_.loss;
    if (lost || on_the_way.size() >= kMaxOnTheWay) return std::nullopt;
    Clock::time_point start = now;
    if (weather_.bytes_per_second > 0) {
      start = std::max(now, line_free_at_);
      const duration<double> wait = start - now;
      if (wait.count() * weather_.bytes_per_second > weather_.queue_bytes) return std::nullopt;
      start += duration_cast<Clock::duration>(
          duration<double>(static_cast<double>(size) / weather_.bytes_per_second));
      line_free_at_ = start;
    }
    last_due_ = std::max(start + weather_.delay, last_due_);
    return last_due_;
  }

  std::deque<Packet> on_the_way;  // in the order of their times

 private:
  Weather weather_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> share_{0.0, 1.0};
  Clock::time_point line_free_at_{};
  Clock::time_point last_due_{};
};

// Weather of rig/weather.py. Throws Json::exception for what is none.
std::optional<Weather> ReadWeather(const std::string& line) {
  const nlohmann::json settings = nlohmann::json::parse(line);
  if (settings.value("jitter", 0.0) != 0 || settings.value("reorder", false)) return std::nullopt;
  Weather weather;
  weather.delay =
      duration_cast<Clock::duration>(duration<double, std::milli>(settings.value("delay", 0.0)));
  weather.loss = settings.value("loss", 0.0);
  weather.bytes_per_second = settings.value("rate", 0.0) * 1e6 / 8;
  weather.queue_bytes = settings.value("queue", weather.queue_bytes);
  return weather;
}

class Carrier {
 public:
  Carrier(int first, int second, std::uint64_t seed)
      : devices_{first, second}, directions_{Direction(seed * 2), Direction(seed * 2 + 1)} {}

  // Until stdin ends; the exit code.
  int Run() {
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    while (true) {
      std::array<pollfd, 3> watched{
          {{devices_[0], POLLIN, 0}, {devices_[1], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
      const auto timeout = UntilNext();
      ppoll(watched.data(), watched.size(), timeout ? &*timeout : nullptr, nullptr);
      for (std::size_t i = 0; i < 2; ++i) {
        if (watched[i].revents != 0) Take(i);
      }
      if (watched[2].revents != 0) {
        if (const auto code = ReadSettings()) return *code;
      }
      for (std::size_t i = 0; i < 2; ++i) Deliver(i);
    }
  }

 private:
  std::optional<timespec> UntilNext() const {
    std::optional<Clock::time_point> next;
    for (const Direction& direction : directions_) {
      if (direction.on_the_way.empty()) continue;
      const auto due = direction.on_the_way.front().due;
      next = next ? std::min(*next, due) : due;
    }
    if (!next) return std::nullopt;
    const auto left = std::max(*next - Clock::now(), Clock::duration::zero());
    const auto seconds = duration_cast<std::chrono::seconds>(left);
    return timespec{static_cast<time_t>(seconds.count()),
                    static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
  }

  // What the device `from` has to send, towards the other one.
  void Take(std::size_t from) {
    Direction& direction = directions_[from];
    for (int i = 0; i < kBatch; ++i) {
      const ssize_t got = read(devices_[from], buffer_.data(), buffer_.size());
      if (got <= 0) return;  // empty, or the device is down
      const auto size = static_cast<std::size_t>(got);
      const auto now = Clock::now();
      const auto due = direction.Due(size, now);
      if (!due) continue;
      if (*due <= now && direction.on_the_way.empty()) {
        Write(from, buffer_.data(), size);
      } else {
        direction.on_the_way.push_back({*due, {buffer_.data(), buffer_.data() + size}});
      }
    }
  }

  void Deliver(std::size_t from) {
    auto& packets = directions_[from].on_the_way;
    const auto now = Clock::now();
    for (; !packets.empty() && packets.front().due <= now; packets.pop_front()) {
      Write(from, packets.front().bytes.data(), packets.front().bytes.size());
    }
  }

  void Write(std::size_t from, const char* bytes, std::size_t size) {
    // A device that is down loses it, as a pulled cable does.
    [[maybe_unused]] const ssize_t written = write(devices_[1 - from], bytes, size);
  }

  // The exit code when it is time to end.
  std::optional<int> ReadSettings() {
    const ssize_t got = read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    if (got <= 0) return 0;
    settings_.append(buffer_.data(), static_cast<std::size_t>(got));
    for (std::size_t end; (end = settings_.find('\n')) != std::string::npos;
         settings_.erase(0, end + 1)) {
      const auto weather = ReadWeather(settings_.substr(0, end));
      if (!weather) {
        std::fprintf(stderr, "pairwire-bench-link: it has no jitter and no reordering\n");
        return 2;
      }
      for (Direction& direction : directions_) direction.Set(*weather);
    }
    return std::nullopt;
  }

  const std::array<int, 2> devices_;
  std::array<Direction, 2> directions_;
  std::vector<char> buffer_ = std::vector<char>(kMaxPacket);
  std::string settings_;
};

int Main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: pairwire-bench-link DESCRIPTOR DESCRIPTOR SEED\n");
    return 2;
  }
  std::signal(SIGINT, SIG_IGN);  // from the terminal: the rig's to handle
  // Without the right to it, it is the weather of a busy machine.
  [[maybe_unused]] const int refused = setpriority(PRIO_PROCESS, 0, kAheadOfPeers);
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  try {
    return Carrier(std::atoi(argv[1]), std::atoi(argv[2]), std::strtoull(argv[3], nullptr, 10))
        .Run();
  } catch (const nlohmann::json::exception& error) {
    std::fprintf(stderr, "pairwire-bench-link: %s\n", error.what());
    return 2;
  }
}

}  // namespace
}  // namespace pairwire::bench

int main(int argc, char** argv) { return pairwire::bench::Main(argc, argv); }
