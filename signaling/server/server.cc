// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/server.h"

#include <array>
#include <span>
#include <utility>

#include "signaling/server/admission.h"
#include "signaling/server/listener.h"
#include "signaling/server/relay_host.h"
#include "signaling/server/router.h"
#include "signaling/server/version.h"

namespace pairwire::server {
namespace {

// After the last connection was told to go it has this long for its closing handshake.
constexpr std::chrono::milliseconds kDrainGrace{3'000};

// Operators' connections: scrapers and probes. Bounded on their own, so that they get in while the
// public listener is full.
constexpr std::size_t kInternalConnections = 64;

Limits InternalLimits() {
  Limits limits;
  limits.connections = kInternalConnections;
  limits.connections_per_ip = 0;
  limits.half_open = kInternalConnections;
  return limits;
}

std::string NodeIdOf(const ServerConfig& config) {
  if (!config.node_id.empty()) return config.node_id;
  std::array<std::uint8_t, 4> bytes{};
  relay::SystemRandom().Fill(bytes);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id = "node-";
  for (const std::uint8_t byte : bytes) {
    id += kHex[byte >> 4];
    id += kHex[byte & 15];
  }
  return id;
}

}  // namespace

// In the order of creation: who is used by others comes first and so goes last.
struct Server::Impl {
  Impl(const ServerConfig& c, std::unique_ptr<net::TlsContext> t)
      : config(c),
        node_id(NodeIdOf(config)),
        log(config.log_level),
        wheel(loop),
        metrics(node_id, config.region),
        admission(config.limits, config.limit_loopback),
        table(loop, wheel),
        host(context, node_id),
        router(context, host, node_id, Router::Side::kPublic),
        tls(std::move(t)),
        listener(context, router, admission, tls.get()),
        internal_admission(InternalLimits(), false),
        internal_router(context, host, node_id, Router::Side::kInternal),
        internal_listener(context, internal_router, internal_admission, nullptr),
        hard_deadline(loop, [this] { loop.Stop(); }) {}

  void BeginDrain();
  void ReloadCertificate();
  // The last connection is gone.
  void Finish();

  const ServerConfig config;
  const std::string node_id;
  Log log;
  net::EventLoop loop;
  net::DeadlineWheel wheel;
  Metrics metrics;
  Admission admission;
  ConnectionTable table;
  relay::SystemRandom random;
  ConnectionContext context{loop, wheel, table, config, metrics, log, random};
  RelayHost host;
  Router router;
  std::unique_ptr<net::TlsContext> tls;  // null: plain HTTP
  Listener listener;
  // Stays open while the node drains: probes and scrapers want to see that.
  Admission internal_admission;
  Router internal_router;
  Listener internal_listener;
  net::Alarm hard_deadline;
  std::uint16_t port = 0;
  std::uint16_t internal_port = 0;
  bool draining = false;
};

void Server::Impl::BeginDrain() {
  if (draining) return;
  draining = true;
  log.Info("draining", {{"connections", std::uint64_t{table.size()}},
                        {"window_ms", static_cast<std::uint64_t>(config.drain_window.count())}});
  listener.Close();
  // Clients come back somewhere else, or here again after a restart; the window says when it is
  // over.
  const auto retry_after = config.drain_window;
  host.Run([retry_after](relay::Relay& core, relay::TimePoint now) {
    core.Drain(retry_after, {}, now);
  });
  table.SetOnEmpty([this] { Finish(); });
  table.DrainAll(config.drain_window);
  hard_deadline.SetAt(loop.Now() + config.drain_window + kDrainGrace);
  if (table.size() == 0) Finish();
}

void Server::Impl::Finish() {
  table.SetOnEmpty(nullptr);
  // What the last sockets left behind reaches the other nodes first.
  host.Run([this](relay::Relay&, relay::TimePoint) {
    loop.Post([this] { host.StopBackend([this] { loop.Stop(); }); });
  });
}

void Server::Impl::ReloadCertificate() {
  if (!tls) return;
  if (const auto reloaded = tls->Reload()) {
    log.Info("certificate_reloaded", {});
  } else {
    log.Error("certificate_kept", {{"reason", reloaded.error().detail}});
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  // While all that the connections refer to is still there.
  impl_->table.SetOnEmpty(nullptr);
  impl_->listener.Close();
  impl_->internal_listener.Close();
  impl_->table.AbortAll();
}

Result<std::unique_ptr<Server>> Server::Create(const ServerConfig& config) {
  if (!config.web_dir.empty() && !StaticFiles(config.web_dir, 0).enabled()) {
    return Fail(Errc::kInvalidArgument, "--web must name a folder that exists");
  }
  std::unique_ptr<net::TlsContext> tls;
  if (!config.tls_certificate_file.empty()) {
    auto made = net::TlsContext::Server({config.tls_certificate_file, config.tls_key_file});
    if (!made) return tl::unexpected(made.error());
    tls = std::move(*made);
  }
  auto impl = std::make_unique<Impl>(config, std::move(tls));
  if (const auto startup = impl->host.startup(); !startup) return tl::unexpected(startup.error());
  if (auto opened = impl->listener.Open(config.listen_host, config.listen_port); !opened) {
    return tl::unexpected(opened.error());
  }
  impl->port = impl->listener.port();
  if (!config.internal_host.empty()) {
    auto opened = impl->internal_listener.Open(config.internal_host, config.internal_port);
    if (!opened) {
      // The listener's sentences name the option that it is usually opened for.
      std::string detail = opened.error().detail;
      const std::size_t option = detail.find("--listen");
      if (option != std::string::npos) detail.replace(option, 8, "--internal-listen");
      return Fail(opened.error().code, std::move(detail));
    }
    impl->internal_port = impl->internal_listener.port();
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }

std::uint16_t Server::internal_port() const { return impl_->internal_port; }

std::string Server::url() const {
  const std::string& host = impl_->config.listen_host;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (impl_->tls ? "https://" : "http://") + (ipv6 ? "[" + host + "]" : host) + ":" +
         std::to_string(impl_->port);
}

void Server::Run() {
  Impl& s = *impl_;
  s.log.Info("started", {{"version", kVersion},
                         {"node", s.node_id},
                         {"region", s.config.region},
                         {"port", int{s.port}},
                         {"internal_port", int{s.internal_port}},
                         {"max_connections", std::uint64_t{s.admission.max_connections()}}});
  s.listener.Start();
  if (s.internal_port != 0) s.internal_listener.Start();
  s.loop.Run();
  s.log.Info("stopped", {{"connections", std::uint64_t{s.table.size()}}});
}

void Server::Drain() {
  impl_->loop.Post([this] { impl_->BeginDrain(); });
}

void Server::ReloadCertificate() {
  impl_->loop.Post([this] { impl_->ReloadCertificate(); });
}

void Server::Stop() { impl_->loop.Stop(); }

void Server::Post(std::function<void()> task) { impl_->loop.Post(std::move(task)); }

}  // namespace pairwire::server
