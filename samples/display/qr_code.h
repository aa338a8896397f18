// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A QR code (ISO/IEC 18004) as text for a terminal. libqrencode makes it; this draws.
#ifndef PAIRWIRE_SAMPLES_DISPLAY_QR_CODE_H_
#define PAIRWIRE_SAMPLES_DISPLAY_QR_CODE_H_

#include <pairwire/result.h>

#include <string>
#include <string_view>

namespace pairwire::samples {

// The border that a reader needs around a code.
inline constexpr int kQuietModules = 4;

// `text` (at most 1 KiB) in lines of half blocks, two rows of modules a line, dark ones in the
// foreground, with the border. `coloured`: black on white by escape sequences, whatever the
// terminal's colours are. kLimitExceeded, kInvalidArgument: nothing to encode.
Result<std::string> DrawQrCode(std::string_view text, bool coloured);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_DISPLAY_QR_CODE_H_
