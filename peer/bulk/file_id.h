// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What a file is called across transfers of pairwire.file.v2: the same file has the same id, also
// after its sender was started anew. Only the sender makes it; to the receiver it is a name.
#ifndef PAIRWIRE_PEER_BULK_FILE_ID_H_
#define PAIRWIRE_PEER_BULK_FILE_ID_H_

#include <string>

#include "peer/bulk/bulk_channel.h"

namespace pairwire::bulk {

// The first 16 bytes of SHA-256 over the list ("pairwire file/2", name, size, time of the last
// change, the first 64 KiB), each item behind its length; numbers are 8 bytes, big-endian. In
// hexadecimal. Reads the beginning of `source` and rewinds it.
FileResult<std::string> FileIdOf(const FileOffer& offer, FileSource& source);

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_FILE_ID_H_
