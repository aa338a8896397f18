// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The checker is only worth what it finds: a good history passes, and each way to spoil it is
// named. Runs over real relays are spoilt as well (fault_run.cc).
#include "tests/faults/checker.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/faults/quiet_log.h"
#include "tests/faults/spoil.h"

namespace pairwire::faults {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A pair that sends ten texts each way; the controller loses its socket on the way, gets one text
// again and one that was kept, and hears that one of its own was not delivered.
History GoodHistory() {
  constexpr const char* kText = R"(1 0d opened 0 1 a
2 0c opened 0 1 b
10 0d sent 1 1
11 0d acked 1 1
12 0c got 1 0 1.1
13 0d sent 2 1
14 0d sent 3 1
15 0c got 2 0 1.2
16 0d acked 2 1
17 - fault_begins 0 0 cut
18 0c sent 1 1
19 0c sent 2 1
20 0d got 1 0 1.1
21 0c acked 1 1
22 0c lost 0 1 1006
23 0d acked 3 1
24 0c opened 0 2 a
25 0c resumed 0 2
26 0c again 2 0 1.2
27 0c got 3 0 1.3
28 - fault_ends 0 0 cut
29 - paired_again 40 0
30 0c sent 3 2
31 0d got 2 0 1.2
32 0d got 3 0 1.3
33 0c acked 3 2
34 0c sent 4 2
35 0c failed 4 2 peer_unreachable
36 - settled 0 0
37 0d terminated 0 0 ended
38 0c terminated 0 0 ended
)";
  const auto history = ParseHistory(kText);
  EXPECT_TRUE(history);
  return history.value_or(History());
}

// Everything that is wrong with `history`, joined.
std::string Wrong(const History& history) {
  std::string all;
  for (const std::string& line : Check(history).broken) all += line + "\n";
  return all;
}

Findings Judged(const std::string& text) {
  const auto history = ParseHistory(text);
  EXPECT_TRUE(history) << text;
  return Check(history.value_or(History()));
}

History With(History history, const std::string& line, std::size_t after) {
  const auto parsed = ParseHistory(line);
  EXPECT_TRUE(parsed);
  history.insert(history.begin() + static_cast<std::ptrdiff_t>(after), parsed->front());
  return history;
}

History Without(History history, std::size_t number) {
  history.erase(history.begin() + static_cast<std::ptrdiff_t>(number) - 1);
  return history;
}

TEST(CheckerTest, AGoodHistoryPasses) {
  EXPECT_THAT(Check(GoodHistory()).broken, IsEmpty());
  EXPECT_THAT(Check(GoodHistory()).late, IsEmpty());
}

TEST(CheckerTest, TextAndBack) {
  const History history = GoodHistory();
  EXPECT_EQ(ParseHistory(ToText(history)), history);
  EXPECT_FALSE(ParseHistory("1 0d dreamt 1 1\n"));
  EXPECT_FALSE(ParseHistory("later 0d sent 1 1\n"));
  EXPECT_FALSE(ParseHistory("1 0d sent\n"));
}

TEST(CheckerTest, EachBrokenPromiseIsNamed) {
  const History good = GoodHistory();
  const auto line_of = [&](const std::string& text) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      if (ToText(History{good[i]}) == text + "\n") return i + 1;
    }
    ADD_FAILURE() << text;
    return std::size_t{1};
  };
  EXPECT_THAT(Wrong(Without(good, line_of("27 0c got 3 0 1.3"))),
              HasSubstr("acknowledged and lost"));
  EXPECT_THAT(Wrong(Without(good, line_of("35 0c failed 4 2 peer_unreachable"))),
              HasSubstr("nobody told"));
  EXPECT_THAT(Wrong(Without(good, line_of("29 - paired_again 40 0"))),
              HasSubstr("pairing did not work again"));
  EXPECT_THAT(Wrong(Without(good, line_of("36 - settled 0 0"))), HasSubstr("did not come to rest"));
  EXPECT_THAT(Wrong(With(good, "40 0d terminated 0 0 user_left", good.size())),
              HasSubstr("a second session:terminated"));
  const History left = With(good, "36 0d user_left 0 0", line_of("36 - settled 0 0"));
  EXPECT_THAT(Wrong(left), HasSubstr("given up before its time")) << "it is there";
  EXPECT_THAT(Wrong(With(left, "36 0d user_left 0 0", line_of("36 - settled 0 0"))),
              HasSubstr("a second user_left"));
  EXPECT_THAT(Wrong(With(good, "34 0c got 1 0 2.9", line_of("34 0c sent 4 2"))),
              HasSubstr("came twice"));
  EXPECT_THAT(Wrong(With(good, "34 0c got 9 0 2.9", line_of("34 0c sent 4 2"))),
              HasSubstr("was not sent"));
  EXPECT_THAT(Wrong(With(good, "34 0c again 1 0 1.3", line_of("34 0c sent 4 2"))),
              HasSubstr("one number for two texts"));
  EXPECT_THAT(Wrong(With(good, "34 0c again 1 0 0.7", line_of("34 0c sent 4 2"))),
              HasSubstr("not above the last"));
  EXPECT_THAT(Wrong(With(good, "34 0d acked 1 1", line_of("34 0c sent 4 2"))),
              HasSubstr("a second answer"));
  EXPECT_THAT(Wrong(With(good, "34 0d acked 7 1", line_of("34 0c sent 4 2"))),
              HasSubstr("what was not sent"));
  EXPECT_THAT(Wrong(With(good, "39 0d got 4 0 1.4", good.size())), HasSubstr("after the end"));
  History crossed = good;
  std::swap(crossed[line_of("31 0d got 2 0 1.2") - 1], crossed[line_of("20 0d got 1 0 1.1") - 1]);
  EXPECT_THAT(Wrong(crossed), HasSubstr("out of order"));
}

