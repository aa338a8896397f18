// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The fixture of the store contract: what every Store must do, whatever it is made of. A store
// joins the suite with one INSTANTIATE_TEST_SUITE_P and a StoreUnderTest.
#ifndef PAIRWIRE_TESTS_CONTRACT_STORE_CONTRACT_H_
#define PAIRWIRE_TESTS_CONTRACT_STORE_CONTRACT_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/event_log.h"
#include "signaling/store/registry.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  virtual EventLog& events() = 0;
  // Its clock stands still at the time at which cases begin.
  virtual Registry& registry() = 0;
  // Returns when every reply and message that was caused has been delivered.
  virtual void Settle() = 0;
};

struct StoreParam {
  std::string name;
  // A new, empty store: at most `max_sessions` and four times as many meets, rest of codes 10 min,
  // linger of ended sessions 30 s.
  std::function<std::unique_ptr<StoreUnderTest>(std::size_t max_sessions)> make;
  // Codes and the bound of sessions depend on the shard that a session falls into, so a case that
  // names them exactly has nothing to say.
  bool sharded = false;

  // As gtest shows it in the names of cases, which else were the bytes of pointers.
  friend void PrintTo(const StoreParam& param, std::ostream* out) { *out << param.name; }
};

// What a node was told.
class RecordingNode final : public NodeHandler {
 public:
  void OnNodeMessage(const NodeMessage& message) override { messages.push_back(message); }
  void OnStoreState(bool is_up) override { up = is_up; }
  void OnDueHint() override {}
  std::vector<NodeMessage> Take() { return std::exchange(messages, {}); }
  std::size_t Count(NodeMessage::Kind kind) const {
    std::size_t count = 0;
    for (const NodeMessage& message : messages) count += message.kind == kind ? 1 : 0;
    return count;
  }
  std::vector<NodeMessage> messages;
  bool up = true;
};

class StoreContract : public testing::TestWithParam<StoreParam> {
 protected:
  void SetUp() override { Start(1000); }
  void TearDown() override {
    if (under_test_) {
      store().Unsubscribe("a");
      store().Unsubscribe("b");
    }
  }
  void Start(std::size_t max_sessions) {
    under_test_ = GetParam().make(max_sessions);
    store().Subscribe("a", node_a);
    store().Subscribe("b", node_b);
  }
  Store& store() { return under_test_->store(); }
  EventLog& events() { return under_test_->events(); }
  Registry& registry() { return under_test_->registry(); }
  void Settle() { under_test_->Settle(); }

  // Runs one call and gives its reply; fails when the reply came inside the call or not at all.
  template <typename T, typename Call>
  StoreResult<T> Ask(Call call) {
    std::optional<StoreResult<T>> answer;
    bool inside = true;
    bool came_inside = false;
    call([&](StoreResult<T> result) {
      came_inside = inside;
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = std::move(result);
    });
    inside = false;
    Settle();
    EXPECT_FALSE(came_inside);
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(tl::unexpected(StoreError::kUnavailable));
  }

