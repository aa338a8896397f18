// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_receiver.h"

#include <utility>

namespace pairwire::bulk {

FileReceiver::FileReceiver(FileChannel& channel, FileSink& sink, FileSlots& slots, Events events)
    : channel_(channel), sink_(sink), slots_(slots), events_(std::move(events)) {}

FileReceiver::FileReceiver(Loop& loop, FileChannel& channel, FileSink& sink, FileSlots& slots,
                           Events events)
    : FileReceiver(channel, sink, slots, std::move(events)) {
  prefix_.emplace(loop);
  sync_timer_.emplace(loop, [this] { Sync(); });
}

FileReceiver::~FileReceiver() {
  if (holds_file()) LetGo(resumable());
  if (holds_slot_) slots_.Give();
}

void FileReceiver::OnText(std::string_view text) {
  if (over()) return;
  const Result<FileMessage> message = ParseFileMessage(text);
  if (!message) {
    Fail({"bad_message", "the sender sent something unexpected: " + message.error().detail}, true);
    return;
  }
  const auto* offer = std::get_if<FileOffer>(&*message);
  const auto* from = std::get_if<FileFrom>(&*message);
  const auto* end = std::get_if<FileEnd>(&*message);
  if (const auto* error = std::get_if<FileError>(&*message)) {
    Fail(error->problem, false);
  } else if (offer != nullptr && state_ == State::kWaiting) {
    TakeOffer(*offer);
  } else if (from != nullptr && state_ == State::kAccepted) {
    TakeFrom(*from);
  } else if (end != nullptr && state_ == State::kReceiving) {
    TakeEnd(*end);
  } else {
    Fail({"unexpected", "the sender sent a message out of turn"}, true);
  }
}

void FileReceiver::TakeOffer(const FileOffer& offer) {
  if (resumable() && offer.id.empty()) {
    Fail({"bad_message", "the offer has no id"}, true);
    return;
  }
  offer_ = offer;
  if (resumable() && offer_.complete) {
    if (const std::optional<ReceivedFile> stored = sink_.Stored(offer_)) {
      state_ = State::kDone;
      Send(FileDone{stored->sha256, stored->size});
      return;
    }
  }
  holds_slot_ = slots_.Take();
  if (!holds_slot_) {
    Refuse({"too_many_files", "too many files are coming in already"});
    return;
  }
  if (!resumable()) {
    const FileResult<void> opened = sink_.Open(offer_.name, offer_.size);
    if (!opened) return Refuse(opened.error());
    state_ = State::kReceiving;
    if (Send(FileAccept{}) && events_.on_accepted) events_.on_accepted(offer_, 0);
    return;
  }
  if (events_.on_offer) events_.on_offer(offer_);
  const FileResult<std::uint64_t> there = sink_.Reopen(offer_);
  if (!there) return Refuse(there.error());
  received_ = *there;
  state_ = State::kChecking;
  if (received_ == 0 || received_ > offer_.size) {
    AcceptWith(0);
  } else {
    HashWhatIsThere();
  }
}

void FileReceiver::Refuse(FileProblem problem) {
  static_cast<void>(channel_.SendText(ToJson(FileRefuse{problem})));
  Fail(std::move(problem), false);
}

void FileReceiver::HashWhatIsThere() {
  prefix_->Start(
      received_, digest_,
      [this](std::uint64_t offset, std::span<std::uint8_t> out) {
        return sink_.ReadBack(offset, out);
      },
      // What cannot be read back is worth nothing: it begins anew.
      [this](const FileResult<bool>& whole) { AcceptWith(whole && *whole ? received_ : 0); });
}

// What is there beyond `offset` is none of the file.
void FileReceiver::AcceptWith(std::uint64_t offset) {
  if (offset != received_) {
    digest_.Reset();
    const FileResult<void> restarted = sink_.Restart();
    if (!restarted) return Refuse(restarted.error());
    received_ = offset;
  }
  synced_ = received_;
  state_ = State::kAccepted;
  FileAccept accept;
  accept.offset = received_;
  if (received_ > 0) accept.prefix_sha256 = digest_.HexSoFar();
  if (Send(accept) && events_.on_accepted) events_.on_accepted(offer_, received_);
}

void FileReceiver::TakeFrom(const FileFrom& from) {
  if (from.offset == 0 && received_ > 0) {
    const FileResult<void> restarted = sink_.Restart();
    if (!restarted) return Fail(restarted.error(), true);
    digest_.Reset();
    received_ = 0;
    synced_ = 0;
  }
  if (from.offset != received_) {
    Fail({"resume_refused", "the sender begins where nobody asked it to"}, true);
    return;
  }
  state_ = State::kReceiving;
  if (events_.on_progress) events_.on_progress(received_);
}

void FileReceiver::OnData(ByteSpan data) {
  if (over()) return;
  if (state_ != State::kReceiving) {
    Fail({"unexpected", "the sender sent data before its offer was accepted"}, true);
    return;
  }
  if (data.size() > offer_.size - received_) {
    Fail({"size_mismatch", "the sender sent more than it announced"}, true);
    return;
  }
  const FileResult<void> written = sink_.Write(data);
  if (!written) {
    Fail(written.error(), true);
    return;
  }
  digest_.Update(data);
  received_ += data.size();
  if (resumable() && received_ - synced_ >= kSyncBytes) {
    if (!Sync()) return;
  } else if (resumable() && received_ > synced_ && !sync_timer_->active()) {
    sync_timer_->Start(kSyncAfter);
  }
  if (events_.on_progress) events_.on_progress(received_);
}

// False when it has failed.
bool FileReceiver::Sync() {
  sync_timer_->Stop();
  const FileResult<void> synced = sink_.Sync();
  if (!synced) {
    Fail(synced.error(), true);
    return false;
  }
  synced_ = received_;
  // Only for the sender's progress: nothing is lost when it cannot be queued.
  static_cast<void>(channel_.SendText(ToJson(FileHave{synced_})));
  return true;
}

void FileReceiver::TakeEnd(const FileEnd& end) {
  if (received_ != offer_.size) {
    Fail({"size_mismatch", "the sender sent less than it announced"}, true);
    return;
  }
  const std::string sha256 = digest_.Hex();
  if (sha256 != end.sha256) {
    Fail({"hash_mismatch", "what arrived is not what was sent: the hashes differ"}, true);
    return;
  }
  if (sync_timer_) sync_timer_->Stop();
  FileResult<std::string> path = sink_.Commit();
  if (!path) {
    Fail(std::move(path.error()), true);
    return;
  }
  state_ = State::kDone;
  const ReceivedFile file{offer_.name, received_, sha256, std::move(*path)};
  if (resumable()) sink_.Remember(offer_, file);
  // When this can not be queued the connection is gone; the file is stored all the same.
  static_cast<void>(channel_.SendText(ToJson(FileDone{sha256, received_})));
  Finish(file);
}

void FileReceiver::OnClosed(const std::optional<Error>& error) {
  if (over()) return;
  FileProblem problem{"connection_lost",
                      error ? ToString(*error) : "the sender closed the transfer before its end"};
  // The one way out after which the next try goes on from here.
  if (resumable() && holds_file()) {
    LetGo(true);
    state_ = State::kFailed;
    channel_.Close();
    Finish(tl::unexpected(std::move(problem)));
    return;
  }
  Fail(std::move(problem), false);
}

void FileReceiver::Cancel() {
  if (!over()) Fail({"cancelled", "the receiver gave up"}, true);
}

// False when the channel is gone; the receiver has failed then.
bool FileReceiver::Send(const FileMessage& message) {
  const Result<void> queued = channel_.SendText(ToJson(message));
  if (queued) return true;
  if (!over()) OnClosed(queued.error());
  return false;
}

void FileReceiver::LetGo(bool keep) {
  if (prefix_) prefix_->Stop();
  if (sync_timer_) sync_timer_->Stop();
  if (keep) {
    sink_.Keep();
  } else {
    sink_.Discard();
  }
}

void FileReceiver::Fail(FileProblem problem, bool tell) {
  if (tell) static_cast<void>(channel_.SendText(ToJson(FileError{problem})));
  if (holds_file()) LetGo(false);
  state_ = State::kFailed;
  channel_.Close();
  Finish(tl::unexpected(std::move(problem)));
}

void FileReceiver::Finish(FileResult<ReceivedFile> result) {
  if (std::exchange(holds_slot_, false)) slots_.Give();
  const auto on_finished = std::exchange(events_, {}).on_finished;
  if (on_finished) on_finished(std::move(result));
}

}  // namespace pairwire::bulk
