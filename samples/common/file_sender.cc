// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/file_sender.h"

#include <algorithm>
#include <utility>

namespace pairwire::samples {

FileSender::FileSender(FileChannel& channel, FileSource& source, FileOffer offer, Events events)
    : channel_(channel), source_(source), offer_(std::move(offer)), events_(std::move(events)) {}

void FileSender::OnOpen() {
  if (state_ != State::kConnecting) return;
  state_ = State::kOffered;
  SendControl(offer_);
}

void FileSender::OnText(std::string_view text) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  const Result<FileMessage> message = ParseFileMessage(text);
  if (!message) {
    Fail({"bad_message", "the receiver sent something unexpected: " + message.error().detail},
         true);
    return;
  }
  Take(*message);
}

void FileSender::Take(const FileMessage& message) {
  if (const auto* error = std::get_if<FileError>(&message)) {
    Fail(error->problem, false);
    return;
  }
  const auto* refuse = std::get_if<FileRefuse>(&message);
  const auto* done = std::get_if<FileDone>(&message);
  if (refuse != nullptr && state_ == State::kOffered) {
    Fail(refuse->problem, false);
  } else if (std::holds_alternative<FileAccept>(message) && state_ == State::kOffered) {
    state_ = State::kSending;
    Pump();
  } else if (done != nullptr && state_ == State::kFinishing) {
    if (done->sha256 != sha256_ || done->size != offer_.size) {
      Fail({"hash_mismatch", "the receiver stored something else than what was sent"}, true);
      return;
    }
    state_ = State::kDone;
    channel_.Close();
    Finish(SentFile{offer_.size, sha256_});
  } else {
    Fail({"unexpected", "the receiver sent a message out of turn"}, true);
  }
}

void FileSender::OnData(ByteSpan) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  Fail({"unexpected", "the receiver sent binary data"}, true);
}

void FileSender::OnBufferedAmountLow() {
  if (state_ == State::kSending) Pump();
}

void FileSender::OnClosed(const std::optional<Error>& error) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  Fail({"connection_lost", error ? ToString(*error) : "the receiver closed the transfer"}, false);
}

void FileSender::Pump() {
  while (state_ == State::kSending && channel_.buffered_amount() < kHighWater) {
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
  const Result<void> queued = channel_.SendData(ByteSpan(chunk_).subspan(chunk_begin_, size));
  if (queued) {
    chunk_begin_ += size;
    sent_ += size;
    if (events_.on_progress) events_.on_progress(sent_);
    return true;
  }
  constexpr std::size_t kSmallestChunk = 1024;
  if (queued.error().code == Errc::kMessageTooLarge && max_chunk_ > kSmallestChunk) {
    max_chunk_ /= 2;  // the other end takes less than the usual 64 KiB
    return true;
  }
  // Full because of this channel: its low event comes. Full because of others: nothing would wake
  // us.
  if (queued.error().code == Errc::kBufferFull && channel_.buffered_amount() > 0) return false;
  Fail({"connection_lost", ToString(queued.error())}, false);
  return false;
}

void FileSender::SendEnd() {
  if (sha256_.empty()) sha256_ = digest_.Hex();
  state_ = State::kFinishing;
  SendControl(FileEnd{sha256_});
}

void FileSender::SendControl(const FileMessage& message) {
  const Result<void> queued = channel_.SendText(ToJson(message));
  if (!queued) Fail({"connection_lost", ToString(queued.error())}, false);
}

void FileSender::Fail(FileProblem problem, bool tell) {
  if (tell) {
    // Best effort: when it can not be queued, the closing channel says the same.
    static_cast<void>(channel_.SendText(ToJson(FileError{problem})));
  }
  state_ = State::kFailed;
  channel_.Close();
  Finish(tl::unexpected(std::move(problem)));
}

void FileSender::Finish(FileResult<SentFile> result) {
  const auto on_finished = std::exchange(events_, {}).on_finished;
  if (on_finished) on_finished(std::move(result));
}

}  // namespace pairwire::samples
