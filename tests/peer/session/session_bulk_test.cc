// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Files over real sessions on loopback: OutgoingFile to FileInbox while connections go and come,
// and that every handle may go in every callback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pairwire/bulk.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/bulk/sha256.h"
#include "tests/peer/bulk/transfer_rig.h"
#include "tests/peer/session/session_pair.h"

namespace pairwire::test {
namespace {

using bulk::ReadFile;
using bulk::TestFolder;
using bulk::WriteFile;
using ::testing::HasSubstr;

constexpr std::size_t kSize = 24 * 1024 * 1024;
// What may go twice for one cut: what was in the channel, and what the other end had received and
// not given to its application (PeerConfiguration::max_receive_buffer).
constexpr std::uint64_t kTwicePerCut = 4 * 1024 * 1024;

// Looks random and nowhere repeats itself; cheap, also without optimisation.
std::string SomeContent(std::size_t size, std::uint64_t seed) {
  constexpr std::size_t kBlock = 256 * 1024;
  const std::string block = bulk::SomeContent(kBlock, seed);
  std::string content;
  content.reserve(size + 2 * kBlock);
  while (content.size() < size) content += std::to_string(content.size()) + block;
  content.resize(size);
  return content;
}

struct Seen {
  std::vector<std::uint64_t> resumed;
  int waited = 0;
  std::uint64_t sent = 0;
  std::uint64_t stored = 0;
  std::optional<FileResult<SentFile>> finished;
};
struct InboxSeen {
  std::vector<std::uint64_t> offsets;
  std::vector<ReceivedFile> files;
  std::vector<std::string> problems;  // codes
  int interrupted = 0;
};

std::string CodeOf(const Watched<Seen>& seen) {
  const auto finished = seen.Get().finished;
  if (!finished) return "nothing";
  return *finished ? "done" : finished->error().code;
}

// A file in memory, whose beginning and times a test may keep while it changes the rest.
class MemorySource final : public FileSource {
 public:
  explicit MemorySource(std::string content) : content_(std::move(content)) {}
  FileResult<std::size_t> Read(std::span<std::uint8_t> out) override {
    const std::size_t size = std::min(out.size(), content_.size() - at_);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    return size;
  }
  FileResult<void> Rewind() override {
    at_ = 0;
    return {};
  }

 private:
  const std::string content_;
  std::size_t at_ = 0;
};

FileToSend InMemory(const std::string& name, const std::string& content) {
  return {name, content.size(), {}, std::make_unique<MemorySource>(content)};
}

// Two sessions; the display stores into a folder.
class SessionBulk : public ::testing::Test {
 protected:
  void Start(SessionPair::Setup setup = {}) {
    std::filesystem::create_directory(folder_ / "out");
    setup.subscribe = false;
    OpenInbox();
    pair_.Start(std::move(setup));
    ASSERT_TRUE(pair_.Connected());
    Subscribe();
  }

  void OpenInbox() {
    FileInboxOptions options;
    options.directory = (folder_ / "out").string();
    inbox_ = FileInbox::Create(*network_, std::move(options), InboxEvents()).value();
  }

  FileInboxEvents InboxEvents() {
    FileInboxEvents on;
    on.on_started = [this](const FileOffer&, std::uint64_t offset) {
      inbox_seen_.Update([&](InboxSeen& s) { s.offsets.push_back(offset); });
    };
    on.on_file = [this](const ReceivedFile& file, std::chrono::microseconds) {
      inbox_seen_.Update([&](InboxSeen& s) { s.files.push_back(file); });
    };
    on.on_interrupted = [this](const FileOffer&, std::uint64_t) {
      inbox_seen_.Update([](InboxSeen& s) { ++s.interrupted; });
    };
    on.on_problem = [this](const FileProblem& problem) {
      inbox_seen_.Update([&](InboxSeen& s) { s.problems.push_back(problem.code); });
    };
    return on;
  }

  void Subscribe() {
    pair_.OnLoop([this] {
      SessionEvents on = pair_.Recorder(pair_.display());
      on.on_data_channel = [this](DataChannel channel) {
        EXPECT_TRUE(inbox_.Take(channel)) << channel.label();
      };
      pair_.display().core->Subscribe(std::move(on));
      pair_.controller().core->Subscribe(pair_.Recorder(pair_.controller()));
    });
    session_ = SessionFactory::HandleTo(pair_.controller().core);
  }

