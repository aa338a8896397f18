// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// PeerPair: two PeerConnections of one Network on 127.0.0.1, with their signalling wired together
// in memory, and a record of what each was told. For tests of the public API.
#ifndef PAIRWIRE_TESTS_PEER_CONNECTION_PEER_PAIR_H_
#define PAIRWIRE_TESTS_PEER_CONNECTION_PEER_PAIR_H_

#include <gtest/gtest.h>
#include <pairwire/network.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/wait.h"

namespace pairwire::test {

inline PeerConfiguration LoopbackConfiguration() {
  PeerConfiguration configuration;
  configuration.bind_addresses = {"127.0.0.1"};
  configuration.enable_ice_tcp = false;
  return configuration;
}

inline std::unique_ptr<Network> MakeNetwork() {
  auto network = Network::Create();
  EXPECT_TRUE(network) << ToString(network.error());
  return network ? std::move(*network) : nullptr;
}

// What one channel was told.
struct ChannelRecord {
  bool open = false;
  std::vector<std::string> messages;
  std::size_t bytes = 0;
  int low_events = 0;
  bool closed = false;
  std::optional<Error> error;
};

// Keeps a channel and its record together.
class RecordedChannel {
 public:
  RecordedChannel() = default;
  explicit RecordedChannel(DataChannel channel) : channel_(std::move(channel)) { Subscribe(); }

  void Assign(DataChannel channel) {
    channel_ = std::move(channel);
    Subscribe();
  }

  void Subscribe() {
    auto record = record_;
    channel_.Subscribe(
        {.on_open = [record] { record->Update([](ChannelRecord& r) { r.open = true; }); },
         .on_message =
             [record](const Message& message) {
               record->Update([&](ChannelRecord& r) {
                 r.bytes += message.data.size();
                 if (message.data.size() <= 64) {
                   r.messages.push_back((message.is_text ? "t:" : "b:") +
                                        std::string(AsText(message.data)));
                 } else {
                   r.messages.push_back("#" + std::to_string(message.data.size()));
                 }
               });
             },
         .on_buffered_amount_low =
             [record] { record->Update([](ChannelRecord& r) { ++r.low_events; }); },
         .on_closed =
             [record](std::optional<Error> error) {
               record->Update([&](ChannelRecord& r) {
                 r.closed = true;
                 r.error = error;
               });
             }});
  }

  DataChannel& channel() { return channel_; }
  Watched<ChannelRecord>& record() { return *record_; }

  bool WaitOpen() {
    return record_->WaitUntil([](const ChannelRecord& r) { return r.open; });
  }
  bool WaitClosed() {
    return record_->WaitUntil([](const ChannelRecord& r) { return r.closed; });
  }
  bool WaitMessages(std::size_t count) {
    return record_->WaitUntil([&](const ChannelRecord& r) { return r.messages.size() >= count; });
  }

 private:
  std::shared_ptr<Watched<ChannelRecord>> record_ = std::make_shared<Watched<ChannelRecord>>();
  DataChannel channel_;
};

struct EndRecord {
  PeerConnectionState state = PeerConnectionState::kNew;
  std::vector<PeerConnectionState> states;
  std::optional<Error> error;
  std::vector<std::string> incoming;  // labels
  bool gathering_complete = false;
  int negotiation_needed = 0;
  std::vector<IceServerError> server_errors;
  std::vector<DataStallCause> stalls;
  std::size_t resumptions = 0;
};

// One end. Incoming channels are subscribed at once and kept by label.
struct PeerEnd {
  Watched<EndRecord> record;
  std::map<std::string, std::unique_ptr<RecordedChannel>>
      channels;                                      // loop thread, until waited for
  std::function<void(DataChannel)> on_data_channel;  // instead of keeping them
  // What the other end gets to see; a candidate that is empty then is not passed on.
  std::function<SessionDescription(SessionDescription)> mangle;
  std::function<std::optional<IceCandidate>(const IceCandidate&)> mangle_candidate;
  PeerConnection pc;  // goes first

  bool WaitState(PeerConnectionState state) {
    return record.WaitUntil([&](const EndRecord& r) { return r.state == state; });
  }
  RecordedChannel* WaitIncoming(const std::string& label) {
    const bool there = record.WaitUntil([&](const EndRecord& r) {
      return std::find(r.incoming.begin(), r.incoming.end(), label) != r.incoming.end();
    });
    return there ? channels[label].get() : nullptr;
  }
};

class PeerPair {
 public:
  explicit PeerPair(Network& network, const PeerConfiguration& a = LoopbackConfiguration(),
                    const PeerConfiguration& b = LoopbackConfiguration())
      : PeerPair(network, a, b, [] {}) {}

