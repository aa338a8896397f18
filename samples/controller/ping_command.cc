// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ping: round trips of 64 bytes, one after the other, on a channel of their own.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "samples/common/ping.h"
#include "samples/controller/command.h"

namespace pairwire::samples {
namespace {

class PingCommand final : public Command {
 public:
  PingCommand(CommandContext context, int count)
      : Command(context), count_(static_cast<std::size_t>(count)) {
    took_us_.reserve(count_);
  }

  void Start(Session& session) override {
    session_ = &session;
    DataChannelInit init;
    init.protocol = kPingProtocol;
    channel_ = session.CreateDataChannel(kPingLabel, std::move(init));
    DataChannelEvents on;
    on.on_open = [this] { Send(); };
    on.on_message = [this](const Message&) { OnEcho(); };
    on.on_closed = [this](const std::optional<Error>&) {
      // A display that knows no pings closes the channel; nothing more will come.
      session_->Close();
    };
    channel_.Subscribe(std::move(on));
  }

  int OnClosed(const std::optional<Error>& error) override {
    if (took_us_.size() == count_) return kExitDone;
    context_.reporter.Error(
        error.value_or(Error{Errc::kUnsupported, "the display did not answer all round trips"}));
    return kExitFailed;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Send() {
    static constexpr std::array<std::uint8_t, kPingBytes> kPayload{};
    sent_at_ = Clock::now();
    if (!channel_.Send(ByteSpan(kPayload))) session_->Close();
  }

  void OnEcho() {
    if (took_us_.size() == count_) return;
    took_us_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - sent_at_).count());
    if (took_us_.size() < count_) {
      Send();
      return;
    }
    std::sort(took_us_.begin(), took_us_.end());
    context_.reporter.Ping({static_cast<int>(count_), Percentile(50), Percentile(99)});
    session_->Close();
  }

  // Nearest rank.
  double Percentile(std::size_t percent) const {
    const std::size_t rank = (took_us_.size() * percent + 99) / 100;
    return took_us_[std::max<std::size_t>(rank, 1) - 1];
  }

  const std::size_t count_;
  Session* session_ = nullptr;
  Clock::time_point sent_at_;
  std::vector<double> took_us_;
  DataChannel channel_;
};

}  // namespace

std::unique_ptr<Command> MakePingCommand(CommandContext context, int count) {
  return std::make_unique<PingCommand>(context, count);
}

}  // namespace pairwire::samples
