// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/resp.h"

#include <hiredis/read.h>

#include <algorithm>
#include <utility>

namespace pairwire::redis {
namespace {

// What the reader gets at a time. It moves what is left of its buffer after each reply, so larger
// pieces of many replies would cost the square.
constexpr std::size_t kPieceBytes = 16 * 1024;

// The place of the reply that `task` describes: in its array, or a root of its own. Null beyond the
// bound, which the reader takes as "out of memory".
Reply* Place(const redisReadTask* task) {
  auto& elements = *static_cast<std::size_t*>(task->privdata);
  if (elements == ReplyReader::kMaxElements) return nullptr;
  ++elements;
  if (task->parent == nullptr) return new Reply;  // freed by FreeReply, or taken by Next
  // An element is complete before the next one is made, so none that is being filled moves.
  return &static_cast<Reply*>(task->parent->obj)->elements.emplace_back();
}

void* MakeString(const redisReadTask* task, char* text, std::size_t size) {
  Reply* const reply = Place(task);
  if (reply == nullptr) return nullptr;
  reply->type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::kError
                : task->type == REDIS_REPLY_STATUS ? Reply::Type::kStatus
                                                   : Reply::Type::kString;
  reply->text.assign(text, size);
  return reply;
}

void* MakeArray(const redisReadTask* task, int /*size*/) {
  Reply* const reply = Place(task);
  // Nothing is reserved: the size is only what the other side claims.
  if (reply != nullptr) reply->type = Reply::Type::kArray;
  return reply;
}

void* MakeInteger(const redisReadTask* task, long long value) {
  Reply* const reply = Place(task);
  if (reply == nullptr) return nullptr;
  reply->type = Reply::Type::kInteger;
  reply->integer = value;
  return reply;
}

void* MakeNil(const redisReadTask* task) { return Place(task); }

void FreeReply(void* reply) { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions functions = {MakeString, MakeArray, MakeInteger, MakeNil, FreeReply};

}  // namespace

std::string_view Reply::ErrorCode() const {
  if (!IsError()) return {};
  return std::string_view(text).substr(0, text.find(' '));
}

void AppendCommand(const Args& args, std::string& out) {
  out += '*';
  out += std::to_string(args.size());
  out += "\r\n";
  for (const std::string& word : args) {
    out += '$';
    out += std::to_string(word.size());
    out += "\r\n";
    out += word;
    out += "\r\n";
  }
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&functions)) {
  reader_->privdata = &elements_;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (error_) return;
  waiting_.erase(0, std::exchange(given_, 0));
  waiting_ += bytes;
}

Result<std::optional<Reply>> ReplyReader::Next() {
  for (;;) {
    if (error_) return tl::unexpected(*error_);
    void* raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
      error_ = elements_ == kMaxElements
                   ? Error{Errc::kLimitExceeded, "a Redis reply has too many elements"}
                   : Error{Errc::kParseError, std::string("not RESP: ") + reader_->errstr};
      continue;
    }
    if (raw != nullptr) {
      const std::unique_ptr<Reply> reply(static_cast<Reply*>(raw));
      elements_ = 0;
      reply_bytes_ = 0;
      return std::optional<Reply>(std::move(*reply));
    }
    if (reply_bytes_ >= kMaxReplyBytes) {
      error_ = Error{Errc::kLimitExceeded, "a Redis reply is too long"};
      continue;
    }
    if (given_ == waiting_.size()) return std::optional<Reply>();
    const std::size_t size = std::min(kPieceBytes, waiting_.size() - given_);
    redisReaderFeed(reader_.get(), waiting_.data() + given_, size);
    given_ += size;
    reply_bytes_ += size;
  }
}

}  // namespace pairwire::redis
