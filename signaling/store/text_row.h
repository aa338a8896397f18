// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TextRow: a few short strings that are set together, in one allocation. Five ids as std::string
// take 160 bytes and five allocations; here they take their characters and two bytes each.
#ifndef PAIRWIRE_SIGNALING_STORE_TEXT_ROW_H_
#define PAIRWIRE_SIGNALING_STORE_TEXT_ROW_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace pairwire::relay {

template <std::size_t N>
class TextRow {
 public:
  // What all strings of a row have together at most; the rest is cut off. Ids and names have 64
  // bytes (protocol/limits.h).
  static constexpr std::size_t kMaxBytes = std::numeric_limits<std::uint16_t>::max();

  // All empty.
  TextRow() = default;
  explicit TextRow(const std::array<std::string_view, N>& texts) {
    std::array<std::uint16_t, N> ends{};
    std::size_t end = 0;
    for (std::size_t i = 0; i < N; ++i) {
      end = std::min(kMaxBytes, end + texts[i].size());
      ends[i] = static_cast<std::uint16_t>(end);
    }
    if (end == 0) return;
    bytes_.reset(new char[sizeof ends + end]);
    std::memcpy(bytes_.get(), ends.data(), sizeof ends);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < N; ++i) {
      std::copy_n(texts[i].data(), ends[i] - begin, bytes_.get() + sizeof ends + begin);
      begin = ends[i];
    }
  }

  std::string_view View(std::size_t i) const {
    if (!bytes_) return {};
    std::array<std::uint16_t, N> ends{};
    std::memcpy(ends.data(), bytes_.get(), sizeof ends);
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    return {bytes_.get() + sizeof ends + begin, ends[i] - begin};
  }
  std::string Text(std::size_t i) const { return std::string(View(i)); }

 private:
  std::unique_ptr<char[]> bytes_;  // where each ends, then the strings
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_TEXT_ROW_H_
