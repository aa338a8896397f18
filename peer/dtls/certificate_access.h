// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CertificateAccess: from the application's handle to what DtlsTransport takes.
#ifndef PAIRWIRE_PEER_DTLS_CERTIFICATE_ACCESS_H_
#define PAIRWIRE_PEER_DTLS_CERTIFICATE_ACCESS_H_

#include <pairwire/certificate.h>

#include "peer/dtls/certificate.h"

namespace pairwire {

struct CertificateAccess {
  // A copy that shares the key pair.
  static dtls::Certificate Unwrap(const Certificate& certificate);
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_DTLS_CERTIFICATE_ACCESS_H_
