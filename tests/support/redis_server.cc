// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/support/redis_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/support/server_port.h"

namespace pairwire::test {
namespace {

constexpr const char* kProgram = "/usr/bin/redis-check-rdb";
constexpr const char* kCli = "/usr/bin/redis-cli";
constexpr int kSlots = 16384;
// Another process may take the port between our look and the server's.
constexpr int kAttempts = 10;

int FirstSlot(std::size_t master, std::size_t masters) {
  return static_cast<int>(static_cast<std::size_t>(kSlots) * master / masters);
}

}  // namespace

RedisFolder::RedisFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "pairwire-redis-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

RedisFolder::~RedisFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

RedisServer::RedisServer(Options options) : options_(std::move(options)) {
  if (access(kProgram, X_OK) != 0 || access(kCli, X_OK) != 0) {
    ADD_FAILURE() << "no Redis here: install redis-tools (.ci/install-packages.sh test)";
    std::abort();
  }
  // It serves unless it is called redis-check-rdb.
  std::filesystem::create_symlink(kProgram, folder_.path() + "/redis-server");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    port_ = ServerPort();
    if (options_.cluster_timeout.count() > 0) cluster_port_ = ServerPort();
    if (TryStart()) return;
  }
  ADD_FAILURE() << "redis-server does not start: " << process_->errors();
  for (const std::string& line : process_->lines()) ADD_FAILURE() << line;
}

RedisServer::~RedisServer() = default;

bool RedisServer::TryStart() {
  const std::string port = std::to_string(port_);
  std::vector<std::string> words = {folder_.path() + "/redis-server"};
  if (!options_.sentinel.empty()) {
    // It writes its findings into the file.
    const std::string file = folder_.path() + "/sentinel.conf";
    std::ofstream out(file);
    out << "port " << port << "\nbind 127.0.0.1\ndir " << folder_.path() << "\n";
    for (const std::string& line : options_.sentinel) out << line << "\n";
    out.close();
    words.insert(words.end(), {file, "--sentinel"});
  } else {
    const bool tls = !options_.tls_certificate.empty();
    words.insert(words.end(), {"--port", tls ? "0" : port, "--bind", "127.0.0.1", "--dir",
                               folder_.path(), "--save", "", "--appendonly", "no",
                               "--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"});
    if (options_.cluster_timeout.count() > 0) {
      words.insert(words.end(),
                   {"--cluster-enabled", "yes", "--cluster-port", std::to_string(cluster_port_),
                    "--cluster-node-timeout", std::to_string(options_.cluster_timeout.count()),
                    "--cluster-config-file", "nodes.conf",
                    // A replica may follow at once, however little it has heard.
                    "--cluster-replica-validity-factor", "0"});
    }
    if (tls) {
      words.insert(words.end(), {"--tls-port", port, "--tls-cert-file", options_.tls_certificate,
                                 "--tls-key-file", options_.tls_key, "--tls-ca-cert-file",
                                 options_.tls_authority, "--tls-auth-clients", "no"});
    }
  }
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  process_ = std::make_unique<ChildProcess>(std::move(words));
  // A Sentinel says its id instead.
  const std::string_view ready =
      options_.sentinel.empty() ? "Ready to accept connections" : "Sentinel ID is";
  return process_
      ->WaitForLine([&](const std::string& line) { return line.find(ready) != std::string::npos; })
      .has_value();
}

std::string RedisServer::Address() const { return "127.0.0.1:" + std::to_string(port_); }

void RedisServer::Kill() {
  process_->Signal(SIGKILL);
  EXPECT_EQ(process_->WaitForExit(), 128 + SIGKILL);
}

void RedisServer::Start() { EXPECT_TRUE(TryStart()) << process_->errors(); }

void RedisServer::Pause() { process_->Signal(SIGSTOP); }

void RedisServer::Resume() { process_->Signal(SIGCONT); }

std::string RedisServer::Cli(std::vector<std::string> words) const {
  std::vector<std::string> all = {kCli, "-p", std::to_string(port_)};
  all.insert(all.end(), options_.cli_arguments.begin(), options_.cli_arguments.end());
  all.insert(all.end(), words.begin(), words.end());
  ChildProcess cli(std::move(all));
  cli.WaitForExit();
  std::string text;
  for (const std::string& line : cli.lines()) text += (text.empty() ? "" : "\n") + line;
  return text;
}

