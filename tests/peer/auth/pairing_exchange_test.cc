// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The two machines with an honest relay: what they agree on, what each state allows, what is
// charged.
#include "peer/auth/pairing_exchange.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "peer/auth/auth_failed.h"
#include "peer/auth/base64url.h"
#include "peer/auth/session_secrets.h"
#include "tests/peer/auth/exchange_pair.h"

namespace pairwire::auth {
namespace {

using test::ExchangePair;
using test::FingerprintOfByte;
using test::SdpWith;
using test::ToHex;

TEST(PairingExchange, BothEndsAgree) {
  ExchangePair pair(1);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(hello);
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  EXPECT_EQ(pair.guard.runs_left(), 2) << "charged before there is a tag to test a guess on";
  const auto offer = pair.Offer();
  ASSERT_TRUE(offer);
  const auto offered = pair.controller->HandleOffer(pair.room, *offer);
  ASSERT_TRUE(offered);
  EXPECT_EQ(offered->fingerprint, pair.display_fp);
  EXPECT_EQ(offered->sdp, SdpWith(pair.display_fp));
  const auto answer = pair.Answer();
  ASSERT_TRUE(answer);
  const auto answered = pair.display->HandleAnswer(pair.now, *answer);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->fingerprint, pair.controller_fp);
  EXPECT_EQ(answered->sdp, SdpWith(pair.controller_fp));

  EXPECT_EQ(pair.controller->state(), ControllerExchangeState::kEstablished);
  EXPECT_EQ(pair.display->state(), DisplayExchangeState::kEstablished);
  EXPECT_EQ(pair.guard.state(), CodeState::kUsed);
  EXPECT_EQ(pair.guard.runs_left(), 3) << "refunded";
  EXPECT_EQ(pair.controller->features(), (Features{"b"}));
  EXPECT_EQ(pair.display->features(), (Features{"b"}));

  const auto tag_c = pair.controller->OwnBindTag(pair.display_fp);
  const auto tag_d = pair.display->OwnBindTag(pair.controller_fp);
  ASSERT_TRUE(tag_c && tag_d);
  EXPECT_NE(*tag_c, *tag_d);
  EXPECT_TRUE(pair.controller->CheckBindTag(*tag_d, pair.display_fp));
  EXPECT_TRUE(pair.display->CheckBindTag(*tag_c, pair.controller_fp));

