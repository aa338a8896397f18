// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Every typed message: round trip, the limits of its fields, and every cut-short text.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "signaling/protocol/code.h"
#include "signaling/protocol/http_messages.h"
#include "signaling/protocol/limits.h"
#include "signaling/protocol/problem.h"
#include "signaling/protocol/session_messages.h"
#include "signaling/protocol/time.h"

namespace pairwire::protocol {
namespace {

using namespace std::chrono_literals;

template <typename Parse>
void ExpectEveryCutRefused(const std::string& text, Parse parse) {
  ASSERT_TRUE(parse(text)) << text;
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(parse(text.substr(0, cut))) << text.substr(0, cut);
  }
}

TEST(HttpMessages, RegisterRequest) {
  const RegisterRequest request{"disp", "Lobby é", "design", 3, true};
  EXPECT_EQ(ParseRegisterRequest(ToJson(request)).value(), request);
  EXPECT_EQ(ParseRegisterRequest("{}").value(), RegisterRequest{});
  EXPECT_EQ(ToJson(RegisterRequest{}), "{}");
  ExpectEveryCutRefused(ToJson(request), ParseRegisterRequest);
}

TEST(HttpMessages, RegisterRequestLimits) {
  const std::string name(kMaxNameBytes, 'n');
  EXPECT_TRUE(ParseRegisterRequest(R"({"name":")" + name + "\"}"));
  EXPECT_FALSE(ParseRegisterRequest(R"({"name":")" + name + "n\"}"));
  const std::string id(kMaxIdBytes, 'i');
  EXPECT_FALSE(ParseRegisterRequest(R"({"displayId":")" + id + "i\"}"));
  EXPECT_FALSE(ParseRegisterRequest(R"({"designId":")" + id + "i\"}"));
  EXPECT_TRUE(ParseRegisterRequest(R"({"maxControllers":16})"));
  for (const std::string_view bad :
       {R"({"maxControllers":17})", R"({"maxControllers":0})", R"({"maxControllers":"1"})",
        R"({"maxControllers":1.0})", R"({"plain":1})", R"({"name":["x"]})",
        R"({"name":"\u001b[31m"})", "[]", ""}) {
    EXPECT_FALSE(ParseRegisterRequest(bad)) << bad;
  }
  EXPECT_FALSE(ParseRegisterRequest(R"({"x":")" + std::string(kMaxBodyBytes, 'x') + "\"}"));
}

// 43 characters that end in `last`.
std::string MeetName(char last) { return std::string(kMeetBytes - 1, 'm') + last; }

TEST(HttpMessages, RegisterRequestWithMeets) {
  const RegisterRequest request{"d", "", "", 1, false, {MeetName('-'), MeetName('_')}, true};
  EXPECT_EQ(ToJson(request), R"({"displayId":"d","meets":[")" + MeetName('-') + R"(",")" +
                                 MeetName('_') + R"("],"codeless":true})");
  EXPECT_EQ(ParseRegisterRequest(ToJson(request)).value(), request);
  ExpectEveryCutRefused(ToJson(request), ParseRegisterRequest);
  RegisterRequest most;
  for (std::size_t i = 0; i < kMaxMeets; ++i) {
    most.meets.push_back(MeetName(static_cast<char>('a' + i)));
  }
  EXPECT_EQ(ParseRegisterRequest(ToJson(most)).value(), most);
  most.meets.push_back(MeetName('z'));
  EXPECT_FALSE(ParseRegisterRequest(ToJson(most)));
  const auto refuses = [](const std::string& meets) {
    return !ParseRegisterRequest(R"({"meets":)" + meets + "}");
  };
  EXPECT_TRUE(refuses("[\"" + MeetName('a') + "\",\"" + MeetName('a') + "\"]")) << "twice";
  for (const std::string& bad : {std::string(kMeetBytes - 1, 'm'), std::string(kMeetBytes + 1, 'm'),
                                 MeetName('+'), MeetName('='), MeetName(' '), std::string()}) {
    EXPECT_TRUE(refuses("[\"" + bad + "\"]")) << bad;
  }
  EXPECT_TRUE(refuses("[1]"));
  EXPECT_TRUE(refuses("{}"));
  EXPECT_FALSE(ParseRegisterRequest(R"({"codeless":1})"));
}

