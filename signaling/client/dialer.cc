// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/client/dialer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <utility>

namespace pairwire {

namespace asio = boost::asio;
using boost::system::error_code;

struct TlsTrust::Impl {
  std::optional<asio::ssl::context> context;
  std::string error;

  // Reading the system's bundle takes some ten milliseconds: once, and only for https.
  void Load() {
    if (context || !error.empty()) return;
    error_code ec;
    context.emplace(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_default_verify_paths(ec);
    if (!ec) context->set_verify_mode(asio::ssl::verify_peer, ec);
    if (ec) {
      error = ec.message();
      context.reset();
    }
  }
};

TlsTrust::TlsTrust() : impl_(std::make_unique<Impl>()) {}
TlsTrust::~TlsTrust() = default;

void DialedStream::Close() {
  error_code ignored;
  if (plain) plain->close(ignored);
  if (tls) tls->next_layer().close(ignored);
}

Error Unreachable(const RelayUrl& url, const std::string& reason) {
  return {Errc::kRelayUnreachable, "cannot reach the relay at " + url.Authority() + ": " + reason};
}

Dialer::Dialer(asio::io_context& context, RelayEndpoint& endpoint, const RelayUrl& url)
    : context_(context), url_(url), resolver_(context), attempt_timer_(context) {
  if (!url_.tls) return;
  TlsTrust::Impl& trust = endpoint.trust.impl();
  trust.Load();
  trust_error_ = trust.error;
  if (trust.context) tls_ = &*trust.context;
}

PlainStream& Dialer::socket() { return stream_.tls ? stream_.tls->next_layer() : *stream_.plain; }

void Dialer::Start(const std::shared_ptr<Dialer>& self, Done done) {
  self->done_ = std::move(done);
  // An address needs no look-up, and Asio would start a thread for it.
  error_code ec;
  const auto address = asio::ip::make_address(self->url_.host, ec);
  if (ec) {
    Resolve(self);
    return;
  }
  self->addresses_.emplace_back(address, self->url_.port);
  asio::post(self->context_, [self] { ConnectNext(self); });
}

void Dialer::Resolve(const std::shared_ptr<Dialer>& self) {
  self->resolver_.async_resolve(
      self->url_.host, std::to_string(self->url_.port), Tcp::resolver::numeric_service,
      [self](const error_code& ec, const Tcp::resolver::results_type& results) {
        if (!self->done_) return;
        if (ec) {
          self->Finish(tl::unexpected(Unreachable(self->url_, ec.message())));
          return;
        }
        constexpr std::size_t kMaxAddresses = 8;  // A name server is not trusted to be brief.
        for (const auto& entry : results) {
          if (self->addresses_.size() < kMaxAddresses) self->addresses_.push_back(entry.endpoint());
        }
        ConnectNext(self);
      });
}

void Dialer::ConnectNext(const std::shared_ptr<Dialer>& self) {
  if (!self->done_) return;
  if (self->url_.tls && self->tls_ == nullptr) {
    self->Finish(tl::unexpected(
        Unreachable(self->url_, "the trusted certificates cannot be read: " + self->trust_error_)));
    return;
  }
  if (self->next_address_ == self->addresses_.size()) {
    self->Finish(tl::unexpected(Unreachable(self->url_, self->last_error_)));
    return;
  }
  const Tcp::endpoint address = self->addresses_[self->next_address_++];
  self->stream_ = {};
  if (self->url_.tls) {
    self->stream_.tls = std::make_unique<TlsStream>(self->context_, *self->tls_);
  } else {
    self->stream_.plain = std::make_unique<PlainStream>(self->context_);
  }
  self->attempt_timed_out_ = false;
  // The last address may take all the time that the caller's deadline leaves.
  if (self->next_address_ < self->addresses_.size()) {
    self->attempt_timer_.expires_after(kPerAddress);
    self->attempt_timer_.async_wait([self](const error_code& ec) {
      if (ec || !self->done_) return;
      self->attempt_timed_out_ = true;
      self->stream_.Close();
    });
  }
  self->socket().async_connect(address, [self](const error_code& ec) {
    self->attempt_timer_.cancel();
    if (!self->done_) return;
    if (ec || self->attempt_timed_out_) {
      self->last_error_ = self->attempt_timed_out_ ? "no answer" : ec.message();
      ConnectNext(self);
      return;
    }
    // Signals are small and wait for nobody: without this, Nagle holds the second one back.
    error_code ignored;
    self->socket().set_option(Tcp::no_delay(true), ignored);
    if (self->stream_.tls) {
      Handshake(self);
    } else {
      self->Finish(std::move(self->stream_));
    }
  });
}

void Dialer::Handshake(const std::shared_ptr<Dialer>& self) {
  TlsStream& tls = *self->stream_.tls;
  SSL_set_tlsext_host_name(tls.native_handle(), self->url_.host.c_str());
  error_code ec;
  tls.set_verify_callback(asio::ssl::host_name_verification(self->url_.host), ec);
  tls.async_handshake(asio::ssl::stream_base::client, [self](const error_code& handshake_error) {
    if (!self->done_) return;
    if (handshake_error) {
      self->Finish(tl::unexpected(Unreachable(self->url_, "TLS: " + handshake_error.message())));
      return;
    }
    self->Finish(std::move(self->stream_));
  });
}

void Dialer::Finish(Result<DialedStream> result) {
  const Done done = std::exchange(done_, nullptr);
  if (!result) stream_.Close();
  if (done) done(std::move(result));
}

void Dialer::Cancel() {
  done_ = nullptr;
  resolver_.cancel();
  attempt_timer_.cancel();
  stream_.Close();
}

}  // namespace pairwire
