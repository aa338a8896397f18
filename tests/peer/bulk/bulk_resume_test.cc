// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What pairwire.file.v2 promises: a transfer that broke off goes on where it was, and what is
// stored is the whole file, once.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "peer/bulk/file_id.h"
#include "tests/peer/bulk/transfer_rig.h"

namespace pairwire::bulk {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kChunk = FileSender::kChunkBytes;

// Not EXPECT_EQ: a megabyte of bytes tells nobody anything.
bool Holds(const std::filesystem::path& path, const std::string& content) {
  return ReadFile(path) == content;
}

class BulkResume : public ::testing::Test {
 protected:
  std::unique_ptr<PartialFiles> Partials(const TestFolder& folder) {
    return std::make_unique<PartialFiles>(folder.string(), [this] { return now_; });
  }

  // Runs a transfer of `content` until it has received `size` bytes, and cuts it there.
  void CutAfter(TransferRig& rig, std::uint64_t size) {
    rig.Connect();
    while (rig.received < size) ASSERT_TRUE(rig.Step());
    rig.Cut();
  }

  PartialFiles::WallTime now_ = std::chrono::system_clock::now();
  TestFolder sources_;
  TestFolder target_;
};

TEST_F(BulkResume, WithoutACutItIsOneTransfer) {
  const std::string content = SomeContent(5'000'000, 1);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  rig.Connect();
  rig.Run();
  ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
  ASSERT_EQ(rig.CodeOf(rig.receiver_result), "ok");
  EXPECT_TRUE(Holds(target_ / "a.bin", content));
  EXPECT_EQ((*rig.receiver_result)->sha256, Sha256Hex(AsBytes(content)));
  EXPECT_EQ(rig.sent, content.size());
  EXPECT_GE(rig.stored, FileReceiver::kSyncBytes);  // 4 MiB were said to be on the disk
  EXPECT_EQ(target_.Entries(), 1u);
  EXPECT_TRUE(rig.wire->sender.closed);
}

TEST_F(BulkResume, CutAtEveryChunk) {
  const std::string content = SomeContent(12 * kChunk + 123, 2);
  WriteFile(sources_ / "a.bin", content);
  // A cut after each message in either direction and after each timer, until one comes too late.
  for (int cut = 0;; ++cut) {
    SCOPED_TRACE(cut);
    TestFolder target;
    const auto partials = Partials(target);
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    rig.Connect();
    int steps = 0;
    while (steps < cut && rig.Step()) ++steps;
    if (rig.sender_result) {
      EXPECT_GT(cut, 12);
      break;
    }
    const std::uint64_t there = rig.received;
    const bool stored = rig.receipts == 1;
    rig.Cut();
    EXPECT_EQ(rig.parked, 1);
    EXPECT_EQ(target.Partials(), there > 0 && !stored ? 1u : 0u);

    rig.Connect();
    rig.Run();
    ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
    EXPECT_EQ((*rig.sender_result)->sha256, Sha256Hex(AsBytes(content)));
    // Nothing twice: neither a byte on the wire nor a file in the folder.
    EXPECT_EQ(rig.wire->sender.data_sent, stored ? 0 : content.size() - there);
    EXPECT_EQ(rig.receipts, 1);
    EXPECT_EQ(target.Entries(), 1u);
    EXPECT_TRUE(Holds(target / "a.bin", content));
  }
}

TEST_F(BulkResume, ManyCutsInOneTransfer) {
  const std::string content = SomeContent(40 * kChunk, 3);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  int tries = 0;
  for (; !rig.sender_result; ++tries) {
    rig.Connect();
    for (int step = 0; step < 12 && rig.Step(); ++step) {
    }
    if (!rig.sender_result) rig.Cut();
  }
  EXPECT_GT(tries, 3);
  ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
  EXPECT_TRUE(Holds(target_ / "a.bin", content));
  EXPECT_EQ(target_.Entries(), 1u);
}

TEST_F(BulkResume, ControllerRestarted) {
  const std::string content = SomeContent(30 * kChunk, 4);
  WriteFile(sources_ / "a.bin", content);
  auto partials = Partials(target_);
  std::uint64_t there = 0;
  std::string id;
  {
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    CutAfter(rig, 10 * kChunk);
    there = rig.received;
    id = rig.offer.id;
  }
  // And the display, too.
  partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  EXPECT_EQ(rig.offer.id, id);
  rig.Connect();
  rig.Run();
  ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
  EXPECT_EQ(rig.wire->sender.data_sent, content.size() - there);
  EXPECT_TRUE(Holds(target_ / "a.bin", content));
  EXPECT_EQ(target_.Entries(), 1u);
}

TEST_F(BulkResume, TheDisplayForgotItAll) {
  const std::string content = SomeContent(10 * kChunk, 5);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  // Everything was sent and stored, the receipt is lost, and so is the display's memory of it.
  rig.Connect();
  while (rig.receipts == 0) ASSERT_TRUE(rig.Step());
  rig.Cut();
  TestFolder elsewhere;
  const auto none = Partials(elsewhere);
  rig.wire = std::make_unique<TransferRig::Wire>();
  rig.sink = std::make_unique<DiskSink>(*none);
  FileSlots slots;
  rig.receiver = std::make_unique<FileReceiver>(rig.loop, rig.wire->receiver, *rig.sink, slots,
                                                FileReceiver::Events{});
  rig.sender->Resume(rig.wire->sender);
  rig.sender->OnOpen();
  EXPECT_NE(rig.wire->sender.last_text.find(R"("complete":true)"), std::string::npos);
  rig.Run();
  EXPECT_EQ(rig.CodeOf(rig.sender_result), "ok");
  EXPECT_TRUE(Holds(elsewhere / "a.bin", content));
}

TEST_F(BulkResume, ChangedSourceStartsAnew) {
  const std::string content = SomeContent(40 * kChunk, 6);
  std::string other = content;
  other[5] ^= 1;
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  {
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    const std::string id = rig.offer.id;
    CutAfter(rig, 8 * kChunk);
    // Another time, or other first bytes: another file.
    WriteFile(sources_ / "a.bin", content, 1001);
    rig.StartSender(sources_ / "a.bin");
    EXPECT_NE(rig.offer.id, id);
    WriteFile(sources_ / "a.bin", other, 1000);
    rig.StartSender(sources_ / "a.bin");
    EXPECT_NE(rig.offer.id, id);
    // Only bytes behind the first 64 KiB differ, and the time was set back: the prefix shows it.
    other = content;
    other[70'000] ^= 1;
    WriteFile(sources_ / "a.bin", other, 1000);
    rig.StartSender(sources_ / "a.bin");
    EXPECT_EQ(rig.offer.id, id);
    rig.Connect();
    rig.Run();
    ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
    EXPECT_EQ(rig.wire->sender.data_sent, other.size());
    EXPECT_TRUE(Holds(target_ / "a.bin", other));
  }
  // A change under a living sender ends it, whether it is parked or sending.
  for (const bool parked : {true, false}) {
    WriteFile(sources_ / "b.bin", content);
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "b.bin");
    rig.Connect();
    while (rig.received < 8 * kChunk) ASSERT_TRUE(rig.Step());
    if (parked) rig.Cut();
    WriteFile(sources_ / "b.bin", content, 2000);
    if (parked) rig.Connect();
    rig.Run();
    EXPECT_EQ(rig.CodeOf(rig.sender_result), "source_changed");
    EXPECT_FALSE(std::filesystem::exists(target_ / "b.bin"));
  }
}

TEST_F(BulkResume, ForgedPrefix) {
  const std::string content = SomeContent(20 * kChunk, 7);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  const std::string zeros(64, '0');
  {
    // A receiver that claims to have what it does not: it gets all of it.
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    rig.sender->OnOpen();
    rig.sender->OnText(R"({"type":"accept","offset":65536,"prefixSha256":")" + zeros + "\"}");
    EXPECT_EQ(rig.sender->state(), FileSender::State::kChecking);
    ASSERT_TRUE(rig.loop.Step());
    ASSERT_EQ(rig.wire->sender.waiting.size(), 2 + FileSender::kHighWater / kChunk);
    EXPECT_EQ(rig.wire->sender.waiting[1].content, R"({"type":"from","offset":0})");
    EXPECT_TRUE(rig.wire->sender.waiting[2].content == content.substr(0, kChunk));
  }
  {
    // More than there is.
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    rig.sender->OnOpen();
    rig.sender->OnText(R"({"type":"accept","offset":9000000000,"prefixSha256":")" + zeros + "\"}");
    EXPECT_EQ(rig.CodeOf(rig.sender_result), "resume_refused");
  }
  // A sender that goes on somewhere else, or claims a prefix that is not its own.
  for (const bool wrong_offset : {true, false}) {
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    CutAfter(rig, 8 * kChunk);
    rig.Connect();
    while (rig.receiver->state() != FileReceiver::State::kAccepted) ASSERT_TRUE(rig.Step());
    if (wrong_offset) {
      rig.receiver->OnText(R"({"type":"from","offset":65536})");
      EXPECT_EQ(rig.CodeOf(rig.receiver_result), "resume_refused");
    } else {
      rig.receiver->OnText(R"({"type":"from","offset":)" + std::to_string(8 * kChunk) + "}");
      const std::string rest(content.size() - 8 * kChunk, 'x');
      rig.receiver->OnData(AsBytes(rest));
      rig.receiver->OnText(R"({"type":"end","sha256":")" + Sha256Hex(AsBytes(rest)) + "\"}");
      EXPECT_EQ(rig.CodeOf(rig.receiver_result), "hash_mismatch");
    }
    // What somebody tampered with is no prefix of anything any more.
    EXPECT_EQ(target_.Entries(), 0u);
  }
}

