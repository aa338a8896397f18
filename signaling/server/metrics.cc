// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <utility>

#include "signaling/core/relay.h"
#include "signaling/net/event_loop.h"
#include "signaling/server/version.h"
#include "signaling/store/backend.h"
#include "signaling/store/store.h"

namespace pairwire::server {
namespace {

using prometheus::Labels;

// From "answered from memory" (100 µs) to "something is wrong" (1 s); a long-poll waits on purpose
// and has its own route label.
const prometheus::Histogram::BucketBoundaries kLatencyBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return SecondsOf(usage.ru_utime) + SecondsOf(usage.ru_stime);
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::string StatusClass(int status) { return std::to_string(status / 100) + "xx"; }

}  // namespace

struct Metrics::Impl {
  explicit Impl(Labels node) : node_labels(std::move(node)) {}

  template <typename Builder>
  auto& Family(Builder builder, const char* name, const char* help) {
    return builder.Name(name).Help(help).Labels(node_labels).Register(registry);
  }

  // Counters of the core are totals; Prometheus counters only grow by steps.
  void CountTotal(const std::string& name, const char* help, std::uint64_t total,
                  const Labels& labels = {}) {
    auto& counter = prometheus::BuildCounter()
                        .Name(name)
                        .Help(help)
                        .Labels(node_labels)
                        .Register(registry)
                        .Add(labels);
    const double step = static_cast<double>(total) - counter.Value();
    if (step > 0) counter.Increment(step);
  }
  // A total that is not a whole number.
  void CountSeconds(const std::string& name, const char* help, double total) {
    auto& counter = Family(prometheus::BuildCounter(), name.c_str(), help).Add({});
    if (total > counter.Value()) counter.Increment(total - counter.Value());
  }
  void SetGauge(const std::string& name, const char* help, double value,
                const Labels& labels = {}) {
    prometheus::BuildGauge()
        .Name(name)
        .Help(help)
        .Labels(node_labels)
        .Register(registry)
        .Add(labels)
        .Set(value);
  }

  // What the loop counted since the last time.
  void AddTurns(const net::TurnTimes& times);
  void AddQueues(const ConnectionTable& connections, const relay::RelayCounters& relay,
                 const relay::BackendHealth& health, net::EventLoop& loop);

