// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// `pairwire-relay check`: each thing that can be wrong with a set-up, alone, and nothing said of
// one that is right.
#include "signaling/server/check_command.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// Of which nothing is to be said.
ServerConfig GoodConfig() {
  ServerConfig config;
  config.public_url = "https://relay.example.org";
  config.trusted_proxies = {"127.0.0.1"};
  config.internal_host = "127.0.0.1";
  config.internal_port = 9090;
  config.web_dir = "/srv/web";
  return config;
}

Machine GoodMachine() {
  Machine machine;
  machine.try_listen = [](const std::string&, std::uint16_t) { return Result<void>(); };
  machine.is_folder = [](const std::string&) { return true; };
  machine.is_file = [](const std::string&) { return true; };
  machine.soft_descriptors = 100'000;
  machine.hard_descriptors = 100'000;
  machine.backlog = 4'096;
  return machine;
}

// The only line that is not ok, as text; the whole text when there are several or none.
std::string Complaint(const ServerConfig& config, const Machine& machine) {
  std::vector<Finding> complaints;
  const std::vector<Finding> all = CheckSetup(config, machine);
  for (const Finding& finding : all) {
    if (finding.level != Finding::Level::kOk) complaints.push_back(finding);
  }
  return ToText(complaints.size() == 1 ? complaints : all);
}

TEST(CheckCommand, SaysNothingOfAGoodSetUp) {
  const auto findings = CheckSetup(GoodConfig(), GoodMachine());
  ASSERT_GE(findings.size(), 5U);
  for (const Finding& finding : findings)
    EXPECT_EQ(finding.level, Finding::Level::kOk) << finding.text;
  EXPECT_EQ(ExitCode(findings), 0);
}

TEST(CheckCommand, EachFaultHasItsLine) {
  struct Case {
    const char* begins;
    std::function<void(ServerConfig&, Machine&)> spoil;
  };
  const std::vector<Case> cases = {
      {"warning  --public-url: http://",
       [](ServerConfig& c, Machine&) { c.public_url = "http://relay.example.org"; }},
      {"warning  --listen: 0.0.0.0", [](ServerConfig& c, Machine&) { c.listen_host = "0.0.0.0"; }},
      {"warning  --public-url: not set", [](ServerConfig& c, Machine&) { c.public_url.clear(); }},
      {"warning  --internal-listen: not set",
       [](ServerConfig& c, Machine&) { c.internal_host.clear(); }},
      {"warning  --internal-listen: 0.0.0.0",
       [](ServerConfig& c, Machine&) { c.internal_host = "0.0.0.0"; }},
      {"warning  --internal-listen: ::", [](ServerConfig& c, Machine&) { c.internal_host = "::"; }},
      {"error    --internal-listen: is the same",
       [](ServerConfig& c, Machine&) { c.internal_port = c.listen_port; }},
      {"warning  --trusted-proxy: 0.0.0.0/0",
       [](ServerConfig& c, Machine&) { c.trusted_proxies = {"0.0.0.0/0"}; }},
      {"error    --trusted-proxy: nonsense",
       [](ServerConfig& c, Machine&) { c.trusted_proxies = {"nonsense"}; }},
      {"warning  --trusted-proxy: not set",
       [](ServerConfig& c, Machine&) { c.trusted_proxies.clear(); }},
      {"error    --jwt-jwks: /does/not/exist",
       [](ServerConfig& c, Machine&) { c.jwt_jwks = "/does/not/exist"; }},
      {"error    --web:",
       [](ServerConfig&, Machine& m) { m.is_folder = [](const std::string&) { return false; }; }},
      {"warning  --web:",
       [](ServerConfig&, Machine& m) { m.is_file = [](const std::string&) { return false; }; }},
      {"error    --max-connections: 90000 connections need 112505 open files",
       [](ServerConfig& c, Machine&) { c.limits.connections = 90'000; }},
      {"warning  --max-connections: room for 816 connections",
       [](ServerConfig&, Machine& m) { m.soft_descriptors = 1'024; }},
      {"warning  net.core.somaxconn: is 128", [](ServerConfig&, Machine& m) { m.backlog = 128; }},
      {"warning  --rate-limits:", [](ServerConfig& c, Machine&) { c.rate_limits = false; }},
      {"warning  --max-connections-per-ip:",
       [](ServerConfig& c, Machine&) { c.limits.connections_per_ip = 0; }},
      {"error    --listen: 127.0.0.1:8080: taken",
       [](ServerConfig&, Machine& m) {
         m.try_listen = [](const std::string&, std::uint16_t port) -> Result<void> {
           if (port == 8080) return Fail(Errc::kSystem, "taken");
           return {};
         };
       }},
  };
  for (const Case& one : cases) {
    ServerConfig config = GoodConfig();
    Machine machine = GoodMachine();
    one.spoil(config, machine);
    const std::string complaint = Complaint(config, machine);
    EXPECT_EQ(complaint.rfind(one.begins, 0), 0U) << one.begins << "\n" << complaint;
    EXPECT_EQ(ExitCode(CheckSetup(config, machine)), one.begins[0] == 'e' ? 1 : 0);
  }
}

TEST(CheckCommand, AsksTheRealMachine) {
  const Machine machine = ThisMachine();
  EXPECT_GT(machine.soft_descriptors, 0U);
  EXPECT_GE(machine.hard_descriptors, machine.soft_descriptors);
  EXPECT_GT(machine.backlog, 0U);
  EXPECT_TRUE(machine.try_listen("127.0.0.1", 0));
  EXPECT_FALSE(machine.try_listen("192.0.2.1", 0)) << "not of this machine";
  EXPECT_FALSE(machine.try_listen("nonsense", 0));
  TestRelay relay;
  EXPECT_FALSE(machine.try_listen("127.0.0.1", relay.port()));
  EXPECT_TRUE(machine.is_folder("/"));
  EXPECT_FALSE(machine.is_folder("/does/not/exist"));
  EXPECT_FALSE(machine.is_file("/"));
}

}  // namespace
}  // namespace pairwire::server
