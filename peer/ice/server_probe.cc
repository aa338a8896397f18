// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/server_probe.h"

#include <gio/gio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "peer/base/timer.h"
#include "peer/ice/stun_message.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

constexpr int kNotReached = 701;            // W3C RTCPeerConnectionIceErrorEvent
constexpr milliseconds kRetransmit{500};    // RFC 8489 section 6.2.1, UDP only; doubles
constexpr std::size_t kMaxReceived = 4096;  // of a stream, without a whole message in it
constexpr std::uint32_t kUdp = 17U << 24;   // REQUESTED-TRANSPORT, RFC 8656 section 18.7
constexpr int kUnauthorized = 401;
constexpr int kStaleNonce = 438;

const char* Phrase(int code) {
  switch (code) {
    case 300:
      return "try another server";
    case 400:
      return "bad request";
    case 401:
      return "wrong username or credential";
    case 403:
      return "forbidden";
    case 437:
      return "allocation mismatch";
    case 438:
      return "stale nonce";
    case 441:
      return "wrong credentials";
    case 442:
      return "unsupported transport";
    case 486:
      return "allocation quota reached";
    case 500:
      return "server error";
    case 508:
      return "insufficient capacity";
    default:
      return "refused";
  }
}

}  // namespace

class ServerProbe::Impl {
 public:
  Impl(GlibContext& context, Loop& loop, RandomSource& random, ProbedServer server,
       std::function<void(ProbeResult)> done)
      : context_(context),
        random_(random),
        server_(std::move(server)),
        done_(std::move(done)),
        cancellable_(g_cancellable_new()),
        deadline_(loop,
                  [this] {
                    Finish({kNotReached, silence_});
                  }),
        retransmit_(loop, [this] { Retransmit(); }) {
    deadline_.Start(kDeadline);
    Connect();
  }

  ~Impl() {
    Close();
    g_object_unref(cancellable_);
  }

 private:
  // What GLib's connecting is given: it ends after us when we give up first.
  struct Attempt {
    Impl* owner;
  };

  void Connect() {
    GSocketClient* const client = g_socket_client_new();
    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_set_socket_type(client,
                                    server_.tcp ? G_SOCKET_TYPE_STREAM : G_SOCKET_TYPE_DATAGRAM);
    GSocketConnectable* const address = g_network_address_new(server_.host.c_str(), server_.port);
    attempt_ = new Attempt{this};
    g_main_context_push_thread_default(context_.get());
    g_socket_client_connect_async(client, address, cancellable_, &Impl::OnConnected, attempt_);
    g_main_context_pop_thread_default(context_.get());
    g_object_unref(address);
    g_object_unref(client);
    context_.Kick();
  }

