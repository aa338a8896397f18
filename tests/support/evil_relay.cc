// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// pairwire-evil-relay: what a hostile relay can do, as a process in front of an honest one. It
// passes bytes on and changes one thing of a pairing: usage: pairwire-evil-relay PORT VARIANT,
// where PORT is the honest relay's on 127.0.0.1. It says "listening on URL", and "did VARIANT" each
// time. A thread for each direction of each connection; it lives as long as its test.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Json = nlohmann::json;

constexpr std::string_view kEvilSdp =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    "a=ice-ufrag:evil\r\na=ice-pwd:evilevilevilevilevilevil\r\na=setup:actpass\r\n"
    "a=fingerprint:sha-256 "
    "EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:EE:"
    "EE\r\na=sctp-port:5000\r\n";

std::string g_variant;
std::mutex g_mutex;                 // of what follows
std::optional<Json> g_first_offer;  // for a replay
int g_frames = 0;
std::string g_last_frame;

void Did() {
  const std::lock_guard lock(g_mutex);
  std::cout << "did " << g_variant << std::endl;
}

// Another character of the same alphabet.
void Flip(std::string& text, std::size_t at) {
  if (at < text.size()) text[at] = text[at] == 'A' ? 'B' : 'A';
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ReadMore(int fd, std::string& into) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  into.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

// The pair request: its length stays.
void SpoilPairRequest(std::string& request) {
  const std::size_t key = request.find("\"hello\":\"");
  if (key == std::string::npos) return;
  const std::size_t begin = key + 9;
  const std::size_t end = request.find('"', begin);
  if (g_variant == "hello-share") {
    Flip(request, begin + 40);  // behind the session id
  } else if (g_variant == "hello-features") {
    Flip(request, end - 8);  // in the associated data
  } else if (g_variant == "no-hello") {
    request[key + 1] = 'j';
  } else if (g_variant == "plain-hello") {
    std::string plain = R"({"plain":1,"features":[]})";
    plain.resize(end + 1 - (begin - 1), ' ');
    request.replace(begin - 1, plain.size(), plain);
  } else {
    return;
  }
  Did();
}

// By which remembered pairing a controller comes, as the relay tells it in an event stream or on a
// socket. Its length stays.
void SpoilMeet(std::string& text) {
  const std::size_t key = text.find("\"meet\":");
  if (key == std::string::npos) return;
  const std::size_t at = key + 7;
  if (g_variant == "swap-meets") {
    text[at] = text[at] == '0' ? '1' : '0';
  } else if (g_variant == "meet-as-code") {
    text[key + 1] = 'j';
  } else {
    return;
  }
  Did();
}

// A box of a session that the relay carries; false: it does not arrive. One of them in all;
// tell-frames changes none.
bool SpoilFrame(Json& message) {
  const std::unique_lock lock(g_mutex);
  if (g_variant == "tell-frames") {
    std::cout << "carried " << message.dump() << std::endl;
    return true;
  }
  // Not the first: by then the session is carried.
  constexpr int kWhich = 6;
  const int count = ++g_frames;
  const std::string last = std::exchange(g_last_frame, message["data"].value("box", ""));
  if (count != kWhich) return true;
  if (g_variant == "forge-frame") {
    std::string box = message["data"].value("box", "");
    Flip(box, 5);
    message["data"]["box"] = box;
  } else if (g_variant == "repeat-frame") {
    message["data"]["box"] = last;
  } else if (g_variant != "drop-frame") {
    return true;
  }
  std::cout << "did " << g_variant << std::endl;
  return g_variant != "drop-frame";
}

// What the relay tells a member; false: nothing goes out now. `held` lives as long as the socket.
bool SpoilMessage(Json& message, std::optional<Json>& held) {
  const std::string type = message.value("type", "");
  const bool offer = type == "webrtc:offer";
  const bool answer = type == "webrtc:answer";
  if (type == "message:received") return SpoilFrame(message);
  if (!message.contains("data") || message["data"].contains("failed")) return true;
  Json& data = message["data"];
  const auto flip = [&](const char* member, std::size_t at_from_end) {
    std::string text = data.value(member, "");
    Flip(text, text.size() - at_from_end);
    data[member] = text;
    Did();
  };
  if (g_variant == "offer-fingerprint" && offer) {
    std::string box = data.value("box", "");
    Flip(box, 20);
    data["box"] = box;
    Did();
  } else if (g_variant == "answer-fingerprint" && answer) {
    std::string box = data.value("box", "");
    Flip(box, 20);
    data["box"] = box;
    Did();
  } else if ((g_variant == "offer-sdp" && offer) || (g_variant == "answer-sdp" && answer)) {
    data = {{"sdp", kEvilSdp}};
    Did();
  } else if (g_variant == "offer-share" && offer) {
    std::string pake = data.value("pake", "");
    Flip(pake, 12);
    data["pake"] = pake;
    Did();
  } else if ((g_variant == "offer-tag" && offer) || (g_variant == "answer-tag" && answer)) {
    flip("pake", 8);
  } else if ((g_variant == "drop-offer" && offer) || (g_variant == "drop-answer" && answer)) {
    Did();
    return false;
  } else if (g_variant == "order" && offer) {
    held = message;
    return false;
  } else if (g_variant == "order" && type == "webrtc:ice-candidate" && held) {
    // The candidate's box is the second one.
    (*held)["data"]["box"] = data.value("box", "");
    message = *std::exchange(held, std::nullopt);
    Did();
  } else if (g_variant == "replay-offer" && offer) {
    const std::unique_lock lock(g_mutex);
    if (!g_first_offer) {
      g_first_offer = data;
    } else {
      data = *g_first_offer;
      std::cout << "did " << g_variant << std::endl;
    }
  }
  return true;
}

// RFC 6455 section 5.2; a server masks nothing.
std::string Framed(char first, const std::string& payload) {
  std::string frame(1, first);
  const std::size_t size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(size);
  } else if (size < 65536) {
    frame += static_cast<char>(126);
    frame += static_cast<char>(size >> 8);
    frame += static_cast<char>(size & 0xff);
  } else {
    std::abort();  // the relay sends no such message
  }
  return frame + payload;
}

