// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/base/log.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace pairwire {
namespace {

constexpr int kOff = static_cast<int>(LogLevel::kError) + 1;

struct SinkState {
  // Read without the mutex by LogWanted: with no sink, a log line costs one relaxed load.
  std::atomic<int> lowest = kOff;
  std::mutex mutex;
  std::shared_ptr<const LogSink>
      sink;  // shared, so that a sink that is replaced outlives its last call
};

// Never destroyed: a loop thread may still log while the process's static objects go.
SinkState& State() {
  static SinkState& state = *new SinkState;
  return state;
}

}  // namespace

void SetLogSink(LogSink sink, LogLevel lowest) {
  SinkState& state = State();
  std::shared_ptr<const LogSink> next;
  if (sink) next = std::make_shared<const LogSink>(std::move(sink));
  const int next_lowest = next != nullptr ? static_cast<int>(lowest) : kOff;
  {
    const std::lock_guard lock(state.mutex);
    state.sink.swap(next);
    state.lowest.store(next_lowest, std::memory_order_relaxed);
  }
  // The old sink is destroyed here, outside the lock.
}

bool LogWanted(LogLevel level) {
  return static_cast<int>(level) >= State().lowest.load(std::memory_order_relaxed);
}

void Log(LogLevel level, std::string_view line) {
  if (!LogWanted(level)) return;
  std::shared_ptr<const LogSink> sink;
  {
    SinkState& state = State();
    const std::lock_guard lock(state.mutex);
    sink = state.sink;
  }
  if (sink != nullptr) (*sink)(level, line);
}

}  // namespace pairwire
