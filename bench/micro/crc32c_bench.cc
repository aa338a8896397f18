// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures the checksum of one SCTP packet: by the processor's instruction, and by the table that
// stands in for it elsewhere. The argument is the packet's size.
#include <benchmark/benchmark.h>

#include "sctp/crc32c.h"

namespace pairwire::bench {
namespace {

template <std::uint32_t (*kCrc)(ByteSpan)>
void Checksum(benchmark::State& state) {
  const Bytes packet(static_cast<std::size_t>(state.range(0)), 0x5A);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(kCrc(packet));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(Checksum<sctp::Crc32c>)->Name("Crc32c/instruction")->Arg(100)->Arg(1160)->Arg(1432);
BENCHMARK(Checksum<sctp::Crc32cByTable>)->Name("Crc32c/table")->Arg(1160);

}  // namespace
}  // namespace pairwire::bench
