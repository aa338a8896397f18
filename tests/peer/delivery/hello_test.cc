// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/delivery/hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "peer/delivery/frame.h"
#include "peer/delivery/hello_keeper.h"
#include "tests/peer/auth/auth_testing.h"
#include "tests/support/seeded_random.h"

namespace pairwire::delivery {
namespace {

using auth::PairingRole;
using test::FingerprintOfByte;

auth::ResumeKey Key(std::uint8_t byte = 7) {
  auth::ResumeKey key;
  std::fill(key.writable().begin(), key.writable().end(), byte);
  return key;
}

const auth::Fingerprints kDisplayLink{FingerprintOfByte(0xd1), FingerprintOfByte(0xc1)};
const auth::Fingerprints kControllerLink{FingerprintOfByte(0xc1), FingerprintOfByte(0xd1)};

Hello SomeHello() {
  Hello hello;
  hello.session.fill(1);
  hello.mine.fill(2);
  hello.yours.fill(3);
  hello.counter = 4;
  hello.generation = 5;
  hello.flags = kHelloFirst;
  hello.last_delivered = {{1, 6}, {9, UINT64_MAX}};
  hello.features = {"a", "session.1"};
  return hello;
}

TEST(Hello, ThereAndBackAndNothingCutShort) {
  Hello plain = SomeHello();
  plain.plain_secret = Bytes(32, 8);
  plain.features.clear();
  Hello longest = SomeHello();
  longest.features.clear();
  for (char c = 'a'; longest.features.size() < auth::kMaxFeatures; ++c) {
    longest.features.emplace_back(auth::kMaxFeatureBytes, c);
  }
  for (const Hello& hello : {SomeHello(), plain, longest}) {
    const Bytes payload = EncodeHelloWithTag(hello, nullptr, PairingRole::kDisplay, {});
    EXPECT_LE(payload.size(), kMaxHelloBytes);
    const auto parsed = ParseHello(payload);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->hello, hello);
    EXPECT_EQ(parsed->tag.size(), 64U);
    for (std::size_t cut = 0; cut < payload.size(); ++cut) {
      EXPECT_FALSE(ParseHello(ByteSpan(payload).first(cut))) << cut;
    }
    Bytes longer = payload;
    longer.push_back(0);
    EXPECT_FALSE(ParseHello(longer));
  }
  EXPECT_EQ(SomeHello().LastDelivered(9), UINT64_MAX);
  EXPECT_EQ(SomeHello().LastDelivered(2), std::nullopt);
}

TEST(Hello, FormsThatAreNone) {
  const auto parses = [](const Hello& hello) {
    return ParseHello(EncodeHelloWithTag(hello, nullptr, PairingRole::kDisplay, {})).has_value();
  };
  Hello hello = SomeHello();
  hello.flags = 4;
  EXPECT_FALSE(parses(hello)) << "kept for later";
  hello = SomeHello();
  hello.last_delivered = {{9, 1}, {1, 1}};
  EXPECT_FALSE(parses(hello));
  hello.last_delivered = {{1, 1}, {1, 1}};
  EXPECT_FALSE(parses(hello));
  hello = SomeHello();
  hello.plain_secret = Bytes(31, 1);
  EXPECT_FALSE(parses(hello));
  hello = SomeHello();
  hello.features = {"b", "a"};
  EXPECT_FALSE(parses(hello));
}

// Two ends after a first handshake, if it is wanted.
class TwoEnds : public ::testing::Test {
 protected:
  using Judgement = HelloKeeper::Judgement;

  Bytes FromDisplay(LinkId link, std::uint64_t last = 0) {
    return display_.Make(link, kDisplayLink, last).value();
  }
  Bytes FromController(LinkId link, std::uint64_t last = 0) {
    return controller_.Make(link, kControllerLink, last).value();
  }
  Judgement AtController(ByteSpan payload, std::uint64_t sent = 0) {
    return controller_.See(kControllerLink, payload, sent);
  }
  Judgement AtDisplay(ByteSpan payload, std::uint64_t sent = 0) {
    return display_.See(kDisplayLink, payload, sent);
  }
  void Shake(LinkId link) {
    const Bytes a = FromDisplay(link);
    const Bytes b = FromController(link);
    AtController(a);
    AtDisplay(b);
    display_.Settle(link);
    controller_.Settle(link);
  }

