// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/response_reader.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace pairwire::load {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxLineBytes = 1024;

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <typename T>
bool ReadNumber(std::string_view text, int base, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string_view Response::Header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !EqualsIgnoringCase(line.substr(0, colon), name)) {
      continue;
    }
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
      value.remove_prefix(1);
    }
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    return value;
  }
  return {};
}

std::string ResponseReader::TakeBody() { return std::exchange(response_.body, {}); }

Response ResponseReader::Take() {
  Response response = std::move(response_);
  Clear();
  return response;
}

void ResponseReader::TakeHead(std::string_view& bytes) {
  std::string& head = response_.head;
  const std::size_t before = head.size();
  head.append(bytes.substr(0, kMaxHeadBytes));
  const std::size_t end = head.find(kHeadEnd, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    bytes = {};
    if (head.size() >= kMaxHeadBytes) state_ = State::kFailed;
    return;
  }
  bytes.remove_prefix(end + kHeadEnd.size() - before);
  head.resize(end + 2);
  const std::string_view line = std::string_view(head).substr(0, head.find("\r\n"));
  if (line.size() < 12 || line.substr(0, 7) != "HTTP/1." ||
      !ReadNumber(line.substr(9, 3), 10, response_.status)) {
    state_ = State::kFailed;
    return;
  }
  const int status = response_.status;
  if (status >= 100 && status < 200 && status != 101) {  // an interim response
    response_ = Response();
    return;
  }
  const std::string_view length = response_.Header("Content-Length");
  if (status == 101 || status == 204 || status == 304) {
    state_ = State::kDone;
  } else if (EqualsIgnoringCase(response_.Header("Transfer-Encoding"), "chunked")) {
    state_ = State::kChunkSize;
  } else if (length.empty()) {
    state_ = State::kToEnd;
  } else if (!ReadNumber(length, 10, left_) || left_ > kMaxBodyBytes) {
    state_ = State::kFailed;
  } else {
    state_ = left_ == 0 ? State::kDone : State::kLength;
  }
}

void ResponseReader::TakeBytes(std::string_view& bytes) {
  const bool bounded = state_ != State::kToEnd;
  const std::size_t count =
      bounded ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()))
              : bytes.size();
  response_.body.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  if (response_.body.size() > kMaxBodyBytes) {
    state_ = State::kFailed;
    return;
  }
  if (!bounded) return;
  left_ -= count;
  if (left_ == 0) state_ = state_ == State::kChunk ? State::kChunkEnd : State::kDone;
}

bool ResponseReader::TakeLine(std::string_view& bytes, std::string& line) {
  const std::size_t end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line_.size() > kMaxLineBytes) state_ = State::kFailed;
  if (end == std::string_view::npos) return false;
  line = std::exchange(line_, {});
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return true;
}

void ResponseReader::TakeChunkSize(const std::string& line) {
  const std::string_view size = std::string_view(line).substr(0, line.find_first_of("; \t"));
  if (!ReadNumber(size, 16, left_) || left_ > kMaxBodyBytes) {
    state_ = State::kFailed;
  } else {
    state_ = left_ == 0 ? State::kTrailer : State::kChunk;
  }
}

void ResponseReader::Feed(std::string_view& bytes) {
  std::string line;
  while (!bytes.empty() && state_ != State::kDone && state_ != State::kFailed) {
    switch (state_) {
      case State::kHead:
        TakeHead(bytes);
        break;
      case State::kLength:
      case State::kChunk:
      case State::kToEnd:
        TakeBytes(bytes);
        break;
      case State::kChunkSize:
        if (TakeLine(bytes, line)) TakeChunkSize(line);
        break;
      case State::kChunkEnd:
        if (TakeLine(bytes, line)) state_ = line.empty() ? State::kChunkSize : State::kFailed;
        break;
      case State::kTrailer:
        if (TakeLine(bytes, line) && line.empty()) state_ = State::kDone;
        break;
      case State::kDone:
      case State::kFailed:
        break;
    }
  }
}

void ResponseReader::End() {
  state_ = state_ == State::kToEnd || state_ == State::kDone ? State::kDone : State::kFailed;
}

}  // namespace pairwire::load
