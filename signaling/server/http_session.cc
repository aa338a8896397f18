// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/http_session.h"

#include <array>
#include <utility>

#include "signaling/server/problem_response.h"

namespace pairwire::server {
namespace {

using protocol::ProblemCode;

// One read; on the stack, so that an idle connection holds no buffer.
constexpr std::size_t kReadBytes = 8 * 1024;

// What is thrown away of a refused request before the socket is closed in spite of it.
constexpr std::size_t kMaxLingeredBytes = 256 * 1024;

// The slowest client that still gets a large file: a 2G phone.
constexpr std::size_t kSlowestBytesPerSecond = 16 * 1024;

const char* ToString(int state) {
  constexpr std::array<const char*, 5> kNames = {"reading", "handling", "writing", "lingering",
                                                 "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

HttpSession::HttpSession(ConnectionContext& context, HttpHandler& handler, net::Socket socket,
                         AdmissionTicket ticket)
    : Connection(ConnectionKind::kHttp),
      context_(context),
      handler_(handler),
      socket_(std::move(socket)),
      ticket_(std::move(ticket)) {
  socket_.SetEvents(this);
}

HttpSession::~HttpSession() { CloseExchange(); }

void HttpSession::Start() {
  context_.wheel.Set(*this, context_.config.timeouts.request);
  socket_.WantRead(true);
}

void HttpSession::Refuse(HttpResponse response) {
  close_after_ = true;
  draining_ = true;
  request_time_ = context_.loop.Now();
  SetState(State::kHandling, "refused");
  Respond(std::move(response));
}

void HttpSession::SetState(State state, const char* reason) {
  if (state == state_) return;
  if (context_.log.Enabled(LogLevel::kDebug)) {
    context_.log.Debug("http_state", {{"from", ToString(static_cast<int>(state_))},
                                      {"to", ToString(static_cast<int>(state))},
                                      {"reason", reason}});
  }
  state_ = state;
}

void HttpSession::OnReadable() {
  switch (state_) {
    case State::kReading:
    case State::kHandling:
    case State::kWriting:
      ReadMore();
      return;
    case State::kLingering:
      DiscardInput();
      return;
    case State::kClosed:
      return;
  }
}

void HttpSession::ReadMore() {
  // A request under way may use its whole header limit; what is sent ahead only waits here.
  const std::size_t bound =
      context_.config.limits.header_bytes + context_.config.limits.pipelined_bytes;
  if (input_.size() >= bound) {
    socket_.WantRead(false);  // OnResponseWritten wants again
    return;
  }
  std::array<char, kReadBytes> buffer;
  const net::Socket::Io io = socket_.Read(buffer.data(), buffer.size());
  switch (io.status) {
    case net::Socket::Io::Status::kOk:
      input_.append(buffer.data(), io.bytes);
      break;
    case net::Socket::Io::Status::kWouldBlock:
      break;
    case net::Socket::Io::Status::kEnd:
      OnInputEnd();
      return;
    case net::Socket::Io::Status::kError:
      Close("connection broke");
      return;
  }
  ProcessInput();
}

void HttpSession::OnInputEnd() {
  socket_.WantRead(false);
  input_ended_ = true;
  close_after_ = true;
  if (state_ == State::kReading) {
    Close(parser_ ? "cut short" : "client left");
    return;
  }
  // An answer that comes at once is still written: a client may close its sending side early. One
  // that waits for something (long-poll) is pointless when the client has left, which looks the
  // same.
  if (state_ == State::kHandling && exchange_ && exchange_->on_gone) Close("client left");
}

void HttpSession::ProcessInput() {
  if (processing_) return;  // answered inside Handle; the loop below goes on
  processing_ = true;
  while (state_ == State::kReading && !input_.empty()) {
    if (!parser_) {
      const Limits& limits = context_.config.limits;
      parser_ = std::make_unique<HttpParser>(limits.header_bytes, limits.body_bytes);
      context_.wheel.Set(*this, context_.config.timeouts.request);
    }
    const HttpParser::Status status = parser_->Feed(input_);
    if (parser_->TakeExpectContinue()) SendContinue();
    if (status == HttpParser::Status::kNeedMore) break;
    if (status == HttpParser::Status::kFailed) {
      RespondProblem(parser_->problem());
      break;
    }
    HttpRequest request = parser_->TakeRequest();
    parser_.reset();
    if (input_.empty()) input_ = std::string();  // an idle connection keeps no capacity
    Handle(std::move(request));
  }
  processing_ = false;
}

void HttpSession::Handle(HttpRequest request) {
  ticket_.SetEstablished();
  context_.wheel.Cancel(*this);
  request_time_ = context_.loop.Now();
  request.client = ticket_.address().ToText();
  if (!request.keep_alive || draining_) close_after_ = true;
  head_only_ = request.method == "HEAD";
  SetState(State::kHandling, "whole request");
  exchange_ = std::make_shared<HttpExchange::State>();
  exchange_->owner = this;
  handler_.OnRequest(std::move(request), HttpExchange(exchange_));
}

void HttpSession::RespondProblem(ProblemCode code) {
  // After this the rest of the input can not be understood any more.
  close_after_ = true;
  parser_.reset();
  input_ = std::string();
  request_time_ = context_.loop.Now();
  SetState(State::kHandling, "bad request");
  Respond(ProblemResponse(code));
}

void HttpSession::SendContinue() {
  // Whether it fits into the socket's empty buffer or not: the client sends its body in any case.
  socket_.Write("HTTP/1.1 100 Continue\r\n\r\n");
}

void HttpSession::Respond(HttpResponse response) {
  const char* route = exchange_ ? exchange_->route : "";
  context_.metrics.OnRequest(route, response.status, context_.loop.Now() - request_time_);
  if (context_.log.Enabled(LogLevel::kDebug)) {
    context_.log.Debug("request", {{"route", route},
                                   {"status", response.status},
                                   {"client", context_.log.ClientTag(ticket_.address().ToText())}});
  }
  if (draining_) close_after_ = true;
  exchange_.reset();
  output_ = Serialize(response, !close_after_, head_only_);
  if (!head_only_) shared_body_ = std::move(response.shared_body);
  written_ = 0;
  const std::size_t bytes = output_.size() + (shared_body_ ? shared_body_->size() : 0);
  context_.wheel.Set(
      *this, context_.config.timeouts.write + std::chrono::seconds(bytes / kSlowestBytesPerSecond));
  SetState(State::kWriting, "answered");
  Write();
}

void HttpSession::Write() {
  while (true) {
    const bool in_head = written_ < output_.size();
    std::string_view rest;
    if (in_head) {
      rest = std::string_view(output_).substr(written_);
    } else if (shared_body_) {
      rest = std::string_view(*shared_body_).substr(written_ - output_.size());
    }
    if (rest.empty()) break;
    const net::Socket::Io io = socket_.Write(rest);
    if (io.status == net::Socket::Io::Status::kWouldBlock) {
      socket_.WantWrite(true);
      return;
    }
    if (io.status != net::Socket::Io::Status::kOk) {
      Close("connection broke");
      return;
    }
    written_ += io.bytes;
  }
  OnResponseWritten();
}

void HttpSession::OnResponseWritten() {
  socket_.WantWrite(false);
  output_ = std::string();
  shared_body_.reset();
  head_only_ = false;
  if (close_after_) {
    // Closing with unread input would make the kernel send a reset, and that can destroy the answer
    // on its way; so the sending side is closed first and the input is read away for a while (RFC
    // 9112 9.6).
    socket_.ShutdownSend();
    if (input_ended_) {
      Close("answered");
      return;
    }
    SetState(State::kLingering, "last answer");
    context_.wheel.Set(*this, context_.config.timeouts.linger);
    socket_.WantRead(true);
    return;
  }
  SetState(State::kReading, "answered");
  context_.wheel.Set(*this, context_.config.timeouts.keep_alive);
  socket_.WantRead(true);
  ProcessInput();
}

void HttpSession::OnWritable() {
  if (state_ == State::kWriting) Write();
}

void HttpSession::DiscardInput() {
  std::array<char, kReadBytes> buffer;
  while (lingered_bytes_ < kMaxLingeredBytes) {
    const net::Socket::Io io = socket_.Read(buffer.data(), buffer.size());
    if (io.status == net::Socket::Io::Status::kWouldBlock) return;
    if (io.status != net::Socket::Io::Status::kOk) break;
    lingered_bytes_ += io.bytes;
  }
  Close("answered");
}

void HttpSession::OnDeadline() {
  switch (state_) {
    case State::kReading:
      if (parser_) {
        RespondProblem(ProblemCode::kRequestTimeout);
      } else {
        Close("idle");
      }
      return;
    case State::kWriting:
      context_.metrics.OnSlowConsumer(kind());
      Close("client does not read");
      return;
    case State::kHandling:
    case State::kLingering:
      Close("time-out");
      return;
    case State::kClosed:
      return;
  }
}

Handover HttpSession::HandOver() {
  const char* route = exchange_ ? exchange_->route : "";
  context_.metrics.OnRequest(route, 200, context_.loop.Now() - request_time_);
  socket_.SetEvents(nullptr);
  Handover handover{std::move(socket_), std::move(ticket_)};
  Close("handed over");
  return handover;
}

void HttpSession::Drain(std::chrono::milliseconds /*window*/) {
  draining_ = true;
  close_after_ = true;
  if (state_ == State::kReading && !parser_) Close("draining");
}

void HttpSession::Abort() { Close("aborted"); }

void HttpSession::Close(const char* reason) {
  if (state_ == State::kClosed) return;
  SetState(State::kClosed, reason);
  context_.wheel.Cancel(*this);
  socket_.Close();
  ticket_ = AdmissionTicket();
  CloseExchange();
  context_.table.Remove(*this);
}

void HttpSession::CloseExchange() {
  if (!exchange_) return;
  const std::shared_ptr<HttpExchange::State> exchange = std::move(exchange_);
  exchange->owner = nullptr;
  const std::function<void()> on_gone = std::move(exchange->on_gone);
  exchange->on_gone = nullptr;
  if (on_gone) on_gone();
}

}  // namespace pairwire::server
