// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/server_watch.h"

#include <algorithm>
#include <utility>

namespace pairwire::ice {

ServerWatch::ServerWatch(const std::optional<StunServer>& stun, const std::vector<TurnServer>& turn,
                         std::function<void(ServerError)> report)
    : report_(std::move(report)) {
  if (stun)
    servers_.push_back({stun->url, {false, false, stun->host, stun->port, {}, {}}, false, {}});
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

void ServerWatch::OnCandidate(const std::string& server, bool relayed) {
  (relayed ? seen_turn_ : seen_stun_).insert(server);
}

// By address only where that is beyond doubt: the server was given as an address, and no other
// transport of the same one is configured. The probe tells in all other cases.
bool ServerWatch::Gave(const Server& server) const {
  const auto name = [](const Server& s) {
    return s.address.host + ':' + std::to_string(s.address.port);
  };
  const auto& seen = server.address.turn ? seen_turn_ : seen_stun_;
  if (!seen.contains(name(server))) return false;
  return std::count_if(servers_.begin(), servers_.end(), [&](const Server& other) {
           return other.address.turn == server.address.turn && name(other) == name(server);
         }) == 1;
}

void ServerWatch::OnGatheringDone(GlibContext& context, Loop& loop, RandomSource& random) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (Gave(servers_[i])) {
      servers_[i].works = true;
      continue;
    }
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
