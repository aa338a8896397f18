// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/probe.h"

#include <algorithm>
#include <utility>

#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::load {
namespace {

// What a relay may send a probe before it is read; more is a flood, and the oldest go.
constexpr std::size_t kMaxInbox = 10'000;

}  // namespace

int MemberProbe::Join(std::size_t relay, std::string_view token, TokenPlace place) {
  status_.reset();
  close_code_.reset();
  inbox_.clear();
  if (!socket_.Join(stage_.target(relay), stage_.source(relay, 0), token, place)) return 0;
  stage_.RunUntil([this] { return status_.has_value(); }, kStepDeadline);
  return status_.value_or(0);
}

void MemberProbe::OnText(MemberSocket& /*socket*/, std::string_view text) {
  auto envelope = protocol::ParseEnvelope(text);
  if (!envelope) {
    // Kept under a name that no check waits for: the relay must not send such a thing.
    protocol::Envelope unreadable;
    unreadable.type = "unreadable";
    inbox_.push_back(std::move(unreadable));
  } else {
    inbox_.push_back(std::move(*envelope));
  }
  if (inbox_.size() > kMaxInbox) inbox_.pop_front();
}

std::optional<protocol::Envelope> MemberProbe::Read(std::string_view type) {
  const auto drop_others = [&] {
    while (!inbox_.empty() && inbox_.front().type != type) inbox_.pop_front();
    return !inbox_.empty();
  };
  stage_.RunUntil([&] { return drop_others() || !socket_.is_joined(); }, kStepDeadline);
  if (!drop_others()) return std::nullopt;
  protocol::Envelope envelope = std::move(inbox_.front());
  inbox_.pop_front();
  return envelope;
}

std::size_t MemberProbe::Count(std::string_view type) const {
  return static_cast<std::size_t>(
      std::count_if(inbox_.begin(), inbox_.end(),
                    [&](const protocol::Envelope& envelope) { return envelope.type == type; }));
}

std::optional<int> MemberProbe::WaitForClose() {
  stage_.RunUntil([this] { return close_code_.has_value(); }, kStepDeadline);
  return close_code_;
}

bool MemberProbe::Ping() {
  const std::uint64_t before = socket_.pongs();
  return socket_.SendPing("load") &&
         stage_.RunUntil([&] { return socket_.pongs() > before; }, kStepDeadline);
}

int StreamProbe::Listen(std::size_t relay, const Display& display, std::string_view last_event_id) {
  status_.reset();
  ended_ = false;
  events_.clear();
  if (!stream_.Listen(stage_.target(relay), stage_.source(relay, 0), display.events_path,
                      display.token, last_event_id)) {
    return 0;
  }
  stage_.RunUntil([this] { return status_.has_value() || ended_; }, kStepDeadline);
  return status_.value_or(0);
}

void StreamProbe::OnEvent(EventStream& /*stream*/, std::string_view type, std::string_view data) {
  events_.push_back({std::string(type), std::string(data)});
  if (events_.size() > kMaxInbox) events_.pop_front();
}

std::optional<StreamProbe::Event> StreamProbe::Next() {
  stage_.RunUntil([this] { return !events_.empty() || ended_; }, kStepDeadline);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool StreamProbe::WaitForEnd() {
  return stage_.RunUntil([this] { return ended_; }, kStepDeadline);
}

Result<Couple> MakeCouple(Stage& stage, int controllers) {
  Couple couple;
  auto display = stage.RegisterOne(R"({"maxControllers":)" + std::to_string(controllers) + "}");
  if (!display) return tl::unexpected<Error>(display.error());
  couple.display = std::move(*display);
  couple.display_end = std::make_unique<MemberProbe>(stage);
  for (int i = 0; i < controllers; ++i) {
    auto paired = stage.Pair({couple.display});
    if (!paired) return tl::unexpected<Error>(paired.error());
    couple.controllers.push_back(std::move(paired->front()));
    couple.controller_ends.push_back(std::make_unique<MemberProbe>(stage));
  }
  const auto join = [](MemberProbe& probe, std::size_t relay, const std::string& token) {
    if (probe.Join(relay, token) != 101) return std::optional<protocol::Envelope>();
    return probe.Read(protocol::kWelcome);
  };
  for (std::size_t i = 0; i < couple.controllers.size(); ++i) {
    const Controller& controller = couple.controllers[i];
    if (!join(*couple.controller_ends[i], controller.relay, controller.token)) {
      return Fail(Errc::kRelayProtocol, "a controller was not welcomed");
    }
  }
  const auto welcome = join(couple.a(), couple.display.relay, couple.display.token);
  if (!welcome) return Fail(Errc::kRelayProtocol, "a display was not welcomed");
  const auto parsed = protocol::ParseWelcome(welcome->data);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  couple.display_resume_token = parsed->resume_token;
  return couple;
}

}  // namespace pairwire::load
