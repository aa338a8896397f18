// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Two DTLS transports in one process, joined by a simulated path on a loop whose clock the test
// turns. The tests of this folder stand on it.
#ifndef PAIRWIRE_TESTS_PEER_DTLS_DTLS_PAIR_H_
#define PAIRWIRE_TESTS_PEER_DTLS_DTLS_PAIR_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer/dtls/certificate.h"
#include "peer/dtls/dtls_transport.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_link.h"

namespace pairwire::dtls::test {

using namespace std::chrono_literals;
using pairwire::test::ManualLoop;
using pairwire::test::SimLink;
using pairwire::test::SimPath;

inline Certificate NewCertificate() {
  auto certificate = Certificate::Generate();
  EXPECT_TRUE(certificate.has_value());
  return std::move(*certificate);
}

inline Fingerprint DigestOf(const Certificate& certificate, HashAlgorithm algorithm) {
  return FingerprintOf(certificate.der(), algorithm).value();
}

// One end: a transport with its own certificate, and everything that it reported.
class Endpoint final : public Events {
 public:
  explicit Endpoint(Loop& loop, const Options& options = {},
                    Certificate certificate = NewCertificate())
      : certificate_(std::move(certificate)) {
    transport_ = std::make_unique<DtlsTransport>(loop, certificate_, options, *this);
  }

  DtlsTransport& transport() { return *transport_; }
  // Null after Destroy.
  DtlsTransport* get() { return transport_.get(); }
  const Certificate& certificate() const { return certificate_; }
  void Destroy() { transport_.reset(); }

  void Receive(ByteSpan packet) {
    if (transport_ != nullptr) transport_->ReceivePacket(packet);
  }

  State state() const { return states.empty() ? State::kNew : states.back(); }
  std::size_t data_bytes() const {
    std::size_t sum = 0;
    for (const Bytes& record : data) sum += record.size();
    return sum;
  }

  // What was reported.
  std::vector<State> states;
  Error error;
  std::vector<Bytes> data;
  std::vector<Bytes> sent;

  // What to do besides; may be empty.
  std::function<void(ByteSpan)> on_packet;
  std::function<void(State)> on_state;
  std::function<void(ByteSpan)> on_data;

 private:
  void OnDtlsPacket(ByteSpan packet) override {
    sent.emplace_back(packet.begin(), packet.end());
    if (on_packet) on_packet(packet);
  }
  void OnDtlsState(State state, const Error& reason) override {
    states.push_back(state);
    if (state == State::kFailed) {
      EXPECT_FALSE(reason.detail.empty());
    } else {
      EXPECT_EQ(reason, Error{});
    }
    error = reason;
    if (on_state) on_state(state);
  }
  void OnDtlsData(ByteSpan bytes) override {
    EXPECT_EQ(transport_->state(), State::kConnected);
    EXPECT_EQ(state(), State::kConnected);
    data.emplace_back(bytes.begin(), bytes.end());
    if (on_data) on_data(bytes);
  }

  Certificate certificate_;
  std::unique_ptr<DtlsTransport> transport_;
};

// A client and a server with 10 ms between them, unless `weather` says otherwise.
class Pair {
 public:
  explicit Pair(SimLink::Options weather = {.delay = 10ms}, const Options& options = {})
      : Pair(weather, options, options) {}
  Pair(SimLink::Options weather, const Options& client_options, const Options& server_options,
       Certificate client_certificate = NewCertificate(),
       Certificate server_certificate = NewCertificate())
      : path_(loop, weather),
        client(loop, client_options, std::move(client_certificate)),
        server(loop, server_options, std::move(server_certificate)) {
    path_.a_to_b().SetReceiver([this](ByteSpan packet) { server.Receive(packet); });
    path_.b_to_a().SetReceiver([this](ByteSpan packet) { client.Receive(packet); });
    client.on_packet = [this](ByteSpan packet) { Carry(packet, true); };
    server.on_packet = [this](ByteSpan packet) { Carry(packet, false); };
  }

  void Start() {
    ASSERT_TRUE(StartServer());
    ASSERT_TRUE(StartClient());
  }
  bool StartClient() {
    return client.transport()
        .Start(Role::kClient, {server.certificate().fingerprint()})
        .has_value();
  }
  bool StartServer() {
    return server.transport()
        .Start(Role::kServer, {client.certificate().fingerprint()})
        .has_value();
  }

  bool BothAre(State state) const { return client.state() == state && server.state() == state; }
  bool RunUntilBothAre(State state, Loop::Duration limit = 20s) {
    return loop.RunUntil([&] { return BothAre(state); }, limit);
  }
  void Connect() {
    Start();
    ASSERT_TRUE(RunUntilBothAre(State::kConnected)) << Describe();
  }
  // The last packets arrive.
  void Settle() { loop.AdvanceBy(1s); }

  std::string Describe() const {
    return std::string("client ") + std::string(ToString(client.state())) + " " +
           pairwire::ToString(client.error) + ", server " + std::string(ToString(server.state())) +
           " " + pairwire::ToString(server.error);
  }

  ManualLoop loop;

 private:
  SimPath path_;

 public:
  Endpoint client;
  Endpoint server;
  // Sees each datagram with its number, counted over both ways; false loses it. May be empty.
  std::function<bool(int number, bool from_client, ByteSpan packet)> pass;
  int carried = 0;

  SimPath& path() { return path_; }

 private:
  void Carry(ByteSpan packet, bool from_client) {
    const int number = carried++;
    if (pass && !pass(number, from_client, packet)) return;
    (from_client ? path_.a_to_b() : path_.b_to_a()).Send(packet);
  }
};

// A record as bytes, with a body of the caller's.
inline Bytes MakeRecord(std::uint8_t type, std::uint16_t epoch, std::uint64_t sequence,
                        const Bytes& body, std::uint8_t version_minor = 0xfd) {
  Bytes record{type, 0xfe, version_minor, static_cast<std::uint8_t>(epoch >> 8),
               static_cast<std::uint8_t>(epoch)};
  for (int shift = 40; shift >= 0; shift -= 8) {
    record.push_back(static_cast<std::uint8_t>(sequence >> shift));
  }
  record.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  record.push_back(static_cast<std::uint8_t>(body.size()));
  record.insert(record.end(), body.begin(), body.end());
  return record;
}

// One handshake fragment as RFC 6347 section 4.2.2 writes it.
inline Bytes MakeFragment(std::uint8_t type, std::size_t length, std::size_t sequence,
                          std::size_t offset, std::size_t fragment_length, const Bytes& content) {
  Bytes bytes{type};
  const auto append = [&](std::size_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  };
  append(length, 3);
  append(sequence, 2);
  append(offset, 3);
  append(fragment_length, 3);
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}

}  // namespace pairwire::dtls::test

#endif  // PAIRWIRE_TESTS_PEER_DTLS_DTLS_PAIR_H_
