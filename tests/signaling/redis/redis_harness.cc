// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "tests/signaling/redis/redis_harness.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace pairwire::redis::testing {

std::string ToText(const Result<Reply>& result) {
  if (!result) return "!" + result.error().detail;
  switch (result->type) {
    case Reply::Type::kNil:
      return "(nil)";
    case Reply::Type::kInteger:
      return std::to_string(result->integer);
    case Reply::Type::kError:
      return "!" + result->text;
    case Reply::Type::kArray:
      return "[" + std::to_string(result->elements.size()) + "]";
    case Reply::Type::kString:
    case Reply::Type::kStatus:
      break;
  }
  return result->text;
}

RedisOptions TestClient::Options(const std::string& url) {
  RedisOptions options;
  const auto parsed = ParseRedisUrl(url);
  EXPECT_TRUE(parsed.has_value()) << url;
  if (parsed) options.url = *parsed;
  return options;
}

TestClient::TestClient(net::EventLoop& loop, net::Resolver& resolver, RedisOptions options)
    : loop_(loop) {
  auto made = MakeRedisClient(loop, resolver, std::move(options), SomeNumbers(),
                              static_cast<RedisClient::Events&>(*this));
  EXPECT_TRUE(made.has_value());
  if (made) client_ = std::move(*made);
}

TestClient::TestClient(net::EventLoop& loop, net::Resolver& resolver, const std::string& url)
    : TestClient(loop, resolver, Options(url)) {}

bool TestClient::WaitUp() {
  client_->Start();
  return net::testing::RunUntil(loop_, [this] { return client_->up(); });
}

bool TestClient::WaitUp(int times) {
  return net::testing::RunUntil(loop_, [&] { return ups >= times; });
}

Result<Reply> TestClient::Do(Args args) {
  std::optional<Result<Reply>> answer;
  const std::string key = args.size() > 1 ? args[1] : "";
  client_->Command(key, std::move(args), [&](Result<Reply> reply) { answer = std::move(reply); });
  EXPECT_FALSE(answer.has_value()) << "answered from inside Command";
  EXPECT_TRUE(net::testing::RunUntil(loop_, [&] { return answer.has_value(); }));
  return answer.value_or(Fail(Errc::kTimedOut, "no answer at all"));
}

std::string TestClient::Text(Args args) { return ToText(Do(std::move(args))); }

void TestClient::Add(Args args) {
  ++added;
  const std::string key = args.size() > 1 ? args[1] : "";
  client_->Command(key, std::move(args),
                   [this](const Result<Reply>& reply) { answers.push_back(ToText(reply)); });
}

bool TestClient::WaitForAnswers() {
  return net::testing::RunUntil(loop_, [this] { return answers.size() == added; });
}

std::string BulkText(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string ListText(const std::vector<std::string>& parts) {
  std::string text = "*" + std::to_string(parts.size()) + "\r\n";
  for (const std::string& part : parts) text += part;
  return text;
}

class ScriptedServer::Connection final : public net::Socket::Events {
 public:
  Connection(ScriptedServer& server, net::Socket socket)
      : server_(server), socket_(std::move(socket)) {
    socket_.SetEvents(this);
    socket_.WantRead(true);
  }

  void Write(std::string_view bytes) {
    waiting_ += bytes;
    OnWritable();
  }

  std::vector<std::string> channels;

 private:
  void OnReadable() override {
    std::array<char, 16 * 1024> bytes;
    const net::Socket::Io io = socket_.Read(bytes.data(), bytes.size());
    if (io.status == net::Socket::Io::Status::kWouldBlock) return;
    if (io.status != net::Socket::Io::Status::kOk) return socket_.Close();
    reader_.Feed({bytes.data(), io.bytes});
    for (;;) {
      const auto next = reader_.Next();
      if (!next || !*next) return;
      Args args;
      for (const Reply& word : (*next)->elements) args.push_back(word.text);
      if (const auto answer = server_.Answer(args, *this)) Write(*answer);
    }
  }

  void OnWritable() override {
    while (socket_.IsOpen() && !waiting_.empty()) {
      const net::Socket::Io io = socket_.Write(waiting_);
      if (io.status != net::Socket::Io::Status::kOk) break;
      waiting_.erase(0, io.bytes);
    }
    if (socket_.IsOpen()) socket_.WantWrite(!waiting_.empty());
  }

  ScriptedServer& server_;
  net::Socket socket_;
  ReplyReader reader_;
  std::string waiting_;
};

ScriptedServer::ScriptedServer(net::EventLoop& loop, Script script)
    : loop_(loop), script_(std::move(script)) {
  std::tie(listener_, port_) = net::testing::ListenOnLoopback();
  loop_.Watch(listener_, *this);
  EXPECT_TRUE(loop_.Want(listener_, true, false));
}

ScriptedServer::~ScriptedServer() {
  loop_.Unwatch(listener_);
  ::close(listener_);
}

void ScriptedServer::Cut() { connections_.clear(); }

void ScriptedServer::OnFdReadable() {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  ++accepted_;
  connections_.push_back(std::make_unique<Connection>(*this, net::Socket(loop_, fd)));
}

std::optional<std::string> ScriptedServer::Answer(const Args& args, Connection& from) {
  const std::string& name = args.front();
  if (name == "PING") return "+PONG\r\n";
  if (name == "CLIENT" || name == "AUTH" || name == "SELECT") return "+OK\r\n";
  if (name == "ROLE") return ListText({BulkText(role), ":0\r\n", "*0\r\n"});
  if (name == "SUBSCRIBE") {
    std::string text;
    for (std::size_t i = 1; i < args.size(); ++i) {
      from.channels.push_back(args[i]);
      text += ListText({BulkText("subscribe"), BulkText(args[i]),
                        ":" + std::to_string(from.channels.size()) + "\r\n"});
    }
    return text;
  }
  if (name == "PUBLISH") {
    int receivers = 0;
    for (const auto& connection : connections_) {
      const auto& channels = connection->channels;
      if (std::find(channels.begin(), channels.end(), args[1]) == channels.end()) continue;
      ++receivers;
      connection->Write(ListText({BulkText("message"), BulkText(args[1]), BulkText(args[2])}));
    }
    return ":" + std::to_string(receivers) + "\r\n";
  }
  std::string text;
  for (const std::string& word : args) text += (text.empty() ? "" : " ") + word;
  commands.push_back(text);
  return script_(args);
}

}  // namespace pairwire::redis::testing
