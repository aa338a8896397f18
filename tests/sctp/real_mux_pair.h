// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RealMuxPair: two muxes over two real associations and simulated weather: the whole box, as a
// connection uses it.
#ifndef PAIRWIRE_TESTS_SCTP_REAL_MUX_PAIR_H_
#define PAIRWIRE_TESTS_SCTP_REAL_MUX_PAIR_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "sctp/channel_mux.h"
#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"
#include "tests/sctp/mux_end.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_link.h"

namespace pairwire::sctp::test {

using namespace std::chrono_literals;  // NOLINT: a test header
using pairwire::test::ManualLoop;
using pairwire::test::SimLink;
using pairwire::test::SimPath;

struct RealMuxPair {
  explicit RealMuxPair(const SimLink::Options& weather = {}, const ChannelMuxOptions& options = {},
                       const UsrsctpAssociationOptions& sctp = {})
      : sctp_a(sctp),
        sctp_b(sctp),
        runtime(UsrsctpRuntime::Create(loop).value()),
        path(loop, weather),
        a(loop, WithSizes(options, sctp)),
        b(loop, WithSizes(options, sctp)) {
    a.on_packet = [this](ByteSpan packet) { path.a_to_b().Send(packet); };
    b.on_packet = [this](ByteSpan packet) { path.b_to_a().Send(packet); };
    path.a_to_b().SetReceiver([this](ByteSpan packet) {
      if (b.mux) b.mux->ReceivePacket(packet);
    });
    path.b_to_a().SetReceiver([this](ByteSpan packet) {
      if (a.mux) a.mux->ReceivePacket(packet);
    });
  }
  ~RealMuxPair() {
    a.mux.reset();
    b.mux.reset();
  }

  void Start() {
    ASSERT_TRUE(a.mux->Start(Factory(sctp_a), true, sctp_b.max_message_size, ours).has_value());
    ASSERT_TRUE(b.mux->Start(Factory(sctp_b), false, sctp_a.max_message_size, ours).has_value());
  }
  // Starts, and opens a channel of `a` for each of `options`, up to the other end's answer.
  std::vector<ChannelId> Connect(const std::vector<ChannelOptions>& options) {
    std::vector<ChannelId> ids;
    for (const ChannelOptions& one : options) ids.push_back(a.mux->Open(one).value());
    Start();
    EXPECT_TRUE(RunUntil(
        [&] { return a.opened.size() == options.size() && b.opened.size() == options.size(); }));
    return ids;
  }
  bool RunUntil(const std::function<bool()>& condition, Loop::Duration limit = 120s) {
    return loop.RunUntil(condition, limit);
  }

  ChannelMux::AssociationFactory Factory(const UsrsctpAssociationOptions& options) {
    return [this, options](AssociationEvents& events) {
      return std::make_unique<UsrsctpAssociation>(*runtime, options, events);
    };
  }

  static ChannelMuxOptions WithSizes(ChannelMuxOptions options,
                                     const UsrsctpAssociationOptions& sctp) {
    options.max_message_size = sctp.max_message_size;
    options.max_reassembly = sctp.max_reassembly;
    return options;
  }

  bool ours = false;  // each end knows the other as one of ours
  UsrsctpAssociationOptions sctp_a;
  UsrsctpAssociationOptions sctp_b;
  ManualLoop loop;
  VirtualWallClock wall_clock{loop};
  std::unique_ptr<UsrsctpRuntime> runtime;
  SimPath path;
  MuxEnd a;
  MuxEnd b;
};

}  // namespace pairwire::sctp::test

#endif  // PAIRWIRE_TESTS_SCTP_REAL_MUX_PAIR_H_
