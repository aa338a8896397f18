// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The scenario memory: --pairs connected pairs in one process that have nothing to say: resident
// memory and descriptors for each peer, threads, and the processor time of --seconds of silence.
// In the end each pair still carries a message, so that nothing was saved by dying.
#include <algorithm>
#include <utility>
#include <vector>

#include "bench/pair.h"
#include "bench/peer_settings.h"
#include "bench/scenario.h"
#include "bench/usage.h"

namespace pairwire::bench {

extern const Scenario kMemory;

namespace {

// Pairs that connect at the same time.
constexpr std::size_t kConnecting = 8;
// After the last one is open: timers of the set-up end (ICE's idle checks, spare buffers).
constexpr double kSettleSeconds = 2;

class Crowd final : public Role {
 public:
  explicit Crowd(Context& context) : context_(context) {}

  void Start() override {
    base_bytes_ = ResidentBytes();
    base_descriptors_ = DescriptorCount();
    pairs_.reserve(context_.options.pairs);
    const std::size_t first = std::min(kConnecting, context_.options.pairs);
    for (std::size_t i = 0; i < first; ++i) ConnectOne();
  }

  void OnWire(const Json&) override {}

 private:
  void ConnectOne() {
    const PeerConfiguration configuration = PeerSettings(context_.options);
    pairs_.push_back(std::make_unique<Pair>(
        PairEvents{.on_open = [this] { OnOpen(); },
                   .on_closed = [] {},
                   .on_message = [this](ByteSpan) { OnMessage(); },
                   .on_failed = [this](const Error& error) { context_.Fail(error); }}));
    pairs_.back()->Connect(context_.network, configuration, configuration);
  }

  void OnOpen() {
    ++open_;
    if (pairs_.size() < context_.options.pairs) return ConnectOne();
    if (open_ == pairs_.size()) context_.OnLoopAfter(kSettleSeconds, [this] { OpenWindow(); });
  }

  void OpenWindow() {
    bytes_ = ResidentBytes();
    descriptors_ = DescriptorCount();
    meter_.Restart();
    context_.OnLoopAfter(context_.options.seconds, [this] { CloseWindow(); });
  }

  void CloseWindow() {
    spent_ = meter_.SinceStart();
    const Bytes message(kMinMessageBytes);
    for (const auto& pair : pairs_) {
      const auto sent = pair->Send(message);
      if (!sent) return context_.Fail(sent.error());
    }
  }

  void OnMessage() {
    if (++delivered_ < pairs_.size()) return;
    const double peers = 2 * static_cast<double>(pairs_.size());
    const double grown = static_cast<double>(bytes_) - static_cast<double>(base_bytes_);
    Report report = NewReport(context_.options);
    report.Add("pairs", static_cast<double>(pairs_.size()));
    report.Add("peers", peers);
    report.Add("seconds", spent_.seconds);
    report.Add("kilobytesPerPeer", grown / peers / 1e3);
    report.Add("baseMegabytes", static_cast<double>(base_bytes_) / 1e6);
    report.Add("descriptorsPerPeer", static_cast<double>(descriptors_ - base_descriptors_) / peers);
    report.Add("threads", static_cast<double>(ThreadCount()));
    report.Add("idleCpuPercent", 100 * spent_.cpu_seconds / spent_.seconds);
    context_.conductor.Finish(std::move(report));
  }

  Context context_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  std::size_t open_ = 0;
  std::size_t delivered_ = 0;
  std::size_t base_bytes_ = 0;
  std::size_t base_descriptors_ = 0;
  std::size_t bytes_ = 0;
  std::size_t descriptors_ = 0;
  Meter meter_;
  Spent spent_;
};

std::chrono::seconds Allowance(const Options& options) {
  return std::chrono::seconds(30 + options.pairs / 10);
}

}  // namespace

const Scenario kMemory = {
    .name = "memory",
    .summary = "memory, threads and idle processor time of many idle pairs in one process",
    .default_seconds = 10,
    .default_pairs = 200,
    .allowance = Allowance,
    .make_active = [](Context& context) -> std::unique_ptr<Role> {
      return std::make_unique<Crowd>(context);
    }};

}  // namespace pairwire::bench
