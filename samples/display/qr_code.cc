// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/display/qr_code.h"

#include <qrencode.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>

namespace pairwire::samples {
namespace {

constexpr std::size_t kMaxBytes = 1024;
constexpr char kBlackOnWhite[] = "\x1b[30;107m";
constexpr char kReset[] = "\x1b[0m";

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

// Modules outside are light.
bool IsDark(const QRcode& code, int row, int column) {
  if (row < 0 || column < 0 || row >= code.width || column >= code.width) return false;
  return (code.data[static_cast<std::ptrdiff_t>(row) * code.width + column] & 1) != 0;
}

}  // namespace

Result<std::string> DrawQrCode(std::string_view text, bool coloured) {
  if (text.empty()) return Fail(Errc::kInvalidArgument, "nothing to encode");
  if (text.size() > kMaxBytes) return Fail(Errc::kLimitExceeded, "too long for a code");
  const std::string bytes(text);
  const std::unique_ptr<QRcode, FreeCode> code(
      QRcode_encodeData(static_cast<int>(bytes.size()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), 0, QR_ECLEVEL_M));
  if (!code) return Fail(Errc::kSystem, std::generic_category().message(errno));
  std::string drawn;
  for (int row = -kQuietModules; row < code->width + kQuietModules; row += 2) {
    if (coloured) drawn += kBlackOnWhite;
    for (int column = -kQuietModules; column < code->width + kQuietModules; ++column) {
      const bool upper = IsDark(*code, row, column);
      const bool lower = IsDark(*code, row + 1, column);
      if (upper && lower) {
        drawn += "\u2588";  // full block
      } else if (upper) {
        drawn += "\u2580";  // upper half
      } else {
        drawn += lower ? "\u2584" : " ";
      }
    }
    if (coloured) drawn += kReset;
    drawn += '\n';
  }
  return drawn;
}

}  // namespace pairwire::samples