TEST(CheckerTest, WhatExcusesALossDoesSoOnlyInItsTime) {
  const std::string lost = "1 0d sent 1 1\n2 0d acked 1 1\n";
  const auto lost_with = [](const std::string& text) {
    const auto broken = Judged(text).broken;
    return std::count_if(broken.begin(), broken.end(), [](const std::string& line) {
      return line.rfind("acknowledged and lost", 0) == 0;
    });
  };
  EXPECT_EQ(lost_with(lost + "9 - settled 0 0\n"), 1);
  for (const std::string excuse :
       {"0d user_left 0 0", "0d terminated 0 0 user_left", "0c resume_failed 0 2"}) {
    EXPECT_EQ(lost_with(lost + "3 " + excuse + "\n9 - settled 0 0\n"), 0) << excuse;
    EXPECT_EQ(lost_with(lost + "9 - settled 0 0\n10 " + excuse + "\n"), 1) << excuse;
    EXPECT_EQ(lost_with("0 " + excuse + "\n" + lost + "9 - settled 0 0\n"), 1) << excuse;
  }
  // The other end's news are no news to the sender; nor is a token that is good no more.
  EXPECT_EQ(lost_with(lost + "3 0c user_left 0 0\n9 - settled 0 0\n"), 1);
  EXPECT_EQ(lost_with(lost + "3 0d unauthorized 0 0 401\n9 - settled 0 0\n"), 1);
}

TEST(CheckerTest, AnAnswerIsOwedToASocketThatLives) {
  const std::string sent = "1 0d opened 0 1 a\n2 0d sent 1 1\n";
  EXPECT_THAT(Judged(sent + "9 - settled 0 0\n").broken, SizeIs(1));
  EXPECT_THAT(Judged(sent + "3 0d lost 0 1 1006\n9 - settled 0 0\n").broken, IsEmpty());
  EXPECT_THAT(Judged(sent + "9 - settled 0 0\n10 0d lost 0 1 1006\n").broken, SizeIs(1));
}

TEST(CheckerTest, LatenessIsToldApart) {
  const std::string begin = "0 0d opened 0 1 a\n0 0c opened 0 1 b\n";
  const std::string end = "90000000 - settled 0 0\n";
  const auto judge = [&](const std::string& text, std::size_t broken, std::size_t late) {
    const Findings findings = Judged(begin + text + end);
    EXPECT_THAT(findings.broken, SizeIs(broken)) << text;
    EXPECT_THAT(findings.late, SizeIs(late)) << text;
  };
  judge("1 - fault_ends 0 0\n5000001 - paired_again 1 0\n", 0, 0);
  judge("1 - fault_ends 0 0\n5000002 - paired_again 1 0\n", 0, 1);
  judge("1 0d sent 1 1\n8000001 0d failed 1 1 not_ready\n", 0, 0);
  judge("1 0d sent 1 1\n8000002 0d failed 1 1 not_ready\n", 0, 1);
  judge("1 0d sent 1 1\n8000002 0d lost 0 1 1006\n", 0, 1);
  judge("1 0c opened 0 2 a\n2 0c resume_failed 0 2\n", 0, 1);
  // The window of who was lost, and of nobody else.
  judge("1 0c lost 0 1 1006\n5000001 0d user_left 0 0\n", 0, 1);
  judge("1 0c lost 0 1 1006\n5000000 0d user_left 0 0\n", 1, 0);
  judge("1 0d lost 0 1 1006\n5000001 0d user_left 0 0\n", 1, 0);
  judge("1 0c lost 0 1 1006\n2 0c opened 0 2 b\n5000001 0d user_left 0 0\n", 1, 0);
  judge("1 0c lost 0 1 1006\n5000001 0d terminated 0 0 user_left\n", 0, 1);
  judge("1 0c lost 0 1 1006\n5000001 0c unauthorized 0 0 401\n", 0, 1);
  judge("1 0c lost 0 1 1006\n3 0c unauthorized 0 0 401\n", 1, 0);
  judge("3 0c terminated 0 0 expired\n", 1, 0);
  judge("3 0c terminated 0 0 ended\n", 0, 0);
}

