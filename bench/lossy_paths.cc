// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// lossy_paths: how fast can usrsctp be over a path with delay and random loss, and which setting
// does what? Two associations of ours over simulated weather on a virtual clock: the processor's
// speed plays no part, congestion control alone decides, and a seed gives the same figure again.
//
//   lossy_paths [--seeds N] [--only TEXT] [--shallow]   a path without a bottleneck, or with a
//   shallow one lossy_paths --shares                                 two flows on one bottleneck
//
// Prints one Markdown table, Mbit/s of user data for each variant and cell, medians over the seeds.
// Not a benchmark of the product (pairwire-bench is): no DTLS, no sockets. lossy_paths.md has the
// findings.
#include <dlfcn.h>
#include <pairwire/bytes.h>
#include <sys/socket.h>
#include <usrsctp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/window_control.h"
#include "sctp/chunks.h"
#include "sctp/usrsctp_association.h"
#include "sctp/usrsctp_runtime.h"
#include "tests/sctp/virtual_entropy.h"
#include "tests/sctp/virtual_wall_clock.h"
#include "tests/support/manual_loop.h"
#include "tests/support/sim_link.h"

namespace pairwire::bench {

// The socket of the association that was connected last: our wrappers do not show it.
struct ::socket* g_last_socket = nullptr;

namespace {

using namespace std::chrono_literals;  // NOLINT
using sctp::AssociationState;
using sctp::Ppid;
using sctp::StreamId;
using sctp::UsrsctpAssociation;
using sctp::UsrsctpRuntime;
using test::ManualLoop;
using test::SimLink;
using test::SimPath;

// Enough for a figure, little enough for thousands of runs.
constexpr auto kWarmUp = 2s;
constexpr auto kMeasured = 10s;
constexpr std::size_t kWarmUpBytes = 20'000'000;
constexpr std::size_t kMeasuredBytes = 40'000'000;
constexpr std::size_t kMessage = 16'384;

// usrsctp's private header netinet/sctp.h: SCTP_PLUGGABLE_CC.
constexpr int kPluggableCc = 0x00001202;

// One setting of both ends. The defaults are what sctp/usrsctp_runtime.cc and UsrsctpSocket set.
struct Variant {
  std::string name;
  std::uint32_t module = 0;  // 0 RFC 9260 (Reno-like), 1 HSTCP, 2 H-TCP
  std::uint32_t max_burst = 32;
  std::uint32_t initial_cwnd = 16;
  std::uint32_t fr_max_burst = 4;
  std::uint32_t rto_min = 200;    // ms
  std::uint32_t abc = 2;          // packets by which one SACK may open the window in slow start
  std::uint32_t sack_delay = 20;  // ms
  std::uint32_t sack_frequency = 2;
  std::size_t packet = 1160;  // bytes of an SCTP packet
  std::size_t buffer = 4 * 1024 * 1024;
  std::size_t associations = 1;  // in parallel, on ports of their own
  int copies = 1;                // of each packet
  int parity_every = 0;          // one XOR packet behind so many; 0: none
  Control control = Control::kNone;
  double loss_threshold = 0.02;  // of Control::kModel, as BBRv2's
};

struct Cell {
  Loop::Duration rtt;
  double loss;
};

// What the SACKs of one association say.
class SackReader {
 public:
  // False: not a packet of one SACK alone.
  bool Read(ByteSpan packet) {
    if (packet.size() < sctp::kCommonHeaderSize + 16) return false;
    const ByteSpan chunk = packet.subspan(sctp::kCommonHeaderSize);
    if (chunk[0] != sctp::kSackChunk || sctp::Read16(chunk, 2) != chunk.size()) return false;
    const std::uint32_t cumulative = sctp::Read32(chunk, 4);
    if (!started_) previous_ = cumulative;
    started_ = true;
    advance_ = static_cast<std::int32_t>(cumulative - previous_);
    if (advance_ < 0) return false;
    previous_ = cumulative;
    total_ += advance_;
    gaps_ = sctp::Read16(chunk, 12);
    std::uint32_t in_gaps = 0;
    std::uint32_t holes = 0;
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < gaps_ && 16 + 4 * i + 4 <= chunk.size(); ++i) {
      const std::uint32_t first = sctp::Read16(chunk, 16 + 4 * i);
      const std::uint32_t last = sctp::Read16(chunk, 18 + 4 * i);
      in_gaps += last - first + 1;
      holes += first - end - 1;
      end = last;
    }
    // A hole that is filled was lost once.
    if (holes > holes_) lost_ += holes - holes_;
    holes_ = holes;
    delivered_ = std::max(delivered_, static_cast<double>(total_ + in_gaps));
    return true;
  }
  std::int64_t advance() const { return advance_; }
  std::size_t gaps() const { return gaps_; }
  double delivered() const { return delivered_; }
  double lost() const { return lost_; }