TEST_F(BulkResume, APartialOfAnotherSizeBeginsAnew) {
  const std::string content = SomeContent(4 * kChunk, 8);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  WriteFile(target_ / (".pairwire-" + rig.offer.id + ".part"), std::string(9 * kChunk, 'y'),
            static_cast<int>(std::chrono::system_clock::to_time_t(now_)));
  rig.Connect();
  rig.Run();
  ASSERT_EQ(rig.CodeOf(rig.sender_result), "ok");
  EXPECT_TRUE(Holds(target_ / "a.bin", content));
}

TEST_F(BulkResume, PartialsAreBoundedAndExpire) {
  const auto partials = Partials(target_);
  const auto id_of = [](int number) {
    std::string id(kFileIdDigits, '0');
    const std::string digits = std::to_string(number);
    return id.replace(id.size() - digits.size(), digits.size(), digits);
  };
  const auto path_of = [&](int number) {
    return target_ / (".pairwire-" + id_of(number) + ".part");
  };
  const auto at = [&](std::chrono::hours ago) {
    return static_cast<int>(std::chrono::system_clock::to_time_t(now_ - ago));
  };
  // The oldest makes room for the next.
  for (int i = 0; i < 20; ++i) {
    FileOffer offer{"x", 10};
    offer.id = id_of(i);
    DiskSink sink(*partials);
    ASSERT_TRUE(sink.Reopen(offer));
    ASSERT_TRUE(sink.Write(AsBytes("abc")));
    sink.Keep();
    WriteFile(path_of(i), "abc", at(20h) + i);
    EXPECT_LE(target_.Entries(), PartialFiles::kMaxPartials);
  }
  EXPECT_EQ(target_.Entries(), PartialFiles::kMaxPartials);
  EXPECT_FALSE(std::filesystem::exists(path_of(3)));
  EXPECT_TRUE(std::filesystem::exists(path_of(4)));
  // Being written to is being in use: neither the bound nor age takes it away.
  std::vector<std::unique_ptr<DiskSink>> sinks;
  FileOffer offer{"x", 10};
  for (int i = 4; i < 20; ++i) {
    offer.id = id_of(i);
    sinks.push_back(std::make_unique<DiskSink>(*partials));
    ASSERT_EQ(*sinks.back()->Reopen(offer), 3u);
  }
  DiskSink one_more(*partials);
  offer.id = id_of(20);
  const auto refused = one_more.Reopen(offer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "too_many_files");
  now_ += 5h;
  Partials(target_);
  EXPECT_EQ(target_.Entries(), PartialFiles::kMaxPartials);
  for (const auto& sink : sinks) sink->Keep();
  // A day later a program that starts finds nothing worth keeping; other files stay.
  WriteFile(target_ / "mine.txt", "mine");
  WriteFile(target_ / ".pairwire-short.part", "not ours");
  Partials(target_);
  EXPECT_EQ(target_.Entries(), 2u);
}

