// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/abuse_run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>
#include <utility>

#include "signaling/load/process_usage.h"
#include "tests/faults/quiet_log.h"
#include "tests/support/sanitizers.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPairs = 4;
// Below what a relay lets one socket send.
constexpr double kRate = 100;
constexpr std::size_t kMessageBytes = 300;
constexpr auto kTalk = 3s;
constexpr double kRunSeconds = 120;
// Of its peak, what it shares with others: the program itself and its libraries.
constexpr std::size_t kSharedBytes = 24 * 1024 * 1024;

}  // namespace

AbuseRun::AbuseRun(std::vector<std::string> more) {
  std::vector<std::string> words = {PAIRWIRE_BIN_DIR "/pairwire-relay", "--listen", "127.0.0.1:0",
                                    "--log-level", "warning"};
  words.insert(words.end(), more.begin(), more.end());
  relay_ = std::make_unique<test::ChildProcess>(std::move(words));
  constexpr std::string_view kPrefix = "listening on ";
  const auto line =
      relay_->WaitForLine([&](const std::string& text) { return text.rfind(kPrefix, 0) == 0; });
  EXPECT_TRUE(line) << relay_->errors();
  if (!line) return;
  options_.relays = {line->substr(kPrefix.size())};
  options_.deadline_seconds = kRunSeconds;
  auto stage = load::Stage::Create(options_);
  EXPECT_TRUE(stage) << stage.error().detail;
  if (!stage) return;
  stage_ = std::move(*stage);
  honest_ = std::make_unique<load::SignalRun>(*stage_, kPairs, kMessageBytes, /*ack=*/true);
  const auto joined = honest_->Join();
  EXPECT_TRUE(joined) << joined.error().detail;
}

AbuseRun::~AbuseRun() {
  if (::testing::Test::HasFailure()) std::cout << relay_->errors();
}

double AbuseRun::Talk(const char* when) {
  honest_->Clear();
  honest_->RunOpen(kRate, kTalk);
  EXPECT_EQ(honest_->Complaint(), "") << when;
  return honest_->tally().from_send.PercentileMs(99);
}

AbuseRun::Turns AbuseRun::ReadTurns() {
  Turns turns;
  std::istringstream lines(stage_->Call(0, {"GET", "/metrics", {}, {}, {}}).body);
  constexpr std::string_view kBound = "le=\"";
  for (std::string line; std::getline(lines, line);) {
    const std::size_t bound = line.find(kBound);
    const std::size_t count = line.rfind(' ');
    if (line.rfind("pairwire_turn_seconds_bucket", 0) != 0 || bound == std::string::npos) continue;
    turns[std::strtod(line.c_str() + bound + kBound.size(), nullptr) * 1e3] =
        std::strtod(line.c_str() + count, nullptr);
  }
  return turns;
}

void AbuseRun::Under(const Attack& attack, std::size_t bytes) {
  if (!honest_) return;
  const double calm = Talk("before");
  const std::size_t before = load::PrivateBytesOf(relay_->pid()).value_or(0);
  const Turns turns_before = ReadTurns();
  const auto cpu_before = load::CpuTimeOf(relay_->pid()).value_or(0ns);
  std::atomic<bool> stop{false};
  std::thread attacker([&] { attack(stop); });
  stage_->RunFor(200ms);
  const double under = Talk("under attack");
  stop = true;
  attacker.join();
  const auto cpu = load::CpuTimeOf(relay_->pid()).value_or(0ns) - cpu_before;
  // The bound below which 99 of 100 turns stayed, and that below which all did.
  Turns turns = ReadTurns();
  for (auto& [bound, count] : turns)
    count -= turns_before.count(bound) ? turns_before.at(bound) : 0;
  EXPECT_FALSE(turns.empty());
  double turn_p99 = 0, turn_worst = 0;
  for (const auto& [bound, count] : turns) {
    const double all = turns.rbegin()->second;
    if (turn_p99 == 0 && count >= 0.99 * all) turn_p99 = bound;
    if (turn_worst == 0 && count >= all) turn_worst = bound;
  }
  const std::size_t worst = relay_->PeakMemoryKib() * 1024;
  std::cout << "figures p99_ms=" << under << " calm_p99_ms=" << calm
            << " relay_kib_before=" << before / 1024 << " relay_peak_rss_kib=" << worst / 1024
            << " relay_cpu_ms=" << cpu / 1ms << " relay_turn_p99_ms=" << turn_p99
            << " relay_turn_worst_ms=" << turn_worst << "\n";
  // A sanitizer holds on to what was freed.
  if (!test::kAddressSanitizer && !test::kThreadSanitizer) {
    EXPECT_LT(worst, before + kSharedBytes + bytes);
  }
  Talk("afterwards");
  honest_->End();
  relay_->Signal(SIGTERM);
  EXPECT_EQ(relay_->WaitForExit(), 0);
  EXPECT_EQ(LoudPart(relay_->errors(), secrets_), "");
}

RawPeer::RawPeer(const load::Target& target, int receive_buffer) {
  fd_ = ::socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return;
  const timeval second{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
  if (receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const auto* const address = reinterpret_cast<const sockaddr*>(&target.address);
  if (::connect(fd_, address, target.address_length) != 0) ::close(std::exchange(fd_, -1));
}

RawPeer::~RawPeer() {
  if (fd_ >= 0) ::close(fd_);
}

RawPeer::RawPeer(RawPeer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

bool RawPeer::Send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawPeer::Skim() const {
  std::array<char, 16 * 1024> buffer;
  ssize_t got = 0;
  while ((got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
  }
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool RawPeer::ReadHead() const {
  std::string head;
  char byte = 0;
  while (head.size() < 16 * 1024 && ::recv(fd_, &byte, 1, 0) == 1) {
    head += byte;
    if (head.ends_with("\r\n\r\n")) return true;
  }
  return false;
}

std::string UpgradeText(const load::Target& target, const std::string& token) {
  return "GET /ws HTTP/1.1\r\nHost: " + target.host +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: pairwire.v1\r\n"
         "Authorization: Bearer " +
         token + "\r\n\r\n";
}

}  // namespace pairwire::faults
