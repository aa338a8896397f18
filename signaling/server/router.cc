// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/router.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "signaling/protocol/envelope.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/json.h"
#include "signaling/protocol/limits.h"
#include "signaling/server/problem_response.h"
#include "signaling/server/version.h"
#include "signaling/server/ws_accept.h"

namespace pairwire::server {
namespace {

using protocol::Outcome;
using protocol::ProblemCode;

constexpr std::string_view kIdPart = "{id}";

std::string StatusJson(const char* status) {
  return protocol::JsonWriter().Add("status", status).Take();
}

// A whole number of seconds, else `otherwise`. The core cuts it to kMaxPollTimeout.
std::chrono::milliseconds SecondsOf(const std::string& text, std::chrono::seconds otherwise) {
  std::uint16_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return otherwise;
  return std::chrono::seconds(seconds);
}

ProblemCode ProblemOf(const Error& error) {
  return error.code == Errc::kLimitExceeded || error.code == Errc::kParseError ||
                 error.code == Errc::kInvalidArgument
             ? ProblemCode::kInvalidRequest
             : ProblemCode::kInternal;
}

bool IsUpgrade(const HttpRequest& request) {
  return HasToken(request.Header("Connection"), "upgrade") &&
         HasToken(request.Header("Upgrade"), "websocket");
}

}  // namespace

const Router::Route Router::kRoutes[] = {
    {"POST", "/api/sessions/register", &Router::Register},
    {"POST", "/api/sessions/pair", &Router::Pair},
    {"DELETE", "/api/sessions/{id}", &Router::EndSession},
    {"GET", "/api/sessions/{id}/events", &Router::Events},
    {"GET", "/api/sessions/{id}/poll", &Router::Poll},
    {"POST", "/api/displays/{id}/heartbeat", &Router::Heartbeat},
    {"GET", "/api/displays/{id}/status", &Router::ReadStatus, Route::For::kStatus},
    {"POST", "/api/displays/{id}/status", &Router::ReportStatus, Route::For::kStatus},
    {"GET", "/api/designs/{id}/status", &Router::ReadDesign, Route::For::kStatus},
    {"GET", "/api/nodes", &Router::Nodes},
    {"GET", "/ws", &Router::WebSocket},
    {"POST", "/broadcast", &Router::Broadcast, Route::For::kInternal},
    {"GET", "/healthz", &Router::Health, Route::For::kBoth},
    {"GET", "/readyz", &Router::Ready, Route::For::kBoth},
    {"GET", "/metrics", &Router::MetricsText, Route::For::kOperators},
    {"GET", "/version", &Router::Version, Route::For::kBoth},
};

Router::Router(ConnectionContext& context, RelayHost& host, std::string node_id, Side side)
    : context_(context),
      host_(host),
      node_id_(std::move(node_id)),
      side_(side),
      // The options were checked; what could not be read would be trusted by nobody.
      proxies_(TrustedProxies::Parse(context.config.trusted_proxies).value_or(TrustedProxies())),
      origins_(context.config.origins),
      files_(side == Side::kPublic ? context.config.web_dir : std::string(),
             context.config.limits.static_file_bytes),
      status_(host.cache(), host.bus()) {}

bool Router::Serves(const Route& route) const {
  switch (route.served) {
    case Route::For::kClients:
      return side_ == Side::kPublic;
    case Route::For::kOperators:
      return side_ == Side::kInternal || context_.config.internal_host.empty();
    case Route::For::kInternal:
      return side_ == Side::kInternal;
    case Route::For::kBoth:
      return true;
    case Route::For::kStatus:
      return side_ == Side::kPublic && context_.config.status;
  }
  return false;
}

bool Router::Matches(std::string_view pattern, std::string_view path, std::string& id) {
  const std::size_t variable = pattern.find(kIdPart);
  if (variable == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, variable);
  const std::string_view after = pattern.substr(variable + kIdPart.size());
  if (path.size() <= before.size() + after.size() || path.substr(0, before.size()) != before ||
      path.substr(path.size() - after.size()) != after) {
    return false;
  }
  const std::string_view part =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (part.find('/') != std::string_view::npos) return false;
  id = std::string(part);
  return true;
}

void Router::OnRequest(HttpRequest request, HttpExchange exchange) {
  const auto call = std::make_shared<Call>(Call{std::move(request), std::move(exchange), {}});
  if (!proxies_.empty()) {
    if (const auto peer = ParseAddress(call->request.client)) {
      call->request.client = proxies_.ClientOf(*peer, call->request.headers).ToText();
    }
  }
  // HEAD is GET whose body is left out by the session (RFC 9110 9.3.2).
  const std::string_view method =
      call->request.method == "HEAD" ? "GET" : std::string_view(call->request.method);
  std::string methods;
  bool named = false;  // by a row without a variable part
  for (const Route& route : kRoutes) {
    std::string id;
    if (!Serves(route) || !Matches(route.pattern, call->request.path, id)) continue;
    // "register" is no session's id: rows without a variable part come first and win.
    if (named && !id.empty()) continue;
    named = named || id.empty();
    methods += methods.empty() ? "" : ", ";
    methods += route.method == "GET" ? "GET, HEAD" : route.method;
    call->exchange.SetRoute(route.pattern.data());
    call->id = std::move(id);
    if (method != route.method) continue;
    if (!origins_.Allows(call->request)) {
      Refuse(call, ProblemCode::kForbiddenOrigin);
      return;
    }
    (this->*route.handler)(call);
    return;
  }
  if (methods.empty()) {
    call->exchange.SetRoute("file");
    if (method == "GET") {
      StaticFile(call);
    } else {
      Refuse(call, ProblemCode::kNotFound);
    }
    return;
  }
  methods += ", OPTIONS";
  if (method == "OPTIONS") {
    call->exchange.Respond(origins_.Preflight(call->request, methods));
    return;
  }
  HttpResponse response = ProblemResponse(ProblemCode::kMethodNotAllowed);
  response.headers.emplace_back("Allow", methods);
  Answer(call, std::move(response));
}

void Router::Answer(const CallPtr& call, HttpResponse response) const {
  origins_.Decorate(call->request, response);
  call->exchange.Respond(std::move(response));
}

void Router::AnswerNoContent(const CallPtr& call) const {
  Answer(call, HttpResponse{204, {{"Cache-Control", "no-store"}}, {}, nullptr});
}

void Router::Refuse(const CallPtr& call, const protocol::Problem& problem) const {
  Answer(call, ProblemResponse(problem));
}

void Router::Refuse(const CallPtr& call, ProblemCode code, std::string detail) const {
  Answer(call, ProblemResponse(code, std::move(detail)));
}

bool Router::CheckJsonBody(const CallPtr& call) const {
  HttpRequest& request = call->request;
  if (request.body.empty()) {
    request.body = "{}";
    return true;
  }
  // Besides JSON's own: what curl and fetch say when nobody tells them. That lets a foreign page
  // send a "simple" request (Fetch 2.2.2), but such a request carries its Origin and was refused
  // before it came here.
  const std::string_view header = request.Header("Content-Type");
  const std::string_view type = header.substr(0, header.find_first_of("; "));
  for (const std::string_view accepted :
       {"", "application/json", "text/plain", "application/x-www-form-urlencoded"}) {
    if (EqualsIgnoringCase(type, accepted)) return true;
  }
  Refuse(call, ProblemCode::kUnsupportedMedia, "the body must be application/json");
  return false;
}

void Router::Register(const CallPtr& call) {
  if (!CheckJsonBody(call)) return;
  auto request = protocol::ParseRegisterRequest(call->request.body);
  if (!request) {
    Refuse(call, ProblemOf(request.error()), request.error().detail);
    return;
  }
  host_.Run([this, call, request = std::move(*request)](relay::Relay& core, relay::TimePoint now) {
    core.Register(request, call->request.client, now,
                  [this, call](Outcome<protocol::RegisterResponse> outcome) {
                    if (!outcome) return Refuse(call, outcome.error());
                    Answer(call, JsonResponse(201, protocol::ToJson(*outcome)));
                  });
  });
}

void Router::Pair(const CallPtr& call) {
  if (!CheckJsonBody(call)) return;
  auto request = protocol::ParsePairRequest(call->request.body);
  if (!request) {
    Refuse(call, ProblemOf(request.error()), request.error().detail);
    return;
  }
  const net::EventLoop::TimePoint begin = context_.loop.Now();
  host_.Run(
      [this, call, begin, request = std::move(*request)](relay::Relay& core, relay::TimePoint now) {
        core.Pair(request, call->request.client, now,
                  [this, call, begin](Outcome<protocol::PairResponse> outcome) {
                    if (!outcome) return Refuse(call, outcome.error());
                    context_.metrics.OnPaired(context_.loop.Now() - begin);
                    host_.OnPaired(outcome->controller_id, begin);
                    Answer(call, JsonResponse(200, protocol::ToJson(*outcome)));
                  });
      });
}

void Router::EndSession(const CallPtr& call) {
  host_.Run([this, call](relay::Relay& core, relay::TimePoint now) {
    core.EndSession(call->id, BearerToken(call->request), now, [this, call](Outcome<void> outcome) {
      if (!outcome) return Refuse(call, outcome.error());
      Answer(call, HttpResponse{204, {{"Cache-Control", "no-store"}}, {}, nullptr});
    });
  });
}

void Router::Heartbeat(const CallPtr& call) {
  host_.Run([this, call](relay::Relay& core, relay::TimePoint now) {
    core.Heartbeat(
        call->id, BearerToken(call->request), now, [this, call, now](Outcome<void> outcome) {
          if (!outcome) return Refuse(call, outcome.error());
          if (!context_.config.status) return AnswerNoContent(call);
          // Whatever the cache says, the display has been heard.
          status_.Heartbeat(call->id, now, [this, call](const auto&) { AnswerNoContent(call); });
        });
  });
}

void Router::ReportStatus(const CallPtr& call) {
  if (!CheckJsonBody(call)) return;
  auto status = relay::ParseDisplayStatus(call->request.body);
  if (!status) {
    Refuse(call, ProblemOf(status.error()), status.error().detail);
    return;
  }
  host_.Run([this, call, status = std::move(*status)](relay::Relay& core, relay::TimePoint now) {
    // Also tells whether the token is this display's.
    core.Heartbeat(call->id, BearerToken(call->request), now,
                   [this, call, now, status](Outcome<void> outcome) {
                     if (!outcome) return Refuse(call, outcome.error());
                     status_.Report(call->id, status, now, [this, call](Outcome<void> kept) {
                       if (!kept) return Refuse(call, kept.error());
                       AnswerNoContent(call);
                     });
                   });
  });
}

void Router::ReadStatus(const CallPtr& call) {
  host_.Run([this, call](relay::Relay&, relay::TimePoint now) {
    status_.Display(call->id, now, [this, call](Outcome<std::string> json) {
      if (!json) return Refuse(call, json.error());
      Answer(call, JsonResponse(200, std::move(*json)));
    });
  });
}

void Router::ReadDesign(const CallPtr& call) {
  host_.Run([this, call](relay::Relay&, relay::TimePoint now) {
    status_.Design(call->id, now, [this, call](Outcome<std::string> json) {
      if (!json) return Refuse(call, json.error());
      Answer(call, JsonResponse(200, std::move(*json)));
    });
  });
}

void Router::Events(const CallPtr& call) {
  if (call->request.method == "HEAD") {
    Refuse(call, ProblemCode::kMethodNotAllowed);
    return;
  }
  const std::uint64_t stream = host_.NextId();
  host_.Run([this, call, stream](relay::Relay& core, relay::TimePoint now) {
    core.OpenEventStream(call->id, BearerToken(call->request),
                         call->request.Header("Last-Event-ID"), stream, now,
                         [this, call, stream](Outcome<void> outcome) {
                           if (!outcome) return Refuse(call, outcome.error());
                           if (auto handover = call->exchange.Take()) {
                             return host_.AddStream(stream, std::move(*handover));
                           }
                           host_.Run([stream](relay::Relay& later, relay::TimePoint) {
                             later.CloseEventStream(stream);
                           });
                         });
  });
}

void Router::Poll(const CallPtr& call) {
  const auto timeout =
      SecondsOf(QueryValue(call->request.query, "timeout"), protocol::kMaxPollTimeout);
  const std::uint64_t poll = host_.NextId();
  call->exchange.OnGone([this, poll] {
    host_.Run([poll](relay::Relay& core, relay::TimePoint) { core.CancelPoll(poll); });
  });
  host_.Run([this, call, timeout, poll](relay::Relay& core, relay::TimePoint now) {
    if (!call->exchange.IsOpen()) return;
    const std::string after = QueryValue(call->request.query, "after");
    core.Poll(
        call->id, BearerToken(call->request), after, timeout, poll, now,
        [this, call](Outcome<protocol::PollResponse> outcome) {
          if (!outcome) return Refuse(call, outcome.error());
          if (outcome->events.empty()) {
            return Answer(call, HttpResponse{204, {{"Cache-Control", "no-store"}}, {}, nullptr});
          }
          Answer(call, JsonResponse(200, protocol::ToJson(*outcome)));
        });
  });
}

void Router::WebSocket(const CallPtr& call) {
  const HttpRequest& request = call->request;
  if (request.method != "GET" || !IsUpgrade(request) ||
      !IsWebSocketKey(request.Header("Sec-WebSocket-Key")) ||
      request.Header("Sec-WebSocket-Version") != "13" || call->exchange.HasMoreInput()) {
    HttpResponse response =
        ProblemResponse(ProblemCode::kInvalidRequest, "not a WebSocket upgrade");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");  // RFC 6455 4.4
    Answer(call, std::move(response));
    return;
  }
  if (!HasToken(request.Header("Sec-WebSocket-Protocol"), protocol::kSubprotocol)) {
    Refuse(call, ProblemCode::kInvalidRequest, "the sub-protocol pairwire.v1 must be offered");
    return;
  }
  host_.Run([this, call](relay::Relay& core, relay::TimePoint now) {
    core.AuthorizeSocket(
        WebSocketToken(call->request), now, [this, call](Outcome<relay::Admitted> outcome) {
          if (!outcome) return Refuse(call, outcome.error());
          if (auto handover = call->exchange.Take()) {
            host_.AddSocket(call->request, std::move(*handover), std::move(*outcome));
          }
        });
  });
}

void Router::Nodes(const CallPtr& call) {
  host_.Run([this, call](relay::Relay& core, relay::TimePoint) {
    protocol::NodesResponse response;
    for (relay::NodeInfo& node : core.Nodes()) {
      const auto percent = static_cast<int>(std::clamp(node.load, 0.0, 1.0) * 100);
      response.nodes.push_back(
          {std::move(node.node_id), std::move(node.url), std::move(node.region), percent});
    }
    Answer(call, JsonResponse(200, protocol::ToJson(response)));
  });
}

void Router::Broadcast(const CallPtr& call) {
  if (!CheckJsonBody(call)) return;
  auto request = protocol::ParseBroadcastRequest(call->request.body);
  if (!request) {
    Refuse(call, ProblemOf(request.error()), request.error().detail);
    return;
  }
  if (!protocol::MayBroadcast(request->event)) {
    Refuse(call, ProblemCode::kInvalidRequest, "event is one of the relay's own");
    return;
  }
  if (!host_.health().up) {
    Refuse(call, ProblemCode::kNotReady, "the node cannot reach the others");
    return;
  }
  protocol::Envelope envelope;
  envelope.type = std::move(request->event);
  envelope.room = std::move(request->room);
  envelope.data = std::move(request->data);
  host_.bus().Publish(envelope.room, protocol::ToJson(envelope));
  AnswerNoContent(call);
}

void Router::Health(const CallPtr& call) {
  // This process alone: an operator who restarts nodes because a store is away makes it worse.
  Answer(call, JsonResponse(200, StatusJson("ok")));
}

void Router::Ready(const CallPtr& call) {
  if (host_.draining()) {
    Refuse(call, ProblemCode::kNotReady, "the node is draining");
    return;
  }
  if (const relay::BackendHealth health = host_.health(); !health.up) {
    Refuse(call, ProblemCode::kNotReady, "the node cannot reach its store");
    return;
  }
  Answer(call, JsonResponse(200, StatusJson("ready")));
}

void Router::MetricsText(const CallPtr& call) {
  HttpResponse response{
      200,
      {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}},
      context_.metrics.Render(context_.table, host_.counters(), host_.sizes(), host_.health(),
                              context_.loop),
      nullptr};
  Answer(call, std::move(response));
}

void Router::Version(const CallPtr& call) {
  Answer(call, JsonResponse(200, protocol::JsonWriter()
                                     .Add("name", "pairwire-relay")
                                     .Add("version", kVersion)
                                     .Add("protocol", protocol::kSubprotocol)
                                     .Add("nodeId", node_id_)
                                     .Add("region", context_.config.region)
                                     .Take()));
}

void Router::StaticFile(const CallPtr& call) { call->exchange.Respond(files_.Get(call->request)); }

}  // namespace pairwire::server
