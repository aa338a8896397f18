// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The answer to a WebSocket's opening handshake (RFC 6455 4.2.2).
#ifndef PAIRWIRE_SIGNALING_SERVER_WS_ACCEPT_H_
#define PAIRWIRE_SIGNALING_SERVER_WS_ACCEPT_H_

#include <string>
#include <string_view>

namespace pairwire::server {

// The base64 of 16 bytes, which is what a client must send as Sec-WebSocket-Key.
bool IsWebSocketKey(std::string_view key);

// Sec-WebSocket-Accept for a client's key.
std::string WebSocketAcceptKey(std::string_view key);

// The whole 101 response; after it the connection speaks frames.
std::string WebSocketAcceptance(std::string_view key, std::string_view subprotocol);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_WS_ACCEPT_H_
