// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WebSocketStream: one server-side WebSocket (RFC 6455, by Boost.Beast) with a bounded outgoing
// queue. No compression: it would cost about 100 KB a connection. Frames are checked by
// Beast, which answers a broken one with a close code by itself; pings and their time-out are
// Beast's too.
//
// Not here: what the messages mean (ws_session.h).
#ifndef PAIRWIRE_SIGNALING_SERVER_WEB_SOCKET_STREAM_H_
#define PAIRWIRE_SIGNALING_SERVER_WEB_SOCKET_STREAM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/server/http_message.h"
#include "signaling/server/tcp_socket.h"

namespace pairwire::server {

struct WebSocketOptions {
  std::size_t message_bytes = 0;
  std::size_t queue_bytes = 0;
  std::size_t queue_messages = 0;
  std::chrono::milliseconds handshake{0};
  std::chrono::milliseconds idle{0};
};

class WebSocketStream {
 public:
  // Every call may destroy the stream, and none comes after that.
  class Events {
   public:
    virtual void OnOpen() = 0;
    virtual void OnText(std::string_view text) = 0;
    // A message that is none of ours; nothing more will be read.
    virtual void OnBinary() = 0;
    virtual void OnTooLarge() = 0;
    // The connection is over: broken, closed by the other side, or the closing handshake is done.
    virtual void OnClosed() = 0;

   protected:
    ~Events() = default;
  };

  WebSocketStream(Events& events, TcpSocket socket, const WebSocketOptions& options);
  ~WebSocketStream();
  WebSocketStream(const WebSocketStream&) = delete;
  WebSocketStream& operator=(const WebSocketStream&) = delete;

  // Answers the upgrade request, which has been checked, with `subprotocol` chosen. Then OnOpen or
  // OnClosed.
  void Accept(const HttpRequest& request, std::string_view subprotocol);

  // Queues one text message; false when the queue is at its bound (the message is dropped). After
  // OnOpen.
  [[nodiscard]] bool Send(std::string text);

  // Sends what is queued, then the close frame, and waits for the other side's. The caller sets a
  // deadline and destroys the stream when OnClosed does not come.
  void Close(std::uint16_t code, std::string_view reason);

  // What waits in the queue, for limits and tests.
  std::size_t queued_bytes() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_WEB_SOCKET_STREAM_H_
