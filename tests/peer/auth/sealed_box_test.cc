// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/sealed_box.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "peer/auth/auth_failed.h"
#include "peer/auth/base64url.h"
#include "tests/peer/auth/auth_testing.h"

namespace pairwire::auth {
namespace {

using test::FromHex;
using test::ToHex;

BoxKey KeyOf(std::uint8_t byte) {
  BoxKey key;
  for (auto& b : key.writable()) b = byte;
  return key;
}

TEST(SealedBox, IsAesGcmWithTheNumberAsNonce) {
  // NIST's AES-256-GCM test case 13: zero key, zero nonce, nothing to encrypt and nothing beside
  // it.
  BoxSealer sealer(KeyOf(0));
  EXPECT_EQ(ToHex(*sealer.Seal("", {})), "530f8afbc74536b9a963b4f1c4cb738b");
}

TEST(SealedBox, BoxesOpenInTheirOrder) {
  BoxSealer sealer(KeyOf(1));
  BoxOpener opener(KeyOf(1));
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 40960U}) {
    const Bytes text(size, 9);
    const auto box = sealer.Seal("offer", text);
    ASSERT_TRUE(box);
    EXPECT_EQ(box->size(), size + kBoxTagBytes);
    EXPECT_EQ(opener.Open("offer", *box), text);
  }
}

TEST(SealedBox, WhatIsTooLargeCostsNoNumber) {
  BoxSealer sealer(KeyOf(1));
  BoxOpener opener(KeyOf(1));
  EXPECT_EQ(sealer.Seal("offer", Bytes(kMaxBoxTextBytes + 1)).error().code, Errc::kMessageTooLarge);
  EXPECT_TRUE(opener.Open("offer", *sealer.Seal("offer", {})));
}

TEST(SealedBox, EverythingElseIsOneErrorAndTheEndOfTheDirection) {
  const Bytes first_text{1, 2, 3};
  BoxSealer sealer(KeyOf(1));
  const Bytes first = *sealer.Seal("offer", first_text);
  const Bytes second = *sealer.Seal("candidate", first_text);
  BoxSealer other(KeyOf(2));
  const Bytes of_other_key = *other.Seal("offer", first_text);
  struct Case {
    const char* name;
    std::function<Result<Bytes>(BoxOpener&)> open;
  };
  const std::vector<Case> cases = {
      {"gap", [&](BoxOpener& o) { return o.Open("candidate", second); }},
      {"repeat",
       [&](BoxOpener& o) {
         EXPECT_TRUE(o.Open("offer", first));
         return o.Open("offer", first);
       }},
      {"another key", [&](BoxOpener& o) { return o.Open("offer", of_other_key); }},
      {"another kind", [&](BoxOpener& o) { return o.Open("answer", first); }},
      {"nothing", [&](BoxOpener& o) { return o.Open("offer", {}); }},
      {"less than a tag", [&](BoxOpener& o) { return o.Open("offer", Bytes(15)); }},
      {"longer than any",
       [&](BoxOpener& o) { return o.Open("offer", Bytes(kMaxBoxTextBytes + 17)); }},
  };
  for (const Case& c : cases) {
    BoxOpener opener(KeyOf(1));
    const auto text = c.open(opener);
    ASSERT_FALSE(text) << c.name;
    EXPECT_EQ(text.error(), (Error{Errc::kAuthFailed, std::string(kAuthFailedText)})) << c.name;
    EXPECT_TRUE(opener.dead()) << c.name;
    EXPECT_FALSE(opener.Open("offer", first)) << c.name << ": dead stays dead";
    EXPECT_FALSE(opener.Open("candidate", second)) << c.name << ": dead stays dead";
  }
}

TEST(SealedBox, EachFlippedBitIsSeen) {
  BoxSealer sealer(KeyOf(1));
  const Bytes box = *sealer.Seal("offer", Bytes(20, 5));
  for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
    Bytes changed = box;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    BoxOpener opener(KeyOf(1));
    EXPECT_FALSE(opener.Open("offer", changed)) << bit;
  }
}

