// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Display: carries out DisplayMachine's actions.
#include <pairwire/session.h>

#include <memory>
#include <utility>
#include <vector>

#include "peer/auth/auth_failed.h"
#include "peer/auth/session_secrets.h"
#include "peer/base/random.h"
#include "peer/session/display_machine.h"
#include "peer/session/pairing_core.h"
#include "peer/session/pairings_file.h"
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
  static constexpr auth::PairingRole kRole = auth::PairingRole::kDisplay;
  static constexpr std::string_view kSends = protocol::kWebrtcOffer;
  static constexpr std::string_view kExpects = protocol::kWebrtcAnswer;

  DisplayCore(Network& network, RelayUrl url, DisplayOptions options, DisplayEvents events)
      : PairingCore(network, pairing::DisplayMachine(random_, options.retry_delay, options.secret),
                    std::move(url), options.nearest_node, options.peer),
        options_(std::move(options)),
        events_(std::move(events)),
        signals_({options_.secret, static_cast<auth::SecretLength>(options_.code_letters),
                  options_.page_url, options_.session.allow_relay},
                 random_) {}

 private:
  friend class PairingCore<DisplayCore, pairing::DisplayMachine>;
  using PairingCore::Do;

  void Do(const pairing::DoRegister&) {
    protocol::RegisterRequest request;
    request.display_id = display_id_;
    request.name = options_.name;
    request.design_id = options_.design_id;
    place_.Arrive();
    // Without letters in the code its length is all that guards it.
    request.plain = !options_.secret;
    if (options_.secret) request.max_controllers = int{pairing::kPlaces};
    if (!std::exchange(leave_meets_out_, false)) AddMeets(request);
    register_ =
        RegisterDisplay(endpoint_, request, [this](RelayResult<protocol::RegisterResponse> answer) {
          OnRegistered(std::move(answer));
        });
  }

  // Whoever is remembered finds us by a name of its own. Read each time: what was revoked is not
  // registered any more.
  void AddMeets(protocol::RegisterRequest& request) {
    remembered_.clear();
    if (!options_.secret || options_.pairings_file.empty()) return;
    auto entries = PairingsFile(options_.pairings_file).Read();
    if (!entries) return LogNotRead(entries.error());
    for (const StoredPairing& entry : *entries) {
      if (!entry.shown.display) continue;
      if (remembered_.size() == protocol::kMaxMeets) break;
      remembered_.push_back(entry.shown.id);
      request.meets.push_back(auth::MeetName(entry.key));
    }
  }

  // The secret by which this controller comes; kAuthFailed: none, any more.
  Result<std::optional<auth::SplitCode>> MeetingOf(std::optional<std::size_t> meet) {
    pairing_id_.clear();
    if (!meet) return std::optional<auth::SplitCode>();
    auto entries = PairingsFile(options_.pairings_file).Read();
    if (!entries) LogNotRead(entries.error());
    if (!entries || *meet >= remembered_.size()) return auth::AuthFailed();
    for (const StoredPairing& entry : *entries) {
      if (entry.shown.id != remembered_[*meet]) continue;
      pairing_id_ = entry.shown.id;
      return std::optional(auth::SplitCode{auth::MeetName(entry.key),
                                           auth::MeetPassword(entry.key, auth::SecretKind::kUrl)});
    }
    return auth::AuthFailed();
  }

  static void LogNotRead(const Error& error) {
    if (LogWanted(LogLevel::kWarning)) {
      Log(LogLevel::kWarning, "remembered pairings: " + error.detail);
    }
  }

  void OnTerminated(const std::string& reason) {
    // Another display registered with the same names, so with the same file: one of the two has to
    // stand back, or they would take turns for ever.
    leave_meets_out_ = reason == protocol::kReasonReplaced;
    Feed(pairing::Terminated{reason});
  }

  void OnRegistered(RelayResult<protocol::RegisterResponse> answer) {
    if (!answer) {
      place_.TryOther(answer.error().error);
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
    auto code = signals_.NewCode(loop_.Now(), answer->code, answer->expires_in);
    if (!code) {
      Feed(pairing::RegisterFailed{{std::move(code.error()), {}}});
      return;
    }
    Feed(pairing::RegisteredAs{std::move(*code), immediate});
  }

  void Do(const pairing::OpenStream&) {
    EventStreamOptions options;
    options.events_url = events_url_;
    options.poll_url = poll_url_;
    options.token = token_;
    options.last_event_id = last_event_id_;
    options.long_poll_only = long_poll_;
    place_.Arrive();
    EventStreamEvents on;
    on.on_open = [this] { Feed(pairing::StreamOpened{}); };
    on.on_event = [this](const RelayEvent& event) { OnEvent(event); };
    on.on_lost = [this](const RelayFailure& failure) {
      place_.TryOther(failure.error);
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
      if (ready) {
        Feed(pairing::PairingReady{ready->controller_id, ready->name, ready->hello.text,
                                   ready->meet});
      }
    } else if (event.type == protocol::kSessionTerminated) {
      const auto terminated = protocol::ParseSessionTerminated({event.data});
      OnTerminated(terminated ? terminated->reason : "");
    } else if (event.type == protocol::kServerDraining) {
      FollowDraining({event.data});
    }
  }

  // On the socket of a display that waits on one.
  void OnOther(const protocol::Envelope& envelope) {
    if (envelope.type == protocol::kPairingReady) {
      const auto ready = protocol::ParsePairingReady(envelope.data);
      if (ready) {
        Feed(pairing::PairingReady{ready->controller_id, ready->name, ready->hello.text,
                                   ready->meet});
      }
    } else if (envelope.type == protocol::kUserJoined) {
      // The code was entered while there was no socket to say so on.
      const auto joined = protocol::ParseUserPresence(envelope.data);
      if (joined) Feed(pairing::PairingReady{joined->member_id, joined->name});
    }
    // Acks and names of later versions: nothing to do here.
  }

  void Do(const pairing::BeginRun& action) {
    auto meeting = MeetingOf(action.meet);
    begun_ = meeting ? signals_.Begin(loop_.Now(), {action.hello}, std::move(*meeting))
                     : Result<void>(tl::unexpected(std::move(meeting.error())));
    if (!begun_) FailRun(begun_.error());
  }

  void Do(const pairing::EndRun&) { signals_.EndRun(); }

  void Do(const pairing::StartPeer&) {
    if (begun_ && StartLink()) link_->Offer();
  }

  Result<protocol::RawJson> Describe(const std::string& sdp) {
    return signals_.Offer(session_id_, sdp);
  }

  void Do(const pairing::ApplyDescription& action) {
    const Result<std::string> sdp = signals_.TakeAnswer(loop_.Now(), {action.data});
    if (!sdp) return FailRun(sdp.error());
    if (options_.secret) FeedLater(pairing::Proven{});
    if (link_) link_->TakeAnswer(*sdp);
    if (options_.secret) ProvenHere();
  }

  void Do(const pairing::ShowCode& action) {
    const auto on_code = events_.on_code;
    if (on_code) on_code(action.code);
  }

  void Do(const pairing::TellPaired& action) {
    peer_name_ = action.name;
    const auto on_paired = events_.on_paired;
    if (on_paired) on_paired(action.name);
  }

  void Do(const pairing::HandOver&) {
    Session session = TakeSession();
    handed_out_ = SessionFactory::ImplOf(session);
    const auto on_session = events_.on_session;
    if (on_session) on_session(std::move(session));
  }

  void OnHandedOverSessionOver() { FeedLater(pairing::SessionOver{}); }

  void OnHandedOverSessionWaits(bool waits) {
    if (waits) {
      Feed(pairing::SessionWaits{});
    } else {
      Feed(pairing::SessionBack{});
    }
  }

  void Do(const pairing::EndWaiting&) {
    ForgetHandedOver();
    if (const auto waiting = handed_out_.lock()) waiting->Replaced();
  }

  void Do(const pairing::TellError& action) {
    const auto on_error = events_.on_error;
    if (on_error) on_error(action.error);
  }

  const DisplayOptions options_;
  const DisplayEvents events_;
  DisplaySignals signals_;
  std::vector<std::string> remembered_;  // ids, in the order of the registration's meets
  std::weak_ptr<SessionFactory::Impl> handed_out_;
  bool leave_meets_out_ = false;  // of the next registration
  Result<void> begun_;            // whether the controller that knocked may try
  std::string display_id_;  // the relay's name for this display, kept from one code to the next
  std::string events_url_;
  std::string poll_url_;
  std::string last_event_id_;
  bool long_poll_ = false;  // server-sent events did not get through once: do not try again
  std::unique_ptr<HttpCall> register_;
  std::unique_ptr<EventStream> stream_;
};

}  // namespace

namespace {

// Also fills in the page when none is named: the relay's own.
Result<void> CheckSecret(const RelayUrl& url, DisplayOptions& options) {
  if (!options.secret) return {};
  const int letters = options.code_letters;
  if (letters != 5 && letters != 6 && letters != 8) {
    return Fail(Errc::kInvalidArgument, "code_letters is 5, 6 or 8");
  }
  if (options.page_url.empty()) {
    options.page_url =
        std::string(url.tls ? "https://" : "http://") + url.HostHeader() + url.prefix + "/";
  }
  return DisplaySignals::CheckPage(options.page_url);
}

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
  if (auto valid = CheckSecret(*url, options); !valid) return tl::unexpected(valid.error());
  if (!options.pairings_file.empty()) {
    // Better known now than when somebody is to be remembered.
    const auto readable = PairingsFile(options.pairings_file).Read();
    if (!readable) return tl::unexpected(readable.error());
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
