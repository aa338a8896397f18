// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// MemberSocket: a member's WebSocket to the relay (RFC 6455): the opening handshake with its token,
// frames both ways, pings answered. It looks into no message: whoever measures reads what it needs.
//
//   kClosed --Join--> kOpening --101--> kOpen --either end--> kClosed
#ifndef PAIRWIRE_SIGNALING_LOAD_MEMBER_SOCKET_H_
#define PAIRWIRE_SIGNALING_LOAD_MEMBER_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/load/connection.h"
#include "signaling/load/response_reader.h"
#include "signaling/load/ws_frame.h"

namespace pairwire::load {

// Where the handshake carries the token.
enum class TokenPlace { kBearer, kSubprotocol, kCookie, kNowhere };

class MemberSocket : private Connection, private FrameReader::Sink {
 public:
  // One socket or very many: they share this. No call may destroy the socket.
  class Events {
   public:
    // The handshake's answer; 101: it is open. 0: no answer, the connection failed.
    virtual void OnJoined(MemberSocket& socket, int status) = 0;
    // `text` is valid during the call.
    virtual void OnText(MemberSocket& socket, std::string_view text) = 0;
    // The relay's close code, or 1006 when the connection broke without one. Not after Leave.
    virtual void OnLeft(MemberSocket& socket, int code) = 0;

   protected:
    ~Events() = default;
  };

  MemberSocket(Reactor& reactor, Events& events, std::size_t tag);

  bool Join(const Target& target, std::uint32_t source, std::string_view token,
            TokenPlace place = TokenPlace::kBearer);
  bool SendText(std::string_view text);
  // A whole frame, made ahead.
  bool SendFrame(std::string_view frame) { return Write(frame); }
  bool SendPing(std::string_view payload);
  // Close code 1000 and nothing after it.
  void Leave();
  // The connection breaks, without a word.
  void Break();

  std::size_t tag() const { return tag_; }
  bool is_joined() const { return state_ == State::kOpen; }
  std::uint64_t pongs() const { return pongs_; }
  // Of the handshake; for tests of refusals.
  const std::string& chosen_subprotocol() const { return chosen_subprotocol_; }

 private:
  enum class State { kClosed, kOpening, kOpen };

  void OnBytes(std::string_view bytes) override;
  void OnClosed() override;
  bool OnFrame(Opcode opcode, bool fin, std::string_view payload) override;
  void TakeHandshake(std::string_view& bytes);
  void EndWith(int code);

  Events& events_;
  const std::size_t tag_;
  State state_ = State::kClosed;
  std::uint64_t pongs_ = 0;
  std::unique_ptr<ResponseReader> handshake_;  // while kOpening
  FrameReader frames_;
  std::string fragments_;
  std::string chosen_subprotocol_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_MEMBER_SOCKET_H_
