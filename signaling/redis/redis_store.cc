// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/redis/redis_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "signaling/protocol/session_messages.h"

namespace pairwire::redis {

using relay::StoreError;
using relay::StoreResult;

RedisStore::RedisStore(RedisClient& client, ScriptRunner& runner, const RedisKeys& keys,
                       std::function<std::string()> new_id)
    : client_(client),
      runner_(runner),
      keys_(keys),
      replicas_(runner, keys, std::move(new_id)),
      sizes_(keys.shards()) {}

// ---- Nodes ----

void RedisStore::Subscribe(const std::string& node_id, relay::NodeHandler& handler) {
  Unsubscribe(node_id);
  auto inbox = std::make_unique<RedisInbox>(runner_, keys_, replicas_, node_id, handler);
  if (up_) inbox->Begin();
  inboxes_.emplace(node_id, std::move(inbox));
  // It fails beyond 64 Ki channels; a process has one node.
  (void)client_.Subscribe(keys_.InboxChannel(node_id));
}

void RedisStore::Unsubscribe(const std::string& node_id) {
  if (inboxes_.erase(node_id) > 0) client_.Unsubscribe(keys_.InboxChannel(node_id));
}

void RedisStore::OnUp() {
  const std::uint64_t connection = ++connection_;
  try_again_ = false;
  CatchUpAll([this, connection](bool ok) {
    // Else it is lost again, and another OnUp follows.
    if (connection != connection_) return;
    try_again_ = !ok;
    if (!ok) return;
    replicas_.Restore([this, connection](bool restored) {
      if (connection != connection_) return;
      try_again_ = !restored;
      if (!restored) return;
      up_ = true;
      finding_out_ = false;
      for (const auto& [node, inbox] : inboxes_) inbox->handler().OnStoreState(true);
    });
  });
}

void RedisStore::OnDown() {
  ++connection_;
  try_again_ = false;
  if (!std::exchange(up_, false)) return;
  for (const auto& [node, inbox] : inboxes_) inbox->handler().OnStoreState(false);
}

bool RedisStore::OnMessage(std::string_view channel, std::string_view payload) {
  for (const auto& [node, inbox] : inboxes_) {
    if (channel != keys_.InboxChannel(node)) continue;
    inbox->OnPublished(payload);
    return true;
  }
  return false;
}

void RedisStore::OnExpired(std::string_view key) {
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    if (!key.starts_with(keys_.Prefix(shard) + "expire:")) continue;
    for (const auto& [node, inbox] : inboxes_) inbox->handler().OnDueHint();
    return;
  }
}

void RedisStore::CatchUp(std::function<void()> done) {
  CatchUpAll([done = std::move(done)](bool) { done(); });
}

void RedisStore::CatchUpAll(std::function<void(bool)> done) {
  struct Count {
    std::size_t left = 0;
    bool ok = true;
    std::function<void(bool)> done;
  };
  if (inboxes_.empty()) {
    runner_.Post([done = std::move(done)] { done(true); });
    return;
  }
  auto count = std::make_shared<Count>();
  count->left = inboxes_.size();
  count->done = std::move(done);
  for (const auto& [node, inbox] : inboxes_) {
    inbox->CatchUp([count](bool ok) {
      count->ok = count->ok && ok;
      if (--count->left == 0) count->done(count->ok);
    });
  }
}

std::size_t RedisStore::gaps() const {
  std::size_t gaps = 0;
  for (const auto& [node, inbox] : inboxes_) gaps += inbox->gaps();
  return gaps;
}

// ---- Steps ----

template <typename T>
void RedisStore::Run(Step step, std::size_t shard, TimePoint now, std::vector<std::string> args,
                     StoreReply<T> reply, std::function<T(FieldReader&)> parse) {
  if (finding_out_) {
    // What it does not find may be what this node is about to bring.
    return runner_.Post(
        [reply = std::move(reply)] { reply(tl::unexpected(StoreError::kUnavailable)); });
  }
  runner_.Run(step, shard, now, std::move(args),
              [this, shard, reply = std::move(reply), parse = std::move(parse)](StepResult result) {
                FieldReader fields(std::move(result.fields));
                if (result.error) {
                  ReadSizes(shard, fields);
                  return reply(tl::unexpected(*result.error));
                }
                T value = parse(fields);
                // An answer that cannot be read may be one of a step that was done.
                if (!fields.ok()) return reply(tl::unexpected(StoreError::kUnavailable));
                ReadSizes(shard, fields);
                reply(std::move(value));
              });
}

