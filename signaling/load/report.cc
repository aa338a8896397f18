// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace pairwire::load {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLargestWhole = 9e15;  // below it a double holds every whole number

Json Number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == std::floor(value) && std::abs(value) < kLargestWhole) {
    return static_cast<std::int64_t>(value);
  }
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return std::strtod(text.data(), nullptr);
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Json& element : value) text += (text.empty() ? "" : " ") + TextOf(element);
  return text;
}

std::string Padded(const std::string& text, std::size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 0, ' ');
}

// Rows of one shape; the first names the columns.
std::string TableOf(const Json& rows) {
  std::vector<std::vector<std::string>> cells;
  cells.emplace_back();
  for (const auto& [name, value] : rows[0].items()) cells[0].push_back(name);
  for (const Json& row : rows) {
    cells.emplace_back();
    for (const auto& [name, value] : row.items()) cells.back().push_back(TextOf(value));
  }
  std::vector<std::size_t> widths;
  for (const auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += Padded(row[i], widths[i] + 2);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace

void Report::Add(std::string_view name, double value) {
  fields_[std::string(name)] = Number(value);
}

void Report::Add(std::string_view name, std::string_view value) {
  fields_[std::string(name)] = std::string(value);
}

void Report::Add(std::string_view name, const std::vector<double>& values) {
  if (values.empty()) return;
  if (values.size() == 1) return Add(name, values[0]);
  Json& list = fields_[std::string(name)] = Json::array();
  for (const double value : values) list.push_back(Number(value));
}

void Report::Add(std::string_view name, const std::vector<Report>& rows) {
  Json& list = fields_[std::string(name)] = Json::array();
  for (const Report& row : rows) list.push_back(row.fields_);
}

void Report::SetFailed(std::string reason) {
  if (failure_.empty()) failure_ = std::move(reason);
}

std::string Report::ToJson() const {
  Json all = fields_;
  all["ok"] = !failed();
  if (failed()) all["failure"] = failure_;
  return all.dump();
}

std::string Report::ToText() const {
  std::size_t width = 0;
  for (const auto& [name, value] : fields_.items()) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : fields_.items()) {
    const bool table = value.is_array() && !value.empty() && value[0].is_object();
    text += table ? TableOf(value) : Padded(name, width + 2) + TextOf(value) + '\n';
  }
  return text;
}

}  // namespace pairwire::load
