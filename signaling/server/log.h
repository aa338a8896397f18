// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Log: the relay's own log, one line of key=value pairs per event on stderr. Callers pass only what
// may be read by anybody who reads logs: never a code, a token, an SDP, a candidate, an address or
// a path as the client sent it (routes are logged by their pattern). A client is named by
// ClientTag, a keyed hash.
//
// Not here: the peer library's log sink (include/pairwire/log.h), which the relay does not use.
#ifndef PAIRWIRE_SIGNALING_SERVER_LOG_H_
#define PAIRWIRE_SIGNALING_SERVER_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace pairwire::server {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}

  std::string_view key;
  std::string value;
};

class Log {
 public:
  explicit Log(LogLevel level);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool Enabled(LogLevel level) const { return level >= level_ && level != LogLevel::kOff; }

  // `event` is a fixed word ("started", "request"), `fields` follow it in order. Values with
  // spaces, quotes or control characters are quoted, so that a line stays one line. Any thread.
  void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

  void Debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (Enabled(LogLevel::kDebug)) Write(LogLevel::kDebug, event, fields);
  }
  void Info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (Enabled(LogLevel::kInfo)) Write(LogLevel::kInfo, event, fields);
  }
  void Warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (Enabled(LogLevel::kWarning)) Write(LogLevel::kWarning, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    if (Enabled(LogLevel::kError)) Write(LogLevel::kError, event, fields);
  }

  // Eight hex digits that stand for a client address in the lines of this process, so that an
  // operator can see that two lines are about one client without learning which. The key is random
  // and never stored.
  std::string ClientTag(std::string_view address) const;

 private:
  struct Sink;
  const LogLevel level_;
  std::unique_ptr<Sink> sink_;
};

// One `key=value`, quoted when it must be. For tests.
std::string FormatLogField(std::string_view key, std::string_view value);

}  // namespace pairwire::server

#endif  // PAIRWIRE_SIGNALING_SERVER_LOG_H_
