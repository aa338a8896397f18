// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Type safety: what follows the protocol passes unchanged, what does not is refused by a clear
// error, and neither costs the sender its socket.
#include <array>
#include <string>

#include "signaling/load/probe.h"
#include "signaling/load/suite.h"
#include "signaling/protocol/events.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/session_messages.h"

namespace pairwire::load {
namespace {

struct Malformed {
  const char* what;
  std::string text;
  std::string_view code;
};

std::vector<Malformed> MalformedTexts() {
  std::string deep = R"({"type":"webrtc:offer","data":{"a":)";
  for (int i = 0; i < protocol::kMaxJsonDepth; ++i) deep += '[';
  for (int i = 0; i < protocol::kMaxJsonDepth; ++i) deep += ']';
  deep += "}}";
  const std::string large = R"({"type":"webrtc:offer","data":{"sdp":")" +
                            std::string(protocol::kMaxDataBytes, 'x') + R"("}})";
  return {
      {"half an object", "{", "invalid_request"},
      {"an array", "[]", "invalid_request"},
      {"no type", R"({"data":{}})", "invalid_request"},
      {"a number as type", R"({"type":1,"data":{}})", "invalid_request"},
      {"an offer without data", R"({"type":"webrtc:offer"})", "invalid_request"},
      {"an offer whose data is a list", R"({"type":"webrtc:offer","data":[]})", "invalid_request"},
      {"a number as target", R"({"type":"webrtc:offer","to":5,"data":{}})", "invalid_request"},
      {"a key twice", R"({"type":"webrtc:offer","data":{},"data":{}})", "invalid_request"},
      {"nesting beyond the limit", deep, "invalid_request"},
      {"data beyond the limit", large, "payload_too_large"},
      {"a type that nobody knows", R"({"type":"nonsense","data":{}})", "unknown_type"},
      {"a type that only the relay sends", R"({"type":"welcome","data":{}})", "unknown_type"},
      {"a target that is not there", R"({"type":"webrtc:offer","to":"nobody","data":{}})",
       "unknown_target"},
  };
}

void CheckMalformed(MemberProbe& sender, Checks& checks) {
  for (const Malformed& malformed : MalformedTexts()) {
    const std::string what = std::string(malformed.what) + " is answered by " +
                             std::string(malformed.code) + " and no more";
    if (!checks.Expect(sender.Send(malformed.text), "the socket is open")) return;
    const auto error = sender.Read(protocol::kError);
    const auto problem = error ? protocol::ParseErrorData(error->data)
                               : Result<protocol::Problem>(Fail(Errc::kTimedOut));
    checks.Expect(
        problem && protocol::ToString(problem->code) == malformed.code && sender.is_joined(), what);
  }
}

void CheckCarried(MemberProbe& from, MemberProbe& to, const std::string& from_id, Checks& checks) {
  constexpr std::array<std::string_view, 3> kTypes = {
      protocol::kWebrtcOffer, protocol::kWebrtcAnswer, protocol::kWebrtcIceCandidate};
  // Blanks, escapes, letters beyond ASCII, a number that a double can not hold: nothing is touched.
  constexpr std::string_view kData =
      R"({ "sdp" : "v=0\r\n\u00e9 ü \"", "n":12345678901234567890.10, "nested":{"a":[1,null,true]}})";
  for (const std::string_view type : kTypes) {
    const std::string text = R"({"type":")" + std::string(type) +
                             R"(","id":"mark-1","from":"forged","data":)" + std::string(kData) +
                             "}";
    from.Send(text);
    const auto got = to.Read(type);
    const std::string name(type);
    checks.Expect(got.has_value(), name + " arrives");
    checks.Expect(got && got->data.text == kData, name + " arrives byte for byte");
    checks.Expect(got && got->from == from_id, name + " tells its true sender");
    const auto ack = from.Read(protocol::kAck);
    checks.Expect(ack && ack->id == "mark-1", name + " is acknowledged");
  }
}

void CheckRequests(Stage& stage, Checks& checks) {
  struct Wrong {
    const char* what;
    Request request;
    int status;
    const char* code;
  };
  const std::string large = R"({"name":")" + std::string(protocol::kMaxBodyBytes, 'x') + R"("})";
  const std::array<Wrong, 6> wrongs = {{
      {"a register body that is no object",
       {"POST", "/api/sessions/register", {}, "[]", {}},
       400,
       "invalid_request"},
      {"a register body with a number as name",
       {"POST", "/api/sessions/register", {}, R"({"name":5})", {}},
       400,
       "invalid_request"},
      {"a body beyond the limit",
       {"POST", "/api/sessions/register", {}, large, {}},
       413,
       "payload_too_large"},
      {"a pair body without a code",
       {"POST", "/api/sessions/pair", {}, "{}", {}},
       400,
       "invalid_request"},
      {"a code that nobody has",
       {"POST", "/api/sessions/pair", {}, R"({"code":"000000000"})", {}},
       404,
       "code_not_found"},
      {"a path that is not there", {"GET", "/api/nothing", {}, {}, {}}, 404, "not_found"},
  }};
  for (const Wrong& wrong : wrongs) {
    const Response response = stage.Call(0, wrong.request);
    checks.Expect(response.status == wrong.status && ProblemCodeOf(response) == wrong.code,
                  std::string(wrong.what) + " is answered by " + std::to_string(wrong.status) +
                      " " + wrong.code);
  }
}

}  // namespace

void CheckTypes(Stage& stage, Checks& checks) {
  auto couple = MakeCouple(stage);
  if (!checks.Expect(couple.has_value(), "a display and a controller join")) return;
  CheckCarried(couple->b(), couple->a(), couple->controllers[0].id, checks);
  CheckMalformed(couple->b(), checks);
  // After all that the socket works as before, the other way too.
  const auto joined = couple->a().is_joined() && couple->b().is_joined();
  checks.Expect(joined, "both sockets are still open");
  couple->a().Send(R"({"type":"webrtc:answer","data":{"sdp":"still here"}})");
  checks.Expect(couple->b().Read(protocol::kWebrtcAnswer).has_value(),
                "messages still pass the other way");
  CheckRequests(stage, checks);
  stage.End({couple->display});
}

}  // namespace pairwire::load
