// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/member_socket.h"

#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

// Any key will do, and the accept value that belongs to it is known (RFC 6455, 1.3).
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// A client must mask with what cannot be guessed, so that no script can write what a proxy takes
// for HTTP (RFC 6455, 10.3). There is no script here.
constexpr std::uint32_t kMask = 0x37fa213d;

constexpr int kAbnormalClosure = 1006;
constexpr std::size_t kMaxMessageBytes = 256 * 1024;

}  // namespace

MemberSocket::MemberSocket(Reactor& reactor, Events& events, std::size_t tag)
    : Connection(reactor), events_(events), tag_(tag) {}

bool MemberSocket::Join(const Target& target, std::uint32_t source, std::string_view token,
                        TokenPlace place) {
  Close();
  frames_.Clear();
  fragments_ = std::string();
  chosen_subprotocol_ = std::string();
  handshake_ = std::make_unique<ResponseReader>();
  state_ = State::kOpening;
  if (!Open(target, source)) {
    state_ = State::kClosed;
    return false;
  }
  std::string request;
  request.reserve(512);
  request.append("GET ").append(target.path).append("/ws HTTP/1.1\r\nHost: ").append(target.host);
  request.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
  request.append("Sec-WebSocket-Key: ").append(kKey);
  request.append("\r\nSec-WebSocket-Protocol: ").append(protocol::kSubprotocol);
  if (place == TokenPlace::kSubprotocol) {
    request.append(", ").append(protocol::kSubprotocolTokenPrefix).append(token);
  }
  if (place == TokenPlace::kBearer) request.append("\r\nAuthorization: Bearer ").append(token);
  if (place == TokenPlace::kCookie) request.append("\r\nCookie: access_token=").append(token);
  request.append("\r\n\r\n");
  return Write(request);
}

bool MemberSocket::SendText(std::string_view text) {
  return state_ == State::kOpen && Write(ClientFrame(Opcode::kText, text, kMask));
}

bool MemberSocket::SendPing(std::string_view payload) {
  return state_ == State::kOpen && Write(ClientFrame(Opcode::kPing, payload, kMask));
}

void MemberSocket::Leave() {
  if (state_ == State::kOpen) {
    Write(ClientFrame(Opcode::kClose, std::string_view("\x03\xe8", 2), kMask));
    FlushNow();
  }
  state_ = State::kClosed;
  Close();
}

void MemberSocket::Break() {
  state_ = State::kClosed;
  Close(/*reset=*/true);
}

void MemberSocket::TakeHandshake(std::string_view& bytes) {
  handshake_->Feed(bytes);
  if (!handshake_->done() && !handshake_->failed()) return;
  const Response response = handshake_->Take();
  handshake_.reset();
  const bool opened = response.status == 101 && response.Header("Sec-WebSocket-Accept") == kAccept;
  chosen_subprotocol_ = response.Header("Sec-WebSocket-Protocol");
  state_ = opened ? State::kOpen : State::kClosed;
  if (!opened) Close();
  // A 101 with the wrong accept value is no WebSocket.
  events_.OnJoined(*this, response.status == 101 && !opened ? 0 : response.status);
}

void MemberSocket::OnBytes(std::string_view bytes) {
  if (state_ == State::kOpening) TakeHandshake(bytes);
  if (state_ == State::kOpen && !bytes.empty() && !frames_.Feed(bytes, *this)) {
    EndWith(kAbnormalClosure);
  }
}

bool MemberSocket::OnFrame(Opcode opcode, bool fin, std::string_view payload) {
  switch (opcode) {
    case Opcode::kText:
    case Opcode::kContinuation:
      if (fin && fragments_.empty()) {
        events_.OnText(*this, payload);
        break;
      }
      fragments_.append(payload);
      if (fragments_.size() > kMaxMessageBytes) {
        EndWith(kAbnormalClosure);
      } else if (fin) {
        const std::string whole = std::move(fragments_);
        fragments_ = std::string();
        events_.OnText(*this, whole);
      }
      break;
    case Opcode::kPing:
      Write(ClientFrame(Opcode::kPong, payload, kMask));
      break;
    case Opcode::kPong:
      ++pongs_;
      break;
    case Opcode::kClose: {
      int code = 1005;  // none was given
      if (payload.size() >= 2) {
        code = static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
      }
      Write(ClientFrame(Opcode::kClose, payload.substr(0, 2), kMask));
      FlushNow();
      EndWith(code);
      break;
    }
    case Opcode::kBinary:
      EndWith(kAbnormalClosure);  // the protocol has none
      break;
  }
  return state_ == State::kOpen;
}

void MemberSocket::EndWith(int code) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  Close();
  events_.OnLeft(*this, code);
}

void MemberSocket::OnClosed() {
  if (state_ == State::kOpening) {
    handshake_.reset();
    state_ = State::kClosed;
    events_.OnJoined(*this, 0);
    return;
  }
  EndWith(kAbnormalClosure);
}

}  // namespace pairwire::load