 private:
  bool started_ = false;
  std::uint32_t previous_ = 0;
  std::int64_t advance_ = 0;
  std::int64_t total_ = 0;
  std::size_t gaps_ = 0;
  std::uint32_t holes_ = 0;
  double delivered_ = 0;
  double lost_ = 0;
};

// One end of one association; a sending one keeps its buffer full.
class End final : public sctp::AssociationEvents {
 public:
  End(UsrsctpRuntime& runtime, const sctp::UsrsctpAssociationOptions& options,
      const Variant& variant, bool sends, std::function<void(ByteSpan)> wire)
      : loop_(runtime.loop()),
        variant_(variant),
        association_(std::make_unique<UsrsctpAssociation>(runtime, options, *this)),
        sends_(sends),
        wire_(std::move(wire)),
        control_(variant.control, variant.loss_threshold) {}

  bool Connect() {
    const bool connected = association_->Connect(0).has_value();
    socket_ = g_last_socket;
    return connected;
  }

  void Receive(ByteSpan packet) {
    const bool is_sack = sends_ && sacks_.Read(packet);
    association_->ReceivePacket(packet);
    if (is_sack && variant_.control != Control::kNone) ControlWindow();
  }

  void OnSctpPacket(ByteSpan packet) override { wire_(packet); }
  void OnSctpState(AssociationState state, const Error& error) override {
    if (state == AssociationState::kFailed) std::fprintf(stderr, "%s\n", error.detail.c_str());
    Fill();
  }
  void OnSctpMessage(StreamId, Ppid, bool, ByteSpan data) override { received_ += data.size(); }
  void OnSctpIncomingStreamsReset(std::span<const StreamId>) override {}
  void OnSctpOutgoingStreamsReset(std::span<const StreamId>) override {}
  void OnSctpAcknowledged(std::size_t) override { Fill(); }

  UsrsctpAssociation& association() { return *association_; }
  std::size_t received() const { return received_; }

 private:
  void Fill() {
    if (!sends_ || association_->state() != AssociationState::kConnected) return;
    while (association_->Send(StreamId{0}, Ppid::kBinary, message_, {})) {
    }
  }

  void ControlWindow() {
    const double now = std::chrono::duration<double>(loop_.Now().time_since_epoch()).count();
    const auto stats = association_->stats();
    const auto packet = static_cast<double>(variant_.packet);
    const auto current = static_cast<double>(stats.congestion_window) / packet;
    if (current < set_ * 0.9) control_.OnCut(now);
    control_.OnSack(now, sacks_.delivered(), sacks_.lost(),
                    std::chrono::duration<double>(stats.smoothed_rtt).count());
    if (std::abs(current - control_.window()) < 1) return;
    set_ = std::floor(control_.window());
    SetWindow(static_cast<std::uint32_t>(set_));
  }

