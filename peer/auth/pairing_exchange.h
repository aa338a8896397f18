// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The authenticated pairing as two pure machines: messages in, messages out. They ride on what a
// pairing sends anyway (pair, offer, answer), without a round trip of their own. No socket, no
// clock, no callback; the caller carries the messages and makes the SDP. Not thread-safe.
//
//   ControllerExchange (initiator)                      DisplayExchange (responder), one a run
//
//   kStart                                              kWaiting
//     | Hello()        -- hello: sid, Ya, ADa -->         | HandleHello(): an attempt is charged
//   kAwaitingOffer                                      kOffering
//     |                                                   | Offer()
//     | HandleOffer()  <-- Yb, ADb, Tb, box 0 --        kAwaitingAnswer
//   kAnswering                                            |
//     | Answer()       -- Ta, box 0 -->                   | HandleAnswer(): refunded, the code is
//     used
//   kEstablished                                        kEstablished
//
//   any state -- anything wrong that came from outside --> kFailed
//
// kFailed is final: all secrets are wiped, and each call answers kAuthFailed with one text. A call
// in the wrong order by the owner answers kInvalidState and changes nothing. Box 0 holds the
// description with the fingerprint of the end's certificate. Candidates and a bye follow in boxes
// of the same two directions: the display may seal from Offer on and the controller from
// HandleOffer on (it opens then too); the display opens once it is established. Whoever has a
// session from here checks the bind tag before it gives the first message to anybody.
#ifndef PAIRWIRE_PEER_AUTH_PAIRING_EXCHANGE_H_
#define PAIRWIRE_PEER_AUTH_PAIRING_EXCHANGE_H_

#include <pairwire/bytes.h>
#include <pairwire/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "peer/auth/code_guard.h"
#include "peer/auth/cpace.h"
#include "peer/auth/hello_tag.h"
#include "peer/auth/pairing_channel.h"
#include "peer/auth/pairing_code.h"
#include "peer/auth/pairing_messages.h"
#include "peer/base/random.h"

namespace pairwire::auth {

// The two fields of webrtc:offer and webrtc:answer.
struct PakeMessage {
  std::string pake;
  std::string box;
};

// What both ends do alike once they have a channel.
class PairingEnd {
 public:
  virtual ~PairingEnd() = default;
  PairingEnd(const PairingEnd&) = delete;
  PairingEnd& operator=(const PairingEnd&) = delete;

  // Everything below: kAuthFailed once failed; and all but Open: kInvalidState before its time.

  // A message for the other end. kMessageTooLarge and kLimitExceeded as BoxSealer.
  Result<std::string> Seal(BoxKind kind, ByteSpan text);
  // A message of the other end. kAuthFailed: it does not open, or comes before its time; the
  // pairing is over.
  Result<Bytes> Open(BoxKind kind, std::string_view box);

  // Descriptions after the first of each end, once established: a restart of the connection, or a
  // new one. As Offer and Answer below; the bind tag is then of these.
  Result<std::string> SealNext(BoxKind kind, std::string_view room, std::string_view sdp,
                               const Fingerprint256& own);
  Result<PairingDescription> OpenNext(BoxKind kind, std::string_view room, std::string_view box);
  // What the last descriptions of both ends promise; none before there are both.
  std::optional<Fingerprints> promised() const;

  // For the first message after DTLS, with the certificate that the other end showed there. That
  // has to be the promised one (kAuthFailed), which DTLS has seen to before.
  Result<BindTag> OwnBindTag(const Fingerprint256& peer_as_seen);
  Result<void> CheckBindTag(ByteSpan tag, const Fingerprint256& peer_as_seen);

  // Once established: in place of certificates, where boxes of this exchange carry a session.
  Result<Fingerprints> RelayNames() const;

  // The start of the key ratchet of later connections; once.
  Result<ResumeKey> TakeResumeKey();

  // What both ends can do; empty until the other end's words are authenticated.
  const Features& features() const { return features_; }

 protected:
  PairingEnd(PairingRole role, Features features, RandomSource& random);

  virtual bool may_seal() const = 0;
  virtual bool may_open() const = 0;
  virtual bool established() const = 0;
  virtual bool failed() const = 0;
  // To kFailed.
  virtual void EnterFailed(std::string_view reason) = 0;

  tl::unexpected<Error> FailWith(std::string_view reason);
  // The answer to a call that the state does not allow.
  tl::unexpected<Error> WrongState() const;
  Bytes ChannelIdentifier(std::string_view lookup) const;
  // The own description as box 0, remembered.
  Result<std::string> SealDescription(BoxKind kind, std::string_view room, std::string_view sdp,
                                      const Fingerprint256& own);
  // The other end's; fails the exchange.
  Result<PairingDescription> OpenDescription(BoxKind kind, std::string_view room,
                                             std::string_view box);
  void WipeAll();

