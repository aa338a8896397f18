// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/replicas.h"

#include "signaling/redis/fields.h"

namespace pairwire::redis {
namespace {

// Of one in memory, about, beside its texts.
constexpr std::size_t kKeptOverhead = 256;

std::size_t BytesOf(const Replicas::Kept& kept) {
  std::size_t bytes = kKeptOverhead;
  for (const relay::KeptText& text : kept.texts) bytes += text.id.size() + text.text.size();
  return bytes;
}

// Of keep_again.lua.
std::vector<std::string> ArgsOf(const std::string& session_id, const Replicas::Kept& kept) {
  std::vector<std::string> args = {session_id,
                                   kept.member_id,
                                   std::to_string(kept.epoch),
                                   kept.left ? "1" : "0",
                                   ToText(kept.window),
                                   kept.unused,
                                   kept.id};
  for (const relay::KeptText& text : kept.texts) {
    args.push_back(text.id);
    args.push_back(text.text);
  }
  return args;
}

}  // namespace

Replicas::Replicas(ScriptRunner& runner, const RedisKeys& keys, std::function<std::string()> new_id)
    : runner_(runner), keys_(keys), new_id_(std::move(new_id)), stores_(keys.shards()) {}

void Replicas::Watched(const std::string& node_id, const std::string& session_id,
                       std::string snapshot) {
  Replica& replica = replicas_[session_id];
  replica.watched_by = node_id;
  replica.snapshot = std::move(snapshot);
}

void Replicas::Joined(const std::string& node_id, const std::string& session_id,
                      const std::string& member_id, std::uint64_t epoch, std::string snapshot) {
  Replica& replica = replicas_[session_id];
  Taken(replica, member_id, epoch);
  replica.members.insert(node_id + " " + member_id);
  replica.snapshot = std::move(snapshot);
}

void Replicas::JoinedRoom(const std::string& node_id, const std::string& room,
                          const std::string& user_id, std::string snapshot) {
  users_[{room, user_id}] = {node_id, std::move(snapshot)};
}

void Replicas::Left(const std::string& session_id, const std::string& member_id) {
  users_.erase({session_id, member_id});
  const auto found = replicas_.find(session_id);
  if (found == replicas_.end()) return;
  std::erase_if(found->second.members,
                [&](const std::string& member) { return member.ends_with(" " + member_id); });
  Forget(session_id);
  Refresh(session_id);
}

void Replicas::Remember(const std::string& session_id, Kept kept, relay::TimePoint now) {
  const auto found = replicas_.find(session_id);
  if (found == replicas_.end()) return;  // of a room
  kept.id = new_id_();
  remembered_bytes_ += BytesOf(kept);
  terms_.push_back({now + kRememberFor, session_id, kept.id});
  found->second.kept.push_back(std::move(kept));
  while (remembered_bytes_ > kMaxRememberedBytes) DropOldest();
}

void Replicas::DropOld(relay::TimePoint now) {
  while (!terms_.empty() && terms_.front().until <= now) DropOldest();
}

void Replicas::DropOldest() {
  const Term term = std::move(terms_.front());
  terms_.pop_front();
  const auto found = replicas_.find(term.session_id);
  if (found == replicas_.end()) return;
  EraseKept(found->second, [&](const Kept& kept) { return kept.id == term.kept; });
  Forget(term.session_id);
}

template <typename Condition>
void Replicas::EraseKept(Replica& replica, Condition condition) {
  std::erase_if(replica.kept, [&](const Kept& kept) {
    if (!condition(kept)) return false;
    remembered_bytes_ -= BytesOf(kept);
    return true;
  });
}

void Replicas::Taken(Replica& replica, const std::string& member_id, std::uint64_t epoch) {
  EraseKept(replica,
            [&](const Kept& kept) { return kept.member_id == member_id && kept.epoch < epoch; });
}

void Replicas::OnMessage(const std::string& node_id, const relay::NodeMessage& message) {
  if (message.kind == relay::NodeMessage::Kind::kTakenOver) {
    const auto user = users_.find({message.session_id, message.member_id});
    if (user != users_.end() && user->second.node == node_id) users_.erase(user);
  }
  const auto found = replicas_.find(message.session_id);
  if (found == replicas_.end()) return;
  switch (message.kind) {
    case relay::NodeMessage::Kind::kEnded:
      EraseKept(found->second, [](const Kept&) { return true; });
      replicas_.erase(found);
      return;
    case relay::NodeMessage::Kind::kWatchMoved:
      if (found->second.watched_by == node_id) found->second.watched_by.clear();
      return Forget(message.session_id);
    case relay::NodeMessage::Kind::kTakenOver:
      found->second.members.erase(node_id + " " + message.member_id);
      Forget(message.session_id);
      break;
    case relay::NodeMessage::Kind::kPlaced:
      Taken(found->second, message.member_id, message.place.epoch);
      break;
    case relay::NodeMessage::Kind::kDeliver:
    case relay::NodeMessage::Kind::kEvent:
      break;
  }
  Refresh(message.session_id);
}

void Replicas::Forget(const std::string& session_id) {
  const auto found = replicas_.find(session_id);
  if (found == replicas_.end()) return;
  const Replica& replica = found->second;
  if (replica.watched_by.empty() && replica.members.empty() && replica.kept.empty()) {
    replicas_.erase(found);
  }
}

void Replicas::Refresh(const std::string& session_id) {
  const auto replica = replicas_.find(session_id);
  if (replica == replicas_.end()) return;
  // At most one is under way, however fast a large room changes.
  replica->second.again = replica->second.fetching;
  if (std::exchange(replica->second.fetching, true)) return;
  runner_.Run(Step::kSnapshot, keys_.ShardOf(session_id), {session_id},
              [this, session_id](StepResult result) {
                const auto found = replicas_.find(session_id);
                if (found == replicas_.end()) return;
                found->second.fetching = false;
                if (found->second.again) return Refresh(session_id);
                if (result.error == relay::StoreError::kNotFound) {
                  EraseKept(found->second, [](const Kept&) { return true; });
                  replicas_.erase(found);
                } else if (!result.error) {
                  FieldReader fields(std::move(result.fields));
                  std::string snapshot = fields.Text();
                  if (fields.ok()) found->second.snapshot = std::move(snapshot);
                }
              });
}

void Replicas::Restore(std::function<void(bool)> done) {
  auto restoring = std::make_shared<Restoring>();
  restoring->left = keys_.shards();
  restoring->stores = stores_;
  restoring->done = std::move(done);
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    runner_.Run(Step::kHello, shard, {new_id_(), stores_[shard]},
                [this, shard, restoring](StepResult result) {
                  FieldReader fields(std::move(result.fields));
                  const std::string id = result.error ? std::string() : fields.Text();
                  if (!id.empty()) OnHello(shard, id, *restoring);
                  Answered(restoring, !id.empty());
                });
  }
}

