// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/sealed_box.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "peer/auth/auth_failed.h"
#include "peer/base/check.h"

namespace pairwire::auth {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// 96 bits: the number, big-endian.
std::array<std::uint8_t, 12> NonceOf(std::uint64_t number) {
  std::array<std::uint8_t, 12> nonce{};
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[nonce.size() - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return nonce;
}

Cipher NewCipher() {
  Cipher cipher(EVP_CIPHER_CTX_new());
  PAIRWIRE_CHECK(cipher != nullptr);
  return cipher;
}

int SizeOf(ByteSpan bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<Bytes> BoxSealer::Seal(std::string_view kind, ByteSpan text) {
  if (text.size() > kMaxBoxTextBytes) {
    return Fail(Errc::kMessageTooLarge, "more than " + std::to_string(kMaxBoxTextBytes) +
                                            " bytes do not fit into one message of the pairing");
  }
  if (next_ == kMaxBoxes) return Fail(Errc::kLimitExceeded, "the pairing has said too much");
  const auto nonce = NonceOf(next_);
  ++next_;
  Bytes box(text.size() + kBoxTagBytes);
  const Cipher cipher = NewCipher();
  int written = 0;
  bool good = EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.bytes().data(),
                                 nonce.data()) == 1 &&
              EVP_EncryptUpdate(cipher.get(), nullptr, &written, AsBytes(kind).data(),
                                SizeOf(AsBytes(kind))) == 1;
  if (!text.empty()) {
    good = good &&
           EVP_EncryptUpdate(cipher.get(), box.data(), &written, text.data(), SizeOf(text)) == 1;
  }
  good = good && EVP_EncryptFinal_ex(cipher.get(), box.data() + text.size(), &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kBoxTagBytes,
                             box.data() + text.size()) == 1;
  // Encrypting does not depend on what is encrypted.
  PAIRWIRE_CHECK(good);
  return box;
}

Result<Bytes> BoxOpener::Open(std::string_view kind, ByteSpan box) {
  if (!key_) return AuthFailed();
  bool good = box.size() >= kBoxTagBytes && box.size() <= kMaxBoxTextBytes + kBoxTagBytes &&
              next_ < kMaxBoxes;
  Bytes text;
  if (good) {
    const ByteSpan sealed = box.first(box.size() - kBoxTagBytes);
    Bytes tag(box.end() - static_cast<std::ptrdiff_t>(kBoxTagBytes), box.end());
    text.resize(sealed.size());
    const auto nonce = NonceOf(next_);
    ++next_;
    const Cipher cipher = NewCipher();
    int written = 0;
    good = EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_->bytes().data(),
                              nonce.data()) == 1 &&
           EVP_DecryptUpdate(cipher.get(), nullptr, &written, AsBytes(kind).data(),
                             SizeOf(AsBytes(kind))) == 1;
    if (!sealed.empty()) {
      good = good && EVP_DecryptUpdate(cipher.get(), text.data(), &written, sealed.data(),
                                       SizeOf(sealed)) == 1;
    }
    std::uint8_t nothing = 0;
    good =
        good &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kBoxTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), &nothing, &written) == 1;
  }
  if (!good) {
    // What was decrypted before the tag was checked is nobody's business.
    Wipe(text);
    Kill();
    return AuthFailed();
  }
  return text;
}

}  // namespace pairwire::auth
