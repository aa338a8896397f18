// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "bench/outlet.h"

#include <optional>
#include <utility>

namespace pairwire::bench {
namespace {

class ChannelOutlet final : public Outlet {
 public:
  explicit ChannelOutlet(DataChannel channel) : channel_(std::move(channel)) {}

  void Subscribe(OutletEvents events, std::size_t low_threshold) override {
    channel_.SetBufferedAmountLowThreshold(low_threshold);
    channel_.Subscribe(
        {.on_open = std::move(events.on_open),
         .on_buffered_amount_low = std::move(events.on_buffered_amount_low),
         .on_closed = [on_closed = std::move(events.on_closed)](const std::optional<Error>& error) {
           on_closed(error.value_or(Error{Errc::kClosed, "the channel closed"}));
         }});
  }
  Result<void> Send(ByteSpan message) override { return channel_.Send(message); }
  std::size_t buffered_amount() const override { return channel_.buffered_amount(); }

 private:
  DataChannel channel_;
};

class SessionOutlet final : public Outlet {
 public:
  explicit SessionOutlet(Session& session) : session_(session) {}

  void Subscribe(OutletEvents events, std::size_t low_threshold) override {
    session_.SetBufferedAmountLowThreshold(low_threshold);
    SessionEvents on;
    on.on_buffered_amount_low = std::move(events.on_buffered_amount_low);
    on.on_closed = [on_closed = std::move(events.on_closed)](const ClosedReport& report) {
      on_closed(report.error.value_or(Error{Errc::kClosed, "the session closed"}));
    };
    session_.Subscribe(std::move(on));
    events.on_open();
  }
  Result<void> Send(ByteSpan message) override {
    const Result<MessageId> sent = session_.Send(message);
    if (!sent) return tl::unexpected<Error>(sent.error());
    return {};
  }
  std::size_t buffered_amount() const override { return session_.buffered_amount(); }

 private:
  Session& session_;
};

}  // namespace

std::unique_ptr<Outlet> OutletOf(DataChannel channel) {
  return std::make_unique<ChannelOutlet>(std::move(channel));
}

std::unique_ptr<Outlet> OutletOf(Session& session) {
  return std::make_unique<SessionOutlet>(session);
}

}  // namespace pairwire::bench
