// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PacketCapture: writes what one connection sends and receives into the file that its configuration
// names (PeerConfiguration::capture_file). Follows the selected pair for the addresses.
#ifndef PAIRWIRE_PEER_CONNECTION_PACKET_CAPTURE_H_
#define PAIRWIRE_PEER_CONNECTION_PACKET_CAPTURE_H_

#include <pairwire/bytes.h>
#include <pairwire/configuration.h>
#include <pairwire/result.h>

#include <memory>
#include <string_view>

#include "peer/capture/capture_writer.h"
#include "peer/ice/ice_transport.h"

namespace pairwire {

// Loop thread only. Without a file every call does nothing.
class PacketCapture {
 public:
  // A file that can not be made costs a line in the log and nothing else.
  explicit PacketCapture(const PeerConfiguration& configuration);

  bool wants_keys() const { return writer_ != nullptr && keys_; }

  void OnPair(const ice::CandidatePair& pair);
  void OnPacket(capture::Direction direction, ByteSpan packet) {
    if (writer_ != nullptr) writer_->Packet(direction, local_, remote_, packet);
  }
  void OnKeys(std::string_view line) {
    if (wants_keys()) writer_->Secrets(line);
  }

 private:
  std::unique_ptr<capture::CaptureWriter> writer_;
  bool keys_ = false;
  capture::Address local_;
  capture::Address remote_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_PACKET_CAPTURE_H_
