// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The two ends of a stream of messages as fast as they go: the sender that always has something to
// send, and the receiver that counts, checks and reads the clock.
#ifndef PAIRWIRE_BENCH_STREAM_H_
#define PAIRWIRE_BENCH_STREAM_H_

#include <pairwire/network.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "bench/outlet.h"
#include "bench/payload.h"
#include "bench/report.h"
#include "bench/usage.h"

namespace pairwire::bench {

// Sends from the loop until the library says kBufferFull, and goes on at on_buffered_amount_low, as
// an application would; after kBurst messages it lets the loop have a turn. Loop thread only.
class StreamSender {
 public:
  // Goes on when `buffer` / 2 bytes wait; with `keep_free`, stops by itself when so many bytes of
  // `buffer` are left, so that other channels of the connection still find room. Outlives the
  // Network.
  StreamSender(Network& network, std::unique_ptr<Outlet> outlet, std::size_t message_size,
               std::size_t buffer, std::size_t keep_free = 0);

  // `on_open` once the outlet is open; `on_failed` when it closes or refuses a message.
  void Subscribe(std::function<void()> on_open, std::function<void(const Error&)> on_failed);
  void Start();
  void Stop() { running_ = false; }
  // Messages that the library took.
  std::uint64_t accepted() const { return next_.number; }

 private:
  // Small messages would otherwise fill the buffer with ten thousands in one turn, in which nothing
  // is received or acknowledged.
  static constexpr int kBurst = 1024;

  void Pump();
  void PumpLater();

  Network& network_;
  const std::unique_ptr<Outlet> outlet_;
  Bytes message_;
  const std::size_t buffer_;
  const std::size_t keep_free_;
  Stamp next_;
  bool running_ = false;
  bool posted_ = false;
  std::function<void(const Error&)> on_failed_;
};

// What a receiver saw between two moments, by its own clocks.
struct Window {
  Spent spent;  // by its process
  std::uint64_t messages = 0;
};

// Loop thread only.
class StreamReceiver {
 public:
  StreamReceiver(std::size_t message_size, bool reliable);

  // kParseError, kInvalidState: not what the sender sent, or not in its turn.
  Result<Stamp> OnMessage(ByteSpan data);
  std::uint64_t count() const { return ledger_.count(); }

  void OpenWindow();
  Window CloseWindow() const;

 private:
  const std::size_t message_size_;
  Ledger ledger_;
  Meter meter_;
  std::uint64_t opened_count_ = 0;
};

}  // namespace pairwire::bench

#endif  // PAIRWIRE_BENCH_STREAM_H_
