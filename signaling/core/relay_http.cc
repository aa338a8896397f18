// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Registering, pairing, ending: requests that are answered by one step of the store.
#include <utility>

#include "signaling/core/relay_impl.h"
#include "signaling/core/token.h"
#include "signaling/protocol/code.h"
#include "signaling/protocol/events.h"

namespace pairwire::relay {

using protocol::ProblemCode;

std::string Relay::Impl::WsUrl() const {
  return options_.public_ws_url.empty() ? Url("/ws") : options_.public_ws_url;
}

void Relay::Impl::Register(const protocol::RegisterRequest& request, std::string_view client_ip,
                           Reply<protocol::RegisterResponse> reply) {
  if (draining_) return reply(Problem(ProblemCode::kNotReady, "draining", drain_retry_));
  if (!registers_.Take(client_ip, now_)) {
    return reply(Problem(ProblemCode::kRateLimited, "too many registrations from this address",
                         registers_.RetryAfter(client_ip)));
  }
  if (!options_.shared_rates) return RegisterNow(request, std::move(reply));
  const auto asked = std::make_shared<protocol::RegisterRequest>(request);
  CheckShared(
      "register", AddressKey(client_ip), options_.registers_per_address,
      "too many registrations from this address",
      [this, asked, reply] { RegisterNow(*asked, reply); },
      [reply](protocol::Problem problem) { reply(tl::unexpected(std::move(problem))); });
}

void Relay::Impl::RegisterNow(const protocol::RegisterRequest& request,
                              Reply<protocol::RegisterResponse> reply) {
  const std::string secret = NewSecret(random_);
  NewSession session;
  session.session_id = NewId("s_", random_);
  session.member_id = NewId("d_", random_);
  session.display_id = request.display_id.empty() ? NewId("display_", random_) : request.display_id;
  session.design_id = request.design_id;
  session.name = request.name;
  session.token_hash = HashSecret(secret);
  session.max_controllers = std::clamp(request.max_controllers, 1, protocol::kMaxControllers);
  session.plain = request.plain;
  session.codeless = request.codeless;
  for (const std::string& meet : request.meets) session.meets.push_back(HashSecret(meet));
  session.waiting_ttl = options_.waiting_ttl;
  for (std::uint64_t& draw : session.draws) draw = random_.NextUint64();

  protocol::RegisterResponse response;
  response.session_id = session.session_id;
  response.display_id = session.display_id;
  response.display_token = MakeToken(session.session_id, secret);
  response.expires_in = std::chrono::duration_cast<std::chrono::seconds>(options_.waiting_ttl);
  response.events_url = Url("/api/sessions/" + session.session_id + "/events");
  response.poll_url = Url("/api/sessions/" + session.session_id + "/poll");
  response.ws_url = WsUrl();
  response.heartbeat_interval = protocol::kHeartbeatInterval;
  if (options_.connection == ConnectionMode::kImmediate) {
    response.connection = protocol::kConnectImmediate;
  }
  store_.RegisterSession(std::move(session), now_,
                         Guarded([this, response = std::move(response),
                                  reply = std::move(reply)](StoreResult<Registered> registered) {
                           if (!registered) return reply(Problem(registered.error()));
                           ++counters_.sessions_registered;
                           counters_.sessions_replaced += registered->replaced;
                           protocol::RegisterResponse complete = response;
                           complete.code = registered->code;
                           complete.expires_at = protocol::FormatTime(registered->expires_at);
                           reply(std::move(complete));
                         }));
}

void Relay::Impl::Pair(const protocol::PairRequest& request, std::string_view client_ip,
                       Reply<protocol::PairResponse> reply) {
  if (draining_) return reply(Problem(ProblemCode::kNotReady, "draining", drain_retry_));
  if (!request.meet.empty()) return PairByMeet(request, client_ip, std::move(reply));
  auto code = protocol::NormalizeCode(request.code);
  if (!code) return reply(Problem(ProblemCode::kInvalidRequest, code.error().detail));
  // An address pays for wrong codes only, when they are known to be wrong. Guesses that race each
  // other leave it in debt, so they win nothing. The ceiling over all addresses is paid ahead and
  // given back, so that it is never passed.
  CodeGuard::Verdict verdict = codes_.Ask(client_ip, request.proof, now_);
  if (!verdict.allowed) {
    ++counters_.pairings_limited;
    auto problem =
        Problem(ProblemCode::kRateLimited, std::string(verdict.reason), verdict.retry_after);
    problem.value().proof_of_work = std::move(verdict.challenge);
    return reply(std::move(problem));
  }
  if (verdict.paid == CodeGuard::Paid::kProven) ++counters_.proofs_accepted;
  auto attempt = std::make_shared<PairAttempt>();
  attempt->request = request;
  attempt->request.code = std::move(*code);
  attempt->ip = std::string(client_ip);
  attempt->paid = verdict.paid;
  attempt->reply = std::move(reply);
  if (options_.shared_rates) return CheckSharedCodes(std::move(attempt));
  ClaimFor(std::move(attempt));
}

void Relay::Impl::PairByMeet(const protocol::PairRequest& request, std::string_view client_ip,
                             Reply<protocol::PairResponse> reply) {
  constexpr const char* kTooMany = "too many calls by name from this address";
  if (!meets_.Take(client_ip, now_)) {
    ++counters_.meets_limited;
    return reply(Problem(ProblemCode::kRateLimited, kTooMany, meets_.RetryAfter(client_ip)));
  }
  auto attempt = std::make_shared<PairAttempt>();
  attempt->request = request;
  attempt->reply = std::move(reply);
  if (!options_.shared_rates) return ClaimFor(std::move(attempt));
  CheckShared(
      "meet", AddressKey(client_ip), options_.meets_per_address, kTooMany,
      [this, attempt] { ClaimFor(attempt); },
      [this, attempt](protocol::Problem problem) {
        if (problem.code == ProblemCode::kRateLimited) ++counters_.meets_limited;
        attempt->reply(tl::unexpected(std::move(problem)));
      });
}

void Relay::Impl::ClaimFor(std::shared_ptr<PairAttempt> attempt) {
  const protocol::PairRequest& request = attempt->request;
  const std::string secret = NewSecret(random_);
  Claim claim;
  claim.code = request.code;
  const bool by_meet = !request.meet.empty();
  if (by_meet) claim.meet = HashSecret(request.meet);
  claim.member_id = NewId("c_", random_);
  claim.name = request.name;
  claim.token_hash = HashSecret(secret);
  claim.ready_data =
      protocol::ToData(protocol::PairingReady{claim.member_id, request.name, request.hello}).text;
  protocol::Envelope left;
  left.type = protocol::kUserLeft;
  left.data = protocol::ToData(protocol::UserPresence{
      claim.member_id, std::string(ToString(Role::kController)), request.name});
  claim.left_notice = protocol::ToJson(left);
  claim.join_within = options_.join_within;
  const std::string controller_id = claim.member_id;
  store_.ClaimCode(
      std::move(claim), now_,
      Guarded([this, secret, controller_id, attempt, by_meet](StoreResult<Claimed> claimed) {
        if (!claimed && claimed.error() == StoreError::kNotFound) {
          return by_meet ? RefuseMeet(*attempt) : OnWrongCode(*attempt);
        }
        if (!by_meet) {
          codes_.OnOther(attempt->paid);
          if (options_.shared_rates) ReturnShared(*attempt);
        }
        if (!claimed) return attempt->reply(Problem(claimed.error()));
        ++(by_meet ? counters_.meets_ok : counters_.pairings_ok);
        protocol::PairResponse response;
        response.session_id = claimed->session_id;
        response.controller_id = controller_id;
        response.controller_token = MakeToken(claimed->session_id, secret);
        response.ws_url = WsUrl();
        response.display_id = claimed->display_id;
        response.display_name = claimed->display_name;
        attempt->reply(std::move(response));
      }));
}

void Relay::Impl::RefuseMeet(const PairAttempt& attempt) {
  // At once: there is nothing to guess, and whoever asks is waiting for the other end.
  ++counters_.meets_not_found;
  attempt.reply(Problem(ProblemCode::kCodeNotFound, "nobody waits under this name"));
}

void Relay::Impl::OnWrongCode(const PairAttempt& attempt) {
  ++counters_.pairings_failed;
  codes_.OnWrong(attempt.ip, now_);
  if (options_.shared_rates) ChargeShared(attempt);
  RefuseCode(attempt.reply);
}

void Relay::Impl::RefuseCode(Reply<protocol::PairResponse> reply) {
  const auto low = static_cast<std::uint64_t>(options_.wrong_code_delay_min.count());
  const auto high = static_cast<std::uint64_t>(options_.wrong_code_delay_max.count());
  // Whole milliseconds are enough: the lookup that they hide takes less than one.
  const std::uint64_t delay = high <= low ? low : low + random_.NextUint64() % (high - low + 1);
  const std::uint64_t id = ++last_wrong_code_;
  WrongCode& wrong = wrong_codes_[id];
  wrong.reply = std::move(reply);
  if (delay == 0) return OnWrongCodeDue(id);
  deadlines_.Schedule(wrong.due, now_ + std::chrono::milliseconds(delay),
                      {Work::Kind::kWrongCode, id, {}, {}});
}

void Relay::Impl::OnWrongCodeDue(std::uint64_t id) {
  auto found = wrong_codes_.extract(id);
  deadlines_.Cancel(found.mapped().due);
  found.mapped().reply(Problem(ProblemCode::kCodeNotFound, "the code is wrong, expired or used"));
}

void Relay::Impl::EndSession(std::string_view session_id, std::string_view token,
                             Reply<void> reply) {
  const auto parts = SplitToken(token);
  if (!parts || parts->session_id != session_id) {
    return reply(Problem(ProblemCode::kUnauthorized, "not a token of this session"));
  }
  store_.Terminate(parts->session_id, parts->hash, protocol::kReasonEnded, now_,
                   Guarded([this, reply = std::move(reply)](StoreResult<Member> by) {
                     if (!by) return reply(Problem(by.error()));
                     ++counters_.sessions_ended;
                     reply({});
                   }));
}

void Relay::Impl::Heartbeat(std::string_view display_id, std::string_view token,
                            Reply<void> reply) {
  const auto parts = SplitToken(token);
  if (!parts) return reply(Problem(ProblemCode::kUnauthorized, "no token"));
  store_.FindMember(
      parts->session_id, parts->hash, now_,
      Guarded([this, display_id = std::string(display_id),
               reply = std::move(reply)](StoreResult<Member> member) {
        if (!member) return reply(Problem(member.error()));
        if (member->role != Role::kDisplay || member->display_id != display_id) {
          return reply(Problem(ProblemCode::kUnauthorized, "not a token of this display"));
        }
        reply({});
      }));
}

void Relay::Impl::AuthorizeSocket(std::string_view token, Reply<Admitted> reply) {
  if (draining_) return reply(Problem(ProblemCode::kNotReady, "draining", drain_retry_));
  if (sockets_.size() >= options_.max_sockets) {
    return reply(Problem(ProblemCode::kNotReady, "too many sockets", std::chrono::seconds(5)));
  }
  if (users_ != nullptr && IsUserToken(token)) return AuthorizeUser(token, std::move(reply));
  const auto parts = SplitToken(token);
  if (!parts) return reply(Problem(ProblemCode::kUnauthorized, "no token"));
  store_.FindMember(
      parts->session_id, parts->hash, now_,
      Guarded([this, reply = std::move(reply)](StoreResult<Member> member) {
        if (!member) return reply(Problem(member.error()));
        if (!options_.shared_rates) return reply(Admitted{std::move(*member)});
        // After the token was good, so that nobody else uses the session's up.
        CheckShared(
            "socket", member->session_id, options_.sockets_per_session,
            "too many sockets of this session",
            [reply, found = *member] { reply(Admitted{found}); },
            [reply](protocol::Problem problem) { reply(tl::unexpected(std::move(problem))); });
      }));
}

}  // namespace pairwire::relay
