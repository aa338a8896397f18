// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Messages that travel as several SCTP messages, their parts, so that other channels' messages can
// go between them without RFC 8260: all parts but the last have one of the PPIDs that mean "goes
// on" (52 binary, 54 string), the last has the message's own (53, 51). RFC 8831 section 6.6
// deprecates them, because SCTP was to mix messages by itself; ends of ours use them with one
// another, and old stacks send them (draft-ietf-rtcweb-data-channel).
//
// The parts of a message are ordered SCTP messages of a reliable stream, so what comes between two
// of them in that order is an error; unordered SCTP messages are whole ones and may come at any
// time.
//
// Here: what a PPID says, how parts are put together within bounds, and how many messages a sender
// may have begun. Pure: no channels, no association (channel_mux has those).
#ifndef PAIRWIRE_SCTP_MESSAGE_PARTS_H_
#define PAIRWIRE_SCTP_MESSAGE_PARTS_H_

#include <pairwire/bytes.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "sctp/types.h"

namespace pairwire::sctp {

// Messages that end by themselves are mixed with each other up to the first size, with at most so
// many bytes begun; larger ones up to what the other end takes in one message. So an end that gives
// parts room for a largest message and kAllSideBySide holds what an end of ours sends, whatever the
// path does.
inline constexpr std::size_t kSideBySide = 1024 * 1024;
inline constexpr std::size_t kAllSideBySide = 4 * 1024 * 1024;

// What the PPID of a user message says.
struct MessageKind {
  bool is_text = false;
  bool is_empty = false;
  bool goes_on = false;  // a part, and not the last
};
// Empty: none that users have.
std::optional<MessageKind> KindOf(Ppid ppid);

// kString or kBinary as all parts but the last carry it.
Ppid PartialPpid(Ppid ppid);

// What the parts of all channels of a connection may take.
struct PartsRoom {
  std::size_t largest_message = 0;
  std::size_t all = 0;
  std::size_t used = 0;
  std::size_t reserved = 0;  // memory for it: at most a quarter more than `all`
};

// Bytes that grow to a size that nobody knows before. Not a vector: that would copy all of a large
// message again and again, where realloc moves its pages, and clear what is overwritten.
class GrowingBytes {
 public:
  void Reserve(std::size_t capacity);
  // Within the capacity.
  void Append(ByteSpan bytes);
  ByteSpan view() const { return {bytes_.get(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };

  std::unique_ptr<std::uint8_t[], Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// One channel's message of which the end is not here.
class MessageJoiner {
 public:
  // `room` outlives it.
  explicit MessageJoiner(PartsRoom& room) : room_(room) {}
  ~MessageJoiner() { GiveBack(); }

  MessageJoiner(const MessageJoiner&) = delete;
  MessageJoiner& operator=(const MessageJoiner&) = delete;

  enum class Outcome {
    kGoesOn,
    kEnded,      // Take has the message
    kMalformed,  // not a part of this message
    kTooLarge,   // of largest_message
    kTooMuch     // of all
  };
  // The next ordered message of the stream. Nothing was kept, and no memory taken, when it answers
  // an error.
  Outcome Add(const MessageKind& kind, ByteSpan part);

  // The whole message, after kEnded.
  GrowingBytes Take();

 private:
  // What comes in parts has more than 65 KiB.
  static constexpr std::size_t kUsual = 128 * 1024;

  void Grow(std::size_t size);
  void GiveBack();

  PartsRoom& room_;
  std::optional<bool> is_text_;  // empty: nothing has come
  GrowingBytes bytes_;
};

// Which channels may begin a message in parts. The other end holds such a message from its first
// part until its last has arrived, which may be long after that was sent. So a channel's share is
// given back when all of it is acknowledged. A channel's own messages follow one another at the
// other end, so the next one needs no more room than the largest; only when others wait for room it
// has to wait behind them.
class PartsBudget {
 public:
  using Id = std::uint32_t;

  // Bytes of messages that have begun; one message alone may be larger.
  explicit PartsBudget(std::size_t limit) : limit_(limit) {}

  // Whether channel `id` may begin a message of `size` now. False: it stands in line until it may,
  // or StopWaiting.
  bool MayBegin(Id id, std::size_t size);
  void Begin(Id id, std::size_t size);
  void StopWaiting(Id id);
  // All that it has begun has arrived, or is not expected any more.
  void Release(Id id);

  std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
  std::map<Id, std::size_t> shares_;  // the largest message that is not acknowledged
  std::vector<Id> waiting_;
};

}  // namespace pairwire::sctp

#endif  // PAIRWIRE_SCTP_MESSAGE_PARTS_H_
