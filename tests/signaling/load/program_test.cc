// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-load as a process against the real pairwire-relay: each scenario ends with figures that
// can be, and each way in which a relay can fail is told and ends with 1.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/signaling/load/tampering_proxy.h"
#include "tests/support/child_process.h"

namespace pairwire::load {
namespace {

using Json = nlohmann::json;
using test::ChildProcess;

constexpr std::chrono::seconds kRunDeadline{100};

std::string Program(const char* name) { return std::string(PAIRWIRE_BIN_DIR) + "/" + name; }

class Relay {
 public:
  explicit Relay(std::vector<std::string> more = {"--rate-limits", "off"}) {
    std::vector<std::string> arguments = {
        Program("pairwire-relay"), "--listen", "127.0.0.1:0", "--log-level", "off",
        "--drain-seconds",         "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_ = std::make_unique<ChildProcess>(std::move(arguments));
    const auto line = process_->WaitForLine(
        [](const std::string& text) { return text.rfind("listening on ", 0) == 0; });
    if (line) url_ = line->substr(std::string("listening on ").size());
    EXPECT_FALSE(url_.empty());
  }

  const std::string& url() const { return url_; }
  int port() const { return std::atoi(url_.c_str() + url_.rfind(':') + 1); }
  std::string pid() const { return std::to_string(process_->pid()); }
  void Signal(int number) const { process_->Signal(number); }

 private:
  std::unique_ptr<ChildProcess> process_;
  std::string url_;
};

struct Outcome {
  int exit_code = -1;
  Json report;  // null when none was printed
  std::string errors;
  std::vector<std::string> lines;
};

Outcome Finish(ChildProcess& load) {
  Outcome outcome;
  outcome.exit_code = load.WaitForExit(kRunDeadline);
  outcome.lines = load.lines();
  outcome.errors = load.errors();
  if (!outcome.lines.empty()) {
    outcome.report = Json::parse(outcome.lines.back(), nullptr, /*allow_exceptions=*/false);
  }
  return outcome;
}

std::vector<std::string> Command(const std::string& scenario, const Relay& relay,
                                 std::vector<std::string> more = {}) {
  std::vector<std::string> command = {Program("pairwire-load"),
                                      scenario,
                                      "--relay",
                                      relay.url(),
                                      "--relay-pid",
                                      relay.pid(),
                                      "--json"};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

Outcome RunLoad(const std::string& scenario, const Relay& relay,
                std::vector<std::string> more = {}) {
  ChildProcess load(Command(scenario, relay, std::move(more)));
  return Finish(load);
}

// Exit 0, nothing on stderr, and a report in which these are numbers above 0.
void ExpectFigures(const Outcome& outcome, const std::vector<std::string>& positive) {
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.errors, "");
  ASSERT_TRUE(outcome.report.is_object()) << outcome.report;
  EXPECT_TRUE(outcome.report.value("ok", false)) << outcome.report;
  for (const std::string& name : positive) {
    ASSERT_TRUE(outcome.report.contains(name)) << name << " in " << outcome.report;
    ASSERT_TRUE(outcome.report[name].is_number()) << name;
    EXPECT_GT(outcome.report[name].get<double>(), 0) << name;
  }
}

// Exit 1 and one line that says why, with all of `words` in it.
void ExpectFailure(const Outcome& outcome, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
  for (const std::string& word : words) {
    EXPECT_NE(outcome.errors.find(word), std::string::npos) << word << " in " << outcome.errors;
  }
}

TEST(LoadProgramTest, Waiting) {
  for (const char* transport : {"sse", "poll", "ws"}) {
    const Relay relay;  // a fresh one: memory that an earlier run gave back would be used again
    const Outcome outcome =
        RunLoad("waiting", relay,
                {"--displays", "200", "--seconds", "0.3", "--transport", transport, "--pair-all"});
    ExpectFigures(outcome, {"displays", "registersPerSecond", "bytesPerDisplay", "relayBytesAfter",
                            "waiting", "paired", "pairP50Ms", "pairP99Ms"});
    EXPECT_EQ(outcome.report.value("paired", 0), 200) << transport;
    EXPECT_GE(outcome.report.value("pairP99Ms", 0.0), outcome.report.value("pairP50Ms", 1.0));
  }
}

// The processes do each step together; what they hold is told as one crowd.
TEST(LoadProgramTest, WaitingFromSeveralProcesses) {
  const Relay relay;
  const Outcome outcome = RunLoad(
      "waiting", relay,
      {"--displays", "100", "--processes", "3", "--seconds", "0.3", "--pair-all", "--as-many"});
  ExpectFigures(outcome, {"bytesPerDisplay", "acceptsPerSecond"});
  EXPECT_EQ(outcome.report.value("processes", 0), 3);
  EXPECT_EQ(outcome.report.value("displays", 0), 100);
  EXPECT_EQ(outcome.report.value("displaysWanted", 0), 100);
  EXPECT_EQ(outcome.report.value("waiting", 0), 100);
  EXPECT_EQ(outcome.report.value("paired", 0), 100);
}

// The test gives the program a small limit, so that it is met without a crowd.
TEST(LoadProgramTest, TakesAsManyAsTheLimitAllowsAndSaysSo) {
  const Relay relay;
  const std::string limited = "ulimit -n 180 && exec \"$0\" \"$@\"";
  const auto command = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"/bin/sh", "-c", limited};
    const auto rest = Command("waiting", relay, std::move(more));
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  };
  ChildProcess refused(command({"--displays", "500", "--seconds", "0.2"}));
  ExpectFailure(Finish(refused), {"descriptors", "--as-many"});
  ChildProcess load(command(
      {"--displays", "500", "--seconds", "0.2", "--as-many", "--processes", "2", "--pair-all"}));
  const Outcome outcome = Finish(load);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_NE(outcome.errors.find("NOT ALL: 500 displays were asked for"), std::string::npos)
      << outcome.errors;
  // 180 descriptors less 16 connections and 64 to spare, in each of two processes.
  EXPECT_EQ(outcome.report.value("displays", 0), 200);
  EXPECT_EQ(outcome.report.value("displaysWanted", 0), 500);
  EXPECT_EQ(outcome.report.value("paired", 0), 200);
}

TEST(LoadProgramTest, Expiry) {
  const Relay relay({"--rate-limits", "off", "--session-seconds", "4"});
  const Outcome outcome = RunLoad("expiry", relay, {"--rate", "50", "--seconds", "1"});
  ExpectFigures(outcome, {"displays", "lateP50Ms", "lateP99Ms", "lateMaxMs"});
  EXPECT_EQ(outcome.report.value("terminated", 0), 50);
  EXPECT_EQ(outcome.report.value("others", -1), 0);
}

TEST(LoadProgramTest, ExpirySaysWhatItNeeds) {
  const Relay relay({"--rate-limits", "off", "--session-seconds", "1"});
  ExpectFailure(RunLoad("expiry", relay, {"--others", "10"}), {"--others", "second --relay"});
  ExpectFailure(RunLoad("expiry", relay, {"--rate", "20", "--seconds", "2"}),
                {"--session-seconds"});
}

TEST(LoadProgramTest, ABystanderIsMeasured) {
  const Relay relay;
  const Relay other;
  const Outcome outcome = RunLoad(
      "signaling", relay,
      {"--pairs", "2", "--seconds", "0.3", "--part", "throughput", "--bystander-pid", other.pid()});
  ExpectFigures(outcome, {"messages"});
  EXPECT_LT(outcome.report.value("bystanderCpuUsPerMessage", 1e9),
            outcome.report.value("relayCpuUsPerMessage", 0.0));
}

TEST(LoadProgramTest, Pairing) {
  const Relay relay;
  const Outcome outcome = RunLoad("pairing", relay, {"--rate", "100", "--seconds", "1"});
  ExpectFigures(outcome, {"answerP50Ms", "readyP50Ms", "readyP99Ms", "readyMaxMs"});
  EXPECT_EQ(outcome.report.value("ready", 0), 100);
}

TEST(LoadProgramTest, PairingByMeet) {
  const Relay relay;
  const Outcome outcome =
      RunLoad("pairing", relay, {"--rate", "100", "--seconds", "1", "--meets", "3"});
  ExpectFigures(outcome, {"answerP50Ms", "readyP50Ms", "meets"});
  EXPECT_EQ(outcome.report.value("ready", 0), 100);
}

TEST(LoadProgramTest, Signaling) {
  const Relay relay;
  const Outcome outcome =
      RunLoad("signaling", relay, {"--pairs", "4", "--seconds", "0.5", "--rate", "400"});
  ExpectFigures(outcome, {"messages", "messagesPerSecond", "relayCpuUsPerMessage",
                          "loadCpuUsPerMessage", "p50Us", "p99Us", "maxUs", "bytesPerMember"});
  EXPECT_GE(outcome.report.value("p99Us", 0.0), outcome.report.value("p50Us", 1.0));
}

TEST(LoadProgramTest, SignalingWithAcks) {
  const Relay relay;
  const Outcome outcome = RunLoad(
      "signaling", relay,
      {"--pairs", "2", "--seconds", "0.3", "--ack", "--size", "5000", "--part", "throughput"});
  ExpectFigures(outcome, {"messages"});
  EXPECT_FALSE(outcome.report.contains("p50Us")) << "only the part that was asked for";
}

TEST(LoadProgramTest, Status) {
  const Relay relay;
  const Outcome outcome = RunLoad("status", relay, {"--displays", "20", "--seconds", "0.4"});
  ExpectFigures(outcome, {"heartbeatPerSecond", "heartbeatP50Ms"});
  const std::string served = outcome.report.value("statusCalls", "");
  if (served == "served") {
    ExpectFigures(outcome, {"setStatusPerSecond", "getStatusPerSecond", "getDesignPerSecond"});
  } else {
    EXPECT_EQ(served, "not served");
  }
}

TEST(LoadProgramTest, TheSuitePassesWhole) {
  const Relay relay;
  const Outcome outcome =
      RunLoad("suite", relay, {"--seconds", "2", "--displays", "30", "--no-time-bars"});
  ExpectFigures(outcome, {"percent"});
  EXPECT_EQ(outcome.report.value("percent", 0.0), 100);
  ASSERT_EQ(outcome.report["parts"].size(), 7U);
  for (const Json& part : outcome.report["parts"]) {
    EXPECT_GT(part.value("checks", 0), 10) << part;
    EXPECT_EQ(part.value("percent", 0.0), 100) << outcome.report;
  }
}

TEST(LoadProgramTest, WithoutJsonThereIsATable) {
  const Relay relay;
  ChildProcess load({Program("pairwire-load"), "pairing", "--relay", relay.url(), "--seconds",
                     "0.2", "--rate", "20"});
  const Outcome outcome = Finish(load);
  EXPECT_EQ(outcome.exit_code, 0);
  ASSERT_GT(outcome.lines.size(), 5U);
  EXPECT_EQ(outcome.lines[0].rfind("scenario", 0), 0U);
  EXPECT_TRUE(outcome.report.is_discarded());
}

// Two relays that share nothing: a code of the one is unknown to the other.
TEST(LoadProgramTest, RelaysThatAreNotOneAreFound) {
  const Relay relay;
  const Relay other;
  ExpectFailure(RunLoad("signaling", relay, {"--relay", other.url(), "--seconds", "0.2"}),
                {"404", "code_not_found"});
}

// The bound on a socket's messages is what --rate-limits off takes away.
TEST(LoadProgramTest, ARelayThatRefusesMessagesFails) {
  const Relay relay(std::vector<std::string>{});
  const Outcome outcome =
      RunLoad("signaling", relay,
              {"--pairs", "2", "--seconds", "1", "--window", "32", "--part", "throughput"});
  ExpectFailure(outcome, {"messages did not arrive"});
  EXPECT_FALSE(outcome.report.value("ok", true));
}

// One message of thousands that is lost, doubled or out of turn is found; without a fault the same
// run passes.
TEST(LoadProgramTest, EachKindOfFaultIsFound) {
  using Fault = TamperingProxy::Fault;
  for (const auto& [fault, word] :
       {std::pair(Fault::kNone, ""), std::pair(Fault::kDrop, "did not arrive"),
        std::pair(Fault::kDouble, "twice or out of turn"),
        std::pair(Fault::kSwap, "twice or out of turn")}) {
    const Relay relay;
    const TamperingProxy proxy(relay.port(), fault);
    ChildProcess load({Program("pairwire-load"), "signaling", "--relay", proxy.url(), "--json",
                       "--pairs", "2", "--seconds", "0.2", "--part", "throughput"});
    const Outcome outcome = Finish(load);
    if (fault == Fault::kNone) {
      EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    } else {
      ExpectFailure(outcome, {word});
    }
  }
}

TEST(LoadProgramTest, ARelayThatDiesFailsTheSuite) {
  const Relay relay;
  ChildProcess suite(Command("suite", relay, {"--seconds", "30", "--displays", "10"}));
  // Its 16 connections for calls, and then the first socket: it has begun.
  const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
  while (suite.ConnectionsTo(relay.port()) <= 16) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  relay.Signal(SIGKILL);
  const Outcome outcome = Finish(suite);
  ExpectFailure(outcome, {"checks failed"});
  EXPECT_LT(outcome.report.value("percent", 100.0), 100);
  EXPECT_FALSE(outcome.report["failures"].empty());
}

TEST(LoadProgramTest, ARelayThatStandsStillDoesNotHoldTheRun) {
  const Relay relay;
  relay.Signal(SIGSTOP);
  ChildProcess load(Command("waiting", relay, {"--displays", "10", "--deadline", "2"}));
  const Outcome outcome = Finish(load);
  relay.Signal(SIGCONT);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.errors, "");
}

TEST(LoadProgramTest, NoRelayIsOneLineAndOne) {
  ChildProcess load({Program("pairwire-load"), "status", "--relay", "http://127.0.0.1:1"});
  ExpectFailure(Finish(load), {"http://127.0.0.1:1", "does not answer"});
}

TEST(LoadProgramTest, WrongUseIsOneLineAndTwo) {
  const Relay relay;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"waiting"},
        {"dance", "--relay", relay.url()},
        {"waiting", "--relay", "https://example.org"},
        {"waiting", "--relay", relay.url(), "--relay-pid", "999999999"},
        {"waiting", "--relay", relay.url(), "--bystander-pid", "999999999"},
        {"waiting", "--relay", relay.url(), "--cpu", "1000"}}) {
    std::vector<std::string> command = arguments;
    command.insert(command.begin(), Program("pairwire-load"));
    ChildProcess load(command);
    const Outcome outcome = Finish(load);
    EXPECT_EQ(outcome.exit_code, 2) << arguments.back();
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    EXPECT_TRUE(outcome.lines.empty());
  }
}

}  // namespace
}  // namespace pairwire::load
