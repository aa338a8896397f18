// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// LocalGenerations: our own ICE generations (RFC 8445 sections 2.4 and 9): the one in force, the
// one that a restart of an exchange not yet complete gathers for, and the one that a description
// names which was made and not yet applied; with the candidates found for each.
//
//   For(true): prepared --Start--> pending --Complete--> current
//                                     +----Rollback----> gone, with its candidates
//
// The very first is current from the beginning: a first offer that is rolled back keeps it. What
// calls for a new generation is negotiation.h.
#ifndef PAIRWIRE_PEER_CONNECTION_LOCAL_GENERATIONS_H_
#define PAIRWIRE_PEER_CONNECTION_LOCAL_GENERATIONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer/connection/offer_answer.h"

namespace pairwire {

// One generation as its owner sees it.
struct LocalGeneration {
  std::uint32_t number = 0;  // from 1, never used twice
  IceParameters ice;

  bool operator==(const LocalGeneration&) const = default;
};

class LocalGenerations {
 public:
  struct Entry {
    LocalGeneration generation;
    bool gathering = false;               // Start was called
    std::vector<std::string> candidates;  // at most sdp::kMaxCandidates
    bool done = false;
  };
  struct Started {
    bool dropped = false;  // the pending one made room for another
    std::optional<LocalGeneration> gather;
  };

  // `make` is called once for each generation, when a description first names it.
  explicit LocalGenerations(std::function<IceParameters()> make) : make_(std::move(make)) {}

  // What the next description names: with `anew` the prepared one, else the pending one, else the
  // current one. The same until Start, Rollback or Complete.
  const LocalGeneration& For(bool anew);

  // A description that names `number` was applied. Must be one that For returned since.
  Started Start(std::uint32_t number);
  // True when a generation that had started is gone.
  bool Rollback();
  // The exchange is complete: the pending one is in force.
  void Complete();

  bool has_pending() const { return pending_.has_value(); }
  // Of the pending one, else the current one; 0 before the first.
  std::uint32_t latest() const;
  // Null for one that is neither current nor pending.
  const Entry* Find(std::uint32_t number) const;

  // Keeps a candidate line; an empty one is end-of-candidates. The generation, or null when it is
  // neither current nor pending.
  const LocalGeneration* AddCandidate(std::uint32_t number, const std::string& line);

 private:
  Entry Make();

  std::function<IceParameters()> make_;
  std::uint32_t last_number_ = 0;
  std::optional<Entry> current_;
  std::optional<Entry> pending_;
  std::optional<Entry> prepared_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_PEER_CONNECTION_LOCAL_GENERATIONS_H_
