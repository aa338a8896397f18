// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/server_watch.h"

#include <utility>

namespace pairwire::ice {

ServerWatch::ServerWatch(const std::optional<StunServer>& stun, const std::vector<TurnServer>& turn,
                         std::function<void(ServerError)> report)
    : report_(std::move(report)) {
  if (stun)
    servers_.push_back({stun->url, {false, false, stun->host, stun->port, {}, {}}, false, {}});
  turn_begin_ = servers_.size();
  for (const TurnServer& server : turn) {
    ProbedServer address{true,
                         server.transport == ServerTransport::kTcp,
                         server.host,
                         server.port,
                         server.username,
                         server.credential};
    servers_.push_back({server.url, std::move(address), false, {}});
  }
}

// Only one that was given as an address can be told; the probe tells in other cases.
void ServerWatch::OnReflexive(const std::string& server) {
  if (turn_begin_ == 0) return;
  Server& stun = servers_[0];
  stun.works |= server == stun.address.host + ':' + std::to_string(stun.address.port);
}

void ServerWatch::OnRelayed(std::size_t turn_server) {
  const std::size_t index = turn_begin_ + turn_server;
  if (index < servers_.size()) servers_[index].works = true;
}

void ServerWatch::OnGatheringDone(GlibContext& context, Loop& loop, RandomSource& random) {
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
    server.works = true;
    return;
  }
  server.error = ServerError{server.url, result.code, std::move(result.reason)};
  report_(*server.error);
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
