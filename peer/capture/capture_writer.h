// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CaptureWriter: the packets of a connection as a pcapng file (draft-ietf-opsawg-pcapng) that
// Wireshark opens. The packets are seen above the socket, or inside a relayed or TCP path, so the
// IP and UDP headers are made up from the addresses that the caller gives. With the connection's
// TLS secrets in the file (Decryption Secrets Blocks, only when Secrets is called) Wireshark
// decrypts it.
//
// A tool for finding faults: it never disturbs the connection. What goes wrong while it writes ends
// the capture, with one line in the log. It writes on the calling thread, 64 KiB at a time.
#ifndef PAIRWIRE_PEER_CAPTURE_CAPTURE_WRITER_H_
#define PAIRWIRE_PEER_CAPTURE_CAPTURE_WRITER_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pairwire::capture {

enum class Direction { kReceived, kSent };

// An end of a UDP path. The default is 0.0.0.0:0, for what is not known.
struct Address {
  // `ip`: "192.0.2.1", "fd00::1", no brackets and no zone. kInvalidArgument otherwise.
  static Result<Address> Parse(std::string_view ip, std::uint16_t port);

  std::array<std::uint8_t, 16> ip{};  // IPv4 in the first four
  bool is_ipv6 = false;
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

struct Options {
  // The file never grows beyond it; what would not fit ends the capture. At least 4 KiB.
  std::uint64_t max_bytes = 64 * 1024 * 1024;
  // The time of day that packets are stamped with. Required.
  std::function<std::chrono::system_clock::time_point()> clock = {};
};

// Not thread-safe: one thread at a time.
class CaptureWriter {
 public:
  // Creates the file `path`, readable by its owner alone: it may hold secrets, and addresses. An
  // existing file or symbolic link is not touched. kInvalidArgument: options; kSystem: the file
  // cannot be made.
  static Result<std::unique_ptr<CaptureWriter>> Create(const std::string& path, Options options);

  ~CaptureWriter();  // Flushes.

  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // One UDP payload, at most 65,507 bytes (a larger one is left out and counted). When one address
  // is IPv4 and the other IPv6, both are written as IPv6, the former mapped.
  void Packet(Direction direction, const Address& local, const Address& remote, ByteSpan payload);

  // One line of the NSS key log format, without its end. Goes in front of the newest packet when
  // that was received and not flushed since: the packet that made the keys may need them. What is
  // empty, holds a line's end or is longer than 1 KiB is left out and counted.
  void Secrets(std::string_view line);

  // Gives what is buffered to the system.
  void Flush();

  // False once the bound is reached or the disk refused: then nothing is written any more.
  bool active() const;
  // Of the file, what is still buffered included.
  std::uint64_t bytes() const;
  // Packets and secrets that are not in the file.
  std::uint64_t left_out() const;

 private:
  class Impl;
  explicit CaptureWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pairwire::capture

#endif  // PAIRWIRE_PEER_CAPTURE_CAPTURE_WRITER_H_
