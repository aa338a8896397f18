// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventStream: how a waiting display hears from the relay without a WebSocket: server-sent events,
// or long-polling where those do not get through (a proxy that buffers, an old relay).
//
//              200, bytes come
//   SSE ------------------------------> events… ----- ends, 45 s of silence ----> on_lost
//    |  not 200, or no byte within 25 s
//    +-------> long-poll, again and again --------- a poll fails ---------------> on_lost
//   either: the token or the session is gone ------------------------------------> on_lost
//
// It does not come back by itself: when and how often is its owner's policy (peer/session).
#ifndef PAIRWIRE_SIGNALING_CLIENT_EVENT_STREAM_H_
#define PAIRWIRE_SIGNALING_CLIENT_EVENT_STREAM_H_

#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "signaling/client/relay_api.h"
#include "signaling/client/relay_endpoint.h"
#include "signaling/client/sse_parser.h"

namespace pairwire {

struct EventStreamOptions {
  std::string events_url;  // as the relay gave them
  std::string poll_url;
  std::string token;
  std::string last_event_id;  // go on after this event; empty: from the start
  bool long_poll_only = false;

  // From dialling to the first byte of the event stream. The relay sends a comment at least every
  // 20 s, so a stream without one by then is being held back on its way.
  std::chrono::milliseconds first_byte{25'000};
  // Longest silence of a stream that did work: two missed comments and some.
  std::chrono::milliseconds silence{45'000};
  // How long a poll may wait at the relay (protocol.md: 25 s), and what its way may take besides.
  std::chrono::seconds poll_timeout{25};
  // Between the ends of two polls without events: a relay that answers at once must not be
  // hammered.
  std::chrono::milliseconds poll_pause{1'000};
};

struct EventStreamEvents {
  // The relay accepted us; once.
  std::function<void()> on_open;
  std::function<void(const RelayEvent&)> on_event;
  // Once; nothing follows. kUnauthorized and kSessionTerminated mean that coming back is useless.
  std::function<void(const RelayFailure&)> on_lost;
};

class EventStream {
 public:
  // Loop thread only. Callbacks run later, on the loop; each may destroy the stream.
  EventStream(RelayEndpoint& endpoint, EventStreamOptions options, EventStreamEvents events);
  ~EventStream();

  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // For the options of the next stream.
  const std::string& last_event_id() const;
  bool long_polling() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SIGNALING_CLIENT_EVENT_STREAM_H_
