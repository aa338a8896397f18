// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// RedisConnection: one connection to one server: dial, TLS, AUTH, SELECT, CLIENT SETNAME, ROLE,
// then commands in a pipeline, or the pushes of a subscriber.
//
//   kClosed --Open--> kDialling --> kGreeting --> kReady
//      ^------------------'-------------'------------'  OnClosed: refused, lost, timed out, not
//      RESP
//
// What is sent in one turn of the loop leaves in one write. Replies come in the order of the
// commands, so one that is late ends the connection: a reply that was no longer expected would be
// taken for the next one.
//
// Not here: trying again (redis_link.h).
#ifndef PAIRWIRE_SIGNALING_REDIS_REDIS_CONNECTION_H_
#define PAIRWIRE_SIGNALING_REDIS_REDIS_CONNECTION_H_

#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/net/dialer.h"
#include "signaling/net/event_loop.h"
#include "signaling/net/resolver.h"
#include "signaling/net/socket.h"
#include "signaling/net/tls_context.h"
#include "signaling/redis/redis_url.h"
#include "signaling/redis/resp.h"
#include "signaling/redis/server_address.h"

namespace pairwire::redis {

// What a command came to: the server's answer, which may be an error of its own (Reply::IsError),
// or why there is none: kClosed (lost; it may have been carried out), kTimedOut (so may this),
// kBufferFull and kInvalidState (it was not sent).
using ReplyHandler = std::function<void(Result<Reply>)>;

class RedisConnection final : private net::Socket::Events {
 public:
  // Not yet written; what goes beyond is answered kBufferFull.
  static constexpr std::size_t kMaxOutputBytes = 16 * 1024 * 1024;
  // Sent and not yet answered, for the same reason.
  static constexpr std::size_t kMaxPending = 128 * 1024;

  enum class Mode : std::uint8_t {
    kCommands,
    kSubscriber,  // after the greeting everything that comes is a push
  };

  struct Options {
    Mode mode = Mode::kCommands;
    Login login;
    int database = 0;
    std::string client_name;               // for CLIENT LIST; printable, without spaces
    bool must_be_master = true;            // else it is refused: what we send has to be written
    const net::TlsContext* tls = nullptr;  // null: plain; outlives the connection
    std::chrono::milliseconds connect_timeout{2000};
    std::chrono::milliseconds command_timeout{1000};
  };

  // Any of these may call Open, Close and Send, but not destroy the connection.
  class Events {
   public:
    virtual void OnReady() = 0;
    // Every command was answered before. `why` names the server and no secret.
    virtual void OnClosed(const Error& why) = 0;
    // kSubscriber.
    virtual void OnPush(Reply /*push*/) {}

   protected:
    ~Events() = default;
  };

  RedisConnection(net::EventLoop& loop, net::Resolver& resolver, Options options, Events& events);
  // Commands without an answer get none.
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // OnReady or OnClosed follows, never from inside. Closes what was open before.
  void Open(const ServerAddress& server);
  // Answers what is pending with kClosed, in this call. No OnClosed. What was not written is lost.
  void Close();

  bool ready() const { return state_ == State::kReady; }
  bool closed() const { return state_ == State::kClosed; }
  const ServerAddress& server() const { return server_; }
  // Sent and not yet answered.
  std::size_t pending() const { return pending_.size(); }
  std::size_t output_bytes() const { return out_.size() - written_; }

  // kCommands. `done` once, never from inside Send.
  void Send(const Args& args, ReplyHandler done);
  // kCommands, and nobody wants the answer: where the server lets us, it is asked to give none,
  // which spares it a write and this process a turn. What cannot be sent is dropped.
  void SendForgotten(const Args& args);
  // Answers kInvalidState, as Send does without a connection.
  void Refuse(ReplyHandler done);
  // kSubscriber: what comes of it is a push. False: not ready, or the output is full.
  bool SendUnanswered(const Args& args);

 private:
  enum class State : std::uint8_t { kClosed, kDialling, kGreeting, kReady };

  struct Pending {
    ReplyHandler done;
    net::EventLoop::TimePoint deadline;
  };
  struct Refused {
    ReplyHandler done;
    Error why;
  };

  void OnReadable() override;
  void OnWritable() override;
  void OnDialled(Result<net::Socket> socket);
  void Greet();
  // A greeting command; `accept` looks at the answer and says what is wrong with it.
  void GreetWith(const Args& args, std::function<std::string(const Reply&)> accept);
  bool Append(const Args& args);
  void Expect(ReplyHandler done);
  void OnReply(Reply reply);
  void OnDeadline();
  void FinishTurn();
  void Write();
  void Fail(Errc code, std::string_view why);
  void AnswerAll(const Error& why);
  void Reset();

  net::EventLoop& loop_;
  const Options options_;
  Events& events_;
  net::Dialer dialer_;
  net::Socket socket_;
  State state_ = State::kClosed;
  // Which Open this is: a callback may have closed and opened anew.
  std::uint64_t life_ = 0;
  ServerAddress server_;
  std::optional<ReplyReader> reader_;  // of this connection
  bool may_skip_replies_ = false;      // CLIENT REPLY; an ACL may forbid it
  std::deque<Pending> pending_;
  std::vector<Refused> refused_;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  net::Alarm deadline_;
  net::TurnEnd turn_end_;
};

}  // namespace pairwire::redis

#endif  // PAIRWIRE_SIGNALING_REDIS_REDIS_CONNECTION_H_
