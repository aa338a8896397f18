// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/meeting_signals.h"

#include <algorithm>
#include <utility>

#include "peer/auth/auth_failed.h"
#include "peer/session/paired_end.h"
#include "peer/session/pake_data.h"
#include "signaling/client/webrtc_signal.h"
#include "signaling/protocol/events.h"

namespace pairwire {
namespace {

using auth::AuthFailed;
using auth::BoxKind;
using protocol::RawJson;

class MeetingProof final : public LinkProof {
 public:
  explicit MeetingProof(std::shared_ptr<auth::PairingEnd> end) : end_(std::move(end)) {}

  std::optional<auth::BindTag> Own(const auth::Fingerprints& link) override {
    // Of an earlier connection of the meeting: that one proves nothing, the exchange goes on.
    if (end_->promised() != link) return std::nullopt;
    const auto tag = end_->OwnBindTag(link.peer);
    if (!tag) return std::nullopt;
    return *tag;
  }
  bool Check(const auth::Fingerprints& link, ByteSpan tag) override {
    return end_->promised() == link && end_->CheckBindTag(tag, link.peer).has_value();
  }

 private:
  const std::shared_ptr<auth::PairingEnd> end_;
};

// Ascending, as CheckFeatures wants them.
auth::Features FeaturesOf(bool has_connection, bool allow_relay) {
  auth::Features features{std::string(kSessionFeature)};
  if (!has_connection) features.emplace_back(MeetingSignals::kNewFeature);
  if (allow_relay) features.emplace_back(kRelayFeature);
  return features;
}

}  // namespace

MeetingSignals::MeetingSignals(auth::PairingRole role, const auth::Secret<64>& meet,
                               bool has_connection, RandomSource& random, bool allow_relay)
    : role_(role), name_(auth::MeetName(meet)) {
  auth::PairingSecret password = auth::MeetPassword(meet, auth::SecretKind::kUrl);
  if (role == auth::PairingRole::kDisplay) {
    auto end = std::make_shared<auth::DisplayExchange>(auth::SplitCode{name_, std::move(password)},
                                                       FeaturesOf(true, allow_relay), random);
    display_ = end.get();
    end_ = std::move(end);
  } else {
    auth::SplitCode code;
    code.lookup = name_;
    code.secret = std::move(password);
    auto end = std::make_shared<auth::ControllerExchange>(
        std::move(code), FeaturesOf(has_connection, allow_relay), random);
    controller_ = end.get();
    end_ = std::move(end);
  }
}

Result<RawJson> MeetingSignals::Hello() {
  if (controller_ == nullptr) return Fail(Errc::kInvalidState, "a display says no hello");
  const auto hello = controller_->Hello();
  if (!hello) return tl::unexpected(hello.error());
  return ToHello(*hello);
}

Result<void> MeetingSignals::Begin(Loop::TimePoint now, const RawJson& hello) {
  const auto text = ParseHello(hello);
  if (!text || display_ == nullptr) return AuthFailed();
  return display_->HandleHello(now, *text);
}

bool MeetingSignals::peer_needs_new() const {
  if (display_ == nullptr) return false;
  const auth::Features& said = display_->peer_said();
  return std::find(said.begin(), said.end(), kNewFeature) != said.end();
}

std::optional<auth::Fingerprints> MeetingSignals::relay_names() const {
  const auth::Features& both = end_->features();
  if (std::find(both.begin(), both.end(), kRelayFeature) == both.end()) return std::nullopt;
  const auto names = end_->RelayNames();
  if (!names) return std::nullopt;
  return *names;
}

Result<auth::PakeMessage> MeetingSignals::First(std::string_view room, const std::string& sdp) {
  const auto own = PromisedBy(sdp);
  if (!own) return tl::unexpected(own.error());
  return display_ != nullptr ? display_->Offer(room, sdp, *own) : controller_->Answer(sdp, *own);
}

Result<MeetingSignals::Written> MeetingSignals::Write(std::string_view room, BoxKind kind,
                                                      const std::string& text) {
  const BoxKind own = role_ == auth::PairingRole::kDisplay ? BoxKind::kOffer : BoxKind::kAnswer;
  const std::string_view type =
      own == BoxKind::kOffer ? protocol::kWebrtcOffer : protocol::kWebrtcAnswer;
  if (kind == own && !said_) {
    auto first = First(room, text);
    if (!first) return tl::unexpected(std::move(first.error()));
    said_ = true;
    return Written{type, WritePake(std::move(*first))};
  }
  if (!said_) return Fail(Errc::kInvalidState, "nothing was proven yet");
  Result<std::string> box;
  if (kind == own) {
    const auto promised = PromisedBy(text);
    if (!promised) return tl::unexpected(promised.error());
    box = end_->SealNext(kind, room, text, *promised);
  } else {
    box = end_->Seal(kind, AsBytes(text));
  }
  if (!box) return tl::unexpected(std::move(box.error()));
  if (kind == BoxKind::kCandidate) {
    return Written{protocol::kWebrtcIceCandidate, ToBoxData({{}, std::move(*box)})};
  }
  if (kind == BoxKind::kFrame) {
    return Written{protocol::kMessageSend, ToBoxData({{}, std::move(*box)})};
  }
  BoxSignal signal{{}, std::move(*box)};
  if (kind == BoxKind::kBye) signal.kind = ToString(kind);
  return Written{type, ToBoxData(signal)};
}

Result<std::string> MeetingSignals::TakeFirst(Loop::TimePoint now, std::string_view room,
                                              const RawJson& data) {
  const auto message = ReadPake(data);
  if (!message) return tl::unexpected(message.error());
  auto description = display_ != nullptr ? display_->HandleAnswer(now, *message)
                                         : controller_->HandleOffer(room, *message);
  if (!description) return tl::unexpected(std::move(description.error()));
  heard_ = true;
  return std::move(description->sdp);
}

Result<MeetingSignals::Said> MeetingSignals::Read(Loop::TimePoint now, std::string_view room,
                                                  std::string_view type, const RawJson& data) {
  const bool display = role_ == auth::PairingRole::kDisplay;
  const BoxKind expected = display ? BoxKind::kAnswer : BoxKind::kOffer;
  const bool description = type == (display ? protocol::kWebrtcAnswer : protocol::kWebrtcOffer);
  const bool frame = type == protocol::kMessageReceived;
  if (!description && !frame && type != protocol::kWebrtcIceCandidate) return AuthFailed();
  if (description && !heard_) {
    auto sdp = TakeFirst(now, room, data);
    if (!sdp) return tl::unexpected(std::move(sdp.error()));
    return Said{expected, std::move(*sdp)};
  }
  const auto signal = ParseBoxData(data);
  if (!signal || signal->box.empty()) return AuthFailed();
  if (description && signal->kind.empty()) {
    auto next = end_->OpenNext(expected, room, signal->box);
    if (!next) return tl::unexpected(std::move(next.error()));
    return Said{expected, std::move(next->sdp)};
  }
  BoxKind kind = description ? BoxKind::kBye : BoxKind::kCandidate;
  if (frame) kind = BoxKind::kFrame;
  const auto text = end_->Open(kind, signal->box);
  if (!text) return tl::unexpected(text.error());
  return Said{kind, std::string(AsText(*text))};
}

std::shared_ptr<LinkProof> MeetingSignals::proof() const {
  return std::make_shared<MeetingProof>(end_);
}

}  // namespace pairwire
