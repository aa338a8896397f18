// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "peer/bulk/bulk_sender.h"

#include <algorithm>
#include <utility>

#include "peer/base/check.h"

namespace pairwire::bulk {

FileSender::FileSender(FileChannel& channel, FileSource& source, FileOffer offer, Events events)
    : channel_(&channel),
      source_(source),
      offer_(std::move(offer)),
      events_(std::move(events)),
      changed_ns_(source.changed_ns()) {}

FileSender::FileSender(Loop& loop, FileChannel& channel, FileSource& source, FileOffer offer,
                       Events events)
    : FileSender(channel, source, std::move(offer), std::move(events)) {
  PAIRWIRE_CHECK(IsFileId(offer_.id));
  prefix_.emplace(loop);
}

void FileSender::OnOpen() {
  if (state_ != State::kConnecting) return;
  if (source_.changed_ns() != changed_ns_) {
    Fail({"source_changed", "the file changed before it was sent"}, true);
    return;
  }
  state_ = State::kOffered;
  offer_.complete = !sha256_.empty();
  SendControl(offer_);
}

void FileSender::Resume(FileChannel& channel) {
  PAIRWIRE_CHECK(state_ == State::kParked);
  channel_ = &channel;
  max_chunk_ = kChunkBytes;
  state_ = State::kConnecting;
}

void FileSender::OnText(std::string_view text) {
  if (over() || state_ == State::kParked) return;
  const Result<FileMessage> message = ParseFileMessage(text);
  if (!message) {
    Fail({"bad_message", "the receiver sent something unexpected: " + message.error().detail},
         true);
    return;
  }
  Take(*message);
}

void FileSender::Take(const FileMessage& message) {
  const auto* refuse = std::get_if<FileRefuse>(&message);
  const auto* accept = std::get_if<FileAccept>(&message);
  const auto* have = std::get_if<FileHave>(&message);
  const auto* done = std::get_if<FileDone>(&message);
  const bool sending = state_ == State::kSending || state_ == State::kFinishing;
  if (const auto* error = std::get_if<FileError>(&message)) {
    Fail(error->problem, false);
  } else if (refuse != nullptr && state_ == State::kOffered) {
    Fail(refuse->problem, false);
  } else if (accept != nullptr && state_ == State::kOffered) {
    TakeAccept(*accept);
  } else if (have != nullptr && resumable() && sending) {
    TakeHave(*have);
  } else if (done != nullptr &&
             (state_ == State::kFinishing || (state_ == State::kOffered && offer_.complete))) {
    TakeDone(*done);
  } else {
    Fail({"unexpected", "the receiver sent a message out of turn"}, true);
  }
}

void FileSender::TakeAccept(const FileAccept& accept) {
  if (!resumable()) {
    state_ = State::kSending;
    Pump();
    return;
  }
  const std::uint64_t offset = accept.offset.value_or(0);
  if (offset > offer_.size) {
    Fail({"resume_refused", "the receiver says that it has more than there is"}, true);
    return;
  }
  sha256_.clear();
  digest_.Reset();
  const FileResult<void> rewound = source_.Rewind();
  if (!rewound) {
    Fail(rewound.error(), true);
  } else if (offset == 0) {
    SendFrom(0);
  } else {
    CheckPrefix(offset, accept.prefix_sha256);
  }
}

// The receiver's part is ours only if it begins as our file does.
void FileSender::CheckPrefix(std::uint64_t size, const std::string& sha256) {
  state_ = State::kChecking;
  prefix_->Start(
      size, digest_,
      [this](std::uint64_t, std::span<std::uint8_t> out) { return source_.Read(out); },
      [this, size, sha256](FileResult<bool> whole) {
        if (whole && *whole && digest_.HexSoFar() == sha256) return SendFrom(size);
        if (whole) {
          digest_.Reset();
          const FileResult<void> rewound = source_.Rewind();
          if (rewound) return SendFrom(0);
          whole = tl::unexpected(rewound.error());
        }
        Fail(std::move(whole.error()), true);
      });
}

void FileSender::SendFrom(std::uint64_t offset) {
  chunk_.clear();
  chunk_begin_ = 0;
  read_ = offset;
  sent_ = offset;
  stored_ = offset;
  state_ = State::kSending;
  if (!SendControl(FileFrom{offset})) return;
  if (events_.on_from) events_.on_from(offset);
  if (events_.on_progress) events_.on_progress(sent_);
  Pump();
}

void FileSender::TakeHave(const FileHave& have) {
  if (have.offset < stored_ || have.offset > sent_) {
    Fail({"unexpected", "the receiver says that it has what was not sent"}, true);
    return;
  }
  stored_ = have.offset;
  if (events_.on_stored) events_.on_stored(stored_);
}

void FileSender::TakeDone(const FileDone& done) {
  if (done.sha256 != sha256_ || done.size != offer_.size) {
    Fail({"hash_mismatch", "the receiver stored something else than what was sent"}, true);
    return;
  }
  state_ = State::kDone;
  channel_->Close();
  Finish(SentFile{offer_.size, sha256_, transferred_});
}

void FileSender::OnData(ByteSpan) {
  if (over() || state_ == State::kParked) return;
  Fail({"unexpected", "the receiver sent binary data"}, true);
}

void FileSender::OnBufferedAmountLow() {
  if (state_ == State::kSending) Pump();
}

void FileSender::OnClosed(const std::optional<Error>& error) {
  if (over() || state_ == State::kParked) return;
  LoseChannel(error ? ToString(*error) : "the receiver closed the transfer");
}

void FileSender::Cancel() {
  if (!over()) Fail({"cancelled", "the sender gave up"}, true);
}

void FileSender::Pump() {
  while (state_ == State::kSending && channel_->buffered_amount() < kHighWater) {
    if (chunk_begin_ < chunk_.size()) {
      if (!SendChunk()) return;
    } else if (read_ < offer_.size) {
      if (!FillChunk()) return;
    } else {
      SendEnd();
      return;
    }
  }
}

bool FileSender::FillChunk() {
  chunk_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(max_chunk_, offer_.size - read_)));
  chunk_begin_ = 0;
  const FileResult<std::size_t> got = source_.Read(chunk_);
  if (!got || *got == 0) {
    chunk_.clear();
    Fail(got ? FileProblem{"source_changed", "the file became shorter while it was being sent"}
             : got.error(),
         true);
    return false;
  }
  chunk_.resize(*got);
  read_ += *got;
  digest_.Update(chunk_);
  return true;
}

