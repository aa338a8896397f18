// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Reconnection: a socket that breaks comes back, at another node where there is one, and gets what
// was sent meanwhile, once and in order; a newer socket takes over from an older one; who stays
// away is missed once.
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/load/probe.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"

namespace pairwire::load {
namespace {

constexpr int kKept = 8;

std::string Candidate(int number) {
  return R"({"type":"webrtc:ice-candidate","id":"c)" + std::to_string(number) +
         R"(","data":{"candidate":"n)" + std::to_string(number) + R"("}})";
}

// True when exactly these come, in this order.
bool ReadsInOrder(MemberProbe& probe, int first, int last) {
  for (int number = first; number <= last; ++number) {
    const auto got = probe.Read(protocol::kWebrtcIceCandidate);
    if (!got || got->data.text != R"({"candidate":"n)" + std::to_string(number) + R"("})") {
      return false;
    }
  }
  return probe.Count(protocol::kWebrtcIceCandidate) == 0;
}

// True when what comes ends with `last` and counts up to it one by one, wherever it begins.
bool ReadsOnTo(MemberProbe& probe, int last) {
  int expected = 0;  // not known yet
  while (true) {
    const auto got = probe.Read(protocol::kWebrtcIceCandidate);
    constexpr std::string_view kBefore = R"({"candidate":"n)";
    if (!got || got->data.text.size() <= kBefore.size()) return false;
    const int number = std::atoi(got->data.text.c_str() + kBefore.size());
    if (expected != 0 && number != expected) return false;
    if (number == last) return probe.Count(protocol::kWebrtcIceCandidate) == 0;
    expected = number + 1;
  }
}

void CheckBrokenSocket(Stage& stage, Couple& couple, bool resumes, Checks& checks) {
  const std::string how = resumes ? " (with resume)" : " (without resume)";
  MemberProbe& display = couple.a();
  MemberProbe& controller = couple.b();
  controller.Send(Candidate(0));
  const auto before = display.Read(protocol::kWebrtcIceCandidate);
  if (!checks.Expect(before && !before->id.empty(), "a message arrives with a number" + how)) {
    return;
  }
  display.Break();
  bool all_acked = true;
  for (int number = 1; number <= kKept; ++number) {
    controller.Send(Candidate(number));
    const auto ack = controller.Read(protocol::kAck);
    all_acked = all_acked && ack;
  }
  checks.Expect(all_acked, "messages to an absent member are accepted" + how);
  const std::size_t elsewhere = stage.other_relay(couple.display.relay);
  checks.Expect(display.Join(elsewhere, couple.display.token) == 101, "it comes back" + how);
  if (resumes) {
    display.Send(R"({"type":"resume","id":"r","data":{"resumeToken":")" +
                 couple.display_resume_token + R"(","lastId":")" + before->id + R"("}})");
  } else {
    display.Send(R"({"type":"heartbeat"})");
  }
  if (resumes) {
    checks.Expect(ReadsInOrder(display, 1, kKept),
                  "it gets what was sent meanwhile, once and in order" + how);
    controller.Send(Candidate(kKept + 1));
    checks.Expect(ReadsInOrder(display, kKept + 1, kKept + 1), "and what is sent then" + how);
  } else {
    // What went into the broken socket before the relay knew (a proxy tells it late) is lost to
    // who does not resume; what comes has no gap and no double.
    controller.Send(Candidate(kKept + 1));
    checks.Expect(ReadsOnTo(display, kKept + 1), "what comes has neither gap nor double" + how);
  }
  checks.Expect(controller.Count(protocol::kUserLeft) == 0, "nobody was told that it left" + how);
}

void CheckTakeover(Stage& stage, Couple& couple, Checks& checks) {
  MemberProbe newer(stage);
  checks.Expect(newer.Join(couple.display.relay, couple.display.token) == 101,
                "a second socket of the same member opens");
  checks.Expect(couple.a().WaitForClose() == protocol::kCloseTakenOver,
                "the first is closed with 4001");
  checks.Expect(newer.Read(protocol::kWelcome).has_value(), "the second is welcomed");
  couple.b().Send(Candidate(1));
  checks.Expect(newer.Read(protocol::kWebrtcIceCandidate).has_value(), "messages go to the second");
}

void CheckDeparture(Stage& stage, Checks& checks) {
  auto couple = MakeCouple(stage, 2);
  if (!checks.Expect(couple.has_value(), "a display and two controllers join")) return;
  couple->b().Break();
  MemberProbe& display = couple->a();
  checks.Expect(display.Read(protocol::kUserLeft).has_value(),
                "a member that stays away is missed");
  stage.RunFor(std::chrono::milliseconds(500));
  checks.Expect(display.Count(protocol::kUserLeft) == 0, "once");
  stage.End({couple->display});
}

}  // namespace

void CheckReconnect(Stage& stage, Checks& checks) {
  for (const bool resumes : {true, false}) {
    auto couple = MakeCouple(stage);
    if (!checks.Expect(couple.has_value(), "a display and a controller join")) return;
    CheckBrokenSocket(stage, *couple, resumes, checks);
    stage.End({couple->display});
  }
  auto couple = MakeCouple(stage);
  if (!checks.Expect(couple.has_value(), "a display and a controller join")) return;
  CheckTakeover(stage, *couple, checks);
  stage.End({couple->display});
  CheckDeparture(stage, checks);
}

}  // namespace pairwire::load
