// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/file_id.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "peer/base/byte_reader.h"
#include "peer/bulk/sha256.h"

namespace pairwire::bulk {
namespace {

constexpr std::size_t kSampleBytes = 64 * 1024;

// The length in 7-bit groups, the lowest first (LEB128), as everywhere in Pairwire's lists.
void Add(Sha256& digest, ByteSpan item) {
  Bytes length;
  std::size_t rest = item.size();
  while (rest >= 0x80) {
    length.push_back(static_cast<std::uint8_t>(0x80 | (rest & 0x7f)));
    rest >>= 7;
  }
  length.push_back(static_cast<std::uint8_t>(rest));
  digest.Update(length);
  digest.Update(item);
}

void Add(Sha256& digest, std::uint64_t number) {
  Bytes bytes;
  ByteWriter(bytes).WriteU64(number);
  Add(digest, bytes);
}

}  // namespace

FileResult<std::string> FileIdOf(const FileOffer& offer, FileSource& source) {
  FileResult<void> rewound = source.Rewind();
  if (!rewound) return tl::unexpected(rewound.error());
  Bytes sample(kSampleBytes);
  std::size_t size = 0;
  while (size < sample.size()) {
    const FileResult<std::size_t> got = source.Read(std::span(sample).subspan(size));
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    size += *got;
  }
  rewound = source.Rewind();
  if (!rewound) return tl::unexpected(rewound.error());

  Sha256 digest;
  Add(digest, AsBytes("pairwire file/2"));
  Add(digest, AsBytes(offer.name));
  Add(digest, offer.size);
  Add(digest, static_cast<std::uint64_t>(source.changed_ns()));
  Add(digest, ByteSpan(sample).first(size));
  return digest.Hex().substr(0, kFileIdDigits);
}

}  // namespace pairwire::bulk
