// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// How displays are, without a session to them and with one (docs/status.md):
//
//   StatusClient    asks the relay every 30 s how any number of displays are; keeps the last answer
//                   in a file and serves it, with its age, while the relay is away
//   DisplayWatch    one display: what its session tells while there is one, else a StatusClient
//   DisplayMonitor  at the display: measures, and tells sessions and the relay
//
// The relay tells status when its operator started it with --status. What it tells is what whoever
// holds a token for that display id said of it: not authenticated. What a session tells is as
// authentic as the session.
//
// All three are move-only handles, callable from any thread, also from inside any callback.
// Callbacks run on the Network's loop thread, one at a time, with no lock held, and must not block.
// After a handle's destructor returned no callback of it starts. The Network outlives its handles'
// use.
#ifndef PAIRWIRE_STATUS_H_
#define PAIRWIRE_STATUS_H_

#include <pairwire/events.h>
#include <pairwire/network.h>
#include <pairwire/result.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire {

// Displays of one StatusClient; also what the relay lists of a design.
inline constexpr std::size_t kMaxWatchedDisplays = 1'000;

// Where a report comes from.
enum class StatusSource : std::uint8_t {
  kNone,     // Nothing was ever heard of it: it counts as offline.
  kSession,  // The display itself, over its session.
  kRelay,    // The relay, when it was asked last.
  kStale,    // The relay, earlier: it was away when it was asked last, or the file had it.
};
std::string_view ToString(StatusSource source);         // "none", "session", "relay", "stale"
std::string_view ToString(events::DisplayState state);  // "online", "degraded", "offline"

struct DisplayReport {
  std::string display_id;
  events::DisplayState status = events::DisplayState::kOffline;
  events::Metrics metrics = {};  // each absent, or as the display measured it
  std::string design_id;         // may be empty
  StatusSource source = StatusSource::kNone;
  // Since the display said so; empty: it never did, or nobody knows when. By the system's clock, so
  // that it counts while the program is not running, too.
  std::optional<std::chrono::milliseconds> age;

  bool operator==(const DisplayReport&) const = default;
};

struct StatusOptions {
  std::string relay_url;                 // as in DisplayOptions
  std::vector<std::string> display_ids;  // 1 to 64 bytes each, at most kMaxWatchedDisplays; or
  std::string design_id;                 // all displays of a design, found by the relay
  // The last known state is kept here; empty: in memory only. The folder must exist. Readable and
  // writable by its owner. What another relay or another selection left in it stays, up to the
  // bound.
  std::string file;
  std::chrono::milliseconds interval{30'000};  // 1 s to an hour
};

// One round of asking for all displays.
struct StatusRound {
  // Empty: the relay answered. Else why not, after three more tries: kRelayUnreachable,
  // kRateLimited, kUnsupported (the relay tells no status)…
  std::optional<Error> error;
  std::size_t reports = 0;  // displays that the relay answered for
  std::size_t tries = 0;    // calls, the first and the repeated ones
};

struct StatusEvents {
  // A display whose status, metrics, design or source changed. At first all that is known from the
  // file, then whatever a round brings.
  std::function<void(const DisplayReport&)> on_report = nullptr;
  // A round is over; its reports came before.
  std::function<void(const StatusRound&)> on_round = nullptr;
  // The file could not be read (then it is written anew) or not written (then it stays as it is).
  std::function<void(const Error&)> on_file_error = nullptr;
};

// Asks the relay in rounds. A call that finds the relay away is repeated 3 times, after 0.5, 1 and
// 2 s with full jitter, or when the relay said; then the round is over. At most 8 calls at a time,
// each on a connection of its own; between rounds there is none.
class StatusClient {
 public:
  // kInvalidArgument: the relay's URL, an id, or both or neither of ids and design. kLimitExceeded:
  // too many ids. The first round starts at once.
  static Result<StatusClient> Create(Network& network, StatusOptions options, StatusEvents events);
  StatusClient();  // An empty handle.
  StatusClient(StatusClient&&) noexcept;
  StatusClient& operator=(StatusClient&&) noexcept;
  ~StatusClient();  // Waits for the file to be written.

