// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Key sets: what of them is used, how they rotate, and that no flood makes anybody fetch them
// often.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "signaling/auth/base64url.h"
#include "signaling/auth/jwks_keeper.h"
#include "signaling/auth/key_set.h"
#include "tests/signaling/auth/test_issuer.h"

namespace pairwire::auth {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{std::chrono::seconds(1'800'000'000)};

std::string ClaimsAt(TimePoint now) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return R"({"iss":"issuer","aud":"pairwire","sub":"alice","nbf":)" + std::to_string(seconds) +
         ",\"exp\":" + std::to_string(seconds + 600) + "}";
}

JwtOptions Options() {
  JwtOptions options;
  options.issuer = "issuer";
  options.audience = "pairwire";
  return options;
}

TEST(KeySet, TakesRsaKeysForSigningOnly) {
  const std::string ec = R"({"kty":"EC","kid":"ec","crv":"P-256","x":"AA","y":"AA","alg":"ES256"})";
  const std::string oct = R"({"kty":"oct","kid":"hmac","k":"c2VjcmV0","alg":"HS256"})";
  const auto set = KeySet::Parse(
      Jwks({ec, oct, KeyA().Jwk(), KeyB().Jwk(R"("use":"enc",)"),
            IssuerKey("ps").Jwk(R"("alg":"PS256",)"),
            R"({"kty":"RSA","kid":"no-modulus","e":"AQAB"})", R"({"kid":"no-type"})", "{}"}));
  ASSERT_TRUE(set) << set.error().detail;
  EXPECT_EQ(set->size(), 1u);
  EXPECT_EQ(set->ignored(), 7u);
  EXPECT_NE(set->Find("key-a", kStart), nullptr);
  for (const char* kid : {"key-b", "ec", "hmac", "ps", "no-modulus", "x"}) {
    EXPECT_EQ(set->Find(kid, kStart), nullptr) << kid;
  }
}

TEST(KeySet, KeyOperations) {
  EXPECT_TRUE(KeySet::Parse(Jwks({KeyA().Jwk(R"("key_ops":["verify"],)")})));
  EXPECT_FALSE(KeySet::Parse(Jwks({KeyA().Jwk(R"("key_ops":["encrypt"],)")})));
  EXPECT_FALSE(KeySet::Parse(Jwks({KeyA().Jwk(R"("key_ops":[],)")})));
  EXPECT_TRUE(KeySet::Parse(Jwks({KeyA().Jwk("")})));
}

TEST(KeySet, WeakKeysAreNotUsed) {
  EXPECT_FALSE(KeySet::Parse(Jwks({IssuerKey("short", 1024).Jwk()})));
  const std::string modulus(256, '\xFF');
  EXPECT_TRUE(RsaKey::Make(modulus, std::string("\x01\x00\x01", 3)));
  EXPECT_TRUE(RsaKey::Make(modulus, "\x03"));
  for (const std::string& exponent :
       {std::string(), std::string("\x01"), std::string("\x02"), std::string(1, '\0'),
        std::string("\x01\x00\x00\x00\x01", 5)}) {
    EXPECT_FALSE(RsaKey::Make(modulus, exponent)) << exponent.size();
  }
  EXPECT_FALSE(RsaKey::Make("", "\x03"));
  EXPECT_FALSE(RsaKey::Make(std::string(1025, '\xFF'), "\x03"));
  // Zeros in front do not make a short key long.
  EXPECT_FALSE(RsaKey::Make(std::string(128, '\0') + std::string(128, '\xFF'), "\x03"));
  std::string even = modulus;
  even.back() = '\xFE';
  EXPECT_FALSE(RsaKey::Make(even, "\x03"));
}

TEST(KeySet, WhatIsNoSet) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"keys":{}})"),
        std::string(R"({"keys":[]})"), std::string(R"({"keys":[1]})"), KeyA().Jwk(),
        Jwks({KeyA().Jwk()}) + "x", R"({"keys":[],"keys":[)" + KeyA().Jwk() + "]}",
        std::string(KeySet::kMaxBytes + 1, ' ')}) {
    const auto set = KeySet::Parse(text);
    ASSERT_FALSE(set) << text.substr(0, 40);
    EXPECT_FALSE(set.error().detail.empty());
  }
  EXPECT_FALSE(KeySet::Parse(Jwks({KeyA().Jwk(), KeyA().Jwk()}))) << "two of one name";
}

