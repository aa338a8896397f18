// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_sender.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/peer/bulk/fake_file.h"

namespace pairwire::bulk {
namespace {

class FileSenderTest : public ::testing::Test {
 protected:
  void Make(const std::string& content, std::uint64_t announced) {
    source_ = std::make_unique<FakeSource>(content);
    FileSender::Events on;
    on.on_progress = [this](std::uint64_t sent) { progress_ = sent; };
    on.on_finished = [this](FileResult<SentFile> result) {
      ++finished_;
      result_ = std::move(result);
    };
    sender_ = std::make_unique<FileSender>(channel_, *source_, FileOffer{"a.txt", announced},
                                           std::move(on));
  }
  void Make(const std::string& content) { Make(content, content.size()); }

  // The channel's buffer empties as often as it takes.
  void Drain() {
    while (channel_.buffered > 0) {
      channel_.buffered = 0;
      sender_->OnBufferedAmountLow();
    }
  }

  std::string Data() const {
    std::string data;
    for (const auto& sent : channel_.sent) {
      if (!sent.is_text) data += sent.text;
    }
    return data;
  }

  std::string Problem() const { return result_ && !*result_ ? result_->error().code : "none"; }

  FakeChannel channel_;
  std::unique_ptr<FakeSource> source_;
  std::unique_ptr<FileSender> sender_;
  std::uint64_t progress_ = 0;
  int finished_ = 0;
  std::optional<FileResult<SentFile>> result_;
};

TEST_F(FileSenderTest, SendsAFileInOrderAndWaitsForItsReceipt) {
  const std::string content(200'000, 'x');
  Make(content);
  EXPECT_TRUE(channel_.sent.empty());
  sender_->OnOpen();
  EXPECT_EQ(channel_.LastText(), R"({"type":"offer","name":"a.txt","size":200000})");
  sender_->OnText(R"({"type":"accept"})");
  Drain();
  EXPECT_EQ(Data(), content);
  EXPECT_EQ(progress_, content.size());
  const std::string hash = Sha256Hex(AsBytes(content));
  EXPECT_EQ(channel_.LastText(), R"({"type":"end","sha256":")" + hash + "\"}");
  EXPECT_FALSE(result_.has_value());
  sender_->OnText(R"({"type":"done","sha256":")" + hash + R"(","size":200000})");
  ASSERT_TRUE(result_ && *result_);
  EXPECT_EQ((*result_)->sha256, hash);
  EXPECT_TRUE(channel_.closed);
}

TEST_F(FileSenderTest, AnEmptyFileHasNoData) {
  Make("");
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_EQ(Data(), "");
  EXPECT_EQ(channel_.LastText().substr(0, 14), R"({"type":"end",)");
}

TEST_F(FileSenderTest, NeverHoldsMoreThanItsHighWater) {
  Make(std::string(10'000'000, 'x'));
  sender_->OnOpen();
  channel_.buffered = 0;
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_GE(channel_.buffered, FileSender::kHighWater);
  EXPECT_LT(channel_.buffered, FileSender::kHighWater + FileSender::kChunkBytes);
  EXPECT_LE(source_->largest_read, FileSender::kChunkBytes);
  Drain();
  EXPECT_EQ(Data().size(), 10'000'000u);
}

TEST_F(FileSenderTest, SmallerMessagesForAPeerThatTakesLess) {
  channel_.max_message = 5'000;
  const std::string content(100'000, 'y');
  Make(content);
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  Drain();
  EXPECT_EQ(Data(), content);
}

TEST_F(FileSenderTest, WaitsWhenTheBufferIsFullAndGoesOn) {
  const std::string content(100'000, 'z');
  Make(content);
  sender_->OnOpen();
  channel_.fail_with = Errc::kBufferFull;
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_EQ(Data(), "");
  EXPECT_EQ(finished_, 0);
  channel_.fail_with.reset();
  Drain();
  EXPECT_EQ(Data(), content);
}

TEST_F(FileSenderTest, FullWithoutAnythingOfItsOwnInItIsAnEnd) {
  Make("content");
  sender_->OnOpen();
  channel_.buffered = 0;
  channel_.fail_with = Errc::kBufferFull;
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_EQ(Problem(), "connection_lost");
}

TEST_F(FileSenderTest, ARefusalIsTold) {
  Make("content");
  sender_->OnOpen();
  sender_->OnText(R"({"type":"refuse","code":"disk_full","message":"no room"})");
  EXPECT_EQ(Problem(), "disk_full");
  EXPECT_EQ(result_->error().message, "no room");
  EXPECT_EQ(Data(), "");
}

TEST_F(FileSenderTest, AnErrorMidwayIsTold) {
  Make(std::string(10'000'000, 'x'));
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  const std::size_t sent = channel_.sent.size();
  sender_->OnText(R"({"type":"error","code":"disk_full","message":"no room"})");
  EXPECT_EQ(Problem(), "disk_full");
  sender_->OnBufferedAmountLow();
  EXPECT_EQ(channel_.sent.size(), sent);  // nothing more goes out
}

TEST_F(FileSenderTest, AReceiptForSomethingElseIsAnError) {
  Make("content");
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  Drain();
  sender_->OnText(R"({"type":"done","sha256":")" + std::string(64, '0') + R"(","size":7})");
  EXPECT_EQ(Problem(), "hash_mismatch");
  EXPECT_NE(channel_.LastText().find("hash_mismatch"), std::string::npos);
}

TEST_F(FileSenderTest, AFileThatShrinksIsTold) {
  Make("short", 100);
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_EQ(Problem(), "source_changed");
  EXPECT_NE(channel_.LastText().find("source_changed"), std::string::npos);
}

TEST_F(FileSenderTest, AFileThatCannotBeReadIsTold) {
  Make("content");
  source_->fail = true;
  sender_->OnOpen();
  sender_->OnText(R"({"type":"accept"})");
  EXPECT_EQ(Problem(), "not_readable");
}

// What a receiver may say out of turn, in each state before the end.
TEST_F(FileSenderTest, MalformedAndMisplacedMessagesEndItOnce) {
  const std::string end = R"({"type":"end","sha256":")" + std::string(64, '0') + "\"}";
  const std::string done = R"({"type":"done","sha256":")" + std::string(64, '0') + R"(","size":1})";
  const std::vector<std::string> wrong = {"",
                                          "{",
                                          "[]",
                                          "null",
                                          "{}",
                                          R"({"type":1})",
                                          R"({"type":"what"})",
                                          end,
                                          R"({"type":"offer","name":"x","size":1})",
                                          R"({"type":"refuse"})",
                                          done,
                                          std::string(kMaxFileMessageBytes + 1, ' ')};
  for (const std::string& text : wrong) {
    for (const bool accepted : {false, true}) {
      channel_ = FakeChannel();
      finished_ = 0;
      Make(std::string(5'000'000, 'x'));
      sender_->OnOpen();
      if (accepted) sender_->OnText(R"({"type":"accept"})");
      sender_->OnText(text);
      EXPECT_EQ(finished_, 1) << text;
      EXPECT_EQ(sender_->state(), FileSender::State::kFailed) << text;
      EXPECT_TRUE(channel_.closed);
      sender_->OnText(text);  // what still comes changes nothing
      sender_->OnData({});
      sender_->OnClosed(std::nullopt);
      EXPECT_EQ(finished_, 1);
    }
  }
}

TEST_F(FileSenderTest, BinaryDataFromTheReceiverEndsIt) {
  Make("content");
  sender_->OnOpen();
  sender_->OnData(AsBytes("x"));
  EXPECT_EQ(Problem(), "unexpected");
}

TEST_F(FileSenderTest, AClosedChannelEndsItInEveryState) {
  for (int steps = 0; steps < 4; ++steps) {
    channel_ = FakeChannel();
    Make("content");
    if (steps > 0) sender_->OnOpen();
    if (steps > 1) sender_->OnText(R"({"type":"accept"})");
    if (steps > 2) Drain();
    finished_ = 0;
    sender_->OnClosed(Error{Errc::kIceFailed, "gone"});
    EXPECT_EQ(finished_, 1);
    EXPECT_EQ(Problem(), "connection_lost");
  }
}

}  // namespace
}  // namespace pairwire::bulk
