// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What samples/web takes of @noble/ciphers, @noble/curves and @noble/hashes (MIT, Paul Miller): install.sh
// bundles it into samples/web/vendor/noble.js.

export { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
export { sha512 } from '@noble/hashes/sha2.js';
export { hmac } from '@noble/hashes/hmac.js';
export { hkdf } from '@noble/hashes/hkdf.js';
export { gcm } from '@noble/ciphers/aes.js';
