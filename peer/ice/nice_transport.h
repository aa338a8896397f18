// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NiceTransport: the IceTransport over libnice 0.1.21. This class holds the rules (what may be
// called when, what libnice's states mean, what is passed on); agent.h speaks to libnice,
// glib_context.h runs it, ice_runtime.h closes it, fast_path.h carries what need not go through it,
// consent.h asks the other end whether it is still there, server_watch.h says which STUN and TURN
// servers failed. An ICE restart is another NiceTransport.
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
// - FAILED after that (the TCP connection closed) is kFailed at once. So is the end of consent:
//   30 s without an answer. Both are final, and nothing is sent from then on.
// - kDisconnected and back comes from consent alone.
//
// A lite agent sends no checks and no consent requests; that the other end is alive it knows by
// that end's requests and packets only, so that it notices a death later (consent.h).
#ifndef PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_
#define PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "peer/base/fifo.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/ice/fast_path.h"
#include "peer/ice/ice_runtime.h"
#include "peer/ice/ice_transport.h"
#include "peer/ice/name_resolver.h"
#include "peer/ice/server_watch.h"
#include "peer/udp/twin_socket.h"

namespace pairwire::ice {

enum class AgentState;
struct AgentOptions;
struct Candidate;
class Consent;

// The ICE part of pairwire::PeerConfiguration, and what only this box knows.
struct NiceTransportOptions {
  // Local addresses, as numbers. Empty: all of this machine's but loopback; loopback too when there
  // is nothing else (local_addresses.h).
  std::vector<std::string> bind_addresses;

  // Patterns as in pairwire::PeerConfiguration; for when there are no bind addresses.
  std::vector<std::string> interfaces = {};
  std::vector<std::string> excluded_interfaces = {};

  // For srflx candidates; one, as libnice knows only one.
  std::optional<StunServer> stun = std::nullopt;
  // At most kMaxTurnServers; the first ones have the higher priority. "turns:" is not done here:
  // whoever owns the TLS stream gives its local end as a TCP server. libnice uses a server only
  // from local addresses of its family.
  std::vector<TurnServer> turn_servers = {};

  // W3C iceTransportPolicy "relay": only relayed candidates are signalled and checked.
  bool relay_only = false;

  // RFC 8445 section 2.5. The role is then always controlled: the other end must be full.
  bool lite = false;

  // For ".local" names in remote candidates; null: such candidates are ignored. Outlives this.
  NameResolver* resolver = nullptr;
  // Not null: host candidates carry names of its instead of addresses, and reflexive ones no
  // related address. Outlives this.
  NamePublisher* publisher = nullptr;

