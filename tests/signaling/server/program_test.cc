// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The real pairwire-relay as a process: its one line, its signals and exit codes, what its log
// holds, and what a waiting display costs it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tests/signaling/server/test_client.h"
#include "tests/support/sanitizers.h"

extern char** environ;

namespace pairwire::server {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

// The program as its users run it.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PAIRWIRE_RELAY_PROGRAM);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(::pipe2(out_.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(err_.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out_[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_[1], STDERR_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, PAIRWIRE_RELAY_PROGRAM, &actions, nullptr, argv.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(out_[1]);
    ::close(err_[1]);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      Wait();
    }
    ::close(out_[0]);
    ::close(err_[0]);
  }

  std::string ReadLine() { return Read(out_[0], true); }
  std::string ReadOutput() { return Read(out_[0], false); }
  std::string ReadErrors() { return Read(err_[0], false); }
  void Signal(int number) const { ::kill(pid_, number); }
  // The exit code, or -1 when a signal ended it.
  int Wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Starts listening and tells its port.
  std::uint16_t Port() {
    const std::string line = ReadLine();
    EXPECT_EQ(line.rfind("listening on http://127.0.0.1:", 0), 0U) << line;
    return static_cast<std::uint16_t>(std::atoi(line.c_str() + line.rfind(':') + 1));
  }

 private:
  static std::string Read(int fd, bool one_line) {
    std::string text;
    char c = 0;
    while (true) {
      pollfd waiting{fd, POLLIN, 0};
      if (::poll(&waiting, 1, 30'000) != 1) {
        ADD_FAILURE() << "the program said nothing; so far: " << text;
        return text;
      }
      if (::read(fd, &c, 1) != 1 || (one_line && c == '\n')) return text;
      text += c;
    }
  }

  pid_t pid_ = -1;
  std::array<int, 2> out_{};
  std::array<int, 2> err_{};
};

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
    Request(port, "GET", "/secret-path-" + display.code + "?token=" + display.token);
    program.Signal(SIGTERM);
    const std::string log = program.ReadErrors();
    EXPECT_EQ(program.Wait(), 0);
    for (const std::string& secret :
         {display.code, display.token, display.token.substr(display.token.find('.') + 1),
          controller.token, std::string("sdp-secret"), std::string("hello-secret"),
          std::string("192.0.2.77"), std::string("127.0.0.1"), std::string("secret-path"),
          std::string("Wall-of-names")}) {
      EXPECT_EQ(log.find(secret), std::string::npos) << secret;
    }
    EXPECT_NE(log.find("event=request"), std::string::npos) << "there was something to look at";
  }
}

// The clients are in this process, so the relay's memory is its own.
TEST(ProgramTest, WaitingDisplaysAreCheap) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t kStreams = 1'000;
  if (limit.rlim_cur < 2 * kStreams) GTEST_SKIP() << "the descriptor limit is too low";
  Program program({"--listen", "127.0.0.1:0", "--log-level", "off", "--rate-limits", "off"});
  const std::uint16_t port = program.Port();
  std::vector<Registered> displays;
  for (std::size_t i = 0; i < kStreams; ++i) displays.push_back(RegisterDisplay(port, "{}"));
  const double before = Metric(port, "pairwire_process_resident_bytes");
  std::vector<RawClient> streams;
  for (const Registered& display : displays) streams.push_back(OpenEvents(port, display));
  EXPECT_EQ(Metric(port, "pairwire_connections", "kind=\"events\""), static_cast<double>(kStreams));
  const double after = Metric(port, "pairwire_process_resident_bytes");
  const double bytes = (after - before) / static_cast<double>(kStreams);
  std::printf("one waiting display's stream: %.0f bytes\n", bytes);
  RecordProperty("bytes_per_stream", static_cast<int>(bytes));
  // Some 750 bytes; sanitizers multiply it.
  EXPECT_LT(bytes, 16'000);
  ASSERT_EQ(PairController(port, displays.back().code).status, 200);
  EXPECT_FALSE(streams.back().ReadUntil("pairing:ready").empty());
  streams.clear();
  EXPECT_TRUE(WaitForMetric(port, "pairwire_connections", "kind=\"events\"",
                            [](double n) { return n == 0; }));
}

TEST(ProgramTest, MemoryComesBackWhenACrowdHasLeft) {
  if (test::kAddressSanitizer || test::kThreadSanitizer) {
    GTEST_SKIP() << "SKIPPED: a sanitizer's allocator keeps what it has";
  }
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t kStreams = 3'000;
  if (limit.rlim_cur < 2 * kStreams) GTEST_SKIP() << "SKIPPED: the descriptor limit is too low";
  Program program({"--listen", "127.0.0.1:0", "--log-level", "off", "--rate-limits", "off"});
  const std::uint16_t port = program.Port();
  std::vector<Registered> displays;
  for (std::size_t i = 0; i < kStreams; ++i) displays.push_back(RegisterDisplay(port, "{}"));
  const double before = Metric(port, "pairwire_process_resident_bytes");
  std::vector<RawClient> streams;
  for (const Registered& display : displays) streams.push_back(OpenEvents(port, display));
  const double full = Metric(port, "pairwire_process_resident_bytes");
  ASSERT_GT(full - before, 1'000'000);
  streams.clear();
  // The sessions stay; most of what the streams took comes back.
  EXPECT_TRUE(WaitForMetric(port, "pairwire_process_resident_bytes", "",
                            [&](double now) { return now < full - 0.6 * (full - before); }));
}

}  // namespace
}  // namespace pairwire::server
