// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Byte views and owned bytes, as every interface of Pairwire passes them.
#ifndef PAIRWIRE_BYTES_H_
#define PAIRWIRE_BYTES_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace pairwire {

// A view of bytes that somebody else owns; valid only as long as its owner says.
using ByteSpan = std::span<const std::uint8_t>;

// Owned bytes.
using Bytes = std::vector<std::uint8_t>;

// Bytes that several owners hold and nobody changes any more.
using SharedBytes = std::shared_ptr<const Bytes>;

// The bytes of `text`, without a copy.
inline ByteSpan AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes seen as characters, without a copy and without a check that they are UTF-8.
inline std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace pairwire

#endif  // PAIRWIRE_BYTES_H_
