// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The examples for HAProxy and nginx, really run: pairwire-load's suite goes through them, so event
// streams are not held back, long-polls end, WebSockets pass and a node that is not there costs
// nobody a request.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tests/deploy/deployment.h"
#include "tests/support/server_port.h"

namespace pairwire::deploy {
namespace {

// HAProxy or nginx with one of the examples, in front of two ports.
class Proxy {
 public:
  Proxy(const std::string& kind, const std::string& example, std::uint16_t first,
        std::uint16_t second)
      : port_(test::ServerPort()) {
    const auto local = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    std::vector<std::pair<std::string, std::string>> replacements = {
        {"0.0.0.0:8080", local(port_)},
        {"10.0.0.11:8080", local(first)},
        {"10.0.0.12:8080", local(second)}};
    const bool haproxy = kind == "haproxy";
    if (!haproxy) replacements.push_back({"/run/nginx.pid", (folder_.path() / "pid").string()});
    const std::string file =
        folder_.Write("proxy.cfg", ReadText(ExamplePath(kind + "/" + example)), replacements);
    std::vector<std::string> command = {FindInstalled(kind)};
    if (haproxy) {
      command.insert(command.end(), {"-db", "-f", file});
    } else {
      command.insert(command.end(), {"-e", "stderr", "-g", "daemon off;", "-c", file});
    }
    process_ = std::make_unique<test::ChildProcess>(std::move(command));
    EXPECT_TRUE(WaitForListener(port_)) << process_->errors();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // nginx's workers live on when their master is killed; asked, it takes them along.
  ~Proxy() {
    process_->Signal(SIGTERM);
    process_->WaitForExit();
  }

  // What pairwire-load's suite says of what stands behind. `sources`: addresses that it comes from.
  Outcome RunSuite(const std::string& sources) const {
    return RunToEnd({ProgramPath("pairwire-load"), "suite", "--relay", url(), "--no-time-bars",
                     "--seconds", "1", "--displays", "30", "--sources", sources});
  }

 private:
  TempFolder folder_;
  const std::uint16_t port_;
  std::unique_ptr<test::ChildProcess> process_;
};

class ProxyTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (FindInstalled(GetParam()).empty()) {
      GTEST_SKIP() << GetParam() << " is not installed (.ci/install-packages.sh test)";
    }
    if (GetParam() == "nginx" && ::geteuid() != 0) {
      GTEST_SKIP() << "nginx as Debian builds it writes below /var/lib/nginx: needs root";
    }
  }
  std::string Example(const std::string& variant) const {
    return GetParam() + variant + (GetParam() == "haproxy" ? ".cfg" : ".conf");
  }
};

// The second node is down: nobody may notice.
TEST_P(ProxyTest, PlainPassesTheSuiteWithOneNodeDown) {
  const Relay relay;
  const Proxy proxy(GetParam(), Example(""), relay.port(), test::ServerPort());
  const Outcome outcome = proxy.RunSuite("16");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

// Two relays that share nothing: only because all that one address asks goes to one of them can
// this pass.
TEST_P(ProxyTest, StickyKeepsAnAddressOnItsNode) {
  const Relay first;
  const Relay second;
  const Proxy proxy(GetParam(), Example("-sticky"), first.port(), second.port());
  const Outcome outcome = proxy.RunSuite("1");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

// The proof that the test above can fail.
TEST_P(ProxyTest, PlainSpreadsOneAddressOverTheNodes) {
  const Relay first;
  const Relay second;
  const Proxy proxy(GetParam(), Example(""), first.port(), second.port());
  const Outcome outcome = RunToEnd({ProgramPath("pairwire-load"), "pairing", "--relay", proxy.url(),
                                    "--seconds", "1", "--rate", "50", "--sources", "1"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
}

INSTANTIATE_TEST_SUITE_P(Proxies, ProxyTest, ::testing::Values("haproxy", "nginx"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace pairwire::deploy