  const auto resume_c = pair.controller->TakeResumeKey();
  const auto resume_d = pair.display->TakeResumeKey();
  ASSERT_TRUE(resume_c && resume_d);
  EXPECT_EQ(ToHex(resume_c->bytes()), ToHex(resume_d->bytes()));
  EXPECT_NE(ToHex(resume_c->bytes()), std::string(128, '0'));
  EXPECT_EQ(pair.controller->TakeResumeKey().error().code, Errc::kInvalidState) << "once";
}

TEST(PairingExchange, NothingOfThePairingIsInTheClear) {
  ExchangePair pair(2);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  const auto offer = pair.Offer();
  const auto box = FromBase64Url(offer->box, 65536);
  ASSERT_TRUE(box);
  EXPECT_EQ(AsText(*box).find("fingerprint"), std::string_view::npos);
  EXPECT_EQ(AsText(*box).find("ice-ufrag"), std::string_view::npos);
  for (const std::string& text : {*hello, offer->pake}) {
    const auto bytes = FromBase64Url(text, 65536);
    EXPECT_EQ(AsText(*bytes).find(pair.letters.view()), std::string_view::npos);
    EXPECT_EQ(text.find(pair.letters.view()), std::string::npos);
  }
}

TEST(PairingExchange, TheSecretOfTheUrlWorksAsWell) {
  ExchangePair pair(3);
  pair.Type("4821", pair.guard.url_secret().text.view(), SecretKind::kUrl);
  EXPECT_TRUE(pair.Run());
  // The letters as if they were the URL's, and the other way round.
  ExchangePair letters_as_url(3);
  letters_as_url.Type("4821", letters_as_url.letters.view(), SecretKind::kUrl);
  EXPECT_FALSE(letters_as_url.Run());
  ExchangePair url_as_letters(3);
  url_as_letters.Type("4821", url_as_letters.guard.url_secret().text.view());
  EXPECT_FALSE(url_as_letters.Run());
}

TEST(PairingExchange, BoxesFlowBothWaysInOrder) {
  ExchangePair pair(4);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  const auto offer = pair.Offer();
  // The display trickles before it has an answer.
  const auto early = pair.display->Seal(BoxKind::kCandidate, AsBytes("candidate:1"));
  ASSERT_TRUE(early);
  ASSERT_TRUE(pair.controller->HandleOffer(pair.room, *offer));
  EXPECT_EQ(AsText(*pair.controller->Open(BoxKind::kCandidate, *early)), "candidate:1");
  const auto answer = pair.Answer();
  const auto trickled = pair.controller->Seal(BoxKind::kCandidate, AsBytes("candidate:2"));
  ASSERT_TRUE(pair.display->HandleAnswer(pair.now, *answer));
  EXPECT_EQ(AsText(*pair.display->Open(BoxKind::kCandidate, *trickled)), "candidate:2");
  for (int i = 0; i < 10; ++i) {
    const auto bye = pair.display->Seal(BoxKind::kBye, {});
    EXPECT_TRUE(pair.controller->Open(BoxKind::kBye, *bye));
  }
}

TEST(PairingExchange, AWrongLetterEndsAtTheControllerAndCostsOneRun) {
  ExchangePair pair(5);
  for (int run = 1; run <= 3; ++run) {
    pair.Type("4821", pair.letters.view() == "BCDFG" ? "BCDFH" : "BCDFG");
    pair.Knock();
    const auto hello = pair.controller->Hello();
    ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
    const auto offer = pair.Offer();
    const auto offered = pair.controller->HandleOffer(pair.room, *offer);
    ASSERT_FALSE(offered);
    EXPECT_EQ(offered.error(), (Error{Errc::kAuthFailed, std::string(kAuthFailedText)}));
    EXPECT_EQ(pair.controller->state(), ControllerExchangeState::kFailed);
    // The controller says nothing more; the display gives the run up with its exchange.
    pair.display.reset();
    EXPECT_EQ(pair.guard.failed_runs(), run);
  }
  EXPECT_EQ(pair.guard.state(), CodeState::kBurnt);
  pair.Type("4821", pair.letters.view());
  pair.Knock();
  EXPECT_FALSE(pair.Run()) << "the right letters come too late";
}

TEST(PairingExchange, AGuesserAtTheDisplayLearnsOneBitAndPays) {
  ExchangePair pair(6);
  pair.Type("4821", pair.letters.view() == "BCDFG" ? "BCDFH" : "BCDFG");
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  ASSERT_TRUE(pair.Offer());
  // It cannot make Ta: any tag is as good.
  CpaceTag tag{};
  const auto answered =
      pair.display->HandleAnswer(pair.now, {EncodeConfirmation(tag), std::string(100, 'A')});
  EXPECT_EQ(answered.error().code, Errc::kAuthFailed);
  EXPECT_EQ(pair.display->state(), DisplayExchangeState::kFailed);
  EXPECT_EQ(pair.guard.state(), CodeState::kOpen);
  EXPECT_EQ(pair.guard.runs_left(), 2);
}

TEST(PairingExchange, ASecondControllerIsTurnedAwayAndTheFirstNotDisturbed) {
  ExchangePair pair(7);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  ControllerExchange second({"4821", {SecretKind::kLetters, pair.letters.Clone()}}, {},
                            pair.random);
  DisplayExchange other_run(pair.guard, {}, pair.random);
  EXPECT_EQ(other_run.HandleHello(pair.now, *second.Hello()).error().code, Errc::kAuthFailed);
  EXPECT_EQ(other_run.state(), DisplayExchangeState::kFailed);
  ASSERT_TRUE(pair.controller->HandleOffer(pair.room, *pair.Offer()));
  EXPECT_TRUE(pair.display->HandleAnswer(pair.now, *pair.Answer()));
}

TEST(PairingExchange, ARepeatedHelloIsRefused) {
  ExchangePair pair(8);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  pair.Knock();  // the first run is given up
  EXPECT_EQ(pair.display->HandleHello(pair.now, *hello).error().code, Errc::kAuthFailed);
  EXPECT_EQ(pair.guard.runs_left(), 2) << "charged once";
}

TEST(PairingExchange, MalformedHellosCostNothing) {
  ExchangePair pair(9);
  const auto hello = pair.controller->Hello();
  for (const std::string& text : {std::string(), std::string("AAAA"), hello->substr(1),
                                  *hello + "AAAA", std::string(5000, 'A')}) {
    pair.Knock();
    EXPECT_EQ(pair.display->HandleHello(pair.now, text).error(),
              (Error{Errc::kAuthFailed, std::string(kAuthFailedText)}));
  }
  EXPECT_EQ(pair.guard.runs_left(), 3);
  EXPECT_EQ(pair.guard.failed_runs(), 0);
}

TEST(PairingExchange, AnAnswerThatComesTooLateIsNone) {
  ExchangePair pair(10);
  const auto hello = pair.controller->Hello();
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
  ASSERT_TRUE(pair.controller->HandleOffer(pair.room, *pair.Offer()));
  const auto answer = pair.Answer();
  EXPECT_FALSE(pair.display->HandleAnswer(pair.now + CodeGuard::kRunTimeout, *answer));
  EXPECT_EQ(pair.guard.state(), CodeState::kOpen);
  EXPECT_EQ(pair.guard.failed_runs(), 1);
}

TEST(PairingExchange, DescriptionsOfOursMustBeTrue) {
  ExchangePair pair(11);
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *pair.controller->Hello()));
  const auto other = FingerprintOfByte(0x77);
  EXPECT_EQ(pair.display->Offer(pair.room, SdpWith(other), pair.display_fp).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(
      pair.display->Offer(pair.room, SdpWith(other) + SdpWith(pair.display_fp), other).error().code,
      Errc::kInvalidArgument);
  EXPECT_EQ(pair.display->Offer(std::string(65, 'r'), SdpWith(other), other).error().code,
            Errc::kLimitExceeded);
  EXPECT_EQ(pair.display->state(), DisplayExchangeState::kOffering) << "nothing was used up";
  EXPECT_TRUE(pair.controller->HandleOffer(pair.room, *pair.Offer()));
}

