// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rates and bounds: guessing codes, flooding sockets, full tables, a store that is away, and
// secrets that must not be where they can be read.
#include <gmock/gmock.h>

#include <set>

#include "signaling/core/token.h"
#include "tests/signaling/core/relay_harness.h"
#include "tests/signaling/core/tapped_store.h"
#include "tests/support/sanitizers.h"

namespace pairwire::relay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RelayLimits : public RelayTest {};

TEST_F(RelayLimits, OnlyFailedPairsCount) {
  for (int i = 0; i < 300; ++i) {
    const auto display = Register({}, "10.0.0." + std::to_string(i % 250));
    ASSERT_TRUE(Pair(display->code, "127.0.0.1")) << i;
  }
}

TEST_F(RelayLimits, AnAddressMayMistypeFiveTimesThenTenAMinute) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CodeOf(Pair("000000000")), ProblemCode::kCodeNotFound);
  }
  const auto limited = Pair("000000000");
  EXPECT_EQ(CodeOf(limited), ProblemCode::kRateLimited);
  EXPECT_EQ(limited.error().retry_after, 6s);
  // A right code does not help now; another address is not affected.
  const auto display = Register().value();
  EXPECT_EQ(CodeOf(Pair(display.code)), ProblemCode::kRateLimited);
  EXPECT_EQ(CodeOf(Pair("000000000", "192.0.2.77")), ProblemCode::kCodeNotFound);
  now_ += 6s;
  EXPECT_TRUE(Pair(display.code));
  EXPECT_EQ(relay().counters().pairings_limited, 2u);
}

TEST_F(RelayLimits, GuessesThatRaceEachOtherLeaveTheirAddressInDebt) {
  RelayOptions options;
  options.codes.lock_after = 0;  // the debt alone
  Restart(options);
  int judged = 0;
  for (int i = 0; i < 100; ++i) {
    relay().Pair({"000000000", "", {}}, "192.0.2.2", now_, [&](Outcome<PairResponse> outcome) {
      judged += CodeOf(outcome) == ProblemCode::kCodeNotFound ? 1 : 0;
    });
  }
  Drain();
  EXPECT_EQ(judged, 100);
  // 95 too many at 10 a minute: nothing for nine and a half minutes, then one.
  now_ += std::chrono::seconds(9 * 60 + 25);
  EXPECT_EQ(CodeOf(Pair("000000000", "192.0.2.2")), ProblemCode::kRateLimited);
  now_ += std::chrono::seconds(15);
  EXPECT_EQ(CodeOf(Pair("000000000", "192.0.2.2")), ProblemCode::kCodeNotFound);
}

TEST_F(RelayLimits, FiftyRightCodesAtOnceFromOneAddressAllPair) {
  std::vector<std::string> codes;
  for (int i = 0; i < 50; ++i) codes.push_back(Register({}, "192.0.2.9")->code);
  int paired = 0;
  for (const std::string& code : codes) {
    relay().Pair({code, "", {}}, "192.0.2.2", now_,
                 [&](Outcome<PairResponse> outcome) { paired += outcome ? 1 : 0; });
  }
  Drain();
  EXPECT_EQ(paired, 50);
}

TEST_F(RelayLimits, AnIpv6SubscriberIsOneAddress) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(CodeOf(Pair("000000000", "2001:db8:0:1::" + std::to_string(i + 1))),
              ProblemCode::kCodeNotFound);
  }
  EXPECT_EQ(CodeOf(Pair("000000000", "2001:db8:0:1:ffff::9")), ProblemCode::kRateLimited);
  EXPECT_EQ(CodeOf(Pair("000000000", "2001:db8:0:2::1")), ProblemCode::kCodeNotFound);
}

