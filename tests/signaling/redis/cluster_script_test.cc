// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A Cluster of scripted servers: redirections in the middle of a pipeline, servers that disagree.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "signaling/redis/cluster_client.h"
#include "signaling/redis/slot_map.h"
#include "tests/signaling/redis/redis_harness.h"

namespace pairwire::redis {
namespace {

using testing::BulkText;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ListText;
using testing::ScriptedServer;
using testing::TestClient;

// Two servers; a holds every slot. What they answer to other commands is set by the test.
class ScriptedCluster : public testing::RedisTest {
 protected:
  using Script = ScriptedServer::Script;

  ScriptedCluster()
      : a_(loop_, [this](const Args& args) { return Answer(args, on_a_); }),
        b_(loop_, [this](const Args& args) { return Answer(args, on_b_); }),
        client_(loop_, resolver_, "redis+cluster://" + a_.Address()) {}

  std::string Slots() const {
    const auto range = [](int first, int last, std::uint16_t port) {
      return ListText({":" + std::to_string(first) + "\r\n", ":" + std::to_string(last) + "\r\n",
                       ListText({BulkText("127.0.0.1"), ":" + std::to_string(port) + "\r\n"})});
    };
    return ListText({range(0, 16383, holder_ == 'a' ? a_.port() : b_.port())});
  }
  std::string Redirect(const std::string& word, const ScriptedServer& to) const {
    return "-" + word + " " + std::to_string(KeySlot("k")) + " " + to.Address() + "\r\n";
  }
  std::vector<std::string> CommandsOf(const ScriptedServer& server) const {
    std::vector<std::string> commands;
    for (const std::string& command : server.commands) {
      if (!command.starts_with("CLUSTER") && command != "ASKING") commands.push_back(command);
    }
    return commands;
  }

  char holder_ = 'a';
  Script on_a_ = [](const Args&) { return "+OK\r\n"; };
  Script on_b_ = [](const Args&) { return "+OK\r\n"; };
  ScriptedServer a_, b_;
  TestClient client_;

