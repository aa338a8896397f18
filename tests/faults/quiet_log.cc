// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/quiet_log.h"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include "tests/faults/history.h"

namespace pairwire::faults {
namespace {

// Values of our own that are numbers.
constexpr std::array<std::string_view, 4> kNumbers = {
    "time=", "port=", "internal_port=", "max_connections="};
constexpr std::array<std::string_view, 6> kNever = {"candidate:", "a=fingerprint", "a=ice-",
                                                    "v=0",        "Bearer",        kSecretWord};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Four numbers with dots between them.
bool HoldsAddress(std::string_view word) {
  int dots = 0;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const bool between = word[at] == '.' && at > 0 && IsDigit(word[at - 1]) &&
                         at + 1 < word.size() && IsDigit(word[at + 1]);
    if (between && ++dots == 3) return true;
    if (!between && !IsDigit(word[at])) dots = 0;
  }
  return false;
}

}  // namespace

std::string LoudPart(std::string_view log, const std::vector<std::string>& secrets) {
  std::set<std::string> codes;
  std::vector<std::string_view> tokens;
  for (const std::string& secret : secrets) {
    if (secret.find_first_not_of("0123456789-") == std::string::npos) {
      std::string digits = secret;
      std::erase(digits, '-');
      codes.insert(std::move(digits));
    } else {
      // What comes after the session's id is the secret of it.
      tokens.push_back(std::string_view(secret).substr(secret.rfind('.') + 1));
    }
  }
  std::istringstream lines{std::string(log)};
  for (std::string line; std::getline(lines, line);) {
    for (const std::string_view token : tokens) {
      if (!token.empty() && line.find(token) != std::string::npos) return "a token: " + line;
    }
    for (const std::string_view text : kNever) {
      if (line.find(text) != std::string::npos) return std::string(text) + ": " + line;
    }
    // That of Redis is the operator's own.
    const bool of_store = line.find(" event=store_down ") != std::string::npos;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const auto starts = [&word](std::string_view name) { return word.rfind(name, 0) == 0; };
      if (std::any_of(kNumbers.begin(), kNumbers.end(), starts)) continue;
      if (!of_store && HoldsAddress(word)) return "an address: " + line;
      for (std::size_t at = 0; at < word.size();) {
        std::size_t end = at;
        while (end < word.size() && IsDigit(word[end])) ++end;
        if (!of_store && codes.contains(word.substr(at, end - at))) return "a code: " + line;
        at = end + 1;
      }
    }
  }
  return {};
}

}  // namespace pairwire::faults
