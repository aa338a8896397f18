// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Owning handles for OpenSSL's objects, and its thread-wide error queue turned into text. Only
// files of peer/dtls include this.
#ifndef PAIRWIRE_PEER_DTLS_OPENSSL_HANDLES_H_
#define PAIRWIRE_PEER_DTLS_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pairwire/bytes.h>

#include <memory>
#include <string>

namespace pairwire::dtls {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using EvpKeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, FreeWith<X509_free>>;
using SslContextHandle = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using BioHandle = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using BioMethodHandle = std::unique_ptr<BIO_METHOD, FreeWith<BIO_meth_free>>;

// OpenSSL's error queue belongs to the thread, not to the connection: what one call leaves there,
// the next SSL_get_error of another connection takes for its own. Every entry into OpenSSL
// therefore stands in such a scope, which empties the queue before and after.
class ErrorQueueScope {
 public:
  ErrorQueueScope();
  ~ErrorQueueScope();

  ErrorQueueScope(const ErrorQueueScope&) = delete;
  ErrorQueueScope& operator=(const ErrorQueueScope&) = delete;
};

// The reason of the newest error in the queue ("wrong version number"), or "unknown reason". Takes
// nothing away.
std::string NewestErrorText();

// A certificate as DER; empty when it cannot be written.
Bytes DerOf(const X509* x509);

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_OPENSSL_HANDLES_H_
