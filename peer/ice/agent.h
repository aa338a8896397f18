// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Agent: one libnice agent with one stream of one component, and the GMainContext it lives in. It
// speaks C to libnice and C++ to its owner; what the signals mean is nice_transport.h's business.
//
// Its life is longer than its owner's: when the owner goes (perhaps from inside a callback, with
// libnice's dispatch below it on the stack) it calls Detach and hands the Agent to the IceRuntime,
// which closes it from the loop's own frame. libnice never gets a pointer of ours that can go
// before libnice's own object: its callbacks find a registration that the GObject owns, and that
// Detach empties.
//
//   open --Detach--> detached --BeginClose--> closing --close_async called back--> closed -->
//   destroyed
#ifndef PAIRWIRE_PEER_ICE_AGENT_H_
#define PAIRWIRE_PEER_ICE_AGENT_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/ice/check_pacing.h"
#include "peer/ice/direct_path.h"
#include "peer/ice/glib_context.h"
#include "peer/ice/ice_transport.h"
#include "peer/ice/local_addresses.h"

typedef struct _NiceAgent NiceAgent;
typedef struct _NiceCandidate NiceCandidate;
typedef struct _GCancellable GCancellable;

namespace pairwire::ice {

struct AgentTurnServer {
  std::string host;
  std::uint16_t port = 0;
  bool tcp = false;
  std::string username;
  std::string credential;
};

struct AgentOptions {
  std::uint16_t port_range_begin = 0;
  std::uint16_t port_range_end = 0;
  bool ice_udp = true;
  bool ice_tcp = true;
  bool lite = false;
  bool relay_only = false;
  bool share_ports = false;  // UDP sockets get ready for twins (peer/udp/port_split.h)
  std::string stun_host;     // empty: none
  std::uint16_t stun_port = 0;
  // At most 8; the first one's candidates have the highest priority, those given by name after
  // those given by address. Of a name one address of each family is used.
  std::vector<AgentTurnServer> turn_servers;
  std::chrono::milliseconds pacing{5};
  int stun_transmissions = 5;
  std::chrono::milliseconds idle_timeout{5000};
};

// libnice's NiceComponentState, without its header.
enum class AgentState { kDisconnected, kGathering, kConnecting, kConnected, kReady, kFailed };

// What libnice reports. Everything but OnAgentPacket and OnAgentIdle may come from inside a call of
// the owner's (libnice emits on the caller's stack), so it has to be queued.
class AgentSink {
 public:
  // `stun_server`: "address:port" of the STUN server that gave it, as resolved, or empty.
  virtual void OnAgentCandidate(std::string libnice_line, std::string stun_server) = 0;
  virtual void OnAgentGatheringDone() = 0;
  virtual void OnAgentState(AgentState state) = 0;
  // As OnAgentCandidate's lines.
  virtual void OnAgentSelectedPair(std::string local, std::string remote, bool relayed) = 0;
  // From the loop's frame; libnice holds no lock. Anything that is not STUN; unchecked.
  virtual void OnAgentPacket(ByteSpan packet) = 0;
  // While WatchStun, and in LookForStun: bytes that begin like a Binding message and may be one,
  // and their sender if they are a datagram's first; libnice sees them too. False: it was what was
  // waited for, and those behind it need not be looked at.
  virtual bool OnAgentStun(ByteSpan bytes, const udp::SocketAddress& from) = 0;
  // While TakeStun: the first datagram that waits in the direct path's socket. True: that was all
  // of use in it, and libnice does not get it.
  virtual bool OnAgentDatagram(ByteSpan bytes, const udp::SocketAddress& from) = 0;
  // An iteration of the context ended: the loop's frame.
  virtual void OnAgentIdle() = 0;

 protected:
  ~AgentSink() = default;
};

class Agent {
 public:
  // kSystem: no descriptor. The sink's owner calls Detach before it goes.
  static Result<std::unique_ptr<Agent>> Create(IoLoop& loop, const AgentOptions& options,
                                               AgentSink* sink);
  // Best after closed(); before, what libnice still had under way is dropped. Not from inside a
  // callback.
  ~Agent();

  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // libnice holds the credentials as given; ice-char only.
  void SetLocalCredentials(const Credentials& credentials);
  // Before Gather: libnice ignores it afterwards.
  void SetControlling(bool controlling);

