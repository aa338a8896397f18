// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/subscriber.h"

#include <utility>

namespace pairwire::redis {
namespace {

// Channels in one SUBSCRIBE: few enough that the server's other clients do not wait for it.
constexpr std::size_t kChannelsPerCommand = 256;

RedisConnection::Options ForSubscriber(RedisConnection::Options options) {
  options.mode = RedisConnection::Mode::kSubscriber;
  return options;
}

}  // namespace

Subscriber::Subscriber(net::EventLoop& loop, net::Resolver& resolver,
                       RedisConnection::Options options, Events& events)
    : events_(events),
      connection_(loop, resolver, ForSubscriber(std::move(options)),
                  static_cast<RedisConnection::Events&>(*this)) {}

void Subscriber::Close() {
  subscribed_ = false;
  connection_.Close();
}

Result<void> Subscriber::Want(const std::string& channel) {
  const auto found = wanted_.find(channel);
  if (found != wanted_.end()) {
    ++found->second;
    return {};
  }
  if (wanted_.size() >= kMaxChannels) {
    return Fail(Errc::kLimitExceeded, "too many channels are subscribed");
  }
  wanted_.emplace(channel, 1);
  if (connection_.ready()) {
    ++unconfirmed_;
    // When that does not fit, the server takes nothing: the link will notice and make both anew.
    connection_.SendUnanswered({"SUBSCRIBE", channel});
  }
  return {};
}

void Subscriber::Unwant(const std::string& channel) {
  const auto found = wanted_.find(channel);
  if (found == wanted_.end() || --found->second > 0) return;
  wanted_.erase(found);
  connection_.SendUnanswered({"UNSUBSCRIBE", channel});
}

void Subscriber::OnReady() {
  unconfirmed_ = wanted_.size();
  SubscribeAll();
  if (unconfirmed_ > 0) return;
  subscribed_ = true;
  events_.OnSubscribed();
}

void Subscriber::SubscribeAll() {
  Args args;
  for (const auto& [channel, count] : wanted_) {
    if (args.empty()) args.emplace_back("SUBSCRIBE");
    args.push_back(channel);
    if (args.size() <= kChannelsPerCommand) continue;
    connection_.SendUnanswered(args);
    args.clear();
  }
  if (!args.empty()) connection_.SendUnanswered(args);
}

void Subscriber::OnClosed(const Error& why) {
  subscribed_ = false;
  events_.OnSubscriberClosed(why);
}

void Subscriber::OnPush(Reply push) {
  const auto& parts = push.elements;
  if (push.IsError() || parts.size() != 3 || !parts[0].IsText()) {
    // Refused (the user may not listen there): as good as no connection.
    const Error why{Errc::kUnauthorized,
                    "Redis at " + ToString(connection_.server()) +
                        ": SUBSCRIBE: " + (push.IsError() ? push.text : "not understood")};
    Close();
    return events_.OnSubscriberClosed(why);
  }
  if (parts[0].text == "message") {
    // Not what was under way when the channel was given up.
    if (wanted_.contains(parts[1].text)) events_.OnMessage(parts[1].text, parts[2].text);
    return;
  }
  if (parts[0].text != "subscribe" || unconfirmed_ == 0 || --unconfirmed_ > 0 || subscribed_)
    return;
  subscribed_ = true;
  events_.OnSubscribed();
}

}  // namespace pairwire::redis
