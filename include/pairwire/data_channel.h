// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// DataChannel: one message channel of a PeerConnection (W3C RTCDataChannel, RFC 8831, RFC 8832).
//
// A handle: move-only, callable from any thread, also from inside any callback. The channel itself
// lives on its Network's loop. Destroying the handle closes the channel; after the destructor
// returns no callback of this channel starts, and off the loop thread none is running (so do not
// destroy it while holding a lock that a callback takes).
//
// Not here: media, and promises across a lost connection (session.h).
#ifndef PAIRWIRE_DATA_CHANNEL_H_
#define PAIRWIRE_DATA_CHANNEL_H_

#include <pairwire/bytes.h>
#include <pairwire/configuration.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pairwire {

// W3C RTCDataChannelState.
enum class DataChannelState { kConnecting, kOpen, kClosing, kClosed };
std::string_view ToString(DataChannelState state);

// A received message; the bytes are valid during the callback only.
struct Message {
  ByteSpan data;
  bool is_text = false;  // Text is UTF-8 as the sender says; it is not checked.
};

// Called on the loop thread, one at a time, with no lock held: every method of Pairwire may be
// called from inside, also the destruction of the handle. They must not block. Any of them may be
// empty.
struct DataChannelEvents {
  // The channel is open; also called when it was open before Subscribe.
  std::function<void()> on_open = nullptr;
  std::function<void(const Message&)> on_message = nullptr;
  // buffered_amount fell from above the threshold to it or below.
  std::function<void()> on_buffered_amount_low = nullptr;
  // Once; nothing follows. The error is empty after an orderly close by either end.
  std::function<void(std::optional<Error>)> on_closed = nullptr;
};

class DataChannel {
 public:
  // An empty handle: state() is kClosed, everything else answers kClosed.
  DataChannel();
  DataChannel(DataChannel&&) noexcept;
  DataChannel& operator=(DataChannel&&) noexcept;
  ~DataChannel();

  // Sets the handlers and starts delivery. Until then nothing is delivered and nothing is lost:
  // received messages wait (PeerConfiguration::max_receive_buffer). A second call replaces the
  // handlers.
  void Subscribe(DataChannelEvents events);

  // Queues one message, which travels as the channel was made (DataChannelInit). Answers at once:
  //   kInvalidState     the channel is still connecting
  //   kClosed           it is closing or closed, or its connection is
  //   kMessageTooLarge  over the other end's max-message-size, or over max_buffered_amount
  //   kBufferFull       max_buffered_amount would be exceeded, or too many messages wait;
  //   WhenWritable
  //                     or on_buffered_amount_low tell when to go on
  // An error means that nothing was queued. An empty message is a message. Nothing that was
  // accepted is dropped while the connection lives, except as the channel's limits say.
  //
  // From the loop's thread (inside a callback) the message goes to SCTP at once; messages of one
  // turn of the loop share packets. From any other thread it is posted; those of one burst travel
  // together.
  [[nodiscard]] Result<void> Send(std::string_view text);
  [[nodiscard]] Result<void> Send(ByteSpan data);

  // As Send of binary data, without a copy on the way to SCTP: `data` is moved from, or shared with
  // whoever else has it (to send the same to many), and must not change any more. After an error
  // `data` is untouched.
  [[nodiscard]] Result<void> Send(Bytes&& data);
  [[nodiscard]] Result<void> Send(SharedBytes data);

  // Sends the parts as one binary message, gathered in one copy.
  [[nodiscard]] Result<void> SendGathered(std::span<const ByteSpan> parts);

  // Calls `done` once, on the loop: with nothing when a message of `bytes` has room, so that a Send
  // from inside it succeeds; or with the reason why there will never be room: kClosed,
  // kMessageTooLarge, kCancelled when the handle is destroyed. Never from inside this call, unless
  // the Network is gone. To spare wake-ups it waits until half of max_buffered_amount is free, if
  // it has to wait. All channels of a connection stand in one line: who came first goes first. With
  // coroutines: coroutine.h.
  void WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done);

  // Bytes accepted by Send that the other end has not acknowledged yet (RFC 9260: cumulatively),
  // exactly for each channel; an empty message counts one. What was given up before any of it was
  // sent, in a channel with a limit, counts until everything before it has been acknowledged.
  std::size_t buffered_amount() const;

  // Default 0 (W3C). on_buffered_amount_low fires when buffered_amount falls to it.
  void SetBufferedAmountLowThreshold(std::size_t bytes);

  // Stops and resumes on_message. While paused, messages wait within max_receive_buffer; then the
  // SCTP window closes and the sender waits. Nothing is dropped.
  void PauseReceiving();
  void ResumeReceiving();

  // Closes after everything that was sent before has been acknowledged (RFC 8831 section 6.7).
  // Returns at once; on_closed tells when it is done, with an error if something that was sent may
  // not have arrived. There is no half-closed channel: when the other end closes, what we have sent
  // until then still goes out, then our direction closes, too.
  void Close();

  DataChannelState state() const;
  const std::string& label() const;
  const std::string& protocol() const;
  bool ordered() const;
  std::optional<std::uint16_t> max_retransmits() const;
  std::optional<std::chrono::milliseconds> max_packet_life_time() const;
  DataChannelPriority priority() const;
  bool negotiated() const;
  // The SCTP stream; empty until it is known (after the DTLS role is).
  std::optional<std::uint16_t> id() const;

 private:
  friend class DataChannelFactory;
  struct Impl;
  explicit DataChannel(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // Shared with the loop: either side may go first.
};

}  // namespace pairwire

#endif  // PAIRWIRE_DATA_CHANNEL_H_
