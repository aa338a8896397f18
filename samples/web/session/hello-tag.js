// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tag of a HELLO covers: peer/auth/hello_tag.h in JavaScript. It is good on no other connection
// and not as an answer to its own sender.

import { lvCat, utf8 } from '../auth-bytes.js';

const covered = (role, own, peer, hello) => lvCat(utf8('pairwire hello/1'), utf8(role), own, peer, hello);

/** @typedef {{own: Uint8Array, peer: Uint8Array}} Fingerprints our certificate, and the one that DTLS was shown */

/** For a HELLO of this end under the ratchet's own generation. @param {Fingerprints} link */
export const makeHelloTag = (ratchet, role, link, hello) =>
  ratchet.tag(ratchet.own, covered(role, link.own, link.peer, hello));

/** For one of the other end, whose role is the other one. */
export const checkHelloTag = (ratchet, generation, role, link, hello, tag) =>
  ratchet.check(generation, covered(role === 'controller' ? 'display' : 'controller', link.peer, link.own, hello), tag);
