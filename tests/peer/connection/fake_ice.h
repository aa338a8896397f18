// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FakeIce: an IceTransport over one direction of a SimPath: its pair "works" as soon as the remote
// credentials are known, and its datagrams have the weather of the link. No libnice, no sockets.
#ifndef PAIRWIRE_TESTS_PEER_CONNECTION_FAKE_ICE_H_
#define PAIRWIRE_TESTS_PEER_CONNECTION_FAKE_ICE_H_

#include <memory>
#include <string>
#include <utility>

#include "peer/base/task_safety.h"
#include "peer/ice/ice_transport.h"
#include "tests/support/sim_link.h"

namespace pairwire::test {

class FakeIce final : public ice::IceTransport {
 public:
  FakeIce(Loop& loop, SimLink& out, SimLink& in, ice::Credentials local, ice::Events& events)
      : loop_(loop), out_(out), in_(in), events_(events), credentials_(std::move(local)) {
    in_.SetReceiver([this](ByteSpan packet) { events_.OnIcePackets({&packet, 1}); });
  }
  ~FakeIce() override { in_.SetReceiver({}); }

  const ice::Credentials& local_credentials() const override { return credentials_; }

  Result<void> Gather() override {
    loop_.Post(safety_.Wrap([this] { events_.OnIceGatheringDone(); }));
    return {};
  }

  void SetRole(ice::Role) override {}

  Result<void> SetRemoteCredentials(const ice::Credentials&) override {
    loop_.Post(safety_.Wrap([this] {
      const auto alive = safety_.Watch();
      for (const auto state :
           {ice::State::kChecking, ice::State::kConnected, ice::State::kCompleted}) {
        events_.OnIceState(state);
        if (!*alive) return;
      }
      events_.OnIceSelectedPair({"candidate:local", "candidate:remote", false});
    }));
    return {};
  }

  Result<void> AddRemoteCandidate(std::string_view) override { return {}; }
  void SetRemoteCandidatesDone() override {}

  ice::Stats stats() const override { return {}; }
  std::string failure_reason() const override { return {}; }

  bool Send(ByteSpan packet) override {
    out_.Send(packet);
    return true;
  }

  // As when every check goes unanswered.
  void Fail() {
    loop_.Post(safety_.Wrap([this] { events_.OnIceState(ice::State::kFailed); }));
  }

 private:
  Loop& loop_;
  SimLink& out_;
  SimLink& in_;
  ice::Events& events_;
  const ice::Credentials credentials_;
  TaskSafety safety_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_CONNECTION_FAKE_ICE_H_
