// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tag of a HELLO covers: who says it, the two certificates of the DTLS connection that
// carries it as the sender saw them, and the HELLO itself. So it is good on no other connection and
// not as an answer to its own sender. Not here: the bytes of a HELLO (peer/delivery/hello.h).
#ifndef PAIRWIRE_PEER_AUTH_HELLO_TAG_H_
#define PAIRWIRE_PEER_AUTH_HELLO_TAG_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <cstdint>

#include "peer/auth/key_ratchet.h"
#include "peer/auth/pairing_messages.h"

namespace pairwire::auth {

// Of one link: our certificate, and the one that DTLS was shown.
struct Fingerprints {
  Fingerprint256 own{};
  Fingerprint256 peer{};

  bool operator==(const Fingerprints&) const = default;
};

// For a HELLO of this end, `role`, under the ratchet's own generation.
Result<HelloTag> MakeHelloTag(const KeyRatchet& ratchet, PairingRole role, const Fingerprints& link,
                              ByteSpan hello);
// For one of the other end, whose role is the other one.
[[nodiscard]] bool CheckHelloTag(const KeyRatchet& ratchet, std::uint32_t generation,
                                 PairingRole role, const Fingerprints& link, ByteSpan hello,
                                 ByteSpan tag);

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_HELLO_TAG_H_