  // `more.on_progress` is called besides.
  FileSendEvents Recorder(Watched<Seen>& seen, FileSendEvents more = {}) {
    FileSendEvents on;
    on.on_resumed = [&seen](std::uint64_t offset) {
      seen.Update([&](Seen& s) { s.resumed.push_back(offset); });
    };
    on.on_waiting = [&seen] { seen.Update([](Seen& s) { ++s.waited; }); };
    on.on_progress = [&seen, also = more.on_progress](const FileProgress& progress) {
      seen.Update([&](Seen& s) {
        s.sent = progress.sent;
        s.stored = progress.stored;
      });
      if (also) also(progress);
    };
    on.on_finished = [&seen](FileResult<SentFile> result) {
      seen.Update([&](Seen& s) { s.finished = std::move(result); });
    };
    return on;
  }

  std::string MakeFile(const std::string& name, std::size_t size = kSize, int changed = 1000) {
    const std::string path = (folder_ / name).string();
    WriteFile(path, SomeContent(size, 7), changed);
    return path;
  }

  static bool Finished(const Watched<Seen>& seen) {
    return seen.WaitUntil([](const Seen& s) { return s.finished.has_value(); });
  }

  // The file is there, as it was sent.
  void ExpectStored(const std::string& name) {
    ASSERT_TRUE(inbox_seen_.WaitUntil([](const InboxSeen& s) { return !s.files.empty(); }));
    const std::string content = ReadFile(folder_ / name);
    EXPECT_EQ(bulk::Sha256Hex(AsBytes(ReadFile(folder_ / "out" / name))),
              bulk::Sha256Hex(AsBytes(content)));
    EXPECT_EQ(inbox_seen_.Get().files.front().sha256, bulk::Sha256Hex(AsBytes(content)));
  }

  const std::unique_ptr<Network> network_ = Network::Create().value();
  TestFolder folder_;
  Watched<InboxSeen> inbox_seen_;
  FileInbox inbox_;
  bool closed_ = false;  // loop only
  SessionPair pair_{*network_};
  Session session_;
  OutgoingFile kept_;
};

TEST_F(SessionBulk, AFileArrivesAndItsProgressIsTold) {
  Start();
  Watched<Seen> seen;
  const auto file =
      OutgoingFile::Send(session_, FileToSend::Open(MakeFile("a.bin")).value(), Recorder(seen));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(Finished(seen));
  ASSERT_EQ(CodeOf(seen), "done");
  ExpectStored("a.bin");
  const Seen after = seen.Get();
  EXPECT_EQ((*after.finished)->transferred, kSize);
  EXPECT_EQ(after.sent, kSize);
  // It said so at least each FileReceiver::kSyncBytes.
  EXPECT_GE(after.stored, kSize - 2 * bulk::FileReceiver::kSyncBytes);
  EXPECT_TRUE(after.resumed.empty());
  EXPECT_EQ(after.waited, 0);
}

// Each cut takes the connection away without a word to the session, at the sender's or at the
// receiver's end.
TEST_F(SessionBulk, CutMidFileItGoesOnOverTheNextConnection) {
  Start();
  Watched<Seen> seen;
  std::vector<std::uint64_t> cuts = {3'000'000, 9'000'000, 17'000'000};
  const std::size_t count = cuts.size();
  FileSendEvents also;
  also.on_progress = [&](const FileProgress& progress) {
    if (cuts.empty() || progress.sent < cuts.front()) return;
    cuts.erase(cuts.begin());
    pair_.Cut(cuts.size() % 2 == 0 ? pair_.controller() : pair_.display());
  };
  const auto file = OutgoingFile::Send(session_, FileToSend::Open(MakeFile("a.bin")).value(),
                                       Recorder(seen, std::move(also)));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(seen));
  ASSERT_EQ(CodeOf(seen), "done") << seen.Get().finished->error().message;
  ExpectStored("a.bin");
  const Seen after = seen.Get();
  EXPECT_EQ(after.resumed.size(), count);
  EXPECT_EQ(after.waited, static_cast<int>(count));
  EXPECT_GE((*after.finished)->transferred, kSize);
  EXPECT_LE((*after.finished)->transferred, kSize + count * kTwicePerCut);
  EXPECT_GE(session_.stats().resumes, count);
  EXPECT_EQ(inbox_seen_.Get().files.size(), 1u);
  EXPECT_TRUE(inbox_seen_.Get().problems.empty());
  EXPECT_EQ(folder_.Partials(), 0u);
}

// As after a restart of the sending program: another handle, the same file.
TEST_F(SessionBulk, ASenderStartedAnewGoesOn) {
  Start();
  const std::string path = MakeFile("a.bin");
  Watched<Seen> first;
  Watched<bool> half;
  FileSendEvents also;
  also.on_progress = [&](const FileProgress& progress) {
    if (progress.sent >= kSize / 2) half.Set(true);
  };
  {
    auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(),
                                   Recorder(first, std::move(also)));
    ASSERT_TRUE(file);
    ASSERT_TRUE(half.WaitUntil([](bool is_half) { return is_half; }));
  }
  Watched<Seen> second;
  const auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(), Recorder(second));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(second));
  ASSERT_EQ(CodeOf(second), "done") << second.Get().finished->error().message;
  ExpectStored("a.bin");
  const Seen after = second.Get();
  if (!first.Get().finished) {
    ASSERT_EQ(after.resumed.size(), 1u);
    EXPECT_GE(after.resumed[0] + kTwicePerCut, kSize / 2);
    EXPECT_EQ((*after.finished)->transferred + after.resumed[0], kSize);
  }
}

