// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/server/test_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

namespace pairwire::server::testing {

ServerConfig TestConfig() {
  ServerConfig config;
  config.listen_port = 0;
  config.log_level = LogLevel::kOff;
  config.rate_limits = false;
  return config;
}

struct TestRelay::Ended {
  std::mutex mutex;
  std::condition_variable condition;
  bool ended = false;
};

TestRelay::TestRelay(const ServerConfig& config) : ended_(std::make_shared<Ended>()) {
  auto server = Server::Create(config);
  if (!server) {
    ADD_FAILURE() << server.error().detail;
    std::abort();
  }
  server_ = std::move(*server);
  thread_ = std::thread([this] {
    server_->Run();
    const std::lock_guard lock(ended_->mutex);
    ended_->ended = true;
    ended_->condition.notify_all();
  });
}

TestRelay::~TestRelay() {
  server_->Stop();
  thread_.join();
}

bool TestRelay::WaitUntilEnded() {
  std::unique_lock lock(ended_->mutex);
  return ended_->condition.wait_for(lock, kDeadline, [this] { return ended_->ended; });
}

std::string Response::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0)
      return value;
  }
  return {};
}

RawClient::RawClient(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Close();
}

RawClient::~RawClient() { Close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)), ended_(other.ended_) {}

void RawClient::Close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawClient::Reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

void RawClient::CloseSending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  if (ended_ || fd_ < 0) return false;
  pollfd waiting{fd_, POLLIN, 0};
  const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(kDeadline).count();
  if (::poll(&waiting, 1, static_cast<int>(deadline)) != 1) {
    ADD_FAILURE() << "nothing came within the deadline; so far: " << input_;
    ended_ = true;
    return false;
  }
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    ended_ = true;
    return false;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::ReadUntil(std::string_view text) {
  while (true) {
    if (const std::size_t found = input_.find(text); found != std::string::npos) {
      std::string out = input_.substr(0, found + text.size());
      input_.erase(0, out.size());
      return out;
    }
    if (!Fill()) return {};
  }
}

bool RawClient::ReadToEnd(std::string& out) {
  while (Fill()) {
  }
  out = std::exchange(input_, {});
  return ended_;
}

bool RawClient::WaitForEnd() {
  std::string ignored;
  return ReadToEnd(ignored) && !::testing::Test::HasFatalFailure();
}

bool RawClient::HasInput() const {
  pollfd waiting{fd_, POLLIN, 0};
  return !input_.empty() || ::poll(&waiting, 1, 0) == 1;
}

Response RawClient::ReadResponse(bool head) {
  Response response;
  const std::string text = ReadUntil("\r\n\r\n");
  if (text.size() < 12 || text.compare(0, 9, "HTTP/1.1 ") != 0) return response;
  const int status = std::atoi(text.c_str() + 9);
  std::size_t line = text.find("\r\n") + 2;
  while (line + 2 < text.size()) {
    const std::size_t end = text.find("\r\n", line);
    const std::size_t colon = text.find(": ", line);
    response.headers.emplace_back(text.substr(line, colon - line),
                                  text.substr(colon + 2, end - colon - 2));
    line = end + 2;
  }
  const std::string length = response.Header("Content-Length");
  const std::size_t size =
      head || length.empty() ? 0 : static_cast<std::size_t>(std::atoll(length.c_str()));
  while (input_.size() < size) {
    if (!Fill()) return response;
  }
  response.body = input_.substr(0, size);
  input_.erase(0, size);
  response.status = status;
  return response;
}

std::string RequestText(std::string_view method, std::string_view target, std::string_view body,
                        const Headers& headers) {
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: relay.test\r\n";
  bool has_type = false;
  for (const auto& [name, value] : headers) {
    text += name + ": " + value + "\r\n";
    has_type = has_type || name == "Content-Type";
  }
  if (!body.empty()) {
    if (!has_type) text += "Content-Type: application/json\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + std::string(body);
}

Response Request(std::uint16_t port, std::string_view method, std::string_view target,
                 std::string_view body, const Headers& headers) {
  RawClient client(port);
  if (!client.Send(RequestText(method, target, body, headers))) return {};
  return client.ReadResponse(method == "HEAD");
}

std::string JsonValue(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const std::size_t found = json.find(key);
  if (found == std::string_view::npos) return {};
  std::string_view rest = json.substr(found + key.size());
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    return std::string(rest.substr(0, rest.find('"')));
  }
  return std::string(rest.substr(0, rest.find_first_of(",}]")));
}

