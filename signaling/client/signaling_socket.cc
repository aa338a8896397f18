// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/signaling_socket.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "peer/base/asio_loop.h"
#include "signaling/client/beast_errors.h"
#include "signaling/client/dialer.h"
#include "signaling/client/relay_api.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"

namespace pairwire {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

enum class State { kDialing, kOpen, kClosing, kOver };

Error FromCloseReason(const websocket::close_reason& reason) {
  const std::string text =
      "the relay closed the signaling connection (" + std::to_string(reason.code) + ")";
  switch (reason.code) {
    case protocol::kCloseNormal:
    case protocol::kCloseTakenOver:
      return {Errc::kSessionTerminated, text};
    case protocol::kClosePolicy:
    case protocol::kCloseTooSlow:
      return {Errc::kRelayRefused, text};
    default:
      return {Errc::kRelayUnreachable, text};
  }
}

}  // namespace

// What does not depend on whether there is TLS below. The virtual part is Wire<Stream>.
struct SignalingSocket::Core {
  Core(RelayEndpoint& endpoint, RelayTarget at, SignalingSocketOptions from,
       SignalingSocketEvents on)
      : target(std::move(at)),
        options(std::move(from)),
        events(std::move(on)),
        deadline(endpoint.loop.context()),
        heartbeat(endpoint.loop.context()),
        dialer(std::make_shared<Dialer>(endpoint.loop.context(), endpoint, target.relay)) {}
  virtual ~Core() = default;

  virtual void UseStream(const std::shared_ptr<Core>& self, DialedStream stream) = 0;
  virtual void WriteFront(const std::shared_ptr<Core>& self) = 0;
  virtual void StartClose(const std::shared_ptr<Core>& self) = 0;
  virtual void DropStream() = 0;

  // Starts the next write, or the closing handshake once all is written.
  static void Pump(const std::shared_ptr<Core>& self) {
    if (self->writing || self->state == State::kOver || self->state == State::kDialing) return;
    if (!self->queue.empty()) {
      self->writing = true;
      self->WriteFront(self);
    } else if (self->state == State::kClosing && !std::exchange(self->close_sent, true)) {
      self->StartClose(self);
    }
  }

  static void OnWritten(const std::shared_ptr<Core>& self, const error_code& ec) {
    self->writing = false;
    if (self->state == State::kOver) return;
    if (ec) {
      self->End(ReadFailed(self->target.relay, ec));
      return;
    }
    self->queued_bytes -= self->queue.front().size();
    self->queue.pop_front();
    Pump(self);
  }

  static void OnText(const std::shared_ptr<Core>& self, std::string_view text) {
    const Result<protocol::Envelope> envelope = protocol::ParseEnvelope(text);
    if (!envelope) {
      self->End({Errc::kRelayProtocol,
                 "the relay sent something that is no message: " + envelope.error().detail});
      return;
    }
    if (self->state == State::kOpen) {
      // The id of an answer is that of our own message.
      if (!envelope->id.empty() && envelope->type != protocol::kAck &&
          envelope->type != protocol::kError) {
        self->last_id = envelope->id;
      }
      const auto on_message = self->events.on_message;
      if (on_message) on_message(*envelope);
    } else if (self->state == State::kDialing) {
      Welcome(self, *envelope);
    }
  }

  static void Welcome(const std::shared_ptr<Core>& self, const protocol::Envelope& envelope) {
    if (envelope.type == protocol::kError) {
      const Result<protocol::Problem> problem = protocol::ParseErrorData(envelope.data);
      self->End(problem ? protocol::ToError(*problem)
                        : Error{Errc::kRelayProtocol, "the relay refused without a reason"});
      return;
    }
    const Result<protocol::Welcome> welcome = protocol::ParseWelcome(envelope.data);
    if (envelope.type != protocol::kWelcome || !welcome) {
      self->End({Errc::kRelayProtocol, "the relay did not begin with a welcome"});
      return;
    }
    self->state = State::kOpen;
    self->deadline.cancel();
    self->heartbeat_interval = std::clamp<std::chrono::seconds>(
        welcome->heartbeat_interval, std::chrono::seconds(1), std::chrono::seconds(60));
    Heartbeat(self);
    Pump(self);
    const auto on_welcome = self->events.on_welcome;
    if (on_welcome) on_welcome(*welcome);
  }