TEST(PairingExchange, BindTagsTieTheKeyToBothCertificatesAndRoles) {
  const auto tags = [](ExchangePair& pair) {
    return *pair.display->OwnBindTag(pair.controller_fp);
  };
  ExchangePair pair(12);
  ASSERT_TRUE(pair.Run());
  BindTag tag = tags(pair);
  // Reflected: the controller's own tag.
  {
    ExchangePair mine(12);
    ASSERT_TRUE(mine.Run());
    EXPECT_FALSE(mine.controller->CheckBindTag(*mine.controller->OwnBindTag(mine.display_fp),
                                               mine.display_fp));
    EXPECT_EQ(mine.controller->state(), ControllerExchangeState::kFailed);
  }
  // Of another session with the same certificates.
  {
    ExchangePair mine(13);
    ASSERT_TRUE(mine.Run());
    EXPECT_FALSE(mine.controller->CheckBindTag(tag, mine.display_fp));
  }
  // DTLS showed another certificate.
  {
    ExchangePair mine(12);
    ASSERT_TRUE(mine.Run());
    EXPECT_FALSE(mine.controller->CheckBindTag(tags(mine), FingerprintOfByte(1)));
  }
  for (std::size_t bit = 0; bit < tag.size() * 8; bit += 37) {
    ExchangePair mine(12);
    ASSERT_TRUE(mine.Run());
    BindTag changed = tags(mine);
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    EXPECT_FALSE(mine.controller->CheckBindTag(changed, mine.display_fp));
    EXPECT_FALSE(mine.controller->CheckBindTag(tags(mine), mine.display_fp)) << "failed is final";
  }
  EXPECT_TRUE(pair.controller->CheckBindTag(tag, pair.display_fp));
}

