// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// WebSocket connection: who gets in and how, what the relay says first, and how it ends.
#include <array>
#include <string>

#include "signaling/load/crowd.h"
#include "signaling/load/probe.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::load {
namespace {

void CheckTokens(Stage& stage, const Display& display, Checks& checks) {
  struct Way {
    TokenPlace place;
    const char* name;
  };
  constexpr std::array<Way, 3> kWays = {{{TokenPlace::kBearer, "Authorization"},
                                         {TokenPlace::kSubprotocol, "the sub-protocol"},
                                         {TokenPlace::kCookie, "the cookie"}}};
  for (const Way& way : kWays) {
    MemberProbe probe(stage);
    const std::string name(way.name);
    const bool in = checks.Expect(probe.Join(display.relay, display.token, way.place) == 101,
                                  "a token in " + name + " opens the socket");
    if (!in) continue;
    checks.Expect(probe.socket().chosen_subprotocol() == protocol::kSubprotocol,
                  "the relay chooses its sub-protocol, not the token: " + name);
    const auto welcome = probe.Read(protocol::kWelcome);
    const auto data = welcome ? protocol::ParseWelcome(welcome->data)
                              : Result<protocol::Welcome>(Fail(Errc::kTimedOut));
    checks.Expect(data && data->session_id == display.session_id && !data->resume_token.empty(),
                  "the first message is a welcome: " + name);
    checks.Expect(probe.Ping(), "a ping is answered: " + name);
    probe.Send(R"({"type":"heartbeat","id":"beat"})");
    const auto ack = probe.Read(protocol::kAck);
    checks.Expect(ack && ack->id == "beat", "a heartbeat is acknowledged: " + name);
    probe.Leave();
  }
  MemberProbe stranger(stage);
  checks.Expect(stranger.Join(display.relay, {}, TokenPlace::kNowhere) == 401,
                "without a token the answer is 401");
  std::string wrong = display.token;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  // The last letter of a base64url secret carries two bits; one before it carries six.
  wrong[wrong.size() - 2] = wrong[wrong.size() - 2] == 'A' ? 'B' : 'A';
  checks.Expect(stranger.Join(display.relay, wrong) == 401, "with a wrong token it is 401 too");
}

void CheckEnd(Stage& stage, Checks& checks) {
  auto couple = MakeCouple(stage);
  if (!checks.Expect(couple.has_value(), "a display and a controller join")) return;
  checks.Expect(stage.End({couple->display}) == 1, "a session is ended by DELETE");
  for (MemberProbe* end : {&couple->a(), &couple->b()}) {
    checks.Expect(end->Read(protocol::kSessionTerminated).has_value(),
                  "each end hears session:terminated");
    checks.Expect(end->WaitForClose() == protocol::kCloseNormal, "then its socket closes normally");
  }
}

// Very many at once: all get in.
class ManySockets final : private MemberSocket::Events {
 public:
  static void Check(Stage& stage, Checks& checks) {
    ManySockets many;
    const std::size_t count = stage.options().displays;
    const auto displays = stage.Register(count);
    if (!checks.Expect(displays.has_value(), "displays register")) return;
    std::vector<Seat> seats;
    for (const Display& display : *displays) seats.push_back({display.relay, display.token});
    SocketCrowd crowd(stage, many);
    const TimePoint start = Clock::now();
    const auto joined = crowd.Join(seats);
    const double seconds = Seconds(Clock::now() - start);
    checks.Count(count, crowd.joined(), "sockets open, " + std::to_string(count) + " at once");
    if (joined) {
      checks.Note(std::to_string(static_cast<int>(static_cast<double>(count) / seconds)) +
                  " sockets/s");
    }
    crowd.LeaveAll();
    stage.End(*displays);
  }

 private:
  void OnJoined(MemberSocket& /*socket*/, int /*status*/) override {}
  void OnText(MemberSocket& /*socket*/, std::string_view /*text*/) override {}
  void OnLeft(MemberSocket& /*socket*/, int /*code*/) override {}
};

}  // namespace

void CheckSockets(Stage& stage, Checks& checks) {
  const auto display = stage.RegisterOne();
  if (!checks.Expect(display.has_value(), "a display registers")) return;
  CheckTokens(stage, *display, checks);
  stage.End({*display});
  CheckEnd(stage, checks);
  ManySockets::Check(stage, checks);
}

}  // namespace pairwire::load
