// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/sctp/weather_run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pairwire/log.h>

#include "sctp/usrsctp_runtime.h"
#include "tests/sctp/virtual_entropy.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/sctp/weather_end.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::sctp::test {
namespace {

using namespace std::chrono_literals;  // NOLINT
using pairwire::test::ManualLoop;
using pairwire::test::SeededRandom;
using pairwire::test::SimLink;
using pairwire::test::SimPath;
using std::chrono::milliseconds;

// Limits on the virtual clock. Generous: the worst weather ends before them, but a megabyte may
// wait for its last retransmissions, doubled up to the largest RTO.
constexpr auto kConnectLimit = 120s;
constexpr auto kRestLimit = 900s;
constexpr auto kEndLimit = 300s;

// Negotiated channels live apart from the numbers that are given out from below; the second group
// is above the first streams, so that the table has to grow.
constexpr std::uint16_t kNegotiatedNumbers[] = {200, 201, 202, 203, 300, 301, 700};

// Before the other half of a negotiated channel is there, no more than early messages may be.
constexpr std::size_t kMostEarly = 8;
constexpr std::size_t kMostEarlySize = 500;
constexpr auto kLongestEarly = 8s;

struct PendingHalf {
  std::size_t channel;
  std::size_t end;
  Loop::TimePoint due;
  Loop::TimePoint since;
};

class Run {
 public:
  explicit Run(const WeatherCase& drawn)
      : case_(drawn),
        random_(drawn.seed * 7919 + 13),
        entropy_(drawn.seed),
        runtime_(UsrsctpRuntime::Create(loop_).value()),
        path_(loop_, Opening(drawn)) {
    if (drawn.verbose) {
      SetLogSink(
          [this, start = loop_.Now()](LogLevel, std::string_view line) {
            const std::chrono::duration<double> at = loop_.Now() - start;
            std::printf("%9.4f %.*s\n", at.count(), static_cast<int>(line.size()), line.data());
          },
          LogLevel::kDebug);
    }
    history_.calm = drawn.calm;
    history_.abrupt_end = drawn.abrupt_end;
    for (std::size_t i = 0; i < 2; ++i) {
      ends_[i] = std::make_unique<WeatherEnd>(
          loop_, *runtime_, case_, history_, i,
          [this, i](ByteSpan packet) { (i == 0 ? path_.a_to_b() : path_.b_to_a()).Send(packet); });
      ends_[i]->reads_at_once = [this] { return !random_.Chance(case_.pause_chance); };
      if (case_.messages_in_callbacks) {
        ends_[i]->on_message = [this, i](std::size_t channel) { ActInCallback(i, channel); };
      }
    }
    path_.a_to_b().SetReceiver([this](ByteSpan packet) { ends_[1]->Receive(packet); });
    path_.b_to_a().SetReceiver([this](ByteSpan packet) { ends_[0]->Receive(packet); });
  }

  ~Run() {
    if (case_.verbose) SetLogSink({});
  }

  History Go() {
    const Loop::TimePoint start = loop_.Now();
    if (random_.Chance(0.5)) OpenChannel();  // before there is a connection
    history_.connected =
        ends_[0]->Start(*ends_[1]) && ends_[1]->Start(*ends_[0]) &&
        loop_.RunUntil([&] { return ends_[0]->connected() && ends_[1]->connected(); },
                       kConnectLimit);
    if (history_.connected) {
      path_.a_to_b().SetOptions(Direction(case_.path, 0));
      path_.b_to_a().SetOptions(Direction(case_.path, 1));
      for (int step = 0; step < case_.steps; ++step) Step();
      if (!case_.abrupt_end) ComeToRest();
      End();
    }
    history_.virtual_seconds = std::chrono::duration<double>(loop_.Now() - start).count();
    for (std::size_t i = 0; i < 2; ++i) history_.end[i].total_buffered = ends_[i]->left();
    ends_[0]->Destroy();
    ends_[1]->Destroy();
    return std::move(history_);
  }

