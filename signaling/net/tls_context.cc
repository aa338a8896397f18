// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <system_error>
#include <utility>

namespace pairwire::net {
namespace {

// OpenSSL's first reason, which is the cause of those that follow, with what of ours was to blame.
tl::unexpected<Error> FailTls(const std::string& what) {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return Fail(Errc::kInvalidArgument, what);
  if (ERR_SYSTEM_ERROR(code)) {
    return Fail(Errc::kInvalidArgument,
                what + ": " + std::generic_category().message(ERR_GET_REASON(code)));
  }
  const char* const reason = ERR_reason_error_string(code);
  return Fail(Errc::kInvalidArgument, what + (reason == nullptr ? "" : std::string(": ") + reason));
}

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;

Result<void> UseCertificate(SSL_CTX* context, const std::string& certificate,
                            const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return FailTls("cannot use the certificate of " + certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return FailTls("cannot use the key of " + key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return FailTls("the key of " + key + " does not belong to the certificate of " + certificate);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::Server(const TlsServerOptions& options) {
  std::unique_ptr<TlsContext> made(new TlsContext());
  made->is_server_ = true;
  made->certificate_file_ = options.certificate_file;
  made->key_file_ = options.key_file;
  if (auto loaded = made->Reload(); !loaded) return tl::unexpected(loaded.error());
  return made;
}

Result<std::unique_ptr<TlsContext>> TlsContext::Client(const TlsClientOptions& options) {
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Fail(Errc::kInvalidArgument, "a client certificate needs its key, and the key it");
  }
  std::unique_ptr<TlsContext> made(new TlsContext());
  made->ca_file_ = options.ca_file;
  made->certificate_file_ = options.certificate_file;
  made->key_file_ = options.key_file;
  if (auto loaded = made->Reload(); !loaded) return tl::unexpected(loaded.error());
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<void> TlsContext::Reload() {
  Result<ssl_ctx_st*> loaded = Load();
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  // Open connections hold the old one by its reference count.
  SSL_CTX_free(std::exchange(context_, *loaded));
  return {};
}

Result<ssl_ctx_st*> TlsContext::Load() const {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(is_server_ ? TLS_server_method() : TLS_client_method()));
  if (!context) return FailTls("cannot set TLS up");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // An idle connection gives its 32 KiB of record buffers back; a write may go on from another
  // address and need not be whole.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!certificate_file_.empty()) {
    if (auto used = UseCertificate(context.get(), certificate_file_, key_file_); !used) {
      return tl::unexpected(used.error());
    }
  }
  if (!is_server_) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const bool trusted = ca_file_.empty()
                             ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                             : SSL_CTX_load_verify_file(context.get(), ca_file_.c_str()) == 1;
    if (!trusted) {
      return FailTls(ca_file_.empty() ? std::string("cannot read the system's certificates")
                                      : "cannot use the certificates of " + ca_file_);
    }
  }
  return context.release();
}

}  // namespace pairwire::net
