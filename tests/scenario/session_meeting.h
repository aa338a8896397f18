// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// For tests of two Sessions that meet at a real relay: the relay, which may be killed and comes
// back at its port, and what a SessionPair needs to meet there. For tests that define
// PAIRWIRE_RELAY_PROGRAM.
#ifndef PAIRWIRE_TESTS_SCENARIO_SESSION_MEETING_H_
#define PAIRWIRE_TESTS_SCENARIO_SESSION_MEETING_H_

#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peer/session/relay_rejoin.h"
#include "tests/peer/session/session_pair.h"
#include "tests/support/child_process.h"

namespace pairwire::test {

class OneRelay {
 public:
  // `more`: options of the relay.
  explicit OneRelay(std::vector<std::string> more = {"--rate-limits", "off"})
      : more_(std::move(more)) {
    Start("127.0.0.1:0");
  }

  const std::string& url() const { return url_; }
  int port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }
  void Kill() {
    process_->Signal(SIGKILL);
    process_->WaitForExit();
  }
  void StartAgain() { Start("127.0.0.1:" + std::to_string(port())); }

 private:
  void Start(const std::string& listen) {
    std::vector<std::string> arguments = {PAIRWIRE_RELAY_PROGRAM, "--listen", listen};
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    process_ = std::make_unique<ChildProcess>(arguments);
    constexpr std::string_view kPrefix = "listening on ";
    const auto line =
        process_->WaitForLine([&](const std::string& text) { return text.starts_with(kPrefix); });
    ASSERT_TRUE(line) << process_->errors();
    url_ = line->substr(kPrefix.size());
  }

  const std::vector<std::string> more_;
  std::unique_ptr<ChildProcess> process_;
  std::string url_;
};

// Established with a secret of theirs, about these two descriptions.
inline SessionPair::Pairings Proven(RandomSource& random, const std::string& display_sdp,
                                    const std::string& controller_sdp) {
  const auto secret = [] {
    return auth::PairingSecret{auth::SecretKind::kLetters, auth::SecretText("BCDFG")};
  };
  auto display = std::make_unique<auth::DisplayExchange>(auth::SplitCode{"4821", secret()},
                                                         auth::Features{"session.1"}, random);
  auto controller = std::make_unique<auth::ControllerExchange>(auth::SplitCode{"4821", secret()},
                                                               auth::Features{"session.1"}, random);
  const auto hello = controller->Hello();
  EXPECT_TRUE(hello && display->HandleHello({}, *hello));
  const auto offer =
      display->Offer("room", display_sdp, auth::OnlyFingerprint(display_sdp).value());
  EXPECT_TRUE(offer && controller->HandleOffer("room", *offer));
  const auto answer =
      controller->Answer(controller_sdp, auth::OnlyFingerprint(controller_sdp).value());
  EXPECT_TRUE(answer && display->HandleAnswer({}, *answer));
  return {std::move(display), std::move(controller)};
}

inline std::unique_ptr<Rejoin> MeetAt(SessionPair& pair, const OneRelay& relay,
                                      auth::PairingRole role, bool allow_relay = false) {
  return std::make_unique<RelayRejoin>(
      pair.loop(),
      RelayRejoin::Options{role, ParseRelayUrl(relay.url()).value(), {}, "end", allow_relay});
}

}  // namespace pairwire::test

#endif  // PAIRWIRE_TESTS_SCENARIO_SESSION_MEETING_H_
