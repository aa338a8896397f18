// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Packets that come in batches: one acknowledgement for each, which must never cost throughput.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/sctp/sctp_pair.h"
#include "tests/support/sanitizers.h"

namespace pairwire::sctp {
namespace {

using namespace std::chrono_literals;  // NOLINT
using test::ManualLoop;
using test::RandomBytes;
using test::SctpEnd;
using test::SimLink;
using test::SimPath;
using test::VirtualWallClock;

// Two ends whose readers look at their socket every 500 us, as a busy process does: at
// kRate that is some 20 packets.
constexpr std::uint64_t kRate = 400'000'000;

struct BatchPair {
  static constexpr Loop::Duration kReadInterval = 500us;

  BatchPair(const SimLink::Options& weather, const UsrsctpAssociationOptions& a_options,
            const UsrsctpAssociationOptions& b_options, bool batches_in)
      : batches(batches_in),
        path(loop, weather),
        a(*runtime, a_options, [this](ByteSpan packet) { path.a_to_b().Send(packet); }),
        b(*runtime, b_options, [this](ByteSpan packet) { path.b_to_a().Send(packet); }) {
    path.a_to_b().SetReceiver([this](ByteSpan packet) { Arrive(packet, b, b_queue); });
    path.b_to_a().SetReceiver([this](ByteSpan packet) { Arrive(packet, a, a_queue); });
    a.keep_messages = b.keep_messages = false;
  }
  ~BatchPair() {
    a.association.reset();
    b.association.reset();
  }

  void Arrive(ByteSpan packet, SctpEnd& end, std::vector<Bytes>& queue) {
    queue.emplace_back(packet.begin(), packet.end());
    if (queue.size() > 1) return;
    loop.ScheduleAt(loop.Now() + kReadInterval, [this, &end, &queue] { Read(end, queue); });
  }
  void Read(SctpEnd& end, std::vector<Bytes>& queue) {
    const std::vector<Bytes> packets = std::exchange(queue, {});
    largest_batch = std::max(largest_batch, packets.size());
    if (!end.association) return;
    if (batches) end.association->BeginBatch(packets.size());
    for (const Bytes& packet : packets) end.association->ReceivePacket(packet);
    if (batches) end.association->EndBatch();
  }
  void Connect() {
    ASSERT_TRUE(a.association->Connect(0).has_value());
    ASSERT_TRUE(b.association->Connect(0).has_value());
    ASSERT_TRUE(loop.RunUntil([&] { return a.connected() && b.connected(); }, 10s));
  }
  // Bytes per virtual second that arrive at `b`.
  double Throughput(Loop::Duration warm_up, Loop::Duration time) {
    const Bytes message(16 * 1024);
    const auto fill = [&] {
      while (a.Send(0, message)) {
      }
    };
    a.hook = [&](int) { fill(); };
    fill();
    loop.RunFor(warm_up);  // slow start
    const std::size_t before = b.received_bytes;
    loop.RunFor(time);
    a.hook = nullptr;
    return static_cast<double>(b.received_bytes - before) /
           std::chrono::duration<double>(time).count();
  }

