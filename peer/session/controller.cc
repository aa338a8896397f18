// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Controller: carries out ControllerMachine's actions.
#include <pairwire/session.h>

#include <memory>
#include <utility>

#include "peer/session/controller_machine.h"
#include "peer/session/pairing_core.h"
#include "signaling/client/pairing_call.h"
#include "signaling/protocol/code.h"

namespace pairwire {
namespace {

class ControllerCore final : public PairingCore<ControllerCore, pairing::ControllerMachine> {
 public:
  static constexpr std::string_view kSends = protocol::kWebrtcAnswer;
  static constexpr std::string_view kExpects = protocol::kWebrtcOffer;

  ControllerCore(Network& network, RelayUrl url, ControllerOptions options, ControllerEvents events)
      : PairingCore(network, pairing::ControllerMachine(options.connect_timeout), std::move(url),
                    options.nearest_node, options.peer),
        options_(std::move(options)),
        events_(std::move(events)) {}

 private:
  friend class PairingCore<ControllerCore, pairing::ControllerMachine>;
  using PairingCore::Do;

  void Do(const pairing::DoPair&) {
    protocol::PairRequest request;
    request.code = options_.code;
    request.name = options_.name;
    pair_.emplace(
        endpoint_, std::move(request),
        [this](RelayResult<protocol::PairResponse> answer) { OnPaired(std::move(answer)); });
  }

  void OnPaired(RelayResult<protocol::PairResponse> answer) {
    if (!answer) {
      Feed(pairing::PairFailed{std::move(answer.error())});
      return;
    }
    session_id_ = answer->session_id;
    token_ = answer->controller_token;
    socket_url_ = answer->ws_url;
    Feed(pairing::PairedWith{answer->display_name});
  }

  // Acks, joins and names of later versions: nothing to do here.
  void OnOther(const protocol::Envelope&) {}

  void Do(const pairing::StartPeer&) { StartLink(); }

  void Do(const pairing::ApplyDescription& action) {
    if (link_) link_->Answer(action.sdp);
  }

  void Do(const pairing::TellPaired& action) {
    const auto on_paired = events_.on_paired;
    if (on_paired) on_paired(action.name);
  }

  void Do(const pairing::HandOver& action) {
    Session session = TakeSession(action.peer_name, nullptr);
    const auto on_session = events_.on_session;
    if (on_session) on_session(std::move(session));
  }

  void Do(const pairing::TellError& action) {
    const auto on_error = events_.on_error;
    if (on_error) on_error(action.error);
  }

  const ControllerOptions options_;
  const ControllerEvents events_;
  std::optional<PairingCall> pair_;
};

}  // namespace

struct Controller::Impl {
  std::shared_ptr<LoopLink> to_loop;
  std::weak_ptr<ControllerCore> core;
};

Result<Controller> Controller::Create(Network& network, ControllerOptions options,
                                      ControllerEvents events) {
  Result<RelayUrl> url = ParseRelayUrl(options.relay_url);
  if (!url) return tl::unexpected(std::move(url.error()));
  Result<std::string> code = protocol::NormalizeCode(options.code);
  if (!code) return tl::unexpected(std::move(code.error()));
  options.code = std::move(*code);
  const Result<void> name = CheckPairingName(options.name);
  if (!name) return tl::unexpected(name.error());
  if (options.connect_timeout.count() < 1) {
    return Fail(Errc::kInvalidArgument, "connect_timeout must be above 0");
  }
  if (auto valid = Validate(options.peer); !valid) return tl::unexpected(valid.error());

  auto impl = std::make_shared<Impl>();
  impl->to_loop = NetworkAccess::LinkOf(network);
  const bool ran = impl->to_loop->RunAndWait([&](NetworkCore&) {
    const auto core = std::make_shared<ControllerCore>(network, std::move(*url), std::move(options),
                                                       std::move(events));
    impl->core = core;
    ControllerCore::Run(core);
  });
  if (!ran) return Fail(Errc::kClosed, "the network is closing");
  return Controller(std::move(impl));
}

Controller::Controller() = default;
Controller::Controller(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Controller::Controller(Controller&&) noexcept = default;

Controller& Controller::operator=(Controller&& other) noexcept {
  Controller old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Controller::~Controller() {
  if (impl_) StopCore(*impl_->to_loop, impl_->core);
}

}  // namespace pairwire
