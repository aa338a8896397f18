// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames as a server sees them (RFC 6455 section 5): WsDecoder turns the bytes of a
// client into messages and control frames, strictly; AppendFrame writes a server's. No extension
// (permessage-deflate would cost 100 KB a connection). Frames that are whole in the bytes at hand
// are unmasked and handed out in place; only what is cut is copied, and at rest nothing is held.
//
// Not here: the opening handshake, what to answer, time (signaling/server/ws_session.h).
#ifndef PAIRWIRE_SIGNALING_NET_WS_FRAME_H_
#define PAIRWIRE_SIGNALING_NET_WS_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pairwire::net {

// RFC 6455 5.2.
enum class WsOpcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// RFC 6455 7.4.1; 1005 and 1006 never stand in a frame.
inline constexpr std::uint16_t kWsNormalClosure = 1000;
inline constexpr std::uint16_t kWsProtocolError = 1002;
inline constexpr std::uint16_t kWsUnsupportedData = 1003;
inline constexpr std::uint16_t kWsNoStatus = 1005;
inline constexpr std::uint16_t kWsInvalidPayload = 1007;
inline constexpr std::uint16_t kWsMessageTooBig = 1009;

inline constexpr std::size_t kMaxWsControlBytes = 125;  // RFC 6455 5.5

// UTF-8 (RFC 3629) that comes in pieces: no overlong form, no surrogate, nothing above U+10FFFF.
class Utf8Checker {
 public:
  // False as soon as no continuation can make it valid; then for good.
  bool Add(std::string_view piece);
  // True when no character is cut short.
  bool IsWhole() const { return missing_ == 0; }
  void Reset() { *this = Utf8Checker(); }

 private:
  std::uint8_t missing_ = 0;    // continuation bytes that the character still needs
  std::uint8_t lowest_ = 0x80;  // bounds of the next of them
  std::uint8_t highest_ = 0xBF;
};

class WsDecoder {
 public:
  struct Event {
    enum class Kind : std::uint8_t {
      kNeedMore,  // all bytes are used
      kText,      // a whole message, valid UTF-8
      kBinary,    // a message of bytes begins; it is not read on, and the decoder is at its end
      kTooLarge,  // a message is larger than the bound; the decoder is at its end
      kPing,
      kPong,
      kClose,   // `code` (kWsNoStatus without one), `payload` is the reason; then its end
      kBroken,  // not this protocol: answer with `code`; the decoder is at its end
    };
    Kind kind = Kind::kNeedMore;
    std::uint16_t code = 0;
    // Valid until the next call and as long as the bytes that were handed in.
    std::string_view payload;
  };

  // A text message may have `max_message_bytes` (at most 2^31), however many frames it is in.
  explicit WsDecoder(std::size_t max_message_bytes)
      : max_message_bytes_(static_cast<std::uint32_t>(max_message_bytes)) {}

  // Takes the next event off the front of `bytes`, which it changes (unmasking). Call it until it
  // says kNeedMore. At its end the decoder takes everything and says kNeedMore.
  Event Next(std::span<char>& bytes);

  // What is kept of messages and frames that are not whole yet, for limits and tests.
  std::size_t held_bytes() const;

 private:
  static constexpr std::size_t kMaxHeaderBytes = 14;

  struct Header {
    WsOpcode opcode = WsOpcode::kContinuation;
    bool fin = false;
    std::uint32_t length = 0;
    std::array<char, 4> mask{};
    bool IsControl() const { return static_cast<unsigned>(opcode) >= 8; }
  };

  // Of a frame or message that is under way; nothing of it exists at rest.
  struct Partial {
    std::array<char, kMaxHeaderBytes> header_bytes{};
    std::uint8_t header_size = 0;  // of a header that is cut
    bool in_frame = false;         // `header` is read, its payload is not whole
    Header header;
    std::uint32_t taken = 0;  // of the payload
    bool in_message = false;  // a text message without its last frame
    Utf8Checker utf8;
    std::string message;
    std::string control;
  };

  enum class HeaderState { kNeedMore, kWhole, kBroken, kBinary, kTooLarge };
  // Reads one header off the front of `bytes`; `used` bytes of it when it is whole.
  HeaderState ReadHeader(std::string_view bytes, Header& header, std::size_t& used) const;
  HeaderState CheckHeader(const Header& header, std::uint64_t length) const;
  // The header from what is kept and what came; false: `event` says what is the matter.
  bool TakeHeader(std::span<char>& bytes, Header& header, Event& event);
  // Nothing after a fragment that is not its message's last.
  std::optional<Event> TakePayload(std::span<char>& bytes);
  // A whole frame's payload, unmasked, in place.
  Event Whole(const Header& header, std::string_view payload);
  Event FinishControl(WsOpcode opcode, std::string_view payload);
  Event End(Event::Kind kind, std::uint16_t code = 0);
  Partial& partial();
  void DropEmptyPartial();

  const std::uint32_t max_message_bytes_;
  bool ended_ = false;
  // What the event at hand points to is kept until the next call.
  bool release_ = false;
  std::unique_ptr<Partial> partial_;
};

// Appends a whole frame without mask, as servers send (RFC 6455 5.1). A control frame's payload has
// at most kMaxWsControlBytes.
void AppendFrame(std::string& out, WsOpcode opcode, std::string_view payload);

// A close frame's payload: the code and as much of `reason` (ASCII) as fits.
void AppendCloseFrame(std::string& out, std::uint16_t code, std::string_view reason);

// Unmasks in place; `offset` is where `data` begins in the frame's payload.
void UnmaskWsPayload(std::span<char> data, const std::array<char, 4>& mask, std::size_t offset);

}  // namespace pairwire::net

#endif  // PAIRWIRE_SIGNALING_NET_WS_FRAME_H_
