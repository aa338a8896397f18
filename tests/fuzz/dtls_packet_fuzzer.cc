// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Feeds datagrams to one end of a DTLS handshake with a real other end. The input: one byte that
// says which end (bit 0: the server) and after how many good datagrams (bits 1..3), then datagrams,
// each behind its length in two bytes. Whatever they are, no plaintext of theirs may come out as
// data.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <utility>

#include "peer/dtls/certificate.h"
#include "peer/dtls/dtls_transport.h"
#include "tests/support/manual_loop.h"

namespace {

using pairwire::Bytes;
using pairwire::ByteSpan;
using pairwire::dtls::Certificate;
using pairwire::dtls::DtlsTransport;
using pairwire::dtls::Role;
using pairwire::dtls::State;

class End final : public pairwire::dtls::Events {
 public:
  End(pairwire::Loop& loop, const Certificate& certificate)
      : loop_(loop), transport(loop, certificate, {}, *this) {}

  End* other = nullptr;
  int* carried = nullptr;
  int stop_after = 0;

 private:
  void OnDtlsPacket(ByteSpan packet) override {
    if (*carried == stop_after) return;
    ++*carried;
    loop_.Post([to = other, copy = Bytes(packet.begin(), packet.end())] {
      to->transport.ReceivePacket(copy);
    });
  }
  void OnDtlsState(State, const pairwire::Error&) override {}
  void OnDtlsData(ByteSpan) override { std::abort(); }  // nobody sends any

  pairwire::Loop& loop_;

 public:
  DtlsTransport transport;
};

const Certificate& CertificateOf(bool server) {
  static const std::array<Certificate, 2> certificates{*Certificate::Generate(),
                                                       *Certificate::Generate()};
  return certificates[server ? 1 : 0];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  pairwire::test::ManualLoop loop;
  End client(loop, CertificateOf(false));
  End server(loop, CertificateOf(true));
  int carried = 0;
  for (auto [end, peer] : {std::pair(&client, &server), std::pair(&server, &client)}) {
    end->other = peer;
    end->carried = &carried;
    end->stop_after = data[0] >> 1 & 7;
  }
  (void)server.transport.Start(Role::kServer, {CertificateOf(false).fingerprint()});
  (void)client.transport.Start(Role::kClient, {CertificateOf(true).fingerprint()});
  loop.RunUntilIdle();

  End& target = (data[0] & 1) != 0 ? server : client;
  ByteSpan rest = ByteSpan(data, size).subspan(1);
  while (rest.size() > 2) {
    const std::size_t wanted = static_cast<std::size_t>(rest[0]) << 8 | rest[1];
    rest = rest.subspan(2);
    const std::size_t length = wanted < rest.size() ? wanted : rest.size();
    target.transport.ReceivePacket(rest.first(length));
    rest = rest.subspan(length);
    loop.RunUntilIdle();
  }
  loop.AdvanceBy(std::chrono::seconds(20));
  const State end = target.transport.state();
  if (end == State::kNew || end == State::kConnecting) std::abort();
  return 0;
}
