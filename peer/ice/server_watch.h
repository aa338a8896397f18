// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ServerWatch: which of the configured STUN and TURN servers gave candidates, and for each that
// gave none, one report of why (W3C icecandidateerror). libnice tells of candidates only: what is
// missing at the end of gathering is asked for directly (server_probe.h). That also clears servers
// that work and had nothing to add: a STUN server that sees us under our host address.
#ifndef PAIRWIRE_PEER_ICE_SERVER_WATCH_H_
#define PAIRWIRE_PEER_ICE_SERVER_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/ice/ice_server_url.h"
#include "peer/ice/ice_transport.h"
#include "peer/ice/server_probe.h"

namespace pairwire::ice {

struct StunServer {
  std::string url;  // as configured, for reports
  std::string host;
  std::uint16_t port = 3478;
};

struct TurnServer {
  std::string url;
  std::string host;
  std::uint16_t port = 3478;
  ServerTransport transport = ServerTransport::kUdp;
  // At most 512 bytes each.
  std::string username;
  std::string credential;
};

class ServerWatch {
 public:
  // From the loop's frame or GLib's dispatch: `report` once for each server that failed, `changed`
  // when settled() may have become true.
  ServerWatch(const std::optional<StunServer>& stun, const std::vector<TurnServer>& turn,
              std::function<void(ServerError)> report, std::function<void()> changed);

  bool empty() const { return servers_.empty(); }

  // A candidate came from a STUN server at `server`, "address:port" as resolved; from a TURN
  // server, counted from 0.
  void OnReflexive(const std::string& server);
  void OnRelayed(std::size_t turn_server);

  // True when nothing more is to be expected of any server. A TURN server that answers has to show
  // its candidate too, until libnice's gathering is over; one given by name even then, as libnice
  // knows nothing of names under way.
  bool settled(bool agent_gathered) const;
  bool has_names() const;

  // Starts to ask those that gave nothing yet. Once; not from inside GLib's dispatch.
  void AskSilent(GlibContext& context, Loop& loop, RandomSource& random);

  // Drops the probes.
  void Clear() { probes_.clear(); }

  // What is known to be wrong with servers, as a clause; empty when nothing is.
  std::string Trouble() const;

 private:
  struct Server {
    std::string url;
    ProbedServer address;
    bool named = false;     // not by address
    bool answered = false;  // the probe
    bool works = false;     // it gave a candidate
    std::optional<ServerError> error;
  };

  void Add(const std::string& url, ProbedServer address);
  void OnProbed(std::size_t index, ProbeResult result);

  std::vector<Server> servers_;
  std::size_t turn_begin_ = 0;  // where the TURN servers begin
  std::function<void(ServerError)> report_;
  std::function<void()> changed_;
  std::vector<std::unique_ptr<ServerProbe>> probes_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_SERVER_WATCH_H_