  // What is known of one display; empty: it is not one of ours, or the design never listed it.
  std::optional<DisplayReport> Last(std::string_view display_id) const;
  // All of them, by id.
  std::vector<DisplayReport> All() const;
  // A round now, if none runs.
  void Refresh();

 private:
  struct Impl;
  explicit StatusClient(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

struct DisplayWatchOptions {
  std::string relay_url;
  std::string display_id;  // as the display reports itself to the relay (MonitorOptions)
  std::string file;        // as in StatusOptions
  std::chrono::milliseconds interval{30'000};
};

// The live path first: while a session is connected and its display told its status, that is what
// counts, and the relay is not asked. When the session is gone or has been quiet for 30 s the relay
// is asked, until the session tells again.
class DisplayWatch {
 public:
  // As StatusClient::Create. `on_change`: status, metrics or source changed.
  static Result<DisplayWatch> Create(Network& network, DisplayWatchOptions options,
                                     std::function<void(const DisplayReport&)> on_change);
  DisplayWatch();  // An empty handle.
  DisplayWatch(DisplayWatch&&) noexcept;
  DisplayWatch& operator=(DisplayWatch&&) noexcept;
  ~DisplayWatch();

  // Give it what the session's on_event and on_state tell, and kConnected when a session begins.
  // Events that are not about status are passed over.
  void OnEvent(const Event& event);
  void OnState(SessionState state);

  DisplayReport Now() const;

 private:
  struct Impl;
  explicit DisplayWatch(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

struct MonitorOptions {
  // Reports to this relay, for operators: the status every 30 s, a heartbeat every 10 s, short
  // calls on connections of their own. Empty: nothing is reported.
  std::string relay_url = {};
  std::string display_id = {};  // at most 64 bytes; empty: the relay makes one
  std::string design_id = {};   // at most 64 bytes; may be empty
};

struct MonitorEvents {
  // events::DisplayStatus or events::DisplayHealth, at most one of each a second, when it changed
  // and every 10 s; events::DisplayLifecycle. Send it to the sessions of the moment.
  std::function<void(const Event&)> on_event = nullptr;
  // The id under which the relay knows this display now; again when it changes.
  std::function<void(const std::string& display_id)> on_reporting = nullptr;
  // A report did not get through; it is tried again.
  std::function<void(const Error&)> on_error = nullptr;
};

// A frame shown later than this after it was due counts as late: half a frame at 60 a second.
inline constexpr std::chrono::microseconds kLateFrame{8'000};

// Measures the process that it lives in (processor time, memory), the frames that it is told of and
// the session's path, and decides once a second whether the display is online or degraded:
//
//   degraded  fewer frames than half of the last minute's median, more than 5 % of the last 10 s'
//             frames late, or the session's path is relayed
class DisplayMonitor {
 public:
  static Result<DisplayMonitor> Create(Network& network, MonitorOptions options,
                                       MonitorEvents events);
  DisplayMonitor();  // An empty handle.
  DisplayMonitor(DisplayMonitor&&) noexcept;
  DisplayMonitor& operator=(DisplayMonitor&&) noexcept;
  ~DisplayMonitor();  // Tells the relay that the display goes; off the loop it waits up to 0.5 s.

  // A frame was shown, so much after it was due (0: in time, or no time was set). Cheap.
  void FrameShown(std::chrono::microseconds late = {});
  void FrameDropped();
  // Frames are due all the time, so that a second without one counts as one with none. Else such
  // seconds do not count at all.
  void SetPresenting(bool presenting);
  void SetPath(const SessionPath& path);
  // The session's round trip; 0: unknown.
  void SetLatency(std::chrono::microseconds round_trip);

  // A step of the display's life, told as events::DisplayLifecycle when it is a new one. `reason`:
  // at most 256 bytes, may be empty.
  void SetStep(events::LifecycleStep step, std::string reason = {});

  // What a new session has to be told first: status, health and step of the moment, as far as they
  // are known.
  std::vector<Event> Current() const;

 private:
  struct Impl;
  explicit DisplayMonitor(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_STATUS_H_
