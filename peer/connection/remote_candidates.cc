// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/connection/remote_candidates.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pairwire {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kPrefix = "candidate:";

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string_view TakeWord(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

// The value of an extension: name and value pairs follow the eight fixed words, the last two of
// which are "typ" and its value (RFC 8839 section 5.1).
std::string_view Extension(std::string_view line, std::string_view wanted) {
  for (int i = 0; i < 8; ++i) TakeWord(line);
  while (!line.empty()) {
    const std::string_view name = TakeWord(line);
    const std::string_view value = TakeWord(line);
    if (name == wanted) return value;
  }
  return {};
}

const std::string& UfragOf(const CandidateTarget& target) {
  return target.description.media[target.transport_index].ice_ufrag;
}

// An empty mid is what some libraries send for none.
bool HasMid(const IceCandidate& candidate) {
  return candidate.sdp_mid && !candidate.sdp_mid->empty();
}

// W3C: the mid counts, the index only without one.
std::optional<std::size_t> SectionOf(const sdp::Description& description,
                                     const IceCandidate& candidate) {
  if (HasMid(candidate)) {
    for (std::size_t i = 0; i < description.media.size(); ++i) {
      if (description.media[i].mid == *candidate.sdp_mid) return i;
    }
    return std::nullopt;
  }
  const int index = candidate.sdp_mline_index.value_or(-1);
  if (index < 0 || static_cast<std::size_t>(index) >= description.media.size()) return std::nullopt;
  return static_cast<std::size_t>(index);
}

// End-of-candidates without a section is that of all sections.
bool NamesNoSection(const IceCandidate& candidate) {
  return !HasMid(candidate) && !candidate.sdp_mline_index;
}

// Data's own section, or the one whose transport it shares.
bool IsForSection(const CandidateTarget& target, const IceCandidate& candidate) {
  if (NamesNoSection(candidate)) return true;
  const auto section = SectionOf(target.description, candidate);
  return section == target.data_index || section == target.transport_index;
}

}  // namespace

Result<IceCandidate> RemoteCandidates::Clean(const IceCandidate& candidate) {
  std::string_view line = Trim(candidate.candidate);
  if (line.starts_with("a=")) line.remove_prefix(2);
  if (line.size() > kMaxCandidateBytes) {
    return Fail(Errc::kLimitExceeded,
                "a candidate of more than " + std::to_string(kMaxCandidateBytes) + " bytes");
  }
  if (candidate.sdp_mid.value_or("").size() > kMaxTagBytes ||
      candidate.username_fragment.value_or("").size() > kMaxTagBytes) {
    return Fail(Errc::kInvalidArgument, "a candidate's mid or username fragment is too long");
  }
  IceCandidate clean{std::string(line), candidate.sdp_mid, candidate.sdp_mline_index,
                     candidate.username_fragment};
  if (line.empty() || line == "end-of-candidates") {
    clean.candidate.clear();
    return clean;
  }
  if (NamesNoSection(candidate)) {
    return Fail(Errc::kInvalidArgument, "a candidate needs sdp_mid or sdp_mline_index");
  }
  // remote_description() prints the line: what could start a line of its own must not get in.
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!line.starts_with(kPrefix) || line.size() == kPrefix.size() ||
      !std::all_of(line.begin(), line.end(), is_printable)) {
    return Fail(Errc::kParseError, "not a candidate line");
  }
  return clean;
}

Result<void> RemoteCandidates::CheckSection(const sdp::Description& description,
                                            const IceCandidate& candidate) {
  if (NamesNoSection(candidate) || SectionOf(description, candidate)) return {};
  return Fail(Errc::kInvalidArgument,
              "a candidate's mid or index names no section of the remote description");
}

RemoteCandidates::Generation RemoteCandidates::GenerationOf(const IceCandidate& candidate) {
  Generation generation;
  if (candidate.username_fragment) generation.ufrag = *candidate.username_fragment;
  if (generation.ufrag.empty()) generation.ufrag = Extension(candidate.candidate, "ufrag");
  const std::string_view count = Extension(candidate.candidate, "generation");
  std::from_chars(count.data(), count.data() + count.size(), generation.count);
  return generation;
}

bool RemoteCandidates::Belongs(const CandidateTarget& target, const IceCandidate& candidate) {
  if (!IsForSection(target, candidate)) return false;
  const std::string_view ufrag = GenerationOf(candidate).ufrag;
  return ufrag.empty() || ufrag == UfragOf(target);
}

