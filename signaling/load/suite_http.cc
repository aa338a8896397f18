// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HTTP fallback: whoever can hold no WebSocket hears everything by event stream or long-poll, at
// any node, and misses nothing between two of them.
#include <string>

#include "signaling/load/probe.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/http_messages.h"

namespace pairwire::load {
namespace {

Request PollCall(const Display& display, int timeout_seconds, const std::string& after) {
  std::string path = display.poll_path + "?timeout=" + std::to_string(timeout_seconds);
  if (!after.empty()) path += "&after=" + after;
  return {"GET", std::move(path), display.token, {}, {}};
}

void CheckPolls(Stage& stage, Checks& checks) {
  const auto display = stage.RegisterOne(R"({"maxControllers":2})");
  if (!checks.Expect(display.has_value(), "a display registers")) return;
  const std::size_t elsewhere = stage.other_relay(display->relay);
  const Response nothing = stage.Call(elsewhere, PollCall(*display, 1, {}));
  checks.Expect(nothing.status == 204, "a poll without news is answered by 204");

  std::optional<Response> held;
  stage.pool(elsewhere).Send(PollCall(*display, 20, {}),
                             [&held](Response response) { held = std::move(response); });
  checks.Expect(stage.Pair({*display}).has_value(), "a controller pairs");
  stage.reactor().RunUntil([&] { return held.has_value(); }, TimePoint::max());
  const auto news = protocol::ParsePollResponse(held->body);
  const bool one = held->status == 200 && news && news->events.size() == 1;
  checks.Expect(one && news->events[0].type == protocol::kPairingReady,
                "a held poll hears pairing:ready at once");
  if (one) {
    checks.Expect(stage.Pair({*display}).has_value(), "a second controller pairs");
    const Response later = stage.Call(display->relay, PollCall(*display, 1, news->events[0].id));
    const auto more = protocol::ParsePollResponse(later.body);
    checks.Expect(later.status == 200 && more && more->events.size() == 1,
                  "a poll after an event gets the later ones only");
  }
  Request stranger = PollCall(*display, 1, {});
  stranger.token = "nobody.nothing";
  checks.Expect(stage.Call(display->relay, stranger).status == 401,
                "a poll with a wrong token is answered by 401");
  const Request heartbeat{
      "POST", "/api/displays/" + display->display_id + "/heartbeat", display->token, {}, {}};
  checks.Expect(stage.Call(display->relay, heartbeat).status == 204, "a heartbeat gets 204");
  stage.End({*display});
}

void CheckStreams(Stage& stage, Checks& checks) {
  const auto display = stage.RegisterOne(R"({"maxControllers":2})");
  if (!checks.Expect(display.has_value(), "a display registers")) return;
  StreamProbe first(stage);
  if (!checks.Expect(first.Listen(display->relay, *display) == 200, "an event stream opens")) {
    return;
  }
  checks.Expect(stage.Pair({*display}).has_value(), "a controller pairs");
  const auto event = first.Next();
  checks.Expect(event && event->type == protocol::kPairingReady, "the stream hears pairing:ready");
  const std::string last = first.last_event_id();
  checks.Expect(!last.empty(), "its events have ids");

  // Resumed elsewhere: nothing of the past comes again, nothing of the future is missed.
  StreamProbe second(stage);
  checks.Expect(second.Listen(stage.other_relay(display->relay), *display, last) == 200,
                "the stream is resumed");
  checks.Expect(first.WaitForEnd(), "the older of two streams ends");
  checks.Expect(stage.Pair({*display}).has_value(), "a second controller pairs");
  const auto next = second.Next();
  checks.Expect(next && next->type == protocol::kPairingReady && next->data != event->data,
                "the resumed stream hears the second, not the first");
  checks.Expect(stage.End({*display}) == 1, "the session is ended");
  const auto end = second.Next();
  checks.Expect(end && end->type == protocol::kSessionTerminated,
                "the stream hears session:terminated");
}

// Row H3, where the relay serves it.
void CheckStatus(Stage& stage, Checks& checks) {
  const auto display = stage.RegisterOne(R"({"designId":"suite-design"})");
  if (!checks.Expect(display.has_value(), "a display registers")) return;
  const std::string path = "/api/displays/" + display->display_id + "/status";
  const std::string body =
      R"({"status":"degraded","metrics":{"fps":30,"cpuPercent":80,"memoryMb":200,"latencyMs":9},)"
      R"("designId":"suite-design"})";
  const Response set = stage.Call(display->relay, {"POST", path, display->token, body, {}});
  if (set.status == 404) {
    checks.Note("status is not served");
  } else {
    checks.Expect(set.ok(), "a display tells its status");
    checks.Expect(stage.Call(display->relay, {"POST", path, {}, body, {}}).status == 401,
                  "nobody else does");
    const std::size_t elsewhere = stage.other_relay(display->relay);
    const Response got = stage.Call(elsewhere, {"GET", path, {}, {}, {}});
    checks.Expect(got.status == 200 && got.body.find("degraded") != std::string::npos,
                  "its status is read anywhere");
    const Response all =
        stage.Call(elsewhere, {"GET", "/api/designs/suite-design/status", {}, {}, {}});
    checks.Expect(all.status == 200 && all.body.find(display->display_id) != std::string::npos,
                  "the design's displays are listed");
  }
  stage.End({*display});
}

}  // namespace

void CheckHttpFallback(Stage& stage, Checks& checks) {
  CheckPolls(stage, checks);
  CheckStreams(stage, checks);
  CheckStatus(stage, checks);
}

}  // namespace pairwire::load
