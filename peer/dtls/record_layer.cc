// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/record_layer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::dtls {
namespace {

constexpr std::uint16_t kEpoch = 1;
constexpr std::size_t kSequenceAt = 3;  // epoch 2, then the number 6
constexpr std::size_t kLengthAt = 11;
constexpr std::size_t kExplicitNonceSize = 8;
// RFC 6347 section 4.1.2.1 and RFC 5246 section 6.2.3.3: epoch and number 8, type 1, version 2,
// length 2.
constexpr std::size_t kAdditionalDataSize = 13;
constexpr std::uint64_t kEndOfSequence = std::uint64_t{1} << 48;
constexpr std::size_t kMasterSecretSize = 48;
constexpr std::size_t kMaxKeySize = 32;

void Put(std::uint8_t* at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0; value >>= 8) at[i] = static_cast<std::uint8_t>(value);
}

std::uint64_t Get(const std::uint8_t* at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | at[i];
  return value;
}

// A record's additional data as OpenSSL wants it: the length is that of the body, and it takes the
// overhead off by itself. One parameter and one call a record, where nonce, additional data, text
// and tag one by one cost as much as the encryption of a small packet.
bool SetAdditionalData(EVP_CIPHER_CTX* cipher, const std::uint8_t* header, std::size_t length) {
  std::array<std::uint8_t, kAdditionalDataSize> data;
  std::memcpy(data.data(), header + kSequenceAt, 8);
  std::memcpy(data.data() + 8, header, 3);
  Put(data.data() + 11, length, 2);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, data.data(), data.size()),
      OSSL_PARAM_construct_end()};
  return EVP_CIPHER_CTX_set_params(cipher, params) == 1;
}

// Zeroed when it goes.
template <std::size_t kSize>
struct Secret {
  std::array<std::uint8_t, kSize> bytes{};
  Secret() = default;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
};

// RFC 5246 section 6.3: PRF(master_secret, "key expansion", server_random + client_random).
bool MakeKeyBlock(const SSL* ssl, const EVP_MD* digest, std::span<std::uint8_t> block) {
  using KdfHandle = std::unique_ptr<EVP_KDF, FreeWith<EVP_KDF_free>>;
  using KdfContextHandle = std::unique_ptr<EVP_KDF_CTX, FreeWith<EVP_KDF_CTX_free>>;

  Secret<kMasterSecretSize> master;
  const SSL_SESSION* const session = SSL_get_session(ssl);
  if (session == nullptr || SSL_SESSION_get_master_key(session, master.bytes.data(),
                                                       kMasterSecretSize) != kMasterSecretSize) {
    return false;
  }
  constexpr std::string_view kLabel = "key expansion";
  std::array<std::uint8_t, kLabel.size() + 2 * SSL3_RANDOM_SIZE> seed;
  std::memcpy(seed.data(), kLabel.data(), kLabel.size());
  std::uint8_t* const randoms = seed.data() + kLabel.size();
  if (SSL_get_server_random(ssl, randoms, SSL3_RANDOM_SIZE) != SSL3_RANDOM_SIZE ||
      SSL_get_client_random(ssl, randoms + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE) !=
          SSL3_RANDOM_SIZE) {
    return false;
  }
  const KdfHandle kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_PRF, nullptr));
  const KdfContextHandle context(kdf == nullptr ? nullptr : EVP_KDF_CTX_new(kdf.get()));
  if (context == nullptr) return false;
  // OpenSSL's parameters are not const, and it does not write to these.
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                       const_cast<char*>(EVP_MD_get0_name(digest)), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master.bytes.data(),
                                        master.bytes.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size()),
      OSSL_PARAM_construct_end()};
  return EVP_KDF_derive(context.get(), block.data(), block.size(), params) == 1;
}

const EVP_CIPHER* CipherOf(const SSL_CIPHER* suite) {
  switch (suite == nullptr ? NID_undef : SSL_CIPHER_get_cipher_nid(suite)) {
    case NID_aes_128_gcm:
      return EVP_aes_128_gcm();
    case NID_aes_256_gcm:
      return EVP_aes_256_gcm();
    default:
      return nullptr;
  }
}

}  // namespace

void WrittenRecords::Note(ByteSpan datagram) {
  while (const auto record = TakeRecord(datagram)) {
    if (record->epoch != kEpoch || record->body.size() < kExplicitNonceSize) continue;
    any_ = true;
    next_sequence_ = record->sequence() + 1;
    next_nonce_ = Get(record->body.data(), kExplicitNonceSize) + 1;
  }
}

