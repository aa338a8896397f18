// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Consent on a clock that jumps: what is asked when, what counts as an answer, and when the other
// end is disconnected and when consent ends.
#include "peer/ice/consent.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire::ice {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Credentials kLocal{"ours", "our-password-of-22-chars"};
const Credentials kRemote{"theirs", "their-password-of-22-chars"};

class ConsentTest : public ::testing::Test, public Consent::Sink {
 protected:
  void Begin(ConsentOptions options = {}) {
    consent_ =
        std::make_unique<Consent>(loop_, random_, options, kLocal, kRemote, controlling_, *this);
    started_ = loop_.Now();
    consent_->Start();
  }

  void SendConsentRequest(ByteSpan request) override {
    requests_.emplace_back(request.begin(), request.end());
    times_.push_back(Elapsed());
    if (answer_) Answer(requests_.back());
  }
  void OnConsentAwaiting(bool awaiting) override { awaiting_ = awaiting; }
  void OnConsentDisconnected() override { events_.push_back("disconnected"); }
  void OnConsentRecovered() override { events_.push_back("recovered"); }
  void OnConsentExpired() override { events_.push_back("expired"); }

  static Bytes ResponseTo(const Bytes& request, std::string_view password = kRemote.password,
                          StunType type = StunType::kBindingSuccess) {
    StunBuilder builder(type, StunMessage::Parse(request)->id());
    builder.AddIntegrity(AsBytes(password)).AddFingerprint();
    return builder.bytes();
  }

  void Answer(const Bytes& request, milliseconds delay = milliseconds(20)) {
    loop_.ScheduleAt(loop_.Now() + delay,
                     [this, response = ResponseTo(request)] { consent_->OnStun(response); });
  }

  milliseconds Elapsed() const { return duration_cast<milliseconds>(loop_.Now() - started_); }

  test::ManualLoop loop_;
  test::SeededRandom random_{7};
  std::unique_ptr<Consent> consent_;
  Loop::TimePoint started_{};
  std::vector<Bytes> requests_;
  std::vector<milliseconds> times_;
  std::vector<std::string> events_;
  bool answer_ = true;
  bool controlling_ = true;
  bool awaiting_ = false;
};

TEST_F(ConsentTest, RequestIsWhatRfc8445Wants) {
  for (const bool controlling : {true, false}) {
    controlling_ = controlling;
    requests_.clear();
    Begin();
    loop_.AdvanceBy(seconds(1));
    ASSERT_EQ(requests_.size(), 1U);
    const auto message = StunMessage::Parse(requests_[0]);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->type(), StunType::kBindingRequest);
    const auto username = message->Find(StunAttribute::kUsername);
    ASSERT_TRUE(username);
    EXPECT_EQ(std::string(username->begin(), username->end()), "theirs:ours");
    EXPECT_TRUE(message->HasIntegrity(AsBytes(kRemote.password)));
    EXPECT_TRUE(message->Find(StunAttribute::kPriority));
    EXPECT_EQ(message->Find(StunAttribute::kIceControlling).has_value(), controlling);
    EXPECT_EQ(message->Find(StunAttribute::kIceControlled).has_value(), !controlling);
    EXPECT_FALSE(message->Find(static_cast<StunAttribute>(0x0025)));  // USE-CANDIDATE
    EXPECT_TRUE(Consent::IsRequest(requests_[0]));
    // The fingerprint is the last attribute.
    EXPECT_EQ(requests_[0][requests_[0].size() - 8], 0x80);
    EXPECT_EQ(requests_[0][requests_[0].size() - 7], 0x28);
  }
}

