// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A node of a relay as the tests of the Redis store see it: a backend of its own, and one call for
// each step.
#ifndef PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_NODE_H_
#define PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_NODE_H_

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/signaling/redis/redis_store_harness.h"
#include "tests/support/redis_server.h"

namespace pairwire::redis::testing {

using relay::Joined;
using relay::RecordingNode;
using relay::StoreResult;
using relay::TimePoint;
using Kind = relay::NodeMessage::Kind;
using namespace std::chrono_literals;

// A node with its own connections to one server.
class Node {
 public:
  Node(const std::string& url, const std::string& id, RedisBackendOptions options = {})
      : id_(id), backend_(url, std::move(options)) {
    backend_->store().Subscribe(id, told);
    EXPECT_TRUE(backend_.Start());
  }
  ~Node() { backend_->store().Unsubscribe(id_); }
  TestBackend& operator*() { return backend_; }
  RedisBackend* operator->() { return &*backend_; }
  RedisStore& store() { return backend_->store(); }

  static relay::TokenHash Hash(const std::string& name) {
    relay::TokenHash hash{};
    std::copy_n(name.begin(), std::min(name.size(), hash.size()), hash.begin());
    return hash;
  }
  std::string Register(const std::string& session, int places = 1) {
    relay::NewSession asked;
    asked.session_id = session;
    asked.member_id = "d-" + session;
    asked.display_id = "display";
    asked.name = "secret name";
    asked.token_hash = Hash("d-" + session);
    asked.max_controllers = places;
    asked.waiting_ttl = 600s;
    for (std::size_t i = 0; i < asked.draws.size(); ++i) asked.draws[i] = draw_ += 7919;
    const auto registered = backend_.Ask<relay::Registered>(
        [&](auto reply) { store().RegisterSession(asked, now, std::move(reply)); });
    EXPECT_TRUE(registered.has_value());
    return registered ? registered->code : "";
  }
  StoreResult<relay::Claimed> Claim(const std::string& code, const std::string& member) {
    relay::Claim claim;
    claim.code = code;
    claim.member_id = member;
    claim.token_hash = Hash(member);
    claim.ready_data = "{}";
    claim.left_notice = "left " + member;
    claim.join_within = 60s;
    return backend_.Ask<relay::Claimed>(
        [&](auto reply) { store().ClaimCode(claim, now, std::move(reply)); });
  }
  // Without a code; with the name `meet`.
  StoreResult<relay::Registered> RegisterMeet(const std::string& session, const std::string& meet) {
    relay::NewSession asked;
    asked.session_id = session;
    asked.member_id = "d-" + session;
    asked.token_hash = Hash("d-" + session);
    asked.waiting_ttl = 600s;
    asked.codeless = true;
    asked.meets = {Hash(meet)};
    return backend_.Ask<relay::Registered>(
        [&](auto reply) { store().RegisterSession(asked, now, std::move(reply)); });
  }
  StoreResult<relay::Claimed> ClaimMeet(const std::string& meet, const std::string& member) {
    relay::Claim claim;
    claim.meet = Hash(meet);
    claim.member_id = member;
    claim.token_hash = Hash(member);
    claim.ready_data = R"({"controllerId":"c"})";
    claim.join_within = 60s;
    return backend_.Ask<relay::Claimed>(
        [&](auto reply) { store().ClaimCode(claim, now, std::move(reply)); });
  }
  StoreResult<relay::OpenedEvents> Listen(const std::string& session) {
    return backend_.Ask<relay::OpenedEvents>([&](auto reply) {
      store().OpenEvents(session, Hash("d-" + session), id_, 0, now, std::move(reply));
    });
  }
  StoreResult<Joined> Join(const std::string& session, const std::string& member) {
    relay::JoinRequest join;
    join.session_id = session;
    join.member_id = member;
    join.node_id = id_;
    join.resume_hash = Hash("resume");
    join.joined_notice = "joined " + member;
    join.left_notice = "left " + member;
    return backend_.Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  }
  // As a user of a room, which has at most 256.
  StoreResult<Joined> Enter(const std::string& room, const std::string& user) {
    relay::JoinRequest join;
    join.session_id = room;
    join.member_id = user;
    join.node_id = id_;
    join.resume_hash = Hash("resume");
    join.joined_notice = "joined " + user;
    join.left_notice = "left " + user;
    join.open_room = true;
    join.name = "Name of " + user;
    join.max_members = 256;
    return backend_.Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  }
  StoreResult<bool> Leave(const std::string& session, const std::string& member,
                          std::uint64_t epoch) {
    return backend_.Ask<bool>([&](auto reply) {
      store().Leave({session, member, epoch, 5s, {{"1.1", "tail"}}, {}}, now, std::move(reply));
    });
  }
  StoreResult<relay::Routed> Route(const std::string& session, const std::string& from,
                                   const std::string& text) {
    return backend_.Ask<relay::Routed>([&](auto reply) {
      store().Route({session, from, "", text}, now, std::move(reply));
    });
  }
  bool Announce(std::uint64_t incarnation) {
    relay::NodeInfo info;
    info.node_id = id_;
    info.incarnation = incarnation;
    info.url = "http://" + id_;
    info.load = 0.25;
    return backend_
        .Ask<bool>(
            [&](auto reply) { backend_->parts().registry.Announce(info, 3s, std::move(reply)); })
        .value_or(false);
  }
  std::vector<std::string> Nodes() {
    auto list = backend_.Ask<std::vector<relay::NodeInfo>>(
        [&](auto reply) { backend_->parts().registry.List(std::move(reply)); });
    std::vector<std::string> ids;
    for (const relay::NodeInfo& info : list.value_or(std::vector<relay::NodeInfo>())) {
      ids.push_back(info.node_id + "." + std::to_string(info.incarnation) + " " + info.url);
    }
    return ids;
  }
  relay::DueReport Due() {
    relay::DueReport sum;
    for (bool more = true; more;) {
      const auto report = backend_.Ask<relay::DueReport>(
          [&](auto reply) { store().ClaimDue(now, 100, std::move(reply)); });
      if (!report) break;
      sum.departed_members += report->departed_members;
      sum.departed_nodes += report->departed_nodes;
      sum.ended_sessions += report->ended_sessions;
      sum.expired_sessions += report->expired_sessions;
      more = report->more;
    }
    return sum;
  }
  std::vector<relay::LoggedEvent> Log(const std::string& after, std::size_t limit) {
    return backend_
        .Ask<std::vector<relay::LoggedEvent>>(
            [&](auto reply) { backend_->parts().events.Read(after, limit, std::move(reply)); })
        .value_or(std::vector<relay::LoggedEvent>());
  }

  RecordingNode told;
  TimePoint now = TimePoint{} + std::chrono::hours(500'000);

 private:
  const std::string id_;
  std::uint64_t draw_ = 4242;
  TestBackend backend_;
};

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class RedisStoreTest : public ::testing::Test {
 protected:
  RedisStoreTest() { server_.Cli({"FLUSHALL"}); }
  // One for all cases of a process.
  static test::RedisServer& SharedServer() {
    static test::RedisServer server;
    return server;
  }

  test::RedisServer& server_ = SharedServer();
  const std::string url_ = "redis://" + server_.Address();
  TimePoint clock_ = TimePoint{} + std::chrono::hours(500'000);
  RedisBackendOptions Virtual() {
    RedisBackendOptions options;
    options.scripts.clock = [this] { return clock_; };
    return options;
  }
};

}  // namespace pairwire::redis::testing

#endif  // PAIRWIRE_TESTS_SIGNALING_REDIS_REDIS_STORE_NODE_H_
