// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "sctp/usrsctp_runtime.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "peer/base/check.h"
#include "peer/base/log.h"
#include "sctp/handshake_rtt.h"
#include "sctp/types.h"
#include "sctp/usrsctp_library.h"
#include "sctp/usrsctp_socket.h"

namespace pairwire::sctp {
namespace {

// usrsctp's own granularity.
constexpr std::chrono::milliseconds kTickInterval{10};
// That of its clock.
constexpr std::chrono::milliseconds kClockStep{1};

// Milliseconds. A lost packet of the handshake costs no more than this.
constexpr std::uint32_t kHandshakeMaxRto = 500;

// While nothing is under way anywhere: what may still fire then (a cookie's secret, an association
// that goes) is in no hurry. All endpoints' timers are looked at in each tick.
constexpr std::chrono::milliseconds kIdleTickInterval{1'000};
// Longer than a delayed acknowledgement (20 ms), which is the one timer that we do not see.
constexpr int kQuietTicks = 10;

// After a suspended machine wakes, each timer fires once however much time passed; this only keeps
// the figure small.
constexpr std::chrono::milliseconds kLongestTick{60'000};

// Ticks that a runtime spends on letting usrsctp free what it still holds: 2 s of its time, no real
// time.
constexpr int kFinishTicks = 200;

// Plain process-wide state, because usrsctp has one, too: no constructor, no destruction order. One
// for each copy of the library.
struct Copy {
  std::atomic<bool> in_use{false};
  std::atomic<UsrsctpRuntime*> runtime{nullptr};
  bool started = false;  // guarded by in_use
};
constinit std::array<Copy, kMaxUsrsctpLibraries> g_copies{};

// An endpoint's id also says whose it is.
constinit std::atomic<std::uintptr_t> g_next_id{1};

std::uintptr_t NewId(std::size_t copy) {
  return g_next_id.fetch_add(1) * kMaxUsrsctpLibraries + copy;
}

UsrsctpRuntime* RuntimeOf(std::uintptr_t id) { return g_copies[id % kMaxUsrsctpLibraries].runtime; }

constexpr std::uint32_t kForever = 65'535;

struct Setting {
  UsrsctpLibrary::Setter UsrsctpLibrary::Settings::*set;
  std::uint32_t value;
};

// Set right after the start: they are read when a socket or an association is made.
constexpr Setting kSettings[] = {
    // Extensions that we have no use for and that had more than their share of bugs.
    {&UsrsctpLibrary::Settings::ecn_enable, 0},
    {&UsrsctpLibrary::Settings::asconf_enable, 0},
    {&UsrsctpLibrary::Settings::auto_asconf, 0},
    {&UsrsctpLibrary::Settings::auth_enable, 0},
    {&UsrsctpLibrary::Settings::pktdrop_enable, 0},
    {&UsrsctpLibrary::Settings::nrsack_enable, 0},
    // Streams are closed and added by RE-CONFIG; partial reliability gives up by FORWARD-TSN.
    {&UsrsctpLibrary::Settings::reconfig_enable, 1},
    {&UsrsctpLibrary::Settings::pr_enable, 1},
    // The initial window is clamped to max_burst, so both are raised. Unlimited fast-retransmit
    // bursts (0) abort
    // associations under loss: one chunk is sent until max_retran_chunk.
    {&UsrsctpLibrary::Settings::max_burst_default, kMaxBurst},
    {&UsrsctpLibrary::Settings::fr_max_burst_default, 4},
    {&UsrsctpLibrary::Settings::initial_cwnd, 16},
    // An acknowledgement for 16 packets opens the window by 16 (RFC 3465 section 2.3 has 2, for
    // every second packet); max_burst bounds what leaves at once.
    {&UsrsctpLibrary::Settings::l2_abc_variable, 16},
    // 512 chunks would be the limit of a send buffer, whatever its size: 16 MiB are 14,600.
    {&UsrsctpLibrary::Settings::max_chunks_on_queue, 20'000},
    {&UsrsctpLibrary::Settings::sendspace, 4 * 1024 * 1024},
    {&UsrsctpLibrary::Settings::recvspace, 4 * 1024 * 1024},
    {&UsrsctpLibrary::Settings::sack_freq_default, 2},
    {&UsrsctpLibrary::Settings::delayed_sack_time_default, 20},
    // Milliseconds.
    {&UsrsctpLibrary::Settings::rto_initial_default,
     static_cast<std::uint32_t>(kInitialRto.count())},
    {&UsrsctpLibrary::Settings::rto_min_default, 200},
    // Of INIT and COOKIE ECHO. Once it is up, each association has its own (UpdatePath).
    {&UsrsctpLibrary::Settings::rto_max_default, kHandshakeMaxRto},
    {&UsrsctpLibrary::Settings::init_rto_max_default, kHandshakeMaxRto},
    {&UsrsctpLibrary::Settings::init_rtx_max_default, 56},
    // An association that is up is never given up here: whether the path is dead is for ICE consent
    // to say, and an ICE restart may bring another. 65,535 is the most that usrsctp keeps: 45
    // hours.
    {&UsrsctpLibrary::Settings::assoc_rtx_max_default, kForever},
    {&UsrsctpLibrary::Settings::path_rtx_max_default, kForever},
    {&UsrsctpLibrary::Settings::max_retran_chunk, kForever},
    // Seconds that a shutdown may take; 0 would be five times the largest RTO, too short with loss.
    {&UsrsctpLibrary::Settings::shutdown_guard_time_default, 60},
    // No answer to packets for associations that do not exist.
    {&UsrsctpLibrary::Settings::blackhole, 2},
};

void Start(const UsrsctpLibrary& library) {
  // Without threads of its own, and without the raw sockets that usrsctp_init opens as root.
  library.init_nothreads(0, &UsrsctpCallbacks::Output, nullptr);
  // We fill in checksums (crc32c.h) and do not check those of received packets: DTLS did.
  library.enable_crc32c_offload();
  for (const Setting& setting : kSettings) {
    PAIRWIRE_CHECK((library.set.*setting.set)(setting.value) == 0);
  }
}

// False: it stays started.
bool Finish(const UsrsctpLibrary& library) {
  // -1 while an endpoint exists; one that waits for its last timer goes when that fires.
  for (int i = 0; i < kFinishTicks; ++i) {
    if (library.finish() == 0) return true;
    library.handle_timers(static_cast<std::uint32_t>(kTickInterval.count()));
  }
  Log(LogLevel::kWarning, "usrsctp: an endpoint is still alive, the library stays started");
  return false;
}

}  // namespace

Result<std::unique_ptr<UsrsctpRuntime>> UsrsctpRuntime::Create(Loop& loop) {
  const std::size_t copies = UsrsctpLibraries().size();
  for (std::size_t copy = 0; copy < copies; ++copy) {
    if (g_copies[copy].in_use.exchange(true)) continue;
    return std::unique_ptr<UsrsctpRuntime>(new UsrsctpRuntime(loop, copy));
  }
  return Fail(Errc::kInvalidState,
              "the process has " + std::to_string(copies) +
                  " Networks already, and was built for no more (PAIRWIRE_NETWORKS)");
}

UsrsctpRuntime::UsrsctpRuntime(Loop& loop, std::size_t copy)
    : loop_(loop),
      copy_(copy),
      library_(*UsrsctpLibraries()[copy]),
      tick_timer_(loop, [this] { Tick(); }) {
  g_copies[copy].runtime = this;
  if (!std::exchange(g_copies[copy].started, true)) Start(library_);
}

UsrsctpRuntime::~UsrsctpRuntime() {
  PAIRWIRE_CHECK(endpoints_.empty());
  Copy& copy = g_copies[copy_];
  copy.runtime = nullptr;
  copy.started = !Finish(library_);
  copy.in_use = false;
}

UsrsctpRuntime::EndpointId UsrsctpRuntime::Register(Endpoint& endpoint) {
  PAIRWIRE_CHECK(loop_.IsCurrent());
  const std::uintptr_t id = NewId(copy_);
  endpoints_.emplace(id, &endpoint);
  library_.register_address(reinterpret_cast<void*>(id));
  if (tick_timer_.active()) {
    Wake();
  } else {
    slow_ = false;
    quiet_ticks_ = 0;
    last_tick_ = loop_.Now();
    tick_timer_.Start(kTickInterval);
  }
  return EndpointId{id};
}

void UsrsctpRuntime::Unregister(EndpointId id) {
  const auto key = static_cast<std::uintptr_t>(id);
  endpoints_.erase(key);
  library_.deregister_address(reinterpret_cast<void*>(key));
  if (endpoints_.empty()) tick_timer_.Stop();
}

void UsrsctpRuntime::Input(EndpointId id, ByteSpan packet) {
  Wake();
  library_.conninput(reinterpret_cast<void*>(static_cast<std::uintptr_t>(id)), packet.data(),
                     packet.size(), 0);
}

std::span<std::uint8_t> UsrsctpRuntime::ReadBuffer(std::size_t size) {
  size = std::min(size, kMaxReadBuffer);
  if (read_buffer_size_ < size) {
    // Not cleared: then only what messages fill becomes memory.
    read_buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(size);
    read_buffer_size_ = size;
  }
  return {read_buffer_.get(), read_buffer_size_};
}

UsrsctpRuntime::Endpoint* UsrsctpRuntime::Find(EndpointId id) const {
  const auto found = endpoints_.find(static_cast<std::uintptr_t>(id));
  return found == endpoints_.end() ? nullptr : found->second;
}

void UsrsctpRuntime::SyncClock() {
  const auto now = loop_.Now();
  if (now - last_tick_ >= kClockStep) Advance(now);
}

void UsrsctpRuntime::Tick() {
  // A step behind, so that what started within the last one is not early by a part of it.
  Advance(loop_.Now() - kClockStep);
  if (endpoints_.empty()) return;
  slow_ = ++quiet_ticks_ > kQuietTicks && !AnyHasTimers();
  tick_timer_.Start(slow_ ? kIdleTickInterval : kTickInterval);
}

// A timer that starts now counts from usrsctp's clock: a clock that is behind would end it early.
void UsrsctpRuntime::CatchUp() {
  slow_ = false;
  Advance(loop_.Now());
  tick_timer_.Start(kTickInterval);
}

void UsrsctpRuntime::Advance(Loop::TimePoint to) {
  using std::chrono::milliseconds;
  ++ticks_;
  // The time that passed, not 10 ms: a loaded loop ticks late, and SCTP's clock must not slow down.
  const auto elapsed =
      std::max(std::chrono::duration_cast<milliseconds>(to - last_tick_), milliseconds(0));
  last_tick_ += elapsed;  // the part of a millisecond that is left counts next time
  library_.handle_timers(static_cast<std::uint32_t>(std::min(elapsed, kLongestTick).count()));
}

bool UsrsctpRuntime::AnyHasTimers() const {
  return std::any_of(endpoints_.begin(), endpoints_.end(),
                     [](const auto& endpoint) { return endpoint.second->HasTimers(); });
}

int UsrsctpCallbacks::Output(void* address, void* buffer, std::size_t length, std::uint8_t,
                             std::uint8_t) noexcept {
  const auto id = reinterpret_cast<std::uintptr_t>(address);
  UsrsctpRuntime* const runtime = RuntimeOf(id);
  if (runtime == nullptr) return 0;
  // May be an id whose association is gone: usrsctp answers late packets.
  if (auto* const endpoint = runtime->Find(UsrsctpRuntime::EndpointId{id})) {
    endpoint->OnUsrsctpOutput({static_cast<std::uint8_t*>(buffer), length});
  }
  return 0;
}

void UsrsctpCallbacks::Activity(std::uintptr_t id) noexcept {
  UsrsctpRuntime* const runtime = RuntimeOf(id);
  if (runtime == nullptr) return;
  if (auto* const endpoint = runtime->Find(UsrsctpRuntime::EndpointId{id})) {
    endpoint->OnUsrsctpActivity();
  }
}

}  // namespace pairwire::sctp
