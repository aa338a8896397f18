// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/code.h"

#include <algorithm>
#include <cstddef>

#include "signaling/protocol/limits.h"

namespace pairwire::protocol {

Result<std::string> NormalizeCode(std::string_view typed) {
  if (typed.size() > kMaxCodeInputBytes)
    return Fail(Errc::kInvalidArgument, "the code is too long");
  std::string digits;
  for (const char c : typed) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (c != ' ' && c != '-' && c != '.' && c != '\t') {
      return Fail(Errc::kInvalidArgument, "a code has digits only");
    }
  }
  const int count = static_cast<int>(digits.size());
  const bool grown = count >= kMinCodeDigits && count <= kMaxGrownCodeDigits;
  if (!grown && count != kPlainCodeDigits) {
    return Fail(Errc::kInvalidArgument, "a code has 4, 5, 6 or 9 digits");
  }
  return digits;
}

std::string CodeFromNumber(std::uint64_t number, int digits) {
  std::string code(static_cast<std::size_t>(digits), '0');
  for (auto digit = code.rbegin(); digit != code.rend(); ++digit) {
    *digit = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return code;
}

bool IsMeet(std::string_view name) {
  return name.size() == kMeetBytes && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string FormatCode(std::string_view code) {
  if (code.size() < 6) return std::string(code);
  std::string shown;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0 && i % 3 == 0) shown.push_back(' ');
    shown.push_back(code[i]);
  }
  return shown;
}

}  // namespace pairwire::protocol
