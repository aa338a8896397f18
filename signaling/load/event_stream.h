// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// EventStream: a waiting display's connection: server-sent events (WHATWG HTML 9.2). It does not
// reconnect by itself: that a stream ended is a figure of the run.
#ifndef PAIRWIRE_SIGNALING_LOAD_EVENT_STREAM_H_
#define PAIRWIRE_SIGNALING_LOAD_EVENT_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "signaling/load/connection.h"
#include "signaling/load/response_reader.h"

namespace pairwire::load {

class EventStream : private Connection {
 public:
  // One stream or very many: they share this. No call may destroy the stream.
  class Events {
   public:
    // The head came. Anything but 200 is followed by OnStreamEnded.
    virtual void OnStreamOpen(EventStream& stream, int status) = 0;
    virtual void OnEvent(EventStream& stream, std::string_view type, std::string_view data) = 0;
    // The relay ended it, or it never came to be; not after Leave.
    virtual void OnStreamEnded(EventStream& stream) = 0;

   protected:
    ~Events() = default;
  };

  // `tag`: whatever the owner tells streams apart by.
  EventStream(Reactor& reactor, Events& events, std::size_t tag);

  // `last_event_id`: where to resume; empty: everything from the start.
  bool Listen(const Target& target, std::uint32_t source, std::string_view path,
              std::string_view token, std::string_view last_event_id = {});
  void Leave() { Close(); }

  std::size_t tag() const { return tag_; }
  bool is_listening() const { return is_open() && opened_; }
  // The head of an answer came since the last Listen.
  bool was_answered() const { return opened_; }
  std::uint64_t comments() const { return comments_; }
  const std::string& last_event_id() const { return last_event_id_; }

 private:
  void OnBytes(std::string_view bytes) override;
  void OnClosed() override;
  void TakeLine(std::string_view line);
  void TakeBody(std::string_view body);

  Events& events_;
  const std::size_t tag_;
  bool opened_ = false;
  std::uint64_t comments_ = 0;
  // Only while it has something: an idle stream of 50,000 holds none.
  std::unique_ptr<ResponseReader> reader_;
  std::string line_;
  std::string type_;
  std::string data_;
  std::string last_event_id_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_EVENT_STREAM_H_
