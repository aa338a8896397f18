// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/event_stream.h"

#include <utility>

namespace pairwire::load {

EventStream::EventStream(Reactor& reactor, Events& events, std::size_t tag)
    : Connection(reactor), events_(events), tag_(tag) {}

bool EventStream::Listen(const Target& target, std::uint32_t source, std::string_view path,
                         std::string_view token, std::string_view last_event_id) {
  opened_ = false;
  line_.clear();
  type_.clear();
  data_.clear();
  reader_ = std::make_unique<ResponseReader>();
  if (!Open(target, source)) return false;
  std::string request;
  request.reserve(256);
  request.append("GET ").append(target.path).append(path).append(" HTTP/1.1\r\nHost: ");
  request.append(target.host).append("\r\nAccept: text/event-stream\r\nAuthorization: Bearer ");
  request.append(token).append("\r\n");
  if (!last_event_id.empty()) {
    request.append("Last-Event-ID: ").append(last_event_id).append("\r\n");
  }
  request.append("\r\n");
  return Write(request);
}

void EventStream::OnBytes(std::string_view bytes) {
  reader_->Feed(bytes);
  if (!opened_ && reader_->has_head()) {
    opened_ = true;
    events_.OnStreamOpen(*this, reader_->response().status);
  }
  if (reader_->has_head() && is_open()) TakeBody(reader_->TakeBody());
  if (reader_->failed() || reader_->done()) {
    Close();
    events_.OnStreamEnded(*this);
  }
}

void EventStream::TakeBody(std::string_view body) {
  while (!body.empty() && is_open()) {
    const std::size_t end = body.find('\n');
    if (end == std::string_view::npos) {
      line_.append(body);
      return;
    }
    if (line_.empty()) {
      TakeLine(body.substr(0, end));
    } else {
      const std::string line = std::exchange(line_, {}) + std::string(body.substr(0, end));
      TakeLine(line);
    }
    body.remove_prefix(end + 1);
  }
}

void EventStream::TakeLine(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    if (!data_.empty()) events_.OnEvent(*this, type_, data_);
    type_ = std::string();
    data_ = std::string();
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) {
    ++comments_;
    return;
  }
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (name == "event") type_ = value;
  if (name == "id") last_event_id_ = value;
  if (name == "data") {
    if (!data_.empty()) data_ += '\n';
    data_.append(value);
  }
}

void EventStream::OnClosed() {
  reader_->End();
  events_.OnStreamEnded(*this);
}

}  // namespace pairwire::load
