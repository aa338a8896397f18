// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_receiver.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/peer/bulk/fake_file.h"

namespace pairwire::bulk {
namespace {

class FileReceiverTest : public ::testing::Test {
 protected:
  FileReceiverTest() { Make(); }

  void Make() {
    channel_ = FakeChannel();
    sink_ = FakeSink();
    finished_ = 0;
    result_.reset();
    FileReceiver::Events on;
    on.on_finished = [this](FileResult<ReceivedFile> result) {
      ++finished_;
      result_ = std::move(result);
    };
    receiver_ = std::make_unique<FileReceiver>(channel_, sink_, slots_, std::move(on));
  }

  void Offer(std::uint64_t size) {
    receiver_->OnText(R"({"type":"offer","name":"a.txt","size":)" + std::to_string(size) + "}");
  }
  void End(const std::string& content) {
    receiver_->OnText(R"({"type":"end","sha256":")" + Sha256Hex(AsBytes(content)) + "\"}");
  }

  std::string Problem() const { return result_ && !*result_ ? result_->error().code : "none"; }

  FakeChannel channel_;
  FakeSink sink_;
  FileSlots slots_;
  std::unique_ptr<FileReceiver> receiver_;
  int finished_ = 0;
  std::optional<FileResult<ReceivedFile>> result_;
};

TEST_F(FileReceiverTest, StoresAFileAndSaysSo) {
  Offer(7);
  EXPECT_EQ(channel_.LastText(), R"({"type":"accept"})");
  EXPECT_EQ(sink_.opened, "a.txt:7");
  receiver_->OnData(AsBytes("cont"));
  receiver_->OnData(AsBytes(""));
  receiver_->OnData(AsBytes("ent"));
  EXPECT_FALSE(sink_.committed);
  End("content");
  EXPECT_TRUE(sink_.committed);
  EXPECT_EQ(sink_.content, "content");
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->path, "/stored/a.txt:7");
  EXPECT_EQ(channel_.LastText(),
            R"({"type":"done","sha256":")" + Sha256Hex(AsBytes("content")) + R"(","size":7})");
  EXPECT_EQ(slots_.free(), FileSlots::kDefault);
}

TEST_F(FileReceiverTest, AnEmptyFileIsAFile) {
  Offer(0);
  End("");
  EXPECT_TRUE(result_ && *result_);
}

TEST_F(FileReceiverTest, MoreThanAnnouncedIsAnError) {
  Offer(3);
  receiver_->OnData(AsBytes("ab"));
  receiver_->OnData(AsBytes("cd"));
  EXPECT_EQ(Problem(), "size_mismatch");
  EXPECT_TRUE(sink_.discarded);
  EXPECT_NE(channel_.LastText().find(R"("type":"error","code":"size_mismatch")"),
            std::string::npos);
}

TEST_F(FileReceiverTest, LessThanAnnouncedIsAnError) {
  Offer(3);
  receiver_->OnData(AsBytes("ab"));
  End("ab");
  EXPECT_EQ(Problem(), "size_mismatch");
  EXPECT_FALSE(sink_.committed);
}

TEST_F(FileReceiverTest, AWrongHashIsAnError) {
  Offer(2);
  receiver_->OnData(AsBytes("ab"));
  End("ba");
  EXPECT_EQ(Problem(), "hash_mismatch");
  EXPECT_FALSE(sink_.committed);
  EXPECT_TRUE(sink_.discarded);
}

TEST_F(FileReceiverTest, AFullDiskRefusesOrEnds) {
  sink_.refuse = true;
  Offer(3);
  EXPECT_EQ(Problem(), "disk_full");
  EXPECT_EQ(channel_.LastText(), R"({"type":"refuse","code":"disk_full","message":"no room"})");
  Make();
  sink_.room = 2;
  Offer(3);
  receiver_->OnData(AsBytes("abc"));
  EXPECT_EQ(Problem(), "disk_full");
  EXPECT_TRUE(sink_.discarded);
  Make();
  sink_.fail_commit = true;
  Offer(0);
  End("");
  EXPECT_EQ(Problem(), "cannot_store");
}

