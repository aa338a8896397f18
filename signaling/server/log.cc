// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/log.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace pairwire::server {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger{"relay", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::array<unsigned char, 32> client_key{};
};

Log::Log(LogLevel level) : level_(level), sink_(std::make_unique<Sink>()) {
  sink_->logger.set_level(ToSpdlog(level));
  sink_->logger.set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v",
                            spdlog::pattern_time_type::utc);
  sink_->logger.flush_on(spdlog::level::debug);
  RAND_bytes(sink_->client_key.data(), static_cast<int>(sink_->client_key.size()));
}

Log::~Log() = default;

void Log::Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!Enabled(level)) return;
  std::string line = FormatLogField("event", event);
  for (const LogField& field : fields) {
    line += ' ';
    line += FormatLogField(field.key, field.value);
  }
  // As a string, not as a format: `line` may contain braces.
  sink_->logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

std::string Log::ClientTag(std::string_view address) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), sink_->client_key.data(), static_cast<int>(sink_->client_key.size()),
       reinterpret_cast<const unsigned char*>(address.data()), address.size(), digest.data(),
       &size);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string tag;
  for (std::size_t i = 0; i < 4; ++i) {
    tag += kHex[digest[i] >> 4];
    tag += kHex[digest[i] & 15];
  }
  return tag;
}

std::string FormatLogField(std::string_view key, std::string_view value) {
  std::string out(key);
  out += '=';
  const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
  if (plain) return out.append(value);
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    out += control ? '?' : c;
  }
  out += '"';
  return out;
}

}  // namespace pairwire::server
