// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/session_record.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace pairwire::faults {
namespace {

using test::End;
using test::What;

// As docs/session.md promises them.
constexpr std::uint64_t kWindowMs = 120'000;
constexpr std::size_t kOutboxBytes = 4 * 1024 * 1024;
constexpr std::size_t kOutboxMessages = 4096;
constexpr std::size_t kStateBytes = 1024 * 1024;

End EndOf(const std::string& code) {
  if (code == "session_lost") return End::kLost;
  if (code == "peer_restarted") return End::kPeerRestarted;
  return code == "none" ? End::kPeerLeft : End::kOther;
}

}  // namespace

void SessionRecord::Add(std::int64_t at, What what, std::uint64_t number, std::uint64_t last,
                        std::uint64_t hash, std::uint64_t link) {
  entries_.push_back({at, {what, which_, 0, number, last, hash, link}});
}

void SessionRecord::TakeState(std::int64_t at, const std::string& state) {
  state_ = state;
  if (state == "connected") {
    Add(at, What::kOutageOver);
    if (!outages_.empty() && outages_.back().over_ns == 0) outages_.back().over_ns = at;
    return;
  }
  if (state == "closed") return;
  Add(at, What::kOutage);
  if (outages_.empty() || outages_.back().over_ns != 0) outages_.push_back({at, 0});
}

bool SessionRecord::Take(const std::string& line) {
  std::istringstream words(line);
  std::string what;
  std::int64_t at = 0;
  if (!(words >> what >> at)) return false;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (what == "code") {
    // None: the one before is void.
    if (!(words >> code_)) code_.clear();
    return true;
  }
  if (what == "error") return static_cast<bool>(words >> last_error_);
  if (what == "connected") {
    TakeState(at, what);
    return true;
  }
  if (what == "state") {
    std::string state;
    words >> state;
    TakeState(at, state);
    return !state.empty();
  }
  if (what == "closed") {
    std::string code;
    if (!(words >> code >> a >> b)) return false;
    closed_ = true;
    Add(at, What::kLost, a, b);
    Add(at, What::kEnded, static_cast<std::uint64_t>(EndOf(code)));
    return true;
  }
  if (what == "cut") {
    std::size_t how = 0;
    if (!(words >> a >> b >> how) || b > 0xFF || how >= Cuts{}.size()) return false;
    ++cuts_;
    cut_over_ns_ = std::max(cut_over_ns_, at + static_cast<std::int64_t>(a) * 1'000'000);
    ++cuts_at_[static_cast<std::uint8_t>(b)][how];
    return true;
  }
  if (what == "refused") {
    ++refused_;
    return true;
  }
  if (what == "acked") {
    if (!(words >> a)) return false;
    acked_ = a;
    Add(at, What::kAcked, a);
    return true;
  }
  if (what == "opened" || what == "ended") {
    if (!(words >> a) || a == 0) return false;
    Add(at, what == "opened" ? What::kLinkOpen : What::kLinkClose, 0, 0, 0, a);
    return true;
  }
  if (!(words >> a >> b)) return false;
  if (what == "send") {
    sent_ = a;
    Add(at, What::kSend, a, 0, b);
  } else if (what == "deliver") {
    std::uint64_t link = 0;
    if (!(words >> link) || link == 0) return false;
    delivered_ = a;
    Add(at, What::kDeliver, a, 0, b, link);
  } else if (what == "bytes") {
    Add(at, What::kBytes, a, b);
  } else if (what == "set") {
    set_[a] = b;
    Add(at, What::kStateSet, a, 0, b);
  } else if (what == "shown") {
    shown_[a] = b;
    Add(at, What::kStateShown, a, 0, b);
  } else if (what == "sent") {
    last_seed_ = b;
  } else if (what == "report") {
    ++reports_;
    pending_ = Entry{at, {What::kPending, which_, 0, a, b, 0, 0}};
  } else {
    return false;
  }
  return true;
}

test::History HistoryOf(const SessionRecord& display, const SessionRecord& controller,
                        bool rested) {
  std::vector<SessionRecord::Entry> all = display.entries();
  all.insert(all.end(), controller.entries().begin(), controller.entries().end());
  for (const SessionRecord* const record : {&display, &controller}) {
    if (record->pending() && !record->closed()) all.push_back(*record->pending());
  }
  // Each record is in order by itself and stays so.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  test::History history;
  history.window_ms = kWindowMs;
  history.outbox_bytes = kOutboxBytes;
  history.outbox_messages = kOutboxMessages;
  history.state_bytes = kStateBytes;
  history.rested = rested;
  for (const SessionRecord::Entry& entry : all) {
    test::Event event = entry.event;
    event.at_ms = static_cast<std::uint64_t>((entry.at_ns - all.front().at_ns) / 1'000'000);
    history.events.push_back(event);
  }
  return history;
}

}  // namespace pairwire::faults