TEST_F(FileReceiverTest, AFifthFileAtOnceIsRefused) {
  std::vector<std::unique_ptr<FakeChannel>> channels;
  std::vector<std::unique_ptr<FakeSink>> sinks;
  std::vector<std::unique_ptr<FileReceiver>> receivers;
  for (int i = 0; i < FileSlots::kDefault; ++i) {
    channels.push_back(std::make_unique<FakeChannel>());
    sinks.push_back(std::make_unique<FakeSink>());
    receivers.push_back(std::make_unique<FileReceiver>(*channels.back(), *sinks.back(), slots_,
                                                       FileReceiver::Events{}));
    receivers.back()->OnText(R"({"type":"offer","name":"x","size":1})");
    EXPECT_EQ(channels.back()->LastText(), R"({"type":"accept"})");
  }
  Offer(1);
  EXPECT_EQ(Problem(), "too_many_files");
  EXPECT_EQ(sink_.opened, "");
  // Each way out gives the place back.
  receivers[0]->OnClosed(std::nullopt);
  Make();
  Offer(1);
  EXPECT_EQ(channel_.LastText(), R"({"type":"accept"})");
  receivers.clear();
  receiver_.reset();
  EXPECT_EQ(slots_.free(), FileSlots::kDefault);
}

TEST_F(FileReceiverTest, DataBeforeTheOfferIsAnError) {
  receiver_->OnData(AsBytes("x"));
  EXPECT_EQ(Problem(), "unexpected");
}

TEST_F(FileReceiverTest, TheSendersErrorIsTold) {
  Offer(5);
  receiver_->OnText(R"({"type":"error","code":"source_changed","message":"it changed"})");
  EXPECT_EQ(Problem(), "source_changed");
  EXPECT_TRUE(sink_.discarded);
}

TEST_F(FileReceiverTest, AClosedChannelLeavesNothing) {
  receiver_->OnClosed(std::nullopt);
  EXPECT_EQ(Problem(), "connection_lost");
  Make();
  Offer(5);
  receiver_->OnClosed(Error{Errc::kIceFailed, "gone"});
  EXPECT_EQ(Problem(), "connection_lost");
  EXPECT_TRUE(sink_.discarded);
}

TEST_F(FileReceiverTest, ADroppedReceiverDiscards) {
  Offer(5);
  receiver_.reset();
  EXPECT_TRUE(sink_.discarded);
  EXPECT_EQ(slots_.free(), FileSlots::kDefault);
}

TEST_F(FileReceiverTest, MalformedAndMisplacedMessagesEndItOnce) {
  const std::string hash(64, '0');
  const std::vector<std::string> always_wrong = {
      "",
      "{",
      "[]",
      "null",
      "{}",
      "\xff\xfe",
      R"({"type":1})",
      R"({"type":"what"})",
      R"({"type":"accept"})",
      R"({"type":"end"})",
      R"({"type":"end","sha256":"abc"})",
      R"({"type":"end","sha256":")" + std::string(64, 'G') + "\"}",
      R"({"type":"done","sha256":")" + hash + R"(","size":1})",
      R"({"type":"refuse","code":"x","message":"y"})",
      R"({"type":"offer"})",
      R"({"type":"offer","name":"x"})",
      R"({"type":"offer","name":"x","size":-1})",
      R"({"type":"offer","name":"x","size":1.5})",
      R"({"type":"offer","name":"x","size":"1"})",
      R"({"type":"offer","name":"x","size":9007199254740992})",
      R"({"type":"offer","name":"x","size":1e400})",
      R"({"type":"offer","name":1,"size":1})",
      R"({"type":"offer","name":")" + std::string(kMaxFileNameBytes + 1, 'n') + R"(","size":1})",
      std::string(1000, '['),
      std::string(kMaxFileMessageBytes + 1, ' ')};
  for (const std::string& text : always_wrong) {
    for (const bool accepted : {false, true}) {
      Make();
      if (accepted) Offer(5);
      receiver_->OnText(text);
      EXPECT_EQ(finished_, 1) << text;
      EXPECT_EQ(receiver_->state(), FileReceiver::State::kFailed) << text;
      EXPECT_EQ(sink_.discarded, accepted) << text;
      receiver_->OnText(text);
      receiver_->OnData(AsBytes("x"));
      receiver_->OnClosed(std::nullopt);
      EXPECT_EQ(finished_, 1);
    }
  }
  // A second offer, and an end without an offer.
  Make();
  Offer(5);
  Offer(5);
  EXPECT_EQ(Problem(), "unexpected");
  Make();
  End("");
  EXPECT_EQ(Problem(), "unexpected");
}

TEST(FileMessagesTest, EveryCutShortMessageIsRefused) {
  const std::vector<FileMessage> messages = {
      FileOffer{"n\"ä\n.txt", 123},      FileAccept{},
      FileRefuse{{"code", "text"}},      FileEnd{std::string(64, 'a')},
      FileDone{std::string(64, 'b'), 5}, FileError{{"code", "text"}}};
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
