// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/consent.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

// RFC 7675 section 5.1: 5 s, times 0.8..1.2.
constexpr milliseconds kMinPeriod{4'000};
constexpr milliseconds kMaxPeriod{6'000};
// Requests fall on this grid of the loop's clock, so that a loop with hundreds of idle peers wakes
// ten times a second for them and not once for each. The clocks of two machines share no grid.
constexpr milliseconds kGrid{100};
// The first request only measures the round trip.
constexpr milliseconds kFirstRequest{500};
// Above any path that is of use; not much, as `disconnected` waits for it.
constexpr milliseconds kSuspectAfter{1'000};
constexpr milliseconds kProbeInterval{500};
// At 30 % loss each way five in a row are lost once in thirty times.
constexpr std::size_t kUnansweredForDisconnected = 5;
constexpr int kPassiveFactor = 3;
// Packets that come and requests that nobody answers: the path is open in one direction only.
constexpr int kOneWayFactor = 2;
constexpr int kRoleConflict = 487;
// Looking for the other end's requests costs; they come at least 4 s apart.
constexpr milliseconds kPassivePause{3'000};

// What a peer-reflexive candidate would have (RFC 8445 section 5.1.2); it makes none, as the other
// end knows the pair already.
constexpr std::uint32_t kPriority = (110U << 24) | (65535U << 8) | 255U;

// Those that never make the other end change its role.
constexpr std::uint64_t kControllingTieBreaker = 0;
constexpr std::uint64_t kControlledTieBreaker = ~std::uint64_t{0};

bool IsAll(const std::optional<ByteSpan>& value, std::uint8_t byte) {
  return value && value->size() == sizeof(std::uint64_t) &&
         std::all_of(value->begin(), value->end(), [&](std::uint8_t b) { return b == byte; });
}

}  // namespace

Consent::Consent(Loop& loop, RandomSource& random, ConsentOptions options, Credentials local,
                 Credentials remote, bool controlling, Sink& sink)
    : loop_(loop),
      random_(random),
      options_(options),
      local_(std::move(local)),
      remote_(std::move(remote)),
      sink_(sink),
      controlling_(controlling),
      request_timer_(loop, [this] { OnRequestTimer(); }),
      silence_timer_(loop, [this] { CheckSilence(); }),
      expiry_timer_(loop, [this] { Expire(); }) {}

void Consent::Start() {
  if (expired_) return;
  running_ = true;
  last_packet_ = loop_.Now();
  Answered();
  if (requests_sent_ == 0 && !options_.passive) request_timer_.Start(kFirstRequest);
}

void Consent::Stop() {
  running_ = false;
  request_timer_.Stop();
  silence_timer_.Stop();
  expiry_timer_.Stop();
  unanswered_.clear();
  sink_.OnConsentAwaiting(false);
}

bool Consent::OnStun(ByteSpan bytes) {
  if (!running_) return false;
  const auto message = StunMessage::Parse(bytes);
  if (!message) return false;
  return options_.passive ? OnRequest(*message) : OnResponse(*message);
}

bool Consent::OnResponse(const StunMessage& message) {
  const bool success = message.type() == StunType::kBindingSuccess;
  if (!success && message.type() != StunType::kBindingError) return false;
  const auto request = std::find_if(unanswered_.begin(), unanswered_.end(),
                                    [&](const Request& r) { return r.id == message.id(); });
  if (request == unanswered_.end() || !message.HasIntegrity(AsBytes(remote_.password))) {
    return false;
  }
  if (!success) {
    if (message.error_code() != kRoleConflict) return false;
    unanswered_.erase(request);
    OnRoleConflict();
    return false;
  }
  ++responses_received_;
  round_trip_time_ =
      std::chrono::duration_cast<std::chrono::microseconds>(loop_.Now() - request->sent_at);
  total_round_trip_time_ += *round_trip_time_;
  Answered();
  return true;
}

// Asks again at once, but not for ever when the other end calls both roles wrong.
void Consent::OnRoleConflict() {
  controlling_ = !controlling_;
  const auto now = loop_.Now();
  if (last_conflict_ && now - *last_conflict_ < kMinPeriod) return;
  last_conflict_ = now;
  request_timer_.Start({});
}

bool Consent::OnRequest(const StunMessage& message) {
  if (message.type() != StunType::kBindingRequest ||
      !message.HasIntegrity(AsBytes(local_.password))) {
    return false;
  }
  Answered();
  return true;
}

void Consent::Answered() {
  last_answer_ = loop_.Now();
  unanswered_.clear();
  if (options_.passive) {
    request_timer_.Start(kPassivePause);
    expiry_timer_.Start(options_.consent_timeout);
    if (!silence_timer_.active()) CheckSilence();
  } else {
    request_timer_.StartAt(NextRegular());
    silence_timer_.Stop();
    expiry_timer_.Stop();
    if (options_.consent_timeout < kMaxPeriod + kSuspectAfter) WatchExpiry();
  }
  sink_.OnConsentAwaiting(false);
  Recover();
}

void Consent::OnPacket() {
  if (!running_) return;
  last_packet_ = loop_.Now();
  if (options_.passive || last_packet_ < OneWayAt()) Recover();
}

// A NAT on the other end's side that forgot its mapping: what it sends comes through, from a new
// address, and what we send goes to the old one.
Loop::TimePoint Consent::OneWayAt() const {
  return last_answer_ + kOneWayFactor * options_.disconnected_timeout;
}

void Consent::Recover() {
  if (!std::exchange(disconnected_, false)) return;
  if (options_.passive) CheckSilence();
  sink_.OnConsentRecovered();
}

void Consent::Hint() {
  if (!running_ || options_.passive || loop_.Now() - last_request_ < kProbeInterval) return;
  request_timer_.Stop();
  OnRequestTimer();
}

void Consent::OnRequestTimer() {
  if (options_.passive) return sink_.OnConsentAwaiting(true);
  // The first one gets a second, those after it half of that.
  request_timer_.Start(unanswered_.empty() ? kSuspectAfter : kProbeInterval);
  if (!unanswered_.empty()) WatchExpiry();
  SendRequest();
  if (running_) CheckSilence();
}

void Consent::SendRequest() {
  if (unanswered_.size() == kMaxUnanswered) unanswered_.erase(unanswered_.begin());
  const Request request{MakeStunTransactionId(random_), loop_.Now()};
  const auto role = controlling_ ? StunAttribute::kIceControlling : StunAttribute::kIceControlled;
  const std::uint64_t tie_breaker = controlling_ ? kControllingTieBreaker : kControlledTieBreaker;
  StunBuilder message(StunType::kBindingRequest, request.id);
  message.AddText(StunAttribute::kUsername, remote_.ufrag + ":" + local_.ufrag)
      .AddU32(StunAttribute::kPriority, kPriority)
      .AddU64(role, tie_breaker)
      .AddIntegrity(AsBytes(remote_.password))
      .AddFingerprint();
  if (unanswered_.empty()) sink_.OnConsentAwaiting(true);
  unanswered_.push_back(request);
  last_request_ = request.sent_at;
  ++requests_sent_;
  sink_.SendConsentRequest(message.bytes());
}

bool Consent::IsRequest(ByteSpan bytes) {
  const auto message = StunMessage::Parse(bytes);
  return message && message->type() == StunType::kBindingRequest &&
         (IsAll(message->Find(StunAttribute::kIceControlling), 0) ||
          IsAll(message->Find(StunAttribute::kIceControlled), 0xff));
}

void Consent::CheckSilence() {
  if (disconnected_ || !running_) return;
  // Five, and the newest one was just sent; a passive end has nothing to count.
  if (!options_.passive && unanswered_.size() <= kUnansweredForDisconnected) return;
  const auto limit = options_.disconnected_timeout * (options_.passive ? kPassiveFactor : 1);
  auto silent_until = std::max(last_answer_, last_packet_) + limit;
  if (!options_.passive) silent_until = std::min(silent_until, OneWayAt());
  if (loop_.Now() < silent_until) return silence_timer_.StartAt(silent_until);
  disconnected_ = true;
  sink_.OnConsentDisconnected();
}

// Not before an answer is late, which it mostly never is.
void Consent::WatchExpiry() {
  if (!expiry_timer_.active()) expiry_timer_.StartAt(last_answer_ + options_.consent_timeout);
}

void Consent::Expire() {
  // Not restarted with each packet: looked at here.
  const auto renewed_until = last_packet_ + options_.consent_timeout;
  if (options_.passive && loop_.Now() < renewed_until) return expiry_timer_.StartAt(renewed_until);
  Stop();
  expired_ = true;
  disconnected_ = false;
  sink_.OnConsentExpired();
}

// kMinPeriod..kMaxPeriod from now: drawn above the former by a grid's step, and rounded down.
Loop::TimePoint Consent::NextRegular() {
  const auto spread = static_cast<std::uint64_t>((kMaxPeriod - kMinPeriod - kGrid).count());
  const auto extra = milliseconds(static_cast<std::int64_t>(random_.NextBelow(spread + 1)));
  const auto since_start =
      (loop_.Now() + kMinPeriod + kGrid + extra).time_since_epoch() / kGrid * kGrid;
  return Loop::TimePoint(since_start);
}

}  // namespace pairwire::ice
