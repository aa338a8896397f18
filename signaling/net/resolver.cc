// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/net/resolver.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

namespace pairwire::net {
namespace {

void Signal(int eventfd) {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the loop wakes anyway.
  [[maybe_unused]] const ssize_t written = ::write(eventfd, &one, sizeof one);
}

}  // namespace

Resolver::Resolver(EventLoop& loop, Lookup lookup)
    : loop_(loop), lookup_(std::move(lookup)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  loop_.Watch(wake_, *this);
  loop_.Want(wake_, true, false);
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    queries_.clear();
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  loop_.Unwatch(wake_);
  ::close(wake_);
}

std::uint64_t Resolver::Resolve(const std::string& name, Done done) {
  const std::uint64_t number = ++last_number_;
  waiting_.emplace(number, std::move(done));
  if (const auto literal = Endpoint::FromLiteral(name, 0)) {
    AnswerLater(number, Addresses{*literal});
    return number;
  }
  bool room = false;
  {
    const std::lock_guard lock(mutex_);
    room = queries_.size() < kMaxWaiting;
    if (room) queries_.push_back({number, name});
  }
  if (!room) {
    AnswerLater(number, Fail(Errc::kLimitExceeded, "too many names are being looked up"));
    return number;
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
  changed_.notify_one();
  return number;
}

void Resolver::Cancel(std::uint64_t query) {
  if (waiting_.erase(query) == 0) return;
  const std::lock_guard lock(mutex_);
  std::erase_if(queries_, [query](const Query& waiting) { return waiting.number == query; });
}

void Resolver::AnswerLater(std::uint64_t number, Result<Addresses> result) {
  {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(number, std::move(result));
  }
  Signal(wake_);
}

void Resolver::OnFdReadable() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_, &count, sizeof count);
  // One a call: the callback may destroy this resolver.
  Answer answer{0, Fail(Errc::kCancelled)};
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    if (answers_.empty()) return;
    answer = std::move(answers_.front());
    answers_.erase(answers_.begin());
    more = !answers_.empty();
  }
  if (more) Signal(wake_);
  const auto found = waiting_.find(answer.first);
  if (found == waiting_.end()) return;  // cancelled
  const Done done = std::move(found->second);
  waiting_.erase(found);
  done(std::move(answer.second));
}

void Resolver::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !queries_.empty(); });
    if (ending_) return;
    const Query query = std::move(queries_.front());
    queries_.pop_front();
    lock.unlock();
    Result<Addresses> result = lookup_(query.name);
    if (result && result->size() > kMaxAddresses) {
      result->erase(result->begin() + static_cast<std::ptrdiff_t>(kMaxAddresses), result->end());
    }
    lock.lock();
    answers_.emplace_back(query.number, std::move(result));
    Signal(wake_);
  }
}

Result<Resolver::Addresses> Resolver::SystemLookup(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    const std::string why = error == EAI_SYSTEM ? std::generic_category().message(errno)
                                                : std::string(::gai_strerror(error));
    return Fail(Errc::kSystem, "cannot find " + name + ": " + why);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  Addresses out;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (out.size() == kMaxAddresses) break;
    if (const auto endpoint = Endpoint::FromSystem(entry->ai_addr, entry->ai_addrlen)) {
      out.push_back(*endpoint);
    }
  }
  if (out.empty()) return Fail(Errc::kSystem, "cannot find " + name + ": it has no address");
  return out;
}

}  // namespace pairwire::net
