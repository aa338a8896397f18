// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Report: the figures of one run in the order in which they were added, as JSON or as text. The
// names are fixed ("megabytesPerSecond"): scripts read them. MB is 10^6 bytes, kB 10^3.
#ifndef PAIRWIRE_BENCH_REPORT_H_
#define PAIRWIRE_BENCH_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "bench/usage.h"

namespace pairwire::bench {

using Json = nlohmann::json;

class Report {
 public:
  // A name is added once.
  void Add(std::string_view name, double value);
  void Add(std::string_view name, std::string_view value);

  // One object in one line, numbers rounded to six significant digits; no line end.
  std::string ToJson() const;
  // A line for each figure.
  std::string ToText() const;

 private:
  nlohmann::ordered_json fields_ = nlohmann::ordered_json::object();
};

// Over the Wire and back.
Json ToJson(const Spent& spent);
Spent SpentFromJson(const Json& json);

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_REPORT_H_
