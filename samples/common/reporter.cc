// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/reporter.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "peer/bulk/sha256.h"

namespace pairwire::samples {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

// To so many parts of one: dividing last gives the shortest decimal, 71.1 and
// not 71.10000000000001.
double Rounded(double value, double parts) { return std::round(value * parts) / parts; }

double MegabytesPerSecond(std::uint64_t bytes, Seconds took) {
  return static_cast<double>(bytes) / 1e6 / std::max(took.count(), 1e-6);
}

// "123456789" -> "123 456 789"; a code with letters is grouped already.
std::string Grouped(const std::string& code) {
  if (code.size() < 6 || code.find('-') != std::string::npos) return code;
  std::string grouped;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0 && i % 3 == 0) grouped += ' ';
    grouped += code[i];
  }
  return grouped;
}

std::string Bar(std::string_view name, std::uint64_t sent, std::uint64_t size, int percent) {
  constexpr int kWidth = 30;
  const int filled = percent * kWidth / 100;
  std::string bar(static_cast<std::size_t>(filled), '#');
  bar.resize(kWidth, '.');
  return "\r" + Printable(name) + " [" + bar + "] " + std::to_string(percent) + " % of " +
         Fixed(static_cast<double>(size) / 1e6, 1) + " MB" + (sent == size ? "  " : "");
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c0 = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
    // U+0080..U+009F, the second set of control characters, are 0xC2 0x80..0x9F in UTF-8.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) <= 0x9F;
    printable += c0 || c1 ? '?' : text[i];
    if (c1) ++i;
  }
  return printable;
}

std::string DescribeCandidate(std::string_view candidate) {
  std::istringstream words{std::string(candidate)};
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(std::move(word));
  // foundation component transport priority address port typ type…
  if (fields.size() < 8) return "unknown";
  return fields[4] + ":" + fields[5] + " (" + fields[7] + ")";
}

Reporter::Reporter(std::string program, bool json)
    : program_(std::move(program)), json_(json), bar_wanted_(!json && isatty(STDERR_FILENO) == 1) {}

void Reporter::Print(const std::string& json, const std::string& line) {
  const std::lock_guard lock(mutex_);
  EndBar();
  const std::string& text = json_ ? json : line;
  if (text.empty()) return;
  std::fprintf(stdout, "%s\n", text.c_str());
  std::fflush(stdout);
}

void Reporter::PrintOnStderr(std::string_view line) {
  const std::lock_guard lock(mutex_);
  EndBar();
  std::fprintf(stderr, "%s: %s\n", program_.c_str(), Printable(line).c_str());
  std::fflush(stderr);
}

void Reporter::EndBar() {
  if (std::exchange(bar_shown_, false)) std::fputs("\n", stderr);
}

void Reporter::Code(const PairingCode& code) {
  if (code.code.empty()) {
    Print(Dump({{"event", "code-void"}}),
          "The controller is back: the code is not valid any more.");
    return;
  }
  const long long seconds = code.expires_in.count();
  Json json = {{"event", "code"}, {"code", code.code}, {"expiresIn", seconds}};
  std::string line =
      "Code: " + Grouped(code.code) + "   (valid for " + std::to_string(seconds) + " s";
  if (code.failed_attempts > 0) {
    json["failedAttempts"] = code.failed_attempts;
    line += ", failed attempts: " + std::to_string(code.failed_attempts);
  }
  line += ')';
  if (!code.url.empty()) {
    json["url"] = code.url;
    line += "\n  or open " + code.url;
  }
  Print(Dump(json), line);
}

void Reporter::Paired(std::string_view peer_name) {
  Print(Dump({{"event", "paired"}, {"name", peer_name}}),
        peer_name.empty() ? "Paired." : "Paired with " + Printable(peer_name) + ".");
}

void Reporter::NoSecret() {
  constexpr std::string_view kGivesUp =
      "Without a secret whoever runs the relay, or guesses the digits, can sit between the two "
      "ends.";
  Print(Dump({{"event", "no-secret"}, {"message", kGivesUp}}), std::string(kGivesUp));
}

void Reporter::Connected(const Session& session) {
  const SessionPath path = session.path();
  const char* const how = path.relayed ? "relayed" : "direct";
  const PeerInfo peer = session.peer();
  Json json = {{"event", "connected"},
               {"path", how},
               {"carrier", ToString(path.carrier)},
               {"authenticated", peer.authenticated},
               {"localCandidate", path.local_candidate},
               {"remoteCandidate", path.remote_candidate}};
  if (!peer.pairing_id.empty()) json["pairingId"] = peer.pairing_id;
  const std::string way = path.carrier == Carrier::kRelay
                              ? "in encrypted boxes through the signaling relay"
                              : DescribeCandidate(path.local_candidate) + " to " +
                                    DescribeCandidate(path.remote_candidate);
  Print(Dump(json), std::string("Connected, ") + how + ": " + way);
}

void Reporter::Remembered(std::string_view pairing_id) {
  Print(Dump({{"event", "remembered"}, {"pairingId", pairing_id}}),
        "Remembered: from now on the two connect without a code.");
}

void Reporter::Text(std::string_view text, std::string_view who) {
  std::string json;
  if (json_) {
    Json message = {{"event", "message"}, {"text", text}};
    if (!who.empty()) message["display"] = who;
    json = Dump(message);
  }
  Print(json, (who.empty() ? "" : Printable(who) + ": ") + Printable(text));
}

