// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Multi-display sync: one program that drives many displays reaches all of them, and how far apart.
// Latency: a message at a time over pairs that are otherwise idle.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "signaling/load/probe.h"
#include "signaling/load/signal_run.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"

namespace pairwire::load {
namespace {

// Row H10: the live path takes 50 to 100 ms at most. A relay on this machine takes 0.1 ms.
constexpr double kLivePathMs = 100;

std::string Text(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

// One controller's program with a session for each display: a frame goes to all of them in one
// turn.
void CheckManySessions(Stage& stage, Checks& checks) {
  constexpr int kFrames = 20;
  const std::size_t displays = std::min<std::size_t>(stage.options().displays, 50);
  SignalRun run(stage, displays, stage.options().size, /*ack=*/false);
  const auto joined = run.Join();
  if (!checks.Expect(joined.has_value(), "controllers and displays join")) return;
  Histogram spread;
  for (int frame = 0; frame < kFrames; ++frame) {
    run.Clear();
    run.RunBurst();
    checks.Count(displays,
                 static_cast<std::size_t>(std::min<std::uint64_t>(run.tally().received, displays)),
                 "a frame reaches every display");
    if (run.tally().received == displays) spread.Add(run.last_arrival() - run.first_arrival());
  }
  checks.Expect(run.Complaint().empty(), "frames come once and in order");
  checks.Expect(spread.count() > 0 &&
                    (!stage.options().judge_times || spread.PercentileMs(99) <= kLivePathMs),
                "a frame reaches the last display within 100 ms of the first");
  checks.Note(std::to_string(displays) + " displays" +
              Text(", first to last p50 %.2f ms", spread.PercentileMs(50)));
  run.End();
}

// One session with as many controllers as there may be: the display addresses each.
void CheckManyControllers(Stage& stage, Checks& checks) {
  auto couple = MakeCouple(stage, protocol::kMaxControllers);
  if (!checks.Expect(couple.has_value(), "16 controllers join one display")) return;
  for (const Controller& controller : couple->controllers) {
    couple->a().Send(R"({"type":"webrtc:offer","to":")" + controller.id + R"(","data":{"for":")" +
                     controller.id + R"("}})");
  }
  for (std::size_t i = 0; i < couple->controllers.size(); ++i) {
    const auto offer = couple->controller_ends[i]->Read(protocol::kWebrtcOffer);
    checks.Expect(offer && offer->data.text.find(couple->controllers[i].id) != std::string::npos,
                  "each controller gets the offer that is for it");
    checks.Expect(couple->controller_ends[i]->Count(protocol::kWebrtcOffer) == 0, "and no other");
  }
  stage.End({couple->display});
}

}  // namespace

void CheckDisplaySync(Stage& stage, Checks& checks) {
  CheckManySessions(stage, checks);
  CheckManyControllers(stage, checks);
}

void CheckLatency(Stage& stage, Checks& checks) {
  constexpr std::size_t kPairs = 8;
  constexpr double kMostSeconds = 5;
  const Options& options = stage.options();
  SignalRun run(stage, kPairs, options.size, /*ack=*/true);
  if (!checks.Expect(run.Join().has_value(), "controllers and displays join")) return;
  run.RunOpen(options.rate, FromSeconds(std::min(options.seconds, kMostSeconds)));
  const SignalRun::Tally& tally = run.tally();
  checks.Count(tally.sent, std::min(tally.received, tally.sent), "a message arrives");
  checks.Count(tally.sent, std::min(tally.acked, tally.sent), "a message is acknowledged");
  checks.Expect(run.Complaint().empty(), "messages come once and in order");
  checks.Expect(!options.judge_times || tally.from_schedule.PercentileMs(99) <= kLivePathMs,
                "99 % arrive within 100 ms");
  checks.Note(Text("p50 %.0f us", tally.from_send.PercentileUs(50)) +
              Text(", p99 %.0f us", tally.from_send.PercentileUs(99)));
  run.End();
}

}  // namespace pairwire::load
