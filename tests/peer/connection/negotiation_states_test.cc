// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Negotiation: every signalling state times every input. What is allowed leads to the named state;
// what is not answers the named error and changes nothing that can be seen.
#include <gtest/gtest.h>

#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "tests/peer/connection/negotiation_support.h"

namespace pairwire {
namespace {

using namespace testing;  // NOLINT: the support's shorthands

// Start is stable before, kSettled stable after an exchange: the state's name is the same.
enum class From {
  kStart,
  kLocalOffer,
  kRemoteOffer,
  kLocalPranswer,
  kRemotePranswer,
  kSettled,
  kClosed
};

enum class Input {
  kCreateOffer,
  kCreateAnswer,
  kCreateImplicit,
  kLocalOffer,
  kLocalPranswer,
  kLocalAnswer,
  kLocalRollback,
  kRemoteOffer,
  kRemotePranswer,
  kRemoteAnswer,
  kRemoteRollback,
  kRemoteCandidate,
  kRestart,
  kClose,
};

constexpr From kAllFrom[] = {From::kStart,         From::kLocalOffer,     From::kRemoteOffer,
                             From::kLocalPranswer, From::kRemotePranswer, From::kSettled,
                             From::kClosed};
constexpr const char* kFromNames[] = {
    "Start",   "HaveLocalOffer", "HaveRemoteOffer", "HaveLocalPranswer", "HaveRemotePranswer",
    "Settled", "Closed"};
constexpr Input kAllInputs[] = {
    Input::kCreateOffer,    Input::kCreateAnswer, Input::kCreateImplicit, Input::kLocalOffer,
    Input::kLocalPranswer,  Input::kLocalAnswer,  Input::kLocalRollback,  Input::kRemoteOffer,
    Input::kRemotePranswer, Input::kRemoteAnswer, Input::kRemoteRollback, Input::kRemoteCandidate,
    Input::kRestart,        Input::kClose};
constexpr const char* kInputNames[] = {"CreateOffer",       "CreateAnswer",
                                       "CreateImplicit",    "SetLocalOffer",
                                       "SetLocalPranswer",  "SetLocalAnswer",
                                       "SetLocalRollback",  "SetRemoteOffer",
                                       "SetRemotePranswer", "SetRemoteAnswer",
                                       "SetRemoteRollback", "AddRemoteCandidate",
                                       "RequestIceRestart", "Close"};

// A letter per expectation:
//   s l r p q c  the call works and the state is then stable, have-local-offer, have-remote-offer,
//                have-local-pranswer, have-remote-pranswer, closed
//   !            kInvalidState, nothing changed
//   x            kClosed, nothing changed
constexpr const char* kTable[std::size(kAllFrom)] = {
    // create: offer answer implicit | SetLocal: offer pranswer answer rollback
    //                               | SetRemote: offer pranswer answer rollback | candidate |
    //                               restart
    //                               | close
    /* Start          */
    "s!s"
    "l!!!"
    "r!!!"
    "s"
    "s"
    "c",
    /* LocalOffer     */
    "l!l"
    "l!!s"
    "rqss"
    "l"
    "l"
    "c",
    /* RemoteOffer    */
    "!rr"
    "!pss"
    "r!!s"
    "r"
    "r"
    "c",
    /* LocalPranswer  */
    "!pp"
    "!ps!"
    "!!!!"
    "p"
    "p"
    "c",
    /* RemotePranswer */
    "!!!"
    "!!!!"
    "!qs!"
    "q"
    "q"
    "c",
    /* Settled        */
    "s!s"
    "l!!!"
    "r!!!"
    "s"
    "s"
    "c",
    /* Closed         */
    "xxx"
    "xxxx"
    "xxxx"
    "x"
    "c"
    "c",
};

std::optional<SignalingState> StateOf(char letter) {
  switch (letter) {
    case 's':
      return SignalingState::kStable;
    case 'l':
      return SignalingState::kHaveLocalOffer;
    case 'r':
      return SignalingState::kHaveRemoteOffer;
    case 'p':
      return SignalingState::kHaveLocalPranswer;
    case 'q':
      return SignalingState::kHaveRemotePranswer;
    case 'c':
      return SignalingState::kClosed;
    default:
      return std::nullopt;
  }
}

SessionDescription TheirOffer() { return Get(Them().CreateOffer()); }

// The other end's answer to our pending offer, or to another one of ours when there is none.
SessionDescription TheirAnswer(const Negotiation& us) {
  auto offer = us.local_description();
  if (!offer || offer->type != SdpType::kOffer) offer = Get(Us().CreateOffer());
  auto them = Them();
  Get(them.SetRemote(*offer));
  return Get(them.CreateAnswer());
}

// What we would make now; a text of the right kind when the state does not let us.
SessionDescription OurOffer(Negotiation& us) {
  return us.CreateOffer().value_or(Get(Us().CreateOffer()));
}

SessionDescription OurAnswer(Negotiation& us) {
  if (auto answer = us.CreateAnswer()) return *answer;
  auto other = Us();
  Get(other.SetRemote(TheirOffer()));
  return Get(other.CreateAnswer());
}

std::unique_ptr<Negotiation> Reach(From from) {
  auto us = std::make_unique<Negotiation>(Us());
  switch (from) {
    case From::kStart:
      break;
    case From::kLocalOffer:
      Get(us->SetLocal(OurOffer(*us)));
      break;
    case From::kRemoteOffer:
      Get(us->SetRemote(TheirOffer()));
      break;
    case From::kLocalPranswer:
      Get(us->SetRemote(TheirOffer()));
      Get(us->SetLocal(As(SdpType::kPranswer, OurAnswer(*us))));
      break;
    case From::kRemotePranswer:
      Get(us->SetLocal(OurOffer(*us)));
      Get(us->SetRemote(As(SdpType::kPranswer, TheirAnswer(*us))));
      break;
    case From::kSettled:
      Get(us->SetLocal(OurOffer(*us)));
      Get(us->SetRemote(TheirAnswer(*us)));
      break;
    case From::kClosed:
      us->Close();
      break;
  }
  return us;
}

template <typename T>
std::optional<Errc> ErrorOf(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

std::optional<Errc> Feed(Negotiation& us, Input input) {
  const SessionDescription rollback{SdpType::kRollback, ""};
  switch (input) {
    case Input::kCreateOffer:
      return ErrorOf(us.CreateOffer());
    case Input::kCreateAnswer:
      return ErrorOf(us.CreateAnswer());
    case Input::kCreateImplicit:
      return ErrorOf(us.CreateImplicit());
    case Input::kLocalOffer:
      return ErrorOf(us.SetLocal(OurOffer(us)));
    case Input::kLocalPranswer:
      return ErrorOf(us.SetLocal(As(SdpType::kPranswer, OurAnswer(us))));
    case Input::kLocalAnswer:
      return ErrorOf(us.SetLocal(OurAnswer(us)));
    case Input::kLocalRollback:
      return ErrorOf(us.SetLocal(rollback));
    case Input::kRemoteOffer:
      return ErrorOf(us.SetRemote(TheirOffer()));
    case Input::kRemotePranswer:
      return ErrorOf(us.SetRemote(As(SdpType::kPranswer, TheirAnswer(us))));
    case Input::kRemoteAnswer:
      return ErrorOf(us.SetRemote(TheirAnswer(us)));
    case Input::kRemoteRollback:
      return ErrorOf(us.SetRemote(rollback));
    case Input::kRemoteCandidate:
      return ErrorOf(us.AddRemoteCandidate(Candidate(HostLine(1))));
    case Input::kRestart:
      us.RequestIceRestart();
      return std::nullopt;
    case Input::kClose:
      us.Close();
      return std::nullopt;
  }
  return Errc::kSystem;
}

// All that can be seen from outside; what takes a call that may change something is asked of a
// copy.
auto Look(const Negotiation& us) {
  const auto probe = [&](auto ask) {
    Negotiation copy = us;
    return ask(copy);
  };
  return std::tuple(
      us.state(), us.current_local_description(), us.pending_local_description(),
      us.current_remote_description(), us.pending_remote_description(), us.negotiation_needed(),
      us.can_trickle_ice_candidates(), probe([](auto& copy) { return copy.CreateOffer(); }),
      probe([](auto& copy) { return copy.CreateOffer({.ice_restart = true}); }),
      probe([](auto& copy) { return copy.CreateAnswer(); }),
      probe([](auto& copy) { return copy.AddLocalCandidate(1, HostLine(7)); }),
      probe([](auto& copy) { return copy.AddLocalCandidate(2, HostLine(7)); }),
      probe([](auto& copy) {
        const auto action = copy.AddRemoteCandidate(Candidate(HostLine(7)));
        return std::pair(action ? action->candidate : std::nullopt, copy.remote_description());
      }));
}

class NegotiationTable : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(NegotiationTable, GoesWhereTheTableSays) {
  const auto [row, column] = GetParam();
  const auto us = Reach(kAllFrom[row]);
  const auto before = Look(*us);
  const auto error = Feed(*us, kAllInputs[column]);
  const char expected = kTable[row][column];
  if (const auto state = StateOf(expected)) {
    EXPECT_EQ(error, std::nullopt);
    EXPECT_EQ(ToString(us->state()), ToString(*state));
  } else {
    EXPECT_EQ(error, expected == 'x' ? Errc::kClosed : Errc::kInvalidState);
    EXPECT_EQ(Look(*us), before);
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryStateAndInput, NegotiationTable,
    ::testing::Combine(::testing::Range(0, static_cast<int>(std::size(kAllFrom))),
                       ::testing::Range(0, static_cast<int>(std::size(kAllInputs)))),
    [](const auto& test) {
      return std::string(kFromNames[std::get<0>(test.param)]) + "_" +
             kInputNames[std::get<1>(test.param)];
    });

// Descriptions that are bad in themselves are refused in every state that takes one, without a
// trace.
TEST(NegotiationStates, BadTextChangesNothing) {
  for (const From from : kAllFrom) {
    for (const auto type : {SdpType::kOffer, SdpType::kPranswer, SdpType::kAnswer}) {
      const auto us = Reach(from);
      const auto before = Look(*us);
      EXPECT_FALSE(us->SetRemote({type, "v=0\r\nnonsense"}));
      EXPECT_FALSE(us->SetLocal({type, "v=0\r\nnonsense"}));
      EXPECT_EQ(Look(*us), before);
    }
  }
}

TEST(States, HaveTheWordsOfW3c) {
  EXPECT_EQ(ToString(SignalingState::kHaveLocalPranswer), "have-local-pranswer");
  EXPECT_EQ(ToString(PeerConnectionState::kDisconnected), "disconnected");
  EXPECT_EQ(ToString(IceGatheringState::kComplete), "complete");
  EXPECT_EQ(ToString(IceConnectionState::kCompleted), "completed");
  EXPECT_EQ(ToString(static_cast<SignalingState>(99)), "unknown");
}

}  // namespace
}  // namespace pairwire
