// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/record_layer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
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
constexpr std::size_t kTagSize = 16;
// RFC 6347 section 4.1.2.1 and RFC 5246 section 6.2.3.3: epoch and number 8, type 1, version 2,
// length of the plaintext 2.
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

// From a record's header, whose length is that of the ciphertext.
std::array<std::uint8_t, kAdditionalDataSize> AdditionalData(const std::uint8_t* header,
                                                             std::size_t plaintext_size) {
  std::array<std::uint8_t, kAdditionalDataSize> data;
  std::memcpy(data.data(), header + kSequenceAt, 8);
  std::memcpy(data.data() + 8, header, 3);
  Put(data.data() + 11, plaintext_size, 2);
  return data;
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
  std::unique_ptr<RecordLayer> layer(
      new RecordLayer(std::move(sealer), std::move(opener), written));
  const std::uint8_t* const salts = block.data() + 2 * key_size;
  std::memcpy(layer->seal_nonce_.data(), salts + ours * kSaltSize, kSaltSize);
  std::memcpy(layer->open_nonce_.data(), salts + theirs * kSaltSize, kSaltSize);
  layer->received_.Note(finished);
  return layer;
}

RecordLayer::RecordLayer(CipherHandle sealer, CipherHandle opener, const WrittenRecords& written)
    : sealer_(std::move(sealer)),
      opener_(std::move(opener)),
      next_sequence_(written.next_sequence()),
      next_nonce_(written.next_nonce()) {}

ByteSpan RecordLayer::Seal(std::uint8_t type, ByteSpan data, std::span<std::uint8_t> buffer) {
  PAIRWIRE_CHECK(data.size() <= kMaxPlaintext && buffer.size() >= data.size() + kOverhead);
  if (next_sequence_ >= kEndOfSequence) return {};
  std::uint8_t* const header = buffer.data();
  header[0] = type;
  header[1] = 0xfe;  // DTLS 1.2
  header[2] = 0xfd;
  Put(header + kSequenceAt, std::uint64_t{kEpoch} << 48 | next_sequence_++, 8);
  Put(header + kLengthAt, data.size() + kGcmOverhead, 2);
  std::uint8_t* const explicit_nonce = header + kRecordHeaderSize;
  Put(explicit_nonce, next_nonce_++, kExplicitNonceSize);
  std::memcpy(seal_nonce_.data() + kSaltSize, explicit_nonce, kExplicitNonceSize);

  const auto additional = AdditionalData(header, data.size());
  std::uint8_t* const body = explicit_nonce + kExplicitNonceSize;
  std::uint8_t* const tag = body + data.size();
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, kTagSize),
      OSSL_PARAM_construct_end()};
  int size = 0;
  EVP_CIPHER_CTX* const cipher = sealer_.get();
  const bool sealed =
      EVP_EncryptInit_ex2(cipher, nullptr, nullptr, seal_nonce_.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(cipher, nullptr, &size, additional.data(),
                        static_cast<int>(additional.size())) == 1 &&
      EVP_EncryptUpdate(cipher, body, &size, data.data(), static_cast<int>(data.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher, tag, &size) == 1 &&
      EVP_CIPHER_CTX_get_params(cipher, params) == 1;
  if (!sealed) return {};
  return buffer.first(data.size() + kOverhead);
}

std::optional<ByteSpan> RecordLayer::Open(const Record& record, std::span<std::uint8_t> buffer) {
  const std::uint64_t sequence = record.sequence();
  if (record.epoch != kEpoch || record.body.size() < kGcmOverhead ||
      record.body.size() - kGcmOverhead > buffer.size() || !received_.IsNew(sequence)) {
    return std::nullopt;
  }
  const std::size_t plaintext_size = record.body.size() - kGcmOverhead;
  std::memcpy(open_nonce_.data() + kSaltSize, record.body.data(), kExplicitNonceSize);
  const auto additional = AdditionalData(record.bytes.data(), plaintext_size);
  const ByteSpan ciphertext = record.body.subspan(kExplicitNonceSize, plaintext_size);
  // OpenSSL only reads it.
  auto* const tag = const_cast<std::uint8_t*>(record.body.last(kTagSize).data());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, kTagSize),
      OSSL_PARAM_construct_end()};
  int size = 0;
  EVP_CIPHER_CTX* const cipher = opener_.get();
  const bool genuine =
      EVP_DecryptInit_ex2(cipher, nullptr, nullptr, open_nonce_.data(), params) == 1 &&
      EVP_DecryptUpdate(cipher, nullptr, &size, additional.data(),
                        static_cast<int>(additional.size())) == 1 &&
      EVP_DecryptUpdate(cipher, buffer.data(), &size, ciphertext.data(),
                        static_cast<int>(ciphertext.size())) == 1 &&
      EVP_DecryptFinal_ex(cipher, buffer.data() + plaintext_size, &size) == 1;
  if (!genuine) return std::nullopt;
  received_.Note(sequence);
  return ByteSpan(buffer.first(plaintext_size));
}

}  // namespace pairwire::dtls
