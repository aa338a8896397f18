// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/ice_paths.h"

#include <utility>

#include "peer/base/log.h"

namespace pairwire {
namespace {

bool Works(ice::State state) {
  return state == ice::State::kConnected || state == ice::State::kCompleted;
}

}  // namespace

// One transport and what its events mean to the whole.
class IcePaths::Generation final : public ice::Events {
 public:
  Generation(IcePaths& paths, std::uint32_t number, const ice::Credentials& local)
      : paths_(paths), number_(number), transport_(paths.factory_(local, *this)) {}

  ice::IceTransport& transport() { return *transport_; }
  std::uint32_t number() const { return number_; }
  ice::State state() const { return state_; }
  const std::optional<ice::CandidatePair>& pair() const { return pair_; }

 private:
  void OnIceCandidate(const std::string& candidate) override {
    if (paths_.IsCurrent(*this)) paths_.events_.OnPathCandidate(number_, candidate);
  }
  void OnIceGatheringDone() override {
    if (paths_.IsCurrent(*this)) paths_.events_.OnPathGatheringDone(number_);
  }
  void OnIceState(ice::State state) override {
    state_ = state;
    paths_.OnState(*this);
  }
  void OnIceSelectedPair(const ice::CandidatePair& pair) override {
    pair_ = pair;
    paths_.OnPair(*this);
  }
  void OnIceServerError(const ice::ServerError& error) override {
    if (paths_.IsCurrent(*this)) paths_.events_.OnPathServerError(error);
  }
  void OnIcePackets(std::span<const ByteSpan> packets) override { paths_.OnPackets(packets); }
  void OnIceDatagramTooLarge(std::size_t bytes) override {
    if (this == paths_.carrier_.get()) paths_.events_.OnPathDatagramTooLarge(bytes);
  }

  IcePaths& paths_;
  const std::uint32_t number_;
  ice::State state_ = ice::State::kNew;
  std::optional<ice::CandidatePair> pair_;
  std::unique_ptr<ice::IceTransport> transport_;  // last: it may not outlive what it calls
};

IcePaths::IcePaths(Loop& loop, Factory factory, IcePathsEvents& events)
    : factory_(std::move(factory)), events_(events), linger_timer_(loop, [this] {
        lingering_.reset();
        replaced_.clear();
      }) {}

IcePaths::~IcePaths() = default;

bool IcePaths::IsCurrent(const Generation& generation) const {
  return &generation == carrier_.get() || &generation == successor_.get();
}

Result<void> IcePaths::Start(std::uint32_t generation, const ice::Credentials& local) {
  auto next = std::make_unique<Generation>(*this, generation, local);
  if (role_) next->transport().SetRole(*role_);
  auto& place = carrier_ == nullptr ? carrier_ : successor_;
  auto before = std::exchange(place, std::move(next));
  if (before != nullptr) Replace(std::move(before));
  if (auto gathering = place->transport().Gather(); !gathering) {
    place.reset();
    return gathering;
  }
  return {};
}

void IcePaths::DropSuccessor() {
  if (successor_ != nullptr) Replace(std::move(successor_));
  ShowState();
}

void IcePaths::SetRole(ice::Role role) {
  role_ = role;
  for (const auto& generation : {carrier_.get(), successor_.get()}) {
    if (generation != nullptr) generation->transport().SetRole(role);
  }
}

ice::IceTransport* IcePaths::Find(std::uint32_t generation) const {
  for (const auto& candidate : {carrier_.get(), successor_.get()}) {
    if (candidate != nullptr && candidate->number() == generation) return &candidate->transport();
  }
  return nullptr;
}

Result<void> IcePaths::SetRemoteCredentials(std::uint32_t generation,
                                            const ice::Credentials& remote) {
  auto* const transport = Find(generation);
  return transport == nullptr ? Result<void>() : transport->SetRemoteCredentials(remote);
}

Result<void> IcePaths::AddRemoteCandidate(std::uint32_t generation, std::string_view candidate) {
  auto* const transport = Find(generation);
  return transport == nullptr ? Result<void>() : transport->AddRemoteCandidate(candidate);
}

void IcePaths::SetRemoteCandidatesDone(std::uint32_t generation) {
  if (auto* const transport = Find(generation)) transport->SetRemoteCandidatesDone();
}

bool IcePaths::Send(ByteSpan packet) {
  return carrier_ != nullptr && carrier_->transport().Send(packet);
}

ice::Stats IcePaths::stats() const {
  return carrier_ == nullptr ? ice::Stats{} : carrier_->transport().stats();
}

std::string IcePaths::failure_reason() const {
  const auto& newest = successor_ != nullptr ? successor_ : carrier_;
  return newest == nullptr ? std::string() : newest->transport().failure_reason();
}

void IcePaths::OnState(Generation& generation) {
  if (!IsCurrent(generation)) return;
  if (&generation == successor_.get()) {
    if (generation.state() == ice::State::kFailed && Works(carrier_->state())) {
      Log(LogLevel::kWarning,
          "ICE restart: no pair of the new generation works; the old path stays");
      Replace(std::move(successor_));
    } else if (MaybePromote()) {
      return;
    }
  }
  ShowState();
}

void IcePaths::OnPair(Generation& generation) {
  if (&generation == successor_.get()) {
    MaybePromote();
    return;
  }
  if (&generation != carrier_.get()) return;
  const auto alive = safety_.Watch();
  events_.OnPathPair(*generation.pair());
  if (*alive) ShowState();
}

// As soon as the successor has a pair; but while the carrier works, not before the successor's
// state says so too, or what is above would see it go back to checking.
bool IcePaths::MaybePromote() {
  if (!successor_->pair()) return false;
  if (!Works(successor_->state()) && Works(carrier_->state())) return false;
  Retire(std::exchange(carrier_, std::move(successor_)));
  const auto alive = safety_.Watch();
  events_.OnPathPair(*carrier_->pair());
  if (*alive) ShowState();
  return true;
}

// The one that carried before has had its time.
void IcePaths::Retire(std::unique_ptr<Generation> carrier) {
  lingering_ = std::move(carrier);
  linger_timer_.Start(kLinger);
}

void IcePaths::Replace(std::unique_ptr<Generation> successor) {
  if (replaced_.size() == kMaxReplaced) replaced_.erase(replaced_.begin());
  replaced_.push_back(std::move(successor));
  linger_timer_.Start(kLinger);
}

void IcePaths::ShowState() {
  if (carrier_ == nullptr) return;
  ice::State state = carrier_->state();
  if (successor_ != nullptr && !Works(state)) {
    // The carrier lost its path: what counts is whether the successor finds one.
    state = successor_->state() == ice::State::kFailed ? ice::State::kFailed
            : successor_->state() == ice::State::kNew  ? state
                                                       : ice::State::kChecking;
  }
  if (std::exchange(shown_, state) != state) events_.OnPathState(state);
}

}  // namespace pairwire