void RedisStore::ReadSizes(std::size_t shard, FieldReader& fields) {
  if (fields.AtEnd()) return;
  FieldReader counts = fields.List();
  relay::StoreSizes sizes;
  sizes.waiting = counts.Number();
  sizes.sessions = sizes.waiting + counts.Number();
  sizes.ended = counts.Number();
  sizes.resting_codes = counts.Number();
  sizes.scheduled = counts.Number();
  sizes.meets = counts.Number();
  if (counts.ok() && counts.AtEnd()) sizes_[shard] = sizes;
}

relay::StoreSizes RedisStore::Sizes() const {
  relay::StoreSizes sum;
  for (const relay::StoreSizes& sizes : sizes_) {
    sum.sessions += sizes.sessions;
    sum.waiting += sizes.waiting;
    sum.ended += sizes.ended;
    sum.resting_codes += sizes.resting_codes;
    sum.scheduled += sizes.scheduled;
    sum.meets += sizes.meets;
  }
  return sum;
}

void RedisStore::RegisterSession(relay::NewSession session, TimePoint now,
                                 StoreReply<relay::Registered> reply) {
  const std::size_t shard = keys_.ShardOf(session.session_id);
  std::vector<std::string> args = {session.session_id,
                                   session.member_id,
                                   session.display_id,
                                   session.design_id,
                                   session.name,
                                   ToText(session.token_hash),
                                   std::to_string(session.max_controllers),
                                   session.plain ? "1" : "0",
                                   ToText(session.waiting_ttl)};
  std::string meets;
  for (const relay::TokenHash& meet : session.meets) meets += ToHex(meet);
  args.push_back(meets);
  args.emplace_back(session.codeless ? "1" : "0");
  for (const std::uint64_t draw : session.draws) args.push_back(keys_.Draw(draw, shard));
  auto born = std::make_shared<std::uint64_t>(0);
  if (!meets.empty() && keys_.shards() > 1) {
    reply = [this, id = std::move(session.session_id), meets = std::move(meets), now, born,
             reply = std::move(reply)](StoreResult<relay::Registered> registered) mutable {
      if (!registered) return reply(std::move(registered));
      ReplaceElsewhere(id, meets, *born, now, std::move(*registered), std::move(reply));
    };
  }
  Run<relay::Registered>(Step::kRegister, shard, now, std::move(args), std::move(reply),
                         [born](FieldReader& fields) {
                           relay::Registered registered;
                           registered.code = fields.Text();
                           registered.expires_at = FromMilliseconds(fields.Number());
                           *born = fields.Number();
                           registered.replaced = fields.Number();
                           return registered;
                         });
}

void RedisStore::ReplaceElsewhere(const std::string& session_id, const std::string& meets,
                                  std::uint64_t born, TimePoint now, relay::Registered registered,
                                  StoreReply<relay::Registered> reply) {
  struct Others {
    std::size_t left = 0;
    bool ok = true;
    relay::Registered registered;
    StoreReply<relay::Registered> reply;
  };
  auto others = std::make_shared<Others>();
  others->left = keys_.shards() - 1;
  others->registered = std::move(registered);
  others->reply = std::move(reply);
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    if (shard == keys_.ShardOf(session_id)) continue;
    Run<std::size_t>(
        Step::kReplace, shard, now, {session_id, meets, std::to_string(born)},
        [others](StoreResult<std::size_t> replaced) {
          others->ok = others->ok && replaced.has_value();
          if (replaced) others->registered.replaced += *replaced;
          if (--others->left > 0) return;
          // Not whole: the older session may still be found instead of this one.
          if (!others->ok) return others->reply(tl::unexpected(StoreError::kUnavailable));
          others->reply(std::move(others->registered));
        },
        [](FieldReader& fields) { return static_cast<std::size_t>(fields.Number()); });
  }
}