TEST(HttpMessages, ARegistrationWithoutACode) {
  const RegisterResponse response{"s_1",  "",   "d",  "s_1.secret", 600s,
                                  "2026", "/e", "/p", "/ws",        10s};
  EXPECT_EQ(ToJson(response).find("code"), std::string::npos);
  EXPECT_EQ(ParseRegisterResponse(ToJson(response)).value(), response);
}

TEST(HttpMessages, RegisterResponse) {
  const RegisterResponse response{"s_1",  "1234", "d",  "s_1.secret", 600s,
                                  "2026", "/e",   "/p", "/ws",        10s};
  EXPECT_EQ(ParseRegisterResponse(ToJson(response)).value(), response);
  ExpectEveryCutRefused(ToJson(response), ParseRegisterResponse);
  EXPECT_FALSE(ParseRegisterResponse("{}"));
}

TEST(HttpMessages, PairRequest) {
  const PairRequest request{"12 34", "Ann", {R"({"share":"abc"})"}};
  EXPECT_EQ(ParsePairRequest(ToJson(request)).value(), request);
  ExpectEveryCutRefused(ToJson(request), ParsePairRequest);
  EXPECT_FALSE(ParsePairRequest(R"({"name":"x"})"));
  EXPECT_FALSE(ParsePairRequest(R"({"code":1234})"));
  EXPECT_FALSE(ParsePairRequest(R"({"code":")" + std::string(kMaxCodeInputBytes + 1, '1') + "\"}"));
  EXPECT_FALSE(
      ParsePairRequest(R"({"code":"1234","hello":")" + std::string(kMaxHelloBytes, 'h') + "\"}"));
}

TEST(HttpMessages, PairRequestByMeet) {
  const PairRequest request{"", "Ann", {R"({"share":"abc"})"}, {}, MeetName('0')};
  EXPECT_EQ(ToJson(request),
            R"({"meet":")" + MeetName('0') + R"(","name":"Ann","hello":{"share":"abc"}})");
  EXPECT_EQ(ParsePairRequest(ToJson(request)).value(), request);
  ExpectEveryCutRefused(ToJson(request), ParsePairRequest);
  // Exactly one of the two.
  const auto both = ParsePairRequest(R"({"code":"1234","meet":")" + MeetName('0') + "\"}");
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().detail, "code and meet: one of them, not both");
  EXPECT_FALSE(ParsePairRequest(R"({"code":"","meet":""})"));
  for (const std::string& bad :
       {std::string(kMeetBytes - 1, 'm'), std::string(kMeetBytes + 1, 'm'), MeetName('/')}) {
    EXPECT_FALSE(ParsePairRequest(R"({"meet":")" + bad + "\"}")) << bad;
  }
}

TEST(HttpMessages, PairResponse) {
  const PairResponse response{"s", "c", "s.t", "/ws", "d", "Lobby"};
  EXPECT_EQ(ToJson(response),
            R"({"sessionId":"s","controllerId":"c","controllerToken":"s.t","wsUrl":"/ws",)"
            R"("display":{"displayId":"d","name":"Lobby"}})");
  EXPECT_EQ(ParsePairResponse(ToJson(response)).value(), response);
  ExpectEveryCutRefused(ToJson(response), ParsePairResponse);
}

TEST(HttpMessages, PollResponse) {
  const PollResponse response{{{"1", "pairing:ready", {R"({"controllerId":"c"})"}},
                               {"2", "session:terminated", {R"({"reason":"ended"})"}}}};
  EXPECT_EQ(ParsePollResponse(ToJson(response)).value(), response);
  ExpectEveryCutRefused(ToJson(response), ParsePollResponse);
  EXPECT_EQ(ToJson(PollResponse{}), R"({"events":[]})");
  EXPECT_FALSE(ParsePollResponse(R"({"events":[1]})"));
  EXPECT_FALSE(ParsePollResponse(R"({"events":[{}]})"));
}

TEST(HttpMessages, ServerSentEvent) {
  EXPECT_EQ(ToServerSentEvent({"3", "pairing:ready", {"{\"a\":\n1}"}}),
            "id: 3\nevent: pairing:ready\ndata: {\"a\": 1}\n\n");
  EXPECT_EQ(ToServerSentEvent({"", "server:draining", {}}), "event: server:draining\ndata: {}\n\n");
}

