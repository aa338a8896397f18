// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// samples/run-demo.sh, which tests/run.sh runs as it is: that it notices when what it shows is not
// so, with a display that is broken on purpose, and that nothing of it stays behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/scenario/programs.h"

namespace pairwire::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::chrono::seconds kWholeDemo{150};

class Demo : public ::testing::Test {
 protected:
  Demo() {
    fs::create_directories(folder_ / "bin");
    fs::create_directories(folder_ / "tmp");
    for (const char* const name : {"pairwire-relay", "pairwire-display", "pairwire-controller"}) {
      fs::create_symlink(std::string(PAIRWIRE_BIN_DIR) + "/" + name, folder_ / "bin" / name);
    }
    // Else bash could not hear Ctrl-C, where the test itself was started without it.
    signal(SIGINT, SIG_DFL);
  }

  // `script` runs in place of the display, with its arguments; $REAL is the display.
  void BreakDisplay(const std::string& script) {
    const fs::path display = folder_ / "bin" / "pairwire-display";
    fs::remove(display);
    std::ofstream(display) << "#!/usr/bin/env bash\nREAL=" << PAIRWIRE_BIN_DIR
                           << "/pairwire-display\n"
                           << script << "\n";
    fs::permissions(display, fs::perms::owner_all);
  }

  std::vector<std::string> Command() const {
    return {"/usr/bin/env", "TMPDIR=" + (folder_ / "tmp").string(),
            PAIRWIRE_SOURCE_DIR "/samples/run-demo.sh", "--bin", (folder_ / "bin").string()};
  }

  // Processes that have our TMPDIR, which all that the demo starts inherit.
  std::size_t LeftOver() const {
    const std::string mark = "TMPDIR=" + (folder_ / "tmp").string();
    std::size_t count = 0;
    for (const auto& process : fs::directory_iterator("/proc")) {
      std::ifstream file(process.path() / "environ", std::ios::binary);
      const std::string environment{std::istreambuf_iterator<char>(file), {}};
      if (environment.find(mark) != std::string::npos) ++count;
    }
    return count;
  }

  void ExpectNothingLeft() const {
    // Who only reads the programs' output ends a moment after them; nobody tells, so look again.
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (LeftOver() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(LeftOver(), 0u);
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
  }

  void ExpectFailure(const std::string& why) const {
    ChildProcess demo(Command());
    EXPECT_EQ(demo.WaitForExit(kWholeDemo), 1) << demo.errors();
    EXPECT_THAT(demo.errors(), HasSubstr(why));
    ExpectNothingLeft();
  }

  TemporaryFolder folder_;
};

TEST_F(Demo, AMessageThatIsAnotherOneFailsIt) {
  BreakDisplay(R"(exec "$REAL" "$@" > >(exec sed -u 's/"text":"5000"/"text":"5001"/'))");
  ExpectFailure("the messages at hall-1 did not arrive once and in order");
}

TEST_F(Demo, AFileThatBeginsAnewFailsIt) {
  BreakDisplay(R"(rm -rf "${@: -1}"; exec "$REAL" "$@")");
  ExpectFailure("resumed did not say \"event\":\"resuming\"");
}

TEST_F(Demo, CtrlCLeavesNothing) {
  ChildProcess demo(Command());
  ASSERT_TRUE(demo.WaitForLine([](const std::string& line) {
    return line.find("round trip") != std::string::npos;
  })) << demo.errors();
  EXPECT_GT(LeftOver(), 2u);
  demo.Signal(SIGINT);
  EXPECT_EQ(demo.WaitForExit(), 130) << demo.errors();
  ExpectNothingLeft();
}

}  // namespace
}  // namespace pairwire::test
