// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/ice/agent.h"

#include <gio/gio.h>
#include <nice/agent.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "peer/base/check.h"
#include "peer/ice/socket_peek.h"
#include "peer/udp/port_split.h"

namespace pairwire::ice {
namespace {

constexpr guint kComponent = NICE_COMPONENT_TYPE_RTP;  // the only one: everything is bundled
constexpr int kSocketBuffer =
    1024 * 1024;  // bytes, as the kernel counts them (with its own overhead)
// libnice asks a STUN server by RFC 3489, without the magic cookie, and looks for the request that
// a response belongs to among all that it has out on the socket, in the order in which they were
// added. A TURN request before it takes the response for a malformed one of its own, and the search
// ends. So TURN servers are added once the STUN request has its place, which it gets when libnice
// has resolved the server, an address included.
constexpr std::chrono::milliseconds kAfterStunAddress{20};
constexpr std::chrono::milliseconds kAfterStunName{200};
// libnice's own name of it. It begins when there is a pair to check, and first ticks one Ta later.
constexpr char kCheckTimer[] = "Connectivity check schedule";
// libnice's own name of its Tr.
constexpr char kKeepaliveTimer[] = "Connectivity keepalive timeout";
constexpr char kRegistrationKey[] = "pairwire-registration";

struct GFree {
  void operator()(char* text) const { g_free(text); }
};
struct CandidateFree {
  void operator()(NiceCandidate* candidate) const { nice_candidate_free(candidate); }
};
struct ErrorFree {
  void operator()(GError* error) const { g_error_free(error); }
};

std::optional<udp::SocketAddress> ToSocketAddress(const NiceAddress& address) {
  sockaddr_storage storage{};
  auto* const generic = reinterpret_cast<sockaddr*>(&storage);
  nice_address_copy_to_sockaddr(&address, generic);
  return udp::SocketAddress::From(generic, sizeof(storage));
}

void FreeCandidates(GSList* candidates) {
  g_slist_free_full(candidates, [](gpointer candidate) {
    nice_candidate_free(static_cast<NiceCandidate*>(candidate));
  });
}

bool IsAddress(const std::string& host) {
  NiceAddress address;
  nice_address_init(&address);
  return nice_address_set_from_string(&address, host.c_str()) != FALSE;  // no name is resolved
}

CheckPacing::Kind KindOf(const NiceCandidate& candidate) {
  using Transport = CheckPacing::Kind::Transport;
  const bool ipv6 = nice_address_ip_version(&candidate.addr) == 6;
  if (candidate.transport == NICE_CANDIDATE_TRANSPORT_UDP) return {Transport::kUdp, ipv6};
  const bool active = candidate.transport == NICE_CANDIDATE_TRANSPORT_TCP_ACTIVE;
  return {active ? Transport::kTcpActive : Transport::kTcpPassive, ipv6};
}

// The STUN server that a candidate comes from, "address:port", or nothing. A relayed one's TURN
// server is not to be had: what libnice signals is a copy without it.
std::string StunServerOf(const NiceCandidate& candidate) {
  NiceAddress address;
  nice_address_init(&address);
  if (candidate.type != NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE ||
      nice_candidate_stun_server_address(&candidate, &address) == FALSE) {
    return {};
  }
  std::array<char, NICE_ADDRESS_STRING_LEN> text{};
  nice_address_to_string(&address, text.data());
  return std::string(text.data()) + ':' + std::to_string(nice_address_get_port(&address));
}

// GObject lets this property be set at construction only, but libnice's setter, which the class
// points to in public, merely stores it. A libnice without the property keeps what it has.
void SetNominationMode(NiceAgent* agent, NiceNominationMode mode) {
  GObjectClass* const object_class = G_OBJECT_GET_CLASS(agent);
  GParamSpec* const property = g_object_class_find_property(object_class, "nomination-mode");
  if (property == nullptr) return;
  GValue value = G_VALUE_INIT;
  g_value_init(&value, property->value_type);
  g_value_set_enum(&value, mode);
  object_class->set_property(G_OBJECT(agent), property->param_id, &value, property);
  g_value_unset(&value);
}

}  // namespace

// What libnice's callbacks are given. It lives exactly as long as the GObject, which frees it.
struct Agent::Registration {
  Agent* owner = nullptr;  // null once detached
};

// What a name's lookup, or a TURN server's delay, is given; it may end after the Agent.
struct Agent::Lookup {
  Agent* owner = nullptr;
  std::size_t server = 0;
};

// libnice's callbacks. C frames are below: nothing here throws.
struct AgentCallbacks {
  static Agent* Find(gpointer data) { return static_cast<Agent::Registration*>(data)->owner; }

