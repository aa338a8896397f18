// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RelayEndpoint: what every call to the relay needs to know, however long or short it is: the loop
// to run on, the relay's URL, and the certificates to trust. One per Display or Controller; it
// outlives its calls.
#ifndef PAIRWIRE_SIGNALING_CLIENT_RELAY_ENDPOINT_H_
#define PAIRWIRE_SIGNALING_CLIENT_RELAY_ENDPOINT_H_

#include <chrono>
#include <memory>

#include "signaling/client/relay_url.h"

namespace pairwire {

class AsioLoop;

// Time from a request to its whole answer, and from dialling to the relay's welcome.
inline constexpr std::chrono::milliseconds kRelayDeadline{10'000};

// Trusted certificates (the system's, or SSL_CERT_FILE). Read from disk when the first https call
// is made.
class TlsTrust {
 public:
  TlsTrust();
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct RelayEndpoint {
  AsioLoop& loop;
  RelayUrl url;
  TlsTrust trust;

  RelayEndpoint(AsioLoop& on_loop, RelayUrl relay) : loop(on_loop), url(std::move(relay)) {}
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_RELAY_ENDPOINT_H_