  static void OnConnected(GObject* client, GAsyncResult* result, gpointer data) {
    const std::unique_ptr<Attempt> attempt(static_cast<Attempt*>(data));
    GError* error = nullptr;
    GSocketConnection* const connection =
        g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, &error);
    Impl* const self = attempt->owner;
    const std::string reason = error != nullptr ? error->message : "";
    if (error != nullptr) g_error_free(error);
    if (self == nullptr) {
      if (connection != nullptr) g_object_unref(connection);
      return;
    }
    self->attempt_ = nullptr;
    if (connection == nullptr) return self->Finish({kNotReached, "not reached: " + reason});
    self->connection_ = connection;
    self->Begin();
  }

  void Begin() {
    GSocket* const socket = g_socket_connection_get_socket(connection_);
    g_socket_set_blocking(socket, FALSE);
    source_ = g_socket_create_source(socket, G_IO_IN, nullptr);
    const GSocketSourceFunc on_readable = [](GSocket*, GIOCondition, gpointer data) -> gboolean {
      return static_cast<Impl*>(data)->OnReadable();
    };
    g_source_set_callback(source_, G_SOURCE_FUNC(on_readable), this, nullptr);
    g_source_attach(source_, context_.get());
    silence_ = "no answer";
    SendRequest();
  }

  void SendRequest() {
    id_ = MakeStunTransactionId(random_);
    StunBuilder request(server_.turn ? StunType::kAllocateRequest : StunType::kBindingRequest, id_);
    if (server_.turn) request.AddU32(StunAttribute::kRequestedTransport, kUdp);
    if (!realm_.empty()) AddCredentials(request);
    request_ = request.bytes();
    pause_ = kRetransmit;
    Send(request_);
    if (!server_.tcp) retransmit_.Start(pause_);
  }

  void AddCredentials(StunBuilder& request) {
    request.AddText(StunAttribute::kUsername, server_.username)
        .AddText(StunAttribute::kRealm, realm_)
        .AddText(StunAttribute::kNonce, nonce_)
        .AddIntegrity(LongTermStunKey(server_.username, realm_, server_.credential));
  }

  void Retransmit() {
    Send(request_);
    pause_ *= 2;
    retransmit_.Start(pause_);
  }

  void Send(const Bytes& message) {
    // What does not fit into a fresh socket's buffer is as good as lost.
    g_socket_send(g_socket_connection_get_socket(connection_),
                  reinterpret_cast<const gchar*>(message.data()), message.size(), nullptr, nullptr);
    context_.Kick();
  }

  // False: the source is to go.
  gboolean OnReadable() {
    std::array<char, 2048> buffer{};
    GError* error = nullptr;
    const gssize size = g_socket_receive(g_socket_connection_get_socket(connection_), buffer.data(),
                                         buffer.size(), nullptr, &error);
    if (size <= 0) {
      const std::string reason = error != nullptr ? error->message : "the server closed";
      const bool again =
          error != nullptr && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      if (error != nullptr) g_error_free(error);
      if (again) return G_SOURCE_CONTINUE;
      Finish({kNotReached, "no answer: " + reason});
      return G_SOURCE_REMOVE;
    }
    if (!server_.tcp) received_.clear();
    received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
    while (const auto message = StunMessage::Parse(received_)) {
      const auto end = static_cast<std::ptrdiff_t>(message->size());
      if (message->id() == id_) {
        OnAnswer(*message);
        if (finished_) return G_SOURCE_REMOVE;
      }
      received_.erase(received_.begin(), received_.begin() + end);
    }
    if (received_.size() > kMaxReceived) {
      Finish({kNotReached, "the answer is not STUN"});
      return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
  }

  void OnAnswer(const StunMessage& message) {
    retransmit_.Stop();
    if (message.type() == StunType::kBindingSuccess) return Finish({});
    if (message.type() == StunType::kAllocateSuccess) {
      Release();
      return Finish({});
    }
    const int code = message.error_code().value_or(kNotReached);
    // The first Allocate is refused to tell realm and nonce; a nonce may be stale once.
    const bool again = (code == kUnauthorized && realm_.empty()) || code == kStaleNonce;
    const auto realm = message.Find(StunAttribute::kRealm);
    const auto nonce = message.Find(StunAttribute::kNonce);
    if (server_.turn && again && realm && nonce && !realm->empty() && attempts_++ < 2) {
      realm_.assign(realm->begin(), realm->end());
      nonce_.assign(nonce->begin(), nonce->end());
      realm_.resize(std::min<std::size_t>(realm_.size(), 763));
      nonce_.resize(std::min<std::size_t>(nonce_.size(), 763));
      return SendRequest();
    }
    Finish({code, Phrase(code)});
  }

  void Release() {
    StunBuilder refresh(StunType::kRefreshRequest, MakeStunTransactionId(random_));
    refresh.AddU32(StunAttribute::kLifetime, 0);
    AddCredentials(refresh);
    Send(refresh.bytes());
  }

  void Finish(ProbeResult result) {
    if (std::exchange(finished_, true)) return;
    deadline_.Stop();
    retransmit_.Stop();
    done_(std::move(result));
  }

  void Close() {
    finished_ = true;
    if (attempt_ != nullptr) attempt_->owner = nullptr;
    g_cancellable_cancel(cancellable_);
    if (source_ != nullptr) {
      g_source_destroy(source_);
      g_source_unref(source_);
    }
    if (connection_ != nullptr) g_object_unref(connection_);
    context_.Kick();
  }

  GlibContext& context_;
  RandomSource& random_;
  const ProbedServer server_;
  const std::function<void(ProbeResult)> done_;
  GCancellable* const cancellable_;
  Attempt* attempt_ = nullptr;  // owned by GLib's callback
  GSocketConnection* connection_ = nullptr;
  GSource* source_ = nullptr;
  StunTransactionId id_{};
  Bytes request_;
  Bytes received_;
  std::string realm_;
  std::string nonce_;
  std::string silence_ = "not reached in time";
  int attempts_ = 0;
  bool finished_ = false;
  milliseconds pause_{0};
  Timer deadline_;
  Timer retransmit_;
};

ServerProbe::ServerProbe(GlibContext& context, Loop& loop, RandomSource& random,
                         ProbedServer server, std::function<void(ProbeResult)> done)
    : impl_(std::make_unique<Impl>(context, loop, random, std::move(server), std::move(done))) {}

ServerProbe::~ServerProbe() = default;

}  // namespace pairwire::ice
