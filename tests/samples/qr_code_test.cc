// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The QR code on a terminal: what is drawn is read back module by module, as a camera would see it,
// and decoded here by the standard's own steps as far as they need no error correction.
#include "samples/display/qr_code.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::samples {
namespace {

using Modules = std::vector<std::vector<bool>>;

// Rows of modules, without the border; empty when the text is no drawing of a code.
Modules ModulesOf(const std::string& drawn) {
  Modules rows;
  for (std::size_t at = 0; at < drawn.size();) {
    std::vector<bool> upper;
    std::vector<bool> lower;
    while (at < drawn.size() && drawn[at] != '\n') {
      const std::string_view rest = std::string_view(drawn).substr(at);
      const bool full = rest.starts_with("\u2588");
      const bool top = rest.starts_with("\u2580");
      const bool bottom = rest.starts_with("\u2584");
      if (!full && !top && !bottom && rest[0] != ' ') return {};
      upper.push_back(full || top);
      lower.push_back(full || bottom);
      at += full || top || bottom ? 3 : 1;
    }
    ++at;
    rows.push_back(upper);
    rows.push_back(lower);
  }
  const auto width = static_cast<int>(rows.empty() ? 0 : rows[0].size());
  Modules code;
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    const auto& line = rows[static_cast<std::size_t>(row)];
    if (static_cast<int>(line.size()) != width) return {};
    const bool inside = row >= kQuietModules && row < width - kQuietModules;
    for (int column = 0; column < width; ++column) {
      const bool in_border = !inside || column < kQuietModules || column >= width - kQuietModules;
      if (in_border && line[static_cast<std::size_t>(column)]) return {};
    }
    if (inside) {
      code.emplace_back(line.begin() + kQuietModules, line.end() - kQuietModules);
    }
  }
  return code;
}

// ISO/IEC 18004, versions 1 to 6 at level M: reads the text of the one byte segment.
class Reader {
 public:
  explicit Reader(const Modules& code) : code_(code), size_(static_cast<int>(code.size())) {}

  std::string Text() {
    const int version = (size_ - 17) / 4;
    if (version < 1 || version > 6) return "(no version)";
    ReadMask();
    ReadCodewords();
    const std::vector<std::uint8_t> data = Data(version);
    std::size_t bit = 0;
    const auto take = [&](int count) {
      unsigned value = 0;
      for (int i = 0; i < count; ++i, ++bit) {
        value = value << 1 | (data.at(bit / 8) >> (7 - bit % 8) & 1u);
      }
      return value;
    };
    constexpr unsigned kByteMode = 4;
    if (take(4) != kByteMode) return "(not bytes)";
    std::string text(take(8), ' ');
    for (char& c : text) c = static_cast<char>(take(8));
    return text;
  }

 private:
  bool At(int row, int column) const {
    return code_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
  }

  // Bits 12 to 10 of the format, beside the first finder pattern, under the standard's own mask.
  void ReadMask() {
    constexpr unsigned kFormatMask = 0b101;  // of 101010000010010, the three bits behind the level
    mask_ = static_cast<unsigned>(At(8, 2) << 2 | At(8, 3) << 1 | At(8, 4)) ^ kFormatMask;
  }

  bool IsFunction(int row, int column) const {
    const bool finder = (row < 9 && column < 9) || (row < 9 && column >= size_ - 8) ||
                        (row >= size_ - 8 && column < 9);
    const int centre = size_ - 7;  // of the one alignment pattern
    const bool alignment =
        size_ > 21 && std::abs(row - centre) <= 2 && std::abs(column - centre) <= 2;
    return finder || alignment || row == 6 || column == 6;
  }

  bool IsMasked(int r, int c) const {
    switch (mask_) {
      case 0:
        return (r + c) % 2 == 0;
      case 1:
        return r % 2 == 0;
      case 2:
        return c % 3 == 0;
      case 3:
        return (r + c) % 3 == 0;
      case 4:
        return (r / 2 + c / 3) % 2 == 0;
      case 5:
        return r * c % 2 + r * c % 3 == 0;
      case 6:
        return (r * c % 2 + r * c % 3) % 2 == 0;
      default:
        return ((r + c) % 2 + r * c % 3) % 2 == 0;
    }
  }

  // Two columns at a time from the right, up and down in turn.
  void ReadCodewords() {
    unsigned word = 0;
    int bits = 0;
    bool upward = true;
    for (int right = size_ - 1; right > 0; right -= 2, upward = !upward) {
      if (right == 6) --right;  // the timing pattern
      for (int i = 0; i < size_; ++i) {
        const int row = upward ? size_ - 1 - i : i;
        for (const int column : {right, right - 1}) {
          if (IsFunction(row, column)) continue;
          word = word << 1 | static_cast<unsigned>(At(row, column) != IsMasked(row, column));
          if (++bits % 8 == 0) words_.push_back(static_cast<std::uint8_t>(word));
        }
      }
    }
  }

  // The blocks are woven into each other; at level M all of a version are equally long here.
  std::vector<std::uint8_t> Data(int version) const {
    constexpr int kBlocks[] = {0, 1, 1, 1, 2, 2, 4};
    constexpr int kDataWords[] = {0, 16, 28, 44, 64, 86, 108};
    const int blocks = kBlocks[version];
    const int each = kDataWords[version] / blocks;
    std::vector<std::uint8_t> data;
    for (int block = 0; block < blocks; ++block) {
      for (int i = 0; i < each; ++i) {
        data.push_back(words_.at(static_cast<std::size_t>(i * blocks + block)));
      }
    }
    return data;
  }

  const Modules& code_;
  const int size_;
  unsigned mask_ = 0;
  std::vector<std::uint8_t> words_;
};

TEST(QrCode, WhatIsDrawnReadsAsTheText) {
  const std::vector<std::string> texts = {
      "x", "https://relay.example/#pair=4821.AAAAAAAAAAAAAAAAAAAAAA",
      "http://127.0.0.1:8080/index.html#pair=1234.0123456789abcdefABCDEF", std::string(100, 'y')};
  for (const std::string& text : texts) {
    const auto drawn = DrawQrCode(text, false);
    ASSERT_TRUE(drawn) << ToString(drawn.error());
    const Modules code = ModulesOf(*drawn);
    ASSERT_FALSE(code.empty()) << *drawn;
    EXPECT_EQ(Reader(code).Text(), text) << *drawn;
  }
}

TEST(QrCode, ColoursAreSetForEachLineAndTakenBack) {
  const std::string plain = DrawQrCode("x", false).value();
  std::string coloured = DrawQrCode("x", true).value();
  for (const std::string_view escape : {"\x1b[30;107m", "\x1b[0m"}) {
    for (std::size_t at = 0; (at = coloured.find(escape, at)) != std::string::npos;) {
      coloured.erase(at, escape.size());
    }
  }
  EXPECT_EQ(coloured, plain);
  EXPECT_EQ(DrawQrCode("x", true)->find("\x1b[30;107m"), 0u);
}

TEST(QrCode, WhatCanNotBeDrawnIsRefused) {
  EXPECT_EQ(DrawQrCode("", false).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(DrawQrCode(std::string(1025, 'x'), false).error().code, Errc::kLimitExceeded);
  EXPECT_TRUE(DrawQrCode(std::string(1024, 'x'), false));
}

}  // namespace
}  // namespace pairwire::samples