TEST(SealedBox, CountsToItsBound) {
  BoxSealer sealer(KeyOf(1));
  for (std::uint64_t i = 0; i < kMaxBoxes; ++i) ASSERT_TRUE(sealer.Seal("", {})) << i;
  EXPECT_EQ(sealer.Seal("", {}).error().code, Errc::kLimitExceeded);
}

TEST(KeySchedule, HkdfIsThatOfRfc5869WithSha512) {
  // Test case 1's inputs of RFC 5869 with SHA-512.
  Bytes out(42);
  HkdfSha512(Bytes(22, 0x0b), FromHex("000102030405060708090a0b0c"),
             FromHex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(ToHex(out),
            "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb");
}

TEST(KeySchedule, HmacIsThatOfRfc4231) {
  EXPECT_EQ(ToHex(HmacSha512(AsBytes("Jefe"), AsBytes("what do ya want for nothing?"))),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(KeySchedule, EachLabelAndInputHasItsOwnKey) {
  const auto all = [](std::uint8_t isk, std::uint8_t sid, std::uint8_t transcript) {
    Secret<64> key;
    key.writable()[0] = isk;
    const SessionKeys keys = DeriveSessionKeys(key, Bytes{sid}, Bytes{transcript});
    return std::vector<std::string>{ToHex(keys.controller_to_display.bytes()),
                                    ToHex(keys.display_to_controller.bytes()),
                                    ToHex(keys.bind.bytes()), ToHex(keys.resume.bytes())};
  };
  std::vector<std::string> seen;
  for (const auto& keys : {all(0, 0, 0), all(1, 0, 0), all(0, 1, 0), all(0, 0, 1)}) {
    seen.insert(seen.end(), keys.begin(), keys.end());
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(seen[i].substr(0, 64), seen[j].substr(0, 64));
  }
}

TEST(Base64Url, HasOneTextForEachBytes) {
  EXPECT_EQ(ToBase64Url({}), "");
  EXPECT_EQ(ToBase64Url(FromHex("fbff")), "-_8");
  for (std::size_t size = 0; size < 70; ++size) {
    const Bytes bytes(size, static_cast<std::uint8_t>(size * 3 + 1));
    EXPECT_EQ(FromBase64Url(ToBase64Url(bytes), size), bytes);
    if (size > 0) {
      EXPECT_FALSE(FromBase64Url(ToBase64Url(bytes), size - 1)) << size;
    }
  }
  for (const char* const bad : {"-_9", "-_8=", "-_+", "A", "-_8 ", "-/8A", "AAAAA"}) {
    EXPECT_FALSE(FromBase64Url(bad, 100)) << bad;
  }
}

TEST(SecretTest, MovingWipesTheSource) {
  BoxKey key = KeyOf(3);
  const BoxKey moved = std::move(key);
  EXPECT_EQ(ToHex(moved.bytes()), ToHex(Bytes(32, 3)));
  EXPECT_EQ(ToHex(key.bytes()), std::string(64, '0'));  // NOLINT: that is what is tested
  SecretText text("BCDFG");
  const SecretText moved_text = std::move(text);
  EXPECT_EQ(moved_text.view(), "BCDFG");
  EXPECT_TRUE(text.empty());  // NOLINT
}

TEST(SecretTest, ComparesInConstantTimeAndBySize) {
  EXPECT_TRUE(EqualInConstantTime({}, {}));
  EXPECT_TRUE(EqualInConstantTime(Bytes{1, 2}, Bytes{1, 2}));
  EXPECT_FALSE(EqualInConstantTime(Bytes{1, 2}, Bytes{1, 3}));
  EXPECT_FALSE(EqualInConstantTime(Bytes{1, 2}, Bytes{1}));
}

}  // namespace
}  // namespace pairwire::auth
