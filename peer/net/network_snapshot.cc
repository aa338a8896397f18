// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/net/network_snapshot.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pairwire/bytes.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace pairwire::net {
namespace {

// The kernel makes the parts of an answer no larger than what we receive with, up to 32 KiB.
constexpr std::size_t kReceiveBuffer = 32 * 1024;
// How often a list is read again that changed while it was read.
constexpr int kMaxAttempts = 4;

struct Link {
  std::string name;
  bool up = false;
};

class Socket {
 public:
  Socket() : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

tl::unexpected<Error> SystemError(const char* what) {
  return Fail(Errc::kSystem, std::string("rtnetlink: ") + what + ": " + std::strerror(errno));
}

// The attributes behind a message's fixed part, by type; what does not fit is left out.
template <typename Header>
std::map<int, ByteSpan> Attributes(const nlmsghdr* message) {
  std::map<int, ByteSpan> found;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(message);
  std::size_t at = NLMSG_SPACE(sizeof(Header));
  while (at + sizeof(rtattr) <= message->nlmsg_len) {
    rtattr attribute{};
    std::memcpy(&attribute, bytes + at, sizeof(attribute));
    if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > message->nlmsg_len - at) break;
    found.emplace(attribute.rta_type,
                  ByteSpan(bytes + at + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0)));
    at += RTA_ALIGN(attribute.rta_len);
  }
  return found;
}

using OnMessage = std::function<void(const nlmsghdr*)>;

enum class Dump { kComplete, kChangedMeanwhile };

// One list of the kernel's, message by message.
Result<Dump> ReadList(const Socket& socket, std::uint16_t type, std::uint32_t sequence,
                      const OnMessage& on_message) {
  struct {
    nlmsghdr header{};
    rtgenmsg body{};
  } request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtgenmsg));
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = sequence;
  request.body.rtgen_family = AF_UNSPEC;
  if (send(socket.fd(), &request, request.header.nlmsg_len, 0) < 0) return SystemError("send");

  Dump result = Dump::kComplete;
  alignas(nlmsghdr) std::array<char, kReceiveBuffer> buffer;
  while (true) {
    const ssize_t got = recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return SystemError("receive");
    auto left = static_cast<std::uint32_t>(got);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
         NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_seq != sequence) continue;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) result = Dump::kChangedMeanwhile;
      if (message->nlmsg_type == NLMSG_DONE) return result;
      if (message->nlmsg_type == NLMSG_ERROR) {
        return Fail(Errc::kSystem, "rtnetlink: the kernel refuses to list its addresses");
      }
      on_message(message);
    }
  }
}

template <typename Header>
const Header* HeaderOf(const nlmsghdr* message) {
  if (message->nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return nullptr;
  return static_cast<const Header*>(NLMSG_DATA(message));
}

void AddLink(const nlmsghdr* message, std::map<int, Link>& links) {
  const auto* const header = HeaderOf<ifinfomsg>(message);
  if (message->nlmsg_type != RTM_NEWLINK || header == nullptr) return;
  const auto attributes = Attributes<ifinfomsg>(message);
  const auto name = attributes.find(IFLA_IFNAME);
  if (name == attributes.end()) return;
  const std::string_view text = AsText(name->second);
  constexpr unsigned int kUp = IFF_UP | IFF_RUNNING;
  links[header->ifi_index] = {std::string(text.substr(0, text.find('\0'))),
                              (header->ifi_flags & kUp) == kUp};
}

void AddAddress(const nlmsghdr* message, const std::map<int, Link>& links,
                NetworkSnapshot& snapshot) {
  const auto* const header = HeaderOf<ifaddrmsg>(message);
  if (message->nlmsg_type != RTM_NEWADDR || header == nullptr) return;
  const bool v4 = header->ifa_family == AF_INET;
  if (!v4 && header->ifa_family != AF_INET6) return;
  const auto link = links.find(static_cast<int>(header->ifa_index));
  if (link == links.end()) return;

  const auto attributes = Attributes<ifaddrmsg>(message);
  std::uint32_t flags = header->ifa_flags;
  const auto all_flags = attributes.find(IFA_FLAGS);
  if (all_flags != attributes.end() && all_flags->second.size() == sizeof(flags)) {
    std::memcpy(&flags, all_flags->second.data(), sizeof(flags));
  }
  const bool checking = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
  if (checking || (flags & IFA_F_DADFAILED) != 0) return;

  // On a point-to-point link IFA_ADDRESS is the other end's.
  auto address = attributes.find(IFA_LOCAL);
  if (address == attributes.end()) address = attributes.find(IFA_ADDRESS);
  if (address == attributes.end()) return;
  if (address->second.size() != (v4 ? sizeof(in_addr) : sizeof(in6_addr))) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(header->ifa_family, address->second.data(), text.data(), text.size()) == nullptr) {
    return;
  }
  snapshot.push_back({link->second.name, text.data(), link->second.up});
}

}  // namespace

Result<NetworkSnapshot> ReadNetwork() {
  const Socket socket;
  if (socket.fd() < 0) return SystemError("socket");
  // The kernel answers within the call. Should it ever not, the loop must not hang.
  constexpr timeval kNever{1, 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &kNever, sizeof(kNever));

  NetworkSnapshot snapshot;
  std::uint32_t sequence = 0;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    std::map<int, Link> links;
    snapshot.clear();
    const auto links_read = ReadList(socket, RTM_GETLINK, ++sequence,
                                     [&](const nlmsghdr* message) { AddLink(message, links); });
    if (!links_read) return tl::unexpected(links_read.error());
    const auto read = ReadList(socket, RTM_GETADDR, ++sequence, [&](const nlmsghdr* message) {
      AddAddress(message, links, snapshot);
    });
    if (!read) return tl::unexpected(read.error());
    if (*links_read == Dump::kComplete && *read == Dump::kComplete) break;
  }
  // Changing faster than it can be read: what we have is close, and another notice follows.
  std::sort(snapshot.begin(), snapshot.end());
  snapshot.erase(std::unique(snapshot.begin(), snapshot.end()), snapshot.end());
  if (snapshot.size() > kMaxNetworkAddresses) snapshot.resize(kMaxNetworkAddresses);
  return snapshot;
}

}  // namespace pairwire::net
