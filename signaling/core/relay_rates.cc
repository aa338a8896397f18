// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Rates that all nodes of a relay hold together (store/rates.h), in one atomic check each: what an
// address may register and guess, what is guessed of one code and in all, how often one session or
// user may open a socket. A node's own guard (code_guard.h) is asked first and costs no round trip,
// so that a flood does not reach the store; it never allows less than its share here.
//
// When the store cannot be reached nobody gets in: a guesser who can cut the nodes off from it must
// not gain by that.
//
// Not here: messages of a socket. A member has one socket, so its node alone can count them.
#include <algorithm>
#include <utility>

#include "signaling/core/relay_impl.h"

namespace pairwire::relay {

using protocol::ProblemCode;

namespace {

// A lock's end is nearer than an hour; seconds are what HTTP can say.
std::chrono::seconds RetryOf(const RateAnswer& answer) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(answer.retry_after),
                  std::chrono::seconds(1));
}

RateQuery Query(const char* scope, std::string key, const RateLimit& limit, RateQuery::Mode mode) {
  return {scope, std::move(key), limit, 1, mode};
}

// Wrong codes of an address within the window, as a rate: so many at once, refilled over it.
RateLimit LockLimit(const CodeGuardOptions& codes) {
  const auto most = static_cast<double>(codes.lock_after);
  return {most / static_cast<double>(codes.lock_window.count()), most};
}

// The order of the queries of a try.
constexpr std::uint32_t kAddressRefuses = 1;
constexpr std::uint32_t kCodeRefuses = 2;
constexpr std::uint32_t kLockRefuses = 8;

}  // namespace

void Relay::Impl::CheckShared(std::string scope, std::string key, const RateLimit& limit,
                              std::string detail, Then then,
                              std::function<void(protocol::Problem)> refuse) {
  rates_.Check({{std::move(scope), std::move(key), limit, 1, RateQuery::Mode::kTake}}, now_,
               Guarded([this, detail = std::move(detail), then = std::move(then),
                        refuse = std::move(refuse)](StoreResult<RateAnswer> answer) {
                 if (!answer) return refuse(Problem(answer.error()).value());
                 if (answer->allowed) return then();
                 refuse(Problem(ProblemCode::kRateLimited, detail, RetryOf(*answer)).value());
               }));
}

void Relay::Impl::CheckSharedCodes(std::shared_ptr<PairAttempt> attempt) {
  using Mode = RateQuery::Mode;
  const CodeGuardOptions& codes = options_.codes;
  const std::string address = AddressKey(attempt->ip);
  const bool proven = attempt->paid == CodeGuard::Paid::kProven;
  std::vector<RateQuery> queries = {
      Query("pair", address, codes.per_address, Mode::kPeek),
      Query("pair-code", attempt->request.code, options_.wrong_per_code, Mode::kTake),
      proven ? Query("pair-proven", "", codes.proven, Mode::kTake)
             : Query("pair-all", "", codes.in_all, Mode::kTake)};
  // A proof opens a lock.
  if (!proven && codes.lock_after > 0) {
    queries.push_back(Query("pair-lock", address, LockLimit(codes), Mode::kPeek));
  }
  rates_.Check(std::move(queries), now_, Guarded([this, attempt](StoreResult<RateAnswer> answer) {
                 OnSharedCodes(attempt, std::move(answer));
               }));
}

void Relay::Impl::OnSharedCodes(const std::shared_ptr<PairAttempt>& attempt,
                                StoreResult<RateAnswer> answer) {
  if (answer && answer->allowed) return ClaimFor(attempt);
  if (!answer) {
    codes_.OnOther(attempt->paid);
    return attempt->reply(Problem(answer.error()));
  }
  // No proof opens these.
  const bool for_good = (answer->refused & (kAddressRefuses | kCodeRefuses)) != 0;
  if (!for_good && attempt->paid == CodeGuard::Paid::kInAll &&
      codes_.Prove(attempt->ip, attempt->request.proof, now_)) {
    attempt->paid = CodeGuard::Paid::kProven;
    ++counters_.proofs_accepted;
    return CheckSharedCodes(attempt);
  }
  codes_.OnOther(attempt->paid);
  ++counters_.pairings_limited;
  const bool locked = (answer->refused & kLockRefuses) != 0;
  const bool of_address = locked || (answer->refused & kAddressRefuses) != 0;
  const char* detail = of_address ? "too many wrong codes from this address"
                       : for_good ? "too many tries of this code"
                                  : "too many wrong codes";
  auto problem = Problem(ProblemCode::kRateLimited, detail, RetryOf(*answer));
  if (!for_good) {
    problem.value().proof_of_work = codes_.Challenge(attempt->ip, locked, now_);
  }
  attempt->reply(std::move(problem));
}

void Relay::Impl::ChargeShared(const PairAttempt& attempt) {
  const std::string address = AddressKey(attempt.ip);
  std::vector<RateQuery> queries = {
      Query("pair", address, options_.codes.per_address, RateQuery::Mode::kCharge)};
  if (options_.codes.lock_after > 0) {
    queries.push_back(
        Query("pair-lock", address, LockLimit(options_.codes), RateQuery::Mode::kCharge));
  }
  rates_.Check(std::move(queries), now_, Guarded([this](StoreResult<RateAnswer> answer) {
                 // The node's own guard has counted it; the ceiling was paid ahead.
                 if (!answer) ++counters_.store_errors;
               }));
}

void Relay::Impl::ReturnShared(const PairAttempt& attempt) {
  using Mode = RateQuery::Mode;
  const bool proven = attempt.paid == CodeGuard::Paid::kProven;
  rates_.Check({Query("pair-code", attempt.request.code, options_.wrong_per_code, Mode::kGiveBack),
                proven ? Query("pair-proven", "", options_.codes.proven, Mode::kGiveBack)
                       : Query("pair-all", "", options_.codes.in_all, Mode::kGiveBack)},
               now_, Guarded([this](StoreResult<RateAnswer> answer) {
                 if (!answer) ++counters_.store_errors;
               }));
}

}  // namespace pairwire::relay
