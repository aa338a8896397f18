// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What of an incoming datagram may reach OpenSSL, and when. DTLS itself says that a bad record is
// dropped, but before the handshake is through one forged packet is enough to end it: OpenSSL obeys
// a plaintext alert, and takes plaintext data or an unknown record for a protocol error. It also
// keeps records of an epoch that has not begun, a 17 KB buffer each. So each datagram is cut into
// records here, and only those pass that could belong to a handshake at this point (RFC 6347
// sections 4.1 and 4.2.2).
//
// This is not a security layer of its own: the handshake's hashes and the ciphers are. It keeps
// noise away from them. A forged handshake message with a believable header still ends the
// handshake, unless it is a ClientHello before we answered one (dtls_input.cc).
//
// Pure functions over bytes; no OpenSSL, no state.
#ifndef PAIRWIRE_PEER_DTLS_RECORD_FILTER_H_
#define PAIRWIRE_PEER_DTLS_RECORD_FILTER_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "peer/dtls/dtls_transport.h"

namespace pairwire::dtls {

// RFC 6347 section 4.1.
inline constexpr std::size_t kRecordHeaderSize = 13;
inline constexpr std::uint8_t kChangeCipherSpecType = 20;
inline constexpr std::uint8_t kAlertType = 21;
inline constexpr std::uint8_t kHandshakeType = 22;
inline constexpr std::uint8_t kApplicationDataType = 23;

// RFC 6347 section 4.2.2: type 1, length 3, sequence 2, fragment offset 3, fragment length 3.
inline constexpr std::size_t kFragmentHeaderSize = 12;

// Longest handshake message that we take: the certificate of a peer, which is the longest one, is a
// few hundred bytes, a chain of RSA certificates a few thousand.
inline constexpr std::size_t kMaxHandshakeMessage = 8 * 1024;
// The longest handshake without renegotiation has messages 0..6.
inline constexpr std::size_t kMaxHandshakeSequence = 10;

// Bytes that encryption adds inside the record's body. Fewer cannot be a record (CVE-2026-75806).
inline constexpr std::size_t kChaChaOverhead = 16;  // tag
inline constexpr std::size_t kGcmOverhead = 24;     // explicit nonce 8, tag 16
// RFC 5246 section 6.2.1: 2^14 bytes of plaintext.
inline constexpr std::size_t kMaxPlaintext = 16'384;

struct Record {
  std::uint8_t type = 0;
  std::uint16_t epoch = 0;
  ByteSpan bytes;  // header and body
  ByteSpan body;

  std::uint64_t sequence() const;  // the record's number, 48 bits
};

// Takes the first record off `datagram`. Empty when what is left is not a whole record of DTLS 1.0
// or 1.2 (the first ClientHello may still say 1.0); nothing after it can be found then.
std::optional<Record> TakeRecord(ByteSpan& datagram);

// Writes the number (below 2^48) of the record that `bytes` begins with: at least a header.
void SetRecordSequence(std::span<std::uint8_t> bytes, std::uint64_t number);

// Where the connection stands, as far as the filter cares.
struct FilterState {
  Role role = Role::kClient;
  bool reads_protected = false;  // the other end's ChangeCipherSpec was taken: epoch 1 has begun
  bool connected = false;
  std::size_t overhead =
      kChaChaOverhead;  // of the negotiated cipher; the smallest one while unknown
};

enum class Verdict {
  kPass,   // to OpenSSL
  kHold,   // may be right a little later: epoch 1 came before we were there (reordered datagrams)
  kAlert,  // an alert that nobody vouches for: take note, but do not obey
  kTooLarge,  // a handshake message above kMaxHandshakeMessage: drop, and remember it as the reason
  kDrop,
};
Verdict Judge(const Record& record, const FilterState& state);

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_RECORD_FILTER_H_
