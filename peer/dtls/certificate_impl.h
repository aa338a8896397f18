// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a Certificate holds. Apart from certificate.h so that OpenSSL's headers stay inside
// peer/dtls.
#ifndef PAIRWIRE_PEER_DTLS_CERTIFICATE_IMPL_H_
#define PAIRWIRE_PEER_DTLS_CERTIFICATE_IMPL_H_

#include "peer/dtls/certificate.h"
#include "peer/dtls/openssl_handles.h"

namespace pairwire::dtls {

struct Certificate::Impl {
  // Takes a key and the certificate made for it, of kinds that we support.
  static Result<std::shared_ptr<const Impl>> Create(EvpKeyHandle key, X509Handle x509);

  EvpKeyHandle key;
  X509Handle x509;
  Bytes der;
  Fingerprint fingerprint;
  Time expires;
};

}  // namespace pairwire::dtls

#endif  // PAIRWIRE_PEER_DTLS_CERTIFICATE_IMPL_H_
