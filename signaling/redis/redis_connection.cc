// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_connection.h"

#include <array>
#include <utility>

namespace pairwire::redis {
namespace {

// What a freshly read buffer holds, and what a written one may keep.
constexpr std::size_t kReadBytes = 64 * 1024;

// Answers after which this server is of no use: it became a replica, or it is still reading its
// data. Trying again finds the right one, or the same one later.
bool IsUnfit(const Reply& reply) {
  const std::string_view code = reply.ErrorCode();
  return code == "READONLY" || code == "LOADING" || code == "MASTERDOWN";
}

// At most, on the wire.
std::size_t BytesOf(const Args& args) {
  std::size_t bytes = 16;
  for (const std::string& word : args) bytes += word.size() + 16;
  return bytes;
}

std::string RefuseErrors(const Reply& reply) { return reply.IsError() ? reply.text : ""; }

std::string RefuseReplicas(const Reply& reply) {
  if (reply.IsError()) return reply.text;
  if (!reply.IsArray() || reply.elements.empty()) return "it does not tell its role";
  return reply.elements[0].text == "master" ? "" : "it is a replica";
}

}  // namespace

RedisConnection::RedisConnection(net::EventLoop& loop, net::Resolver& resolver, Options options,
                                 Events& events)
    : loop_(loop),
      options_(std::move(options)),
      events_(events),
      dialer_(loop, resolver),
      deadline_(loop, [this] { OnDeadline(); }),
      turn_end_(loop, net::TurnStage::kBackend, [this] { FinishTurn(); }) {}

RedisConnection::~RedisConnection() = default;

void RedisConnection::Open(const ServerAddress& server) {
  Close();
  server_ = server;
  state_ = State::kDialling;
  dialer_.Dial({server.host, server.port, options_.tls, {}}, options_.connect_timeout,
               [this](Result<net::Socket> socket) { OnDialled(std::move(socket)); });
}

void RedisConnection::Close() {
  Reset();
  AnswerAll({Errc::kClosed, "the connection to Redis was closed"});
}

void RedisConnection::OnDialled(Result<net::Socket> socket) {
  if (!socket) return Fail(socket.error().code, socket.error().detail);
  socket_ = std::move(*socket);
  reader_.emplace();
  socket_.SetEvents(this);
  socket_.WantRead(true);
  state_ = State::kGreeting;
  Greet();
}

void RedisConnection::Greet() {
  const Login& login = options_.login;
  // Without a user: servers before Redis 6 take one word only.
  if (!login.user.empty()) {
    GreetWith({"AUTH", login.user, login.password}, RefuseErrors);
  } else if (!login.password.empty()) {
    GreetWith({"AUTH", login.password}, RefuseErrors);
  }
  if (options_.database != 0) {
    GreetWith({"SELECT", std::to_string(options_.database)}, RefuseErrors);
  }
  if (!options_.client_name.empty()) {
    // Only for people who look: nothing hangs on it.
    GreetWith({"CLIENT", "SETNAME", options_.client_name}, [](const Reply&) { return ""; });
  }
  if (options_.must_be_master) GreetWith({"ROLE"}, RefuseReplicas);
  if (options_.mode == Mode::kCommands) {
    GreetWith({"CLIENT", "REPLY", "ON"}, [this](const Reply& reply) {
      may_skip_replies_ = !reply.IsError();
      return "";
    });
  }
  // Also says when the server still loads its data, or may not write.
  GreetWith({"PING"}, RefuseErrors);
  pending_.back().done = [this, last = std::move(pending_.back().done)](Result<Reply> reply) {
    const std::uint64_t life = life_;
    last(std::move(reply));
    if (life != life_ || state_ != State::kGreeting) return;
    state_ = State::kReady;
    events_.OnReady();
  };
}

void RedisConnection::GreetWith(const Args& args, std::function<std::string(const Reply&)> accept) {
  Append(args);
  Expect([this, name = args.front(), accept = std::move(accept)](Result<Reply> reply) {
    if (!reply || state_ != State::kGreeting) return;  // failed already
    const std::string wrong = accept(*reply);
    if (wrong.empty()) return;
    Fail(name == "AUTH" ? Errc::kUnauthorized : Errc::kInvalidState, name + ": " + wrong);
  });
}

void RedisConnection::Send(const Args& args, ReplyHandler done) {
  if (state_ != State::kReady) return Refuse(std::move(done));
  if (pending_.size() >= kMaxPending || !Append(args)) {
    refused_.push_back({std::move(done), {Errc::kBufferFull, "too much waits for Redis"}});
  } else {
    return Expect(std::move(done));
  }
  turn_end_.Mark();
}

void RedisConnection::SendForgotten(const Args& args) {
  static const Args kSkip = {"CLIENT", "REPLY", "SKIP"};
  if (!may_skip_replies_) return Send(args, [](const Result<Reply>&) {});
  // Both or none: an answer too few or too many would shift all that follow.
  if (state_ != State::kReady ||
      output_bytes() + BytesOf(kSkip) + BytesOf(args) > kMaxOutputBytes) {
    return;
  }
  Append(kSkip);
  Append(args);
}

void RedisConnection::Refuse(ReplyHandler done) {
  refused_.push_back({std::move(done), {Errc::kInvalidState, "no connection to Redis"}});
  turn_end_.Mark();
}

bool RedisConnection::SendUnanswered(const Args& args) {
  return state_ == State::kReady && Append(args);
}

bool RedisConnection::Append(const Args& args) {
  if (output_bytes() + BytesOf(args) > kMaxOutputBytes) return false;
  AppendCommand(args, out_);
  turn_end_.Mark();
  return true;
}

void RedisConnection::Expect(ReplyHandler done) {
  pending_.push_back({std::move(done), loop_.Now() + options_.command_timeout});
  if (!deadline_.is_set()) deadline_.SetAt(pending_.front().deadline);
}

void RedisConnection::OnReadable() {
  const std::uint64_t life = life_;
  std::array<char, kReadBytes> bytes;
  const net::Socket::Io io = socket_.Read(bytes.data(), bytes.size());
  switch (io.status) {
    case net::Socket::Io::Status::kWouldBlock:
      return;
    case net::Socket::Io::Status::kEnd:
      return Fail(Errc::kClosed, "it ended the connection");
    case net::Socket::Io::Status::kError:
      return Fail(Errc::kClosed, socket_.error());
    case net::Socket::Io::Status::kOk:
      break;
  }
  reader_->Feed({bytes.data(), io.bytes});
  for (;;) {
    auto next = reader_->Next();
    if (!next) return Fail(next.error().code, next.error().detail);
    if (!*next) return;
    OnReply(std::move(**next));
    if (life != life_) return;
  }
}

void RedisConnection::OnReply(Reply reply) {
  if (pending_.empty()) {
    if (options_.mode == Mode::kSubscriber && state_ == State::kReady) {
      return events_.OnPush(std::move(reply));
    }
    return Fail(Errc::kParseError, reply.IsError() ? reply.text : "it said what nobody asked for");
  }
  const std::uint64_t life = life_;
  const bool unfit = state_ == State::kReady && IsUnfit(reply);
  const std::string reason = unfit ? reply.text : "";
  const ReplyHandler done = std::move(pending_.front().done);
  pending_.pop_front();
  done(std::move(reply));
  if (unfit && life == life_) Fail(Errc::kClosed, reason);
}

void RedisConnection::OnDeadline() {
  if (pending_.empty()) return;
  if (loop_.Now() < pending_.front().deadline) return deadline_.SetAt(pending_.front().deadline);
  Fail(Errc::kTimedOut, "it did not answer in time");
}

void RedisConnection::OnWritable() { Write(); }

void RedisConnection::FinishTurn() {
  for (Refused& refused : std::exchange(refused_, {})) {
    refused.done(tl::unexpected(std::move(refused.why)));
  }
  if (socket_.IsOpen() && output_bytes() > 0) Write();
}

void RedisConnection::Write() {
  while (output_bytes() > 0) {
    const net::Socket::Io io = socket_.Write(std::string_view(out_).substr(written_));
    if (io.status == net::Socket::Io::Status::kWouldBlock) return socket_.WantWrite(true);
    if (io.status != net::Socket::Io::Status::kOk) return Fail(Errc::kClosed, socket_.error());
    written_ += io.bytes;
  }
  socket_.WantWrite(false);
  written_ = 0;
  out_.clear();
  if (out_.capacity() > kReadBytes) out_.shrink_to_fit();
}

void RedisConnection::Fail(Errc code, std::string_view why) {
  // The dialler's own words name the server already.
  const bool named = state_ == State::kDialling;
  const Error error{code, (named ? "" : "Redis at " + ToString(server_) + ": ") + std::string(why)};
  Reset();
  const std::uint64_t life = life_;
  AnswerAll(error);
  if (life == life_) events_.OnClosed(error);
}

void RedisConnection::AnswerAll(const Error& why) {
  for (Pending& pending : std::exchange(pending_, {})) {
    pending.done(
        tl::unexpected(Error{why.code == Errc::kTimedOut ? why.code : Errc::kClosed, why.detail}));
  }
}

void RedisConnection::Reset() {
  ++life_;
  state_ = State::kClosed;
  dialer_.Cancel();
  socket_.Close();
  deadline_.Cancel();
  reader_.reset();
  may_skip_replies_ = false;
  out_ = {};
  written_ = 0;
}

}  // namespace pairwire::redis
