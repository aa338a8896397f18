// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Measures DTLS in memory: one record encrypted by one end, the same decrypted by the other, as our
// transport does it (record filter, OpenSSL, datagram BIO), and a whole handshake of both ends with
// certificates that exist. The argument is the record's payload: 100 bytes, a full SCTP packet of a
// 1200-byte path and of a 1472-byte one. No sockets.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <vector>

#include "bench/micro/direct_loop.h"
#include "peer/dtls/certificate.h"
#include "peer/dtls/dtls_transport.h"

namespace pairwire::bench {
namespace {

// Records between two looks at the clock.
constexpr int kBatch = 64;

const dtls::Certificate& SharedCertificate() {
  static const dtls::Certificate certificate = dtls::Certificate::Generate().value();
  return certificate;
}

class End final : public dtls::Events {
 public:
  explicit End(DirectLoop& loop) : transport(loop, SharedCertificate(), dtls::Options{}, *this) {}

  void OnDtlsPacket(ByteSpan packet) override {
    benchmark::DoNotOptimize(packet.data());
    if (keep) out.emplace_back(packet.begin(), packet.end());
  }
  void OnDtlsState(dtls::State, const Error&) override {}
  void OnDtlsData(ByteSpan data) override { received += data.size(); }

  bool keep = true;
  std::vector<Bytes> out;
  std::size_t received = 0;
  dtls::DtlsTransport transport;
};

struct Ends {
  // False when the handshake did not end well.
  bool Connect() {
    const std::vector<dtls::Fingerprint> fingerprints = {SharedCertificate().fingerprint()};
    if (!client.transport.Start(dtls::Role::kClient, fingerprints)) return false;
    if (!server.transport.Start(dtls::Role::kServer, fingerprints)) return false;
    while (!client.out.empty() || !server.out.empty()) {
      Carry(client, server);
      Carry(server, client);
      loop.Turn();
    }
    return client.transport.state() == dtls::State::kConnected &&
           server.transport.state() == dtls::State::kConnected;
  }

  static void Carry(End& from, End& to) {
    const std::vector<Bytes> packets = std::exchange(from.out, {});
    for (const Bytes& packet : packets) to.transport.ReceivePacket(packet);
  }

  DirectLoop loop;
  End client{loop};
  End server{loop};
};

void Encrypt(benchmark::State& state) {
  Ends ends;
  if (!ends.Connect()) return state.SkipWithError("no handshake");
  ends.client.keep = false;
  const Bytes payload(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    if (!ends.client.transport.Send(payload)) return state.SkipWithError("not sent");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Encrypt)->Name("Dtls/encrypt_record")->Arg(100)->Arg(1160)->Arg(1432);

// A record can be decrypted once only (replay), so each batch is encrypted anew, off the clock.
void Decrypt(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Ends ends;
  if (!ends.Connect()) return state.SkipWithError("no handshake");
  const Bytes payload(static_cast<std::size_t>(state.range(0)));
  const auto batch_bytes = static_cast<std::size_t>(state.range(0)) * kBatch;
  for ([[maybe_unused]] auto _ : state) {
    ends.server.received = 0;
    for (int i = 0; i < kBatch; ++i) {
      if (!ends.client.transport.Send(payload)) return state.SkipWithError("not sent");
    }
    const std::vector<Bytes> packets = std::exchange(ends.client.out, {});
    const auto start = Clock::now();
    for (const Bytes& packet : packets) ends.server.transport.ReceivePacket(packet);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
    if (ends.server.received != batch_bytes) return state.SkipWithError("not decrypted");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch_bytes));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(Decrypt)
    ->Name("Dtls/decrypt_64_records")
    ->UseManualTime()
    ->Arg(100)
    ->Arg(1160)
    ->Arg(1432);

void Handshake(benchmark::State& state) {
  SharedCertificate();
  for ([[maybe_unused]] auto _ : state) {
    Ends ends;
    if (!ends.Connect()) return state.SkipWithError("no handshake");
  }
}
BENCHMARK(Handshake)->Name("Dtls/handshake_both_ends")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pairwire::bench