 private:
  std::optional<std::string> Answer(const Args& args, const Script& script) {
    if (args.front() == "CLUSTER") return Slots();
    if (args.front() == "ASKING") return "+OK\r\n";
    return script(args);
  }
};

TEST_F(ScriptedCluster, MovedInTheMiddleOfAPipeline) {
  on_a_ = [&](const Args& args) {
    return args[2] <= "2" ? std::string("+OK\r\n") : Redirect("MOVED", b_);
  };
  ASSERT_TRUE(client_.WaitUp());
  for (const char* const value : {"1", "2", "3", "4", "5"}) client_.Add({"SET", "k", value});
  // Comes while the first of them are redirected.
  ASSERT_TRUE(RunUntil([&] { return client_.answers.size() == 2; }));
  client_.Add({"SET", "k", "6"});
  ASSERT_TRUE(client_.WaitForAnswers());
  EXPECT_EQ(CommandsOf(a_).size(), 5U);
  EXPECT_THAT(CommandsOf(b_), ElementsAre("SET k 3", "SET k 4", "SET k 5", "SET k 6"));
  // Now and then one ping is under way.
  EXPECT_TRUE(RunUntil([&] { return client_->health().pending == 0; }));
}

TEST_F(ScriptedCluster, AskIsForOneCommand) {
  on_a_ = [&](const Args& args) {
    return args[2] == "2" ? Redirect("ASK", b_) : std::string("+OK\r\n");
  };
  ASSERT_TRUE(client_.WaitUp());
  for (const char* const value : {"1", "2", "3"}) client_.Add({"SET", "k", value});
  ASSERT_TRUE(client_.WaitForAnswers());
  EXPECT_THAT(CommandsOf(a_), ElementsAre("SET k 1", "SET k 2", "SET k 3"));
  // A server that holds no slot was connected to for it.
  ASSERT_TRUE(RunUntil([&] { return !CommandsOf(b_).empty(); }));
  EXPECT_THAT(CommandsOf(b_), ElementsAre("SET k 2"));
  const auto& all = b_.commands;
  EXPECT_NE(std::find(all.begin(), all.end(), "ASKING"), all.end());
  EXPECT_EQ(client_.Text({"SET", "k", "4"}), "OK");
  EXPECT_EQ(CommandsOf(a_).size(), 4U);
}

// Neither place has all keys of the slot, and a script may use any of them.
TEST_F(ScriptedCluster, AScriptWaitsUntilTheWholeSlotHasMoved) {
  int asks = 3;
  on_a_ = [&](const Args&) {
    if (asks-- > 0) return Redirect("ASK", b_);
    holder_ = 'b';
    return Redirect("MOVED", b_);
  };
  ASSERT_TRUE(client_.WaitUp());
  const auto add = [&](Args args) {
    ++client_.added;
    client_->Command("k", std::move(args), [&](const Result<Reply>& reply) {
      client_.answers.push_back(testing::ToText(reply));
    });
  };
  add({"EVALSHA", "hash", "1", "k"});
  add({"EVAL", "return 1", "1", "k"});
  ASSERT_TRUE(client_.WaitForAnswers());
  EXPECT_THAT(client_.answers, ElementsAre("OK", "OK"));
  EXPECT_THAT(CommandsOf(b_), ElementsAre("EVALSHA hash 1 k", "EVAL return 1 1 k"));
  const auto& all = b_.commands;
  EXPECT_EQ(std::find(all.begin(), all.end(), "ASKING"), all.end());
}

TEST_F(ScriptedCluster, TriesAgainAndHoldsTheRest) {
  int refusals = 3;
  on_a_ = [&](const Args& args) -> std::string {
    if (args[2] == "1" && refusals-- > 0) return "-TRYAGAIN not yet\r\n";
    return "+OK\r\n";
  };
  ASSERT_TRUE(client_.WaitUp());
  client_.Add({"SET", "k", "1"});
  ASSERT_TRUE(RunUntil([&] { return refusals == 2; }));
  for (const char* const value : {"2", "3"}) client_.Add({"SET", "k", value});
  // Another slot is not held up.
  EXPECT_EQ(client_.Text({"SET", "j", "0"}), "OK");
  ASSERT_TRUE(client_.WaitForAnswers());
  EXPECT_THAT(CommandsOf(a_), ::testing::IsSupersetOf({"SET k 2", "SET k 3", "SET j 0"}));
  EXPECT_EQ(CommandsOf(a_).back(), "SET k 3");
  EXPECT_THAT(client_.answers, ElementsAre("OK", "OK", "OK"));
}

TEST_F(ScriptedCluster, GivesUpAndSaysWhatTheServerSaid) {
  on_a_ = [&](const Args& args) -> std::string {
    return args[2] == "1" ? "-CLUSTERDOWN The cluster is down\r\n" : "+OK\r\n";
  };
  ASSERT_TRUE(client_.WaitUp());
  client_.Add({"SET", "k", "1"});
  ASSERT_TRUE(RunUntil([&] { return !CommandsOf(a_).empty(); }));
  client_.Add({"SET", "k", "2"});
  ASSERT_TRUE(client_.WaitForAnswers());
  EXPECT_THAT(client_.answers, ElementsAre(HasSubstr("CLUSTERDOWN"), "OK"));
}

TEST_F(ScriptedCluster, TwoThatPointAtEachOtherEnd) {
  on_a_ = [&](const Args&) { return Redirect("MOVED", b_); };
  on_b_ = [&](const Args&) { return Redirect("MOVED", a_); };
  ASSERT_TRUE(client_.WaitUp());
  EXPECT_THAT(client_.Text({"SET", "k", "1"}), HasSubstr("MOVED"));
  EXPECT_LT(CommandsOf(a_).size() + CommandsOf(b_).size(), 60U) << "it is not in a hurry";
}

TEST_F(ScriptedCluster, ALostConnectionAnswersInOrder) {
  on_a_ = [](const Args&) -> std::optional<std::string> { return std::nullopt; };
  ASSERT_TRUE(client_.WaitUp());
  for (const char* const value : {"1", "2", "3"}) client_.Add({"SET", "k", value});
  ASSERT_TRUE(RunUntil([&] { return CommandsOf(a_).size() == 3; }));
  a_.Cut();
  ASSERT_TRUE(client_.WaitForAnswers());
  for (const std::string& answer : client_.answers) EXPECT_THAT(answer, HasSubstr("!"));
  on_a_ = [](const Args&) { return "+OK\r\n"; };
  ASSERT_TRUE(client_.WaitUp(2));
  EXPECT_EQ(client_.Text({"SET", "k", "4"}), "OK");
  // Now and then one ping is under way.
  EXPECT_TRUE(RunUntil([&] { return client_->health().pending == 0; }));
}

TEST_F(ScriptedCluster, BoundsWhatItKeeps) {
  on_a_ = [](const Args&) -> std::optional<std::string> { return std::nullopt; };
  ASSERT_TRUE(client_.WaitUp());
  const std::string megabyte(1024 * 1024, 'x');
  const std::size_t fits = ClusterClient::kMaxKeptBytes / megabyte.size();
  for (std::size_t i = 0; i < fits + 10; ++i) client_.Add({"SET", "k", megabyte});
  ASSERT_TRUE(RunUntil([&] { return !client_.answers.empty(); }));
  ASSERT_TRUE(client_.WaitForAnswers()) << "the silent server is given up";
  // Now and then one ping is under way.
  EXPECT_TRUE(RunUntil([&] { return client_->health().pending == 0; }));
}

TEST_F(ScriptedCluster, AMapThatIsNoneIsNotBelieved) {
  holder_ = 'a';
  ScriptedServer confused(loop_, [](const Args&) { return "*1\r\n:1\r\n"; });
  TestClient client(loop_, resolver_, "redis+cluster://" + confused.Address() + "," + a_.Address());
  ASSERT_TRUE(client.WaitUp()) << "the next seed is asked";
  EXPECT_THAT(client->health().last_error, HasSubstr("CLUSTER SLOTS"));
}

TEST_F(ScriptedCluster, TheHolderChangesWhole) {
  ASSERT_TRUE(client_.WaitUp());
  holder_ = 'b';
  on_a_ = [&](const Args&) { return Redirect("MOVED", b_); };
  EXPECT_EQ(client_.Text({"SET", "k", "1"}), "OK");
  ASSERT_TRUE(client_.WaitUp());
  EXPECT_THAT(CommandsOf(b_), ElementsAre("SET k 1"));
}

}  // namespace
}  // namespace pairwire::redis
