// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Report: the figures of one run in the order in which they were added, as JSON or as a table. The
// names are fixed (docs/load.md): scripts read them.
#ifndef PAIRWIRE_SIGNALING_LOAD_REPORT_H_
#define PAIRWIRE_SIGNALING_LOAD_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::load {

class Report {
 public:
  void Add(std::string_view name, double value);
  void Add(std::string_view name, std::string_view value);
  // A number when there is one, else a list: a figure of each relay.
  void Add(std::string_view name, const std::vector<double>& values);
  // A list of reports: a row each.
  void Add(std::string_view name, const std::vector<Report>& rows);
  // The run did not do what it is for; the first reason is kept.
  void SetFailed(std::string reason);

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

  // One object in one line, numbers rounded to six significant digits.
  std::string ToJson() const;
  // A line for each figure, and a table for each list of reports.
  std::string ToText() const;

 private:
  nlohmann::ordered_json fields_ = nlohmann::ordered_json::object();
  std::string failure_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_REPORT_H_
