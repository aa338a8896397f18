// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/dtls/ssl_context.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <string>
#include <utility>

namespace pairwire::dtls {
namespace {

// RFC 8827 section 6.5 makes the first one mandatory. AES-128 before AES-256: measured faster, and
// as safe as the 128 bits of P-256 around it. ECDHE-RSA is for peers, and for certificates of the
// application's own, whose key is RSA.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
// P-384 comes last: hardly anyone chooses it, but in DTLS 1.2 this list is also that of the curves
// on which the other end's certificate may be (RFC 8422 section 5.1.1).
constexpr const char* kGroups = "X25519:P-256:P-384";
// No SHA-1 and no DSA. P-384 and the larger hashes are there for certificates that others made.
constexpr const char* kSignatureAlgorithms =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
// 112 bits: RSA keys of 2048 bits and more. Said here so that the machine's openssl.cnf does not
// decide it.
constexpr int kSecurityLevel = 2;
constexpr int kMinKeyStrength = 112;  // bits
// We carry no media, but stacks that expect it fail a handshake that agreed on no profile (werift),
// and every browser offers them. Nothing is ever keyed with what is agreed here (RFC 5764).
constexpr const char* kSrtpProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
// OpenSSL does not hold DTLS to this (its bound there is one record, 16 KiB): record_filter.h does.
constexpr long kMaxCertificateList = 8 * 1024;
// A record of AES-GCM is 24 bytes longer than OpenSSL reckons when it cuts a flight into datagrams.
constexpr std::size_t kUncountedOverhead = 24;

ConnectionHooks* HooksOf(const SSL* ssl) {
  return static_cast<ConnectionHooks*>(SSL_get_app_data(ssl));
}

// With a verification of our own, OpenSSL no longer holds the peer's key to the security level.
bool IsStrongEnough(const X509* leaf) {
  const EVP_PKEY* const key = X509_get0_pubkey(leaf);
  return key != nullptr && EVP_PKEY_get_security_bits(key) >= kMinKeyStrength;
}

// Stands in for OpenSSL's own verification of chains, names and dates. Sees the leaf only: what
// else the peer sends along is not looked at. That the peer owns the key of the leaf is proven
// afterwards by its signature (CertificateVerify, ServerKeyExchange), which OpenSSL checks.
int VerifyPeer(X509_STORE_CTX* store, void*) noexcept {
  const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
  const SSL* const ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, index));
  const X509* const leaf = X509_STORE_CTX_get0_cert(store);
  ConnectionHooks* const hooks = ssl == nullptr ? nullptr : HooksOf(ssl);
  bool accepted = false;
  if (hooks != nullptr && leaf != nullptr) {
    const Bytes der = DerOf(leaf);
    accepted = !der.empty() && hooks->verifier.Accept(der);
  }
  accepted = accepted && IsStrongEnough(leaf);
  X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return accepted ? 1 : 0;
}

// RFC 6347 section 4.2.4.1 doubles. Half more each time brings two more flights into the first five
// seconds (30 % loss, 3,000 handshakes: p99 3.3 s, not 7.1). OpenSSL gives up after 12; the last
// are far enough apart that this is no earlier than the handshake's own deadline.
constexpr int kGrowing = 8;
constexpr std::chrono::seconds kLastTimeouts{3};

// OpenSSL asks with 0 at the start of a flight and with the last value at each retransmission.
unsigned int NextTimeout(SSL* ssl, unsigned int last) noexcept {
  ConnectionHooks* const hooks = HooksOf(ssl);
  hooks->timeouts = last == 0 ? 0 : hooks->timeouts + 1;
  hooks->timeout = last == 0
                       ? hooks->first_timeout
                       : std::min<std::chrono::microseconds>(hooks->timeout * 3 / 2, kLastTimeouts);
  if (hooks->timeouts >= kGrowing) hooks->timeout = kLastTimeouts;
  return static_cast<unsigned int>(hooks->timeout.count());
}

void GiveKeyLogLine(const SSL* ssl, const char* line) noexcept {
  const ConnectionHooks* const hooks = HooksOf(ssl);
  if (hooks != nullptr && hooks->on_key_log) hooks->on_key_log(line);
}

bool Configure(SSL_CTX* context) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, kMaxCertificateList);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, VerifyPeer, nullptr);
  return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCiphers) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1 &&
         SSL_CTX_set1_sigalgs_list(context, kSignatureAlgorithms) == 1 &&
         SSL_CTX_set_tlsext_use_srtp(context, kSrtpProfiles) == 0;  // 0 is success, here only
}

SslContextHandle MakeContext(KeyLog key_log) {
  SslContextHandle context(SSL_CTX_new(DTLS_method()));
  if (context == nullptr || !Configure(context.get())) return nullptr;
  if (key_log == KeyLog::kOnRequest) SSL_CTX_set_keylog_callback(context.get(), GiveKeyLogLine);
  return context;
}

}  // namespace

SSL_CTX* SharedSslContext(KeyLog key_log) {
  // OpenSSL frees its own tables at exit, after these: it was started before they were made.
  if (key_log == KeyLog::kOnRequest) {
    static const SslContextHandle with_log = MakeContext(KeyLog::kOnRequest);
    return with_log.get();
  }
  static const SslContextHandle without = MakeContext(KeyLog::kNever);
  return without.get();
}

// ---- Options

namespace {

// Whether `name` is one of the colon-separated names of `list`.
bool IsListed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t end = list.find(':');
    if (list.substr(0, end) == name) return true;
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  }
  return false;
}

