// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/deploy/deployment.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace pairwire::deploy {
namespace {

constexpr std::chrono::seconds kRunDeadline{100};
// Between two attempts to connect.
constexpr int kPauseMs = 10;

}  // namespace

std::string ProgramPath(const std::string& name) {
  return std::string(PAIRWIRE_BIN_DIR) + "/" + name;
}

std::filesystem::path ExamplePath(const std::string& name) {
  return std::filesystem::path(PAIRWIRE_SOURCE_DIR) / "signaling" / "deploy" / name;
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string FindInstalled(const std::string& name) {
  // Debian keeps daemons where an ordinary user's PATH does not look.
  const char* const path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Relay::Relay()
    : process_(std::make_unique<test::ChildProcess>(std::vector<std::string>{
          ProgramPath("pairwire-relay"), "--listen", "127.0.0.1:0", "--log-level", "off",
          "--rate-limits", "off", "--drain-seconds", "0"})) {
  const auto line = process_->WaitForLine(
      [](const std::string& text) { return text.rfind("listening on ", 0) == 0; });
  EXPECT_TRUE(line.has_value()) << process_->errors();
  if (line) port_ = static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
}

TempFolder::TempFolder() {
  std::string name = (std::filesystem::path(::testing::TempDir()) / "deploy_XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::Write(
    const std::string& name, std::string text,
    const std::vector<std::pair<std::string, std::string>>& replacements) {
  for (const auto& [from, to] : replacements) {
    std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << name << " has no " << from;
    for (; at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  const std::filesystem::path file = path_ / name;
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

bool WaitForListener(std::uint16_t port) {
  const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
  while (std::chrono::steady_clock::now() < deadline) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connected =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (connected) return true;
    ::poll(nullptr, 0, kPauseMs);
  }
  return false;
}

std::set<std::string> VariablesOfTheRelay() {
  const std::string help = RunToEnd({ProgramPath("pairwire-relay"), "--help"}).output;
  static const std::regex kVariable("PAIRWIRE_[A-Z_]+");
  std::set<std::string> variables;
  for (std::sregex_iterator it(help.begin(), help.end(), kVariable), end; it != end; ++it) {
    variables.insert(it->str());
  }
  EXPECT_TRUE(variables.contains("PAIRWIRE_LISTEN")) << help;
  return variables;
}

Outcome RunToEnd(std::vector<std::string> command) {
  test::ChildProcess process(std::move(command));
  Outcome outcome;
  outcome.exit_code = process.WaitForExit(kRunDeadline);
  for (const std::string& line : process.lines()) outcome.output += line + "\n";
  outcome.output += process.errors();
  return outcome;
}

}  // namespace pairwire::deploy