TEST_F(SessionBulk, AFileThatChangedMeanwhileStartsAnew) {
  Start();
  const std::string path = MakeFile("a.bin");
  Watched<Seen> seen;
  Watched<bool> waits;
  pair_.OnLoop([&] {
    FileSendEvents on = Recorder(seen);
    on.on_progress = [&](const FileProgress& progress) {
      if (progress.sent >= kSize / 2 && !waits.Get()) {
        waits.Set(true);
        WriteFile(path, SomeContent(kSize, 8), 2000);
        pair_.Cut(pair_.controller());
      }
    };
    auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(), std::move(on));
    ASSERT_TRUE(file);
    kept_ = std::move(*file);
  });
  ASSERT_TRUE(Finished(seen));
  EXPECT_EQ(CodeOf(seen), "source_changed");

  Watched<Seen> second;
  const auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(), Recorder(second));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(second));
  ASSERT_EQ(CodeOf(second), "done");
  ExpectStored("a.bin");
  EXPECT_TRUE(second.Get().resumed.empty());
  EXPECT_EQ((*second.Get().finished)->transferred, kSize);
}

TEST_F(SessionBulk, APartOfAnotherFileWithTheSameIdIsNotUsed) {
  Start();
  const std::string one = SomeContent(kSize, 1);
  std::string other = one;
  other[kSize / 4] = static_cast<char>(~other[kSize / 4]);
  Watched<Seen> first;
  Watched<bool> half;
  FileSendEvents also;
  also.on_progress = [&](const FileProgress& progress) {
    if (progress.sent >= kSize * 3 / 4) half.Set(true);
  };
  {
    auto file =
        OutgoingFile::Send(session_, InMemory("m.bin", one), Recorder(first, std::move(also)));
    ASSERT_TRUE(file);
    ASSERT_TRUE(half.WaitUntil([](bool is_half) { return is_half; }));
  }
  Watched<Seen> second;
  const auto file = OutgoingFile::Send(session_, InMemory("m.bin", other), Recorder(second));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(second));
  ASSERT_EQ(CodeOf(second), "done");
  EXPECT_TRUE(second.Get().resumed.empty());
  const std::string sha256 = bulk::Sha256Hex(AsBytes(other));
  ASSERT_TRUE(inbox_seen_.WaitUntil([&](const InboxSeen& s) {
    return std::any_of(s.files.begin(), s.files.end(),
                       [&](const ReceivedFile& f) { return f.sha256 == sha256; });
  }));
}

