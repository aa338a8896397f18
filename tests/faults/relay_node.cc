// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/relay_node.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <utility>

#include "signaling/load/http_pool.h"
#include "tests/support/server_port.h"

namespace pairwire::faults {
namespace {

constexpr const char* kDrainSeconds = "2";
constexpr int kPortTries = 5;

}  // namespace

RelayNode::RelayNode(std::string id, std::string redis_url, std::vector<std::string> more)
    : id_(std::move(id)), redis_url_(std::move(redis_url)), more_(std::move(more)) {
  // Another program may take a port that was free a moment ago.
  for (int tries = 0; tries < kPortTries && !process_; ++tries) {
    port_ = test::ServerPort();
    internal_port_ = test::ServerPort();
    if (!Launch()) process_.reset();
  }
  EXPECT_TRUE(process_);
  if (process_) WaitReady();
}

std::string RelayNode::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void RelayNode::Start() { EXPECT_TRUE(Launch()) << process_->errors(); }

bool RelayNode::Launch() {
  if (process_) earlier_log_ += process_->errors();
  std::vector<std::string> words = {PAIRWIRE_BIN_DIR "/pairwire-relay",
                                    "--listen",
                                    "127.0.0.1:" + std::to_string(port_),
                                    "--internal-listen",
                                    "127.0.0.1:" + std::to_string(internal_port_),
                                    "--node-id",
                                    id_,
                                    "--redis",
                                    redis_url_,
                                    "--rate-limits",
                                    "off",
                                    "--drain-seconds",
                                    kDrainSeconds,
                                    "--advertise-url",
                                    url()};
  words.insert(words.end(), more_.begin(), more_.end());
  process_ = std::make_unique<test::ChildProcess>(std::move(words));
  return process_
      ->WaitForLine([](const std::string& text) { return text.rfind("listening on", 0) == 0; })
      .has_value();
}

void RelayNode::Kill() {
  process_->Signal(SIGKILL);
  EXPECT_EQ(process_->WaitForExit(), 128 + SIGKILL);
}

void RelayNode::Terminate() { process_->Signal(SIGTERM); }

std::optional<int> RelayNode::ExitCode() {
  const int code = process_->WaitForExit(std::chrono::milliseconds(0));
  return code < 0 ? std::nullopt : std::optional<int>(code);
}

int RelayNode::Readiness() const {
  const auto target = load::ParseTarget("http://127.0.0.1:" + std::to_string(internal_port_));
  if (!target) return 0;
  load::Reactor reactor;
  load::HttpPool pool(reactor, *target, 0, 1);
  int status = -1;
  pool.Send({"GET", "/readyz", {}, {}, {}},
            [&](const load::Response& response) { status = response.status; });
  reactor.RunUntil([&] { return status >= 0; }, load::TimePoint::max());
  return status;
}

void RelayNode::WaitReady() const {
  const auto deadline = std::chrono::steady_clock::now() + test::kDeadline;
  int status = 0;
  while ((status = Readiness()) != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "/readyz says " << status << Log();
    // Another process' state can only be asked for again and again.
    poll(nullptr, 0, 10);
  }
}

std::string RelayNode::Log() const { return earlier_log_ + process_->errors(); }

ProxyThread::ProxyThread(std::uint16_t server_port)
    : proxy_(std::make_unique<test::FaultProxy>(loop_, server_port)),
      port_(proxy_->port()),
      thread_([this] { loop_.Run(); }) {}

ProxyThread::~ProxyThread() {
  loop_.Stop();
  thread_.join();
}

void ProxyThread::Do(std::function<void(test::FaultProxy&)> what) {
  loop_.Post([this, what = std::move(what)] { what(*proxy_); });
}

}  // namespace pairwire::faults