  static void Heartbeat(const std::shared_ptr<Core>& self) {
    self->heartbeat.expires_after(self->heartbeat_interval);
    self->heartbeat.async_wait([self](const error_code& ec) {
      if (ec || self->state != State::kOpen) return;
      // When the queue is full the relay hears from us anyway as soon as it reads again.
      if (self->queue.empty()) {
        protocol::Envelope beat;
        beat.type = protocol::kHeartbeat;
        // What is confirmed need not be remembered for a resume.
        if (!self->last_id.empty()) {
          beat.data.text = protocol::JsonWriter().Add("lastId", self->last_id).Take();
        }
        self->Queue(ToJson(beat));
        Pump(self);
      }
      Heartbeat(self);
    });
  }

  void Queue(std::string text) {
    queued_bytes += text.size();
    queue.push_back(std::move(text));
  }

  void Drop() {
    state = State::kOver;
    events = {};
    deadline.cancel();
    heartbeat.cancel();
    dialer->Cancel();
    DropStream();
  }

  void End(const Error& error) { Fail({error, {}}); }

  void Fail(const RelayFailure& failure) {
    if (state == State::kOver) return;
    const auto on_closed = events.on_closed;
    Drop();
    if (on_closed) on_closed(failure);
  }

  const RelayTarget target;
  const SignalingSocketOptions options;
  SignalingSocketEvents events;
  asio::steady_timer deadline;
  asio::steady_timer heartbeat;
  std::chrono::seconds heartbeat_interval{10};
  const std::shared_ptr<Dialer> dialer;
  State state = State::kDialing;
  std::deque<std::string> queue;  // the front is being written while `writing`
  std::size_t queued_bytes = 0;
  std::string last_id;
  bool writing = false;
  bool close_sent = false;
};

template <typename Stream>
struct SignalingSocket::Wire final : Core {
  using Core::Core;

  void UseStream(const std::shared_ptr<Core>& self, DialedStream stream) override {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      ws.emplace(std::move(*stream.tls));
    } else {
      ws.emplace(std::move(*stream.plain));
    }
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = websocket::stream_base::none();  // `deadline` covers it
    timeout.idle_timeout = options.idle;
    timeout.keep_alive_pings = true;
    ws->set_option(timeout);
    ws->read_message_max(protocol::kMaxMessageBytes);
    ws->set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      request.set(http::field::user_agent, "pairwire");
      request.set(http::field::authorization, BearerOf(options.token));
      request.set(http::field::sec_websocket_protocol, protocol::kSubprotocol);
    }));
    // Beast reports a close only after the whole closing handshake, for which it waits on the
    // relay: we have nothing to add to it and tell at once.
    ws->control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (kind != websocket::frame_type::close) return;
      asio::post(ws->get_executor(), [weak = std::weak_ptr<Core>(own), reason = ws->reason()] {
        if (const auto core = weak.lock()) core->End(FromCloseReason(reason));
      });
    });
    own = self;
    ws->async_handshake(response, target.relay.HostHeader(), target.target,
                        [self, this](const error_code& ec) {
                          if (state == State::kOver) return;
                          if (ec == websocket::error::upgrade_declined) {
                            Fail(Declined());
                          } else if (ec) {
                            End(ReadFailed(target.relay, ec));
                          } else {
                            Read(self);
                          }
                        });
  }

  RelayFailure Declined() const {
    HttpResponse answer;
    answer.status = static_cast<int>(response.result_int());
    const auto retry_after = response[http::field::retry_after];
    answer.retry_after = ParseRetryAfter({retry_after.data(), retry_after.size()});
    answer.body = response.body();
    if (answer.status == 404 || answer.status == 410) {
      return {{Errc::kSessionTerminated, "the relay does not know the session any more"}, {}};
    }
    return FailureOf(answer);
  }

  void Read(const std::shared_ptr<Core>& self) {
    ws->async_read(buffer, [self, this](const error_code& ec, std::size_t) {
      if (state == State::kOver) return;
      if (ec == websocket::error::closed) {
        End(FromCloseReason(ws->reason()));
        return;
      }
      if (ec) {
        End(ReadFailed(target.relay, ec));
        return;
      }
      if (!ws->got_text()) {
        End({Errc::kRelayProtocol, "the relay sent a binary message"});
        return;
      }
      const std::string text(static_cast<const char*>(buffer.data().data()), buffer.size());
      buffer.consume(buffer.size());
      OnText(self, text);
      if (state != State::kOver) Read(self);
    });
  }

  void WriteFront(const std::shared_ptr<Core>& self) override {
    ws->text(true);
    ws->async_write(asio::buffer(queue.front()),
                    [self](const error_code& ec, std::size_t) { OnWritten(self, ec); });
  }

  void StartClose(const std::shared_ptr<Core>& self) override {
    ws->async_close(websocket::close_code::normal, [self](const error_code&) { self->Drop(); });
  }

  void DropStream() override {
    if (!ws) return;
    error_code ignored;
    beast::get_lowest_layer(*ws).close(ignored);
  }

  std::weak_ptr<Core> own;
  std::optional<websocket::stream<Stream>> ws;
  websocket::response_type response;
  beast::flat_buffer buffer;
};

