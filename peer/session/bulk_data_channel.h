// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DataChannelForFile: a DataChannel as the file protocol's machines see one. Loop thread only.
#ifndef PAIRWIRE_PEER_SESSION_BULK_DATA_CHANNEL_H_
#define PAIRWIRE_PEER_SESSION_BULK_DATA_CHANNEL_H_

#include <pairwire/data_channel.h>

#include <utility>

#include "peer/bulk/bulk_channel.h"

namespace pairwire {

class DataChannelForFile final : public bulk::FileChannel {
 public:
  explicit DataChannelForFile(DataChannel channel) : channel_(std::move(channel)) {}

  Result<void> SendText(std::string_view text) override { return channel_.Send(text); }
  Result<void> SendData(ByteSpan data) override { return channel_.Send(data); }
  std::size_t buffered_amount() const override { return channel_.buffered_amount(); }
  void Close() override { channel_.Close(); }

  DataChannel& data_channel() { return channel_; }

 private:
  DataChannel channel_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_BULK_DATA_CHANNEL_H_
