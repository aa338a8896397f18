// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/ping.h"

namespace pairwire::samples {

bool IsPing(const DataChannel& channel) {
  return channel.label() == kPingLabel && channel.protocol() == kPingProtocol;
}

void SendBack(DataChannel& channel, const Message& message) {
  static_cast<void>(message.is_text ? channel.Send(AsText(message.data))
                                    : channel.Send(message.data));
}

}  // namespace pairwire::samples
