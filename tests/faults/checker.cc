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

constexpr std::uint64_t kMicroseconds = 1000;  // of a millisecond
// What a node was given for a client that came back is remembered so long (store.h).
constexpr std::uint64_t kGivenMicroseconds = 35'000'000;
// So long a member that was lost may come back (protocol/limits.h).
constexpr std::uint64_t kWindowMicroseconds = 5'000'000;

// Places are those of lines in the history.
struct Text {
  std::uint64_t socket = 0;
  std::size_t sent = kNever;
  std::vector<std::size_t> acked, failed, got, again;

  std::size_t answer() const {
    if (!acked.empty()) return acked.front();
    return failed.empty() ? kNever : failed.front();
  }
};

struct Socket {
  std::size_t opened = kNever;
  std::size_t lost = kNever;
  std::string node;
};

struct Client {
  std::map<std::uint64_t, Socket> sockets;
  std::map<std::uint64_t, Text> texts;  // that it sent
  std::vector<std::size_t> user_left, terminated, resume_failed;
  std::map<std::string, std::string> numbers;  // delivery id -> text
  // Of the other end's texts that arrived here: the highest of each of its sockets.
  std::map<std::uint64_t, std::uint64_t> highest;
};

// A node reached no other from `begin` to `end`.
struct Outage {
  std::string node;
  std::size_t begin = 0;
  std::size_t end = kNever;
};

class Judge {
 public:
  explicit Judge(const History& history) : history_(history) {}

  Findings Run() {
    for (std::size_t at = 0; at < history_.size(); ++at) Read(at);
    if (fault_ended_ != kNever) Blame(history_.size() - 1, "pairing did not work again");
    if (settled_ == kNever && !history_.empty()) {
      Blame(history_.size() - 1, "the run did not come to rest");
    }
    for (const auto& [who, client] : clients_) {
      for (const auto& [number, text] : client.texts) JudgeText(who, client, text);
    }
    return std::move(findings_);
  }

