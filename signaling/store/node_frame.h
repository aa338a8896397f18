// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// NodeFrame: the bytes that nodes send each other over a NodeBus. Numbers are big-endian.
//
//   payload   "PWNB" | u8 version | u64 incarnation | u64 base | field node | frame*
//   frame     u32 length of what follows | u8 kind | u64 seq | fields | text to the end
//   field     u16 length | bytes
//
//   kind                 fields, text
//   1 kSignal            u64 epoch, u8 flags (1: answer at once), session, from, to | text
//   2 kAck               u64 of incarnation, u64 received up to | runs: u64 first, u32 count,
//                        u8 settled
//   3 kHandover          u64 epoch, session, to, id | text
//   4 kHandoverDone      u64 epoch, session, to | hashes of unused resume tokens, 32 bytes each; or
//                        "?": nothing is known there
//   5 kPing              - | (seq is 0)
//
// kSignal, kHandover and kHandoverDone are numbered per sender, incarnation and receiver, from 1
// without a gap; `base` is the lowest number whose answer the sender still waits for. Frames of
// unknown kinds are skipped, and so is what follows the known fields of a frame without a text:
// nodes of two versions meet in every rolling update. Whoever can reach the bus can send anything,
// so a payload that does not follow this is refused whole, without a check failing.
//
// Not here: what the numbers mean for delivery (core/node_links.h).
#ifndef PAIRWIRE_SIGNALING_STORE_NODE_FRAME_H_
#define PAIRWIRE_SIGNALING_STORE_NODE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pairwire::relay {

struct NodePayloadHeader {
  std::string node_id;            // Who sends.
  std::uint64_t incarnation = 0;  // Its run: random, drawn at its start.
  std::uint64_t base = 1;

  bool operator==(const NodePayloadHeader&) const = default;
};

enum class NodeFrameKind : std::uint8_t {
  kSignal = 1,
  kAck = 2,
  kHandover = 3,
  kHandoverDone = 4,
  kPing = 5,
};

// What became of a numbered frame at its receiver.
enum class NodeFrameResult : std::uint8_t {
  kDelivered = 1,  // It is in the buffer of the member's socket.
  kNotHere = 2,    // The member has no socket of that epoch here.
};

// Results of `count` frames from `first` on.
struct NodeAckRun {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  NodeFrameResult result = NodeFrameResult::kDelivered;

  bool operator==(const NodeAckRun&) const = default;
};

// One frame. Views point into what was parsed. Fields that a kind does not have are empty.
struct NodeFrame {
  NodeFrameKind kind = NodeFrameKind::kPing;
  std::uint64_t seq = 0;
  std::uint64_t epoch = 0;  // Of the addressed member's socket.
  bool answer_now = false;  // kSignal: somebody waits for the answer.
  std::string_view session_id;
  std::string_view from;  // kSignal; empty: the relay itself.
  std::string_view to;
  std::string_view id;  // kHandover: see KeptText.
  std::string_view text;
  std::uint64_t of_incarnation = 0;  // kAck: whose numbers these are.
  std::uint64_t received_upto = 0;   // kAck
  std::vector<NodeAckRun> runs;      // kAck

  bool operator==(const NodeFrame&) const = default;
};

// Runs of one kAck, so that a hostile one costs little; a sender splits.
inline constexpr std::size_t kMaxAckRuns = 1024;

// Appends to `out`. Ids above 64 KiB are our own bug and abort.
void AppendHeader(const NodePayloadHeader& header, std::string& out);
void AppendFrame(const NodeFrame& frame, std::string& out);
// What AppendHeader and AppendFrame add at most, runs and text apart.
inline constexpr std::size_t kMaxFrameOverhead = 512;

struct NodePayload {
  NodePayloadHeader header;
  std::vector<NodeFrame> frames;  // Of known kinds, in order.
};
// Nothing when the bytes are not a payload of a version that we know.
std::optional<NodePayload> ParseNodePayload(std::string_view bytes);

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_NODE_FRAME_H_
