// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/server_watch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace pairwire::ice {

ServerWatch::ServerWatch(const std::optional<StunServer>& stun, const std::vector<TurnServer>& turn,
                         std::function<void(ServerError)> report, std::function<void()> changed)
    : report_(std::move(report)), changed_(std::move(changed)) {
  if (stun) Add(stun->url, {false, false, stun->host, stun->port, {}, {}});
  turn_begin_ = servers_.size();
  for (const TurnServer& server : turn) {
    Add(server.url, {true, server.transport == ServerTransport::kTcp, server.host, server.port,
                     server.username, server.credential});
  }
}

void ServerWatch::Add(const std::string& url, ProbedServer address) {
  in6_addr parsed;
  Server server;
  server.url = url;
  server.named = inet_pton(AF_INET, address.host.c_str(), &parsed) != 1 &&
                 inet_pton(AF_INET6, address.host.c_str(), &parsed) != 1;
  server.address = std::move(address);
  servers_.push_back(std::move(server));
}

bool ServerWatch::settled(bool agent_gathered) const {
  return std::all_of(servers_.begin(), servers_.end(), [agent_gathered](const Server& server) {
    const bool may_come = server.address.turn && (server.named || !agent_gathered);
    return server.works || server.error || (server.answered && !may_come);
  });
}

bool ServerWatch::has_names() const {
  return std::any_of(servers_.begin(), servers_.end(),
                     [](const Server& server) { return server.named; });
}

// Only one that was given as an address can be told; the probe tells in other cases.
void ServerWatch::OnReflexive(const std::string& server) {
  if (turn_begin_ == 0) return;
  Server& stun = servers_[0];
  stun.works |= server == stun.address.host + ':' + std::to_string(stun.address.port);
  changed_();
}

void ServerWatch::OnRelayed(std::size_t turn_server) {
  const std::size_t index = turn_begin_ + turn_server;
  if (index < servers_.size()) servers_[index].works = true;
  changed_();
}

void ServerWatch::AskSilent(GlibContext& context, Loop& loop, RandomSource& random) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].works) continue;
    probes_.push_back(std::make_unique<ServerProbe>(
        context, loop, random, servers_[i].address,
        [this, i](ProbeResult result) { OnProbed(i, std::move(result)); }));
  }
}

void ServerWatch::OnProbed(std::size_t index, ProbeResult result) {
  Server& server = servers_[index];
  if (result.code == 0) {
    server.answered = true;
  } else if (!server.works) {
    server.error = ServerError{server.url, result.code, std::move(result.reason)};
    report_(*server.error);
  }
  changed_();
}

std::string ServerWatch::Trouble() const {
  std::string text;
  for (const Server& server : servers_) {
    if (!server.error) continue;
    text += text.empty() ? "" : "; ";
    text += (server.address.turn ? "TURN server " : "STUN server ") + server.url + ": ";
    if (server.error->code != 701) text += "refused, " + std::to_string(server.error->code) + ' ';
    text += server.error->reason;
  }
  return text;
}

}  // namespace pairwire::ice