TEST_F(BulkResume, TwoOfOneName) {
  TestFolder more;
  const std::string first = SomeContent(10 * kChunk, 9);
  const std::string second = SomeContent(10 * kChunk, 10);
  WriteFile(sources_ / "a.bin", first);
  WriteFile(more / "a.bin", second);
  const auto partials = Partials(target_);
  FileSlots slots;
  TransferRig one(*partials, &slots);
  TransferRig two(*partials, &slots);
  one.StartSender(sources_ / "a.bin");
  two.StartSender(more / "a.bin");
  CutAfter(one, 4 * kChunk);
  CutAfter(two, 6 * kChunk);
  EXPECT_EQ(target_.Partials(), 2u);
  one.Connect();
  two.Connect();
  for (int i = 0; i < 4; ++i) {
    one.Step();
    two.Step();
  }
  one.Run();
  two.Run();
  EXPECT_TRUE(Holds(target_ / "a.bin", first));
  EXPECT_TRUE(Holds(target_ / "a (1).bin", second));
  EXPECT_EQ(target_.Entries(), 2u);
  EXPECT_EQ(slots.free(), FileSlots::kDefault);

  // The same file twice at the same time: the second is refused, the first is not disturbed.
  TransferRig three(*partials, &slots);
  TransferRig four(*partials, &slots);
  three.StartSender(sources_ / "a.bin");
  four.StartSender(sources_ / "a.bin");
  three.Connect();
  while (three.received < 2 * kChunk) ASSERT_TRUE(three.Step());
  four.Connect();
  four.Run();
  EXPECT_EQ(four.CodeOf(four.sender_result), "resume_refused");
  three.Run();
  EXPECT_EQ(three.CodeOf(three.sender_result), "ok");
  EXPECT_TRUE(Holds(target_ / "a (2).bin", first));
  EXPECT_EQ(slots.free(), FileSlots::kDefault);
}

