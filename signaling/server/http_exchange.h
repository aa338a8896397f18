// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpExchange: one request's way to its answer. A handler may keep it and answer much later; when
// the client has gone meanwhile, the answer is dropped. Copies stand for the same exchange.
//
// Loop thread only.
#ifndef PAIRWIRE_SIGNALING_SERVER_HTTP_EXCHANGE_H_
#define PAIRWIRE_SIGNALING_SERVER_HTTP_EXCHANGE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "signaling/net/socket.h"
#include "signaling/server/admission.h"
#include "signaling/server/http_message.h"

namespace pairwire::server {

// What a connection that changes kind takes along.
struct Handover {
  net::Socket socket;
  AdmissionTicket ticket;
};

class HttpExchange {
 public:
  // The connection's side. Each method ends the exchange.
  class Owner {
   public:
    virtual void Respond(HttpResponse response) = 0;
    virtual Handover HandOver() = 0;
    // Bytes came behind the request already.
    virtual bool HasMoreInput() const = 0;

   protected:
    ~Owner() = default;
  };

  struct State {
    Owner* owner = nullptr;  // empty once answered or gone
    std::function<void()> on_gone;
    const char* route = "";
  };

  explicit HttpExchange(std::shared_ptr<State> state) : state_(std::move(state)) {}

  // False once it was answered, handed over, or the client has gone.
  bool IsOpen() const { return state_->owner != nullptr; }

  // Answers; nothing happens when the exchange is not open. May answer the connection's next
  // requests before it returns.
  void Respond(HttpResponse response) const {
    if (Owner* owner = Close()) owner->Respond(std::move(response));
  }

  // Takes the connection out of HTTP; nothing when the exchange is not open.
  std::optional<Handover> Take() const {
    if (Owner* owner = Close()) return owner->HandOver();
    return std::nullopt;
  }

  // Called once when the client goes before the answer. Without it a client that only closed its
  // sending side still gets the answer.
  void OnGone(std::function<void()> on_gone) const { state_->on_gone = std::move(on_gone); }

  bool HasMoreInput() const { return state_->owner != nullptr && state_->owner->HasMoreInput(); }

  // The pattern of the path ("/api/sessions/{id}"), for metrics and logs; a literal.
  void SetRoute(const char* route) const { state_->route = route; }

 private:
  Owner* Close() const {
    state_->on_gone = nullptr;
    return std::exchange(state_->owner, nullptr);
  }

  std::shared_ptr<State> state_;
};

// Who answers requests. `request` may be moved from.
class HttpHandler {
 public:
  virtual void OnRequest(HttpRequest request, HttpExchange exchange) = 0;

 protected:
  ~HttpHandler() = default;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_HTTP_EXCHANGE_H_
