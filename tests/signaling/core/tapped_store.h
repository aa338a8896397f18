// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// TappedStore: passes everything on to another store, keeps every text that it is given, and can be
// away, or lose the answers of joins.
#ifndef PAIRWIRE_TESTS_SIGNALING_CORE_TAPPED_STORE_H_
#define PAIRWIRE_TESTS_SIGNALING_CORE_TAPPED_STORE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "signaling/store/executor.h"
#include "signaling/store/store.h"

namespace pairwire::relay {

class TappedStore final : public Store {
 public:
  // Both outlive it.
  TappedStore(Executor& executor, Store& inner) : executor_(executor), inner_(inner) {}
  void Subscribe(const std::string& node, NodeHandler& handler) override {
    handlers_[node] = &handler;
    inner_.Subscribe(node, handler);
  }
  void Unsubscribe(const std::string& node) override {
    handlers_.erase(node);
    inner_.Unsubscribe(node);
  }
  void RegisterSession(NewSession s, TimePoint now, StoreReply<Registered> reply) override {
    seen += s.session_id + s.display_id + s.design_id + s.member_id + s.name + Text(s.token_hash);
    for (const TokenHash& meet : s.meets) seen += Text(meet);
    if (!Away(reply)) inner_.RegisterSession(std::move(s), now, std::move(reply));
  }
  void ClaimCode(Claim c, TimePoint now, StoreReply<Claimed> reply) override {
    seen += c.member_id + c.name + Text(c.token_hash) + c.ready_data + c.left_notice;
    if (c.meet) seen += Text(*c.meet);
    if (!Away(reply)) inner_.ClaimCode(std::move(c), now, std::move(reply));
  }
  void FindMember(const std::string& id, const TokenHash& hash, TimePoint now,
                  StoreReply<Member> reply) override {
    seen += id + Text(hash);
    if (!Away(reply)) inner_.FindMember(id, hash, now, std::move(reply));
  }
  void OpenEvents(const std::string& id, const TokenHash& hash, const std::string& node,
                  std::uint64_t after, TimePoint now, StoreReply<OpenedEvents> reply) override {
    seen += id + Text(hash) + node;
    if (!Away(reply)) inner_.OpenEvents(id, hash, node, after, now, std::move(reply));
  }
  void Join(JoinRequest j, TimePoint now, StoreReply<Joined> reply) override {
    seen += j.session_id + j.member_id + j.node_id + Text(j.resume_hash) + j.joined_notice +
            j.left_notice;
    if (Away(reply)) return;
    if (!joins_unheard) return inner_.Join(std::move(j), now, std::move(reply));
    inner_.Join(std::move(j), now, [reply = std::move(reply)](const StoreResult<Joined>&) {
      reply(tl::unexpected(StoreError::kUnavailable));
    });
  }
  void Leave(LeaveRequest l, TimePoint now, StoreReply<bool> reply) override {
    if (!Away(reply, leaves_away)) inner_.Leave(std::move(l), now, std::move(reply));
  }
  void Heartbeat(std::vector<Touch> touches, TimePoint now,
                 StoreReply<std::size_t> reply) override {
    if (!Away(reply)) inner_.Heartbeat(std::move(touches), now, std::move(reply));
  }
  void Route(RouteRequest r, TimePoint now, StoreReply<Routed> reply) override {
    seen += r.session_id + r.from + r.to;
    if (!Away(reply)) inner_.Route(std::move(r), now, std::move(reply));
  }
  void Terminate(const std::string& id, const TokenHash& hash, std::string_view reason,
                 TimePoint now, StoreReply<Member> reply) override {
    seen += id + Text(hash);
    if (!Away(reply)) inner_.Terminate(id, hash, reason, now, std::move(reply));
  }
  void ClaimDue(TimePoint now, std::size_t limit, StoreReply<DueReport> reply) override {
    if (!Away(reply)) inner_.ClaimDue(now, limit, std::move(reply));
  }
  TimePoint NextDue() const override { return inner_.NextDue(); }
  StoreSizes Sizes() const override { return inner_.Sizes(); }

  // Every node hears that the store is there again.
  void TellUp() {
    for (const auto& [node, handler] : handlers_) handler->OnStoreState(true);
  }

  bool away = false;
  bool joins_unheard = false;  // they happen, and their answers are lost
  bool leaves_away = false;
  std::string seen;

 private:
  static std::string Text(const TokenHash& hash) { return {hash.begin(), hash.end()}; }
  template <typename T>
  bool Away(StoreReply<T>& reply, bool this_one = false) {
    if (!away && !this_one) return false;
    executor_.Post([reply = std::move(reply)] { reply(tl::unexpected(StoreError::kUnavailable)); });
    return true;
  }
  Executor& executor_;
  Store& inner_;
  std::map<std::string, NodeHandler*> handlers_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_TESTS_SIGNALING_CORE_TAPPED_STORE_H_
