// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Reporter: what a program tells its user: lines for a person, or one JSON object a line (--json).
// Events go to stdout, errors and the progress bar to stderr. Any thread; one event is one write.
#ifndef PAIRWIRE_SAMPLES_COMMON_REPORTER_H_
#define PAIRWIRE_SAMPLES_COMMON_REPORTER_H_

#include <pairwire/bulk.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire::samples {

using Seconds = std::chrono::duration<double>;

struct PingResult {
  int count = 0;
  double p50_us = 0;
  double p99_us = 0;
};

class Reporter {
 public:
  // `program` begins error lines.
  Reporter(std::string program, bool json);

  void Code(const PairingCode& code);
  // --no-secret: what it gives up.
  void NoSecret();
  void Paired(std::string_view peer_name);
  void Connected(const Session& session);
  // The two ends know each other from now on.
  void Remembered(std::string_view pairing_id);
  // `who`: which of several it came from.
  void Text(std::string_view text, std::string_view who = {});
  void Binary(ByteSpan data);
  void File(const ReceivedFile& file, Seconds took);
  // About every 2 % of `size` with --json, a bar on a terminal, else nothing.
  void Progress(std::string_view name, const FileProgress& progress, std::uint64_t size);
  // The other end has the first `offset` bytes of the file from an earlier try.
  void Resuming(std::string_view name, std::uint64_t offset, std::uint64_t size);
  // The connection is gone in the middle of a file, which goes on with the next one.
  void Waiting(std::string_view name);
  // The relay carries the session, and no files: `name`, or all files when it is empty, waits for a
  // direct path. On stderr; with --json also an event.
  void NeedsDirectPath(std::string_view name);
  // There is one, and it goes on. The same.
  void HasDirectPath(std::string_view name);
  // What was sent has been acknowledged by the other end.
  void Ack(std::uint64_t messages, std::uint64_t bytes);
  void Ping(const PingResult& result);
  // A frame of the controller's was shown, at this time of steady_clock; with --json only.
  void Frame(std::uint64_t frame, std::int64_t shown_us, std::int64_t late_us);
  // What a program has to say that no other does: `json` with --json, else `line`.
  void Say(const std::string& json, const std::string& line) { Print(json, line); }
  // A session is over: "disconnected" with the reason when it was lost, then always "closed".
  void Closed(const std::optional<pairwire::Error>& error);
  // One line on stderr; with --json also an event.
  void Error(std::string_view code, std::string_view message);
  void Error(const pairwire::Error& error);

 private:
  void Print(const std::string& json, const std::string& line);
  void PrintOnStderr(std::string_view line);
  void EndBar();

  const std::string program_;
  const bool json_;
  const bool bar_wanted_;
  std::mutex mutex_;
  bool bar_shown_ = false;
  int last_percent_ = -1;
};

// Text from the other end made fit for a terminal: control characters, which could move the cursor
// or worse, become '?'; line breaks and tabs stay.
std::string Printable(std::string_view text);

// What a person needs to know of a candidate line: "192.0.2.1:50000 (host)".
std::string DescribeCandidate(std::string_view candidate);

}  // namespace pairwire::samples

#endif  // PAIRWIRE_SAMPLES_COMMON_REPORTER_H_
