// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// CodeGuard: whether somebody may try a code now, so that codes of a few digits stay safe from
// guessing. What counts are wrong codes; right ones cost nothing, so that a class may enter its
// codes at the same moment.
//
//   an address       5 wrong codes at once, then 10 a minute
//   a bad address    10 wrong codes within 30 minutes: locked until the oldest is 30 minutes old
//   all addresses    240 at once, then 120 a minute; beyond, a proof of work is asked for
//   all with proofs  the same once more; the fuller, the harder the proofs, 18 to 24 bits
//
// A proof opens the ceiling and a lock (several people may share an address), never the rate of its
// own address. So with any number of addresses and any computing power no more than 4 wrong codes a
// second are looked up, and an attack that does not pay for proofs leaves honest people a way in.
//
// Not here: the delay of answers and the codes themselves (relay_http.cc). Pure; one node's view:
// the budgets that hold over all nodes are relay_rates.cc's.
#ifndef PAIRWIRE_SIGNALING_CORE_CODE_GUARD_H_
#define PAIRWIRE_SIGNALING_CORE_CODE_GUARD_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signaling/auth/proof_of_work.h"
#include "signaling/core/rate_limit.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/problem.h"

namespace pairwire::relay {

struct CodeGuardOptions {
  // A person mistypes, a guesser goes on.
  RateLimit per_address{10.0 / 60, 5};
  // With 9-digit codes and 5,000 displays waiting, a guesser with any number of addresses needs
  // more than a day for one hit.
  RateLimit in_all{120.0 / 60, 240};
  RateLimit proven{120.0 / 60, 240};
  // 0: addresses are never locked.
  std::size_t lock_after = 10;
  std::chrono::seconds lock_window{30 * 60};
  // Addresses that failed lately; beyond, the one that failed longest ago is forgotten. An entry
  // costs its owner a wrong code, of which there are 4 a second at most.
  std::size_t max_addresses = 65'536;
  // 2^18 hashes are a tenth of a second of one core and a second of a browser, 2^24 some ten.
  int min_bits = 18;
  int max_bits = 24;
};

class CodeGuard {
 public:
  static constexpr std::size_t kMaxLockAfter = 10;

  CodeGuard(const CodeGuardOptions& options, const auth::ProofOfWork::Secret& secret);

  // What one try was paid with; goes back with its end.
  enum class Paid : std::uint8_t { kInAll, kProven };
  struct Verdict {
    bool allowed = false;
    Paid paid = Paid::kInAll;
    // When not allowed: how long to wait, why, and the proof that would open the way (empty when
    // none would).
    std::chrono::seconds retry_after{0};
    std::string_view reason;
    protocol::ProofChallenge challenge;
  };

  // `ip` is the client's address as text; `proof` may be empty and is used up only when it is what
  // opened the way. One of the three below must follow when it is allowed.
  Verdict Ask(std::string_view ip, const protocol::Proof& proof, TimePoint now);

  // The code was wrong: the address pays.
  void OnWrong(std::string_view ip, TimePoint now);
  // It was right, or nobody knows: what was paid goes back.
  void OnOther(Paid paid);

  // For whoever was let through here but is refused by what the nodes share (relay_rates.cc). A
  // good proof turns what was paid into kProven; false: it is none, or too many came.
  bool Prove(std::string_view ip, const protocol::Proof& proof, TimePoint now);
  protocol::ProofChallenge Challenge(std::string_view ip, bool locked, TimePoint now);

  bool IsLocked(std::string_view ip, TimePoint now) const;
  std::size_t addresses() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    TokenBucket bucket;
    std::array<TimePoint, kMaxLockAfter> failures{};  // a ring
    std::size_t next = 0;
  };

  Entry* Find(const std::string& key);
  // Until when the address is locked; not later than now when it is not.
  TimePoint LockedUntil(const Entry& entry) const;
  int Bits(TimePoint now);

  const CodeGuardOptions options_;
  auth::ProofOfWork proofs_;
  TokenBucket in_all_;
  TokenBucket proven_;
  std::list<Entry> recent_first_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_CORE_CODE_GUARD_H_