// A sender that speaks by hand, with a hash that is not the file's.
TEST_F(SessionBulk, AWrongHashIsRefused) {
  Start();
  DataChannelInit init;
  init.protocol = "pairwire.file.v2";
  DataChannel channel = session_.CreateDataChannel("file", std::move(init));
  Watched<std::vector<std::string>> told;
  DataChannelEvents on;
  on.on_open = [&] {
    EXPECT_TRUE(channel.Send(
        R"({"type":"offer","name":"x","size":3,"id":"00112233445566778899aabbccddeeff"})"));
  };
  on.on_message = [&](const Message& message) {
    const std::string text(AsText(message.data));
    if (text.find("accept") != std::string::npos) {
      EXPECT_TRUE(channel.Send(R"({"type":"from","offset":0})"));
      EXPECT_TRUE(channel.Send(AsBytes("abc")));
      EXPECT_TRUE(
          channel.Send(R"({"type":"end","sha256":")" + bulk::Sha256Hex(AsBytes("abd")) + "\"}"));
    }
    told.Update([&](std::vector<std::string>& texts) { texts.push_back(text); });
  };
  channel.Subscribe(std::move(on));
  ASSERT_TRUE(told.WaitUntil([](const auto& texts) { return texts.size() >= 2; }));
  EXPECT_THAT(told.Get().back(), HasSubstr("hash_mismatch"));
  ASSERT_TRUE(inbox_seen_.WaitUntil([](const InboxSeen& s) { return !s.problems.empty(); }));
  EXPECT_EQ(inbox_seen_.Get().problems.front(), "hash_mismatch");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
}

TEST_F(SessionBulk, FourAtATime) {
  Start();
  const std::string path = MakeFile("a.bin");
  std::array<Watched<Seen>, 5> seen;
  std::vector<OutgoingFile> files;
  pair_.OnLoop([&] {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      FileToSend file = FileToSend::Open(path).value();
      file.name = std::to_string(i);
      auto sending = OutgoingFile::Send(session_, std::move(file), Recorder(seen[i]));
      EXPECT_EQ(sending.has_value(), i < kMaxFilesAtOnce) << i;
      if (sending) {
        files.push_back(std::move(*sending));
      } else {
        EXPECT_EQ(sending.error().code, "too_many_files");
      }
    }
  });
  for (std::size_t i = 0; i < kMaxFilesAtOnce; ++i) {
    ASSERT_TRUE(Finished(seen[i]));
    EXPECT_EQ(CodeOf(seen[i]), "done") << i;
  }
  // Their places are free again.
  Watched<Seen> next;
  const auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(), Recorder(next));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(next));
  EXPECT_EQ(CodeOf(next), "done");
}

TEST_F(SessionBulk, AFileEndsWithItsSession) {
  Start();
  Watched<Seen> seen;
  FileSendEvents also;
  also.on_progress = [&](const FileProgress&) {
    if (!std::exchange(closed_, true)) session_ = Session();
  };
  const auto file = OutgoingFile::Send(session_, FileToSend::Open(MakeFile("a.bin")).value(),
                                       Recorder(seen, std::move(also)));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(seen));
  EXPECT_EQ(CodeOf(seen), "connection_lost");
  EXPECT_TRUE(inbox_seen_.Get().files.empty());
}

TEST_F(SessionBulk, CancelThrowsAwayWhatCame) {
  Start();
  Watched<Seen> seen;
  FileSendEvents also;
  also.on_progress = [&](const FileProgress& progress) {
    if (progress.sent > kSize / 2) kept_.Cancel();
  };
  pair_.OnLoop([&] {
    auto file = OutgoingFile::Send(session_, FileToSend::Open(MakeFile("a.bin")).value(),
                                   Recorder(seen, std::move(also)));
    ASSERT_TRUE(file);
    kept_ = std::move(*file);
  });
  ASSERT_TRUE(Finished(seen));
  EXPECT_EQ(CodeOf(seen), "cancelled");
  ASSERT_TRUE(inbox_seen_.WaitUntil([](const InboxSeen& s) { return !s.problems.empty(); }));
  EXPECT_EQ(inbox_seen_.Get().problems.front(), "cancelled");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out"));
}

