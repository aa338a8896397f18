// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace pairwire::bench {
namespace {

constexpr double kLargestWhole = 9e15;  // below it a double holds every whole number

bool IsWhole(double value) { return value == std::floor(value) && std::abs(value) < kLargestWhole; }

double Rounded(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return std::strtod(text.data(), nullptr);
}

}  // namespace

void Report::Add(std::string_view name, double value) {
  if (!IsWhole(value)) value = Rounded(value);
  auto& field = fields_[std::string(name)];
  if (IsWhole(value)) {
    field = static_cast<std::int64_t>(value);
  } else {
    field = value;
  }
}

void Report::Add(std::string_view name, std::string_view value) {
  fields_[std::string(name)] = std::string(value);
}

Json ToJson(const Spent& spent) {
  return {{"seconds", spent.seconds},
          {"cpuSeconds", spent.cpu_seconds},
          {"waitSeconds", spent.wait_seconds}};
}

Spent SpentFromJson(const Json& json) {
  return {.seconds = json.value("seconds", 0.0),
          .cpu_seconds = json.value("cpuSeconds", 0.0),
          .wait_seconds = json.value("waitSeconds", 0.0)};
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