TEST_F(BulkResume, WhatCameIsSyncedInTime) {
  const std::string content = SomeContent(10 * kChunk, 11);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  rig.Connect();
  while (rig.received < 3 * kChunk) ASSERT_TRUE(rig.Step());
  // The path is slow: nothing more for a while.
  rig.loop.AdvanceBy(FileReceiver::kSyncAfter - 1ms);
  EXPECT_TRUE(rig.wire->receiver.waiting.empty());
  rig.loop.AdvanceBy(1ms);
  EXPECT_EQ(rig.wire->receiver.last_text, R"({"type":"have","offset":196608})");
  // Once is enough.
  rig.loop.AdvanceBy(10s);
  EXPECT_EQ(rig.wire->receiver.waiting.size(), 1u);
  rig.Run();
  EXPECT_EQ(rig.stored, 3 * kChunk);
  EXPECT_EQ(rig.CodeOf(rig.sender_result), "ok");
}

TEST_F(BulkResume, EitherEndMayGiveUp) {
  const std::string content = SomeContent(40 * kChunk, 12);
  WriteFile(sources_ / "a.bin", content);
  const auto partials = Partials(target_);
  for (const bool by_sender : {true, false}) {
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    rig.Connect();
    while (rig.received < 3 * kChunk) ASSERT_TRUE(rig.Step());
    if (by_sender) {
      rig.sender->Cancel();
    } else {
      rig.receiver->Cancel();
    }
    rig.Run();
    EXPECT_EQ(rig.CodeOf(rig.sender_result), "cancelled");
    EXPECT_EQ(rig.CodeOf(rig.receiver_result), "cancelled");
    EXPECT_EQ(target_.Entries(), 0u);
  }
  // Parked, it has nobody to tell.
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  CutAfter(rig, kChunk);
  rig.sender->Cancel();
  EXPECT_EQ(rig.CodeOf(rig.sender_result), "cancelled");
}

TEST_F(BulkResume, EndsMayGoInAnyState) {
  const std::string content = SomeContent(6 * kChunk, 13);
  WriteFile(sources_ / "a.bin", content);
  for (int steps = 0; steps < 12; ++steps) {
    TestFolder target;
    const auto partials = Partials(target);
    TransferRig rig(*partials);
    rig.StartSender(sources_ / "a.bin");
    rig.Connect();
    for (int i = 0; i < steps; ++i) rig.Step();
    const bool kept = rig.received > 0 && rig.receipts == 0;
    rig.receiver.reset();
    rig.sender.reset();
    rig.sink.reset();
    rig.loop.AdvanceBy(10s);  // no timer of theirs is left behind
    EXPECT_EQ(target.Partials(), kept ? 1u : 0u) << steps;
  }
}

