// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/auth/hello_tag.h"

#include "peer/auth/length_values.h"

namespace pairwire::auth {
namespace {

Bytes Covered(PairingRole role, const Fingerprint256& own, const Fingerprint256& peer,
              ByteSpan hello) {
  return LvCat({AsBytes("pairwire hello/1"), AsBytes(ToString(role)), own, peer, hello});
}

}  // namespace

Result<HelloTag> MakeHelloTag(const KeyRatchet& ratchet, PairingRole role, const Fingerprints& link,
                              ByteSpan hello) {
  return ratchet.Tag(ratchet.own(), Covered(role, link.own, link.peer, hello));
}

bool CheckHelloTag(const KeyRatchet& ratchet, std::uint32_t generation, PairingRole role,
                   const Fingerprints& link, ByteSpan hello, ByteSpan tag) {
  const PairingRole sender =
      role == PairingRole::kController ? PairingRole::kDisplay : PairingRole::kController;
  return ratchet.Check(generation, Covered(sender, link.peer, link.own, hello), tag);
}

}  // namespace pairwire::auth
