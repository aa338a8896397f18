// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/load/tampering_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "signaling/load/ws_frame.h"

namespace pairwire::load {
namespace {

constexpr std::uint64_t kTampered = 10;  // the message that the fault befalls

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// As a server writes it; messages of these tests are below 64 KiB.
std::string ServerFrame(Opcode opcode, std::string_view payload) {
  std::string frame(1, static_cast<char>(0x80 | static_cast<int>(opcode)));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  return frame.append(payload);
}

}  // namespace

struct TamperingProxy::Link final : FrameReader::Sink {
  ~Link() {
    ::close(client);
    ::close(relay);
  }
  bool OnFrame(Opcode opcode, bool /*fin*/, std::string_view payload) override {
    frames.push_back(ServerFrame(opcode, payload));
    return true;
  }

  int client = -1;
  int relay = -1;
  bool upgraded = false;
  FrameReader reader;
  std::vector<std::string> frames;  // of the bytes that came last
  std::string held;                 // kSwap: goes behind the next
};

TamperingProxy::TamperingProxy(int relay_port, Fault fault)
    : relay_port_(relay_port), fault_(fault) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener_, 128), 0);
  socklen_t length = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  EXPECT_EQ(::pipe(stop_.data()), 0);
  thread_ = std::thread([this] { Run(); });
}

TamperingProxy::~TamperingProxy() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void TamperingProxy::Run() {
  while (true) {
    std::vector<pollfd> waiting = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& link : links_) {
      waiting.push_back({link->client, POLLIN, 0});
      waiting.push_back({link->relay, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), -1) < 0 || waiting[0].revents != 0) return;
    std::vector<const Link*> over;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      Link& link = *links_[i];
      const bool goes_on = (waiting[2 * i + 2].revents == 0 || FromClient(link)) &&
                           (waiting[2 * i + 3].revents == 0 || FromRelay(link));
      if (!goes_on) over.push_back(&link);
    }
    std::erase_if(links_, [&](const std::unique_ptr<Link>& link) {
      return std::find(over.begin(), over.end(), link.get()) != over.end();
    });
    if (waiting[1].revents != 0) Accept();
  }
}

void TamperingProxy::Accept() {
  auto link = std::make_unique<Link>();
  link->client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  link->relay = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(relay_port_);
  if (::connect(link->relay, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  const int on = 1;
  ::setsockopt(link->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(link->relay, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  links_.push_back(std::move(link));
}

bool TamperingProxy::FromClient(Link& link) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::recv(link.client, buffer.data(), buffer.size(), 0);
  return got > 0 && SendAll(link.relay, {buffer.data(), static_cast<std::size_t>(got)});
}

bool TamperingProxy::FromRelay(Link& link) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::recv(link.relay, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  return SendAll(link.client, Tamper(link, {buffer.data(), static_cast<std::size_t>(got)}));
}

std::string TamperingProxy::Tamper(Link& link, std::string_view bytes) {
  std::string out;
  if (!link.upgraded) {
    // The relay writes the head of a 101 at once; what is behind it are frames.
    const bool upgrade = bytes.substr(0, 12) == "HTTP/1.1 101";
    const std::size_t end = upgrade ? bytes.find("\r\n\r\n") + 4 : bytes.size();
    link.upgraded = upgrade;
    out = bytes.substr(0, end);
    bytes.remove_prefix(end);
    if (!upgrade) return out;
  }
  link.frames.clear();
  EXPECT_TRUE(link.reader.Feed(bytes, link));
  for (std::string& frame : link.frames) {
    const bool numbered = frame.find(R"("seq":")") != std::string::npos;
    const bool chosen = numbered && ++delivered_ == kTampered;
    if (chosen && fault_ == Fault::kDrop) continue;
    if (chosen && fault_ == Fault::kDouble) out += frame;
    if (chosen && fault_ == Fault::kSwap) {
      link.held = std::move(frame);
      continue;
    }
    out += frame;
    if (numbered && !link.held.empty()) out += std::exchange(link.held, {});
  }
  return out;
}

}  // namespace pairwire::load
