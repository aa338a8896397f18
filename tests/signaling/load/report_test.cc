// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/report.h"

#include <gtest/gtest.h>

#include <limits>

namespace pairwire::load {
namespace {

Report Row(const char* part, double passed) {
  Report row;
  row.Add("part", part);
  row.Add("passed", passed);
  return row;
}

TEST(ReportTest, JsonKeepsTheOrderAndSaysWhetherAllWasWell) {
  Report report;
  report.Add("scenario", "waiting");
  report.Add("displays", 5000);
  report.Add("bytesPerDisplay", 3727.123456789);
  report.Add("idleCpuPercent", std::vector<double>{0.14});
  report.Add("relayCpuUsPerMessage", std::vector<double>{1.5, 2.5});
  report.Add("nothing", std::vector<double>{});
  report.Add("notANumber", std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(
      report.ToJson(),
      R"({"scenario":"waiting","displays":5000,"bytesPerDisplay":3727.12,)"
      R"("idleCpuPercent":0.14,"relayCpuUsPerMessage":[1.5,2.5],"notANumber":null,"ok":true})");
  report.SetFailed("first");
  report.SetFailed("second");
  EXPECT_NE(report.ToJson().find(R"("ok":false,"failure":"first")"), std::string::npos);
}

TEST(ReportTest, TextIsATable) {
  Report report;
  report.Add("scenario", "suite");
  report.Add("parts", std::vector<Report>{Row("latency", 2004), Row("type safety", 48)});
  report.Add("percent", 100);
  EXPECT_EQ(report.ToText(),
            "scenario  suite\n"
            "part         passed\n"
            "latency      2004\n"
            "type safety  48\n"
            "percent   100\n");
}

}  // namespace
}  // namespace pairwire::load