// Two ends that share a secret already: no code, no guard.
TEST(PairingExchange, AMeetingNeedsNoGuard) {
  ExchangePair pair(1);
  auth::Secret<64> shared;
  pair.random.Fill(shared.writable());
  const std::string name = auth::MeetName(shared);
  const auto password = [&] { return auth::MeetPassword(shared, auth::SecretKind::kUrl); };
  const auto wait = [&] {
    pair.display = std::make_unique<auth::DisplayExchange>(auth::SplitCode{name, password()},
                                                           auth::Features{"a", "b"}, pair.random);
  };
  wait();
  pair.Type(name, password().text.view(), auth::SecretKind::kUrl);
  EXPECT_TRUE(pair.Run());
  EXPECT_EQ(pair.display->state(), auth::DisplayExchangeState::kEstablished);
  EXPECT_TRUE(pair.display->TakeResumeKey());
  EXPECT_EQ(pair.guard.runs_left(), auth::CodeGuard::kRunsPerCode);

  // Another secret, another name, letters instead: none gets through, none is charged.
  for (int wrong = 0; wrong < 3; ++wrong) {
    wait();
    pair.Type(wrong == 1 ? name + "x" : name,
              wrong == 0 ? std::string_view("AAAAAAAAAAAAAAAAAAAAAA") : password().text.view(),
              wrong == 2 ? auth::SecretKind::kLetters : auth::SecretKind::kUrl);
    EXPECT_FALSE(pair.Run()) << wrong;
  }
  EXPECT_EQ(pair.guard.runs_left(), auth::CodeGuard::kRunsPerCode);
}

// A session keeps its exchange for as long as it lives; the display that showed the code may be
// gone.
TEST(PairingExchange, OutlivesTheCodeThatItWasMadeWith) {
  for (const bool fails : {false, true}) {
    auto pair = std::make_unique<ExchangePair>(1);
    ASSERT_TRUE(pair->Run());
    const auto display = std::move(pair->display);
    const auto controller = std::move(pair->controller);
    const Fingerprint256 controller_fp = pair->controller_fp;
    pair.reset();  // guard and random with it
    EXPECT_TRUE(display->TakeResumeKey() && controller->TakeResumeKey());
    EXPECT_TRUE(display->OwnBindTag(controller_fp));
    const auto box = controller->Seal(BoxKind::kCandidate, AsBytes("late"));
    ASSERT_TRUE(box);
    EXPECT_EQ(display->Open(BoxKind::kCandidate, fails ? "AAAA" : *box).has_value(), !fails);
  }
}