Registered RegisterDisplay(std::uint16_t port, std::string_view body) {
  const Response response = Request(port, "POST", "/api/sessions/register", body);
  EXPECT_EQ(response.status, 201) << response.body;
  return {JsonValue(response.body, "sessionId"), JsonValue(response.body, "code"),
          JsonValue(response.body, "displayId"), JsonValue(response.body, "displayToken")};
}

Paired PairController(std::uint16_t port, std::string_view code, std::string_view body_rest) {
  const std::string body = R"({"code":")" + std::string(code) + "\"" + std::string(body_rest) + "}";
  const Response response = Request(port, "POST", "/api/sessions/pair", body);
  return {response.status, JsonValue(response.body, "controllerId"),
          JsonValue(response.body, "controllerToken")};
}

Headers Bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

RawClient OpenEvents(std::uint16_t port, const Registered& display,
                     const std::string& last_event_id) {
  RawClient client(port);
  Headers headers = Bearer(display.token);
  if (!last_event_id.empty()) headers.emplace_back("Last-Event-ID", last_event_id);
  client.Send(RequestText("GET", "/api/sessions/" + display.session_id + "/events", {}, headers));
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_EQ(head.compare(0, 12, "HTTP/1.1 200"), 0) << head;
  return client;
}

double Metric(std::uint16_t port, std::string_view name, std::string_view label) {
  const std::string body = "\n" + Request(port, "GET", "/metrics").body;
  std::size_t line = 0;
  while ((line = body.find("\n" + std::string(name) + "{", line)) != std::string::npos) {
    const std::size_t end = body.find('\n', line + 1);
    const std::string text = body.substr(line + 1, end - line - 1);
    if (text.find(label) != std::string::npos) return std::atof(text.c_str() + text.rfind(' ') + 1);
    ++line;
  }
  return -1;
}

bool WaitForMetric(std::uint16_t port, std::string_view name, std::string_view label,
                   const std::function<bool(double)>& wanted) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < end) {
    if (wanted(Metric(port, name, label))) return true;
    std::this_thread::yield();
  }
  return false;
}

RawClient UpgradeByHand(std::uint16_t port, const std::string& token) {
  RawClient client(port);
  client.Send(RequestText("GET", "/ws", {},
                          {{"Upgrade", "websocket"},
                           {"Connection", "Upgrade"},
                           {"Sec-WebSocket-Version", "13"},
                           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                           {"Sec-WebSocket-Protocol", "pairwire.v1"},
                           {"Authorization", "Bearer " + token}}));
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_EQ(head.compare(0, 12, "HTTP/1.1 101"), 0) << head;
  return client;
}

std::string ClientFrame(std::uint8_t first_byte, std::string_view payload, bool masked) {
  std::string frame(1, static_cast<char>(first_byte));
  const unsigned mask_bit = masked ? 0x80U : 0U;
  if (payload.size() < 126) {
    frame += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(mask_bit | 126U);
    frame += static_cast<char>(payload.size() >> 8U);
    frame += static_cast<char>(payload.size() & 0xffU);
  } else {
    frame += static_cast<char>(mask_bit | 127U);
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame += static_cast<char>((std::uint64_t{payload.size()} >> static_cast<unsigned>(shift)) &
                                 0xffU);
    }
  }
  constexpr std::array<char, 4> kMask = {0x11, 0x22, 0x33, 0x44};
  if (masked) frame.append(kMask.data(), kMask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += masked ? static_cast<char>(payload[i] ^ kMask[i % 4]) : payload[i];
  }
  return frame;
}

}  // namespace pairwire::server::testing