Result<void> CheckNames(const char* what, const std::vector<std::string>& names,
                        std::string_view allowed) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!IsListed(allowed, *name)) {
      return Fail(Errc::kInvalidArgument, std::string(what) + " \"" + *name +
                                              "\" is not taken; there are " + std::string(allowed));
    }
    if (std::find(names.begin(), name, *name) != name) {
      return Fail(Errc::kInvalidArgument, std::string(what) + " \"" + *name + "\" is there twice");
    }
  }
  return {};
}

std::string Join(const std::vector<std::string>& names, const char* otherwise) {
  if (names.empty()) return otherwise;
  std::string list = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) list += ":" + names[i];
  return list;
}

const char* NameOfGroup(int nid) {
  switch (nid) {
    case NID_X25519:
      return "X25519";
    case NID_X9_62_prime256v1:
      return "P-256";
    case NID_secp384r1:
      return "P-384";
    default:
      return "";
  }
}

// The curve of our own key; empty for RSA.
std::string CurveOf(const EVP_PKEY* key) {
  char name[32] = {};
  if (EVP_PKEY_get_group_name(key, name, sizeof(name), nullptr) != 1) return {};
  return NameOfGroup(OBJ_sn2nid(name));
}

}  // namespace

Result<void> CheckOptions(const Options& options) {
  if (options.mtu < kMinMtu || options.mtu > kMaxMtu) {
    return Fail(Errc::kInvalidArgument,
                "an mtu of " + std::to_string(options.mtu) + " is not within 320..16384");
  }
  if (options.retransmission_timeout < kMinRetransmission ||
      options.retransmission_timeout > kMaxRetransmission) {
    return Fail(Errc::kInvalidArgument, "a first retransmission after " +
                                            std::to_string(options.retransmission_timeout.count()) +
                                            " ms is not within 20..1000 ms");
  }
  if (options.handshake_timeout <= std::chrono::milliseconds(0)) {
    return Fail(Errc::kInvalidArgument, "the handshake needs some time");
  }
  if (options.min_version != Version::kDtls12) {
    return Fail(Errc::kInvalidArgument, "no such DTLS version");
  }
  if (auto checked = CheckNames("the cipher", options.ciphers, kCiphers); !checked) return checked;
  return CheckNames("the group", options.groups, kGroups);
}

// ---- One connection

Result<SslHandle> CreateSsl(X509* x509, EVP_PKEY* key, Role role, const Options& options,
                            BioHandle bio, ConnectionHooks& hooks) {
  const ErrorQueueScope errors;
  const std::string groups = Join(options.groups, kGroups);
  if (const std::string curve = CurveOf(key); !curve.empty() && !IsListed(groups, curve)) {
    return Fail(Errc::kInvalidArgument,
                "the certificate is on " + curve + ", which is not among the groups");
  }
  SSL_CTX* const context = SharedSslContext(hooks.on_key_log ? KeyLog::kOnRequest : KeyLog::kNever);
  SslHandle ssl(context == nullptr ? nullptr : SSL_new(context));
  if (ssl == nullptr || bio == nullptr || SSL_set_app_data(ssl.get(), &hooks) != 1 ||
      SSL_use_certificate(ssl.get(), x509) != 1 || SSL_use_PrivateKey(ssl.get(), key) != 1 ||
      SSL_set_mtu(ssl.get(), static_cast<long>(options.mtu - kUncountedOverhead)) == 0 ||
      (!options.ciphers.empty() &&
       SSL_set_cipher_list(ssl.get(), Join(options.ciphers, kCiphers).c_str()) != 1) ||
      (!options.groups.empty() && SSL_set1_groups_list(ssl.get(), groups.c_str()) != 1)) {
    return Fail(Errc::kDtlsFailed, "cannot create a DTLS connection: " + NewestErrorText());
  }
  DTLS_set_timer_cb(ssl.get(), NextTimeout);
  BIO* const both = bio.release();
  SSL_set_bio(ssl.get(), both, both);  // the same BIO twice: takes one reference
  if (role == Role::kClient) {
    SSL_set_connect_state(ssl.get());
  } else {
    SSL_set_accept_state(ssl.get());
  }
  return ssl;
}

// ---- What was negotiated

TransportInfo InfoOf(const SslHandle& ssl, Role role, const Bytes& remote_certificate) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  TransportInfo info;
  info.role = role;
  const auto version = static_cast<unsigned>(SSL_version(ssl.get()));
  for (int shift = 12; shift >= 0; shift -= 4) info.tls_version += kDigits[version >> shift & 15];
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl.get());
  const char* const name = cipher == nullptr ? nullptr : SSL_CIPHER_standard_name(cipher);
  if (name != nullptr) info.cipher = name;
  info.group = NameOfGroup(static_cast<int>(SSL_get_negotiated_group(ssl.get())));
  if (auto digest = FingerprintOf(remote_certificate, HashAlgorithm::kSha256)) {
    info.remote_fingerprint = std::move(*digest);
  }
  return info;
}

std::vector<Bytes> RemoteChainOf(const SslHandle& ssl, const Bytes& leaf) {
  std::vector<Bytes> chain{leaf};
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl.get());
  // With a client's certificates OpenSSL leaves the leaf out, with a server's it does not.
  const int first = SSL_is_server(ssl.get()) == 1 ? 0 : 1;
  for (int i = first; sent != nullptr && i < sk_X509_num(sent); ++i) {
    Bytes der = DerOf(sk_X509_value(sent, i));
    if (!der.empty()) chain.push_back(std::move(der));
  }
  return chain;
}

}  // namespace pairwire::dtls