std::unique_ptr<RecordLayer> RecordLayer::TakeOver(const SslHandle& ssl,
                                                   const WrittenRecords& written,
                                                   std::uint64_t finished) {
  const SSL_CIPHER* const suite = SSL_get_current_cipher(ssl.get());
  const EVP_CIPHER* const cipher = CipherOf(suite);
  if (cipher == nullptr || !written.any()) return nullptr;
  const EVP_MD* const digest = SSL_CIPHER_get_handshake_digest(suite);
  const auto key_size = static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher));
  if (digest == nullptr || key_size > kMaxKeySize) return nullptr;

  // The client's key, the server's key, the client's salt, the server's salt.
  Secret<2 * (kMaxKeySize + kSaltSize)> secret;
  const auto block = std::span(secret.bytes).first(2 * (key_size + kSaltSize));
  if (!MakeKeyBlock(ssl.get(), digest, block)) return nullptr;
  const std::size_t ours = SSL_is_server(ssl.get()) == 1 ? 1 : 0;
  const std::size_t theirs = 1 - ours;

  CipherHandle sealer(EVP_CIPHER_CTX_new());
  CipherHandle opener(EVP_CIPHER_CTX_new());
  if (sealer == nullptr || opener == nullptr ||
      EVP_EncryptInit_ex2(sealer.get(), cipher, block.data() + ours * key_size, nullptr, nullptr) !=
          1 ||
      EVP_DecryptInit_ex2(opener.get(), cipher, block.data() + theirs * key_size, nullptr,
                          nullptr) != 1) {
    return nullptr;
  }
  const std::uint8_t* const salts = block.data() + 2 * key_size;
  // A length of -1 sets the whole nonce, from which OpenSSL counts up.
  Secret<kSaltSize + kExplicitNonceSize> nonce;
  std::memcpy(nonce.bytes.data(), salts + ours * kSaltSize, kSaltSize);
  Put(nonce.bytes.data() + kSaltSize, written.next_nonce(), kExplicitNonceSize);
  Secret<kSaltSize> salt;
  std::memcpy(salt.bytes.data(), salts + theirs * kSaltSize, kSaltSize);
  if (EVP_CIPHER_CTX_ctrl(sealer.get(), EVP_CTRL_GCM_SET_IV_FIXED, -1, nonce.bytes.data()) != 1 ||
      EVP_CIPHER_CTX_ctrl(opener.get(), EVP_CTRL_GCM_SET_IV_FIXED, kSaltSize, salt.bytes.data()) !=
          1) {
    return nullptr;
  }
  std::unique_ptr<RecordLayer> layer(
      new RecordLayer(std::move(sealer), std::move(opener), written));
  layer->received_.Note(finished);
  return layer;
}

RecordLayer::RecordLayer(CipherHandle sealer, CipherHandle opener, const WrittenRecords& written)
    : sealer_(std::move(sealer)),
      opener_(std::move(opener)),
      next_sequence_(written.next_sequence()) {}

ByteSpan RecordLayer::Seal(std::uint8_t type, ByteSpan data, std::span<std::uint8_t> buffer) {
  PAIRWIRE_CHECK(data.size() <= kMaxPlaintext && buffer.size() >= data.size() + kOverhead);
  if (next_sequence_ >= kEndOfSequence) return {};
  std::uint8_t* const header = buffer.data();
  header[0] = type;
  header[1] = 0xfe;  // DTLS 1.2
  header[2] = 0xfd;
  Put(header + kSequenceAt, std::uint64_t{kEpoch} << 48 | next_sequence_++, 8);
  const std::size_t length = data.size() + kGcmOverhead;
  Put(header + kLengthAt, length, 2);
  std::uint8_t* const body = header + kRecordHeaderSize;
  if (!data.empty()) std::memcpy(body + kExplicitNonceSize, data.data(), data.size());
  int size = 0;
  // The nonce comes in front and the tag behind; `length` of the additional data is without the
  // tag.
  const bool sealed =
      SetAdditionalData(sealer_.get(), header, data.size() + kExplicitNonceSize) &&
      EVP_CipherUpdate(sealer_.get(), body, &size, body, static_cast<int>(length)) == 1 &&
      static_cast<std::size_t>(size) == length;
  if (!sealed) {
    ERR_clear_error();
    return {};
  }
  return buffer.first(kRecordHeaderSize + length);
}

std::optional<ByteSpan> RecordLayer::Open(const Record& record, std::span<std::uint8_t> buffer) {
  const std::uint64_t sequence = record.sequence();
  const std::size_t length = record.body.size();
  if (record.epoch != kEpoch || length < kGcmOverhead || length > buffer.size() ||
      !received_.IsNew(sequence)) {
    return std::nullopt;
  }
  std::memcpy(buffer.data(), record.body.data(), length);  // OpenSSL works in place
  int size = 0;
  const bool genuine = SetAdditionalData(opener_.get(), record.bytes.data(), length) &&
                       EVP_CipherUpdate(opener_.get(), buffer.data(), &size, buffer.data(),
                                        static_cast<int>(length)) == 1;
  if (!genuine) {
    ERR_clear_error();  // forgeries must not fill the thread's queue of errors
    return std::nullopt;
  }
  received_.Note(sequence);
  return ByteSpan(buffer.subspan(kExplicitNonceSize, length - kGcmOverhead));
}

}  // namespace pairwire::dtls
