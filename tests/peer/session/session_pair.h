// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SessionPair: two SessionCores of one Network over real connections on loopback, and FakeRelay, at
// which they meet again: signals go through memory there. For tests of peer/session.
#ifndef PAIRWIRE_TESTS_PEER_SESSION_SESSION_PAIR_H_
#define PAIRWIRE_TESTS_PEER_SESSION_SESSION_PAIR_H_

#include <gtest/gtest.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/connection/network_access.h"
#include "peer/session/peer_session_link.h"
#include "peer/session/session_core.h"
#include "tests/support/wait.h"

namespace pairwire::test {

// What one end was told.
struct SessionSeen {
  bool connected = false;
  std::optional<std::optional<Error>> over;  // on_over
  std::vector<std::string> messages;
  std::vector<MessageId> ids;
  MessageId acked = 0;
  std::vector<std::string> values;  // "key=value", "key cleared"
  std::vector<std::string> streams;
  std::vector<std::string> events;  // names
  std::vector<SessionState> states;
  std::vector<std::string> channels;  // labels
  std::optional<ClosedReport> closed;
};

// Ties a link to its certificates, as a meeting's exchange does.
class FakeProof final : public LinkProof {
 public:
  explicit FakeProof(std::uint8_t key) : key_(key) {}
  std::optional<auth::BindTag> Own(const auth::Fingerprints& link) override {
    return TagOf(link.own, link.peer);
  }
  bool Check(const auth::Fingerprints& link, ByteSpan tag) override {
    const auth::BindTag right = TagOf(link.peer, link.own);
    return std::equal(tag.begin(), tag.end(), right.begin(), right.end());
  }

 private:
  auth::BindTag TagOf(const auth::Fingerprint256& own, const auth::Fingerprint256& peer) const {
    auth::BindTag tag{};
    std::copy(own.begin(), own.end(), tag.begin());
    std::copy(peer.begin(), peer.end(), tag.begin() + 32);
    for (std::uint8_t& byte : tag) byte ^= key_;
    return tag;
  }
  const std::uint8_t key_;
};

// Where the two ends meet. Loop only, but for SetUp.
class FakeRelay {
 public:
  explicit FakeRelay(Loop& loop) : loop_(loop) {}

  class End final : public Rejoin {
   public:
    End(std::shared_ptr<FakeRelay> relay, int which) : relay_(std::move(relay)), which_(which) {
      relay_->ends_[Index()] = this;
    }
    ~End() override { relay_->ends_[Index()] = nullptr; }

    void SetEvents(RejoinEvents events) override { events_ = std::move(events); }
    void Start(const auth::SessionSecrets& secrets, bool) override {
      here_ = true;
      name_ = auth::MeetName(secrets.meet);
      relay_->Match();
    }
    void Stop() override { here_ = met_ = false; }
    void Send(auth::BoxKind kind, const std::string& text) override {
      if (!met_) return;
      relay_->loop_.Post([relay = relay_, other = 1 - which_, kind, text] {
        End* const end = relay->ends_[static_cast<std::size_t>(other)];
        if (end == nullptr || !end->met_) return;
        const auto on_signal = end->events_.on_signal;
        if (on_signal) on_signal(kind, text);
      });
    }
    std::shared_ptr<LinkProof> proof() override { return std::make_shared<FakeProof>(0x5a); }

   private:
    friend class FakeRelay;
    std::size_t Index() const { return static_cast<std::size_t>(which_); }
    const std::shared_ptr<FakeRelay> relay_;
    const int which_;
    RejoinEvents events_;
    bool here_ = false;
    bool met_ = false;
    std::string name_;
  };

 private:
  void Match() {
    End* const a = ends_[0];
    End* const b = ends_[1];
    if (a == nullptr || b == nullptr || !a->here_ || !b->here_ || a->name_ != b->name_) return;
    for (End* const end : {a, b}) {
      if (std::exchange(end->met_, true)) continue;
      loop_.Post([this, which = end->which_] {
        End* const met = ends_[static_cast<std::size_t>(which)];
        const auto on_met = met != nullptr && met->met_ ? met->events_.on_met : nullptr;
        if (on_met) on_met();
      });
    }
  }

