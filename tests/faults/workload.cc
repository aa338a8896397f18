// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/workload.h"

#include <algorithm>
#include <utility>

#include "signaling/load/probe.h"
#include "signaling/protocol/events.h"

namespace pairwire::faults {
namespace {

using namespace std::chrono_literals;

constexpr double kRunSeconds = 280;
constexpr auto kJoinAll = 30s;
constexpr auto kPairingPatience = 30'000ms;
constexpr auto kPairingPause = 100ms;
// A relay gives up what it can not deliver after 5 s; a client comes back within less.
constexpr auto kRest = 15'000ms;
constexpr auto kLastWords = 5'000ms;

}  // namespace

Workload::Workload(Options options)
    : options_(std::move(options)),
      random_(options_.seed),
      stage_([this] {
        stage_options_.relays = options_.relays;
        stage_options_.deadline_seconds = kRunSeconds;
        stage_options_.sources = 0;
        auto stage = load::Stage::Create(stage_options_);
        if (!stage) trouble_ = stage.error().detail;
        return stage ? std::move(*stage) : nullptr;
      }()),
      start_(load::Clock::now()) {
  if (!stage_) return;
  context_.stage = stage_.get();
  context_.write = [this](Line line) { Write(std::move(line)); };
  context_.random = [this](std::size_t below) {
    return std::min(below - 1,
                    static_cast<std::size_t>(random_.NextUnit() * static_cast<double>(below)));
  };
  context_.keep_secret = [this](std::string secret) { secrets_.push_back(std::move(secret)); };
  context_.relay_at = [this](std::string_view url) -> std::optional<std::size_t> {
    const auto found = std::find(options_.relays.begin(), options_.relays.end(), url);
    if (found == options_.relays.end()) return std::nullopt;
    return static_cast<std::size_t>(found - options_.relays.begin());
  };

  auto displays = stage_->Register(options_.pairs);
  if (!displays) {
    trouble_ = "register: " + displays.error().detail;
    return;
  }
  displays_ = std::move(*displays);
  const auto controllers = stage_->Pair(displays_);
  if (!controllers) {
    trouble_ = "pair: " + controllers.error().detail;
    return;
  }
  for (std::size_t i = 0; i < options_.pairs; ++i) {
    secrets_.push_back(displays_[i].code);
    secrets_.push_back(displays_[i].token);
    secrets_.push_back((*controllers)[i].token);
    // Every fourth pair has both ends at one relay.
    const std::size_t there = i % 4 == 3 ? displays_[i].relay : (*controllers)[i].relay;
    const std::string name = std::to_string(i);
    members_.push_back(
        std::make_unique<Member>(context_, name + "d", displays_[i].token, displays_[i].relay));
    members_.push_back(
        std::make_unique<Member>(context_, name + "c", (*controllers)[i].token, there));
  }
  const load::TimePoint now = load::Clock::now();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    next_send_.push_back(now + options_.send_every * i / members_.size());
  }
  Tick();
  if (!RunUntil([this] { return live() == members_.size(); }, kJoinAll)) {
    trouble_ = std::to_string(live()) + " of " + std::to_string(members_.size()) + " joined";
    return;
  }
  next_break_ = load::Clock::now() + options_.break_every;
  sending_ = true;
}

Workload::~Workload() {
  if (stage_) stage_->reactor().Cancel(timer_);
}

void Workload::Tick() {
  const load::TimePoint now = load::Clock::now();
  ++ticks_;
  timer_ = stage_->reactor().At(now + kTick, [this] { Tick(); });
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i]->Tick(now);
    if (!sending_ || now < next_send_[i]) continue;
    // What could not be sent in its time is not sent in a burst later.
    next_send_[i] = std::max(next_send_[i] + options_.send_every, now);
    members_[i]->Send();
  }
  if (sending_ && breaking_ && now >= next_break_) {
    next_break_ = now + options_.break_every;
    members_[context_.random(members_.size())]->Break();
  }
  if (also_) also_();
}

void Workload::Crowd(std::size_t relay) {
  for (std::size_t i = 0; i < members_.size(); i += 4) members_[i]->Break(relay);
}

void Workload::RunFor(std::chrono::milliseconds time) {
  if (ok()) stage_->RunFor(time);
}

bool Workload::RunUntil(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  if (ticks_ == 0) return false;  // it did not come to run
  const auto end = patient_time() + limit;
  bool is_done = false;
  stage_->RunUntil([&] { return (is_done = done()) || patient_time() >= end; }, 600s);
  return is_done;
}

void Workload::Note(What what, std::string who, std::uint64_t number, std::string detail) {
  Write({0, std::move(who), what, number, 0, std::move(detail)});
}

void Workload::Write(Line line) {
  line.at = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(load::Clock::now() - start_).count());
  const Text own{line.who, line.number};
  switch (line.what) {
    case What::kSent:
      unanswered_.emplace(own, line.socket);
      break;
    case What::kAcked:
      if (!arrived_.contains(own)) acked_.insert(own);
      unanswered_.erase(own);
      break;
    case What::kFailed:
      unanswered_.erase(own);
      break;
    case What::kGot: {
      const Text text{OtherEnd(line.who), line.number};
      arrived_.insert(text);
      acked_.erase(text);
      break;
    }
    case What::kLost:
      std::erase_if(unanswered_, [&](const auto& one) {
        return one.first.first == line.who && one.second == line.socket;
      });
      break;
    default:
      break;
  }
  history_.push_back(std::move(line));
}

std::size_t Workload::live() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const std::unique_ptr<Member>& member) { return member->is_live(); }));
}

bool Workload::IsQuiet() const {
  return unanswered_.empty() && acked_.empty() &&
         std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->is_live() || member->is_over(); });
}

bool Workload::PairOnce(std::size_t at) {
  const load::Response registered = stage_->Call(at, load::Stage::RegisterCall("{}"));
  auto display = load::Stage::ReadDisplay(registered, stage_->target(at));
  if (!display) return false;
  display->relay = at;
  secrets_.push_back(display->code);
  secrets_.push_back(display->token);
  load::StreamProbe events(*stage_);
  if (events.Listen(at, *display) != 200) return false;
  const std::size_t there = stage_->other_relay(at);
  const auto controller =
      load::Stage::ReadController(stage_->Call(there, load::Stage::PairCall(*display)));
  if (!controller) return false;
  secrets_.push_back(controller->token);
  const auto event = events.Next();
  stage_->End({*display});
  return event && event->type == protocol::kPairingReady;
}

bool Workload::WaitForPairing(const std::vector<std::size_t>& at) {
  if (!ok()) return false;
  const load::TimePoint begin = load::Clock::now();
  const auto start = patient_time();
  for (const std::size_t relay : at) {
    while (!PairOnce(relay)) {
      if (patient_time() - start > kPairingPatience) return false;
      RunFor(kPairingPause);
    }
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(load::Clock::now() - begin);
  Note(What::kPairedAgain, "-", static_cast<std::uint64_t>(took.count()));
  return true;
}

void Workload::Settle() {
  sending_ = false;
  RunUntil([this] { return IsQuiet(); }, kRest);
  Note(What::kSettled);
}

void Workload::End() {
  stage_->End(displays_);
  RunUntil(
      [this] {
        return std::all_of(members_.begin(), members_.end(),
                           [](const auto& member) { return member->is_over(); });
      },
      kLastWords);
}

}  // namespace pairwire::faults