  test::SeededRandom random_{1};
  HelloKeeper display_{PairingRole::kDisplay, Key(), {"a", "b"}, random_};
  HelloKeeper controller_{PairingRole::kController, Key(), {"b", "c"}, random_};
};

using HelloTest = TwoEnds;

TEST_F(HelloTest, FirstAndResume) {
  const Bytes first = FromDisplay(1);
  EXPECT_EQ(AtController(first).verdict, HelloVerdict::kFirst);
  EXPECT_EQ(controller_.features(), (auth::Features{"b"}));
  EXPECT_EQ(AtDisplay(FromController(1)).verdict, HelloVerdict::kFirst);
  EXPECT_EQ(AtController(FromDisplay(2)).verdict, HelloVerdict::kResume);
  const auto resumed = AtDisplay(FromController(2, 9), 12);
  EXPECT_EQ(resumed.verdict, HelloVerdict::kResume);
  EXPECT_EQ(resumed.peer_last, 9U);
  EXPECT_EQ(display_.secrets()->id, controller_.secrets()->id);
}

TEST_F(HelloTest, EachFlippedBitIsRefused) {
  for (const bool resumed : {false, true}) {
    if (resumed) Shake(1);
    const Bytes good = FromDisplay(2);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes bad = good;
      bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1 << (bit % 8)));
      const auto verdict = AtController(bad).verdict;
      ASSERT_TRUE(verdict == HelloVerdict::kWrongTag || verdict == HelloVerdict::kMalformed) << bit;
    }
    EXPECT_EQ(AtController(good).verdict, resumed ? HelloVerdict::kResume : HelloVerdict::kFirst)
        << "none of them changed anything";
  }
}

TEST_F(HelloTest, ReplayOnAnotherLinkIsRefused) {
  const Bytes hello = FromDisplay(1);
  const auto seen_over = [&](const auth::Fingerprints& link) {
    return controller_.See(link, hello, 0).verdict;
  };
  EXPECT_EQ(seen_over({FingerprintOfByte(0xc2), FingerprintOfByte(0xd1)}), HelloVerdict::kWrongTag);
  EXPECT_EQ(seen_over({FingerprintOfByte(0xc1), FingerprintOfByte(0xd2)}), HelloVerdict::kWrongTag);
  EXPECT_EQ(seen_over({FingerprintOfByte(0xd1), FingerprintOfByte(0xc1)}), HelloVerdict::kWrongTag);
  EXPECT_EQ(seen_over(kControllerLink), HelloVerdict::kFirst);
}

TEST_F(HelloTest, AnEndsOwnWordsComeBackInVain) {
  const Bytes hello = FromDisplay(1);
  EXPECT_EQ(AtDisplay(hello).verdict, HelloVerdict::kWrongTag);
  EXPECT_EQ(display_.See(kControllerLink, hello, 0).verdict, HelloVerdict::kWrongTag);
}

TEST_F(HelloTest, LowerCounterIsRefused) {
  const Bytes older = FromDisplay(1);
  const Bytes newer = FromDisplay(2);
  EXPECT_EQ(AtController(newer).verdict, HelloVerdict::kFirst);
  EXPECT_EQ(AtController(older).verdict, HelloVerdict::kRefuse);
  EXPECT_EQ(AtController(newer).verdict, HelloVerdict::kRefuse);
}

TEST_F(HelloTest, AnotherKeyProvesNothing) {
  HelloKeeper stranger(PairingRole::kDisplay, Key(8), {}, random_);
  EXPECT_EQ(AtController(*stranger.Make(1, kDisplayLink, 0)).verdict, HelloVerdict::kWrongTag);
}