TEST_F(RelayLimits, AMillionGuessesFromManyAddressesStayWithinTheBudget) {
  // 1,000 displays wait with 4-digit codes, the worst case; guesses come 2,000 a second from
  // addresses that are all different. The ceiling lets 240 + 2 a second through, whatever the
  // addresses do.
  for (int i = 0; i < 1'000; ++i)
    ASSERT_TRUE(Register({}, "10.1." + std::to_string(i % 200) + ".1"));
  // An instrumented build would take minutes for all of them.
  constexpr int kGuesses = test::kAddressSanitizer ? 100'000 : 1'000'000;
  std::mt19937_64 random(1);
  int judged = 0;
  int limited = 0;
  const TimePoint start = now_;
  for (int i = 0; i < kGuesses; ++i) {
    if (i % 2 == 0) now_ += 1ms;
    const auto a = random();
    const std::string ip = std::to_string(a % 223 + 1) + "." + std::to_string(a >> 8 & 255) + "." +
                           std::to_string(a >> 16 & 255) + "." + std::to_string(a >> 24 & 255);
    relay().Pair({protocol::RawJson{"999999999"}.text, "", {}}, ip, now_,
                 [&](Outcome<PairResponse> outcome) {
                   ++(outcome.error().code == ProblemCode::kRateLimited ? limited : judged);
                 });
    Drain();
  }
  const double seconds = std::chrono::duration<double>(now_ - start).count();
  EXPECT_LE(judged, static_cast<int>(240 + 2 * seconds) + 1);
  EXPECT_GE(judged, static_cast<int>(240 + 2 * seconds) - 2);
  EXPECT_EQ(judged + limited, kGuesses);
}

TEST_F(RelayLimits, RegistrationsByAddress) {
  RelayOptions options;
  options.registers_per_address = {1, 3};
  Restart(options);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Register());
  const auto limited = Register();
  EXPECT_EQ(CodeOf(limited), ProblemCode::kRateLimited);
  EXPECT_EQ(limited.error().retry_after, 1s);
  EXPECT_TRUE(Register({}, "192.0.2.99"));
  now_ += 1s;
  EXPECT_TRUE(Register());
}

TEST_F(RelayLimits, SocketsAreBounded) {
  RelayOptions options;
  options.max_sockets = 1;
  Restart(options);
  const auto display = Register().value();
  const ConnectionId open = Open(display.display_token);
  ASSERT_NE(open, 0u);
  EXPECT_EQ(CodeOf(Authorize(Register().value().display_token)), ProblemCode::kNotReady);
  Close(open);
  EXPECT_TRUE(Authorize(display.display_token));
}

TEST_F(RelayLimits, AFloodIsRefusedThenCut) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  for (int i = 0; i < 200; ++i) relay().SocketText(paired.display_socket, Offer(i), now_);
  Drain();
  EXPECT_THAT(out().Take(paired.controller_socket), SizeIs(200));
  for (int i = 0; i < 20; ++i) {
    Say(paired.display_socket, Offer(i));
    EXPECT_EQ(ErrorCode(out().Take(paired.display_socket).at(0)), ProblemCode::kRateLimited);
  }
  EXPECT_EQ(out().CloseCode(paired.display_socket), 0);
  Say(paired.display_socket, Offer(0));
  EXPECT_EQ(out().CloseCode(paired.display_socket), protocol::kClosePolicy);
  EXPECT_EQ(ErrorCode(out().Take(paired.display_socket).at(0)), ProblemCode::kRateLimited);
  // What it sent afterwards is ignored; it may come back as a new socket.
  relay().SocketText(paired.display_socket, Offer(1), now_);
  EXPECT_NE(Open(paired.display.display_token), 0u);
  EXPECT_EQ(Numbers(out().Take(paired.controller_socket)), Range(0, 0));
}

TEST_F(RelayLimits, ASteadyRateGoesOnForEver) {
  const Paired paired = MakePaired();
  for (int i = 0; i < 3'000; ++i) {
    now_ += 20ms;
    Say(paired.display_socket, Offer(i));
    Say(paired.controller_socket, Offer(i));
  }
  EXPECT_EQ(Numbers(out().Take(paired.controller_socket)), Range(0, 3'000));
}

TEST_F(RelayLimits, BytesAreBoundedToo) {
  const Paired paired = MakePaired();
  const std::string big =
      R"({"type":"webrtc:offer","data":{"x":")" + std::string(60'000, 'x') + "\"}}";
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    out().Take(paired.display_socket);
    Say(paired.display_socket, big);
    for (const Envelope& told : out().Take(paired.display_socket)) {
      if (told.type == "error") {
        EXPECT_EQ(ErrorCode(told), ProblemCode::kRateLimited);
        ++refused;
      }
    }
  }
  // 2 MiB are 34 such messages.
  EXPECT_EQ(refused, 6);
}

TEST_F(RelayLimits, NonsenseIsCutInTheEnd) {
  const Paired paired = MakePaired();
  for (int i = 0; i < 20; ++i) Say(paired.display_socket, "nonsense");
  EXPECT_EQ(out().CloseCode(paired.display_socket), 0);
  Say(paired.display_socket, "nonsense");
  EXPECT_EQ(out().CloseCode(paired.display_socket), protocol::kClosePolicy);
}

TEST_F(RelayLimits, WhatIsHeldForASocketThatAwaitsResumeIsBounded) {
  const Paired paired = MakePaired();
  Close(paired.controller_socket);
  const ConnectionId again = Open(paired.controller.controller_token);
  for (int i = 0; i < 150; ++i) relay().SocketText(paired.display_socket, Offer(i), now_);
  Drain();
  EXPECT_EQ(out().CloseCode(again), protocol::kCloseTooSlow);
}