  static void OnCandidate(NiceAgent*, NiceCandidate* candidate, gpointer data) {
    Agent* const self = Find(data);
    if (self != nullptr) {
      // The others' pairs are those of their bases (RFC 8445 section 6.1.2.4).
      if (candidate->type == NICE_CANDIDATE_TYPE_HOST ||
          candidate->type == NICE_CANDIDATE_TYPE_RELAYED) {
        if (self->pacing_.OnLocalCandidate(KindOf(*candidate), self->loop_.Now())) {
          self->check_now_ = true;  // libnice is at work: this is inside of an iteration
        }
      }
      self->sink_->OnAgentCandidate(self->Line(candidate), StunServerOf(*candidate));
    }
  }

  static void OnGatheringDone(NiceAgent*, guint, gpointer data) {
    Agent* const self = Find(data);
    // With TURN servers still to be added libnice says it again.
    if (self != nullptr && self->delayed_turn_servers_ == 0) self->sink_->OnAgentGatheringDone();
  }

  static void OnState(NiceAgent*, guint, guint, guint state, gpointer data) {
    Agent* const self = Find(data);
    if (self == nullptr) return;
    switch (static_cast<NiceComponentState>(state)) {
      case NICE_COMPONENT_STATE_DISCONNECTED:
        return self->sink_->OnAgentState(AgentState::kDisconnected);
      case NICE_COMPONENT_STATE_GATHERING:
        return self->sink_->OnAgentState(AgentState::kGathering);
      case NICE_COMPONENT_STATE_CONNECTING:
        return self->sink_->OnAgentState(AgentState::kConnecting);
      case NICE_COMPONENT_STATE_CONNECTED:
        return self->sink_->OnAgentState(AgentState::kConnected);
      case NICE_COMPONENT_STATE_READY:
        return self->sink_->OnAgentState(AgentState::kReady);
      case NICE_COMPONENT_STATE_FAILED:
        return self->sink_->OnAgentState(AgentState::kFailed);
      case NICE_COMPONENT_STATE_LAST:
        return;
    }
  }

  static void OnSelectedPair(NiceAgent*, guint, guint, NiceCandidate* local, NiceCandidate* remote,
                             gpointer data) {
    Agent* const self = Find(data);
    if (self == nullptr) return;
    const bool relayed =
        local->type == NICE_CANDIDATE_TYPE_RELAYED || remote->type == NICE_CANDIDATE_TYPE_RELAYED;
    self->selected_udp_ = local->transport == NICE_CANDIDATE_TRANSPORT_UDP &&
                          local->type != NICE_CANDIDATE_TYPE_RELAYED;
    self->direct_path_ = self->selected_udp_ ? self->FindDirectPath(*remote) : std::nullopt;
    self->sink_->OnAgentSelectedPair(self->Line(local), self->Line(remote), relayed);
  }

  static void OnPacket(NiceAgent*, guint, guint, guint size, gchar* bytes, gpointer data) {
    Agent* const self = Find(data);
    if (self == nullptr) return;
    self->sink_->OnAgentPacket({reinterpret_cast<const std::uint8_t*>(bytes), size});
  }

  static void OnResolved(GObject* resolver, GAsyncResult* result, gpointer data) {
    const std::unique_ptr<Agent::Lookup> lookup(static_cast<Agent::Lookup*>(data));
    GList* const addresses =
        g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, nullptr);
    Agent* const self = lookup->owner;
    bool have_v4 = false;
    bool have_v6 = false;
    if (self != nullptr) std::erase(self->lookups_, lookup.get());
    for (GList* item = addresses; item != nullptr && self != nullptr; item = item->next) {
      auto* const address = static_cast<GInetAddress*>(item->data);
      const bool v6 = g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6;
      if (std::exchange(v6 ? have_v6 : have_v4, true)) continue;
      const std::unique_ptr<char, GFree> text(g_inet_address_to_string(address));
      self->AddTurnServer(lookup->server, text.get());
    }
    g_resolver_free_addresses(addresses);
  }

  static gboolean OnDelayOver(gpointer data) {
    auto* const lookup = static_cast<Agent::Lookup*>(data);
    Agent* const self = std::exchange(lookup->owner, nullptr);
    if (self == nullptr) return G_SOURCE_REMOVE;
    std::erase(self->lookups_, lookup);
    --self->delayed_turn_servers_;
    self->AddTurnServer(lookup->server, self->turn_servers_[lookup->server].host);
    return G_SOURCE_REMOVE;
  }