TEST_F(SessionBulk, HandlesMayGoInTheirCallbacks) {
  Start();
  const std::string path = MakeFile("a.bin");
  // The sender's, in each of its callbacks.
  for (const bool in_progress : {true, false}) {
    Watched<bool> gone;
    FileSendEvents on;
    const auto go = [&] {
      kept_ = OutgoingFile();
      gone.Set(true);
    };
    if (in_progress) {
      on.on_progress = [go](const FileProgress&) { go(); };
    } else {
      on.on_finished = [go](const FileResult<SentFile>&) { go(); };
    }
    pair_.OnLoop([&] {
      auto file = OutgoingFile::Send(session_, FileToSend::Open(path).value(), std::move(on));
      ASSERT_TRUE(file);
      kept_ = std::move(*file);
    });
    ASSERT_TRUE(gone.WaitUntil([](bool is_gone) { return is_gone; }));
  }
  // The inbox, while a file comes in: what came is kept, and another inbox goes on.
  Watched<int> started;
  FileInboxEvents on;
  on.on_progress = [&](const FileOffer&, std::uint64_t received) {
    if (received < kSize / 2) return;
    OpenInbox();
    started.Update([](int& times) { ++times; });
  };
  pair_.OnLoop([&] {
    FileInboxOptions options;
    options.directory = (folder_ / "out").string();
    inbox_ = FileInbox::Create(*network_, std::move(options), std::move(on)).value();
  });
  WriteFile(folder_ / "b.bin", SomeContent(kSize, 9));
  Watched<Seen> seen;
  const auto file = OutgoingFile::Send(
      session_, FileToSend::Open((folder_ / "b.bin").string()).value(), Recorder(seen));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(seen));
  EXPECT_EQ(CodeOf(seen), "done");
  EXPECT_EQ(started.Get(), 1);
  EXPECT_EQ(seen.Get().resumed.size(), 1u);
}

// Other stacks, and ends without the session layer.
TEST_F(SessionBulk, WithoutTheSessionLayerItIsTheFirstProtocol) {
  SessionPair::Setup setup;
  setup.session_layer = false;
  Start(std::move(setup));
  Watched<Seen> seen;
  const auto file =
      OutgoingFile::Send(session_, FileToSend::Open(MakeFile("a.bin")).value(), Recorder(seen));
  ASSERT_TRUE(file);
  ASSERT_TRUE(Finished(seen));
  ASSERT_EQ(CodeOf(seen), "done");
  ExpectStored("a.bin");
  EXPECT_EQ(seen.Get().stored, 0u);

  // There a lost connection is the end, and nothing is kept.
  Watched<Seen> second;
  FileSendEvents also;
  also.on_progress = [&](const FileProgress& progress) {
    if (progress.sent > kSize / 2) pair_.Cut(pair_.controller());
  };
  const auto lost =
      OutgoingFile::Send(session_, FileToSend::Open((folder_ / "a.bin").string()).value(),
                         Recorder(second, std::move(also)));
  ASSERT_TRUE(lost);
  ASSERT_TRUE(Finished(second));
  EXPECT_EQ(CodeOf(second), "connection_lost");
  ASSERT_TRUE(inbox_seen_.WaitUntil([](const InboxSeen& s) { return !s.problems.empty(); }));
  EXPECT_EQ(inbox_seen_.Get().problems.front(), "connection_lost");
}

TEST_F(SessionBulk, EmptyHandlesAndWrongArguments) {
  Session none;
  const auto sent = OutgoingFile::Send(none, InMemory("x", "y"), {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, "connection_lost");
  EXPECT_EQ(FileToSend::Open((folder_ / "missing").string()).error().code, "not_readable");
  FileInboxOptions both;
  both.directory = folder_.string();
  both.sink = [] { return std::unique_ptr<FileSink>(); };
  const auto inbox = FileInbox::Create(*network_, std::move(both), {});
  ASSERT_FALSE(inbox);
  EXPECT_EQ(inbox.error().code, Errc::kInvalidArgument);
  DataChannel channel;
  EXPECT_FALSE(FileInbox().Take(channel));
  OutgoingFile().Cancel();
}

}  // namespace
}  // namespace pairwire::test
