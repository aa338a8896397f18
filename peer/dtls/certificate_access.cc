// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire::Certificate, the application's handle: dtls::Certificate behind a pointer.
#include "peer/dtls/certificate_access.h"

#include <utility>

namespace pairwire {

struct Certificate::Impl {
  dtls::Certificate certificate;
};

Certificate::Certificate(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<Certificate> Certificate::Generate(const CertificateOptions& options) {
  auto made = dtls::Certificate::Generate(options);
  if (!made) return tl::unexpected(made.error());
  return Certificate(std::make_shared<const Impl>(Impl{std::move(*made)}));
}

Result<Certificate> Certificate::FromPem(std::string_view certificate_pem,
                                         std::string_view private_key_pem) {
  auto made = dtls::Certificate::FromPem(certificate_pem, private_key_pem);
  if (!made) return tl::unexpected(made.error());
  return Certificate(std::make_shared<const Impl>(Impl{std::move(*made)}));
}

Result<CertificatePem> Certificate::ToPem() const { return impl_->certificate.ToPem(); }

std::vector<std::string> Certificate::Fingerprints() const {
  using dtls::HashAlgorithm;
  std::vector<std::string> all;
  for (const auto hash : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    const auto fingerprint = dtls::FingerprintOf(impl_->certificate.der(), hash);
    if (fingerprint) all.push_back(dtls::ToString(*fingerprint));
  }
  return all;
}

std::chrono::system_clock::time_point Certificate::expires() const {
  return impl_->certificate.expires();
}

dtls::Certificate CertificateAccess::Unwrap(const Certificate& certificate) {
  return certificate.impl_->certificate;
}

}  // namespace pairwire