void RedisStore::ClaimCode(relay::Claim claim, TimePoint now, StoreReply<relay::Claimed> reply) {
  if (!claim.meet) {
    const std::size_t shard = keys_.ShardOfCode(claim.code);
    return ClaimAt(shard, std::move(claim), now, std::move(reply));
  }
  if (keys_.shards() == 1) return ClaimAt(0, std::move(claim), now, std::move(reply));
  // A meet stands with its session, in whichever shard that is: all are asked.
  struct Search {
    std::size_t left = 0;
    bool ok = true;
    std::optional<std::size_t> found;
    relay::Claim claim;
    StoreReply<relay::Claimed> reply;
  };
  auto search = std::make_shared<Search>();
  search->left = keys_.shards();
  search->claim = std::move(claim);
  search->reply = std::move(reply);
  for (std::size_t shard = 0; shard < keys_.shards(); ++shard) {
    const std::string key = keys_.Prefix(shard) + "meet:" + ToHex(*search->claim.meet);
    runner_.Command(shard, {"GET", key}, [this, shard, search, now](const Result<Reply>& answer) {
      const bool answered = answer && (answer->IsText() || answer->IsNil());
      search->ok = search->ok && answered;
      if (answered && answer->IsText()) search->found = shard;
      if (--search->left > 0) return;
      if (search->found) {
        return ClaimAt(*search->found, std::move(search->claim), now, std::move(search->reply));
      }
      const bool known = search->ok && !finding_out_;
      search->reply(tl::unexpected(known ? StoreError::kNotFound : StoreError::kUnavailable));
    });
  }
}

void RedisStore::ClaimAt(std::size_t shard, relay::Claim claim, TimePoint now,
                         StoreReply<relay::Claimed> reply) {
  Run<relay::Claimed>(
      Step::kClaim, shard, now,
      {std::move(claim.code), std::move(claim.member_id), std::move(claim.name),
       ToText(claim.token_hash), std::move(claim.ready_data), std::move(claim.left_notice),
       ToText(claim.join_within), claim.meet ? ToHex(*claim.meet) : std::string()},
      std::move(reply), [](FieldReader& fields) {
        relay::Claimed claimed;
        claimed.session_id = fields.Text();
        claimed.display_id = fields.Text();
        claimed.display_name = fields.Text();
        return claimed;
      });
}

namespace {

relay::Member ReadMember(const std::string& session_id, FieldReader& fields) {
  relay::Member member;
  member.session_id = session_id;
  member.member_id = fields.Text();
  member.role = fields.Role();
  member.name = fields.Text();
  member.display_id = fields.Text();
  return member;
}

}  // namespace

void RedisStore::FindMember(const std::string& session_id, const relay::TokenHash& token_hash,
                            TimePoint now, StoreReply<relay::Member> reply) {
  Run<relay::Member>(Step::kFind, keys_.ShardOf(session_id), now, {session_id, ToText(token_hash)},
                     std::move(reply),
                     [session_id](FieldReader& fields) { return ReadMember(session_id, fields); });
}

void RedisStore::OpenEvents(const std::string& session_id, const relay::TokenHash& token_hash,
                            const std::string& node_id, std::uint64_t after, TimePoint now,
                            StoreReply<relay::OpenedEvents> reply) {
  Run<relay::OpenedEvents>(Step::kOpenEvents, keys_.ShardOf(session_id), now,
                           {session_id, ToText(token_hash), node_id, std::to_string(after)},
                           std::move(reply), [this, session_id, node_id](FieldReader& fields) {
                             relay::OpenedEvents opened;
                             opened.ended = fields.Flag();
                             opened.epoch = fields.Number();
                             FieldReader events = fields.List();
                             while (events.ok() && !events.AtEnd()) {
                               relay::SessionEvent event;
                               event.id = events.Text();
                               event.type = events.Text();
                               event.data = {events.Text()};
                               opened.events.push_back(std::move(event));
                             }
                             fields.Adopt(events);
                             std::string snapshot = fields.Text();
                             if (fields.ok() && !opened.ended) {
                               replicas_.Watched(node_id, session_id, std::move(snapshot));
                             }
                             return opened;
                           });
}

namespace {

std::vector<relay::KeptText> ReadTexts(FieldReader& fields) {
  std::vector<relay::KeptText> texts;
  FieldReader list = fields.List();
  while (list.ok() && !list.AtEnd()) {
    relay::KeptText text;
    text.id = list.Text();
    text.text = list.Text();
    texts.push_back(std::move(text));
  }
  fields.Adopt(list);
  return texts;
}

}  // namespace

