// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisServer: a real redis-server (or Sentinel) that a test starts on a free port of 127.0.0.1, in
// a folder of its own, and that ends with the object. Debian's redis-tools holds the program under
// the name redis-check-rdb; so no packaged service is needed, and none is touched.
#ifndef PAIRWIRE_TESTS_SUPPORT_REDIS_SERVER_H_
#define PAIRWIRE_TESTS_SUPPORT_REDIS_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"

namespace pairwire::test {

// A folder that goes with the object.
class RedisFolder {
 public:
  RedisFolder();
  ~RedisFolder();
  RedisFolder(const RedisFolder&) = delete;
  RedisFolder& operator=(const RedisFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class RedisServer {
 public:
  struct Options {
    // For redis-server, after ours: {"--requirepass", "secret"}.
    std::vector<std::string> arguments;
    // More than 0: a server of a Cluster, which calls another one dead after so long.
    std::chrono::milliseconds cluster_timeout{0};
    // Lines of a Sentinel's configuration; not empty: it is a Sentinel.
    std::vector<std::string> sentinel;
    // TLS on the port instead of plain text.
    std::string tls_certificate, tls_key, tls_authority;
    // For Cli.
    std::vector<std::string> cli_arguments;
  };

  // Returns when it takes connections; without a program or a port the test fails.
  RedisServer() : RedisServer(Options()) {}
  explicit RedisServer(Options options);
  ~RedisServer();

  std::uint16_t port() const { return port_; }
  // Where the servers of a Cluster talk to one another.
  std::uint16_t cluster_port() const { return cluster_port_; }
  // "127.0.0.1:7000"
  std::string Address() const;
  pid_t pid() const { return process_->pid(); }

  // kill -9. Nothing was saved, so what comes after Start is empty.
  void Kill();
  // After Kill, on the same port.
  void Start();
  // SIGSTOP and SIGCONT.
  void Pause();
  void Resume();

  // redis-cli with these words: what it prints, lines joined by "\n".
  std::string Cli(std::vector<std::string> words) const;
  // Asks again until `wanted` likes what it prints; the test fails after 30 s.
  void WaitForCli(const std::vector<std::string>& words,
                  const std::function<bool(const std::string&)>& wanted) const;

 private:
  bool TryStart();

  const Options options_;
  RedisFolder folder_;
  std::uint16_t port_ = 0;
  std::uint16_t cluster_port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

// Masters that share the slots evenly, and replicas of the first of them.
class RedisCluster {
 public:
  // Returns when every server says that the Cluster is well.
  explicit RedisCluster(std::size_t masters = 3, std::size_t replicas_of_first = 0);

  RedisServer& server(std::size_t i) { return *servers_[i]; }
  std::size_t size() const { return servers_.size(); }
  std::size_t masters() const { return masters_; }
  // Which master holds the slot, as they were shared out.
  std::size_t MasterOf(std::uint16_t slot) const;
  std::string Id(std::size_t i) const { return ids_[i]; }
  // "redis+cluster://127.0.0.1:7000,127.0.0.1:7001"
  std::string Url() const;

  // The two halves of moving a slot: between them the server answers ASK for what it does not have.
  void BeginMove(std::uint16_t slot, std::size_t from, std::size_t to);
  void EndMove(std::uint16_t slot, std::size_t to);

 private:
  const std::size_t masters_;
  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::string> ids_;
};

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SUPPORT_REDIS_SERVER_H_
