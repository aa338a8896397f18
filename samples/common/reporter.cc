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

#include "samples/common/sha256.h"

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

// "123456789" -> "123 456 789"
std::string Grouped(const std::string& code) {
  if (code.size() < 6) return code;
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

void Reporter::EndBar() {
  if (std::exchange(bar_shown_, false)) std::fputs("\n", stderr);
}

void Reporter::Code(const PairingCode& code) {
  const long long seconds = code.expires_in.count();
  Print(Dump({{"event", "code"}, {"code", code.code}, {"expiresIn", seconds}}),
        "Code: " + Grouped(code.code) + "   (valid for " + std::to_string(seconds) + " s)");
}

void Reporter::Paired(std::string_view peer_name) {
  Print(Dump({{"event", "paired"}, {"name", peer_name}}),
        peer_name.empty() ? "Paired." : "Paired with " + Printable(peer_name) + ".");
}

void Reporter::Connected(const Session& session) {
  const SessionPath path = session.path();
  const char* const how = path.relayed ? "relayed" : "direct";
  Print(Dump({{"event", "connected"},
              {"path", how},
              {"localCandidate", path.local_candidate},
              {"remoteCandidate", path.remote_candidate}}),
        std::string("Connected, ") + how + ": " + DescribeCandidate(path.local_candidate) + " to " +
            DescribeCandidate(path.remote_candidate));
}

void Reporter::Text(std::string_view text) {
  Print(json_ ? Dump({{"event", "message"}, {"text", text}}) : "", Printable(text));
}

void Reporter::Binary(ByteSpan data) {
  const std::string sha256 = Sha256Hex(data);
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

void Reporter::Progress(std::string_view name, std::uint64_t sent, std::uint64_t size) {
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
    const std::string json =
        Dump({{"event", "progress"}, {"name", name}, {"sent", sent}, {"size", size}});
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
  const std::lock_guard lock(mutex_);
  EndBar();
  std::fprintf(stderr, "%s: %s\n", program_.c_str(), Printable(message).c_str());
  std::fflush(stderr);
}

void Reporter::Error(const pairwire::Error& error) {
  const std::string_view code = ToString(error.code);
  Error(code, error.detail.empty() ? code : std::string_view(error.detail));
}

}  // namespace pairwire::samples
