// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CPace against the draft's vectors (vectors.json, which samples/web is tested with too), and what
// has to change the key or end the run.
#include "peer/auth/cpace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "peer/auth/key_schedule.h"
#include "peer/auth/length_values.h"
#include "tests/peer/auth/auth_testing.h"
#include "tests/support/seed_trace.h"
#include "tests/support/seeded_random.h"

namespace pairwire::auth {
namespace {

using test::FromHex;
using test::ToHex;

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = nlohmann::json::parse(std::ifstream(PAIRWIRE_AUTH_VECTORS));
  return vectors;
}

Bytes Vector(const char* name) { return FromHex(Vectors().at(name).get<std::string>()); }

CpaceScalar ScalarOf(ByteSpan bytes) {
  CpaceScalar scalar;
  std::copy(bytes.begin(), bytes.end(), scalar.writable().begin());
  return scalar;
}

// Randomness that gives this scalar: below the order, so reducing 64 bytes of it changes nothing.
test::FixedRandom RandomForScalar(const char* name) {
  Bytes wide = Vector(name);
  wide.resize(64);
  return test::FixedRandom(wide);
}

TEST(CpaceVectors, Generator) {
  const Bytes text = CpaceGeneratorString(Vector("password"), Vector("channel"), Vector("sid"));
  EXPECT_EQ(text.size(), Vectors().at("generatorStringBytes").get<std::size_t>());
  EXPECT_EQ(ToHex(Sha512(text)), ToHex(Vector("generatorHash")));
  EXPECT_EQ(ToHex(CpaceGenerator(Vector("password"), Vector("channel"), Vector("sid")).bytes()),
            ToHex(Vector("generator")));
}

TEST(CpaceVectors, SharesAndSharedPoint) {
  const auto a = ScalarOf(Vector("scalarA"));
  const auto b = ScalarOf(Vector("scalarB"));
  EXPECT_EQ(ToHex(CpaceMultiply(a, Vector("generator"))->bytes()), ToHex(Vector("shareA")));
  EXPECT_EQ(ToHex(CpaceMultiply(b, Vector("generator"))->bytes()), ToHex(Vector("shareB")));
  EXPECT_EQ(ToHex(CpaceMultiply(a, Vector("shareB"))->bytes()), ToHex(Vector("shared")));
  EXPECT_EQ(ToHex(CpaceMultiply(b, Vector("shareA"))->bytes()), ToHex(Vector("shared")));
}

TEST(CpaceVectors, SessionKeys) {
  const auto shared = ScalarOf(Vector("shared"));
  const Bytes transcript =
      CpaceTranscript(Vector("shareA"), Vector("dataA"), Vector("shareB"), Vector("dataB"));
  EXPECT_EQ(transcript.size(), 74U);
  EXPECT_EQ(ToHex(CpaceSessionKey(Vector("sid"), shared, transcript).bytes()),
            ToHex(Vector("isk")));
  Bytes sid_output(AsBytes("CPaceSidOutput").begin(), AsBytes("CPaceSidOutput").end());
  sid_output.insert(sid_output.end(), transcript.begin(), transcript.end());
  EXPECT_EQ(ToHex(Sha512(sid_output)), ToHex(Vector("sidOutput")));
  // Symmetric mode is not ours, but it is the same function over another transcript.
  Bytes first = LvCat({Vector("shareA"), Vector("dataA")});
  Bytes second = LvCat({Vector("shareB"), Vector("dataB")});
  if (first < second) std::swap(first, second);
  Bytes ordered{'o', 'c'};
  ordered.insert(ordered.end(), first.begin(), first.end());
  ordered.insert(ordered.end(), second.begin(), second.end());
  EXPECT_EQ(ToHex(CpaceSessionKey(Vector("sid"), shared, ordered).bytes()),
            ToHex(Vector("iskSymmetric")));
}

TEST(CpaceVectors, WholeRunWithConfirmation) {
  auto random_a = RandomForScalar("scalarA");
  auto random_b = RandomForScalar("scalarB");
  CpaceRun a(CpaceRun::Role::kInitiator, Vector("password"), Vector("channel"), Vector("sid"),
             Vector("dataA"), random_a);
  CpaceRun b(CpaceRun::Role::kResponder, Vector("password"), Vector("channel"), Vector("sid"),
             Vector("dataB"), random_b);
  EXPECT_EQ(ToHex(a.share()), ToHex(Vector("shareA")));
  EXPECT_EQ(ToHex(b.share()), ToHex(Vector("shareB")));
  const auto at_a = a.Finish(b.share(), Vector("dataB"));
  const auto at_b = b.Finish(a.share(), Vector("dataA"));
  ASSERT_TRUE(at_a && at_b);
  EXPECT_EQ(ToHex(at_a->key.bytes()), ToHex(Vector("isk")));
  EXPECT_EQ(ToHex(at_b->key.bytes()), ToHex(Vector("isk")));
  EXPECT_EQ(ToHex(at_a->own_tag), ToHex(Vector("tagA")));
  EXPECT_EQ(ToHex(at_b->own_tag), ToHex(Vector("tagB")));
  EXPECT_EQ(at_a->peer_tag, at_b->own_tag);
  EXPECT_EQ(at_b->peer_tag, at_a->own_tag);
  EXPECT_FALSE(a.Finish(b.share(), Vector("dataB"))) << "a scalar serves once";
}

TEST(CpaceVectors, MultiplyAndPointsThatMustAbort) {
  const auto& multiply = Vectors().at("multiply");
  const auto hex = [&](const char* name) { return FromHex(multiply.at(name).get<std::string>()); };
  const auto scalar = ScalarOf(hex("scalar"));
  EXPECT_EQ(ToHex(CpaceMultiply(scalar, hex("point"))->bytes()), ToHex(hex("product")));
  for (const auto& point : Vectors().at("invalidPoints")) {
    EXPECT_FALSE(CpaceMultiply(scalar, FromHex(point.get<std::string>()))) << point;
  }
}

TEST(Cpace, SharesOfTheWrongSizeOrNoPointEndTheRun) {
  test::SeededRandom random(1);
  Bytes good;
  {
    CpaceRun other(CpaceRun::Role::kInitiator, AsBytes("BCDFG"), {}, {}, {}, random);
    good.assign(other.share().begin(), other.share().end());
  }
  std::vector<Bytes> bad = {{}, Bytes(31, 1), Bytes(33, 1), Bytes(32, 0), Bytes(32, 0xff)};
  bad.push_back(good);
  bad.back()[0] ^= 1;  // canonical encodings are even
  bad.push_back(good);
  bad.back()[31] |= 0x80;
  for (const Bytes& share : bad) {
    CpaceRun run(CpaceRun::Role::kResponder, AsBytes("BCDFG"), {}, {}, {}, random);
    EXPECT_FALSE(run.Finish(share, {})) << ToHex(share);
    EXPECT_FALSE(run.Finish(good, {})) << "the run is used up";
  }
}

// Each bit of each input counts.
TEST(Cpace, EachFlippedBitChangesTheKey) {
  struct Inputs {
    Bytes password = FromHex("42434446474a");
    Bytes channel = FromHex("0b415f");
    Bytes sid = FromHex("7e4b4791d6a8ef019b936c79fb7f2c57");
    Bytes data_a = FromHex("414461");
    Bytes data_b = FromHex("414462");
  };
  const Bytes scalar = Vector("scalarA");
  const auto key_of = [&](const Inputs& at_b, const Inputs& at_a) {
    Bytes wide = scalar;
    wide.resize(64);
    test::FixedRandom random_a(wide);
    test::FixedRandom random_b(wide);
    CpaceRun a(CpaceRun::Role::kInitiator, at_a.password, at_a.channel, at_a.sid, at_a.data_a,
               random_a);
    CpaceRun b(CpaceRun::Role::kResponder, at_b.password, at_b.channel, at_b.sid, at_b.data_b,
               random_b);
    const auto outcome = b.Finish(a.share(), at_b.data_a);
    return ToHex(outcome->key.bytes());
  };
  const Inputs same;
  const std::string expected = key_of(same, same);
  EXPECT_EQ(expected, key_of(same, same));
  std::set<std::string> keys{expected};
  std::size_t flips = 0;
  for (const auto member :
       {&Inputs::password, &Inputs::channel, &Inputs::sid, &Inputs::data_a, &Inputs::data_b}) {
    for (std::size_t bit = 0; bit < (same.*member).size() * 8; ++bit) {
      Inputs flipped;
      (flipped.*member)[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
      ++flips;
      EXPECT_TRUE(keys.insert(key_of(flipped, same)).second) << "bit " << bit;
    }
  }
  EXPECT_EQ(keys.size(), flips + 1);
}

// A share with a flipped bit is refused, or gives both ends different keys.
TEST(Cpace, EachFlippedBitOfAShareIsSeen) {
  const std::uint64_t seed = test::Seed(2);
  PAIRWIRE_TRACE_SEED(seed);
  for (int bit = 0; bit < 256; ++bit) {
    test::SeededRandom random(seed);
    CpaceRun a(CpaceRun::Role::kInitiator, AsBytes("BCDFG"), {}, {}, {}, random);
    CpaceRun b(CpaceRun::Role::kResponder, AsBytes("BCDFG"), {}, {}, {}, random);
    CpacePoint changed = a.share();
    changed[static_cast<std::size_t>(bit) / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    const auto at_a = a.Finish(b.share(), {});
    const auto at_b = b.Finish(changed, {});
    ASSERT_TRUE(at_a);
    if (!at_b) continue;
    EXPECT_NE(at_a->peer_tag, at_b->own_tag) << bit;
    EXPECT_NE(at_b->peer_tag, at_a->own_tag) << bit;
    EXPECT_NE(ToHex(at_a->key.bytes()), ToHex(at_b->key.bytes())) << bit;
  }
}

TEST(CpaceDeathTest, RandomnessOfZerosIsOurBug) {
  test::FixedRandom zeros(Bytes(64 * 3));
  EXPECT_DEATH(DrawCpaceScalar(zeros), "nothing_but_zeros");
}

TEST(LengthValues, LongItemsHaveLongLengths) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 16383U, 16384U, 40000U}) {
    const Bytes item(size, 7);
    const Bytes bytes = LvCat({item, AsBytes("x")});
    EXPECT_EQ(bytes.size(), size + (size < 128 ? 1 : size < 16384 ? 2 : 3) + 2) << size;
    LengthValueReader reader(bytes);
    ByteSpan read;
    ASSERT_TRUE(reader.ReadExactly(size, read)) << size;
    EXPECT_EQ(Bytes(read.begin(), read.end()), item);
    EXPECT_TRUE(reader.Expect("x"));
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(LengthValues, RefusesWhatIsCutShortTooLongOrNotShortest) {
  const Bytes whole = LvCat({Bytes(200, 1), AsBytes("tail")});
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    LengthValueReader reader(ByteSpan(whole).first(cut));
    ByteSpan item;
    EXPECT_FALSE(reader.Read(200, item) && reader.Expect("tail")) << cut;
  }
  ByteSpan item;
  EXPECT_FALSE(LengthValueReader(whole).Read(199, item));
  EXPECT_FALSE(LengthValueReader(FromHex("8000")).Read(9, item)) << "zero in two bytes";
  EXPECT_FALSE(LengthValueReader(FromHex("81000a")).Read(9, item)) << "one in two bytes";
  EXPECT_FALSE(LengthValueReader(FromHex("ffffffff0f")).Read(1 << 30, item)) << "four bytes";
}

}  // namespace
}  // namespace pairwire::auth
