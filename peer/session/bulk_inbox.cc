// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// FileInbox: a pure receiver (peer/bulk/bulk_receiver.h) and a sink for each channel that brings a
// file.
#include <pairwire/bulk.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "peer/bulk/bulk_receiver.h"
#include "peer/bulk/disk_files.h"
#include "peer/bulk/partial_files.h"
#include "peer/session/bulk_data_channel.h"
#include "peer/session/loop_kept.h"

namespace pairwire {
namespace {

// Refuses, where there is no place for files.
class NoSink final : public FileSink {
 public:
  FileResult<void> Open(const std::string&, std::uint64_t) override {
    return tl::unexpected(FileProblem{"not_accepted", "the other end takes no files"});
  }
  FileResult<void> Write(ByteSpan) override { return {}; }
  FileResult<std::string> Commit() override { return std::string(); }
  void Discard() override {}
};

// A transfer under way is never silent for so long, or loses little when it is taken for dead.
constexpr std::chrono::milliseconds kSilent{500};

class InboxCore {
 public:
  InboxCore(Loop& loop, FileInboxOptions options, FileInboxEvents events)
      : loop_(loop),
        options_(std::move(options)),
        events_(std::make_shared<const FileInboxEvents>(std::move(events))),
        slots_(kMaxFilesAtOnce) {
    if (!options_.directory.empty()) {
      partials_.emplace(options_.directory, [] { return std::chrono::system_clock::now(); });
    }
  }

  void Begin() {}

  void Stop() {
    events_ = std::make_shared<const FileInboxEvents>();
    stopped_ = true;
    Clear();
  }

  void Take(DataChannel channel) {
    if (stopped_) return;
    LetGoOfLost();
    const std::uint64_t id = ++last_id_;
    auto owned = std::make_unique<Incoming>();
    Incoming* const incoming = owned.get();
    incoming_.emplace(id, std::move(owned));
    const bool resumable = channel.protocol() == bulk::kResumableFileProtocol;
    incoming->sink = MakeSink(resumable);
    incoming->channel = std::make_unique<DataChannelForFile>(std::move(channel));
    incoming->receiver =
        resumable
            ? std::make_unique<bulk::FileReceiver>(loop_, *incoming->channel, *incoming->sink,
                                                   slots_, ReceiverEvents(incoming, resumable))
            : std::make_unique<bulk::FileReceiver>(*incoming->channel, *incoming->sink, slots_,
                                                   ReceiverEvents(incoming, resumable));
    Listen(id, incoming);
  }

  void Clear() {
    std::map<std::uint64_t, std::unique_ptr<Incoming>> gone;
    gone.swap(incoming_);
    for (const auto& [id, incoming] : gone) incoming->dropped = true;
    // A receiver that is in the middle of a callback goes after it.
    if (depth_ == 0) return;
    loop_.Post([kept = std::make_shared<decltype(gone)>(std::move(gone))] {});
  }

 private:
  struct Incoming {
    bool dropped = false;
    bool started = false;
    FileOffer offer;
    std::uint64_t received = 0;
    Loop::TimePoint started_at;
    Loop::TimePoint heard_at;
    std::unique_ptr<FileSink> sink;
    std::unique_ptr<DataChannelForFile> channel;
    std::unique_ptr<bulk::FileReceiver> receiver;
  };

  std::unique_ptr<FileSink> MakeSink(bool resumable) {
    std::unique_ptr<FileSink> sink;
    if (options_.sink) {
      sink = options_.sink();
    } else if (partials_ && resumable) {
      sink = std::make_unique<bulk::DiskSink>(*partials_);
    } else if (partials_) {
      sink = std::make_unique<bulk::DiskSink>(options_.directory);
    }
    if (!sink) sink = std::make_unique<NoSink>();
    return sink;
  }

  bulk::FileReceiver::Events ReceiverEvents(Incoming* incoming, bool resumable) {
    bulk::FileReceiver::Events on;
    on.on_offer = [this, incoming](const FileOffer& offer) { TakeOver(offer.id, incoming); };
    on.on_accepted = [this, incoming](const FileOffer& offer, std::uint64_t offset) {
      incoming->started = true;
      incoming->offer = offer;
      incoming->received = offset;
      incoming->started_at = loop_.Now();
      const auto events = events_;
      if (events->on_started) events->on_started(incoming->offer, offset);
    };
    on.on_progress = [this, incoming](std::uint64_t received) {
      incoming->received = received;
      const auto events = events_;
      if (events->on_progress && !incoming->dropped) {
        events->on_progress(incoming->offer, received);
      }
    };
    on.on_finished = [this, incoming, resumable](FileResult<ReceivedFile> result) {
      const auto events = events_;
      if (incoming->dropped) return;
      if (result) {
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
            loop_.Now() - incoming->started_at);
        if (events->on_file) events->on_file(*result, took);
      } else if (resumable && incoming->started && result.error().code == "connection_lost") {
        if (events->on_interrupted) events->on_interrupted(incoming->offer, incoming->received);
      } else if (events->on_problem) {
        events->on_problem(result.error());
      }
    };
    return on;
  }

