// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NiceTransport's own candidates: what is asked of libnice, what of it is signalled and how, and
// when gathering is over (RFC 8445 section 5.1, RFC 8838). The rest is in nice_transport.cc.
#include <utility>

#include "peer/base/check.h"
#include "peer/ice/agent.h"
#include "peer/ice/candidate.h"
#include "peer/ice/local_addresses.h"
#include "peer/ice/nice_transport.h"

namespace pairwire::ice {
namespace {

using std::chrono::milliseconds;

// Of TURN servers. RFC 8489 section 14.3: a username has at most 508 bytes.
constexpr std::size_t kMaxServerCredential = 512;

// After the last sign of a server, when libnice does not say whether more will come.
constexpr milliseconds kSettleTime{250};

// A server that gave nothing until then is asked by ourselves too. TURN over TCP needs four round
// trips.
constexpr milliseconds kAskAfter{1'500};

}  // namespace

Result<void> NiceTransport::CheckOptions() const {
  const auto begin = options_.port_range_begin;
  const auto end = options_.port_range_end;
  if ((begin == 0) != (end == 0) || begin > end) {
    return Fail(Errc::kInvalidArgument, "port range: both ends or none, begin <= end");
  }
  if (options_.pacing < milliseconds(1) || options_.pacing > milliseconds(1000)) {
    return Fail(Errc::kInvalidArgument, "ICE pacing outside 1..1000 ms");
  }
  if (options_.disconnected_timeout <= milliseconds(0) ||
      options_.consent_timeout <= milliseconds(0)) {
    return Fail(Errc::kInvalidArgument, "a consent or disconnected timeout of nothing");
  }
  if (options_.turn_servers.size() > kMaxTurnServers) {
    return Fail(Errc::kLimitExceeded, "more than 8 TURN servers");
  }
  const auto is_server = [](const std::string& host, std::uint16_t port) {
    return !host.empty() && host.size() <= kMaxIceServerUrl && port != 0;
  };
  bool valid = !options_.stun || is_server(options_.stun->host, options_.stun->port);
  for (const TurnServer& server : options_.turn_servers) {
    valid = valid && is_server(server.host, server.port) && !server.username.empty() &&
            server.username.size() <= kMaxServerCredential &&
            server.credential.size() <= kMaxServerCredential;
  }
  if (!valid) return Fail(Errc::kInvalidArgument, "a STUN or TURN server without host or user");
  return {};
}

Result<void> NiceTransport::Gather() {
  PAIRWIRE_CHECK(runtime_.loop().IsCurrent());
  if (std::exchange(gather_called_, true)) {
    return Fail(Errc::kInvalidState, "candidates were gathered before");
  }
  if (auto valid = CheckOptions(); !valid) return valid;
  auto addresses =
      LocalAddresses(options_.bind_addresses, options_.interfaces, options_.excluded_interfaces);
  if (!addresses) return tl::unexpected(addresses.error());

  AgentOptions agent_options;
  agent_options.port_range_begin = options_.port_range_begin;
  agent_options.port_range_end = options_.port_range_end;
  agent_options.ice_udp = options_.ice_udp;
  agent_options.ice_tcp = options_.ice_tcp;
  agent_options.lite = options_.lite;
  agent_options.relay_only = options_.relay_only;
  agent_options.share_ports = options_.fast_path && !options_.relay_only;
  if (options_.stun) {
    agent_options.stun_host = options_.stun->host;
    agent_options.stun_port = options_.stun->port;
  }
  for (const TurnServer& server : options_.turn_servers) {
    agent_options.turn_servers.push_back({server.host, server.port,
                                          server.transport == ServerTransport::kTcp,
                                          server.username, server.credential});
  }
  agent_options.pacing = options_.pacing;
  agent_options.stun_transmissions = options_.stun_transmissions;
  agent_options.idle_timeout = options_.connecting_idle_timeout;
  if (auto opened = OpenAgent(agent_options); !opened) return opened;
  ExpectChecks();
  agent_->SetLocalCredentials(local_credentials_);
  agent_->SetControlling(role_ == Role::kControlling && !options_.lite);

  // The candidates come back before this call returns.
  if (auto gathering = agent_->Gather(*addresses); !gathering) {
    fast_path_.reset();
    agent_->Detach();
    runtime_.Bury(std::move(agent_));
    queue_.clear();
    return gathering;
  }
  if (!gathering_done_) {
    gather_timer_.Start(kGatherDeadline);
    ask_timer_.Start(kAskAfter);
  }
  StartChecks();
  return {};
}

void NiceTransport::OnCandidate(std::string_view line, const std::string& stun_server) {
  // Through our own parser: what we send is then what we would take.
  auto candidate = ParseCandidate(line);
  if (!candidate) return Note("libnice wrote a candidate that is none");
  const bool relayed = candidate->type == CandidateType::kRelayed;
  if (relayed) {
    servers_.OnRelayed(agent_->TurnServerOf(candidate->priority));
  } else if (!stun_server.empty()) {
    servers_.OnReflexive(stun_server);
  }
  if (gathering_done_) return Note("a candidate came after the end of gathering");
  if (options_.relay_only && !relayed) return;
  if (options_.publisher != nullptr && !HideAddresses(*candidate)) {
    return Note("no name for an address; kept to ourselves");
  }
  local_lines_.push_back(ToString(*candidate));
  Queue(CandidateEvent{local_lines_.back()});
}

// A relayed candidate's related address is the one that the server sees: public, or hidden too.
bool NiceTransport::HideAddresses(Candidate& candidate) const {
  if (candidate.related_address) {
    const bool v6 = candidate.related_address->find(':') != std::string::npos;
    candidate.related_address = v6 ? "::" : "0.0.0.0";
    candidate.related_port = 0;
  }
  if (candidate.type != CandidateType::kHost) return true;
  auto name = options_.publisher->Publish(candidate.address);
  if (!name) return false;
  candidate.address = std::move(*name);
  return true;
}

// libnice says it again when a name was resolved late.
void NiceTransport::OnAgentGatheringDone() {
  if (std::exchange(agent_gathered_, true)) return;
  if (servers_.empty()) return EndGathering();
  AskServers();
  CheckGathered();
}

void NiceTransport::AskServers() {
  runtime_.loop().Post(safety_.Wrap([this] {
    if (agent_ == nullptr || std::exchange(servers_asked_, true)) return;
    servers_.AskSilent(agent_->context(), runtime_.loop(), runtime_.random());
    CheckGathered();
  }));
}

// libnice alone would wait for as long as it asks in vain: 10 s for a dead server, and as long for
// a STUN server that is the TURN server too, whose answers it loses once it has an allocation
// there.
void NiceTransport::CheckGathered() {
  if (gathering_done_ || !servers_asked_ || !servers_.settled(agent_gathered_)) return;
  // More candidates of the same servers may be on their way, for other local addresses.
  if (!agent_gathered_ || servers_.has_names()) return settle_timer_.Start(kSettleTime);
  EndGathering();
}

void NiceTransport::EndGathering() {
  if (std::exchange(gathering_done_, true)) return;
  gather_timer_.Stop();
  ask_timer_.Stop();
  settle_timer_.Stop();
  Queue(GatheringDoneEvent{});
  if (!servers_.empty()) AskServers();  // at the deadline
  FailIfOver("gathering ended and no pair works");
}

}  // namespace pairwire::ice