TEST(ConsentRequestTest, IsKnownByATieBreakerThatNoAgentDraws) {
  const auto is_request = [](StunType type, StunAttribute role, std::uint64_t tie_breaker) {
    StunBuilder message(type, {});
    message.AddU64(role, tie_breaker);
    return Consent::IsRequest(message.bytes());
  };
  constexpr auto kAllOnes = ~std::uint64_t{0};
  EXPECT_TRUE(is_request(StunType::kBindingRequest, StunAttribute::kIceControlling, 0));
  EXPECT_TRUE(is_request(StunType::kBindingRequest, StunAttribute::kIceControlled, kAllOnes));
  EXPECT_FALSE(is_request(StunType::kBindingRequest, StunAttribute::kIceControlled, 0));
  EXPECT_FALSE(is_request(StunType::kBindingRequest, StunAttribute::kIceControlling, 1));
  EXPECT_FALSE(is_request(StunType::kBindingRequest, StunAttribute::kPriority, 0));
  EXPECT_FALSE(is_request(StunType::kBindingSuccess, StunAttribute::kIceControlling, 0));
  EXPECT_FALSE(Consent::IsRequest({}));
}

TEST_F(ConsentTest, AsksEachFiveSecondsOrSo) {
  Begin();
  loop_.AdvanceBy(std::chrono::minutes(10));
  EXPECT_TRUE(events_.empty());
  ASSERT_GE(times_.size(), 100U);
  milliseconds shortest(10'000);
  milliseconds longest(0);
  for (std::size_t i = 2; i < times_.size(); ++i) {
    const auto pause = times_[i] - times_[i - 1];
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  EXPECT_GE(shortest, milliseconds(4'000));
  EXPECT_LT(shortest, milliseconds(4'400));
  EXPECT_LE(longest, milliseconds(6'020));
  EXPECT_GT(longest, milliseconds(5'600));
  EXPECT_EQ(consent_->requests_sent(), times_.size());
  EXPECT_GE(consent_->responses_received(), times_.size() - 1);
  EXPECT_EQ(consent_->round_trip_time(), milliseconds(20));
  EXPECT_EQ(consent_->total_round_trip_time(), consent_->responses_received() * milliseconds(20));
}

TEST_F(ConsentTest, EveryRequestIsATransactionOfItsOwn) {
  answer_ = false;
  Begin();
  loop_.AdvanceBy(seconds(25));
  for (std::size_t i = 1; i < requests_.size(); ++i) {
    EXPECT_NE(StunMessage::Parse(requests_[i])->id(), StunMessage::Parse(requests_[i - 1])->id());
  }
}

TEST_F(ConsentTest, LostRequestIsFollowedByProbes) {
  Begin();
  answer_ = false;
  loop_.AdvanceBy(seconds(4));
  ASSERT_GE(times_.size(), 3U);
  EXPECT_EQ(times_[0], milliseconds(500));
  EXPECT_EQ(times_[1], milliseconds(1'500));
  EXPECT_EQ(times_[2], milliseconds(2'000));
  EXPECT_TRUE(awaiting_);
  // An answer to any of them will do, the oldest too, and ends the probes.
  EXPECT_TRUE(consent_->OnStun(ResponseTo(requests_[0])));
  EXPECT_FALSE(awaiting_);
  EXPECT_FALSE(consent_->OnStun(ResponseTo(requests_[1])));
  const auto sent = requests_.size();
  loop_.AdvanceBy(milliseconds(3'900));
  EXPECT_EQ(requests_.size(), sent);
  EXPECT_TRUE(events_.empty());
}

TEST_F(ConsentTest, DeadPeerIsDisconnectedWithinTenSecondsAndFailedAtThirty) {
  for (int run = 0; run < 200; ++run) {
    events_.clear();
    answer_ = true;
    Begin();
    // Death at any moment of the period.
    loop_.AdvanceBy(seconds(20) + milliseconds(run * 37));
    answer_ = false;
    const auto dead = Elapsed();
    ASSERT_TRUE(loop_.RunUntil([this] { return !events_.empty(); }, seconds(60)));
    EXPECT_EQ(events_[0], "disconnected");
    EXPECT_LE(Elapsed() - dead, milliseconds(10'000));
    EXPECT_GE(consent_->since_answer(), seconds(5));
    ASSERT_TRUE(loop_.RunUntil([this] { return events_.size() == 2; }, seconds(60)));
    EXPECT_EQ(events_[1], "expired");
    EXPECT_EQ(duration_cast<milliseconds>(consent_->since_answer()), seconds(30));
    EXPECT_TRUE(consent_->expired());
    const auto sent = requests_.size();
    loop_.AdvanceBy(seconds(60));
    EXPECT_EQ(requests_.size(), sent) << "RFC 7675: stop sending";
  }
}

TEST_F(ConsentTest, AnswerOrPacketEndsDisconnected) {
  answer_ = false;
  Begin();
  ASSERT_TRUE(loop_.RunUntil([this] { return consent_->disconnected(); }, seconds(20)));
  consent_->OnPacket();
  EXPECT_EQ(events_.back(), "recovered");
  ASSERT_TRUE(loop_.RunUntil([this] { return consent_->disconnected(); }, seconds(20)));
  EXPECT_TRUE(consent_->OnStun(ResponseTo(requests_.back())));
  EXPECT_EQ(events_,
            (std::vector<std::string>{"disconnected", "recovered", "disconnected", "recovered"}));
}

TEST_F(ConsentTest, PacketsDoNotRenewConsent) {
  answer_ = false;
  Begin();
  for (int i = 0; i < 299; ++i) {
    loop_.AdvanceBy(milliseconds(100));
    consent_->OnPacket();
  }
  EXPECT_EQ(events_, std::vector<std::string>{"disconnected"});
  loop_.AdvanceBy(milliseconds(100));
  EXPECT_EQ(events_, (std::vector<std::string>{"disconnected", "expired"}));
}

TEST_F(ConsentTest, PacketsWithoutAnswersAreAPathInOneDirection) {
  Begin();
  loop_.AdvanceBy(seconds(7));
  answer_ = false;
  const auto deaf_since = Elapsed();
  while (events_.empty() && Elapsed() < seconds(60)) {
    consent_->OnPacket();
    loop_.AdvanceBy(milliseconds(100));
  }
  ASSERT_FALSE(events_.empty());
  EXPECT_EQ(events_.front(), "disconnected");
  EXPECT_LE(Elapsed() - deaf_since, seconds(10)) << "twice disconnected_timeout since an answer";
  consent_->OnPacket();
  EXPECT_EQ(events_.size(), 1U) << "a packet says nothing of the other direction";
  consent_->OnStun(ResponseTo(requests_.back()));
  EXPECT_EQ(events_.back(), "recovered");
}

TEST_F(ConsentTest, OnlyAuthenticAnswersCount) {
  answer_ = false;
  Begin();
  loop_.AdvanceBy(seconds(1));
  ASSERT_EQ(requests_.size(), 1U);
  const Bytes& request = requests_[0];
  EXPECT_FALSE(consent_->OnStun({}));
  EXPECT_FALSE(consent_->OnStun(request));
  EXPECT_FALSE(consent_->OnStun(ResponseTo(request, "wrong-password")));
  EXPECT_FALSE(consent_->OnStun(ResponseTo(request, kLocal.password)));
  EXPECT_FALSE(consent_->OnStun(ResponseTo(request, kRemote.password, StunType::kBindingError)));
  EXPECT_FALSE(consent_->OnStun(
      StunBuilder(StunType::kBindingSuccess, StunMessage::Parse(request)->id()).bytes()));
  StunBuilder stranger(StunType::kBindingSuccess, MakeStunTransactionId(random_));
  stranger.AddIntegrity(AsBytes(kRemote.password));
  EXPECT_FALSE(consent_->OnStun(stranger.bytes()));
  EXPECT_TRUE(awaiting_);
  EXPECT_TRUE(consent_->OnStun(ResponseTo(request)));
  EXPECT_FALSE(consent_->OnStun(ResponseTo(request))) << "counted twice";
}

TEST_F(ConsentTest, RoleConflictTellsTheRole) {
  answer_ = false;
  Begin();
  loop_.AdvanceBy(seconds(1));
  const auto conflict = [this] {
    StunBuilder builder(StunType::kBindingError, StunMessage::Parse(requests_.back())->id());
    builder.Add(StunAttribute::kErrorCode, Bytes{0, 0, 4, 87});
    builder.AddIntegrity(AsBytes(kRemote.password));
    EXPECT_FALSE(consent_->OnStun(builder.bytes()));
    loop_.AdvanceBy({});
  };
  const auto tie_breaker = [this](StunAttribute role) {
    const auto value = StunMessage::Parse(requests_.back())->Find(role);
    return value ? Bytes(value->begin(), value->end()) : Bytes();
  };
  EXPECT_EQ(tie_breaker(StunAttribute::kIceControlling), Bytes(8, 0));
  conflict();
  ASSERT_EQ(requests_.size(), 2U) << "at once";
  EXPECT_EQ(tie_breaker(StunAttribute::kIceControlled), Bytes(8, 0xff));
  conflict();
  EXPECT_EQ(requests_.size(), 2U) << "a peer that refuses both roles is not asked faster";
  loop_.AdvanceBy(seconds(1));
  EXPECT_EQ(tie_breaker(StunAttribute::kIceControlling), Bytes(8, 0));
  EXPECT_TRUE(consent_->OnStun(ResponseTo(requests_.back())));
}

TEST_F(ConsentTest, SurvivesHeavyLoss) {
  // 30 % each way for an hour: answers are late, nothing ends.
  test::SeededRandom weather(3);
  answer_ = false;
  Begin();
  std::size_t seen = 0;
  while (Elapsed() < std::chrono::hours(1)) {
    loop_.AdvanceBy(milliseconds(100));
    for (; seen < requests_.size(); ++seen) {
      if (weather.Chance(0.49)) Answer(requests_[seen], milliseconds(80));
    }
  }
  EXPECT_FALSE(consent_->expired());
}

TEST_F(ConsentTest, NewPairIsAnAnswer) {
  answer_ = false;
  Begin();
  ASSERT_TRUE(loop_.RunUntil([this] { return consent_->disconnected(); }, seconds(20)));
  consent_->Start();
  EXPECT_EQ(events_.back(), "recovered");
  EXPECT_EQ(consent_->since_answer(), seconds(0));
}

TEST_F(ConsentTest, HintAsksAtOnceButNotTwice) {
  Begin();
  loop_.AdvanceBy(seconds(2));
  const auto sent = requests_.size();
  consent_->Hint();
  consent_->Hint();
  EXPECT_EQ(requests_.size(), sent + 1);
}

TEST_F(ConsentTest, UnansweredRequestsAreBounded) {
  ConsentOptions options;
  options.consent_timeout = std::chrono::hours(1);
  answer_ = false;
  Begin(options);
  loop_.AdvanceBy(seconds(120));
  ASSERT_GT(requests_.size(), Consent::kMaxUnanswered + 10);
  EXPECT_FALSE(consent_->OnStun(ResponseTo(requests_[0]))) << "forgotten";
  EXPECT_TRUE(consent_->OnStun(ResponseTo(requests_[requests_.size() - Consent::kMaxUnanswered])));
}

TEST_F(ConsentTest, LiteOnlyListens) {
  ConsentOptions options;
  options.passive = true;
  Begin(options);
  StunBuilder request(StunType::kBindingRequest, MakeStunTransactionId(random_));
  request.AddText(StunAttribute::kUsername, "ours:theirs").AddIntegrity(AsBytes(kLocal.password));
  for (int i = 0; i < 20; ++i) {
    loop_.AdvanceBy(seconds(5));
    EXPECT_TRUE(awaiting_);
    EXPECT_FALSE(consent_->OnStun(ByteSpan(request.bytes()).first(20)));
    EXPECT_TRUE(consent_->OnStun(request.bytes()));
  }
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(events_.empty());
  loop_.AdvanceBy(milliseconds(14'999));
  EXPECT_TRUE(events_.empty());
  loop_.AdvanceBy(milliseconds(1));
  EXPECT_EQ(events_, std::vector<std::string>{"disconnected"});
  consent_->OnPacket();
  EXPECT_EQ(events_.back(), "recovered");
  loop_.AdvanceBy(seconds(15));
  EXPECT_EQ(events_.back(), "disconnected");
  loop_.AdvanceBy(seconds(15));
  EXPECT_EQ(events_.back(), "expired");
}

}  // namespace
}  // namespace pairwire::ice
