// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/server/check_command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "signaling/server/trusted_proxies.h"
#include "signaling/server/user_keys.h"

namespace pairwire::server {
namespace {

using Level = Finding::Level;

// Of a burst of displays that come back after a restart, those beyond are turned away by the kernel
// and try again a second later.
constexpr std::size_t kGoodBacklog = 1'024;

// What remains of the descriptors for files, logs and libraries (DescriptorBound in admission.h).
std::size_t ConnectionsOf(std::size_t descriptors) { return descriptors / 5 * 4; }
std::size_t DescriptorsFor(std::size_t connections) { return connections / 4 * 5 + 5; }

std::string Where(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool IsLoopback(const std::string& host) {
  const auto address = ParseAddress(host);
  return address && address->IsLoopback();
}

class Checker {
 public:
  Checker(const ServerConfig& config, const Machine& machine)
      : config_(config), machine_(machine) {}

  std::vector<Finding> Run() {
    Listening("--listen", config_.listen_host, config_.listen_port);
    Transport();
    if (!config_.internal_host.empty()) {
      Listening("--internal-listen", config_.internal_host, config_.internal_port);
    }
    Internal();
    Proxies();
    Users();
    Folder();
    Descriptors();
    Backlog();
    Limits();
    return std::move(findings_);
  }

 private:
  void Add(Level level, std::string text) { findings_.push_back({level, std::move(text)}); }
  void Ok(std::string text) { Add(Level::kOk, std::move(text)); }
  void Warn(std::string text) { Add(Level::kWarning, std::move(text)); }
  void Bad(std::string text) { Add(Level::kError, std::move(text)); }

  void Listening(const std::string& option, const std::string& host, std::uint16_t port) {
    if (const auto listening = machine_.try_listen(host, port); !listening) {
      return Bad(option + ": " + Where(host, port) + ": " + listening.error().detail);
    }
    Ok(option + ": " + Where(host, port) + " is free");
  }

  void Transport() {
    const std::string& url = config_.public_url;
    if (url.rfind("http://", 0) == 0) {
      return Warn("--public-url: http:// sends tokens in the clear; use https://");
    }
    if (!IsLoopback(config_.listen_host)) {
      return Warn(
          "--listen: " + config_.listen_host +
          " is reached from other machines without TLS: listen on 127.0.0.1 and put a proxy "
          "with TLS in front");
    }
    if (!url.empty()) return Ok("--public-url: clients are told " + url);
    if (!config_.trusted_proxies.empty()) {
      Warn(
          "--public-url: not set although there is a proxy: set it when the proxy changes the host "
          "or the path that clients use");
    }
  }

  void Internal() {
    if (config_.internal_host.empty()) {
      if (!IsLoopback(config_.listen_host) || !config_.trusted_proxies.empty()) {
        Warn("--internal-listen: not set, so /metrics is served to everybody");
      }
      return;
    }
    if (config_.internal_port != 0 && config_.internal_port == config_.listen_port &&
        config_.internal_host == config_.listen_host) {
      return Bad("--internal-listen: is the same as --listen");
    }
    if (config_.internal_host == "0.0.0.0" || config_.internal_host == "::") {
      Warn("--internal-listen: " + config_.internal_host +
           " is every network of this machine: name a private address, or guard the port");
    }
  }

  void Users() {
    if (config_.jwt_jwks.empty()) return;
    if (IsJwksUrl(config_.jwt_jwks)) {
      return Ok("--jwt-jwks: the keys of users' tokens are fetched once the relay runs");
    }
    const auto text = ReadJwksFile(config_.jwt_jwks);
    if (!text) return Bad(text.error().detail);
    const auto keys = auth::KeySet::Parse(*text);
    if (!keys) return Bad("--jwt-jwks: " + config_.jwt_jwks + ": " + keys.error().detail);
    Ok("--jwt-jwks: " + std::to_string(keys->size()) + " keys of users' tokens");
  }

  void Proxies() {
    for (const std::string& text : config_.trusted_proxies) {
      const auto range = ParseAddressRange(text);
      if (!range) {
        Bad("--trusted-proxy: " + text + " is not understood");
      } else if (range->IsEverything()) {
        Warn("--trusted-proxy: " + text +
             " trusts everybody, so that any client may choose its own address");
      } else {
        Ok("--trusted-proxy: " + text);
      }
    }
    if (config_.trusted_proxies.empty() && !config_.public_url.empty()) {
      Warn(
          "--trusted-proxy: not set although --public-url tells of a proxy: all its clients share "
          "the limits of one address");
    }
  }

  void Folder() {
    if (config_.web_dir.empty()) return;
    if (!machine_.is_folder(config_.web_dir)) return Bad("--web: is not a folder that can be read");
    if (!machine_.is_file(config_.web_dir + "/index.html")) {
      return Warn("--web: the folder has no index.html, so that / is 404");
    }
    Ok("--web: the folder is there");
  }

  void Descriptors() {
    const std::size_t wanted = config_.limits.connections;
    const std::size_t now = ConnectionsOf(machine_.soft_descriptors);
    const std::string limits = "the limit of open files is " +
                               std::to_string(machine_.soft_descriptors) + " (at most " +
                               std::to_string(machine_.hard_descriptors) + ")";
    if (wanted > now) {
      return Bad("--max-connections: " + std::to_string(wanted) + " connections need " +
                 std::to_string(DescriptorsFor(wanted)) + " open files, but " + limits +
                 ": raise it (LimitNOFILE= of systemd, ulimit -n)");
    }
    if (wanted == 0 && machine_.soft_descriptors < machine_.hard_descriptors) {
      return Warn("--max-connections: room for " + std::to_string(now) + " connections, as " +
                  limits + ": raise it (LimitNOFILE= of systemd, ulimit -n)");
    }
    Ok("--max-connections: room for " + std::to_string(wanted == 0 ? now : wanted) +
       " connections");
  }

  void Backlog() {
    if (machine_.backlog == 0 || machine_.backlog >= kGoodBacklog) return;
    Warn("net.core.somaxconn: is " + std::to_string(machine_.backlog) +
         "; with 4096 a crowd that reconnects at once is not turned away");
  }

  void Limits() {
    if (!config_.rate_limits) {
      Warn("--rate-limits: are off, so that codes can be guessed as fast as the relay answers");
    }
    if (config_.limits.connections_per_ip == 0) {
      Warn("--max-connections-per-ip: 0 lets one address take all connections");
    }
  }

  const ServerConfig& config_;
  const Machine& machine_;
  std::vector<Finding> findings_;
};

Result<void> TryListen(const std::string& host, std::uint16_t port) {
  const auto address = ParseAddress(host);
  if (!address) return Fail(Errc::kInvalidArgument, "not an address such as 127.0.0.1 or [::1]");
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  std::memcpy(&v4.sin_addr, address->bytes.data() + 12, 4);
  std::memcpy(&v6.sin6_addr, address->bytes.data(), 16);
  const bool ipv4 = address->IsIpv4();
  const auto* name =
      ipv4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const int fd = socket(ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = fd < 0 ? errno : 0;
  const int on = 1;
  if (error == 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (error == 0 && bind(fd, name, ipv4 ? sizeof v4 : sizeof v6) != 0) error = errno;
  if (error == 0 && listen(fd, 1) != 0) error = errno;
  if (fd >= 0) close(fd);
  if (error != 0) return Fail(Errc::kSystem, std::generic_category().message(error));
  return {};
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.try_listen = TryListen;
  machine.is_folder = [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored) && access(path.c_str(), R_OK | X_OK) == 0;
  };
  machine.is_file = [](const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), R_OK) == 0;
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    machine.soft_descriptors = limit.rlim_cur;
    machine.hard_descriptors = limit.rlim_max;
  }
  std::ifstream("/proc/sys/net/core/somaxconn") >> machine.backlog;
  return machine;
}

std::vector<Finding> CheckSetup(const ServerConfig& config, const Machine& machine) {
  return Checker(config, machine).Run();
}

std::string ToText(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    switch (finding.level) {
      case Level::kOk:
        text += "ok       ";
        break;
      case Level::kWarning:
        text += "warning  ";
        break;
      case Level::kError:
        text += "error    ";
        break;
    }
    text += finding.text + "\n";
  }
  return text;
}

int ExitCode(const std::vector<Finding>& findings) {
  const bool bad = std::any_of(findings.begin(), findings.end(),
                               [](const Finding& f) { return f.level == Level::kError; });
  return bad ? 1 : 0;
}

}  // namespace pairwire::server
