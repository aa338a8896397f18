// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/helpers.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <utility>

#include "signaling/load/waiters.h"

namespace pairwire::load {
namespace {

// Between two looks at a pipe; the stage's connections have their turn meanwhile.
constexpr std::chrono::milliseconds kLook{10};

// The helper's side: one line for each command.
class Servant {
 public:
  Servant(Stage& stage, int commands, int answers)
      : stage_(stage), waiters_(stage), commands_(commands), answers_(answers) {}

  void Serve() {
    for (;;) {
      char step = 0;
      const ssize_t got = ::read(commands_, &step, 1);
      if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
      if (got < 0) {
        if (!stage_.RunFor(kLook)) return;
        continue;
      }
      const Result<void> done = Do(static_cast<Helpers::Step>(step));
      std::string line = std::to_string(waiters_.waiting()) + " " +
                         std::to_string(waiters_.heard()) + " " +
                         (done ? std::string() : done.error().detail) + "\n";
      if (::write(answers_, line.data(), line.size()) < 0) return;
    }
  }

 private:
  Result<void> Do(Helpers::Step step) {
    const std::size_t displays = stage_.options().displays;
    switch (step) {
      case Helpers::Step::kWait:
        if (auto registered = waiters_.Register(displays); !registered) return registered;
        return waiters_.Wait();
      case Helpers::Step::kPairAll:
        waiters_.Pair(displays);
        return {};
      case Helpers::Step::kLeave:
        waiters_.Leave();
        waiters_.End();
        return {};
      case Helpers::Step::kTell:
        return {};
    }
    return {};
  }

  Stage& stage_;
  Waiters waiters_;
  const int commands_;
  const int answers_;
};

[[noreturn]] void RunServant(const Options& options, int commands, int answers) {
  const auto stage = Stage::Create(options);
  if (!stage) {
    const std::string line = "0 0 " + stage.error().detail + "\n";
    (void)!::write(answers, line.data(), line.size());
    _exit(kExitFailed);
  }
  Servant(**stage, commands, answers).Serve();
  _exit(kExitDone);
}

}  // namespace

Result<Helpers> Helpers::Start(Options& options) {
  Helpers helpers;
  const std::size_t all = options.displays;
  const std::size_t share = all / options.processes;
  for (std::size_t i = 1; i < options.processes; ++i) {
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (::pipe2(down.data(), O_CLOEXEC) != 0 || ::pipe2(up.data(), O_CLOEXEC) != 0) {
      return Fail(Errc::kSystem, std::string("a pipe to a helper: ") + std::strerror(errno));
    }
    const pid_t pid = ::fork();
    if (pid < 0) return Fail(Errc::kSystem, std::string("fork: ") + std::strerror(errno));
    if (pid == 0) {
      // Else a helper would hold open what tells the others that the program has ended.
      for (const Helper& other : helpers.helpers_) {
        ::close(other.commands);
        ::close(other.answers);
      }
      ::close(down[1]);
      ::close(up[0]);
      ::fcntl(down[0], F_SETFL, O_NONBLOCK);
      options.displays = share;
      RunServant(options, down[0], up[1]);
    }
    ::close(down[0]);
    ::close(up[1]);
    ::fcntl(up[0], F_SETFL, O_NONBLOCK);
    helpers.helpers_.push_back({pid, down[1], up[0]});
  }
  helpers.displays_ = share * helpers.size();
  options.displays = all - helpers.displays_;
  return helpers;
}

Helpers::Helpers(Helpers&& other) noexcept
    : helpers_(std::exchange(other.helpers_, {})), displays_(std::exchange(other.displays_, 0)) {}

Helpers::~Helpers() {
  for (const Helper& helper : helpers_) {
    ::close(helper.commands);
    ::close(helper.answers);
  }
  for (const Helper& helper : helpers_) ::waitpid(helper.pid, nullptr, 0);
}

void Helpers::Begin(Step step) const {
  const char byte = static_cast<char>(step);
  for (const Helper& helper : helpers_) {
    // One that is gone gives no answer, which Wait tells.
    (void)!::write(helper.commands, &byte, 1);
  }
}

Helpers::Sum Helpers::Wait(Stage& stage) const {
  Sum sum;
  for (const Helper& helper : helpers_) {
    std::string line;
    bool ended = false;
    while (!ended && (line.empty() || line.back() != '\n')) {
      char byte = 0;
      const ssize_t got = ::read(helper.answers, &byte, 1);
      if (got == 1) {
        line += byte;
      } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        ended = true;
      } else if (!stage.RunFor(kLook)) {
        ended = true;
      }
    }
    std::istringstream in(line);
    std::size_t waiting = 0;
    std::size_t heard = 0;
    std::string failure;
    if (ended || !(in >> waiting >> heard)) {
      failure = "a helper gave no answer";
    } else {
      std::getline(in >> std::ws, failure);
    }
    sum.waiting += waiting;
    sum.heard += heard;
    if (sum.failure.empty()) sum.failure = failure;
  }
  return sum;
}

std::size_t FitDisplays(Options& options) {
  const std::size_t most = Stage::MostDisplays(options) * options.processes;
  if (options.displays <= most) return 0;
  const std::size_t missing = options.displays - most;
  options.displays = most;
  return missing;
}

}  // namespace pairwire::load
