// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the programs read from a terminal and print to it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "samples/common/main_loop.h"
#include "samples/common/reporter.h"

namespace pairwire::samples {
namespace {

TEST(LineSplitterTest, GivesLinesHoweverTheyAreCut) {
  const std::string input = "one\n\ntwo\nthree";
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    LineSplitter splitter;
    std::vector<std::string> lines = splitter.Feed(input.substr(0, cut));
    for (const std::string& line : splitter.Feed(input.substr(cut))) lines.push_back(line);
    EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two"}));
    EXPECT_EQ(splitter.Rest(), "three");
    EXPECT_EQ(splitter.Rest(), std::nullopt);
  }
}

TEST(LineSplitterTest, AnEndlessLineComesInPieces) {
  LineSplitter splitter;
  const auto lines = splitter.Feed(std::string(LineSplitter::kMaxLine * 2 + 5, 'x') + "\n");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].size(), LineSplitter::kMaxLine);
  EXPECT_EQ(lines[2].size(), 5u);
}

TEST(PrintableTest, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\r\x07"), "a?[2Jb??");
  EXPECT_EQ(Printable("tab\tline\n"), "tab\tline\n");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "?31m");  // CSI as one character
  EXPECT_EQ(Printable("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

}  // namespace
}  // namespace pairwire::samples