void RedisStore::Join(relay::JoinRequest request, TimePoint now, StoreReply<relay::Joined> reply) {
  const std::string session_id = request.session_id;
  const std::string member_id = request.member_id;
  const std::string node_id = request.node_id;
  const bool room = request.open_room;
  Run<relay::Joined>(
      Step::kJoin, keys_.ShardOf(session_id), now,
      {session_id, member_id, node_id, ToText(request.resume_hash),
       std::move(request.joined_notice), std::move(request.left_notice),
       request.open_room ? "1" : "0", std::move(request.name), std::to_string(request.max_members)},
      std::move(reply), [this, session_id, member_id, node_id, room](FieldReader& fields) {
        relay::Joined joined;
        joined.epoch = fields.Number();
        joined.rejoined = fields.Flag();
        joined.previous_resume_hash = fields.Hash();
        joined.unused_resume_hashes = fields.Hashes();
        joined.previous.node_id = fields.Text();
        joined.previous.epoch = fields.Number();
        const std::string display_id = fields.Text();
        FieldReader present = fields.List();
        while (present.ok() && !present.AtEnd()) {
          auto seats = ParseSeats(present.Text());
          if (!seats) {
            present.Reject();
            break;
          }
          for (relay::Present& other : *seats) {
            other.member.session_id = session_id;
            other.member.display_id = display_id;
            joined.present.push_back(std::move(other));
          }
        }
        fields.Adopt(present);
        joined.kept = ReadTexts(fields);
        joined.given.texts = ReadTexts(fields);
        joined.given.resume_hashes = fields.Hashes();
        std::string snapshot = fields.Text();
        if (fields.ok() && room) {
          replicas_.JoinedRoom(node_id, session_id, member_id, std::move(snapshot));
        } else if (fields.ok()) {
          replicas_.Joined(node_id, session_id, member_id, joined.epoch, std::move(snapshot));
        }
        return joined;
      });
}

void RedisStore::Leave(relay::LeaveRequest request, TimePoint now, StoreReply<bool> reply) {
  std::string unused;
  for (const relay::TokenHash& hash : request.unused_resume_hashes) unused += ToText(hash);
  std::vector<std::string> args = {request.session_id,
                                   request.member_id,
                                   std::to_string(request.epoch),
                                   ToText(request.window),
                                   unused,
                                   request.unheard ? ToText(*request.unheard) : std::string()};
  for (const relay::KeptText& text : request.tail) {
    args.push_back(text.id);
    args.push_back(text.text);
  }
  const std::size_t shard = keys_.ShardOf(request.session_id);
  Replicas::Kept kept;
  kept.member_id = std::move(request.member_id);
  kept.epoch = request.epoch;
  kept.left = true;
  // What an unheard join was given nobody here ever saw.
  kept.window = request.unheard ? std::chrono::milliseconds(0) : request.window;
  kept.unused = std::move(unused);
  kept.texts = std::move(request.tail);
  Run<bool>(Step::kLeave, shard, now, std::move(args), std::move(reply),
            [this, now, session_id = std::move(request.session_id),
             kept = std::move(kept)](FieldReader& fields) {
              const bool left = fields.Flag();
              if (!left) return false;
              if (kept.window.count() > 0) replicas_.Remember(session_id, kept, now);
              replicas_.Left(session_id, kept.member_id);
              return true;
            });
}

void RedisStore::Route(relay::RouteRequest request, TimePoint now,
                       StoreReply<relay::Routed> reply) {
  const std::size_t shard = keys_.ShardOf(request.session_id);
  Run<relay::Routed>(
      Step::kRoute, shard, now,
      {request.session_id, std::move(request.from), std::move(request.to), request.text},
      std::move(reply),
      [this, now, session_id = request.session_id, text = request.text](FieldReader& fields) {
        relay::Routed routed;
        routed.to = fields.Text();
        relay::Place place;
        place.node_id = fields.Text();
        place.epoch = fields.Number();
        routed.kept = fields.Flag();
        if (!routed.kept) {
          routed.place = std::move(place);
        } else if (fields.ok()) {
          Replicas::Kept kept;
          kept.member_id = routed.to;
          kept.epoch = place.epoch;
          kept.texts.push_back({{}, text});
          replicas_.Remember(session_id, std::move(kept), now);
        }
        return routed;
      });
}

void RedisStore::Terminate(const std::string& session_id, const relay::TokenHash& token_hash,
                           std::string_view reason, TimePoint now,
                           StoreReply<relay::Member> reply) {
  const std::string why(reason);
  Run<relay::Member>(Step::kTerminate, keys_.ShardOf(session_id), now,
                     {session_id, ToText(token_hash), why,
                      protocol::ToData(protocol::SessionTerminated{why}).text},
                     std::move(reply),
                     [session_id](FieldReader& fields) { return ReadMember(session_id, fields); });
}

