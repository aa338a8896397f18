// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// SseConnection: one GET whose answer never ends (text/event-stream), its body given on as it
// comes. What to do when it does not work is EventStream's business. Internal to signaling/client.
#ifndef PAIRWIRE_SIGNALING_CLIENT_SSE_CONNECTION_H_
#define PAIRWIRE_SIGNALING_CLIENT_SSE_CONNECTION_H_

#include <pairwire/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/client/http_client.h"
#include "signaling/client/relay_endpoint.h"

namespace pairwire {

struct SseConnectionEvents {
  // 200 and text/event-stream: body bytes follow.
  std::function<void()> on_open;
  std::function<void(std::string_view)> on_bytes;
  // Another answer (its body is left out when it is longer than 16 KiB), instead of on_open; or the
  // end. Nothing follows.
  std::function<void(const HttpResponse&)> on_refused;
  std::function<void(const Error&)> on_ended;
};

class SseConnection {
 public:
  // Loop thread only; callbacks run later and may destroy the connection.
  SseConnection(RelayEndpoint& endpoint, const RelayTarget& target, const std::string& token,
                const std::string& last_event_id, SseConnectionEvents events);
  ~SseConnection();

  SseConnection(const SseConnection&) = delete;
  SseConnection& operator=(const SseConnection&) = delete;

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // shared with its own pending operations
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_SSE_CONNECTION_H_
