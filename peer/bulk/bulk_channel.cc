// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_channel.h"

namespace pairwire {

FileResult<void> FileSource::Rewind() {
  return tl::unexpected(FileProblem{"not_readable", "the file can be read only once"});
}

FileResult<std::uint64_t> FileSink::Reopen(const FileOffer& offer) {
  const FileResult<void> opened = Open(offer.name, offer.size);
  if (!opened) return tl::unexpected(opened.error());
  return 0;
}

FileResult<std::size_t> FileSink::ReadBack(std::uint64_t, std::span<std::uint8_t>) { return 0; }

std::optional<ReceivedFile> FileSink::Stored(const FileOffer&) const { return std::nullopt; }

}  // namespace pairwire