TEST(CheckerTest, OnlyWhatItsNodeHadNotAnsweredForMayComeTwice) {
  const auto wrong = [](const std::string& text) { return Judged(text).broken.size(); };
  const std::string begin = "0 0c opened 0 1 b\n1 0d sent 1 1\n";
  const std::string twice = "5 0c got 1 1 1.1\n6 0c got 1 1 1.2\n7 - settled 0 0\n";
  EXPECT_EQ(wrong(begin + "2 b node_died 0 0\n3 0d acked 1 1\n" + twice), 0U);
  EXPECT_EQ(wrong(begin + "2 a node_died 0 0\n3 0d acked 1 1\n" + twice), 1U) << "another one";
  EXPECT_EQ(wrong(begin + "2 0d acked 1 1\n3 b node_died 0 0\n" + twice), 1U);
  EXPECT_EQ(wrong("0 b node_died 0 0\n" + begin + "3 0d acked 1 1\n" + twice), 1U);
  // Where it was when the text was sent counts, too.
  EXPECT_EQ(wrong("0 0c opened 0 1 b\n1 0d sent 1 1\n2 b node_died 0 0\n2 0c lost 0 1 1006\n"
                  "3 0c opened 0 2 a\n4 0c got 1 2 1.1\n5 0c got 1 2 2.1\n6 0d acked 1 1\n"
                  "7 - settled 0 0\n"),
            0U);
  // Cut off from then to then.
  EXPECT_EQ(wrong("0 b cut_off 0 0\n" + begin + "3 0d acked 1 1\n4 b back 0 0\n" + twice), 0U);
  EXPECT_EQ(wrong("0 b cut_off 0 0\n0 b back 0 0\n" + begin + "3 0d acked 1 1\n" + twice), 1U);
  // Kept until the client came back to a node that died then; not long before.
  const std::string given = "1 0d sent 1 1\n2 0d acked 1 1\n3 0c opened 0 1 b\n4 0c got 1 1 1.1\n";
  const std::string again = "90000000 0c got 1 2 2.1\n90000001 - settled 0 0\n";
  EXPECT_EQ(wrong(given + "34000000 b node_died 0 0\n" + again), 0U);
  EXPECT_EQ(wrong(given + "34000000 a node_died 0 0\n" + again), 1U);
  EXPECT_EQ(wrong(given + "36000000 b node_died 0 0\n" + again), 1U);
  const std::string there = "0 0c opened 0 1 b\n1 0d sent 1 1\n2 0d acked 1 1\n3 0c got 1 1 1.1\n";
  EXPECT_EQ(wrong(there + "4 b node_died 0 0\n" + again), 1U);
}

// Drop, double and swap each line that matters, one at a time: none goes unseen.
TEST(CheckerTest, EverySpoiltLineIsFound) {
  const History good = GoodHistory();
  const auto spoilt = SpoilEach(good);
  EXPECT_GT(spoilt.size(), 20U);
  for (const Spoilt& one : spoilt) {
    EXPECT_THAT(Check(one.history).broken, Not(IsEmpty())) << one.how;
  }
}

TEST(CheckerTest, CountsWhatHappened) {
  const Tally tally = Count(GoodHistory());
  EXPECT_EQ(tally.sent, 7U);
  EXPECT_EQ(tally.acked, 5U);
  EXPECT_EQ(tally.failed, 1U);
  EXPECT_EQ(tally.got, 6U);
  EXPECT_EQ(tally.again, 1U);
  EXPECT_EQ(tally.sockets_lost, 1U);
  EXPECT_EQ(tally.ended, 0U);
  EXPECT_EQ(tally.paired_again_ms, 40U);
}

TEST(QuietLogTest, FindsWhatNoLogMayShow) {
  const std::vector<std::string> secrets = {"0042", "123-456-789", "s_abc.SeCrEt"};
  const std::string quiet =
      "time=2026-11-21T17:46:38.0042Z event=started version=0.1.0 port=42 internal_port=0042 n=42\n"
      "time=2026-11-21T17:46:38.625Z event=store_down reason=\"127.0.0.1:6379: refused\"\n";
  EXPECT_EQ(LoudPart(quiet, secrets), "");
  for (const std::string loud :
       {"event=x code=0042", "event=x text=\"a 123456789 b\"", "event=x path=/SeCrEt/",
        "event=x from=192.0.2.7:443", "event=x sdp=v=0", "event=x text=nobodylogsthis",
        "event=x text=\"candidate:1 1 udp\""}) {
    EXPECT_NE(LoudPart(quiet + loud + "\n", secrets), "") << loud;
  }
}

}  // namespace
}  // namespace pairwire::faults
