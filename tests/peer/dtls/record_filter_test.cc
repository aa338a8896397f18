// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which records may reach OpenSSL: each rule of the filter, one by one.
#include "peer/dtls/record_filter.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "tests/peer/dtls/dtls_pair.h"

namespace pairwire::dtls {
namespace {

using test::MakeFragment;
using test::MakeRecord;

constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kCertificate = 11;

constexpr FilterState kClientStart{.role = Role::kClient};
constexpr FilterState kServerStart{.role = Role::kServer};
constexpr FilterState kFinishing{
    .role = Role::kServer, .reads_protected = true, .overhead = kGcmOverhead};
constexpr FilterState kUp{
    .role = Role::kServer, .reads_protected = true, .connected = true, .overhead = kGcmOverhead};

Verdict JudgeBytes(const Bytes& bytes, const FilterState& state) {
  ByteSpan rest = bytes;
  const auto record = TakeRecord(rest);
  EXPECT_TRUE(record.has_value());
  return record ? Judge(*record, state) : Verdict::kDrop;
}

Verdict JudgeHandshake(const Bytes& body, const FilterState& state = kServerStart) {
  return JudgeBytes(MakeRecord(kHandshakeType, 0, 0, body), state);
}

TEST(TakeRecord, CutsADatagramIntoRecords) {
  Bytes datagram = MakeRecord(kHandshakeType, 0, 5, Bytes(3, 7));
  const Bytes second = MakeRecord(kApplicationDataType, 0x1234, 6, {});
  datagram.insert(datagram.end(), second.begin(), second.end());
  ByteSpan rest = datagram;
  const auto a = TakeRecord(rest);
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->type, kHandshakeType);
  EXPECT_EQ(a->epoch, 0);
  EXPECT_EQ(a->bytes.size(), 16U);
  EXPECT_EQ(Bytes(a->body.begin(), a->body.end()), Bytes(3, 7));
  const auto b = TakeRecord(rest);
  ASSERT_TRUE(b.has_value());
  EXPECT_EQ(b->epoch, 0x1234);
  EXPECT_TRUE(b->body.empty());
  EXPECT_TRUE(rest.empty());
}

TEST(TakeRecord, RefusesEachCutShortRecord) {
  const Bytes record = MakeRecord(kHandshakeType, 0, 0, Bytes(40, 1));
  for (std::size_t length = 0; length < record.size(); ++length) {
    ByteSpan rest = ByteSpan(record).first(length);
    EXPECT_FALSE(TakeRecord(rest).has_value()) << length;
    EXPECT_TRUE(rest.empty());  // what follows cannot be found any more
  }
}

TEST(TakeRecord, KnowsOnlyTheVersionsOfDtls) {
  for (int major = 0; major < 256; ++major) {
    for (int minor = 0; minor < 256; ++minor) {
      Bytes record = MakeRecord(kHandshakeType, 0, 0, {});
      record[1] = static_cast<std::uint8_t>(major);
      record[2] = static_cast<std::uint8_t>(minor);
      ByteSpan rest = record;
      const bool known = major == 0xfe && (minor == 0xfd || minor == 0xff);
      EXPECT_EQ(TakeRecord(rest).has_value(), known);
    }
  }
}

TEST(RecordFilter, OnlyEpochsZeroAndOne) {
  for (const FilterState& state : {kClientStart, kServerStart, kFinishing, kUp}) {
    for (const std::uint16_t epoch : std::initializer_list<std::uint16_t>{2, 3, 255, 256, 65535}) {
      for (int type = 0; type < 256; ++type) {
        EXPECT_EQ(
            JudgeBytes(MakeRecord(static_cast<std::uint8_t>(type), epoch, 0, Bytes(60)), state),
            Verdict::kDrop);
      }
    }
  }
}

TEST(RecordFilter, NothingInTheClearOnceTheOtherEndEncrypts) {
  const Bytes hello = MakeFragment(kClientHello, 1, 0, 0, 1, {0});
  for (const FilterState& state : {kFinishing, kUp}) {
    EXPECT_EQ(JudgeHandshake(hello, state), Verdict::kDrop);
    EXPECT_EQ(JudgeBytes(MakeRecord(kChangeCipherSpecType, 0, 0, {1}), state), Verdict::kDrop);
    EXPECT_EQ(JudgeBytes(MakeRecord(kAlertType, 0, 0, {2, 40}), state), Verdict::kDrop);
    EXPECT_EQ(JudgeBytes(MakeRecord(kApplicationDataType, 0, 0, Bytes(60)), state), Verdict::kDrop);
  }
}

TEST(RecordFilter, DataInTheClearNeverPasses) {
  for (const std::size_t size : {0U, 1U, 16U, 24U, 100U, 16384U}) {
    for (const FilterState& state : {kClientStart, kServerStart}) {
      EXPECT_EQ(JudgeBytes(MakeRecord(kApplicationDataType, 0, 0, Bytes(size)), state),
                Verdict::kDrop);
    }
  }
}

TEST(RecordFilter, UnknownTypesNeverPass) {
  for (int type = 0; type < 256; ++type) {
    if (type >= kChangeCipherSpecType && type <= kApplicationDataType) continue;
    for (const FilterState& state : {kClientStart, kServerStart, kFinishing, kUp}) {
      for (const std::uint16_t epoch : std::initializer_list<std::uint16_t>{0, 1}) {
        EXPECT_EQ(
            JudgeBytes(MakeRecord(static_cast<std::uint8_t>(type), epoch, 0, Bytes(60)), state),
            Verdict::kDrop);
      }
    }
  }
}

TEST(RecordFilter, AlertsInTheClearAreNotedOnly) {
  EXPECT_EQ(JudgeBytes(MakeRecord(kAlertType, 0, 0, {2, 40}), kClientStart), Verdict::kAlert);
  EXPECT_EQ(JudgeBytes(MakeRecord(kAlertType, 0, 0, {1, 0}), kServerStart), Verdict::kAlert);
  for (const std::size_t size : {0U, 1U, 3U, 100U}) {
    EXPECT_EQ(JudgeBytes(MakeRecord(kAlertType, 0, 0, Bytes(size)), kClientStart), Verdict::kDrop);
  }
}

TEST(RecordFilter, ChangeCipherSpecIsOneByte) {
  EXPECT_EQ(JudgeBytes(MakeRecord(kChangeCipherSpecType, 0, 0, {1}), kServerStart), Verdict::kPass);
  for (const Bytes& body : {Bytes{}, Bytes{0}, Bytes{2}, Bytes{1, 1}}) {
    EXPECT_EQ(JudgeBytes(MakeRecord(kChangeCipherSpecType, 0, 0, body), kServerStart),
              Verdict::kDrop);
  }
  for (const FilterState& state : {kServerStart, kFinishing, kUp}) {
    EXPECT_EQ(JudgeBytes(MakeRecord(kChangeCipherSpecType, 1, 0, Bytes(25)), state),
              Verdict::kDrop);
  }
}

TEST(RecordFilter, EachRoleTakesTheOthersMessages) {
  for (int type = 0; type < 256; ++type) {
    const Bytes body = MakeFragment(static_cast<std::uint8_t>(type), 4, 0, 0, 4, Bytes(4));
    const bool from_client = type == 1 || type == 11 || type == 15 || type == 16;
    const bool from_server = type == 2 || type == 3 || (type >= 11 && type <= 14);
    EXPECT_EQ(JudgeHandshake(body, kServerStart) == Verdict::kPass, from_client) << type;
    EXPECT_EQ(JudgeHandshake(body, kClientStart) == Verdict::kPass, from_server) << type;
  }
}

TEST(RecordFilter, FragmentsMustBePossible) {
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, 2, 0, 40, Bytes(40))), Verdict::kPass);
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, 2, 60, 40, Bytes(40))), Verdict::kPass);
  EXPECT_EQ(JudgeHandshake(MakeFragment(14, 0, 2, 0, 0, {}), kClientStart), Verdict::kPass);
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, kMaxHandshakeSequence, 0, 1, {0})),
            Verdict::kPass);

  EXPECT_EQ(JudgeHandshake({}), Verdict::kDrop);
  // beyond its message's end
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, 2, 61, 40, Bytes(40))), Verdict::kDrop);
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 0, 2, 0xffffff, 1, {0})), Verdict::kDrop);
  // beyond its record's end
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, 2, 0, 41, Bytes(40))), Verdict::kDrop);
  // brings nothing forward (CVE-2022-29190 in pion)
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, 2, 0, 0, {})), Verdict::kDrop);
  // a message that no handshake reaches
  EXPECT_EQ(JudgeHandshake(MakeFragment(kCertificate, 100, kMaxHandshakeSequence + 1, 0, 1, {0})),
            Verdict::kDrop);
}