  static void FreeLookup(gpointer data) {
    const std::unique_ptr<Agent::Lookup> lookup(static_cast<Agent::Lookup*>(data));
    if (lookup->owner != nullptr) std::erase(lookup->owner->lookups_, lookup.get());
  }

  static void OnClosed(GObject*, GAsyncResult*, gpointer data) {
    // Not by the registration, which is empty by now. The Agent is still there: it goes only after
    // this call, or after its context was destroyed, which then never makes it.
    Agent* const self = static_cast<Agent*>(data);
    self->closed_ = true;
    if (self->on_closed_) self->on_closed_();
  }
};

Result<std::unique_ptr<Agent>> Agent::Create(IoLoop& loop, const AgentOptions& options,
                                             AgentSink* sink) {
  // The context calls back into the Agent that owns it, and exists first.
  const auto self = std::make_shared<Agent*>(nullptr);
  auto context = GlibContext::Create(loop, [self] {
    if (*self != nullptr) (*self)->OnIteration();
  });
  if (!context) return tl::unexpected(context.error());
  std::unique_ptr<Agent> agent(new Agent(loop, std::move(*context), options));
  agent->sink_ = sink;
  *self = agent.get();
  return agent;
}

Agent::Agent(IoLoop& loop, std::unique_ptr<GlibContext> context, const AgentOptions& options)
    : context_(std::move(context)),
      turn_servers_(options.turn_servers),
      loop_(loop),
      pacing_(options.pacing),
      cancel_lookups_(g_cancellable_new()),
      share_ports_(options.share_ports) {
  // Not CONSENT_FRESHNESS: in this version one lost packet ends a session half of the time. Not
  // keepalive-conncheck either: consent is asked for by consent.h. Not ICE_TRICKLE, which does
  // nothing.
  // Not REGULAR_NOMINATION: it costs a round trip more, and with it libnice waits for all other
  // pairs to give up (2 s) when the only one that works is not host to host.
  agent_ = nice_agent_new_full(context_->get(), NICE_COMPATIBILITY_RFC5245,
                               options.lite ? NICE_AGENT_OPTION_LITE_MODE : NICE_AGENT_OPTION_NONE);
  PAIRWIRE_CHECK(agent_ != nullptr);
  registration_ = new Registration{this};
  g_object_set_data_full(G_OBJECT(agent_), kRegistrationKey, registration_,
                         [](gpointer data) { delete static_cast<Registration*>(data); });

  // UPnP is on by default and would start threads, 20 descriptors and multicast.
  g_object_set(agent_, "upnp", FALSE, "ice-udp", options.ice_udp ? TRUE : FALSE, "ice-tcp",
               options.ice_tcp ? TRUE : FALSE, "force-relay", options.relay_only ? TRUE : FALSE,
               "keepalive-conncheck", FALSE, "stun-pacing-timer",
               static_cast<guint>(std::max<std::int64_t>(options.pacing.count(), 1)),
               "stun-max-retransmissions",
               static_cast<guint>(std::clamp(options.stun_transmissions, 1, 99)), nullptr);
  SetIdleTimeout(options.idle_timeout);

  g_signal_connect(agent_, "new-candidate-full", G_CALLBACK(&AgentCallbacks::OnCandidate),
                   registration_);
  g_signal_connect(agent_, "candidate-gathering-done", G_CALLBACK(&AgentCallbacks::OnGatheringDone),
                   registration_);
  g_signal_connect(agent_, "component-state-changed", G_CALLBACK(&AgentCallbacks::OnState),
                   registration_);
  g_signal_connect(agent_, "new-selected-pair-full", G_CALLBACK(&AgentCallbacks::OnSelectedPair),
                   registration_);

  stream_ = nice_agent_add_stream(agent_, 1);
  PAIRWIRE_CHECK(stream_ != 0);
  if (options.port_range_begin != 0) {
    nice_agent_set_port_range(agent_, stream_, kComponent, options.port_range_begin,
                              options.port_range_end);
  }
  if (!options.stun_host.empty()) {
    g_object_set(agent_, "stun-server", options.stun_host.c_str(), "stun-server-port",
                 static_cast<guint>(options.stun_port), nullptr);
  }
  if (!options.stun_host.empty()) {
    turn_delay_ = IsAddress(options.stun_host) ? kAfterStunAddress : kAfterStunName;
  } else {
    // libnice prefers the last one; we the first.
    for (std::size_t i = turn_servers_.size(); i-- > 0;) {
      if (IsAddress(turn_servers_[i].host)) AddTurnServer(i, turn_servers_[i].host);
    }
  }
  // Before gathering: without it libnice would not even answer STUN.
  nice_agent_attach_recv(agent_, stream_, kComponent, context_->get(), &AgentCallbacks::OnPacket,
                         registration_);
  context_->Kick();
}