void Reporter::Binary(ByteSpan data) {
  const std::string sha256 = bulk::Sha256Hex(data);
  Print(Dump({{"event", "message"}, {"size", data.size()}, {"sha256", sha256}}),
        "[" + std::to_string(data.size()) + " bytes, SHA-256 " + sha256 + "]");
}

void Reporter::File(const ReceivedFile& file, Seconds took) {
  const double rate = MegabytesPerSecond(file.size, took);
  Json json = {{"event", "file"},
               {"name", file.name},
               {"size", file.size},
               {"sha256", file.sha256},
               {"seconds", Rounded(took.count(), 1e6)},
               {"megabytesPerSecond", Rounded(rate, 100)}};
  if (!file.path.empty()) json["path"] = file.path;
  Print(Dump(json), "File " + Printable(file.path.empty() ? file.name : file.path) + ": " +
                        std::to_string(file.size) + " bytes in " + Fixed(took.count(), 3) + " s (" +
                        Fixed(rate, 1) + " MB/s), SHA-256 " + file.sha256);
}

void Reporter::Resuming(std::string_view name, std::uint64_t offset, std::uint64_t size) {
  Print(Dump({{"event", "resuming"}, {"name", name}, {"offset", offset}, {"size", size}}),
        "File " + Printable(name) + ": resuming at " + std::to_string(offset) + " bytes of " +
            std::to_string(size) + ".");
}

void Reporter::Waiting(std::string_view name) {
  Print(Dump({{"event", "waiting"}, {"name", name}}),
        "File " + Printable(name) +
            ": broke off; what came is kept, and it goes on with the next connection.");
}

void Reporter::NeedsDirectPath(std::string_view name) {
  Json json = {{"event", "waiting"}, {"for", "direct"}};
  if (!name.empty()) json["name"] = name;
  if (json_) Print(Dump(json), "");
  PrintOnStderr(
      (name.empty() ? std::string("files wait") : "file " + std::string(name) + " waits") +
      " for a direct path: the relay carries messages only");
}

void Reporter::HasDirectPath(std::string_view name) {
  Json json = {{"event", "going-on"}};
  if (!name.empty()) json["name"] = name;
  if (json_) Print(Dump(json), "");
  PrintOnStderr("there is a direct path: " + (name.empty()
                                                  ? std::string("files go on")
                                                  : "file " + std::string(name) + " goes on"));
}

void Reporter::Progress(std::string_view name, const FileProgress& progress, std::uint64_t size) {
  const std::uint64_t sent = progress.sent;
  if (!json_ && !bar_wanted_) return;
  const int percent =
      size == 0 ? 100
                : static_cast<int>(static_cast<double>(sent) * 100 / static_cast<double>(size));
  const std::lock_guard lock(mutex_);
  constexpr int kStep = 2;
  const bool restarted = percent < last_percent_;
  if (!restarted && percent < last_percent_ + kStep && sent != size) return;
  last_percent_ = sent == size ? -1 : percent;
  if (json_) {
    const std::string json = Dump({{"event", "progress"},
                                   {"name", name},
                                   {"sent", sent},
                                   {"stored", progress.stored},
                                   {"size", size}});
    std::fprintf(stdout, "%s\n", json.c_str());
    std::fflush(stdout);
    return;
  }
  bar_shown_ = true;
  std::fputs(Bar(name, sent, size, percent).c_str(), stderr);
  std::fflush(stderr);
}

void Reporter::Ack(std::uint64_t messages, std::uint64_t bytes) {
  Print(Dump({{"event", "ack"}, {"messages", messages}, {"bytes", bytes}}),
        "Delivered: " + std::to_string(messages) + (messages == 1 ? " message, " : " messages, ") +
            std::to_string(bytes) + " bytes.");
}

void Reporter::Ping(const PingResult& result) {
  Print(Dump({{"event", "ping"},
              {"count", result.count},
              {"p50Us", Rounded(result.p50_us, 10)},
              {"p99Us", Rounded(result.p99_us, 10)}}),
        std::to_string(result.count) + " round trips: median " + Fixed(result.p50_us, 0) +
            " us, 99 % below " + Fixed(result.p99_us, 0) + " us");
}

void Reporter::Frame(std::uint64_t frame, std::int64_t shown_us, std::int64_t late_us) {
  if (!json_) return;
  Print(Dump({{"event", "frame"}, {"frame", frame}, {"shownUs", shown_us}, {"lateUs", late_us}}),
        "");
}

void Reporter::Closed(const std::optional<pairwire::Error>& error) {
  if (error) {
    Print(Dump({{"event", "disconnected"},
                {"code", ToString(error->code)},
                {"message", error->detail}}),
          "");
  }
  Print(Dump({{"event", "closed"}}),
        error ? "Session lost: " + Printable(ToString(*error)) : "Session closed.");
}

void Reporter::Error(std::string_view code, std::string_view message) {
  if (json_) Print(Dump({{"event", "error"}, {"code", code}, {"message", message}}), "");
  PrintOnStderr(message);
}

void Reporter::Error(const pairwire::Error& error) {
  const std::string_view code = ToString(error.code);
  Error(code, error.detail.empty() ? code : std::string_view(error.detail));
}

}  // namespace pairwire::samples