TEST(RecordFilter, EachCutShortFragmentIsDropped) {
  const Bytes whole = MakeFragment(kCertificate, 30, 2, 0, 30, Bytes(30));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(JudgeHandshake(Bytes(whole.begin(), whole.begin() + static_cast<long>(length))),
              Verdict::kDrop);
  }
}

TEST(RecordFilter, SeveralMessagesInOneRecordAllCount) {
  Bytes body = MakeFragment(kCertificate, 4, 1, 0, 4, Bytes(4));
  const Bytes second = MakeFragment(16, 4, 2, 0, 4, Bytes(4));
  body.insert(body.end(), second.begin(), second.end());
  EXPECT_EQ(JudgeHandshake(body), Verdict::kPass);
  const Bytes bad = MakeFragment(0, 0, 3, 0, 0, {});  // HelloRequest
  body.insert(body.end(), bad.begin(), bad.end());
  EXPECT_EQ(JudgeHandshake(body), Verdict::kDrop);
}

TEST(RecordFilter, LongMessagesAreNamed) {
  const auto judge = [](std::size_t length) {
    return JudgeHandshake(MakeFragment(kCertificate, length, 2, 0, 10, Bytes(10)));
  };
  EXPECT_EQ(judge(kMaxHandshakeMessage), Verdict::kPass);
  EXPECT_EQ(judge(kMaxHandshakeMessage + 1), Verdict::kTooLarge);
  EXPECT_EQ(judge(0xffffff), Verdict::kTooLarge);
}