  Loop& loop_;
  std::array<End*, 2> ends_{};
};

inline PeerConfiguration SessionLoopback() {
  PeerConfiguration configuration;
  configuration.bind_addresses = {"127.0.0.1"};
  configuration.enable_ice_tcp = false;
  return configuration;
}

class SessionPair {
 public:
  using Pairings = std::array<std::unique_ptr<auth::PairingEnd>, 2>;

  struct Setup {
    bool meet = true;
    PeerConfiguration configuration = SessionLoopback();
    // Where they meet, instead of at the FakeRelay.
    std::function<std::unique_ptr<Rejoin>(auth::PairingRole)> make_rejoin;
    std::array<SessionOptions, 2> options;
    std::function<void(delivery::SessionTimes&)> times;
    // Whether later connections find candidates; none: they do.
    std::function<bool()> has_path;
    bool subscribe = true;
    bool session_layer = true;  // as PeerInfo tells it
    // Instead of a plain pairing: established exchanges of the display and the controller, given
    // the descriptions that both have really made.
    std::function<Pairings(const std::string& display_sdp, const std::string& controller_sdp)>
        pair_up;
    // Sent by both before the link is up.
    std::string early;
    // Opened by both before BIND and HELLO.
    std::string early_channel;
    // What both can do.
    auth::Features features = {"session.1"};
  };

  struct End {
    auth::PairingRole role = auth::PairingRole::kDisplay;
    std::unique_ptr<PeerLink> link;     // until it is linked
    PeerLink* latest = nullptr;         // loop only; the connection made last
    std::shared_ptr<SessionCore> core;  // made on the loop, before `connected`
    DataChannel early;
    Watched<SessionSeen> seen;
    SessionEvents extra;  // called beside what is recorded
  };

  explicit SessionPair(Network& network)
      : network_(network), loop_(NetworkAccess::LoopOf(network)) {
    display_.role = auth::PairingRole::kDisplay;
    controller_.role = auth::PairingRole::kController;
  }

  ~SessionPair() {
    OnLoop([this] {
      alive_.reset();
      for (End* const end : {&display_, &controller_}) {
        if (end->core) end->core->Detach();
        end->core.reset();
        end->link.reset();
      }
    });
  }

  End& display() { return display_; }
  End& controller() { return controller_; }
  AsioLoop& loop() { return loop_; }

  void OnLoop(std::function<void()> work) {
    NetworkAccess::LinkOf(network_)->RunAndWait([&](NetworkCore&) { work(); });
  }

  // Both connections, and the sessions over them. `Describe` may change what each end sees.
  void Start(Setup setup) {
    setup_ = std::move(setup);
    OnLoop([this] {
      relay_ = std::make_shared<FakeRelay>(loop_);
      MakeLink(display_, controller_);
      MakeLink(controller_, display_);
      display_.link->Offer();
    });
  }

  bool Connected() {
    return display_.seen.WaitUntil([](const SessionSeen& s) { return s.connected; }) &&
           controller_.seen.WaitUntil([](const SessionSeen& s) { return s.connected; });
  }

  // The connection goes without a word to the session.
  void Cut(End& end) {
    OnLoop([&end] {
      if (end.latest != nullptr) end.latest->connection().Close();
    });
  }

  SessionEvents Recorder(End& end) {
    SessionEvents on;
    Watched<SessionSeen>& seen = end.seen;
    on.on_message = [&seen, &end](const pairwire::Command& command) {
      seen.Update([&](SessionSeen& s) {
        s.messages.emplace_back(AsText(command.data));
        s.ids.push_back(command.id);
      });
      if (end.extra.on_message) end.extra.on_message(command);
    };
    on.on_event = [&seen](const pairwire::Event& event) {
      seen.Update([&](SessionSeen& s) { s.events.emplace_back(NameOf(event)); });
    };
    on.on_state_value = [&seen](std::string_view key, const std::optional<Message>& value) {
      seen.Update([&](SessionSeen& s) {
        s.values.push_back(std::string(key) + (value ? "=" + std::string(AsText(value->data))
                                                     : std::string(" cleared")));
      });
    };
    on.on_stream = [&seen](const Message& frame) {
      seen.Update([&](SessionSeen& s) { s.streams.emplace_back(AsText(frame.data)); });
    };
    on.on_acked = [&seen, &end](MessageId id) {
      if (end.extra.on_acked) end.extra.on_acked(id);
      seen.Update([&](SessionSeen& s) { s.acked = id; });
    };
    on.on_buffered_amount_low = [&end] {
      if (end.extra.on_buffered_amount_low) end.extra.on_buffered_amount_low();
    };
    on.on_state = [&seen, &end](SessionState state, std::string_view why) {
      if (end.extra.on_state) end.extra.on_state(state, why);
      seen.Update([&](SessionSeen& s) { s.states.push_back(state); });
    };
    on.on_data_channel = [&seen](DataChannel channel) {
      seen.Update([&](SessionSeen& s) { s.channels.push_back(channel.label()); });
    };
    on.on_closed = [&seen, &end](const ClosedReport& report) {
      if (end.extra.on_closed) end.extra.on_closed(report);
      seen.Update([&](SessionSeen& s) { s.closed = report; });
    };
    return on;
  }

