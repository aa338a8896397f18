// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Controller: carries out ControllerMachine's actions.
#include <pairwire/session.h>

#include <memory>
#include <utility>

#include "peer/auth/session_secrets.h"
#include "peer/base/random.h"
#include "peer/session/controller_machine.h"
#include "peer/session/pairing_core.h"
#include "peer/session/pairings_file.h"
#include "signaling/client/pairing_call.h"

namespace pairwire {
namespace {

// A base, so that it exists before what keeps a reference to it.
struct HoldsRandom {
  SystemRandom random_;
};

// What the display and this end share. kRevoked: not any more.
Result<auth::SplitCode> RememberedMeeting(const ControllerOptions& options) {
  auto entries = PairingsFile(options.pairings_file).Read();
  if (!entries) return tl::unexpected(std::move(entries.error()));
  for (const StoredPairing& entry : *entries) {
    if (entry.shown.id != options.pairing_id || entry.shown.display) continue;
    return auth::SplitCode{auth::MeetName(entry.key),
                           auth::MeetPassword(entry.key, auth::SecretKind::kUrl)};
  }
  return Fail(Errc::kRevoked, "this pairing is not remembered any more");
}

// Where to, and by which secret.
Result<auth::SplitCode> FindMeeting(const ControllerOptions& options) {
  if (options.pairing_id.empty()) return ReadCode(options.code, !options.secret);
  if (!options.code.empty() || options.pairings_file.empty()) {
    return Fail(Errc::kInvalidArgument,
                "a remembered pairing needs the file that it stands in, and no code");
  }
  auto meeting = RememberedMeeting(options);
  if (!meeting && meeting.error().code == Errc::kRevoked) {
    return Fail(Errc::kInvalidArgument, "there is no such pairing with a display");
  }
  return meeting;
}

class ControllerCore final : private HoldsRandom,
                             public PairingCore<ControllerCore, pairing::ControllerMachine> {
 public:
  static constexpr auth::PairingRole kRole = auth::PairingRole::kController;
  static constexpr std::string_view kSends = protocol::kWebrtcAnswer;
  static constexpr std::string_view kExpects = protocol::kWebrtcOffer;

  ControllerCore(Network& network, RelayUrl url, auth::SplitCode code, ControllerOptions options,
                 ControllerEvents events)
      : PairingCore(network,
                    pairing::ControllerMachine(options.connect_timeout, !code.secret.text.empty(),
                                               options.pairing_id.empty() ? nullptr : &random_),
                    std::move(url), options.nearest_node, options.peer),
        options_(std::move(options)),
        events_(std::move(events)),
        signals_(std::move(code), random_, options_.session.allow_relay) {
    pairing_id_ = options_.pairing_id;
  }

 private:
  friend class PairingCore<ControllerCore, pairing::ControllerMachine>;
  using PairingCore::Do;

  void Do(const pairing::DoPair&) {
    if (std::exchange(tried_, true)) {
      // Only what is remembered is tried again; it may be forgotten by now.
      auto meeting = RememberedMeeting(options_);
      if (!meeting) return FeedLater(pairing::PairFailed{{std::move(meeting.error()), {}}});
      signals_.Renew(std::move(*meeting));
    }
    Result<protocol::RawJson> hello = signals_.Hello();
    if (!hello) {
      FeedLater(pairing::PairFailed{{std::move(hello.error()), {}}});
      return;
    }
    protocol::PairRequest request;
    if (options_.pairing_id.empty()) {
      request.code = signals_.lookup();
    } else {
      request.meet = signals_.lookup();
    }
    request.name = options_.name;
    request.hello = std::move(*hello);
    pair_.emplace(
        endpoint_, std::move(request),
        [this](RelayResult<protocol::PairResponse> answer) { OnPaired(std::move(answer)); });
  }

  void OnTerminated(const std::string& reason) { Feed(pairing::Terminated{reason}); }

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

  void Do(const pairing::ApplyDescription& action) {
    const Result<std::string> sdp = signals_.TakeOffer(session_id_, {action.data});
    if (!sdp) return FailRun(sdp.error());
    FeedLater(pairing::Proven{});
    if (StartLink()) link_->Answer(*sdp);
  }

  Result<protocol::RawJson> Describe(const std::string& sdp) {
    auto answer = signals_.Answer(sdp);
    if (answer && signals_.secret()) ProvenHere();
    return answer;
  }

  void Do(const pairing::TellPaired& action) {
    peer_name_ = action.name;
    const auto on_paired = events_.on_paired;
    if (on_paired) on_paired(action.name);
  }

  void Do(const pairing::HandOver&) {
    Session session = TakeSession();
    const auto on_session = events_.on_session;
    if (on_session) on_session(std::move(session));
  }

  void OnHandedOverSessionOver() {}
  void OnHandedOverSessionWaits(bool) {}

  void Do(const pairing::TellError& action) {
    const auto on_error = events_.on_error;
    if (on_error) on_error(action.error);
  }

  const ControllerOptions options_;
  const ControllerEvents events_;
  ControllerSignals signals_;
  bool tried_ = false;
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
  Result<auth::SplitCode> code = FindMeeting(options);
  if (!code) return tl::unexpected(std::move(code.error()));
  auth::Wipe({reinterpret_cast<std::uint8_t*>(options.code.data()), options.code.size()});
  options.code.clear();
  const Result<void> name = CheckPairingName(options.name);
  if (!name) return tl::unexpected(name.error());
  if (options.connect_timeout.count() < 1) {
    return Fail(Errc::kInvalidArgument, "connect_timeout must be above 0");
  }
  if (!options.pairings_file.empty()) {
    // Better known now than when somebody is to be remembered.
    const auto readable = PairingsFile(options.pairings_file).Read();
    if (!readable) return tl::unexpected(readable.error());
  }
  if (auto valid = Validate(options.peer); !valid) return tl::unexpected(valid.error());

  auto impl = std::make_shared<Impl>();
  impl->to_loop = NetworkAccess::LinkOf(network);
  const bool ran = impl->to_loop->RunAndWait([&](NetworkCore&) {
    const auto core = std::make_shared<ControllerCore>(network, std::move(*url), std::move(*code),
                                                       std::move(options), std::move(events));
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