 private:
  std::string Quoted(std::size_t at) const {
    std::string line = ToText(History{history_[at]});
    line.pop_back();
    return ": " + line;
  }
  void Blame(std::size_t at, const std::string& what) {
    findings_.broken.push_back(what + Quoted(at));
  }
  void BlameLate(std::size_t at, const std::string& what) {
    findings_.late.push_back(what + Quoted(at));
  }
  std::uint64_t Between(std::size_t from, std::size_t to) const {
    return history_[to].at - history_[from].at;
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
        if (text.answer() != kNever) Blame(at, "a second answer");
        (line.what == What::kAcked ? text.acked : text.failed).push_back(at);
        break;
      }
      case What::kGot:
      case What::kAgain:
        Arrived(at);
        break;
      case What::kLost: {
        std::size_t& lost = clients_[line.who].sockets[line.socket].lost;
        lost = std::min(lost, at);
        break;
      }
      case What::kUserLeft:
        if (!clients_[line.who].user_left.empty()) Blame(at, "a second user_left");
        clients_[line.who].user_left.push_back(at);
        GivenUp(at, {OtherEnd(line.who)});
        break;
      case What::kTerminated:
        if (!clients_[line.who].terminated.empty()) Blame(at, "a second session:terminated");
        clients_[line.who].terminated.push_back(at);
        if (line.detail != kEndedByRun) GivenUp(at, {line.who, OtherEnd(line.who)});
        break;
      case What::kUnauthorized:
        GivenUp(at, {line.who, OtherEnd(line.who)});
        break;
      case What::kResumeFailed:
        clients_[line.who].resume_failed.push_back(at);
        BlameLate(at, "a resume failed");
        break;
      case What::kNodeDied:
        outages_.push_back({line.who, at, at});
        break;
      case What::kCutOff:
        outages_.push_back({line.who, at, kNever});
        break;
      case What::kBack:
        for (Outage& outage : outages_) {
          if (outage.node == line.who && outage.end == kNever) outage.end = at;
        }
        break;
      case What::kFaultEnds:
        fault_ended_ = at;
        break;
      case What::kPairedAgain:
        if (fault_ended_ == kNever) {
          Blame(at, "no fault had ended");
        } else if (Between(fault_ended_, at) >
                   static_cast<std::uint64_t>(kPairsAgainWithin.count()) * kMicroseconds) {
          BlameLate(at, "pairing worked again too late");
        }
        fault_ended_ = kNever;
        break;
      case What::kSettled:
        settled_ = at;
        break;
      case What::kOpened: {
        Socket& socket = clients_[line.who].sockets[line.socket];
        socket.opened = at;
        socket.node = line.detail;
        break;
      }
      case What::kResumed:
      case What::kDraining:
      case What::kFaultBegins:
      case What::kNote:
        break;
    }
  }

  // One of them, so it must have been away for the window.
  void GivenUp(std::size_t at, const std::vector<std::string>& whom) {
    std::uint64_t longest = 0;
    for (const std::string& who : whom) {
      // Its last one that was welcomed.
      std::size_t lost = kNever;
      for (const auto& [number, socket] : clients_[who].sockets) {
        if (socket.opened != kNever) lost = socket.lost;
      }
      if (lost != kNever) longest = std::max(longest, Between(lost, at));
    }
    if (longest < kWindowMicroseconds) return Blame(at, "given up before its time");
    BlameLate(at, "given up");
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
    const auto socket = sender.sockets.find(text.socket);
    const std::size_t lost = socket == sender.sockets.end() ? kNever : socket->second.lost;
    const std::size_t answer = text.answer();
    if (answer == kNever && !(lost < settled_)) Blame(text.sent, "nobody told what became of it");
    const std::size_t until = std::min(answer, lost);
    if (until != kNever && until > text.sent &&
        Between(text.sent, until) >
            static_cast<std::uint64_t>(kAnswersWithin.count()) * kMicroseconds) {
      BlameLate(text.sent, "answered too late");
    }
    if (!text.acked.empty() && text.got.empty()) {
      const auto found = clients_.find(OtherEnd(who));
      static const Client kNobody;
      const Client& receiver = found == clients_.end() ? kNobody : found->second;
      const auto told = [&](const std::vector<std::size_t>& news) {
        return std::any_of(news.begin(), news.end(),
                           [&](std::size_t at) { return at > text.sent && at < settled_; });
      };
      const bool excused =
          told(sender.user_left) || told(sender.terminated) || told(receiver.resume_failed);
      if (!excused) Blame(text.sent, "acknowledged and lost");
    }
    if (text.got.size() > 1 && !MayComeTwice(who, text)) {
      Blame(text.got.back(), "a text came twice");
    }
  }

  // A node died, or was cut off, before it could tell what became of the text; or it had been given
  // the text for a client that came back there.
  bool MayComeTwice(const std::string& who, const Text& text) const {
    const std::map<std::uint64_t, Socket>& sockets = clients_.at(OtherEnd(who)).sockets;
    const std::size_t arrival = text.got.front();
    const auto first = sockets.find(history_[arrival].socket);
    if (first == sockets.end()) return false;
    // Where the receiver was between the text's sending and its arrival.
    std::set<std::string> nodes = {first->second.node};
    std::string before;
    for (const auto& [number, socket] : sockets) {
      if (socket.opened > arrival) continue;
      if (socket.opened < text.sent) {
        before = socket.node;
      } else {
        nodes.insert(socket.node);
      }
    }
    nodes.insert(before);
    const bool kept = first->second.opened > text.sent;
    return std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
      const bool unsettled =
          nodes.contains(outage.node) && text.sent < outage.end && outage.begin < text.answer();
      const bool given =
          kept && first->second.node == outage.node && arrival < outage.end &&
          (outage.begin < arrival || Between(arrival, outage.begin) < kGivenMicroseconds);
      return unsettled || given;
    });
  }

  const History& history_;
  std::map<std::string, Client> clients_;
  std::vector<Outage> outages_;
  std::size_t settled_ = kNever;
  std::size_t fault_ended_ = kNever;
  Findings findings_;
};

}  // namespace

Findings Check(const History& history) { return Judge(history).Run(); }

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
      case What::kCutOff:
      case What::kBack:
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