void Agent::AddTurnServer(std::size_t index, const std::string& address) {
  if (turn_order_.size() == NICE_CANDIDATE_MAX_TURN_SERVERS) return;
  const AgentTurnServer& server = turn_servers_[index];
  turn_order_.push_back(index);
  nice_agent_set_relay_info(agent_, stream_, kComponent, address.c_str(), server.port,
                            server.username.c_str(), server.credential.c_str(),
                            server.tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP);
}

// libnice 0.1.21 would do it itself, but gets no candidate from a name with two addresses. GLib
// asks in a thread of its own and tells through our context.
void Agent::ResolveTurnServer(std::size_t index) {
  auto* const lookup = new Lookup{this, index};
  lookups_.push_back(lookup);
  GResolver* const resolver = g_resolver_get_default();
  g_main_context_push_thread_default(context_->get());
  g_resolver_lookup_by_name_async(resolver, turn_servers_[index].host.c_str(), cancel_lookups_,
                                  &AgentCallbacks::OnResolved, lookup);
  g_main_context_pop_thread_default(context_->get());
  g_object_unref(resolver);
}

void Agent::DelayTurnServer(std::size_t index) {
  auto* const lookup = new Lookup{this, index};
  lookups_.push_back(lookup);
  ++delayed_turn_servers_;
  GSource* const timer = g_timeout_source_new(static_cast<guint>(turn_delay_.count()));
  g_source_set_callback(timer, &AgentCallbacks::OnDelayOver, lookup, &AgentCallbacks::FreeLookup);
  g_source_attach(timer, context_->get());
  g_source_unref(timer);
}

std::size_t Agent::TurnServerOf(std::uint32_t priority) const {
  const std::size_t preference = (priority >> 14) & 7;
  return preference < turn_order_.size() ? turn_order_[preference] : turn_servers_.size();
}

Agent::~Agent() {
  Detach();
  // When a TURN server never answered the closing, libnice's own task still holds the agent, and
  // what is left of it leaks: this version has no way to force it.
  g_object_unref(agent_);
  g_object_unref(cancel_lookups_);
  // Here context_ goes, with every source that libnice may have left in it.
}

void Agent::SetLocalCredentials(const Credentials& credentials) {
  nice_agent_set_local_credentials(agent_, stream_, credentials.ufrag.c_str(),
                                   credentials.password.c_str());
}

void Agent::SetControlling(bool controlling) {
  g_object_set(agent_, "controlling-mode", controlling ? TRUE : FALSE, nullptr);
}

Result<void> Agent::Gather(const std::vector<LocalAddress>& addresses) {
  // One explicit address replaces libnice's own enumeration.
  for (const LocalAddress& address : addresses) {
    NiceAddress nice_address;
    nice_address_init(&nice_address);
    nice_address_set_from_sockaddr(&nice_address, reinterpret_cast<const sockaddr*>(&address));
    nice_agent_add_local_address(agent_, &nice_address);
  }
  const bool gathering = nice_agent_gather_candidates(agent_, stream_) != FALSE;
  context_->Kick();
  if (!gathering) return Fail(Errc::kSystem, "no port is free on the local addresses");
  PrepareSockets();
  for (std::size_t i = turn_servers_.size(); i-- > 0;) {
    if (!IsAddress(turn_servers_[i].host)) {
      ResolveTurnServer(i);
    } else if (turn_delay_.count() != 0) {
      DelayTurnServer(i);
    }
  }
  return {};
}

// The default receive buffer holds 90 packets of 1200 bytes, less than one window of SCTP. The
// kernel keeps to its own maximum. Ports are shared now, as nobody knows them yet.
void Agent::PrepareSockets() {
  GPtrArray* const sockets = nice_agent_get_sockets(agent_, stream_, kComponent);
  if (sockets == nullptr) return;
  for (guint i = 0; i < sockets->len; ++i) {
    auto* const socket = static_cast<GSocket*>(g_ptr_array_index(sockets, i));
    if (g_socket_get_socket_type(socket) != G_SOCKET_TYPE_DATAGRAM) continue;
    g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, kSocketBuffer, nullptr);
    g_socket_set_option(socket, SOL_SOCKET, SO_SNDBUF, kSocketBuffer, nullptr);
    const int fd = g_socket_get_fd(socket);
    if (share_ports_ && udp::ShareUdpPort(fd)) shared_.push_back(fd);
  }
  g_ptr_array_unref(sockets);
}

