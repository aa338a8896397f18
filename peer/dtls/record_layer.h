// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RecordLayer: protects and opens the records of an association whose handshake is over (RFC 6347
// section 4.1, AES-GCM as in RFC 5288), with the keys that OpenSSL agreed on.
//
//   OpenSSL's SSL --handshake done, TakeOver--> RecordLayer; the SSL can go
//
// Why not OpenSSL's own: an SSL keeps 70 KiB for a handshake that is over, which DTLS never gives
// back, and spends more on each record than AES does. The handshake, the key agreement and AES-GCM
// itself stay OpenSSL's; here are a header, a counter and a window. Renegotiation does not exist
// (SSL_OP_NO_RENEGOTIATION), so epoch 1 is the last one.
//
// Knows no states and no alerts. Allocates only in TakeOver. One thread.
#ifndef PAIRWIRE_PEER_DTLS_RECORD_LAYER_H_
#define PAIRWIRE_PEER_DTLS_RECORD_LAYER_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "peer/dtls/openssl_handles.h"
#include "peer/dtls/record_filter.h"
#include "peer/dtls/replay_window.h"

namespace pairwire::dtls {

// Follows the protected records that OpenSSL writes, so that we go on counting where it stops: a
// number or a nonce that is used twice with one key gives the key away (RFC 5288 section 6.2).
class WrittenRecords {
 public:
  // Everything that OpenSSL writes, in order.
  void Note(ByteSpan datagram);

  bool any() const { return any_; }
  std::uint64_t next_sequence() const { return next_sequence_; }
  std::uint64_t next_nonce() const { return next_nonce_; }

 private:
  bool any_ = false;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_nonce_ = 0;  // OpenSSL starts at a random one and counts up
};

class RecordLayer {
 public:
  // Header 13, explicit nonce 8, tag 16.
  static constexpr std::size_t kOverhead = kRecordHeaderSize + kGcmOverhead;

  // Of a connection whose handshake is done; `written` saw all that it wrote, and it must write
  // nothing any more. `finished` is the number of the record with the other end's Finished, which
  // it has read. Null when the cipher is not AES-GCM, or OpenSSL refuses: then `ssl` goes on.
  static std::unique_ptr<RecordLayer> TakeOver(const SslHandle& ssl, const WrittenRecords& written,
                                               std::uint64_t finished);

  RecordLayer(const RecordLayer&) = delete;
  RecordLayer& operator=(const RecordLayer&) = delete;

  // One record around `data` (at most kMaxPlaintext), in `buffer`, which has room for it and
  // kOverhead. Empty when OpenSSL fails, or after 2^48 records.
  ByteSpan Seal(std::uint8_t type, ByteSpan data, std::span<std::uint8_t> buffer);

  // What `record`, of epoch 1, holds, in `buffer`, which has kMaxPlaintext + kGcmOverhead. Empty:
  // it is forged, not for us, or was there before; then `buffer` says nothing.
  std::optional<ByteSpan> Open(const Record& record, std::span<std::uint8_t> buffer);

 private:
  using CipherHandle = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
  static constexpr std::size_t kSaltSize = 4;

  RecordLayer(CipherHandle sealer, CipherHandle opener, const WrittenRecords& written);

  CipherHandle sealer_;
  CipherHandle opener_;
  std::uint64_t next_sequence_;
  ReplayWindow received_;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_RECORD_LAYER_H_
