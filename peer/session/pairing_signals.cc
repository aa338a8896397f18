// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/pairing_signals.h"

#include <algorithm>
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/session/pake_data.h"
#include "signaling/client/webrtc_signal.h"
#include "signaling/protocol/code.h"

namespace pairwire {
namespace {

using auth::AuthFailed;
using protocol::RawJson;

// A list as another stack may write it.
auth::Features Sorted(auth::Features words) {
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

// Ascending, as CheckFeatures wants them.
auth::Features PairingSignals::OwnFeatures() const {
  auth::Features features{std::string(kSessionFeature)};
  if (secret_ && allow_relay_) {
    features.emplace_back(kParkFeature);
    features.emplace_back(kRelayFeature);
  }
  return features;
}

void PairingSignals::Agree(const auth::Features& theirs) {
  features_ = auth::CommonFeatures(OwnFeatures(), theirs);
}

bool PairingSignals::Have(std::string_view feature) const {
  return std::find(features_.begin(), features_.end(), feature) != features_.end();
}

LinkForm PairingSignals::form() const {
  return Have(kSessionFeature) ? LinkForm::kLanes : LinkForm::kPlain;
}

Result<RawJson> PairingSignals::Candidate(const IceCandidate& candidate) {
  RawJson open = ToCandidateData(candidate);
  if (!secret_) return open;
  if (!end_) return AuthFailed();
  auto box = end_->Seal(auth::BoxKind::kCandidate, AsBytes(open.text));
  if (!box) return tl::unexpected(std::move(box.error()));
  return ToBoxData({{}, std::move(*box)});
}

Result<IceCandidate> PairingSignals::TakeCandidate(const RawJson& data) {
  if (!secret_) return ParseCandidateData(data);
  const Result<BoxSignal> signal = ParseBoxData(data);
  if (!end_ || !signal) return AuthFailed();
  const auto text = end_->Open(auth::BoxKind::kCandidate, signal->box);
  if (!text) return tl::unexpected(text.error());
  Result<IceCandidate> candidate = ParseCandidateData({std::string(AsText(*text))});
  // It is the other end's own, so it is wrong, not forged; but nothing good can come of it.
  if (!candidate) return AuthFailed();
  return candidate;
}

Result<void> DisplaySignals::CheckPage(std::string_view page_url) {
  SystemRandom random;
  auto url = auth::MakePairingUrl(page_url, "123456", auth::DrawUrlSecret(random));
  if (!url) return tl::unexpected(std::move(url.error()));
  return {};
}

DisplaySignals::DisplaySignals(Options options, RandomSource& random)
    : PairingSignals(options.secret, options.allow_relay, random),
      options_(std::move(options)),
      guard_({options_.letters}, random) {}

Result<PairingCode> DisplaySignals::NewCode(TimePoint now, const std::string& digits,
                                            std::chrono::seconds expires_in) {
  if (!secret_) return PairingCode{digits, expires_in};
  EndRun();
  guard_.NewCode(now, digits);
  auto url = auth::MakePairingUrl(options_.page_url, digits, guard_.url_secret());
  if (!url) return Fail(Errc::kRelayProtocol, "the relay's code is none");
  const std::chrono::seconds lifetime = auth::CodeGuard::kCodeLifetime;
  return PairingCode{auth::FormatPairingCode(digits, guard_.letters()),
                     std::min(expires_in, lifetime), std::move(*url)};
}

Result<void> DisplaySignals::Begin(TimePoint now, const RawJson& hello,
                                   std::optional<auth::SplitCode> meeting) {
  EndRun();
  if (!secret_) {
    const bool says = IsPlainHello(hello);
    const auto theirs = says ? ParseFeatureList(hello) : Result<std::vector<std::string>>();
    if (theirs) Agree(Sorted(*theirs));
    return {};
  }
  const std::optional<std::string> text = ParseHello(hello);
  if (!text) return AuthFailed();
  if (meeting && meeting_rests_ && now < *meeting_rests_) return AuthFailed();
  const bool by_meeting = meeting.has_value();
  auto run = by_meeting ? std::make_unique<auth::DisplayExchange>(std::move(*meeting),
                                                                  OwnFeatures(), random_)
                        : std::make_unique<auth::DisplayExchange>(guard_, OwnFeatures(), random_);
  // Nothing is charged, but two ends that do not fit cost work; it rests unless this one is won.
  if (by_meeting) meeting_rests_ = now + kMeetingPause;
  auto knocked = run->HandleHello(now, *text);
  if (!knocked) return knocked;
  // Not proven yet, but part of what is: whoever changes it makes the run fail.
  Agree(run->peer_said());
  by_meeting_ = by_meeting;
  run_ = run.get();
  end_ = std::move(run);
  return {};
}

Result<RawJson> DisplaySignals::Offer(const std::string& room, const std::string& sdp) {
  if (!secret_) return ToSdpData(sdp, features_);
  if (!end_) return AuthFailed();
  const auto own = PromisedBy(sdp);
  if (!own) return tl::unexpected(own.error());
  auto offer = run_->Offer(room, sdp, *own);
  if (!offer) return tl::unexpected(std::move(offer.error()));
  return WritePake(std::move(*offer));
}

Result<std::string> DisplaySignals::TakeAnswer(TimePoint now, const RawJson& data) {
  if (!secret_) return ParseSdpData(data);
  if (!end_) return AuthFailed();
  const auto answer = ReadPake(data);
  if (!answer) return tl::unexpected(answer.error());
  auto description = run_->HandleAnswer(now, *answer);
  if (!description) return tl::unexpected(std::move(description.error()));
  features_ = run_->features();
  if (by_meeting_) meeting_rests_.reset();
  return std::move(description->sdp);
}

void DisplaySignals::EndRun() {
  run_ = nullptr;
  end_.reset();
  features_.clear();
}

ControllerSignals::ControllerSignals(auth::SplitCode code, RandomSource& random, bool allow_relay)
    : PairingSignals(!code.secret.text.empty(), allow_relay, random), lookup_(code.lookup) {
  if (secret_) Renew(std::move(code));
}

void ControllerSignals::Renew(auth::SplitCode code) {
  lookup_ = code.lookup;
  features_.clear();
  auto run = std::make_unique<auth::ControllerExchange>(std::move(code), OwnFeatures(), random_);
  run_ = run.get();
  end_ = std::move(run);
}

Result<RawJson> ControllerSignals::Hello() {
  if (!secret_) {
    const auth::Features own = OwnFeatures();
    return own.empty() ? RawJson() : ToPlainHello(own);
  }
  if (!end_) return AuthFailed();
  const auto hello = run_->Hello();
  if (!hello) return tl::unexpected(hello.error());
  return ToHello(*hello);
}

Result<std::string> ControllerSignals::TakeOffer(const std::string& room, const RawJson& data) {
  if (!secret_) {
    const auto theirs = ParseFeatureList(data);
    if (!theirs) return tl::unexpected(theirs.error());
    Agree(Sorted(*theirs));
    return ParseSdpData(data);
  }
  if (!end_) return AuthFailed();
  const auto offer = ReadPake(data);
  if (!offer) return tl::unexpected(offer.error());
  auto description = run_->HandleOffer(room, *offer);
  if (!description) return tl::unexpected(std::move(description.error()));
  features_ = run_->features();
  return std::move(description->sdp);
}

Result<RawJson> ControllerSignals::Answer(const std::string& sdp) {
  if (!secret_) return ToSdpData(sdp);
  if (!end_) return AuthFailed();
  const auto own = PromisedBy(sdp);
  if (!own) return tl::unexpected(own.error());
  auto answer = run_->Answer(sdp, *own);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return WritePake(std::move(*answer));
}

Result<auth::SplitCode> ReadCode(std::string_view typed, bool open) {
  if (typed.find('#') != std::string_view::npos || typed.find("://") != std::string_view::npos) {
    return auth::ParsePairingUrl(typed);
  }
  Result<std::string> digits = protocol::NormalizeCode(typed);
  if (!digits) {
    const bool letters = std::any_of(typed.begin(), typed.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
    if (!letters && open) return tl::unexpected(std::move(digits.error()));
    return auth::ParsePairingCode(typed);
  }
  if (!open) {
    return Fail(Errc::kInvalidArgument,
                "the letters behind the digits are missing: type all of the code");
  }
  auth::SplitCode code;
  code.lookup = std::move(*digits);
  return code;
}

}  // namespace pairwire