SignalingSocket::SignalingSocket(RelayEndpoint& endpoint, SignalingSocketOptions options,
                                 SignalingSocketEvents events) {
  Result<RelayTarget> resolved = ResolveRelayReference(endpoint.url, options.url);
  const RelayTarget target = resolved ? *resolved : RelayTarget{endpoint.url, "/"};
  if (target.relay.tls) {
    core_ =
        std::make_shared<Wire<TlsStream>>(endpoint, target, std::move(options), std::move(events));
  } else {
    core_ = std::make_shared<Wire<PlainStream>>(endpoint, target, std::move(options),
                                                std::move(events));
  }
  if (!resolved) {
    asio::post(endpoint.loop.context(),
               [core = core_, error = resolved.error()] { core->End(error); });
    return;
  }
  if (core_->options.resume) {
    core_->last_id = core_->options.resume->last_id;
    protocol::Envelope first;
    first.type = protocol::kResume;
    first.data = protocol::ToData(*core_->options.resume);
    core_->Queue(ToJson(first));
  }
  core_->deadline.expires_after(core_->options.deadline);
  core_->deadline.async_wait([core = core_](const error_code& ec) {
    if (!ec && core->state == State::kDialing) core->End(DeadlinePassed(core->target.relay));
  });
  Dialer::Start(core_->dialer, [core = core_](Result<DialedStream> dialed) {
    if (core->state == State::kOver) return;
    if (!dialed) {
      core->End(dialed.error());
      return;
    }
    core->UseStream(core, std::move(*dialed));
  });
}

SignalingSocket::~SignalingSocket() {
  if (core_->state != State::kClosing) core_->Drop();
}

Result<void> SignalingSocket::Send(const protocol::Envelope& envelope) {
  if (core_->state == State::kClosing || core_->state == State::kOver) {
    return Fail(Errc::kClosed, "the signaling connection is closed");
  }
  std::string text = ToJson(envelope);
  if (text.size() > protocol::kMaxMessageBytes) {
    return Fail(Errc::kMessageTooLarge, "the signaling message is larger than the relay takes");
  }
  if (core_->queue.size() >= protocol::kMaxSocketQueueMessages ||
      core_->queued_bytes + text.size() > protocol::kMaxSocketQueueBytes) {
    return Fail(Errc::kBufferFull, "too many signaling messages wait for the relay");
  }
  core_->Queue(std::move(text));
  Core::Pump(core_);
  return {};
}

const std::string& SignalingSocket::last_id() const { return core_->last_id; }

void SignalingSocket::Close() {
  if (core_->state != State::kOpen) {
    core_->Drop();
    return;
  }
  core_->state = State::kClosing;
  core_->events = {};
  core_->heartbeat.cancel();
  core_->deadline.expires_after(core_->options.close_deadline);
  core_->deadline.async_wait([core = core_](const error_code& ec) {
    if (!ec && core->state == State::kClosing) core->Drop();
  });
  Core::Pump(core_);
}

}  // namespace pairwire
