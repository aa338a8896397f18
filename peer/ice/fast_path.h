// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FastPath: carries one transport's DTLS and RTP past libnice while the selected pair is a direct
// one over UDP. For the sockets of such pairs it opens twins (peer/udp/twin_socket.h), sends on the
// selected one's, and decides whose datagrams are taken.
//
//   no pair, relayed, TCP  --Select(path)-->  active: Send goes to the path's twin
//                          <--Select({})----
//
// Only the selected path's socket and the one before it have twins; a pair that comes back, or the
// other end that changes later than we do, so loses nothing. What arrives for a socket without a
// twin goes to libnice, and up from there.
//
// Taken are datagrams from addresses only that passed a check: those of pairs that were selected,
// and those from which a check came that proves our password. libnice keeps its own list of them to
// itself; so our owner looks at the checks too (Trust), and once more when a datagram comes from an
// address that nobody knows: its check may be waiting in libnice's socket.
//
// Not here: consent and states (nice_transport.h), STUN (libnice, but for what the kernel glued to
// the end of a super-packet: OnFastStun). Loop thread only.
#ifndef PAIRWIRE_PEER_ICE_FAST_PATH_H_
#define PAIRWIRE_PEER_ICE_FAST_PATH_H_

#include <pairwire/bytes.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "peer/base/io_loop.h"
#include "peer/ice/direct_path.h"
#include "peer/udp/socket_address.h"
#include "peer/udp/twin_socket.h"

namespace pairwire::ice {

// What a FastPath asks and tells. Called from the loop's frame; may destroy the FastPath, but not
// in LookForChecks.
class FastPathSink {
 public:
  // Trust whomever a check came from, if that is not done yet.
  virtual void LookForChecks() = 0;
  virtual void OnFastPackets(std::span<const ByteSpan> packets) = 0;
  // Neither DTLS nor RTP; `selected`: it came over the selected pair.
  virtual void OnFastStray(ByteSpan packet, const udp::SocketAddress& from, bool selected) = 0;
  virtual void OnFastSendFailed() = 0;
  virtual void OnFastTooLarge(std::size_t bytes) = 0;

 protected:
  ~FastPathSink() = default;
};

class FastPath final : private udp::TwinSocket::Events {
 public:
  // Twins at one time.
  static constexpr std::size_t kMaxTwins = 2;
  // Addresses that passed a check; as many as libnice keeps. The oldest goes first.
  static constexpr std::size_t kMaxTrusted = 50;
  // A stranger's datagrams make us look for checks at most this often.
  static constexpr std::chrono::milliseconds kLookAgain{20};

  struct Counters {
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t send_full = 0;
    std::uint64_t send_errors = 0;
    std::uint64_t refused = 0;    // datagrams, or super-packets, of strangers
    std::uint64_t too_large = 0;  // sent in fragments
  };

  // All outlive it.
  FastPath(IoLoop& loop, udp::LoopBuffers& buffers, FastPathSink& sink,
           udp::TwinOptions options = {});
  // Sends what waits.
  ~FastPath();

  FastPath(const FastPath&) = delete;
  FastPath& operator=(const FastPath&) = delete;

  // The pair that is used from now on; nullopt: one that has to go through libnice. Without a
  // descriptor for a twin it stays inactive, too.
  void Select(const std::optional<DirectPath>& path);

  // A check came from there.
  void Trust(const udp::SocketAddress& from);
  bool Trusts(const udp::SocketAddress& from) const;

  // Whether Send is to be used.
  bool active() const { return twin_ != nullptr; }
  // While active. Gathered until the loop's turn ends. False: too large.
  bool Send(ByteSpan packet) { return twin_->Send(remote_, packet); }

  // While active, at once, to the selected pair's address, and in no counter. False: not sent.
  bool SendStun(ByteSpan message) const;
  bool IsSelected(const udp::SocketAddress& from) const { return active() && from == remote_; }

  Counters counters() const;

 private:
  struct Twin {
    int fd;  // the first socket's
    std::unique_ptr<udp::TwinSocket> socket;
  };

  // udp::TwinSocket::Events
  bool OnTwinSource(const udp::SocketAddress& from) override;
  void OnTwinPackets(std::span<const ByteSpan> packets) override;
  void OnTwinStray(const udp::TwinSocket& twin, ByteSpan packet,
                   const udp::SocketAddress& from) override;
  void OnTwinSendFailed(int error) override;
  void OnTwinTooLarge(std::size_t bytes) override;

  udp::TwinSocket* FindOrOpen(int fd);
  static void Add(Counters& sum, const udp::TwinSocket& twin);

  IoLoop& loop_;
  udp::LoopBuffers& buffers_;
  FastPathSink& sink_;
  const udp::TwinOptions options_;
  std::vector<Twin> twins_;  // the selected one last
  udp::TwinSocket* twin_ = nullptr;
  udp::SocketAddress remote_;
  std::vector<udp::SocketAddress> trusted_;
  std::optional<Loop::TimePoint> looked_at_;
  Counters closed_;  // of twins that are gone
};

}  // namespace pairwire::ice

#endif  // PAIRWIRE_PEER_ICE_FAST_PATH_H_