  // Without an answer from the other end (consent.h).
  std::chrono::milliseconds disconnected_timeout{5'000};
  std::chrono::milliseconds consent_timeout{30'000};

  // For host candidates, inclusive; 0..0 lets the system choose.
  std::uint16_t port_range_begin = 0;
  std::uint16_t port_range_end = 0;

  // RFC 6544 beside UDP.
  bool ice_tcp = true;
  // Off only to try TCP alone.
  bool ice_udp = true;

  // Ta. 5 ms is the lower bound of RFC 8445 section 14.2. The first check goes one Ta after the
  // first candidate is known, and when it is answered its pair is nominated. 1..1000 ms.
  std::chrono::milliseconds pacing{5};

  // How often one check is sent (Rc of RFC 8489; pauses of 500, 1000, … ms, the last one halved: 2
  // s in all with 3, 9.5 s with 5). Lost packets are made up for by the other end's checks, which
  // trigger ours, and by TCP.
  int stun_transmissions = 3;

  // libnice's pause between the last check's end and its FAILED, while connecting. 50..60000 ms.
  std::chrono::milliseconds connecting_idle_timeout{5000};

  // No kFailed for want of a working pair earlier than this after both the remote credentials and
  // the end of candidates are known.
  std::chrono::milliseconds patience{10'000};

  // DTLS and RTP of direct UDP pairs pass libnice by (fast_path.h). Off: everything goes through
  // it. Never with relay_only, as such pairs are not direct.
  bool fast_path = true;
  // For comparisons and tests.
  udp::TwinOptions fast_path_options = {};
  // How long checks are to be expected after the last news about pairs: libnice's own end within
  // 9.5 s at most, the other end's in about the same time.
  std::chrono::milliseconds checks_last{10'000};
};

class NiceTransport final : public IceTransport, private FastPathSink {
 public:
  // A peer's candidates that we keep or count, whether usable or not.
  static constexpr std::size_t kMaxRemoteCandidates = 64;
  static constexpr std::size_t kMaxTurnServers = 8;
  // Names of one peer's candidates that are asked for on our network.
  static constexpr std::size_t kMaxNameLookups = 8;
  // From Gather to OnIceGatheringDone, whatever servers do.
  static constexpr std::chrono::milliseconds kGatherDeadline{9'500};

  struct Counters {
    std::uint64_t candidates_ignored = 0;  // well-formed, but of no use (candidate.h, Usability)
    std::uint64_t packets_received = 0;    // handed to the owner
    std::uint64_t packets_dropped = 0;     // neither DTLS nor RTP by their first byte (RFC 7983)
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t pair_changes = 0;
    std::uint64_t send_would_block = 0;  // no pair yet, or the socket's buffer was full
    std::uint64_t send_errors = 0;
    // Of these, past libnice; `received` beside the above.
    std::uint64_t fast_packets_sent = 0;
    std::uint64_t fast_packets_received = 0;
    std::uint64_t strangers_refused = 0;    // datagrams or super-packets, on the fast path
    std::uint64_t datagrams_too_large = 0;  // for the path: sent in fragments
    std::uint64_t checks_answered = 0;      // that libnice did not see (OnFastStray)
  };

  // Opens nothing yet, so it can not fail. `runtime` and `events` outlive it.
  NiceTransport(IceRuntime& runtime, NiceTransportOptions options, Credentials local,
                Events& events);
  ~NiceTransport() override;

  NiceTransport(const NiceTransport&) = delete;
  NiceTransport& operator=(const NiceTransport&) = delete;

  const Credentials& local_credentials() const override { return local_credentials_; }

  // kInvalidState: called before. kInvalidArgument: a port range, bind address or server that makes
  // no sense, or an address that is not this machine's. kLimitExceeded: too many servers. kSystem:
  // no free port in the range, no address, no descriptor.
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
  Counters counters() const;
  // Iterations of the agent's context so far: the cost of idleness, for tests and measurements.
  std::uint64_t context_iterations() const;
  // Whether libnice has a timer that is to run.
  bool context_has_timer() const;

 private:
  class Sink;
  class ConsentSink;
  struct CandidateEvent {
    std::string line;
  };
  struct GatheringDoneEvent {};
  using Event = std::variant<CandidateEvent, GatheringDoneEvent, State, CandidatePair, ServerError>;

  Result<void> CheckOptions() const;
  Result<void> OpenAgent(const AgentOptions& options);
  void OnAgentState(AgentState state);
  void OnSelectedPair(std::string_view local, std::string_view remote, bool relayed);
  void OnCandidate(std::string_view line, const std::string& stun_server);
  void OnAgentGatheringDone();
  void AskServers();
  void CheckGathered();
  void EndGathering();
  bool HideAddresses(Candidate& candidate) const;
  void ResolveName(Candidate candidate);
  void UseRemoteCandidate(const Candidate& candidate);
  void StartConsent();
  void FailConnected(std::string reason);
  std::string ReasonForNoPair() const;
  void OnPackets(std::span<const ByteSpan> packets);
  bool OnStun(ByteSpan bytes, const udp::SocketAddress& from);    // false: enough
  bool TakeStun(ByteSpan bytes, const udp::SocketAddress& from);  // true: libnice does not get it
  void SendStun(ByteSpan message);                                // on the selected pair
  void WatchStun();
  void ExpectChecks();
  // FastPathSink
  void LookForChecks() override;
  void OnFastPackets(std::span<const ByteSpan> packets) override;
  void OnFastStray(ByteSpan packet, const udp::SocketAddress& from, bool selected) override;
  void OnFastSendFailed() override;
  void OnFastTooLarge(std::size_t bytes) override;
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
  bool agent_gathered_ = false;    // libnice says so
  bool servers_asked_ = false;     // what they gave nothing for
  bool gathering_done_ = false;    // we said so
  bool agent_connecting_ = false;  // libnice has pairs to check
  bool stopped_ = false;           // kFailed after a pair worked: final
  bool patience_over_ = false;
  bool consent_awaits_ = false;  // an answer
  std::size_t remote_candidates_ = 0;
  std::size_t remote_used_ = 0;
  std::size_t name_lookups_ = 0;
  std::string failure_reason_;
  State path_state_ = State::kConnected;  // what kDisconnected returns to
  std::vector<std::string> local_lines_;  // as signalled
  std::optional<CandidatePair> selected_;
  std::vector<std::string> pending_candidates_;  // libnice lines, at most kMaxRemoteCandidates
  // Bounded: our candidates (48, and 16 for each server), and a few states and pairs for each
  // remote candidate.
  Fifo<Event> queue_;
  bool delivery_posted_ = false;
  Counters counters_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<FastPath> fast_path_;  // from Gather on, if it is wanted; goes before the agent
  ServerWatch servers_;                  // its probes go before the agent, whose context they use
  std::unique_ptr<ConsentSink> consent_sink_;
  std::unique_ptr<Consent> consent_;  // from the first nomination on
  Timer gather_timer_;
  Timer ask_timer_;
  Timer settle_timer_;
  Timer checks_timer_;  // runs while checks are to be expected
  Timer patience_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_NICE_TRANSPORT_H_
