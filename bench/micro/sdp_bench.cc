// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures reading and printing one data-only offer with eight candidates.
#include <benchmark/benchmark.h>

#include <string>

#include "peer/sdp/description.h"

namespace pairwire::bench {
namespace {

constexpr int kCandidates = 8;

sdp::Description Offer() {
  sdp::MediaSection data;
  data.kind = "application";
  data.protocol = "UDP/DTLS/SCTP";
  data.format = "webrtc-datachannel";
  data.mid = "0";
  data.ice_ufrag = "8hhY";
  data.ice_pwd = "asd88fgpdd777uzjYhagZg0123456789";
  data.ice_options = {"trickle"};
  std::string digest = "A0";
  for (int i = 1; i < 32; ++i) digest += ":5C";
  data.fingerprints = {{"sha-256", digest}};
  data.setup = sdp::Setup::kActpass;
  data.sctp_port = 5000;
  data.max_message_size = 1024 * 1024;
  for (int i = 0; i < kCandidates; ++i) {
    data.candidates.push_back("candidate:1 1 UDP 2122260223 192.0.2." + std::to_string(i + 1) +
                              " 50000 typ host");
  }
  sdp::Description offer;
  offer.session_id = "4962303333179871722";
  offer.session_version = 1;
  offer.bundle_group = {"0"};
  offer.media = {std::move(data)};
  return offer;
}

void Print(benchmark::State& state) {
  const sdp::Description offer = Offer();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(sdp::Serialize(offer));
}
BENCHMARK(Print)->Name("Sdp/print_offer");

void Parse(benchmark::State& state) {
  const std::string text = sdp::Serialize(Offer());
  for ([[maybe_unused]] auto _ : state) {
    const auto offer = sdp::Parse(text);
    if (!offer) return state.SkipWithError("an offer of ours does not parse");
    benchmark::DoNotOptimize(offer);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(Parse)->Name("Sdp/parse_offer");

}  // namespace
}  // namespace pairwire::bench