// What the other end may say out of turn.
TEST_F(BulkResume, MalformedAndMisplacedMessagesEndItOnce) {
  WriteFile(sources_ / "a.bin", SomeContent(6 * kChunk, 14));
  const std::string zeros(64, '0');
  const std::vector<std::string> wrong = {
      R"({"type":"have"})",
      R"({"type":"have","offset":-1})",
      R"({"type":"have","offset":9007199254740991})",
      R"({"type":"from"})",
      R"({"type":"from","offset":"0"})",
      R"({"type":"accept","offset":1})",
      R"({"type":"accept","offset":1.5})",
      R"({"type":"accept","offset":1,"prefixSha256":"abc"})",
      R"({"type":"offer","name":"x","size":1,"id":"abc"})",
      R"({"type":"offer","name":"x","size":1,"id":"../../../../etc/passwd0000000000"})",
      R"({"type":"offer","name":"x","size":1,"id":7})",
      R"({"type":"offer","name":"x","size":1,"mediaType":7})",
      R"({"type":"offer","name":"x","size":1,"complete":"yes"})",
      R"({"type":"done","sha256":")" + zeros + R"(","size":1})"};
  for (const std::string& text : wrong) {
    for (int steps = 0; steps < 6; ++steps) {
      TestFolder target;
      const auto partials = Partials(target);
      TransferRig rig(*partials);
      rig.StartSender(sources_ / "a.bin");
      rig.Connect();
      for (int i = 0; i < steps; ++i) rig.Step();
      rig.sender->OnText(text);
      EXPECT_EQ(rig.sender->state(), FileSender::State::kFailed) << text << steps;
      rig.receiver->OnText(text);
      EXPECT_EQ(rig.receiver->state(), FileReceiver::State::kFailed) << text << steps;
      EXPECT_EQ(target.Entries(), 0u) << text << steps;
    }
  }
  // v2 needs an id; a plain offer is of v1.
  const auto partials = Partials(target_);
  TransferRig rig(*partials);
  rig.StartSender(sources_ / "a.bin");
  rig.Connect();
  rig.receiver->OnText(R"({"type":"offer","name":"x","size":1})");
  EXPECT_EQ(rig.CodeOf(rig.receiver_result), "bad_message");
}

TEST(FileId, IsThatOfTheFile) {
  TestFolder folder;
  WriteFile(folder / "a", "content");
  const auto id_of = [&](const std::string& name, const std::string& called) {
    const auto source = std::move(*DiskSource::Open(folder / name));
    return *FileIdOf({called, source->size()}, *source);
  };
  // SHA-256 of 0f "pairwire file/2" 01 "a" 08 00…07 08 <1000 s in ns> 07 "content", by hand.
  EXPECT_EQ(id_of("a", "a"), "0e9f481c97723c78b962fe4afa3d9dea");
  EXPECT_TRUE(IsFileId(id_of("a", "a")));
  EXPECT_NE(id_of("a", "b"), id_of("a", "a"));
  // Behind the first 64 KiB a change does not show, but its size or time does.
  std::string large = SomeContent(100'000, 15);
  WriteFile(folder / "b", large);
  const std::string id = id_of("b", "b");
  large.back() ^= 1;
  WriteFile(folder / "b", large);
  EXPECT_EQ(id_of("b", "b"), id);
  WriteFile(folder / "b", large, 1001);
  EXPECT_NE(id_of("b", "b"), id);
  WriteFile(folder / "b", large + "x");
  EXPECT_NE(id_of("b", "b"), id);
}

TEST(BulkMessages, EveryCutShortMessageOfTheSecondVersionIsRefused) {
  FileOffer offer{"n", 5};
  offer.id = std::string(kFileIdDigits, 'a');
  offer.media_type = "video/mp4";
  offer.complete = true;
  FileAccept accept;
  accept.offset = 3;
  accept.prefix_sha256 = std::string(64, 'b');
  const std::vector<FileMessage> messages = {offer, accept, FileFrom{7}, FileHave{kMaxFileSize}};
  for (const FileMessage& message : messages) {
    const std::string text = ToJson(message);
    const auto parsed = ParseFileMessage(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, message);
    for (std::size_t size = 0; size < text.size(); ++size) {
      EXPECT_FALSE(ParseFileMessage(text.substr(0, size)));
    }
  }
}

}  // namespace
}  // namespace pairwire::bulk