  // Opens a socket on each address. Calls the sink before it returns. kSystem: none could be opened
  // (all ports of the range are taken).
  Result<void> Gather(const std::vector<LocalAddress>& addresses);

  void SetRemoteCredentials(const Credentials& credentials);
  // A line from ToLibniceLine. False: libnice did not want it.
  bool AddRemoteCandidate(const std::string& libnice_line);

  // Which of the TURN servers (from 0, in the order of AgentOptions) gave a relayed candidate: its
  // priority says so by libnice's formula (bits 6..8 of the local preference). Their count: none.
  std::size_t TurnServerOf(std::uint32_t priority) const;

  // Every remote candidate that libnice knows, peer-reflexive ones included; lines as above.
  std::vector<std::string> RemoteLines() const;

  // The selected pair, when it is direct, over UDP, and its port is shared.
  const std::optional<DirectPath>& direct_path() const { return direct_path_; }

  // Of remote candidates over UDP that libnice learnt from the other end's checks.
  std::vector<udp::SocketAddress> PeerReflexiveAddresses() const;

  // Whether received Binding messages are also shown to OnAgentStun. Costs a few calls of the
  // system for each packet.
  void WatchStun(bool watch);

  // From now on what arrives in the direct path's socket is shown to OnAgentDatagram before libnice
  // reads it, which costs several times as much.
  void TakeStun();

  // libnice sends no keepalives any more (indications, each 25 s): for who sends more on the
  // selected pair himself. Once it has pairs.
  void SilenceKeepalives();

  // Shows what waits in the selected direct path's socket now.
  void LookForStun();

  enum class SendStatus { kSent, kWouldBlock, kError };
  SendStatus Send(ByteSpan packet);

  // How long libnice's check timer goes on ticking (each Ta) after its work is done.
  void SetIdleTimeout(std::chrono::milliseconds timeout);

  // No call of the sink starts afterwards. May be called from one.
  void Detach();

  // Detached agents only; not from inside a callback. Frees sockets and TURN allocations.
  // `on_closed` is called from inside libnice's dispatch: do not destroy the Agent there.
  void BeginClose(std::function<void()> on_closed);
  bool closing() const { return closing_; }
  bool closed() const { return closed_; }

  // Carries the closing through without a running loop, within `limit` of real time.
  void FinishClose(std::chrono::milliseconds limit);

  GlibContext& context() { return *context_; }

 private:
  struct Registration;
  struct Lookup;
  friend struct AgentCallbacks;

  Agent(IoLoop& loop, std::unique_ptr<GlibContext> context, const AgentOptions& options);
  void OnIteration();
  // Lets libnice's check timer tick when CheckPacing says so.
  void PaceChecks();
  void Inspect();
  bool OnStun(ByteSpan bytes, const udp::SocketAddress& from);
  void PrepareSockets();
  std::optional<DirectPath> FindDirectPath(const NiceCandidate& remote) const;
  void AddTurnServer(std::size_t index, const std::string& address);
  void ResolveTurnServer(std::size_t index);
  void DelayTurnServer(std::size_t index);
  std::string Line(NiceCandidate* candidate) const;

  std::unique_ptr<GlibContext> context_;
  AgentSink* sink_ = nullptr;
  NiceAgent* agent_ = nullptr;
  Registration* registration_ = nullptr;  // owned by agent_
  unsigned stream_ = 0;
  const std::vector<AgentTurnServer> turn_servers_;
  IoLoop& loop_;
  CheckPacing pacing_;
  std::int64_t check_time_ = -1;  // when libnice's check timer ticks next
  bool check_now_ = false;        // and not only then
  bool watch_stun_ = false;
  bool inspecting_ = false;
  std::vector<std::size_t> turn_order_;      // libnice's preference -> index into turn_servers_
  std::vector<Lookup*> lookups_;             // under way; owned by GLib's callbacks
  std::chrono::milliseconds turn_delay_{0};  // after Gather; 0: none
  std::size_t delayed_turn_servers_ = 0;
  GCancellable* cancel_lookups_;
  const bool share_ports_;
  std::vector<int> shared_;  // sockets whose ports are shared; libnice's
  std::optional<DirectPath> direct_path_;
  bool selected_udp_ = false;
  bool closing_ = false;
  bool closed_ = false;
  std::function<void()> on_closed_;
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_AGENT_H_
