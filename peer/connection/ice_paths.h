// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// IcePaths: the ICE generations of one connection (RFC 8445 section 9). Usually there is one.
// During an ICE restart there are two: the carrier, over which datagrams go on travelling, and the
// successor, which gathers and checks; once the successor has a pair it becomes the carrier, and
// the old one lingers for datagrams that are still under way. DTLS and SCTP above see one path that
// never stops.
//
//   Start(1)            Start(2)               pair of 2            kLinger
//   carrier 1   --->    carrier 1, successor 2  --->  carrier 2, lingering 1  --->  carrier 2
//                          | DropSuccessor, or 2 fails while 1 still works
//                          v
//                       carrier 1
//
// The two ends do not change over at the same moment. So a successor that the next restart replaces
// lingers, too: it may be what the other end sends over already.
//
// Every generation is a transport of its own with fresh sockets, so that a restart uses the
// addresses that the machine has now. Knows nothing of DTLS or SDP. Loop thread only.
#ifndef PAIRWIRE_PEER_CONNECTION_ICE_PATHS_H_
#define PAIRWIRE_PEER_CONNECTION_ICE_PATHS_H_

#include <pairwire/bytes.h>
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
#include <vector>

#include "peer/base/loop.h"
#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/ice/ice_transport.h"

namespace pairwire {

// Called as ice::Events are: from the loop's frame, never from inside a method.
class IcePathsEvents {
 public:
  virtual void OnPathCandidate(std::uint32_t generation, const std::string& candidate) = 0;
  virtual void OnPathGatheringDone(std::uint32_t generation) = 0;
  // The folded state, each change once: the carrier's, or kChecking while a successor looks for a
  // pair and the carrier has none that works.
  virtual void OnPathState(ice::State state) = 0;
  // The pair that carries from now on.
  virtual void OnPathPair(const ice::CandidatePair& pair) = 0;
  virtual void OnPathServerError(const ice::ServerError& error) = 0;
  virtual void OnPathPackets(std::span<const ByteSpan> packets) = 0;
  // ice::Events::OnIceDatagramTooLarge, of the carrier.
  virtual void OnPathDatagramTooLarge(std::size_t /*bytes*/) {}

 protected:
  ~IcePathsEvents() = default;
};

class IcePaths {
 public:
  using Factory = std::function<std::unique_ptr<ice::IceTransport>(ice::Credentials, ice::Events&)>;

  // Datagrams under way on the old path are as old as a round trip; retransmissions take the new.
  static constexpr std::chrono::seconds kLinger{5};
  // Each has sockets.
  static constexpr std::size_t kMaxReplaced = 2;

  IcePaths(Loop& loop, Factory factory, IcePathsEvents& events);
  ~IcePaths();  // Silent.

  IcePaths(const IcePaths&) = delete;
  IcePaths& operator=(const IcePaths&) = delete;

  // Starts a generation and gathers for it. A successor that there is already is replaced, and
  // lingers. Errors are IceTransport::Gather's; the carrier is then as it was.
  Result<void> Start(std::uint32_t generation, const ice::Credentials& local);
  // The restart was rolled back.
  void DropSuccessor();

  // For every generation, those to come too.
  void SetRole(ice::Role role);

  // Of a generation that was started. One that is gone by now is left alone: its candidates may
  // come late.
  Result<void> SetRemoteCredentials(std::uint32_t generation, const ice::Credentials& remote);
  Result<void> AddRemoteCandidate(std::uint32_t generation, std::string_view candidate);
  void SetRemoteCandidatesDone(std::uint32_t generation);

  // On the carrier. False: not sent.
  bool Send(ByteSpan packet);

  bool restarting() const { return successor_ != nullptr; }
  // The carrier's; empty statistics before Start.
  ice::Stats stats() const;
  // Of the newest generation.
  std::string failure_reason() const;

 private:
  class Generation;

  ice::IceTransport* Find(std::uint32_t generation) const;
  bool IsCurrent(const Generation& generation) const;
  void OnState(Generation& generation);
  void OnPair(Generation& generation);
  bool MaybePromote();
  void OnPackets(std::span<const ByteSpan> packets) { events_.OnPathPackets(packets); }
  void Retire(std::unique_ptr<Generation> carrier);
  void Replace(std::unique_ptr<Generation> successor);
  void ShowState();

  const Factory factory_;
  IcePathsEvents& events_;
  std::optional<ice::Role> role_;
  ice::State shown_ = ice::State::kNew;
  std::unique_ptr<Generation> carrier_;
  std::unique_ptr<Generation> successor_;
  std::unique_ptr<Generation> lingering_;  // carried before the carrier
  // Successors that were not to be: of a restart, and of the offer that lost against it.
  std::vector<std::unique_ptr<Generation>> replaced_;
  Timer linger_timer_;
  TaskSafety safety_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_ICE_PATHS_H_
