// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/file_transfer.h"

#include <utility>

namespace pairwire::samples {
namespace {

using Clock = std::chrono::steady_clock;

// A DataChannel as the machines see it.
class ChannelOverData : public FileChannel {
 public:
  explicit ChannelOverData(DataChannel channel) : channel_(std::move(channel)) {}

  Result<void> SendText(std::string_view text) override { return channel_.Send(text); }
  Result<void> SendData(ByteSpan data) override { return channel_.Send(data); }
  std::size_t buffered_amount() const override { return channel_.buffered_amount(); }
  void Close() override { channel_.Close(); }

  DataChannel& data_channel() { return channel_; }

 private:
  DataChannel channel_;
};

// A sink that refuses, for a program without a folder for files.
class NoSink final : public FileSink {
 public:
  FileResult<void> Open(const std::string&, std::uint64_t) override {
    return tl::unexpected(
        FileProblem{"not_accepted", "the other end takes no files (start it with --out DIR)"});
  }
  FileResult<void> Write(ByteSpan) override { return {}; }
  FileResult<std::string> Commit() override { return std::string(); }
  void Discard() override {}
};

}  // namespace

class OutgoingFile::Channel final : public ChannelOverData {
  using ChannelOverData::ChannelOverData;
};

OutgoingFile::OutgoingFile(Session& session, std::unique_ptr<DiskSource> source, Events events)
    : source_(std::move(source)) {
  DataChannelInit init;
  init.protocol = kFileProtocol;
  channel_ = std::make_unique<Channel>(session.CreateDataChannel(kFileLabel, std::move(init)));
  started_ = Clock::now();

  FileSender::Events on;
  on.on_progress = std::move(events.on_progress);
  on.on_finished = [this, finished = std::move(events.on_finished)](FileResult<SentFile> result) {
    const auto call = finished;  // this object may go in it
    call(std::move(result), Clock::now() - started_);
  };
  sender_ = std::make_unique<FileSender>(*channel_, *source_,
                                         FileOffer{SafeFileName(source_->name()), source_->size()},
                                         std::move(on));

  DataChannel& data_channel = channel_->data_channel();
  data_channel.SetBufferedAmountLowThreshold(FileSender::kLowWater);
  DataChannelEvents channel_on;
  channel_on.on_open = [this] { sender_->OnOpen(); };
  channel_on.on_message = [this](const Message& message) {
    if (message.is_text) {
      sender_->OnText(AsText(message.data));
    } else {
      sender_->OnData(message.data);
    }
  };
  channel_on.on_buffered_amount_low = [this] { sender_->OnBufferedAmountLow(); };
  channel_on.on_closed = [this](std::optional<Error> error) { sender_->OnClosed(error); };
  data_channel.Subscribe(std::move(channel_on));
}

OutgoingFile::~OutgoingFile() = default;

struct FileInbox::Incoming {
  std::unique_ptr<FileSink> sink;
  std::unique_ptr<ChannelOverData> channel;
  Clock::time_point accepted_at;
  std::unique_ptr<FileReceiver> receiver;
};

FileInbox::FileInbox(std::string directory, Events events)
    : directory_(std::move(directory)), events_(std::move(events)) {}

FileInbox::~FileInbox() = default;

bool FileInbox::Wants(const DataChannel& channel) {
  return channel.label() == kFileLabel && channel.protocol() == kFileProtocol;
}

void FileInbox::Take(DataChannel channel) {
  const std::uint64_t id = next_id_++;
  auto owned = std::make_unique<Incoming>();
  Incoming* const incoming = owned.get();
  incoming_.emplace(id, std::move(owned));
  if (directory_.empty()) {
    incoming->sink = std::make_unique<NoSink>();
  } else {
    incoming->sink = std::make_unique<DiskSink>(directory_);
  }
  incoming->channel = std::make_unique<ChannelOverData>(std::move(channel));

  FileReceiver::Events on;
  on.on_accepted = [incoming](const FileOffer&) { incoming->accepted_at = Clock::now(); };
  on.on_finished = [this, incoming](FileResult<ReceivedFile> result) {
    if (result) {
      if (events_.on_file) events_.on_file(*result, Clock::now() - incoming->accepted_at);
    } else if (events_.on_problem) {
      events_.on_problem(result.error());
    }
  };
  incoming->receiver =
      std::make_unique<FileReceiver>(*incoming->channel, *incoming->sink, slots_, std::move(on));

  // The transfer stays until its channel is closed: the answer to the sender is still on its way.
  DataChannelEvents channel_on;
  channel_on.on_message = [incoming](const Message& message) {
    if (message.is_text) {
      incoming->receiver->OnText(AsText(message.data));
    } else {
      incoming->receiver->OnData(message.data);
    }
  };
  channel_on.on_closed = [this, id, incoming](std::optional<Error> error) {
    incoming->receiver->OnClosed(error);
    Forget(id);
  };
  incoming->channel->data_channel().Subscribe(std::move(channel_on));
}

void FileInbox::Forget(std::uint64_t id) {
  // Out of the map first: what goes may call back.
  const auto found = incoming_.find(id);
  if (found == incoming_.end()) return;
  const std::unique_ptr<Incoming> gone = std::move(found->second);
  incoming_.erase(found);
}

void FileInbox::Clear() {
  std::map<std::uint64_t, std::unique_ptr<Incoming>> gone;
  gone.swap(incoming_);
}

}  // namespace pairwire::samples
