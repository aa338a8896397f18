// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/delivery/session_sim_end.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "peer/base/check.h"
#include "peer/delivery/state_table.h"

namespace pairwire::test {

using delivery::FrameType;
using delivery::LinkId;
using delivery::SessionEnd;
using delivery::SessionState;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

auth::ResumeKey FirstKey() {
  auth::ResumeKey key;
  std::fill(key.writable().begin(), key.writable().end(), std::uint8_t{42});
  return key;
}

std::uint64_t HashOf(ByteSpan bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

auth::PairingRole RoleOf(int which) {
  return which == 0 ? auth::PairingRole::kDisplay : auth::PairingRole::kController;
}

constexpr std::size_t kKeys = 6;

}  // namespace

SimEnd::SimEnd(int which, const SessionCase& drawn, ManualLoop& loop, SeededRandom& random,
               History& history, SimWorld& world)
    : which_(which),
      case_(drawn),
      loop_(loop),
      random_(random),
      history_(history),
      world_(world),
      timer_(loop, [this] { OnTimer(); }),
      thaw_(loop, [this] { Thaw(); }) {}

void SimEnd::Start(bool restored) {
  std::optional<delivery::HelloKeeper> keeper;
  if (restored) {
    keeper.emplace(session_->TakeKeeper());
    keeper->LoseMemory(random_);
    Record(What::kRestored);
    over_ = false;
    taken_.clear();
    backlog_.clear();
  } else {
    keeper.emplace(RoleOf(which_), FirstKey(), auth::Features{"session.1"}, random_);
  }
  session_ = std::make_unique<SessionEnd>(
      RoleOf(which_), std::move(*keeper),
      delivery::SessionEndOptions{case_.times,
                                  {case_.outbox_bytes, case_.outbox_messages},
                                  case_.manual_ack,
                                  case_.parks,
                                  case_.first_seq},
      random_, *this);
}

void SimEnd::Kill() {
  Record(What::kKilled);
  session_.reset();
  backlog_.clear();
  timer_.Stop();
  thaw_.Stop();
  frozen_ = false;
}

bool SimEnd::connected() const {
  return session_ != nullptr && session_->state() == SessionState::kConnected;
}

// --- The process ---------------------------------------------------------------------------------

void SimEnd::Run(std::function<void(SessionEnd&)> work) {
  if (session_ == nullptr) return;
  if (frozen_) {
    backlog_.push_back(std::move(work));
    return;
  }
  work(*session_);
  Rearm();
}

void SimEnd::Freeze(Loop::Duration duration) {
  if (session_ == nullptr || frozen_) return;
  frozen_ = true;
  thaw_.Start(duration);
}

void SimEnd::Thaw() {
  frozen_ = false;
  // Timers or what waits in the sockets, as it happens.
  const bool timers_first = random_.Chance(0.5);
  if (timers_first && std::exchange(timer_was_due_, false)) OnTimer();
  for (auto& work : std::exchange(backlog_, {})) {
    if (session_ != nullptr) work(*session_);
  }
  if (session_ == nullptr) return;
  if (std::exchange(timer_was_due_, false)) OnTimer();
  Rearm();
}

void SimEnd::Rearm() {
  if (const auto deadline = session_->deadline()) {
    timer_.StartAt(*deadline);
  } else {
    timer_.Stop();
  }
}

void SimEnd::OnTimer() {
  if (frozen_) {
    timer_was_due_ = true;
    return;
  }
  if (session_ == nullptr) return;
  session_->OnTimer(loop_.Now());
  Rearm();
}

// --- The application -----------------------------------------------------------------------------

void SimEnd::Record(What what, std::uint64_t number, std::uint64_t last, std::uint64_t hash,
                    LinkId link) {
  const auto at = duration_cast<milliseconds>(loop_.Now().time_since_epoch()).count();
  history_.events.push_back(
      {what, which_, static_cast<std::uint64_t>(at), number, last, hash, link});
}

void SimEnd::RecordBytes() {
  Record(What::kBytes, session_->outbox().bytes(), session_->outbox().messages(),
         session_->states().bytes());
}

void SimEnd::SendSome(int messages) {
  Run([this, messages](SessionEnd& session) {
    for (int i = 0; i < messages; ++i) {
      // Numbered, so that no two are alike; some are longer.
      std::string text = std::to_string(which_) + ":" + std::to_string(++messages_);
      if (random_.Chance(0.1)) text.append(random_.NextBelow(2'000), 'x');
      const std::uint64_t hash = HashOf(AsBytes(text));
      const auto seq = session.Send(loop_.Now(), FrameType::kDataText, AsBytes(text));
      if (!seq) break;
      Record(What::kSend, *seq, 0, hash);
    }
    RecordBytes();
  });
}

void SimEnd::ChangeState() {
  Run([this](SessionEnd& session) {
    const std::uint64_t key = random_.NextBelow(kKeys);
    const std::string name(1, static_cast<char>('a' + key));
    const std::string value = std::to_string(which_) + "=" + std::to_string(++values_);
    if (!session.SetState(loop_.Now(), name, delivery::ValueKind::kText, AsBytes(value))) return;
    Record(What::kStateSet, key, 0, HashOf(AsBytes(value)));
    if (random_.Chance(0.3)) {
      (void)session.SendStream(loop_.Now(), FrameType::kStreamBinary, AsBytes(value));
    }
    RecordBytes();
  });
}

void SimEnd::AcknowledgeAll() {
  Run([this](SessionEnd& session) {
    if (over_ || taken_.empty()) return;
    // Some of them.
    const std::size_t count = 1 + random_.NextBelow(taken_.size());
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Record(What::kDeliver, taken_[i].seq, 0, taken_[i].hash);
      last = taken_[i].seq;
    }
    taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(count));
    session.Acknowledge(loop_.Now(), last);
  });
}

void SimEnd::CloseByApplication() {
  Run([this](SessionEnd& session) {
    if (over_) return;
    Record(What::kAppClosed);
    session.Close(loop_.Now());
  });
}

void SimEnd::RecordPending() {
  if (session_ == nullptr || over_) return;
  const auto pending = session_->outbox().unacked();
  Record(What::kPending, pending.first, pending.last);
}

void SimEnd::OnMessage(std::uint64_t seq, FrameType, ByteSpan message) {
  if (case_.manual_ack) {
    taken_.push_back({seq, HashOf(message), carrying_});
  } else {
    Record(What::kDeliver, seq, 0, HashOf(message), carrying_);
  }
}

void SimEnd::OnStateValue(const delivery::StateValue& state) {
  Record(What::kStateShown, static_cast<std::uint64_t>(state.key[0] - 'a'), 0, HashOf(state.value));
}

void SimEnd::OnStateCleared(std::string_view) {}
void SimEnd::OnStream(FrameType, ByteSpan) {}
void SimEnd::OnControl(const delivery::Frame&) {}
void SimEnd::OnAcked(std::uint64_t up_to) { Record(What::kAcked, up_to); }

void SimEnd::OnClosed(const delivery::ClosedReport& report) {
  over_ = true;
  taken_.clear();
  End end = End::kOther;
  if (report.reason == delivery::EndReason::kAsked) end = End::kAsked;
  if (report.reason == delivery::EndReason::kPeerLeft) end = End::kPeerLeft;
  if (report.reason == delivery::EndReason::kSessionLost) end = End::kLost;
  if (report.reason == delivery::EndReason::kPeerRestarted) end = End::kPeerRestarted;
  Record(What::kLost, report.unacknowledged.first, report.unacknowledged.last);
  Record(What::kEnded, static_cast<std::uint64_t>(end));
}

// --- The world -----------------------------------------------------------------------------------

void SimEnd::SendFrame(LinkId link, delivery::Lane lane, SharedBytes frame) {
  world_.Carry(which_, link, lane, std::move(frame));
}

std::size_t SimEnd::Room(LinkId link, delivery::Lane lane) const {
  return world_.RoomOf(which_, link, lane);
}

auth::Fingerprints SimEnd::FingerprintsOf(LinkId link) const {
  return world_.Certificates(which_, link);
}

std::optional<auth::BindTag> SimEnd::OwnBindTag(LinkId link) {
  auth::BindTag tag{};
  tag[0] = static_cast<std::uint8_t>(link);
  return tag;
}

bool SimEnd::CheckBindTag(LinkId link, ByteSpan tag) {
  return tag[0] == static_cast<std::uint8_t>(link);
}

void SimEnd::Do(const delivery::SessionMachine::Action& action) {
  if (const auto* const used = std::get_if<delivery::UseLink>(&action)) {
    // The one that was in use delivers nothing from here on; it may be opened again.
    if (session_->parked() != 0 && session_->parked() == open_link_) {
      Record(What::kLinkClose, 0, 0, 0, open_link_);
    }
    open_link_ = used->link;
    Record(What::kLinkOpen, 0, 0, 0, open_link_);
  } else if (const auto* const ended = std::get_if<delivery::EndLink>(&action)) {
    Record(What::kLinkClose, 0, 0, 0, ended->link);
  } else if (const auto* const told = std::get_if<delivery::TellState>(&action)) {
    if (told->state == SessionState::kConnected) Record(What::kOutageOver);
    if (told->state == SessionState::kRecovering || told->state == SessionState::kReconnecting) {
      Record(What::kOutage);
    }
    // A link that ended by itself.
    if (told->state == SessionState::kReconnecting) Record(What::kLinkClose, 0, 0, 0, open_link_);
  }
  world_.Act(which_, action);
}

}  // namespace pairwire::test