void RedisServer::WaitForCli(const std::vector<std::string>& words,
                             const std::function<bool(const std::string&)>& wanted) const {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  std::string text;
  do {
    text = Cli(words);
    if (wanted(text)) return;
    // Another process' state can only be asked for again and again.
    poll(nullptr, 0, 20);
  } while (std::chrono::steady_clock::now() < deadline);
  ADD_FAILURE() << "redis-cli " << words.front() << " kept saying: " << text;
}

RedisCluster::RedisCluster(std::size_t masters, std::size_t replicas_of_first) : masters_(masters) {
  for (std::size_t i = 0; i < masters + replicas_of_first; ++i) {
    RedisServer::Options options;
    // Short only where a master will die: a busy machine is not to look like a dead one.
    options.cluster_timeout = std::chrono::milliseconds(replicas_of_first > 0 ? 1000 : 10'000);
    servers_.push_back(std::make_unique<RedisServer>(options));
    ids_.push_back(servers_.back()->Cli({"CLUSTER", "MYID"}));
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    servers_[i]->Cli({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
    if (i < masters) {
      servers_[i]->Cli({"CLUSTER", "ADDSLOTSRANGE", std::to_string(FirstSlot(i, masters)),
                        std::to_string(FirstSlot(i + 1, masters) - 1)});
    }
    if (i == 0) continue;
    servers_[i]->Cli({"CLUSTER", "MEET", "127.0.0.1", std::to_string(servers_[0]->port()),
                      std::to_string(servers_[0]->cluster_port())});
  }
  const std::string all = "cluster_known_nodes:" + std::to_string(servers_.size());
  for (const auto& server : servers_) {
    server->WaitForCli({"CLUSTER", "INFO"}, [&](const std::string& info) {
      return info.find(all) != std::string::npos;
    });
  }
  for (std::size_t i = masters; i < servers_.size(); ++i) {
    servers_[i]->WaitForCli({"CLUSTER", "REPLICATE", ids_[0]},
                            [](const std::string& text) { return text == "OK"; });
    servers_[i]->WaitForCli({"INFO", "replication"}, [](const std::string& info) {
      return info.find("master_link_status:up") != std::string::npos;
    });
  }
  for (const auto& server : servers_) {
    server->WaitForCli({"CLUSTER", "INFO"}, [](const std::string& info) {
      return info.find("cluster_state:ok") != std::string::npos;
    });
    // Every slot's master is known here too.
    server->WaitForCli({"CLUSTER", "SLOTS"}, [&](const std::string& slots) {
      for (std::size_t i = 0; i < masters; ++i) {
        if (slots.find(ids_[i]) == std::string::npos) return false;
      }
      return true;
    });
  }
}

std::size_t RedisCluster::MasterOf(std::uint16_t slot) const {
  std::size_t master = 0;
  while (slot >= FirstSlot(master + 1, masters_)) ++master;
  return master;
}

std::string RedisCluster::Url() const {
  std::string url = "redis+cluster://" + servers_[0]->Address();
  for (std::size_t i = 1; i < masters_; ++i) url += "," + servers_[i]->Address();
  return url;
}

void RedisCluster::BeginMove(std::uint16_t slot, std::size_t from, std::size_t to) {
  const std::string number = std::to_string(slot);
  EXPECT_EQ(servers_[to]->Cli({"CLUSTER", "SETSLOT", number, "IMPORTING", ids_[from]}), "OK");
  EXPECT_EQ(servers_[from]->Cli({"CLUSTER", "SETSLOT", number, "MIGRATING", ids_[to]}), "OK");
}

void RedisCluster::EndMove(std::uint16_t slot, std::size_t to) {
  const std::string number = std::to_string(slot);
  EXPECT_EQ(servers_[to]->Cli({"CLUSTER", "SETSLOT", number, "NODE", ids_[to]}), "OK");
  for (std::size_t i = 0; i < masters_; ++i) {
    if (i != to) servers_[i]->Cli({"CLUSTER", "SETSLOT", number, "NODE", ids_[to]});
  }
}

}  // namespace pairwire::test
