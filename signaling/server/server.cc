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
  explicit Impl(const ServerConfig& c)
      : config(c),
        node_id(NodeIdOf(config)),
        log(config.log_level),
        wheel(loop),
        metrics(node_id, config.region),
        admission(config.limits, config.limit_loopback),
        table(loop, wheel),
        host(context, node_id),
        router(context, host, node_id),
        listener(context, router, admission),
        hard_deadline(loop, [this] { loop.Stop(); }) {}

  void BeginDrain();
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
  ConnectionContext context{loop, wheel, table, config, metrics, log};
  RelayHost host;
  Router router;
  Listener listener;
  net::Alarm hard_deadline;
  std::uint16_t port = 0;
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

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  // While all that the connections refer to is still there.
  impl_->table.SetOnEmpty(nullptr);
  impl_->listener.Close();
  impl_->table.AbortAll();
}

Result<std::unique_ptr<Server>> Server::Create(const ServerConfig& config) {
  if (!config.web_dir.empty() && !StaticFiles(config.web_dir, 0).enabled()) {
    return Fail(Errc::kInvalidArgument, "--web must name a folder that exists");
  }
  auto impl = std::make_unique<Impl>(config);
  if (const auto startup = impl->host.startup(); !startup) return tl::unexpected(startup.error());
  if (auto opened = impl->listener.Open(config.listen_host, config.listen_port); !opened) {
    return tl::unexpected(opened.error());
  }
  impl->port = impl->listener.port();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }

std::string Server::url() const {
  const std::string& host = impl_->config.listen_host;
  const bool ipv6 = host.find(':') != std::string::npos;
  return "http://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(impl_->port);
}

void Server::Run() {
  Impl& s = *impl_;
  s.log.Info("started", {{"version", kVersion},
                         {"node", s.node_id},
                         {"region", s.config.region},
                         {"port", int{s.port}},
                         {"max_connections", std::uint64_t{s.admission.max_connections()}}});
  s.listener.Start();
  s.loop.Run();
  s.log.Info("stopped", {{"connections", std::uint64_t{s.table.size()}}});
}

void Server::Drain() {
  impl_->loop.Post([this] { impl_->BeginDrain(); });
}

void Server::Stop() { impl_->loop.Stop(); }

void Server::Post(std::function<void()> task) { impl_->loop.Post(std::move(task)); }

}  // namespace pairwire::server
