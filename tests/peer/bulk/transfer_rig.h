// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TransferRig: a FileSender and a FileReceiver of pairwire.file.v2 over a wire in memory that the
// test moves message by message and cuts where it likes; real files below both, a virtual clock.
#ifndef PAIRWIRE_TESTS_PEER_BULK_TRANSFER_RIG_H_
#define PAIRWIRE_TESTS_PEER_BULK_TRANSFER_RIG_H_

#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "peer/bulk/bulk_receiver.h"
#include "peer/bulk/bulk_sender.h"
#include "peer/bulk/disk_files.h"
#include "peer/bulk/partial_files.h"
#include "tests/support/manual_loop.h"

namespace pairwire::bulk {

std::string ReadFile(const std::filesystem::path& path);
// With this time of its last change.
void WriteFile(const std::filesystem::path& path, const std::string& content, int changed = 1000);
// `size` bytes that look random and depend on `seed`.
std::string SomeContent(std::size_t size, std::uint64_t seed);

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string string() const { return path_.string(); }
  std::size_t Entries() const;
  // Of unfinished files.
  std::size_t Partials() const;

 private:
  std::filesystem::path path_;
};

class TransferRig {
 public:
  // Stores into the folder behind `partials`; a receiver's places are `slots`, or its own.
  explicit TransferRig(PartialFiles& partials, FileSlots* slots = nullptr);

  // A sender of this file as a program started anew would make it; the former one is gone.
  void StartSender(const std::string& path);
  // A new wire with a new receiver; the sender offers, or offers again.
  void Connect();
  // Moves the next message, or the clock to the next timer; false when there is nothing to move.
  bool Step();
  void Run() {
    while (Step()) {
    }
  }
  // The wire is gone with all that was on it.
  void Cut();

  // Messages for the other end, as text; the receiver's and sender's own words.
  struct Message {
    std::string content;
    bool is_text;
  };
  class End final : public FileChannel {
   public:
    Result<void> SendText(std::string_view text) override { return Send(text, true); }
    Result<void> SendData(ByteSpan data) override { return Send(AsText(data), false); }
    std::size_t buffered_amount() const override { return buffered; }
    void Close() override { closed = true; }

    std::deque<Message> waiting;
    std::size_t buffered = 0;
    std::uint64_t data_sent = 0;
    std::string last_text;
    bool closed = false;

   private:
    Result<void> Send(std::string_view content, bool is_text);
  };
  struct Wire {
    End sender;
    End receiver;
  };

  test::ManualLoop loop;
  std::unique_ptr<Wire> wire;
  std::unique_ptr<DiskSource> source;
  std::unique_ptr<FileSender> sender;
  std::unique_ptr<DiskSink> sink;
  std::unique_ptr<FileReceiver> receiver;
  FileOffer offer;
  std::uint64_t sent = 0;
  std::uint64_t stored = 0;
  std::uint64_t received = 0;
  int parked = 0;
  int receipts = 0;  // files that the receiver reported
  std::optional<FileResult<SentFile>> sender_result;
  std::optional<FileResult<ReceivedFile>> receiver_result;

  static std::string CodeOf(const std::optional<FileResult<SentFile>>& result);
  static std::string CodeOf(const std::optional<FileResult<ReceivedFile>>& result);

 private:
  PartialFiles& partials_;
  FileSlots own_slots_;
  FileSlots& slots_;
};

}  // namespace pairwire::bulk

#endif  // PAIRWIRE_TESTS_PEER_BULK_TRANSFER_RIG_H_
