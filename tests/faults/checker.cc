// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/faults/checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace pairwire::faults {
namespace {

constexpr std::size_t kNever = ~std::size_t{0};
constexpr std::string_view kEndedByRun = "ended";  // DELETE

// What a node was given for a client that came back is remembered so long (store.h).
constexpr std::uint64_t kGivenMicroseconds = 35'000'000;

// Places are those of lines in the history.
struct Text {
  std::uint64_t socket = 0;
  std::size_t sent = kNever;
  std::vector<std::size_t> acked, failed, got, again;
};

struct Client {
  std::map<std::uint64_t, std::size_t> opened;  // sockets
  std::map<std::uint64_t, Text> texts;          // that it sent
  std::set<std::uint64_t> lost;                 // sockets
  std::vector<std::size_t> user_left, terminated, unauthorized, resume_failed;
  std::map<std::string, std::string> numbers;  // delivery id -> text
  // Of the other end's texts that arrived here: the highest of each of its sockets.
  std::map<std::uint64_t, std::uint64_t> highest;
};

class Judge {
 public:
  explicit Judge(const History& history) : history_(history) {}

  std::vector<std::string> Run() {
    for (std::size_t at = 0; at < history_.size(); ++at) Read(at);
    if (fault_open_) Blame(history_.size() - 1, "pairing did not work again");
    if (settled_ == kNever && !history_.empty()) {
      Blame(history_.size() - 1, "the run did not come to rest");
    }
    for (const auto& [who, client] : clients_) {
      for (const auto& [number, text] : client.texts) JudgeText(who, client, text);
    }
    return std::move(broken_);
  }

 private:
  void Blame(std::size_t at, const std::string& what) {
    std::string line = ToText(History{history_[at]});
    line.pop_back();
    broken_.push_back(what + ": " + line);
  }

  void Read(std::size_t at) {
    const Line& line = history_[at];
    switch (line.what) {
      case What::kSent: {
        Text& text = clients_[line.who].texts[line.number];
        if (text.sent != kNever) Blame(at, "the workload numbered two texts alike");
        text.sent = at;
        text.socket = line.socket;
        break;
      }
      case What::kAcked:
      case What::kFailed: {
        Text& text = clients_[line.who].texts[line.number];
        if (text.sent == kNever) Blame(at, "an answer to what was not sent");
        if (!text.acked.empty() || !text.failed.empty()) Blame(at, "a second answer");
        (line.what == What::kAcked ? text.acked : text.failed).push_back(at);
        break;
      }
      case What::kGot:
      case What::kAgain:
        Arrived(at);
        break;
      case What::kLost:
        clients_[line.who].lost.insert(line.socket);
        break;
      case What::kUserLeft:
        if (!clients_[line.who].user_left.empty()) Blame(at, "a second user_left");
        clients_[line.who].user_left.push_back(at);
        break;
      case What::kTerminated:
        if (!clients_[line.who].terminated.empty()) Blame(at, "a second session:terminated");
        clients_[line.who].terminated.push_back(at);
        break;
      case What::kUnauthorized:
        clients_[line.who].unauthorized.push_back(at);
        break;
      case What::kResumeFailed:
        clients_[line.who].resume_failed.push_back(at);
        break;
      case What::kNodeDied:
        deaths_.push_back(at);
        break;
      case What::kFaultEnds:
        fault_open_ = true;
        break;
      case What::kPairedAgain:
        fault_open_ = false;
        if (line.number > static_cast<std::uint64_t>(kPairsAgainWithin.count())) {
          Blame(at, "pairing worked again too late");
        }
        break;
      case What::kSettled:
        settled_ = at;
        break;
      case What::kOpened:
        clients_[line.who].opened.emplace(line.socket, at);
        break;
      case What::kResumed:
      case What::kDraining:
      case What::kFaultBegins:
      case What::kNote:
        break;
    }
  }

  void Arrived(std::size_t at) {
    const Line& line = history_[at];
    const std::string sender = OtherEnd(line.who);
    Client& receiver = clients_[line.who];
    Text& text = clients_[sender].texts[line.number];
    if (text.sent == kNever) return Blame(at, "a text that was not sent");
    if (!receiver.terminated.empty()) Blame(at, "a text after the end");
    const std::string name = std::to_string(line.number);
    const auto [known, fresh] = receiver.numbers.emplace(line.detail, name);
    if (!fresh && known->second != name) Blame(at, "one number for two texts");
    if (line.what == What::kAgain) {
      if (fresh) Blame(at, "a new number that is not above the last");
      text.again.push_back(at);
      return;
    }
    if (!fresh) Blame(at, "the workload took one number twice");
    if (text.got.empty()) {
      std::uint64_t& highest = receiver.highest[text.socket];
      if (line.number < highest) Blame(at, "out of order");
      highest = std::max(highest, line.number);
    }
    text.got.push_back(at);
  }

