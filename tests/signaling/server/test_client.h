// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of the relay's server share: a relay in this process on a free port, a raw TCP
// client that can be as rude as it likes, and a WebSocket client (Boost.Beast). Every wait has a
// deadline; a call that reaches it fails the test and says what it waited for.
#ifndef PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_CLIENT_H_
#define PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "signaling/server/config.h"
#include "signaling/server/server.h"

namespace pairwire::server::testing {

// Far longer than anything takes; a loaded machine must not fail a test.
inline constexpr std::chrono::seconds kDeadline{30};

// Port 0, no log, no rates, loopback without bounds.
ServerConfig TestConfig();

// A relay that runs on a thread of its own until it goes out of scope.
class TestRelay {
 public:
  explicit TestRelay(const ServerConfig& config = TestConfig());
  ~TestRelay();
  TestRelay(const TestRelay&) = delete;
  TestRelay& operator=(const TestRelay&) = delete;

  std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }
  // Waits until Run returned; false when that took longer than the deadline.
  bool WaitUntilEnded();

 private:
  std::unique_ptr<Server> server_;
  struct Ended;
  std::shared_ptr<Ended> ended_;
  std::thread thread_;
};

struct Response {
  int status = 0;  // 0: no whole response came
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  std::string Header(std::string_view name) const;
};

// A TCP connection to 127.0.0.1.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  bool connected() const { return fd_ >= 0; }
  // False when the other side is gone.
  bool Send(std::string_view bytes);
  // Reads until `text` is there and gives everything up to its end; empty when the connection ended
  // first.
  std::string ReadUntil(std::string_view text);
  // Reads until the other side closes; true when it did (also by a reset).
  bool ReadToEnd(std::string& out);
  bool WaitForEnd();
  // True when something (or the end) can be read right now.
  bool HasInput() const;
  // One response with Content-Length or without a body.
  Response ReadResponse(bool head = false);
  void CloseSending();
  // Closes with a reset.
  void Reset();
  void Close();

 private:
  bool Fill();  // one read, with the deadline

  int fd_ = -1;
  std::string input_;
  bool ended_ = false;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// A whole request as text; adds Host and Content-Length.
std::string RequestText(std::string_view method, std::string_view target,
                        std::string_view body = {}, const Headers& headers = {});

// One request on a connection of its own. A body makes it application/json unless `headers` says
// otherwise.
Response Request(std::uint16_t port, std::string_view method, std::string_view target,
                 std::string_view body = {}, const Headers& headers = {});

// The value of a string or number member, looked for by its name; empty when it is not there.
// Enough for the relay's flat answers.
std::string JsonValue(std::string_view json, std::string_view name);

struct Registered {
  std::string session_id;
  std::string code;
  std::string display_id;
  std::string token;
};
Registered RegisterDisplay(std::uint16_t port, std::string_view body = R"({"name":"Wall"})");

struct Paired {
  int status = 0;
  std::string controller_id;
  std::string token;
};
Paired PairController(std::uint16_t port, std::string_view code, std::string_view body_rest = "");

Headers Bearer(const std::string& token);

// An event stream, read up to the end of its head.
RawClient OpenEvents(std::uint16_t port, const Registered& display,
                     const std::string& last_event_id = {});

// The value of one line of GET /metrics; `series` is the text up to the value, without the node's
// labels.
double Metric(std::uint16_t port, std::string_view name, std::string_view label = {});
// Asks for the metrics until `wanted` holds for the value.
bool WaitForMetric(std::uint16_t port, std::string_view name, std::string_view label,
                   const std::function<bool(double)>& wanted);

// A WebSocket client.
class WsClient {
 public:
  WsClient();
  ~WsClient();
  WsClient(WsClient&&) noexcept;

  struct Options {
    Headers headers;
    std::string subprotocol = "pairwire.v1";
  };
  // The HTTP status of the answer (101 when the socket is open), 0 when there was none.
  int Connect(std::uint16_t port, const Options& options);
  int ConnectWithBearer(std::uint16_t port, const std::string& token);
  const Response& refusal() const;
  std::string chosen_subprotocol() const;

  bool Send(std::string_view text);
  bool SendBinary(std::string_view bytes);
  // The next message; nothing when the socket was closed (close_code says how) or the deadline
  // passed.
  std::optional<std::string> Read();
  // Reads on until a message of that type.
  std::optional<std::string> ReadType(std::string_view type);
  // Reads until the close; its code, or 1006 when the connection broke without one.
  int ReadToClose();
  void Close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A WebSocket that was upgraded by hand, for frames that no proper client sends.
RawClient UpgradeByHand(std::uint16_t port, const std::string& token);
// One masked client frame (RFC 6455 5.2). `first_byte` has FIN and the opcode.
std::string ClientFrame(std::uint8_t first_byte, std::string_view payload, bool masked = true);

}  // namespace pairwire::server::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_SERVER_TEST_CLIENT_H_
