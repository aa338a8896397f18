// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The text messages of pairwire.file.v1 (docs/file-transfer.md) as plain structs, and their JSON
// both ways. What to do with them is decided in file_sender.h and file_receiver.h.
#ifndef PAIRWIRE_SAMPLES_COMMON_FILE_MESSAGES_H_
#define PAIRWIRE_SAMPLES_COMMON_FILE_MESSAGES_H_

#include <pairwire/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace pairwire::samples {

inline constexpr std::string_view kFileLabel = "file";
inline constexpr std::string_view kFileProtocol = "pairwire.file.v1";

// One control message; the longest is an offer with its name.
inline constexpr std::size_t kMaxFileMessageBytes = 4096;
// A file's name as it travels. File systems stop at 255 bytes.
inline constexpr std::size_t kMaxFileNameBytes = 1024;
// 2^53 - 1: the largest whole number that JavaScript keeps exactly.
inline constexpr std::uint64_t kMaxFileSize = (std::uint64_t{1} << 53) - 1;

// Why a transfer did not work: a code that programs may test, a sentence for a person.
struct FileProblem {
  std::string code;
  std::string message;

  bool operator==(const FileProblem&) const = default;
};

struct FileOffer {
  std::string name;
  std::uint64_t size = 0;
  bool operator==(const FileOffer&) const = default;
};
struct FileAccept {
  bool operator==(const FileAccept&) const = default;
};
struct FileRefuse {
  FileProblem problem;
  bool operator==(const FileRefuse&) const = default;
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
using FileMessage = std::variant<FileOffer, FileAccept, FileRefuse, FileEnd, FileDone, FileError>;

std::string ToJson(const FileMessage& message);
// kParseError or kLimitExceeded, with one sentence. Unknown members are ignored, unknown types are
// not.
Result<FileMessage> ParseFileMessage(std::string_view text);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_FILE_MESSAGES_H_