TEST_F(RelayLimits, AFullStoreIsNotReady) {
  MemoryBackendOptions small;
  small.store.max_sessions = 1;
  const auto backend = MakeMemoryBackend(
      executor_, [this] { return now_; }, small);
  Node node(RelayOptions{}, backend->parts(), random_);
  const auto ask = [&] {
    return Ask<RegisterResponse>(
        [&](auto reply) { node.relay.Register({}, "192.0.2.1", now_, std::move(reply)); });
  };
  EXPECT_TRUE(ask());
  const auto full = ask();
  EXPECT_EQ(CodeOf(full), ProblemCode::kNotReady);
  EXPECT_TRUE(full.error().retry_after.has_value());
}

class RelayOnTappedStore : public RelayTest {
 protected:
  RelayOnTappedStore() {
    nodes_.clear();
    AddNode("node-1");
  }
  Backend backend() override {
    const Backend parts = memory_->parts();
    return {tapped_, parts.bus, parts.registry, parts.cache, parts.rates, parts.events};
  }
  ~RelayOnTappedStore() override { nodes_.clear(); }
  MemoryStore store_{executor_};
  TappedStore tapped_{executor_, store_};
};

TEST_F(RelayOnTappedStore, NoSecretReachesTheStore) {
  const Paired paired = MakePaired();
  Say(paired.display_socket, Offer(1));
  StreamId stream = 0;
  ASSERT_TRUE(Stream(paired.display, stream));
  for (const std::string& token :
       {paired.display.display_token, paired.controller.controller_token,
        paired.display_welcome.resume_token, paired.controller_welcome.resume_token}) {
    const std::string secret = token.substr(token.find('.') + 1);
    ASSERT_THAT(secret, SizeIs(43));
    EXPECT_THAT(tapped_.seen, Not(HasSubstr(secret)));
  }
  // Nor does a token reach anybody but its owner: only welcomes carry one.
  EXPECT_THAT(out().all_text, Not(HasSubstr(paired.display.display_token)));
  EXPECT_THAT(out().all_text, Not(HasSubstr(paired.controller.controller_token)));
}

TEST_F(RelayOnTappedStore, AnAbsentStoreIsNotReadyAndCostsNobodyAnything) {
  const Paired paired = MakePaired();
  const auto display = Register().value();
  const auto spare = Register().value();
  out().Take(paired.display_socket);
  tapped_.away = true;
  EXPECT_EQ(CodeOf(Register()), ProblemCode::kNotReady);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(CodeOf(Pair(display.code)), ProblemCode::kNotReady);
  EXPECT_EQ(CodeOf(Authorize(paired.display.display_token)), ProblemCode::kNotReady);
  StreamId stream = 0;
  EXPECT_EQ(CodeOf(Stream(display, stream)), ProblemCode::kNotReady);
  EXPECT_EQ(CodeOf(End(spare.session_id, spare.display_token)), ProblemCode::kNotReady);
  // What needs no store goes on. Else the sender is told, and the socket stays.
  Say(paired.display_socket, Offer(1, "n"));
  EXPECT_EQ(out().Take(paired.display_socket).at(0).type, "ack");
  EXPECT_EQ(Numbers(out().Take(paired.controller_socket)), Range(1, 2));
  Say(paired.display_socket, R"({"type":"webrtc:offer","to":"nobody","id":"m","data":{}})");
  const auto told = out().Take(paired.display_socket);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].id, "m");
  EXPECT_EQ(ErrorCode(told[0]), ProblemCode::kNotReady);
  EXPECT_GT(relay().counters().store_errors, 20u);
  tapped_.away = false;
  EXPECT_TRUE(Pair(display.code));
}

// The target's socket is lost, and where it comes back nobody can say.
TEST_F(RelayOnTappedStore, WhatWaitsForAnAbsentStoreIsGivenUpInTime) {
  const Paired paired = MakePaired();
  out().Take(paired.display_socket);
  tapped_.away = true;
  Close(paired.controller_socket);
  Say(paired.display_socket, Offer(1, "n"));
  Advance(4s);
  EXPECT_THAT(out().Take(paired.display_socket), IsEmpty());
  Say(paired.display_socket, Offer(2, "m"));
  Advance(2s);
  auto told = out().Take(paired.display_socket);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].id, "n");
  EXPECT_EQ(ErrorCode(told[0]), ProblemCode::kPeerUnreachable);
  // What is younger is not lost for that.
  tapped_.away = false;
  Advance(1s);
  told = out().Take(paired.display_socket);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].id, "m");
  EXPECT_EQ(told[0].type, "ack");
}