std::optional<DirectPath> Agent::FindDirectPath(const NiceCandidate& remote) const {
  GSocket* const socket = nice_agent_get_selected_socket(agent_, stream_, kComponent);
  const auto address = ToSocketAddress(remote.addr);
  if (socket == nullptr) return std::nullopt;
  const int fd = g_socket_get_fd(socket);
  g_object_unref(socket);
  if (!address || std::find(shared_.begin(), shared_.end(), fd) == shared_.end()) {
    return std::nullopt;
  }
  return DirectPath{fd, *address};
}

std::vector<udp::SocketAddress> Agent::PeerReflexiveAddresses() const {
  std::vector<udp::SocketAddress> addresses;
  GSList* const candidates = nice_agent_get_remote_candidates(agent_, stream_, kComponent);
  for (GSList* item = candidates; item != nullptr; item = item->next) {
    const auto& candidate = *static_cast<const NiceCandidate*>(item->data);
    const auto address = ToSocketAddress(candidate.addr);
    if (address && candidate.transport == NICE_CANDIDATE_TRANSPORT_UDP &&
        candidate.type == NICE_CANDIDATE_TYPE_PEER_REFLEXIVE) {
      addresses.push_back(*address);
    }
  }
  FreeCandidates(candidates);
  return addresses;
}

void Agent::SetRemoteCredentials(const Credentials& credentials) {
  nice_agent_set_remote_credentials(agent_, stream_, credentials.ufrag.c_str(),
                                    credentials.password.c_str());
  context_->Kick();
}

bool Agent::AddRemoteCandidate(const std::string& libnice_line) {
  const std::unique_ptr<NiceCandidate, CandidateFree> candidate(
      nice_agent_parse_remote_candidate_sdp(agent_, stream_, libnice_line.c_str()));
  if (candidate == nullptr) return false;
  GSList list{candidate.get(), nullptr};
  // Told of a TCP candidate, libnice turns to regular nomination for good (RFC 6544 section 8 asks
  // for it), or ignores the candidate when checks are under way. Browsers nominate TCP pairs as
  // they do others, a better UDP pair still takes over later, and the price would be everybody's.
  const bool tcp = candidate->transport != NICE_CANDIDATE_TRANSPORT_UDP;
  if (tcp) SetNominationMode(agent_, NICE_NOMINATION_MODE_REGULAR);
  const int added = nice_agent_set_remote_candidates(agent_, stream_, kComponent, &list);
  if (tcp) SetNominationMode(agent_, NICE_NOMINATION_MODE_AGGRESSIVE);
  // Ta spaces checks (RFC 8445 section 6.1.4.2); the first has none before it.
  context_->FireNew(kCheckTimer);
  if (added == 1 && pacing_.OnRemoteCandidate(KindOf(*candidate), loop_.Now()) &&
      context_->TimeOf(kCheckTimer) >= 0) {
    context_->Fire();
  }
  Inspect();
  context_->Kick();
  return added == 1;
}

void Agent::OnIteration() {
  PaceChecks();
  if (sink_ != nullptr) sink_->OnAgentIdle();
}

void Agent::PaceChecks() {
  if (!inspecting_) return;
  const auto now = loop_.Now();
  if (!pacing_.watching(now)) return Inspect();
  const std::int64_t time = context_->TimeOf(kCheckTimer);
  if (time > check_time_ && check_time_ >= 0) pacing_.OnTick(now);
  check_time_ = time;
  if (!std::exchange(check_now_, false)) return;
  context_->Fire();
  context_->Kick();
}

std::vector<std::string> Agent::RemoteLines() const {
  std::vector<std::string> lines;
  GSList* const candidates = nice_agent_get_remote_candidates(agent_, stream_, kComponent);
  for (GSList* item = candidates; item != nullptr; item = item->next) {
    lines.push_back(Line(static_cast<NiceCandidate*>(item->data)));
  }
  FreeCandidates(candidates);
  return lines;
}

void Agent::WatchStun(bool watch) {
  watch_stun_ = watch;
  Inspect();
}