  bool batches;
  ManualLoop loop;
  VirtualWallClock wall_clock{loop};
  std::unique_ptr<UsrsctpRuntime> runtime = UsrsctpRuntime::Create(loop).value();
  SimPath path;
  SctpEnd a;
  SctpEnd b;
  std::vector<Bytes> a_queue;
  std::vector<Bytes> b_queue;
  std::size_t largest_batch = 0;
};

// No loss: the queue holds a whole window.
SimLink::Options Weather(Loop::Duration one_way) {
  SimLink::Options weather{.delay = one_way, .rate_bps = kRate};
  weather.queue_limit_bytes = 32 * 1024 * 1024;
  return weather;
}

double Measure(Loop::Duration one_way, std::uint16_t real_burst, std::uint16_t told_burst,
               bool batches) {
  BatchPair pair(Weather(one_way), {.max_burst = real_burst}, {.peer_burst = told_burst}, batches);
  pair.Connect();
  return one_way > 0ms ? pair.Throughput(250ms, 1s) : pair.Throughput(50ms, 200ms);
}

TEST(UsrsctpBatchTest, AcknowledgingABatchAtOnceCostsNoThroughput) {
  // The whole table takes a sanitizer half a minute.
  using Bursts = std::initializer_list<std::uint16_t>;
  for (const Loop::Duration one_way : {0ms, 10ms}) {
    for (const std::uint16_t burst :
         pairwire::test::kAddressSanitizer || pairwire::test::kThreadSanitizer
             ? Bursts{4}
             : Bursts{4, 10, 32}) {
      for (const std::uint16_t told : std::set<std::uint16_t>{4, burst}) {
        SCOPED_TRACE(testing::Message() << "one way " << one_way.count() << " ns, max_burst "
                                        << burst << ", told " << told);
        const double plain = Measure(one_way, burst, told, false);
        const double batched = Measure(one_way, burst, told, true);
        std::printf(
            "[   INFO   ] one way %2d ms, burst %2d, told %2d: plain %6.1f, batched %6.1f MB/s\n",
            static_cast<int>(one_way / 1ms), burst, told, plain / 1e6, batched / 1e6);
        EXPECT_GT(batched * 1.5, plain);
      }
    }
  }
}

// Why the other end's burst must be known: this is what the test above would catch.
TEST(UsrsctpBatchTest, ACapAboveTheBurstWouldCollapse) {
  const double plain = Measure(0ms, 4, 4, false);
  const double too_high = Measure(0ms, 4, 32, true);
  std::printf("[   INFO   ] burst 4 taken for 32: %.1f instead of %.1f MB/s\n", too_high / 1e6,
              plain / 1e6);
  EXPECT_LT(too_high * 1.5, plain);
}

TEST(UsrsctpBatchTest, AnAcknowledgementForABatchInsteadOfForEverySecondPacket) {
  const auto acknowledgements = [](bool batches) {
    BatchPair pair(Weather(1ms), {}, {.peer_burst = 32}, batches);
    pair.Connect();
    pair.Throughput(50ms, 200ms);
    EXPECT_GT(pair.largest_batch, 10u);
    return static_cast<double>(pair.b.packets) / static_cast<double>(pair.a.packets);
  };
  EXPECT_GT(acknowledgements(false), 0.35);
  EXPECT_LT(acknowledgements(true), 0.15);
}

// 200 Mbit/s at 100 ms are 2.5 MB under way.
double OverALongFatPath(CongestionControl module, bool batches) {
  const UsrsctpAssociationOptions options{.largest_packet_size = PathMtu::kLargest,
                                          .peer_burst = BurstOf(module),
                                          .congestion_control = module,
                                          .send_buffer = 16 * 1024 * 1024,
                                          .receive_buffer = 16 * 1024 * 1024};
  SimLink::Options weather = Weather(50ms);
  weather.rate_bps = 200'000'000;
  BatchPair pair(weather, options, options, batches);
  pair.Connect();
  const double rate = pair.Throughput(1500ms, 400ms);
  std::printf("[   INFO   ] 200 Mbit/s, 100 ms, module %d, batches %d: %.1f MB/s\n",
              static_cast<int>(module), batches ? 1 : 0, rate / 1e6);
  return rate;
}

TEST(UsrsctpBatchTest, ALongFatPathIsFilled) {
  EXPECT_GT(OverALongFatPath(CongestionControl::kRfc9260, true), 0.8 * 25e6);
  EXPECT_GT(OverALongFatPath(CongestionControl::kHTcp, true), 0.8 * 25e6);
  // HSTCP begins slowly, whatever is acknowledged.
  EXPECT_GT(1.5 * OverALongFatPath(CongestionControl::kHighSpeed, true),
            OverALongFatPath(CongestionControl::kHighSpeed, false));
}

// A batch that ends in something else than data must not wait for the timer of 20 ms.
TEST(UsrsctpBatchTest, DataInABatchThatEndsWithoutDataIsAcknowledgedAtOnce) {
  BatchPair pair({.delay = 1ms}, {}, {.peer_burst = 32}, true);
  pair.Connect();
  std::vector<Bytes> data;
  ASSERT_TRUE(pair.a.Send(0, Bytes(100)).has_value());
  pair.loop.RunFor(50ms);
  pair.path.a_to_b().SetReceiver(
      [&](ByteSpan packet) { data.emplace_back(packet.begin(), packet.end()); });
  ASSERT_TRUE(pair.a.Send(0, Bytes(4000)).has_value());  // four packets
  pair.loop.RunFor(5ms);
  ASSERT_EQ(data.size(), 4u);

  const std::size_t before = pair.b.packets;
  UsrsctpAssociation& b = *pair.b.association;
  b.BeginBatch(5);  // the fifth never came out of DTLS
  for (const Bytes& packet : data) b.ReceivePacket(packet);
  EXPECT_EQ(pair.b.packets, before);
  EXPECT_EQ(pair.b.received_bytes, 100u) << "events come at the end of a batch";
  b.EndBatch();
  EXPECT_EQ(pair.b.packets, before + 1);
  EXPECT_EQ(pair.b.received_bytes, 4100u);
  pair.loop.RunFor(5ms);
  EXPECT_EQ(pair.a.unacknowledged, 0u);
}

TEST(UsrsctpBatchTest, AnAssociationMayBeDestroyedAtTheEndOfItsBatch) {
  for (int event = 1; event <= 4; ++event) {
    BatchPair pair({.delay = 1ms}, {}, {}, true);
    pair.Connect();
    pair.b.events = 0;
    pair.b.hook = [&](int number) {
      if (number == event) pair.b.association.reset();
    };
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(pair.a.Send(0, Bytes(1100)).has_value());
    pair.loop.RunFor(100ms);
    EXPECT_EQ(pair.b.association, nullptr);
    EXPECT_EQ(pair.b.received_bytes, 1100u * static_cast<std::size_t>(event));
  }
}

}  // namespace
}  // namespace pairwire::sctp
