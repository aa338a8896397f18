// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/session/status_core.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "signaling/protocol/limits.h"

namespace pairwire {
namespace {

constexpr std::chrono::milliseconds kLeastInterval{1'000};
constexpr std::chrono::milliseconds kMostInterval{3'600'000};

bool GoodId(const std::string& id) { return !id.empty() && id.size() <= protocol::kMaxIdBytes; }

std::vector<StatusTarget> TargetsOf(const StatusOptions& options) {
  if (!options.design_id.empty()) return {{true, options.design_id}};
  std::vector<StatusTarget> targets;
  for (const std::string& id : options.display_ids) targets.push_back({false, id});
  return targets;
}

}  // namespace

std::int64_t SystemMilliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<CheckedStatus> CheckStatusOptions(StatusOptions options) {
  Result<RelayUrl> url = ParseRelayUrl(options.relay_url);
  if (!url) return tl::unexpected(std::move(url.error()));
  auto& ids = options.display_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (ids.empty() == options.design_id.empty()) {
    return Fail(Errc::kInvalidArgument, "displays or a design must be given, and not both");
  }
  if (ids.size() > kMaxWatchedDisplays) {
    return Fail(Errc::kLimitExceeded, "at most 1,000 displays can be watched; name their design");
  }
  if (!std::all_of(ids.begin(), ids.end(), GoodId)) {
    return Fail(Errc::kInvalidArgument, "a display's id has 1 to 64 bytes");
  }
  if (options.design_id.size() > protocol::kMaxIdBytes) {
    return Fail(Errc::kInvalidArgument, "a design's id has at most 64 bytes");
  }
  if (options.interval < kLeastInterval || options.interval > kMostInterval) {
    return Fail(Errc::kInvalidArgument, "the interval is 1 s to an hour");
  }

  CheckedStatus checked;
  checked.relay = std::move(*url);
  checked.options = std::move(options);
  const std::string& file = checked.options.file;
  if (file.empty()) return checked;
  auto text = ReadWholeFile(file, kMaxStatusFileBytes);
  Result<void> read;
  if (!text) {
    read = tl::unexpected(std::move(text.error()));
  } else if (*text) {
    read = checked.book.Read(**text);
  }
  if (!read) checked.file_error = Error{read.error().code, file + ": " + read.error().detail};
  return checked;
}

StatusCore::StatusCore(AsioLoop& loop, CheckedStatus checked, StatusEvents events)
    : loop_(loop),
      options_(std::move(checked.options)),
      events_(std::move(events)),
      file_error_(std::move(checked.file_error)),
      endpoint_(loop, std::move(checked.relay)),
      asker_(endpoint_),
      book_(std::move(checked.book)) {
  StatusPoller::Events on;
  on.on_answer = [this](const StatusTarget& target, const std::vector<StatusRecord>& records) {
    OnAnswer(target, records);
  };
  on.on_round = [this](const StatusPoller::Round& round) { OnRound(round); };
  poller_.emplace(loop_, random_, asker_, TargetsOf(options_), options_.interval, std::move(on));
}

void StatusCore::Begin() {
  const auto alive = safety_.Watch();
  const auto on_file_error = events_.on_file_error;
  if (file_error_ && on_file_error) on_file_error(*file_error_);
  for (const std::string& id : Ids()) {
    if (!*alive) return;
    if (book_.Find(id, 0)) Tell(id);
  }
}

void StatusCore::Poll(bool on) {
  if (polling_ == on) return;
  polling_ = on;
  if (on) {
    poller_->Start();
  } else {
    poller_->Stop();
  }
}

void StatusCore::Refresh() {
  if (polling_) poller_->Start();
}

std::unique_ptr<FileReplacer> StatusCore::Stop() {
  events_ = {};
  Poll(false);
  return std::move(file_);
}

void StatusCore::OnAnswer(const StatusTarget& target, const std::vector<StatusRecord>& records) {
  std::vector<StatusRecord> news = records;
  if (target.design) {
    // The relay lists a display for an hour after its last word; then it is gone.
    for (const std::string& id : book_.OfDesign(target.id)) {
      const bool listed = std::any_of(records.begin(), records.end(),
                                      [&](const auto& one) { return one.display_id == id; });
      if (listed) continue;
      const auto last = book_.Find(id, SystemMilliseconds());
      news.push_back({id, events::DisplayState::kOffline, {}, target.id, last->age});
    }
  }
  const auto alive = safety_.Watch();
  const std::int64_t now = SystemMilliseconds();
  learnt_ += records.size();
  for (StatusRecord& record : news) {
    // It answers for this design, whatever it says of it.
    if (target.design) record.design_id = target.id;
    if (!book_.Learn(record, now)) continue;
    Tell(record.display_id);
    if (!*alive) return;
  }
}

void StatusCore::OnRound(const StatusPoller::Round& round) {
  const auto alive = safety_.Watch();
  const std::size_t reports = std::exchange(learnt_, 0);
  std::vector<std::string> unheard;
  for (const StatusTarget& target : round.unanswered) {
    if (target.design) {
      unheard = book_.OfDesign(target.id);
    } else {
      unheard.push_back(target.id);
    }
  }
  for (const std::string& id : book_.MarkStale(unheard)) {
    Tell(id);
    if (!*alive) return;
  }
  if (reports > 0 && !options_.file.empty() && polling_) {
    if (!file_) {
      // The replacer's thread may outlive this core, not the loop: it is joined by who stops us.
      file_ = std::make_unique<FileReplacer>(
          options_.file, [this, watch = safety_.Watch(), &loop = loop_](const Error& error) {
            loop.Post([this, watch, error] {
              if (!*watch) return;
              const auto on_file_error = events_.on_file_error;
              if (on_file_error) on_file_error(error);
            });
          });
    }
    file_->Write(book_.ToText());
  }
  const auto on_round = events_.on_round;
  if (on_round) on_round({round.error, reports, round.tries});
}

void StatusCore::Tell(const std::string& display_id) {
  const auto on_report = events_.on_report;
  const auto report = Last(display_id);
  if (on_report && report) on_report(*report);
}

std::vector<std::string> StatusCore::Ids() const {
  return options_.design_id.empty() ? options_.display_ids : book_.OfDesign(options_.design_id);
}

std::optional<DisplayReport> StatusCore::Last(std::string_view display_id) const {
  const auto& ids = options_.display_ids;
  const bool wanted = std::binary_search(ids.begin(), ids.end(), display_id);
  auto report = book_.Find(display_id, SystemMilliseconds());
  if (report) {
    const bool ours =
        wanted || (!options_.design_id.empty() && report->design_id == options_.design_id);
    if (!ours) report.reset();
    return report;
  }
  if (!wanted) return std::nullopt;
  DisplayReport nothing;
  nothing.display_id = display_id;
  return nothing;
}

std::vector<DisplayReport> StatusCore::All() const {
  std::vector<DisplayReport> all;
  for (const std::string& id : Ids()) {
    if (auto report = Last(id)) all.push_back(std::move(*report));
  }
  return all;
}

}  // namespace pairwire
