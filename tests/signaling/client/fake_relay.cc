// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/client/fake_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "peer/base/run_and_wait.h"

namespace pairwire::test {
namespace {

// The value of a header, whatever its case.
std::string Header(const std::string& request, std::string name) {
  std::string lower;
  for (const char c : request) lower += static_cast<char>(std::tolower(c));
  const std::size_t at = lower.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

std::string HttpAnswer(const std::string& status, const std::string& body,
                       const std::string& more_headers) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         more_headers + "\r\n" + body;
}

bool FakeConnection::Fill(std::size_t bytes) {
  while (pending_.size() < bytes) {
    const std::string some = [this] {
      std::array<char, 4096> buffer;
      const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
      return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
    }();
    if (some.empty()) return false;
    pending_ += some;
  }
  return true;
}

std::string FakeConnection::ReadRequest() {
  std::size_t end = std::string::npos;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill(pending_.size() + 1)) return std::exchange(pending_, {});
  }
  end += 4;
  const std::string length = Header(pending_.substr(0, end), "content-length");
  if (!length.empty()) end += std::stoul(length);
  Fill(end);
  std::string request = pending_.substr(0, end);
  pending_.erase(0, end);
  return request;
}

std::string FakeConnection::ReadSome() {
  Fill(1);
  return std::exchange(pending_, {});
}

void FakeConnection::WaitForEnd() {
  while (!ReadSome().empty()) {
  }
}

void FakeConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void FakeConnection::AcceptWebSocket(const std::string& request) {
  const std::string key =
      Header(request, "sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, 20> digest;
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::array<unsigned char, 64> accept;
  EVP_EncodeBlock(accept.data(), digest.data(), static_cast<int>(digest.size()));
  Write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Protocol: pairwire.v1\r\nSec-WebSocket-Accept: " +
      std::string(reinterpret_cast<const char*>(accept.data())) + "\r\n\r\n");
}

void FakeConnection::WriteText(std::string_view text) {
  std::string frame = "\x81";
  if (text.size() < 126) {
    frame += static_cast<char>(text.size());
  } else if (text.size() < 65'536) {
    frame += static_cast<char>(126);
    frame += static_cast<char>(text.size() >> 8);
    frame += static_cast<char>(text.size() & 255);
  } else {
    frame += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(text.size() >> shift);
  }
  Write(frame);
  Write(text);
}

std::string FakeConnection::ReadText() {
  while (true) {
    if (!Fill(2)) return {};
    const auto byte = [this](std::size_t at) { return static_cast<unsigned char>(pending_[at]); };
    const int opcode = byte(0) & 15;
    std::size_t size = byte(1) & 127;
    std::size_t header = 2;
    if (size == 126) {
      if (!Fill(4)) return {};
      size = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
      header = 4;
    }
    if (!Fill(header + 4 + size)) return {};
    std::string text = pending_.substr(header + 4, size);
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>(text[i] ^ pending_[header + i % 4]);
    }
    pending_.erase(0, header + 4 + size);
    if (opcode == 1) return text;
    if (opcode == 8) return {};
  }
}

FakeRelay::FakeRelay(std::function<void(FakeConnection&)> serve) : serve_(std::move(serve)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

FakeRelay::~FakeRelay() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  if (const int fd = current_; fd >= 0) shutdown(fd, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void FakeRelay::Run() {
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    current_ = fd;
    if (stopping_) shutdown(fd, SHUT_RDWR);
    FakeConnection connection(fd);
    serve_(connection);
    current_ = -1;
    close(fd);
  }
}

ClientLoop::ClientLoop(RelayUrl url) {
  if (!loop_.Start()) std::abort();
  endpoint_ = std::make_unique<RelayEndpoint>(loop_, std::move(url));
}

ClientLoop::~ClientLoop() { loop_.Stop(); }

void ClientLoop::Do(const std::function<void()>& work) { RunAndWait(loop_, work); }

}  // namespace pairwire::test
