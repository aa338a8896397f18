// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The systemd unit, as far as it can be judged without running it as a service: systemd-analyze
// reads it, and the relay reads the configuration beside it.
#include <gtest/gtest.h>

#include "tests/deploy/deployment.h"
#include "tests/support/server_port.h"

namespace pairwire::deploy {
namespace {

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (FindInstalled("systemd-analyze").empty()) {
      GTEST_SKIP() << "systemd-analyze is not installed (.ci/install-packages.sh test)";
    }
    // The program must be where the unit says.
    unit_ = folder_.Write("pairwire-relay.service",
                          ReadText(ExamplePath("systemd/pairwire-relay.service")),
                          {{"/usr/bin/pairwire-relay", ProgramPath("pairwire-relay")}});
  }

  TempFolder folder_;
  std::string unit_;
};

TEST_F(ServiceTest, SystemdFindsNothingWrong) {
  const Outcome outcome = RunToEnd({FindInstalled("systemd-analyze"), "verify", "--man=no", unit_});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output.find("pairwire-relay.service:"), std::string::npos) << outcome.output;
}

// Points from 0 (nothing is allowed) to 100; a unit without any restriction has 96.
TEST_F(ServiceTest, SystemdCallsItSafe) {
  const Outcome outcome = RunToEnd({FindInstalled("systemd-analyze"), "security", "--offline=true",
                                    "--threshold=20", "--no-pager", unit_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

TEST(ServiceConfigTest, TheRelayReadsTheExampleAndSaysItIsHealthy) {
  const std::uint16_t port = test::ServerPort();
  test::ChildProcess relay({ProgramPath("pairwire-relay"), "--config",
                            ExamplePath("systemd/relay.conf").string(), "--listen",
                            "127.0.0.1:" + std::to_string(port)});
  ASSERT_TRUE(WaitForListener(port)) << relay.errors();
  const std::string check = ExamplePath("container/healthcheck.sh").string();
  EXPECT_EQ(RunToEnd({check, std::to_string(port)}).exit_code, 0);
  EXPECT_NE(RunToEnd({check, std::to_string(test::ServerPort())}).exit_code, 0)
      << "nobody listens there";
}

}  // namespace
}  // namespace pairwire::deploy