TEST(KeySet, IsBounded) {
  std::vector<std::string> jwks;
  const auto with_kid = [](std::size_t i) {
    std::string jwk = KeyA().Jwk();
    return jwk.replace(jwk.find("key-a"), 5, "k" + std::to_string(i));
  };
  for (std::size_t i = 0; i < KeySet::kMaxKeys; ++i) jwks.push_back(with_kid(i));
  auto full = KeySet::Parse(Jwks(jwks));
  ASSERT_TRUE(full);
  jwks.push_back(with_kid(99));
  EXPECT_FALSE(KeySet::Parse(Jwks(jwks)));
  // Retired keys give way.
  full->Merge(KeySet::Parse(Jwks({KeyB().Jwk()})).value(), kStart, 1h);
  EXPECT_EQ(full->size(), KeySet::kMaxKeys);
  EXPECT_NE(full->Find("key-b", kStart), nullptr);
}

TEST(KeySet, Rotates) {
  KeySet keys = KeySet::Parse(Jwks({KeyA().Jwk()})).value();
  keys.Merge(KeySet::Parse(Jwks({KeyB().Jwk()})).value(), kStart, 1h);
  EXPECT_NE(keys.Find("key-a", kStart + 1h - 1s), nullptr);
  EXPECT_NE(keys.Find("key-b", kStart), nullptr);
  EXPECT_EQ(keys.Find("key-a", kStart + 1h), nullptr);
  // The only one that is not retired.
  EXPECT_EQ(keys.Find("", kStart), keys.Find("key-b", kStart));
  // Fetched again later, the vanished key's time does not begin anew.
  keys.Merge(KeySet::Parse(Jwks({KeyB().Jwk()})).value(), kStart + 30min, 1h);
  EXPECT_NE(keys.Find("key-a", kStart + 59min), nullptr);
  EXPECT_EQ(keys.Find("key-a", kStart + 1h), nullptr);
  keys.Merge(KeySet::Parse(Jwks({KeyB().Jwk()})).value(), kStart + 61min, 1h);
  EXPECT_EQ(keys.size(), 1u);
  // It comes back: in force again.
  keys.Merge(KeySet::Parse(Jwks({KeyA().Jwk(), KeyB().Jwk()})).value(), kStart + 2h, 1h);
  EXPECT_NE(keys.Find("key-a", kStart + 100h), nullptr);
}

TEST(KeySet, AnotherKeyOfTheSameNameReplacesAtOnce) {
  const IssuerKey other("key-a");
  KeySet keys = KeySet::Parse(Jwks({KeyA().Jwk()})).value();
  keys.Merge(KeySet::Parse(Jwks({other.Jwk()})).value(), kStart, 1h);
  EXPECT_EQ(keys.size(), 1u);
  const RsaKey* key = keys.Find("key-a", kStart);
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(key->Verifies("text", other.SignRs256("text")));
  EXPECT_FALSE(key->Verifies("text", KeyA().SignRs256("text")));
}

// Answers with `text`, at once or when the test says so.
class FakeSource final : public JwksSource {
 public:
  void Fetch(Done done) override {
    ++fetches;
    if (!later) return done(Answer(), now);
    EXPECT_FALSE(pending) << "asked again before it answered";
    pending = std::move(done);
  }
  void Finish() { std::exchange(pending, nullptr)(Answer(), now); }

  std::string text;
  bool broken = false;
  bool later = false;
  TimePoint now = kStart;
  int fetches = 0;
  Done pending;

 private:
  Result<std::string> Answer() const {
    if (broken) return Fail(Errc::kSystem, "no answer");
    return text;
  }
};

class Keeper : public testing::Test {
 protected:
  Keeper() { source_.text = Jwks({KeyA().Jwk()}); }

  void At(TimePoint now) {
    source_.now = now;
    keeper_.Tick(now);
  }
  // What the keeper says at once; nothing while the token waits.
  std::string Check(const IssuerKey& key) {
    std::string said = "waits";
    keeper_.Check(key.Token(ClaimsAt(source_.now)), source_.now, [&](JwtResult result) {
      said = result ? "accepted" : std::string(ToString(result.error()));
    });
    return said;
  }

  FakeSource source_;
  JwksKeeper keeper_{Options(), {}, source_};
};

TEST_F(Keeper, FetchesAtTheStartAndThenEveryHour) {
  keeper_.Start(kStart);
  EXPECT_TRUE(keeper_.ready());
  EXPECT_EQ(Check(KeyA()), "accepted");
  EXPECT_EQ(keeper_.NextDeadline(), kStart + 1h);
  At(kStart + 59min);
  EXPECT_EQ(source_.fetches, 1);
  At(kStart + 1h);
  EXPECT_EQ(source_.fetches, 2);
}

TEST_F(Keeper, AnUnknownKeyFetchesAndTheTokenWaits) {
  keeper_.Start(kStart);
  source_.text = Jwks({KeyA().Jwk(), KeyB().Jwk()});
  source_.later = true;
  std::vector<bool> accepted;
  for (int i = 0; i < 3; ++i) {
    keeper_.Check(KeyB().Token(ClaimsAt(kStart)), kStart,
                  [&](JwtResult result) { accepted.push_back(result.has_value()); });
  }
  EXPECT_TRUE(accepted.empty());
  EXPECT_EQ(source_.fetches, 2);
  source_.Finish();
  EXPECT_EQ(accepted, std::vector<bool>({true, true, true}));
  EXPECT_EQ(Check(KeyB()), "accepted");
}

