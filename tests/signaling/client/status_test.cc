// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Status, the reader's half below the handles: rounds and retries on a virtual clock, the book of
// last known states, and the file that survives a kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "signaling/client/status_book.h"
#include "signaling/client/status_call.h"
#include "signaling/client/status_file.h"
#include "signaling/client/status_poller.h"
#include "tests/signaling/client/fake_relay.h"
#include "tests/support/manual_loop.h"
#include "tests/support/seeded_random.h"

namespace pairwire {
namespace {

using test::ManualLoop;
using test::SeededRandom;
using test::Watched;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

using Answer = RelayResult<std::vector<StatusRecord>>;

StatusRecord Online(const std::string& id) {
  StatusRecord record;
  record.display_id = id;
  record.status = events::DisplayState::kOnline;
  record.metrics.fps = 60;
  record.age = 4s;
  return record;
}

// Answers 10 ms after it was asked, as the test says at that moment.
class FakeAsker final : public StatusAsker {
 public:
  explicit FakeAsker(ManualLoop& loop) : loop_(loop) {}

  void Ask(const StatusTarget& target, Done done) override {
    asked.emplace_back(loop_.Now(), target.id);
    const int number = next_++;
    running_.insert(number);
    most_at_once = std::max(most_at_once, running_.size());
    loop_.ScheduleAt(loop_.Now() + 10ms, [this, number, target, done = std::move(done)] {
      if (running_.erase(number) == 0) return;  // cancelled
      done(answer(target));
    });
  }
  void Cancel() override { running_.clear(); }

  std::function<Answer(const StatusTarget&)> answer = [](const StatusTarget& target) -> Answer {
    return std::vector<StatusRecord>{Online(target.id)};
  };
  std::vector<std::pair<Loop::TimePoint, std::string>> asked;
  std::size_t most_at_once = 0;

 private:
  ManualLoop& loop_;
  int next_ = 0;
  std::set<int> running_;
};

Answer Away() { return tl::unexpected(RelayFailure{{Errc::kRelayUnreachable, "away"}, {}}); }

// A poller of some displays, and what it said.
class Polling {
 public:
  explicit Polling(std::size_t displays, std::uint64_t seed = 1) : random_(seed) {
    std::vector<StatusTarget> targets;
    for (std::size_t i = 0; i < displays; ++i) targets.push_back({false, "d" + std::to_string(i)});
    StatusPoller::Events on;
    on.on_answer = [this](const StatusTarget& target, const std::vector<StatusRecord>&) {
      answered.push_back(target.id);
    };
    on.on_round = [this](const StatusPoller::Round& round) { rounds.push_back(round); };
    poller.emplace(loop, random_, asker, targets, 30s, std::move(on));
  }

  ManualLoop loop;
  FakeAsker asker{loop};
  std::vector<std::string> answered;
  std::vector<StatusPoller::Round> rounds;
  std::optional<StatusPoller> poller;