  // The initial window is clamped to the burst, so that is lifted for a moment.
  void SetWindow(std::uint32_t packets) {
    const auto set = [this](int option, std::uint32_t number) {
      sctp_assoc_value value{};
      value.assoc_value = number;
      return usrsctp_setsockopt(socket_, IPPROTO_SCTP, option, &value, sizeof value) == 0;
    };
    const bool ok = set(SCTP_MAX_BURST, 0) && usrsctp_sysctl_set_sctp_initial_cwnd(packets) == 0 &&
                    set(kPluggableCc, variant_.module) && set(SCTP_MAX_BURST, variant_.max_burst);
    if (!ok) std::fprintf(stderr, "usrsctp refuses a window\n");
  }

  Loop& loop_;
  const Variant& variant_;
  std::unique_ptr<UsrsctpAssociation> association_;
  const bool sends_;
  const std::function<void(ByteSpan)> wire_;
  SackReader sacks_;
  WindowControl control_;
  double set_ = 0;
  struct ::socket* socket_ = nullptr;
  const Bytes message_ = Bytes(kMessage, 7);
  std::size_t received_ = 0;
};

// Below SCTP, from a to b: copies, or one parity packet behind each group. Simulated: the bytes of
// a group stay with the sender's side, and when its parity packet arrives and just one of them was
// lost, the receiver gets that one, as XOR would give it.
class Redundancy {
 public:
  using Out = std::function<void(ByteSpan)>;

  Redundancy(const Variant& variant, SimLink& link, Out out)
      : variant_(variant), link_(link), out_(std::move(out)) {
    link_.SetReceiver([this](ByteSpan packet) { Receive(packet); });
  }