  static TokenHash Hash(const std::string& name) {
    TokenHash hash{};
    for (std::size_t i = 0; i < name.size() && i < hash.size(); ++i) {
      hash[i] = static_cast<std::uint8_t>(name[i]);
    }
    return hash;
  }
  NewSession MakeSession(const std::string& id, int max_controllers = 1, bool plain = false) {
    NewSession session;
    session.session_id = id;
    session.display_id = "display-" + id;
    session.member_id = "d-" + id;
    session.name = "Display " + id;
    session.token_hash = Hash("token d-" + id);
    session.max_controllers = max_controllers;
    session.plain = plain;
    session.waiting_ttl = std::chrono::seconds(600);
    for (std::uint64_t& draw : session.draws) draw = next_draw_ += 7;
    return session;
  }
  StoreResult<Registered> Register(NewSession session) {
    return Ask<Registered>(
        [&](auto reply) { store().RegisterSession(std::move(session), now, std::move(reply)); });
  }
  std::string RegisterCode(const std::string& id, int max_controllers = 1) {
    auto registered = Register(MakeSession(id, max_controllers));
    EXPECT_TRUE(registered);
    return registered ? registered->code : "";
  }
  Claim MakeClaim(const std::string& code, const std::string& member) {
    Claim claim;
    claim.code = code;
    claim.member_id = member;
    claim.name = "Name " + member;
    claim.token_hash = Hash("token " + member);
    claim.ready_data = "{\"controllerId\":\"" + member + "\"}";
    claim.left_notice = "left " + member;
    claim.join_within = std::chrono::seconds(60);
    return claim;
  }
  StoreResult<Claimed> Take(const std::string& code, const std::string& member) {
    return Ask<Claimed>(
        [&](auto reply) { store().ClaimCode(MakeClaim(code, member), now, std::move(reply)); });
  }
  StoreResult<Member> Find(const std::string& session, const std::string& member) {
    return Ask<Member>([&](auto reply) {
      store().FindMember(session, Hash("token " + member), now, std::move(reply));
    });
  }
  StoreResult<OpenedEvents> Events(const std::string& session, std::uint64_t after = 0,
                                   const std::string& node = "a") {
    return Ask<OpenedEvents>([&](auto reply) {
      store().OpenEvents(session, Hash("token d-" + session), node, after, now, std::move(reply));
    });
  }
  StoreResult<Joined> JoinAs(const std::string& session, const std::string& member,
                             const std::string& node) {
    JoinRequest join;
    join.session_id = session;
    join.member_id = member;
    join.node_id = node;
    join.resume_hash = Hash("resume " + std::to_string(++resumes_));
    join.joined_notice = "joined " + member;
    join.left_notice = "left " + member;
    return Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  }
  // As a user of a room of three.
  StoreResult<Joined> JoinRoom(const std::string& room, const std::string& user,
                               const std::string& node) {
    JoinRequest join;
    join.session_id = room;
    join.member_id = user;
    join.node_id = node;
    join.resume_hash = Hash("resume " + user);
    join.joined_notice = "joined " + user;
    join.left_notice = "left " + user;
    join.open_room = true;
    join.max_members = 3;
    return Ask<Joined>([&](auto reply) { store().Join(join, now, std::move(reply)); });
  }
  void Announce(const std::string& node, std::uint64_t incarnation) {
    NodeInfo info;
    info.node_id = node;
    info.incarnation = incarnation;
    EXPECT_TRUE(Ask<bool>(
        [&](auto reply) { registry().Announce(info, std::chrono::seconds(3), std::move(reply)); }));
  }
  // What was logged since the last call.
  std::vector<LoggedEvent> NewEvents() {
    std::vector<LoggedEvent> all;
    for (;;) {
      auto some = Ask<std::vector<LoggedEvent>>(
          [&](auto reply) { events().Read(cursor_, 100, std::move(reply)); });
      EXPECT_TRUE(some);
      if (!some || some->empty()) return all;
      cursor_ = some->back().cursor;
      all.insert(all.end(), some->begin(), some->end());
    }
  }
  StoreResult<Routed> Send(const std::string& session, const std::string& from,
                           const std::string& to, const std::string& text) {
    return Ask<Routed>([&](auto reply) {
      store().Route({session, from, to, text}, now, std::move(reply));
    });
  }
  StoreResult<Member> Terminate(const std::string& session, const std::string& member) {
    return Ask<Member>([&](auto reply) {
      store().Terminate(session, Hash("token " + member), "ended", now, std::move(reply));
    });
  }
  StoreResult<bool> Leave(const std::string& session, const std::string& member,
                          std::uint64_t epoch, std::vector<KeptText> tail = {},
                          std::chrono::milliseconds window = std::chrono::seconds(5)) {
    return Ask<bool>([&](auto reply) {
      store().Leave({session, member, epoch, window, std::move(tail), {}}, now, std::move(reply));
    });
  }
  // Does all that is due.
  DueReport Due(std::size_t limit = 100) {
    DueReport sum;
    for (bool more = true; more;) {
      auto report =
          Ask<DueReport>([&](auto reply) { store().ClaimDue(now, limit, std::move(reply)); });
      EXPECT_TRUE(report) << "the store did not answer";
      if (!report) return sum;
      sum.expired_sessions += report->expired_sessions;
      sum.departed_members += report->departed_members;
      sum.ended_sessions += report->ended_sessions;
      more = report->more;
    }
    return sum;
  }
  static std::vector<std::string> Texts(const std::vector<KeptText>& kept) {
    std::vector<std::string> texts;
    for (const KeptText& text : kept) texts.push_back(text.text);
    return texts;
  }
  // Without the hints about places.
  static std::vector<NodeMessage> Told(std::vector<NodeMessage> messages) {
    std::erase_if(messages,
                  [](const NodeMessage& m) { return m.kind == NodeMessage::Kind::kPlaced; });
    return messages;
  }
  static std::vector<std::string> Texts(const std::vector<NodeMessage>& messages) {
    std::vector<std::string> texts;
    for (const NodeMessage& message : messages) {
      if (message.kind == NodeMessage::Kind::kDeliver) texts.push_back(message.text);
    }
    return texts;
  }

  TimePoint now = TimePoint{} + std::chrono::hours(500'000);
  RecordingNode node_a;
  RecordingNode node_b;

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
  std::uint64_t next_draw_ = 0;
  int resumes_ = 0;
  std::string cursor_;
};

// Names that both ends know (store_contract_meets.cc).
class Meet : public StoreContract {
 protected:
  NewSession MakeMeeting(const std::string& id, const std::vector<std::string>& meets,
                         bool codeless = true, int max_controllers = 1) {
    NewSession session = MakeSession(id, max_controllers);
    session.codeless = codeless;
    for (const std::string& meet : meets) session.meets.push_back(Hash("meet " + meet));
    return session;
  }
  Claim MakeMeetClaim(const std::string& meet, const std::string& member) {
    Claim claim = MakeClaim("", member);
    claim.meet = Hash("meet " + meet);
    return claim;
  }
  StoreResult<Claimed> TakeMeet(const std::string& meet, const std::string& member) {
    return Ask<Claimed>(
        [&](auto reply) { store().ClaimCode(MakeMeetClaim(meet, member), now, std::move(reply)); });
  }
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_CONTRACT_STORE_CONTRACT_H_