  // The ends on a loop each.
  PeerPair(Network& a_network, Network& b_network) : on_step_([] {}) {
    Make(a_network, LoopbackConfiguration(), a_, b_);
    Make(b_network, LoopbackConfiguration(), b_, a_);
  }

  // `on_step` runs at the start of each callback of either end.
  PeerPair(Network& network, const PeerConfiguration& a, const PeerConfiguration& b,
           std::function<void()> on_step)
      : on_step_(std::move(on_step)) {
    Make(network, a, a_, b_);
    Make(network, b, b_, a_);
  }

  PeerEnd& a() { return a_; }
  PeerEnd& b() { return b_; }

  // `a` offers. Returns at once.
  void Negotiate() { NegotiateFrom(a_, b_); }
  void NegotiateFrom(PeerEnd& offerer, PeerEnd& answerer) {
    offerer.pc.SetLocalDescription([this, &offerer, &answerer](Result<SessionDescription> offer) {
      on_step_();
      if (!offer) return;
      const auto seen = offerer.mangle ? offerer.mangle(*offer) : *offer;
      answerer.pc.SetRemoteDescription(seen, [this, &offerer, &answerer](Result<void> applied) {
        on_step_();
        if (!applied) return;
        answerer.pc.SetLocalDescription(
            [this, &offerer, &answerer](Result<SessionDescription> answer) {
              on_step_();
              if (!answer) return;
              offerer.pc.SetRemoteDescription(answerer.mangle ? answerer.mangle(*answer) : *answer,
                                              [this](Result<void>) { on_step_(); });
            });
      });
    });
  }

  bool Connect() {
    Negotiate();
    return a_.WaitState(PeerConnectionState::kConnected) &&
           b_.WaitState(PeerConnectionState::kConnected);
  }

 private:
  void Make(Network& network, const PeerConfiguration& configuration, PeerEnd& self,
            PeerEnd& other) {
    auto pc = network.CreatePeerConnection(
        configuration,
        {.on_negotiation_needed =
             [this, &self] {
               on_step_();
               self.record.Update([](EndRecord& r) { ++r.negotiation_needed; });
             },
         .on_ice_candidate =
             [this, &self, &other](const IceCandidate& candidate) {
               on_step_();
               const auto seen = self.mangle_candidate ? self.mangle_candidate(candidate)
                                                       : std::optional(candidate);
               if (seen) other.pc.AddIceCandidate(*seen);
             },
         .on_ice_candidate_error =
             [this, &self](const IceServerError& error) {
               on_step_();
               self.record.Update([&](EndRecord& r) { r.server_errors.push_back(error); });
             },
         .on_ice_gathering_state_change =
             [this, &self](IceGatheringState state) {
               on_step_();
               self.record.Update([&](EndRecord& r) {
                 r.gathering_complete = state == IceGatheringState::kComplete;
               });
             },
         .on_ice_connection_state_change = [this](IceConnectionState) { on_step_(); },
         .on_signaling_state_change = [this](SignalingState) { on_step_(); },
         .on_connection_state_change =
             [this, &self](PeerConnectionState state, std::optional<Error> error) {
               on_step_();
               self.record.Update([&](EndRecord& r) {
                 r.state = state;
                 r.states.push_back(state);
                 if (error) r.error = error;
               });
             },
         .on_data_channel =
             [this, &self](DataChannel channel) {
               on_step_();
               if (self.on_data_channel) {
                 self.on_data_channel(std::move(channel));
                 return;
               }
               const std::string label = channel.label();
               self.channels[label] = std::make_unique<RecordedChannel>(std::move(channel));
               self.record.Update([&](EndRecord& r) { r.incoming.push_back(label); });
             },
         .on_data_stalled =
             [this, &self](DataStallCause cause) {
               on_step_();
               self.record.Update([&](EndRecord& r) { r.stalls.push_back(cause); });
             },
         .on_data_resumed =
             [this, &self] {
               on_step_();
               self.record.Update([](EndRecord& r) { ++r.resumptions; });
             }});
    ASSERT_TRUE(pc) << ToString(pc.error());
    self.pc = std::move(*pc);
  }

  std::function<void()> on_step_;
  PeerEnd a_;
  PeerEnd b_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_CONNECTION_PEER_PAIR_H_