  const PairingRole role_;
  const Features own_features_;
  RandomSource* random_;  // until the own share is drawn
  std::optional<PairingChannel> channel_;
  std::optional<CpaceTag> expected_tag_;
  Features peer_features_;
  Features features_;
  std::optional<Fingerprint256> own_fingerprint_;
  std::optional<Fingerprint256> peer_fingerprint_;
  bool resume_taken_ = false;
};

enum class ControllerExchangeState { kStart, kAwaitingOffer, kAnswering, kEstablished, kFailed };
std::string_view ToString(ControllerExchangeState state);

// One run for one typed code. When it failed a person types anew; nothing tries by itself.
class ControllerExchange final : public PairingEnd {
 public:
  // Features as CheckFeatures wants them (checked). `random` is used by Hello, and not known any
  // more after it.
  ControllerExchange(SplitCode code, Features features, RandomSource& random);

  // The digits, for the relay. The letters stay here.
  const std::string& lookup() const { return lookup_; }

  // `hello` of the pair request.
  Result<std::string> Hello();
  // The display knows the code: what it offers, with the certificate that it will show. `room` is
  // the session's id as the relay told this end.
  Result<PairingDescription> HandleOffer(std::string_view room, const PakeMessage& offer);
  // `sdp` promises `own` and nothing else (else kInvalidArgument; kLimitExceeded: it is too long).
  Result<PakeMessage> Answer(std::string_view sdp, const Fingerprint256& own);

  ControllerExchangeState state() const { return state_; }

 private:
  bool may_seal() const override;
  bool may_open() const override;
  bool established() const override { return state_ == ControllerExchangeState::kEstablished; }
  bool failed() const override { return state_ == ControllerExchangeState::kFailed; }
  void EnterFailed(std::string_view reason) override;
  void SetState(ControllerExchangeState state, std::string_view reason);

  const std::string lookup_;
  PairingSecret secret_;
  ControllerExchangeState state_ = ControllerExchangeState::kStart;
  PairingSessionId session_id_{};
  std::optional<CpaceRun> run_;
  std::string room_;
  std::optional<CpaceTag> own_tag_;
};

enum class DisplayExchangeState { kWaiting, kOffering, kAwaitingAnswer, kEstablished, kFailed };
std::string_view ToString(DisplayExchangeState state);

// One run for one controller that knocked. Several may exist; the guard lets one of them run.
class DisplayExchange final : public PairingEnd {
 public:
  using TimePoint = CodeGuard::TimePoint;

  // Features as above. `guard` and `random` outlive the exchange until it is established or failed:
  // then it knows neither any more.
  DisplayExchange(CodeGuard& guard, Features features, RandomSource& random);
  // For a secret that nobody guesses (session_secrets.h, MeetPassword): no run is charged. How many
  // run at a time is the owner's matter.
  DisplayExchange(SplitCode meeting, Features features, RandomSource& random);
  // A run that is not at its end counts as failed.
  ~DisplayExchange() override;

  // The controller's `hello` out of pairing:ready. Well-formed, and the guard lets it run: from
  // here on an attempt is charged.
  Result<void> HandleHello(TimePoint now, std::string_view hello);
  // As Answer above.
  Result<PakeMessage> Offer(std::string_view room, std::string_view sdp, const Fingerprint256& own);
  // The controller knows the code: what it answers.
  Result<PairingDescription> HandleAnswer(TimePoint now, const PakeMessage& answer);

  DisplayExchangeState state() const { return state_; }
  // What the controller that knocked says that it can do: from HandleHello on, authenticated like
  // the rest once it has answered.
  const Features& peer_said() const { return peer_features_; }

 private:
  bool may_seal() const override;
  bool may_open() const override { return established(); }
  bool established() const override { return state_ == DisplayExchangeState::kEstablished; }
  bool failed() const override { return state_ == DisplayExchangeState::kFailed; }
  void EnterFailed(std::string_view reason) override;
  void SetState(DisplayExchangeState state, std::string_view reason);

  // What CPace takes as the password: of the code, if the guard lets it run, or of the meeting.
  const PairingSecret* SecretFor(TimePoint now, const AssociatedData& data,
                                 const PairingSessionId& session_id);

  // The run that is charged ends: won elsewhere, or failed.
  void LetGoOfGuard();

  CodeGuard* guard_;   // until the run is over
  SplitCode meeting_;  // without a guard
  DisplayExchangeState state_ = DisplayExchangeState::kWaiting;
  std::optional<CodeGuard::RunId> run_;
  std::string reply_;
  std::string room_;
};

}  // namespace pairwire::auth

#endif  // PAIRWIRE_PEER_AUTH_PAIRING_EXCHANGE_H_