TEST_F(HelloTest, ALostMemoryIsSeen) {
  Shake(1);
  // The same keys, another memory.
  HelloKeeper again(PairingRole::kDisplay, Key(), {}, random_);
  EXPECT_EQ(AtController(*again.Make(1, kDisplayLink, 0)).verdict, HelloVerdict::kWrongTag)
      << "its generation is gone";
  HelloKeeper display(PairingRole::kDisplay, Key(), {}, random_);
  HelloKeeper controller(PairingRole::kController, Key(), {}, random_);
  ASSERT_EQ(controller.See(kControllerLink, *display.Make(1, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kFirst);
  HelloKeeper other(PairingRole::kDisplay, Key(), {}, random_);
  EXPECT_EQ(controller.See(kControllerLink, *other.Make(1, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kRefuse)
      << "its counter begins anew";
  (void)other.Make(2, kDisplayLink, 0);
  EXPECT_EQ(controller.See(kControllerLink, *other.Make(3, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kStateLost);
  EXPECT_EQ(other.See(kDisplayLink, *controller.Make(3, kControllerLink, 0), 0).verdict,
            HelloVerdict::kStateLost);
}

TEST_F(HelloTest, NothingAfterTheWipe) {
  const Bytes hello = FromDisplay(1);
  controller_.Wipe();
  EXPECT_EQ(AtController(hello).verdict, HelloVerdict::kRefuse);
  EXPECT_EQ(controller_.Make(2, kControllerLink, 0).error().code, Errc::kClosed);
  EXPECT_FALSE(controller_.secrets());
}

TEST(HelloPlain, TheFirstHellosMakeTheKey) {
  test::SeededRandom random(3);
  HelloKeeper display(PairingRole::kDisplay, {}, random);
  HelloKeeper controller(PairingRole::kController, {}, random);
  EXPECT_FALSE(display.secrets());
  const Bytes a = *display.Make(1, kDisplayLink, 0);
  const Bytes b = *controller.Make(1, kControllerLink, 0);
  EXPECT_EQ(ParseHello(a)->hello.session, auth::SessionId{});
  EXPECT_EQ(controller.See(kControllerLink, a, 0).verdict, HelloVerdict::kFirst);
  EXPECT_EQ(display.See(kDisplayLink, b, 0).verdict, HelloVerdict::kFirst);
  ASSERT_TRUE(display.secrets() && controller.secrets());
  EXPECT_EQ(display.secrets()->id, controller.secrets()->id);
  EXPECT_EQ(auth::MeetName(display.secrets()->meet), auth::MeetName(controller.secrets()->meet));
  // From here on a tag is wanted.
  HelloKeeper stranger(PairingRole::kDisplay, {}, random);
  EXPECT_EQ(controller.See(kControllerLink, *stranger.Make(2, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kWrongTag);
  EXPECT_EQ(controller.See(kControllerLink, *display.Make(2, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kResume);
  // No way from one kind to the other.
  HelloKeeper proved(PairingRole::kController, Key(), {}, random);
  EXPECT_EQ(proved.See(kControllerLink, *stranger.Make(3, kDisplayLink, 0), 0).verdict,
            HelloVerdict::kWrongTag);
}

TEST(HelloPlain, AGenerationThatIsNoneIsRefused) {
  test::SeededRandom random(4);
  HelloKeeper display(PairingRole::kDisplay, {}, random);
  HelloKeeper controller(PairingRole::kController, {}, random);
  Bytes hello = *display.Make(1, kDisplayLink, 0);
  hello[16 * 3 + 8 + 3] = 2;
  ASSERT_EQ(ParseHello(hello)->hello.generation, 2U);
  // Anybody could have written it: there is no tag.
  EXPECT_EQ(controller.See(kControllerLink, hello, 0).verdict, HelloVerdict::kWrongTag);
  EXPECT_FALSE(controller.secrets());
}

TEST(HelloJudge, EveryVerdict) {
  Remembered ours;
  ours.session.fill(1);
  ours.mine.fill(3);
  ours.theirs.fill(2);
  ours.their_counter = 3;
  const Hello good = [] {
    Hello hello = SomeHello();
    hello.last_delivered = {{kCommandChannel, 6}};
    return hello;
  }();
  EXPECT_EQ(Judge(ours, good, 6), ResumeVerdict::kResume);
  EXPECT_EQ(Judge(ours, good, 9), ResumeVerdict::kResume);
  EXPECT_EQ(Judge(ours, good, 5), ResumeVerdict::kCorrupt) << "never sent";
  const auto judge = [&](auto change) {
    Hello hello = good;
    Remembered remembered = ours;
    change(hello, remembered);
    return Judge(remembered, hello, 9);
  };
  using R = Remembered;
  EXPECT_EQ(judge([](Hello&, R& r) { r.theirs = {}; }), ResumeVerdict::kFirst);
  EXPECT_EQ(judge([](Hello& h, R& r) { r.theirs = {}, h.yours = {}; }), ResumeVerdict::kFirst);
  EXPECT_EQ(judge([](Hello& h, R&) { h.yours = {}; }), ResumeVerdict::kResume)
      << "it missed our first word";
  EXPECT_EQ(judge([](Hello& h, R&) { h.yours[0] ^= 1; }), ResumeVerdict::kStateLost);
  EXPECT_EQ(judge([](Hello& h, R&) { h.mine[0] ^= 1; }), ResumeVerdict::kStateLost);
  EXPECT_EQ(judge([](Hello& h, R&) { h.mine = {}; }), ResumeVerdict::kRefuse);
  EXPECT_EQ(judge([](Hello& h, R&) { h.session[0] ^= 1; }), ResumeVerdict::kRefuse);
  EXPECT_EQ(judge([](Hello& h, R&) { h.counter = 3; }), ResumeVerdict::kRefuse);
  EXPECT_EQ(judge([](Hello& h, R&) { h.last_delivered.clear(); }), ResumeVerdict::kCorrupt);
}

}  // namespace
}  // namespace pairwire::delivery