  void JudgeText(const std::string& who, const Client& sender, const Text& text) {
    if (text.sent == kNever) return;
    const bool answered = !text.acked.empty() || !text.failed.empty();
    if (!answered && !sender.lost.contains(text.socket)) {
      Blame(text.sent, "nobody told what became of it");
    }
    if (!text.acked.empty() && text.got.empty()) {
      const auto found = clients_.find(OtherEnd(who));
      static const Client kNobody;
      const Client& receiver = found == clients_.end() ? kNobody : found->second;
      const auto told = [&](const std::vector<std::size_t>& news) {
        return std::any_of(news.begin(), news.end(),
                           [&](std::size_t at) { return at > text.sent && at < settled_; });
      };
      const bool excused = told(sender.user_left) || told(sender.terminated) ||
                           told(sender.unauthorized) || told(receiver.resume_failed);
      if (!excused) Blame(text.sent, "acknowledged and lost");
    }
    if (text.got.size() > 1 && !MayComeTwice(who, text)) {
      Blame(text.got.back(), "a text came twice");
    }
  }

  // A node died, or was cut off, before it could tell what became of the text; or it had been given
  // the text for a client that came back there, and died before that client was seen to be well.
  bool MayComeTwice(const std::string& who, const Text& text) const {
    const std::size_t answer = text.acked.empty() ? kNever : text.acked.front();
    const Line& arrival = history_[text.got.front()];
    const auto& opened = clients_.at(OtherEnd(who)).opened;
    const auto socket = opened.find(arrival.socket);
    const bool kept = socket != opened.end() && socket->second > text.sent;
    return std::any_of(deaths_.begin(), deaths_.end(), [&](std::size_t death) {
      const bool unsettled = text.sent < death && death < answer;
      const bool given =
          kept && text.got.front() < death && history_[death].at - arrival.at < kGivenMicroseconds;
      return unsettled || given;
    });
  }

  const History& history_;
  std::map<std::string, Client> clients_;
  std::vector<std::size_t> deaths_;
  std::size_t settled_ = kNever;
  bool fault_open_ = false;
  std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> Check(const History& history) { return Judge(history).Run(); }

Tally Count(const History& history) {
  Tally tally;
  for (const Line& line : history) {
    switch (line.what) {
      case What::kSent:
        ++tally.sent;
        break;
      case What::kAcked:
        ++tally.acked;
        break;
      case What::kFailed:
        ++tally.failed;
        break;
      case What::kGot:
        ++tally.got;
        break;
      case What::kAgain:
        ++tally.again;
        break;
      case What::kLost:
        ++tally.sockets_lost;
        break;
      case What::kResumed:
        ++tally.resumed;
        break;
      case What::kResumeFailed:
        ++tally.resume_failed;
        break;
      case What::kUserLeft:
      case What::kUnauthorized:
        ++tally.ended;
        break;
      case What::kTerminated:
        // What the run itself ended at its end does not count.
        if (line.detail != kEndedByRun) ++tally.ended;
        break;
      case What::kPairedAgain:
        tally.paired_again_ms = std::max(tally.paired_again_ms, line.number);
        break;
      case What::kOpened:
      case What::kDraining:
      case What::kNodeDied:
      case What::kFaultBegins:
      case What::kFaultEnds:
      case What::kSettled:
      case What::kNote:
        break;
    }
  }
  return tally;
}

std::string ToText(const Tally& tally) {
  const auto of = [](const char* name, std::uint64_t value) {
    return std::string(" ") + name + "=" + std::to_string(value);
  };
  return of("sent", tally.sent) + of("acked", tally.acked) + of("failed", tally.failed) +
         of("got", tally.got) + of("again", tally.again) + of("sockets_lost", tally.sockets_lost) +
         of("resumed", tally.resumed) + of("resume_failed", tally.resume_failed) +
         of("ended", tally.ended) + of("paired_again_ms", tally.paired_again_ms);
}

}  // namespace pairwire::faults
