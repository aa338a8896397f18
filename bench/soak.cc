// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario soak: --pairs connections in one process that say a little for --seconds, while one
// of them after the other ends and is replaced. The memory of a fifth of the time is compared with
// that of the end: what a day would add up to, in minutes. More growth than kMostGrowth of the heap
// fails.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/pair.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kSoak;

namespace {

// Pairs that connect at the same time.
constexpr std::size_t kConnecting = 8;
// Each pair sends a message each second: --size bytes, and each tenth this much. One of them goes,
// and another comes.
constexpr double kTickSeconds = 1;
constexpr std::size_t kLargeMessageBytes = 64 * 1024;
constexpr std::size_t kLargeEvery = 10;
// Of the heap in use at a fifth of the time; some of it moves with the moment.
constexpr double kMostGrowth = 0.03;

struct Memory {
  double resident = 0;
  double heap = 0;

  static Memory Now() {
    return {.resident = static_cast<double>(ResidentBytes()),
            .heap = static_cast<double>(HeapBytes())};
  }
};

class Soak final : public Role {
 public:
  explicit Soak(Context& context)
      : context_(context), small_(context.options.size), large_(kLargeMessageBytes) {}

  void Start() override {
    pairs_.resize(context_.options.pairs);
    for (std::size_t i = 0; i < std::min(kConnecting, pairs_.size()); ++i) Connect(begun_++);
  }

  void OnWire(const Json&) override {}

 private:
  struct Member {
    std::unique_ptr<Pair> pair;
    bool open = false;
  };

  void Connect(std::size_t index) {
    const PeerConfiguration configuration = PeerSettings(context_.options);
    pairs_[index].pair = std::make_unique<Pair>(
        PairEvents{.on_open = [this, index] { OnOpen(index); },
                   .on_closed = [this, index] { OnClosed(index); },
                   .on_message = [this](ByteSpan) { ++delivered_; },
                   .on_failed = [this](const Error& error) { context_.Fail(error); }});
    pairs_[index].pair->Connect(context_.network, configuration, configuration);
  }

  void OnOpen(std::size_t index) {
    pairs_[index].open = true;
    if (++opened_ > pairs_.size()) return;  // a replacement
    if (begun_ < pairs_.size()) return Connect(begun_++);
    if (opened_ == pairs_.size()) Tick();
  }

  // A frame later, as a pair may not go inside its own call.
  void OnClosed(std::size_t index) {
    context_.network.Post([this, index] {
      ++replaced_;
      Connect(index);
    });
  }

  void Tick() {
    const std::size_t last = static_cast<std::size_t>(context_.options.seconds / kTickSeconds);
    if (ticks_ == last / 5) early_ = Memory::Now();
    if (ticks_ == last) return Finish();
    const bool large = ++ticks_ % kLargeEvery == 0;
    // One goes. Both its ends close, so it has nothing under way: it spoke a second ago.
    Member& leaving = pairs_[ticks_ % pairs_.size()];
    if (std::exchange(leaving.open, false)) leaving.pair->Close();
    for (const Member& member : pairs_) {
      if (!member.open) continue;
      const auto sent = member.pair->Send(large ? large_ : small_);
      if (!sent) return context_.Fail(sent.error());
      ++sent_;
    }
    context_.OnLoopAfter(kTickSeconds, [this] { Tick(); });
  }

  void Finish() {
    const Memory late = Memory::Now();
    const double grown = late.heap - early_.heap;
    if (sent_ != delivered_) {
      return context_.Fail({Errc::kInvalidState, std::to_string(sent_ - delivered_) + " of " +
                                                     std::to_string(sent_) +
                                                     " messages did not come"});
    }
    if (grown > kMostGrowth * early_.heap) {
      return context_.Fail({Errc::kLimitExceeded, "the heap has grown by " +
                                                      std::to_string(grown / 1e3) + " kB of " +
                                                      std::to_string(early_.heap / 1e3)});
    }
    Report report = NewReport(context_.options);
    report.Add("pairs", static_cast<double>(pairs_.size()));
    report.Add("seconds", context_.options.seconds);
    report.Add("messages", static_cast<double>(delivered_));
    report.Add("replaced", static_cast<double>(replaced_));
    report.Add("earlyResidentMegabytes", early_.resident / 1e6);
    report.Add("lateResidentMegabytes", late.resident / 1e6);
    report.Add("earlyHeapMegabytes", early_.heap / 1e6);
    report.Add("lateHeapMegabytes", late.heap / 1e6);
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  const Bytes small_;
  const Bytes large_;
  std::vector<Member> pairs_;
  std::size_t begun_ = 0;
  std::size_t opened_ = 0;
  std::size_t ticks_ = 0;
  std::size_t sent_ = 0;
  std::size_t delivered_ = 0;
  std::size_t replaced_ = 0;
  Memory early_;
};

std::chrono::seconds Allowance(const Options& options) {
  return std::chrono::seconds(30 + options.pairs / 10);
}

}  // namespace

const Scenario kSoak = {.name = "soak",
                        .summary = "memory of pairs that say a little, early and late",
                        .default_size = 64,
                        .default_seconds = 600,
                        .default_pairs = 50,
                        .allowance = Allowance,
                        .make_active = [](Context& context) -> std::unique_ptr<Role> {
                          return std::make_unique<Soak>(context);
                        }};

}  // namespace pairwire::bench
