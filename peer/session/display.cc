// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Display: carries out DisplayMachine's actions.
#include <pairwire/session.h>

#include <memory>
#include <utility>

#include "peer/base/random.h"
#include "peer/session/display_machine.h"
#include "peer/session/pairing_core.h"
#include "signaling/client/event_stream.h"
#include "signaling/protocol/limits.h"

namespace pairwire {

Result<void> CheckPairingName(std::string_view name) {
  if (name.size() <= protocol::kMaxNameBytes) return {};
  return Fail(Errc::kInvalidArgument, "a name has at most 64 bytes");
}

namespace {

// A base, so that it exists before the machine that keeps a reference to it.
struct HoldsRandom {
  SystemRandom random_;
};

class DisplayCore final : private HoldsRandom,
                          public PairingCore<DisplayCore, pairing::DisplayMachine> {
 public:
  static constexpr std::string_view kSends = protocol::kWebrtcOffer;
  static constexpr std::string_view kExpects = protocol::kWebrtcAnswer;

  DisplayCore(Network& network, RelayUrl url, DisplayOptions options, DisplayEvents events)
      : PairingCore(network, pairing::DisplayMachine(random_, options.retry_delay), std::move(url),
                    options.nearest_node, options.peer),
        options_(std::move(options)),
        events_(std::move(events)) {}

 private:
  friend class PairingCore<DisplayCore, pairing::DisplayMachine>;
  using PairingCore::Do;

  void Do(const pairing::DoRegister&) {
    protocol::RegisterRequest request;
    request.display_id = display_id_;
    request.name = options_.name;
    request.design_id = options_.design_id;
    Arrive();
    request.plain = true;  // Until the code has secret letters, its length is all that guards it.
    register_ =
        RegisterDisplay(endpoint_, request, [this](RelayResult<protocol::RegisterResponse> answer) {
          OnRegistered(std::move(answer));
        });
  }

  void OnRegistered(RelayResult<protocol::RegisterResponse> answer) {
    if (!answer) {
      TryOtherRelay(answer.error().error);
      Feed(pairing::RegisterFailed{std::move(answer.error())});
      return;
    }
    session_id_ = answer->session_id;
    token_ = answer->display_token;
    socket_url_ = answer->ws_url;
    display_id_ = answer->display_id;
    events_url_ = answer->events_url;
    poll_url_ = answer->poll_url;
    last_event_id_.clear();
    const bool immediate = answer->connection == protocol::kConnectImmediate;
    Feed(pairing::RegisteredAs{{answer->code, answer->expires_in}, immediate});
  }

  void Do(const pairing::OpenStream&) {
    EventStreamOptions options;
    options.events_url = events_url_;
    options.poll_url = poll_url_;
    options.token = token_;
    options.last_event_id = last_event_id_;
    options.long_poll_only = long_poll_;
    Arrive();
    EventStreamEvents on;
    on.on_open = [this] { Feed(pairing::StreamOpened{}); };
    on.on_event = [this](const RelayEvent& event) { OnEvent(event); };
    on.on_lost = [this](const RelayFailure& failure) {
      TryOtherRelay(failure.error);
      Feed(pairing::StreamLost{failure});
    };
    stream_ = std::make_unique<EventStream>(endpoint_, std::move(options), std::move(on));
  }

  void Do(const pairing::CloseStream&) {
    if (!stream_) return;
    last_event_id_ = stream_->last_event_id();
    long_poll_ = stream_->long_polling();
    stream_.reset();
  }

  void OnEvent(const RelayEvent& event) {
    if (event.type == protocol::kPairingReady) {
      const auto ready = protocol::ParsePairingReady({event.data});
      if (ready) Feed(pairing::PairingReady{ready->controller_id, ready->name});
    } else if (event.type == protocol::kSessionTerminated) {
      const auto terminated = protocol::ParseSessionTerminated({event.data});
      Feed(pairing::Terminated{terminated ? terminated->reason : ""});
    } else if (event.type == protocol::kServerDraining) {
      FollowDraining({event.data});
    }
  }

  // On the socket of a display that waits on one.
  void OnOther(const protocol::Envelope& envelope) {
    if (envelope.type == protocol::kPairingReady) {
      const auto ready = protocol::ParsePairingReady(envelope.data);
      if (ready) Feed(pairing::PairingReady{ready->controller_id, ready->name});
    } else if (envelope.type == protocol::kUserJoined) {
      // The code was entered while there was no socket to say so on.
      const auto joined = protocol::ParseUserPresence(envelope.data);
      if (joined) Feed(pairing::PairingReady{joined->member_id, joined->name});
    }
    // Acks and names of later versions: nothing to do here.
  }

  void Do(const pairing::StartPeer&) {
    if (StartLink()) link_->Offer();
  }

  void Do(const pairing::ApplyDescription& action) {
    if (link_) link_->TakeAnswer(action.sdp);
  }

  void Do(const pairing::ShowCode& action) {
    const auto on_code = events_.on_code;
    if (on_code) on_code(action.code);
  }

  void Do(const pairing::TellPaired& action) {
    const auto on_paired = events_.on_paired;
    if (on_paired) on_paired(action.name);
  }

  void Do(const pairing::HandOver& action) {
    Session session = TakeSession(action.peer_name, [weak = self()] {
      if (const auto core = weak.lock()) core->FeedLater(pairing::SessionOver{});
    });
    const auto on_session = events_.on_session;
    if (on_session) on_session(std::move(session));
  }

  void Do(const pairing::TellError& action) {
    const auto on_error = events_.on_error;
    if (on_error) on_error(action.error);
  }

  const DisplayOptions options_;
  const DisplayEvents events_;
  std::string display_id_;  // the relay's name for this display, kept from one code to the next
  std::string events_url_;
  std::string poll_url_;
  std::string last_event_id_;
  bool long_poll_ = false;  // server-sent events did not get through once: do not try again
  std::unique_ptr<HttpCall> register_;
  std::unique_ptr<EventStream> stream_;
};

}  // namespace

struct Display::Impl {
  std::shared_ptr<LoopLink> to_loop;
  std::weak_ptr<DisplayCore> core;
};

Result<Display> Display::Create(Network& network, DisplayOptions options, DisplayEvents events) {
  Result<RelayUrl> url = ParseRelayUrl(options.relay_url);
  if (!url) return tl::unexpected(std::move(url.error()));
  const Result<void> name = CheckPairingName(options.name);
  if (!name) return tl::unexpected(name.error());
  if (options.design_id.size() > protocol::kMaxIdBytes) {
    return Fail(Errc::kInvalidArgument, "a design id has at most 64 bytes");
  }
  if (auto valid = Validate(options.peer); !valid) return tl::unexpected(valid.error());

  auto impl = std::make_shared<Impl>();
  impl->to_loop = NetworkAccess::LinkOf(network);
  const bool ran = impl->to_loop->RunAndWait([&](NetworkCore&) {
    const auto core = std::make_shared<DisplayCore>(network, std::move(*url), std::move(options),
                                                    std::move(events));
    impl->core = core;
    DisplayCore::Run(core);
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  return Display(std::move(impl));
}

Display::Display() = default;
Display::Display(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Display::Display(Display&&) noexcept = default;

Display& Display::operator=(Display&& other) noexcept {
  Display old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Display::~Display() {
  if (impl_) StopCore(*impl_->to_loop, impl_->core);
}

}  // namespace pairwire