  // A channel whose connection was let go of never says that it is closed.
  void LetGoOfLost() {
    std::vector<std::uint64_t> lost;
    for (const auto& [id, incoming] : incoming_) {
      const DataChannelState state = incoming->channel->data_channel().state();
      if (state == DataChannelState::kClosing || state == DataChannelState::kClosed) {
        lost.push_back(id);
      }
    }
    for (const std::uint64_t id : lost) OnClosed(id, std::nullopt);
  }

  // The file's sender is back before its former connection was found to be dead.
  void TakeOver(const std::string& file_id, const Incoming* by) {
    std::vector<std::uint64_t> silent;
    for (const auto& [id, incoming] : incoming_) {
      if (incoming.get() != by && incoming->started && incoming->offer.id == file_id &&
          loop_.Now() - incoming->heard_at >= kSilent) {
        silent.push_back(id);
      }
    }
    for (const std::uint64_t id : silent) {
      OnClosed(id, Error{Errc::kClosed, "its sender came back on another way"});
    }
  }

  void OnClosed(std::uint64_t id, const std::optional<Error>& error) {
    const auto found = incoming_.find(id);
    if (found == incoming_.end()) return;
    // Out of the map first: what it tells may call back.
    const std::shared_ptr<Incoming> gone = std::move(found->second);
    incoming_.erase(found);
    ++depth_;
    gone->receiver->OnClosed(error);
    --depth_;
    gone->dropped = true;
    loop_.Post([gone] {});  // its channel's callback may be running
  }

  // A transfer stays until its channel is closed: the answer to the sender is still on its way.
  void Listen(std::uint64_t id, Incoming* incoming) {
    DataChannelEvents on;
    on.on_message = [this, incoming](const Message& message) {
      if (incoming->dropped) return;
      incoming->heard_at = loop_.Now();
      ++depth_;
      if (message.is_text) {
        incoming->receiver->OnText(AsText(message.data));
      } else {
        incoming->receiver->OnData(message.data);
      }
      --depth_;
    };
    on.on_closed = [this, id](const std::optional<Error>& error) { OnClosed(id, error); };
    incoming->channel->data_channel().Subscribe(std::move(on));
  }

  Loop& loop_;
  const FileInboxOptions options_;
  std::shared_ptr<const FileInboxEvents> events_;  // shared with a call that is under way
  std::optional<bulk::PartialFiles> partials_;
  bulk::FileSlots slots_;
  bool stopped_ = false;
  int depth_ = 0;  // calls of receivers that are under way
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Incoming>> incoming_;  // bounded by max_channels
};

}  // namespace

struct FileInbox::Impl {
  LoopKept<InboxCore> kept;
};

Result<FileInbox> FileInbox::Create(Network& network, FileInboxOptions options,
                                    FileInboxEvents events) {
  if (!options.directory.empty() && options.sink) {
    return Fail(Errc::kInvalidArgument, "a folder or a sink, not both");
  }
  auto impl = std::make_shared<Impl>();
  const bool started = impl->kept.Start(network, [&](AsioLoop& loop) {
    return std::make_shared<InboxCore>(loop, std::move(options), std::move(events));
  });
  if (!started) return Fail(Errc::kClosed, "the network is closing");
  return FileInbox(std::move(impl));
}

FileInbox::FileInbox() = default;
FileInbox::FileInbox(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileInbox::FileInbox(FileInbox&&) noexcept = default;

FileInbox& FileInbox::operator=(FileInbox&& other) noexcept {
  FileInbox old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

FileInbox::~FileInbox() {
  if (impl_) impl_->kept.Release([](InboxCore& core) { core.Stop(); });
}

bool FileInbox::Take(DataChannel& channel) {
  if (!impl_ || channel.label() != bulk::kFileLabel) return false;
  if (channel.protocol() != bulk::kFileProtocol &&
      channel.protocol() != bulk::kResumableFileProtocol) {
    return false;
  }
  return impl_->kept.Run([&](InboxCore& core) { core.Take(std::move(channel)); });
}

void FileInbox::Clear() {
  if (impl_) impl_->kept.Run([](InboxCore& core) { core.Clear(); });
}

}  // namespace pairwire
