// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/peer/bulk/transfer_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "peer/bulk/file_id.h"
#include "tests/support/seeded_random.h"

namespace pairwire::bulk {
namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "(cannot be read)";
  std::string content(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0).read(content.data(), static_cast<std::streamsize>(content.size()));
  return content;
}

void WriteFile(const fs::path& path, const std::string& content, int changed) {
  std::ofstream(path, std::ios::binary) << content;
  const timespec times[2] = {{changed, 0}, {changed, 0}};
  utimensat(AT_FDCWD, path.c_str(), times, 0);
}

std::string SomeContent(std::size_t size, std::uint64_t seed) {
  std::string content(size, '\0');
  test::SeededRandom(seed).Fill({reinterpret_cast<std::uint8_t*>(content.data()), size});
  return content;
}

TestFolder::TestFolder() {
  std::string name = (fs::temp_directory_path() / "pairwire-bulk-XXXXXX").string();
  path_ = mkdtemp(name.data());
}

TestFolder::~TestFolder() { fs::remove_all(path_); }

std::size_t TestFolder::Entries() const {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), {}));
}

std::size_t TestFolder::Partials() const {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().extension() == ".part") ++count;
  }
  return count;
}

TransferRig::TransferRig(PartialFiles& partials, FileSlots* slots)
    : partials_(partials), slots_(slots == nullptr ? own_slots_ : *slots) {}

void TransferRig::StartSender(const std::string& path) {
  sender.reset();
  source = std::move(*DiskSource::Open(path));
  offer = FileOffer{source->name(), source->size()};
  offer.id = *FileIdOf(offer, *source);
  sender_result.reset();
  wire = std::make_unique<Wire>();
  FileSender::Events on;
  on.on_progress = [this](std::uint64_t bytes) { sent = bytes; };
  on.on_stored = [this](std::uint64_t bytes) { stored = bytes; };
  on.on_parked = [this] { ++parked; };
  on.on_finished = [this](FileResult<SentFile> result) { sender_result = std::move(result); };
  sender = std::make_unique<FileSender>(loop, wire->sender, *source, offer, std::move(on));
}

void TransferRig::Connect() {
  receiver.reset();
  receiver_result.reset();
  if (sender->state() == FileSender::State::kParked) {
    wire = std::make_unique<Wire>();
    sender->Resume(wire->sender);
  }
  sink = std::make_unique<DiskSink>(partials_);
  FileReceiver::Events on;
  on.on_progress = [this](std::uint64_t bytes) { received = bytes; };
  on.on_finished = [this](FileResult<ReceivedFile> result) {
    if (result) ++receipts;
    receiver_result = std::move(result);
  };
  receiver = std::make_unique<FileReceiver>(loop, wire->receiver, *sink, slots_, std::move(on));
  sender->OnOpen();
}

bool TransferRig::Step() {
  End& out = wire->sender;
  if (!out.waiting.empty()) {
    const Message message = std::move(out.waiting.front());
    out.waiting.pop_front();
    out.buffered -= message.content.size();
    if (message.is_text) {
      receiver->OnText(message.content);
    } else {
      receiver->OnData(AsBytes(message.content));
    }
    if (out.buffered <= FileSender::kLowWater) sender->OnBufferedAmountLow();
    return true;
  }
  End& back = wire->receiver;
  if (!back.waiting.empty()) {
    const Message message = std::move(back.waiting.front());
    back.waiting.pop_front();
    back.buffered -= message.content.size();
    sender->OnText(message.content);
    return true;
  }
  return loop.Step();
}

void TransferRig::Cut() {
  wire->sender.waiting.clear();
  wire->receiver.waiting.clear();
  wire->sender.closed = true;
  wire->receiver.closed = true;
  const Error error{Errc::kIceFailed, "the path is gone"};
  receiver->OnClosed(error);
  sender->OnClosed(error);
}

Result<void> TransferRig::End::Send(std::string_view content, bool is_text) {
  if (closed) return Fail(Errc::kClosed, "closed");
  if (is_text) {
    last_text = content;
  } else {
    data_sent += content.size();
  }
  buffered += content.size();
  waiting.push_back({std::string(content), is_text});
  return {};
}

std::string TransferRig::CodeOf(const std::optional<FileResult<SentFile>>& result) {
  return !result ? "none" : *result ? "ok" : result->error().code;
}
std::string TransferRig::CodeOf(const std::optional<FileResult<ReceivedFile>>& result) {
  return !result ? "none" : *result ? "ok" : result->error().code;
}

}  // namespace pairwire::bulk