  const Labels node_labels;
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  prometheus::Counter* accepted = nullptr;
  prometheus::Family<prometheus::Counter>* refused = nullptr;
  prometheus::Family<prometheus::Counter>* requests = nullptr;
  prometheus::Family<prometheus::Counter>* slow = nullptr;
  prometheus::Family<prometheus::Histogram>* latency = nullptr;
  prometheus::Histogram* pairing = nullptr;
  prometheus::Histogram* ready = nullptr;
  prometheus::Histogram* across = nullptr;
  prometheus::Family<prometheus::Histogram>* steps = nullptr;
  prometheus::Histogram* turns = nullptr;
  net::TurnTimes counted_turns;
  std::map<const std::string*, prometheus::Histogram*> step_children;
  prometheus::Family<prometheus::Counter>* user_tokens = nullptr;
  prometheus::Family<prometheus::Counter>* user_keys = nullptr;
  // Looking a child up builds a map of labels; these are found by the literal's address and a
  // number.
  std::map<std::pair<const char*, int>, prometheus::Counter*> request_children;
  std::map<const char*, prometheus::Histogram*> latency_children;
};

void Metrics::Impl::AddTurns(const net::TurnTimes& times) {
  std::vector<double> grown(times.counts.size());
  for (std::size_t i = 0; i < grown.size(); ++i) {
    grown[i] = static_cast<double>(times.counts[i] - counted_turns.counts[i]);
  }
  turns->ObserveMultiple(grown,
                         std::chrono::duration<double>(times.sum - counted_turns.sum).count());
  counted_turns = times;
}

void Metrics::Impl::AddQueues(const ConnectionTable& connections, const relay::RelayCounters& relay,
                              const relay::BackendHealth& health, net::EventLoop& loop) {
  const char* waiting = "What waits in this node, by where";
  const auto queue = [&](const char* name, std::size_t size) {
    SetGauge("pairwire_queue_entries", waiting, static_cast<double>(size), {{"queue", name}});
  };
  queue("texts_held", relay.held_texts);
  queue("texts_in_flight", relay.texts_in_flight);
  queue("signals_unsettled", relay.unsettled_signals);
  queue("store_commands", health.pending);
  queue("tasks", loop.posted());
  const char* bytes = "Bytes that wait to be sent, by to whom";
  SetGauge("pairwire_queue_bytes", bytes, static_cast<double>(connections.queued_bytes()),
           {{"queue", "clients"}});
  SetGauge("pairwire_queue_bytes", bytes, static_cast<double>(health.output_bytes),
           {{"queue", "store"}});
}

Metrics::Metrics(std::string_view node_id, std::string_view region) {
  Labels labels = {{"node", std::string(node_id)}};
  if (!region.empty()) labels.emplace("region", std::string(region));
  impl_ = std::make_unique<Impl>(std::move(labels));
  impl_->accepted = &impl_
                         ->Family(prometheus::BuildCounter(), "pairwire_connections_accepted_total",
                                  "Connections accepted")
                         .Add({});
  impl_->refused = &impl_->Family(prometheus::BuildCounter(), "pairwire_connections_refused_total",
                                  "Connections refused, by the bound that was reached");
  impl_->requests = &impl_->Family(prometheus::BuildCounter(), "pairwire_http_requests_total",
                                   "HTTP requests answered");
  impl_->slow = &impl_->Family(prometheus::BuildCounter(), "pairwire_slow_consumers_total",
                               "Sockets closed because their client did not read");
  impl_->latency = &impl_->Family(prometheus::BuildHistogram(), "pairwire_http_request_seconds",
                                  "Time from a whole request to its answer");
  impl_->pairing = &impl_
                        ->Family(prometheus::BuildHistogram(), "pairwire_pairing_seconds",
                                 "Time from a right code to its answer, the display told")
                        .Add({}, kLatencyBuckets);
  impl_->ready = &impl_
                      ->Family(prometheus::BuildHistogram(), "pairwire_ready_seconds",
                               "Time from a right code to pairing:ready on the display's stream, "
                               "where both are at this node")
                      .Add({}, kLatencyBuckets);
  impl_->across = &impl_
                       ->Family(prometheus::BuildHistogram(), "pairwire_signal_across_seconds",
                                "Time from a text's arrival here to the answer that it is in the "
                                "buffer of a socket on another node")
                       .Add({}, kLatencyBuckets);
  impl_->steps = &impl_->Family(prometheus::BuildHistogram(), "pairwire_store_step_seconds",
                                "Time until Redis answered a step");
  prometheus::Histogram::BucketBoundaries turns;
  for (std::size_t i = 0; i + 1 < net::TurnTimes::kBuckets; ++i) {
    turns.push_back(static_cast<double>(std::uint64_t{1} << i) / 1e6);
  }
  impl_->turns = &impl_
                      ->Family(prometheus::BuildHistogram(), "pairwire_turn_seconds",
                               "Time of one turn of the loop: what a signal between two sockets of "
                               "this node spends in it, at most")
                      .Add({}, turns);
  impl_->user_tokens = &impl_->Family(prometheus::BuildCounter(), "pairwire_user_tokens_total",
                                      "Users' tokens judged, by what was said of them");
  impl_->user_tokens->Add({{"result", "ok"}});
  impl_->user_keys = &impl_->Family(prometheus::BuildCounter(), "pairwire_user_keys_fetched_total",
                                    "Readings of the keys of users' tokens, by how they ended");
  impl_->user_keys->Add({{"result", "ok"}});
  impl_->SetGauge("pairwire_build_info", "Always 1; the version is a label", 1,
                  {{"version", std::string(kVersion)}});
}

Metrics::~Metrics() = default;

void Metrics::OnAccepted() { impl_->accepted->Increment(); }

void Metrics::OnRefused(Refusal refusal) {
  impl_->refused->Add({{"bound", ToString(refusal)}}).Increment();
}

void Metrics::OnRequest(const char* route, int status, std::chrono::nanoseconds latency) {
  auto& counter = impl_->request_children[{route, status / 100}];
  if (counter == nullptr)
    counter = &impl_->requests->Add({{"route", route}, {"status", StatusClass(status)}});
  counter->Increment();
  auto& histogram = impl_->latency_children[route];
  if (histogram == nullptr) histogram = &impl_->latency->Add({{"route", route}}, kLatencyBuckets);
  histogram->Observe(std::chrono::duration<double>(latency).count());
}

void Metrics::OnPaired(std::chrono::nanoseconds latency) {
  impl_->pairing->Observe(std::chrono::duration<double>(latency).count());
}

void Metrics::OnReady(std::chrono::nanoseconds latency) {
  impl_->ready->Observe(std::chrono::duration<double>(latency).count());
}

void Metrics::OnSignalAcross(std::chrono::nanoseconds latency) {
  impl_->across->Observe(std::chrono::duration<double>(latency).count());
}

void Metrics::OnStoreStep(const std::string& step, std::chrono::nanoseconds latency) {
  auto& histogram = impl_->step_children[&step];
  if (histogram == nullptr) histogram = &impl_->steps->Add({{"step", step}}, kLatencyBuckets);
  histogram->Observe(std::chrono::duration<double>(latency).count());
}

void Metrics::OnUserToken(std::string_view result) {
  impl_->user_tokens->Add({{"result", std::string(result)}}).Increment();
}

void Metrics::OnKeysFetched(bool ok) {
  impl_->user_keys->Add({{"result", ok ? "ok" : "failed"}}).Increment();
}

void Metrics::OnSlowConsumer(ConnectionKind kind) {
  impl_->slow->Add({{"kind", ToString(kind)}}).Increment();
}

std::string Metrics::Render(const ConnectionTable& connections, const relay::RelayCounters& relay,
                            const relay::StoreSizes& store, const relay::BackendHealth& health,
                            net::EventLoop& loop) {
  Impl& m = *impl_;
  for (const ConnectionKind kind :
       {ConnectionKind::kHttp, ConnectionKind::kEvents, ConnectionKind::kWebSocket}) {
    m.SetGauge("pairwire_connections", "Open connections",
               static_cast<double>(connections.CountOf(kind)), {{"kind", ToString(kind)}});
  }
  m.SetGauge("pairwire_process_resident_bytes", "Resident memory of the process", ResidentBytes());
  m.CountSeconds("pairwire_process_cpu_seconds_total", "Processor time of the process",
                 ProcessorSeconds());
  m.CountTotal("pairwire_sessions_registered_total", "Sessions registered",
               relay.sessions_registered);
  const char* pairings = "Attempts to pair, by how they ended";
  m.CountTotal("pairwire_pairings_total", pairings, relay.pairings_ok, {{"result", "ok"}});
  m.CountTotal("pairwire_pairings_total", pairings, relay.pairings_failed, {{"result", "failed"}});
  m.CountTotal("pairwire_pairings_total", pairings, relay.pairings_limited,
               {{"result", "limited"}});
  const char* meets = "Pairings by a name that both ends know, by how they ended";
  m.CountTotal("pairwire_meets_total", meets, relay.meets_ok, {{"result", "ok"}});
  m.CountTotal("pairwire_meets_total", meets, relay.meets_not_found, {{"result", "not_found"}});
  m.CountTotal("pairwire_meets_total", meets, relay.meets_limited, {{"result", "limited"}});
  m.SetGauge("pairwire_meets", "Names in the store under which a display waits",
             static_cast<double>(store.meets));
  m.CountTotal("pairwire_proofs_accepted_total",
               "Attempts to pair that a proof of work let past the ceiling", relay.proofs_accepted);
  m.SetGauge("pairwire_guarded_addresses", "Addresses whose wrong codes are remembered",
             static_cast<double>(relay.guarded_addresses));
  m.SetGauge("pairwire_late_answers", "Wrong codes whose answer is held back for a moment",
             static_cast<double>(relay.late_answers));
  const char* ends = "Sessions that ended, by why";
  m.CountTotal("pairwire_sessions_ended_total", ends, relay.sessions_expired,
               {{"reason", "expired"}});
  m.CountTotal("pairwire_sessions_ended_total", ends, relay.sessions_ended, {{"reason", "ended"}});
  m.CountTotal("pairwire_sessions_ended_total", ends, relay.sessions_replaced,
               {{"reason", "replaced"}});
  m.CountTotal("pairwire_members_departed_total", "Members gone for longer than the window",
               relay.members_departed);
  m.CountTotal("pairwire_events_sent_total", "Events sent to waiting displays", relay.events_sent);
  const char* messages = "WebSocket messages, by what became of them";
  m.CountTotal("pairwire_messages_total", messages, relay.messages_received,
               {{"step", "received"}});
  m.CountTotal("pairwire_messages_total", messages, relay.messages_routed, {{"step", "routed"}});
  m.CountTotal("pairwire_messages_total", messages, relay.messages_kept, {{"step", "kept"}});
  m.CountTotal("pairwire_messages_total", messages, relay.messages_delivered,
               {{"step", "delivered"}});
  m.CountTotal("pairwire_message_bytes_total", "Bytes of routed WebSocket messages",
               relay.bytes_routed);
  const char* sockets = "WebSockets, by what happened to them";
  m.CountTotal("pairwire_sockets_total", sockets, relay.sockets_opened, {{"step", "opened"}});
  m.CountTotal("pairwire_sockets_total", sockets, relay.sockets_taken_over,
               {{"step", "taken_over"}});
  m.CountTotal("pairwire_sockets_total", sockets, relay.sockets_resumed, {{"step", "resumed"}});
  m.CountTotal("pairwire_sockets_total", sockets, relay.sockets_closed_by_relay,
               {{"step", "closed_by_relay"}});
  m.SetGauge("pairwire_users", "WebSockets of users", static_cast<double>(relay.users));
  m.SetGauge("pairwire_room_subscriptions", "Rooms that sockets listen to",
             static_cast<double>(relay.room_subscriptions));
  const char* rooms = "Users' ways into rooms and out, and what listeners were told";
  m.CountTotal("pairwire_rooms_total", rooms, relay.rooms_entered, {{"step", "entered"}});
  m.CountTotal("pairwire_rooms_total", rooms, relay.rooms_left, {{"step", "left"}});
  m.CountTotal("pairwire_rooms_total", rooms, relay.topics_delivered, {{"step", "told"}});
  m.CountTotal("pairwire_store_errors_total", "Steps that the store did not carry out",
               relay.store_errors);
  for (std::size_t i = 0; i < relay.problems.size(); ++i) {
    if (relay.problems[i] == 0) continue;
    const auto code = static_cast<protocol::ProblemCode>(i);
    m.CountTotal("pairwire_problems_total", "Refusals told to clients", relay.problems[i],
                 {{"code", std::string(protocol::ToString(code))}});
  }
  m.SetGauge("pairwire_polls", "Long-polls that wait", static_cast<double>(relay.polls));
  m.AddQueues(connections, relay, health, loop);
  m.AddTurns(loop.turn_times());
  m.SetGauge("pairwire_nodes", "Nodes of the relay whose lease runs; 0 without Redis",
             static_cast<double>(relay.nodes));
  const char* across = "Signals between nodes, by what became of them";
  m.CountTotal("pairwire_node_signals_total", across, relay.signals_to_nodes, {{"step", "sent"}});
  m.CountTotal("pairwire_node_signals_total", across, relay.signals_from_nodes,
               {{"step", "received"}});
  m.CountTotal("pairwire_node_signals_total", across, relay.signals_rerouted,
               {{"step", "rerouted"}});
  m.CountTotal("pairwire_node_signals_total", across, relay.signals_undeliverable,
               {{"step", "undeliverable"}});
  m.SetGauge("pairwire_store_up", "1: the store can be reached", health.up ? 1 : 0);
  m.CountTotal("pairwire_store_reconnects_total", "Times that Redis was lost and came back",
               health.reconnects);
  const char* sessions = "Sessions in the store";
  m.SetGauge("pairwire_sessions", sessions, static_cast<double>(store.sessions),
             {{"state", "live"}});
  m.SetGauge("pairwire_sessions", sessions, static_cast<double>(store.waiting),
             {{"state", "waiting"}});
  m.SetGauge("pairwire_sessions", sessions, static_cast<double>(store.ended), {{"state", "ended"}});
  return prometheus::TextSerializer().Serialize(m.registry.Collect());
}

}  // namespace pairwire::server
