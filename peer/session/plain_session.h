// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PlainSession: a session that is one raw DataChannel and ends with its connection, for ends that
// do without the session layer (docs/session.md).
//
//   kConnected --Close, handle gone--> kClosing (draining, at most 5 s) --> kClosed
//     +----- the other end closed it, or the connection is lost ----------^
#ifndef PAIRWIRE_PEER_SESSION_PLAIN_SESSION_H_
#define PAIRWIRE_PEER_SESSION_PLAIN_SESSION_H_

#include <pairwire/session.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/session/peer_link.h"
#include "peer/session/session_impl.h"

namespace pairwire {

class PlainSession final : public SessionFactory::Impl {
 public:
  static constexpr std::chrono::seconds kCloseTimeout{5};

  // Loop only. The link is open and of the plain form.
  static std::shared_ptr<PlainSession> Make(std::shared_ptr<LoopLink> to_loop, Loop& loop,
                                            PairedEnd paired, SessionHooks hooks);
  PlainSession(std::shared_ptr<LoopLink> link_to_loop, Loop& loop, PairedEnd paired,
               SessionHooks hooks);

  void Subscribe(SessionEvents handlers) override;
  void Unsubscribe() override {}  // groups take the session layer only
  void StartClose() override;
  void Detach() override;
  void NetworkChanged() override {}  // nobody to tell the other end of new paths
  void Acknowledge(MessageId) override {}
  void Replaced() override { StartClose(); }

  Result<MessageId> Send(ByteSpan data, bool is_text) override;
  Result<MessageId> Send(const Event& event) override;
  Result<MessageId> SendEncoded(const EncodedEvent& event) override;
  Result<void> SetState(std::string_view key, ByteSpan value, bool is_text) override;
  Result<void> ClearState(std::string_view key) override;
  Result<void> SendStream(ByteSpan frame) override;
  std::size_t buffered_amount() const override;
  void SetBufferedAmountLowThreshold(std::size_t bytes) override;
  void WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done) override;
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init) override;
  SessionState state() const override { return state_; }
  SessionPath path() const override { return path_; }
  PeerInfo peer() const override { return peer_; }
  SessionStats stats() const override;
  std::optional<SharedClock> clock() const override { return std::nullopt; }
  std::optional<std::chrono::microseconds> fastest_round_trip() const override {
    return std::nullopt;
  }

 private:
  void ListenToLink();
  void OnMessage(const Message& message);
  void Finish(std::optional<Error> error);
  void TellClosed(const std::optional<Error>& error);
  void SetState(SessionState state, std::string_view reason);

  // Any thread: constant, and the handles inside are callable from anywhere.
  const std::unique_ptr<PeerLink> link_;
  const PeerInfo peer_;
  const SessionPath path_;
  std::atomic<SessionState> state_ = SessionState::kConnected;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> received_ = 0;

  // Loop only. While closing, the deadline's timer owns the session, so that it lives on without a
  // handle and goes with the loop at the latest.
  Loop& loop_;
  std::weak_ptr<PlainSession> self_;
  SessionHooks hooks_;
  bool connected_told_ = false;
  bool detached_ = false;
  std::shared_ptr<const SessionEvents> events_ = std::make_shared<const SessionEvents>();
  bool subscribed_ = false;
  std::optional<std::optional<Error>> untold_end_;  // it ended before Subscribe
  TimerId close_timer_ = 0;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_PLAIN_SESSION_H_
