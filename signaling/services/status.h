// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// StatusService: how displays are (rows H3, H8): what a display last said of itself, for 30 s, and
// the displays of a design. Who hears nothing from a display for 30 s takes it for offline.
//
//   Report, Heartbeat --> Cache: "status:<display>" 30 s, index "design:<design>:status" 1 h
//   Display, Design   <-- Cache
//   each word of a display --> watchers: display:status in "display:<id>" and "design:<id>"
//
// Not here: HTTP, and whether a report really comes from its display; callers check its token
// first. One thread; replies come later, as the cache's do. After the service is gone none comes.
#ifndef PAIRWIRE_SIGNALING_SERVICES_STATUS_H_
#define PAIRWIRE_SIGNALING_SERVICES_STATUS_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "signaling/core/rate_limit.h"
#include "signaling/protocol/problem.h"
#include "signaling/protocol/time.h"
#include "signaling/store/cache.h"
#include "signaling/store/node_bus.h"

namespace pairwire::relay {

// What a display says of itself: {"status","metrics"?:{…},"designId"?}.
struct DisplayStatus {
  std::string status;  // "online" or "degraded"; "offline" when it says that it goes
  std::string design_id;
  // Each absent, or finite and within its bounds.
  std::optional<double> fps;          // 0 to 1,000
  std::optional<double> cpu_percent;  // 0 to 102,400: of one core, and machines have many
  std::optional<double> memory_mb;    // 0 to 2^30
  std::optional<double> latency_ms;   // 0 to 3,600,000

  bool operator==(const DisplayStatus&) const = default;
};
// kParseError, kLimitExceeded with a sentence for the client.
[[nodiscard]] Result<DisplayStatus> ParseDisplayStatus(std::string_view body);

class StatusService {
 public:
  // A display is online for so long after its last word.
  static constexpr std::chrono::seconds kFresh{30};
  // It is listed as offline with its design for so long.
  static constexpr std::chrono::hours kListed{1};
  // Displays of one design; more are not listed.
  static constexpr std::size_t kMaxPerDesign = 1'000;

  template <typename T>
  using Reply = std::function<void(protocol::Outcome<T>)>;

  // To the watchers of one display, and of a design. A display that reports faster than this is
  // cached as always, and watchers hear the next one.
  static constexpr RateLimit kToldPerDisplay{1, 5};
  // Displays whose rate is remembered.
  static constexpr std::size_t kMaxTold = 65'536;

  // Cache and bus outlive the service.
  StatusService(Cache& cache, NodeBus& bus)
      : cache_(cache), bus_(bus), told_(kToldPerDisplay, kMaxTold) {}
  StatusService(const StatusService&) = delete;
  StatusService& operator=(const StatusService&) = delete;

  // kNotReady: the cache is full or away.
  void Report(const std::string& display_id, const DisplayStatus& status, TimePoint now,
              Reply<void> reply);
  // The display is there: what it last said holds 30 s more; one that never said anything, or was
  // silent for too long, is online.
  void Heartbeat(const std::string& display_id, TimePoint now, Reply<void> reply);

  // {"displayId","status","metrics"?,"designId"?,"updatedAt"?,"ageMs"?}: `updatedAt` is when the
  // display last reported. One that nothing is known of is offline, whether it ever was or not.
  void Display(const std::string& display_id, TimePoint now, Reply<std::string> reply);
  // {"designId","displays":[…],"online","total"}; the displays as above, by id. `online` counts the
  // degraded ones, which are there.
  void Design(const std::string& design_id, TimePoint now, Reply<std::string> reply);

 private:
  struct Record {
    DisplayStatus status;
    std::int64_t updated_ms = 0;  // since the epoch
    std::int64_t seen_ms = 0;
  };

  static std::string ToText(const Record& record);
  static std::optional<Record> FromText(std::string_view text);
  static std::string ToJson(const std::string& display_id, const Record& record, TimePoint now);
  void Keep(const std::string& display_id, const Record& record, TimePoint now, Reply<void> reply);
  void Tell(const std::string& display_id, const Record& record, TimePoint now);
  template <typename F>
  auto Guarded(F function);

  Cache& cache_;
  NodeBus& bus_;
  AddressBuckets told_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_SERVICES_STATUS_H_
