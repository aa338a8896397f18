// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/weather_case.h"

#include <chrono>
#include <cmath>
#include <cstdio>

#include "sctp/path_mtu.h"
#include "sctp/types.h"

namespace pairwire::sctp::test {
namespace {

using pairwire::test::SeededRandom;
using pairwire::test::SimLink;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Between the two, each order of magnitude equally often.
double LogUniform(SeededRandom& random, double least, double most) {
  return least * std::exp(random.NextUnit() * std::log(most / least));
}

microseconds LogUniformTime(SeededRandom& random, double least_us, double most_us) {
  return microseconds(static_cast<std::int64_t>(LogUniform(random, least_us, most_us)));
}

}  // namespace

SimLink::Options DrawWeather(SeededRandom& random, bool calm) {
  SimLink::Options weather;
  weather.delay = LogUniformTime(random, 100, calm ? 30'000 : 150'000);
  if (calm) return weather;
  if (random.Chance(0.5)) weather.jitter = LogUniformTime(random, 100, 30'000);
  if (random.Chance(0.7)) weather.loss = LogUniform(random, 0.001, 0.3);
  if (random.Chance(0.1)) {
    weather.burst_loss = LogUniform(random, 0.0005, 0.01);
    weather.burst_length = 2 + static_cast<int>(random.NextBelow(30));
  }
  if (random.Chance(0.3)) {
    weather.reorder = LogUniform(random, 0.001, 0.3);
    weather.reorder_by = LogUniformTime(random, 200, 50'000);
  }
  if (random.Chance(0.3)) weather.duplicate = LogUniform(random, 0.001, 0.3);
  if (random.Chance(0.5)) {
    weather.rate_bps = static_cast<std::uint64_t>(LogUniform(random, 500e3, 1e9));
    weather.queue_limit_bytes = static_cast<std::size_t>(LogUniform(random, 4'000, 400'000));
  }
  return weather;
}

ChannelOptions DrawChannel(SeededRandom& random, bool calm) {
  ChannelOptions options;
  options.ordered = random.Chance(0.6);
  if (random.Chance(0.25)) {
    options.max_retransmits = static_cast<std::uint16_t>(random.NextBelow(4));
  } else if (random.Chance(0.25)) {
    // On a calm path a message has its life time only against a bug.
    options.max_life_time =
        milliseconds(calm ? 60'000 : static_cast<std::int64_t>(LogUniform(random, 1, 20'000)));
  }
  constexpr std::uint16_t kPriorities[] = {128, 256, 512, 1024};
  options.priority = kPriorities[random.NextBelow(4)];
  return options;
}

std::size_t DrawSize(SeededRandom& random) {
  const double kind = random.NextUnit();
  if (kind < 0.03) return 0;
  if (kind < 0.5) return 1 + random.NextBelow(200);
  if (kind < 0.85) return 1 + random.NextBelow(3'000);
  if (kind < 0.97) return 1 + random.NextBelow(40'000);
  return 1 + random.NextBelow(300 * 1024);
}

WeatherCase DrawCase(std::uint64_t seed, bool over_dtls) {
  SeededRandom random(seed * 2 + (over_dtls ? 1 : 0));
  WeatherCase drawn;
  drawn.seed = seed;
  drawn.over_dtls = over_dtls;
  drawn.calm = random.Chance(0.15);
  drawn.abrupt_end = random.Chance(0.2);
  drawn.batches = random.Chance(0.5);
  drawn.messages_in_callbacks = random.Chance(0.3);
  drawn.steps = 10 + static_cast<int>(random.NextBelow(60));
  drawn.bytes = static_cast<std::size_t>(LogUniform(random, 20e3, 1.5e6));
  drawn.close_chance = random.Chance(0.7) ? LogUniform(random, 0.01, 0.3) : 0;
  drawn.path = DrawWeather(random, drawn.calm);
  drawn.path.seed = seed;
  if (!drawn.calm) {
    if (random.Chance(0.5)) drawn.pause_chance = LogUniform(random, 0.01, 0.3);
    if (random.Chance(0.5)) drawn.change_chance = LogUniform(random, 0.02, 0.3);
    if (random.Chance(0.15)) {
      drawn.outage_chance = 0.05;
      drawn.longest_outage_seconds = static_cast<int>(LogUniform(random, 1, 121));
    }
    // Small buffers, so that a megabyte fills them.
    if (random.Chance(0.5)) {
      drawn.mux.max_buffered_amount = static_cast<std::size_t>(LogUniform(random, 270e3, 4e6));
      drawn.mux.max_receive_buffer = static_cast<std::size_t>(LogUniform(random, 2e3, 1e6));
      drawn.association.send_buffer = static_cast<std::size_t>(LogUniform(random, 270e3, 4e6));
      drawn.association.receive_buffer = static_cast<std::size_t>(LogUniform(random, 270e3, 4e6));
    }
  }
  drawn.ours = random.Chance(0.5);
  if (drawn.ours) {
    drawn.association.peer_burst = kMaxBurst;
    drawn.association.outgoing_streams = kInitialStreamsOfOurs;
    drawn.association.largest_packet_size = PathMtu::kLargest;
    drawn.association.zero_checksum = true;
  }
  return drawn;
}

std::string WeatherCase::Describe() const {
  const auto ms = [](Loop::Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  char text[512];
  std::snprintf(
      text, sizeof text,
      "seed %llu%s%s%s%s%s%s: %d steps, %zu bytes; delay %.1f ms, jitter %.1f, loss %.3f, "
      "bursts %.4f x %d, reorder %.3f by %.1f ms, duplicate %.3f, rate %.1f Mbit/s with "
      "%zu; pause %.2f, close %.2f, change %.2f, outage up to %d s",
      static_cast<unsigned long long>(seed), over_dtls ? ", DTLS" : "", calm ? ", calm" : "",
      abrupt_end ? ", abrupt end" : "", batches ? ", batches" : "",
      messages_in_callbacks ? ", callbacks" : "", ours ? ", ours" : "", steps, bytes,
      ms(path.delay), ms(path.jitter), path.loss, path.burst_loss, path.burst_length, path.reorder,
      ms(path.reorder_by), path.duplicate, static_cast<double>(path.rate_bps) / 1e6,
      path.queue_limit_bytes, pause_chance, close_chance, change_chance, longest_outage_seconds);
  return text;
}

}  // namespace pairwire::sctp::test
