// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/record_filter.h"

namespace pairwire::dtls {
namespace {

constexpr std::size_t kSequenceAt = 5;
constexpr std::size_t kSequenceSize = 6;

std::size_t Read16(ByteSpan bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

std::size_t Read24(ByteSpan bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 16 | Read16(bytes, at + 1);
}

// The messages that the other end may send in the clear. HelloRequest (0) is renegotiation;
// NewSessionTicket (4) and CertificateStatus (22) answer extensions that we never send; Finished
// (20) is never in the clear. That the roles differ also keeps our own packets out when somebody
// sends them back.
bool IsExpectedMessage(std::uint8_t type, Role our_role) {
  constexpr std::uint8_t kClientHello = 1, kServerHello = 2, kHelloVerifyRequest = 3,
                         kCertificate = 11, kServerKeyExchange = 12, kCertificateRequest = 13,
                         kServerHelloDone = 14, kCertificateVerify = 15, kClientKeyExchange = 16;
  switch (type) {
    case kCertificate:
      return true;
    case kServerHello:
    case kHelloVerifyRequest:
    case kServerKeyExchange:
    case kCertificateRequest:
    case kServerHelloDone:
      return our_role == Role::kClient;
    case kClientHello:
    case kCertificateVerify:
    case kClientKeyExchange:
      return our_role == Role::kServer;
    default:
      return false;
  }
}

// One record may hold several messages or fragments of them, each whole within the record.
Verdict JudgePlainHandshake(ByteSpan body, Role our_role) {
  if (body.empty()) return Verdict::kDrop;
  while (!body.empty()) {
    if (body.size() < kFragmentHeaderSize) return Verdict::kDrop;
    const std::size_t length = Read24(body, 1);
    const std::size_t sequence = Read16(body, 4);
    const std::size_t offset = Read24(body, 6);
    const std::size_t fragment = Read24(body, 9);
    if (!IsExpectedMessage(body[0], our_role)) return Verdict::kDrop;
    if (sequence > kMaxHandshakeSequence) return Verdict::kDrop;
    if (offset + fragment > length) return Verdict::kDrop;
    if (fragment == 0 && length != 0) return Verdict::kDrop;  // brings nothing forward
    if (fragment > body.size() - kFragmentHeaderSize) return Verdict::kDrop;
    if (length > kMaxHandshakeMessage) return Verdict::kTooLarge;
    body = body.subspan(kFragmentHeaderSize + fragment);
  }
  return Verdict::kPass;
}

Verdict JudgePlain(const Record& record, const FilterState& state) {
  // Epoch 0 is over; a late retransmission of a flight whose end we have is of no use either,
  // because what asks for our last flight again is the Finished in epoch 1.
  if (state.reads_protected || state.connected) return Verdict::kDrop;
  if (record.body.size() > kMaxPlaintext) return Verdict::kDrop;
  switch (record.type) {
    case kChangeCipherSpecType:
      return record.body.size() == 1 && record.body[0] == 1 ? Verdict::kPass : Verdict::kDrop;
    case kAlertType:
      return record.body.size() == 2 ? Verdict::kAlert : Verdict::kDrop;
    case kHandshakeType:
      return JudgePlainHandshake(record.body, state.role);
    default:
      return Verdict::kDrop;  // among them application data, which is never right in the clear
  }
}

Verdict JudgeProtected(const Record& record, const FilterState& state) {
  const std::size_t size = record.body.size();
  if (size > kMaxPlaintext + kGcmOverhead) return Verdict::kDrop;
  switch (record.type) {
    case kHandshakeType:
    case kAlertType:
      if (size <= state.overhead) return Verdict::kDrop;  // neither is ever empty
      return state.reads_protected || state.connected ? Verdict::kPass : Verdict::kHold;
    case kApplicationDataType:
      if (size < state.overhead) return Verdict::kDrop;
      return state.connected ? Verdict::kPass : Verdict::kHold;
    default:
      return Verdict::kDrop;
  }
}

}  // namespace

std::optional<Record> TakeRecord(ByteSpan& datagram) {
  const ByteSpan rest = datagram;
  datagram = {};
  if (rest.size() < kRecordHeaderSize) return std::nullopt;
  const bool known_version = rest[1] == 0xfe && (rest[2] == 0xfd || rest[2] == 0xff);
  const std::size_t length = Read16(rest, 11);
  if (!known_version || length > rest.size() - kRecordHeaderSize) return std::nullopt;
  datagram = rest.subspan(kRecordHeaderSize + length);
  return Record{.type = rest[0],
                .epoch = static_cast<std::uint16_t>(Read16(rest, 3)),
                .bytes = rest.first(kRecordHeaderSize + length),
                .body = rest.subspan(kRecordHeaderSize, length)};
}

std::uint64_t Record::sequence() const {
  return static_cast<std::uint64_t>(Read24(bytes, kSequenceAt)) << 24 |
         Read24(bytes, kSequenceAt + 3);
}

void SetRecordSequence(std::span<std::uint8_t> bytes, std::uint64_t number) {
  for (std::size_t i = 0; i < kSequenceSize; ++i) {
    bytes[kSequenceAt + i] = static_cast<std::uint8_t>(number >> (kSequenceSize - 1 - i) * 8);
  }
}

Verdict Judge(const Record& record, const FilterState& state) {
  // Without renegotiation there is no epoch 2 (CVE-2026-54874: OpenSSL kept what came too early).
  switch (record.epoch) {
    case 0:
      return JudgePlain(record, state);
    case 1:
      return JudgeProtected(record, state);
    default:
      return Verdict::kDrop;
  }
}

}  // namespace pairwire::dtls
