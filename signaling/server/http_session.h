// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// HttpSession: one HTTP/1.1 connection (RFC 9112): reads requests one after the other, hands each
// to the handler, writes the answer, and goes on while the client keeps the connection. Requests
// that a client sends ahead wait in a bounded buffer and then in the client's own socket.
//
//              whole request             answer
//   kReading ----------------> kHandling --------> kWriting --keep-alive--> kReading
//      |  ^ bad request, time-out -------------------^  |
//      |                            \-- handed over     |-- last answer --> kLingering --> kClosed
//      \-- end of input, idle too long ------------------------------------------------------^
//
// Not here: what a request means (router.h); event streams and WebSockets, which take the socket
// over.
#ifndef PAIRWIRE_SIGNALING_SERVER_HTTP_SESSION_H_
#define PAIRWIRE_SIGNALING_SERVER_HTTP_SESSION_H_

#include <cstddef>
#include <memory>
#include <string>

#include "signaling/core/random.h"
#include "signaling/net/socket.h"
#include "signaling/server/config.h"
#include "signaling/server/connections.h"
#include "signaling/server/http_exchange.h"
#include "signaling/server/http_parser.h"
#include "signaling/server/metrics.h"

namespace pairwire::server {

// What every connection stands on. All of it outlives the connections.
struct ConnectionContext {
  net::EventLoop& loop;
  net::DeadlineWheel& wheel;
  ConnectionTable& table;
  const ServerConfig& config;
  Metrics& metrics;
  Log& log;
  relay::RandomSource& random;
};

class HttpSession final : public Connection,
                          private net::Socket::Events,
                          private HttpExchange::Owner {
 public:
  HttpSession(ConnectionContext& context, HttpHandler& handler, net::Socket socket,
              AdmissionTicket ticket);
  ~HttpSession() override;

  // Begins to read. Call it once, after the session was put into the table.
  void Start();
  // Instead of Start: answers at once, without reading anything, and closes.
  void Refuse(HttpResponse response);

  void Drain(std::chrono::milliseconds window) override;
  void Abort() override;

 private:
  enum class State { kReading, kHandling, kWriting, kLingering, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  void OnDeadline() override;
  void Respond(HttpResponse response) override;
  Handover HandOver() override;
  bool HasMoreInput() const override { return !input_.empty(); }

  void SetState(State state, const char* reason);
  void ReadMore();
  void OnInputEnd();
  void ProcessInput();
  void Handle(HttpRequest request);
  void RespondProblem(protocol::ProblemCode code);
  void Write();
  void OnResponseWritten();
  void DiscardInput();
  void SendContinue();
  void Close(const char* reason);
  void CloseExchange();

  ConnectionContext& context_;
  HttpHandler& handler_;
  net::Socket socket_;
  AdmissionTicket ticket_;
  State state_ = State::kReading;
  std::string input_;                   // not yet used; bounded by header_bytes or pipelined_bytes
  std::unique_ptr<HttpParser> parser_;  // while a request is under way
  std::shared_ptr<HttpExchange::State> exchange_;
  std::string output_;
  std::size_t written_ = 0;
  std::shared_ptr<const std::string> shared_body_;  // sent after output_
  net::EventLoop::TimePoint request_time_{};
  std::size_t lingered_bytes_ = 0;
  bool processing_ = false;   // ProcessInput is on the stack
  bool input_ended_ = false;  // the client closed its sending side
  bool close_after_ = false;  // the answer under way is the last one
  bool head_only_ = false;
  bool draining_ = false;
};

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_HTTP_SESSION_H_