TEST(RecordFilter, UndersizedProtectedRecordsNeverPass) {
  for (const std::size_t overhead : {kChaChaOverhead, kGcmOverhead}) {
    FilterState state = kUp;
    state.overhead = overhead;
    for (std::size_t size = 0; size < overhead + 2; ++size) {
      const Bytes body(size);
      const auto judge = [&](std::uint8_t type) {
        return JudgeBytes(MakeRecord(type, 1, 0, body), state);
      };
      EXPECT_EQ(judge(kApplicationDataType) == Verdict::kPass, size >= overhead) << size;
      EXPECT_EQ(judge(kAlertType) == Verdict::kPass, size > overhead) << size;
      EXPECT_EQ(judge(kHandshakeType) == Verdict::kPass, size > overhead) << size;
    }
  }
}

TEST(RecordFilter, OversizedRecordsNeverPass) {
  const auto judge = [](std::size_t size) {
    return JudgeBytes(MakeRecord(kApplicationDataType, 1, 0, Bytes(size)), kUp);
  };
  EXPECT_EQ(judge(kMaxPlaintext + kGcmOverhead), Verdict::kPass);
  EXPECT_EQ(judge(kMaxPlaintext + kGcmOverhead + 1), Verdict::kDrop);
}

TEST(RecordFilter, TheNextEpochWaitsForItsTurn) {
  const Bytes finished = MakeRecord(kHandshakeType, 1, 0, Bytes(48));
  const Bytes alert = MakeRecord(kAlertType, 1, 0, Bytes(26));
  const Bytes data = MakeRecord(kApplicationDataType, 1, 1, Bytes(48));
  for (const FilterState& state : {kClientStart, kServerStart}) {
    EXPECT_EQ(JudgeBytes(finished, state), Verdict::kHold);
    EXPECT_EQ(JudgeBytes(alert, state), Verdict::kHold);
    EXPECT_EQ(JudgeBytes(data, state), Verdict::kHold);
  }
  EXPECT_EQ(JudgeBytes(finished, kFinishing), Verdict::kPass);
  EXPECT_EQ(JudgeBytes(alert, kFinishing), Verdict::kPass);
  EXPECT_EQ(JudgeBytes(data, kFinishing), Verdict::kHold);
  EXPECT_EQ(JudgeBytes(finished, kUp), Verdict::kPass);
  EXPECT_EQ(JudgeBytes(data, kUp), Verdict::kPass);
}

TEST(RecordFilter, NumbersAreWrittenWhereTheyStand) {
  Bytes record(kRecordHeaderSize + 2, 0x77);
  SetRecordSequence(record, 0x0102'0304'0506);
  EXPECT_EQ(record,
            (Bytes{0x77, 0x77, 0x77, 0x77, 0x77, 1, 2, 3, 4, 5, 6, 0x77, 0x77, 0x77, 0x77}));
}

}  // namespace
}  // namespace pairwire::dtls