// False when it has to wait, or has failed.
bool FileSender::SendChunk() {
  const std::size_t size = std::min(max_chunk_, chunk_.size() - chunk_begin_);
  const Result<void> queued = channel_->SendData(ByteSpan(chunk_).subspan(chunk_begin_, size));
  if (queued) {
    chunk_begin_ += size;
    sent_ += size;
    transferred_ += size;
    if (events_.on_progress) events_.on_progress(sent_);
    return true;
  }
  constexpr std::size_t kSmallestChunk = 1024;
  if (queued.error().code == Errc::kMessageTooLarge && max_chunk_ > kSmallestChunk) {
    max_chunk_ /= 2;  // the other end takes less than the usual 64 KiB
    return true;
  }
  if (queued.error().code == Errc::kClosed) {
    LoseChannel(ToString(queued.error()));
    return false;
  }
  // Full because of this channel: its low event comes. Full because of others: nothing would wake
  // us.
  if (queued.error().code == Errc::kBufferFull && channel_->buffered_amount() > 0) return false;
  Fail({"connection_lost", ToString(queued.error())}, false);
  return false;
}

void FileSender::SendEnd() {
  if (source_.changed_ns() != changed_ns_) {
    Fail({"source_changed", "the file changed while it was being sent"}, true);
    return;
  }
  if (sha256_.empty()) sha256_ = digest_.Hex();
  state_ = State::kFinishing;
  SendControl(FileEnd{sha256_});
}

// False when it could not be queued; the sender is parked or has failed then.
bool FileSender::SendControl(const FileMessage& message) {
  const Result<void> queued = channel_->SendText(ToJson(message));
  if (queued) return true;
  if (queued.error().code == Errc::kClosed) {
    LoseChannel(ToString(queued.error()));
  } else {
    Fail({"connection_lost", ToString(queued.error())}, false);
  }
  return false;
}

void FileSender::LoseChannel(std::string reason) {
  if (!resumable()) {
    Fail({"connection_lost", std::move(reason)}, false);
    return;
  }
  prefix_->Stop();
  chunk_ = {};
  chunk_begin_ = 0;
  channel_->Close();
  channel_ = nullptr;
  state_ = State::kParked;
  if (events_.on_parked) events_.on_parked();
}

void FileSender::Fail(FileProblem problem, bool tell) {
  if (prefix_) prefix_->Stop();
  if (channel_ != nullptr) {
    // Best effort: when it can not be queued, the closing channel says the same.
    if (tell) static_cast<void>(channel_->SendText(ToJson(FileError{problem})));
    channel_->Close();
  }
  state_ = State::kFailed;
  Finish(tl::unexpected(std::move(problem)));
}

void FileSender::Finish(FileResult<SentFile> result) {
  const auto on_finished = std::exchange(events_, {}).on_finished;
  if (on_finished) on_finished(std::move(result));
}

}  // namespace pairwire::bulk
