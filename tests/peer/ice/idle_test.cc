// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What two connected ends that have nothing to say cost: consent goes past libnice, which has
// nothing to do, and libnice still gets what is not for us to answer.
#include <string>

#include "peer/ice/candidate.h"
#include "peer/ice/stun_message.h"
#include "tests/peer/ice/ice_fixture.h"
#include "tests/peer/ice/port_sender.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

class IdleTest : public IceTest {
 protected:
  // Of which checks are expected for no longer than `checks_last`.
  void Connect(milliseconds checks_last, NiceTransportOptions options = LoopbackOptions()) {
    options.checks_last = checks_last;
    NiceTransportOptions full = options;
    full.lite = false;
    a_ = &Make(options);
    b_ = &Make(full);
    Wire(*a_, *b_);
    Start(*a_, *b_, options.lite ? Role::kControlled : Role::kControlling,
          options.lite ? Role::kControlling : Role::kControlled);
    ASSERT_TRUE(WaitForCompleted(*a_, *b_));
    // libnice's check timer stops 50 ms after READY; the first consent request comes after 500 ms.
    Let(milliseconds(300));
  }

  std::uint64_t Iterations() {
    std::uint64_t sum = 0;
    On([&] { sum = a_->transport->context_iterations() + b_->transport->context_iterations(); });
    return sum;
  }

  bool WaitForIterationAfter(std::uint64_t before) {
    return WaitForLoop([&, before] {
      return a_->transport->context_iterations() + b_->transport->context_iterations() > before;
    });
  }

  bool WaitForAnswers() {
    return WaitForLoop([&] {
      return a_->transport->stats().responses_received >= 1 &&
             b_->transport->stats().responses_received >= 1;
    });
  }

  std::uint64_t AnsweredBy(End& end) {
    std::uint64_t answered = 0;
    On([&] { answered = end.transport->counters().checks_answered; });
    return answered;
  }

  // As one of b's.
  Bytes CheckOfA(const std::string& password, int more = 0x8001) const {
    StunBuilder check(StunType::kBindingRequest, {1, 2, 3});
    check
        .AddText(StunAttribute::kUsername, a_->transport->local_credentials().ufrag + ":" +
                                               b_->transport->local_credentials().ufrag)
        .AddU32(StunAttribute::kPriority, 1)
        .AddU32(static_cast<StunAttribute>(more), 0)
        .AddU64(StunAttribute::kIceControlled, 1)
        .AddIntegrity(AsBytes(password))
        .AddFingerprint();
    return check.bytes();
  }

  static int PortOf(End& end) { return ParseCandidate(end.seen.Get().candidates.at(0))->port; }

  End* a_ = nullptr;
  End* b_ = nullptr;
};

TEST_F(IdleTest, ConsentGoesPastLibnice) {
  Connect(milliseconds(50));
  const std::uint64_t before = Iterations();
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(Iterations(), before);
  EXPECT_EQ(AnsweredBy(*a_), 1U);
  EXPECT_EQ(AnsweredBy(*b_), 1U);
  // Its keepalives, which it would send each 25 s, are consent's business.
  On([&] {
    EXPECT_FALSE(a_->transport->context_has_timer());
    EXPECT_FALSE(b_->transport->context_has_timer());
  });
}

TEST_F(IdleTest, LibniceGetsChecksWhileThereMayBeNews) {
  Connect(milliseconds(10'000));
  const PortSender as_b("127.0.0.1", PortOf(*b_));
  const std::uint64_t before = Iterations();
  as_b.Send(CheckOfA(a_->transport->local_credentials().password), PortOf(*a_));
  EXPECT_TRUE(WaitForIterationAfter(before));
  // But for what asks for consent alone.
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(AnsweredBy(*a_), 1U);
  EXPECT_EQ(AnsweredBy(*b_), 1U);
}

TEST_F(IdleTest, WithoutTheFastPathLibniceAnswers) {
  NiceTransportOptions options = LoopbackOptions();
  options.fast_path = false;
  Connect(milliseconds(50), options);
  ASSERT_TRUE(WaitForAnswers());
  EXPECT_EQ(AnsweredBy(*a_), 0U);
  EXPECT_EQ(AnsweredBy(*b_), 0U);
}

// It sends no consent requests that would do for keepalives.
TEST_F(IdleTest, ALiteEndKeepsItsKeepalives) {
  NiceTransportOptions options = LoopbackOptions();
  options.lite = true;
  Connect(milliseconds(50), options);
  On([&] {
    EXPECT_TRUE(a_->transport->context_has_timer());
    EXPECT_FALSE(b_->transport->context_has_timer());
  });
}

TEST_F(IdleTest, OnlyTheOtherEndsChecksOnTheSelectedPairAreTaken) {
  Connect(milliseconds(50));
  const PortSender as_b("127.0.0.1", PortOf(*b_));
  const PortSender stranger("127.0.0.1", 0);
  const std::string password = a_->transport->local_credentials().password;
  as_b.Send(CheckOfA(password), PortOf(*a_));
  EXPECT_TRUE(WaitForLoop([&] { return a_->transport->counters().checks_answered == 1; }));

  const auto goes_to_libnice = [&](const PortSender& from, const Bytes& bytes) {
    std::uint64_t before = 0;
    On([&] { before = a_->transport->context_iterations(); });
    from.Send(bytes, PortOf(*a_));
    return WaitForLoop([&] { return a_->transport->context_iterations() > before; });
  };
  EXPECT_TRUE(goes_to_libnice(as_b, CheckOfA("not the password at all")));
  EXPECT_TRUE(goes_to_libnice(as_b, Bytes{0, 1, 0, 0}));
  EXPECT_TRUE(goes_to_libnice(as_b, Bytes(1600, 1)));
  EXPECT_TRUE(goes_to_libnice(stranger, CheckOfA(password)));
  // What must be understood and is not is answered with an error (RFC 8489 section 6.3.1).
  EXPECT_TRUE(goes_to_libnice(as_b, CheckOfA(password, 0x7fff)));
  // All but the first request are libnice's, and perhaps b's first consent request has come.
  EXPECT_LE(AnsweredBy(*a_), 2U);
}

}  // namespace
}  // namespace pairwire::ice
