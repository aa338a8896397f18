// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Which cause is named for which facts, and the statistics report as JSON.
#include "peer/connection/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pairwire/stats.h>

#include <nlohmann/json.hpp>

namespace pairwire {
namespace {

using ::testing::HasSubstr;

IceFacts Facts() {
  IceFacts facts;
  facts.local_candidates = 2;
  facts.remote_candidates = 2;
  return facts;
}

TEST(DiagnosisTest, APathThatWorkedAndDiedIsConsentLost) {
  auto facts = Facts();
  facts.was_connected = true;
  facts.servers = {{"turn:t", 401, "Unauthorized"}};
  facts.ice_says = "the other end has not answered for 30 s";
  const auto diagnosis = DiagnoseIce(facts);
  EXPECT_EQ(diagnosis.cause, FailureCause::kConsentLost);
  EXPECT_EQ(diagnosis.text, facts.ice_says);
  EXPECT_EQ(diagnosis.servers.size(), 1u);
}

TEST(DiagnosisTest, ServersAreBlamedInTheOrderOfTheirWeight) {
  auto facts = Facts();
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kNoCommonPair);
  facts.servers.push_back({"stun:s:3478", 701, "no answer"});
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kStunUnreachable);
  EXPECT_THAT(DiagnoseIce(facts).text, HasSubstr("stun:s:3478: no answer"));
  facts.servers.push_back({"turns:t", 701, "no answer"});
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kTurnUnreachable);
  facts.servers.push_back({"turn:u", 401, "Unauthorized"});
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kTurnRefused);
}

TEST(DiagnosisTest, CandidatesThatAreMissingAreSaid) {
  auto facts = Facts();
  facts.remote_candidates = 0;
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kNoRemoteCandidates);
  facts.local_candidates = 0;
  EXPECT_EQ(DiagnoseIce(facts).cause, FailureCause::kNoLocalAddress);
}

TEST(DiagnosisTest, TheEndSaysItsError) {
  EXPECT_EQ(DiagnoseEnd(std::nullopt, {}).cause, FailureCause::kNone);
  const auto mismatch = DiagnoseEnd(Error{Errc::kFingerprintMismatch, "not the promised one"}, {});
  EXPECT_EQ(mismatch.cause, FailureCause::kFingerprintMismatch);
  EXPECT_EQ(mismatch.text, "not the promised one");
  EXPECT_EQ(DiagnoseEnd(Error{Errc::kPeerLeft, ""}, {}).cause, FailureCause::kClosedByPeer);
  EXPECT_EQ(DiagnoseEnd(Error{Errc::kTimedOut, ""}, {}).cause, FailureCause::kTimedOut);
  EXPECT_EQ(DiagnoseEnd(Error{Errc::kSctpFailed, ""}, {}).cause, FailureCause::kSctp);
  EXPECT_EQ(DiagnoseEnd(Error{Errc::kDtlsFailed, ""}, {}).cause, FailureCause::kDtlsHandshake);
}

TEST(DiagnosisTest, EveryCauseHasAName) {
  for (int i = 0; i <= static_cast<int>(FailureCause::kTimedOut); ++i) {
    EXPECT_NE(ToString(static_cast<FailureCause>(i)), "unknown");
  }
}

TEST(StatsJsonTest, W3cNamesAndNothingThatIsNotKnown) {
  StatsReport report;
  report.timestamp = std::chrono::system_clock::time_point(std::chrono::milliseconds(1500));
  report.peer_connection = {.id = "PC1", .data_channels_opened = 3, .data_channels_closed = 1};
  report.data_channels.emplace_back();
  report.data_channels.back().id = "D1";
  report.data_channels.back().label = "bad \xff utf-8";
  report.data_channels.back().messages_sent = 7;
  report.transports.emplace_back();
  report.transports.back().id = "T";
  report.transports.back().dtls_state = "connected";
  report.candidate_pairs.emplace_back();
  report.candidate_pairs.back().id = "P";
  report.candidate_pairs.back().current_round_trip_time = 0.25;
  report.candidates.emplace_back();
  report.candidates.back().id = "R1";
  report.candidates.back().is_remote = true;

  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["PC1"]["type"], "peer-connection");
  EXPECT_EQ(json["PC1"]["timestamp"], 1500.0);
  EXPECT_EQ(json["PC1"]["dataChannelsOpened"], 3);
  EXPECT_EQ(json["D1"]["type"], "data-channel");
  EXPECT_EQ(json["D1"]["messagesSent"], 7);
  EXPECT_FALSE(json["D1"].contains("dataChannelIdentifier"));
  EXPECT_EQ(json["T"]["dtlsState"], "connected");
  EXPECT_FALSE(json["T"].contains("dtlsCipher"));
  EXPECT_EQ(json["P"]["currentRoundTripTime"], 0.25);
  EXPECT_EQ(json["R1"]["type"], "remote-candidate");
}

}  // namespace
}  // namespace pairwire