TEST(SessionMessages, RoundTrip) {
  const Welcome welcome{"m", "s", "s.r", 10s, "node-1"};
  EXPECT_EQ(ParseWelcome(ToData(welcome)).value(), welcome);
  const PairingReady ready{"c", "Ann", {R"({"x":1})"}};
  EXPECT_EQ(ParsePairingReady(ToData(ready)).value(), ready);
  const PairingReady met{"c", "", {}, 15};
  EXPECT_EQ(ToData(met).text, R"({"controllerId":"c","meet":15})");
  EXPECT_EQ(ParsePairingReady(ToData(met)).value(), met);
  EXPECT_FALSE(ParsePairingReady({R"({"controllerId":"c","meet":16})"}));
  EXPECT_FALSE(ParsePairingReady({R"({"controllerId":"c","meet":-1})"}));
  const SessionTerminated terminated{"expired"};
  EXPECT_EQ(ParseSessionTerminated(ToData(terminated)).value(), terminated);
  EXPECT_EQ(ToData(terminated).text, R"({"reason":"expired"})");
  const UserPresence presence{"m", "display", "Lobby"};
  EXPECT_EQ(ParseUserPresence(ToData(presence)).value(), presence);
  const ServerDraining draining{2500ms, "https://b"};
  EXPECT_EQ(ParseServerDraining(ToData(draining)).value(), draining);
  const Resume resume{"s.r", "2.7"};
  EXPECT_EQ(ParseResume(ToData(resume)).value(), resume);
  const Problem problem{ProblemCode::kUnknownTarget, "nobody", {}};
  EXPECT_EQ(ParseErrorData(ToErrorData(problem)).value(), problem);
}

TEST(SessionMessages, RefuseEveryCutShortText) {
  const auto raw = [](auto parse) {
    return [parse](const std::string& text) { return parse(RawJson{text.empty() ? "x" : text}); };
  };
  ExpectEveryCutRefused(ToData(Welcome{"m", "s", "s.r", 10s, "n"}).text, raw(ParseWelcome));
  ExpectEveryCutRefused(ToData(PairingReady{"c", "A", {"{}"}}).text, raw(ParsePairingReady));
  ExpectEveryCutRefused(ToData(Resume{"s.r", "1"}).text, raw(ParseResume));
  ExpectEveryCutRefused(ToData(ServerDraining{1ms, "u"}).text, raw(ParseServerDraining));
  ExpectEveryCutRefused(ToErrorData(Problem{}).text, raw(ParseErrorData));
}

TEST(Problem, CodesAreStableAndComplete) {
  for (std::size_t i = 0; i < kProblemCodeCount; ++i) {
    const auto code = static_cast<ProblemCode>(i);
    EXPECT_EQ(ParseProblemCode(ToString(code)), code);
    EXPECT_GE(HttpStatus(code), 400);
    EXPECT_FALSE(Title(code).empty());
  }
  EXPECT_EQ(ToString(ProblemCode::kCodeNotFound), "code_not_found");
  EXPECT_EQ(HttpStatus(ProblemCode::kCodeNotFound), 404);
  EXPECT_EQ(ToString(ProblemCode::kSessionFull), "session_full");
  EXPECT_EQ(HttpStatus(ProblemCode::kRateLimited), 429);
  EXPECT_EQ(HttpStatus(ProblemCode::kNotReady), 503);
  EXPECT_FALSE(ParseProblemCode("nonsense"));
}

TEST(Problem, JsonBothWays) {
  const Problem problem{ProblemCode::kRateLimited, "too many", 6s};
  EXPECT_EQ(ToProblemJson(problem),
            R"({"type":"about:blank","title":"Too many requests","status":429,)"
            R"("detail":"too many","code":"rate_limited","retryAfter":6})");
  EXPECT_EQ(ParseProblem(ToProblemJson(problem)).value(), problem);
  EXPECT_FALSE(ParseProblem("<html>Bad gateway</html>"));
  EXPECT_EQ(ParseProblem(R"({"code":"from_the_future"})").value().code, ProblemCode::kInternal);
  ExpectEveryCutRefused(ToProblemJson(problem), ParseProblem);
}