TEST_F(Keeper, AFloodOfUnknownKeysFetchesOncePerMinute) {
  keeper_.Start(kStart);
  const IssuerKey mallory("not-there");
  const std::string token = mallory.Token(ClaimsAt(kStart + 2min));
  int refused = 0;
  // Ten minutes, a thousand tokens a second.
  for (int i = 0; i < 600'000; ++i) {
    if (i % 1000 == 0) At(kStart + std::chrono::milliseconds(i));
    if (i % 100 != 0) continue;
    keeper_.Check(token, source_.now, [&](JwtResult result) {
      EXPECT_EQ(result.error(), JwtRefusal::kUnknownKey);
      ++refused;
    });
  }
  EXPECT_EQ(refused, 6'000);
  EXPECT_LE(source_.fetches, 1 + 10);
  EXPECT_GE(source_.fetches, 1 + 9);
}

TEST_F(Keeper, ForgedTokensOfKnownKeysFetchNothing) {
  keeper_.Start(kStart);
  const IssuerKey mallory("key-a");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Check(mallory), "signature");
  EXPECT_EQ(source_.fetches, 1);
}

TEST_F(Keeper, KeepsServingWhenTheSourceFails) {
  keeper_.Start(kStart);
  source_.broken = true;
  At(kStart + 1h);
  EXPECT_EQ(keeper_.counters().failures, 1u);
  EXPECT_EQ(keeper_.last_error(), "no answer");
  EXPECT_EQ(Check(KeyA()), "accepted");
  source_.broken = false;
  source_.text = "<html>not a key set</html>";
  At(kStart + 1h + 10s);
  EXPECT_EQ(keeper_.counters().failures, 2u);
  EXPECT_EQ(Check(KeyA()), "accepted");
  source_.text = Jwks({KeyB().Jwk()});
  At(kStart + 1h + 20s);
  EXPECT_EQ(keeper_.last_error(), "");
  EXPECT_EQ(Check(KeyB()), "accepted");
  EXPECT_EQ(Check(KeyA()), "accepted") << "retired, its tokens live on";
  At(kStart + 2h + 20s);
  EXPECT_EQ(Check(KeyA()), "unknown_key");
}

TEST_F(Keeper, StartsWithoutKeysAndTriesAgain) {
  source_.broken = true;
  keeper_.Start(kStart);
  EXPECT_FALSE(keeper_.ready());
  EXPECT_EQ(Check(KeyA()), "unknown_key");
  source_.broken = false;
  At(kStart + 10s);
  EXPECT_TRUE(keeper_.ready());
  EXPECT_EQ(Check(KeyA()), "accepted");
}

TEST_F(Keeper, WaitingTokensAreBounded) {
  source_.later = true;
  keeper_.Start(kStart);
  int refused = 0;
  const std::string token = KeyA().Token(ClaimsAt(kStart));
  int accepted = 0;
  for (int i = 0; i < 300; ++i) {
    keeper_.Check(token, kStart, [&](JwtResult result) { ++(result ? accepted : refused); });
  }
  EXPECT_EQ(refused, 300 - 256);
  source_.Finish();
  EXPECT_EQ(accepted, 256);
  EXPECT_EQ(source_.fetches, 1);
}

TEST(KeeperEnd, AFetchThatComesAfterTheEndIsHarmless) {
  FakeSource source;
  source.later = true;
  source.text = Jwks({KeyA().Jwk()});
  int replies = 0;
  {
    JwksKeeper keeper(Options(), {}, source);
    keeper.Start(kStart);
    keeper.Check(KeyA().Token(ClaimsAt(kStart)), kStart, [&](JwtResult) { ++replies; });
  }
  source.Finish();
  EXPECT_EQ(replies, 0);
}

TEST(KeeperEnd, AReplyMayEndTheKeeper) {
  FakeSource source;
  source.later = true;
  source.text = Jwks({KeyA().Jwk()});
  auto keeper = std::make_unique<JwksKeeper>(Options(), JwksKeeper::Options{}, source);
  keeper->Start(kStart);
  int replies = 0;
  for (int i = 0; i < 2; ++i) {
    keeper->Check(KeyA().Token(ClaimsAt(kStart)), kStart, [&](JwtResult) {
      ++replies;
      keeper.reset();
    });
  }
  source.Finish();
  EXPECT_EQ(replies, 1);
}

}  // namespace
}  // namespace pairwire::auth