 private:
  // A DTLS handshake gives up after 15 s, so that it gets fair weather; and bursts of losses that
  // are longer than all INITs together would end an association before it began.
  static SimLink::Options Opening(const WeatherCase& drawn) {
    SimLink::Options options = drawn.path;
    options.burst_loss = 0;
    if (drawn.over_dtls) options = {.delay = drawn.path.delay, .seed = drawn.seed};
    return options;
  }
  SimLink::Options Direction(SimLink::Options options, std::size_t end) const {
    options.seed = end == 0 ? case_.seed : ~case_.seed;
    return options;
  }
  std::size_t AnyEnd() { return random_.NextBelow(2); }
  // A channel that the end has, and that nobody has closed there; empty when there is none.
  std::optional<std::size_t> AnyChannel(std::size_t end) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < history_.channels.size(); ++i) {
      const HalfHistory& half = history_.channels[i].half[end];
      if (half.exists && half.close_called == 0 && half.closes == 0) open.push_back(i);
    }
    if (open.empty()) return std::nullopt;
    return open[random_.NextBelow(open.size())];
  }

  // --- One step

  void Step() {
    OpenPendingHalves();
    if (history_.channels.size() < 2 || random_.Chance(0.1)) OpenChannel();
    if (random_.Chance(0.08)) OpenNegotiated();
    for (int i = static_cast<int>(random_.NextBelow(4)); i > 0; --i) SendSome();
    if (random_.Chance(case_.pause_chance)) {
      const std::size_t end = AnyEnd();
      if (const auto channel = AnyChannel(end)) ends_[end]->Pause(*channel);
    }
    if (random_.Chance(0.15)) ends_[AnyEnd()]->ResumeAll();
    if (random_.Chance(case_.close_chance)) CloseOne();
    if (random_.Chance(case_.change_chance)) ChangeWeather();
    if (random_.Chance(case_.outage_chance)) Outage();
    // Sometimes several steps are one turn of the loop.
    if (random_.Chance(0.3)) return;
    loop_.RunFor(random_.Chance(0.1) ? milliseconds(random_.NextBelow(3'000))
                                     : milliseconds(random_.NextBelow(60)));
  }

  void OpenChannel() {
    const std::size_t end = AnyEnd();
    ChannelOptions options = DrawChannel(random_, case_.calm);
    const std::size_t channel = history_.channels.size();
    options.label = "c" + std::to_string(channel);
    if (random_.Chance(0.2)) options.protocol = std::string(random_.NextBelow(1'000), 'p');
    history_.channels.push_back({.options = options, .half = {}, .announced_options = {}});
    ends_[end]->Open(channel, options);
  }

  void OpenNegotiated() {
    ChannelOptions options = DrawChannel(random_, case_.calm);
    options.negotiated = true;
    options.id = kNegotiatedNumbers[random_.NextBelow(std::size(kNegotiatedNumbers))];
    for (const ChannelHistory& other : history_.channels) {
      const bool gone = other.half[0].closes > 0 && other.half[1].closes > 0;
      if (other.options.id == options.id && !gone) return;
    }
    const std::size_t end = AnyEnd();
    const std::size_t channel = history_.channels.size();
    history_.channels.push_back({.options = options, .half = {}, .announced_options = {}});
    if (!ends_[end]->OpenNegotiated(channel, options)) {
      history_.channels.pop_back();
      return;
    }
    const auto later = milliseconds(random_.Chance(0.5) ? 0 : random_.NextBelow(2'000));
    pending_.push_back({channel, 1 - end, loop_.Now() + later, loop_.Now()});
  }

  void OpenPendingHalves() {
    std::erase_if(pending_, [this](const PendingHalf& half) {
      if (half.due > loop_.Now()) return false;
      ChannelHistory& channel = history_.channels[half.channel];
      if (!ends_[half.end]->OpenNegotiated(half.channel, channel.options)) return false;
      if (loop_.Now() - half.since > kLongestEarly) channel.excused = true;
      return true;
    });
  }
  bool IsPending(std::size_t channel) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const PendingHalf& half) { return half.channel == channel; });
  }

  void SendSome() {
    const std::size_t end = AnyEnd();
    const auto channel = AnyChannel(end);
    if (!channel) return;
    const bool early = IsPending(*channel);
    for (std::size_t i = 1 + random_.NextBelow(12); i > 0; --i) {
      if (history_.bytes_sent > case_.bytes) return;
      if (early && history_.channels[*channel].half[end].sent.size() >= kMostEarly) return;
      std::size_t size = DrawSize(random_);
      if (early) size %= kMostEarlySize;
      ends_[end]->Send(*channel, size, random_.Chance(0.3));
    }
  }

  void CloseOne() {
    const std::size_t end = AnyEnd();
    const auto channel = AnyChannel(end);
    if (!channel || IsPending(*channel)) return;
    ends_[end]->Close(*channel);
    if (random_.Chance(0.2) && ends_[1 - end]->Has(*channel)) ends_[1 - end]->Close(*channel);
  }

  void ActInCallback(std::size_t end, std::size_t channel) {
    if (history_.end[0].close_all || history_.end[1].close_all) return;
    if (random_.Chance(0.05) && history_.bytes_sent < case_.bytes) {
      if (history_.channels[channel].half[end].close_called == 0) {
        ends_[end]->Send(channel, DrawSize(random_), true);
      }
    } else if (random_.Chance(case_.close_chance * 0.02) && !IsPending(channel)) {
      ends_[end]->Close(channel);
    }
  }

  void ChangeWeather() {
    SimLink::Options weather = DrawWeather(random_, false);
    // A path that takes only small packets, for a while: large ones vanish without a word.
    if (random_.Chance(0.15)) weather.mtu = 500 + random_.NextBelow(case_.ours ? 1'000 : 700);
    const bool one_way = random_.Chance(0.3);
    const std::size_t way = AnyEnd();
    if (!one_way || way == 0) path_.a_to_b().SetOptions(weather);
    if (!one_way || way == 1) path_.b_to_a().SetOptions(weather);
  }

  void Outage() {
    const auto longest = static_cast<std::uint64_t>(case_.longest_outage_seconds) * 1000;
    path_.SetDown(true);
    loop_.RunFor(milliseconds(random_.NextBelow(500)));
    SendSome();
    loop_.RunFor(milliseconds(random_.NextBelow(longest)));
    SendSome();
    path_.SetDown(false);
  }

  // --- The end

  void FairWeather() {
    if (case_.verbose) std::printf("fair weather from now\n");
    const SimLink::Options fair{.delay = case_.path.delay, .loss = std::min(case_.path.loss, 0.02)};
    path_.SetDown(false);
    path_.a_to_b().SetOptions(fair);
    path_.b_to_a().SetOptions(fair);
  }

  void ResumeAll() {
    case_.pause_chance = 0;
    for (const auto& end : ends_) end->ResumeAll();
  }

  bool AllDone() const {
    if (!ends_[0]->at_rest() || !ends_[1]->at_rest()) return false;
    for (const ChannelHistory& channel : history_.channels) {
      if (channel.excused) continue;
      for (std::size_t end = 0; end < 2; ++end) {
        const HalfHistory& half = channel.half[end];
        const HalfHistory& other = channel.half[1 - end];
        const bool closing = half.close_called != 0 || other.close_called != 0;
        if (closing ? half.exists && half.closes == 0 : half.opens == 0) return false;
        const bool reliable = !channel.options.max_retransmits && !channel.options.max_life_time;
        if (!closing && reliable && half.received.size() < other.sent.size()) return false;
      }
    }
    return true;
  }

  void ComeToRest() {
    FairWeather();
    ResumeAll();
    while (!pending_.empty()) {
      OpenPendingHalves();
      loop_.RunFor(100ms);
      if (++pending_rounds_ > 1'000) return;
    }
    history_.rested = loop_.RunUntil([&] { return AllDone(); }, kRestLimit);
    // What is not waited for: the last FORWARD-TSN, or the last retransmission, each 5 s after the
    // one before.
    loop_.RunFor(15s);
    if (!AllDone()) history_.rested = false;
    for (const auto& end : ends_) end->TakeStats();
  }

  void End() {
    FairWeather();
    ResumeAll();
    for (std::size_t i = 0; i < 2; ++i) packets_[i] = history_.end[i];
    const std::size_t end = AnyEnd();
    ends_[end]->CloseAll();
    if (random_.Chance(0.3)) ends_[1 - end]->CloseAll();
    history_.ended =
        loop_.RunUntil([&] { return ends_[0]->ended() && ends_[1]->ended(); }, kEndLimit);
    loop_.RunFor(100ms);
    // Counted up to rest, as the statistics were.
    for (std::size_t i = 0; i < 2; ++i) {
      history_.end[i].packets_in = packets_[i].packets_in;
      history_.end[i].packets_out = packets_[i].packets_out;
    }
  }

  WeatherCase case_;
  History history_;
  SeededRandom random_;
  VirtualEntropy entropy_;
  ManualLoop loop_;
  VirtualWallClock wall_clock_{loop_};
  std::unique_ptr<UsrsctpRuntime> runtime_;
  SimPath path_;
  std::array<std::unique_ptr<WeatherEnd>, 2> ends_;
  std::array<EndHistory, 2> packets_;
  std::vector<PendingHalf> pending_;
  int pending_rounds_ = 0;
};

}  // namespace

History RunWeather(const WeatherCase& drawn) { return Run(drawn).Go(); }

}  // namespace pairwire::sctp::test
