// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Router: which request goes where, and the REST calls of the protocol between HTTP and
// signaling/core. One row of kRoutes (router.cc) is one call; what no row names is a file of --web
// or 404.
//
// Not here: what a call decides (core) and its JSON (signaling/protocol).
#ifndef PAIRWIRE_SIGNALING_SERVER_ROUTER_H_
#define PAIRWIRE_SIGNALING_SERVER_ROUTER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/server/http_exchange.h"
#include "signaling/server/origin_policy.h"
#include "signaling/server/relay_host.h"
#include "signaling/server/static_files.h"
#include "signaling/server/trusted_proxies.h"
#include "signaling/services/status.h"

namespace pairwire::server {

class Router final : public HttpHandler {
 public:
  // The two listeners of a node. What is for operators is on the public one only while there is no
  // other.
  enum class Side { kPublic, kInternal };

  Router(ConnectionContext& context, RelayHost& host, std::string node_id, Side side);

  void OnRequest(HttpRequest request, HttpExchange exchange) override;

 private:
  // One request on its way; shared with the core's reply.
  struct Call {
    HttpRequest request;
    HttpExchange exchange;
    std::string id;  // the path's variable part
  };
  using CallPtr = std::shared_ptr<Call>;
  using Handler = void (Router::*)(const CallPtr& call);
  struct Route {
    std::string_view method;
    std::string_view pattern;  // one "{id}" at most
    Handler handler;
    // On which listener.
    enum class For { kClients, kOperators, kInternal, kBoth, kStatus } served = For::kClients;
  };
  static const Route kRoutes[];

  bool Serves(const Route& route) const;
  static bool Matches(std::string_view pattern, std::string_view path, std::string& id);

  void Register(const CallPtr& call);
  void Pair(const CallPtr& call);
  void EndSession(const CallPtr& call);
  void Events(const CallPtr& call);
  void Poll(const CallPtr& call);
  void Heartbeat(const CallPtr& call);
  void ReadStatus(const CallPtr& call);
  void ReportStatus(const CallPtr& call);
  void ReadDesign(const CallPtr& call);
  void Nodes(const CallPtr& call);
  void Broadcast(const CallPtr& call);
  void WebSocket(const CallPtr& call);
  void Health(const CallPtr& call);
  void Ready(const CallPtr& call);
  void MetricsText(const CallPtr& call);
  void Version(const CallPtr& call);
  void StaticFile(const CallPtr& call);

  void Answer(const CallPtr& call, HttpResponse response) const;
  void AnswerNoContent(const CallPtr& call) const;
  void Refuse(const CallPtr& call, const protocol::Problem& problem) const;
  void Refuse(const CallPtr& call, protocol::ProblemCode code, std::string detail = {}) const;
  // True when the body is JSON (or nothing at all); else it has been refused.
  bool CheckJsonBody(const CallPtr& call) const;

  ConnectionContext& context_;
  RelayHost& host_;
  const std::string node_id_;
  const Side side_;
  const TrustedProxies proxies_;
  OriginPolicy origins_;
  StaticFiles files_;
  relay::StatusService status_;
};

// The token of a request: `Authorization: Bearer`, else (WebSocket only) the sub-protocol entry
// `pairwire.token.<token>`, else the cookie `access_token`, which needs an Origin (checked before).
// Empty when there is none, or two in one place.
std::string_view BearerToken(const HttpRequest& request);
std::string_view WebSocketToken(const HttpRequest& request);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_ROUTER_H_
