// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DataChannel::Impl: what a channel's handle and the loop share. The handle's half is atomics and a
// bounded mailbox; the loop's half is touched on the loop only. Messages from
// other threads are gathered in the mailbox and handed over in one task a burst; on the loop they
// go straight to the mux.
#ifndef PAIRWIRE_PEER_CONNECTION_DATA_CHANNEL_IMPL_H_
#define PAIRWIRE_PEER_CONNECTION_DATA_CHANNEL_IMPL_H_

#include <pairwire/configuration.h>
#include <pairwire/data_channel.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/connection/loop_link.h"
#include "sctp/channel_mux.h"
#include "sctp/payload.h"

namespace pairwire {

class PeerConnectionCore;

// Counts what all channels of one connection may hold. Any thread.
struct SendBudget {
  // Less than ChannelMuxOptions::max_queued_messages, so that the mux takes what a mailbox took.
  static constexpr std::size_t kMaxWaitingMessages = 64'000;

  explicit SendBudget(std::size_t limit) : max_buffered_amount(limit) {}

  // kBufferFull, kMessageTooLarge; then nothing was taken.
  Result<void> Take(std::size_t cost);
  // Not with SCTP yet. Never too small: a message enters the mux before it leaves the mailbox.
  std::size_t waiting_messages() const {
    return in_mailboxes.load(std::memory_order_relaxed) + in_mux.load(std::memory_order_relaxed);
  }
  void GiveBack(std::size_t cost) { buffered.fetch_sub(cost, std::memory_order_relaxed); }

  const std::size_t max_buffered_amount;
  std::atomic<std::size_t> buffered{0};
  std::atomic<std::size_t> in_mailboxes{0};  // messages
  std::atomic<std::size_t> in_mux{0};        // messages; as the loop last said
  // The other end's max-message-size; 0: no limit. Known before a channel can be open.
  std::atomic<std::size_t> max_message_size{0};
};

struct DataChannel::Impl {
  struct OutgoingMessage {
    sctp::Payload data;
    bool is_text = false;
  };

  Impl(std::shared_ptr<LoopLink> link_to_loop, std::uint64_t peer,
       std::shared_ptr<SendBudget> shared_budget, std::string channel_label,
       DataChannelInit channel_init)
      : link(std::move(link_to_loop)),
        peer_id(peer),
        budget(std::move(shared_budget)),
        label(std::move(channel_label)),
        init(std::move(channel_init)) {}

  // Any thread.
  // ------------------------------------------------------------------------------------
  const std::shared_ptr<LoopLink> link;
  const std::uint64_t peer_id;
  const std::shared_ptr<SendBudget> budget;
  const std::string label;
  const DataChannelInit init;
  std::atomic<DataChannelState> state{DataChannelState::kConnecting};
  std::atomic<int> stream_id{-1};
  std::atomic<std::size_t> buffered{0};  // mailbox and mux together
  std::atomic<std::size_t> low_threshold{0};

  std::mutex mailbox_mutex;
  std::vector<OutgoingMessage> mailbox;  // bounded by the budget
  std::atomic<bool> has_mail{false};     // changes under the mutex

  // `data` is moved from when the message was accepted and had to wait.
  static Result<void> Send(const std::shared_ptr<Impl>& self, ByteSpan data, bool is_text);
  static Result<void> Send(const std::shared_ptr<Impl>& self, sctp::Payload& data, bool is_text);

  // Loop only.
  // -------------------------------------------------------------------------------------
  PeerConnectionCore* core = nullptr;  // empty once the channel or its connection is closed
  std::optional<sctp::ChannelId> mux_id;
  DataChannelEvents events;
  bool subscribed = false;
  bool paused_by_user = false;
  bool detached = false;  // the handle is gone: no callback starts any more
  bool open_announced = false;
  std::size_t mux_amount = 0;
  std::vector<OutgoingMessage> drained;  // DrainMailbox's; empty between two of them
  std::optional<Error> failure;  // what Send accepted could not be sent; on_closed carries it
  // Set when the channel closed before Subscribe: told then.
  std::optional<std::optional<Error>> unannounced_close;

  Result<void> Accept(std::size_t cost);
  Result<void> Mail(const std::shared_ptr<Impl>& self, sctp::Payload data, bool is_text);

  void Return(std::size_t cost);  // what Accept took

  // Subtracts what was acknowledged or dropped; true when it crossed the low threshold downward.
  bool Release(std::size_t bytes);
};

// Makes handles out of what is inside them.
class DataChannelFactory {
 public:
  static DataChannel Make(std::shared_ptr<DataChannel::Impl> impl);
  using Impl = DataChannel::Impl;
};

using ChannelImpl = DataChannelFactory::Impl;

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_DATA_CHANNEL_IMPL_H_
