// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/remembering.h"

#include <algorithm>
#include <utility>

#include "peer/base/log.h"
#include "signaling/protocol/json_scan.h"

namespace pairwire {

using delivery::Remember;
using delivery::RememberKind;

namespace {

// At most so many bytes, and no half of a character.
std::string Shortened(std::string_view name) {
  if (name.size() <= Remember::kMaxNameBytes) return std::string(name);
  std::size_t size = Remember::kMaxNameBytes;
  while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) --size;
  return std::string(name.substr(0, size));
}

void LogProblem(const Error& error) {
  if (LogWanted(LogLevel::kWarning)) Log(LogLevel::kWarning, "remembering: " + error.detail);
}

}  // namespace

Remembering::Remembering(Loop& loop, RandomSource& random, Options options,
                         RememberingEvents events)
    : options_(std::move(options)),
      file_(options_.file),
      events_(std::move(events)),
      id_(options_.pairing_id),
      agreed_(!id_.empty()),
      timer_(loop, [this] { Look(); }) {
  random.Fill(own_);
}

void Remembering::OnLink() {
  if (stopped_) return;
  answered_ = false;
  if (!agreed_ && !given_up_) Send(RememberKind::kOffer);
  if (!options_.pairing_id.empty() && !seen_) {
    const auto used = file_.Touch(id_, options_.clock());
    // Gone already: the watch says so.
    if (!used) LogProblem(used.error());
  }
  if (!id_.empty()) Watch();
}

Result<void> Remembering::OnFrame(const auth::SessionSecrets& secrets, ByteSpan payload) {
  const auto frame = delivery::ParseRemember(payload);
  if (!frame) return Fail(Errc::kParseError, "a REMEMBER frame that is none");
  if (stopped_) return {};
  // A session of a pairing that is remembered has nothing to agree on.
  if (!options_.pairing_id.empty()) return {};
  switch (frame->kind) {
    case RememberKind::kOffer:
      OnOffer(secrets, *frame);
      return {};
    case RememberKind::kAccept:
      // It may come before the other end's offer: that was answered before it was made.
      if (std::exchange(agreed_, true) || id_.empty()) return {};
      Watch();
      if (events_.on_remembered) events_.on_remembered(id_);
      return {};
    case RememberKind::kRefuse:
    case RememberKind::kForget:
      if (agreed_) return {};
      given_up_ = true;
      timer_.Stop();
      if (!id_.empty()) (void)file_.Remove(std::exchange(id_, {}));
      return {};
  }
  return {};
}

void Remembering::OnOffer(const auth::SessionSecrets& secrets, const Remember& offer) {
  if (std::exchange(answered_, true)) return;
  const bool first = !theirs_;
  if (!given_up_ && first) {
    theirs_ = offer.contribution;
    given_up_ = !Store(secrets, offer);
  }
  // One end has one session key, so one contribution: another one would make another pairing.
  const bool same = !given_up_ && *theirs_ == offer.contribution;
  Send(same ? RememberKind::kAccept : RememberKind::kRefuse);
  if (!first || given_up_ || !agreed_) return;
  Watch();
  if (events_.on_remembered) events_.on_remembered(id_);
}

bool Remembering::Store(const auth::SessionSecrets& secrets, const Remember& offer) {
  const bool display = options_.role == auth::PairingRole::kDisplay;
  StoredPairing pairing;
  pairing.key = auth::RememberedSecret(secrets, display ? own_ : offer.contribution,
                                       display ? offer.contribution : own_);
  const auto now = options_.clock();
  const std::string id = auth::RememberedId(pairing.key);
  // It is for screens and terminals.
  const std::string name = protocol::IsPlainText(offer.name) ? offer.name : std::string();
  pairing.shown = {id, name, display, now, now};
  const auto stored = file_.Put(std::move(pairing));
  if (!stored) {
    LogProblem(stored.error());
    return false;
  }
  id_ = id;
  return true;
}

void Remembering::Send(RememberKind kind) {
  Remember frame;
  frame.kind = kind;
  if (kind == RememberKind::kOffer) {
    frame.contribution = own_;
    frame.name = Shortened(options_.own_name);
  }
  events_.send(frame);
}

void Remembering::Stop() {
  stopped_ = true;
  timer_.Stop();
}

void Remembering::OnRevokedByOther() {
  Stop();
  if (id_.empty()) return;
  const auto removed = file_.Remove(std::exchange(id_, {}));
  // An entry that somebody removed here at the same time is as good.
  if (!removed && removed.error().code != Errc::kInvalidArgument) LogProblem(removed.error());
}

void Remembering::Watch() {
  if (!stopped_ && !timer_.active()) timer_.Start(kWatch);
}

void Remembering::Look() {
  timer_.Start(kWatch);
  // Taken before it is read, so that what changes in between is seen the next time.
  const PairingsFile::Stamp stamp = file_.stamp();
  if (seen_ == stamp) return;
  const auto entries = file_.Read();
  if (!entries) {
    // No word about any entry. Somebody may be repairing it.
    LogProblem(entries.error());
    return;
  }
  seen_ = stamp;
  const bool there = std::any_of(entries->begin(), entries->end(),
                                 [&](const StoredPairing& entry) { return entry.shown.id == id_; });
  if (there) return;
  timer_.Stop();
  id_.clear();
  if (events_.on_revoked) events_.on_revoked();
}

}  // namespace pairwire
