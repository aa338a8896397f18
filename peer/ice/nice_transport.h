// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NiceTransport: the IceTransport over libnice 0.1.21. This class holds the rules (what may be
// called when, what libnice's states mean, what is passed on); agent.h speaks to libnice,
// glib_context.h runs it, ice_runtime.h closes it. Host candidates only: no STUN or TURN server
// yet, no ICE restart, no mDNS.
//
// libnice's states and ours:
//
//   GATHERING -> CONNECTING -> CONNECTED -> READY        any -> FAILED -> CONNECTING
//     kNew       kChecking     kConnected   kCompleted
//
// - FAILED before a pair worked is provisional: libnice reports it when nothing is left to check,
// although
//   candidates may still come (its trickle flag does nothing in this version). It becomes kFailed
//   after SetRemoteCandidatesDone and not before `patience` passed, so that checks of a peer whose
//   candidates we could not use (mDNS names) can still reach us (RFC 8863).
// - Once kConnected, libnice's steps back (CONNECTED after READY when a better pair turns up) are
// not shown.
// - FAILED after that (no answer to the keep-alive requests for 50 s; the TCP connection closed) is
//   kFailed at once.
#ifndef PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_
#define PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/ice/ice_runtime.h"
#include "peer/ice/ice_transport.h"

namespace pairwire::ice {

enum class AgentState;

// The ICE part of pairwire::PeerConfiguration, and what only this box knows.
struct NiceTransportOptions {
  // Local addresses, as numbers. Empty: all of this machine's but loopback; loopback too when there
  // is nothing else (local_addresses.h).
  std::vector<std::string> bind_addresses;

  // For host candidates, inclusive; 0..0 lets the system choose.
  std::uint16_t port_range_begin = 0;
  std::uint16_t port_range_end = 0;

  // RFC 6544 beside UDP.
  bool ice_tcp = true;

  // Ta. 5 ms is the lower bound of RFC 8445 section 14.2; regular nomination takes 3 x Ta when
  // nothing is lost. 1..1000 ms.
  std::chrono::milliseconds pacing{5};

  // How often one check is sent (Rc of RFC 8489; first pause 500 ms, doubling). libnice's 3 loses
  // one pair in 140 at 10 % loss each way.
  int stun_transmissions = 5;

  // libnice's pause between the last check's end and its FAILED, while connecting. 50..60000 ms.
  std::chrono::milliseconds connecting_idle_timeout{5000};

  // No kFailed for want of a working pair earlier than this after both the remote credentials and
  // the end of candidates are known.
  std::chrono::milliseconds patience{10'000};
};

class NiceTransport final : public IceTransport {
 public:
  // A peer's candidates that we keep or count, whether usable or not.
  static constexpr std::size_t kMaxRemoteCandidates = 64;

  struct Counters {
    std::uint64_t candidates_ignored = 0;  // well-formed, but of no use (candidate.h, Usability)
    std::uint64_t packets_received = 0;    // handed to the owner
    std::uint64_t packets_dropped = 0;     // neither DTLS nor RTP by their first byte (RFC 7983)
    std::uint64_t packets_sent = 0;
    std::uint64_t send_would_block = 0;  // no pair yet, or the socket's buffer was full
    std::uint64_t send_errors = 0;
  };

  // Opens nothing yet, so it can not fail. `runtime` and `events` outlive it.
  NiceTransport(IceRuntime& runtime, NiceTransportOptions options, Credentials local,
                Events& events);
  ~NiceTransport() override;

  NiceTransport(const NiceTransport&) = delete;
  NiceTransport& operator=(const NiceTransport&) = delete;

  const Credentials& local_credentials() const override { return local_credentials_; }

  // kInvalidState: called before. kInvalidArgument: a port range or bind address that makes no
  // sense, or an address that is not this machine's. kSystem: no free port in the range, no
  // address, no descriptor.
  Result<void> Gather() override;
  // Best before Gather; kControlled until then. libnice takes no other role once it gathers: a
  // later one is left to the repair of role conflicts, which connects all the same, but a check
  // later.
  void SetRole(Role role) override;
  // kInvalidState: given before. Held until Gather, like the candidates.
  Result<void> SetRemoteCredentials(const Credentials& credentials) override;
  Result<void> AddRemoteCandidate(std::string_view candidate) override;
  void SetRemoteCandidatesDone() override;
  bool Send(ByteSpan packet) override;
  Stats stats() const override;
  std::string failure_reason() const override;

  State state() const { return state_; }
  const Counters& counters() const { return counters_; }
  // Iterations of the agent's context so far: the cost of idleness, for tests and measurements.
  std::uint64_t context_iterations() const;

 private:
  class Sink;
  struct CandidateEvent {
    std::string line;
  };
  struct GatheringDoneEvent {};
  using Event = std::variant<CandidateEvent, GatheringDoneEvent, State, CandidatePair>;

  Result<void> CheckOptions() const;
  void OnAgentState(AgentState state);
  void OnSelectedPair(std::string_view local, std::string_view remote, bool relayed);
  void OnCandidate(std::string_view line);
  void OnPacket(ByteSpan packet);
  void StartChecks();
  void UsePendingCandidates();
  void StartPatience();
  void FailIfOver(const char* reason);
  void SetState(State state, const char* reason);
  void Queue(Event event);
  void Deliver();
  void Note(std::string_view text) const;

  IceRuntime& runtime_;
  const NiceTransportOptions options_;
  Events& events_;
  const unsigned id_;
  const Credentials local_credentials_;
  State state_ = State::kNew;
  Role role_ = Role::kControlled;
  std::optional<Credentials> remote_credentials_;
  bool gather_called_ = false;
  bool checks_started_ = false;  // credentials of both ends known, sockets open
  bool remote_done_ = false;
  bool agent_connecting_ = false;  // libnice has pairs to check
  bool patience_over_ = false;
  std::size_t remote_candidates_ = 0;
  std::vector<std::string> pending_candidates_;  // libnice lines, at most kMaxRemoteCandidates
  // Bounded: host candidates (48), and a few states and pairs for each remote candidate.
  std::deque<Event> queue_;
  bool delivery_posted_ = false;
  Counters counters_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Agent> agent_;
  Timer patience_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_