// Each state of each machine and each input: what is allowed is what the drawing says.
TEST(PairingExchange, EveryStateAndEveryInput) {
  enum Step { kFresh, kHello, kOffered, kAnswered };
  struct Case {
    const char* name;
    std::function<Errc(ExchangePair&, const PakeMessage& offer, const PakeMessage& answer)> call;
    std::array<Errc, 4> expected;  // after fresh, hello, offer, answer at this end
  };
  constexpr Errc kOk = Errc::kCancelled;  // stands for success: none of these calls gives it
  const auto code = [](const auto& result) { return result ? kOk : result.error().code; };
  const Errc state = Errc::kInvalidState;
  const Errc failed = Errc::kAuthFailed;
  const std::vector<Case> controller_cases = {
      {"Hello",
       [&](auto& p, auto&, auto&) { return code(p.controller->Hello()); },
       {kOk, state, state, state}},
      {"HandleOffer",
       [&](auto& p, auto& offer, auto&) { return code(p.controller->HandleOffer(p.room, offer)); },
       {state, kOk, failed, failed}},
      {"Answer",
       [&](auto& p, auto&, auto&) { return code(p.Answer()); },
       {state, state, kOk, state}},
      {"Seal",
       [&](auto& p, auto&, auto&) { return code(p.controller->Seal(BoxKind::kBye, {})); },
       {state, state, state, kOk}},
      {"Open",
       [&](auto& p, auto&, auto&) { return code(p.controller->Open(BoxKind::kBye, "")); },
       {failed, failed, failed, failed}},
      {"OwnBindTag",
       [&](auto& p, auto&, auto&) { return code(p.controller->OwnBindTag(p.display_fp)); },
       {state, state, state, kOk}},
      {"TakeResumeKey",
       [&](auto& p, auto&, auto&) { return code(p.controller->TakeResumeKey()); },
       {state, state, state, kOk}},
  };
  const std::vector<Case> display_cases = {
      {"HandleHello",
       [&](auto& p, auto&, auto&) {
         ControllerExchange other({"4821", {SecretKind::kLetters, p.letters.Clone()}}, {},
                                  p.random);
         return code(p.display->HandleHello(p.now, *other.Hello()));
       },
       {kOk, failed, failed, failed}},
      {"Offer", [&](auto& p, auto&, auto&) { return code(p.Offer()); }, {state, kOk, state, state}},
      {"HandleAnswer",
       [&](auto& p, auto&, auto& answer) { return code(p.display->HandleAnswer(p.now, answer)); },
       {failed, failed, kOk, failed}},
      {"Seal",
       [&](auto& p, auto&, auto&) { return code(p.display->Seal(BoxKind::kBye, {})); },
       {state, state, kOk, kOk}},
      {"Open",
       [&](auto& p, auto&, auto&) { return code(p.display->Open(BoxKind::kBye, "")); },
       {failed, failed, failed, failed}},
      {"OwnBindTag",
       [&](auto& p, auto&, auto&) { return code(p.display->OwnBindTag(p.controller_fp)); },
       {state, state, state, kOk}},
      {"TakeResumeKey",
       [&](auto& p, auto&, auto&) { return code(p.display->TakeResumeKey()); },
       {state, state, state, kOk}},
  };
  for (const bool at_controller : {true, false}) {
    for (const Case& c : at_controller ? controller_cases : display_cases) {
      for (const Step step : {kFresh, kHello, kOffered, kAnswered}) {
        ExchangePair pair(20);
        PakeMessage offer;
        PakeMessage answer;
        // How far the end under test is; the other one is as far as that needs.
        if (step >= kHello || !at_controller) {
          const auto hello = pair.controller->Hello();
          if (at_controller || step >= kHello) {
            ASSERT_TRUE(pair.display->HandleHello(pair.now, *hello));
          }
        }
        if (pair.display->state() == DisplayExchangeState::kOffering &&
            (at_controller || step >= kOffered)) {
          offer = *pair.Offer();
        }
        if (step >= kOffered) {
          ASSERT_TRUE(pair.controller->HandleOffer(pair.room, offer));
          if (!at_controller || step >= kAnswered) answer = *pair.Answer();
        }
        if (step >= kAnswered && !at_controller) {
          ASSERT_TRUE(pair.display->HandleAnswer(pair.now, answer));
        }
        EXPECT_EQ(c.call(pair, offer, answer), c.expected[step])
            << (at_controller ? "controller " : "display ") << c.name << " in step " << step;
      }
    }
  }
}

TEST(PairingExchange, AFailedEndAnswersEverythingAlike) {
  ExchangePair pair(21);
  ASSERT_TRUE(pair.Run());
  EXPECT_FALSE(pair.controller->Open(BoxKind::kBye, "AAAA"));
  EXPECT_FALSE(pair.display->Open(BoxKind::kBye, "AAAA"));
  const Error expected{Errc::kAuthFailed, std::string(kAuthFailedText)};
  EXPECT_EQ(pair.controller->Hello().error(), expected);
  EXPECT_EQ(pair.controller->HandleOffer(pair.room, {}).error(), expected);
  EXPECT_EQ(pair.Answer().error(), expected);
  EXPECT_EQ(pair.controller->Seal(BoxKind::kBye, {}).error(), expected);
  EXPECT_EQ(pair.controller->OwnBindTag(pair.display_fp).error(), expected);
  EXPECT_EQ(pair.controller->TakeResumeKey().error(), expected);
  EXPECT_EQ(pair.display->HandleHello(pair.now, "").error(), expected);
  EXPECT_EQ(pair.Offer().error(), expected);
  EXPECT_EQ(pair.display->HandleAnswer(pair.now, {}).error(), expected);
  EXPECT_EQ(pair.display->Seal(BoxKind::kBye, {}).error(), expected);
  EXPECT_EQ(pair.display->CheckBindTag({}, pair.controller_fp).error(), expected);
}

}  // namespace
}  // namespace pairwire::auth