  void Send(ByteSpan packet) {
    if (variant_.parity_every == 0) {
      for (int i = 0; i < variant_.copies; ++i) link_.Send(packet);
      return;
    }
    if (groups_.empty() || groups_.back().packets.size() >= Group()) {
      groups_.push_back({});
      if (groups_.size() > 4'096) {
        groups_.erase(groups_.begin(), groups_.begin() + 2'048);
        first_ += 2'048;
      }
    }
    groups_.back().packets.emplace_back(packet.begin(), packet.end());
    groups_.back().arrived.push_back(false);
    const std::size_t group = first_ + groups_.size() - 1;
    link_.Send(Tagged(group, groups_.back().packets.size() - 1, packet));
    if (groups_.back().packets.size() < Group()) return;
    link_.Send(Tagged(group, Group(), Bytes(packet.size(), 0)));
  }

 private:
  struct OneGroup {
    std::vector<Bytes> packets;
    std::vector<bool> arrived;
  };
  static constexpr std::size_t kTag = 8;

  std::size_t Group() const { return static_cast<std::size_t>(variant_.parity_every); }

  static Bytes Tagged(std::size_t group, std::size_t index, ByteSpan packet) {
    Bytes tagged(kTag);
    for (std::size_t i = 0; i < 6; ++i) tagged[i] = static_cast<std::uint8_t>(group >> (8 * i));
    tagged[6] = static_cast<std::uint8_t>(index);
    tagged.insert(tagged.end(), packet.begin(), packet.end());
    return tagged;
  }

  void Receive(ByteSpan packet) {
    if (variant_.parity_every == 0) return out_(packet);
    std::size_t number = 0;
    for (std::size_t i = 0; i < 6; ++i) number |= static_cast<std::size_t>(packet[i]) << (8 * i);
    if (number < first_) return;
    OneGroup& group = groups_[number - first_];
    const std::size_t index = packet[6];
    if (index < Group()) {
      group.arrived[index] = true;
      return out_(packet.subspan(kTag));
    }
    if (std::count(group.arrived.begin(), group.arrived.end(), false) != 1) return;
    const auto lost = std::find(group.arrived.begin(), group.arrived.end(), false);
    const Bytes found = group.packets[static_cast<std::size_t>(lost - group.arrived.begin())];
    out_(found);
  }

  const Variant& variant_;
  SimLink& link_;
  const Out out_;
  std::vector<OneGroup> groups_;
  std::size_t first_ = 0;
};

void Apply(const Variant& variant) {
  const bool ok = usrsctp_sysctl_set_sctp_default_cc_module(variant.module) == 0 &&
                  usrsctp_sysctl_set_sctp_max_burst_default(variant.max_burst) == 0 &&
                  usrsctp_sysctl_set_sctp_initial_cwnd(variant.initial_cwnd) == 0 &&
                  usrsctp_sysctl_set_sctp_fr_max_burst_default(variant.fr_max_burst) == 0 &&
                  usrsctp_sysctl_set_sctp_rto_min_default(variant.rto_min) == 0 &&
                  usrsctp_sysctl_set_sctp_L2_abc_variable(variant.abc) == 0 &&
                  usrsctp_sysctl_set_sctp_delayed_sack_time_default(variant.sack_delay) == 0 &&
                  usrsctp_sysctl_set_sctp_sack_freq_default(variant.sack_frequency) == 0;
  if (ok) return;
  std::fprintf(stderr, "usrsctp refuses a setting of \"%s\"\n", variant.name.c_str());
  std::exit(1);
}

// Flows side by side over one path, each with its variant. Mbit/s of user data for each. What is
// one for the process (Apply) comes from the first.
std::vector<double> MeasureFlows(const std::vector<const Variant*>& flows,
                                 const SimLink::Options& weather, Loop::Duration limit,
                                 std::size_t most_bytes) {
  ManualLoop loop;
  const sctp::test::VirtualEntropy entropy(weather.seed);
  const sctp::test::VirtualWallClock clock(loop);
  const auto runtime = UsrsctpRuntime::Create(loop).value();
  Apply(*flows[0]);
  SimPath path(loop, weather);
  std::vector<std::unique_ptr<End>> senders;
  std::vector<std::unique_ptr<End>> receivers;
  // The destination port of a packet says whose it is.
  const auto give = [](std::vector<std::unique_ptr<End>>& ends, ByteSpan packet) {
    const std::size_t index = packet[2] * 256U + packet[3] - sctp::kSctpPort;
    if (index < ends.size()) ends[index]->Receive(packet);
  };
  Redundancy there(*flows[0], path.a_to_b(), [&](ByteSpan packet) { give(receivers, packet); });
  path.b_to_a().SetReceiver([&](ByteSpan packet) { give(senders, packet); });
  for (std::size_t i = 0; i < flows.size(); ++i) {
    sctp::UsrsctpAssociationOptions options;
    options.local_port = static_cast<std::uint16_t>(sctp::kSctpPort + i);
    options.remote_port = options.local_port;
    options.max_packet_size = flows[i]->packet;
    options.send_buffer = options.receive_buffer = flows[i]->buffer;
    senders.push_back(std::make_unique<End>(*runtime, options, *flows[i], true,
                                            [&](ByteSpan packet) { there.Send(packet); }));
    receivers.push_back(std::make_unique<End>(
        *runtime, options, *flows[i], false, [&](ByteSpan packet) { path.b_to_a().Send(packet); }));
    if (!senders.back()->Connect() || !receivers.back()->Connect()) std::exit(1);
  }
  const auto received = [&] {
    std::vector<std::size_t> bytes;
    for (const auto& end : receivers) bytes.push_back(end->received());
    return bytes;
  };
  const auto sum = [&] {
    std::size_t bytes = 0;
    for (const auto& end : receivers) bytes += end->received();
    return bytes;
  };
  loop.RunUntil([&] { return sum() >= kWarmUpBytes; }, kWarmUp);
  const auto before = received();
  const std::size_t sum_before = sum();
  const auto start = loop.Now();
  loop.RunUntil([&] { return sum() - sum_before >= most_bytes; }, limit);
  const double seconds = std::chrono::duration<double>(loop.Now() - start).count();
  std::vector<double> rates;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    rates.push_back(static_cast<double>(receivers[i]->received() - before[i]) * 8 / 1e6 / seconds);
  }
  // Before what their last packets go to.
  senders.clear();
  receivers.clear();
  return rates;
}

double Measure(const Variant& variant, const SimLink::Options& weather) {
  const std::vector<const Variant*> flows(variant.associations, &variant);
  double sum = 0;
  for (const double rate : MeasureFlows(flows, weather, kMeasured, kMeasuredBytes)) sum += rate;
  return sum;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<Variant> Variants() {
  std::vector<Variant> all;
  const auto add = [&](Variant variant) { all.push_back(std::move(variant)); };
  add({.name = "as shipped (RFC 9260, burst 32, icwnd 16, RTO.min 200, 1160)"});
  add({.name = "libdatachannel's settings (burst 10, icwnd 10, 1 MiB, 1188)",
       .max_burst = 10,
       .initial_cwnd = 10,
       .packet = 1188,
       .buffer = 1024 * 1024});
  add({.name = "1432, RTO.min 1000", .rto_min = 1000, .packet = 1432});
  add({.name = "1432, RTO.min 100", .rto_min = 100, .packet = 1432});
  add({.name = "1432, fr_max_burst 16", .fr_max_burst = 16, .packet = 1432});
  add({.name = "1432, H-TCP", .module = 2, .packet = 1432});
  add({.name = "1432, HSTCP", .module = 1, .packet = 1432});
  add({.name = "1432, CUBIC outside", .packet = 1432, .control = Control::kCubic});
  for (const double threshold : {0.02, 0.05, 0.1}) {
    add({.name = "1432, model of the path, loss up to " +
                 std::to_string(static_cast<int>(threshold * 100)) + " %",
         .packet = 1432,
         .control = Control::kModel,
         .loss_threshold = threshold});
  }
  add({.name = "HSTCP", .module = 1});
  add({.name = "H-TCP", .module = 2});
  add({.name = "max_burst 4", .max_burst = 4});
  add({.name = "max_burst 0 (none)", .max_burst = 0});
  add({.name = "initial_cwnd 32", .initial_cwnd = 32});
  add({.name = "fr_max_burst 16", .fr_max_burst = 16});
  add({.name = "fr_max_burst 32", .fr_max_burst = 32});
  add({.name = "RTO.min 100", .rto_min = 100});
  add({.name = "RTO.min 50", .rto_min = 50});
  add({.name = "RTO.min 20", .rto_min = 20});
  add({.name = "L2_abc 1", .abc = 1});
  add({.name = "L2_abc 16", .abc = 16});
  add({.name = "SACK for each packet", .sack_frequency = 1});
  add({.name = "SACK delay 5 ms", .sack_delay = 5});
  add({.name = "SACK delay 100 ms", .sack_delay = 100});
  add({.name = "SACK every 8", .sack_frequency = 8});
  add({.name = "packets of 1432", .packet = 1432});
  add({.name = "1432, RTO.min 100, fr_max_burst 16",
       .fr_max_burst = 16,
       .rto_min = 100,
       .packet = 1432});
  add({.name = "H-TCP, 1432", .module = 2, .packet = 1432});
  add({.name = "H-TCP, 1432, RTO.min 100, fr_max_burst 16",
       .module = 2,
       .fr_max_burst = 16,
       .rto_min = 100,
       .packet = 1432});
  add({.name = "HSTCP, 1432, RTO.min 100, fr_max_burst 16",
       .module = 1,
       .fr_max_burst = 16,
       .rto_min = 100,
       .packet = 1432});
  add({.name = "1432, 2 associations", .packet = 1432, .associations = 2});
  add({.name = "1432, 4 associations", .packet = 1432, .associations = 4});
  add({.name = "1432, 8 associations", .packet = 1432, .associations = 8});
  add({.name = "1432, each packet twice", .packet = 1432, .copies = 2});
  add({.name = "1424, one parity packet behind 10", .packet = 1424, .parity_every = 10});
  add({.name = "1424, one parity packet behind 20", .packet = 1424, .parity_every = 20});
  return all;
}

std::vector<Cell> Cells() {
  std::vector<Cell> cells;
  // 0: a wire; nothing has no delay at all.
  for (const auto rtt :
       {Loop::Duration(100us), Loop::Duration(20ms), Loop::Duration(50ms), Loop::Duration(100ms)}) {
    for (const double loss : {0.0, 0.001, 0.005, 0.01, 0.02}) cells.push_back({rtt, loss});
  }
  return cells;
}

// One flow of each variant beside one of RFC 9260's window on a bottleneck
// of 100 Mbit/s: who gets what, and how much of what the bottleneck got it threw away.
void PrintShares() {
  const Variant reno{.name = "RFC 9260", .packet = 1432};
  std::printf(
      "| beside RFC 9260 | RTT | queue | this one | RFC 9260 |\n"
      "| --- | ---: | ---: | ---: | ---: |\n");
  for (const Variant& variant : Variants()) {
    if (variant.packet != reno.packet || variant.module != 0 || variant.copies > 1 ||
        variant.parity_every > 0 || variant.associations > 1) {
      continue;
    }
    for (const auto rtt : {10ms, 50ms}) {
      for (const int tenths : {3, 10, 30}) {
        SimLink::Options weather{.delay = rtt / 2, .rate_bps = 100'000'000};
        const auto product = static_cast<std::size_t>(rtt.count()) * 12'500;
        weather.queue_limit_bytes = product * static_cast<std::size_t>(tenths) / 10;
        const auto rates = MeasureFlows({&variant, &reno}, weather, 60s, ~std::size_t{0});
        std::printf("| %s | %lld ms | %.1f BDP | %.1f | %.1f |\n", variant.name.c_str(),
                    static_cast<long long>(rtt.count()), tenths / 10.0, rates[0], rates[1]);
        std::fflush(stdout);
      }
    }
  }
}

int Main(int argc, char** argv) {
  std::uint64_t seeds = 5;
  std::string_view only;
  bool shallow = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--seeds" && i + 1 < argc) {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (argument == "--shares") {
      PrintShares();
      return 0;
    } else if (argument == "--shallow") {
      shallow = true;
    } else {
      std::fprintf(stderr, "usage: lossy_paths [--seeds N] [--only TEXT] [--shallow] | --shares\n");
      return 2;
    }
  }
  if (seeds == 0) seeds = 1;
  std::printf("| variant |");
  for (const Cell& cell : Cells()) {
    std::printf(
        " %lld ms, %.1f %% |",
        static_cast<long long>(std::chrono::round<std::chrono::milliseconds>(cell.rtt).count()),
        cell.loss * 100);
  }
  std::printf("\n| --- |");
  for (std::size_t i = 0; i < Cells().size(); ++i) std::printf(" ---: |");
  std::printf("\n");
  for (const Variant& variant : Variants()) {
    if (variant.name.find(only) == std::string::npos) continue;
    std::printf("| %s |", variant.name.c_str());
    for (const Cell& cell : Cells()) {
      std::vector<double> figures;
      for (std::uint64_t seed = 1; seed <= (cell.loss == 0 ? 1 : seeds); ++seed) {
        SimLink::Options weather{.delay = cell.rtt / 2, .loss = cell.loss, .seed = seed};
        // Shallow: a home router's queue. Otherwise loss comes from the weather alone.
        weather.rate_bps = shallow ? 100'000'000 : 1'000'000'000;
        weather.queue_limit_bytes = shallow ? 64 * 1024 : 16 * 1024 * 1024;
        figures.push_back(Measure(variant, weather));
      }
      const double median = Median(figures);
      std::printf(median < 10 ? " %.1f |" : " %.0f |", median);
      std::fflush(stdout);
    }
    std::printf("\n");
  }
  return 0;
}

}  // namespace
}  // namespace pairwire::bench

// The program's own definition comes before the library's.
extern "C" int usrsctp_connect(struct socket* so, struct sockaddr* name, socklen_t length) {
  pairwire::bench::g_last_socket = so;
  using Function = int (*)(struct socket*, struct sockaddr*, socklen_t);
  static const auto next = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "usrsctp_connect"));
  return next(so, name, length);
}

int main(int argc, char** argv) { return pairwire::bench::Main(argc, argv); }