namespace {

// Answers of several shards as one.
template <typename T>
struct Gathered {
  std::size_t left = 0;
  T sum{};
  bool any = false;
  relay::StoreReply<T> reply;

  // Whoever was reached counts; an error only when nobody was.
  void Add(const StoreResult<T>& result, const std::function<void(T&, const T&)>& add) {
    if (result) {
      add(sum, *result);
      any = true;
    }
    if (--left > 0) return;
    reply(any ? StoreResult<T>(sum) : tl::unexpected(StoreError::kUnavailable));
  }
};

}  // namespace

void RedisStore::Heartbeat(std::vector<relay::Touch> members, TimePoint now,
                           StoreReply<std::size_t> reply) {
  if (members.size() > relay::kMaxTouches) members.resize(relay::kMaxTouches);
  std::map<std::size_t, std::vector<std::string>> by_shard;
  std::vector<std::pair<std::size_t, std::vector<std::string>>> batches;
  for (relay::Touch& touch : members) {
    const std::size_t shard = keys_.ShardOf(touch.session_id);
    std::vector<std::string>& args = by_shard[shard];
    args.push_back(std::move(touch.session_id));
    args.push_back(std::move(touch.member_id));
    if (args.size() >= 2 * kTouchesAtOnce) batches.emplace_back(shard, std::exchange(args, {}));
  }
  for (auto& [shard, args] : by_shard) {
    if (!args.empty()) batches.emplace_back(shard, std::move(args));
  }
  if (batches.empty()) {
    runner_.Post([reply = std::move(reply)] { reply(std::size_t{0}); });
    return;
  }
  auto gathered = std::make_shared<Gathered<std::size_t>>();
  gathered->left = batches.size();
  gathered->reply = std::move(reply);
  for (auto& [shard, args] : batches) {
    Run<std::size_t>(
        Step::kTouch, shard, now, std::move(args),
        [gathered](StoreResult<std::size_t> known) {
          gathered->Add(known, [](std::size_t& sum, const std::size_t& one) { sum += one; });
        },
        [](FieldReader& fields) { return static_cast<std::size_t>(fields.Number()); });
  }
}

void RedisStore::ClaimDue(TimePoint now, std::size_t limit, StoreReply<relay::DueReport> reply) {
  if (up_) replicas_.DropOld(now);
  // The server is there and refused something; it may not for ever.
  if (try_again_) OnUp();
  auto gathered = std::make_shared<Gathered<relay::DueReport>>();
  gathered->left = keys_.shards();
  gathered->reply = std::move(reply);
  std::vector<std::string> nodes;
  for (const auto& [node, inbox] : inboxes_) nodes.push_back(node);
  // Even shares; who gets the odd ones changes, so that a small limit starves no shard.
  const std::size_t shards = keys_.shards();
  const std::size_t first = next_share_++;
  for (std::size_t shard = 0; shard < shards; ++shard) {
    const bool odd = (shard + first) % shards < limit % shards;
    std::vector<std::string> args = {std::to_string(limit / shards + (odd ? 1 : 0))};
    args.insert(args.end(), nodes.begin(), nodes.end());
    Run<relay::DueReport>(
        Step::kClaimDue, shard, now, std::move(args),
        [gathered](StoreResult<relay::DueReport> report) {
          gathered->Add(report, [](relay::DueReport& sum, const relay::DueReport& one) {
            sum.expired_sessions += one.expired_sessions;
            sum.departed_members += one.departed_members;
            sum.ended_sessions += one.ended_sessions;
            sum.departed_nodes += one.departed_nodes;
            sum.more = sum.more || one.more;
          });
        },
        [this, shard, nodes](FieldReader& fields) {
          relay::DueReport report;
          report.expired_sessions = fields.Number();
          report.departed_members = fields.Number();
          report.ended_sessions = fields.Number();
          report.departed_nodes = fields.Number();
          report.more = fields.Flag();
          CompareInboxes(shard, nodes, fields.List());
          return report;
        });
  }
}

void RedisStore::CompareInboxes(std::size_t shard, const std::vector<std::string>& nodes,
                                FieldReader last) {
  for (const std::string& node : nodes) {
    const std::uint64_t number = last.Number();
    const auto inbox = inboxes_.find(node);
    if (last.ok() && inbox != inboxes_.end()) inbox->second->Compare(shard, number);
  }
}

}  // namespace pairwire::redis