void Agent::Inspect() {
  const bool wanted = sink_ != nullptr && (watch_stun_ || pacing_.watching(loop_.Now()));
  if (inspecting_ == wanted) return;
  inspecting_ = wanted;
  if (!wanted) return context_->SetInspector({});
  context_->SetInspector([this](int fd) {
    return PeekStun(
        fd, [this](ByteSpan bytes, const udp::SocketAddress& from) { return OnStun(bytes, from); });
  });
}

bool Agent::OnStun(ByteSpan bytes, const udp::SocketAddress& from) {
  constexpr std::uint16_t kRequest = 0x0001;
  constexpr std::uint16_t kErrorResponse = 0x0111;
  const int type = bytes[0] << 8 | bytes[1];
  if (type == kRequest) check_now_ = pacing_.OnCheckReceived(loop_.Now()) || check_now_;
  if (type == kErrorResponse) pacing_.OnCheckRefused();
  return !watch_stun_ || sink_ == nullptr || sink_->OnAgentStun(bytes, from);
}

void Agent::TakeStun() {
  context_->SetShortcut([this] {
    return direct_path_ &&
           TakeDatagram(direct_path_->fd, [this](ByteSpan bytes, const udp::SocketAddress& from) {
             return sink_ != nullptr && sink_->OnAgentDatagram(bytes, from);
           });
  });
}

void Agent::SilenceKeepalives() { context_->Silence(kKeepaliveTimer); }

void Agent::LookForStun() {
  if (!direct_path_) return;
  PeekStun(direct_path_->fd, [this](ByteSpan bytes, const udp::SocketAddress& from) {
    return sink_ == nullptr || sink_->OnAgentStun(bytes, from);
  });
}

Agent::SendStatus Agent::Send(ByteSpan packet) {
  GOutputVector buffer{packet.data(), packet.size()};
  NiceOutputMessage message{&buffer, 1};
  GError* raw_error = nullptr;
  // Not nice_agent_send: its -1 does not tell a full socket from a dead one.
  const int sent = nice_agent_send_messages_nonblocking(agent_, stream_, kComponent, &message, 1,
                                                        nullptr, &raw_error);
  const std::unique_ptr<GError, ErrorFree> error(raw_error);
  // TCP may now wait for room in its socket, with a new source. UDP changes nothing.
  if (!selected_udp_) context_->Kick();
  if (sent == 1) return SendStatus::kSent;
  const bool would_block =
      error != nullptr && g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return would_block ? SendStatus::kWouldBlock : SendStatus::kError;
}

void Agent::SetIdleTimeout(std::chrono::milliseconds timeout) {
  const auto clamped =
      std::clamp<std::int64_t>(timeout.count(), 50, 60'000);  // libnice's own range
  g_object_set(agent_, "idle-timeout", static_cast<guint>(clamped), nullptr);
}

void Agent::Detach() {
  sink_ = nullptr;
  registration_->owner = nullptr;
  Inspect();
  context_->SetShortcut({});
  for (Lookup* lookup : std::exchange(lookups_, {})) lookup->owner = nullptr;
  g_cancellable_cancel(cancel_lookups_);
  context_->Kick();
}

void Agent::BeginClose(std::function<void()> on_closed) {
  PAIRWIRE_CHECK(sink_ == nullptr && !closing_ && !context_->in_dispatch());
  closing_ = true;
  on_closed_ = std::move(on_closed);
  g_signal_handlers_disconnect_by_data(agent_, registration_);
  // attach_recv stays as it is: with NULL on a context that still runs, a readable socket would
  // fire without being read, for ever. What is still read finds an empty registration. The stream
  // stays too, until the agent goes: without it the answers to TURN's deallocation are not read.
  // The callback comes through the context that is the thread's default now.
  g_main_context_push_thread_default(context_->get());
  nice_agent_close_async(agent_, &AgentCallbacks::OnClosed, this);
  g_main_context_pop_thread_default(context_->get());
  context_->Kick();
}

void Agent::FinishClose(std::chrono::milliseconds limit) {
  context_->TakeOver();
  if (!closing_) BeginClose({});
  on_closed_ = {};
  context_->Finish([this] { return closed_; }, limit);
}

std::string Agent::Line(NiceCandidate* candidate) const {
  const std::unique_ptr<char, GFree> text(
      nice_agent_generate_local_candidate_sdp(agent_, candidate));
  return text == nullptr ? std::string() : std::string(text.get());
}

}  // namespace pairwire::ice