TEST(Problem, BecomesAnErrorOfTheClient) {
  EXPECT_EQ(ToError({ProblemCode::kCodeNotFound, "", {}}).code, Errc::kCodeNotFound);
  EXPECT_EQ(ToError({ProblemCode::kUnauthorized, "", {}}).code, Errc::kUnauthorized);
  EXPECT_EQ(ToError({ProblemCode::kNotReady, "", {}}).code, Errc::kRelayUnreachable);
  EXPECT_EQ(ToError({ProblemCode::kInvalidRequest, "", {}}).code, Errc::kRelayRefused);
  const Error limited = ToError({ProblemCode::kRateLimited, "too many", 6s});
  EXPECT_EQ(limited.code, Errc::kRateLimited);
  EXPECT_EQ(limited.detail, "rate_limited: too many; try again in 6 s");
}

TEST(Code, IgnoresSeparators) {
  EXPECT_EQ(NormalizeCode("1234").value(), "1234");
  EXPECT_EQ(NormalizeCode(" 12-3 4.5").value(), "12345");
  EXPECT_EQ(NormalizeCode("012 345").value(), "012345");
  EXPECT_EQ(NormalizeCode("123 456 789").value(), "123456789");
}

TEST(Code, RefusesWhatIsNone) {
  for (const std::string_view bad :
       {"", "123", "1234567", "12345678", "1234567890", "12a4", "12_34", "١٢٣٤", "- - -",
        "1 2 3 4                                 "}) {
    EXPECT_EQ(NormalizeCode(bad).error().code, Errc::kInvalidArgument) << bad;
  }
}

TEST(Code, FromNumbers) {
  EXPECT_EQ(CodeFromNumber(7, 4), "0007");
  EXPECT_EQ(CodeFromNumber(123456, 4), "3456");
  EXPECT_EQ(CodeFromNumber(UINT64_MAX, 9), "709551615");
  EXPECT_EQ(FormatCode("1234"), "1234");
  EXPECT_EQ(FormatCode("123456789"), "123 456 789");
}

TEST(Time, IsRfc3339) {
  EXPECT_EQ(FormatTime(TimePoint{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTime(TimePoint{} + 1582934400s + 250ms), "2020-02-29T00:00:00.250Z");
  EXPECT_EQ(FormatTime(TimePoint{} + 1795132800s - 1ms), "2026-11-19T23:59:59.999Z");
  for (const auto time :
       {TimePoint{}, TimePoint{} + 1582934400s + 250ms, TimePoint{} + 1795132799s}) {
    EXPECT_EQ(ParseTime(FormatTime(time)), time);
  }
  for (const char* wrong :
       {"", "2020-02-29T00:00:00Z", "2021-02-29T00:00:00.000Z", "2020-13-01T00:00:00.000Z",
        "2020-01-01T24:00:00.000Z", "2020-01-01 00:00:00.000Z", "2020-01-01T00:00:0a.000Z"}) {
    EXPECT_FALSE(ParseTime(wrong)) << wrong;
  }
}

TEST(ProofOfWork, TravelsInTheProblemAndInTheNextTry) {
  Problem problem{ProblemCode::kRateLimited,
                  "too many wrong codes",
                  std::chrono::seconds(1),
                  {"challenge", 18}};
  const std::string json = ToProblemJson(problem);
  EXPECT_NE(json.find(R"("proofOfWork":{"challenge":"challenge","bits":18})"), std::string::npos);
  EXPECT_EQ(ParseProblem(json).value(), problem);
  problem.proof_of_work = {};
  EXPECT_EQ(ToProblemJson(problem).find("proofOfWork"), std::string::npos);
  for (const char* odd :
       {"null", "1", "{}", R"({"challenge":"c"})", R"({"challenge":"c","bits":99})"}) {
    const auto parsed =
        ParseProblem(std::string(R"({"code":"rate_limited","proofOfWork":)") + odd + "}");
    ASSERT_TRUE(parsed) << odd;
    EXPECT_TRUE(parsed->proof_of_work.challenge.empty()) << odd;
  }
  const PairRequest request{"1234", "", {}, {"challenge", "42"}};
  EXPECT_EQ(ParsePairRequest(ToJson(request)).value(), request);
  EXPECT_TRUE(ParsePairRequest(R"({"code":"1234"})")->proof.challenge.empty());
  for (const char* odd :
       {"1", "\"x\"", "{}", R"({"challenge":"c"})", R"({"challenge":"","answer":"1"})"}) {
    EXPECT_FALSE(ParsePairRequest(std::string(R"({"code":"1234","proof":)") + odd + "}")) << odd;
  }
}

}  // namespace
}  // namespace pairwire::protocol
