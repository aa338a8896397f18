// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/signal_run.h"

#include <utility>

#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

// The relay gives up what it can not deliver after 5 s; then nothing more comes.
constexpr std::chrono::seconds kDrain{10};

bool HasType(std::string_view text, std::string_view type) {
  // The type stands at the front, or right behind an id.
  return text.substr(0, 96).find(type) != std::string_view::npos;
}

}  // namespace

SignalRun::SignalRun(Stage& stage, std::size_t pairs, std::size_t size, bool ack)
    : stage_(stage), sockets_(stage, *this), ack_(ack) {
  pairs_.reserve(pairs);
  for (std::size_t i = 0; i < pairs; ++i) pairs_.emplace_back(NumberedMessage(size, ack));
}

Result<void> SignalRun::Join() {
  auto displays = stage_.Register(pairs_.size());
  if (!displays) return tl::unexpected<Error>(displays.error());
  displays_ = std::move(*displays);
  const auto controllers = stage_.Pair(displays_);
  if (!controllers) return tl::unexpected<Error>(controllers.error());
  std::vector<Seat> seats;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    seats.push_back({(*controllers)[i].relay, (*controllers)[i].token});
    seats.push_back({displays_[i].relay, displays_[i].token});
  }
  if (auto joined = sockets_.Join(seats); !joined) return joined;
  // Each welcome says that the relay knows the member; only then is nothing kept for it.
  if (!stage_.RunUntil([&] { return joined_notices_ >= members(); })) {
    return Fail(Errc::kTimedOut, "the relay welcomed " + std::to_string(joined_notices_) + " of " +
                                     std::to_string(members()) + " members");
  }
  return {};
}

void SignalRun::Send(std::size_t pair, TimePoint now, TimePoint due) {
  Pair& of = pairs_[pair];
  const std::uint64_t number = ++of.sent;
  of.sent_at[number % kTimes] = now;
  of.due_at[number % kTimes] = due;
  ++tally_.sent;
  ControllerOf(pair).SendFrame(of.message.Frame(number));
}

void SignalRun::RunClosed(std::size_t window, std::chrono::nanoseconds duration) {
  refilling_ = true;
  stop_ = Clock::now() + duration;
  const TimePoint now = Clock::now();
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    for (std::size_t n = 0; n < window; ++n) Send(i, now, now);
  }
  stage_.RunFor(duration);
  refilling_ = false;
  Drain();
}

void SignalRun::RunOpen(double rate, std::chrono::nanoseconds duration) {
  rate_ = rate;
  scheduled_ = 0;
  start_ = Clock::now() + std::chrono::milliseconds(50);
  stop_ = start_ + duration;
  scheduling_ = true;
  next_send_ = stage_.reactor().At(start_, [this] { SendDue(); });
  stage_.RunUntil([this] { return !scheduling_; }, duration + kDrain);
  scheduling_ = false;
  Drain();
}

void SignalRun::RunBurst() {
  const TimePoint now = Clock::now();
  for (std::size_t i = 0; i < pairs_.size(); ++i) Send(i, now, now);
  Drain();
}

void SignalRun::SendDue() {
  if (!scheduling_) return;
  while (true) {
    const TimePoint due = start_ + FromSeconds(static_cast<double>(scheduled_) / rate_);
    if (due >= stop_) {
      scheduling_ = false;
      return;
    }
    const TimePoint now = Clock::now();
    if (due > now) {
      next_send_ = stage_.reactor().At(due, [this] { SendDue(); });
      return;
    }
    const auto pair = static_cast<std::size_t>(scheduled_ % pairs_.size());
    ++scheduled_;
    // Their times would be forgotten; a relay that is so far behind has failed at this rate.
    if (pairs_[pair].sent - pairs_[pair].received >= kTimes) {
      ++tally_.skipped;
    } else {
      Send(pair, now, due);
    }
  }
}

void SignalRun::Drain() {
  stage_.RunUntil(
      [this] {
        return tally_.received + tally_.errors >= tally_.sent &&
               (!ack_ || tally_.acked + tally_.errors >= tally_.sent);
      },
      kDrain);
}

void SignalRun::OnText(MemberSocket& socket, std::string_view text) {
  const std::size_t index = socket.tag() / 2;
  if (const auto number = NumberIn(text)) {
    Pair& pair = pairs_[index];
    const TimePoint now = Clock::now();
    if (tally_.received++ == 0) first_arrival_ = now;
    last_arrival_ = now;
    if (*number != pair.received + 1 || *number > pair.sent) ++tally_.out_of_turn;
    pair.received = *number;
    tally_.from_send.Add(now - pair.sent_at[*number % kTimes]);
    tally_.from_schedule.Add(now - pair.due_at[*number % kTimes]);
    if (refilling_ && now < stop_) Send(index, now, now);
    return;
  }
  if (ack_ && AckIn(text)) {
    ++tally_.acked;
  } else if (HasType(text, R"("type":"welcome")")) {
    ++joined_notices_;
  } else if (HasType(text, R"("type":"error")")) {
    ++tally_.errors;
  }
}

void SignalRun::OnLeft(MemberSocket& /*socket*/, int /*code*/) { ++tally_.closed; }

std::string SignalRun::Complaint() const {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  if (tally_.received < tally_.sent) {
    return number(tally_.sent - tally_.received) + " of " + number(tally_.sent) +
           " messages did not arrive";
  }
  if (tally_.skipped > 0) {
    return "the relay fell behind: " + number(tally_.skipped) + " messages were not even sent";
  }
  if (tally_.out_of_turn > 0) {
    return number(tally_.out_of_turn) + " messages came twice or out of turn";
  }
  if (ack_ && tally_.acked < tally_.sent) {
    return number(tally_.sent - tally_.acked) + " messages were not acknowledged";
  }
  if (tally_.errors > 0) return "the relay sent " + number(tally_.errors) + " errors";
  if (tally_.closed > 0) return "the relay closed " + number(tally_.closed) + " sockets";
  return {};
}

void SignalRun::End() {
  sockets_.LeaveAll();
  stage_.End(displays_);
}

}  // namespace pairwire::load
