// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/load/http_pool.h"

#include <utility>

namespace pairwire::load {
namespace {

constexpr std::chrono::milliseconds kTick{250};

std::string TextOf(const Request& request, const Target& target) {
  std::string text;
  text.reserve(320 + request.body.size());
  text.append(request.method).append(" ").append(target.path).append(request.path);
  text.append(" HTTP/1.1\r\nHost: ").append(target.host).append("\r\n");
  if (!request.token.empty()) {
    text.append("Authorization: Bearer ").append(request.token).append("\r\n");
  }
  text.append(request.more_headers);
  if (!request.body.empty()) {
    text.append("Content-Type: application/json\r\nContent-Length: ");
    text.append(std::to_string(request.body.size())).append("\r\n");
  } else if (request.method == "POST") {
    text.append("Content-Length: 0\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

}  // namespace

// One connection of the pool.
class HttpPool::Line : public Connection {
 public:
  Line(Reactor& reactor, HttpPool& pool) : Connection(reactor), pool_(pool) {}

  void Start(Job job) {
    job_ = std::move(job);
    fresh_ = !is_open();
    reader_.Clear();
    const bool started = (!fresh_ || Open(pool_.target_, pool_.source_)) && Write(job_.text);
    // No callback comes from inside Send: the next tick gives it up.
    if (!started) job_.deadline = Clock::now();
  }
  bool Overdue(TimePoint now) const { return static_cast<bool>(job_.done) && job_.deadline <= now; }
  void GiveUp() {
    Close();
    Finish(Response());
  }

 private:
  void OnBytes(std::string_view bytes) override {
    reader_.Feed(bytes);
    if (reader_.failed()) return GiveUp();
    if (!reader_.done()) return;
    Response response = reader_.Take();
    const bool keep = response.Header("Connection") != "close";
    if (!keep) Close();
    Finish(std::move(response));
  }

  void OnClosed() override {
    if (!job_.done) return;
    reader_.End();
    if (reader_.done()) return Finish(reader_.Take());
    // A kept-alive connection may be closed just as the next request goes out (RFC 9112, 9.3.1):
    // nothing of a response came, so it is asked once more.
    if (!fresh_ && !reader_.has_head()) return Start(std::move(job_));
    Finish(Response());
  }

  void Finish(Response response) {
    const Callback done = std::exchange(job_, Job()).done;
    --pool_.busy_;
    pool_.idle_.push_back(this);
    if (done) done(std::move(response));
    pool_.Dispatch();
  }

  HttpPool& pool_;
  Job job_;
  ResponseReader reader_;
  bool fresh_ = true;  // opened for this request
};

HttpPool::HttpPool(Reactor& reactor, const Target& target, std::uint32_t source,
                   std::size_t connections)
    : reactor_(reactor), target_(target), source_(source) {
  for (std::size_t i = 0; i < connections; ++i) {
    lines_.push_back(std::make_unique<Line>(reactor, *this));
    idle_.push_back(lines_.back().get());
  }
}

HttpPool::~HttpPool() {
  if (watching_) reactor_.Cancel(tick_);
}

void HttpPool::Send(const Request& request, Callback done) {
  waiting_.push_back({TextOf(request, target_), std::move(done), Clock::now() + kDeadline});
  Dispatch();
  Watch();
}

void HttpPool::Dispatch() {
  while (!idle_.empty() && !waiting_.empty()) {
    Line* const line = idle_.back();
    idle_.pop_back();
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    line->Start(std::move(job));
  }
}

void HttpPool::Watch() {
  if (watching_ || unanswered() == 0) return;
  watching_ = true;
  tick_ = reactor_.At(Clock::now() + kTick, [this] { OnTick(); });
}

void HttpPool::OnTick() {
  watching_ = false;
  const TimePoint now = Clock::now();
  for (const auto& line : lines_) {
    if (line->Overdue(now)) line->GiveUp();
  }
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    const Callback done = std::move(waiting_.front().done);
    waiting_.pop_front();
    done(Response());
  }
  Watch();
}

}  // namespace pairwire::load