// The first whole frame of `bytes`, taken off it.
std::optional<std::pair<char, std::string>> TakeFrame(std::string& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::size_t size = static_cast<std::uint8_t>(bytes[1]) & 0x7f;
  std::size_t header = 2;
  const std::size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (bytes.size() < header + more) return std::nullopt;
  if (more > 0) {
    size = 0;
    for (std::size_t i = 0; i < more; ++i) {
      size = size << 8 | static_cast<std::uint8_t>(bytes[header + i]);
    }
    header += more;
  }
  if (bytes.size() < header + size) return std::nullopt;
  std::pair<char, std::string> frame{bytes[0], bytes.substr(header, size)};
  bytes.erase(0, header + size);
  return frame;
}

void ToServer(int client, int server) {
  std::string bytes;
  while (ReadMore(client, bytes)) {
    if (bytes.starts_with("POST /api/sessions/pair")) {
      const std::size_t head = bytes.find("\r\n\r\n");
      const std::size_t length = bytes.find("Content-Length: ");
      if (head == std::string::npos || length == std::string::npos) continue;
      const std::size_t body = std::strtoul(bytes.c_str() + length + 16, nullptr, 10);
      if (bytes.size() < head + 4 + body) continue;
      SpoilPairRequest(bytes);
    }
    if (!WriteAll(server, bytes)) break;
    bytes.clear();
  }
  shutdown(server, SHUT_WR);
}

void ToClient(int server, int client) {
  std::string bytes;
  bool head_seen = false;
  bool is_socket = false;
  std::optional<Json> held;
  while (ReadMore(server, bytes)) {
    if (!head_seen) {
      const std::size_t head = bytes.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      head_seen = true;
      is_socket = bytes.starts_with("HTTP/1.1 101");
      if (is_socket) {
        if (!WriteAll(client, std::string_view(bytes).substr(0, head + 4))) break;
        bytes.erase(0, head + 4);
      }
    }
    if (!is_socket) {
      SpoilMeet(bytes);
      if (!WriteAll(client, bytes)) break;
      bytes.clear();
      continue;
    }
    while (auto frame = TakeFrame(bytes)) {
      std::string payload = std::move(frame->second);
      if ((frame->first & 0x0f) == 1) {
        Json message = Json::parse(payload, nullptr, false);
        if (message.is_object()) {
          if (!SpoilMessage(message, held)) continue;
          payload = message.dump();
          SpoilMeet(payload);
        }
      }
      if (!WriteAll(client, Framed(frame->first, payload))) break;
    }
  }
  shutdown(client, SHUT_WR);
}

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void Serve(int client, std::uint16_t server_port) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    std::thread up([=] { ToServer(client, server); });
    ToClient(server, client);
    up.join();
  }
  close(server);
  close(client);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  signal(SIGPIPE, SIG_IGN);
  const auto server_port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  g_variant = argv[2];
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("cannot listen");
    return 1;
  }
  std::cout << "listening on http://127.0.0.1:" << ntohs(address.sin_port) << std::endl;
  while (true) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) std::thread(Serve, client, server_port).detach();
  }
}
