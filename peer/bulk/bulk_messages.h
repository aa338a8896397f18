// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The text messages of pairwire.file.v1 and v2 (docs/file-transfer.md) as plain structs, and their
// JSON both ways. What to do with them is decided in bulk_sender.h and bulk_receiver.h.
#ifndef PAIRWIRE_PEER_BULK_BULK_MESSAGES_H_
#define PAIRWIRE_PEER_BULK_BULK_MESSAGES_H_

#include <pairwire/bulk.h>
#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pairwire::bulk {

inline constexpr std::string_view kFileLabel = "file";
inline constexpr std::string_view kFileProtocol = "pairwire.file.v1";
// The same, and a transfer that broke off goes on where it was.
inline constexpr std::string_view kResumableFileProtocol = "pairwire.file.v2";

// One control message; the longest is an offer with its name.
inline constexpr std::size_t kMaxFileMessageBytes = 4096;
// A file's name as it travels. File systems stop at 255 bytes.
inline constexpr std::size_t kMaxFileNameBytes = 1024;
inline constexpr std::size_t kMaxMediaTypeBytes = 128;
// A file's id: 16 bytes in lower-case hexadecimal.
inline constexpr std::size_t kFileIdDigits = 32;
// 2^53 - 1: the largest whole number that JavaScript keeps exactly.
inline constexpr std::uint64_t kMaxFileSize = (std::uint64_t{1} << 53) - 1;

struct FileAccept {
  // v2: how much the receiver has, and the hash of that when it is more than nothing.
  std::optional<std::uint64_t> offset = {};
  std::string prefix_sha256 = {};
  bool operator==(const FileAccept&) const = default;
};
struct FileRefuse {
  FileProblem problem;
  bool operator==(const FileRefuse&) const = default;
};
// v2, from the sender: the bytes that follow begin here.
struct FileFrom {
  std::uint64_t offset = 0;
  bool operator==(const FileFrom&) const = default;
};
// v2, from the receiver: so much is on its disk.
struct FileHave {
  std::uint64_t offset = 0;
  bool operator==(const FileHave&) const = default;
};
struct FileEnd {
  std::string sha256;
  bool operator==(const FileEnd&) const = default;
};
struct FileDone {
  std::string sha256;
  std::uint64_t size = 0;
  bool operator==(const FileDone&) const = default;
};
struct FileError {
  FileProblem problem;
  bool operator==(const FileError&) const = default;
};
using FileMessage = std::variant<FileOffer, FileAccept, FileRefuse, FileFrom, FileHave, FileEnd,
                                 FileDone, FileError>;

// Whether `text` may be the id of a file: that many digits and nothing else, so safe in a path.
bool IsFileId(std::string_view text);

std::string ToJson(const FileMessage& message);
// kParseError or kLimitExceeded, with one sentence. Unknown members are ignored, unknown types are
// not.
Result<FileMessage> ParseFileMessage(std::string_view text);

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_PEER_BULK_BULK_MESSAGES_H_