bool RemoteCandidates::IsReleased(const CandidateTarget& target,
                                  const IceCandidate& candidate) const {
  if (!Belongs(target, candidate)) return false;
  const Generation generation = GenerationOf(candidate);
  const bool counts = generation.ufrag.empty() && generation.count > 0 && is_counting_;
  return !counts || generation.count == restarts_;
}

RemoteCandidates::Route RemoteCandidates::RouteOf(const IceCandidate& candidate,
                                                  const CandidateTarget* in_force,
                                                  const CandidateTarget* pending) const {
  const CandidateTarget* latest = pending != nullptr ? pending : in_force;
  if (latest != nullptr && !IsForSection(*latest, candidate)) return Route::kIgnore;
  const Generation generation = GenerationOf(candidate);
  if (!generation.ufrag.empty()) {
    if (pending != nullptr && generation.ufrag == UfragOf(*pending)) return Route::kWait;
    if (in_force != nullptr && generation.ufrag == UfragOf(*in_force)) return Route::kNow;
    const bool is_past = std::find(past_.begin(), past_.end(), generation.ufrag) != past_.end();
    return is_past ? Route::kIgnore : Route::kWait;
  }
  if (in_force != nullptr && generation.count > 0) {
    if (generation.count == restarts_) return Route::kNow;
    return generation.count < restarts_ ? Route::kIgnore : Route::kWait;
  }
  return pending == nullptr && in_force != nullptr ? Route::kNow : Route::kWait;
}

void RemoteCandidates::Forget(const CandidateTarget& target) {
  std::erase_if(waiting_,
                [&](const IceCandidate& candidate) { return Belongs(target, candidate); });
}

void RemoteCandidates::StartGeneration(std::string old_ufrag) {
  if (past_.size() == kMaxPast) past_.erase(past_.begin());
  past_.push_back(std::move(old_ufrag));
  ++restarts_;
  known_.clear();
  done_ = false;
}

Result<void> RemoteCandidates::Wait(IceCandidate candidate, const CandidateTarget* pending) {
  if (pending != nullptr && GenerationOf(candidate).ufrag.empty()) {
    candidate.username_fragment = UfragOf(*pending);
  }
  if (std::find(waiting_.begin(), waiting_.end(), candidate) != waiting_.end()) return {};
  if (waiting_.size() == kMaxCandidates) {
    return Fail(Errc::kLimitExceeded, "more than " + std::to_string(kMaxCandidates) +
                                          " candidates wait for the remote description");
  }
  waiting_.push_back(std::move(candidate));
  return {};
}

Result<bool> RemoteCandidates::Learn(std::string_view line) {
  if (std::find(known_.begin(), known_.end(), line) != known_.end()) return false;
  if (known_.size() == kMaxCandidates) {
    return Fail(Errc::kLimitExceeded,
                "more than " + std::to_string(kMaxCandidates) + " candidates of the other end");
  }
  known_.emplace_back(line);
  return true;
}

std::vector<std::string> RemoteCandidates::Release(const CandidateTarget& target) {
  const std::size_t before = known_.size();
  const auto& section = target.description.media[target.transport_index];
  for (const auto& line : section.candidates) {
    const std::string_view ufrag = Extension(line, "ufrag");
    if (ufrag.empty() || ufrag == section.ice_ufrag) static_cast<void>(Learn(line));
  }
  done_ |= section.end_of_candidates;
  const auto take = [&](const IceCandidate& candidate) {
    if (!IsReleased(target, candidate)) return false;
    if (candidate.candidate.empty()) {
      done_ = true;
    } else {
      // Over the limit the rest is dropped: the description must not fail for candidates that came
      // early.
      static_cast<void>(Learn(candidate.candidate));
    }
    return true;
  };
  std::erase_if(waiting_, take);
  is_counting_ = true;
  return {known_.begin() + static_cast<std::ptrdiff_t>(before), known_.end()};
}

std::vector<std::string> RemoteCandidates::Preview(const CandidateTarget& target, bool pending,
                                                   bool& done) const {
  RemoteCandidates copy = *this;
  if (pending) copy.StartGeneration({});
  copy.Release(target);
  done = copy.done_;
  return copy.known_;
}

}  // namespace pairwire