TEST_F(RelayOnTappedStore, DueWorkIsTriedAgainWithoutSpinning) {
  const auto display = Register().value();
  StreamId stream = 0;
  ASSERT_TRUE(Stream(display, stream));
  tapped_.away = true;
  Advance(600s + 5s);
  // Due for 5 s: tried about every 250 ms, not as often as a shell could.
  EXPECT_LE(relay().counters().store_errors, 25u);
  EXPECT_GE(relay().counters().store_errors, 15u);
  tapped_.away = false;
  Advance(250ms);
  EXPECT_THAT(out().events[stream], SizeIs(1));
}

TEST_F(RelayOnTappedStore, ASocketThatCannotJoinIsToldToTryAgain) {
  const auto display = Register().value();
  const Member member = Authorize(display.display_token).value();
  tapped_.away = true;
  relay().SocketOpened(900, member, now_);
  Drain();
  EXPECT_EQ(ErrorCode(out().Take(900).at(0)), ProblemCode::kNotReady);
  EXPECT_EQ(out().CloseCode(900), protocol::kCloseUnavailable);
}

TEST(TokenBucket, BurstThenRate) {
  const RateLimit limit{2, 4};
  TokenBucket bucket;
  TimePoint now = TimePoint{} + 1000s;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(bucket.Take(limit, 1, now));
  EXPECT_FALSE(bucket.Take(limit, 1, now));
  EXPECT_EQ(bucket.RetryAfter(limit, 4), 2s);
  now += 499ms;
  EXPECT_FALSE(bucket.Take(limit, 1, now));
  now += 1ms;
  EXPECT_TRUE(bucket.Take(limit, 1, now));
  // A clock that steps back gives nothing.
  EXPECT_FALSE(bucket.Take(limit, 1, now - 100s));
  EXPECT_FALSE(bucket.Take(limit, 1, now));
  bucket.Return(1);
  EXPECT_TRUE(bucket.Take(limit, 1, now));
  EXPECT_FALSE(bucket.Take(limit, 5, now + 1000s)) << "more than the burst never fits";
}

TEST(AddressBuckets, ForgetsTheOldestBeyondItsBound) {
  AddressBuckets buckets({0.001, 1}, 3);
  const TimePoint now{};
  for (const std::string ip : {"1.1.1.1", "2.2.2.2", "3.3.3.3"}) {
    EXPECT_TRUE(buckets.Take(ip, now));
    EXPECT_FALSE(buckets.Take(ip, now));
  }
  EXPECT_FALSE(buckets.Take("1.1.1.1", now));
  EXPECT_TRUE(buckets.Take("4.4.4.4", now));  // 2.2.2.2 was used longest ago.
  EXPECT_EQ(buckets.size(), 3u);
  EXPECT_FALSE(buckets.Take("1.1.1.1", now));
  EXPECT_TRUE(buckets.Take("2.2.2.2", now));
}

TEST(AddressKey, CountsSubscribers) {
  EXPECT_EQ(AddressKey("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(AddressKey("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(AddressKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(AddressKey("2001:db8:1:2::1"), AddressKey("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(AddressKey(std::string(1000, 'x')).size(), 64u);
}

TEST(Token, SplitsItsOwnOnly) {
  SeededRandom random(1);
  const std::string secret = NewSecret(random);
  EXPECT_THAT(secret, SizeIs(43));
  const auto parts = SplitToken(MakeToken("s_1", secret));
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->session_id, "s_1");
  EXPECT_EQ(parts->hash, HashSecret(secret));
  EXPECT_FALSE(SplitToken("s_1." + secret + "x"));
  EXPECT_FALSE(SplitToken("." + secret));
  EXPECT_FALSE(SplitToken(std::string(65, 's') + "." + secret));
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(NewSecret(random)).second);
  // FIPS 180-4's example.
  EXPECT_EQ(HashSecret("abc")[0], 0xBA);
  EXPECT_EQ(HashSecret("abc")[31], 0xAD);
}

TEST(SystemRandom, FillsEverything) {
  SystemRandom random;
  std::array<std::uint8_t, 1000> bytes{};
  random.Fill(bytes);
  EXPECT_GT(std::set<std::uint8_t>(bytes.begin(), bytes.end()).size(), 200u);
  EXPECT_NE(random.NextUint64(), random.NextUint64());
  // Across the borders of what is fetched at once.
  std::set<std::uint64_t> values;
  for (int i = 0; i < 1000; ++i) {
    values.insert(random.NextUint64());
    std::array<std::uint8_t, 3> odd{};
    random.Fill(odd);
  }
  EXPECT_EQ(values.size(), 1000u);
}

}  // namespace
}  // namespace pairwire::relay
