// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/hello_keeper.h"

#include <utility>

#include "peer/base/check.h"
#include "peer/delivery/frame.h"

namespace pairwire::delivery {
namespace {

HelloVerdict Seen(ResumeVerdict verdict) {
  switch (verdict) {
    case ResumeVerdict::kFirst:
      return HelloVerdict::kFirst;
    case ResumeVerdict::kResume:
      return HelloVerdict::kResume;
    case ResumeVerdict::kStateLost:
      return HelloVerdict::kStateLost;
    case ResumeVerdict::kCorrupt:
      return HelloVerdict::kCorrupt;
    case ResumeVerdict::kRefuse:
      return HelloVerdict::kRefuse;
  }
  return HelloVerdict::kRefuse;
}

}  // namespace

HelloKeeper::HelloKeeper(auth::PairingRole role, auth::ResumeKey first, auth::Features features,
                         RandomSource& random)
    : role_(role), plain_(false), own_features_(std::move(features)) {
  PAIRWIRE_CHECK(auth::CheckFeatures(own_features_).has_value());
  random.Fill(remembered_.mine);
  StartRatchet(std::move(first));
}

HelloKeeper::HelloKeeper(auth::PairingRole role, auth::Features features, RandomSource& random)
    : role_(role), plain_(true), own_features_(std::move(features)) {
  PAIRWIRE_CHECK(auth::CheckFeatures(own_features_).has_value());
  random.Fill(remembered_.mine);
  random.Fill(plain_secret_.writable());
}

void HelloKeeper::StartRatchet(auth::ResumeKey first) {
  secrets_ = auth::DeriveSessionSecrets(first);
  remembered_.session = secrets_->id;
  ratchet_.emplace(std::move(first));
}

Result<Bytes> HelloKeeper::Make(LinkId link, const auth::Fingerprints& fingerprints,
                                std::uint64_t last_delivered) {
  if (wiped_) return Fail(Errc::kClosed, "the session is over");
  Hello hello;
  hello.session = remembered_.session;
  hello.mine = remembered_.mine;
  hello.yours = remembered_.theirs;
  hello.counter = ++counter_;
  hello.generation = ratchet_ ? ratchet_->own() : 0;
  if (remembered_.theirs == Epoch{}) hello.flags |= kHelloFirst;
  if (plain_) hello.flags |= kHelloPlain;
  hello.last_delivered = {{kCommandChannel, last_delivered}};
  hello.features = own_features_;
  if (!ratchet_) {
    const auto secret = plain_secret_.bytes();
    hello.plain_secret.assign(secret.begin(), secret.end());
  }
  sent_under_[link] = hello.generation;
  return EncodeHelloWithTag(hello, ratchet_ ? &*ratchet_ : nullptr, role_, fingerprints);
}

bool HelloKeeper::TagIsRight(const ParsedHello& parsed,
                             const auth::Fingerprints& fingerprints) const {
  return auth::CheckHelloTag(*ratchet_, parsed.hello.generation, role_, fingerprints,
                             parsed.covered, parsed.tag);
}

bool HelloKeeper::TakePlainSecret(const Hello& hello) {
  // Nothing proves what this HELLO says; there is but one generation it can speak of.
  if (hello.session != auth::SessionId{} || (hello.flags & kHelloFirst) == 0 ||
      hello.generation != 0 || hello.plain_secret.size() != auth::kContributionBytes) {
    return false;
  }
  const ByteSpan own = plain_secret_.bytes();
  const ByteSpan theirs = hello.plain_secret;
  const bool display = role_ == auth::PairingRole::kDisplay;
  StartRatchet(display ? auth::PlainFirstKey(own, theirs) : auth::PlainFirstKey(theirs, own));
  auth::Wipe(plain_secret_.writable());
  return true;
}

HelloKeeper::Judgement HelloKeeper::See(const auth::Fingerprints& fingerprints, ByteSpan payload,
                                        std::uint64_t sent) {
  if (wiped_) return {HelloVerdict::kRefuse, 0};
  auto parsed = ParseHello(payload);
  if (!parsed) return {HelloVerdict::kMalformed, 0};
  Hello& hello = parsed->hello;
  if (((hello.flags & kHelloPlain) != 0) != plain_) return {HelloVerdict::kWrongTag, 0};
  if (ratchet_) {
    if (!TagIsRight(*parsed, fingerprints)) return {HelloVerdict::kWrongTag, 0};
  } else {
    if (!TakePlainSecret(hello)) return {HelloVerdict::kWrongTag, 0};
    hello.session = remembered_.session;
  }
  const ResumeVerdict verdict = Judge(remembered_, hello, sent);
  if (verdict != ResumeVerdict::kFirst && verdict != ResumeVerdict::kResume) {
    return {Seen(verdict), 0};
  }
  remembered_.theirs = hello.mine;
  remembered_.their_counter = hello.counter;
  features_ = auth::CommonFeatures(own_features_, hello.features);
  ratchet_->Agree(hello.generation);
  return {Seen(verdict), *hello.LastDelivered(kCommandChannel)};
}

void HelloKeeper::Settle(LinkId link) {
  const auto sent = sent_under_.find(link);
  if (sent == sent_under_.end() || !ratchet_) return;
  ratchet_->Settle(sent->second);
  sent_under_.erase(sent);
}

void HelloKeeper::LoseMemory(RandomSource& random) {
  random.Fill(remembered_.mine);
  remembered_.theirs = {};
  remembered_.their_counter = 0;
  sent_under_.clear();
}

void HelloKeeper::Wipe() {
  wiped_ = true;
  if (ratchet_) ratchet_->Wipe();
  secrets_.reset();
  auth::Wipe(plain_secret_.writable());
}

}  // namespace pairwire::delivery
