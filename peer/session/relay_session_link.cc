// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/relay_session_link.h"

namespace pairwire {

using delivery::Lane;

RelaySessionLink::RelaySessionLink(Loop& loop, std::uint32_t number,
                                   const auth::Fingerprints& names, Write write)
    : loop_(loop),
      number_(number),
      names_(names),
      write_(std::move(write)),
      outbox_(number, loop.Now()),
      pace_(loop, [this] { Pump(); }),
      drain_(loop, [this] { TellClosed(); }) {}

// --- In ------------------------------------------------------------------------------------------

void RelaySessionLink::OnBox(const RelayBox& box) {
  if (peer_over_) return;
  peer_over_ = box.over;
  if (closed_) {
    if (peer_over_) TellClosed();
    return;
  }
  if (ended_) return;
  if (!outbox_.OnConfirmed(box.got)) {
    EndLater({Errc::kParseError, "the other end has got what was not sent"});
    return;
  }
  if (!box.parts.empty()) outbox_.OnReceived();
  const auto alive = safety_.Watch();
  const bool good = inbox_.Take(box.parts, [&](Lane lane, ByteSpan frame) {
    return OnFrame(lane, frame) && *alive && !ended_ && !closed_;
  });
  if (!*alive) return;
  if (!good) {
    EndLater({Errc::kParseError, "what came over the relay is no frame"});
  } else if (peer_over_) {
    EndLater({Errc::kPeerLeft, "the other end left the link"});
  } else {
    Pump();
  }
}

bool RelaySessionLink::OnFrame(Lane lane, ByteSpan frame) {
  if (listens_) {
    const auto on_frame = events_.on_frame;
    if (on_frame) on_frame(lane, frame);
    return true;
  }
  if (held_.size() == kMaxHeld ||
      frame.size() > delivery::kHeaderBytes + delivery::kMaxHelloBytes) {
    EndLater({Errc::kParseError, "the other end did not wait for our hello"});
    return false;
  }
  held_.emplace_back(lane, Bytes(frame.begin(), frame.end()));
  return true;
}

// In the order in which they came: what arrives meanwhile goes behind.
void RelaySessionLink::GiveHeld() {
  const auto alive = safety_.Watch();
  while (!held_.empty()) {
    const auto [lane, frame] = std::move(held_.front());
    held_.erase(held_.begin());
    const auto on_frame = events_.on_frame;
    if (on_frame && !closed_ && !ended_) on_frame(lane, frame);
    if (!*alive) return;
  }
  listens_ = true;
}

// --- Out -----------------------------------------------------------------------------------------

void RelaySessionLink::Send(Lane lane, SharedBytes frame) {
  if (ended_ || closed_) return;
  if (!outbox_.Queue(lane, std::move(frame))) {
    EndLater({Errc::kBufferFull, "the other end takes nothing"});
    return;
  }
  if (!std::exchange(speaks_, true)) loop_.Post(safety_.Wrap([this] { GiveHeld(); }));
  // At the turn's end, so that what is sent in one goes in one box.
  if (!pace_.active()) pace_.StartAt(loop_.Now());
}

std::size_t RelaySessionLink::Room(Lane lane) const {
  return ended_ || closed_ ? 0 : outbox_.Room(lane);
}

void RelaySessionLink::Pump() {
  if (ended_ || closed_) return;
  const bool states_waited = outbox_.Room(Lane::kState) == 0;
  const bool commands_waited = outbox_.Room(Lane::kControl) < RelayOutbox::kCommandWindow;
  while (const auto box = outbox_.Next(loop_.Now())) write_(*box);
  const auto deadline = outbox_.deadline(loop_.Now());
  if (deadline) {
    pace_.StartAt(*deadline);
  } else {
    pace_.Stop();
  }
  const bool room =
      (states_waited && outbox_.Room(Lane::kState) > 0) ||
      (commands_waited && outbox_.Room(Lane::kControl) > RelayOutbox::kCommandWindow / 2);
  // Last: it may destroy us.
  const auto on_room = events_.on_room;
  if (room && on_room) on_room();
}

// --- The end -------------------------------------------------------------------------------------

// What is noticed inside a call of the owner's, or before it has listened.
void RelaySessionLink::EndLater(Error error) {
  if (ended_) return;
  ended_ = true;
  pace_.Stop();
  loop_.Post(safety_.Wrap([this, error = std::move(error)] { End(error); }));
}

void RelaySessionLink::End(std::optional<Error> error) {
  if (closed_) return;
  const auto on_ended = events_.on_ended;
  if (on_ended) on_ended(std::move(error));
}

void RelaySessionLink::Abandon() {
  peer_over_ = true;
  if (closed_) TellClosed();
}

void RelaySessionLink::Close(std::function<void()> closed) {
  closed_ = std::move(closed);
  pace_.Stop();
  write_(outbox_.Last());
  if (peer_over_) {
    loop_.Post(safety_.Wrap([this] { TellClosed(); }));
  } else {
    drain_.Start(kDrain);
  }
}

void RelaySessionLink::TellClosed() {
  drain_.Stop();
  const auto closed = std::exchange(closed_, [] {});
  if (closed) closed();
}

}  // namespace pairwire