 private:
  SeededRandom random_;
};

TEST(StatusClient, PollsEvery30s) {
  Polling polling(1);
  const auto start = polling.loop.Now();
  polling.poller->Start();
  polling.loop.AdvanceBy(95s);
  std::vector<std::chrono::milliseconds> when;
  for (const auto& [at, id] : polling.asker.asked) {
    when.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(at - start));
  }
  EXPECT_THAT(when, ElementsAre(0ms, 30'000ms, 60'000ms, 90'000ms));
  ASSERT_THAT(polling.rounds, SizeIs(4));
  EXPECT_FALSE(polling.rounds[0].error);
  EXPECT_EQ(polling.rounds[0].tries, 1U);
}

TEST(StatusClient, ThreeRetriesWithJitter) {
  // The pauses are drawn from 0..0.5, 0..1 and 0..2 s: over many seeds they fill these ranges and
  // never leave them.
  std::array<std::chrono::milliseconds, 3> least{};
  std::array<std::chrono::milliseconds, 3> most{};
  least.fill(1h);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Polling polling(1, seed);
    polling.asker.answer = [](const StatusTarget&) { return Away(); };
    polling.poller->Start();
    polling.loop.AdvanceBy(20s);
    ASSERT_THAT(polling.asker.asked, SizeIs(4)) << "seed " << seed;
    ASSERT_THAT(polling.rounds, SizeIs(1));
    EXPECT_EQ(polling.rounds[0].error->code, Errc::kRelayUnreachable);
    EXPECT_EQ(polling.rounds[0].tries, 4U);
    ASSERT_THAT(polling.rounds[0].unanswered, SizeIs(1));
    for (std::size_t i = 0; i < 3; ++i) {
      const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(
          polling.asker.asked[i + 1].first - polling.asker.asked[i].first - 10ms);
      least[i] = std::min(least[i], pause);
      most[i] = std::max(most[i], pause);
    }
    // The next round comes at its time all the same.
    polling.loop.AdvanceBy(11s);
    EXPECT_GT(polling.asker.asked.size(), 4U);
  }
  const std::array<std::chrono::milliseconds, 3> bounds = {500ms, 1'000ms, 2'000ms};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LT(least[i], bounds[i] / 10) << i;
    EXPECT_GT(most[i], bounds[i] * 9 / 10) << i;
    EXPECT_LE(most[i], bounds[i]) << i;
  }
}

TEST(StatusClient, OneOutageIsRepeatedOnceForAll) {
  Polling polling(100);
  polling.asker.answer = [](const StatusTarget&) { return Away(); };
  polling.poller->Start();
  polling.loop.AdvanceBy(20s);
  // The relay is not asked a hundred times four.
  EXPECT_EQ(polling.asker.asked.size(), 4 * StatusPoller::kMaxCalls);
  ASSERT_THAT(polling.rounds, SizeIs(1));
  EXPECT_THAT(polling.rounds[0].unanswered, SizeIs(100));
  EXPECT_THAT(polling.answered, IsEmpty());
}

TEST(StatusClient, FewCallsAtATime) {
  Polling polling(kMaxWatchedDisplays);
  polling.poller->Start();
  polling.loop.AdvanceBy(20s);
  EXPECT_EQ(polling.asker.most_at_once, StatusPoller::kMaxCalls);
  EXPECT_THAT(polling.answered, SizeIs(kMaxWatchedDisplays));
  ASSERT_THAT(polling.rounds, SizeIs(1));
  EXPECT_THAT(polling.rounds[0].unanswered, IsEmpty());
}

TEST(StatusClient, GoesOnWhereARoundWasInterrupted) {
  Polling polling(20);
  int left = 10;
  polling.asker.answer = [&](const StatusTarget& target) -> Answer {
    if (left-- == 0) return Away();
    return std::vector<StatusRecord>{Online(target.id)};
  };
  polling.poller->Start();
  polling.loop.AdvanceBy(20s);
  EXPECT_THAT(polling.answered, SizeIs(20));
  EXPECT_EQ(polling.asker.asked.size(), 21U);
  ASSERT_THAT(polling.rounds, SizeIs(1));
  EXPECT_FALSE(polling.rounds[0].error);
}

TEST(StatusClient, TheRelaysOwnPauseCounts) {
  Polling polling(1);
  polling.asker.answer = [](const StatusTarget&) -> Answer {
    return tl::unexpected(RelayFailure{{Errc::kRateLimited, "slow down"}, 7s});
  };
  polling.poller->Start();
  polling.loop.AdvanceBy(29s);
  ASSERT_THAT(polling.asker.asked, SizeIs(4));
  EXPECT_GE(polling.asker.asked[3].first - polling.asker.asked[0].first, 21s);
}

TEST(StatusClient, ARelayWithoutStatusIsNotAskedAgain) {
  Polling polling(50);
  polling.asker.answer = [](const StatusTarget&) -> Answer {
    return tl::unexpected(RelayFailure{{Errc::kUnsupported, "no status"}, {}});
  };
  polling.poller->Start();
  polling.loop.AdvanceBy(20s);
  EXPECT_EQ(polling.asker.asked.size(), StatusPoller::kMaxCalls);
  ASSERT_THAT(polling.rounds, SizeIs(1));
  EXPECT_EQ(polling.rounds[0].error->code, Errc::kUnsupported);
}

TEST(StatusClient, AnEventMayEndThePolling) {
  for (const bool in_answer : {true, false}) {
    ManualLoop loop;
    SeededRandom random(1);
    FakeAsker asker(loop);
    std::optional<StatusPoller> poller;
    StatusPoller::Events on;
    if (in_answer) {
      on.on_answer = [&](const StatusTarget&, const auto&) { poller.reset(); };
    } else {
      on.on_round = [&](const StatusPoller::Round&) { poller.reset(); };
    }
    poller.emplace(loop, random, asker, std::vector<StatusTarget>{{false, "a"}, {false, "b"}}, 30s,
                   std::move(on));
    poller->Start();
    loop.AdvanceBy(60s);
    EXPECT_FALSE(poller);
    EXPECT_EQ(asker.asked.size(), 2U);
  }
}

TEST(StatusClient, ReadsWhatTheRelaySays) {
  const auto record = ParseDisplayAnswer(
      R"({"displayId":"lobby","status":"degraded","metrics":{"fps":29.5,"latencyMs":12,"new":1},)"
      R"("designId":"spring","updatedAt":"2026-11-21T10:00:00Z","ageMs":4000,"more":[]})",
      "lobby");
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->status, events::DisplayState::kDegraded);
  EXPECT_EQ(record->metrics.fps, 29.5);
  EXPECT_EQ(record->metrics.latency_ms, 12);
  EXPECT_FALSE(record->metrics.cpu_percent);
  EXPECT_EQ(record->design_id, "spring");
  EXPECT_EQ(record->age, 4s);

