// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Meeting: our transport on one side, a RawPeer on the other, 10 ms apart.
#ifndef PAIRWIRE_TESTS_PEER_DTLS_MEETING_H_
#define PAIRWIRE_TESTS_PEER_DTLS_MEETING_H_

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "tests/peer/dtls/dtls_pair.h"
#include "tests/peer/dtls/raw_peer.h"

namespace pairwire::dtls::test {

class Meeting {
 public:
  explicit Meeting(const RawPeer::Settings& settings, const Options& options = {},
                   Certificate certificate = NewCertificate(), bool start_ours = true)
      : role_(settings.role == Role::kClient ? Role::kServer : Role::kClient),
        path_(loop, {.delay = 10ms}),
        ours(loop, options, std::move(certificate)),
        raw(settings, [this](ByteSpan packet) { FromRaw(packet); }) {
    ours.on_packet = [this](ByteSpan packet) { path_.a_to_b().Send(packet); };
    path_.a_to_b().SetReceiver([this](ByteSpan packet) { raw.Receive(packet); });
    path_.b_to_a().SetReceiver([this](ByteSpan packet) { ours.Receive(packet); });
    if (start_ours) StartOurs();
  }

  void StartOurs() { EXPECT_TRUE(ours.transport().Start(role_, {raw.fingerprint()}).has_value()); }
  // The handshake begins when the raw peer is a client; a server waits for ours.
  void Start() { raw.Start(); }

  bool Run() {
    Start();
    return loop.RunUntil([&] { return ours.state() != State::kConnecting; }, 20s) &&
           ours.state() == State::kConnected;
  }

  void FromRaw(ByteSpan packet) {
    if (on_raw_packet) {
      on_raw_packet(packet);
    } else {
      path_.b_to_a().Send(packet);
    }
  }

  ManualLoop loop;

 private:
  const Role role_;
  SimPath path_;

 public:
  Endpoint ours;
  RawPeer raw;
  // Takes what the raw peer sends, in place of the path; may be empty.
  std::function<void(ByteSpan packet)> on_raw_packet;
};

}  // namespace pairwire::dtls::test

#endif  // PAIRWIRE_TESTS_PEER_DTLS_MEETING_H_
