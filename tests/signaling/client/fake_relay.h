// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FakeRelay: a TCP server that answers whatever a test writes down, right or wrong, byte by byte.
// It keeps what it was asked. One connection at a time.
#ifndef PAIRWIRE_TESTS_SIGNALING_CLIENT_FAKE_RELAY_H_
#define PAIRWIRE_TESTS_SIGNALING_CLIENT_FAKE_RELAY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "peer/base/asio_loop.h"
#include "signaling/client/relay_endpoint.h"
#include "tests/support/wait.h"

namespace pairwire::test {

class FakeConnection {
 public:
  explicit FakeConnection(int fd) : fd_(fd) {}

  // Everything up to and with the end of the header, and the body that Content-Length tells;
  // shorter when the client went away.
  std::string ReadRequest();
  // At least one byte, or empty when the client went away.
  std::string ReadSome();
  // Reads until the client closes.
  void WaitForEnd();
  void Write(std::string_view bytes);
  // The handshake of RFC 6455 for the request that was read.
  void AcceptWebSocket(const std::string& request);
  void WriteText(std::string_view text);  // one unmasked text frame
  // The next text frame of the client, unmasked; empty when it went away.
  std::string ReadText();

 private:
  bool Fill(std::size_t bytes);

  const int fd_;
  std::string pending_;
};

class FakeRelay {
 public:
  // `serve` runs for each connection, on the relay's own thread, which closes it afterwards.
  explicit FakeRelay(std::function<void(FakeConnection&)> serve);
  ~FakeRelay();

  RelayUrl url() const { return {false, "127.0.0.1", port_, {}}; }
  std::uint16_t port() const { return port_; }

 private:
  void Run();

  const std::function<void(FakeConnection&)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> current_{-1};
  std::thread thread_;
};

// A loop with an endpoint on it; what a test makes on the loop it also destroys there.
class ClientLoop {
 public:
  explicit ClientLoop(RelayUrl url);
  ~ClientLoop();

  // Runs `work` on the loop and waits.
  void Do(const std::function<void()>& work);
  RelayEndpoint& endpoint() { return *endpoint_; }
  AsioLoop& loop() { return loop_; }

 private:
  AsioLoop loop_{"client-test"};
  std::unique_ptr<RelayEndpoint> endpoint_;
};

// "HTTP/1.1 STATUS\r\n…" with Content-Length.
std::string HttpAnswer(const std::string& status, const std::string& body,
                       const std::string& more_headers = {});

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SIGNALING_CLIENT_FAKE_RELAY_H_