  const auto design =
      ParseDesignAnswer(R"({"designId":"spring","displays":[{"displayId":"a","status":"online"},)"
                        R"({"displayId":"b","status":"offline","ageMs":1}],"online":1,"total":2})");
  ASSERT_TRUE(design) << design.error().detail;
  EXPECT_THAT(*design, SizeIs(2));
}

TEST(StatusClient, RefusesWhatIsNoAnswer) {
  for (const char* body :
       {"", "[]", "7", "{", R"({"displayId":"lobby"})", R"({"displayId":"lobby","status":"well"})",
        R"({"displayId":"other","status":"online"})", R"({"displayId":7,"status":"online"})",
        R"({"displayId":"lobby","status":"online","metrics":[]})",
        R"({"displayId":"lobby","status":"online","metrics":{"fps":"60"}})",
        R"({"displayId":"lobby","status":"online","metrics":{"fps":-1}})",
        R"({"displayId":"lobby","status":"online","metrics":{"fps":1e999}})"}) {
    const auto record = ParseDisplayAnswer(body, "lobby");
    ASSERT_FALSE(record) << body;
    EXPECT_EQ(record.error().code, Errc::kRelayProtocol) << body;
  }
  EXPECT_FALSE(ParseDisplayAnswer(std::string(kMaxStatusAnswerBytes + 1, ' '), "lobby"));
  for (const char* body : {"{}", R"({"displays":{}})", R"({"displays":[1]})", "[]"}) {
    EXPECT_FALSE(ParseDesignAnswer(body)) << body;
  }
  std::string many = R"({"displays":[)";
  for (std::size_t i = 0; i <= kMaxWatchedDisplays; ++i) {
    many += (i > 0 ? "," : "") + std::string(R"({"displayId":"a","status":"online"})");
  }
  EXPECT_FALSE(ParseDesignAnswer(many + "]}"));
}

