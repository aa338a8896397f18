// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/packet_capture.h"

#include <chrono>
#include <string>
#include <utility>

#include "peer/base/log.h"
#include "peer/ice/candidate.h"

namespace pairwire {
namespace {

// A candidate whose address is a name stays 0.0.0.0.
capture::Address AddressOf(const std::string& line) {
  const auto candidate = ice::ParseCandidate(line);
  if (!candidate) return {};
  return capture::Address::Parse(candidate->address, candidate->port).value_or(capture::Address{});
}

}  // namespace

PacketCapture::PacketCapture(const PeerConfiguration& configuration)
    : keys_(configuration.capture_keys) {
  if (configuration.capture_file.empty()) return;
  auto writer = capture::CaptureWriter::Create(
      configuration.capture_file, {.max_bytes = configuration.capture_max_bytes,
                                   .clock = [] { return std::chrono::system_clock::now(); }});
  if (writer) {
    writer_ = std::move(*writer);
  } else {
    Log(LogLevel::kWarning, "no packet capture: " + ToString(writer.error()));
  }
}

void PacketCapture::OnPair(const ice::CandidatePair& pair) {
  if (writer_ == nullptr) return;
  local_ = AddressOf(pair.local);
  remote_ = AddressOf(pair.remote);
}

}  // namespace pairwire
