// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what reads STUN bytes and server urls: nothing is read beyond the input, a message lies
// within it, and no input authenticates against a key that it does not know.
#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "peer/ice/ice_server_url.h"
#include "peer/ice/socket_peek.h"
#include "peer/ice/stun_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pairwire;       // NOLINT(google-build-using-namespace)
  using namespace pairwire::ice;  // NOLINT(google-build-using-namespace)
  const auto look = [](ByteSpan bytes) {
    const auto message = StunMessage::Parse(bytes);
    if (!message) return true;
    if (message->size() > bytes.size()) std::abort();
    static_cast<void>(message->error_code());
    static_cast<void>(message->Find(StunAttribute::kRealm));
    if (message->HasIntegrity(AsBytes("0123456789abcdef0123456789"))) std::abort();
    return true;
  };
  look({data, size});
  FindStun({data, size}, look);
  const auto url = ParseIceServerUrl({reinterpret_cast<const char*>(data), size});
  if (url && (url->host.empty() || url->port == 0)) std::abort();
  return 0;
}
