// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace pairwire::bench {
namespace {

constexpr double kLargestWhole = 9e15;  // below it a double holds every whole number

std::string Rounded(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

void Report::Add(std::string_view name, double value) {
  auto& field = fields_[std::string(name)];
  // Counts print as whole numbers, also large ones.
  if (value == std::floor(value) && std::abs(value) < kLargestWhole) {
    field = static_cast<std::int64_t>(value);
  } else {
    field = std::strtod(Rounded(value).c_str(), nullptr);
  }
}

void Report::Add(std::string_view name, std::string_view value) {
  fields_[std::string(name)] = std::string(value);
}

std::string Report::ToJson() const { return fields_.dump(); }

std::string Report::ToText() const {
  std::size_t width = 0;
  for (const auto& [name, value] : fields_.items()) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : fields_.items()) {
    text += name + std::string(width + 2 - name.size(), ' ');
    text += value.is_string() ? value.get<std::string>() : value.dump();
    text += '\n';
  }
  return text;
}

}  // namespace pairwire::bench
