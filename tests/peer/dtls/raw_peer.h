// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RawPeer: a DTLS end made of bare OpenSSL calls and none of our settings, to be what our own
// transport never is: a peer without a certificate, with an RSA key, with DTLS 1.0, with a chain
// that is too long.
#ifndef PAIRWIRE_TESTS_PEER_DTLS_RAW_PEER_H_
#define PAIRWIRE_TESTS_PEER_DTLS_RAW_PEER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "peer/dtls/certificate.h"
#include "peer/dtls/datagram_bio.h"
#include "peer/dtls/dtls_transport.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls::test {

class RawPeer {
 public:
  enum class Identity { kNone, kEcdsa, kEcdsaP384, kRsa };
  struct Settings {
    Role role = Role::kClient;
    Identity identity = Identity::kEcdsa;
    int rsa_bits = 2048;
    int min_version = DTLS1_2_VERSION;
    int max_version = DTLS1_2_VERSION;
    const char* ciphers = "ALL:@SECLEVEL=0";
    std::size_t extra_chain_certificates = 0;  // about 300 bytes each
    const char* groups = nullptr;              // OpenSSL's own when null
    long mtu = 1200;
    // An unknown extension of so many bytes in the ClientHello: what a post-quantum key share adds.
    std::size_t hello_padding = 0;
  };

  RawPeer(const Settings& settings, std::function<void(ByteSpan)> send);

  // The client's first flight; nothing for a server.
  void Start() { Drive(); }
  void Receive(ByteSpan packet);
  // The retransmission timer, which nobody else drives here, fires now.
  void Retransmit();
  // Encrypts and sends; false when OpenSSL refuses.
  bool Send(ByteSpan data);

  bool connected() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool failed() const { return failed_; }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  // Of our certificate; of nothing in particular without one.
  Fingerprint fingerprint() const;
  SSL* ssl() { return ssl_.get(); }

  std::vector<Bytes> data;

 private:
  void Drive();

  Bytes padding_;
  DatagramBio bio_;
  EvpKeyHandle key_;
  X509Handle x509_;
  SslContextHandle context_;
  SslHandle ssl_;
  bool failed_ = false;
};

}  // namespace pairwire::dtls::test

#endif  // PAIRWIRE_TESTS_PEER_DTLS_RAW_PEER_H_
