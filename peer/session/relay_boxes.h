// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What is in the boxes by which a signaling relay carries a session's frames (kFrame), when no
// direct path is there: several small frames in one box, a large one in several; how many may be on
// their way, and how fast they go. Pure: the owner has the keys, the clock and the socket
// (relay_session_link.h). Not here: order, loss and forgery, which the boxes see to
// (peer/auth/sealed_box.h), and what the frames mean (peer/delivery).
//
//   box     = kind u8 (1 frames, 2 the link is over) | link u32 | got u32 | part …
//   part    = lane u8 (0 control, 1 commands, 2 state; + 0x80: more of this frame follows)
//             | length u16 | bytes
//
// Big-endian. `link` numbers the links of one meeting, 1, 2, …; the display's count. `got`: how
// many boxes with parts the sender of this one has received on this link. Who has kInFlight boxes
// out that the other end has not got waits: so nothing piles up in the relay, whichever end is
// slow.
#ifndef PAIRWIRE_PEER_SESSION_RELAY_BOXES_H_
#define PAIRWIRE_PEER_SESSION_RELAY_BOXES_H_

#include <pairwire/bytes.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "peer/base/loop.h"
#include "peer/delivery/frame.h"

namespace pairwire {

// As data of a message some 11 KiB: five of them a second are what kBytesPerSecond allows, and what
// an acknowledgement waits for is one.
inline constexpr std::size_t kRelayBoxBytes = 8 * 1024;

struct RelayBox {
  bool over = false;  // the link is
  std::uint32_t link = 0;
  std::uint32_t got = 0;
  ByteSpan parts;  // of the text that was parsed; RelayInbox checks them
};
// None: not one.
std::optional<RelayBox> ParseRelayBox(ByteSpan text);

// Frames on their way out.
class RelayOutbox {
 public:
  using TimePoint = Loop::TimePoint;
  // Of the long run, and what may go at once. Below what the relay takes of one socket
  // (signaling/core/relay.h: 50 messages and 64 KiB a second), as signals need room, too.
  static constexpr int kBoxesPerSecond = 40;
  static constexpr int kBoxBurst = 10;
  static constexpr std::size_t kBytesPerSecond = 48 * 1024;
  static constexpr std::size_t kByteBurst = 24 * 1024;
  // What a box costs besides its text: base64url takes four thirds, and then JSON around it.
  static constexpr std::size_t kEnvelopeBytes = 128;
  // Boxes with parts that the other end has not confirmed; with what is around them less than the
  // relay lets wait for one socket (256 KiB, 128 messages).
  static constexpr std::uint32_t kInFlight = 16;
  // A confirmation goes out by itself after so many boxes.
  static constexpr std::uint32_t kConfirmEvery = 4;
  // Commands that wait here, so much at most and then one; the others stay in the session's outbox.
  static constexpr std::size_t kCommandWindow = 64 * 1024;
  // Answers to what the other end says, while it takes none of them. More ends the link.
  static constexpr std::size_t kMaxControl = 64 * 1024;

  explicit RelayOutbox(std::uint32_t link, TimePoint now);

  // False: too much control waits.
  [[nodiscard]] bool Queue(delivery::Lane lane, SharedBytes frame);
  // How many bytes the lane should get now. Of states one frame at a time.
  std::size_t Room(delivery::Lane lane) const;
  std::size_t waiting() const { return control_.bytes + commands_.bytes + states_.bytes; }

  // Boxes with parts that came in, for `got`.
  void OnReceived() { ++received_; }
  // What the other end got. False: more than was sent, or less than before.
  [[nodiscard]] bool OnConfirmed(std::uint32_t got);

  // The next box, if one may go now.
  std::optional<Bytes> Next(TimePoint now);
  // When to ask again; none: when something was queued, received or confirmed.
  std::optional<TimePoint> deadline(TimePoint now) const;
  // The last box: the link is over. Control frames that wait go with it, at once, whatever may be
  // on its way; commands and states do not.
  Bytes Last();

 private:
  struct Waiting {
    std::deque<SharedBytes> frames;
    std::size_t bytes = 0;  // not yet in boxes
    std::size_t sent = 0;   // of the first frame
  };
  bool has_parts() const { return waiting() > 0 && sent_ - confirmed_ < kInFlight; }
  bool owes() const { return received_ - told_ >= kConfirmEvery; }
  Bytes Begin(bool over);
  void Fill(Bytes& box, std::uint8_t lane, Waiting& from, std::size_t limit) const;
  void Refill(TimePoint now);
  // When both budgets are above zero.
  TimePoint ReadyAt() const;

  const std::uint32_t link_;
  Waiting control_;
  Waiting commands_;
  Waiting states_;
  bool states_first_ = false;  // the two take turns
  std::uint32_t sent_ = 0;
  std::uint32_t confirmed_ = 0;
  std::uint32_t received_ = 0;
  std::uint32_t told_ = 0;
  // Budgets, which may go below zero by one box.
  TimePoint filled_at_;
  double boxes_ = kBoxBurst;
  double bytes_ = kByteBurst;
};

// Frames on their way in. What the other end may make us hold is one frame of each lane.
class RelayInbox {
 public:
  // The largest frames there are: HELLO is the largest of control.
  static constexpr std::size_t kMaxControlFrame = 4 * 1024;
  static constexpr std::size_t kMaxCommandFrame =
      delivery::kHeaderBytes + delivery::kMaxCommandBytes;
  static constexpr std::size_t kMaxStateFrame =
      delivery::kHeaderBytes + 2 + delivery::kMaxStateKeyBytes + delivery::kMaxStateValueBytes;

  // Gives whole frames to `on_frame`, which says whether to go on. False: the other end breaks the
  // rules, and what follows is not to be listened to.
  [[nodiscard]] bool Take(ByteSpan parts,
                          const std::function<bool(delivery::Lane, ByteSpan)>& on_frame);

 private:
  std::array<Bytes, 3> partial_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_SESSION_RELAY_BOXES_H_
