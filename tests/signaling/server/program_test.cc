// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real pairwire-relay as a process: its one line, its signals and exit codes, and what its log
// holds. What its clients cost it: program_memory_test.cc.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/signaling/server/relay_program.h"
#include "tests/signaling/server/test_client.h"

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

TEST(ProgramTest, SigtermEndsWithZeroAndOpenSocketsAreTold) {
  Program program({"--listen", "127.0.0.1:0", "--drain-seconds", "0.2", "--log-level", "info"});
  const std::uint16_t port = program.Port();
  const Registered display = RegisterDisplay(port);
  RawClient events = OpenEvents(port, display);
  WsClient socket;
  ASSERT_EQ(socket.ConnectWithBearer(port, display.token), 101);
  ASSERT_TRUE(socket.ReadType("welcome"));
  program.Signal(SIGTERM);
  EXPECT_TRUE(socket.ReadType("server:draining"));
  EXPECT_EQ(socket.ReadToClose(), 1001);
  EXPECT_FALSE(events.ReadUntil("server:draining").empty());
  EXPECT_EQ(program.ReadOutput(), "") << "one line on stdout is all";
  const std::string log = program.ReadErrors();
  EXPECT_EQ(program.Wait(), 0);
  for (const char* event : {"event=started", "event=draining", "event=stopped"}) {
    EXPECT_NE(log.find(event), std::string::npos) << event;
  }
}

TEST(ProgramTest, SigintIsTheSame) {
  Program program({"--listen", "127.0.0.1:0", "--log-level", "off"});
  program.Port();
  program.Signal(SIGINT);
  EXPECT_EQ(program.ReadErrors(), "");
  EXPECT_EQ(program.Wait(), 0);
}

TEST(ProgramTest, ASecondSignalEndsAtOnce) {
  Program program({"--listen", "127.0.0.1:0", "--drain-seconds", "3600", "--log-level", "info"});
  const std::uint16_t port = program.Port();
  const Registered display = RegisterDisplay(port);
  RawClient events = OpenEvents(port, display);
  program.Signal(SIGTERM);
  EXPECT_FALSE(events.ReadUntil("server:draining").empty());
  program.Signal(SIGTERM);
  EXPECT_EQ(program.Wait(), 1);
}

TEST(ProgramTest, PortInUseIsOneLineAndOne) {
  const TestRelay relay;
  Program program({"--listen", "127.0.0.1:" + std::to_string(relay.port())});
  const std::string errors = program.ReadErrors();
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_EQ(errors,
            "pairwire-relay: 127.0.0.1:" + std::to_string(relay.port()) +
                " is in use: stop the other program or choose another port with --listen\n");
}

TEST(ProgramTest, CheckLooksAndRunsNothing) {
  const TestRelay relay;
  const std::string address = "127.0.0.1:" + std::to_string(relay.port());
  Program taken({"check", "--listen", address});
  const std::string found = taken.ReadOutput();
  EXPECT_EQ(taken.Wait(), 1);
  EXPECT_NE(found.find("error    --listen: " + address + ": Address already in use\n"),
            std::string::npos)
      << found;
  Program free({"check", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(free.ReadOutput().find("error"), std::string::npos);
  EXPECT_EQ(free.Wait(), 0);
  Program wrong({"check", "--nonsense"});
  EXPECT_NE(wrong.ReadErrors(), "");
  EXPECT_EQ(wrong.Wait(), 2);
}

TEST(ProgramTest, WrongUseIsOneLineAndTwo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--nonsense"},
        {"--redis", "http://127.0.0.1"},
        {"--redis", "rediss://127.0.0.1", "--redis-ca", "/does/not/exist"},
        {"--listen", "nowhere:80"},
        {"--web", "/does/not/exist"}}) {
    Program program(arguments);
    const std::string errors = program.ReadErrors();
    EXPECT_EQ(program.Wait(), 2) << arguments[0];
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    EXPECT_EQ(program.ReadOutput(), "");
  }
}

TEST(ProgramTest, HelpAndVersionEndWithZero) {
  Program help({"--help"});
  EXPECT_NE(help.ReadOutput().find("--listen"), std::string::npos);
  EXPECT_EQ(help.Wait(), 0);
  Program version({"--version"});
  EXPECT_EQ(version.ReadOutput().rfind("pairwire-relay ", 0), 0U);
  EXPECT_EQ(version.Wait(), 0);
}

TEST(ProgramTest, LogsHoldNoSecrets) {
  Program program({"--listen", "127.0.0.1:0", "--drain-seconds", "0", "--log-level", "debug"});
  const std::uint16_t port = program.Port();
  const Registered display = RegisterDisplay(port, R"({"name":"Wall-of-names","plain":true})");
  {
    RawClient events = OpenEvents(port, display);
    const Paired controller =
        PairController(port, display.code, R"(,"hello":{"share":"hello-secret"})");
    WsClient a;
    WsClient b;
    a.ConnectWithBearer(port, display.token);
    b.ConnectWithBearer(port, controller.token);
    a.Send(R"({"type":"webrtc:offer","data":{"sdp":"sdp-secret","candidate":"192.0.2.77"}})");
    EXPECT_TRUE(b.ReadType("webrtc:offer"));
    // Names by which two ends find each other: found, missed, wrong.
    const std::string meet = "meet-secret-of-43-characters-aaaaaaaaaaaaaa";
    ASSERT_EQ(meet.size(), 43U);
    const Registered waiting =
        RegisterDisplay(port, R"({"codeless":true,"meets":[")" + meet + "\"]}");
    EXPECT_EQ(waiting.code, "");
    for (const int status : {200, 404}) {
      EXPECT_EQ(Request(port, "POST", "/api/sessions/pair", R"({"meet":")" + meet + "\"}").status,
                status);
    }
    EXPECT_EQ(Request(port, "POST", "/api/sessions/pair", R"({"meet":")" + meet + "!\"}").status,
              400);
    Request(port, "GET", "/secret-path-" + display.code + "?token=" + display.token);
    program.Signal(SIGTERM);
    const std::string log = program.ReadErrors();
    EXPECT_EQ(program.Wait(), 0);
    for (const std::string& secret :
         {display.code, display.token, display.token.substr(display.token.find('.') + 1),
          controller.token, std::string("sdp-secret"), std::string("hello-secret"),
          std::string("meet-secret"), std::string("192.0.2.77"), std::string("127.0.0.1"),
          std::string("secret-path"), std::string("Wall-of-names")}) {
      EXPECT_EQ(log.find(secret), std::string::npos) << secret;
    }
    EXPECT_NE(log.find("event=request"), std::string::npos) << "there was something to look at";
  }
}

}  // namespace
}  // namespace pairwire::server