void Replicas::OnHello(std::size_t shard, const std::string& id, Restoring& restoring) {
  restoring.stores[shard] = id;
  if (stores_[shard].empty() || stores_[shard] == id) return;
  for (const auto& [session_id, replica] : replicas_) {
    if (keys_.ShardOf(session_id) == shard) restoring.names.push_back({session_id, {}});
  }
  for (const auto& [name, user] : users_) {
    if (keys_.ShardOf(name.first) == shard) restoring.names.push_back(name);
  }
}

std::string Replicas::SnapshotOf(const Name& name) const {
  if (!name.second.empty()) {
    const auto user = users_.find(name);
    return user == users_.end() ? std::string() : user->second.snapshot;
  }
  const auto replica = replicas_.find(name.first);
  return replica == replicas_.end() ? std::string() : replica->second.snapshot;
}

void Replicas::Answered(const std::shared_ptr<Restoring>& restoring, bool ok) {
  restoring->ok = restoring->ok && ok;
  --restoring->left;
  while (!restoring->names.empty() && restoring->left < kRestoresAtOnce) {
    const Name name = std::move(restoring->names.back());
    restoring->names.pop_back();
    std::string snapshot = SnapshotOf(name);
    if (snapshot.empty()) continue;
    const std::size_t shard = keys_.ShardOf(name.first);
    const auto bring = [&](Step step, std::vector<std::string> args) {
      ++restoring->left;
      runner_.Run(step, shard, std::move(args), [this, restoring](const StepResult& result) {
        Answered(restoring, !result.error);
      });
    };
    bring(Step::kRestore, {name.first, std::move(snapshot)});
    const auto session = replicas_.find(name.first);
    if (!name.second.empty() || session == replicas_.end()) continue;
    for (const Kept& kept : session->second.kept) bring(Step::kKeepAgain, ArgsOf(name.first, kept));
  }
  if (restoring->left > 0) return;
  // Else all of it is brought again the next time.
  if (restoring->ok) stores_ = std::move(restoring->stores);
  restoring->done(restoring->ok);
}

}  // namespace pairwire::redis
