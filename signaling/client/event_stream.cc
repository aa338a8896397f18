// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/event_stream.h"

#include <utility>
#include <vector>

#include "peer/base/asio_loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "signaling/client/sse_connection.h"

namespace pairwire {

// Everything below runs on the loop; what a callback may destroy is this whole object, so each
// method that calls out does so last or looks at `alive` afterwards.
struct EventStream::Core {
  Core(RelayEndpoint& at, EventStreamOptions from, EventStreamEvents on)
      : endpoint(at),
        options(std::move(from)),
        events(std::move(on)),
        last_event_id(options.last_event_id),
        long_polling(options.long_poll_only),
        timer(at.loop, [this] { OnTimer(); }) {}

  void StartSse() {
    const Result<RelayTarget> target = ResolveRelayReference(endpoint.url, options.events_url);
    if (!target) {
      Lose({target.error(), {}});
      return;
    }
    SseConnectionEvents on;
    on.on_open = [this] { TellOpen(); };
    on.on_bytes = [this](std::string_view bytes) { OnBytes(bytes); };
    on.on_refused = [this](const HttpResponse& response) { OnRefused(response); };
    on.on_ended = [this](const Error& error) { Lose({error, {}}); };
    sse = std::make_unique<SseConnection>(endpoint, *target, options.token, last_event_id,
                                          std::move(on));
    timer.Start(options.first_byte);
  }

  void OnBytes(std::string_view bytes) {
    if (lost) return;
    got_bytes = true;
    timer.Start(options.silence);
    Result<std::vector<RelayEvent>> parsed = parser.Feed(bytes);
    if (!parsed) {
      Lose({{Errc::kRelayProtocol, parsed.error().detail}, {}});
      return;
    }
    const auto alive = safety.Watch();
    for (const RelayEvent& event : *parsed) {
      if (!event.id.empty()) last_event_id = event.id;
      TellEvent(event);
      if (!*alive || lost) return;
    }
  }

  void OnRefused(const HttpResponse& response) {
    const RelayFailure failure = FailureOf(response);
    const bool gone = response.status == 401 || response.status == 429 || response.status == 503 ||
                      IsSessionGone(response);
    if (gone) {
      Lose(Judge(response, failure));
      return;
    }
    StartPolling();
  }

  // Our relay's own "no such session"; a 404 without problem+json is a proxy that knows nothing of
  // events.
  static bool IsSessionGone(const HttpResponse& response) {
    return (response.status == 404 || response.status == 410) &&
           FailureOf(response).error.code == Errc::kRelayRefused;
  }

  static RelayFailure Judge(const HttpResponse& response, RelayFailure failure) {
    if (IsSessionGone(response)) {
      failure.error = {Errc::kSessionTerminated, "the relay does not know the session any more"};
    }
    return failure;
  }

  void OnTimer() {
    if (poll_resting) {
      poll_resting = false;
      Poll();
    } else if (!got_bytes) {
      StartPolling();
    } else {
      Lose({{Errc::kRelayUnreachable, "the relay's event stream fell silent"}, {}});
    }
  }

  void StartPolling() {
    sse.reset();
    timer.Stop();
    long_polling = true;
    Poll();
  }

  void Poll() {
    Result<RelayTarget> target = ResolveRelayReference(endpoint.url, options.poll_url);
    if (!target) {
      Lose({target.error(), {}});
      return;
    }
    target->target += target->target.find('?') == std::string::npos ? '?' : '&';
    target->target += "timeout=" + std::to_string(options.poll_timeout.count());
    if (!last_event_id.empty()) target->target += "&after=" + PercentEncode(last_event_id);
    HttpRequest request;
    request.target = std::move(*target);
    request.token = options.token;
    request.deadline = options.poll_timeout + kRelayDeadline;
    // The relay keeps up to 32 events of a session; each is small, but an answer may carry several.
    request.max_body_bytes = 256 * 1024;
    poll_started = endpoint.loop.Now();
    poll = std::make_unique<HttpCall>(
        endpoint, std::move(request),
        [this](Result<HttpResponse> answer) { OnPolled(std::move(answer)); });
  }

  void OnPolled(Result<HttpResponse> answer) {
    if (!answer) {
      Lose({std::move(answer.error()), {}});
      return;
    }
    if (answer->status != 200 && answer->status != 204) {
      Lose(Judge(*answer, FailureOf(*answer)));
      return;
    }
    std::vector<protocol::SessionEvent> polled;
    if (answer->status == 200) {
      Result<protocol::PollResponse> parsed = protocol::ParsePollResponse(answer->body);
      if (!parsed) {
        Lose({{Errc::kRelayProtocol,
               "the relay's events are not understood: " + parsed.error().detail},
              {}});
        return;
      }
      polled = std::move(parsed->events);
    }
    const auto alive = safety.Watch();
    TellOpen();
    for (const protocol::SessionEvent& event : polled) {
      if (!*alive || lost) return;
      // server:draining has none.
      if (!event.id.empty()) last_event_id = event.id;
      TellEvent({event.id, event.type, event.data.text});
    }
    if (!*alive || lost) return;
    if (polled.empty() && endpoint.loop.Now() - poll_started < options.poll_pause) {
      poll_resting = true;
      timer.Start(options.poll_pause);
    } else {
      Poll();
    }
  }

  void TellOpen() {
    if (std::exchange(opened, true)) return;
    const auto on_open = events.on_open;
    if (on_open) on_open();
  }

  void TellEvent(const RelayEvent& event) {
    const auto on_event = events.on_event;
    if (on_event) on_event(event);
  }

  void Lose(const RelayFailure& failure) {
    if (std::exchange(lost, true)) return;
    timer.Stop();
    // Later, so that neither the constructor's caller nor the connection is in the middle of
    // something.
    endpoint.loop.Post(safety.Wrap([this, failure] {
      sse.reset();
      poll.reset();
      const auto on_lost = events.on_lost;
      if (on_lost) on_lost(failure);
    }));
  }

  RelayEndpoint& endpoint;
  const EventStreamOptions options;
  const EventStreamEvents events;
  std::string last_event_id;
  bool long_polling = false;
  bool opened = false;
  bool got_bytes = false;
  bool lost = false;
  bool poll_resting = false;
  Loop::TimePoint poll_started{};
  SseParser parser;
  std::unique_ptr<SseConnection> sse;
  std::unique_ptr<HttpCall> poll;
  Timer timer;
  TaskSafety safety;
};

EventStream::EventStream(RelayEndpoint& endpoint, EventStreamOptions options,
                         EventStreamEvents events)
    : core_(std::make_unique<Core>(endpoint, std::move(options), std::move(events))) {
  if (core_->long_polling) {
    core_->Poll();
  } else {
    core_->StartSse();
  }
}

EventStream::~EventStream() = default;

const std::string& EventStream::last_event_id() const { return core_->last_event_id; }
bool EventStream::long_polling() const { return core_->long_polling; }

}  // namespace pairwire