 private:
  std::size_t IndexOf(const End& end) const { return &end == &display_ ? 0 : 1; }

  void MakeLink(End& end, End& other) {
    PeerLinkEvents on;
    on.on_description = [&end, &other](const std::string& sdp) {
      if (!other.link) return;
      if (end.role == auth::PairingRole::kDisplay) {
        other.link->Answer(sdp);
      } else {
        other.link->TakeAnswer(sdp);
      }
    };
    on.on_candidate = [&other](const IceCandidate& candidate) {
      if (other.link) other.link->AddCandidate(candidate);
    };
    on.on_linked = [this, &end] { MakeCore(end); };
    auto link = PeerLink::Create(network_, setup_.configuration, LinkForm::kLanes, std::move(on));
    ASSERT_TRUE(link) << ToString(link.error());
    end.link = std::move(*link);
    end.latest = end.link.get();
  }

  void MakeCore(End& end) {
    if (!setup_.early_channel.empty()) {
      end.early = end.latest->connection().CreateDataChannel(setup_.early_channel);
    }
    SessionStart start;
    start.role = end.role;
    start.link = std::make_unique<PeerSessionLink>(loop_, std::move(end.link));
    if (setup_.pair_up && !paired_) {
      paired_ = setup_.pair_up(display_.latest->connection().local_description()->sdp,
                               controller_.latest->connection().local_description()->sdp);
    }
    if (paired_) start.proof = std::move((*paired_)[IndexOf(end)]);
    start.features = setup_.features;
    start.peer.session_layer = setup_.session_layer;
    start.options = setup_.options[IndexOf(end)];
    if (setup_.times) setup_.times(start.times);
    if (setup_.make_rejoin) {
      start.rejoin = setup_.make_rejoin(end.role);
    } else if (setup_.meet) {
      start.rejoin = std::make_unique<FakeRelay::End>(relay_, static_cast<int>(IndexOf(end)));
    }
    start.new_link = [this, &end](PeerLinkEvents events) {
      PeerConfiguration configuration = setup_.configuration;
      // Through a TURN server only, and there is none.
      const bool has_path = !setup_.has_path || setup_.has_path();
      if (!has_path) configuration.ice_transport_policy = IceTransportPolicy::kRelay;
      auto link = PeerLink::Create(network_, configuration, LinkForm::kLanes, std::move(events));
      if (link) end.latest = link->get();
      return link;
    };
    SessionHooks hooks;
    hooks.on_connected = [&end] { end.seen.Update([](SessionSeen& s) { s.connected = true; }); };
    // A session that still closes may outlive the pair.
    hooks.on_over = [&end, alive = std::weak_ptr<bool>(alive_)](std::optional<Error> error) {
      if (alive.expired()) return;
      end.seen.Update([&](SessionSeen& s) { s.over = error; });
    };
    auto core = SessionCore::Make(NetworkAccess::LinkOf(network_), loop_, std::move(start),
                                  std::move(hooks));
    ASSERT_TRUE(core) << ToString(core.error());
    end.core = std::move(*core);
    if (setup_.subscribe) end.core->Subscribe(Recorder(end));
    if (!setup_.early.empty()) {
      EXPECT_TRUE(end.core->Send(AsBytes(setup_.early), true));
    }
  }

  Network& network_;
  AsioLoop& loop_;
  Setup setup_;
  std::optional<Pairings> paired_;
  std::shared_ptr<FakeRelay> relay_;
  End display_;
  End controller_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // loop only, but for the first time
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_PEER_SESSION_SESSION_PAIR_H_
