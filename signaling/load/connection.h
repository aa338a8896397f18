// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Connection: one non-blocking TCP connection to a relay, from an address of choice. What is
// written during a turn goes out with one system call at its end.
#ifndef PAIRWIRE_SIGNALING_LOAD_CONNECTION_H_
#define PAIRWIRE_SIGNALING_LOAD_CONNECTION_H_

#include <pairwire/result.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "signaling/load/reactor.h"

namespace pairwire::load {

// One relay, resolved once.
struct Target {
  sockaddr_storage address{};
  socklen_t address_length = 0;
  std::string host;  // for the Host header, with the port
  std::string path;  // in front of every path of the protocol, without a slash at its end
  bool loopback = false;
};

// "http://127.0.0.1:8080", "http://[::1]:8080/base", "http://localhost:8080". Blocks for the name.
// kInvalidArgument (also for https: a load run measures the relay, not TLS), kRelayUnreachable.
Result<Target> ParseTarget(std::string_view url);

// A loopback address to connect from, by number: 127.0.0.2 and up, `count` of them, so that each
// has its own 28,000 ports. In host byte order; 0 (any) when `target` is not 127.0.0.0/8.
std::uint32_t SourceAddress(const Target& target, std::size_t number, std::size_t count);

class Connection : private Reactor::Handler {
 public:
  // No more than this waits to be sent; a client that got so far ahead has failed.
  static constexpr std::size_t kMaxQueuedBytes = 4 * 1024 * 1024;

  explicit Connection(Reactor& reactor) : reactor_(reactor) {}
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts to connect; what is written from now on goes out once it is. False when the system
  // refuses, with errno: no descriptor, no port.
  bool Open(const Target& target, std::uint32_t source);
  bool is_open() const { return fd_ >= 0; }

  // False when it is closed or too much waits.
  bool Write(std::string_view bytes);
  // Sends what was written now rather than at the end of the turn, before a Close.
  void FlushNow() {
    if (connected_) Flush();
  }
  // No OnClosed follows. `reset`: by RST, as a process that was killed or lost its network would,
  // and nothing stays in TIME_WAIT.
  void Close(bool reset = false);

 protected:
  // Everything that came; whatever is not kept is gone. May Close, may not destroy this.
  virtual void OnBytes(std::string_view bytes) = 0;
  // The other end closed, or it failed; it is closed here too. May Open again; may not destroy
  // this.
  virtual void OnClosed() = 0;
  Reactor& reactor() { return reactor_; }

 private:
  void OnEvents(std::uint32_t events) final;
  void OnTurnEnd() final;
  void Flush();

  Reactor& reactor_;
  int fd_ = -1;
  bool connected_ = false;
  bool dirty_ = false;
  std::string out_;
};

}  // namespace pairwire::load

#endif  // PAIRWIRE_SIGNALING_LOAD_CONNECTION_H_
