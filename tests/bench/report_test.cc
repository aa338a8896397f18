// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/report.h"

#include <gtest/gtest.h>

namespace pairwire::bench {
namespace {

TEST(ReportTest, JsonKeepsTheOrderAndRoundsFractionsNotCounts) {
  Report report;
  report.Add("scenario", "throughput");
  report.Add("size", 65536);
  report.Add("messages", 123456789);
  report.Add("megabytesPerSecond", 547.123456789);
  report.Add("messagesPerSecond", 216568.87654321);
  report.Add("lossPercent", 0.000012345678);
  EXPECT_EQ(
      report.ToJson(),
      R"({"scenario":"throughput","size":65536,"messages":123456789,)"
      R"("megabytesPerSecond":547.123,"messagesPerSecond":216569,"lossPercent":1.23457e-05})");
}

TEST(ReportTest, TextIsALineForEachFigure) {
  Report report;
  report.Add("scenario", "latency");
  report.Add("p50Us", 74.5);
  EXPECT_EQ(report.ToText(), "scenario  latency\np50Us     74.5\n");
}

}  // namespace
}  // namespace pairwire::bench
