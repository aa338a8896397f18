// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures the framing of pairwire.file.v1 (docs/file-transfer.md): an offer's JSON, printed and
// read. File contents have no framing: each binary message is a piece of the file.
#include <benchmark/benchmark.h>

#include <string>

#include "peer/bulk/bulk_messages.h"

namespace pairwire::bench {
namespace {

bulk::FileMessage Offer() {
  return FileOffer{.name = "holiday pictures 2026.tar", .size = 734003200};
}

void Print(benchmark::State& state) {
  const bulk::FileMessage offer = Offer();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(bulk::ToJson(offer));
}
BENCHMARK(Print)->Name("FileMessage/print_offer");

void Parse(benchmark::State& state) {
  const std::string text = bulk::ToJson(Offer());
  for ([[maybe_unused]] auto _ : state) {
    const auto offer = bulk::ParseFileMessage(text);
    if (!offer) return state.SkipWithError("an offer of ours does not parse");
    benchmark::DoNotOptimize(offer);
  }
}
BENCHMARK(Parse)->Name("FileMessage/parse_offer");

}  // namespace
}  // namespace pairwire::bench
