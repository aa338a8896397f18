// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the file protocol's two machines need from the outside: a message channel, and of
// <pairwire/bulk.h> a file to read and a file to write. Tests give fakes; disk_files.h gives the
// disk.
#ifndef PAIRWIRE_PEER_BULK_BULK_CHANNEL_H_
#define PAIRWIRE_PEER_BULK_BULK_CHANNEL_H_

#include <pairwire/bulk.h>
#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstddef>
#include <string_view>

#include "peer/bulk/bulk_messages.h"

namespace pairwire::bulk {

// As DataChannel; Close sends what waits first.
class FileChannel {
 public:
  virtual ~FileChannel() = default;
  virtual Result<void> SendText(std::string_view text) = 0;
  virtual Result<void> SendData(ByteSpan data) = 0;
  virtual std::size_t buffered_amount() const = 0;
  virtual void Close() = 0;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_BULK_CHANNEL_H_
