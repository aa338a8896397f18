// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames as a client writes and reads them (RFC 6455, 5.2). Not here: the opening
// handshake (member_socket.h). No extensions.
#ifndef PAIRWIRE_SIGNALING_LOAD_WS_FRAME_H_
#define PAIRWIRE_SIGNALING_LOAD_WS_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pairwire::load {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// One masked frame, FIN set, any length.
std::string ClientFrame(Opcode opcode, std::string_view payload, std::uint32_t mask);

// A masked text frame that is made once and sent often, with decimal numbers in it that change.
// Replacing one costs its digits and nothing else.
class PreparedFrame {
 public:
  PreparedFrame() = default;
  PreparedFrame(std::string_view payload, std::uint32_t mask);

  // Writes `value` with leading zeros over the `digits` bytes at `offset` of the payload.
  void SetNumber(std::size_t offset, std::size_t digits, std::uint64_t value);
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t header_ = 0;
  std::uint32_t mask_ = 0;
};

// Takes a server's stream apart. Whole frames that lie in one Feed are handed on in place, only a
// cut one is copied.
class FrameReader {
 public:
  // A message of the relay has 64 KiB at most; more is not our protocol.
  static constexpr std::size_t kMaxFrameBytes = 256 * 1024;

  class Sink {
   public:
    // `payload` is valid during the call. False: nothing more is wanted (the connection closed).
    virtual bool OnFrame(Opcode opcode, bool fin, std::string_view payload) = 0;

   protected:
    ~Sink() = default;
  };

  // False when the stream breaks the protocol: a masked frame, reserved bits, one too long, a
  // control frame above 125 bytes or in fragments.
  bool Feed(std::string_view bytes, Sink& sink);
  void Clear() { pending_ = std::string(); }

 private:
  // Handles the whole frames at the front of `bytes` and removes them.
  bool Take(std::string_view& bytes, Sink& sink);

  std::string pending_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_WS_FRAME_H_
