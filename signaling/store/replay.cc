// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/store/replay.h"

#include <algorithm>

#include "signaling/protocol/json.h"

namespace pairwire::relay {

void ReplayedState::Apply(const LoggedEvent& event) {
  const std::string& type = event.type;
  if (type == kLoggedNodeUp) {
    nodes_.insert(event.node_id);
    return;
  }
  if (type == kLoggedNodeDown) {
    nodes_.erase(event.node_id);
    return;
  }
  if (type == kLoggedSessionEnded || type == kLoggedRoomClosed) {
    sessions_.erase(event.session_id);
    return;
  }
  if (type == kLoggedMemberLeft) {
    const auto session = sessions_.find(event.session_id);
    if (session != sessions_.end()) session->second.members.erase(event.member_id);
    return;
  }
  const bool about_session = type == kLoggedSessionRegistered || type == kLoggedCodeClaimed ||
                             type == kLoggedRoomOpened || type == kLoggedSessionRestored;
  const bool about_place = type == kLoggedMemberJoined || type == kLoggedMemberDisconnecting ||
                           type == kLoggedMemberRestored;
  if (!about_session && !about_place) return;
  Session& session = sessions_[event.session_id];
  const std::string state = type == kLoggedSessionRestored ? event.reason : std::string();
  session.room = session.room || type == kLoggedRoomOpened || state == "room";
  session.paired =
      session.paired || session.room || type == kLoggedCodeClaimed || state == "paired";
  if (event.member_id.empty()) return;
  Member& member = session.members[event.member_id];
  member.role = event.role;
  if (!about_place) return;
  member.node_id = type == kLoggedMemberDisconnecting ? std::string() : event.node_id;
  member.joined = member.joined || type != kLoggedMemberRestored || !event.reason.empty() ||
                  !member.node_id.empty();
}

std::size_t ReplayedState::waiting() const {
  return static_cast<std::size_t>(
      std::count_if(sessions_.begin(), sessions_.end(),
                    [](const auto& session) { return !session.second.paired; }));
}

std::string ShownId(const std::string& id) {
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
  });
  return plain ? id : protocol::QuoteJson(id);
}

std::string ToText(const ReplayedState& state) {
  std::string text;
  for (const std::string& node : state.nodes()) text += "node=" + node + "\n";
  for (const auto& [id, session] : state.sessions()) {
    const std::string shown = "session=" + ShownId(id);
    text += shown + " state=";
    text += session.room ? "room" : session.paired ? "paired" : "waiting";
    text += "\n";
    for (const auto& [member_id, member] : session.members) {
      text += shown + " member=" + ShownId(member_id);
      if (!member.role.empty()) text += " role=" + member.role;
      if (!member.node_id.empty()) {
        text += " state=there node=" + member.node_id + "\n";
      } else {
        text += member.joined ? " state=away\n" : " state=awaited\n";
      }
    }
  }
  return text;
}

}  // namespace pairwire::relay
