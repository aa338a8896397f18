// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerTool: our peer behind the commands and events of tests/interop/README.md, over the public API
// only, as an application sees it. One connection at a time; `create` after `close` makes the next.
#ifndef PAIRWIRE_TESTS_INTEROP_PEER_PEER_TOOL_H_
#define PAIRWIRE_TESTS_INTEROP_PEER_PEER_TOOL_H_

#include <pairwire/network.h>
#include <pairwire/peer_connection.h>

#include <chrono>
#include <optional>
#include <string>

#include "tests/interop/peer/peer_channels.h"
#include "tests/interop/peer/protocol.h"

namespace pairwire::interop {

class PeerTool {
 public:
  // `network` outlives its last callback: destroy it before the tool.
  explicit PeerTool(Network& network) : network_(network) {}

  PeerTool(const PeerTool&) = delete;
  PeerTool& operator=(const PeerTool&) = delete;

  // One line of stdin. Loop thread.
  void OnLine(const std::string& line);
  // Every millisecond while wants_ticks(). Loop thread.
  void OnTick() { channels_.Pump(); }
  // Any thread.
  bool wants_ticks() const { return channels_.has_streams(); }

 private:
  void Run(const std::string& name, const Json& command);
  void Create(const Json& command);
  void OpenChannel(const Json& command);
  void Offer(const Json& command);
  void Remote(const Json& command);
  void ApplyLocal(const char* name);
  void DescribeWhenGathered();
  void ReportSelected();
  void ReportState(PeerConnectionState state, const std::optional<Error>& error);
  Json MsSinceCreate() const;

  Network& network_;
  PeerConnection connection_;
  PeerChannels channels_;
  std::chrono::steady_clock::time_point created_;
  bool trickle_ = true;
  bool description_waits_ = false;  // trickle is off and gathering is not complete
  std::optional<std::string> reported_pair_;
};

}  // namespace pairwire::interop

#endif  // PAIRWIRE_TESTS_INTEROP_PEER_PEER_TOOL_H_
