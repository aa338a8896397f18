// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/memory_backend.h"

#include <utility>

#include "signaling/store/local_bus.h"
#include "signaling/store/memory_cache.h"

namespace pairwire::relay {
namespace {

class MemoryBackend final : public BackendOwner {
 public:
  MemoryBackend(Executor& executor, const NowFunction& now, MemoryBackendOptions options)
      : executor_(executor),
        store_(executor, now, options.store),
        bus_(executor),
        cache_(executor, now, options.max_cached),
        rates_(executor, options.max_rates) {
    store_.OnAnnouncement(
        [this](const std::string& room, std::string text) { bus_.Publish(room, std::move(text)); });
  }

  Backend parts() override {
    return {store_, bus_, store_.registry(), cache_, rates_, store_.events()};
  }
  void Start() override {}
  void Stop(std::function<void()> done) override { executor_.Post(std::move(done)); }
  BackendHealth health() const override { return {}; }

 private:
  Executor& executor_;
  MemoryStore store_;
  LocalBus bus_;
  MemoryCache cache_;
  MemoryRates rates_;
};

}  // namespace

std::unique_ptr<BackendOwner> MakeMemoryBackend(Executor& executor, NowFunction now,
                                                MemoryBackendOptions options) {
  return std::make_unique<MemoryBackend>(executor, now, options);
}

}  // namespace pairwire::relay
