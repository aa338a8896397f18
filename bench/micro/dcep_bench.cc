// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures what opening one DataChannel costs in DCEP (RFC 8832): an OPEN message as bytes, and
// back.
#include <benchmark/benchmark.h>

#include "sctp/dcep.h"

namespace pairwire::bench {
namespace {

const sctp::DcepOpen& Open() {
  static const sctp::DcepOpen open{.label = "telemetry", .protocol = "pairwire.file.v1"};
  return open;
}

void Encode(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(sctp::EncodeDcepOpen(Open()));
}
BENCHMARK(Encode)->Name("Dcep/encode_open");

void Decode(benchmark::State& state) {
  const Bytes message = sctp::EncodeDcepOpen(Open()).value();
  for ([[maybe_unused]] auto _ : state) {
    const auto open = sctp::DecodeDcep(message);
    if (!open) return state.SkipWithError("an OPEN of ours does not decode");
    benchmark::DoNotOptimize(open);
  }
}
BENCHMARK(Decode)->Name("Dcep/decode_open");

}  // namespace
}  // namespace pairwire::bench
