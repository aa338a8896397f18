// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "samples/common/file_receiver.h"

#include <utility>

namespace pairwire::samples {

FileReceiver::FileReceiver(FileChannel& channel, FileSink& sink, FileSlots& slots, Events events)
    : channel_(channel), sink_(sink), slots_(slots), events_(std::move(events)) {}

FileReceiver::~FileReceiver() {
  if (state_ == State::kReceiving) sink_.Discard();
  if (holds_slot_) slots_.Give();
}

void FileReceiver::OnText(std::string_view text) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  const Result<FileMessage> message = ParseFileMessage(text);
  if (!message) {
    Fail({"bad_message", "the sender sent something unexpected: " + message.error().detail}, true);
    return;
  }
  const auto* offer = std::get_if<FileOffer>(&*message);
  const auto* end = std::get_if<FileEnd>(&*message);
  if (const auto* error = std::get_if<FileError>(&*message)) {
    Fail(error->problem, false);
  } else if (offer != nullptr && state_ == State::kWaiting) {
    TakeOffer(*offer);
  } else if (end != nullptr && state_ == State::kReceiving) {
    TakeEnd(*end);
  } else {
    Fail({"unexpected", "the sender sent a message out of turn"}, true);
  }
}

void FileReceiver::TakeOffer(const FileOffer& offer) {
  offer_ = offer;
  holds_slot_ = slots_.Take();
  FileResult<void> opened;
  if (!holds_slot_) {
    opened = tl::unexpected(FileProblem{"too_many_files", "too many files are coming in already"});
  } else {
    opened = sink_.Open(offer_.name, offer_.size);
  }
  if (!opened) {
    static_cast<void>(channel_.SendText(ToJson(FileRefuse{opened.error()})));
    Fail(std::move(opened.error()), false);
    return;
  }
  state_ = State::kReceiving;
  const Result<void> accepted = channel_.SendText(ToJson(FileAccept{}));
  if (!accepted) {
    Fail({"connection_lost", ToString(accepted.error())}, false);
    return;
  }
  if (events_.on_accepted) events_.on_accepted(offer_);
}

void FileReceiver::OnData(ByteSpan data) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  if (state_ == State::kWaiting) {
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
  FileResult<std::string> path = sink_.Commit();
  if (!path) {
    Fail(std::move(path.error()), true);
    return;
  }
  state_ = State::kDone;
  // When this can not be queued the connection is gone; the file is stored all the same.
  static_cast<void>(channel_.SendText(ToJson(FileDone{sha256, received_})));
  Finish(ReceivedFile{offer_.name, received_, sha256, std::move(*path)});
}

void FileReceiver::OnClosed(const std::optional<Error>& error) {
  if (state_ == State::kDone || state_ == State::kFailed) return;
  Fail({"connection_lost",
        error ? ToString(*error) : "the sender closed the transfer before its end"},
       false);
}

void FileReceiver::Fail(FileProblem problem, bool tell) {
  if (tell) static_cast<void>(channel_.SendText(ToJson(FileError{problem})));
  if (state_ == State::kReceiving) sink_.Discard();
  state_ = State::kFailed;
  channel_.Close();
  Finish(tl::unexpected(std::move(problem)));
}

void FileReceiver::Finish(FileResult<ReceivedFile> result) {
  if (std::exchange(holds_slot_, false)) slots_.Give();
  const auto on_finished = std::exchange(events_, {}).on_finished;
  if (on_finished) on_finished(std::move(result));
}

}  // namespace pairwire::samples
