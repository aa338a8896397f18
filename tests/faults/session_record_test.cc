// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What two processes print becomes the history that the checker of sessions judges: a good one
// passes, and each breach in it is found by its invariant.
#include "tests/faults/session_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/peer/delivery/session_checker.h"

namespace pairwire::faults {
namespace {

using Lines = std::vector<std::string>;

const Lines kDisplay = {
    "code 100 4821-KMRTW", "opened 999999 1",
    "connected 1000000",   "send 2000000 1 11",
    "bytes 2000001 20 1",  "set 2000002 1 77",
    "acked 4000000 1",     "cut 5000000 0 7 0",
    "ended 5000000 1",     "state 5000001 reconnecting",
    "send 6000000 2 12",   "opened 7900000 3",
    "cut 7950000 40 0 2",  "state 8000000 connected",
    "acked 9000000 2",     "sent 9000001 2 5",
    "report 20000000 0 0",
};
const Lines kController = {
    "opened 1000000 1", "connected 1000001", "deliver 3000000 1 11 1", "shown 3000001 1 77",
    "ended 7800000 1",  "opened 7800001 2",  "deliver 8500000 2 12 2", "report 20000001 0 0",
};

SessionRecord RecordOf(int which, const Lines& lines) {
  SessionRecord record(which);
  for (const std::string& line : lines) EXPECT_TRUE(record.Take(line)) << line;
  return record;
}

std::vector<int> Breaches(const Lines& display, const Lines& controller) {
  std::vector<int> found;
  for (const auto& breach :
       test::CheckSession(HistoryOf(RecordOf(0, display), RecordOf(1, controller), true))) {
    found.push_back(breach.invariant);
  }
  return found;
}

Lines With(Lines lines, const std::string& old, const Lines& instead) {
  const auto at = std::find(lines.begin(), lines.end(), old);
  EXPECT_NE(at, lines.end()) << old;
  lines.insert(lines.erase(at), instead.begin(), instead.end());
  return lines;
}

void ExpectFound(int invariant, const Lines& display, const Lines& controller) {
  const std::vector<int> found = Breaches(display, controller);
  EXPECT_NE(std::find(found.begin(), found.end(), invariant), found.end()) << "I" << invariant;
}

TEST(SessionRecordTest, AGoodRecordPasses) {
  EXPECT_EQ(Breaches(kDisplay, kController), std::vector<int>());
  const SessionRecord display = RecordOf(0, kDisplay);
  EXPECT_EQ(display.code(), "4821-KMRTW");
  EXPECT_EQ(display.sent(), 2u);
  ASSERT_EQ(display.outages().size(), 1u);
  EXPECT_EQ(display.outages()[0].began_ns, 5'000'001);
  EXPECT_EQ(display.outages()[0].over_ns, 8'000'000);
  EXPECT_EQ(display.cut_over_ns(), 47'950'000);
  EXPECT_EQ(display.cuts(), 2u);
  EXPECT_EQ(display.cuts_at().at(7), (SessionRecord::Cuts{1, 0, 0}));
  EXPECT_EQ(display.cuts_at().at(0), (SessionRecord::Cuts{0, 0, 1}));
}

TEST(SessionRecordTest, EachBreachIsFound) {
  const std::string second = "deliver 8500000 2 12 2";
  ExpectFound(1, kDisplay, With(kController, second, {"deliver 8500000 2 13 2"}));
  ExpectFound(2, kDisplay, With(kController, second, {second, "deliver 8500001 2 12 2"}));
  ExpectFound(3, With(kDisplay, "report 20000000 0 0", {"report 20000000 2 2"}), kController);
  // By the clock that both have, whatever is read first.
  ExpectFound(4, With(kDisplay, "acked 4000000 1", {"acked 2900000 1"}), kController);
  ExpectFound(5, kDisplay, With(kController, second, {"closed 8400000 session_lost 0 0", second}));
  ExpectFound(6, With(kDisplay, "bytes 2000001 20 1", {"bytes 2000001 4194305 1"}), kController);
  // The link before still brings something; the new one came before that was ended; none did.
  ExpectFound(7, kDisplay, With(kController, second, {"deliver 8500000 2 12 1"}));
  ExpectFound(7, kDisplay, With(kController, "ended 7800000 1", {}));
  ExpectFound(7, kDisplay, With(kController, "opened 7800001 2", {}));
  ExpectFound(8, kDisplay, With(kController, "shown 3000001 1 77", {"shown 3000001 1 78"}));
  ExpectFound(8, kDisplay, With(kController, "shown 3000001 1 77", {}));
  ExpectFound(9, kDisplay, With(kController, second, {}));
  ExpectFound(9, kDisplay, With(kController, "report 20000001 0 0", {"ended 9000000 2"}));
}

TEST(SessionRecordTest, OtherLinesAreRefused) {
  SessionRecord record(0);
  for (const char* const line :
       {"", "deliver", "deliver 5 1", "deliver 5 1 2", "deliver x 1 2 3", "opened 5", "cut 5",
        "cut 5 0 1", "cut 5 0 256 0", "cut 5 0 1 3", "hello 5 1 2"}) {
    EXPECT_FALSE(record.Take(line)) << line;
  }
  EXPECT_TRUE(record.entries().empty());
  // A code that is void, with which a display tells that its controller is back.
  EXPECT_TRUE(record.Take("code 5 4821-KMRTW"));
  EXPECT_TRUE(record.Take("code 6"));
  EXPECT_EQ(record.code(), "");
}

}  // namespace
}  // namespace pairwire::faults
