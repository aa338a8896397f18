// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// ReplayedState: what the event log (event_log.h) tells of the present: fold all of its events in
// their order, and this is which sessions, members and nodes the store has. The contract suite
// compares the two after random steps.
//
// A log whose beginning is gone tells less: what happens to a session that is not known makes it
// known, with the members that are named from then on.
//
// Not here: reading the log, and what no event tells: codes, names, texts, due times.
#ifndef PAIRWIRE_SIGNALING_STORE_REPLAY_H_
#define PAIRWIRE_SIGNALING_STORE_REPLAY_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "signaling/store/event_log.h"

namespace pairwire::relay {

// Values only. Holds as much as the relay it is told of: an ended session goes at once.
class ReplayedState {
 public:
  struct Member {
    std::string role;     // "display", "controller", "user"; empty: the log began later
    std::string node_id;  // where its socket is; empty: it has none
    bool joined = false;  // it has had one
  };
  struct Session {
    bool room = false;
    bool paired = false;  // a room is
    std::map<std::string, Member> members;
  };

  // Types that are not known (a newer relay's) change nothing.
  void Apply(const LoggedEvent& event);

  const std::map<std::string, Session>& sessions() const { return sessions_; }
  const std::set<std::string>& nodes() const { return nodes_; }
  // Sessions whose code was never claimed.
  std::size_t waiting() const;

 private:
  std::map<std::string, Session> sessions_;
  std::set<std::string> nodes_;
};

// An id as part of a line: in quotes and escaped where a client chose something that would look
// like more than one word, or like another line.
std::string ShownId(const std::string& id);

// One line for each node, session and member, in the order of their ids, without indentation:
//   node=a
//   session=s_1 state=paired
//   session=s_1 member=c_1 role=controller state=there node=a     (or: awaited, away)
std::string ToText(const ReplayedState& state);

}  // namespace pairwire::relay

#endif  // PAIRWIRE_SIGNALING_STORE_REPLAY_H_