TEST(StatusBook, AgesAndGoesStale) {
  StatusBook book;
  EXPECT_TRUE(book.Learn(Online("a"), 100'000));
  EXPECT_EQ(book.Find("a", 101'000)->age, 5s);
  EXPECT_EQ(book.Find("a", 101'000)->source, StatusSource::kRelay);
  EXPECT_FALSE(book.Learn(Online("a"), 130'000)) << "nothing changed but the time";
  EXPECT_EQ(book.Find("a", 130'000)->age, 4s);
  EXPECT_THAT(book.MarkStale({"a", "unknown"}), ElementsAre("a"));
  EXPECT_THAT(book.MarkStale({"a"}), IsEmpty());
  EXPECT_EQ(book.Find("a", 190'000)->source, StatusSource::kStale);
  EXPECT_EQ(book.Find("a", 190'000)->age, 64s);
  EXPECT_EQ(book.Find("a", 0)->age, 0s) << "the clock was set back";
  EXPECT_TRUE(book.Learn(Online("a"), 200'000)) << "no longer stale";
  EXPECT_FALSE(book.Find("b", 0));
}

TEST(StatusBook, IsReadBackFromItsText) {
  StatusBook book;
  StatusRecord full = Online("a \" \\ \xC3\xA4");
  full.metrics = {29.5, 3, 120, 7.25};
  full.design_id = "spring";
  book.Learn(full, 100'000);
  StatusRecord bare;
  bare.display_id = "bare";
  book.Learn(bare, 100'000);

  StatusBook again;
  ASSERT_TRUE(again.Read(book.ToText()));
  EXPECT_EQ(again.size(), 2U);
  const auto report = again.Find(full.display_id, 160'000);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->metrics, full.metrics);
  EXPECT_EQ(report->design_id, "spring");
  EXPECT_EQ(report->age, 64s);
  EXPECT_EQ(report->source, StatusSource::kStale);
  EXPECT_FALSE(again.Find("bare", 160'000)->age);
  EXPECT_THAT(again.OfDesign("spring"), ElementsAre(full.display_id));

  // What is known is newer than what the file says.
  StatusBook newer;
  StatusRecord degraded = full;
  degraded.status = events::DisplayState::kDegraded;
  newer.Learn(degraded, 150'000);
  ASSERT_TRUE(newer.Read(book.ToText()));
  EXPECT_EQ(newer.Find(full.display_id, 160'000)->status, events::DisplayState::kDegraded);
}

TEST(StatusBook, RefusesAFileThatIsCutShortAnywhere) {
  StatusBook book;
  book.Learn(Online("a"), 100'000);
  book.Learn(Online("b"), 100'000);
  const std::string text = book.ToText();
  // The last byte is the line's end.
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    StatusBook again;
    const auto read = again.Read(std::string_view(text).substr(0, size));
    ASSERT_FALSE(read) << size;
    ASSERT_EQ(read.error().code, Errc::kParseError);
    ASSERT_EQ(again.size(), 0U);
  }
  StatusBook other;
  EXPECT_FALSE(other.Read(R"({"format":"other/1","displays":[]})"));
}

TEST(StatusBook, IsBounded) {
  StatusBook book;
  for (std::size_t i = 0; i < kMaxKeptDisplays + 10; ++i) {
    book.Learn(Online("d" + std::to_string(i)), 1'000 + static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(book.size(), kMaxKeptDisplays);
  EXPECT_FALSE(book.Find("d9", 0)) << "the least recently heard goes";
  EXPECT_TRUE(book.Find("d10", 0));
  EXPECT_LE(book.ToText().size(), kMaxStatusFileBytes);
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "status-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const char* name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(StatusClient, FileIsWholeAfterKill) {
  const Folder folder;
  const std::string path = folder / "status.json";
  // Long enough that a write is often under way.
  const auto text_of = [](int round) {
    StatusBook book;
    for (int i = 0; i < 500; ++i) {
      StatusRecord record = Online("display-" + std::to_string(i));
      record.design_id = std::to_string(round);
      book.Learn(record, 100'000);
    }
    return book.ToText();
  };
  const std::array<std::string, 2> texts = {text_of(1), text_of(22)};
  ASSERT_TRUE(ReplaceFile(path, texts[0]));

  SeededRandom random(7);
  int seen = 0;
  for (int kill_number = 0; kill_number < 30; ++kill_number) {
    std::array<int, 2> ready{};
    ASSERT_EQ(pipe(ready.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      // Only system calls and our function: nothing else runs in this process.
      for (std::size_t i = 0;; ++i) {
        if (!ReplaceFile(path, texts[i % 2])) _exit(1);
        if (i == 0 && write(ready[1], "x", 1) != 1) _exit(1);
      }
    }
    char byte = 0;
    ASSERT_EQ(read(ready[0], &byte, 1), 1);
    // Somewhere within the next writes; a kill at another moment is as good.
    usleep(static_cast<useconds_t>(random.NextBelow(5'000)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    close(ready[0]);
    close(ready[1]);

    const auto text = ReadWholeFile(path, kMaxStatusFileBytes);
    ASSERT_TRUE(text);
    ASSERT_TRUE(*text);
    ASSERT_TRUE(**text == texts[0] || **text == texts[1]) << "neither the one nor the other";
    StatusBook book;
    ASSERT_TRUE(book.Read(**text));
    seen += static_cast<int>(book.size());
  }
  EXPECT_EQ(seen, 30 * 500);

  // What the killed ones were writing is cleared away, what others have there is not.
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      found.insert(entry.path().filename().string());
    }
    return found;
  };
  const std::string ours = "status.json.new-" + std::to_string(getpid());
  for (const std::string& name : {ours, std::string("status.json.new-x"), std::string("other")}) {
    std::ofstream(folder / name.c_str()) << "text";
  }
  EXPECT_GT(names().size(), 4U) << "no kill left anything: it came at the wrong moments";
  RemoveLeftovers(path);
  EXPECT_THAT(names(), ElementsAre("other", "status.json", ours, "status.json.new-x"));
}

TEST(StatusFile, IsItsOwnersAlone) {
  const Folder folder;
  const std::string path = folder / "status.json";
  ASSERT_TRUE(ReplaceFile(path, "text"));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(StatusFile, SaysWhyItCanNotBeWrittenOrRead) {
  const Folder folder;
  const auto written = ReplaceFile(folder / "missing/status.json", "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::kSystem);
  EXPECT_THAT(written.error().detail, HasSubstr("missing/status.json"));
  const auto none = ReadWholeFile(folder / "none", 10);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  ASSERT_TRUE(ReplaceFile(folder / "long", "0123456789+"));
  const auto too_long = ReadWholeFile(folder / "long", 10);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Errc::kLimitExceeded);
}

TEST(StatusFile, TheNewestTextIsWrittenAtTheEnd) {
  const Folder folder;
  const std::string path = folder / "status.json";
  {
    FileReplacer file(path, [](const Error& error) { ADD_FAILURE() << error.detail; });
    for (int i = 0; i < 50; ++i) file.Write(std::to_string(i));
  }
  EXPECT_EQ(**ReadWholeFile(path, 10), "49");
  Watched<int> failures;
  {
    FileReplacer file(folder / "missing/status.json",
                      [&](const Error&) { failures.Update([](int& n) { ++n; }); });
    file.Write("text");
  }
  EXPECT_EQ(failures.Get(), 1);
}

TEST(StatusCall, AsksTellsAndUnderstandsRefusals) {
  Watched<std::vector<std::string>> requests;
  Watched<std::string> answer;
  test::FakeRelay relay([&](test::FakeConnection& connection) {
    const std::string request = connection.ReadRequest();
    requests.Update([&](auto& all) { all.push_back(request); });
    connection.Write(answer.Get());
  });
  test::ClientLoop client(relay.url());

  const auto ask = [&](const StatusTarget& target) {
    Watched<std::optional<Answer>> result;
    std::optional<HttpStatusAsker> asker;
    client.Do([&] {
      asker.emplace(client.endpoint());
      asker->Ask(target, [&](Answer got) { result.Set(std::move(got)); });
    });
    EXPECT_TRUE(result.WaitUntil([](const auto& value) { return value.has_value(); }));
    client.Do([&] { asker.reset(); });
    return *result.Get();
  };
  answer.Set(test::HttpAnswer("200 OK", R"({"displayId":"a/b","status":"online"})"));
  EXPECT_TRUE(ask({false, "a/b"}));
  answer.Set(test::HttpAnswer("200 OK", R"({"designId":"s","displays":[]})"));
  EXPECT_TRUE(ask({true, "s"}));
  answer.Set(test::HttpAnswer("404 Not Found", "{}"));
  EXPECT_EQ(ask({false, "a"}).error().error.code, Errc::kUnsupported);
  answer.Set(test::HttpAnswer("503 Service Unavailable", "", "Retry-After: 3\r\n"));
  const auto refused = ask({false, "a"});
  EXPECT_EQ(refused.error().error.code, Errc::kRelayUnreachable);
  EXPECT_EQ(refused.error().retry_after, 3s);

  const auto tell = [&](const std::function<std::unique_ptr<HttpCall>(Told)>& start) {
    Watched<std::optional<RelayResult<void>>> result;
    std::unique_ptr<HttpCall> call;
    client.Do([&] { call = start([&](const RelayResult<void>& got) { result.Set(got); }); });
    EXPECT_TRUE(result.WaitUntil([](const auto& value) { return value.has_value(); }));
    client.Do([&] { call.reset(); });
    return *result.Get();
  };
  events::DisplayStatus status;
  status.status = events::DisplayState::kDegraded;
  status.metrics = events::Metrics{29.5, std::nullopt, 120, std::nullopt};
  status.design_id = "spring";
  answer.Set("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(tell([&](Told done) {
    return TellStatus(client.endpoint(), "a b", "token", status, std::move(done));
  }));
  EXPECT_TRUE(tell([&](Told done) {
    return TellHeartbeat(client.endpoint(), "a b", "token", std::move(done));
  }));
  answer.Set(test::HttpAnswer("401 Unauthorized", "{}"));
  EXPECT_EQ(tell([&](Told done) {
              return TellHeartbeat(client.endpoint(), "a b", "token", std::move(done));
            })
                .error()
                .error.code,
            Errc::kUnauthorized);

  const auto all = requests.Get();
  ASSERT_THAT(all, SizeIs(7));
  EXPECT_THAT(all[0], HasSubstr("GET /api/displays/a%2Fb/status HTTP/1.1"));
  EXPECT_THAT(all[1], HasSubstr("GET /api/designs/s/status HTTP/1.1"));
  EXPECT_THAT(all[4], HasSubstr("POST /api/displays/a%20b/status HTTP/1.1"));
  EXPECT_THAT(all[4], HasSubstr("Bearer token"));
  EXPECT_THAT(all[4], HasSubstr(R"({"status":"degraded","metrics":{"fps":29.5,"memoryMb":120},)"
                                R"("designId":"spring"})"));
  EXPECT_THAT(all[5], HasSubstr("POST /api/displays/a%20b/heartbeat HTTP/1.1"));
}

}  // namespace
}  // namespace pairwire
