// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// OutgoingFile: joins the pure sender (peer/bulk/bulk_sender.h) with the channels of a session, and
// opens a new one when the session has a new connection.
//
//   under way --channel lost--> waiting (v2) --session connected, a pause--> under way
//      |                           +-- session over, too many tries in vain --+
//      +-- done, refused, error, v1: channel lost --> over <------------------+
#include <pairwire/bulk.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "peer/base/task_safety.h"
#include "peer/base/timer.h"
#include "peer/bulk/bulk_sender.h"
#include "peer/bulk/disk_files.h"
#include "peer/bulk/file_id.h"
#include "peer/session/bulk_data_channel.h"
#include "peer/session/loop_kept.h"
#include "peer/session/session_impl.h"

namespace pairwire {
namespace {

using Impl = SessionFactory::Impl;

// Pauses between channels that brought the file no further: none, 250 ms, doubling up to 2 s. All
// of them together are longer than the other end can take a dead connection for a living one (30 s,
// RFC 7675), because so long it may refuse what it thinks is coming in already.
constexpr int kMaxTries = 40;
constexpr std::chrono::milliseconds kFirstPause{250};
constexpr std::chrono::milliseconds kLongestPause{2'000};

constexpr char kOver[] = "the session ended before the file was stored";

class OutgoingCore {
 public:
  struct Setup {
    std::weak_ptr<Impl> session;  // one of its places for files is taken
    std::unique_ptr<FileSource> source;
    FileOffer offer;
    bool resumable = false;
    FileSendEvents events;
  };

  OutgoingCore(Loop& loop, Setup setup)
      : loop_(loop),
        session_(std::move(setup.session)),
        source_(std::move(setup.source)),
        offer_(std::move(setup.offer)),
        resumable_(setup.resumable),
        events_(std::make_shared<const FileSendEvents>(std::move(setup.events))),
        started_(loop.Now()),
        retry_(loop, [this] { Open(); }) {}
  ~OutgoingCore() { LeaveSession(); }

  void Begin() {
    if (over_) return;
    if (const auto session = session_.lock()) {
      watcher_ =
          session->AddWatcher([this] { loop_.Post(safety_.Wrap([this] { OnSessionChange(); })); });
    }
    Open();
  }

  void Cancel() {
    if (over_) return;
    if (sender_ != nullptr && sender_->state() != bulk::FileSender::State::kFailed) {
      sender_->Cancel();
    } else {
      Finish(tl::unexpected(FileProblem{"cancelled", "the sender gave up"}));
    }
  }

  // The sender may be in the middle of a callback: it stays, and finds its channel closed.
  void Stop() {
    over_ = true;
    events_ = std::make_shared<const FileSendEvents>();
    retry_.Stop();
    LeaveSession();
    if (channel_) channel_->Close();
  }

 private:
  SessionState State() const {
    const auto session = session_.lock();
    return session ? session->state() : SessionState::kClosed;
  }
  // Which of the session's connections is in use.
  std::uint64_t Connections() const {
    const auto session = session_.lock();
    return session ? session->stats().resumes : 0;
  }
  bool SessionIsOver() const {
    const SessionState state = State();
    return state == SessionState::kClosing || state == SessionState::kClosed;
  }
  bool waiting() const { return !sender_ || sender_->state() == bulk::FileSender::State::kParked; }

  void OnSessionChange() {
    if (over_) return;
    if (SessionIsOver()) {
      if (channel_) channel_->Close();
      Finish(tl::unexpected(FileProblem{"connection_lost", kOver}));
      return;
    }
    // Its channel may not have heard of it yet.
    const bool lost = State() == SessionState::kReconnecting || Connections() != connection_;
    if (lost && !waiting()) {
      sender_->OnClosed(Error{Errc::kClosed, "the session has lost this connection"});
    }
    if (over_ || !waiting() || State() != SessionState::kConnected) return;
    retry_.Stop();
    Open();
  }

  // From the loop's own frame: what the channel before belongs to is not running.
  void Open() {
    const auto session = session_.lock();
    if (!session || SessionIsOver()) {
      Finish(tl::unexpected(FileProblem{"connection_lost", kOver}));
      return;
    }
    // OnSessionChange goes on. The relay carries no files.
    if (State() == SessionState::kReconnecting) return;
    TellNeedsDirectPath(session->path().carrier == Carrier::kRelay);
    if (over_ || needs_direct_path_) return;
    if (++tries_ > kMaxTries) {
      Finish(tl::unexpected(
          FileProblem{"connection_lost", "the other end opens no channel for the file"}));
      return;
    }
    connection_ = Connections();
    DataChannelInit init;
    init.protocol = resumable_ ? bulk::kResumableFileProtocol : bulk::kFileProtocol;
    init.priority = DataChannelPriority::kVeryLow;
    DataChannel opened = session->CreateDataChannel(bulk::kFileLabel, std::move(init));
    if (opened.state() == DataChannelState::kClosed) {
      LookAgain();
      return;
    }
    auto channel = std::make_unique<DataChannelForFile>(std::move(opened));
    if (sender_ == nullptr) {
      MakeSender(*channel);
    } else {
      sender_->Resume(*channel);
    }
    channel_ = std::move(channel);
    Listen(channel_->data_channel());
  }

  void MakeSender(bulk::FileChannel& channel) {
    bulk::FileSender::Events on;
    on.on_from = [this](std::uint64_t offset) {
      tries_ = 0;
      progress_.stored = offset;
      const auto events = events_;
      if (offset > 0 && events->on_resumed) events->on_resumed(offset);
    };
    on.on_progress = [this](std::uint64_t sent) {
      progress_.sent = sent;
      TellProgress();
    };
    on.on_stored = [this](std::uint64_t stored) {
      progress_.stored = stored;
      TellProgress();
    };
    on.on_parked = [this] {
      if (over_) return;
      const auto events = events_;
      if (tries_ == 0 && events->on_waiting) events->on_waiting();
      if (!over_) LookAgain();
    };
    on.on_finished = [this](FileResult<SentFile> result) { OnSenderFinished(std::move(result)); };
    sender_ =
        resumable_
            ? std::make_unique<bulk::FileSender>(loop_, channel, *source_, offer_, std::move(on))
            : std::make_unique<bulk::FileSender>(channel, *source_, offer_, std::move(on));
  }

  void Listen(DataChannel& channel) {
    channel.SetBufferedAmountLowThreshold(bulk::FileSender::kLowWater);
    DataChannelEvents on;
    on.on_open = [this] { sender_->OnOpen(); };
    on.on_message = [this](const Message& message) {
      if (message.is_text) {
        sender_->OnText(AsText(message.data));
      } else {
        sender_->OnData(message.data);
      }
    };
    on.on_buffered_amount_low = [this] { sender_->OnBufferedAmountLow(); };
    on.on_closed = [this](const std::optional<Error>& error) { sender_->OnClosed(error); };
    channel.Subscribe(std::move(on));
  }

  // There is no channel: the next one now, or after a pause.
  void LookAgain() {
    if (!resumable_) {
      Finish(tl::unexpected(FileProblem{"connection_lost", "there is no connection"}));
    } else if (tries_ == 0) {
      retry_.Start({});
    } else {
      constexpr int kDoublings = 3;
      retry_.Start(std::min(kFirstPause * (1 << std::min(tries_ - 1, kDoublings)), kLongestPause));
    }
  }

  void OnSenderFinished(FileResult<SentFile> result) {
    if (over_) return;
    // The other end has not noticed yet that an earlier connection of this file is gone.
    if (!result && result.error().code == "resume_refused" && tries_ < kMaxTries) {
      loop_.Post(safety_.Wrap([this] {
        if (over_) return;
        channel_.reset();  // it calls the sender
        sender_.reset();
        LookAgain();
      }));
      return;
    }
    if (result) {
      result->took = std::chrono::duration_cast<std::chrono::microseconds>(loop_.Now() - started_);
    }
    Finish(std::move(result));
  }

  void TellProgress() {
    const auto events = events_;
    if (events->on_progress) events->on_progress(progress_);
  }

  void TellNeedsDirectPath(bool needs) {
    if (std::exchange(needs_direct_path_, needs) == needs) return;
    const auto events = events_;
    if (events->on_needs_direct_path) events->on_needs_direct_path(needs);
  }

  void Finish(FileResult<SentFile> result) {
    if (std::exchange(over_, true)) return;
    retry_.Stop();
    LeaveSession();
    const auto events = std::exchange(events_, std::make_shared<const FileSendEvents>());
    if (events->on_finished) events->on_finished(std::move(result));
  }

  void LeaveSession() {
    const auto session = session_.lock();
    session_.reset();
    if (!session) return;
    session->RemoveWatcher(watcher_);
    --session->files_out;
  }

  Loop& loop_;
  std::weak_ptr<Impl> session_;  // none: left
  Impl::WatcherId watcher_ = 0;
  const std::unique_ptr<FileSource> source_;
  const FileOffer offer_;
  const bool resumable_;
  std::shared_ptr<const FileSendEvents> events_;  // shared with a call that is under way
  const Loop::TimePoint started_;
  bool over_ = false;
  bool needs_direct_path_ = false;  // as it was told
  std::uint64_t connection_ = 0;    // of channel_
  int tries_ = 0;                   // channels since the file last went on
  FileProgress progress_;
  std::unique_ptr<DataChannelForFile> channel_;
  std::unique_ptr<bulk::FileSender> sender_;
  Timer retry_;
  TaskSafety safety_;
};

}  // namespace

FileResult<FileToSend> FileToSend::Open(const std::string& path) {
  auto source = bulk::DiskSource::Open(path);
  if (!source) return tl::unexpected(source.error());
  FileToSend file;
  file.name = (*source)->name();
  file.size = (*source)->size();
  file.source = std::move(*source);
  return file;
}

struct OutgoingFile::Impl {
  LoopKept<OutgoingCore> kept;
};

FileResult<OutgoingFile> OutgoingFile::Send(Session& session, FileToSend file,
                                            FileSendEvents events) {
  const auto behind = SessionFactory::ImplOf(session);
  if (!behind) return tl::unexpected(FileProblem{"connection_lost", "an empty handle"});
  if (!file.source) return tl::unexpected(FileProblem{"not_readable", "there is no source"});
  OutgoingCore::Setup setup;
  setup.session = behind;
  setup.resumable = behind->peer().session_layer;
  setup.offer.name = bulk::SafeFileName(file.name);
  setup.offer.size = file.size;
  if (setup.resumable) {
    setup.offer.media_type = std::move(file.media_type);
    FileResult<std::string> id = bulk::FileIdOf(setup.offer, *file.source);
    if (!id) return tl::unexpected(std::move(id.error()));
    setup.offer.id = std::move(*id);
  }
  setup.source = std::move(file.source);
  setup.events = std::move(events);

  auto impl = std::make_shared<Impl>();
  bool has_place = false;
  bool started = behind->to_loop->RunAndWait([&](NetworkCore&) {
    has_place = behind->files_out < kMaxFilesAtOnce;
    if (has_place) ++behind->files_out;
  });
  if (started && !has_place) {
    return tl::unexpected(FileProblem{"too_many_files", "four files are going out already"});
  }
  started = started && impl->kept.Start(behind->to_loop, [&](AsioLoop& loop) {
    return std::make_shared<OutgoingCore>(loop, std::move(setup));
  });
  if (!started) {
    return tl::unexpected(FileProblem{"connection_lost", "the network is closing"});
  }
  return OutgoingFile(std::move(impl));
}

OutgoingFile::OutgoingFile() = default;
OutgoingFile::OutgoingFile(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
OutgoingFile::OutgoingFile(OutgoingFile&&) noexcept = default;

OutgoingFile& OutgoingFile::operator=(OutgoingFile&& other) noexcept {
  OutgoingFile old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

OutgoingFile::~OutgoingFile() {
  if (impl_) impl_->kept.Release([](OutgoingCore& core) { core.Stop(); });
}

void OutgoingFile::Cancel() {
  if (impl_) impl_->kept.Post([](OutgoingCore& core) { core.Cancel(); });
}

}  // namespace pairwire
